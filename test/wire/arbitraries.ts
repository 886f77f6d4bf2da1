/** Arbitrary values of everything that has bytes: all kinds, every optional field there or not. */

import fc from "fast-check"
import {
  CommandClass,
  type CommandId,
  isSku,
  type LocationId,
  type ReservationId,
  type SenderId,
  type Sku,
} from "../../src/domain/names.ts"
import { type Refusal, RefusalReason } from "../../src/domain/refusals.ts"
import {
  AdjustReason,
  type Command,
  classOf,
  ReleaseReason,
  SaleMode,
  type SellCommand,
  StockStatus,
} from "../../src/domain/sku/commands.ts"
import { type Allocation, DiscrepancyKind, type StockEvent } from "../../src/domain/sku/events.ts"
import type { ChannelPolicy, Policy, PolicyGiven } from "../../src/domain/sku/policy.ts"
import { CursorStream, FloorClass, RecordKind, recordVersion } from "../../src/engine/records.ts"
import type {
  AtsValue,
  DecidedCommand,
  DecisionSaid,
  Entry,
  EntryDecision,
  JournalRecord,
  Outcome,
  Reply,
} from "../../src/kinds/sku/types.ts"
import { allocationsMax, deadlineMsMax, holdMsMax, idCharsMax, qtyMax, senderCharsMax, textCharsMax } from "../../src/limits.ts"

/** Optional fields that are there or not, never undefined. */
const some = <T extends object>(fields: { [K in keyof T]: fc.Arbitrary<T[K]> }) => fc.record(fields, { requiredKeys: [] })

const merged = <A extends object, B extends object>(a: fc.Arbitrary<A>, b: fc.Arbitrary<B>): fc.Arbitrary<A & B> =>
  fc.tuple(a, b).map(([first, second]) => ({ ...first, ...second }))

const name = (chars: number) => fc.stringMatching(new RegExp(`^[A-Za-z0-9_.:-]{1,${chars}}$`))
const id = fc.oneof({ weight: 4, arbitrary: name(12) }, { weight: 1, arbitrary: name(idCharsMax) })
export const commandId = id.map((text) => text as CommandId)
export const reservation = id.map((text) => text as ReservationId)
/** How commands and events refer to one: its id, or the name of a sale put under an ended one. */
const reservationName = fc
  .tuple(id, fc.option(id), fc.option(fc.integer({ min: 1, max: 999_999_999 })))
  .map(([first, sale, attempt]) => (first + (sale === null ? "" : `~${sale}${attempt === null ? "" : `~${attempt}`}`)) as ReservationId)
