/**
 * A record and its decisions as the checkers see them: laid flat, with the place they stand at, and nothing judged yet.
 */

import type { CommandClass, EpochMs, SenderId } from "../domain/names.ts"
import type { Command } from "../domain/sku/commands.ts"
import type { SkuJournaledDecision, SkuJournalRecord } from "../kinds/sku/types.ts"
import type { Where } from "./findings.ts"

/** A readable record of a partition's journal. */
export interface RecordSeen {
  readonly partition: number
  readonly seq: number
  readonly messageId: string
  readonly record: SkuJournalRecord
}

/** A command that could be decoded, with its decision. */
export interface DecisionSeen {
  readonly where: Where
  /** {@link scopeOf} its id. */
  readonly scope: string
  readonly atMs: EpochMs
  readonly sender: SenderId
  readonly class: CommandClass
  /** Whether no bound held for what it tells of its own accord: its sender had the role `bulk`, or an operator settled it. */
  readonly bulk: boolean
  readonly command: Command
  readonly decision: SkuJournaledDecision
  /** Of its record. */
  readonly version: number
  /** When the broker stored it; null for one settled from quarantine, where the record no longer says. */
  readonly brokerMs: EpochMs | null
}

/** The scope of ids: one text for each (sender, SKU, id). Senders and ids contain no control characters, and SKUs none either. */
export const scopeOf = (sender: string, sku: string, id: string): string => `${sender}\n${sku}\n${id}`
