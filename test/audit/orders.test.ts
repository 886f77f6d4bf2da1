import { describe, expect, it } from "vitest"
import type { CheckerName } from "../../src/audit/findings.ts"
import type { CommandId, ReservationId } from "../../src/domain/names.ts"
import type { CancelOrder } from "../../src/domain/order/commands/cancel-order/command.ts"
import type { PlaceOrder } from "../../src/domain/order/commands/place-order/command.ts"
import type { BookEvent } from "../../src/domain/order/events.ts"
import type { OrderId } from "../../src/domain/order/names.ts"
import type { Entry } from "../../src/engine/records.ts"
import type { OrderEntry } from "../../src/kinds/order/types.ts"
import type { SkuEntry } from "../../src/kinds/sku/types.ts"
import { orderGraceMs, orderPlacingMsMax } from "../../src/limits.ts"
import { foundBy, startMs } from "./journal-builder.ts"
import { auditRig, depot, mug, OrderRig, pot, shop, web } from "./order-rig.ts"

const minuteMs = 60_000
const id = (text: string): CommandId => text as CommandId
const base = (order: string) => ({ channel: web, order: order as OrderId, issuedAtMs: startMs })

const place = (order: string, lines: PlaceOrder["lines"], more: Partial<PlaceOrder> = {}): PlaceOrder => ({
  type: "PlaceOrder",
  id: id(`place-${order}`),
  ...base(order),
  fill: "whole",
  holdMs: 10 * minuteMs,
  lines,
  ...more,
})
const confirm = (order: string, name = "confirm") => ({ type: "ConfirmOrder", id: id(`${name}-${order}`), ...base(order) }) as const
const cancel = (order: string, lines?: CancelOrder["lines"]): CancelOrder => ({
  type: "CancelOrder",
  id: id(`cancel-${order}`),
  ...base(order),
  reason: "cancelled",
  ...(lines === undefined ? {} : { lines }),
})
const both = [
  { sku: mug, qty: 2 },
  { sku: pot, qty: 1 },
]

const stocked = (): OrderRig => new OrderRig().stock(mug, 10).stock(pot, 3)

/** A bit of everything: O-1 is confirmed and shipped in part, O-2 has too little of one line, O-3 expires and is paid for too late, O-4 is cancelled, O-5 takes what there is. */
const story = (): OrderRig => {
  const rig = stocked()
  rig.tell(place("O-1", both)).rest().tell(confirm("O-1")).tell(confirm("O-1")).rest()
  rig.ask(depot, "stock", {
    type: "Fulfil",
    id: id("ship"),
    sku: mug,
    issuedAtMs: rig.nowMs,
    channel: web,
    reservation: "@O-1" as ReservationId,
    location: shop,
    qty: 1,
  })
  rig.rest()
  rig
    .tell(
      place("O-2", [
        { sku: mug, qty: 1 },
        { sku: pot, qty: 50 },
      ]),
    )
    .rest()
    .tell(confirm("O-2"))
  rig.tell(place("O-3", [{ sku: mug, qty: 1 }])).rest()
  rig
    .wait(11 * minuteMs)
    .due("O-3")
    .tell(confirm("O-3"))
    .rest()
  rig
    .tell(place("O-4", both))
    .rest()
    .tell(cancel("O-4", [{ sku: mug, qty: 1 }]))
    .rest()
  rig.tell({ ...cancel("O-4"), id: id("cancel-all") }).rest()
  rig.tell(place("O-5", [{ sku: pot, qty: 9 }], { fill: "partial" })).rest()
  return rig
}

const said = (rig: OrderRig, ...args: [Parameters<typeof auditRig>[1]?, Parameters<typeof auditRig>[2]?, boolean?]) =>
  auditRig(rig, ...args).violations.map(({ checker, detail }) => `${checker}: ${detail}`)

describe("an audit of orders", () => {
  it("passes a story with a bit of everything, whichever journals it reads first, and looked at something with each checker", () => {
    for (const skusFirst of [true, false]) {
      expect(said(story(), { atRest: true }, {}, skusFirst)).toEqual([])
      const { checked, totals } = auditRig(story(), { atRest: true }, {}, skusFirst)
      for (const checker of ["carried", "orders", "answers", "lines"] as const) expect(checked[checker]).toBeGreaterThan(0)
      expect(totals).toMatchObject({
        orders: 5,
        orderLines: 8,
        ordersHeld: 4,
        ordersRefused: 1,
        ordersConfirmed: 1,
        ordersCancelled: 1,
        ordersExpired: 1,
        orderUnitsOpen: 4,
        // One mug of the order that expired; the others of those that were cut down, given up or refused.
        expiredOrdersQty: 1,
        expiredQty: 0,
        releasedQty: 4,
        answersGiven: 8,
        answersOwed: 0,
        carriedUnderWay: 0,
      })
    }
  })

  it("finds nothing wrong with what is under way, wherever either journal was read to", () => {
    const rig = story()
    const orders = rig.orderLog.records.length
    const skus = rig.skuLog.records.length
    for (let end = 0; end <= orders; end++) expect(said(rig, {}, { orders: end })).toEqual([])
    for (let end = 0; end <= skus; end++) {
      expect(said(rig, {}, { skus: end })).toEqual([])
      expect(said(rig, {}, { skus: end, orders: Math.floor((end * orders) / skus) }, false)).toEqual([])
    }
  })

  it("passes lines that are lost while their order's partition was out", () => {
    const rig = stocked().tell(place("O-1", both)).rest()
    rig.tell(confirm("O-1")).wait(10 * minuteMs + orderPlacingMsMax + orderGraceMs)
    expect(said(rig.rest(), { atRest: true })).toEqual([])
  })

  it("finds what is lost between two partitions where nothing is asked any more", () => {
    const rig = stocked().tell(place("O-1", both))
    expect(auditRig(rig).totals).toMatchObject({ carriedUnderWay: 2, answersOwed: 1 })
    expect(said(rig)).toEqual([])
    expect(foundBy(auditRig(rig, { atRest: true }))).toEqual(["carried"])
  })
})

