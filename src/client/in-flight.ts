/**
 * One command on its way, and who waits for it. Plain mutable values: the table of them is the client's hot path.
 */
import type { Decision, Sendable } from "./commands.ts"
import type { SendFailure } from "./errors.ts"

/** Who asked. Exactly one of `decided` and `failed` is called, once; `settled` after a provisional decision, if ever, once. */
export interface Waiter {
  readonly decided: (decision: Decision) => void
  readonly failed: (failure: SendFailure) => void
  /** The final decision after a `quarantined` one. */
  readonly settled: ((decision: Decision) => void) | null
}

/** One message that was published, until all its commands are decided. */
export interface Attempt {
  readonly suffix: string
  readonly commands: ReadonlyArray<InFlight>
  /** Its commands without a decision. */
  undecided: number
}

export interface InFlight extends Sendable {
  readonly waiters: Array<Waiter>
  /** When its caller's patience ends, in elapsed milliseconds. */
  readonly giveUpAtMs: number
  /** When it is sent again. */
  retryAtMs: number
  /** Messages it was sent in. */
  readonly attempts: Array<Attempt>
  /** Of these, how many may have been stored: all but those the server is known to have refused. */
  maybeStored: number
  /** What was last heard instead of a decision, for whoever runs out of patience. */
  lastCause: string
  decided: boolean
}
