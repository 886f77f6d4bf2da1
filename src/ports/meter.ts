/**
 * What the runtime reports to whoever measures it. Plain synchronous calls, once per batch or rarer: an Effect for each would cost more
 * than what it measures. telemetry/ counts with prom-client; a test listens in.
 */
import { Context } from "effect"
import type { AlarmKind, BatchStats, StepDownReason } from "../engine/protocol.ts"

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
}

/** Alarms that no partition raises about itself: somebody else sees them. */
export const WatchAlarmKind = [
  /** Nobody serves a partition, or its owner decides nothing. */
  "PartitionUnserved",
  "SettingsChanged",
  "BrokerFull",
  "ServerUnwell",
  "ReaderDeaf",
] as const
export type WatchAlarmKind = (typeof WatchAlarmKind)[number]

export class Meter extends Context.Service<
  Meter,
  {
    readonly batchConfirmed: (partition: number, stats: BatchStats) => void
    /** An append's outcome is unknown, for now. */
    readonly appendUnknown: (partition: number) => void
    readonly repliesSent: (count: number) => void
    readonly feedSent: (count: number) => void
    /** This worker became a partition's owner. */
    readonly tookOver: (partition: number) => void
    readonly steppedDown: (partition: number, reason: StepDownReason) => void
    /** Said once, before anything is counted: every counter of an alarm is there from the beginning, at 0. */
    readonly begin: (partitions: number, alarms: ReadonlyArray<AlarmKind | WatchAlarmKind>) => void
    /** Partition null: an alarm about none in particular. */
    readonly alarm: (partition: number | null, kind: AlarmKind | WatchAlarmKind) => void
    /** For how many milliseconds the partition was not served, as this worker sees it; 0: it is. */
    readonly unserved: (partition: number, unservedMs: number) => void
    readonly sampled: (partition: number, sample: PartitionSample) => void
    /** Commands stored and not decided, and the age in milliseconds of the oldest; null when this worker doesn't own the partition (any more). */
    readonly waiting: (partition: number, waiting: { readonly count: number; readonly oldestAgeMs: number } | null) => void
  }
>()("holdfast/ports/Meter") {}
