/**
 * The bodies that a gateway takes and gives, as Schemas: commands from what their kinds declare, answers from the wire's.
 *
 * They describe. What is accepted of a command is decided by whoever reads it for its sender, from the same declarations, in the same words as at the door.
 */
import { Schema } from "effect"
import type { AnyCommandSpec } from "../domain/define.ts"
import { CommandIdField, CountField, durationField, EpochMsField, OrderField, SenderField, SkuField } from "../domain/fields.ts"
import { Kind } from "../domain/kinds.ts"
import { LineToldField } from "../domain/order/fields.ts"
import { orderKind } from "../domain/order/index.ts"
import { skuKind } from "../domain/sku/index.ts"
import { deadlineMsMax, httpCommandsMax } from "../limits.ts"
import { PastSource } from "../ports/past.ts"
import { outcomeFields } from "../wire/events.ts"
import { AtsValueJson } from "../wire/feed.ts"
import { ClassField } from "../wire/fields.ts"
import { AnySenderField } from "../wire/internal-fields.ts"
import { orderOutcomeFields } from "../wire/order-fields.ts"
import { OrderStandingAnswerJson, ReservationAnswerJson, StockAnswerJson, WorkerAnswerJson } from "../wire/questions.ts"

/** A command that a sender may send, and the kind of what decides it. */
export interface OfferedCommand {
  readonly kind: Kind
  readonly spec: AnyCommandSpec
  /** What it is about: the field that names it. */
  readonly about: "sku" | "order"
}

const orderSpecs: ReadonlyArray<AnyCommandSpec> = orderKind.commands
const skuSpecs: ReadonlyArray<AnyCommandSpec> = skuKind.commands

/** Only SKUs say this one, to the orders whose lines they hold. */
const saidBySkus = "NoteLine"

/** Every command that there is, in the order of its declaration. */
export const offered: ReadonlyArray<OfferedCommand> = [
  ...skuSpecs.map((spec) => ({ kind: "sku", spec, about: "sku" }) as const),
  ...orderSpecs.filter(({ type }) => type !== saidBySkus).map((spec) => ({ kind: "order", spec, about: "order" }) as const),
]

const byType = new Map(offered.map((command) => [command.spec.type, command]))
/** The command of a type. */
export const offeredOf = (type: unknown): OfferedCommand | undefined => (typeof type === "string" ? byType.get(type) : undefined)

const IssuedAtMs = EpochMsField.annotate({
  description:
    "When it was made, in milliseconds since 1970; now if absent. It bounds how long the id is remembered: keep it with the id where you may ask again after hours",
})

const Channel = SenderField.annotate({ description: "Whose order it is: an operator has none of its own" })

/** What names whose actor a command is about. An order is its sender's own, so no channel says whose it is; an operator does. */
const aboutFields = ({ kind, spec }: OfferedCommand): Schema.Struct.Fields => {
  if (kind === "sku") return { sku: SkuField }
  return spec.class === "operator" ? { channel: Channel } : {}
}

/** The fields of a body: those of the command, with an id and a time that may be left out. `flags` say what each means. */
const fieldsOf = (command: OfferedCommand, id: Schema.Struct.Fields[string]): Schema.Struct.Fields => ({
  id,
  ...aboutFields(command),
  issuedAtMs: Schema.optionalKey(IssuedAtMs),
  ...(command.spec.isFact ? {} : { deadlineMs: Schema.optionalKey(durationField(deadlineMsMax)) }),
  ...command.spec.fields,
})

const withWhole = (spec: AnyCommandSpec, schema: Schema.Struct<Schema.Struct.Fields>, identifier: string) => {
  const named = { identifier, description: spec.summary }
  const { whole } = spec
  if (whole === undefined) return schema.annotate(named)
  const toJsonSchema = () => whole.jsonSchema ?? ([{}, true] as const)
  return schema.check(Schema.makeFilter((command: object) => whole.fault(command), { toJsonSchema })).annotate(named)
}

const idAbsent = "The sender's own id of the command, if the header `Idempotency-Key` doesn't say it"

/** The body of one command, whose type is in the address. */
export const bodyOf = (command: OfferedCommand) =>
  withWhole(
    command.spec,
    Schema.Struct(fieldsOf(command, Schema.optionalKey(CommandIdField.annotate({ description: idAbsent })))),
    command.spec.type,
  )

const memberOf = (command: OfferedCommand) =>
  withWhole(
    command.spec,
    Schema.Struct({ type: Schema.Literal(command.spec.type), ...fieldsOf(command, CommandIdField) }),
    `${command.spec.type}AmongMany`,
  )

/** The body of many commands. */
export const ManyBody = Schema.Array(Schema.Union(offered.map(memberOf)))
  .check(Schema.isMinLength(1), Schema.isMaxLength(httpCommandsMax))
  .annotate({
    identifier: "Commands",
    description: "Commands of any types and of any SKUs and orders. Each is decided for itself: this is no transaction",
  })

