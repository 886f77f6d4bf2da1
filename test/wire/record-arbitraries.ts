/** Arbitrary entries and records of any kind, from what the kind says of its own: every member of every union, every optional field there or not. */
import fc from "fast-check"
import { CommandClass, type CommandId, type ReservationId, type SenderId } from "../../src/domain/names.ts"
import { RefusalReason } from "../../src/domain/refusals.ts"
import type { KindTypes } from "../../src/engine/kind.ts"
import {
  CursorStream,
  type DecidedCommand,
  type Entry,
  FloorClass,
  type JournaledDecision,
  type JournalRecord,
  RecordKind,
  type RememberedDecision,
  type ReturnedOutcome,
  recordVersion,
} from "../../src/engine/records.ts"
import { idCharsMax, senderCharsMax } from "../../src/limits.ts"

const name = (chars: number) => fc.stringMatching(new RegExp(`^[A-Za-z0-9_.:-]{1,${chars}}$`))
export const id = fc.oneof({ weight: 4, arbitrary: name(12) }, { weight: 1, arbitrary: name(idCharsMax) })
export const commandId = id.map((text) => text as CommandId)
export const sender = fc.stringMatching(new RegExp(`^[a-z0-9][a-z0-9_-]{0,${senderCharsMax - 1}}$`)).map((text) => text as SenderId)
export const count = fc.nat({ max: Number.MAX_SAFE_INTEGER })
export const text = fc.string({ unit: "binary", maxLength: 40 })
export const replySuffix = fc.stringMatching(/^[A-Za-z0-9_-]{1,12}(?:\.[A-Za-z0-9_-]{1,12}){0,2}$/)
const partition = fc.nat({ max: 999_999 })

// What only actors of ours say.
export const carriedId = fc
  .tuple(fc.stringMatching(/^[A-Za-z0-9_-]{1,40}$/), count, fc.nat({ max: 9_999 }))
  .map((parts) => parts.join("/") as CommandId)
export const lineReservation = id.map((order) => `@${order}` as ReservationId)
const internal = fc.tuple(fc.constantFrom("sku", "order"), partition).map(([kind, number]) => `@${kind}.${number}` as SenderId)

/** What a kind's own is. */
interface Own<K extends KindTypes> {
  readonly key: fc.Arbitrary<K["key"]>
  readonly command: fc.Arbitrary<K["command"]>
  /** As an actor of ours sends it. */
  readonly carriedCommand: fc.Arbitrary<K["command"]>
  readonly event: fc.Arbitrary<K["event"]>
  readonly expired: fc.Arbitrary<K["expired"]>
  readonly followUp: fc.Arbitrary<K["followUp"]> | null
  readonly outcome: fc.Arbitrary<RememberedDecision<K>>
}

const tag = <T extends string>(one: T) => fc.constant(one)

export const refusal = fc.record(
  {
    reason: fc.constantFrom(...RefusalReason),
    field: text,
    ats: fc.maxSafeInteger().map((n) => n + 0),
    policyVersion: fc.integer({ min: 1, max: Number.MAX_SAFE_INTEGER }),
  },
  { requiredKeys: ["reason"] },
)

const decisionsOf = <K extends KindTypes>({ event, outcome }: Own<K>): fc.Arbitrary<JournaledDecision<K>> => {
  const events = fc.array(event, { maxLength: 3 })
  return fc.oneof(
    { weight: 4, arbitrary: fc.record({ _tag: tag("Accepted"), events }) },
    { weight: 1, arbitrary: fc.record({ _tag: tag("Refused"), refusal }) },
    { weight: 1, arbitrary: fc.record({ _tag: tag("TooLate") }) },
    { weight: 1, arbitrary: fc.record({ _tag: tag("Quarantined"), cause: text, quarantined: text }) },
    { weight: 1, arbitrary: fc.record({ _tag: tag("Repeated"), outcome }) },
    { weight: 1, arbitrary: fc.record({ _tag: tag("Dropped"), reason: text }) },
    { weight: 1, arbitrary: fc.record({ _tag: tag("Begun"), events }) },
    { weight: 1, arbitrary: fc.record({ _tag: tag("Pending") }) },
  )
}

const returned: fc.Arbitrary<ReturnedOutcome> = fc.oneof(
  fc
    .dictionary(
      fc.stringMatching(/^[a-z]{1,8}$/).filter((key) => key !== "outcome"),
      fc.jsonValue({ maxDepth: 3 }),
    )
    // What JSON writes is what comes back: it has no negative zero.
    .map((fields) => JSON.parse(JSON.stringify({ outcome: "accepted", ...fields })) as ReturnedOutcome),
  refusal.map((fields) => ({ outcome: "refused", ...fields }) as const),
  fc.constant({ outcome: "expired" } as const),
  fc.record({ outcome: tag("dropped"), reason: text }),
)

