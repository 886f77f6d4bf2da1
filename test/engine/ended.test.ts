/** Reservations that have ended: a row each, off the heap, and answered as if they still stood in their SKU, at every owner, for as long as they are remembered. */
import fc from "fast-check"
import { describe, expect, it } from "vitest"
import type { ReservationId, SenderId, Sku } from "../../src/domain/names.ts"
import type { StockCommand } from "../../src/domain/sku/commands.ts"
import { decide } from "../../src/domain/sku/decide.ts"
import type { StockEvent } from "../../src/domain/sku/events.ts"
import { evolve, forgetReservation } from "../../src/domain/sku/evolve.ts"
import { emptyStock, isOpen, type Reservation, type SkuStock } from "../../src/domain/sku/stock.ts"
import { boundsWith } from "../../src/engine/bounds.ts"
import { floorMsOf, stepOf } from "../../src/engine/memory.ts"
import { type MemoryBounds, memoryBounds } from "../../src/engine/memory-bounds.ts"
import { rowCount } from "../../src/engine/packed.ts"
import { protocolRules } from "../../src/engine/rules.ts"
import { stateHash } from "../../src/kinds/sku/partition.ts"
import type { SkuJournaledDecision, SkuJournalRecord } from "../../src/kinds/sku/types.ts"
import { reservationView } from "../../src/kinds/sku/views.ts"
import { commandHorizonMs, floorStepMs } from "../../src/limits.ts"
import { engineCodec } from "../../src/wire/codec.ts"
import { allSaidOf, Broker, json, saidOf, serving, Worker } from "./rig.ts"

const hashOf = ({ partition }: Worker): string => stateHash(partition, engineCodec.sha256)
const web = "web" as SenderId
const stockOf = (worker: Worker): SkuStock => worker.partition.actors.get("A" as Sku)?.state as SkuStock
const endedOf = (worker: Worker) => worker.partition.senders.get(web)?.classes.get("sell")?.ended ?? null
const viewOf = ({ partition }: Worker, id: string) => reservationView(partition, web, "A" as Sku, id as ReservationId)

/** Has the owner write a snapshot of its own accord, to its end. */
const snapshot = (worker: Worker): void => {
  const before = worker.broker.manifest?.id
  Object.assign(worker.partition, { snapshotEveryRecords: 1 })
  worker.send("dc", json("ReceiveStock", { location: "Z", qty: 1 }))
  worker.settle()
  for (let i = 0; worker.broker.manifest?.id === before && i < 100; i++) worker.tick(1).settle()
  Object.assign(worker.partition, { snapshotEveryRecords: 1_000_000 })
  expect(worker.broker.manifest?.id).not.toBe(before)
}

/** The next owner, from the snapshot if there is one, with the time that the one before it had. */
const next = (worker: Worker, bounds?: MemoryBounds): Worker => {
  const after = new Worker(worker.broker, `n${worker.broker.journal.length}`, protocolRules, 1_000_000, bounds)
  after.nowMs = worker.nowMs
  return after.serve()
}

/** The owner itself, whoever replays its journal, and whoever loads its snapshot. */
const owners: ReadonlyArray<readonly [string, (worker: Worker) => Worker]> = [
  ["at its owner", (worker) => worker],
  ["at whoever replays the journal", (worker) => next(worker)],
  [
    "at whoever loads a snapshot",
    (worker) => {
      snapshot(worker)
      const after = next(worker)
      expect(after.partition.loadedSnapshot).not.toBeNull()
      return after
    },
  ],
]

interface End {
  readonly name: string
  readonly reason: string
  readonly status: string
  readonly end: (worker: Worker) => void
}

const release = (more: Record<string, unknown> = {}) => json("Release", { reservation: "r", reason: "cancelled", ...more })
const fulfil = (more: Record<string, unknown> = {}) => json("Fulfil", { channel: "web", reservation: "r", location: "L", ...more })
const ends: ReadonlyArray<End> = [
  { name: "released", reason: "ReservationReleased", status: "released", end: (worker) => void worker.send("web", release()) },
  { name: "shipped", reason: "ReservationFulfilled", status: "fulfilled", end: (worker) => void worker.send("dc", fulfil()) },
  {
    name: "shipped in part, the rest released",
    reason: "ReservationFulfilled",
    status: "fulfilled",
    end: (worker) => {
      worker.send("dc", fulfil({ qty: 1 }))
      worker.settle()
      worker.send("web", release())
    },
  },
  {
    name: "sold at a till",
    reason: "ReservationFulfilled",
    status: "fulfilled",
    end: (worker) => void worker.send("web", json("RecordSale", { mode: "taken", qty: 4, location: "L", reservation: "r" })),
  },
  { name: "expired", reason: "ReservationExpired", status: "expired", end: (worker) => void worker.tick(60_001) },
]