const named = { reservation: reservationName }
export const location = id.map((text) => text as LocationId)
export const sender = fc.stringMatching(new RegExp(`^[a-z0-9][a-z0-9_-]{0,${senderCharsMax - 1}}$`)).map((text) => text as SenderId)
export const sku = fc.oneof(
  { weight: 3, arbitrary: fc.stringMatching(/^[A-Za-z0-9_-]{1,20}$/).map((text) => text as Sku) },
  { weight: 1, arbitrary: fc.string({ unit: "grapheme", minLength: 1, maxLength: 40 }).filter(isSku) },
  { weight: 1, arbitrary: fc.stringMatching(/^[ "\\/.ä€]{1,20}$/).filter(isSku) },
)
const qty = fc.integer({ min: 1, max: qtyMax })
const bound = fc.integer({ min: 0, max: qtyMax })
const time = fc.integer({ min: 1, max: Number.MAX_SAFE_INTEGER })
const count = fc.nat({ max: Number.MAX_SAFE_INTEGER })
const units = fc.maxSafeInteger().map((n) => n + 0)
const text = fc.string({ unit: "grapheme", minLength: 1, maxLength: 40 }).filter((one) => one.length <= textCharsMax)
const anyText = fc.string({ unit: "binary", maxLength: 40 })

const line = fc.record<ChannelPolicy>({
  channel: sender,
  priority: bound,
  bufferQty: bound,
  bufferPercent: fc.integer({ min: 0, max: 100 }),
  floorQty: bound,
  fenceQty: bound,
})
export const policy = fc.record<Policy>({
  version: time,
  channels: fc.uniqueArray(line, { selector: (one) => one.channel, maxLength: 4 }),
  safety: fc.uniqueArray(fc.record({ location, qty: bound }), { selector: (one) => one.location, maxLength: 4 }),
  sourcing: fc.uniqueArray(location, { maxLength: 4 }),
})

/** As it is set: with a version or without. */
const policyGiven: fc.Arbitrary<PolicyGiven> = fc.oneof(
  policy,
  policy.map(({ version: _, ...given }) => given),
)

const factHead = { id: commandId, sku, issuedAtMs: time }
const deadline = { deadlineMs: fc.integer({ min: 1, max: deadlineMsMax }) }
const holdMs = fc.integer({ min: 1, max: holdMsMax })
const type = <T extends string>(one: T) => fc.constant(one)
const locations = fc.uniqueArray(location, { minLength: 1, maxLength: allocationsMax })

export const command: fc.Arbitrary<Command> = fc.oneof(
  merged(
    fc.record({ type: type("Reserve"), ...factHead, reservation, qty, holdMs }),
    some({ ...deadline, locations, partial: fc.constant(true) }),
  ),
  merged(fc.record({ type: type("Confirm"), ...factHead, ...named }), some(deadline)),
  merged(
    fc.record({ type: type("Release"), ...factHead, ...named, reason: fc.constantFrom(...ReleaseReason) }),
    some({ ...deadline, qty }),
  ),
  merged(fc.record({ type: type("Extend"), ...factHead, ...named, holdMs }), some(deadline)),
  merged(fc.record({ type: type("SetPolicy"), ...factHead, policy: policyGiven }), some(deadline)),
  merged(fc.record({ type: type("ReceiveStock"), ...factHead, location, qty }), some({ reference: id })),
  merged(
    fc.record({
      type: type("AdjustStock"),
      ...factHead,
      location,
      qty: fc.oneof(
        qty,
        qty.map((n) => -n),
      ),
      reason: fc.constantFrom(...AdjustReason),
    }),
    some({ reference: id }),
  ),
  fc
    .record({
      type: type("MoveStatus"),
      ...factHead,
      location,
      from: fc.constantFrom(...StockStatus),
      to: fc.constantFrom(...StockStatus),
      qty,
    })
    .filter((move) => move.from !== move.to),
  merged(fc.record({ type: type("Fulfil"), ...factHead, channel: sender, ...named, location }), some({ qty, shipment: commandId })),
  merged(
    fc.record({ type: type("RecordSale"), ...factHead, mode: fc.constantFrom(...SaleMode), qty, location, reservation }),
    fc.constant({}),
  ),
  fc.record({ type: type("RecordSale"), ...factHead, mode: fc.constant("taken" as const), qty, location }),
  fc.record({ type: type("RecordSale"), ...factHead, mode: fc.constant("owed" as const), qty, reservation }),
  merged(
    fc.record({ type: type("ReplayQuarantined"), ...factHead, quarantined: fc.constantFrom("1-0", "98765432101-2047") }),
    some(deadline),
  ),
  merged(fc.record({ type: type("DropQuarantined"), ...factHead, quarantined: fc.constant("12-3"), reason: text }), some(deadline)),
)

/** What a client that sells sends most. */
export const hotCommand: fc.Arbitrary<SellCommand> = command.filter(
  (one): one is SellCommand => classOf[one.type] === "sell" && one.type !== "RecordSale",
)

const allocation = fc.record<Allocation>({ location, qty: units })
const allocations = fc.array(allocation, { maxLength: 3 })
const held = { channel: sender, ...named }
export const expired = fc.record({ type: type("Expired"), ...held, allocations })
const covered = fc.record({ type: type("ShortageCovered"), ...held, allocations })
export const event: fc.Arbitrary<StockEvent> = fc.oneof(
  fc.record({ type: type("Reserved"), ...held, allocations, expiresAtMs: time }),
  fc.record({ type: type("Confirmed"), ...held }),
  fc.record({ type: type("Extended"), ...held, expiresAtMs: time }),
  merged(fc.record({ type: type("Released"), ...held, allocations, reason: fc.constantFrom(...ReleaseReason) }), some({ shortQty: units })),
  expired,
  merged(fc.record({ type: type("Fulfilled"), ...held, allocations, taken: allocations }), some({ shortQty: units })),
  merged(fc.record({ type: type("SaleOwed"), ...held, allocations }), some({ shortQty: units, shortAt: location })),
  covered,
  fc.record({ type: type("SaleTaken"), channel: sender, taken: allocations }),
  fc.record({ type: type("ShippedUnreserved"), ...held, taken: allocations }),
  fc.record({ type: type("StockReceived"), location, qty: units }),
  fc.record({ type: type("StockAdjusted"), location, qty: units, reason: fc.constantFrom(...AdjustReason) }),
  fc.record({
    type: type("StatusMoved"),
    location,
    from: fc.constantFrom(...StockStatus),
    to: fc.constantFrom(...StockStatus),
    qty: units,
  }),
  fc.record({ type: type("PolicySet"), policy }),
  merged(fc.record({ type: type("DiscrepancyFound"), kind: fc.constantFrom(...DiscrepancyKind), qty: units }), some({ location })),
  fc.record({ type: type("ShortageFound"), location, qty: units }),
)

const refusal: fc.Arbitrary<Refusal> = merged(
  fc.record({ reason: fc.constantFrom(...RefusalReason) }),
  some({ field: anyText, ats: units }),
)
export const outcome: fc.Arbitrary<Outcome> = fc.oneof(
  merged(
    fc.record({ outcome: type("accepted") }),
    some({
      qty: units,
      allocations,
      expiresAtMs: time,
      ...named,
      discrepancies: fc.array(fc.record({ kind: fc.constantFrom(...DiscrepancyKind), qty: units }), { maxLength: 2 }),
      shortageQty: units,
    }),
  ),
  merged(fc.record({ outcome: type("refused") }), refusal),
  fc.record({ outcome: type("expired") }),
  fc.record({ outcome: type("quarantined"), quarantined: anyText }),
  fc.record({ outcome: type("dropped"), reason: anyText }),
)

const decision: fc.Arbitrary<EntryDecision> = fc.oneof(
  { weight: 4, arbitrary: fc.record({ _tag: type("Accepted"), events: fc.array(event, { maxLength: 3 }) }) },
  { weight: 1, arbitrary: fc.record({ _tag: type("Refused"), refusal }) },
  { weight: 1, arbitrary: fc.record({ _tag: type("Expired") }) },
  { weight: 1, arbitrary: fc.record({ _tag: type("Quarantined"), cause: anyText, quarantined: anyText }) },
  { weight: 1, arbitrary: fc.record({ _tag: type("Repeated"), outcome }) },
  { weight: 1, arbitrary: fc.record({ _tag: type("Dropped"), reason: anyText }) },
)
const decided: fc.Arbitrary<DecidedCommand> = fc.record({
  command: fc.option(command),
  named: fc.option(fc.record({ id: fc.option(commandId), key: fc.option(sku) })),
  decision,
})

export const replySuffix = fc.stringMatching(/^[A-Za-z0-9_-]{1,12}(?:\.[A-Za-z0-9_-]{1,12}){0,2}$/)
const cursor = fc.record({ stream: fc.constantFrom(...CursorStream), seq: count, digest: anyText })
const commandClass = fc.constantFrom(...CommandClass)
export const entry: fc.Arbitrary<Entry> = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.record({
      _tag: type("Message"),
      seq: fc.option(count),
      sender,
      class: commandClass,
      bulk: fc.boolean(),
      brokerMs: count,
      reply: fc.option(replySuffix),
      array: fc.boolean(),
      decided: fc.array(decided, { maxLength: 3 }),
    }),
  },
  {
    weight: 1,
    arbitrary: fc.record({ _tag: type("Stored"), seq: count, ingress: fc.constantFrom("i-1", "edge_2"), serial: count, missing: count }),
  },
  { weight: 1, arbitrary: fc.record({ _tag: type("Skipped"), seq: count, cause: anyText }) },
  { weight: 1, arbitrary: fc.record({ _tag: type("Expiry"), key: sku, events: fc.array(expired, { maxLength: 3 }) }) },
  { weight: 1, arbitrary: fc.record({ _tag: type("Covered"), key: sku, events: fc.array(covered, { maxLength: 3 }) }) },
  { weight: 1, arbitrary: fc.record({ _tag: type("Floor"), sender, class: fc.constantFrom(...FloorClass), floorMs: count }) },
  {
    weight: 1,
    arbitrary: fc.record({
      _tag: type("Settled"),
      quarantined: fc.constantFrom("1-0", "77-12"),
      sender,
      class: commandClass,
      reply: fc.option(replySuffix),
      decided,
    }),
  },
  { weight: 1, arbitrary: fc.record({ _tag: type("Moved"), from: cursor }) },
  {
    weight: 1,
    arbitrary: fc.record({
      _tag: type("Reset"),
      from: cursor,
      cause: anyText,
      dropped: fc.option(fc.record({ firstSeq: count, lastSeq: count })),
    }),
  },
  {
    weight: 1,
    arbitrary: fc.record({ _tag: type("Resumed"), by: anyText, reason: anyText, haltReason: anyText, lostAfterSeq: fc.option(count) }),
  },
)

export const record: fc.Arbitrary<JournalRecord> = fc.record({
  version: fc.constant(recordVersion),
  kind: fc.constantFrom(...RecordKind),
  partition: fc.nat({ max: 999_999 }),
  incarnation: anyText,
  owner: anyText,
  epoch: count,
  cursor,
  atMs: count,
  prevSeq: count,
  prevHash: anyText,
  publishedSeq: count,
  entries: fc.array(entry, { maxLength: 4 }),
})

const said: fc.Arbitrary<DecisionSaid> = merged(
  merged(fc.record({ id: fc.option(commandId), sku: fc.option(sku) }), some({ repeated: fc.constant(true as const) })),
  outcome,
)
export const reply: fc.Arbitrary<Reply> = fc.record({
  sender,
  suffix: replySuffix,
  partition: fc.nat(),
  seq: count,
  epoch: count,
  array: fc.boolean(),
  decisions: fc.array(said, { maxLength: 4 }),
})
export const atsValue: fc.Arbitrary<AtsValue> = merged(
  fc.record({
    channel: sender,
    sku,
    ats: count,
    version: count,
    delta: units,
    cause: fc.constantFrom("Reserved", "Takeover", "Repair"),
    atMs: count,
  }),
  some({ shortQty: count }),
)
