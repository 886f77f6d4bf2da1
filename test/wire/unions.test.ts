/**
 * Every member of the unions that are journaled goes the whole way: it is decided, written, read, folded by the domain and by the auditor. What it may take of a record is asserted by the engine at each append.
 *
 * The examples are records by tag: a member without one doesn't compile. A member that no example leads to fails here.
 */
import { describe, expect, it } from "vitest"
import { createAudit } from "../../src/audit/audit.ts"
import type { CommandType } from "../../src/domain/sku/commands.ts"
import type { StockEvent } from "../../src/domain/sku/events.ts"
import type { SkuEntry } from "../../src/kinds/sku/types.ts"
import { engineCodec } from "../../src/wire/codec.ts"
import { Broker, json, Worker } from "../engine/rig.ts"

type Given = Record<string, unknown>

const policy = {
  version: 1,
  channels: [{ channel: "web", priority: 1, bufferQty: 0, bufferPercent: 0, floorQty: 0, fenceQty: 0 }],
  safety: [],
  sourcing: ["L"],
}

/** What leads to each event, in this order; the last command of a list is the one that makes it. */
const leadsTo: Readonly<Record<StockEvent["type"], ReadonlyArray<readonly [sender: string, type: CommandType, fields: Given]>>> = {
  StockReceived: [["dc", "ReceiveStock", { location: "L", qty: 100 }]],
  PolicySet: [["ops", "SetPolicy", { policy }]],
  Reserved: [["web", "Reserve", { reservation: "r1", qty: 4, holdMs: 60_000 }]],
  Extended: [["web", "Extend", { reservation: "r1", holdMs: 600_000 }]],
  Confirmed: [["web", "Confirm", { reservation: "r1" }]],
  Released: [["web", "Release", { reservation: "r1", qty: 1, reason: "cancelled" }]],
  Fulfilled: [["dc", "Fulfil", { channel: "web", reservation: "r1", location: "L", qty: 1 }]],
  ShippedUnreserved: [["dc", "Fulfil", { channel: "web", reservation: "never", location: "L", qty: 1 }]],
  StockAdjusted: [["dc", "AdjustStock", { location: "L", qty: -1, reason: "count" }]],
  StatusMoved: [["dc", "MoveStatus", { location: "L", from: "available", to: "damaged", qty: 1 }]],
  WrittenOff: [["dc", "WriteOff", { location: "L", qty: 2 }]],
  SaleTaken: [["web", "RecordSale", { mode: "taken", qty: 1, location: "L" }]],
  SaleOwed: [["web", "RecordSale", { mode: "owed", qty: 1, reservation: "s1" }]],
  Expired: [["web", "Reserve", { reservation: "r2", qty: 1, holdMs: 1_000 }]],
  DiscrepancyFound: [["dc", "AdjustStock", { location: "L", qty: -500, reason: "loss" }]],
  ShortageFound: [["dc", "AdjustStock", { location: "L", qty: -1, reason: "loss" }]],
  ShortageCovered: [
    ["web", "RecordSale", { mode: "owed", qty: 2, reservation: "short" }],
    ["dc", "ReceiveStock", { location: "L", qty: 500 }],
  ],
}

/** Plays all of it on one partition, in the order above, and gives back what was journaled. */
const played = () => {
  const broker = new Broker()
  const worker = new Worker(broker).serve()
  for (const commands of Object.values(leadsTo)) {
    for (const [sender, type, fields] of commands) {
      worker.send(sender, json(type, fields))
      worker.settle()
    }
    worker.tick(2_000)
    worker.settle()
  }
  return { broker, worker }
}

const { broker, worker } = played()
const entries = broker.records().flatMap((record) => record.entries)
const eventsOf = (entry: SkuEntry): ReadonlyArray<StockEvent> => {
  if (entry._tag === "Expiry" || entry._tag === "Covered") return entry.events
  if (entry._tag !== "Message") return []
  return entry.decided.flatMap(({ decision }) => (decision._tag === "Accepted" ? decision.events : []))
}
const events = entries.flatMap(eventsOf)

describe("every event", () => {
  it.each(Object.keys(leadsTo))("%s is decided, written and read", (type) => {
    expect(events.map((event) => event.type)).toContain(type)
  })

  it("is folded by the domain on replay to the state that decided it, and by the auditor without an objection", () => {
    const next = new Worker(broker, "b").serve()
    expect(next.partition.actorList.map(({ state: stock }) => stock)).toEqual(worker.partition.actorList.map(({ state: stock }) => stock))
    const audit = createAudit({ codec: engineCodec })
    for (const record of broker.journal) audit.record(0, record)
    expect(audit.finish().violations).toEqual([])
  })

  it("is seen by the auditor where it is changed by one unit: none is passed over in its model", () => {
    for (const event of events) expect(blindTo(event), event.type).toBe(false)
  })
})

/** Changes one event of the journal by a unit, and nothing else but what links it; whether nobody minds. */
const blindTo = (event: StockEvent): boolean => {
  if (!("qty" in event) && !("allocations" in event) && !("taken" in event)) return false
  const audit = createAudit({
    codec: {
      ...engineCodec,
      decodeRecord: (bytes) => {
        const decoded = engineCodec.decodeRecord(bytes)
        if (decoded._tag !== "Record") return decoded
        const changed: unknown = JSON.parse(
          JSON.stringify(decoded.record, (_, value: unknown) => (JSON.stringify(value) === JSON.stringify(event) ? more(event) : value)),
        )
        return { _tag: "Record", record: changed as typeof decoded.record }
      },
    },
  })
  for (const record of broker.journal) audit.record(0, record)
  return audit.finish().ok
}

const more = (event: StockEvent): object => {
  if ("qty" in event) return { ...event, qty: event.qty + 1 }
  const plus = (parts: ReadonlyArray<{ readonly qty: number }>) => parts.map((part, i) => (i === 0 ? { ...part, qty: part.qty + 1 } : part))
  if ("taken" in event) return { ...event, taken: plus(event.taken) }
  if (!("allocations" in event)) return event
  return event.allocations.length === 0 && "shortQty" in event
    ? { ...event, shortQty: (event.shortQty ?? 0) + 1 }
    : { ...event, allocations: plus(event.allocations) }
}