/** An owner at which a reservation of four units has ended so, 1,234 ms after it began, or when its time was up. */
const given = (end: End["end"]): Worker => {
  const worker = serving(10)
  worker.send("web", json("Reserve", { id: "first", reservation: "r", qty: 4, holdMs: 60_000 }))
  worker.settle()
  worker.tick(1_234)
  end(worker)
  worker.settle()
  worker.tick(100).settle()
  return worker
}

const ask = (worker: Worker, sender: string, command: Record<string, unknown>) => {
  worker.send(sender, { ...command, issuedAtMs: worker.nowMs }, { brokerMs: worker.nowMs })
  worker.settle()
  return saidOf(worker.broker, command.id)
}

for (const { name, reason, status, end } of ends)
  for (const [where, owner] of owners)
    describe(`a reservation that was ${name}, ${where}`, () => {
      it("takes no room in its SKU, and says how and when it ended", () => {
        const before = given(end)
        const endedAtMs = before.partition.atMs
        const worker = owner(before)
        expect(stockOf(worker).reservations).toBeNull()
        expect(viewOf(worker, "r")).toMatchObject({ status, allocations: [], shortQty: 0, expiresAtMs: null })
        expect(viewOf(worker, "r")?.endedAtMs).toBeLessThanOrEqual(endedAtMs)
        expect(viewOf(worker, "r")?.endedAtMs).toBe(viewOf(before, "r")?.endedAtMs)
        expect(hashOf(worker)).toBe(hashOf(next(before)))
      })

      it("can't be confirmed, extended, released or shipped whole any more", () => {
        const worker = owner(given(end))
        for (const command of [json("Confirm", { reservation: "r" }), json("Extend", { reservation: "r", holdMs: 1_000 }), release()])
          expect(ask(worker, "web", command)).toMatchObject({ outcome: "refused", reason })
        expect(ask(worker, "web", release({ qty: 1 }))).toMatchObject({ outcome: "refused", reason })
        expect(ask(worker, "dc", fulfil())).toMatchObject({ outcome: "refused", reason })
      })

      it("keeps its name: reserved anew it is refused, and its own command is repeated", () => {
        const worker = owner(given(end))
        const anew = { reservation: "r", qty: 4, holdMs: 60_000 }
        expect(ask(worker, "web", json("Reserve", anew))).toMatchObject({ outcome: "refused", reason: "ReservationExists" })
        expect(ask(worker, "web", json("Reserve", { id: "first", ...anew }))).toMatchObject({ outcome: "accepted", repeated: true, qty: 4 })
        expect(ask(worker, "shop", json("Reserve", { ...anew, qty: 1 }))).toMatchObject({ outcome: "accepted" })
      })

      it("takes a shipment that says how many as one that nobody reserved, and a sale owed under a name of its own", () => {
        const worker = owner(given(end))
        expect(ask(worker, "dc", fulfil({ qty: 1 }))).toMatchObject({
          outcome: "accepted",
          discrepancies: [{ kind: "NotReserved", qty: 1 }],
        })
        const sale = json("RecordSale", { id: "s1", mode: "owed", qty: 1, reservation: "r" })
        expect(ask(worker, "web", sale)).toMatchObject({ outcome: "accepted", reservation: "r~s1" })
      })

      it("is forgotten with the floor of its channel's commands: its name is free, and a late word meets nothing", () => {
        const worker = owner(given(end))
        worker.tick(commandHorizonMs + 2 * floorStepMs).settle()
        for (const command of [json("Confirm", { reservation: "r" }), release()])
          expect(ask(worker, "web", command)).toMatchObject({ outcome: "refused", reason: "UnknownReservation" })
        expect(viewOf(worker, "r")).toBeUndefined()
        expect(ask(worker, "web", json("Reserve", { reservation: "r", qty: 1, holdMs: 1_000 }))).toMatchObject({ outcome: "accepted" })
        expect(viewOf(worker, "r")).toMatchObject({ status: "held" })
      })
    })

