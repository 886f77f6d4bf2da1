/**
 * What goes into a partition's `step` and what comes out of it, and what it is given: codec, hash and the rules that can be loosened.
 *
 * The engine knows no transport: whoever performs the outputs (the runtime over NATS, the simulator over its model) feeds back what came of them.
 */

import type { CommandClass, CommandId, EpochMs, SenderId } from "../domain/names.ts"
import type { Refusal } from "../domain/refusals.ts"
import type { Chunk } from "./chunks.ts"
import type { KindTypes } from "./kind.ts"
import type { CommandUnderWay, Entry, JournalRecord, RecordEnvelope, Reply, ReturnedOutcome, StoredRecord } from "./records.ts"
import type { BusyWhy, Throttled } from "./words.ts"

/** A message as the commands stream holds it. */
export interface CommandMessage {
  readonly seq: number
  /** As stored: an ingress's is `hf.q.<kind>.<partition>`. */
  readonly subject: string
  /** All headers in one text, `name: value` lines in the order they are stored. */
  readonly headers: string
  readonly body: Uint8Array
  /** When the broker stored it, whole milliseconds, rounded down. */
  readonly brokerMs: EpochMs
}

/** One command of a body: decoded, or why not (`detail`: what is wrong with the field, for people). `text` is its canonical JSON. */
export type DecodedCommand<K extends KindTypes = KindTypes> =
  | { readonly _tag: "Command"; readonly command: K["command"]; readonly text: string }
  | {
      readonly _tag: "Invalid"
      readonly refusal: Refusal
      readonly detail?: string
      readonly id: CommandId | null
      readonly key: K["key"] | null
    }

/** What the body of a message holds. */
export type DecodedBody<K extends KindTypes = KindTypes> =
  | { readonly _tag: "Commands"; readonly array: boolean; readonly commands: ReadonlyArray<DecodedCommand<K>> }
  /** Not even a list of commands: one refusal for the whole message. */
  | { readonly _tag: "Undecodable"; readonly refusal: Refusal }

/**
 * A sender's message as an ingress took it in: its sender from the permission-checked subject, its form checked, its commands in canonical spelling. No header and no
 * byte of the sender's is in it.
 */
export interface TakenMessage<K extends KindTypes = KindTypes> {
  readonly sender: SenderId
  readonly class: CommandClass
  /** Whether its sender has the role `bulk`: its facts are not held to the bounds of its kind. */
  readonly bulk: boolean
  /** The key of the subject it came on: one of its commands is about that actor. */
  readonly key: K["key"]
  /** The end of the subject its answer goes to; null: nobody asked for one. */
  readonly reply: string | null
  /** When it was published, by the broker's clock: at the earliest, for its age is only known to lie below a bound. Deadlines count from here. */
  readonly publishedMs: EpochMs
  /** W3C `traceparent`, parsed and written anew; null: none. */
  readonly trace: string | null
  /** Bytes of its canonical body. */
  readonly bytes: number
  readonly body: DecodedBody<K>
  /** Of a command that an actor of ours sends; its sender is the partition of that. Absent: a sender's own. */
  readonly carriage?: Carriage
}

/** How a command between actors travels. */
export interface Carriage {
  /** Whose reign asks, and hears the decision. */
  readonly from: { readonly kind: string; readonly partition: number; readonly owner: string }
  /** The channel that it is decided for. */
  readonly onBehalf: SenderId
  /** Nothing issued before this will be asked again by that partition here: what is remembered of older ones can be forgotten. */
  readonly settledMs: EpochMs
}

/** The decision of a command between actors, on its way back to the partition that asked. */
export interface CarriedReturn {
  readonly id: CommandId
  /** Who decided it, and in which record. */
  readonly by: { readonly kind: string; readonly partition: number; readonly seq: number }
  readonly outcome: ReturnedOutcome
}

/** What a stored message of the commands stream holds: messages of senders, in the order in which they are decided among their equals. */
export interface StoredBatch<K extends KindTypes = KindTypes> {
  /** The ingress that stored it, unique for each life of one. */
  readonly ingress: string
  /** Counts what this ingress stores for this partition, from 1. */
  readonly serial: number
  /** The highest of its serials that was acknowledged to it when it stored this one, 0 for none: a stream that shows this message and not that one lost it. */
  readonly acknowledged: number
  readonly messages: ReadonlyArray<TakenMessage<K>>
}

