/**
 * The JSON form of every command, version 1, as Schemas: what a sender may write, field by field.
 *
 * This is the slow path that explains refusals, and the truth of what is accepted; canonical.ts reads the usual spelling faster and is
 * held to the same verdicts by a property test. Subjects, classes and business rules are the engine's.
 */
import { Schema } from "effect"
import {
  BoundField,
  CommandIdField,
  distinctBy,
  durationField,
  EpochMsField,
  LocationField,
  PercentField,
  QtyField,
  QuarantinedField,
  ReferenceField,
  ReservationField,
  ReservationNameField,
  SenderField,
  SignedQtyField,
  SkuField,
  TextField,
  VersionField,
} from "../domain/fields.ts"
import type { Refusal } from "../domain/refusals.ts"
import { AdjustReason, type Command, type CommandType, type Fact, ReleaseReason, SaleMode, StockStatus } from "../domain/sku/commands.ts"
import { allocationsMax, channelsPerPolicyMax, deadlineMsMax, holdMsMax, locationsPerSkuMax } from "../limits.ts"
import { noSuchField, type Strict, strictDecoderOf } from "./fields.ts"
import { tied } from "./tied.ts"

/** The version of the commands' JSON that this release speaks. */
export const commandVersion = 1

const factHead = { id: CommandIdField, sku: SkuField, issuedAtMs: EpochMsField }
const head = { ...factHead, deadlineMs: Schema.optionalKey(durationField(deadlineMsMax)) }
const version = { v: Schema.Literal(commandVersion) }

const LocationList = (lengthMax: number) => Schema.Array(LocationField).check(Schema.isMaxLength(lengthMax), distinctBy(String))

const ChannelPolicyJson = Schema.Struct({
  channel: SenderField,
  priority: BoundField,
  bufferQty: BoundField,
  bufferPercent: PercentField,
  floorQty: BoundField,
  fenceQty: BoundField,
}).annotate({ identifier: "ChannelPolicy", description: "What one channel may sell of the SKU" })

const SafetyJson = Schema.Struct({ location: LocationField, qty: BoundField })

const policyFields = {
  channels: Schema.Array(ChannelPolicyJson).check(
    Schema.isMaxLength(channelsPerPolicyMax),
    distinctBy((line) => line.channel),
  ),
  safety: Schema.Array(SafetyJson).check(
    Schema.isMaxLength(locationsPerSkuMax),
    distinctBy((line) => line.location),
  ),
  sourcing: LocationList(locationsPerSkuMax),
}

/** A policy as it stands. */
export const PolicyJson = Schema.Struct({ version: VersionField, ...policyFields }).annotate({
  identifier: "Policy",
  description: "What may be sold where and to whom",
})

const PolicyGivenJson = Schema.Struct({ version: Schema.optionalKey(VersionField), ...policyFields }).annotate({
  identifier: "PolicyGiven",
  description:
    "Replaces the SKU's policy whole; its version must be higher than the present one's, and is that plus one where it says none",
})

const ReserveJson = Schema.Struct({
  ...version,
  type: Schema.Literal("Reserve"),
  ...head,
  reservation: ReservationField,
  qty: QtyField,
  holdMs: durationField(holdMsMax),
  locations: Schema.optionalKey(LocationList(allocationsMax).check(Schema.isMinLength(1))),
  partial: Schema.optionalKey(Schema.Boolean),
}).annotate({ identifier: "Reserve", description: "Claim units for holdMs: all of qty or nothing, unless partial" })

const ConfirmJson = Schema.Struct({ ...version, type: Schema.Literal("Confirm"), ...head, reservation: ReservationNameField }).annotate({
  identifier: "Confirm",
  description: "Make a hold lasting",
})

const ReleaseJson = Schema.Struct({
  ...version,
  type: Schema.Literal("Release"),
  ...head,
  reservation: ReservationNameField,
  qty: Schema.optionalKey(QtyField),
  reason: Schema.Literals(ReleaseReason),
}).annotate({ identifier: "Release", description: "Give up open units of a reservation: all of them, unless qty says how many" })

const ExtendJson = Schema.Struct({
  ...version,
  type: Schema.Literal("Extend"),
  ...head,
  reservation: ReservationNameField,
  holdMs: durationField(holdMsMax),
}).annotate({ identifier: "Extend", description: "Let a hold expire holdMs after the decision, if that is later" })

const SetPolicyJson = Schema.Struct({ ...version, type: Schema.Literal("SetPolicy"), ...head, policy: PolicyGivenJson }).annotate({
  identifier: "SetPolicy",
  description: "Replace the SKU's policy",
})

