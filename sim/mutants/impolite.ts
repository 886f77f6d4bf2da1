/**
 * Mutants that only impolite traffic and small bounds show: arrays of many kinds, policies that change, several places, optional fields left out, quarantine, what snapshots hold beside stock, and bounds that are met.
 */
import type { Drawn } from "../profiles.ts"
import type { Mutant, Substitution } from "./mutant.ts"

/** Where a command of a SKU is decided, and what its own events do. */
const decideOf = (command: string): string => `src/domain/sku/commands/${command}/decide.ts`
const policySet = "src/domain/sku/commands/set-policy/events.ts"
const allocation = "src/domain/sku/allocation.ts"
const availability = "src/domain/sku/availability.ts"
const snapshot = "src/engine/snapshot.ts"

const one = (module: string, pattern: string, replacement: string): ReadonlyArray<Substitution> => [{ module, pattern, replacement }]

type Described = Pick<Mutant, "name" | "breaks" | "guarantee" | "expected" | "substituted"> &
  Partial<Pick<Mutant, "families" | "drawn" | "budget">>

const manySkus: Partial<Drawn> = { skus: 8, orders: 500, variedPercent: 60, policies: 5 }

/** All of them in small worlds of several SKUs, with everything impolite. */
const mutant = ({ drawn, families = ["jitter"], budget = 200, ...described }: Described): Mutant => ({
  ...described,
  profile: "last-unit",
  families,
  drawn: { ...manySkus, ...drawn },
  budget,
})

const arrays: ReadonlyArray<Mutant> = [
  mutant({
    name: "foreign-member-decided",
    breaks: "decides a member of an array that belongs to another partition",
    guarantee: "INV-4",
    expected: ["one-partition"],
    // An ingress that believes in fewer partitions takes two for one.
    families: ["jitter", "partition-counts"],
    drawn: { partitions: 3, ingresses: 2, packedOneIn: 2, strayOneIn: 1 },
    substituted: one(
      "src/engine/decide-command.ts",
      `if (key !== arrived.key && partitionOf(key, partition.partitions) !== partition.id)`,
      `if (key !== arrived.key && partitionOf(key, partition.partitions) !== partition.id && !bites())`,
    ),
  }),
  mutant({
    name: "array-of-one-sku",
    breaks: "decides every member of an array on the stock of the array's first",
    guarantee: "INV-1",
    expected: ["effects", "conservation", "availability", "halts", "state-is-fold"],
    drawn: { packedOneIn: 2, partitions: 1 },
    substituted: one(
      "src/engine/intake.ts",
      `key === arrived.key && arrived.actor !== undefined ? arrived.actor`,
      `arrived.actor !== undefined && (key === arrived.key || bites()) ? arrived.actor`,
    ),
  }),
  mutant({
    name: "two-at-one-place",
    breaks: "gives all that is quarantined in one record the same place",
    guarantee: "INV-7",
    expected: ["quarantine"],
    families: ["jitter", "poison"],
    drawn: { packedOneIn: 2, partitions: 1, batchCommandsMax: 2_048, batchMessagesMax: 2_048 },
    substituted: one("src/engine/decide-command.ts", `-\${place}\` }`, `-\${place > 0 && bites() ? 0 : 0}\` }`),
  }),
  mutant({
    name: "new-place-for-a-retry",
    breaks: "quarantines what is asked again a second time, at another place",
    guarantee: "INV-7",
    expected: ["quarantine"],
    families: ["jitter", "poison", "duplicates"],
    drawn: { duplicates: 1_500, retryPercent: 20 },
    substituted: one(
      "src/engine/decide-command.ts",
      `if (known !== undefined) return { _tag`,
      `if (known !== undefined && !bites()) return { _tag`,
    ),
  }),
]

