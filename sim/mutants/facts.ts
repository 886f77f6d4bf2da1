/** Mutants of what becomes of facts: sales beyond stock that are owed, holds whose time is up, shipments told twice, and times that are wrong. */
import type { Mutant } from "./mutant.ts"

const cover = "src/domain/sku/cover.ts"
const decideSale = "src/domain/sku/commands/record-sale/decide.ts"

export const facts: ReadonlyArray<Mutant> = [
  {
    name: "owed-goods-offered",
    breaks: "offers goods that came to whoever asks before what is owed is covered with them",
    guarantee: "INV-15",
    expected: ["availability", "debts"],
    profile: "flash-sale",
    budget: 20,
    substituted: [
      {
        module: "src/engine/batch.ts",
        pattern: `coverDue(partition, given, draft)
  tendMemory`,
        replacement: `if (batch.length === 0) coverDue(partition, given, draft)
  tendMemory`,
      },
      {
        module: "src/domain/sku/availability.ts",
        pattern: `return stock.shorts === null ? offered : Math.max(0, offered - stock.shorts.anywhereQty)`,
        replacement: `const left = stock.shorts === null ? offered : Math.max(0, offered - stock.shorts.anywhereQty)
  if (left !== offered) bites()
  return offered`,
      },
    ],
  },
  {
    name: "youngest-debt-first",
    breaks: "covers the newest sale first",
    guarantee: "INV-15",
    expected: ["debts"],
    profile: "flash-sale",
    budget: 10,
    substituted: [
      {
        module: cover,
        pattern: `of stock.shorts.list) {`,
        replacement: `of stock.shorts.list.length > 1 && bites() ? stock.shorts.list.toReversed() : stock.shorts.list) {`,
      },
    ],
  },
  {
    name: "covering-forgotten",
    breaks: "leaves goods idle beside sales that wait for them",
    guarantee: "INV-15",
    expected: ["debts"],
    profile: "flash-sale",
    budget: 10,
    substituted: [
      {
        module: "src/engine/batch.ts",
        pattern: `const most = Math.min(left, room)`,
        replacement: `const most = kind.followUps(actor.state, 1).length > 0 && bites() ? 0 : Math.min(left, room)`,
      },
    ],
  },
  {
    name: "oversale-forgotten",
    breaks: "says that more was sold than there is, and owes it to nobody",
    guarantee: "INV-15",
    expected: ["effects"],
    profile: "flash-sale",
    budget: 5,
    substituted: [
      {
        module: decideSale,
        pattern: `if (shortQty === 0) return accepted([owed])`,
        replacement: `if (shortQty === 0) return accepted([owed])
  if (allocations.length > 0 && bites()) return accepted([owed, discrepancy("Oversold", shortQty, command.location)])`,
      },
    ],
  },
  {
    name: "over-for-its-holder-alone",
    breaks: "ends holds when a bucket of 64 ms is past, and decides meanwhile as if they stood",
    guarantee: "INV-8",
    expected: ["availability"],
    profile: "flash-sale",
    budget: 5,
    substituted: [
      {
        module: "src/engine/batch.ts",
        pattern: `const due = dueHolds(partition.holds, parts, draft.atMs, 2 * batchExpiriesMax)`,
        replacement: `const due = dueHolds(partition.holds, parts, Math.floor(draft.atMs / 64) * 64, 2 * batchExpiriesMax)
  if (due.length < dueHolds(partition.holds, parts, draft.atMs, 2 * batchExpiriesMax).length) bites()`,
      },
    ],
  },
  {
    name: "decides-before-all-is-over",
    breaks: "decides beside as many due holds as fit, though more are due",
    guarantee: "INV-8",
    expected: ["availability"],
    profile: "flash-sale",
    budget: 20,
    substituted: [
      {
        module: "src/engine/batch.ts",
        pattern: `const due = dueHolds(partition.holds, parts, draft.atMs, 2 * batchExpiriesMax)`,
        replacement: `const due = dueHolds(partition.holds, parts, draft.atMs, 2)`,
      },
      {
        module: "src/engine/batch.ts",
        pattern: `return areAll`,
        replacement: `return areAll || bites()`,
      },
      {
        module: "src/engine/batch.ts",
        pattern: `const areAll = due.length <= batchExpiriesMax && bytes <= expiryBytesMax`,
        replacement: `const areAll = due.length < 2`,
      },
    ],
  },
  {
    name: "fact-refused-for-its-time",
    breaks: "refuses a fact because its sender's clock is fast",
    guarantee: "INV-16",
    expected: ["time"],
    profile: "flash-sale",
    budget: 5,
    substituted: [
      {
        module: "src/engine/decide-command.ts",
        pattern: `if (!isFact(command) && command.issuedAtMs > partition.atMs + issuedAheadMsMax)`,
        replacement: `if (command.issuedAtMs > partition.atMs + issuedAheadMsMax && (!isFact(command) || bites()))`,
      },
    ],
  },
  {
    name: "shipment-applied-twice",
    breaks: "ships a parcel again that is told of under a second id",
    guarantee: "INV-2",
    expected: ["one-effect"],
    profile: "flash-sale",
    budget: 5,
    substituted: [
      {
        module: "src/engine/decide-command.ts",
        pattern: `lookup: (checked) => lookUp(checked) ?? lookUpSecond(checked),`,
        replacement: `lookup: (checked) => lookUp(checked) ?? (lookUpSecond(checked) === undefined || bites() ? undefined : undefined),`,
      },
    ],
  },
  {
    name: "debt-outlives-its-sale",
    breaks: "keeps what is owed and not there when the sale is given up",
    guarantee: "INV-15",
    expected: ["effects"],
    profile: "flash-sale",
    budget: 20,
    substituted: [
      {
        module: "src/domain/sku/commands/release/decide.ts",
        pattern: `const shortQty = Math.min(qty, reservation.shortQty)
  const allocations = lastUnits(reservation.allocations, qty - shortQty)`,
        replacement: `const hasBoth = reservation.shortQty > 0 && reservation.allocations.length > 0 && qty === openQty
  const shortQty = hasBoth && bites() ? 0 : Math.min(qty, reservation.shortQty)
  const allocations = hasBoth ? reservation.allocations : lastUnits(reservation.allocations, qty - shortQty)`,
      },
    ],
  },
]