describe("a sender that reserves and releases", () => {
  it("fills no more with ended reservations than with decisions, and is told to come back only where those would have it so", () => {
    const bounds = { ...memoryBounds, plenty: 4, decisionsMax: 8, horizonMinMs: 10_000 }
    const worker = serving(100, protocolRules, new Broker(), bounds)
    for (let n = 0; n < 8; n++) ask(worker, "web", json("Reserve", { reservation: `r${n}`, qty: 1, holdMs: 8_000 }))
    worker.tick(8_500).settle()
    expect(endedOf(worker)).not.toBeNull()
    expect(rowCount(endedOf(worker) ?? expect.fail())).toBe(8)
    const busy = () => worker.all("Throttle").length
    // Their decisions are forgotten, their ends aren't.
    for (let n = 0; n < 6; n++) worker.tick(1_000).settle()
    worker.out = []
    worker.tick(1_000).settle()
    expect(busy()).toBeGreaterThan(0)
    for (let n = 0; n < 8; n++) worker.tick(1_000).settle()
    worker.out = []
    worker.tick(1_000).settle()
    expect(busy()).toBe(0)
    expect(rowCount(endedOf(worker) ?? expect.fail())).toBe(0)
  })

  it("is never told to come back, however long it goes on, and late words on what ended within what is always remembered are answered", () => {
    const seconds = 25
    const bounds = { ...memoryBounds, plenty: 4_000, decisionsMax: 20_000, horizonMinMs: 5_000, recent: 1_000 }
    const worker = serving(1_000, protocolRules, new Broker(), bounds)
    const pairsPerSecond = 1_000
    for (let n = 0; n < seconds * pairsPerSecond; n += 50) {
      worker.nowMs += (50 * 1_000) / pairsPerSecond
      const issued = { issuedAtMs: worker.nowMs }
      const commands = Array.from({ length: 50 }, (_, i) => [
        json("Reserve", { reservation: `order-${n + i}`, qty: 1, holdMs: 60_000, ...issued }),
        json("Release", { reservation: `order-${n + i}`, reason: "abandoned", ...issued }),
      ]).flat()
      worker.hearRenewal()
      worker.arrive(worker.broker.store("web", "sell", "A", JSON.stringify(commands), { brokerMs: worker.nowMs }))
      worker.settle()
      worker.put({ _tag: "Tick" })
    }
    expect(worker.all("Throttle")).toEqual([])
    expect(rowCount(endedOf(worker) ?? expect.fail())).toBeLessThan(12_000)
    const order = (secondsAgo: number) => json("Confirm", { reservation: `order-${(seconds - secondsAgo) * pairsPerSecond - 1}` })
    for (const secondsAgo of [0, 2, 4]) expect(ask(worker, "web", order(secondsAgo))).toMatchObject({ reason: "ReservationReleased" })
    expect(ask(worker, "web", order(20))).toMatchObject({ reason: "UnknownReservation" })
  })

  it("takes less than 64 bytes for each, off the heap, however many have ended", () => {
    const worker = serving(100)
    for (let n = 0; n < 20_000; n += 50) {
      const commands = Array.from({ length: 50 }, (_, i) => [
        json("Reserve", { reservation: `order-${n + i}`, qty: 1, holdMs: 60_000 }),
        json("Release", { reservation: `order-${n + i}`, reason: "abandoned" }),
      ]).flat()
      worker.arrive(worker.broker.store("web", "sell", "A", JSON.stringify(commands)))
      worker.settle()
    }
    const rows = endedOf(worker) ?? expect.fail()
    expect(rowCount(rows)).toBe(20_000)
    const segments = rows.segments.reduce((sum, segment) => sum + segment.rows.byteLength, 0)
    const tables = [...new Set(rows.tables)].reduce((sum, { places }) => sum + places.byteLength, 0)
    expect((segments + tables + 8 * rows.tables.length) / 20_000).toBeLessThan(64)
    expect(stockOf(worker).reservations).toBeNull()
    expect(ask(worker, "web", json("Confirm", { reservation: "order-77" }))).toMatchObject({ reason: "ReservationReleased" })
  })
})

/** What one may be told of some reservations, and the time that passes. */
type Told = { readonly sender: string; readonly command: Record<string, unknown> } | "time" | "snapshot" | "owner"

