/**
 * Mutants of commands between actors and of orders (docs/adr/0017-commands-between-actors.md): each rule of that protocol left out, and of orders what keeps their lines, their answers and their time true. In worlds with few SKUs
 * and many orders of several lines.
 */
import type { FaultName } from "../faults/catalogue.ts"
import type { Drawn } from "../profiles.ts"
import type { Mutant, Substitution } from "./mutant.ts"

const carrying = "src/engine/carrying.ts"
const owed = "src/engine/owed.ts"
const snapshot = "src/engine/snapshot.ts"
const settle = "src/domain/order/settle.ts"

/** A defect that worlds with orders show. */
export interface PlantedInOrders {
  readonly name: string
  readonly breaks: string
  readonly guarantee: string
  readonly expected: ReadonlyArray<string>
  readonly families?: ReadonlyArray<FaultName>
  readonly drawn?: Partial<Drawn>
  readonly budget: number
  readonly substituted: ReadonlyArray<Substitution>
}

/** A world that is played in a second or two: what orders need of the sale beside them is that it takes units. */
const small: Partial<Drawn> = { orders: 30, ordersPlaced: 60, windowMs: 25_000 }

/** Planted in such a world. */
export const inOrders = ({ drawn, ...planted }: PlantedInOrders): Mutant => ({
  ...planted,
  profile: "orders",
  drawn: { ...small, ...drawn },
})

/** Faults under which what was said is lost, and who said it dies. */
export const losses: ReadonlyArray<FaultName> = ["jitter", "lost-requests", "lost-answers", "duplicates", "crashes", "crash-points"]

