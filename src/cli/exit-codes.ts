/**
 * What a command's exit code says, for scripts. Every command keeps to these; docs/OPERATIONS.md lists them for people.
 */
import { Effect, Schema } from "effect"
import { AnswerUnknown } from "../ports/errors.ts"
import { QueryRefused } from "../query/refused.ts"

export const exitCode = {
  /** Done. For `serve`: drained, everything decided was said. */
  ok: 0,
  /** It did not work, and none of the others says why. */
  failed: 1,
  /** The command line or the environment can't be used, or the broker refuses the login it gives or what is asked with it: see --help. */
  usage: 2,
  /** An audit, or a demo's verdict, found a guarantee broken. */
  violations: 3,
  /** The broker, or whoever should answer, does not. */
  unreachable: 4,
  /** The cluster isn't as it was told to be, or doesn't guarantee what it should. Streams that were missing may have been made; nothing else was changed. */
  topology: 5,
  /** The partition is halted until an operator resumes it. */
  halted: 6,
  /** `stock`, `order` and `ats` of one SKU: there is nothing of that name; the answer says so. */
  notFound: 7,
  /** `send` and `quarantine`: a command was not accepted; of several, this is about the first. */
  refused: 10,
  expired: 11,
  busy: 12,
  quarantined: 13,
  dropped: 14,
  /** Nothing of it was taken, and never will be as it is. */
  notStored: 15,
  /** It is stored and will be decided, but wasn't in the time there was. */
  undecided: 16,
  /** Ended by a signal before it was done. */
  interrupted: 130,
} as const
export type ExitCode = (typeof exitCode)[keyof typeof exitCode]

/** A command ends with this code; `message` says why in a sentence, and is empty where that was said already. For what the tagged errors of the ports don't say already. */
export class CommandFailed extends Schema.TaggedError<CommandFailed>()("CommandFailed", {
  code: Schema.Literals(Object.values(exitCode)),
  message: Schema.String,
}) {}

/** How a question ends that was answered: whoever asks about something that isn't there hears so from the answer, and a script from the code. */
export const foundOr = (isFound: boolean): Effect.Effect<void, CommandFailed> =>
  isFound ? Effect.void : new CommandFailed({ code: exitCode.notFound, message: "" })

const codeOfTag: Readonly<Record<string, ExitCode>> = {
  ConfigInvalid: exitCode.usage,
  ShowHelp: exitCode.usage,
  BrokerUnavailable: exitCode.unreachable,
  LoginRefused: exitCode.usage,
  NotPermitted: exitCode.usage,
  ArchiveFailed: exitCode.failed,
  PastUnavailable: exitCode.failed,
  QueryRefused: exitCode.failed,
  TopologyMismatch: exitCode.topology,
  DatabaseUnavailable: exitCode.unreachable,
  DatabaseMismatch: exitCode.topology,
}

const tagOf = (error: unknown): string => {
  const tag: unknown = typeof error === "object" && error !== null ? Reflect.get(error, "_tag") : undefined
  return typeof tag === "string" ? tag : ""
}

/** The code of an answer that did not come in time. */
export const unknownCode = (isStored: boolean): ExitCode => (isStored ? exitCode.undecided : exitCode.unreachable)

/** What is wrong with a question as it was asked, whatever the journals hold. */
const wronglyAsked: ReadonlySet<unknown> = new Set(["EmptyRange", "InvalidCursor", "InvalidPolicy", "TooMany"])

/** The code that a failure ends a command with. */
export const exitCodeOf = (error: unknown): ExitCode => {
  if (error instanceof CommandFailed) return error.code
  if (error instanceof AnswerUnknown) return unknownCode(error.stored === true)
  if (error instanceof QueryRefused && wronglyAsked.has(error.reason)) return exitCode.usage
  return codeOfTag[tagOf(error)] ?? exitCode.failed
}

const field = (error: object, name: string): string => String(Reflect.get(error, name) ?? "?")

/** A failure in words for people, the remedy included where there is one; empty where it was said already. */
export const describeFailure = (error: unknown): string => {
  if (typeof error !== "object" || error === null) return String(error)
  if (error instanceof CommandFailed) return error.message
  switch (tagOf(error)) {
    case "ShowHelp":
      return ""
    case "TopologyMismatch":
    case "DatabaseMismatch":
      return `${field(error, "what")}: expected ${field(error, "expected")}, found ${field(error, "found")}. Remedy: ${field(error, "remedy")}`
    case "NotPermitted":
      return `${field(error, "operation")}: ${field(error, "cause")}; name another sender with --as, or let this one do it: its role in HOLDFAST_SENDERS, its permissions and login at the server`
    case "BrokerUnavailable":
    case "LoginRefused":
      return `${field(error, "operation")}: ${field(error, "cause")}`
    case "QueryRefused":
      return `${field(error, "detail")}: ${field(error, "remedy")}`
    case "PastUnavailable":
    case "ArchiveFailed":
    case "DatabaseUnavailable":
      return `${field(error, "operation")}: ${field(error, "cause")}. ${field(error, "remedy")}`
    case "AnswerUnknown":
    case "ClientClosed":
      return field(error, "cause")
    case "HttpUnavailable":
      return `${field(error, "address")} can't be listened on (${field(error, "cause")}): choose another with HOLDFAST_HTTP_HOST and HOLDFAST_HTTP_PORT; port 0 takes a free one`
    default:
      return error instanceof Error ? error.message || (error.stack ?? error.name) : String(error)
  }
}
