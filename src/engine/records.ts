/**
 * What a partition journals: records, their entries, and what is said to senders about them.
 *
 * The engine owns these types; wire/ gives them their bytes. A record is the outcome of one group commit and holds all that
 * replies, feed, audit and replay need: replay only evolves, it never decides again.
 */

import type { ActorKey, CommandClass, CommandId, EpochMs, SenderId } from "../domain/names.ts"
import type { Refusal } from "../domain/refusals.ts"
import type { CarriedCommand, CarriedRef, KindTypes } from "./kind.ts"

/** The version of records this release writes, and the one it reads. */
export const recordVersion = 3

/** Which commands stream a cursor is of: a sequence says nothing of another's messages. `stored` holds what ingresses write; there is no other, and a record that names one is a newer release's. */
export const CursorStream = ["stored"] as const
export type CursorStream = (typeof CursorStream)[number]

/**
 * How far a partition has read the commands stream: the sequence of the last message taken, and a digest of that message
 * (subject, headers, body, broker timestamp), so that a stream which lost its tail and reuses sequences is noticed. Sequence 0 and "" before the first.
 */
export interface Cursor {
  readonly stream: CursorStream
  readonly seq: number
  readonly digest: string
}

/** What a record was written for; see docs/PROTOCOL.md. */
export const RecordKind = ["genesis", "claim", "batch", "expiry", "reset", "operator"] as const
export type RecordKind = (typeof RecordKind)[number]

/** The part of a record that makes it a link of its chain. */
export interface RecordEnvelope {
  readonly version: number
  readonly kind: RecordKind
  readonly partition: number
  /** Random, made with the genesis record: another cluster's journal, or one that was emptied and begun anew, has another. */
  readonly incarnation: string
  /** Random per reign. */
  readonly owner: string
  readonly epoch: number
  readonly cursor: Cursor
  /** Journaled time: never falls. */
  readonly atMs: EpochMs
  /** Sequence of the record before this one in the journal's stream; 0 for the genesis record. */
  readonly prevSeq: number
  /** Hash of the bytes of the record before this one; "" for the genesis record. */
  readonly prevHash: string
  /** Replies and feed of all records up to this one were said. */
  readonly publishedSeq: number
}

/** What floors and horizons are kept for, per sender: commands and facts of a class apart, for their horizons differ. */
export const FloorClass = ["sell", "sale", "stock", "policy", "operator"] as const
export type FloorClass = (typeof FloorClass)[number]

/** How one command was decided. */
export type JournaledDecision<K extends KindTypes = KindTypes> =
  | { readonly _tag: "Accepted"; readonly events: ReadonlyArray<K["event"]> }
  | { readonly _tag: "Refused"; readonly refusal: Refusal }
  /** Its deadline passed before it was decided. */
  | { readonly _tag: "TooLate" }
  /** Nobody could decide it: provisional, not remembered. `cause` is for the operator; `quarantined` names its place in quarantine (a retry's is the first's). */
  | { readonly _tag: "Quarantined"; readonly cause: string; readonly quarantined: string }
  /** The same id with the same content was decided before: the same outcome again. */
  | { readonly _tag: "Repeated"; readonly outcome: RememberedDecision<K> }
  /** Given up by an operator. */
  | { readonly _tag: "Dropped"; readonly reason: string }
  /** It began: its answer stands in an {@link AnsweredEntry} of this record or a later one. */
  | { readonly _tag: "Begun"; readonly events: ReadonlyArray<K["event"]> }
  /** The same id with the same content, asked again before the answer: both are answered together. */
  | { readonly _tag: "Pending" }

/** One command of a message with its decision. Without a command when the body could not be decoded that far. */
export interface DecidedCommand<K extends KindTypes = KindTypes> {
  readonly command: K["command"] | null
  /** What could be read of a command that could not be decoded, so that its sender can match the refusal; null where `command` is there. */
  readonly named: { readonly id: CommandId | null; readonly key: K["key"] | null } | null
  readonly decision: JournaledDecision<K>
}

