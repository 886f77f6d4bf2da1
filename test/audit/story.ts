/**
 * One good journal with a bit of everything, decided by hand: what every checker has to let pass, and what tests break in one place each.
 */
import type { HeardValue } from "../../src/audit/feed.ts"
import type { HeardReply } from "../../src/audit/replies.ts"
import type { ReservationId } from "../../src/domain/names.ts"
import type { StockEvent } from "../../src/domain/sku/events.ts"
import {
  accepted,
  at,
  back,
  command,
  confirmed,
  covered,
  depot,
  expired,
  extended,
  fulfilled,
  hall,
  type Journal,
  journal,
  owed,
  policy,
  received,
  refused,
  released,
  repeated,
  reserved,
  shop,
  sku,
  startMs,
  till,
  web,
} from "./journal-builder.ts"

export const minuteMs = 60_000

/** Commands of the story that other tests name. */
export const reserveA = command("Reserve", "a", { reservation: "A", qty: 3, holdMs: minuteMs })
export const confirmA = command("Confirm", "a-confirm", { reservation: "A" })

/** Setting up: 10 in the shop, 5 in the hall, web's A holds 3, till's B holds 2. Records 1 to 5. */
export const opened = (): Journal =>
  journal()
    .batch(0, {
      sender: back,
      decided: [[command("SetPolicy", "p1", { policy: policy(1) }), accepted({ type: "PolicySet", policy: policy(1) })]],
    })
    .batch(
      10,
      { sender: depot, decided: [[command("ReceiveStock", "in-1", { location: shop, qty: 10 }), accepted(received(shop, 10))]] },
      { sender: depot, decided: [[command("ReceiveStock", "in-2", { location: hall, qty: 5 }), accepted(received(hall, 5))]] },
    )
    .batch(
      20,
      { sender: web, decided: [[reserveA, accepted(reserved(web, "A", startMs + 20 + minuteMs, at(shop, 3)))]] },
      {
        sender: till,
        decided: [
          [
            command("Reserve", "b", { reservation: "B", qty: 2, holdMs: minuteMs, locations: [hall] }),
            accepted(reserved(till, "B", startMs + 20 + minuteMs, at(hall, 2))),
          ],
        ],
      },
    )

/** A confirmation, repeats and refusals, a shipment and an extension. Records 6 and 7. */
const shipped = (): Journal =>
  opened()
    .batch(
      1_000,
      { sender: web, decided: [[confirmA, accepted(confirmed(web, "A"))]] },
      {
        sender: web,
        decided: [
          [reserveA, repeated({ outcome: "accepted", qty: 3, allocations: [at(shop, 3)], expiresAtMs: startMs + 20 + minuteMs })],
          [command("Reserve", "a", { reservation: "A2", qty: 4, holdMs: minuteMs }), refused("IdReused", { field: "id" })],
          [command("Reserve", "big", { reservation: "big", qty: 100, holdMs: minuteMs }), refused("InsufficientStock", { ats: 10 })],
        ],
      },
      { sender: till, decided: [[null, refused("Malformed")]] },
    )
    .batch(
      2_000,
      {
        sender: depot,
        decided: [
          [command("Fulfil", "ship-a", { channel: web, reservation: "A", location: shop, qty: 2 }), accepted(fulfilled(web, "A", shop, 2))],
        ],
      },
      {
        sender: till,
        decided: [
          [
            command("Extend", "b-more", { reservation: "B", holdMs: 2 * minuteMs }),
            accepted(extended(till, "B", startMs + 2_000 + 2 * minuteMs)),
          ],
        ],
      },
    )

/** Ordinary trade. Ends with 7 in the shop (2 confirmed under D, 1 owed under M1), 5 in the hall. Records 6 to 12. */
export const traded = (): Journal =>
  shipped()
    .claim("second", startMs + 3_000)
    .batch(
      4_000,
      {
        sender: web,
        decided: [[command("Release", "a-less", { reservation: "A", reason: "cancelled" }), accepted(released(web, "A", at(shop, 1)))]],
      },
      {
        sender: till,
        decided: [
          [
            command("RecordSale", "sold-1", { mode: "taken", qty: 1, location: shop }),
            accepted({ type: "SaleTaken", channel: till, taken: [at(shop, 1)] }),
          ],
        ],
      },
      {
        sender: web,
        decided: [
          [
            command("RecordSale", "sold-2", { mode: "owed", qty: 1, reservation: "M1", location: shop }),
            accepted(owed(web, "M1", at(shop, 1))),
          ],
          [command("Reserve", "late", { reservation: "L", qty: 1, holdMs: minuteMs, deadlineMs: 500 }), { _tag: "TooLate" }],
        ],
        brokerMs: startMs + 3_000,
      },
    )
    .batch(3 * minuteMs, { _tag: "Expiry", key: sku, events: [expired(till, "B", at(hall, 2))] })
    .batch(3 * minuteMs + 1, {
      sender: till,
      decided: [[command("Confirm", "b-late", { reservation: "B" }), refused("ReservationExpired")]],
    })
    .batch(4 * minuteMs, {
      sender: web,
      decided: [
        [
          command("Reserve", "d", { reservation: "D", qty: 2, holdMs: minuteMs, partial: true }),
          accepted(reserved(web, "D", startMs + 5 * minuteMs, at(shop, 2))),
        ],
        [command("Confirm", "d-confirm", { reservation: "D" }), accepted(confirmed(web, "D"))],
      ],
    })

