/**
 * What is to be done to write a journal anew from its archive. Pure: what is known of the archive, the journal and the marks goes in, a plan or the reason for none comes out.
 *
 * INV-22. Only what is missing behind the records that are there is ever written, and nobody sells on such a journal before an operator says so.
 */
import type { Kind } from "../domain/kinds.ts"
import type { Halt, Witness } from "../engine/protocol.ts"
import type { ArchivedJournal, JournalHeld } from "../ports/archive.ts"
import type { ArchivedSegment, ArchiveManifest } from "../wire/archive.ts"

/** What a plan is judged by. */
export interface RebuildGround {
  readonly kind: Kind
  readonly partition: number
  /** How many partitions of the kind the cluster has, or is to have. */
  readonly partitions: number
  /** What is archived of the journal; null: nothing. */
  readonly manifest: ArchiveManifest | null
  /** What the journal's stream holds; null: there is no stream. */
  readonly held: Pick<JournalHeld, "firstSeq" | "lastSeq"> | null
  /** What the marks say of the partition. */
  readonly incarnation: string | null
  readonly witness: Witness | null
  readonly halt: Halt | null
}

/** What is to be done with a journal. */
export type RebuildPlan =
  /** Records `nextSeq` to `endSeq` are to be written, behind those from `firstSeq` on that are there. */
  | { readonly _tag: "Write"; readonly firstSeq: number; readonly nextSeq: number; readonly endSeq: number }
  /** Nothing of it is archived: it begins anew, once an operator says so. */
  | { readonly _tag: "Begin" }
  /** It was written anew before, and nobody has decided anything since. */
  | { readonly _tag: "Done"; readonly endSeq: number }
  /** Nothing may be written; why, and what to do, for people. */
  | { readonly _tag: "Refused"; readonly why: string; readonly remedy: string }

const records = (count: number): string => (count === 1 ? "1 record" : `${count} records`)

const refusal = (why: string, remedy: string): RebuildPlan => ({ _tag: "Refused", why, remedy })

/** Records that are in no archive are nowhere else: whoever reads this in haste must not be told to remove them. */
export const leaveIt =
  "leave that journal as it is, for what it holds may be nowhere else. Look whether --dir and HOLDFAST_NATS_URL name the archive and the cluster that belong together; a rebuild is for servers that hold nothing, before any worker is started there"

/** The first segment that doesn't follow the one before it; undefined: they are one chain from the first record on. */
const brokenAt = (segments: ReadonlyArray<ArchivedSegment>): ArchivedSegment | undefined => {
  let [end, hash] = [0, ""]
  for (const segment of segments) {
    if (segment.from !== end + 1 || segment.prevHash !== hash) return segment
    end = segment.to
    hash = segment.lastHash
  }
  return undefined
}

/**
 * The first record that a new stream needs: that up to which it was purged, unless no snapshot leads on from there. What was purged once stays in the archive, or servers would have to
 * hold everything there ever was.
 */
const firstNeeded = ({ purgedBelow, snapshot }: ArchiveManifest): number =>
  purgedBelow > 1 && snapshot !== null && snapshot.startSeq >= purgedBelow ? purgedBelow : 1

/** The journal's stream holds something, or something of it is gone: whether that may be written on. */
const planBehind = ({ held, halt, partition }: RebuildGround, manifest: ArchiveManifest, endSeq: number): RebuildPlan => {
  const { firstSeq, lastSeq } = held ?? { firstSeq: 1, lastSeq: 0 }
  const name = `the journal of partition ${partition}`
  if (firstSeq > 1 && (manifest.snapshot === null || manifest.snapshot.startSeq < firstSeq))
    return refusal(`${name} begins with record ${firstSeq}, and no archived snapshot leads on from there`, leaveIt)
  if (lastSeq > endSeq)
    return refusal(`${name} ends with record ${lastSeq}, the archive with ${endSeq}: it holds more than is archived`, leaveIt)
  if (lastSeq < endSeq || halt?.reason === "RebuildUnfinished") return { _tag: "Write", firstSeq, nextSeq: lastSeq + 1, endSeq }
  if (halt?.reason === "JournalRebuilt") return { _tag: "Done", endSeq }
  return refusal(`${name} holds all ${records(endSeq)} that are archived: there is nothing to write`, "leave it as it is")
}

