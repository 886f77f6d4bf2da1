/** What is sold beyond stock, at the step level: covered in the record that brings goods, by every owner alike, and never offered before. */
import { describe, expect, it } from "vitest"
import { coverShortages } from "../../src/domain/sku/cover.ts"
import { protocolRules } from "../../src/engine/rules.ts"
import { stateHash } from "../../src/kinds/sku/partition.ts"
import { statusOf, stockView } from "../../src/kinds/sku/views.ts"
import { coversPerRecordMax } from "../../src/limits.ts"
import { engineCodec } from "../../src/wire/codec.ts"
import { Broker, json, policyFor, saidOf, serving, startMs, Worker } from "./rig.ts"

const sku = "A" as never
const owed = (reservation: string, qty: number, more: Record<string, unknown> = {}) =>
  json("RecordSale", { id: `sale-${reservation}`, mode: "owed", qty, reservation, ...more })

/** 2 on hand, sold 5 and 1 without asking. */
const oversold = (): Worker => {
  const worker = serving(2)
  worker.send("web", owed("m1", 5))
  worker.send("web", owed("m2", 1))
  worker.settle()
  return worker
}

describe("what is sold beyond stock", () => {
  it("is said to its channel, alarmed, and seen in status, stock and feed", () => {
    const worker = oversold()
    expect(saidOf(worker.broker, "sale-m1")).toMatchObject({ outcome: "accepted", qty: 2, shortageQty: 3, reservation: "m1" })
    expect(worker.all("Alarm").map(({ kind }) => kind)).toContain("Shortage")
    expect(statusOf(worker.partition).shortQty).toBe(4)
    expect(stockView(worker.partition, sku)).toMatchObject({
      offered: 0,
      shortQty: 4,
      shortages: [
        { channel: "web", reservation: "m1", qty: 3, at: null },
        { channel: "web", reservation: "m2", qty: 1, at: null },
      ],
    })
    expect(worker.broker.feed.filter(({ channel }) => channel === "web").at(-1)).toMatchObject({ ats: 0, shortQty: 4 })
    expect(worker.broker.feed.filter(({ channel }) => channel === "shop").at(-1)?.shortQty).toBeUndefined()
  })

  it("is covered oldest first in the record that brings goods; none of them is offered, and the channel hears of it", () => {
    const worker = oversold()
    worker.send("dc", json("ReceiveStock", { location: "L2", qty: 4 }))
    worker.send("shop", json("Reserve", { id: "r", reservation: "r", qty: 4, holdMs: 60_000 }))
    worker.settle()
    const entries = worker.broker.records().flatMap((record) => record.entries)
    expect(entries.filter(({ _tag }) => _tag === "Covered")).toMatchObject([
      {
        events: [
          { reservation: "m1", allocations: [{ location: "L2", qty: 3 }] },
          { reservation: "m2", allocations: [{ qty: 1 }] },
        ],
      },
    ])
    expect(saidOf(worker.broker, "r")).toMatchObject({ outcome: "refused", reason: "InsufficientStock", ats: 0 })
    expect(stockView(worker.partition, sku)).toMatchObject({ offered: 0, shortQty: 0, shortages: [] })
    expect(worker.broker.feed.filter(({ channel }) => channel === "web").at(-1)).toMatchObject({ ats: 0, cause: "ShortageCovered" })
    expect(worker.broker.feed.at(-1)?.shortQty).toBeUndefined()
  })

  it("is covered by a hold that ends for its time, in the same record", () => {
    const worker = serving(3)
    worker.send("shop", json("Reserve", { reservation: "h", qty: 3, holdMs: 1_000 }))
    worker.settle()
    worker.send("web", owed("m1", 2))
    worker.settle()
    worker.tick(2_000).settle()
    expect(worker.broker.records().at(-1)?.entries).toMatchObject([{ _tag: "Expiry" }, { _tag: "Covered" }])
    expect(stockView(worker.partition, sku)).toMatchObject({ offered: 1, shortQty: 0 })
  })

  it("is one state for whoever reads the journal, from a snapshot too, and is covered by the next owner", () => {
    const worker = new Worker(new Broker(), "a", protocolRules, 3).serve()
    worker.send("boss", json("SetPolicy", { policy: policyFor("web", "shop") }))
    worker.settle()
    for (let n = 0; n < 12; n++) {
      worker.send("web", owed(`m${n}`, 2, n % 3 === 0 ? { location: "L" } : {}))
      if (n % 4 === 3) worker.send("dc", json("ReceiveStock", { location: n === 3 ? "L" : "M", qty: 3 }))
      worker.tick(1)
      worker.settle()
    }
    for (let i = 0; worker.reign.walk !== null && i < 100; i++) worker.tick(1).settle()
    const { manifest } = worker.broker
    expect(manifest).not.toBeNull()
    const state = stateHash(worker.partition, engineCodec.sha256)
    const fromSnapshot = new Worker(worker.broker, "b").serve()
    expect(fromSnapshot.partition.loadedSnapshot).toBe(manifest?.id)
    worker.broker.manifest = null
    const replayed = new Worker(worker.broker, "c").serve()
    for (const other of [fromSnapshot, replayed]) {
      expect(stateHash(other.partition, engineCodec.sha256)).toBe(state)
      expect(statusOf(other.partition).shortQty).toBe(statusOf(worker.partition).shortQty)
    }
    replayed.send("dc", json("ReceiveStock", { location: "L", qty: 99 }))
    replayed.settle()
    expect(statusOf(replayed.partition).shortQty).toBe(0)
  })

  it("is covered over several records where there is much of it, and never offered meanwhile", () => {
    const worker = serving(0 + 1)
    const sales = coversPerRecordMax + 20
    for (let n = 0; n <= sales; n++) worker.send("web", owed(`m${n}`, 1), { brokerMs: startMs })
    worker.settle()
    expect(statusOf(worker.partition).shortQty).toBe(sales)
    worker.send("dc", json("ReceiveStock", { location: "L", qty: sales + 5 }))
    worker.answer(worker.take("Append"))
    expect(coverShortages(worker.partition.actors.get(sku)?.state as never, 1_000)).toHaveLength(0)
    worker.settle()
    const covers = worker.broker.records().flatMap(({ entries }) => entries.filter(({ _tag }) => _tag === "Covered"))
    expect(covers.map((entry) => (entry._tag === "Covered" ? entry.events.length : 0))).toEqual([coversPerRecordMax, 20])
    expect(stockView(worker.partition, sku)).toMatchObject({ offered: 5, shortQty: 0 })
  })

  it("lets a shop hear of the lack when it confirms a hold that a fact has eaten", () => {
    const worker = serving(2)
    worker.send("shop", json("Reserve", { reservation: "h", qty: 2, holdMs: 60_000 }))
    worker.send("dc", json("AdjustStock", { location: "L", qty: -1, reason: "loss" }))
    worker.settle()
    worker.send("shop", json("Confirm", { id: "c", reservation: "h" }))
    worker.settle()
    expect(saidOf(worker.broker, "c")).toMatchObject({ outcome: "accepted", shortageQty: 1 })
  })
})
