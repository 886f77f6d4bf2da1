/**
 * Below which `issuedAtMs` a sender's ids are forgotten: the journaled floor, or the horizon behind journaled time if that is higher,
 * always on a step. Worked out again here from the record alone, for `one-effect` and `reservations` to hold decisions against.
 *
 * A partition of ours that sends commands has no horizon, and one floor for all it sends: only what is journaled counts, for it asks again however long it takes.
 */

import type { EpochMs } from "../domain/names.ts"
import type { FloorClass, FloorEntry } from "../engine/records.ts"
import { commandHorizonMs, factHorizonMs, floorStepMs } from "../limits.ts"

const horizonMs: Readonly<Record<FloorClass, number>> = {
  sell: commandHorizonMs,
  sale: factHorizonMs,
  stock: factHorizonMs,
  policy: commandHorizonMs,
  operator: commandHorizonMs,
}

/** The step that a time lies in, by its beginning. */
export const stepStartMs = (ms: EpochMs): EpochMs => Math.floor(ms / floorStepMs) * floorStepMs

/** The floors of all senders, as the journals say them. */
export interface Floors {
  readonly raised: (partition: number, entry: FloorEntry) => void
  /** The floor of a sender's class in a partition at a journaled time. */
  readonly at: (partition: number, sender: string, floorClass: FloorClass, atMs: EpochMs) => EpochMs
}

/** Whether a sender is a partition of ours. No sender's own name begins so. */
export const isOurs = (sender: string): boolean => sender.startsWith("@")

/** Floors before any record was read: those of the horizon alone. */
export const createFloors = (): Floors => {
  const journaled = new Map<string, EpochMs>()
  const keyOf = (partition: number, sender: string, floorClass: FloorClass): string =>
    isOurs(sender) ? `${partition} ${sender}` : `${partition} ${sender} ${floorClass}`
  return {
    raised: (partition, { sender, class: floorClass, floorMs }) => {
      const key = keyOf(partition, sender, floorClass)
      journaled.set(key, Math.max(journaled.get(key) ?? 0, floorMs))
    },
    at: (partition, sender, floorClass, atMs) =>
      Math.max(
        // Most journals hold no floor: one is journaled only when memory runs short.
        journaled.size === 0 ? 0 : (journaled.get(keyOf(partition, sender, floorClass)) ?? 0),
        isOurs(sender) ? 0 : stepStartMs(atMs - horizonMs[floorClass]),
      ),
  }
}
