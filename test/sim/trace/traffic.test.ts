import { describe, expect, it } from "vitest"
import { runSeed } from "../../../sim/run.ts"
import { readTrace } from "../../../sim/trace/commands.ts"
import { trafficOf } from "../../../sim/trace/traffic.ts"
import { worldStartMs } from "../../../sim/world/world.ts"
import { Broker, json, policyFor, Worker } from "../../engine/rig.ts"
import { exportOf, exportsOf } from "./exported.ts"

/** A day at a shop whose warehouse and buyer have names of their own. */
const recorded = () => {
  const worker = new Worker(new Broker()).serve()
  const startMs = worker.nowMs
  const send = (atMs: number, sender: string, command: Record<string, unknown>, issuedMs = atMs) => {
    worker.nowMs = startMs + atMs
    worker.send(sender, { ...command, issuedAtMs: startMs + issuedMs }, { brokerMs: worker.nowMs })
    worker.settle()
  }
  const reserve = json("Reserve", { id: "reserve-1", reservation: "r1", qty: 2, holdMs: 60_000 })
  send(0, "boss", json("SetPolicy", { policy: policyFor("shop") }))
  send(10, "dc", json("ReceiveStock", { location: "L", qty: 3 }))
  send(1_000, "shop", reserve)
  send(1_005, "shop", reserve, 1_000)
  send(1_400, "shop", json("Confirm", { reservation: "r1" }))
  send(2_000, "shop", json("Reserve", { reservation: "r2", qty: 2, holdMs: 60_000 }))
  send(2_100, "shop", json("Reserve", { reservation: "r2", qty: 1, holdMs: 60_000 }))
  send(2_500, "dc", json("ReceiveStock", { location: "L", qty: 1 }))
  send(5_000, "dc", json("Fulfil", { channel: "shop", reservation: "r1", location: "L" }))
  send(5_100, "shop", json("Release", { id: "reserve-1", reservation: "r1", reason: "other" }))
  send(5_200, "dc", json("Confirm", { reservation: "r1" }))
  worker.arrive(worker.broker.store("shop", "sell", "A", "{", { brokerMs: worker.nowMs })).settle()
  return trafficOf(readTrace(exportOf(worker.broker.journal, { partition: 0, partitions: 1, sku: null })))
}

describe("the commands of a trace as traffic", () => {
  it("stock a SKU before its first sale, and go on a reservation at a time, as far as each was accepted", () => {
    const { setup, flows } = recorded()
    expect(setup.map(({ actor, command }) => [actor, command.type])).toEqual([
      ["boss", "SetPolicy"],
      ["dc", "ReceiveStock"],
    ])
    expect(flows.map(({ sends }) => sends.map(({ command, actor }) => `${actor} ${command.type}`))).toEqual([
      ["shop Reserve", "shop Confirm", "dc Fulfil"],
      ["shop Reserve"],
      ["shop Reserve"],
      ["dc ReceiveStock"],
      ["dc Confirm"],
    ])
  })

  it("keep the time between them, who sent them, and their ids", () => {
    const { flows, windowMs, channels } = recorded()
    expect(flows.flatMap(({ sends }) => sends.map(({ atMs }) => atMs - worldStartMs))).toEqual([0, 400, 4_000, 1_000, 1_100, 1_500, 4_200])
    expect(windowMs).toBe(4_200)
    expect(flows[0]?.sends[0]?.command.id).toBe("reserve-1")
    expect(channels.map(({ sender }) => sender)).toEqual(["boss", "dc", "shop"])
  })

  it("are sent as often as they came, and what can't be sent again is counted", () => {
    const { flows, leftOut } = recorded()
    expect(flows[0]?.sends[0]).toMatchObject({ copies: 2, together: true })
    expect(flows[0]?.sends[1]).toMatchObject({ copies: 1 })
    // The release took an id that was used, and nobody knows what the last message was.
    expect(leftOut).toEqual({ undecoded: 1, operators: 0, misdirected: 0, idUsedAgain: 1 })
  })

  it("played under faults break no promise, whoever sold them", () => {
    const [whole = ""] = exportsOf("1", "flash-sale", { orderPartitions: 0, orders: 120, windowMs: 20_000, partitions: 1 }, 0)
    for (const traffic of [recorded(), trafficOf(readTrace(whole))]) {
      const { windowMs } = traffic
      const result = runSeed({ seed: "7", profile: "flash-sale", traffic, drawn: { windowMs }, wallNowMs: () => 0 })
      expect(result.failures).toEqual([])
      expect(result.commands).toBeGreaterThanOrEqual(traffic.setup.length + traffic.flows.length)
    }
  })
})
