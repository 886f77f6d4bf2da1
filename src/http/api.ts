/**
 * The gateway's interface as one declaration: every address with what it takes and gives. Routes, docs/openapi.json and the reference page are made from it.
 *
 * What is done at an address is said in the handlers. A command has an address because its kind declares it: nothing is listed twice.
 */
import { Context, Schema } from "effect"
import { HttpApi, HttpApiEndpoint, HttpApiGroup, HttpApiMiddleware, HttpApiSchema, HttpApiSecurity, OpenApi } from "effect/http-api"
import { CommandIdField, OrderField, ReservationNameField, SenderField, SkuField } from "../domain/fields.ts"
import { Kind } from "../domain/kinds.ts"
import type { CommandClass } from "../domain/names.ts"
import { httpSkusMax, httpWaitMs, httpWaitMsMax, latelyMinutes, latelyMinutesMax, ticketCharsMax } from "../limits.ts"
import { AtsValueJson } from "../wire/feed.ts"
import {
  AcceptedOrder,
  AcceptedSku,
  AtsOfSome,
  bodyOf,
  ClusterStanding,
  LatelyOfSku,
  ManyAnswers,
  ManyBody,
  type OfferedCommand,
  Order,
  offered,
  PolicyStanding,
  problemOf,
  QuarantinePage,
  Reservation,
  Stock,
  ToldOfSku,
  Undecided,
  WhyOfSku,
} from "./bodies.ts"
import { problemMediaType } from "./problems.ts"

/** Whose key a request was sent with. */
export interface Caller {
  readonly sender: string
  readonly scopes: ReadonlyArray<CommandClass>
  readonly keyId: string
}
/** The caller, for whoever answers. */
export class CurrentCaller extends Context.Service<CurrentCaller, Caller>()("holdfast/http/CurrentCaller") {}

/** Lets in who shows a key that holds, and no more often than its sender may. */
export class Keyed extends HttpApiMiddleware.Service<Keyed, { provides: CurrentCaller }>()("holdfast/http/Keyed", {
  security: { key: HttpApiSecurity.bearer.pipe(HttpApiSecurity.annotate(OpenApi.Description, "An API key: `holdfast key add` makes one")) },
}) {}

/** Says what is wrong with an address or a header, as a problem. */
export class Explained extends HttpApiMiddleware.Service<Explained>()("holdfast/http/Explained") {}

const problem = (status: number) =>
  problemOf(status).pipe(HttpApiSchema.asJson({ contentType: problemMediaType }), HttpApiSchema.status(status))
/** Made once: a Schema of a name stands in the document once. */
const problemsBy = new Map<number, ReturnType<typeof problem>>()
const problems = (...statuses: ReadonlyArray<number>) =>
  statuses.map((status) => {
    const known = problemsBy.get(status) ?? problem(status)
    problemsBy.set(status, known)
    return known
  })

/** Of every address that takes a key. */
const keyed = [401, 403, 404, 405, 431, 429, 500, 503]
/** Of those that take a body beside that. */
const withBody = [400, 408, 413, 415, ...keyed]
/** Of commands beside that. */
const decided = [409, 422, ...withBody]

const undecided = Undecided.pipe(HttpApiSchema.status(202))

const Prefer = Schema.String.annotate({
  description: `\`wait=SECONDS\`: how long to wait for the answer before 202 is said; ${httpWaitMs / 1_000} if absent, at most ${httpWaitMsMax / 1_000}`,
})
const Traceparent = Schema.String.annotate({ description: "W3C trace context; it goes along to the decision" })
const waiting = { prefer: Schema.optionalKey(Prefer) }
const sending = { ...waiting, traceparent: Schema.optionalKey(Traceparent) }
const idempotent = {
  ...sending,
  "idempotency-key": Schema.optionalKey(
    CommandIdField.annotate({
      description: "The command's id. The same key with the same body is done once, and answered alike each time",
    }),
  ),
}

/** Said in the document for people; the schema of a class is a tag. */
const saying = (summary: string, description: string) => OpenApi.annotations({ summary, description })

const commandEndpoint = (command: OfferedCommand) => {
  const { spec, kind } = command
  return HttpApiEndpoint.post(spec.type, `/v1/commands/${spec.type}`, {
    payload: bodyOf(command),
    headers: idempotent,
    success: [kind === "sku" ? AcceptedSku : AcceptedOrder, undecided],
    error: problems(...decided),
    disableCodecs: true,
  }).annotateMerge(
    saying(
      spec.type,
      `${spec.summary}. Scope of the key: \`${spec.class}\`${spec.isFact ? ". A fact: it is never refused for what is believed about the stock" : ""}`,
    ),
  )
}

const [firstCommand, ...moreCommands] = offered.map(commandEndpoint)
if (firstCommand === undefined) throw new Error("there are commands")

/** One command, at the address of its type. */
const CommandsGroup = HttpApiGroup.make("commands")
  .add(firstCommand, ...moreCommands)
  .annotateMerge(
    OpenApi.annotations({ description: "What a sender asks for or tells, and what is decided. The same as over NATS: docs/PROTOCOL.md" }),
  )

