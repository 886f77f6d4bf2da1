/**
 * Checker `replies` (INV-3): what was heard is what was journaled.
 *
 * Proves for every reply that its record exists in that partition, with that epoch, and gives the sender that very answer for that command,
 * repeats marked as such: nothing was said before it was durable, by a zombie, or otherwise than it was decided. Replies are best told before
 * their records are; one told later is judged if its record is among the newest, and counted as unchecked if not.
 */
import type { SkuDecidedCommand, SkuHeardDecision, SkuReply } from "../kinds/sku/types.ts"
import type { Findings, Where } from "./findings.ts"
import { contradiction, meaningOf } from "./outcome.ts"
import { type RecordSeen, scopeOf } from "./seen.ts"

/** A reply as its sender heard it. The suffix is known where the subject it came on is. */
export interface HeardReply {
  readonly sender: string
  readonly suffix?: string
  readonly partition: number
  readonly seq: number
  readonly epoch: number
  readonly decisions: SkuReply["decisions"]
}

/** What a record answers to one sender, under one suffix. */
interface JournaledAnswer {
  /** Of the record. */
  readonly version: number
  readonly reply: string | null
  readonly decided: ReadonlyArray<SkuDecidedCommand>
}

const idOf = (decided: SkuDecidedCommand): string => decided.command?.id ?? decided.named?.id ?? ""
const skuOf = (decided: SkuDecidedCommand): string => decided.command?.sku ?? decided.named?.key ?? ""

/** A record's answers by sender and first command, so that a record of thousands is searched once. */
const answersOf = (seen: RecordSeen): ReadonlyMap<string, ReadonlyArray<JournaledAnswer>> => {
  const answers = new Map<string, Array<JournaledAnswer>>()
  for (const entry of seen.record.entries) {
    if (entry._tag !== "Message" && entry._tag !== "Settled") continue
    const decided = entry._tag === "Message" ? entry.decided : [entry.decided]
    const [first] = decided
    const key = first === undefined ? entry.sender : scopeOf(entry.sender, skuOf(first), idOf(first))
    const known = answers.get(key)
    const answer: JournaledAnswer = { reply: entry.reply, decided, version: seen.record.version }
    if (known === undefined) answers.set(key, [answer])
    else known.push(answer)
  }
  return answers
}

/** How one thing said contradicts one decision, or null. */
const contradicted = (said: SkuHeardDecision, decided: SkuDecidedCommand, version: number): string | null => {
  if ((said.id ?? "") !== idOf(decided) || (said.sku ?? "") !== skuOf(decided))
    return `speaks of ${said.id}, the record of ${idOf(decided)}`
  if ((said.repeated === true) !== (decided.decision._tag === "Repeated"))
    return `${said.id} is wrongly said ${said.repeated === true ? "" : "not "}to be repeated`
  const wrong = contradiction(said, meaningOf(decided.decision), version)
  return wrong === null ? null : `${said.id}: ${wrong}`
}

const contradictedBy = (heard: HeardReply, answer: JournaledAnswer): string | null => {
  if (heard.suffix !== undefined && heard.suffix !== answer.reply) return `was sent to ${heard.suffix}, not to ${answer.reply}`
  if (heard.decisions.length !== answer.decided.length) return `has ${heard.decisions.length} answers for ${answer.decided.length} commands`
  for (let index = 0; index < heard.decisions.length; index++) {
    const said = heard.decisions[index]
    const decided = answer.decided[index]
    const wrong = said === undefined || decided === undefined ? "answers nothing" : contradicted(said, decided, answer.version)
    if (wrong !== null) return wrong
  }
  return null
}

interface KnownRecord {
  readonly seen: RecordSeen
  answers: ReadonlyMap<string, ReadonlyArray<JournaledAnswer>> | null
}

/** The checker `replies`: it is given what senders heard, and the records. */
export interface Replies {
  readonly heard: (reply: HeardReply) => void
  readonly record: (seen: RecordSeen) => void
  /** Reports replies whose record never came. */
  readonly finish: () => void
  /** Replies told so late that their record was no longer at hand. */
  readonly unchecked: () => number
}

const noAnswers: ReadonlyArray<JournaledAnswer> = []

/** Holds a reply up against a record. */
const judge = (findings: Findings, known: KnownRecord, heard: HeardReply): void => {
  findings.checked("replies")
  const { partition, seq, record } = known.seen
  const [first] = heard.decisions
  const where: Where = first?.sku == null ? { partition, seq } : { partition, seq, sku: first.sku }
  if (heard.epoch !== record.epoch)
    findings.violated("replies", where, `reply of epoch ${heard.epoch} about a record of epoch ${record.epoch}`)
  const key = first === undefined ? heard.sender : scopeOf(heard.sender, first.sku ?? "", first.id ?? "")
  known.answers ??= answersOf(known.seen)
  let wrong: string | null = "is about a command that the record doesn't decide"
  for (const answer of known.answers.get(key) ?? noAnswers) {
    wrong = contradictedBy(heard, answer)
    if (wrong === null) return
  }
  findings.violated("replies", where, `reply to ${heard.sender} ${wrong}`)
}

/** A checker `replies` that reports to `findings`, and keeps the newest `recordsKept` records for replies that are told late. */
export const createReplies = (findings: Findings, recordsKept: number): Replies => {
  const waiting = new Map<number, Map<number, Array<HeardReply>>>()
  /** The newest records of each partition, in order. */
  const newest = new Map<number, Map<number, KnownRecord>>()
  const lastSeq = new Map<number, number>()
  let unchecked = 0

  const wait = (heard: HeardReply): void => {
    let ofPartition = waiting.get(heard.partition)
    if (ofPartition === undefined) {
      ofPartition = new Map()
      waiting.set(heard.partition, ofPartition)
    }
    const known = ofPartition.get(heard.seq)
    if (known === undefined) ofPartition.set(heard.seq, [heard])
    else known.push(heard)
  }

  const keep = (known: KnownRecord): void => {
    const { partition, seq } = known.seen
    const kept = newest.get(partition) ?? new Map<number, KnownRecord>()
    newest.set(partition, kept)
    kept.set(seq, known)
    for (const oldest of kept.keys()) {
      if (kept.size <= recordsKept) break
      kept.delete(oldest)
    }
  }

  return {
    heard: (heard) => {
      const known = newest.get(heard.partition)?.get(heard.seq)
      if (known !== undefined) judge(findings, known, heard)
      else if (heard.seq > (lastSeq.get(heard.partition) ?? 0)) wait(heard)
      else unchecked++
    },
    record: (seen) => {
      const known: KnownRecord = { seen, answers: null }
      lastSeq.set(seen.partition, seen.seq)
      const ofPartition = waiting.get(seen.partition)
      for (const heard of ofPartition?.get(seen.seq) ?? []) judge(findings, known, heard)
      ofPartition?.delete(seen.seq)
      known.answers = null
      keep(known)
    },
    finish: () => {
      for (const [partition, bySeq] of waiting) {
        for (const [seq, replies] of bySeq) {
          findings.checked("replies", replies.length)
          for (const heard of replies)
            findings.violated("replies", { partition, seq }, `reply to ${heard.sender} about a record that isn't in the journal`)
        }
      }
    },
    unchecked: () => unchecked,
  }
}
