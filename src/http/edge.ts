/**
 * What holds for every request, whatever is asked: an answer for what is at no address, for a method that an address doesn't take, and for a defect of ours; the headers that every answer has; how long it took, and whose trace it is.
 */
import { Cause, Clock, Effect, type Types } from "effect"
import { HttpRouter, HttpServerError, HttpServerRequest, HttpServerResponse } from "effect/http"
import { HttpApi } from "effect/http-api"
import { CurrentTrace, type RequestTraces } from "../ports/request-traces.ts"
import { GatewayApi } from "./api.ts"
import type { Gateway } from "./gateway.ts"
import { problemResponse } from "./problems.ts"
import { traceOf } from "./reading.ts"

type Response = HttpServerResponse.HttpServerResponse

/** An address of the interface or of a page, with the methods that it takes. */
interface Address {
  readonly route: string
  readonly pattern: RegExp
  readonly methods: ReadonlyArray<string>
}

const patternOf = (route: string): RegExp =>
  new RegExp(`^${route.replaceAll(/[.*+?^${}()|[\]\\]/g, "\\$&").replaceAll(/:[A-Za-z]+/g, "[^/]+")}/?$`)

/** Every address, the plainer before those with a name in them. */
const addressesOf = (pages: ReadonlyArray<string>): ReadonlyArray<Address> => {
  const methods = new Map<string, Set<string>>(pages.map((path) => [path, new Set(["GET", "HEAD"])]))
  HttpApi.reflect(GatewayApi, {
    onGroup: () => undefined,
    onEndpoint: ({ endpoint }) => {
      const known = methods.get(endpoint.path) ?? new Set()
      methods.set(endpoint.path, known.add(endpoint.method))
      if (endpoint.method === "GET") known.add("HEAD")
    },
  })
  return [...methods]
    .map(([route, known]) => ({ route, pattern: patternOf(route), methods: [...known] }))
    .sort((a, b) => Number(a.route.includes(":")) - Number(b.route.includes(":")))
}

const pathOf = (url: string): string => url.split("?", 1)[0] ?? url

const atNoRoute = (address: Address | undefined, method: string): Response => {
  // It takes the method: what stands for a name in its path can't be decoded, and so names nothing.
  if (address === undefined || address.methods.includes(method)) return problemResponse("NotFound")
  const allow = address.methods.join(", ")
  return problemResponse("MethodNotAllowed", { detail: `it takes ${allow}` }, { allow })
}

const isNoRoute = (error: unknown): boolean => HttpServerError.isHttpServerError(error) && error.reason._tag === "RouteNotFound"

const defect = (cause: Cause.Cause<unknown>): Effect.Effect<Response> =>
  Effect.as(Effect.logError("the gateway has a defect", Cause.pretty(cause)), problemResponse("Defect"))

/** Nothing of an answer is a script, a style or a frame, unless its page says so itself. */
const everywhere = {
  "x-content-type-options": "nosniff",
  "referrer-policy": "no-referrer",
  "cross-origin-resource-policy": "same-origin",
}
const answerPolicy = "default-src 'none'; frame-ancestors 'none'"

const withHeaders = (response: Response): Response =>
  HttpServerResponse.setHeaders(response, {
    ...everywhere,
    "content-security-policy": response.headers["content-security-policy"] ?? answerPolicy,
  })

/** Addresses whose requests are traced: what is asked of a gateway about itself, and its pages, are nobody's commands or questions. */
const tracedPrefix = "/v1/"

/** The request's trace, where one is kept. */
const tracedAs = (traces: RequestTraces | undefined, address: Address | undefined, request: HttpServerRequest.HttpServerRequest) =>
  traces === undefined || address === undefined || !address.route.startsWith(tracedPrefix)
    ? undefined
    : traces.begin(address.route, request.method, traceOf(request))

/** Around every request. */
export const edgeLayer = ({ meter, traces }: Pick<Gateway, "meter" | "traces">, pages: ReadonlyArray<string>) => {
  const addresses = addressesOf(pages)
  // It leaves no error unanswered; the router wants whoever is around everything to say that it may.
  const around = (
    handle: Effect.Effect<Response, Types.unhandled>,
  ): Effect.Effect<Response, Types.unhandled, HttpServerRequest.HttpServerRequest> =>
    Effect.gen(function* () {
      const request = yield* HttpServerRequest.HttpServerRequest
      const beganMs = yield* Clock.currentTimeMillis
      const path = pathOf(request.url)
      const address = addresses.find(({ pattern }) => pattern.test(path))
      const traced = tracedAs(traces, address, request)
      const handled = traced === undefined ? handle : Effect.provideService(handle, CurrentTrace, traced.traceparent)
      const response = yield* handled.pipe(
        Effect.catchCause((cause) => {
          if (Cause.hasInterruptsOnly(cause)) {
            traced?.ended(null)
            return Effect.interrupt
          }
          return isNoRoute(Cause.squash(cause)) ? Effect.succeed(atNoRoute(address, request.method)) : defect(cause)
        }),
        Effect.map(withHeaders),
      )
      const tookMs = (yield* Clock.currentTimeMillis) - beganMs
      traced?.ended(response.status)
      meter.answered(address?.route ?? "none", request.method, response.status, tookMs / 1_000)
      return response
    })
  return HttpRouter.use((router) => router.addGlobalMiddleware(around))
}