const repeated = Schema.optionalKey(
  Schema.Literal(true).annotate({ description: "This id was decided before, and this is the same answer again" }),
)

/** An accepted command about a SKU. */
export const AcceptedSku = Schema.Struct({ id: CommandIdField, sku: SkuField, repeated, ...outcomeFields.accepted }).annotate({
  identifier: "Accepted",
  description: "Done and journaled",
})
/** An accepted command about an order. */
export const AcceptedOrder = Schema.Struct({ id: CommandIdField, repeated, ...orderOutcomeFields.accepted }).annotate({
  identifier: "AcceptedOrder",
  description: "Done and journaled, with a word on each line",
})

/** What is said of a command that has no final answer yet. */
export const Undecided = Schema.Struct({
  id: CommandIdField,
  sku: Schema.optionalKey(SkuField),
  order: Schema.optionalKey(OrderField),
  outcome: Schema.Literals(["unknown", "stored", "quarantined"]),
  quarantined: Schema.optionalKey(Schema.String),
  ask: Schema.optionalKey(Schema.String.annotate({ description: "Where to ask what became of it: the `Location`" })),
  issuedAtMs: EpochMsField,
  detail: Schema.String,
}).annotate({
  identifier: "Undecided",
  description:
    "It has no answer yet: unknown (it may be decided), stored (it will be), or quarantined (an operator looks at it). Ask at `ask`, or send the same request again under the same id: neither does it twice",
})

/** A problem's members. */
const problemFields = {
  type: Schema.String.annotate({ description: "The address of a page about the problem, at this gateway" }),
  title: Schema.String,
  detail: Schema.optionalKey(Schema.String),
  code: Schema.String.annotate({ description: "The problem's name, as docs/PROBLEMS.md lists it" }),
  field: Schema.optionalKey(Schema.String.annotate({ description: "What of the request is at fault" })),
  id: Schema.optionalKey(Schema.NullOr(Schema.String)),
  sku: Schema.optionalKey(Schema.NullOr(Schema.String)),
  order: Schema.optionalKey(Schema.String),
  repeated,
  ats: Schema.optionalKey(Schema.Int),
  policyVersion: Schema.optionalKey(CountField),
  lines: Schema.optionalKey(Schema.Array(Schema.Struct({ ...LineToldField.fields, reason: Schema.optionalKey(Schema.String) }))),
  why: Schema.optionalKey(Schema.String),
  retryAfterMs: Schema.optionalKey(CountField),
  at: Schema.optionalKey(CountField.annotate({ description: "The place in the array of what is at fault, from 0" })),
}

/** The Schema of problems with a status. */
export const problemOf = (status: number) =>
  Schema.Struct({ ...problemFields, status: Schema.Literal(status) }).annotate({
    identifier: `Problem${status}`,
    description: "A problem of RFC 9457",
  })

const AnyProblem = Schema.Struct({ ...problemFields, status: Schema.Int }).annotate({
  identifier: "Problem",
  description: "A problem of RFC 9457",
})

/** The answers to many commands, in the order of the request. */
export const ManyAnswers = Schema.Struct({
  results: Schema.Array(
    Schema.Union([
      Schema.Struct({ status: Schema.Literal(200), answer: Schema.Union([AcceptedSku, AcceptedOrder]) }),
      Schema.Struct({ status: Schema.Literal(202), undecided: Undecided }),
      Schema.Struct({ status: Schema.Int, problem: AnyProblem }),
    ]),
  ),
}).annotate({ identifier: "Answers", description: "What each command would have been answered by itself, in the order of the request" })

const { v: _v, answer: _answer, ...stockFields } = StockAnswerJson.fields
/** Stock of a SKU. */
export const Stock = Schema.Struct(stockFields).annotate({
  identifier: "Stock",
  description: "Stock of a SKU by location, its policy, and what each channel may sell of it",
})

const { v: _v2, answer: _answer2, ...reservationFields } = ReservationAnswerJson.fields
/** A reservation of the asking channel. */
export const Reservation = Schema.Struct(reservationFields).annotate({
  identifier: "Reservation",
  description: "A reservation of the asking channel",
})

const { v: _v3, answer: _answer3, ...orderFields } = OrderStandingAnswerJson.fields
/** An order as it stands. */
export const Order = Schema.Struct(orderFields).annotate({ identifier: "Order", description: "An order as it stands" })

const { v: _v4, answer: _answer4, ...workerFields } = WorkerAnswerJson.fields
/** The cluster's workers and partitions. */
export const ClusterStanding = Schema.Struct({
  partitions: Schema.Struct({ sku: CountField, order: CountField }),
  workers: Schema.Array(Schema.Struct(workerFields)),
}).annotate({
  identifier: "Cluster",
  description: "How many partitions there are of each kind, and what each worker that was heard says of itself",
})

/** A policy, as its SKU's stock tells it. */
export const PolicyStanding = Schema.Struct({ sku: SkuField, policy: stockFields.policy }).annotate({
  identifier: "PolicyOfSku",
  description: "The policy of a SKU; null: none was set. SetPolicy sets one",
})

