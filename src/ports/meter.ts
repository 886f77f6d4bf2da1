/**
 * What the runtime reports to whoever measures it. Plain synchronous calls, once per batch or rarer: an Effect for each would cost more
 * than what it measures. telemetry/ counts with prom-client; a test listens in.
 */
import { Context } from "effect"
import type { Kind } from "../domain/kinds.ts"
import type { EpochMs, SenderId } from "../domain/names.ts"
import type { AlarmKind, BatchStats, HaltReason, ReignEndReason, StepDownReason, TakenMessage } from "../engine/protocol.ts"
import type { JournalRecord } from "../engine/records.ts"
import type { BusyWhy } from "../engine/words.ts"
import type { AtsValue } from "../kinds/sku/types.ts"
import type { NotStoredReason } from "../wire/answers.ts"

/** A partition on this worker at one moment. Zeroes where this worker doesn't own it. */
export interface PartitionSample {
  /** Whether this worker serves it. */
  readonly owned: boolean
  /** Whether nobody may serve it until an operator has looked. */
  readonly halted: boolean
  /** Whether this worker can't read its journal, because a newer release writes it. */
  readonly unreadable: boolean
  readonly quarantined: number
  readonly openHolds: number
  /** Milliseconds since the end of the open hold that should have ended first; 0: none is over. */
  readonly overdueMs: number
  /** Orders that have not ended; null: actors of its kind are no orders. */
  readonly openOrders: number | null
  /** SKUs of which units are owed that are not there; null: actors of its kind have no units. */
  readonly shortSkus: number | null
  /** Records that are confirmed and not known to be said, and commands that lie behind the newest snapshot. */
  readonly unsaidRecords: number
  readonly commandsSinceSnapshot: number
  /** Null: actors of its kind have no units. */
  readonly shortQty: number | null
  /** Commands that its actors sent to others and whose decision has not come back, and for how many milliseconds the oldest has had none. */
  readonly underWay: number
  readonly underWayMs: number
  /** How full the fullest memory of any sender is, as a share of its bound. */
  readonly memoryShare: number
  /** Milliseconds by which this worker's clock is ahead of the broker's; null where it doesn't own the partition, or doesn't know yet. */
  readonly clockAheadMs: number | null
}

/** An ingress at one moment. What became of messages is counted from the beginning of its life. */
export interface IngressSample {
  /** The name of its life. */
  readonly ingress: string
  readonly partitions: ReadonlyArray<{
    readonly kind: Kind
    readonly partition: number
    /** Messages that wait to be handed over, and to be stored. */
    readonly selling: number
    readonly keeping: number
    /** Milliseconds since the oldest of them, and of what is under way, was published; 0: there is none. */
    readonly oldestAgeMs: number
    /** For how many milliseconds no owner of the partition was heard, 0 for a short silence; null: it is not for this ingress to tell. */
    readonly unservedMs: number | null
  }>
  readonly senders: ReadonlyArray<{
    readonly sender: SenderId
    readonly taken: number
    readonly stored: number
    readonly busy: Readonly<Record<BusyWhy, number>>
    readonly notStored: Readonly<Record<NotStoredReason, number>>
  }>
  /** Messages of senders it doesn't know, and messages that made it throw. */
  readonly strangers: number
  readonly defects: number
}

/** Alarms about a partition, or about the broker, that are raised by a worker that watches and not by the partition itself. */
export const WatchAlarmKind = [
  /** Nobody serves a partition, or its owner decides nothing. */
  "PartitionUnserved",
  /** A command of an actor to another has had no decision for long. */
  "CarriedStuck",
  "SettingsChanged",
  "BrokerFull",
  "ServerUnwell",
  "ReaderDeaf",
] as const
export type WatchAlarmKind = (typeof WatchAlarmKind)[number]

/** Messages with a trace that an ingress let go on: what became of them, and the steady clock by which it is told since when they were there. */
export interface TracedGone {
  readonly kind: Kind
  readonly partition: number
  readonly how: "handedOver" | "stored"
  readonly outcome: "heard" | "unheard" | "unknown" | "stored"
  readonly messages: ReadonlyArray<{ readonly message: TakenMessage; readonly sinceMs: number }>
  readonly nowMs: number
}

/** Where the runtime reports what it measured. */
export class Meter extends Context.Service<
  Meter,
  {
    /** A batch was journaled as the record at `seq`. */
    readonly batchConfirmed: (partition: number, stats: BatchStats, seq: number, record: JournalRecord, brokerNowMs: EpochMs | null) => void
    /** An append's outcome is unknown, for now. */
    readonly appendUnknown: (partition: number) => void
    /** The server has the replies of a record; `brokerNowMs`: what time it is at the broker at least, null: unknown. */
    readonly repliesSent: (partition: number, seq: number, count: number, brokerNowMs: EpochMs | null) => void
    /** Values were handed over to the feed as a group of this reign; the feed has them; or they were not stored, and the newest will be handed over again. */
    readonly feedHandedOver: (partition: number, group: number, values: ReadonlyArray<AtsValue>) => void
    readonly feedSent: (partition: number, group: number, values: ReadonlyArray<AtsValue>, brokerNowMs: EpochMs | null) => void
    readonly feedFailed: (partition: number, group: number) => void
    /** A snapshot was written, or is what this worker's following began with. */
    readonly snapshotKnown: (partition: number) => void
    /** This worker halted a partition: nobody may serve it. */
    readonly haltedHere: (partition: number, reason: HaltReason) => void
    /** Commands of a partition's actors were sent to others: for the first time, and again. */
    readonly carried: (partition: number, first: number, again: number) => void
    /** What came of commands between actors: said to who asked, and heard by who did. */
    readonly returnsSaid: (partition: number, count: number) => void
    readonly returnsHeard: (partition: number, count: number) => void
    /** This worker became a partition's owner. */
    readonly tookOver: (partition: number) => void
    /** It gave a partition up with its state, which has to be read again. */
    readonly steppedDown: (partition: number, reason: StepDownReason) => void
    /** It gave a partition up and follows on with its state. */
    readonly reignEnded: (partition: number, reason: ReignEndReason) => void
    /** Said once, before anything is counted: every counter of a worker is there from the beginning, at 0. */
    readonly begin: (
      partitions: number,
      alarms: ReadonlyArray<AlarmKind | WatchAlarmKind>,
      stepDowns: ReadonlyArray<StepDownReason>,
      reignEnds: ReadonlyArray<ReignEndReason>,
      halts: ReadonlyArray<HaltReason>,
    ) => void
    /** The same for an ingress and its senders. */
    readonly ingressBegins: (senders: ReadonlyArray<SenderId>, busy: ReadonlyArray<BusyWhy>) => void
    /** Partition null: an alarm about none in particular. */
    readonly alarm: (partition: number | null, kind: AlarmKind | WatchAlarmKind) => void
    /** For how many milliseconds the partition was not served, as this process sees it; 0: it is. */
    readonly unserved: (partition: number, unservedMs: number) => void
    readonly sampled: (partition: number, sample: PartitionSample) => void
    readonly ingressSampled: (sample: IngressSample) => void
    /** Called where there are any: of a message without a trace nothing is told. */
    readonly tracedGone: (gone: TracedGone) => void
    /** A sender's subscription was given up. */
    readonly doorClosed: (sender: SenderId, why: BusyWhy | "bound") => void
    /** Messages stored and not decided, and the age in milliseconds of the oldest; null when this worker doesn't own the partition (any more). */
    readonly waiting: (partition: number, waiting: { readonly count: number; readonly oldestAgeMs: number } | null) => void
  }
>()("holdfast/ports/Meter") {}