/** `Newer`: whole, and written by a release that this one doesn't know. */
export type DecodedBatch<K extends KindTypes = KindTypes> =
  | { readonly _tag: "Batch"; readonly batch: StoredBatch<K> }
  | { readonly _tag: "Newer"; readonly version: number }
  | { readonly _tag: "Unreadable"; readonly cause: string }

/** What the bytes of a record hold. `Newer`: written by a release that this one doesn't know. `cause` is for people. */
export type DecodedRecord<K extends KindTypes = KindTypes> =
  | { readonly _tag: "Record"; readonly record: JournalRecord<K> }
  | { readonly _tag: "Newer"; readonly version: number; readonly cause: string }
  | { readonly _tag: "Unreadable"; readonly cause: string }

/** What some bytes of a snapshot hold. `Newer`: whole, and written by a release that this one doesn't know. */
export type DecodedChunk =
  | { readonly _tag: "Chunk"; readonly chunk: unknown }
  | { readonly _tag: "Newer"; readonly version: number }
  | { readonly _tag: "Unreadable" }

/** The pure functions between values and bytes that the engine is given (wire/ has the real ones). None of them throws on foreign input. */
export interface EngineCodec<K extends KindTypes = KindTypes> {
  /** The body of a stored message that an ingress wrote. */
  readonly decodeBatch: (body: Uint8Array) => DecodedBatch<K>
  /** A record's bytes from its envelope and its entries as {@link EngineCodec.encodeEntry} gave them. */
  readonly encodeRecord: (envelope: RecordEnvelope, entries: ReadonlyArray<string>) => Uint8Array
  /** `commandTexts` are the canonical texts of the entry's commands, in order, where the caller has them (they are not encoded twice). */
  readonly encodeEntry: (entry: Entry<K>, commandTexts?: ReadonlyArray<string | null>) => string
  readonly decodeRecord: (bytes: Uint8Array) => DecodedRecord<K>
  /** The canonical text of a command: what {@link DecodedCommand} carries. Needed when replaying records. */
  readonly commandText: (command: K["command"]) => string
  /** A command's content as an exact integer: what its id is bound to. Neither id nor key are in it, nor when it was issued or until when it is wanted. Only a sender itself is harmed by a collision of its own ids. */
  readonly contentHash: (command: K["command"]) => number
  /** What differs between two contents, by their hashes: the one field, `type`, or `id` where several do. */
  readonly differingField: (one: number, other: number) => string
  /** SHA-256 in base64url: chain hashes and digests. */
  readonly sha256: (bytes: Uint8Array | string) => string
  readonly encodeChunk: (chunk: unknown) => Uint8Array
  readonly decodeChunk: (bytes: Uint8Array) => DecodedChunk
  /** What a decoded chunk holds; undefined if any field of it isn't what this release writes there. */
  readonly readChunk: (chunk: unknown) => Chunk<K> | undefined
}

/** A snapshot as its manifest names it: chunks hold what was applied up to a sequence each, all within start to end. */
export interface SnapshotManifest {
  readonly version: 1
  readonly id: string
  readonly partition: number
  readonly incarnation: string
  /** Replay starts after this record. */
  readonly startSeq: number
  readonly startHash: string
  /** The highest sequence applied in any chunk: the record there must have this hash. */
  readonly endSeq: number
  readonly endHash: string
  readonly chunks: number
}

/** Why a partition stopped serving until an operator looks at it. */
export const HaltReason = [
  /** The journal ends before what was confirmed. */
  "JournalLostTail",
  /** The incarnation is known, the journal is empty. */
  "JournalEmpty",
  /** The journal's records are another cluster's or another partition's. */
  "ForeignJournal",
  /** A record doesn't link to the one before it, or can't be read. */
  "ChainBroken",
  /** Applying an event broke an invariant. */
  "InvariantBroken",
  /** The commands stream lost its beginning, up to what nobody had decided: stored, perhaps acknowledged, and gone. */
  "CommandsTrimmed",
  /** The witness can't be read: whether the journal ends before what was confirmed is beyond proof. */
  "WitnessDamaged",
  /** The journal is being written anew from an archive, and isn't whole yet. */
  "RebuildUnfinished",
  /** The journal was written anew from an archive: what was confirmed after the archive's end is in neither. */
  "JournalRebuilt",
] as const
export type HaltReason = (typeof HaltReason)[number]

