/**
 * Every way an HTTP request is answered with "no", as a problem of RFC 9457: its name, its status, and what to do. The list is closed: docs/PROBLEMS.md and the pages that a problem's `type` leads to are made from it.
 *
 * A refusal that an owner decided keeps its name. What only a gateway can say has names of its own. Nothing here knows a request.
 */
import { HttpServerResponse } from "effect/http"
import type { RefusalReason } from "../domain/refusals.ts"

/** What a problem is, whoever meets it. */
export interface ProblemKind {
  readonly status: number
  /** One sentence for people, the same for every such problem. */
  readonly title: string
  /** What whoever meets it does. */
  readonly remedy: string
}

const problem = (status: number, title: string, remedy: string): ProblemKind => ({ status, title, remedy })

/** What can be wrong with what was written, before anything is decided. */
const mend = "Mend the request; `field` and `detail` say where. Nothing was taken, and the id is free."
/** A business no: asking again under the same id repeats it. */
const newId = "A command that is sent again takes a new id (a new `Idempotency-Key`): under the old one this answer comes again."

const ofRefusals: Readonly<Record<RefusalReason, ProblemKind>> = {
  Malformed: problem(
    400,
    "The body can't be read as JSON of ours",
    `${mend} Numbers are whole and without exponent, no key stands twice, nothing is nested deeply.`,
  ),
  TooManyCommands: problem(400, "The body holds no command, or too many", "Send 1 to 1,000 commands in a request."),
  UnsupportedVersion: problem(400, "The version isn't one that is spoken", "Leave `v` out, or write 1."),
  UnknownType: problem(400, "No command has that type", "Use a type of the reference."),
  InvalidField: problem(400, "A field is missing, unknown or out of its range", mend),
  SubjectMismatch: problem(400, "The command is about another SKU", mend),
  WrongPartition: problem(400, "The commands belong apart", "Send each in a request of its own."),
  WrongClass: problem(403, "That type may not be sent in its class", "Use a sender that may send commands of the class."),
  IdReused: problem(
    422,
    "The id was used before, for another content",
    "Take a new id (a new `Idempotency-Key`) for new content, and never change a request and retry it. `field` says what differs.",
  ),
  TooOld: problem(
    422,
    "It was issued so long ago that its id may have been forgotten",
    "Find out what became of it, then issue it anew under a new id.",
  ),
  IssuedAhead: problem(422, "It was issued too far in the future", "Set the clock, or leave `issuedAtMs` out. The id is free."),
  LimitReached: problem(409, "A bound of the system is reached", "Tell the operator; `field` says which bound."),
  UnknownSku: problem(404, "Nobody has told anything about this SKU", `Check the SKU, or stock it first. ${newId}`),
  PolicyOutdated: problem(
    409,
    "The policy's version isn't above the present one's",
    `Set a higher version, or none; \`policyVersion\` is the present one. ${newId}`,
  ),
  NotSoldHere: problem(409, "The SKU's policy doesn't let this channel sell it", `Stop selling it, or have the policy changed. ${newId}`),
  ReservationExists: problem(409, "There is a reservation of this id already", "Take another id. A retry has to have the same command id."),
  UnknownReservation: problem(
    404,
    "This channel has no such reservation of the SKU",
    `Check the id and the SKU: another channel's reservation is not yours. ${newId}`,
  ),
  ReservationExpired: problem(409, "The hold's time was up", "Reserve anew, before you take payment."),
  ReservationReleased: problem(409, "The reservation was given up", "Reserve anew."),
  ReservationFulfilled: problem(409, "Nothing of the reservation is open any more", "There is nothing to do."),
  ReservationConfirmed: problem(409, "The reservation is confirmed already", "Go on."),
  QtyExceedsOpen: problem(409, "More units than are open", `Ask for less, or leave out \`qty\`. ${newId}`),
  UnknownLocation: problem(409, "The SKU was never stocked at one of the locations", `Mend the list. ${newId}`),
  InsufficientStock: problem(
    409,
    "There is not enough to sell",
    `Offer less, or ask for a part; \`ats\` says how many units could have been had. ${newId}`,
  ),
  ContradictoryLines: problem(
    422,
    "The lines of the order contradict each other or its fill",
    `Mend the order; \`field\` names the line. ${newId}`,
  ),
  OrderExists: problem(409, "There is an order of this name already", "Take another name. A retry has to have the same command id."),
  UnknownOrder: problem(
    404,
    "This channel has no such order",
    `Check the name: another channel's order is not yours. An order is forgotten some minutes after all of it has ended. ${newId}`,
  ),
  OrderRefused: problem(409, "The order was refused when it was placed", "Place another."),
  OrderCancelled: problem(409, "The order was cancelled", "Place another."),
  OrderExpired: problem(
    409,
    "The order's hold was over before this came",
    "Give back what was paid (`lines` say how many units), or place another.",
  ),
  OrderFulfilled: problem(409, "Nothing of the order is open any more", "There is nothing to do."),
  OrderConfirmed: problem(409, "The order is confirmed already", "Go on."),
  UnknownLine: problem(409, "The order has no line of this SKU", `Check the SKU. ${newId}`),
  LinesRefused: problem(
    409,
    "Some line has less than the order asks of it",
    "Offer what there is (`lines` say how many units each could have had), or place it as `partial`. Nothing stays held.",
  ),
  LinesUnanswered: problem(409, "Not every SKU of the order answered in time", "Place it again, under another name. Nothing stays held."),
  NotQuarantined: problem(
    404,
    "There is no such entry in quarantine",
    "List the quarantine again: it was settled already, or is of another SKU or order.",
  ),
  StillUndecidable: problem(
    409,
    "Deciding it failed again",
    "Report it. Drop it with a reason, or leave it until a release that can decide it.",
  ),
}

