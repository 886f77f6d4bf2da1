/**
 * What is done at each address of the interface. Every handler answers with a response of its own making: what the interface declares is held to what is answered by tests and by a fuzzer.
 */
import { Effect, Layer, SchemaIssue, type Scope } from "effect"
import { type HttpServerRequest, HttpServerResponse } from "effect/http"
import { HttpApiBuilder, type HttpApiError, type HttpApiGroup, HttpApiMiddleware } from "effect/http-api"
import * as Redacted from "effect/Redacted"
import type { SenderId, Sku } from "../domain/names.ts"
import type { ActingSender } from "../ports/senders.ts"
import { type Caller, CurrentCaller, Explained, GatewayApi, Keyed } from "./api.ts"
import { offered } from "./bodies.ts"
import { askByTicket, sendMany, sendOne } from "./commands.ts"
import { actingFor, answered, callerOf, type Gateway, spend } from "./gateway.ts"
import { latelyOf, whyOf } from "./past.ts"
import { problemResponse } from "./problems.ts"
import { waitMsOf } from "./reading.ts"
import { atsOf, atsOfSome, atsPage, clusterOf, orderOf, policyOf, quarantinePage, reservationOf, stockOf } from "./standing.ts"
import { makeToldFeeds, toldOf } from "./told.ts"

type Response = HttpServerResponse.HttpServerResponse
type Request = HttpServerRequest.HttpServerRequest

/** An answer that is made for a caller, whether it is what was asked for or the reason why not. */
const forCaller = (
  make: (caller: Caller) => Effect.Effect<Response, Response, Scope.Scope>,
): Effect.Effect<Response, never, CurrentCaller> => Effect.flatMap(CurrentCaller, (caller) => answered(Effect.scoped(make(caller))))

/** The same of a question that is put to the cluster. */
const putting = (
  gateway: Gateway,
  request: Request,
  ask: (acting: ActingSender, waitMs: number, caller: Caller) => Effect.Effect<Response, Response>,
) => forCaller((caller) => Effect.flatMap(actingFor(gateway, caller), (acting) => ask(acting, waitMsOf(request), caller)))

/** What of a group's handlers is used for addresses that are known at run time alone. */
interface RawHandlers {
  readonly handleRaw: (
    address: string,
    handler: (asked: { readonly request: Request }) => Effect.Effect<Response, never, CurrentCaller>,
  ) => RawHandlers
}

const commandsLayer = (gateway: Gateway) => {
  const handleEach = (handlers: RawHandlers): RawHandlers =>
    offered.reduce(
      (before, command) =>
        before.handleRaw(command.spec.type, ({ request }) => forCaller((caller) => sendOne(gateway, caller, command, request))),
      handlers,
    )
  // The compiler knows of one address with the name of any: that each has its handler is seen by the test that asks at all of them.
  return HttpApiBuilder.group(GatewayApi, "commands", handleEach as never) as Layer.Layer<
    HttpApiGroup.Service<"holdfast", "commands">,
    never,
    Keyed | Explained
  >
}

const answersLayer = (gateway: Gateway) =>
  HttpApiBuilder.group(GatewayApi, "answers", (handlers) =>
    handlers
      .handleRaw("many", ({ request }) => forCaller((caller) => sendMany(gateway, caller, request)))
      .handleRaw("ticket", ({ request, params }) => forCaller((caller) => askByTicket(gateway, caller, params.ticket, request))),
  )

