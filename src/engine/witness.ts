/**
 * The witness: a mark outside the journal that names the newest confirmed record, so that a journal which lost its tail is noticed by whoever claims it.
 *
 * It only rises. An owner writes its mark over the one that it last knew to stand, and is told which stands then. Another than it may be proves that
 * somebody reigned whom its journal doesn't show: the partition is given up, and a claimant judges what stands.
 */
import { assert } from "../assert.ts"
import { cursorCheckMs } from "../limits.ts"
import { recentHash } from "./apply.ts"
import { isDue } from "./due.ts"
import { halt, stepAside, stepDown } from "./ending.ts"
import type { Partition, Serving } from "./partition.ts"
import type { Output, UnreadWitness, Witness } from "./protocol.ts"

const nameOf = (mark: Witness | null): string => (mark === null ? "no witness" : `a witness of record ${mark.seq}`)

/** Asks for the newest confirmed record to be marked, unless a mark is under way, or must not be written yet. */
export const raiseWitness = (partition: Serving): Array<Output> => {
  if (partition.reign.marking !== null || partition.reign.lifting) return []
  const witness: Witness = { seq: partition.confirmedSeq, hash: partition.confirmedHash }
  partition.reign.marking = witness
  return [{ _tag: "StoreWitness", witness, over: partition.reign.mark }]
}

/** At most once a second, and only if something was confirmed since. */
export const tickWitness = (partition: Serving, nowMs: number): Array<Output> => {
  if (partition.reign.marking !== null || partition.confirmedSeq <= (partition.reign.mark?.seq ?? 0)) return []
  if (!isDue(partition.reign.nextWitnessAtMs, nowMs, cursorCheckMs)) return []
  partition.reign.nextWitnessAtMs = nowMs + cursorCheckMs
  return raiseWitness(partition)
}

/**
 * Whether a mark that this owner didn't write may stand beside its reign: a former owner's that arrived late. It names a record from before this reign, the
 * very one that this journal holds, and is not older than what was known to stand. All else speaks of a reign that this journal doesn't show.
 */
const isFormerOwners = (partition: Serving, stands: Witness): boolean =>
  stands.seq < partition.reign.reignSeq &&
  stands.seq >= (partition.reign.mark?.seq ?? 0) &&
  (recentHash(partition, stands.seq) ?? stands.hash) === stands.hash

/** What stands after a mark was to be written, whoever wrote it. */
export const onWitnessStored = (partition: Serving, stands: Witness | null, nowMs: number): Array<Output> => {
  const { marking, mark } = partition.reign
  if (marking === null) return []
  partition.reign.marking = null
  const isOurs = stands !== null && stands.seq === marking.seq && stands.hash === marking.hash
  // It met another that was gone when it was looked at again.
  const isNone = stands === null && mark === null
  if (isOurs || isNone || (stands !== null && isFormerOwners(partition, stands))) {
    partition.reign.mark = stands
    // Written over at the next tick, if it isn't this owner's.
    if (!isOurs) partition.reign.nextWitnessAtMs = nowMs
    return []
  }
  // It reigns no longer, and somebody else may have marked what comes after it. Whoever claims next judges what stands, this partition too.
  if (partition.reign.draining !== null) return []
  return stepDown(
    partition,
    "Fenced",
    `${nameOf(stands)} stands outside the journal, where this owner wrote ${nameOf(marking)} over ${nameOf(mark)}`,
  )
}

/** A mark that can't be read proves nothing, and isn't written over: it may have named a record that the journal has lost. An operator looks, and a resume forgets it. */
export const haltDamaged = (partition: Partition, cause: string, nowMs: number): Array<Output> => {
  const remedy = "see that the journal is whole (holdfast audit), then resume the partition: that forgets the mark"
  return halt(partition, "WitnessDamaged", `${cause}; ${remedy}`, nowMs)
}

/** A mark of a newer release: somebody who can read it reigns, or did. */
export const onWitnessUnread = (partition: Serving, { _tag, cause }: UnreadWitness, nowMs: number): Array<Output> => {
  if (partition.reign.marking === null) return []
  partition.reign.marking = null
  return _tag === "Newer" ? stepAside(partition, cause) : haltDamaged(partition, cause, nowMs)
}

/** The halt is lifted and its witness forgotten: the owner whose resume was journaled writes the first. */
export const onHaltCleared = (partition: Serving): Array<Output> => {
  assert(partition.reign.marking === null, "INV-4 nothing is written over a halt's witness")
  if (!partition.reign.lifting) return []
  partition.reign.lifting = false
  partition.reign.mark = null
  return raiseWitness(partition)
}
