/**
 * What `npm run flood` says to the processes that make its traffic, and what they answer: each message has one answer, in order.
 */
import type { UserPassword } from "../../src/nats/config.ts"
import type { HeardKind } from "../stage/raw-connection.ts"

export interface GeneratorConnection {
  readonly url: string
  readonly sender: string
  readonly login: UserPassword
}

export type ToGenerator =
  | {
      readonly _tag: "Setup"
      readonly name: string
      readonly connections: ReadonlyArray<GeneratorConnection>
      readonly skus: ReadonlyArray<string>
    }
  /** Keep so many commands in flight on all connections together. */
  | { readonly _tag: "Keep"; readonly inFlight: number }
  /** Send so many commands, or questions, a second, whatever is answered. */
  | { readonly _tag: "Flood"; readonly what: "commands" | "questions"; readonly perSecond: number }
  | { readonly _tag: "Count" }
  /** Send nothing more. */
  | { readonly _tag: "Stop" }

/** Totals since the process began. */
export interface GeneratorCount {
  readonly sent: number
  readonly heard: Readonly<Record<HeardKind, number>>
  readonly refused: number
  readonly elapsedMs: number
  readonly cpuMs: number
}

export type FromGenerator = { readonly _tag: "Done" } | { readonly _tag: "Counted"; readonly count: GeneratorCount }
