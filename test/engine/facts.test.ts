/** Facts, at the step level: none is lost for its time, and a shipment is one under whatever id it is told. */
import { describe, expect, it } from "vitest"
import { assert } from "../../src/assert.ts"
import type { SenderId } from "../../src/domain/names.ts"
import { rememberedAt } from "../../src/engine/memory.ts"
import { memoryBounds } from "../../src/engine/memory-bounds.ts"
import { protocolRules } from "../../src/engine/rules.ts"
import { stateHash } from "../../src/kinds/sku/partition.ts"
import { factHorizonMs, floorStepMs, issuedAheadMsMax } from "../../src/limits.ts"
import { engineCodec } from "../../src/wire/codec.ts"
import { Broker, json, policyFor, saidOf, serving, startMs, Worker } from "./rig.ts"

const onHand = (worker: Worker): number => worker.partition.actors.get("A" as never)?.state.locations[0]?.onHand ?? 0

describe("a fact ahead of time", () => {
  const years = 74 * 365 * 86_400_000
  for (const aheadMs of [issuedAheadMsMax + 10_000, years])
    it(`by ${aheadMs} ms is taken once, whatever clock tells it again`, () => {
      const worker = serving(10)
      const sale = json("RecordSale", { id: "s", mode: "taken", qty: 1, location: "L", issuedAtMs: startMs + aheadMs })
      worker.send("web", sale)
      worker.send("web", sale)
      worker.settle()
      worker.tick(3_600_000)
      worker.send("web", sale, { brokerMs: worker.nowMs })
      worker.settle()
      expect(worker.broker.replies.flatMap(({ decisions }) => decisions).filter(({ id }) => id === "s")).toMatchObject([
        { outcome: "accepted" },
        { outcome: "accepted", repeated: true },
        { outcome: "accepted", repeated: true },
      ])
      expect(onHand(worker)).toBe(9)
    })

  it("is remembered at the broker's time, so that it is forgotten with what was told when it was", () => {
    const worker = serving(10)
    worker.send("dc", json("ReceiveStock", { id: "far", location: "L", qty: 1, issuedAtMs: startMs + years }))
    worker.settle()
    const memory = worker.partition.senders.get("dc" as SenderId)
    assert(memory !== undefined, "the warehouse is remembered")
    const steps = Array.from(rememberedAt(memory, worker.partition.atMs), ({ step }) => step)
    expect(steps.length).toBeGreaterThan(1)
    expect(Math.max(...steps) * floorStepMs).toBeLessThan(startMs + 120_000)
  })

  it("is refused where it is a command: what is asked for can be asked again", () => {
    const worker = serving(10)
    worker.send("web", json("Reserve", { id: "r", reservation: "r", qty: 1, holdMs: 1_000, issuedAtMs: startMs + years }))
    worker.settle()
    expect(saidOf(worker.broker, "r")).toMatchObject({ outcome: "refused", reason: "IssuedAhead" })
  })

  it("waits for a person where the broker had it before the horizon: it may be a repeat", () => {
    const worker = serving(10)
    worker.tick(factHorizonMs + 3_600_000)
    worker.send("dc", json("ReceiveStock", { id: "old", location: "L", qty: 1, issuedAtMs: startMs + years }), { brokerMs: startMs })
    worker.settle()
    expect(saidOf(worker.broker, "old")).toMatchObject({ outcome: "quarantined" })
  })
})

