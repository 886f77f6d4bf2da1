/**
 * What became of a command, as HTTP says it: a status, headers and a body. One table for a command by itself, for one among many, and for one that is asked about by its ticket.
 *
 * 202 is said only where a command may have been decided, or will be. What was surely taken by nobody is 429 or 503, with a time to come back.
 */
import { HttpServerResponse } from "effect/http"
import { unreachable } from "../assert.ts"
import type { AnswerUnknown, NotPermitted } from "../ports/errors.ts"
import type { CommandHeard } from "../ports/senders.ts"
import type { NotStoredReason } from "../wire/answers.ts"
import { bodyResponse, type ProblemDetail, type ProblemName, problemBody, retryAfterOf } from "./problems.ts"
import { type Asked, ticketOf } from "./tickets.ts"

/** An answer before it is bytes. */
export interface Answer {
  readonly status: number
  readonly headers: Readonly<Record<string, string>>
  readonly body: object
  /** `accepted`, `undecided`, or the problem's name. */
  readonly became: string
}

/** Of which command, for whom. */
export interface About extends Asked {
  readonly sender: string
  readonly seal: string
}

/** What names the command, as far as it was written as a name: what else stands there is not repeated. */
const namesOf = ({ command }: Asked): Readonly<Record<string, string>> =>
  Object.fromEntries(
    (["id", "sku", "order"] as const).flatMap((name) => {
      const given = command[name]
      return typeof given === "string" ? [[name, given]] : []
    }),
  )

/** A problem as the answer to a command. */
export const failed = (name: string, detail: ProblemDetail, headers: Readonly<Record<string, string>> = {}): Answer => {
  const body = problemBody(name, detail)
  return { status: body.status, headers, body, became: name }
}

/** Seconds after which it is worth asking with a ticket: a retry of the cluster's own has mostly been answered by then. */
const askAgainMs = 1_000

const undecided = (about: About, outcome: "unknown" | "stored" | "quarantined", detail: string, more: object = {}): Answer => {
  const ticket = ticketOf(about.seal, about.sender, about)
  const ask = ticket === undefined ? undefined : `/v1/tickets/${ticket}`
  return {
    status: 202,
    headers: { "retry-after": retryAfterOf(askAgainMs), ...(ask === undefined ? {} : { location: ask }) },
    body: { ...namesOf(about), outcome, ...more, ...(ask === undefined ? {} : { ask }), issuedAtMs: about.command.issuedAtMs, detail },
    became: "undecided",
  }
}

const problemOfReason: Readonly<Record<Exclude<NotStoredReason, "form">, ProblemName>> = {
  size: "TooLarge",
  token: "NotCanonical",
  sender: "NotAllowed",
  class: "WrongClass",
  kind: "UnknownType",
  partition: "WrongPartition",
  mixed: "WrongPartition",
  age: "Expired",
}

const notStored = ({ reason, cause, field, detail }: Extract<CommandHeard, { outcome: "notStored" }>, about: About): Answer => {
  const name = reason === "form" ? (cause ?? "Malformed") : problemOfReason[reason]
  return failed(name, { ...namesOf(about), field, detail })
}

const decided = (heard: Exclude<CommandHeard, { outcome: "busy" | "notStored" }>, about: About): Answer => {
  const names = namesOf(about)
  const repeated = "repeated" in heard && heard.repeated === true ? { repeated: true } : {}
  switch (heard.outcome) {
    case "accepted":
      return { status: 200, headers: {}, body: { ...names, ...heard }, became: "accepted" }
    case "refused": {
      const { outcome: _, reason, field, ats, policyVersion, lines } = heard
      return failed(reason, { ...names, ...repeated, field, ats, policyVersion, lines })
    }
    case "expired":
      return failed("Expired", { ...names, ...repeated })
    case "dropped":
      return failed("Dropped", { ...names, ...repeated, detail: heard.reason })
    case "quarantined":
      return undecided(about, "quarantined", "nobody could decide it; an operator looks at it, and the answer follows", {
        quarantined: heard.quarantined,
      })
    default:
      return unreachable(heard)
  }
}

/** The answer to what was heard of a command. */
export const answerTo = (heard: CommandHeard, about: About): Answer => {
  if (heard.outcome === "notStored") return notStored(heard, about)
  if (heard.outcome !== "busy") return decided(heard, about)
  const { retryAfterMs, why } = heard
  const name = why === "queue" ? "TooManyRequests" : "Busy"
  return failed(name, { ...namesOf(about), why, retryAfterMs }, { "retry-after": retryAfterOf(retryAfterMs) })
}

/** The answer where none was heard. */
export const answerToFailure = (failure: AnswerUnknown | NotPermitted, about: About): Answer =>
  failure._tag === "NotPermitted"
    ? failed("NotAllowed", { ...namesOf(about), detail: failure.message })
    : undecided(about, failure.stored === true ? "stored" : "unknown", failure.cause)

/** An answer as the whole response. */
export const responseOf = ({ status, headers, body, became }: Answer): HttpServerResponse.HttpServerResponse =>
  became === "accepted" || became === "undecided"
    ? HttpServerResponse.text(JSON.stringify(body), {
        status,
        contentType: "application/json",
        headers: { "cache-control": "no-store", ...headers },
      })
    : bodyResponse(body as Readonly<Record<string, unknown>> & { readonly status: number }, headers)

/** An answer as one of many. */
export const resultOf = ({ status, body, became }: Answer): object => {
  if (became === "accepted") return { status, answer: body }
  return became === "undecided" ? { status, undecided: body } : { status, problem: body }
}
