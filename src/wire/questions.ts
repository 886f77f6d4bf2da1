/**
 * Questions and their answers, version 1. A question is a subject, `hf.get.<sender>.<path>`, and for some a JSON body; every worker hears it,
 * and whoever owns what is asked about answers.
 *
 * Answers show journaled state only, each with the record it is as of. Paging is by place: `next` of one page is `after` of the next.
 */
import { Schema } from "effect"
import {
  AllocationsField,
  CommandIdField,
  CountField,
  LocationField,
  OrderField,
  ReservationNameField,
  SenderField,
  SkuField,
} from "../domain/fields.ts"
import { forEachKind, isKind, type Kind } from "../domain/kinds.ts"
import { type ReservationId, type SenderId, type Sku, skuFromToken } from "../domain/names.ts"
import type { OrderId } from "../domain/order/names.ts"
import { OrderEnding, OrderFill, OrderPhase } from "../domain/order/order.ts"
import { orderRoles, quarantineRoles, type Role, stockRoles, workersRoles } from "../domain/roles.ts"
import { PolicyField } from "../domain/sku/policy.ts"
import { ReservationStatus } from "../domain/sku/stock.ts"
import { questionBytesMax } from "../limits.ts"
import { skuCommands } from "./commands.ts"
import { AtsValueJson } from "./feed.ts"
import { ClassField, decoderOf, strictDecoderOf } from "./fields.ts"
import { AnySenderField } from "./internal-fields.ts"
import { parseStrictJson } from "./json.ts"
import { orderCommands } from "./order-commands.ts"
import { isOrderId } from "./order-fields.ts"

/** Values of one page of ATS, if not asked otherwise and at most: a page of the longest fits a message. */
export const atsPageDefault = 500
export const atsPageMax = 1_000
/** Commands of one page of quarantine, if not asked otherwise and at most: a page of the largest policies fits a message. */
export const quarantinePageDefault = 10
export const quarantinePageMax = 12

/** The body of a question that is answered in pages; an empty body asks for the first. */
export const PageJson = Schema.Struct({
  v: Schema.Literal(1),
  partition: Schema.optionalKey(CountField),
  after: Schema.optionalKey(CountField),
  limit: Schema.optionalKey(CountField.check(Schema.isGreaterThanOrEqualTo(1))),
}).annotate({
  identifier: "Page",
  description: "Which page: after is the next of the page before; partition is for ats, whose subject names none",
})

/** The body of a question about a reservation. */
export const AboutReservationJson = Schema.Struct({ v: Schema.Literal(1), reservation: ReservationNameField }).annotate({
  identifier: "AboutReservation",
  description: "Which of the asking channel's reservations of the SKU",
})

/** The body of a question about an order of another channel; an empty body asks about the asker's own. */
export const AboutOrderJson = Schema.Struct({ v: Schema.Literal(1), channel: SenderField }).annotate({
  identifier: "AboutOrder",
  description: "Whose order it is: an operator may ask about any channel's",
})

/** What asks how many partitions there are: a sender has to know that before it can ask anything of one. */
export const topologyPath = "topology"

/** The path of the question what lies in quarantine of one partition of a kind. Of all others that ask about an actor the first word says its kind. */
export const quarantinePath = (kind: Kind, partition: number): string => `quarantine.${kind}.${partition}`

/** A question as its subject and body ask it. */
export type Question =
  | { readonly question: "topology" }
  | { readonly question: "stock"; readonly sku: Sku }
  /** The asking channel's ATS of one SKU. */
  | { readonly question: "ats"; readonly sku: Sku }
  /** A reservation of the asking channel. */
  | { readonly question: "reservation"; readonly sku: Sku; readonly reservation: ReservationId }
  /** An order of that channel; null: of the one that asks. */
  | { readonly question: "order"; readonly order: OrderId; readonly channel: SenderId | null }
  /** All of the asking channel's ATS in one partition; without `partition`, in each, the first page. */
  | { readonly question: "atsPage"; readonly partition: number | null; readonly after: number; readonly limit: number }
  | { readonly question: "workers" }
  | { readonly question: "quarantine"; readonly kind: Kind; readonly partition: number; readonly after: number; readonly limit: number }
  /** `field`: what of it is at fault. */
  | { readonly question: "invalid"; readonly field: string }

/** The roles of which `asker` needs one to ask that; null: whoever asks hears of its own things alone. */
export const rolesToAsk = (asked: Question, asker: SenderId): ReadonlyArray<Role> | null => {
  switch (asked.question) {
    case "stock":
      return stockRoles
    case "workers":
      return workersRoles
    case "quarantine":
      return quarantineRoles
    case "topology":
    case "ats":
    case "atsPage":
    case "reservation":
    case "invalid":
      return null
    case "order":
      return asked.channel === null || asked.channel === asker ? null : orderRoles
  }
}

