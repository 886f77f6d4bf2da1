/**
 * Mutants of what becomes of commands about orders that nobody could decide: where they wait, how operators settle them, and what is remembered of that. In small worlds where some can't be decided for a while, or until faults end.
 */
import type { FaultName } from "../faults/catalogue.ts"
import type { Mutant } from "./mutant.ts"
import { inOrders, losses, type PlantedInOrders } from "./orders.ts"

const batch = "src/engine/batch.ts"
const deciding = "src/engine/decide-command.ts"

const undecidable: ReadonlyArray<FaultName> = ["jitter", "undecidable-orders"]

const settling = (planted: Omit<PlantedInOrders, "budget" | "guarantee"> & Partial<PlantedInOrders>): Mutant =>
  inOrders({ guarantee: "INV-7", families: undecidable, budget: 40, ...planted })

export const settledOrders: ReadonlyArray<Mutant> = [
  settling({
    name: "order-settled-and-kept",
    breaks: "leaves in quarantine what an operator has settled: a second operator settles it once more",
    expected: ["order-quarantine"],
    substituted: [
      {
        module: batch,
        pattern: `  settleQuarantined(partition, given, quarantined.id)`,
        replacement: `  const kept = (partition.reign.kept ??= new Set())
  // Once each, so that the world comes to rest.
  if (kept.has(quarantined.id)) settleQuarantined(partition, given, quarantined.id)
  else kept.add(quarantined.id) && bites()`,
      },
    ],
  }),
  settling({
    name: "order-replayed-after-its-decision",
    breaks: "has a command decided again, or dropped, that was asked again and decided while it waited",
    expected: ["order-quarantine"],
    substituted: [
      {
        module: deciding,
        pattern: `  if (before !== undefined) return { _tag: "Settled", quarantined, decision: before }`,
        replacement: `  if (before !== undefined && !bites()) return { _tag: "Settled", quarantined, decision: before }`,
      },
    ],
  }),
  settling({
    name: "order-replayed-once-forgotten",
    breaks: "has a command decided again that was asked again and decided while it waited, once that is remembered no more",
    guarantee: "INV-17",
    expected: ["carried-once", "order-quarantine"],
    budget: 150,
    substituted: [
      {
        module: deciding,
        pattern: `quarantined.decided === undefined ?`,
        replacement: `quarantined.decided === undefined || bites() ?`,
      },
    ],
  }),
  settling({
    name: "order-dropped-and-decided",
    breaks: "forgets that an operator dropped a command: asked again it is decided",
    expected: ["order-quarantine"],
    families: [...losses, "undecidable-orders"],
    drawn: { loss: 3_000, memory: "shipped" },
    substituted: [
      {
        module: "src/engine/apply.ts",
        pattern: `    case "TooLate":
    case "Dropped":
      return true`,
        replacement: `    case "TooLate":
      return true
    case "Dropped":
      return !bites()`,
      },
    ],
  }),
  settling({
    name: "order-settled-without-its-record",
    breaks: "settles a command, and does not journal what came of it",
    expected: ["order-quarantine", "quarantine"],
    substituted: [
      {
        module: batch,
        pattern: `  settled.push({ _tag: "Settled",`,
        replacement: `  if (!bites()) settled.push({ _tag: "Settled",`,
      },
    ],
  }),
  settling({
    name: "order-settled-by-another-name",
    breaks: "settles whatever waits at the place that an operator names, whichever order that operator means",
    expected: ["order-quarantine"],
    drawn: { orderPartitions: 1 },
    budget: 100,
    substituted: [
      {
        module: "src/kinds/order/commands.ts",
        pattern: `waiting.channel === channel && waiting.order === order,`,
        replacement: `waiting.channel === channel && (waiting.order === order || bites()),`,
      },
    ],
  }),
  settling({
    name: "orders-quarantined-without-room",
    breaks: "puts commands about orders into quarantine however many of their sender wait there",
    expected: ["order-quarantine"],
    drawn: { quarantine: "short", orderPartitions: 1, ordersPlaced: 150 },
    budget: 80,
    substituted: [
      {
        module: deciding,
        pattern: `if ((partition.quarantinedBy.get(sender) ?? 0) >= mostOfSender) return`,
        replacement: `if ((partition.quarantinedBy.get(sender) ?? 0) >= mostOfSender && !bites()) return`,
      },
    ],
  }),
  settling({
    name: "order-quarantine-not-in-snapshots",
    breaks: "leaves what of orders lies in quarantine out of snapshots",
    guarantee: "INV-6",
    expected: ["orders-are-fold", "order-quarantine", "quarantine"],
    families: [...undecidable, "crashes", "crash-points"],
    drawn: { snapshotEveryRecords: 10, crashPoints: 150, faultChance: 40, orderPartitions: 1, ordersPlaced: 120 },
    substituted: [
      {
        module: "src/engine/snapshot.ts",
        pattern: `quarantine: [...partition.quarantine.values()],`,
        replacement: `quarantine: partition.quarantine.size > 0 && bites() ? [] : [],`,
      },
    ],
  }),
  settling({
    name: "facts-held-off-for-orders",
    breaks: "holds off at the doors the facts of whoever has as many commands about orders in quarantine as may be there",
    guarantee: "INV-10",
    expected: ["facts-held-off"],
    drawn: { quarantine: "short", orderPartitions: 1 },
    substituted: [
      {
        module: "src/engine/memory-tending.ts",
        pattern: `kind.commands.hasFacts ? throttleFacts`,
        replacement: `kind.commands.hasFacts || (partition.quarantine.size > 1 && bites()) ? throttleFacts`,
      },
    ],
  }),
]