/** Why nobody may serve a partition, and whether an operator lets it go on. Shared outside the journal. */
export interface Halt {
  readonly reason: HaltReason
  /** For the operator: what was expected and what was found. */
  readonly detail: string
  readonly atMs: EpochMs
  /** Set by an operator: go on regardless. */
  readonly resume: { readonly by: string; readonly reason: string } | null
}

/** The highest confirmed record that somebody outside the journal knows of. */
export interface Witness {
  readonly seq: number
  readonly hash: string
}

/** What has to be known before a claim may be appended, read through the journal's leader and KV. */
export interface ClaimBasis {
  readonly endSeq: number
  readonly incarnation: string | null
  readonly witness: Witness | null
  /** Why the witness that stands can't be read, if so; then `witness` is null. */
  readonly damaged?: string
  readonly halt: Halt | null
}

/** A witness that stands and can't be judged: of a newer release, or damaged. `cause` is for people. */
export interface UnreadWitness {
  readonly _tag: "Newer" | "Damaged"
  readonly cause: string
}

/**
 * What a partition can be told. Every input carries `nowMs`, the steady clock of whoever feeds it: its wall clock as it was once, and what a monotonic clock has counted
 * since. It may be wrong by any constant, and never steps. Pauses are counted on it; what time it is, the engine learns from the broker (broker-clock.ts).
 */
export type Input<K extends KindTypes = KindTypes> = { readonly nowMs: EpochMs } & (
  | { readonly _tag: "SnapshotRead"; readonly manifest: SnapshotManifest; readonly chunks: ReadonlyArray<Uint8Array> }
  /** There is no snapshot: replay from the first record. */
  | { readonly _tag: "SnapshotMissing" }
  /** A newer release's, of this version of the manifest: it is left alone, and the journal replayed as far as it goes back. */
  | { readonly _tag: "SnapshotNewer"; readonly version: number }
  /** Records after what was applied, in order: from following the journal or from reading it to its end. */
  | { readonly _tag: "RecordsRead"; readonly records: ReadonlyArray<StoredRecord> }
  /** Become owner: the lease is ours. `owner` and `incarnation` are fresh random ids (the latter used only for a genesis record). */
  | { readonly _tag: "Claim"; readonly owner: string; readonly incarnation: string }
  /** `ask` is that of the question: an answer to an earlier one knows less than this partition may by now. */
  | { readonly _tag: "ClaimBasisRead"; readonly ask: number; readonly basis: ClaimBasis }
  /** A read failed: it is asked for again at a later tick. */
  | { readonly _tag: "ReadFailed"; readonly what: "ClaimBasis" | "JournalEnd" | "CommandAt" | "Republish" | "Recalled" }
  /** What a claim stands on was written by a newer release: whoever can read it may claim. */
  | { readonly _tag: "ClaimBasisNewer"; readonly ask: number; readonly cause: string }
  | { readonly _tag: "AppendAcked"; readonly messageId: string; readonly seq: number; readonly duplicate: boolean }
  /** Any other answer, or none. */
  | { readonly _tag: "AppendUnknown"; readonly messageId: string; readonly cause: string }
  /** The journal's end, and the record at the sequence asked for, through the leader. */
  | { readonly _tag: "JournalEndRead"; readonly endSeq: number; readonly record: StoredRecord | null }
  | { readonly _tag: "CommandsArrived"; readonly messages: ReadonlyArray<CommandMessage> }
  /** Selling commands that an ingress hands over to this reign. They are nowhere else: what is not journaled of them is forgotten, and their senders ask again. */
  | { readonly _tag: "CommandsHanded"; readonly messages: ReadonlyArray<TakenMessage<K>> }
  /** Decisions of carried commands, said by those who decided them. Any of them may be heard twice, late or never. */
  | { readonly _tag: "ReturnsHeard"; readonly returns: ReadonlyArray<CarriedReturn> }
  /**
   * The reading that was asked for has ended, whatever the reason: a lost connection, a consumer made anew, silence. Nothing further comes of it. Told before anything
   * that the stream delivers to a later one.
   */
  | { readonly _tag: "ReadingBroke" }
  | {
      readonly _tag: "CommandAtRead"
      readonly seq: number
      readonly message: CommandMessage | null
      /** First and last sequence of the commands stream. */
      readonly firstSeq: number
      readonly lastSeq: number
      /** Where there is no message at `seq`: the first of this partition that is stored after it, null if none is. */
      readonly nextSeq: number | null
      /** How full the stream is: its bytes as a share of what it may hold. */
      readonly fill: number
    }
  /** A lease was renewed, whosever, and the broker stamped it now: what the broker's time is learned from. */
  | { readonly _tag: "BrokerTimeSeen"; readonly brokerMs: EpochMs }
  /** What stands outside the journal after StoreWitness, whoever wrote it. */
  | { readonly _tag: "WitnessStored"; readonly stands: Witness | null }
  /** StoreWitness met a mark that this release can't read, and left it. */
  | { readonly _tag: "WitnessUnread"; readonly unread: UnreadWitness }
  /** The halt is lifted and its witness forgotten. */
  | { readonly _tag: "HaltCleared" }
  | { readonly _tag: "RepliesSent"; readonly seq: number }
  | { readonly _tag: "FeedSent"; readonly group: number }
  | { readonly _tag: "FeedFailed"; readonly group: number }
  /** What the feed's stream stored of an actor for a receiver, whoever sent it; told once and in the order it was stored. `shown`: what of the value the kind compares. */
  | { readonly _tag: "FeedSeen"; readonly channel: string; readonly key: string; readonly version: number; readonly shown: number }
  /** Records above publishedSeq, asked for at a takeover. */
  | { readonly _tag: "RepublishRead"; readonly records: ReadonlyArray<StoredRecord> }
  /** The record that ReadRecalled asked for, through the leader; null: it is not in the journal. */
  | { readonly _tag: "RecalledRead"; readonly seq: number; readonly record: StoredRecord | null }
  | { readonly _tag: "ChunkStored"; readonly snapshot: string; readonly index: number }
  | { readonly _tag: "SnapshotFailed"; readonly snapshot: string; readonly cause: string }
  /** `wallMs`: the wall clock, which people can set. It decides nothing; an alarm is raised if it is wrong. */
  | { readonly _tag: "Tick"; readonly wallMs: EpochMs }
  /** What ContinueSoon asked for: the next slice of a long piece of work. */
  | { readonly _tag: "Continue" }
  /** Finish what is in flight, decide nothing new, say all that was decided, then follow on. Before it serves: give the claim up and follow on. */
  | { readonly _tag: "Drain" }
  /** The lease is lost: stop trying. Safety does not depend on it. It costs the claim or the reign, not the state. */
  | { readonly _tag: "LeaseLost" }
)

