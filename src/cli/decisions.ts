/**
 * Decisions for people and for scripts: a line, and an exit code.
 */
import type { CommandAnswer, OrderAnswer, OrderRequest } from "../channel.ts"
import { classOf as classOfOrder } from "../domain/order/decide.ts"
import { type Command, classOf } from "../domain/sku/commands.ts"
import { counted, grouped, shown, shownName } from "../domain/telling.ts"
import { textCharsMax } from "../limits.ts"
import { type ExitCode, exitCode } from "./exit-codes.ts"
import { isoTime } from "./print.ts"

const codes: Readonly<Record<CommandAnswer["outcome"], ExitCode>> = {
  accepted: exitCode.ok,
  refused: exitCode.refused,
  expired: exitCode.expired,
  busy: exitCode.busy,
  quarantined: exitCode.quarantined,
  dropped: exitCode.dropped,
  notStored: exitCode.notStored,
}

/** The codes of answers about orders: the same words, the same codes. */
export const orderCode = (answer: OrderAnswer): ExitCode =>
  answer.outcome === "notStored" && answer.reason === "age" ? exitCode.expired : codes[answer.outcome]

/** A deadline that passed is told by one code, whether its command was decided as expired or came too late to be taken. */
export const outcomeCode = (decision: CommandAnswer): ExitCode =>
  decision.outcome === "notStored" && decision.reason === "age" ? exitCode.expired : codes[decision.outcome]

type AcceptedAnswer = Extract<CommandAnswer, { readonly outcome: "accepted" }>

const acceptedDetails = (decision: AcceptedAnswer, nowMs: number): ReadonlyArray<string> => {
  const { qty, allocations, expiresAtMs, reservation, discrepancies, shortageQty, policyVersion } = decision
  const places = allocations?.map((part) => `${part.qty} at ${part.location}`).join(", ") ?? ""
  return [
    qty === undefined ? "" : `${counted(qty, "unit")}${places === "" ? "" : ` (${places})`}`,
    expiresAtMs === undefined ? "" : `until ${isoTime(expiresAtMs)}${expiresAtMs <= nowMs ? ", and this time is over" : ""}`,
    reservation === undefined ? "" : `under reservation ${shownName(reservation)}`,
    policyVersion === undefined ? "" : `version ${policyVersion}`,
    ...(discrepancies ?? []).map(({ kind, qty: units }) => `DISCREPANCY ${kind}: ${counted(units, "unit")}`),
    shortageQty === undefined || shortageQty === 0
      ? ""
      : `SHORTAGE: ${counted(shortageQty, "unit")} owed that ${shortageQty === 1 ? "isn't" : "aren't"} there`,
  ]
}

const busyBecause: Readonly<Record<Extract<CommandAnswer, { readonly outcome: "busy" }>["why"], string>> = {
  queue: "the cluster holds as much of this sender as it may",
  owner: "nobody serves its partition now",
  full: "there is no room to store it",
  ending: "the ingress was ending",
  order: "another command of the same order is not answered yet",
  nobody: "nobody takes commands of this sender now",
  connection: "there is no connection",
  age: "it was too old when it arrived",
  client: "it waited behind others",
}

type NotStoredAnswer = Extract<CommandAnswer, { readonly outcome: "notStored" }>

const notStoredBecause = ({ reason, cause, field, detail }: NotStoredAnswer): string => {
  const at = field === undefined || field === "" ? "" : ` "${field}"`
  switch (reason) {
    case "form":
      return `${cause ?? "its form"}${at}${detail === undefined ? "" : `, ${detail}`}`
    case "size":
      return "it is too long"
    case "token":
      return "its subject is not its SKU's"
    case "kind":
      return "its subject names no kind of actor that decides it"
    case "class":
      return "it may not be sent in this class"
    case "sender":
      return "it may not be sent by this sender"
    case "partition":
      return cause === "SubjectMismatch" ? "its subject names another SKU" : "it belongs to another partition than its subject"
    case "mixed":
      return "facts and other commands don't go in one message"
    case "age":
      return `its deadline${detail === undefined ? "" : ` of ${detail}`}`
  }
}

const refusedDetails = ({ ats, policyVersion }: Extract<CommandAnswer, { readonly outcome: "refused" }>): ReadonlyArray<string> => [
  ats === undefined ? "" : `${grouped(ats)} ${ats === 1 ? "was" : "were"} to be had`,
  policyVersion === undefined ? "" : `the present version is ${policyVersion}`,
]