const cursor = fc.record({ stream: fc.constantFrom(...CursorStream), seq: count, digest: text })
const commandClass = fc.constantFrom(...CommandClass)

/** Without a trace where it is null. */
const untraced = <T extends { readonly trace: string | null }>({ trace: named, ...rest }: T) =>
  named === null ? rest : { ...rest, trace: named }
const trace = fc.constantFrom(null, `00-${"0a".repeat(16)}-${"b7".repeat(8)}-01`)

const messagesOf = <K extends KindTypes>(own: Own<K>): fc.Arbitrary<Entry<K>> => {
  const decision = decisionsOf(own)
  const named = fc.option(fc.record({ id: fc.option(commandId), key: fc.option(own.key) }))
  const decided = (command: fc.Arbitrary<K["command"]>): fc.Arbitrary<DecidedCommand<K>> =>
    fc.record({ command: fc.option(command), named, decision })
  const common = { _tag: tag("Message"), seq: fc.option(count), class: commandClass, bulk: fc.boolean(), brokerMs: count }
  const asked = { reply: fc.option(replySuffix), array: fc.boolean() }
  const settled = { _tag: tag("Settled"), quarantined: fc.constantFrom("1-0", "77-12"), class: commandClass, reply: fc.option(replySuffix) }
  return fc.oneof(
    {
      weight: 4,
      arbitrary: fc.record({ ...common, ...asked, sender, trace, decided: fc.array(decided(own.command), { maxLength: 3 }) }).map(untraced),
    },
    {
      weight: 2,
      arbitrary: fc.record({
        ...common,
        ...asked,
        sender: internal,
        onBehalf: sender,
        decided: fc.array(decided(own.carriedCommand), { maxLength: 1 }),
      }),
    },
    { weight: 1, arbitrary: fc.record({ ...settled, sender: fc.oneof(sender, internal), decided: decided(own.command) }) },
  )
}

const returnsOf = <K extends KindTypes>({ key, event }: Own<K>): fc.Arbitrary<Entry<K>> =>
  fc
    .record({
      _tag: tag("Returned"),
      id: carriedId,
      by: fc.record({ kind: fc.constantFrom("sku", "order"), partition, seq: count }),
      outcome: returned,
      trace,
      key,
      events: fc.array(event, { maxLength: 3 }),
    })
    .map(untraced)

const entriesOf = <K extends KindTypes>(own: Own<K>): fc.Arbitrary<Entry<K>> => {
  const { key, expired, followUp, outcome } = own
  return fc.oneof(
    { weight: 8, arbitrary: messagesOf(own) },
    {
      weight: 1,
      arbitrary: fc.record({ _tag: tag("Stored"), seq: count, ingress: fc.constantFrom("i-1", "edge_2"), serial: count, missing: count }),
    },
    { weight: 1, arbitrary: fc.record({ _tag: tag("Skipped"), seq: count, cause: text }) },
    { weight: 1, arbitrary: fc.record({ _tag: tag("Expiry"), key, events: fc.array(expired, { maxLength: 3 }) }) },
    {
      weight: 1,
      arbitrary: fc.record({
        _tag: tag("Covered"),
        key,
        events: followUp === null ? fc.constant([]) : fc.array(followUp, { maxLength: 3 }),
      }),
    },
    {
      weight: 1,
      arbitrary: fc.record({
        _tag: tag("Floor"),
        sender: fc.oneof(sender, internal),
        class: fc.constantFrom(...FloorClass),
        floorMs: count,
      }),
    },
    { weight: 2, arbitrary: returnsOf(own) },
    {
      weight: 2,
      arbitrary: fc.record({
        _tag: tag("Answered"),
        sender,
        class: commandClass,
        key,
        id: commandId,
        hash: count,
        issuedAtMs: count,
        replies: fc.array(replySuffix, { maxLength: 3 }),
        outcome,
      }),
    },
    {
      weight: 1,
      arbitrary: fc.record({
        _tag: tag("Reset"),
        from: cursor,
        cause: text,
        dropped: fc.option(fc.record({ firstSeq: count, lastSeq: count })),
      }),
    },
    {
      weight: 1,
      arbitrary: fc.record({ _tag: tag("Resumed"), by: text, reason: text, haltReason: text, lostAfterSeq: fc.option(count) }),
    },
  )
}

/** Entries and records of a kind. */
export const recordsOf = <K extends KindTypes>(
  own: Own<K>,
): { readonly entry: fc.Arbitrary<Entry<K>>; readonly record: fc.Arbitrary<JournalRecord<K>> } => {
  const entry = entriesOf(own)
  return {
    entry,
    record: fc.record({
      version: fc.constant(recordVersion),
      kind: fc.constantFrom(...RecordKind),
      partition,
      incarnation: text,
      owner: text,
      epoch: count,
      cursor,
      atMs: count,
      prevSeq: count,
      prevHash: text,
      publishedSeq: count,
      entries: fc.array(entry, { maxLength: 4 }),
    }),
  }
}