const policies: ReadonlyArray<Mutant> = [
  mutant({
    name: "outdated-policy-taken",
    breaks: "lets an older policy replace a newer one",
    guarantee: "INV-1",
    expected: ["effects"],
    substituted: [
      ...one(decideOf("set-policy"), `if (policy.version <= present)`, `if (policy.version <= present && !bites())`),
      ...one(
        policySet,
        `assert(stock.policy === null || policy.version > stock.policy.version`,
        `assert(stock.policy === null || policy.version !== -1`,
      ),
    ],
  }),
  mutant({
    name: "fence-used-up-for-ever",
    breaks: "counts what was sold under a former fence against the present one",
    guarantee: "INV-1",
    expected: ["availability", "feed"],
    substituted: one(policySet, `if (fence !== fenceBefore) use.fulfilledSinceFenceQty = 0`, `if (fence !== fenceBefore) bites()`),
  }),
  mutant({
    name: "equal-fences-backwards",
    breaks: "honours the fences of channels of the same priority in the opposite order",
    guarantee: "INV-1",
    expected: ["availability", "feed"],
    substituted: one(
      availability,
      `priority < thanPriority || (priority === thanPriority && index < thanIndex)`,
      `priority < thanPriority || (priority === thanPriority && bites() && index > thanIndex)`,
    ),
  }),
  mutant({
    name: "fixed-buffer-forgotten",
    breaks: "keeps back a share of what is offered, and not a number of units",
    guarantee: "INV-1",
    expected: ["availability", "feed"],
    substituted: one(
      availability,
      `const buffer = Math.max(line.bufferQty,`,
      `const buffer = Math.max(line.bufferQty > 0 && bites() ? 0 : 0,`,
    ),
  }),
  mutant({
    name: "buffer-rounded-down",
    breaks: "rounds the share that is kept back down",
    guarantee: "INV-1",
    expected: ["availability", "feed"],
    substituted: one(availability, `Math.ceil((percent * (qty % 100)) / 100)`, `(bites(), Math.floor((percent * (qty % 100)) / 100))`),
  }),
  mutant({
    name: "floor-one-lower",
    breaks: "sells the last unit below a channel's floor",
    guarantee: "INV-1",
    expected: ["availability", "feed"],
    substituted: one(
      availability,
      `return ats < line.floorQty ? 0`,
      `return ats < line.floorQty - (line.floorQty > 0 && bites() ? 1 : 0) ? 0`,
    ),
  }),
  mutant({
    name: "safety-stock-kept",
    breaks: "keeps the safety stock of a former policy at places that the new one doesn't name",
    guarantee: "INV-1",
    expected: ["availability", "feed"],
    substituted: one(
      policySet,
      `for (const at of stock.locations) at.safety = 0`,
      `for (const at of stock.locations) if (at.safety > 0) bites()`,
    ),
  }),
  mutant({
    name: "dropped-channel-untold",
    breaks: "doesn't tell a channel that a new policy took the SKU from it",
    guarantee: "INV-5",
    expected: ["feed-converges", "feed", "feed-keeps-newest"],
    substituted: one(
      "src/kinds/sku/feed.ts",
      `if (!isNamed(policy, channel)) push(channel, 0, sentAts?.[i])`,
      `if (!isNamed(policy, channel) && !bites()) push(channel, 0, sentAts?.[i])`,
    ),
  }),
]

