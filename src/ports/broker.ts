/**
 * What the runtime needs from a broker: the commands, the journals, the feed, replies and questions, snapshots, and what workers share.
 *
 * Each port is of the partitions of one kind, and a partition is its number among them; what a process does for several kinds it does over as many of each. Only making a cluster
 * (`prepare`) and questions are about all kinds at once.
 *
 * Written for what the engine asks (engine/protocol.ts), not for what NATS offers. Real in nats/, simulated in sim/, both held to
 * the contract suite in test/contract. Streams deliver arrays: one turn of the event loop, one array.
 */
import { Context, type Effect, type Scope, type Stream } from "effect"
import type { PartitionCounts } from "../domain/kinds.ts"
import type { SenderId } from "../domain/names.ts"
import type { CommandMessage, Halt, SnapshotManifest, UnreadWitness, Witness } from "../engine/protocol.ts"
import type { Reply, StoredRecord } from "../engine/records.ts"
import type { AtsValue } from "../kinds/sku/types.ts"
import type { AppendUnknown, BrokerUnavailable, Superseded, TopologyMismatch } from "./errors.ts"

/** What the commands stream holds at a sequence, and as a whole. */
export interface CommandLookup {
  readonly message: CommandMessage | null
  readonly firstSeq: number
  readonly lastSeq: number
  /** Where there is none at the sequence: the first message of the partition that is stored after it, null if none is. Else null. */
  readonly nextSeq: number | null
  /** What it holds as a share of what it may hold, of bytes or of messages, whichever is nearer; 0 where it has no such bound. */
  readonly fill: number
}

/** The commands stream, read by a partition's own cursor. */
export class Commands extends Context.Service<
  Commands,
  {
    /**
     * Messages of the partition with sequence ≥ `fromSeq`, in stream order, none left out, until whatever could hide that the stream lost its tail: a connection
     * lost, a consumer made anew, an error, silence. It then fails, and what the stream delivers afterwards is not in it. Pull-based: not read further than
     * the consumer takes.
     */
    readonly read: (partition: number, fromSeq: number) => Stream.Stream<ReadonlyArray<CommandMessage>, BrokerUnavailable>
    /** The message at `seq`, or null, with the stream's bounds and how full it is; through the stream's leader. */
    readonly at: (partition: number, seq: number) => Effect.Effect<CommandLookup, BrokerUnavailable>
    /** Deletes the partition's messages with sequence < `beforeSeq`. */
    readonly purge: (partition: number, beforeSeq: number) => Effect.Effect<void, BrokerUnavailable>
    /** Messages of the partition stored after `seq`, for lag: how many, and when the oldest was stored (null if none). */
    readonly waiting: (
      partition: number,
      seq: number,
    ) => Effect.Effect<{ readonly count: number; readonly oldestMs: number | null }, BrokerUnavailable>
  }
>()("holdfast/ports/Commands") {}

/** The journals: one stream a partition, appended to by compare-and-set on its last sequence. */
export class Journals extends Context.Service<
  Journals,
  {
    /** One attempt, never retried here. Succeeds only with the server's acknowledgement; whatever else happens is AppendUnknown, an answer that stays out for {@link appendTimeoutMs} too. */
    readonly append: (
      partition: number,
      expectedSeq: number,
      messageId: string,
      bytes: Uint8Array,
    ) => Effect.Effect<{ readonly seq: number; readonly duplicate: boolean }, AppendUnknown>
    /** The last sequence, through the leader. */
    readonly endSeq: (partition: number) => Effect.Effect<number, BrokerUnavailable>
    /** The record at `seq`, or null, through the leader. */
    readonly at: (partition: number, seq: number) => Effect.Effect<StoredRecord | null, BrokerUnavailable>
    /** Records `fromSeq` to `toSeq`, both included, in order; ends after `toSeq`. */
    readonly read: (partition: number, fromSeq: number, toSeq: number) => Stream.Stream<ReadonlyArray<StoredRecord>, BrokerUnavailable>
    /** Records from `fromSeq` on, in order, for ever; reconnects by itself. */
    readonly follow: (partition: number, fromSeq: number) => Stream.Stream<ReadonlyArray<StoredRecord>, BrokerUnavailable>
  }
>()("holdfast/ports/Journals") {}

/** What channels hear: replies and the ATS feed. Of SKUs alone there is a feed: of another kind nothing is published, and watching brings nothing. */
export class Outbound extends Context.Service<
  Outbound,
  {
    /** Publishes the replies and returns once the server has them. A channel that doesn't listen loses them; it asks again with the same id. */
    readonly reply: (replies: ReadonlyArray<Reply>) => Effect.Effect<void, BrokerUnavailable>
    /** Says to a sender that nothing of a message was taken, on `hf.reply.<sender>.<suffix>`. Lost if there is no connection, or nobody listens. */
    readonly busy: (sender: SenderId, suffix: string, body: Uint8Array) => void
    /** Stores the values as the last of their channel and SKU; returns when all are stored. Safe to repeat. */
    readonly feed: (partition: number, values: ReadonlyArray<AtsValue>) => Effect.Effect<void, BrokerUnavailable>
    /**
     * What the feed's stream stores for the partition, whoever sent it, in the order it was stored and each once: beginning with what it stored at `sinceMs` of
     * the broker's clock or later, of which it may leave out all but the last of a channel and SKU. Reconnects by itself.
     */
    readonly watchFeed: (
      partition: number,
      sinceMs: number,
    ) => Stream.Stream<ReadonlyArray<Pick<AtsValue, "channel" | "sku" | "version" | "ats">>, BrokerUnavailable>
  }