type Events = ReadonlyArray<BookEvent>
const isRecordOf = (type: BookEvent["type"]) => (entry: OrderEntry) => eventsIn(entry).some((event) => event.type === type)
const eventsIn = (entry: OrderEntry): Events => {
  if (entry._tag === "Expiry" || entry._tag === "Returned") return entry.events
  if (entry._tag !== "Message") return []
  return entry.decided.flatMap(({ decision }) => ("events" in decision ? decision.events : []))
}

/** An entry with its events changed. */
const withEvents = (entry: OrderEntry, change: (events: Events) => Events): OrderEntry => {
  if (entry._tag === "Expiry" || entry._tag === "Returned") return { ...entry, events: change(entry.events) }
  if (entry._tag !== "Message") return entry
  const decided = entry.decided.map((one) =>
    "events" in one.decision ? { ...one, decision: { ...one.decision, events: change(one.decision.events) } } : one,
  )
  return { ...entry, decided } as OrderEntry
}

/** Changes the entries of the first record that has one like this. */
const damage = <E extends OrderEntry | SkuEntry>(
  records: Array<{ readonly entries: ReadonlyArray<E> }>,
  is: (entry: E) => boolean,
  change: (entry: E) => ReadonlyArray<E>,
): void => {
  const at = records.findIndex(({ entries }) => entries.some(is))
  const record = records[at]
  if (record === undefined) throw new Error("the story has no such entry")
  const place = record.entries.findIndex(is)
  const entries: ReadonlyArray<E> = record.entries.flatMap((entry, i): ReadonlyArray<E> => (i === place ? change(entry) : [entry]))
  records[at] = { ...record, entries }
}

const change = (type: BookEvent["type"], more: object) => (rig: OrderRig) =>
  damage(rig.orderLog.records, isRecordOf(type), (entry) => [
    withEvents(entry, (events) => events.map((event) => (event.type === type ? ({ ...event, ...more } as BookEvent) : event))),
  ])
const drop = (type: BookEvent["type"]) => (rig: OrderRig) =>
  damage(rig.orderLog.records, isRecordOf(type), (entry) => [withEvents(entry, (events) => events.filter((event) => event.type !== type))])
const isReturned = (entry: Entry): boolean => entry._tag === "Returned"
const isOurs = (entry: SkuEntry): boolean => entry._tag === "Message" && entry.sender.startsWith("@order.")

