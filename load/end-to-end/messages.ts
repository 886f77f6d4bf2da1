/**
 * What the end-to-end bench says to the processes it measures, and what they answer: each message has one answer, in order.
 */
import type { UserPassword } from "../../src/nats/config.ts"

/** How the client sends: through the client library, or one command a message as any NATS client could. */
export const Mode = ["library", "single"] as const
export type Mode = (typeof Mode)[number]

export interface ClientSetup {
  readonly url: string
  readonly sender: string
  readonly login: UserPassword
  readonly inFlight: number
}

export type ToClient =
  | { readonly _tag: "Setup"; readonly setup: ClientSetup }
  /** Keep the commands in flight from now on. */
  | { readonly _tag: "Start"; readonly mode: Mode }
  | { readonly _tag: "Count" }
  /** Send nothing more; answered when everything is decided. */
  | { readonly _tag: "Stop" }

/** Totals since the process began. */
export interface ClientCount {
  readonly decided: number
  readonly notAccepted: number
  readonly elapsedMs: number
  readonly cpuMs: number
}

export type FromClient = { readonly _tag: "Done" } | { readonly _tag: "Counted"; readonly count: ClientCount }

export interface EchoSetup {
  readonly url: string
  readonly monitorUrl: string
  readonly engine: UserPassword
  readonly door: UserPassword
  /** As HOLDFAST_SENDERS says it. */
  readonly senders: string
  readonly partitions: number
  readonly samples: EchoSamples
}

/** A command as it is sent, and what is really answered to it. */
export interface EchoSample {
  readonly id: string
  readonly command: string
  readonly reply: string
}

/** By one command of each type the echo finds where what stands in all of them: all commands of a type are as long as one another, and so are all names of SKUs. */
export interface EchoSamples {
  readonly sku: string
  readonly reserve: EchoSample
  readonly confirm: EchoSample
}

export type ToEcho =
  | { readonly _tag: "Setup"; readonly setup: EchoSetup }
  /** Bytes that a record holds beside its commands, and for each of them, from now on. */
  | { readonly _tag: "RecordBytes"; readonly perRecord: number; readonly perCommand: number }
  | { readonly _tag: "Count" }

/** `page`: as a worker's `/metrics`, as far as both do the same. */
export type FromEcho = { readonly _tag: "Done" } | { readonly _tag: "Counted"; readonly page: string }