/** What people have to be told of, in a closed list: each has its own row in docs/OPERATIONS.md. */
export const AlarmKind = [
  "ClockAhead",
  "ClockBehind",
  "CommandsLostTail",
  "CommandSkipped",
  "SnapshotDiscarded",
  "FeedRepaired",
  "NewerRelease",
  "Quarantined",
  "Discrepancy",
  "Shortage",
  "FloorRaised",
  "MemoryShort",
  "AppendUnknown",
  "ShortEnd",
] as const
export type AlarmKind = (typeof AlarmKind)[number]

/**
 * Why a worker gave up a partition with its state. `NewerRelease`: its journal holds records of a newer release. Nothing is wrong with the journal, and whoever can read it may serve;
 * this worker can't, however often it begins anew. `Halted`: it claimed, and met a halt that somebody else has shared.
 */
export const StepDownReason = ["Fenced", "SnapshotDiscarded", "NewerRelease", "Halted"] as const
export type StepDownReason = (typeof StepDownReason)[number]

/** Why a claim, or a reign, ended that cost no state. */
export const ReignEndReason = ["Drained", "LeaseLost", "Fenced"] as const
export type ReignEndReason = (typeof ReignEndReason)[number]

/** How a batch went, for metrics: counted when its record is confirmed. */
export interface BatchStats {
  readonly messages: number
  readonly commands: number
  readonly expiries: number
  readonly bytes: number
  readonly accepted: number
  readonly repeated: number
  readonly expired: number
  readonly quarantined: number
  /** Refusals by reason. */
  readonly refused: Readonly<Record<string, number>>
  /** Milliseconds from handing the record over to knowing that it is stored. */
  readonly appendMs: number
}