/** A count that leaves 2 units owed that aren't there, a sale of what isn't there, and the shortage's end. Records 13 to 15. */
export const counted = (): Journal =>
  traded()
    .batch(5 * minuteMs, {
      sender: depot,
      decided: [
        [
          command("AdjustStock", "count-1", { location: shop, qty: -6, reason: "count" }),
          accepted({ type: "StockAdjusted", location: shop, qty: -6, reason: "count" }, { type: "ShortageFound", location: shop, qty: 2 }),
        ],
      ],
    })
    .batch(5 * minuteMs + 1, {
      sender: depot,
      decided: [
        [
          command("MoveStatus", "broken", { location: hall, from: "available", to: "damaged", qty: 6 }),
          accepted(
            { type: "StatusMoved", location: hall, from: "available", to: "damaged", qty: 5 },
            { type: "DiscrepancyFound", kind: "NotInStatus", qty: 1, location: hall },
          ),
        ],
      ],
    })
    .batch(5 * minuteMs + 2, {
      sender: depot,
      decided: [
        [
          command("ReceiveStock", "in-3", { location: shop, qty: 4 }),
          accepted(received(shop, 4), { type: "ShortageFound", location: shop, qty: 0 }),
        ],
      ],
    })

/** More sold than there is, and what comes later covers it. Two records. */
const owing = (written: Journal): Journal =>
  written
    .batch(7 * minuteMs, {
      sender: web,
      decided: [
        [
          command("RecordSale", "sold-9", { mode: "owed", qty: 5, reservation: "M9" }),
          accepted({ ...owed(web, "M9", at(shop, 2), at(hall, 1)), shortQty: 2 } as StockEvent, {
            type: "DiscrepancyFound",
            kind: "Oversold",
            qty: 2,
          }),
        ],
      ],
    })
    .batch(
      8 * minuteMs,
      { sender: depot, decided: [[command("ReceiveStock", "in-9", { location: shop, qty: 3 }), accepted(received(shop, 3))]] },
      { _tag: "Covered", key: sku, events: [covered(web, "M9", at(shop, 2))] },
    )

/** Something nobody could decide, what an operator made of it, a commands stream that lost its tail, and what is owed beyond stock. Records 16 to 22. */
export const operated = (): Journal => {
  const strange = command("ReceiveStock", "odd", { location: hall, qty: 1 })
  const written = counted()
    .batch(6 * minuteMs, { sender: depot, seq: 40, decided: [[strange, { _tag: "Quarantined", cause: "threw", quarantined: "16-0" }]] })
    .batch(6 * minuteMs + 1, { sender: depot, decided: [[strange, { _tag: "Quarantined", cause: "threw", quarantined: "16-0" }]] })
    .batch(
      6 * minuteMs + 2,
      { sender: back, decided: [[command("ReplayQuarantined", "again", { quarantined: "16-0" }), accepted()]] },
      {
        _tag: "Settled",
        quarantined: "16-0",
        sender: depot,
        class: "stock",
        reply: "r40",
        decided: { command: strange, named: null, decision: accepted(received(hall, 1)) },
      },
      { _tag: "Floor", sender: web, class: "sell", floorMs: startMs + minuteMs },
    )
    .note(
      "reset",
      6 * minuteMs + 3,
      [{ _tag: "Reset", from: { stream: "stored", seq: 42, digest: "digest-42" }, cause: "lost tail", dropped: null }],
      40,
    )
    .batch(6 * minuteMs + 4, { sender: web, decided: [[confirmA, refused("TooOld", { field: "issuedAtMs" })]] })
  return owing(written)
}

export const reservationA = "A" as ReservationId

/** What web and till heard in the story: all of it true. */
export const heardReplies = (): Array<HeardReply> => [
  {
    sender: web,
    suffix: "r4",
    partition: 0,
    seq: 5,
    epoch: 1,
    decisions: [{ id: reserveA.id, sku, outcome: "accepted", qty: 3, allocations: [at(shop, 3)], expiresAtMs: startMs + 20 + minuteMs }],
  },
  {
    sender: web,
    partition: 0,
    seq: 6,
    epoch: 1,
    decisions: [
      {
        id: reserveA.id,
        sku,
        repeated: true,
        outcome: "accepted",
        qty: 3,
        allocations: [at(shop, 3)],
        expiresAtMs: startMs + 20 + minuteMs,
      },
      { id: reserveA.id, sku, outcome: "refused", reason: "IdReused", field: "id" },
      { id: "big" as typeof reserveA.id, sku, outcome: "refused", reason: "InsufficientStock", ats: 10 },
    ],
  },
  { sender: till, partition: 0, seq: 6, epoch: 1, decisions: [{ id: null, sku: null, outcome: "refused", reason: "Malformed" }] },
]

/** What they accepted of the feed. */
export const heardValues = (): Array<HeardValue> => [
  { channel: web, sku, ats: 15, version: 4 },
  { channel: till, sku, ats: 15, version: 4 },
  { channel: web, sku, ats: 10, version: 5 },
  { channel: web, sku, ats: 9, version: 9 },
  { channel: till, sku, ats: 11, version: 10 },
  { channel: till, sku, ats: 9, version: 12 },
]
