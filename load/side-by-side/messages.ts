/**
 * What `npm run side-by-side` says to the arm of each build, and what it answers: each message has one answer, in order.
 */

export interface ArmSetup {
  /** The folder of the checkout. */
  readonly checkout: string
  readonly servers: 1 | 3
  readonly syncAlways: boolean
  readonly partitions: number
  readonly workers: number
  readonly skus: ReadonlyArray<string>
}

/** `single`: a command a message, as any NATS client could. `library`: through the client library, as many commands in flight as make so many messages of the longest. */
export type ArmMode = "single" | "library"

export type ToArm =
  | { readonly _tag: "Setup"; readonly setup: ArmSetup }
  /** Keep so many commands in flight, from now on. */
  | { readonly _tag: "Start"; readonly mode: ArmMode; readonly inFlight: number }
  /** What is decided from now on counts. */
  | { readonly _tag: "Begin" }
  /** Answers with what was counted since it began, and sends nothing more. Answered when everything is decided. */
  | { readonly _tag: "End" }
  /** Stops servers and workers. */
  | { readonly _tag: "Close" }

export interface ArmCount {
  readonly decided: number
  readonly notAccepted: number
  readonly elapsedMs: number
  readonly medianMs: number
  readonly p99Ms: number
  readonly clientCpuMs: number
}

export type FromArm = { readonly _tag: "Done" } | { readonly _tag: "Counted"; readonly count: ArmCount }
