/**
 * What holds for every request, whatever is asked: an answer for what is at no address, for a method that an address doesn't take, and for a defect of ours; the headers that every answer has; and how long it took.
 */
import { Cause, Clock, Effect, type Types } from "effect"
import { HttpRouter, HttpServerError, HttpServerRequest, HttpServerResponse } from "effect/http"
import { HttpApi } from "effect/http-api"
import type { HttpMeter } from "../ports/http-meter.ts"
import { GatewayApi } from "./api.ts"
import { problemResponse } from "./problems.ts"

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

const atNoRoute = (address: Address | undefined): Response => {
  if (address === undefined) return problemResponse("NotFound")
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

/** Around every request. */
export const edgeLayer = (meter: HttpMeter["Service"], pages: ReadonlyArray<string>) => {
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
      const response = yield* handle.pipe(
        Effect.catchCause((cause) => {
          if (Cause.hasInterruptsOnly(cause)) return Effect.interrupt
          return isNoRoute(Cause.squash(cause)) ? Effect.succeed(atNoRoute(address)) : defect(cause)
        }),
        Effect.map(withHeaders),
      )
      const tookMs = (yield* Clock.currentTimeMillis) - beganMs
      meter.answered(address?.route ?? "none", request.method, response.status, tookMs / 1_000)
      return response
    })
  return HttpRouter.use((router) => router.addGlobalMiddleware(around))
}