const channel = fc.constantFrom("web", "shop")
const reservation = fc.nat({ max: 3 }).map((n) => `r${n}`)
const told: fc.Arbitrary<Told> = fc.oneof(
  { weight: 4, arbitrary: fc.record({ sender: channel, command: reserveOf() }) },
  {
    weight: 4,
    arbitrary: fc.record({
      sender: channel,
      command: fc
        .record({ type: fc.constantFrom("Confirm", "Release", "Extend"), reservation })
        .map(({ type, reservation: id }) =>
          type === "Confirm"
            ? json("Confirm", { reservation: id })
            : type === "Release"
              ? json("Release", { reservation: id, reason: "other" })
              : json("Extend", { reservation: id, holdMs: 1_500 }),
        ),
    }),
  },
  {
    weight: 2,
    arbitrary: fc
      .record({ channel, reservation, qty: fc.option(fc.integer({ min: 1, max: 3 }), { nil: undefined }) })
      .map((fields) => ({ sender: "dc", command: json("Fulfil", { ...fields, location: "L" }) })),
  },
  {
    weight: 2,
    arbitrary: fc
      .record({ sender: channel, reservation, qty: fc.integer({ min: 1, max: 3 }) })
      .map(({ sender, ...fields }) => ({ sender, command: json("RecordSale", { mode: "owed", ...fields }) })),
  },
  { weight: 3, arbitrary: fc.constant<Told>("time") },
  { weight: 1, arbitrary: fc.constantFrom<Told>("snapshot", "owner") },
)

function reserveOf() {
  return fc
    .record({ reservation, qty: fc.integer({ min: 1, max: 3 }), holdMs: fc.constantFrom(1_000, 2_500, 60_000) })
    .map((fields) => json("Reserve", fields))
}

/** A SKU that keeps what has ended in its table until the floor of its channel has passed it, and forgets it there and then. */
class Keeping {
  readonly stock = emptyStock("A" as Sku)
  readonly #endedAtMs = new Map<Reservation, number>()

  apply(events: ReadonlyArray<StockEvent>, atMs: number): void {
    for (const event of events) {
      const touched = evolve(this.stock, event)
      if (touched !== undefined && !isOpen(touched)) this.#endedAtMs.set(touched, atMs)
    }
  }

  forget(floorMs: (channel: SenderId) => number): void {
    for (const [one, endedAtMs] of this.#endedAtMs) {
      if (stepOf(endedAtMs) * floorStepMs >= floorMs(one.channel)) continue
      forgetReservation(this.stock, one)
      this.#endedAtMs.delete(one)
    }
  }
}

/** What was decided otherwise than a SKU that keeps all in its table would have, record by record. */
const decidedOtherwise = (records: ReadonlyArray<SkuJournalRecord>): ReadonlyArray<unknown> => {
  const keeping = new Keeping()
  const raised = new Map<SenderId, number>()
  const otherwise: Array<unknown> = []
  for (const { entries, atMs } of records) {
    keeping.forget((sender) => Math.max(raised.get(sender) ?? 0, floorMsOf({ classes: new Map() }, "sell", atMs)))
    for (const entry of entries) {
      if (entry._tag === "Floor" && entry.class === "sell") raised.set(entry.sender, entry.floorMs)
      if (entry._tag === "Expiry" || entry._tag === "Covered") keeping.apply(entry.events, atMs)
      if (entry._tag !== "Message") continue
      for (const { command, decision } of entry.decided) {
        if (command === null || !isOfItsOwn(decision)) continue
        const here = decide(keeping.stock, command as StockCommand, entry.sender, atMs)
        const same =
          here._tag === "Accepted"
            ? decision._tag === "Accepted" && equal(here.events, decision.events)
            : equal(here.refusal, refusalOf(decision))
        if (!same) otherwise.push({ command, decision, here })
        if (decision._tag === "Accepted") keeping.apply(decision.events, atMs)
      }
    }
  }
  return otherwise
}

const equal = (a: unknown, b: unknown): boolean => JSON.stringify(a) === JSON.stringify(b)
const refusalOf = (decision: SkuJournaledDecision) => (decision._tag === "Refused" ? decision.refusal : undefined)
/** Whether its SKU decided it: nobody before it said that it is too old or was decided already. */
const isOfItsOwn = (decision: SkuJournaledDecision): boolean =>
  decision._tag === "Accepted" || (decision._tag === "Refused" && decision.refusal.reason !== "TooOld")