type LinesTold = Extract<OrderAnswer, { readonly outcome: "accepted" }>["lines"]

/** What an answer says of the lines of an order. */
const linesTold = (lines: LinesTold): ReadonlyArray<string> =>
  (lines ?? []).map(({ sku, qty, refundQty, reason, ats }) => {
    const more = [
      refundQty === undefined ? "" : `refund ${grouped(refundQty)}`,
      reason ?? "",
      ats === undefined ? "" : `${grouped(ats)} ${ats === 1 ? "was" : "were"} to be had`,
    ].filter((part) => part !== "")
    return `${shownName(sku)} ${grouped(qty)}${more.length === 0 ? "" : ` (${more.join(", ")})`}`
  })

const orderDetails = (answer: OrderAnswer, deadlineMs: number | undefined, nowMs: number): ReadonlyArray<string> => {
  switch (answer.outcome) {
    case "accepted":
      return [
        answer.expiresAtMs === undefined
          ? ""
          : `until ${isoTime(answer.expiresAtMs)}${answer.expiresAtMs <= nowMs ? ", and this time is over" : ""}`,
        linesTold(answer.lines).join(", "),
      ]
    case "refused":
      return [answer.reason, answer.field ?? "", linesTold(answer.lines).join(", ")]
    case "quarantined":
    case "dropped":
    case "busy":
    case "notStored":
    case "expired":
      return details({ ...answer, sku: "" }, deadlineMs, nowMs)
  }
}

/** An answer about an order in one line, with a word on each of its lines. */
export const orderLine = (command: OrderRequest, answer: OrderAnswer, nowMs: number): string => {
  const repeated = "repeated" in answer && answer.repeated === true ? " (again)" : ""
  const particulars = orderDetails(answer, command.deadlineMs, nowMs).filter((part) => part !== "")
  const tail = particulars.length === 0 ? "" : `: ${particulars.join("; ")}`
  return `${answer.outcome}${repeated}  ${asked(command)}${tail}  [id ${command.id}]`
}

const details = (decision: CommandAnswer, deadlineMs: number | undefined, nowMs: number): ReadonlyArray<string> => {
  switch (decision.outcome) {
    case "accepted":
      return acceptedDetails(decision, nowMs)
    case "refused":
      return [decision.reason, decision.field ?? "", ...refusedDetails(decision)]
    case "quarantined":
      return [`an operator decides (${decision.quarantined})`]
    case "dropped":
      return [shown(decision.reason, textCharsMax)]
    case "busy":
      return [`${busyBecause[decision.why]}; nothing of it was taken, send it again in ${decision.retryAfterMs} ms or later`]
    case "notStored":
      return [notStoredBecause(decision), "nothing was decided, and its id is free"]
    case "expired":
      return [
        `its deadline${deadlineMs === undefined ? "" : ` of ${grouped(deadlineMs)} ms`} passed before it was decided, and this id stays expired`,
      ]
  }
}

/** What was asked, in the words of a line. */
const asked = (command: Command | OrderRequest): string => {
  if ("order" in command) return `${command.type} ${shownName(command.order)}`
  const reservation = "reservation" in command && command.reservation !== undefined ? ` ${shownName(command.reservation)}` : ""
  return `${command.type} ${shownName(command.sku)}${reservation}`
}

/** A decision in one line: the outcome first, then what was asked, then the particulars. A hold asked for again may have ended by now: its decision is still that one. */
export const decisionLine = (command: Command, decision: CommandAnswer, nowMs: number): string => {
  const repeated = "repeated" in decision && decision.repeated === true ? " (again)" : ""
  const particulars = details(decision, "deadlineMs" in command ? command.deadlineMs : undefined, nowMs).filter((part) => part !== "")
  const tail = particulars.length === 0 ? "" : `: ${particulars.join("; ")}`
  return `${decision.outcome}${repeated}  ${asked(command)}${tail}  [id ${command.id}]`
}

/** The same where the sender may not send it. */
export const notPermittedLine = (command: Command | OrderRequest, sender: string, remedy: string): string =>
  `not permitted  ${asked(command)}: ${sender} may not send ${"order" in command ? classOfOrder[command.type] : classOf[command.type]} commands, and nothing of it was taken; ${remedy}  [id ${command.id}]`

/** The same where no decision came in time. */
export const unknownLine = (command: Command | OrderRequest, isStored: boolean, cause: string): string =>
  `${isStored ? "undecided" : "unknown"}  ${asked(command)}: ${cause}  [id ${command.id}]`