const standingLayer = (gateway: Gateway) =>
  HttpApiBuilder.group(
    GatewayApi,
    "standing",
    Effect.fnUntraced(function* (handlers) {
      const feeds = yield* makeToldFeeds(gateway.senders)
      return handlers
        .handleRaw("ats", ({ request, query: { sku, cursor } }) =>
          putting(gateway, request, (acting, waitMs, caller) => {
            if (sku === undefined) return atsPage(gateway, caller, acting, cursor, waitMs)
            return cursor === undefined
              ? atsOfSome(acting, sku, waitMs)
              : Effect.fail(
                  problemResponse("QueryInvalid", { field: "cursor", detail: "SKUs that are named come in one page: leave it out" }),
                )
          }),
        )
        .handleRaw("atsOfSku", ({ request, params }) => putting(gateway, request, (acting, waitMs) => atsOf(acting, params.sku, waitMs)))
        .handleRaw("stock", ({ request, params }) => putting(gateway, request, (acting, waitMs) => stockOf(acting, params.sku, waitMs)))
        .handleRaw("told", ({ request, params }) =>
          putting(gateway, request, (acting, waitMs) => toldOf(feeds, acting, params.sku, waitMs)),
        )
        .handleRaw("why", ({ request, params, query: { channel, at, before } }) =>
          putting(gateway, request, (acting, waitMs) =>
            whyOf(
              gateway.past,
              acting,
              { sku: params.sku as Sku, channel: channel as SenderId, atMs: at === undefined ? undefined : Number(at), before },
              waitMs,
            ),
          ),
        )
        .handleRaw("lately", ({ request, params, query: { minutes } }) =>
          putting(gateway, request, (acting, waitMs) =>
            latelyOf(
              gateway.past,
              acting,
              { sku: params.sku as Sku, minutes: minutes === undefined ? undefined : Number(minutes) },
              waitMs,
            ),
          ),
        )
        .handleRaw("policy", ({ request, params }) => putting(gateway, request, (acting, waitMs) => policyOf(acting, params.sku, waitMs)))
        .handleRaw("reservation", ({ request, params: { sku, reservation } }) =>
          putting(gateway, request, (acting, waitMs) => reservationOf(acting, sku, reservation, waitMs)),
        )
        .handleRaw("order", ({ request, params, query }) =>
          putting(gateway, request, (acting, waitMs) => orderOf(acting, params.order, query.channel, waitMs)),
        )
        .handleRaw("cluster", ({ request }) => putting(gateway, request, clusterOf))
    }),
  )

const quarantineLayer = (gateway: Gateway) =>
  HttpApiBuilder.group(GatewayApi, "quarantine", (handlers) =>
    handlers.handleRaw("quarantine", ({ request, query: { kind = "sku", cursor } }) =>
      putting(gateway, request, (acting, waitMs, caller) => quarantinePage(gateway, caller, acting, { kind, cursor, waitMs })),
    ),
  )

const keyedLayer = (gateway: Gateway) =>
  Layer.succeed(Keyed, {
    key: (handle, { credential }) =>
      callerOf(gateway, Redacted.value(credential)).pipe(
        Effect.tap((caller) => spend(gateway, caller, 1)),
        Effect.matchEffect({
          onFailure: (response) => Effect.succeed(response),
          onSuccess: (caller) => Effect.provideService(handle, CurrentCaller, caller),
        }),
      ),
  })

const issuesOf = SchemaIssue.makeFormatterStandardSchemaV1()

const explanation = (error: HttpApiError.HttpApiSchemaError): Response => {
  const [first] = issuesOf(error.cause.issue).issues
  const path = (first?.path ?? []).map((step) => String(typeof step === "object" ? step.key : step))
  const detail = { field: path.join("."), detail: first?.message ?? "it can't be read" }
  if (error.kind === "Headers") return problemResponse("HeaderInvalid", detail)
  return problemResponse(error.kind === "Params" ? "InvalidField" : "QueryInvalid", detail)
}

const explainedLayer = HttpApiMiddleware.layerSchemaErrorTransform(Explained, (error) => Effect.succeed(explanation(error)))

/** Whether requests can be answered, and what is missing. */
export interface Readiness {
  readonly ready: boolean
  readonly missing: ReadonlyArray<string>
}

const healthLayer = (readiness: Effect.Effect<Readiness>) =>
  HttpApiBuilder.group(GatewayApi, "health", (handlers) =>
    handlers
      .handleRaw("live", () => Effect.succeed(HttpServerResponse.text('{"live":true}', { contentType: "application/json" })))
      .handleRaw("ready", () =>
        Effect.map(readiness, (said) =>
          HttpServerResponse.text(JSON.stringify(said), { status: said.ready ? 200 : 503, contentType: "application/json" }),
        ),
      ),
  )

/** Everything that is answered at the addresses of the interface but the streams of events. */
export const handlersLayer = (gateway: Gateway, readiness: Effect.Effect<Readiness>) =>
  Layer.mergeAll(
    commandsLayer(gateway),
    answersLayer(gateway),
    standingLayer(gateway),
    quarantineLayer(gateway),
    healthLayer(readiness),
  ).pipe(Layer.provideMerge(Layer.merge(keyedLayer(gateway), explainedLayer)))
