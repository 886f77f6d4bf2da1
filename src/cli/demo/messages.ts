/**
 * What the demo and its channel processes tell one another over their pipe, many at a time. Both ends are of the same release, so these are
 * plain types; everything that leaves the machine's processes goes through NATS.
 */
import type { Allocations } from "../../domain/sku/events.ts"
import type { AnyPlayed } from "../../workload/flows.ts"

/** One command to be sent. */
export interface SendOrder {
  /** The demo's number of it; comes back with the answer. */
  readonly number: number
  readonly command: AnyPlayed
  /** How often in all, under the same id; above 1 the sender retries. */
  readonly copies: number
  /** All copies at once, or each after the answer to the one before. */
  readonly together: boolean
}

/** How a command ended for its sender. */
export interface HeardAnswer {
  readonly number: number
  /** As the reply says, or `unknown`: no answer came in time. */
  readonly outcome: "accepted" | "refused" | "expired" | "quarantined" | "dropped" | "unknown"
  /** Of a refusal: its reason; of an unknown: what was last heard. */
  readonly reason?: string
  readonly allocations?: Allocations
  readonly qty?: number
  /** Milliseconds from the first sending to the first answer. */
  readonly tookMs: number
}

/** What a channel process is started with. */
export interface SenderSetup {
  readonly url: string
  readonly sender: string
  readonly login: { readonly user: string; readonly password: string }
  /** Where it writes what it heard and what was stored. */
  readonly heardFolder: string
  /** Follow the ATS feed: channels hear theirs, others have none. */
  readonly feed: boolean
  /** Tell of this SKU's ATS whenever it changes. */
  readonly watchSku: string | null
}

export type ToSender =
  | ({ readonly _tag: "Setup" } & SenderSetup)
  | { readonly _tag: "Send"; readonly orders: ReadonlyArray<SendOrder> }
  /** Everything is answered: close the file and end. */
  | { readonly _tag: "Finish" }

export type FromSender =
  | { readonly _tag: "Ready" }
  | { readonly _tag: "Answers"; readonly answers: ReadonlyArray<HeardAnswer> }
  | { readonly _tag: "Ats"; readonly ats: number }
  /** What it can't go on with: permissions, a broken file. */
  | { readonly _tag: "Failed"; readonly cause: string }
  | { readonly _tag: "Finished" }
