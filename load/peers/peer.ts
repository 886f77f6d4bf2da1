/**
 * What an arm of `npm run bench` is, behind which a peer stands with its own server and its own client. Each reserves one unit at a time for whoever asks, and can be counted afterwards.
 */
import type { WorkerCount } from "../end-to-end/worker-page.ts"
import type { Parts } from "./cores.ts"
import type { Ground } from "./ground.ts"

/** What a peer's own store says, once nothing is under way. */
export interface Taken {
  /** Units that were taken, over all SKUs. */
  readonly qty: number
  /** Reservations that are noted there; null: it notes none that could be counted. */
  readonly reservations: number | null
  /** Units of the scarce SKU that were taken. */
  readonly scarceQty: number
  /** SKUs of which more is taken than there was. */
  readonly oversoldSkus: number
}

/** The stages that a decision of Holdfast goes through, and an echo of the floor. */
export interface Stages {
  readonly parts: Parts
  readonly count: () => Promise<WorkerCount>
}

/** A peer that runs. */
export interface Peer {
  /** Reserves one unit of a SKU, under a number that is used once. Resolves to whether it was there; rejects where that isn't known. */
  readonly reserve: (sku: number, reservation: number) => Promise<boolean>
  /** Counts in its own store. Null: it has none. */
  readonly taken: () => Promise<Taken | null>
  /** Its processes, whose CPU and that of what they started is its. This process, its client, isn't among them. */
  readonly pids: () => ReadonlyArray<number>
  /** Null: nothing tells them. */
  readonly stages: Stages | null
  readonly stop: () => Promise<void>
}

export interface PeerOptions {
  readonly ground: Ground
  /** Most reservations that are asked for at once. */
  readonly inFlightMax: number
  readonly partitions: number
  /** Where an outside program is, unless it is on the PATH. */
  readonly program: string | undefined
}

/** Starts a peer and gives it its SKUs and units. */
export type StartPeer = (options: PeerOptions) => Promise<Peer>

/** A peer can't run here. The message says why, and how to get what is missing. */
export class NotHere extends Error {
  override readonly name = "NotHere"
}