/** A sender's message: all its commands, in the order of the body, decided. */
export interface MessageEntry<K extends KindTypes = KindTypes> {
  readonly _tag: "Message"
  /** Its sequence in the commands stream, or that of the stored message it came in; null: it was handed over, and is in no stream. */
  readonly seq: number | null
  readonly sender: SenderId
  readonly class: CommandClass
  /** Of a command that an actor of ours sent: the channel it was decided for. Absent: a sender's own. */
  readonly onBehalf?: SenderId
  /** Whether its sender had the role `bulk` when it was taken: which bounds its sales were decided by. */
  readonly bulk: boolean
  /** When it was published, by the broker's clock: at the earliest, where an ingress could only bound its age. */
  readonly brokerMs: EpochMs
  readonly reply: string | null
  /** W3C `traceparent` that it came with: whoever does something about it later (a reply, the feed, a projection) goes on with that trace. Absent: none. Nothing is decided by it. */
  readonly trace?: string
  /** Whether the body was an array: the reply then is one too. */
  readonly array: boolean
  readonly decided: ReadonlyArray<DecidedCommand<K>>
}

/** A stored message of an ingress was taken: its messages of senders follow in the record, each with this sequence. */
export interface StoredEntry {
  readonly _tag: "Stored"
  readonly seq: number
  readonly ingress: string
  readonly serial: number
  /** Messages that this ingress was told are stored, and that the stream did not show before this one: they are lost. */
  readonly missing: number
}

/** A message of the commands stream that none of ours wrote, or that can't be read: passed over. */
export interface SkippedEntry {
  readonly _tag: "Skipped"
  readonly seq: number
  readonly cause: string
}

/** Parts of one actor whose time was up. */
export interface ExpiryEntry<K extends KindTypes = KindTypes> {
  readonly _tag: "Expiry"
  readonly key: K["key"]
  readonly events: ReadonlyArray<K["expired"]>
}

/** What an actor did of its own accord, after a change. */
export interface CoveredEntry<K extends KindTypes = KindTypes> {
  readonly _tag: "Covered"
  readonly key: K["key"]
  readonly events: ReadonlyArray<K["followUp"]>
}

/** What this sender issued before `floorMs` in this class is forgotten and refused from now on. */
export interface FloorEntry {
  readonly _tag: "Floor"
  readonly sender: SenderId
  readonly class: FloorClass
  readonly floorMs: EpochMs
}

/** A quarantined command got its final answer, because an operator replayed or dropped it. */
export interface SettledEntry<K extends KindTypes = KindTypes> {
  readonly _tag: "Settled"
  readonly quarantined: string
  readonly sender: SenderId
  readonly class: CommandClass
  readonly reply: string | null
  readonly decided: DecidedCommand<K>
}

/**
 * The commands stream no longer has the message at `from`: reading starts again after the record's cursor. `dropped`: what went with it undecided, as far as it may have been this partition's. Whoever
 * reigns after such a record halts, until an operator's answer is journaled.
 */
export interface ResetEntry {
  readonly _tag: "Reset"
  readonly from: Cursor
  readonly cause: string
  readonly dropped: Dropped | null
}

/** Sequences of the commands stream that it has used and no longer holds, and that nobody decided. None, where the first is behind the last: the message that reading stood at was the stream's last, and was dropped. */
export interface Dropped {
  readonly firstSeq: number
  readonly lastSeq: number
}

/** An operator looked at a halted partition and lets it go on. `lostAfterSeq`: confirmed records after this one are known to be lost, if any. */
export interface ResumedEntry {
  readonly _tag: "Resumed"
  readonly by: string
  readonly reason: string
  readonly haltReason: string
  readonly lostAfterSeq: number | null
}

