/**
 * Checker `replies` (INV-3): what was heard is what was journaled.
 *
 * Proves for every reply that its record exists in that partition, with that epoch, and gives the sender that very answer for that command,
 * repeats marked as such: nothing was said before it was durable, by a zombie, or otherwise than it was decided. Replies are best told before
 * their records are; one told later is judged if its record is among the newest, and counted as unchecked if not.
 */
import type { KindTypes } from "../engine/kind.ts"
import type { DecidedCommand, Entry } from "../engine/records.ts"
import type { SkuKind } from "../kinds/sku/types.ts"
import type { Findings, Where } from "./findings.ts"
import type { Judged } from "./judged.ts"
import { contradiction } from "./outcome.ts"
import { type RecordSeen, scopeOf } from "./seen.ts"

/** A reply as its sender heard it. The suffix is known where the subject it came on is. */
export interface HeardReply<K extends KindTypes = SkuKind> {
  readonly sender: string
  readonly suffix?: string
  readonly partition: number
  readonly seq: number
  readonly epoch: number
  readonly decisions: ReadonlyArray<K["said"]>
}

/** What one command is answered with. */
interface MeantAnswer {
  readonly id: string
  readonly about: string
  readonly repeated: boolean
  readonly outcome: object
}

/** What a record answers to one sender, under one suffix. */
interface JournaledAnswer {
  readonly reply: string | null
  readonly meant: ReadonlyArray<MeantAnswer>
}

/** The reading of one kind's answers. */
const createReading = <K extends KindTypes>(kind: Judged<K>) => {
  const meantBy = ({ command, named, decision }: DecidedCommand<K>): MeantAnswer => {
    const outcome = kind.meaningOf(decision)
    return {
      id: command?.id ?? named?.id ?? "",
      about: kind.aboutOf(command === null ? (named?.key ?? "") : kind.keyOf(command)),
      repeated: decision._tag === "Repeated",
      outcome: command === null ? outcome : kind.answerOf(outcome, command),
    }
  }

  /** Each suffix an entry answers, with what it is told. What has begun, and what is asked again meanwhile, is answered by another entry. */
  const answersIn = (entry: Entry<K>): ReadonlyArray<{ readonly reply: string | null; readonly meant: ReadonlyArray<MeantAnswer> }> => {
    if (entry._tag === "Answered") {
      const meant = [{ id: entry.id, about: kind.aboutOf(entry.key), repeated: false, outcome: entry.outcome }]
      return entry.replies.map((reply) => ({ reply, meant }))
    }
    if (entry._tag !== "Message" && entry._tag !== "Settled") return []
    const decided = entry._tag === "Message" ? entry.decided : [entry.decided]
    if (decided.some(({ decision }) => decision._tag === "Begun" || decision._tag === "Pending")) return []
    return [{ reply: entry.reply, meant: decided.map(meantBy) }]
  }

  /** A record's answers by sender and first command, so that a record of thousands is searched once. */
  const answersOf = (seen: RecordSeen<K>): ReadonlyMap<string, ReadonlyArray<JournaledAnswer>> => {
    const answers = new Map<string, Array<JournaledAnswer>>()
    for (const entry of seen.record.entries) {
      for (const { reply, meant } of answersIn(entry)) {
        const sender = "sender" in entry ? entry.sender : ""
        const [first] = meant
        const key = first === undefined ? sender : scopeOf(sender, first.about, first.id)
        const known = answers.get(key)
        const answer: JournaledAnswer = { reply, meant }
        if (known === undefined) answers.set(key, [answer])
        else known.push(answer)
      }
    }
    return answers
  }

  /** How one thing said contradicts one decision, or null. */
  const contradicted = (said: K["said"], meant: MeantAnswer): string | null => {
    const { id, about, repeated } = kind.saidOf(said)
    if (id !== meant.id || about !== meant.about) return `speaks of ${id || null}, the record of ${meant.id}`
    if (repeated !== meant.repeated) return `${id} is wrongly said ${repeated ? "" : "not "}to be repeated`
    const wrong = contradiction(said, meant.outcome)
    return wrong === null ? null : `${id}: ${wrong}`
  }

  const contradictedBy = (heard: HeardReply<K>, answer: JournaledAnswer): string | null => {
    if (heard.suffix !== undefined && heard.suffix !== answer.reply) return `was sent to ${heard.suffix}, not to ${answer.reply}`
    if (heard.decisions.length !== answer.meant.length) return `has ${heard.decisions.length} answers for ${answer.meant.length} commands`
    for (let index = 0; index < heard.decisions.length; index++) {
      const said = heard.decisions[index]
      const meant = answer.meant[index]
      const wrong = said === undefined || meant === undefined ? "answers nothing" : contradicted(said, meant)
      if (wrong !== null) return wrong
    }
    return null
  }
  return { answersOf, contradictedBy }
}

