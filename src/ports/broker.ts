/**
 * What the runtime needs from a broker: the commands, the journals, the feed, replies and questions, snapshots, and what workers share.
 *
 * Written for what the engine asks (engine/protocol.ts), not for what NATS offers. Real in nats/, simulated in sim/, both held to
 * the contract suite in test/contract. Streams deliver arrays: one turn of the event loop, one array.
 */
import { Context, type Effect, type Stream } from "effect"
import type { CommandMessage, Halt, SnapshotManifest, Witness } from "../engine/protocol.ts"
import type { AtsValue, Reply, StoredRecord } from "../engine/records.ts"
import type { AppendUnknown, BrokerUnavailable, Superseded, TopologyMismatch } from "./errors.ts"

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
    /** The message at `seq`, or null, with the stream's bounds; through the stream's leader. */
    readonly at: (
      seq: number,
    ) => Effect.Effect<{ readonly message: CommandMessage | null; readonly firstSeq: number; readonly lastSeq: number }, BrokerUnavailable>
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
    /** One attempt, never retried here. Succeeds only with the server's acknowledgement; whatever else happens is AppendUnknown. */
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

/** What channels hear: replies and the ATS feed. */
export class Outbound extends Context.Service<
  Outbound,
  {
    /** Publishes the replies and returns once the server has them. A channel that doesn't listen loses them; it asks again with the same id. */
    readonly reply: (replies: ReadonlyArray<Reply>) => Effect.Effect<void, BrokerUnavailable>
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

/** A question of a sender, answered on its own inbox. */
export interface Question {
  /** From the permission-checked subject. */
  readonly sender: string
  /** Subject tokens after `hf.get.<sender>`: `stock.<token>`, `ats.<token>`, `ats`, `quarantine.<partition>`, `workers`. */
  readonly path: ReadonlyArray<string>
  readonly body: Uint8Array
  /** Publishes the answer to `hf.reply.<sender>.<suffix>`, the suffix taken from the header Hf-Reply; does nothing without one. */
  readonly answer: (body: Uint8Array) => Effect.Effect<void>
}
export class Questions extends Context.Service<
  Questions,
  {
    /** Every worker hears every question and answers those about what it owns. */
    readonly listen: Stream.Stream<Question, BrokerUnavailable>
  }
>()("holdfast/ports/Questions") {}

/** Snapshots: chunks first, the manifest last. */
export class Snapshots extends Context.Service<
  Snapshots,
  {
    readonly putChunk: (partition: number, snapshot: string, index: number, bytes: Uint8Array) => Effect.Effect<void, BrokerUnavailable>
    /** From now on this is the partition's snapshot; the chunks of older ones are deleted. */
    readonly publish: (manifest: SnapshotManifest) => Effect.Effect<void, BrokerUnavailable>
    /** The partition's snapshot, or null if there is none or it isn't whole. */
    readonly latest: (
      partition: number,
    ) => Effect.Effect<{ readonly manifest: SnapshotManifest; readonly chunks: ReadonlyArray<Uint8Array> } | null, BrokerUnavailable>
    readonly discard: (partition: number, snapshot: string) => Effect.Effect<void, BrokerUnavailable>
  }
>()("holdfast/ports/Snapshots") {}

/** A worker that is alive, as the others see it. */
export interface Member {
  readonly worker: string
  /** Where it serves /metrics and /ready, for people. */
  readonly address: string
  /** Partitions whose journal it can't read, because a newer release writes it: it is passed over for them. */
  readonly unreadable: ReadonlyArray<number>
  /** Partitions that it serves, or has followed to where their journals ended a moment ago: before others it is asked to own these. Null: its release doesn't say, for it joins with all caught up. */
  readonly caughtUp: ReadonlyArray<number> | null
}

/** What workers share besides streams: who is alive, who should try to own what, and the marks that outlive a takeover. */
export class Cluster extends Context.Service<
  Cluster,
  {
    /** Creates what is missing and checks what is there; refuses what differs with a remedy. Returns what the server does not guarantee, in words, empty if nothing. */
    readonly prepare: (options: {
      readonly partitions: number
      readonly replicas: number
    }) => Effect.Effect<{ readonly partitions: number; readonly warnings: ReadonlyArray<string> }, TopologyMismatch | BrokerUnavailable>
    /**
     * Announces this worker until the scope closes, then says at once that it is gone; a worker that dies is gone after `ttlMs`. What `member` says is read anew
     * at each announcement, so that what changes in it is known to the others within a third of that.
     */
    readonly join: (member: Member, ttlMs: number) => Effect.Effect<void, BrokerUnavailable, import("effect").Scope.Scope>
    /** All that are alive, whenever that or what one of them says changes. */
    readonly members: Stream.Stream<ReadonlyArray<Member>, BrokerUnavailable>
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
    readonly marks: (
      partition: number,
    ) => Effect.Effect<
      { readonly incarnation: string | null; readonly witness: Witness | null; readonly halt: Halt | null },
      BrokerUnavailable
    >
    readonly putIncarnation: (partition: number, incarnation: string) => Effect.Effect<void, BrokerUnavailable>
    /**
     * Raises the mark: written if `over` is what stands (null: none, or it was forgotten) and names an earlier record. Answers with the mark that stands
     * afterwards, whoever wrote it. So no mark is ever lowered, and one that was forgotten is not put back by whoever has not heard of that.
     */
    readonly putWitness: (partition: number, witness: Witness, over: Witness | null) => Effect.Effect<Witness | null, BrokerUnavailable>
    readonly putHalt: (partition: number, halt: Halt) => Effect.Effect<void, BrokerUnavailable>
    /**
     * Lifts a halt that an operator has answered; any other stays. Forgets the witness first: whoever fails in between leaves a halt that was answered, to be
     * lifted again, and never a witness that would halt again what an operator let go on.
     */
    readonly clearHalt: (partition: number) => Effect.Effect<void, BrokerUnavailable>
    /** Halts as they are set, resumed (null: cleared). */
    readonly halts: Stream.Stream<{ readonly partition: number; readonly halt: Halt | null }, BrokerUnavailable>
  }
>()("holdfast/ports/Cluster") {}