/** Many commands at one address, and what became of one that had no answer in time. */
const AnswersGroup = HttpApiGroup.make("answers")
  .add(
    HttpApiEndpoint.post("many", "/v1/commands", {
      payload: ManyBody,
      headers: sending,
      success: ManyAnswers,
      error: problems(422, ...withBody),
      disableCodecs: true,
    }).annotateMerge(
      saying("Many commands", "Each with an answer of its own; those of one SKU are decided in the order in which they stand"),
    ),
    HttpApiEndpoint.get("ticket", "/v1/tickets/:ticket", {
      params: { ticket: Schema.String.check(Schema.isMinLength(1), Schema.isMaxLength(ticketCharsMax)) },
      headers: sending,
      success: [Schema.Union([AcceptedSku, AcceptedOrder]), undecided],
      error: problems(400, 409, 422, ...keyed),
    }).annotateMerge(
      saying(
        "What became of a command",
        "Where a 202 sends its sender: the same command is put to its owner again under the same id, so that it hears the one decision",
      ),
    ),
  )
  .annotateMerge(OpenApi.annotations({ description: "Many commands in a request, and what became of one that had no answer in time" }))

const skuParam = { sku: SkuField }
const cursor = Schema.optionalKey(
  Schema.String.check(Schema.isMinLength(1), Schema.isMaxLength(256)).annotate({ description: "`next` of the page before" }),
)

/** What stands now. */
const StandingGroup = HttpApiGroup.make("standing")
  .add(
    HttpApiEndpoint.get("ats", "/v1/ats", {
      query: {
        sku: Schema.optionalKey(Schema.Array(SkuField).check(Schema.isMinLength(1), Schema.isMaxLength(httpSkusMax))),
        cursor,
      },
      headers: waiting,
      success: AtsOfSome,
      error: problems(400, ...keyed),
    }).annotateMerge(
      saying(
        "Available to sell",
        "What the channel may sell now: of the SKUs that are named (`sku`, as often as there are), or of all in pages",
      ),
    ),
    HttpApiEndpoint.get("atsOfSku", "/v1/ats/:sku", {
      params: skuParam,
      headers: waiting,
      success: AtsValueJson,
      error: problems(400, 409, ...keyed),
    }).annotateMerge(saying("Available to sell of a SKU", "What the channel may sell of it now. Not a promise: Reserve is")),
    HttpApiEndpoint.get("stock", "/v1/skus/:sku/stock", {
      params: skuParam,
      headers: waiting,
      success: Stock,
      error: problems(400, ...keyed),
    }).annotateMerge(saying("Stock of a SKU", "For senders with one of the roles warehouse, merchandiser, operator, reader")),
    HttpApiEndpoint.get("told", "/v1/skus/:sku/feed", {
      params: skuParam,
      headers: waiting,
      success: ToldOfSku,
      error: problems(400, ...keyed),
    }).annotateMerge(
      saying(
        "What the feed told of a SKU",
        "What each channel was told last, and how late: for people who compare it with the stock. For senders with one of the roles warehouse, merchandiser, operator, reader",
      ),
    ),
    HttpApiEndpoint.get("why", "/v1/skus/:sku/why", {
      params: skuParam,
      query: {
        channel: SenderField,
        at: Schema.optionalKey(
          Schema.String.check(Schema.isPattern(/^[0-9]{1,15}$/)).annotate({ description: "Milliseconds since 1970; now if absent" }),
        ),
        before: Schema.optionalKey(
          Schema.String.check(Schema.isMinLength(1), Schema.isMaxLength(32)).annotate({ description: "`before` of the answer before" }),
        ),
      },
      headers: waiting,
      success: WhyOfSku,
      error: problems(400, ...keyed),
    }).annotateMerge(
      saying(
        "Why a channel may sell so much",
        "The terms of the number in sentences, and the chain of commands that led to it. At a gateway that can ask the past: the one inside `npm start`, or one that is told where the tables are. For senders with one of the roles warehouse, merchandiser, operator, reader",
      ),
    ),
    HttpApiEndpoint.get("lately", "/v1/skus/:sku/past", {
      params: skuParam,
      query: {
        minutes: Schema.optionalKey(
          Schema.String.check(Schema.isPattern(/^(?:[1-9][0-9]{0,2}|1[0-3][0-9]{2}|14[0-3][0-9]|1440)$/)).annotate({
            description: `How many minutes back, 1 to ${latelyMinutesMax}; ${latelyMinutes} if absent`,
          }),
        ),
      },
      headers: waiting,
      success: LatelyOfSku,
      error: problems(400, ...keyed),
    }).annotateMerge(
      saying(
        "How a SKU stood lately",
        "Its units, and what each channel might sell, as they changed over the last minutes. At a gateway that is told where the tables are, and that of `npm start`. For senders with one of the roles warehouse, merchandiser, operator, reader",
      ),
    ),
    HttpApiEndpoint.get("policy", "/v1/skus/:sku/policy", {
      params: skuParam,
      headers: waiting,
      success: PolicyStanding,
      error: problems(400, ...keyed),
    }).annotateMerge(saying("Policy of a SKU", "For senders with one of the roles warehouse, merchandiser, operator, reader")),
    HttpApiEndpoint.get("reservation", "/v1/skus/:sku/reservations/:reservation", {
      params: { ...skuParam, reservation: ReservationNameField },
      headers: waiting,
      success: Reservation,
      error: problems(400, ...keyed),
    }).annotateMerge(saying("A reservation", "Of the asking channel")),
    HttpApiEndpoint.get("order", "/v1/orders/:order", {
      params: { order: OrderField },
      query: { channel: Schema.optionalKey(SenderField) },
      headers: waiting,
      success: Order,
      error: problems(400, ...keyed),
    }).annotateMerge(saying("An order", "Of the asking channel; of the one named in `channel`, for the role operator")),
    HttpApiEndpoint.get("cluster", "/v1/cluster", {
      headers: waiting,
      success: ClusterStanding,
      error: problems(400, ...keyed),
    }).annotateMerge(saying("Who owns what", "For senders with one of the roles operator, reader")),
  )
  .annotateMerge(OpenApi.annotations({ description: "What stands now, as of a journaled record" }))