/** What the feed told channels of a SKU. */
export const ToldOfSku = Schema.Struct({
  sku: SkuField,
  told: Schema.Array(
    Schema.Struct({
      channel: SenderField,
      ats: CountField,
      version: CountField,
      atMs: CountField,
      lagMs: Schema.NullOr(CountField).annotate({
        description:
          "Milliseconds from the decision until this gateway heard it; null: it was read when the gateway began to listen, not heard",
      }),
    }),
  ),
  notHeard: Schema.Array(SenderField).annotate({
    description: "Channels whose login this gateway doesn't hold, or of which nothing was heard yet: ask again",
  }),
}).annotate({ identifier: "ToldOfSku", description: "What the feed told each channel last of a SKU, and how late that was" })

/** Where an answer about the past comes from, and up to which record. */
const Known = Schema.Struct({
  source: Schema.Literals(PastSource),
  kind: Schema.Literals(Kind),
  partition: CountField,
  seq: CountField.annotate({ description: "The newest record that is in the answer; 0: none" }),
  atMs: CountField.annotate({ description: "Its journaled time" }),
  behind: Schema.NullOr(CountField).annotate({
    description: "Records that were journaled after it, and are not in the answer; null: this gateway can't ask",
  }),
}).annotate({ identifier: "PastKnown", description: "Whether it was told from the tables or from the journals, and up to which record" })

/** How a SKU stood over the last minutes. */
export const LatelyOfSku = Schema.Struct({
  sku: SkuField,
  sinceMs: CountField,
  atMs: CountField.annotate({ description: "Up to when it is told" }),
  stepMs: CountField.annotate({ description: "Of what happened within so many milliseconds the last is told" }),
  channels: Schema.Array(SenderField),
  points: Schema.Array(
    Schema.Struct({
      atMs: CountField,
      version: CountField.annotate({ description: "The record that last changed it: the version that the feed told" }),
      onHand: CountField,
      reserved: CountField,
      offered: CountField,
      ats: Schema.Array(Schema.NullOr(CountField)).annotate({
        description: "Of each channel, in the order of `channels`; null: the policy of that moment doesn't name it",
      }),
    }),
  ),
  known: Known,
}).annotate({ identifier: "LatelyOfSku", description: "A SKU as it changed: each point holds until the next" })

/** Why a channel could sell so much of a SKU. */
export const WhyOfSku = Schema.Struct({
  sku: SkuField,
  channel: SenderField,
  atMs: CountField,
  ats: CountField,
  version: CountField,
  changedAtMs: CountField,
  sentences: Schema.Array(Schema.String),
  steps: Schema.Array(
    Schema.Struct({
      partition: CountField,
      seq: CountField,
      place: CountField,
      atMs: CountField,
      brokerMs: Schema.NullOr(CountField),
      sender: Schema.NullOr(Schema.String),
      onBehalf: Schema.NullOr(Schema.String),
      id: Schema.NullOr(Schema.String),
      type: Schema.String,
      outcome: Schema.String,
      reason: Schema.NullOr(Schema.String),
      ats: Schema.NullOr(Schema.Struct({ before: CountField, after: CountField })),
      said: Schema.String,
    }),
  ),
  earlier: CountField,
  before: Schema.NullOr(Schema.String).annotate({ description: "How to ask for the steps before these; null: there are none" }),
  known: Known,
}).annotate({
  identifier: "WhyOfSku",
  description: "The number in plain sentences, and the commands that led to it, refused ones too: the last of them, in their order",
})

const cursor = Schema.NullOr(Schema.String).annotate({ description: "`cursor` of the next page; null: this was the last" })

/** Values of several SKUs. */
export const AtsOfSome = Schema.Struct({
  values: Schema.Array(AtsValueJson),
  notSold: Schema.Array(SkuField).annotate({ description: "SKUs that the channel doesn't sell" }),
  unanswered: Schema.Array(SkuField).annotate({ description: "SKUs whose owner did not answer in time: ask again" }),
  next: cursor,
}).annotate({ identifier: "AtsValues", description: "What the channel may sell now of each SKU" })

/** What lies in quarantine. */
export const QuarantinePage = Schema.Struct({
  kind: Schema.Literals(["sku", "order"]),
  partition: CountField,
  quarantined: Schema.Array(
    Schema.Struct({
      quarantined: Schema.String,
      sender: AnySenderField,
      onBehalf: Schema.optionalKey(Schema.String),
      class: ClassField,
      cause: Schema.String,
      atMs: CountField,
      command: Schema.Record(Schema.String, Schema.Unknown),
    }),
  ),
  next: cursor,
}).annotate({
  identifier: "Quarantine",
  description:
    "Commands that nobody could decide, oldest first within a partition. ReplayQuarantined and DropQuarantined settle one about a SKU, ReplayOrderCommand and DropOrderCommand one about an order",
})