/** What a partition asks to be done. */
export type Output<K extends KindTypes = KindTypes> =
  /** Follow the journal from this sequence on, for ever, as RecordsRead. Asked for again, an earlier following ends. */
  | { readonly _tag: "FollowJournal"; readonly fromSeq: number }
  | { readonly _tag: "StopFollowing" }
  | { readonly _tag: "ReadClaimBasis"; readonly ask: number }
  /** As RecordsRead, through the leader's knowledge of the end. */
  | { readonly _tag: "ReadRecords"; readonly fromSeq: number; readonly toSeq: number }
  /** Say the incarnation outside the journal; only ever after the genesis record is confirmed. */
  | { readonly _tag: "StoreIncarnation"; readonly incarnation: string }
  | { readonly _tag: "Append"; readonly expectedSeq: number; readonly messageId: string; readonly bytes: Uint8Array }
  /** Read the journal's end, and the record at `seq` if there is one. */
  | { readonly _tag: "ReadJournalEnd"; readonly seq: number }
  /** Read commands from this sequence on, until it breaks. Asked for again, an earlier reading ends. */
  | { readonly _tag: "ReadCommands"; readonly fromSeq: number }
  | { readonly _tag: "PauseReading" }
  | { readonly _tag: "ResumeReading" }
  | { readonly _tag: "ReadCommandAt"; readonly seq: number }
  /** Purge this partition's commands with a sequence below `beforeSeq`. */
  | { readonly _tag: "PurgeCommands"; readonly beforeSeq: number }
  /** These messages were not taken, and nothing of them is or will be decided here: their senders may come back after `retryAfterMs`. Said once, and lost if it can't be. */
  | { readonly _tag: "SayBusy"; readonly messages: ReadonlyArray<TakenMessage<K>>; readonly retryAfterMs: number; readonly why: BusyWhy }
  /** Ingresses take nothing of this sender for so long: what is remembered of it is as much as may be. Or they take no facts of it: as much of it as may be waits in quarantine. Said again while it is so. */
  | { readonly _tag: "Throttle"; readonly sender: SenderId; readonly of: Throttled; readonly forMs: number }
  /** Hand these to whoever owns that partition. Said once, and lost if it can't be: the partition asks again by itself. */
  | {
      readonly _tag: "SendCarried"
      readonly to: { readonly kind: string; readonly partition: number }
      readonly settledMs: EpochMs
      readonly commands: ReadonlyArray<CommandUnderWay>
    }
  /** Say these decisions to the reign that asked. Lost if they can't be: it asks again. */
  | { readonly _tag: "SendReturns"; readonly to: Carriage["from"]; readonly returns: ReadonlyArray<CarriedReturn> }
  /** Answered by RepliesSent, once the server has them. Retried until then. */
  | { readonly _tag: "SendReplies"; readonly seq: number; readonly replies: ReadonlyArray<Reply<K>> }
  | { readonly _tag: "SendFeed"; readonly group: number; readonly values: ReadonlyArray<K["value"]> }
  /** Watch what the feed's stream stores for this partition, as FeedSeen: beginning with what it stored at `sinceMs` of the broker's clock or later, then for ever. */
  | { readonly _tag: "WatchFeed"; readonly sinceMs: EpochMs }
  /** Read one record again: somebody asks for what was decided in it long ago. Answered by RecalledRead. */
  | { readonly _tag: "ReadRecalled"; readonly seq: number }
  | { readonly _tag: "ReadForRepublish"; readonly fromSeq: number; readonly toSeq: number }
  /** Raise the mark from `over`, the one that stands as far as this owner knows. Answered by WitnessStored, once it is known what stands; retried until then. */
  | { readonly _tag: "StoreWitness"; readonly witness: Witness; readonly over: Witness | null }
  | { readonly _tag: "StoreChunk"; readonly snapshot: string; readonly index: number; readonly bytes: Uint8Array }
  | { readonly _tag: "PublishSnapshot"; readonly manifest: SnapshotManifest }
  | { readonly _tag: "DiscardSnapshot"; readonly id: string }
  /** Answered by Continue, once all else that waits for this thread was let through: timers, sockets, other partitions. */
  | { readonly _tag: "ContinueSoon" }
  /**
   * The claim is given up, and nothing of it is in flight: the partition follows on with all that it knows. The lease, if it is still held, can go. `Fenced`: another
   * claimed after it, so the lease is not what it was taken for.
   */
  | { readonly _tag: "ClaimEnded"; readonly reason: ReignEndReason }
  /**
   * The reign is over, and nothing of it is in flight: the partition follows on with its state. Whatever was asked for before is given up, readings and what is being said included, and no answer to it may be told any more: it
   * would look like one to the next reign's questions. The lease, if it is still held, can go. `Fenced`: others appended behind its last record.
   */
  | { readonly _tag: "ReignEnded"; readonly reason: ReignEndReason }
  /** This owner serves from now on. */
  | { readonly _tag: "Serving"; readonly epoch: number; readonly seq: number }
  /** An operator's resume was journaled: the witness can be forgotten and the shared halt lifted. Answered by HaltCleared. Retried until then. */
  | { readonly _tag: "ClearHalt" }
  | { readonly _tag: "BatchConfirmed"; readonly seq: number; readonly record: JournalRecord<K>; readonly stats: BatchStats }
  | { readonly _tag: "Alarm"; readonly kind: AlarmKind; readonly detail: string }
  /** The state is thrown away: nothing further comes from this partition. */
  | { readonly _tag: "SteppedDown"; readonly reason: StepDownReason; readonly detail: string }
  /** As SteppedDown, and nobody may serve until an operator has looked: share it. */
  | { readonly _tag: "Halted"; readonly halt: Halt }

