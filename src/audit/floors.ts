/**
 * Below which `issuedAtMs` a sender's ids are forgotten: the journaled floor, or the horizon behind journaled time if that is higher,
 * always on a step. Worked out again here from the record alone, for `one-effect` and `reservations` to hold decisions against.
 */

import type { CommandClass, EpochMs } from "../domain/names.ts"
import type { Command } from "../domain/sku/commands.ts"
import type { FloorClass, FloorEntry } from "../engine/records.ts"
import { commandHorizonMs, factHorizonMs, floorStepMs } from "../limits.ts"
import { isFactType } from "./effects.ts"

const horizonMs: Readonly<Record<FloorClass, number>> = {
  sell: commandHorizonMs,
  sale: factHorizonMs,
  stock: factHorizonMs,
  policy: commandHorizonMs,
  operator: commandHorizonMs,
}

/** The class whose floor a command falls under: sale notices are facts among the commands of a channel. */
export const floorClassOf = (command: Command, sentAs: CommandClass): FloorClass =>
  sentAs === "sell" && isFactType(command.type) ? "sale" : sentAs

/** The step that a time lies in, by its beginning. */
export const stepStartMs = (ms: EpochMs): EpochMs => Math.floor(ms / floorStepMs) * floorStepMs

/** The floors of all senders, as the journals say them. */
export interface Floors {
  readonly raised: (partition: number, entry: FloorEntry) => void
  /** The floor of a sender's class in a partition at a journaled time. */
  readonly at: (partition: number, sender: string, floorClass: FloorClass, atMs: EpochMs) => EpochMs
}

/** Floors before any record was read: those of the horizon alone. */
export const createFloors = (): Floors => {
  const journaled = new Map<string, EpochMs>()
  const keyOf = (partition: number, sender: string, floorClass: FloorClass): string => `${partition} ${sender} ${floorClass}`
  return {
    raised: (partition, { sender, class: floorClass, floorMs }) => {
      const key = keyOf(partition, sender, floorClass)
      journaled.set(key, Math.max(journaled.get(key) ?? 0, floorMs))
    },
    at: (partition, sender, floorClass, atMs) =>
      Math.max(
        // Most journals hold no floor: one is journaled only when memory runs short.
        journaled.size === 0 ? 0 : (journaled.get(keyOf(partition, sender, floorClass)) ?? 0),
        stepStartMs(atMs - horizonMs[floorClass]),
      ),
  }
}
