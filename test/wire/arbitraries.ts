/** Arbitrary values of everything that has bytes: all kinds, every optional field there or not. */
import { Schema } from "effect"
import fc from "fast-check"
import { isSku, type LocationId, type ReservationId, type Sku } from "../../src/domain/names.ts"
import { type Refusal, RefusalReason } from "../../src/domain/refusals.ts"
import { type Command, type CommandType, classOf, ofEachType, type SellCommand } from "../../src/domain/sku/commands.ts"
import { type Allocation, DiscrepancyKind, type StockEvent } from "../../src/domain/sku/events.ts"
import { skuKind } from "../../src/domain/sku/index.ts"
import type { ChannelPolicy, Policy, PolicyGiven } from "../../src/domain/sku/policy.ts"
import type { AtsValue, SkuHeardDecision, SkuKind, SkuRememberedDecision, SkuReply } from "../../src/kinds/sku/types.ts"
import { allocationsMax, idCharsMax, qtyMax } from "../../src/limits.ts"
import { type CommandJson, commandOf, commandSchemas } from "../../src/wire/commands.ts"
import { arbitraryOf, type Named, type Sizes } from "./field-arbitraries.ts"
import { text as anyText, carriedId, commandId, count, lineReservation, recordsOf, replySuffix, sender } from "./record-arbitraries.ts"

export { commandId, replySuffix, sender } from "./record-arbitraries.ts"

/** Optional fields that are there or not, never undefined. */
const some = <T extends object>(fields: { [K in keyof T]: fc.Arbitrary<T[K]> }) => fc.record(fields, { requiredKeys: [] })

const merged = <A extends object, B extends object>(a: fc.Arbitrary<A>, b: fc.Arbitrary<B>): fc.Arbitrary<A & B> =>
  fc.tuple(a, b).map(([first, second]) => ({ ...first, ...second }))

const name = (chars: number) => fc.stringMatching(new RegExp(`^[A-Za-z0-9_.:-]{1,${chars}}$`))
const id = fc.oneof({ weight: 4, arbitrary: name(12) }, { weight: 1, arbitrary: name(idCharsMax) })
export const reservation = id.map((text) => text as ReservationId)
/** How commands and events refer to one: its id, or the name of a sale put under an ended one. */
const reservationName = fc
  .tuple(id, fc.option(id), fc.option(fc.integer({ min: 1, max: 999_999_999 })))
  .map(([first, sale, attempt]) => (first + (sale === null ? "" : `~${sale}${attempt === null ? "" : `~${attempt}`}`)) as ReservationId)
const named = { reservation: reservationName }
export const location = id.map((text) => text as LocationId)
export const sku = fc.oneof(
  { weight: 3, arbitrary: fc.stringMatching(/^[A-Za-z0-9_-]{1,20}$/).map((text) => text as Sku) },
  { weight: 1, arbitrary: fc.string({ unit: "grapheme", minLength: 1, maxLength: 40 }).filter(isSku) },
  { weight: 1, arbitrary: fc.stringMatching(/^[ "\\/.ä€]{1,20}$/).filter(isSku) },
)
const bound = fc.integer({ min: 0, max: qtyMax })
const time = fc.integer({ min: 1, max: Number.MAX_SAFE_INTEGER })
const units = fc.maxSafeInteger().map((n) => n + 0)

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

const type = <T extends string>(one: T) => fc.constant(one)

/** Names as short and as long as they may be, and of every spelling. */
const names: Named = {
  Sku: sku,
  CommandId: id,
  ReservationId: id,
  ReservationName: reservationName,
  LocationId: id,
  Reference: id,
  Sender: sender,
  Policy: policy,
  PolicyGiven: policyGiven,
}
const whole: Sizes["whole"] = (min, max) => (min === undefined || max === undefined ? units : fc.integer({ min, max }))
const sizes: Sizes = { whole, itemsMax: allocationsMax }

/** A command without what every decoder makes of it: its version, and fields that say what they would mean if they weren't there. */
const bare = (json: CommandJson): Command => commandOf({ ...json })

/** Commands of each type, as their specs declare them. */
export const commandsOfType: Readonly<Record<CommandType, fc.Arbitrary<Command>>> = ofEachType(({ type: of }) =>
  arbitraryOf<CommandJson>(commandSchemas[of], names, sizes).map(bare),
)

export const command: fc.Arbitrary<Command> = fc.oneof(...Object.values(commandsOfType))

/** What a client that sells sends most. */
export const hotCommand: fc.Arbitrary<SellCommand> = command.filter(
  (one): one is SellCommand => classOf[one.type] === "sell" && one.type !== "RecordSale",
)

const allocation = fc.record<Allocation>({ location, qty: units })
const allocations = fc.array(allocation, { maxLength: 3 })
const eventNames: Named = { ...names, Allocations: allocations }
const eventSizes: Sizes = { whole, itemsMax: 3 }
/** Events of a type, as they are declared. */
const eventsOfType = <Type extends StockEvent["type"]>(of: Type): fc.Arbitrary<Extract<StockEvent, { type: Type }>> => {
  const { fields } = skuKind.event[of]
  return arbitraryOf(Schema.Struct({ type: Schema.Literal(of), ...fields }), eventNames, eventSizes)
}
export const expired = eventsOfType("Expired")
const covered = eventsOfType("ShortageCovered")
export const event: fc.Arbitrary<StockEvent> = fc.oneof(...skuKind.events.map((spec): fc.Arbitrary<StockEvent> => eventsOfType(spec.type)))

const refusal: fc.Arbitrary<Refusal> = merged(
  fc.record({ reason: fc.constantFrom(...RefusalReason) }),
  some({ field: anyText, ats: units }),
)
export const outcome: fc.Arbitrary<SkuRememberedDecision> = fc.oneof(
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

/** A command as an order carries it, about the reservation of its line. */
const carriedCommand: fc.Arbitrary<Command> = fc
  .tuple(fc.oneof(commandsOfType.Reserve, commandsOfType.Confirm, commandsOfType.Release), carriedId, lineReservation)
  .map(([one, carried, line]) => ({ ...one, id: carried, reservation: line }))

/** Entries and whole records of SKUs. */
export const { entry, record } = recordsOf<SkuKind>({ key: sku, command, carriedCommand, event, expired, followUp: covered, outcome })

const said: fc.Arbitrary<SkuHeardDecision> = merged(
  merged(fc.record({ id: fc.option(commandId), sku: fc.option(sku) }), some({ repeated: fc.constant(true as const) })),
  outcome,
)
export const reply: fc.Arbitrary<SkuReply> = fc.record({
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