/** What is to be done, or why nothing may be. */
export const rebuildPlan = (ground: RebuildGround): RebuildPlan => {
  const { kind, partition, partitions, manifest, held, incarnation } = ground
  const endSeq = manifest?.segments.at(-1)?.to ?? 0
  if (manifest === null || endSeq === 0) {
    if (held !== null && held.lastSeq > 0)
      return refusal(`nothing is archived of partition ${partition}, and its journal holds ${records(held.lastSeq)}`, leaveIt)
    return { _tag: "Begin" }
  }
  if (manifest.partitions !== partitions)
    return refusal(
      `the archive is of ${manifest.partitions} ${manifest.partitions === 1 ? "partition" : "partitions"} of kind ${kind}, the cluster has ${partitions}`,
      `use servers on which no cluster was made, or one that was made with ${manifest.partitions}: the number decides which journal holds what`,
    )
  if (incarnation !== null && incarnation !== manifest.incarnation)
    return refusal(
      `partition ${partition} of this cluster is another journal's (${incarnation}) than the archived one (${manifest.incarnation})`,
      leaveIt,
    )
  const broken = brokenAt(manifest.segments)
  if (broken !== undefined) return refusal(`the archive isn't whole before ${broken.file}`, "bring the archive back from a copy of it")
  if (held !== null) return planBehind(ground, manifest, endSeq)
  const firstSeq = firstNeeded(manifest)
  return { _tag: "Write", firstSeq, nextSeq: firstSeq, endSeq }
}

/** The journal that is to be written where several of one partition are archived, or why that can't be told. `named`: an incarnation that an operator chose. */
export const chosenJournal = (
  journals: ReadonlyArray<ArchivedJournal>,
  partition: number,
  named: string | null,
): { readonly journal: ArchivedJournal | null } | { readonly why: string } => {
  const found = journals.filter((one) => one.partition === partition && (named === null || one.incarnation === named))
  if (found.length > 1)
    return {
      why: `partition ${partition} has ${found.length} journals in the archive (${found.map(({ incarnation }) => incarnation).join(", ")}): choose one with --partition and --incarnation`,
    }
  if (named !== null && found.length === 0) return { why: `the archive has no journal ${named} of partition ${partition}` }
  return { journal: found[0] ?? null }
}

/** The halt that stands while a journal is written: nobody may begin a part of it. */
export const unfinishedHalt = (plan: RebuildPlan, atMs: number): Halt => {
  const upTo = plan._tag === "Write" || plan._tag === "Done" ? ` up to record ${plan.endSeq}` : ""
  return {
    reason: "RebuildUnfinished",
    detail: `it is being written anew from an archive${upTo}. If that has ended or was killed, run the same holdfast archive rebuild again`,
    atMs,
    resume: null,
  }
}

/** What is known to be lost. */
export interface RebuildLoss {
  /** The last record that is there; 0: none. */
  readonly endSeq: number
  /** Its journaled time: what was promised later is not in the journal. */
  readonly endAtMs: number
  /** A record behind it that was confirmed, where somebody outside journal and archive still knows of one. */
  readonly confirmedSeq: number | null
}

/** The halt that stands once a journal was written: an operator says what becomes of what is lost. */
export const rebuiltHalt = ({ endSeq, endAtMs, confirmedSeq }: RebuildLoss, atMs: number): Halt => {
  const upTo =
    endSeq === 0
      ? "nothing of it was archived: it begins anew"
      : `it was written anew from an archive, up to record ${endSeq} of ${new Date(endAtMs).toISOString()}`
  const known = confirmedSeq === null ? "whether any was can't be known from here" : `record ${confirmedSeq} was`
  return {
    reason: "JournalRebuilt",
    detail: `${upTo}. What was confirmed later is lost (${known}), and its units would be sold again: see Backup and restore in docs/OPERATIONS.md before you resume`,
    atMs,
    resume: null,
  }
}

/** Why a halt can't be answered yet; undefined: it can. */
export const whyNotResumed = ({ reason, detail }: Halt): string | undefined => (reason === "RebuildUnfinished" ? detail : undefined)