const ReceiveStockJson = Schema.Struct({
  ...version,
  type: Schema.Literal("ReceiveStock"),
  ...factHead,
  location: LocationField,
  qty: QtyField,
  reference: Schema.optionalKey(ReferenceField),
}).annotate({ identifier: "ReceiveStock", description: "Fact: units arrived at a location" })

const AdjustStockJson = Schema.Struct({
  ...version,
  type: Schema.Literal("AdjustStock"),
  ...factHead,
  location: LocationField,
  qty: SignedQtyField,
  reason: Schema.Literals(AdjustReason),
  reference: Schema.optionalKey(ReferenceField),
}).annotate({ identifier: "AdjustStock", description: "Fact: the count at a location differs by qty from what was believed" })

const MoveStatusJson = Schema.Struct({
  ...version,
  type: Schema.Literal("MoveStatus"),
  ...factHead,
  location: LocationField,
  from: Schema.Literals(StockStatus),
  to: Schema.Literals(StockStatus),
  qty: QtyField,
})
  .check(
    Schema.makeFilter(
      (move: { readonly from: StockStatus; readonly to: StockStatus }) =>
        move.from === move.to ? { path: ["to"], issue: "another status" } : undefined,
      { toJsonSchema: () => [{}, true] as const },
    ),
  )
  .annotate({ identifier: "MoveStatus", description: "Fact: units on hand changed their status" })

const FulfilJson = Schema.Struct({
  ...version,
  type: Schema.Literal("Fulfil"),
  ...factHead,
  channel: SenderField,
  reservation: ReservationNameField,
  location: LocationField,
  qty: Schema.optionalKey(QtyField),
  shipment: Schema.optionalKey(CommandIdField),
}).annotate({
  identifier: "Fulfil",
  description:
    "Fact: units of a channel's reservation left a location; the same shipment of the same reservation and location is one, whatever its ids",
})

interface SaleFields {
  readonly mode: SaleMode
  readonly location?: string
  readonly reservation?: string
}
const missingOfSale = (sale: SaleFields) => {
  if (sale.mode === "taken" && sale.location === undefined) return { path: ["location"], issue: "the location it was taken from" }
  if (sale.mode === "owed" && sale.reservation === undefined) return { path: ["reservation"], issue: "the reservation it is owed under" }
  return undefined
}
const saleRequires = {
  anyOf: [
    { properties: { mode: { const: "taken" } }, required: ["location"] },
    { properties: { mode: { const: "owed" } }, required: ["reservation"] },
  ],
}
const RecordSaleJson = Schema.Struct({
  ...version,
  type: Schema.Literal("RecordSale"),
  ...factHead,
  mode: Schema.Literals(SaleMode),
  qty: QtyField,
  location: Schema.optionalKey(LocationField),
  reservation: Schema.optionalKey(ReservationField),
})
  .check(Schema.makeFilter(missingOfSale, { toJsonSchema: () => saleRequires }))
  .annotate({ identifier: "RecordSale", description: "Fact: the channel sold units without asking" })

const ReplayQuarantinedJson = Schema.Struct({
  ...version,
  type: Schema.Literal("ReplayQuarantined"),
  ...head,
  quarantined: QuarantinedField,
}).annotate({ identifier: "ReplayQuarantined", description: "Operator: decide a quarantined command again" })

const DropQuarantinedJson = Schema.Struct({
  ...version,
  type: Schema.Literal("DropQuarantined"),
  ...head,
  quarantined: QuarantinedField,
  reason: TextField,
}).annotate({ identifier: "DropQuarantined", description: "Operator: give a quarantined command its final answer, dropped" })

/** One schema for each type, by its name: what senders in TypeScript validate against and what the AsyncAPI document is made from. */
export const commandSchemas = {
  Reserve: ReserveJson,
  Confirm: ConfirmJson,
  Release: ReleaseJson,
  Extend: ExtendJson,
  SetPolicy: SetPolicyJson,
  ReceiveStock: ReceiveStockJson,
  AdjustStock: AdjustStockJson,
  MoveStatus: MoveStatusJson,
  Fulfil: FulfilJson,
  RecordSale: RecordSaleJson,
  ReplayQuarantined: ReplayQuarantinedJson,
  DropQuarantined: DropQuarantinedJson,
} as const satisfies Readonly<Record<CommandType, Schema.Constraint>>

/** Any command's JSON. */
export const CommandJson = Schema.Union([
  ReserveJson,
  ConfirmJson,
  ReleaseJson,
  ExtendJson,
  SetPolicyJson,
  ReceiveStockJson,
  AdjustStockJson,
  MoveStatusJson,
  FulfilJson,
  RecordSaleJson,
  ReplayQuarantinedJson,
  DropQuarantinedJson,
])
export type CommandJson = typeof CommandJson.Type