/** What is known of an append when its answer, or the journal's end, is judged. */
export interface PendingAppend {
  readonly expectedSeq: number
  readonly messageId: string
  readonly hash: string
  readonly owner: string
  readonly epoch: number
}

/**
 * The rules of the protocol that can be loosened, as one frozen object that the engine is given, so that a test or the simulator can swap one
 * at a time and show what it is for. Production always uses `protocolRules`.
 */
export interface ProtocolRules {
  /** Nats-Msg-Id of a record. */
  readonly messageId: (owner: string, epoch: number, expectedSeq: number) => string
  /** Whether an acknowledgement proves that the pending record is stored at expected + 1. */
  readonly ackConfirms: (ack: { readonly seq: number; readonly duplicate: boolean }, pending: PendingAppend) => boolean
  /** Whether the record read at expected + 1 is the pending one. */
  readonly isMine: (
    found: { readonly messageId: string; readonly hash: string; readonly owner: string; readonly epoch: number },
    pending: PendingAppend,
  ) => boolean
  /** Whether a journal's end before what was confirmed is believed, given for how many milliseconds nothing else was told. */
  readonly believesShortEnd: (shortForMs: number) => boolean
  /** The text whose hash is the cursor's digest. */
  readonly digestText: (message: CommandMessage, bodyHash: string) => string
  /** Whether commands below a cursor may be purged, given whether its digest was just verified. */
  readonly mayPurge: (digestVerified: boolean) => boolean
  /** Whether a finished snapshot may be published. */
  readonly mayPublishSnapshot: (endSeq: number, confirmedSeq: number) => boolean
  /** The order of the checks before a command is decided. */
  readonly checks: ReadonlyArray<"lookup" | "floor" | "deadline" | "bounds">
  /** Whether an outcome is remembered under its id. */
  readonly remembers: (outcome: "accepted" | "refused" | "expired" | "dropped") => boolean
  /** Whether a value seen in the feed lags behind the newest version known here: the newest seen there, or the state's where this reign said nothing yet. */
  readonly feedNeedsRepair: (seenVersion: number, newestVersion: number) => boolean
  /** Whether a value seen in the feed lifts the suspicion that this reign's words were replaced there, which began when this version had been said. */
  readonly feedHasCaughtUp: (seenVersion: number, saidWhenSuspected: number) => boolean
  /** From which record on replies and feed are sent again at a takeover. */
  readonly republishFrom: (publishedSeq: number, claimSeq: number) => number
  /** The journaled time of a record, from the one before it, the steady clock, and what time it is at the broker. */
  readonly recordTime: (previousMs: EpochMs, clockMs: EpochMs, brokerNowMs: EpochMs) => EpochMs
  /** Holds alone make a record at most once in so many milliseconds; those that are due when something else is decided end before it. */
  readonly holdsGatherMs: number
}