>()("holdfast/ports/Outbound") {}

/** A question as it came in on one sender's subscription. Nothing of it is checked but that the server let that sender ask there. */
export interface AskedQuestion {
  readonly sender: SenderId
  /** What follows `hf.get.<sender>.` in its subject. */
  readonly path: string
  /** "" where there is none. */
  readonly replySubject: string
  readonly replyHeader: string
  readonly body: Uint8Array
}

/** Where senders ask. All calls are made in one turn and take effect as soon as the connection can. */
export interface OpenQuestions {
  /** Subscribes to the sender's questions, beside all other workers: every worker hears every question. Nothing where it is subscribed already. */
  readonly open: (sender: SenderId) => void
  /** Gives the subscription up; without a subscriber the server says so to whoever asks. What it sent meanwhile may still be told, or lost. */
  readonly close: (sender: SenderId) => void
  /** Says bytes to `hf.reply.<sender>.<suffix>`; lost if there is no connection. The suffix has been checked. */
  readonly answer: (sender: SenderId, suffix: string, body: Uint8Array) => void
}

/** Where senders' questions come in, and are answered. */
export class Questions extends Context.Service<
  Questions,
  {
    /** Begins with no sender's subscription; ends with the scope. Questions are told by plain calls: an effect for each would cost more than the question. Reconnects by itself. */
    readonly listen: (hear: (question: AskedQuestion) => void) => Effect.Effect<OpenQuestions, BrokerUnavailable, Scope.Scope>
  }
>()("holdfast/ports/Questions") {}

/** The snapshot that counts for a partition: its manifest, and its chunks as bytes. */
export interface LatestSnapshot {
  readonly manifest: SnapshotManifest
  readonly chunks: ReadonlyArray<Uint8Array>
}

/** Snapshots: chunks first, the manifest last. */
export class Snapshots extends Context.Service<
  Snapshots,
  {
    readonly putChunk: (partition: number, snapshot: string, index: number, bytes: Uint8Array) => Effect.Effect<void, BrokerUnavailable>
    /** From now on this is the partition's snapshot; the chunks of older ones are deleted. */
    readonly publish: (manifest: SnapshotManifest) => Effect.Effect<void, BrokerUnavailable>
    /** The partition's snapshot, or null if there is none or it isn't whole; or the version of a manifest that a newer release wrote. */
    readonly latest: (partition: number) => Effect.Effect<LatestSnapshot | { readonly newer: number } | null, BrokerUnavailable>
    readonly discard: (partition: number, snapshot: string) => Effect.Effect<void, BrokerUnavailable>
  }
>()("holdfast/ports/Snapshots") {}

/** What an owner says of a partition that it serves. By it the others tell an owner that decides from one that is merely alive. */
export interface Progress {
  readonly partition: number
  readonly epoch: number
  readonly confirmedSeq: number
  /** Milliseconds since the oldest undecided command was stored or handed over, 0 if there is none, over everything commands come from; null: it could not be asked. */
  readonly oldestMs: number | null
  /** Milliseconds for which there was something to decide, or an append without an outcome, and no record was confirmed. */
  readonly stalledMs: number
}

/** A worker that is alive, as the others see it. */
export interface Member {
  readonly worker: string
  /** Where it serves /metrics and /ready, for people. */
  readonly address: string
  /** Partitions whose journal it can't read, because a newer release writes it: it is passed over for them. */
  readonly unreadable: ReadonlyArray<number>
  /** The partitions it serves now; null: it doesn't say, as an older release. */
  readonly serving: ReadonlyArray<Progress> | null
  /** Partitions that it serves, or has followed to where their journals ended a moment ago: before others it is asked to own these. Null: its release doesn't say, for it joins with all caught up. */
  readonly caughtUp: ReadonlyArray<number> | null
}

/** A member as it was announced last. */
export interface AnnouncedMember extends Member {
  /** Another number with every announcement, so that a repeated announcement with the same content still counts as heard now. */
  readonly beat: number
}

/** What can be wrong with the broker that no answer to a request would show. */
export const TroubleKind = [
  /** A stream isn't as Holdfast made it, in a setting that a promise rests on, or is gone. */
  "SettingsChanged",
  /** There is no room to store: a disk, an account or a stream is full. */
  "BrokerFull",
  /** A server, or its JetStream, doesn't answer its monitoring page. */
  "ServerUnwell",
  /** A reader heard nothing though the stream's leader had something for it; it was moved to another server. */
  "ReaderDeaf",
] as const
export type TroubleKind = (typeof TroubleKind)[number]