/** A command with its version. What a fact's type says of a deadline is said of no fact. */
type Spelled<Kind extends Command> = Kind extends Fact ? Omit<Kind, "deadlineMs"> & Versioned : Kind & Versioned
interface Versioned {
  readonly v: typeof commandVersion
}
tied<Spelled<Command>, CommandJson>()

type Decode = (json: unknown) => Strict<CommandJson>
const decoders: ReadonlyMap<unknown, Decode> = new Map<unknown, Decode>(
  Object.values(commandSchemas).map((schema): [unknown, Decode] => [
    schema.fields.type.literal,
    strictDecoderOf<Schema.ConstraintDecoder<CommandJson>>(schema),
  ]),
)

/** Characters of a refusal's `field`: what a sender called its unknown field is not repeated at any length. */
const fieldCharsMax = 96

/** Why a JSON object spells no command, and where the field alone doesn't show it what is wrong with it, for people. */
export interface NoCommand {
  readonly refusal: Refusal
  readonly detail?: string
}

/** The command a JSON object spells, or why it spells none: the version first, then the type, then the first field at fault. */
export const readCommandJson = (json: object): Command | NoCommand => {
  if (Reflect.get(json, "v") !== commandVersion) return { refusal: { reason: "UnsupportedVersion", field: "v" } }
  const type: unknown = Reflect.get(json, "type")
  const decode = decoders.get(type)
  if (decode === undefined) return { refusal: { reason: "UnknownType", field: "type" } }
  const decoded = decode(json)
  if (decoded._tag === "Valid") return commandOf(decoded.value)
  const { path, expected } = decoded
  return {
    refusal: { reason: "InvalidField", field: fieldName(path) },
    detail: expected === noSuchField ? `not known to ${String(type)}` : valueFault(json, path, expected),
  }
}

/** The same without what is said to people. */
export const commandFromJson = (json: object): Command | Refusal => {
  const read = readCommandJson(json)
  return "type" in read ? read : read.refusal
}

/** Characters of a value that are told to whoever sent it. */
const valueCharsMax = 64

const kinds: Readonly<Record<string, string>> = {
  number: "a whole number",
  "an integer": "a whole number",
  boolean: "true or false",
  array: "a list",
  object: "an object",
  string: "a text",
  "named twice": "each only once",
}

/** What a field may be, for people, of what its Schema expects of it. */
const rangeOf = (expected: string): string => {
  const plain = expected.replace(/^Expected /, "")
  const between = /^a value between (-?\d+) and (\d+)$/.exec(plain)
  if (between !== null) return `${between[1]} to ${between[2]}`
  const length = /^a value with a length of at (most|least) (\d+)$/.exec(plain)
  if (length !== null) return `at ${length[1]} ${length[2]} of them`
  if (plain.startsWith('"')) return `one of ${plain.replaceAll('"', "").replaceAll(" | ", ", ")}`
  const kind = kinds[plain]
  if (kind !== undefined) return kind
  // The name of a Schema is expected where the value is of another kind altogether.
  if (/^[A-Z][A-Za-z]+$/.test(plain)) return /Policy/.test(plain) ? "an object" : "a text"
  return plain
}

/** A value as JSON spells it, shortened, and whatever JSON can't spell: it says null for a number that is none. */
const valueText = (value: unknown): string => {
  let text: string
  try {
    text = typeof value === "number" ? String(value) : (JSON.stringify(value) ?? String(value))
  } catch {
    text = typeof value
  }
  return text.length <= valueCharsMax ? text : `${text.slice(0, valueCharsMax).toWellFormed()}… (${text.length} characters)`
}

/** What is wrong with a known field: that it is not there, or what it may be and what it is. */
const valueFault = (json: object, path: string, expected: string): string => {
  let value: unknown = json
  for (const step of path.split(".")) value = typeof value === "object" && value !== null ? Reflect.get(value, step) : undefined
  if (value === undefined) return "missing"
  return `out of its range (${rangeOf(expected)}): ${valueText(value)}`
}

export const fieldName = (path: string): string => (path.length <= fieldCharsMax ? path : path.slice(0, fieldCharsMax)).toWellFormed()

/** The command of its checked JSON: without the version, and without what says the default: one command, one value. */
export const commandOf = ({ v: _, ...command }: CommandJson): Command => {
  if (command.type !== "Reserve" || command.partial !== false) return command
  const { partial: __, ...reserve } = command
  return reserve
}

/** The JSON form of a command, as a value. */
export const commandJsonOf = (command: Command): CommandJson => ({ v: commandVersion, ...command })
