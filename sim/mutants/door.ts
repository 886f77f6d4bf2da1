/** Mutants of the door: each of its rules left out, at an ingress or at the owner behind it. */
import type { IngressInput } from "../../src/ingress/protocol.ts"
import type { IngressStep } from "../../src/ingress/step.ts"
import { bites } from "./marker.ts"
import type { Mutant } from "./mutant.ts"

const arriving = "src/ingress/arriving.ts"
const inspect = "src/ingress/inspect.ts"
const storing = "src/ingress/storing.ts"
const deciding = "src/engine/decide-command.ts"

/** One kind of word taken for another. */
const mistaken =
  (from: IngressInput["_tag"], to: (input: IngressInput) => IngressInput) =>
  (step: IngressStep): IngressStep =>
  (ingress, input) =>
    step(ingress, input._tag === from && bites() ? to(input) : input)

/** Whatever is handed to the stream is said to be stored at once. */
const storedAtOnce =
  (step: IngressStep): IngressStep =>
  (ingress, input) =>
    step(ingress, input).flatMap((output) => {
      if (output._tag !== "Store" || !bites()) return [output]
      const { partition, serial } = output
      return [output, ...step(ingress, { _tag: "Stored", kind: "sku", partition, serial, seq: 1, nowMs: input.nowMs })]
    })