describe("a shipment with a reference", () => {
  const ship = (id: string, more: Record<string, unknown> = {}) =>
    json("Fulfil", { id, channel: "web", reservation: "o1", location: "L", qty: 2, shipment: "p1", ...more })
  const sold = (worker = serving(10)): Worker => {
    worker.send("web", json("Reserve", { reservation: "o1", qty: 5, holdMs: 60_000 }))
    worker.send("web", json("Confirm", { reservation: "o1" }))
    worker.settle()
    return worker
  }

  it("is applied once, and told again under another id answered as repeated, by another sender too", () => {
    const worker = sold()
    worker.send("dc", ship("a"))
    worker.send("dc", ship("b"))
    worker.send("dc2", ship("c"))
    worker.send("dc", ship("b"))
    worker.settle()
    for (const id of ["b", "c"]) expect(saidOf(worker.broker, id)).toMatchObject({ outcome: "accepted", qty: 2, repeated: true })
    expect(onHand(worker)).toBe(8)
  })

  it("is one after it was packed too: what it was is read in the journal, whoever tells it again", () => {
    const worker = sold(serving(10, protocolRules, new Broker(), { ...memoryBounds, recent: 2 }))
    worker.send("dc", ship("a"))
    for (let n = 0; n < 10; n++) worker.send("dc", json("ReceiveStock", { id: `r${n}`, location: "M", qty: 1 }))
    worker.settle()
    expect(worker.partition.senders.get("dc" as SenderId)?.classes.get("stock")?.packed).not.toBeNull()
    for (const [sender, id] of [
      ["dc", "b"],
      ["dc2", "c"],
      ["dc", "b"],
    ] as const) {
      worker.send(sender, ship(id))
      worker.settle()
      expect(saidOf(worker.broker, id)).toMatchObject({ outcome: "accepted", qty: 2, repeated: true })
    }
    worker.send("dc2", ship("d", { qty: 1 }))
    worker.settle()
    expect(saidOf(worker.broker, "d")).toMatchObject({ outcome: "refused", reason: "IdReused", field: "shipment" })
    expect(onHand(worker)).toBe(8)
    const next = new Worker(worker.broker, "b", protocolRules, 1_000_000, { ...memoryBounds, recent: 2 }).serve()
    next.send("dc2", ship("e"))
    next.settle()
    expect(saidOf(worker.broker, "e")).toMatchObject({ outcome: "accepted", qty: 2, repeated: true })
    const hashOf = (one: Worker) => stateHash(one.partition, engineCodec.sha256)
    expect(hashOf(new Worker(worker.broker, "c").serve())).toBe(hashOf(next))
  })

  it("waits for a person where what it was can't be read any more", () => {
    const worker = sold(serving(10, protocolRules, new Broker(), { ...memoryBounds, recent: 2 }))
    worker.send("dc", ship("a"))
    for (let n = 0; n < 10; n++) worker.send("dc", json("ReceiveStock", { id: `r${n}`, location: "M", qty: 1 }))
    worker.settle()
    worker.broker.journal = worker.broker.journal.map((record) => ({ ...record, bytes: record.bytes.slice(1) }))
    worker.send("dc2", ship("b"))
    worker.settle()
    expect(saidOf(worker.broker, "b")).toMatchObject({ outcome: "quarantined" })
    expect(onHand(worker)).toBe(8)
  })

  it("is another with another reference, of another reservation, or at another location", () => {
    const worker = sold()
    for (const [n, more] of [{}, { shipment: "p2" }, { reservation: "o2" }, { location: "M" }, { shipment: undefined }].entries())
      worker.send("dc", ship(`s${n}`, more))
    worker.settle()
    for (let n = 0; n < 5; n++) expect(saidOf(worker.broker, `s${n}`)).not.toHaveProperty("repeated")
  })

  it("is a contradiction with another quantity, and its ids stand for what they were first", () => {
    const worker = sold()
    worker.send("dc", ship("a"))
    worker.send("dc", ship("b", { qty: 3 }))
    worker.send("dc", ship("c"))
    worker.send("dc", ship("c", { shipment: "p9" }))
    worker.settle()
    expect(saidOf(worker.broker, "b")).toMatchObject({ outcome: "refused", reason: "IdReused", field: "shipment" })
    expect(saidOf(worker.broker, "c")).toMatchObject({ outcome: "refused", reason: "IdReused", field: "shipment" })
    expect(onHand(worker)).toBe(8)
  })

  it("is not taken up by one that was refused: there was nothing in it", () => {
    const worker = sold()
    worker.send("dc", ship("a", { reservation: "o7", qty: undefined }))
    worker.settle()
    expect(saidOf(worker.broker, "a")).toMatchObject({ reason: "UnknownReservation" })
    worker.send("web", json("Reserve", { reservation: "o7", qty: 1, holdMs: 60_000 }))
    worker.send("dc", ship("b", { reservation: "o7", qty: undefined }))
    worker.settle()
    expect(saidOf(worker.broker, "b")).toMatchObject({ outcome: "accepted", qty: 1 })
  })

  it("is remembered within the horizon by whoever replays the journal or loads a snapshot, and no longer", () => {
    const worker = new Worker(new Broker(), "a", protocolRules, 3).serve()
    worker.send("dc", json("ReceiveStock", { location: "L", qty: 10 }))
    worker.send("boss", json("SetPolicy", { policy: policyFor("web") }))
    worker.send("dc", ship("a"))
    worker.send("dc", ship("b"))
    worker.settle()
    for (let i = 0; i < 20; i++) {
      worker.send("web", json("Reserve", { reservation: `x${i}`, qty: 1, holdMs: 60_000 }))
      worker.tick(1).settle()
    }
    expect(worker.broker.manifest).not.toBeNull()
    const fromSnapshot = new Worker(worker.broker, "b").serve()
    worker.broker.manifest = null
    const replayed = new Worker(worker.broker, "c").serve()
    for (const other of [fromSnapshot, replayed])
      expect(stateHash(other.partition, engineCodec.sha256)).toBe(stateHash(worker.partition, engineCodec.sha256))
    replayed.tick(factHorizonMs - 3_600_000)
    replayed.send("dc", ship("c", { issuedAtMs: replayed.nowMs }), { brokerMs: replayed.nowMs })
    replayed.settle()
    expect(saidOf(worker.broker, "c")).toMatchObject({ repeated: true })
    replayed.tick(2 * 3_600_000)
    replayed.send("dc", ship("d", { issuedAtMs: replayed.nowMs }), { brokerMs: replayed.nowMs })
    replayed.settle()
    expect(saidOf(worker.broker, "d")).not.toHaveProperty("repeated")
  })
})