export const orders: ReadonlyArray<Mutant> = [
  inOrders({
    name: "carried-before-confirmed",
    breaks: "sends what an event carries as soon as it is decided",
    guarantee: "INV-17",
    expected: ["carried-once"],
    budget: 10,
    substituted: [
      {
        module: carrying,
        pattern: `    if (partition.phase === "serving") partition.reign.carrying.fresh.push(carried)`,
        replacement: `    if (partition.phase === "serving") {
      begin(partition.reign.carrying, carried, 0)
      bites()
    }`,
      },
    ],
  }),
  inOrders({
    name: "never-asked-again",
    breaks: "sends what is carried once, and never asks again for what came of it",
    guarantee: "INV-17",
    expected: ["carried-once", "orders-rest"],
    families: losses,
    budget: 10,
    substituted: [
      {
        module: carrying,
        pattern: `  return again.length === 0 ? [] : send(carrying, again)`,
        replacement: `  return again.length === 0 || bites() ? [] : send(carrying, again)`,
      },
    ],
  }),
  inOrders({
    name: "settled-with-commands-under-way",
    breaks: "says that all before its last record is settled, whatever is under way: the receiver forgets what is still asked for",
    guarantee: "INV-17",
    expected: ["carried-once"],
    families: losses,
    drawn: { loss: 1_500 },
    budget: 40,
    substituted: [
      {
        module: carrying,
        pattern: `    if (asked.has(first.id)) return first.atMs`,
        replacement: `    if (asked.has(first.id)) return bites() ? confirmedMs : first.atMs`,
      },
    ],
  }),
  inOrders({
    name: "returned-for-ever",
    breaks: "takes what came back, and leaves the command under way: it is asked for again, and taken again",
    guarantee: "INV-17",
    expected: ["carried-once", "order-journals"],
    budget: 10,
    substituted: [
      {
        module: carrying,
        pattern: `  partition.underWay.delete(id)`,
        replacement: `  bites()`,
      },
    ],
  }),
  inOrders({
    name: "carried-without-its-record",
    breaks: "names what is carried by its owner and its place alone, and not by the record it stands in",
    guarantee: "INV-17",
    expected: ["carried-once", "halts"],
    budget: 10,
    substituted: [
      {
        module: carrying,
        pattern: `/\${seq}/\${nextPlace(partition, seq)}`,
        replacement: `/\${bites() ? 1 : seq}/\${nextPlace(partition, seq)}`,
      },
    ],
  }),
  inOrders({
    name: "returned-before-confirmed",
    breaks: "tells whoever asked what came of a command before the record that decides it is stored",
    guarantee: "INV-3",
    expected: ["carried-once"],
    budget: 10,
    substituted: [
      {
        module: "src/engine/batch.ts",
        pattern: `import { giveAnswers, noteAnswers } from "./owed.ts"`,
        replacement: `import { giveAnswers, noteAnswers } from "./owed.ts"
import { tellConfirmed } from "./receiving.ts"`,
      },
      {
        module: "src/engine/batch.ts",
        pattern: `  outputs.push(...asks)
  return outputs`,
        replacement: `  outputs.push(...asks)
  const told = tellConfirmed(partition, given.kind.name, draft.seq)
  if (told.length > 0) bites()
  return [...told, ...outputs]`,
      },
    ],
  }),
  inOrders({
    name: "under-way-not-in-snapshots",
    breaks: "leaves what is under way out of snapshots",
    guarantee: "INV-6",
    expected: ["orders-are-fold", "state-is-fold", "order-lines", "carried-once"],
    families: ["jitter", "crashes", "crash-points", "pauses"],
    drawn: { snapshotEveryRecords: 10, crashPoints: 150, faultChance: 40 },
    budget: 40,
    substituted: [
      {
        module: snapshot,
        pattern: `partition.underWay.size > 0 ? "underWay" : partition.owed.size > 0`,
        replacement: `partition.underWay.size > 0 && !bites() ? "underWay" : partition.owed.size > 0`,
      },
    ],
  }),
  inOrders({
    name: "owed-not-in-snapshots",
    breaks: "leaves what began and is not answered out of snapshots",
    guarantee: "INV-19",
    expected: ["orders-are-fold", "order-answers", "halts", "order-journals"],
    families: ["jitter", "crashes", "crash-points", "pauses"],
    drawn: { snapshotEveryRecords: 10, crashPoints: 150, faultChance: 40 },
    budget: 40,
    substituted: [
      {
        module: snapshot,
        pattern: `partition.underWay.size > 0 ? "underWay" : partition.owed.size > 0 ? "owed" : "meta"`,
        replacement: `partition.underWay.size > 0 ? "underWay" : "meta"`,
      },
      {
        module: snapshot,
        pattern: `partition.bounds.snapshotSliceItemsMax, "owed") }`,
        replacement: `partition.bounds.snapshotSliceItemsMax, partition.owed.size > 0 && bites() ? "meta" : "meta") }`,
      },
    ],
  }),
  inOrders({
    name: "owed-reply-forgotten",
    breaks: "knows after a takeover that an answer is owed, and not to whom",
    guarantee: "INV-19",
    expected: ["orders-are-fold"],
    families: ["jitter", "crashes", "pauses", "leases"],
    drawn: { leaseTtlMs: 1_000, faultChance: 40 },
    budget: 20,
    substituted: [
      {
        module: owed,
        pattern: `seq, replies: joined([], reply) })`,
        replacement: `seq, replies: partition.phase === "serving" || !bites() ? joined([], reply) : [] })`,
      },
    ],
  }),
  inOrders({
    name: "later-is-a-refusal",
    breaks: "refuses for good what comes while another command of the order is not answered, instead of telling its sender to come back",
    guarantee: "INV-19",
    expected: ["payment-or-expiry"],
    budget: 20,
    substituted: [
      {
        module: "src/domain/order/decision.ts",
        pattern: `export const later: OrderDecision = Object.freeze({ _tag: "Later" })`,
        replacement: `export const later: OrderDecision = Object.freeze({
  get _tag() {
    bites()
    return "Refused" as const
  },
  refusal: { reason: "OrderConfirmed" as const },
})`,
      },
    ],
  }),
  inOrders({
    name: "told-what-it-asked-for",
    breaks: "tells an order of what it asked for itself too: it counts twice",
    guarantee: "INV-18",
    expected: ["carried-once", "order-lines"],
    budget: 10,
    substituted: [
      {
        module: "src/kinds/sku/carrying.ts",
        pattern: `isInternal ? undefined : lineNotice(event)`,
        replacement: `isInternal && !bites() ? undefined : lineNotice(event)`,
      },
    ],
  }),
  inOrders({
    name: "order-untold-of-a-release",
    breaks: "doesn't tell an order that its channel gave up a line by itself",
    guarantee: "INV-18",
    expected: ["carried-once", "order-lines"],
    budget: 20,
    substituted: [
      {
        module: "src/domain/order/commands/note-line/decide.ts",
        pattern: `      return noticeOf(event, "released", claimedQty(event))`,
        replacement: `      return bites() ? undefined : noticeOf(event, "released", claimedQty(event))`,
      },
    ],
  }),
  inOrders({
    name: "late-units-kept",
    breaks: "keeps what a SKU gives to an order that has ended meanwhile",
    guarantee: "INV-18",
    expected: ["order-lines"],
    families: losses,
    budget: 40,
    substituted: [
      {
        module: settle,
        pattern: `  else if (isDoomed || order.phase === "ended")
`,
        replacement: `  else if (isDoomed || (order.phase === "ended" && !bites()))
`,
      },
    ],
  }),
  inOrders({
    name: "grace-left-out",
    breaks: "has lines held for no longer than their order",
    guarantee: "INV-20",
    expected: ["payment-or-expiry"],
    budget: 10,
    substituted: [
      {
        module: "src/domain/order/commands/place-order/decide.ts",
        pattern: `orderPlacingMsMax + command.holdMs + orderGraceMs`,
        replacement: `orderPlacingMsMax + command.holdMs + (bites() ? 0 : orderGraceMs)`,
      },
      {
        module: settle,
        pattern: `Math.min(nowMs + order.holdMs, order.linesHeldUntilMs - orderGraceMs)`,
        replacement: `Math.min(nowMs + order.holdMs, order.linesHeldUntilMs - (bites() ? 0 : orderGraceMs))`,
      },
    ],
  }),
  inOrders({
    name: "ended-before-told",
    breaks: "ends an order a little before the time that its channel was told",
    guarantee: "INV-20",
    expected: ["payment-or-expiry"],
    budget: 10,
    substituted: [
      {
        module: "src/domain/order/evolve.ts",
        pattern: `      order.dueMs = event.expiresAtMs`,
        replacement: `      order.dueMs = event.expiresAtMs - (bites() ? 300 : 0)`,
      },
    ],
  }),
  inOrders({
    name: "paid-after-its-hold",
    breaks: "ends an order's hold two seconds late, and takes a payment until then",
    guarantee: "INV-20",
    expected: ["payment-or-expiry"],
    drawn: { orderHoldMs: 1_500 },
    budget: 10,
    substituted: [
      {
        module: "src/domain/order/timers.ts",
        pattern: `  if (phase === "placing" || phase === "held") return dueMs`,
        replacement: `  if (phase === "held" && bites()) return dueMs + 2_000
  if (phase === "placing" || phase === "held") return dueMs`,
      },
      {
        module: "src/domain/order/decision.ts",
        pattern: `nowMs >= order.dueMs)`,
        replacement: `nowMs >= order.dueMs + 2_000)`,
      },
    ],
  }),
  {
    name: "order-untold-of-a-lost-line",
    breaks: "doesn't tell an order that a SKU ended a line's hold by itself, because the order's partition was out for too long",
    guarantee: "INV-18",
    expected: ["carried-once", "order-lines"],
    profile: "slow-orders",
    families: ["jitter", "unserved-orders"],
    drawn: { faultChance: 25 },
    budget: 20,
    substituted: [
      {
        module: "src/domain/order/commands/note-line/decide.ts",
        pattern: `      return noticeOf(event, "lost", unitsOf(event.allocations))`,
        replacement: `      return event.reservation.startsWith("@") && bites() ? undefined : noticeOf(event, "lost", unitsOf(event.allocations))`,
      },
    ],
  },
]