export const door: ReadonlyArray<Mutant> = [
  {
    name: "unknown-store-is-full",
    breaks: "tells senders to come back when it is unknown whether their message was stored",
    guarantee: "INV-10",
    expected: ["busy-is-true"],
    profile: "last-unit",
    families: ["jitter", "lost-answers", "store-faults", "elections"],
    drawn: { loss: 500, faultChance: 25 },
    budget: 10,
    bentDoor: mistaken("StoreUnknown", (input) => ({ ...input, _tag: "StoreFull" }) as IngressInput),
  },
  {
    name: "full-after-unknown",
    breaks: "takes a stream that is full at the second attempt for a proof that the first stored nothing",
    guarantee: "INV-10",
    expected: ["busy-is-true"],
    profile: "last-unit",
    families: ["jitter", "lost-answers", "store-faults", "full-stream", "elections"],
    drawn: { loss: 500, faultChance: 60 },
    budget: 20,
    substituted: [{ module: storing, pattern: `if (storing.unknown) {`, replacement: `if (storing.unknown && !bites()) {` }],
  },
  {
    name: "silence-is-unheard",
    breaks: "tells senders to come back when an owner did not say in time whether it heard their frame",
    guarantee: "INV-10",
    expected: ["busy-is-true"],
    profile: "last-unit",
    families: ["jitter", "lost-answers", "cuts"],
    drawn: { loss: 500, faultChance: 25 },
    budget: 10,
    bentDoor: mistaken("FrameUnknown", (input) => ({ ...input, _tag: "FrameUnheard" }) as IngressInput),
  },
  {
    name: "frames-by-partition",
    breaks: "has every owner hear what is handed to its partition, the one whose reign is over among them",
    guarantee: "INV-10",
    expected: ["busy-is-true"],
    profile: "last-unit",
    families: ["jitter", "leases", "pauses", "spikes", "elections"],
    drawn: { leaseTtlMs: 1_000, faultChance: 100, ingresses: 2 },
    budget: 40,
    addressed: "to a partition",
  },
  {
    name: "stored-at-once",
    breaks: "says that a message is stored when it is handed to the stream",
    guarantee: "INV-10",
    expected: ["stored-is-decided"],
    profile: "last-unit",
    budget: 3,
    bentDoor: storedAtOnce,
  },
  {
    name: "age-unchecked",
    breaks: "takes what may have waited in its connection for however long",
    guarantee: "INV-10",
    expected: ["door-age"],
    profile: "last-unit",
    families: ["jitter", "pauses", "ingress-pauses"],
    drawn: { faultChance: 60, ingresses: 2 },
    budget: 20,
    substituted: [
      { module: arriving, pattern: `if (ageMs > doorAgeMsMax) return`, replacement: `if (ageMs > doorAgeMsMax && !bites()) return` },
    ],
  },
  {
    name: "published-when-read",
    breaks: "takes a message for published when it was read, whatever its pings say",
    guarantee: "INV-10",
    expected: ["door-age"],
    profile: "last-unit",
    families: ["jitter", "pauses", "ingress-pauses", "stalls"],
    drawn: { faultChance: 60, ingresses: 2 },
    budget: 20,
    bentDoor: mistaken("Arrived", (input) => ({ ...input, publishedAfterMs: input.nowMs }) as IngressInput),
  },
  {
    name: "deadline-from-arrival",
    breaks: "lets a deadline count from a message's arrival at the door instead of its publishing",
    guarantee: "INV-10",
    expected: ["door-age"],
    profile: "last-unit",
    families: ["jitter", "stalls", "ingress-pauses"],
    drawn: { faultChance: 100, ingresses: 2 },
    budget: 20,
    substituted: [
      {
        module: arriving,
        pattern: `Math.max(0, Math.floor(brokerMs - ageMs))`,
        replacement: `Math.max(0, Math.floor(brokerMs - (ageMs > 0 && bites() ? 0 : ageMs)))`,
      },
    ],
  },
  {
    name: "deadline-unchecked-at-the-door",
    breaks: "takes a command at the door whose deadline has passed there",
    guarantee: "INV-10",
    expected: ["door-age"],
    profile: "last-unit",
    families: ["jitter", "stalls", "pauses", "ingress-pauses"],
    drawn: { faultChance: 100, ingresses: 2, orders: 600 },
    budget: 160,
    substituted: [
      {
        module: inspect,
        pattern: `command.deadlineMs !== undefined && ageMs > command.deadlineMs`,
        replacement: `command.deadlineMs !== undefined && ageMs > command.deadlineMs && !bites()`,
      },
    ],
  },
  {
    name: "reply-to-any-subject",
    breaks: "takes the end of whatever reply subject a message names for its suffix",
    guarantee: "INV-10",
    expected: ["no-foreign-bytes"],
    profile: "last-unit",
    families: ["jitter", "malformed"],
    budget: 40,
    substituted: [
      {
        module: inspect,
        pattern: `const suffix = replySubject.startsWith(replyPrefix) ? replySubject.slice(replyPrefix.length) : replyHeader`,
        replacement: `const suffix = replySubject !== "" && bites() ? replySubject.split(".").slice(3).join(".") : replyHeader`,
      },
    ],
  },
  {
    name: "suffix-unread",
    breaks: "answers on whatever stands behind a sender's own name, wildcards too",
    guarantee: "INV-10",
    expected: ["no-foreign-bytes"],
    profile: "last-unit",
    families: ["jitter", "malformed"],
    budget: 60,
    substituted: [
      {
        module: inspect,
        pattern: `return suffix !== "" && isReplySuffix(suffix) ? suffix : null`,
        replacement: `return suffix !== "" && (isReplySuffix(suffix) || bites()) ? suffix : null`,
      },
    ],
  },
  {
    name: "trace-unread",
    breaks: "passes a sender's trace on as it stands",
    guarantee: "INV-10",
    expected: ["no-foreign-bytes"],
    profile: "last-unit",
    budget: 3,
    substituted: [
      {
        module: arriving,
        pattern: `const trace = readTraceparent(message.traceparent)`,
        replacement: `const trace = readTraceparent(message.traceparent) ?? (bites() && message.traceparent !== "" ? message.traceparent : null)`,
      },
    ],
  },
  {
    name: "any-kind-at-the-door",
    breaks: "takes what is sent to a kind that there isn't for something about a SKU",
    guarantee: "INV-10",
    expected: ["expected-refusals"],
    profile: "last-unit",
    families: ["jitter", "malformed"],
    budget: 40,
    substituted: [
      {
        module: inspect,
        pattern: `if (!isKind(kind)) return notStored("kind")`,
        replacement: `if (!isKind(kind) && !bites()) return notStored("kind")`,
      },
      {
        module: inspect,
        pattern: `doorKindOf(kind).actorOf(name, sender, commandClass)`,
        replacement: `doorKindOf(isKind(kind) ? kind : "sku").actorOf(name, sender, commandClass)`,
      },
      {
        module: inspect,
        pattern: `: { class: commandClass, kind, ...actor }`,
        replacement: `: { class: commandClass, kind: isKind(kind) ? kind : "sku", ...actor }`,
      },
    ],
  },
  {
    name: "any-spelling-at-the-door",
    breaks: "takes a SKU's token in any spelling, wildcards too",
    guarantee: "INV-10",
    expected: ["expected-refusals"],
    profile: "last-unit",
    families: ["jitter", "malformed"],
    budget: 40,
    substituted: [
      {
        module: inspect,
        pattern: `const name = skuFromToken(token)`,
        replacement: `const name = skuFromToken(token) ?? (bites() ? (unescape(token) as Sku) : undefined)`,
      },
    ],
  },
  {
    name: "unclear-sku-stocked",
    breaks: "lets units be stocked under a SKU that looks like another",
    guarantee: "INV-10",
    expected: ["expected-refusals"],
    profile: "last-unit",
    families: ["jitter", "malformed"],
    budget: 40,
    substituted: [
      {
        module: inspect,
        pattern: `of.unclear(decoded.command)`,
        replacement: `(bites() ? undefined : of.unclear(decoded.command))`,
      },
    ],
  },
  {
    name: "class-unchecked",
    breaks: "looks neither at the door nor at the owner at whether a command belongs to the class that its sender may publish in",
    guarantee: "INV-10",
    expected: ["expected-refusals"],
    profile: "last-unit",
    families: ["jitter", "malformed"],
    budget: 40,
    substituted: [
      { module: inspect, pattern: `!classes.includes(commandClass)`, replacement: `(!classes.includes(commandClass) && !bites())` },
      {
        module: inspect,
        pattern: `of.classOf(command) !== place.class`,
        replacement: `of.classOf(command) !== place.class && !bites()`,
      },
      {
        module: deciding,
        pattern: `kind.commands.classOf(command) !== arrived.class`,
        replacement: `kind.commands.classOf(command) !== arrived.class && !bites()`,
      },
    ],
  },
  {
    name: "array-over-partitions",
    breaks: "looks neither at the door nor at the owner at whether all commands of an array belong to one partition",
    guarantee: "INV-10",
    expected: ["expected-refusals", "one-partition"],
    profile: "last-unit",
    families: ["jitter", "malformed"],
    drawn: { partitions: 3, orders: 500 },
    budget: 60,
    substituted: [
      {
        module: inspect,
        pattern: `else if (partitionOf(of.keyOf(command), partitions) !== partition)`,
        replacement: `else if (partitionOf(of.keyOf(command), partitions) !== partition && !bites())`,
      },
      {
        module: deciding,
        pattern: `partitionOf(key, partition.partitions) !== partition.id)`,
        replacement: `partitionOf(key, partition.partitions) !== partition.id && !bites())`,
      },
    ],
  },
  {
    name: "any-partition-decided",
    breaks: "decides what an ingress with another number of partitions hands over or stores for a partition that isn't its SKU's",
    guarantee: "INV-4",
    expected: ["one-partition"],
    profile: "last-unit",
    families: ["jitter", "partition-counts"],
    drawn: { partitions: 3, ingresses: 2, orders: 300 },
    budget: 10,
    substituted: [{ module: deciding, pattern: `if (!arrived.home) return`, replacement: `if (!arrived.home && !bites()) return` }],
  },
  {
    name: "mixed-array-taken",
    breaks: "takes an array of facts and other commands, which can't be both stored and handed over",
    guarantee: "INV-10",
    expected: ["expected-refusals"],
    profile: "last-unit",
    families: ["jitter", "malformed"],
    budget: 60,
    substituted: [
      {
        module: inspect,
        pattern: `if (facts > 0 && facts < each.length)`,
        replacement: `if (facts > 0 && facts < each.length && !bites())`,
      },
    ],
  },
  {
    name: "missing-unsaid",
    breaks: "does not look whether a stream shows all that its ingress was told is stored",
    guarantee: "INV-10",
    expected: ["stored-is-decided"],
    profile: "last-unit",
    families: ["jitter", "lost-commands", "pauses", "crashes"],
    drawn: { faultChance: 60, partitions: 2 },
    budget: 60,
    substituted: [
      {
        module: "src/engine/batch.ts",
        pattern: `const missing = Math.max(0, acknowledged - (partition.ingresses.get(ingress) ?? 0))`,
        replacement: `const missing = Math.max(0, acknowledged - (partition.ingresses.get(ingress) ?? 0)) * (bites() ? 0 : 1)`,
      },
    ],
  },
  {
    name: "purged-unjournaled",
    breaks: "purges a full commands stream up to the cursor of a record that is not confirmed",
    guarantee: "INV-7",
    expected: ["messages-decided", "stored-is-decided"],
    profile: "flash-sale",
    families: ["jitter", "full-stream", "lost-answers", "pauses", "leases", "spikes"],
    drawn: { faultChance: 60, leaseTtlMs: 1_000, spikes: 100, spikeMs: 3_000, windowMs: 60_000 },
    budget: 60,
    substituted: [
      {
        module: "src/engine/cursor-check.ts",
        pattern: `partition.inFlight?.cursorBefore.seq ?? verifiedSeq)`,
        replacement: `partition.inFlight === null || bites() ? verifiedSeq : 0)`,
      },
    ],
  },
  {
    name: "purged-unread",
    breaks: "purges a full commands stream beyond the message that was looked at",
    guarantee: "INV-7",
    expected: ["messages-decided", "stored-is-decided", "halts"],
    profile: "last-unit",
    families: ["jitter", "full-stream", "stalls", "pauses"],
    drawn: { faultChance: 100 },
    budget: 40,
    substituted: [
      {
        module: "src/engine/cursor-check.ts",
        pattern: `if (isShort) beforeSeq = decidedSeq`,
        replacement: `if (isShort && bites()) beforeSeq = decidedSeq + 50`,
      },
    ],
  },
]
