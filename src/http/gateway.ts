/**
 * What all answers of a gateway are made with, and the way of one request to its sender: whose key it is, what the key may, how often, and then that sender's own connection.
 *
 * A gateway decides nothing about stock and keeps nothing of a request: as many run as are wanted, and any of them answers what another was asked.
 */
import { Clock, Effect, type Scope } from "effect"
import type { HttpServerResponse } from "effect/http"
import { unreachable } from "../assert.ts"
import type { CommandClass } from "../domain/names.ts"
import type { AnswerUnknown, BrokerUnavailable, NotPermitted } from "../ports/errors.ts"
import type { HttpMeter, TurnedAway } from "../ports/http-meter.ts"
import type { RequestTraces } from "../ports/request-traces.ts"
import type { ActingSender, Senders } from "../ports/senders.ts"
import type { Caller } from "./api.ts"
import type { KeyRing } from "./key-ring.ts"
import type { PastTeller } from "./past.ts"
import { problemResponse, retryAfterOf } from "./problems.ts"
import type { SenderRates } from "./rates.ts"

type Response = HttpServerResponse.HttpServerResponse

/** What a gateway is put together from. */
export interface Gateway {
  readonly senders: Senders["Service"]
  readonly keys: KeyRing
  readonly rates: SenderRates
  readonly meter: HttpMeter["Service"]
  /** Who keeps traces of requests; absent: nobody. */
  readonly traces?: RequestTraces
  /** Who tells the past; absent: this gateway can ask neither tables nor journals. */
  readonly past?: PastTeller
  /** Milliseconds within which a body must have come; as usual if absent. */
  readonly bodyMs?: number
}

const bearer = { "www-authenticate": 'Bearer realm="holdfast"' }

const turnedAway = ({ meter }: Gateway, why: TurnedAway, headers: Readonly<Record<string, string>> = {}): Response => {
  meter.turnedAway(why)
  return problemResponse(why, {}, headers)
}

/** Whose key that is, or the answer to whoever shows none that holds. */
export const callerOf = (gateway: Gateway, shown: string): Effect.Effect<Caller, Response> =>
  Effect.gen(function* () {
    const nowMs = yield* Clock.currentTimeMillis
    if (shown === "") return yield* Effect.fail(turnedAway(gateway, "KeyMissing", bearer))
    const found = yield* Effect.promise(() => gateway.keys.shown(shown, nowMs))
    switch (found._tag) {
      case "Unknown":
        return yield* Effect.fail(turnedAway(gateway, "KeyUnknown", bearer))
      case "Revoked":
        return yield* Effect.fail(turnedAway(gateway, "KeyRevoked", bearer))
      case "Valid": {
        const { sender, scopes, id } = found.key
        return { sender, scopes, keyId: id }
      }
      default:
        return unreachable(found)
    }
  })

/** Takes so many requests of the sender's rate, or says when there is room again. */
export const spend = (gateway: Gateway, { sender }: Caller, requests: number): Effect.Effect<void, Response> =>
  Effect.flatMap(Clock.currentTimeMillis, (nowMs) => {
    const waitMs = gateway.rates.spend(sender, requests, nowMs)
    return waitMs === 0 ? Effect.void : Effect.fail(turnedAway(gateway, "TooManyRequests", { "retry-after": retryAfterOf(waitMs) }))
  })

/** Whether a key may send commands of a class. */
export const mayConvey = ({ scopes }: Caller, commandClass: CommandClass): boolean => scopes.includes(commandClass)

/** The answer to a key without that scope. */
export const noScope = (gateway: Gateway, { scopes }: Caller, commandClass: CommandClass): Response => {
  gateway.meter.turnedAway("KeyScope")
  return problemResponse("KeyScope", {
    detail: `the key may send commands of ${scopes.length === 0 ? "no class" : `the classes ${scopes.join(", ")}`}, and this one is of ${commandClass}: use a key with that scope`,
  })
}

/** Milliseconds after which it is worth asking anew where the cluster could not be reached. */
const againMs = 1_000
const later = { "retry-after": retryAfterOf(againMs) }

/** The sender of a key, connected. */
export const actingFor = ({ senders }: Gateway, { sender }: Caller): Effect.Effect<ActingSender, Response, Scope.Scope> =>
  senders.as(sender).pipe(
    Effect.mapError((failure: NotPermitted | BrokerUnavailable) =>
      failure._tag === "NotPermitted"
        ? problemResponse("NotAllowed", { detail: failure.message })
        : problemResponse("Unreachable", { detail: `${failure.cause}; /ready says what is missing` }, later),
    ),
    Effect.filterOrFail(
      (acting) => acting !== undefined,
      () => problemResponse("NoLogin"),
    ),
  )

/** The answer to a question that nobody answered, or that the sender may not ask. */
export const unanswered = (failure: AnswerUnknown | NotPermitted): Response =>
  failure._tag === "NotPermitted"
    ? problemResponse("NotAllowed", { detail: failure.message })
    : problemResponse("NoAnswer", { detail: failure.cause }, later)

/** What is answered where an effect failed with its answer. */
export const answered = <R>(made: Effect.Effect<Response, Response, R>): Effect.Effect<Response, never, R> =>
  Effect.catch(made, (response) => Effect.succeed(response))
