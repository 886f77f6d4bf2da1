/**
 * A record and its decisions as the checkers see them: laid flat, with the place they stand at, and nothing judged yet. Of whatever kind: most checkers don't look at what an actor is.
 */

import type { CommandClass, EpochMs, SenderId } from "../domain/names.ts"
import type { KindTypes } from "../engine/kind.ts"
import type { JournaledDecision, JournalRecord } from "../engine/records.ts"
import type { SkuKind } from "../kinds/sku/types.ts"
import type { Where } from "./findings.ts"

/** A readable record of a partition's journal. */
export interface RecordSeen<K extends KindTypes = KindTypes> {
  readonly partition: number
  readonly seq: number
  readonly messageId: string
  readonly record: JournalRecord<K>
}

/** A command that could be decoded, with its decision. */
export interface DecisionSeen<K extends KindTypes = KindTypes> {
  readonly where: Where
  /** {@link scopeOf} its id. */
  readonly scope: string
  readonly atMs: EpochMs
  /** Under whose name its id is remembered. */
  readonly sender: SenderId
  /** For whom it was decided: its sender, or the channel for whose order a partition of ours sent it. */
  readonly actor: SenderId
  readonly class: CommandClass
  /** Whether no bound held for what it tells of its own accord: its sender had the role `bulk`, or an operator settled it. */
  readonly bulk: boolean
  readonly command: K["command"]
  readonly decision: JournaledDecision<K>
  /** When the broker stored it; null for one settled from quarantine, where the record no longer says. */
  readonly brokerMs: EpochMs | null
}
/** The same where actors are SKUs. */
export type SkuDecisionSeen = DecisionSeen<SkuKind>

/** The scope of ids: one text for each (sender, actor, id). Senders and ids contain no control characters, and actors' keys none either. */
export const scopeOf = (sender: string, key: string, id: string): string => `${sender}\n${key}\n${id}`
