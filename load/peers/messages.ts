/**
 * What `npm run bench` says to the process of an arm, and what it answers: each message has one answer, in order.
 */
import type { WorkerCount } from "../end-to-end/worker-page.ts"
import type { ArmName } from "./arms.ts"
import type { CoreTimes } from "./cores.ts"
import type { Workload } from "./ground.ts"
import type { Taken } from "./peer.ts"

export interface ArmSetup {
  readonly arm: ArmName
  readonly skus: number
  readonly inFlightMax: number
  readonly partitions: number
  readonly program?: string
}

export type ToArm =
  | { readonly _tag: "Setup"; readonly setup: ArmSetup }
  /** Keep so many reservations in flight; count those that are answered after the warm-up. */
  | { readonly _tag: "Measure"; readonly workload: Workload; readonly inFlight: number; readonly warmUpMs: number; readonly forMs: number }
  /** Sell the scarce SKU out, and count. */
  | { readonly _tag: "Check" }
  | { readonly _tag: "Close" }

/** What an arm did in one cell of one round. */
export interface Count {
  readonly decided: number
  readonly refused: number
  readonly elapsedMs: number
  readonly p50Ms: number
  readonly p99Ms: number
  readonly worstMs: number
  readonly clientCpuMs: number
  /** Null where the system doesn't tell. */
  readonly serverCpuMs: number | null
  /** What the worker, or the echo, did meanwhile, and who had a core; of Holdfast and the floor alone, the latter as far as the system tells. */
  readonly work: WorkerCount | null
  readonly cores: CoreTimes | null
}

/** What callers heard, and what the peer's own store says. */
export interface Checked {
  /** Reservations that were had, and those of which nothing is known, since the arm began. */
  readonly had: number
  readonly unknown: number
  readonly scarceAsked: number
  readonly scarceHad: number
  readonly taken: Taken | null
}

export type FromArm =
  | { readonly _tag: "Done" }
  | { readonly _tag: "NotHere"; readonly why: string }
  | { readonly _tag: "Failed"; readonly why: string }
  | { readonly _tag: "Counted"; readonly count: Count }
  | { readonly _tag: "Checked"; readonly checked: Checked }