const ofGateway = {
  KeyMissing: problem(401, "No API key was sent", "Send the key as `Authorization: Bearer hfk_…`; `holdfast key add` makes one."),
  KeyUnknown: problem(
    401,
    "The API key isn't one of this gateway's",
    "Check the key; `holdfast key list` shows which there are by their prefix.",
  ),
  KeyRevoked: problem(401, "The API key was revoked", "Use the sender's other key, or have one made with `holdfast key add`."),
  KeyScope: problem(
    403,
    "The API key may not send commands of this class",
    "Use a key with that scope; `holdfast key add --scope` gives it.",
  ),
  NotAllowed: problem(
    403,
    "The sender may not do that",
    "`detail` says which role or permission is missing: use a sender that has it, or have it added.",
  ),
  NoLogin: problem(
    403,
    "This gateway holds no login of the key's sender",
    "Have the sender's login added to HOLDFAST_GATEWAY_LOGINS_FILE, or revoke the key.",
  ),
  PastNotHere: problem(
    404,
    "This gateway can't ask the past",
    "Name the tables' database to it with HOLDFAST_POSTGRES_URL; the gateway inside `npm start` has its own. `holdfast why` and `holdfast availability` tell the past too, with a worker's access.",
  ),
  PastUnknown: problem(404, "Nothing was recorded of that", "`detail` says what to ask instead."),
  PastRefused: problem(400, "The past can't be asked that", "`detail` says what to ask instead."),
  PastUnread: problem(503, "The past could not be read in time", "Ask again later; `detail` says what is in the way."),
  NotFound: problem(404, "There is nothing at this address", "See the reference for what there is."),
  MethodNotAllowed: problem(405, "This address doesn't take that method", "The `Allow` header says which it takes."),
  NotCanonical: problem(400, "The SKU can't be one", mend),
  TooLarge: problem(413, "The body is too large", "Send fewer commands in a request. Nothing was taken."),
  TooSlow: problem(408, "The body did not come in time", "Send it again. Nothing was taken."),
  Incomplete: problem(400, "The body broke off", "Send it again. Nothing was taken."),
  MediaType: problem(415, "The body isn't declared as JSON", "Send it with `Content-Type: application/json`, in UTF-8 and uncompressed."),
  HeaderInvalid: problem(400, "A header can't be used", "`field` names the header and `detail` says what it may be."),
  HeadersTooLarge: problem(
    431,
    "The headers are too large",
    "Send fewer or shorter headers. A ticket's command can be asked for by sending it again.",
  ),
  QueryInvalid: problem(400, "The address has a parameter that can't be used", "`field` names it and `detail` says what it may be."),
  Cursor: problem(
    400,
    "The cursor isn't one that this gateway gave to this sender",
    "Take `next` of the page before as it is, or leave it out to begin again.",
  ),
  Ticket: problem(
    400,
    "The ticket isn't one that this gateway gave to this sender",
    "Use the `Location` as it was given, with a key of the same sender, or send the command again under its id.",
  ),
  TooManyRequests: problem(429, "This sender has sent more than it may", "Come back after `Retry-After` seconds. Nothing was taken."),
  TooManyStreams: problem(429, "This sender has as many event streams open as it may", "Close one, or share it among whoever reads it."),
  Busy: problem(503, "Nothing of it was taken in time", "Send the same request again, under the same id, after `Retry-After` seconds."),
  NoAnswer: problem(
    503,
    "Nobody answered in time",
    "Ask again after `Retry-After` seconds: what was asked about may be changing its owner.",
  ),
  Unreachable: problem(503, "The gateway can't reach the cluster", "Try again after `Retry-After` seconds; `/ready` says what is missing."),
  Expired: problem(
    409,
    "Its deadline passed before it was decided",
    "Nothing happened. Send it again under a new id, with a longer `deadlineMs`.",
  ),
  Dropped: problem(409, "An operator gave it up", "Nothing happened; `detail` is the operator's reason."),
  Defect: problem(
    500,
    "The gateway has a defect",
    "Report it with the time of the request. A command may have been decided: send the same request again, under the same id.",
  ),
} as const satisfies Readonly<Record<string, ProblemKind>>