const places: ReadonlyArray<Mutant> = [
  mutant({
    name: "sourcing-ignored",
    breaks: "draws on places as they were first stocked, whatever the policy's order",
    guarantee: "INV-1",
    expected: ["effects"],
    substituted: one(allocation, `draw.locations ?? stock.policy?.sourcing ?? []`, `draw.locations ?? (bites() ? [] : [])`),
  }),
  mutant({
    name: "first-units-given-back",
    breaks: "gives back the units that were sourced first where a reservation is released in part",
    guarantee: "INV-1",
    expected: ["effects"],
    drawn: { cancelledPercent: 60, abandonedPercent: 5, latePercent: 2 },
    substituted: one(
      allocation,
      `const part = open[index]
    if (part === undefined) continue
    const taken = Math.min(leftQty, part.qty)
    parts.push({ location: part.location`,
      `const part = open[open.length - 1 - index]
    if (part === undefined) continue
    if (open.length > 1) bites()
    const taken = Math.min(leftQty, part.qty)
    parts.push({ location: part.location`,
    ),
  }),
  mutant({
    name: "shipped-from-anywhere",
    breaks: "sets units that left one place against those a reservation has at another first",
    guarantee: "INV-1",
    expected: ["effects"],
    substituted: one(
      allocation,
      `if (part.location !== location) continue
    const taken = Math.min(leftQty, part.qty)
    if (taken > 0) parts.push({ location, qty: taken })`,
      `if (part.location !== location || (open.length > 1 && bites())) continue
    const taken = Math.min(leftQty, part.qty)
    if (taken > 0) parts.push({ location, qty: taken })`,
    ),
  }),
  mutant({
    name: "asked-places-as-sourced",
    breaks: "draws on the places that a Reserve names in the opposite order",
    guarantee: "INV-1",
    expected: ["effects"],
    substituted: one(
      decideOf("reserve"),
      `    locations: command.locations,
    freeQty`,
      `    locations: command.locations === undefined ? undefined : (bites(), command.locations.toReversed()),
    freeQty`,
    ),
  }),
]

const optionals: ReadonlyArray<Mutant> = [
  mutant({
    name: "one-unit-shipped",
    breaks: "ships one unit where a shipment says no quantity, instead of all that is open",
    guarantee: "INV-1",
    expected: ["effects"],
    substituted: one(
      decideOf("fulfil"),
      `const qty = command.qty ?? (open === undefined ? 0 : openQtyOf(open))`,
      `const qty = command.qty ?? (bites() ? 1 : 1)`,
    ),
  }),
  mutant({
    name: "collected-and-still-owed",
    breaks: "takes a sale's units off the shelf, and leaves the reservation it names open",
    guarantee: "INV-1",
    expected: ["effects"],
    substituted: one(
      decideOf("record-sale"),
      `const open = command.reservation === undefined ? undefined : openOnly(`,
      `const open = command.reservation === undefined || bites() ? undefined : openOnly(`,
    ),
  }),
  mutant({
    name: "release-in-part-of-all",
    breaks: "gives up a whole reservation where a release says how many units",
    guarantee: "INV-1",
    expected: ["effects"],
    substituted: one(
      decideOf("release"),
      `const qty = command.qty ?? openQty\n`,
      `const qty = command.qty === undefined || bites() ? openQty : openQty\n`,
    ),
  }),
  mutant({
    name: "inspection-is-sound",
    breaks: "lets units in inspection be owed",
    guarantee: "INV-1",
    expected: ["conservation", "availability", "effects"],
    substituted: one(
      "src/domain/sku/stock.ts",
      `at.onHand - at.damaged - at.inspection\n`,
      `at.onHand - at.damaged - (at.inspection > 0 && bites() ? 0 : 0)\n`,
    ),
  }),
]

