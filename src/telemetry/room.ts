/**
 * How much room journals and their archive take, as gauges. Sampled by whoever asks the broker, far more rarely than anything is decided.
 */
import type { Gauge, Registry } from "prom-client"
import type { Kind } from "../domain/kinds.ts"
import type { JournalHeld } from "../ports/archive.ts"
import { metricsOf } from "./making.ts"

/** What one partition takes, in its journal and in its archive. */
export interface RoomSample {
  readonly journal: JournalHeld
  /** Null: no archive is named here, or it holds nothing of this journal. */
  readonly archive: { readonly archivedSeq: number; readonly bytes: number } | null
}

/** Counts samples of one partition each; null where this worker no longer serves it, and another knows better. */
export const makeRoomGauges = (registry: Registry): ((kind: Kind, partition: number, sample: RoomSample | null) => void) => {
  const { gauge } = metricsOf(registry)
  const bytes = gauge("journalBytes")
  const first = gauge("journalFirstRecord")
  const last = gauge("journalLastRecord")
  const archiveBytes = gauge("archiveBytes")
  const archived = gauge("archivedRecord")
  const set = (of: Gauge<"kind" | "partition">, kind: Kind, partition: number, value: number | undefined) =>
    value === undefined ? of.remove({ kind, partition }) : of.set({ kind, partition }, value)
  return (kind, partition, sample) => {
    set(bytes, kind, partition, sample?.journal.bytes)
    set(first, kind, partition, sample?.journal.firstSeq)
    set(last, kind, partition, sample?.journal.lastSeq)
    set(archiveBytes, kind, partition, sample?.archive?.bytes)
    set(archived, kind, partition, sample?.archive?.archivedSeq)
  }
}
