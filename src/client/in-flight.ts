/**
 * One command on its way, and who waits for it. Plain mutable values: the table of them is the client's hot path.
 */
import type { CommandClass } from "../domain/names.ts"
import type { BusyCause, CommandAnswer, Sendable } from "./commands.ts"
import type { SendFailure } from "./errors.ts"

/** Who asked. Exactly one of `decided` and `failed` is called, once; `settled` after a provisional decision, if ever, once. */
export interface AnswerWaiter<A = CommandAnswer> {
  readonly decided: (decision: A) => void
  readonly failed: (failure: SendFailure) => void
  /** The final decision after a `quarantined` one. */
  readonly settled: ((decision: A) => void) | null
}

/** One message that was published, until all its commands are decided or it is known that nobody took it. */
export interface Attempt<A = CommandAnswer> {
  readonly suffix: string
  readonly class: CommandClass
  readonly token: string
  /** In the order of its body. */
  readonly commands: ReadonlyArray<CommandInFlight<A>>
  /** Its commands without a decision. */
  undecided: number
}

export interface CommandInFlight<A = CommandAnswer> extends Sendable {
  readonly waiters: Array<AnswerWaiter<A>>
  /** When its caller's patience ends, in elapsed milliseconds. */
  readonly giveUpAtMs: number
  /** When it is sent again. */
  retryAtMs: number
  /** Messages it was sent in that may have been taken: all but those of which the contrary was heard. */
  attempts: Array<Attempt<A>>
  /** How often in a row nobody took it, or it came too old. */
  untaken: number
  /** What its caller is told if none of its sendings was taken until patience ends. */
  notTaken: { readonly why: BusyCause; readonly retryAfterMs: number }
  /** The door has said that it is stored: it will be decided. */
  stored: boolean
  /** Whether it waits in the client for the one before it, is to be sent at the end of the turn, or was sent. */
  place: "held" | "posted" | "sent"
  /** The one before it in its lane, and the one after. See lanes.ts. */
  before: CommandInFlight<A> | null
  after: CommandInFlight<A> | null
  /** Whether it travels in a message of its own: the answer to the last one did not say which of its commands was at fault. */
  alone: boolean
  /** Number of the last message it was packed into. */
  placedIn: number
  /** What was last heard instead of a decision, for whoever runs out of patience. */
  lastCause: string
  decided: boolean
}