const invalid = (field: string): Question => ({ question: "invalid", field })

/** The question that a path (the tokens after the sender) and a body ask. */
export const parseQuestion = (path: ReadonlyArray<string>, body: Uint8Array): Question => {
  const [about, token, ...more] = path
  if (more.length > (about === "quarantine" ? 1 : 0)) return invalid("path")
  if (body.length > questionBytesMax) return invalid("body")
  switch (about) {
    case "stock":
    case "ats": {
      if (about === "ats" && token === undefined) return pageQuestion(body, atsPageDefault, atsPageMax, atsPage)
      const sku = token === undefined ? undefined : skuFromToken(token)
      return sku === undefined ? invalid("path") : bodiless(body, { question: about, sku })
    }
    case "order": {
      const order = token === undefined ? undefined : skuFromToken(token)
      return order === undefined || !isOrderId(order) ? invalid("path") : orderQuestion(order, body)
    }
    case "reservation": {
      const sku = token === undefined ? undefined : skuFromToken(token)
      return sku === undefined ? invalid("path") : reservationQuestion(sku, body)
    }
    case topologyPath:
    case "workers":
      return token === undefined ? bodiless(body, { question: about }) : invalid("path")
    case "quarantine": {
      const [number] = more
      if (token === undefined || !isKind(token) || number === undefined || !/^(?:0|[1-9][0-9]{0,5})$/.test(number)) return invalid("path")
      const of = Number(number)
      return pageQuestion(body, quarantinePageDefault, quarantinePageMax, ({ partition, after, limit }) =>
        partition === null || partition === of
          ? { question: "quarantine", kind: token, partition: of, after, limit }
          : invalid("partition"),
      )
    }
    default:
      return invalid("path")
  }
}

/** A question that its subject asks whole: whoever says more would not be heard. */
const bodiless = (body: Uint8Array, question: Question): Question => (body.length === 0 ? question : invalid("body"))

const decodeAboutOrder = strictDecoderOf(AboutOrderJson)

const orderQuestion = (order: OrderId, body: Uint8Array): Question => {
  if (body.length === 0) return { question: "order", order, channel: null }
  const parsed = parseStrictJson(body)
  if (parsed._tag === "Refused") return invalid("body")
  const decoded = decodeAboutOrder(parsed.value)
  if (decoded._tag === "Invalid") return invalid(decoded.path || "body")
  return { question: "order", order, channel: decoded.value.channel }
}

const decodeAboutReservation = strictDecoderOf(AboutReservationJson)

const reservationQuestion = (sku: Sku, body: Uint8Array): Question => {
  const parsed = parseStrictJson(body)
  if (parsed._tag === "Refused") return invalid("body")
  const decoded = decodeAboutReservation(parsed.value)
  if (decoded._tag === "Invalid") return invalid(decoded.path || "body")
  return { question: "reservation", sku, reservation: decoded.value.reservation }
}

interface Page {
  readonly partition: number | null
  readonly after: number
  readonly limit: number
}
const atsPage = (page: Page): Question => ({ question: "atsPage", ...page })

const decodePage = strictDecoderOf(PageJson)

/** A limit above the largest is lowered to it: whoever asks for all gets as much as there may be. */
const pageQuestion = (body: Uint8Array, limitDefault: number, limitMax: number, ask: (page: Page) => Question): Question => {
  if (body.length === 0) return ask({ partition: null, after: 0, limit: limitDefault })
  const parsed = parseStrictJson(body)
  if (parsed._tag === "Refused") return invalid("body")
  const decoded = decodePage(parsed.value)
  if (decoded._tag === "Invalid") return invalid(decoded.path || "body")
  const { partition, after, limit } = decoded.value
  return ask({ partition: partition ?? null, after: after ?? 0, limit: Math.min(limit ?? limitDefault, limitMax) })
}

const v = Schema.Literal(1)
/** The record an answer is as of. */
const asOf = { partition: CountField, seq: CountField, epoch: CountField }

const LocationStockJson = Schema.Struct({
  location: LocationField,
  onHand: Schema.Int,
  damaged: Schema.Int,
  inspection: Schema.Int,
  reserved: Schema.Int,
  exposed: Schema.Int,
  safety: Schema.Int,
  short: Schema.Int,
  available: Schema.Int,
})

