/** The client against a real server and a real worker: decisions, the server's permissions, and what a lost connection leaves behind. */
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from "vitest"
import { type AtsValue, connect, type SenderClient } from "../../src/channel.ts"
import { RealCluster, startTimeoutMs } from "./real-cluster.ts"

let cluster: RealCluster

const as = async (sender: string): Promise<SenderClient> => {
  const { server } = cluster
  const login = server.credentials.senders[sender]
  if (login === undefined) throw new Error(`the server knows no sender ${sender}`)
  const channel = await connect({ servers: [server.url], sender, login })
  onTestFinished(() => channel.close())
  return channel
}

/** A SKU with `qty` units at L, sold by web; a new one for each test. */
const stocked = async (sku: string, qty: number): Promise<void> => {
  const [planner, warehouse] = [await as("planner"), await as("warehouse")]
  const line = { channel: "web", priority: 0, bufferQty: 0, bufferPercent: 0, floorQty: 0, fenceQty: 0 }
  await planner.setPolicy({ sku, policy: { version: 1, channels: [line], safety: [], sourcing: [] } })
  await warehouse.receiveStock({ sku, location: "L", qty })
}

beforeAll(async () => {
  cluster = await RealCluster.start()
  cluster.startWorker()
}, startTimeoutMs)
afterAll(() => cluster.stop())

describe("a client of a real cluster", () => {
  it("a thousand calls for ten units: ten are accepted, each of the others is refused", async () => {
    await stocked("TEN", 10)
    const web = await as("web")
    const calls = Array.from({ length: 1_000 }, (_, i) => web.reserve({ sku: "TEN", reservation: `r${i}`, qty: 1, holdMs: 600_000 }))
    const decisions = await Promise.all(calls)
    expect(decisions.filter(({ outcome }) => outcome === "accepted")).toHaveLength(10)
    const refused = { outcome: "refused", reason: "InsufficientStock", ats: 0 }
    expect(decisions.filter((decision) => decision.outcome !== "accepted")).toEqual(
      Array.from({ length: 990 }, () => expect.objectContaining(refused)),
    )
    expect(await (await as("warehouse")).stock("TEN")).toMatchObject({ answer: "stock", offered: 0, openReservations: 10 })
  })

  it("the same command sent twice: the same decision, the second time as repeated", async () => {
    await stocked("TWICE", 10)
    const web = await as("web")
    const command = web.command("Reserve", { sku: "TWICE", reservation: "r", qty: 1, holdMs: 600_000 })
    const first = await web.send(command)
    expect(await web.send(command)).toEqual({ ...first, repeated: true })
  })

  it("a class that the credentials don't allow: rejects with NotPermitted, from the server", async () => {
    const warehouse = await as("warehouse")
    await expect(warehouse.reserve({ sku: "A", reservation: "r", qty: 1, holdMs: 1 })).rejects.toMatchObject({ _tag: "NotPermitted" })
  })

  it("a question that the channel's roles don't allow: rejects with NotPermitted, and names them; its own reservations it may see", async () => {
    await stocked("OWN", 10)
    const web = await as("web")
    await web.reserve({ sku: "OWN", reservation: "mine", qty: 2, holdMs: 600_000 })
    await expect(web.stock("OWN")).rejects.toMatchObject({
      _tag: "NotPermitted",
      cause: "it takes one of the roles warehouse, merchandiser, operator, reader",
    })
    expect(await web.reservation("OWN", "mine")).toMatchObject({ status: "held", allocations: [{ location: "L", qty: 2 }] })
    expect(await web.reservation("OWN", "theirs")).toMatchObject({ answer: "unknownReservation" })
  })

  it("a feed that a channel may not hear: its watch says so", async () => {
    const warehouse = await as("warehouse")
    await expect(warehouse.ats.subscribe({ onValue: () => {} }).ready).rejects.toMatchObject({ _tag: "NotPermitted" })
  })

  it("a server killed and started again: commands are answered, and the watch has read what it missed", async () => {
    await stocked("KILLED", 100)
    const web = await as("web")
    const told: Array<AtsValue> = []
    let gaps = 0
    const watch = web.ats.subscribe({
      skus: ["KILLED"],
      onValue: (value) => told.push(value),
      onGap: () => {
        gaps++
      },
    })
    await watch.ready
    expect(watch.current("KILLED")).toMatchObject({ ats: 100 })
    await cluster.server.kill("SIGKILL")
    const decision = web.reserve({ sku: "KILLED", reservation: "r", qty: 1, holdMs: 600_000 })
    await cluster.server.restart()
    expect(await decision).toMatchObject({ outcome: "accepted" })
    await expect.poll(() => watch.current("KILLED")?.ats).toBe(99)
    await expect.poll(() => gaps).toBeGreaterThan(0)
    const versions = told.map(({ version }) => version)
    expect(versions).toEqual([...new Set(versions)].sort((a, b) => a - b))
  })
})