/** The name of a problem: that of a refusal, or one of the gateway's. */
export type ProblemName = RefusalReason | keyof typeof ofGateway

/** All problems, in the order in which the documents list them. */
export const problems: Readonly<Record<ProblemName, ProblemKind>> = { ...ofGateway, ...ofRefusals }

/** Whether a name is one of a problem. */
export const isProblem = (name: string): name is ProblemName => Object.hasOwn(problems, name)

/** Where a problem's page is, at any gateway: the problem's `type`. */
export const problemType = (name: string): string => `/problems/${name}`

/** What one occurrence says beside what every such problem says. */
export interface ProblemDetail {
  readonly detail?: string | undefined
  readonly field?: string | undefined
  readonly [more: string]: unknown
}

/** A problem's members, as its body has them. A reason of a newer release is a final no like the others. */
export const problemBody = (
  name: string,
  { detail, ...more }: ProblemDetail = {},
): Readonly<Record<string, unknown>> & { readonly status: number } => {
  const { status, title, remedy } = isProblem(name) ? problems[name] : unknownReason
  return { type: problemType(name), title, status, detail: detail ?? remedy, code: name, ...more }
}
const unknownReason = problem(
  409,
  "It was refused for a reason that this gateway doesn't know",
  "Update the gateway; the refusal is final.",
)

/** The media type of problems. */
export const problemMediaType = "application/problem+json"

/** Whole seconds that a client is told to wait, at least one. */
export const retryAfterOf = (ms: number): string => String(Math.max(1, Math.ceil(ms / 1_000)))

/** A problem as the whole answer. */
export const problemResponse = (
  name: ProblemName,
  detail: ProblemDetail = {},
  headers: Readonly<Record<string, string>> = {},
): HttpServerResponse.HttpServerResponse => bodyResponse(problemBody(name, detail), headers)

/** The same of a body that was made before. */
export const bodyResponse = (
  body: Readonly<Record<string, unknown>> & { readonly status: number },
  headers: Readonly<Record<string, string>> = {},
): HttpServerResponse.HttpServerResponse =>
  HttpServerResponse.text(JSON.stringify(body), {
    status: body.status,
    contentType: problemMediaType,
    headers: { "cache-control": "no-store", ...headers },
  })