interface KnownRecord<K extends KindTypes> {
  readonly seen: RecordSeen<K>
  answers: ReadonlyMap<string, ReadonlyArray<JournaledAnswer>> | null
}

/** The checker `replies`: it is given what senders heard, and the records. */
export interface Replies<K extends KindTypes> {
  readonly heard: (reply: HeardReply<K>) => void
  readonly record: (seen: RecordSeen<K>) => void
  /** Reports replies whose record never came. */
  readonly finish: () => void
  /** Replies told so late that their record was no longer at hand. */
  readonly unchecked: () => number
}

const noAnswers: ReadonlyArray<JournaledAnswer> = []

/** Holds a reply up against a record. */
const createJudge = <K extends KindTypes>(findings: Findings, kind: Judged<K>) => {
  const { answersOf, contradictedBy } = createReading(kind)
  return (known: KnownRecord<K>, heard: HeardReply<K>): void => {
    findings.checked("replies")
    const { partition, seq, record } = known.seen
    const [first] = heard.decisions
    const { id, about } = first === undefined ? { id: "", about: "" } : kind.saidOf(first)
    const where: Where = { partition, seq, ...(first === undefined ? {} : kind.placeOfSaid(heard.sender, first)) }
    if (heard.epoch !== record.epoch)
      findings.violated("replies", where, `reply of epoch ${heard.epoch} about a record of epoch ${record.epoch}`)
    const key = first === undefined ? heard.sender : scopeOf(heard.sender, about, id)
    known.answers ??= answersOf(known.seen)
    let wrong: string | null = "is about a command that the record doesn't decide"
    for (const answer of known.answers.get(key) ?? noAnswers) {
      wrong = contradictedBy(heard, answer)
      if (wrong === null) return
    }
    findings.violated("replies", where, `reply to ${heard.sender} ${wrong}`)
  }
}

/** A checker `replies` of one kind that reports to `findings`, and keeps the newest `recordsKept` records for replies that are told late. */
export const createReplies = <K extends KindTypes>(findings: Findings, kind: Judged<K>, recordsKept: number): Replies<K> => {
  const judge = createJudge(findings, kind)
  const waiting = new Map<number, Map<number, Array<HeardReply<K>>>>()
  /** The newest records of each partition, in order. */
  const newest = new Map<number, Map<number, KnownRecord<K>>>()
  const lastSeq = new Map<number, number>()
  let unchecked = 0

  const wait = (heard: HeardReply<K>): void => {
    let ofPartition = waiting.get(heard.partition)
    if (ofPartition === undefined) {
      ofPartition = new Map()
      waiting.set(heard.partition, ofPartition)
    }
    const known = ofPartition.get(heard.seq)
    if (known === undefined) ofPartition.set(heard.seq, [heard])
    else known.push(heard)
  }

  const keep = (known: KnownRecord<K>): void => {
    const { partition, seq } = known.seen
    const kept = newest.get(partition) ?? new Map<number, KnownRecord<K>>()
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
      if (known !== undefined) judge(known, heard)
      else if (heard.seq > (lastSeq.get(heard.partition) ?? 0)) wait(heard)
      else unchecked++
    },
    record: (seen) => {
      const known: KnownRecord<K> = { seen, answers: null }
      lastSeq.set(seen.partition, seen.seq)
      const ofPartition = waiting.get(seen.partition)
      for (const heard of ofPartition?.get(seen.seq) ?? []) judge(known, heard)
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
