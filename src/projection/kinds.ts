/**
 * What a projection is told of a kind of actor: how its states stand in rows, and what its events say beside changing a state. All else is the same for every kind.
 */
import type { Kind } from "../domain/kinds.ts"
import type { EpochMs, SenderId } from "../domain/names.ts"
import type { Actor } from "../engine/actor.ts"
import type { ActorKind, KindTypes } from "../engine/kind.ts"
import type { ProjectedRows } from "../ports/projection.ts"
import type { WireCodec } from "../wire/codec.ts"
import type { About } from "./story.ts"

/** The record that something is of, as rows say it. */
export interface RecordStamp {
  readonly partition: number
  readonly seq: number
  readonly atMs: EpochMs
  readonly at: string
}

/** An actor as it is folded. */
export interface FoldedActor<K extends KindTypes = KindTypes> {
  readonly actor: Actor<K>
  /** Of the record that last changed it; of no meaning before the first. */
  atMs: EpochMs
  /** Channels that policies dropped since the last batch, and with which record; null: none. Rows say what made them, whatever they are written with. */
  dropped: Map<SenderId, RecordStamp> | null
  /** Reservations whose shortage changed since then, by a name of their own, and with which record; null: none. */
  shorts: Map<string, RecordStamp & { readonly channel: SenderId; readonly reservation: string }> | null
}

/** When a part began. */
export interface Began {
  readonly seq: number
  readonly at: string
}

/** Where an event stands: what a row of its own says of it. */
export interface EventStanding extends RecordStamp {
  readonly kind: Kind
  readonly place: number
  readonly sender: SenderId | null
  readonly commandId: string | null
}

/** A kind, as its journals are projected. */
export interface ProjectedKind<K extends KindTypes = KindTypes> {
  readonly word: Kind
  readonly kind: ActorKind<K>
  readonly codec: Pick<WireCodec<K>, "decodeRecord" | "sha256" | "commandText">
  /** Whether its actors know anything beside their parts. */
  readonly hasActorRows: boolean
  /** Whether a part surely begins with this event: there is none to be loaded. */
  readonly begins: (event: K["event"]) => boolean
  /** The actor's state as text, without its parts; and an empty actor made what such a text, read, says. */
  readonly actorState: (actor: Actor<K>) => string
  readonly loadActor: (actor: Actor<K>, state: unknown) => void
  readonly partIn: (state: unknown) => K["part"]
  /** How a part is named in the tables beside its owner and id: by its actor, or by nothing. And the actor of one that is named so. */
  readonly partKey: (key: K["key"]) => string
  readonly actorOfPart: (partKey: string, part: K["part"]) => K["key"]
  readonly aboutCommand: (command: K["command"], sender: SenderId) => About
  readonly aboutEvent: (key: K["key"], event: K["event"]) => About
  /** Rows that an event has beside those of states. Called before the event is applied. */
  readonly noteEvent: (folded: FoldedActor<K>, event: K["event"], standing: EventStanding, rows: ProjectedRows) => void
  readonly actorRows: (folded: FoldedActor<K>, stamp: RecordStamp, rows: ProjectedRows) => void
  readonly partRows: (key: K["key"], part: K["part"], began: Began, stamp: RecordStamp, rows: ProjectedRows) => void
}