/** What is done to the journals of the story, and the checkers that have to find it; others may, too. */
const damages: ReadonlyArray<readonly [what: string, by: CheckerName, (rig: OrderRig) => void]> = [
  [
    "a decision that came back otherwise than it was decided",
    "carried",
    (rig) =>
      damage(rig.orderLog.records, isReturned, (entry) => [
        { ...entry, outcome: { outcome: "refused", reason: "InsufficientStock", ats: 1 } } as OrderEntry,
      ]),
  ],
  [
    "a decision that came back from a record which doesn't decide it",
    "carried",
    (rig) =>
      damage(rig.orderLog.records, isReturned, (entry) =>
        entry._tag === "Returned" ? [{ ...entry, by: { ...entry.by, seq: entry.by.seq - 1 } }] : [],
      ),
  ],
  ["a decision that comes back twice", "carried", (rig) => damage(rig.orderLog.records, isReturned, (entry) => [entry, entry])],
  [
    "a decision of what nobody carried",
    "carried",
    (rig) =>
      damage(rig.orderLog.records, isReturned, (entry) => [
        entry,
        // What is damaged is of the same type, or of none: the auditor is given either.
        { ...entry, id: id("orders/3/99"), events: [] } as unknown as OrderEntry,
      ]),
  ],
  ["a command that is decided twice", "carried", (rig) => damage(rig.skuLog.records, isOurs, (entry) => [entry, entry])],
  [
    "a command that no order carried, in an order partition's name",
    "carried",
    (rig) =>
      damage(rig.skuLog.records, isOurs, (entry) =>
        entry._tag === "Message"
          ? [
              entry,
              { ...entry, decided: entry.decided.map((one) => ({ ...one, command: { ...one.command, id: id("orders/3/77") } as never })) },
            ]
          : [],
      ),
  ],
  [
    "a command that is decided for another channel",
    "carried",
    (rig) => damage(rig.skuLog.records, isOurs, (entry) => [{ ...entry, onBehalf: "till" } as SkuEntry]),
  ],
  [
    "a command that is decided for nobody in a partition's name",
    "carried",
    (rig) =>
      damage(rig.skuLog.records, isOurs, (entry) => {
        const { onBehalf: _, ...rest } = entry as Extract<SkuEntry, { _tag: "Message" }>
        return [rest]
      }),
  ],
  [
    "a command that is decided with more units than were asked for",
    "carried",
    (rig) =>
      damage(rig.skuLog.records, isOurs, (entry) =>
        entry._tag === "Message"
          ? [{ ...entry, decided: entry.decided.map((one) => ({ ...one, command: { ...one.command, qty: 3 } as never })) }]
          : [],
      ),
  ],
  [
    "a line's name that its channel takes itself",
    "carried",
    // What is damaged is of the same type, or of none: the auditor is given either.
    (rig) => damage(rig.skuLog.records, isOurs, (entry) => [{ ...entry, sender: web, onBehalf: undefined } as unknown as SkuEntry]),
  ],
  [
    "an answer that was never journaled",
    "answers",
    (rig) =>
      damage(
        rig.orderLog.records,
        ({ _tag }) => _tag === "Answered",
        () => [],
      ),
  ],
  [
    "an answer twice",
    "answers",
    (rig) =>
      damage(
        rig.orderLog.records,
        ({ _tag }) => _tag === "Answered",
        (entry) => [entry, entry],
      ),
  ],
  [
    "an answer that says otherwise than its event",
    "answers",
    (rig) =>
      damage(
        rig.orderLog.records,
        ({ _tag }) => _tag === "Answered",
        (entry) => [
          // What is damaged is of the same type, or of none: the auditor is given either.
          { ...entry, outcome: { outcome: "refused", reason: "LinesRefused", order: "O-1", lines: [] } } as unknown as OrderEntry,
        ],
      ),
  ],
  [
    "an answer that somebody who asked does not hear",
    "answers",
    (rig) =>
      damage(
        rig.orderLog.records,
        (entry) => entry._tag === "Answered" && entry.replies.length > 1,
        (entry) => (entry._tag === "Answered" ? [{ ...entry, replies: entry.replies.slice(1) }] : []),
      ),
  ],
  [
    "an answer with other units than its lines have",
    "answers",
    change("OrderHeld", { answer: { id: id("place-O-1"), lines: [{ sku: mug, qty: 2 }] } }),
  ],
  ["an answer to another command", "answers", change("OrderHeld", { answer: { id: id("other"), lines: both } })],
  ["an order that is held for longer than its lines", "orders", change("OrderHeld", { expiresAtMs: startMs + 60 * minuteMs })],
  ["an order that expires before its time", "orders", change("OrderHeld", { expiresAtMs: startMs + 12 * minuteMs })],
  ["events that are not counted on", "orders", change("LineReserved", { n: 7 })],
  ["a line that is given more than its SKU gave", "orders", change("LineReserved", { qty: 1 })],
  ["units that an order which ended keeps", "orders", drop("LinesGivenUp")],
  ["an order that nobody is told of", "orders", drop("OrderHeld")],
  ["an order that does not end though nothing of it is open", "orders", drop("OrderEnded")],
  ["an order that asks for other units than its command", "orders", change("OrderPlaced", { holdMs: minuteMs })],
  ["an order that is refused though no line has too little", "orders", change("OrderHeld", { type: "OrderRefused" })],
  ["a fact on a line that no SKU told", "orders", change("LineNoted", { qty: 2 })],
  ["a command that is accepted and does nothing", "orders", drop("LineNoted")],
  ["a command that has begun, and nothing with it", "orders", drop("OrderPlaced")],
  [
    "a SKU's decision that has only begun",
    "effects",
    (rig) =>
      damage(rig.skuLog.records, isOurs, (entry) =>
        entry._tag === "Message"
          ? [{ ...entry, decided: entry.decided.map((one) => ({ ...one, decision: { ...one.decision, _tag: "Begun" } as never })) }]
          : [],
      ),
  ],
  [
    "units that a SKU keeps for an order that has none",
    "lines",
    (rig) => {
      const kept = rig.skuLog.records.findIndex(({ entries }) =>
        entries.some((entry) => isOurs(entry) && JSON.stringify(entry).includes('"Released"')),
      )
      const record = rig.skuLog.records[kept]
      if (record === undefined) throw new Error("the story gives something back")
      rig.skuLog.records[kept] = JSON.parse(JSON.stringify(record).replace('"qty":1}],"reason"', '"qty":0}],"reason"'))
    },
  ],
]

describe("an audit of damaged journals finds", () => {
  it.each(damages)("%s", (_what, by, damaged) => {
    const rig = story()
    damaged(rig)
    expect(foundBy(auditRig(rig, { atRest: true }))).toContain(by)
  })
})