/** What came of a command at another actor, as its sender hears it: the remembered decision of another kind, of which only this much is known here. */
export type ReturnedOutcome =
  | { readonly outcome: "accepted"; readonly [field: string]: unknown }
  | ({ readonly outcome: "refused" } & Refusal)
  | { readonly outcome: "expired" }
  | { readonly outcome: "dropped"; readonly reason: string }

/** A carried command whose decision has not come back. */
export interface CommandUnderWay {
  /** `<owner>/<sequence>/<place>` of the record that carries it: the same whoever sends it, and never that of another. */
  readonly id: CommandId
  readonly to: { readonly kind: string; readonly partition: number }
  /** The actor it is for. */
  readonly key: ActorKey
  readonly onBehalf: SenderId
  /** The time of the record that carries it: its `issuedAtMs`. */
  readonly atMs: EpochMs
  /** Without id and time. */
  readonly command: CarriedCommand["command"]
  /** The actor that carries it, and what it wants to find again. */
  readonly from: ActorKey
  readonly ref: CarriedRef
  /** Sequence of the record that carries it. */
  readonly seq: number
  /** W3C `traceparent` of the command that led to it. Absent: none. */
  readonly trace?: string
}

/** The decision of a carried command came back: from the record at `seq` of that partition's journal. */
export interface ReturnedEntry<K extends KindTypes = KindTypes> {
  readonly _tag: "Returned"
  readonly id: CommandId
  readonly by: { readonly kind: string; readonly partition: number; readonly seq: number }
  readonly outcome: ReturnedOutcome
  /** W3C `traceparent` that it was carried with. Absent: none. */
  readonly trace?: string
  /** The actor that carried it, and what it makes of it. */
  readonly key: K["key"]
  readonly events: ReadonlyArray<K["event"]>
}

/** An answer that was owed, given by an event of the entry before: said to each that asked, and remembered under its id. */
export interface AnsweredEntry<K extends KindTypes = KindTypes> {
  readonly _tag: "Answered"
  readonly sender: SenderId
  readonly class: CommandClass
  readonly key: K["key"]
  readonly id: CommandId
  /** Of the command's content, and when it was issued. */
  readonly hash: number
  readonly issuedAtMs: EpochMs
  /** Reply suffixes of all that asked. */
  readonly replies: ReadonlyArray<string>
  readonly outcome: RememberedDecision<K>
}

/** One thing that a record says, in the order in which it was decided. */
export type Entry<K extends KindTypes = KindTypes> =
  | MessageEntry<K>
  | StoredEntry
  | SkippedEntry
  | ExpiryEntry<K>
  | CoveredEntry<K>
  | FloorEntry
  | SettledEntry<K>
  | ResetEntry
  | ResumedEntry
  | ReturnedEntry<K>
  | AnsweredEntry<K>

/** A record of the journal: its envelope and its entries. */
export interface JournalRecord<K extends KindTypes = KindTypes> extends RecordEnvelope {
  readonly entries: ReadonlyArray<Entry<K>>
}

/** A record as its stream holds it. */
export interface StoredRecord {
  readonly seq: number
  readonly messageId: string
  readonly bytes: Uint8Array
}

/** What a sender hears about one command, and what is remembered under its id. */
export type RememberedDecision<K extends KindTypes = KindTypes> =
  | ({ readonly outcome: "accepted" } & K["accepted"])
  | ({ readonly outcome: "refused" } & Refusal)
  | { readonly outcome: "expired" }
  | { readonly outcome: "quarantined"; readonly quarantined: string }
  | { readonly outcome: "dropped"; readonly reason: string }

/** One reply message: to whom, about which record, and the decisions in the order of the request's body. */
export interface Reply<K extends KindTypes = KindTypes> {
  readonly sender: SenderId
  readonly suffix: string
  readonly partition: number
  /** The journal sequence of the record that holds the decision (this saying of it, if repeated). */
  readonly seq: number
  readonly epoch: number
  readonly array: boolean
  readonly decisions: ReadonlyArray<K["said"]>
}