/** One thing that is wrong with the broker. */
export interface BrokerTrouble {
  readonly kind: TroubleKind
  /** Null: of all partitions, or of none in particular. */
  readonly partition: number | null
  /** Whether nothing may be sold while it lasts, though everybody goes on: a promise is not kept. */
  readonly isOutage: boolean
  /** The same text for as long as it is the same trouble, the remedy included. */
  readonly detail: string
}

/** What workers share besides streams: who is alive, who should try to own what, and the marks that outlive a takeover. */
/** A partition's halt as it was set, resumed or cleared (null). */
export interface HaltChange {
  readonly partition: number
  readonly halt: Halt | null
  /** See `haltRevision` of the port. */
  readonly revision: number
}

export class Cluster extends Context.Service<
  Cluster,
  {
    /**
     * Creates what is missing and checks what is there, of every kind; refuses what differs with a remedy. Returns what the server does not guarantee, in words, empty if nothing.
     * `strict`: refuses that too, and before anything is created.
     */
    readonly prepare: (options: {
      readonly partitions: PartitionCounts
      readonly replicas: number
      readonly strict?: boolean
    }) => Effect.Effect<
      { readonly partitions: PartitionCounts; readonly warnings: ReadonlyArray<string> },
      TopologyMismatch | BrokerUnavailable
    >
    /**
     * Announces this worker until the scope closes, then says at once that it is gone; a worker that dies is gone after `ttlMs`, and so is one that hears no
     * answers any more. What `member` says is read anew at each announcement, every second or a third of `ttlMs`, whichever is sooner.
     */
    readonly join: (member: Member, ttlMs: number) => Effect.Effect<void, BrokerUnavailable, import("effect").Scope.Scope>
    /** All that are alive, whenever that changes or one of them was announced anew. */
    readonly members: Stream.Stream<ReadonlyArray<AnnouncedMember>, BrokerUnavailable>
    /** Takes the partition's lease if it is free or ours. `revision` is what renewing and releasing it needs. */
    readonly acquire: (
      partition: number,
      worker: string,
      ttlMs: number,
    ) => Effect.Effect<{ readonly revision: number }, Superseded | BrokerUnavailable>
    readonly renew: (
      partition: number,
      worker: string,
      revision: number,
      ttlMs: number,
    ) => Effect.Effect<{ readonly revision: number }, Superseded | BrokerUnavailable>
    readonly release: (partition: number, worker: string, revision: number) => Effect.Effect<void, BrokerUnavailable>
    /** Each partition's holder whenever one changes or is renewed, with the broker's timestamp of it. A holder of null: free. */
    readonly leases: Stream.Stream<
      { readonly partition: number; readonly holder: string | null; readonly brokerMs: number },
      BrokerUnavailable
    >
    readonly marks: (partition: number) => Effect.Effect<
      /** `unread`: the witness that stands can't be read here, and is told as null. */
      {
        readonly incarnation: string | null
        readonly witness: Witness | null
        readonly halt: Halt | null
        readonly unread?: UnreadWitness
      },
      BrokerUnavailable
    >
    readonly putIncarnation: (partition: number, incarnation: string) => Effect.Effect<void, BrokerUnavailable>
    /**
     * Raises the mark: written if `over` is what stands (null: none, or it was forgotten) and names an earlier record. Answers with the mark that stands
     * afterwards, whoever wrote it. So no mark is ever lowered, and one that was forgotten is not put back by whoever has not heard of that. One that can't be read is
     * neither written over nor passed over.
     */
    readonly putWitness: (
      partition: number,
      witness: Witness,
      over: Witness | null,
    ) => Effect.Effect<Witness | UnreadWitness | null, BrokerUnavailable>
    /** A number that is another whenever the partition's halt was set, answered or lifted. */
    readonly haltRevision: (partition: number) => Effect.Effect<number, BrokerUnavailable>
    /**
     * Sets a halt, or an operator's answer to it, if its revision is still `over`: the one from before whoever sets it began to look. Answers with the halt that stands
     * afterwards, whoever set it. So a halt that was found in what stood before an operator let the partition go on halts nobody again.
     */
    readonly putHalt: (partition: number, halt: Halt, over: number) => Effect.Effect<Halt | null, BrokerUnavailable>
    /**
     * Lifts a halt that an operator has answered; any other stays. Forgets the witness first: whoever fails in between leaves a halt that was answered, to be
     * lifted again, and never a witness that would halt again what an operator let go on.
     */
    readonly clearHalt: (partition: number) => Effect.Effect<void, BrokerUnavailable>
    /** Halts as they are set, resumed (null: cleared), each with its revision. */
    readonly halts: Stream.Stream<HaltChange, BrokerUnavailable>
    /**
     * All that is wrong with the broker's streams and servers, looked at every second. An empty list is told too: it shows that the broker answers. `partitions`: how
     * many the cluster has.
     */
    readonly troubles: (partitions: number) => Stream.Stream<ReadonlyArray<BrokerTrouble>, BrokerUnavailable>
  }
>()("holdfast/ports/Cluster") {}