/** The answer to `stock`. */
export const StockAnswerJson = Schema.Struct({
  v,
  answer: Schema.Literal("stock"),
  sku: SkuField,
  ...asOf,
  atMs: CountField,
  locations: Schema.Array(LocationStockJson),
  offered: CountField,
  ats: Schema.Array(Schema.Struct({ channel: SenderField, ats: CountField })),
  shortQty: CountField,
  shortages: Schema.Array(
    Schema.Struct({ channel: SenderField, reservation: ReservationNameField, qty: CountField, at: Schema.NullOr(LocationField) }),
  ),
  openReservations: CountField,
  policy: Schema.NullOr(PolicyField),
}).annotate({
  identifier: "StockAnswer",
  description:
    "Stock of a SKU by location, what each channel may sell of it, and what was sold and is not there: shortages are the oldest of them",
})

/** The same where nobody has told anything about the SKU. */
export const UnknownSkuAnswerJson = Schema.Struct({ v, answer: Schema.Literal("unknownSku"), sku: SkuField, ...asOf }).annotate({
  identifier: "UnknownSkuAnswer",
  description: "Nobody has told anything about this SKU yet",
})

/** The answer to `reservation`. */
export const ReservationAnswerJson = Schema.Struct({
  v,
  answer: Schema.Literal("reservation"),
  sku: SkuField,
  ...asOf,
  atMs: CountField,
  reservation: ReservationNameField,
  status: Schema.Literals(ReservationStatus),
  allocations: AllocationsField,
  shortQty: CountField,
  expiresAtMs: Schema.NullOr(CountField),
  endedAtMs: Schema.NullOr(CountField),
}).annotate({
  identifier: "ReservationAnswer",
  description:
    "A reservation of the asking channel: its open units by location, those it is short of, when it expires if it is held, when it ended if it has",
})

/** The same where the channel has no such reservation. */
export const UnknownReservationAnswerJson = Schema.Struct({
  v,
  answer: Schema.Literal("unknownReservation"),
  sku: SkuField,
  ...asOf,
  reservation: ReservationNameField,
}).annotate({
  identifier: "UnknownReservationAnswer",
  description: "The asking channel has no such reservation of this SKU, or it ended so long ago that it is forgotten",
})

/** The answer to `order`. */
export const OrderStandingAnswerJson = Schema.Struct({
  v,
  answer: Schema.Literal("order"),
  channel: SenderField,
  order: OrderField,
  ...asOf,
  atMs: CountField,
  phase: Schema.Literals(OrderPhase),
  ending: Schema.NullOr(Schema.Literals(OrderEnding)),
  fill: Schema.Literals(OrderFill),
  expiresAtMs: Schema.NullOr(CountField),
  owes: Schema.NullOr(Schema.Struct({ type: Schema.String, id: CommandIdField })),
  lines: Schema.Array(
    Schema.Struct({
      sku: SkuField,
      qty: CountField,
      minQty: Schema.optionalKey(CountField),
      openQty: CountField,
      confirmed: Schema.optionalKey(Schema.Literal(true)),
      releasedQty: Schema.optionalKey(CountField),
      fulfilledQty: Schema.optionalKey(CountField),
      lostQty: Schema.optionalKey(CountField),
      beyondQty: Schema.optionalKey(CountField),
      asked: Schema.optionalKey(Schema.String),
      reason: Schema.optionalKey(Schema.String),
      ats: Schema.optionalKey(Schema.Int),
    }),
  ),
}).annotate({
  identifier: "OrderStandingAnswer",
  description:
    "An order of a channel as it stands: its phase, how it ended if it has, until when it is held, which command's answer it owes, and of each line what is open and what became of the rest",
})

/** The same where the channel has no such order. */
export const UnknownOrderAnswerJson = Schema.Struct({
  v,
  answer: Schema.Literal("unknownOrder"),
  channel: SenderField,
  order: OrderField,
  ...asOf,
}).annotate({
  identifier: "UnknownOrderAnswer",
  description: "The channel has no such order, or it ended so long ago that its lines are no longer kept",
})

/** The answer to `ats`: of one SKU, or a page. */
export const AtsAnswerJson = Schema.Struct({
  v,
  answer: Schema.Literal("ats"),
  ...asOf,
  values: Schema.Array(AtsValueJson),
  next: Schema.NullOr(CountField),
}).annotate({
  identifier: "AtsAnswer",
  description: "Current ATS of the asking channel; next is null on the partition's last page",
})

/** The answer to `topology`. */
export const TopologyAnswerJson = Schema.Struct({
  v,
  answer: Schema.Literal("topology"),
  partitions: Schema.Struct(forEachKind(() => CountField)),
}).annotate({ identifier: "TopologyAnswer", description: "How many partitions the cluster has of each kind of actor" })

