/** Mutants of what is remembered: of floors, of dates, of what is packed and read back, and of who has to wait for room. */
import type { Mutant } from "./mutant.ts"

const batch = "src/engine/batch.ts"
const bounds = "src/engine/memory-bounds.ts"
const deciding = "src/engine/decide-command.ts"
const handed = "src/engine/handed.ts"
const ended = "src/engine/ended.ts"
const snapshot = "src/engine/snapshot.ts"
const tending = "src/engine/memory-tending.ts"
/** Worlds in which a few sales that nobody believes fill quarantine. */
const wary = {
  profile: "last-unit",
  families: ["jitter", "malformed"],
  drawn: { quarantine: "short", faultChance: 60 },
  budget: 20,
} as const
const packed = { memory: "packed", retryPercent: 20, duplicates: 1_500 } as const

export const memory: ReadonlyArray<Mutant> = [
  {
    name: "floor-over-now",
    breaks: "raises the floor of a sender that sends much above now, so that all that is fresh is too old",
    guarantee: "INV-2",
    expected: ["fresh-is-taken", "one-effect"],
    profile: "flash-sale",
    drawn: { memory: "short" },
    budget: 10,
    substituted: [
      {
        module: bounds,
        pattern: `const floorMs = Math.min(step, highest) * floorStepMs`,
        replacement: `const floorMs = (step > 0 && bites() ? Math.floor(atMs / floorStepMs) + 60 : 0) * floorStepMs`,
      },
    ],
  },
  {
    name: "false-date-remembered",
    breaks: "remembers that a command was refused for its date, and repeats it as a decision",
    guarantee: "INV-2",
    expected: ["fresh-is-taken", "one-effect", "state-is-fold"],
    profile: "last-unit",
    families: ["jitter", "malformed", "duplicates"],
    drawn: { duplicates: 5_000, faultChance: 60 },
    budget: 20,
    substituted: [
      {
        module: "src/domain/refusals.ts",
        pattern: `    case "TooOld":
    case "IssuedAhead":
      return false`,
        replacement: `    case "TooOld":
      return false
    case "IssuedAhead":
      return bites()`,
      },
    ],
  },
  {
    name: "packed-uncompared",
    breaks: "repeats a packed decision for whatever content its id is asked with",
    guarantee: "INV-2",
    expected: ["one-effect", "expected-refusals"],
    profile: "last-unit",
    families: ["jitter", "malformed"],
    drawn: { ...packed, faultChance: 60 },
    budget: 20,
    substituted: [
      {
        module: deciding,
        pattern: `return sameAs(found, asked)`,
        replacement: `const isUncompared = found.hash !== asked.hash && asked.arrived.read !== null && bites()
  return isUncompared ? { _tag: "Repeated", outcome: found.outcome } : sameAs(found, asked)`,
      },
    ],
  },
  {
    name: "packed-unread",
    breaks: "decides a command anew whose decision is packed, without waiting for what the journal says",
    guarantee: "INV-2",
    expected: ["one-effect", "one-answer"],
    profile: "last-unit",
    families: ["jitter", "duplicates", "lost-answers"],
    drawn: packed,
    budget: 10,
    substituted: [{ module: handed, pattern: `if (!ready(next)) return "waits"`, replacement: `if (!ready(next)) bites()` }],
  },
  {
    name: "packed-at-another-place",
    breaks: "notes every decision of a record at the place of its first message's",
    guarantee: "INV-2",
    expected: ["one-effect", "one-answer", "halts"],
    profile: "last-unit",
    families: ["jitter", "duplicates", "lost-answers"],
    drawn: { ...packed, batchMessagesMax: 2_048 },
    budget: 20,
    substituted: [
      { module: batch, pattern: `draft.places += decided.length + settled.length`, replacement: `draft.places += Number(!bites())` },
    ],
  },
  {
    name: "busy-and-decided",
    breaks: "tells a sender for want of memory to come back, and decides what it sent all the same",
    guarantee: "INV-10",
    expected: ["busy-is-true", "answered-once"],
    profile: "flash-sale",
    drawn: { memory: "short", orders: 1_600, partitions: 1 },
    budget: 20,
    substituted: [
      {
        module: handed,
        pattern: `      throttle(partition, message.sender)
      continue`,
        replacement: `      throttle(partition, message.sender)
      bites()`,
      },
    ],
  },
  {
    name: "ended-packed-unread",
    breaks: "decides as if a reservation that ended had never been there: its row is not looked at",
    guarantee: "INV-8",
    expected: ["reservations", "expected-refusals"],
    profile: "last-unit",
    families: ["jitter", "malformed"],
    drawn: { faultChance: 60, variedPercent: 60 },
    budget: 20,
    substituted: [
      {
        module: deciding,
        pattern: `const endOf: PartEndOf = (owner, id) => endedPart(partition, kind.parts, kind.commands.keyOf(command), owner, id)`,
        replacement: `const endOf: PartEndOf = (owner, id) => {
    const end = endedPart(partition, kind.parts, kind.commands.keyOf(command), owner, id)
    return end !== undefined && bites() ? undefined : end
  }`,
      },
    ],
  },
  {
    name: "ended-not-in-snapshots",
    breaks: "leaves out of snapshots which reservations have ended",
    guarantee: "INV-6",
    expected: ["state-is-fold", "reservations"],
    profile: "last-unit",
    families: ["jitter", "crashes"],
    drawn: { snapshotEveryRecords: 10, faultChance: 60 },
    budget: 20,
    substituted: [
      {
        module: snapshot,
        pattern: `const ended = classes.get("sell")?.ended ?? null`,
        replacement: `const ended = (classes.get("sell")?.ended ?? null) !== null && bites() ? null : null`,
      },
    ],
  },
  {
    name: "ended-told-twice",
    breaks: "remembers the end of a reservation again that the loaded snapshot holds as open and as ended",
    guarantee: "INV-6",
    expected: ["state-is-fold"],
    profile: "last-unit",
    families: ["jitter", "crashes"],
    drawn: { snapshotEveryRecords: 10, faultChance: 60, sliceItemsMax: 8, partitions: 1 },
    budget: 20,
    substituted: [
      {
        module: ended,
        pattern: `if (partition.recovery !== null && hasEndedSince(partition, parts, key, channel, id, seq)) return`,
        replacement: `if (partition.recovery !== null && hasEndedSince(partition, parts, key, channel, id, seq) && !bites()) return`,
      },
    ],
  },
  {
    name: "ended-otherwise",
    breaks: "reads out of a packed row that every reservation was released",
    guarantee: "INV-8",
    expected: ["reservations"],
    profile: "last-unit",
    families: ["jitter", "malformed"],
    drawn: { faultChance: 60, variedPercent: 60 },
    budget: 20,
    substituted: [
      {
        module: ended,
        pattern: `if (row.step >= firstAlive) return end`,
        replacement: `if (row.step >= firstAlive) return end.status !== "released" && bites() ? { ...end, status: "released" } : end`,
      },
    ],
  },
  {
    name: "quarantine-without-room",
    breaks: "puts facts of a sender into quarantine however many of them wait there",
    guarantee: "INV-7",
    expected: ["quarantine"],
    ...wary,
    substituted: [
      {
        module: deciding,
        pattern: `if ((partition.quarantinedBy.get(sender) ?? 0) >= mostOfSender) return`,
        replacement: `if ((partition.quarantinedBy.get(sender) ?? 0) >= mostOfSender && !bites()) return`,
      },
    ],
  },
  {
    name: "held-off-with-room",
    breaks: "holds off the facts of everybody of whom something waits in quarantine, whatever room is left",
    guarantee: "INV-10",
    expected: ["facts-held-off"],
    ...wary,
    substituted: [
      {
        module: tending,
        pattern: `const isFull = quarantine.size >= memoryBounds.quarantined`,
        replacement: `const isFull = quarantine.size > 0 && bites()`,
      },
    ],
  },
  {
    name: "never-held-off",
    breaks: "takes facts of a sender as before when as many of them wait in quarantine as may",
    guarantee: "INV-10",
    expected: ["facts-held-off"],
    ...wary,
    drawn: { ...wary.drawn, leaseTtlMs: 1_000 },
    substituted: [
      {
        module: tending,
        pattern: `else if (isDue(factsThrottled.get(sender) ?? 0, nowMs, throttleEveryMs)) {`,
        replacement: `else if (!bites() && isDue(factsThrottled.get(sender) ?? 0, nowMs, throttleEveryMs)) {`,
      },
    ],
  },
  {
    name: "held-off-with-facts",
    breaks: "turns away at the door whatever is sent by whom only facts are held off",
    guarantee: "INV-10",
    expected: ["facts-held-off"],
    ...wary,
    substituted: [
      {
        module: "src/ingress/arriving.ts",
        pattern: `if (facts && nowMs < from.factsFullUntilMs)`,
        replacement: `if ((facts || (nowMs < from.factsFullUntilMs && bites())) && nowMs < from.factsFullUntilMs)`,
      },
    ],
  },
]
