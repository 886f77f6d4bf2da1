/**
 * What the chunks of a snapshot hold: parts of a partition's state, each as of one sequence. How they are cut is decided where they are written, what
 * they come to where they are read, and how an actor and its parts stand in them by their kind.
 */
import type { SenderId } from "../domain/names.ts"
import type { KindTypes } from "./kind.ts"
import type { RememberedRow } from "./memory.ts"
import { rowBytes } from "./packed.ts"
import type { OwedCommand, Partition, QuarantinedCommand } from "./partition.ts"
import type { CommandUnderWay, FloorClass } from "./records.ts"

/** Actors without their parts. */
interface ActorsChunk<K extends KindTypes> {
  readonly kind: "actors"
  readonly seq: number
  readonly items: ReadonlyArray<K["actorRow"]>
}
/** Open parts of actors. */
export interface PartsChunk<K extends KindTypes = KindTypes> {
  readonly kind: "parts"
  readonly seq: number
  readonly items: ReadonlyArray<K["partRow"]>
}
/** Recent remembered decisions, by sender, in the order in which they were made. */
export interface DecisionsChunk<K extends KindTypes = KindTypes> {
  readonly kind: "decisions"
  readonly seq: number
  readonly items: ReadonlyArray<{ readonly sender: SenderId; readonly decision: RememberedRow<K> }>
}
/** Packed decisions of one sender and class, rows as packed.ts lays them, oldest first. They come before the recent ones of their class. */
export interface PackedChunk {
  readonly kind: "packed"
  readonly seq: number
  readonly sender: SenderId
  readonly class: FloorClass
  readonly bytes: Uint8Array
}
/** Ended parts of some senders, rows as packed.ts lays them: so many of each, one sender's after the other's, each in the order in which they ended. They come after all that are open. */
export interface EndedChunk {
  readonly kind: "ended"
  readonly seq: number
  readonly of: ReadonlyArray<{ readonly channel: SenderId; readonly rows: number }>
  readonly bytes: Uint8Array
}
/** Commands under way, oldest first: those that were so when the snapshot was begun and still are. What was carried since is in records that are replayed. */
export interface UnderWayChunk {
  readonly kind: "underWay"
  readonly seq: number
  readonly items: ReadonlyArray<CommandUnderWay>
}
/** Commands whose answer is owed, oldest first: those that had begun when the snapshot was begun and are not answered. */
export interface OwedChunk<K extends KindTypes = KindTypes> {
  readonly kind: "owed"
  readonly seq: number
  readonly items: ReadonlyArray<OwedCommand<K>>
}
interface MetaChunk<K extends KindTypes> {
  readonly kind: "meta"
  readonly seq: number
  readonly floors: ReadonlyArray<{ readonly sender: SenderId; readonly class: FloorClass; readonly floorMs: number }>
  /** Absent in what earlier releases wrote. */
  readonly ingresses?: ReadonlyArray<{ readonly ingress: string; readonly serial: number }>
  readonly quarantine: ReadonlyArray<QuarantinedCommand<K>>
  /** See {@link Partition.droppedToSeq}: a reset may lie before the snapshot's start, and the first message taken since behind its end. Absent where nothing stands. */
  readonly droppedToSeq?: number
}
/** What one chunk of a snapshot holds. */
export type Chunk<K extends KindTypes = KindTypes> =
  | ActorsChunk<K>
  | PartsChunk<K>
  | EndedChunk
  | DecisionsChunk<K>
  | PackedChunk
  | UnderWayChunk
  | OwedChunk<K>
  | MetaChunk<K>

/** Packed rows that are as much work as one other thing. */
export const packedPerThing = 32

/** How many things a chunk holds. */
export const itemsOf = (chunk: Chunk): number => {
  if (chunk.kind === "packed" || chunk.kind === "ended") return Math.ceil(chunk.bytes.length / (packedPerThing * rowBytes))
  return chunk.kind === "meta" ? chunk.quarantine.length : chunk.items.length
}