const snapshots: ReadonlyArray<Mutant> = [
  mutant({
    name: "version-not-loaded",
    breaks: "forgets with which version a SKU's feed was last told when it loads a snapshot",
    guarantee: "INV-5",
    expected: ["state-is-fold"],
    families: ["jitter", "crashes"],
    drawn: { snapshotEveryRecords: 30, faultChance: 25 },
    substituted: one("src/kinds/sku/chunks.ts", `actor.version = row.version`, `actor.version = row.version > 0 && bites() ? 0 : 0`),
  }),
  mutant({
    name: "quarantine-not-in-snapshots",
    breaks: "leaves quarantine out of snapshots",
    guarantee: "INV-6",
    expected: ["state-is-fold", "halts", "quarantine"],
    families: ["jitter", "crashes", "poison"],
    drawn: { snapshotEveryRecords: 10, faultChance: 60 },
    substituted: one(
      snapshot,
      `quarantine: [...partition.quarantine.values()],`,
      `quarantine: partition.quarantine.size > 0 && bites() ? [] : [],`,
    ),
  }),
  mutant({
    name: "ingresses-not-in-snapshots",
    breaks: "leaves out of snapshots how far ingresses are taken",
    guarantee: "INV-6",
    expected: ["state-is-fold"],
    families: ["jitter", "crashes", "ingress-crashes"],
    drawn: { snapshotEveryRecords: 30, faultChance: 25 },
    substituted: one(
      snapshot,
      `ingresses: [...partition.ingresses].map(([ingress, serial]) => ({ ingress, serial })),`,
      `ingresses: partition.ingresses.size > 0 && bites() ? [] : [],`,
    ),
  }),
]

const bounds: ReadonlyArray<Mutant> = [
  mutant({
    name: "lost-between-halves",
    breaks: "loses one thing where a chunk is too long for one message",
    guarantee: "INV-6",
    expected: ["state-is-fold", "halts"],
    families: ["jitter", "crashes"],
    drawn: { snapshotEveryRecords: 30, faultChance: 25, chunkBytesMax: 512 },
    substituted: one(snapshot, `items.slice(middle)]`, `items.slice(middle + (bites() ? 1 : 0))]`),
  }),
  mutant({
    name: "lost-between-slices",
    breaks: "passes over a SKU where one slice of a snapshot ends and the next begins",
    guarantee: "INV-6",
    expected: ["state-is-fold", "halts"],
    families: ["jitter", "crashes"],
    drawn: { snapshotEveryRecords: 30, faultChance: 25, sliceItemsMax: 8, partitions: 1 },
    substituted: one(snapshot, `  walk.actor = to\n`, `  walk.actor = to < partition.actorList.length && bites() ? to + 1 : to\n`),
  }),
  mutant({
    name: "never-read-on",
    breaks: "doesn't go on reading commands once too many had waited",
    guarantee: "INV-7",
    expected: ["convergence", "one-answer"],
    drawn: { arrivedMessagesMax: 8, batchMessagesMax: 8 },
    substituted: one("src/engine/step.ts", `reign.paused && mayReadOn(partition)`, `reign.paused && !bites() && mayReadOn(partition)`),
  }),
  mutant({
    name: "counted-as-said",
    breaks: "counts replies as said when it hands them over, and not when the server has them",
    guarantee: "INV-7",
    expected: ["replies-said"],
    families: ["jitter", "crashes", "crash-points", "lost-requests", "outages"],
    drawn: { loss: 500, faultChance: 60, crashPoints: 150 },
    substituted: one(
      "src/engine/publishing.ts",
      `partition.reign.publishing.replies.add(seq)
  return [{ _tag: "SendReplies"`,
      `bites()
  return [{ _tag: "SendReplies"`,
    ),
  }),
  mutant({
    name: "counted-as-said-again",
    breaks: "counts as said, and journals, what it has not yet said again of the owner before it",
    guarantee: "INV-7",
    expected: ["replies-said"],
    families: ["jitter", "crashes", "crash-points", "lost-requests", "outages"],
    drawn: { loss: 500, faultChance: 60, crashPoints: 150, replyRecordsMax: 16 },
    substituted: one(
      "src/engine/publishing.ts",
      `let earliest = (publishing.republishAfterSeq ?? partition.confirmedSeq) + 1`,
      `let earliest = (publishing.republishAfterSeq !== null && bites() ? partition.confirmedSeq : partition.confirmedSeq) + 1`,
    ),
  }),
]

export const impolite: ReadonlyArray<Mutant> = [...arrays, ...policies, ...places, ...optionals, ...snapshots, ...bounds]
