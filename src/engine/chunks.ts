/**
 * What the chunks of a snapshot hold: parts of a partition's state, each as of one sequence. How they are cut is decided where they are written, what
 * they come to where they are read.
 */
import type { SenderId, Sku } from "../domain/names.ts"
import type { Policy } from "../domain/sku/policy.ts"
import type { ChannelUse, LocationStock, Reservation, Shorts } from "../domain/sku/stock.ts"
import type { SkuActor } from "./actor.ts"
import type { Remembered } from "./memory.ts"
import { rowBytes } from "./packed.ts"
import type { Partition, QuarantinedCommand } from "./partition.ts"
import type { FloorClass } from "./records.ts"

interface SkusChunk {
  readonly kind: "skus"
  readonly seq: number
  readonly skus: ReadonlyArray<{
    readonly sku: Sku
    readonly version: number
    readonly policy: Policy | null
    readonly locations: ReadonlyArray<LocationStock>
    readonly uses: ReadonlyArray<ChannelUse> | null
    readonly shorts: Shorts | null
    /** See {@link SkuActor.strayChannels}. Absent where there are none. */
    readonly strays?: ReadonlyArray<SenderId>
  }>
}
/** Open reservations. */
export interface ReservationsChunk {
  readonly kind: "reservations"
  readonly seq: number
  readonly items: ReadonlyArray<{ readonly sku: Sku; readonly reservation: Reservation }>
}
export interface DecisionsChunk {
  readonly kind: "decisions"
  readonly seq: number
  readonly items: ReadonlyArray<{ readonly sender: SenderId; readonly decision: Remembered }>
}
/** Packed decisions of one sender and class, rows as packed.ts lays them, oldest first. They come before the recent ones of their class. */
export interface PackedChunk {
  readonly kind: "packed"
  readonly seq: number
  readonly sender: SenderId
  readonly class: FloorClass
  readonly bytes: Uint8Array
}
/** Ended reservations of some channels, rows as packed.ts lays them: so many of each, one channel's after the other's, each in the order in which they ended. They come after all that are open. */
export interface EndedChunk {
  readonly kind: "ended"
  readonly seq: number
  readonly of: ReadonlyArray<{ readonly channel: SenderId; readonly rows: number }>
  readonly bytes: Uint8Array
}
interface MetaChunk {
  readonly kind: "meta"
  readonly seq: number
  readonly floors: ReadonlyArray<{ readonly sender: SenderId; readonly class: FloorClass; readonly floorMs: number }>
  /** Absent in what earlier releases wrote. */
  readonly ingresses?: ReadonlyArray<{ readonly ingress: string; readonly serial: number }>
  readonly quarantine: ReadonlyArray<QuarantinedCommand>
  /** See {@link Partition.droppedToSeq}: a reset may lie before the snapshot's start, and the first message taken since behind its end. Absent where nothing stands. */
  readonly droppedToSeq?: number
}
/** What one chunk of a snapshot holds. */
export type Chunk = SkusChunk | ReservationsChunk | EndedChunk | DecisionsChunk | PackedChunk | MetaChunk

/** Packed rows that are as much work as one other thing. */
export const packedPerThing = 32

/** How many things a chunk holds. */
export const itemsOf = (chunk: Chunk): number => {
  if (chunk.kind === "packed" || chunk.kind === "ended") return Math.ceil(chunk.bytes.length / (packedPerThing * rowBytes))
  if (chunk.kind === "skus") return chunk.skus.length
  return chunk.kind === "meta" ? chunk.quarantine.length : chunk.items.length
}
