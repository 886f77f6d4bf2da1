/**
 * How commands come in over HTTP: one at the address of its type, many at one, and one that is asked about again by its ticket.
 *
 * A command is taken apart only as far as its id, its time and its class need: what else is in it is read for its sender as the door reads it. The header `Idempotency-Key` is the command's id, so that a retry of a request is a
 * retry of the command.
 */
import { Clock, Effect } from "effect"
import { type HttpServerRequest, HttpServerResponse } from "effect/http"
import { httpBodyBytesMax, httpCommandBytesMax, httpCommandsMax } from "../limits.ts"
import { CurrentTrace } from "../ports/request-traces.ts"
import type { ActingSender } from "../ports/senders.ts"
import { type Answer, answerTo, answerToFailure, failed, responseOf, resultOf } from "./answering.ts"
import type { Caller } from "./api.ts"
import { type OfferedCommand, offeredOf } from "./bodies.ts"
import { actingFor, type Gateway, mayConvey, noScope, spend } from "./gateway.ts"
import { problemResponse } from "./problems.ts"
import { isObject, readJson, traceOf, waitMsOf } from "./reading.ts"
import { type Asked, askedBy } from "./tickets.ts"

type Response = HttpServerResponse.HttpServerResponse
type Request = HttpServerRequest.HttpServerRequest

const idHeader = "idempotency-key"

/** Sends one command, and waits as long as the client wants to. */
const sent = (gateway: Gateway, acting: ActingSender, asked: Asked, request: Request): Effect.Effect<Answer> => {
  const about = { ...asked, sender: acting.sender, seal: gateway.keys.seal }
  return CurrentTrace.pipe(
    Effect.flatMap((current) => {
      const traceparent = current ?? traceOf(request)
      const asking = { timeoutMs: waitMsOf(request), ...(traceparent === undefined ? {} : { traceparent }) }
      return acting.send(asked.kind, asked.command, asking)
    }),
    Effect.match({
      onSuccess: (heard) => answerTo(heard, about),
      onFailure: (failure) => answerToFailure(failure, about),
    }),
    Effect.tap(({ became }) => Effect.sync(() => gateway.meter.commandAnswered(became))),
  )
}

/** Fields that the address of a command says for its body. */
const saidByAddress = ["v", "type"]

const namedIn = (request: Request, json: Readonly<Record<string, unknown>>): Effect.Effect<unknown, Response> => {
  const key = request.headers[idHeader]
  if (key === undefined)
    return json.id === undefined
      ? Effect.fail(
          problemResponse("InvalidField", {
            field: "id",
            detail: "missing: say it in the header Idempotency-Key, or in the body as `id`. Nothing was taken",
          }),
        )
      : Effect.succeed(json.id)
  if (json.id !== undefined && json.id !== key)
    return Effect.fail(
      problemResponse("InvalidField", {
        field: "id",
        detail: "the header Idempotency-Key names another id: say one of both. Nothing was taken",
      }),
    )
  return Effect.succeed(key)
}

/** One command, at the address of its type. */
export const sendOne = (gateway: Gateway, caller: Caller, { spec, kind }: OfferedCommand, request: Request) =>
  Effect.gen(function* () {
    if (!mayConvey(caller, spec.class)) return yield* Effect.fail(noScope(gateway, caller, spec.class))
    const json = yield* readJson(request, httpCommandBytesMax, gateway.bodyMs)
    if (!isObject(json))
      return yield* Effect.fail(
        problemResponse("Malformed", { detail: "the body of one command is an object; many are sent as an array to /v1/commands" }),
      )
    const said = saidByAddress.find((name) => Object.hasOwn(json, name))
    if (said !== undefined)
      return yield* Effect.fail(
        problemResponse("InvalidField", { field: said, detail: "the address says it already: leave it out. Nothing was taken" }),
      )
    const id = yield* namedIn(request, json)
    const acting = yield* actingFor(gateway, caller)
    const issuedAtMs = json.issuedAtMs ?? (yield* Clock.currentTimeMillis)
    return responseOf(yield* sent(gateway, acting, { kind, command: { ...json, type: spec.type, id, issuedAtMs } }, request))
  })

/** What one of many is: a command that may be sent, or the answer that says why not. */
const memberOf = (caller: Caller, member: unknown, nowMs: number): Asked | Answer => {
  if (!isObject(member)) return failed("Malformed", { detail: "a command is an object" })
  const { id, sku, order } = member
  const names = {
    id: typeof id === "string" ? id : undefined,
    sku: typeof sku === "string" ? sku : undefined,
    order: typeof order === "string" ? order : undefined,
  }
  const command = offeredOf(member.type)
  if (command === undefined) return failed("UnknownType", { ...names, field: "type" })
  const { spec, kind } = command
  if (!mayConvey(caller, spec.class))
    return failed("KeyScope", { ...names, detail: `the key may not send commands of ${spec.class}: use a key with that scope` })
  if (id === undefined) return failed("InvalidField", { ...names, field: "id", detail: "missing. Nothing was taken" })
  const { v, ...rest } = member
  if (v !== undefined && v !== 1) return failed("UnsupportedVersion", { ...names, field: "v" })
  return { kind, command: { ...rest, issuedAtMs: member.issuedAtMs ?? nowMs } }
}

/** Many commands, each with an answer of its own. */
export const sendMany = (gateway: Gateway, caller: Caller, request: Request) =>
  Effect.gen(function* () {
    if (request.headers[idHeader] !== undefined)
      return yield* Effect.fail(
        problemResponse("HeaderInvalid", { field: "Idempotency-Key", detail: "it is of one command: many say their ids in the body" }),
      )
    const json = yield* readJson(request, httpBodyBytesMax, gateway.bodyMs)
    if (!Array.isArray(json))
      return yield* Effect.fail(
        problemResponse("Malformed", { detail: "the body is an array of commands; one is sent to /v1/commands/TYPE" }),
      )
    if (json.length === 0 || json.length > httpCommandsMax)
      return yield* Effect.fail(
        problemResponse("TooManyCommands", { detail: `it has ${json.length} commands: send 1 to ${httpCommandsMax} in a request` }),
      )
    // The request itself is counted already.
    yield* spend(gateway, caller, json.length - 1)
    const acting = yield* actingFor(gateway, caller)
    const nowMs = yield* Clock.currentTimeMillis
    // All at once, in their order: so the client's lanes and messages keep it.
    const answers = yield* Effect.forEach(
      json,
      (member) => {
        const one = memberOf(caller, member, nowMs)
        return "status" in one ? Effect.succeed(one) : sent(gateway, acting, one, request)
      },
      { concurrency: "unbounded" },
    )
    return HttpServerResponse.text(JSON.stringify({ results: answers.map(resultOf) }), {
      contentType: "application/json",
      headers: { "cache-control": "no-store" },
    })
  })

/** What became of the command of a ticket. */
export const askByTicket = (gateway: Gateway, caller: Caller, ticket: string, request: Request) =>
  Effect.gen(function* () {
    const asked = askedBy(gateway.keys.seal, caller.sender, ticket)
    const offer = asked === undefined ? undefined : offeredOf(asked.command.type)
    if (asked === undefined || offer === undefined) return yield* Effect.fail(problemResponse("Ticket"))
    // A key that lost its scope since may not have the command sent either.
    if (!mayConvey(caller, offer.spec.class)) return yield* Effect.fail(noScope(gateway, caller, offer.spec.class))
    const acting = yield* actingFor(gateway, caller)
    return responseOf(yield* sent(gateway, acting, asked, request))
  })