describe("an engine that packs what has ended at once", () => {
  const bounds = { ...memoryBounds, plenty: 6, horizonMinMs: 4_000, recent: 3 }

  it("decides as a SKU that keeps all of it would, whoever owns it by then, and holds the same as whoever replays", () => {
    fc.assert(
      fc.property(fc.array(told, { minLength: 5, maxLength: 60 }), (steps) => {
        let worker = serving(30, protocolRules, new Broker(), bounds)
        Object.assign(worker.partition, { bounds: boundsWith({ snapshotSliceItemsMax: 4 }) })
        for (const [n, step] of steps.entries()) {
          if (step === "time") worker.tick(700).settle()
          else if (step === "snapshot") beginSnapshot(worker)
          else if (step === "owner") {
            worker.settle()
            worker = next(worker, bounds)
            Object.assign(worker.partition, { bounds: boundsWith({ snapshotSliceItemsMax: 4 }) })
          } else {
            worker.send(step.sender, { ...step.command, id: `c${n}`, issuedAtMs: worker.nowMs }, { brokerMs: worker.nowMs })
            if (n % 3 === 0) worker.settle()
          }
          if (n % 5 === 0) worker.tick(10)
        }
        worker.settle()
        worker.tick(1).settle()
        expect(worker.partition.phase).toBe("serving")
        expect(decidedOtherwise(worker.broker.records())).toEqual([])
        const manifest = worker.broker.manifest
        const loading = next(worker, bounds)
        worker.broker.manifest = null
        const replaying = next(worker, bounds)
        worker.broker.manifest = manifest
        expect(hashOf(loading)).toBe(hashOf(replaying))
      }),
      { numRuns: 60 },
    )
  })
})

/** A snapshot becomes due; its slices are written between what comes after it. */
const beginSnapshot = (worker: Worker): void => {
  Object.assign(worker.partition, { snapshotEveryRecords: 1 })
  worker.settle()
  worker.tick(1)
  Object.assign(worker.partition, { snapshotEveryRecords: 1_000_000 })
}

describe("a snapshot that is written while reservations begin and end", () => {
  const bounds = { ...memoryBounds, plenty: 60, horizonMinMs: 30_000, recent: 3 }

  it("comes, brought forward, to what its owner holds: no end is lost or told twice, and none that it holds begins again", () => {
    const moves = fc.array(fc.record({ what: told, slice: fc.boolean() }), { minLength: 10, maxLength: 40 })
    fc.assert(
      fc.property(moves, (steps) => {
        const worker = serving(60, protocolRules, new Broker(), bounds)
        Object.assign(worker.partition, { bounds: boundsWith({ snapshotSliceItemsMax: 4 }), snapshotEveryRecords: 1 })
        for (const [n, { what, slice }] of steps.entries()) {
          if (what === "time") worker.nowMs += 700
          else if (typeof what === "object")
            worker.send(what.sender, { ...what.command, id: `c${n}`, issuedAtMs: worker.nowMs }, { brokerMs: worker.nowMs })
          worker.settle()
          if (slice) worker.tick(1)
        }
        worker.settle()
        Object.assign(worker.partition, { snapshotEveryRecords: 1_000_000 })
        for (let i = 0; worker.reign.walk !== null && i < 50; i++) worker.tick(1).settle()
        const loading = new Worker(worker.broker, "l", protocolRules, 1_000_000, bounds).follow()
        loading.settle()
        expect(loading.partition).toMatchObject({ phase: "following", confirmedSeq: worker.partition.confirmedSeq })
        expect(hashOf(loading)).toBe(hashOf(worker))
      }),
      { numRuns: 100 },
    )
  })
})

describe("a reservation that ended between the beginning of a snapshot and the slice that would have held it open", () => {
  it("is not begun again by what was added to it, when the snapshot is brought forward", () => {
    const worker = serving(60)
    worker.send("web", json("Reserve", { reservation: "r", qty: 2, holdMs: 60_000 }))
    worker.settle()
    beginSnapshot(worker)
    expect(worker.reign.walk?.stage).toBe("parts")
    worker.send("web", json("RecordSale", { mode: "owed", qty: 3, reservation: "r" }))
    worker.send("web", release())
    worker.settle()
    for (let i = 0; worker.reign.walk !== null && i < 50; i++) worker.tick(1).settle()
    const loading = new Worker(worker.broker, "l").follow()
    loading.settle()
    expect(loading.partition).toMatchObject({ phase: "following", loadedSnapshot: worker.broker.manifest?.id })
    expect(worker.broker.manifest).not.toBeNull()
    expect(hashOf(loading)).toBe(hashOf(worker))
    expect(viewOf(loading, "r")).toEqual(viewOf(worker, "r"))
  })
})

describe("a row of an ended reservation", () => {
  it("is believed only if its end agrees with what is asked: another's with the same hash is none of it", () => {
    const worker = given(ends[0]?.end ?? expect.fail())
    const rows = endedOf(worker) ?? expect.fail()
    rows.segments[0]?.rows.setFloat64(16, 1)
    expect(viewOf(worker, "r")).toBeUndefined()
    expect(allSaidOf(worker.broker, "first")).toHaveLength(1)
  })
})