/** What the owner of a partition counted of it a moment ago. */
const FiguresJson = Schema.Struct({
  waiting: Schema.NullOr(Schema.Struct({ count: CountField, oldestAgeMs: CountField })),
  quarantined: CountField,
  openHolds: CountField,
  shortQty: Schema.NullOr(CountField),
  short: Schema.Array(Schema.Struct({ sku: SkuField, qty: CountField })),
  memory: Schema.Array(Schema.Struct({ sender: SenderField, perMille: CountField })),
})

/** The answer of each worker to `workers`. */
export const WorkerAnswerJson = Schema.Struct({
  v,
  answer: Schema.Literal("worker"),
  worker: Schema.String,
  ready: Schema.Boolean,
  state: Schema.String,
  members: Schema.Array(Schema.String),
  partitions: Schema.Array(
    Schema.Struct({
      kind: Schema.optionalKey(Schema.String),
      partition: CountField,
      role: Schema.String,
      phase: Schema.String,
      epoch: CountField,
      confirmedSeq: CountField,
      endSeq: Schema.optionalKey(Schema.NullOr(CountField)),
      caughtUp: Schema.optionalKey(Schema.Boolean),
      loading: Schema.optionalKey(Schema.NullOr(Schema.Struct({ chunks: CountField, of: CountField }))),
      underWay: Schema.optionalKey(Schema.NullOr(Schema.Struct({ count: CountField, oldestSeconds: CountField }))),
      figures: Schema.optionalKey(Schema.NullOr(FiguresJson)),
      holder: Schema.NullOr(Schema.String),
      halt: Schema.NullOr(Schema.String),
    }),
  ),
}).annotate({ identifier: "WorkerAnswer", description: "What one worker says about itself; each worker answers for itself" })

/** What is told of a quarantined command beside the command itself. The sender of one that an actor of ours carried is a partition; `onBehalf` says which channel's it is. */
const quarantinedFields = {
  quarantined: Schema.String,
  sender: AnySenderField,
  onBehalf: Schema.optionalKey(SenderField),
  class: ClassField,
  cause: Schema.String,
  atMs: CountField,
}

/** The answer to `quarantine` of a partition of SKUs. */
export const QuarantineAnswerJson = Schema.Struct({
  v,
  answer: Schema.Literal("quarantine"),
  ...asOf,
  quarantined: Schema.Array(Schema.Struct({ ...quarantinedFields, command: skuCommands.journaled })),
  next: Schema.NullOr(CountField),
}).annotate({ identifier: "QuarantineAnswer", description: "Commands about SKUs that nobody could decide, oldest first" })

/** The answer to `quarantine` of a partition of orders. */
export const OrderQuarantineAnswerJson = Schema.Struct({
  v,
  answer: Schema.Literal("orderQuarantine"),
  ...asOf,
  quarantined: Schema.Array(Schema.Struct({ ...quarantinedFields, command: orderCommands.journaled })),
  next: Schema.NullOr(CountField),
}).annotate({ identifier: "OrderQuarantineAnswer", description: "The same of commands about orders" })

/** The answer to whoever may not ask that. */
export const NotAllowedAnswerJson = Schema.Struct({
  v,
  answer: Schema.Literal("notAllowed"),
  question: Schema.String,
  roles: Schema.Array(Schema.String),
}).annotate({ identifier: "NotAllowedAnswer", description: "The sender has none of the roles, of which one is needed to ask that" })

/** The answer to what is no question. */
export const InvalidAnswerJson = Schema.Struct({ v, answer: Schema.Literal("invalid"), field: Schema.String }).annotate({
  identifier: "InvalidAnswer",
  description: "The question was none",
})

const AnswerJson = Schema.Union([
  StockAnswerJson,
  UnknownSkuAnswerJson,
  ReservationAnswerJson,
  UnknownReservationAnswerJson,
  OrderStandingAnswerJson,
  UnknownOrderAnswerJson,
  AtsAnswerJson,
  TopologyAnswerJson,
  WorkerAnswerJson,
  QuarantineAnswerJson,
  OrderQuarantineAnswerJson,
  NotAllowedAnswerJson,
  InvalidAnswerJson,
])
type VersionedAnswer = typeof AnswerJson.Type

/** Any answer. */
export type QuestionAnswer = VersionedAnswer extends infer One ? (One extends VersionedAnswer ? Omit<One, "v"> : never) : never

/** An answer's bytes. */
export const encodeAnswer = (answer: QuestionAnswer): Uint8Array => Buffer.from(JSON.stringify({ v: 1, ...answer }), "utf8")

const decode = decoderOf(AnswerJson)

/** The answer of some bytes, or undefined if they are none. */
export const decodeAnswer = (bytes: Uint8Array): QuestionAnswer | undefined => {
  const json = decode(bytes)
  if (json === undefined) return undefined
  const { v: _, ...answer } = json
  return answer
}