/** Where the feed is followed. */
const EventsGroup = HttpApiGroup.make("events")
  .add(
    HttpApiEndpoint.get("atsEvents", "/v1/events/ats", {
      query: { sku: Schema.optionalKey(Schema.Array(SkuField).check(Schema.isMinLength(1), Schema.isMaxLength(httpSkusMax))) },
      headers: {
        "last-event-id": Schema.optionalKey(
          Schema.String.annotate({ description: "The `id` of the last event that was read: what came after it follows" }),
        ),
      },
      success: Schema.String.pipe(HttpApiSchema.asText({ contentType: "text/event-stream" })),
      error: problems(400, ...keyed),
    }).annotateMerge(
      saying(
        "Follow what is available to sell",
        "Server-sent events: `current` begins the current values and `live` ends them, `ats` is a value (accept only rising versions of each SKU). Whoever comes back with `Last-Event-ID` hears what came after it, or, where that is no longer known, all current values again",
      ),
    ),
  )
  .annotateMerge(OpenApi.annotations({ description: "The feed of a channel" }))

/** What nobody could decide. */
const QuarantineGroup = HttpApiGroup.make("quarantine")
  .add(
    HttpApiEndpoint.get("quarantine", "/v1/quarantine", {
      query: { kind: Schema.optionalKey(Schema.Literals(Kind)), cursor },
      headers: waiting,
      success: QuarantinePage,
      error: problems(400, ...keyed),
    }).annotateMerge(saying("What lies in quarantine", "For the role operator, in pages: one partition after the other")),
  )
  .annotateMerge(
    OpenApi.annotations({
      description:
        "Commands that nobody could decide. Those about SKUs are settled with ReplayQuarantined and DropQuarantined, those about orders with ReplayOrderCommand and DropOrderCommand",
    }),
  )

const said = Schema.Struct({ live: Schema.Literal(true) }).annotate({ identifier: "Live" })
const ReadyFields = { ready: Schema.Boolean, missing: Schema.Array(Schema.String) }
const ready = Schema.Struct(ReadyFields).annotate({ identifier: "Ready" })

/** For whoever runs the gateway: without a key. */
const HealthGroup = HttpApiGroup.make("health")
  .add(
    HttpApiEndpoint.get("live", "/live", { success: said, error: problems(405) }).annotateMerge(saying("Whether the process is there", "")),
    HttpApiEndpoint.get("ready", "/ready", {
      success: ready,
      error: [...problems(405), Schema.Struct(ReadyFields).annotate({ identifier: "NotReady" }).pipe(HttpApiSchema.status(503))],
    }).annotateMerge(saying("Whether requests can be answered", "503 names what is missing")),
  )
  .annotateMerge(OpenApi.annotations({ description: "For load balancers and orchestrators" }))

/** The whole interface. Queries over the projection join as a group of their own. */
export const GatewayApi = HttpApi.make("holdfast")
  .add(CommandsGroup.middleware(Keyed).middleware(Explained))
  .add(AnswersGroup.middleware(Keyed).middleware(Explained))
  .add(StandingGroup.middleware(Keyed).middleware(Explained))
  .add(EventsGroup.middleware(Keyed).middleware(Explained))
  .add(QuarantineGroup.middleware(Keyed).middleware(Explained))
  .add(HealthGroup)
  .annotate(HttpApi.ParseOptions, { onExcessProperty: "error" })
  .annotate(HttpApi.HeadersParseOptions, { onExcessProperty: "ignore" })
  .annotateMerge(
    OpenApi.annotations({
      title: "Holdfast",
      version: "1",
      description: "May this unit be sold? Every command and question of Holdfast over HTTP. docs/HTTP.md explains it.",
      license: { name: "Apache-2.0" },
    }),
  )
