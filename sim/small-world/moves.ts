/**
 * What may happen next in a state of a small world: every answer that is under way may be the next to arrive, and within the bounds everything that can
 * go wrong may go wrong now.
 *
 * An answer shows what was true at some moment between question and hearing; each such moment that makes a difference is a move of its own. A lost message is one whose arrival
 * is never chosen: every move may also not happen.
 *
 * Not explored: reads that fail, a journal that loses its tail, clocks that differ, watches of the feed that lag, and marks between the ones of the question and of
 * the answer. A follower hears all records there are at once. What a world's `slow` does not name has one order only: done at once.
 */
import { unreachable } from "../../src/assert.ts"
import type { SkuPartition } from "../../src/kinds/sku/types.ts"
import { doorMisfortunes, doorMoves } from "./doors.ts"
import { beginLife, bothWorkers, type Draft, draftOf, type Ground, hear, hearClaim, letLoose, type OnMove, storeMark } from "./draft.ts"
import type { Journal } from "./journals.ts"
import { clockMoves, sendMoves, tailLossMoves } from "./outside.ts"
import type { Call, FeedValue, HandedOver, State, Want } from "./small-world.ts"

const nameOf = ["a", "b"] as const
type W = 0 | 1

const recordsBetween = (journal: Journal, fromSeq: number, toSeq: number) => journal.all.slice(fromSeq - 1, toSeq)

/** Stores an append if the server would, and says what the server answers. */
const arrive = (ground: Ground, draft: Draft, append: HandedOver): NonNullable<Call["answer"]> => {
  const { journal } = draft
  const known = journal.seqOf.get(append.messageId)
  const fits = append.expectedSeq === journal.endSeq
  if (known !== undefined && (fits || ground.world.looksFirstAt === "id")) return { _tag: "Acked", seq: known, duplicate: true }
  if (!fits) return { _tag: "Refused" }
  draft.journal = ground.journals.append(journal, append.messageId, append.bytes, append.hash)
  draft.wrong.push(...draft.journal.wrong)
  noteRecord(draft)
  letLoose(ground, draft, [])
  return { _tag: "Acked", seq: draft.journal.endSeq, duplicate: false }
}

/** Rare things that a record shows. */
const noteRecord = (draft: Draft): void => {
  const { record } = draft.journal
  if (record === null) return
  const decided = record.entries.flatMap((entry) => (entry._tag === "Message" ? entry.decided : []))
  if (decided.length > 1) draft.reached.push("several commands in one record")
  for (const { command, decision } of decided) {
    if (decision._tag === "TooLate") draft.reached.push("a command decided after its deadline")
    if (decision._tag === "Refused") draft.reached.push(`refused: ${decision.refusal.reason}`)
    if (command?.type === "Confirm" && decision._tag === "Accepted") draft.reached.push("confirmed before the hold expired")
    if (command?.type === "Confirm" && decision._tag === "Refused") draft.reached.push("confirmed too late")
  }
  if (record.entries.some(({ _tag }) => _tag === "Expiry")) draft.reached.push("a hold expired")
}

const without = <T>(list: ReadonlyArray<T>, index: number): ReadonlyArray<T> => list.filter((_, i) => i !== index)

const serves = (state: State, w: W): boolean => state.workers[w].mind.partition.phase === "serving"

const kindOf = (draft: Draft, w: W): string => draft.workers[w].mind.partition.inFlight?.record.kind ?? "record"

/** A handed-over append reaches the journal. */
const moveArrive = (ground: Ground, state: State, w: W, index: number): readonly [string, Draft] => {
  const draft = draftOf(state)
  const worker = draft.workers[w]
  const { append } = worker.calls[index] as Call
  const answer = arrive(ground, draft, append)
  worker.calls = worker.calls.map((call, i) => (i === index ? { append, answer } : call))
  const how = answer._tag === "Refused" ? "is refused" : answer.duplicate ? `is known, at ${answer.seq}` : `is stored at ${answer.seq}`
  if (answer._tag === "Refused" && serves(state, w)) draft.reached.push("a zombie's append refused")
  if (answer._tag === "Acked" && answer.duplicate) draft.reached.push("a resend acknowledged as a duplicate")
  return [`${nameOf[w]}'s ${kindOf(draft, w)} for ${append.expectedSeq + 1} ${how}`, draft]
}

/** A worker hears the answer to its append. */
const moveAnswer = (ground: Ground, state: State, w: W, index: number): readonly [string, Draft] => {
  const draft = draftOf(state)
  const worker = draft.workers[w]
  const { append, answer } = worker.calls[index] as Call
  const { messageId } = append
  worker.calls = without(worker.calls, index)
  const seq = append.expectedSeq + 1
  if (answer?._tag === "Acked") {
    hear(ground, draft, w, `AppendAcked ${messageId} ${answer.seq} ${answer.duplicate}`, () => ({
      ...answer,
      _tag: "AppendAcked",
      messageId,
    }))
    return [`${nameOf[w]} hears that its record for ${seq} is ${answer.duplicate ? `known, at ${answer.seq}` : "stored"}`, draft]
  }
  const cause = "wrong last sequence"
  hear(ground, draft, w, `AppendUnknown ${messageId} ${cause}`, () => ({ _tag: "AppendUnknown", messageId, cause }))
  return [`${nameOf[w]} hears that its record for ${seq} was refused`, draft]
}

/** A worker gives an append's answer up, whether or not the append was stored or ever will be. */
const moveTimeout = (ground: Ground, state: State, w: W, index: number): readonly [string, Draft] => {
  const draft = draftOf(state)
  const worker = draft.workers[w]
  const { append, answer } = worker.calls[index] as Call
  const { messageId } = append
  draft.used.timeouts += 1
  worker.calls = without(worker.calls, index)
  letLoose(ground, draft, answer === null ? [append] : [])
  if (answer?._tag === "Acked") draft.reached.push("an append unknown, and stored")
  const cause = "no answer"
  hear(ground, draft, w, `AppendUnknown ${messageId} ${cause}`, () => ({ _tag: "AppendUnknown", messageId, cause }))
  const what = answer === null ? "it is still on its way" : answer._tag === "Acked" ? "it was stored" : "it was refused"
  return [`${nameOf[w]} gives up waiting for its record for ${append.expectedSeq + 1}: ${what}`, draft]
}

const callMoves = (ground: Ground, state: State, w: W, onMove: OnMove): void => {
  const { calls } = state.workers[w]
  for (let index = 0; index < calls.length; index++) {
    if (calls[index]?.answer === null) onMove("answer", ...moveArrive(ground, state, w, index))
    else onMove("answer", ...moveAnswer(ground, state, w, index))
    if (state.used.timeouts < ground.world.bounds.timeouts) onMove("chance", ...moveTimeout(ground, state, w, index))
  }
}

/** An append that nobody waits for reaches the journal after all. */
const looseMoves = (ground: Ground, state: State, onMove: OnMove): void => {
  for (let index = 0; index < state.loose.length; index++) {
    const append = state.loose[index] as HandedOver
    const draft = draftOf(state)
    draft.loose = without(draft.loose, index)
    const answer = arrive(ground, draft, append)
    if (answer._tag === "Acked" && !answer.duplicate) {
      draft.reached.push("an append stored after it was given up")
      if (bothWorkers.some((w) => state.workers[w].mind.partition.phase === "claiming"))
        draft.reached.push("an append stored while somebody claims")
    }
    onMove("late", `a given-up record for ${append.expectedSeq + 1} arrives`, draft)
  }
}

/** What a claimant may be told: each pair of an end and marks that a read in the given order can have seen. */
const basesOf = (ground: Ground, state: State, want: Extract<Want, { _tag: "ClaimBasis" }>) => {
  const { endSeq } = state.journal
  const seen = [{ endSeq, marks: state.marks }]
  const changed = state.marks.key !== want.marks.key
  for (let end = want.sinceSeq; end < endSeq; end++)
    seen.push({ endSeq: end, marks: ground.world.readsFirst === "end" ? state.marks : want.marks })
  if (!changed) return seen
  if (ground.world.readsFirst === "end") seen.push({ endSeq: want.sinceSeq, marks: want.marks })
  else seen.push({ endSeq, marks: want.marks })
  return seen
}

const hearBasis = (ground: Ground, state: State, w: W, index: number, basis: { endSeq: number; marks: State["marks"] }) => {
  const draft = draftOf(state)
  const worker = draft.workers[w]
  const { ask } = worker.wants[index] as Extract<Want, { _tag: "ClaimBasis" }>
  worker.wants = without(worker.wants, index)
  const { endSeq, marks } = basis
  const { incarnation, witness } = marks
  hear(ground, draft, w, `ClaimBasisRead ${ask} ${endSeq} ${marks.key}`, () => ({
    _tag: "ClaimBasisRead",
    ask,
    basis: { endSeq, incarnation, witness, halt: null },
  }))
  return draft
}

/** What was found at a sequence, whose sender looked at the end first. */
const journalEndMoves = (ground: Ground, state: State, w: W, index: number, onMove: OnMove): void => {
  const want = state.workers[w].wants[index] as Extract<Want, { _tag: "JournalEnd" }>
  const { seq } = want
  const { journal } = state
  const told = (endSeq: number, found: boolean): void => {
    const draft = draftOf(state)
    const worker = draft.workers[w]
    worker.wants = without(worker.wants, index)
    const record = found ? (journal.all[seq - 1] ?? null) : null
    if (!found && endSeq === seq - 1) draft.reached.push("an append unknown, and not stored")
    const key = `JournalEndRead ${endSeq} ${found ? journal.line[seq - 1]?.id : "-"}`
    hear(ground, draft, w, key, () => ({ _tag: "JournalEndRead", endSeq, record }))
    onMove("answer", `${nameOf[w]} reads the journal's end: ${found ? `a record at ${seq}` : `nothing at ${seq}`}`, draft)
  }
  if (journal.endSeq >= seq) told(journal.endSeq, true)
  // An end from before the record was stored goes with no record: both were read by then.
  for (let endSeq = want.sinceSeq; endSeq < Math.min(seq, journal.endSeq + 1); endSeq++) told(endSeq, false)
}

const hearCommandAt = (ground: Ground, draft: Draft, w: W, seq: number, { id, messages }: State["stream"]): void =>
  hear(ground, draft, w, `CommandAtRead ${seq} ${id}`, () => ({
    _tag: "CommandAtRead",
    seq,
    message: messages[seq - 1] ?? null,
    firstSeq: 1,
    nextSeq: null,
    fill: 0,
    lastSeq: messages.length,
  }))

type ReadWant = Extract<Want, { readonly _tag: "Records" | "Republish" | "CommandAt" }>
type SaidWant = Extract<Want, { readonly _tag: "Replies" | "Feed" | "Mark" }>

const readMoves = (ground: Ground, state: State, w: W, index: number, onMove: OnMove): void => {
  const want = state.workers[w].wants[index] as ReadWant | SaidWant
  const draft = draftOf(state)
  const worker = draft.workers[w]
  worker.wants = without(worker.wants, index)
  const { journal, stream } = state
  switch (want._tag) {
    case "Records": {
      const { fromSeq, toSeq } = want
      const records = recordsBetween(journal, fromSeq, toSeq)
      hear(ground, draft, w, `RecordsRead ${fromSeq} ${journal.line[toSeq - 1]?.id}`, () => ({ _tag: "RecordsRead", records }))
      onMove("answer", `${nameOf[w]} reads records ${fromSeq} to ${toSeq}`, draft)
      return
    }
    case "Republish": {
      const { fromSeq, toSeq } = want
      const records = recordsBetween(journal, fromSeq, toSeq)
      draft.reached.push("what was perhaps not said is said again")
      hear(ground, draft, w, `RepublishRead ${fromSeq} ${journal.line[toSeq - 1]?.id}`, () => ({ _tag: "RepublishRead", records }))
      onMove("answer", `${nameOf[w]} reads what is to be said again`, draft)
      return
    }
    case "CommandAt":
      hearCommandAt(ground, draft, w, want.seq, stream)
      onMove("answer", `${nameOf[w]} reads command ${want.seq} again`, draft)
      if (want.before !== null) {
        const late = draftOf(state)
        late.workers[w].wants = without(state.workers[w].wants, index)
        hearCommandAt(ground, late, w, want.seq, want.before)
        onMove("answer", `${nameOf[w]} reads command ${want.seq} as it was before it was lost`, late)
      }
      return
    default:
      return sayMoves(ground, w, want, draft, onMove)
  }
}

/** The feed keeps what comes last, and whoever watches it sees it in the order it came. */
const storeFeed = (ground: Ground, draft: Draft, { channel, sku, ats, version }: FeedValue): void => {
  const before = draft.feed.find((value) => value.channel === channel)
  if (before !== undefined && before.version > version) draft.reached.push("an older value of the feed over a newer one")
  const others = draft.feed.filter((value) => value.channel !== channel)
  draft.feed = [...others, { channel, sku, ats, version }].sort((a, b) => (a.channel < b.channel ? -1 : 1))
  const seen = { _tag: "FeedSeen", channel, key: sku, version, shown: ats } as const
  for (const w of bothWorkers) hear(ground, draft, w, `FeedSeen ${channel} ${version} ${ats}`, () => seen)
}

const sayMoves = (ground: Ground, w: W, want: SaidWant, draft: Draft, onMove: OnMove): void => {
  switch (want._tag) {
    case "Replies": {
      const { seq } = want
      draft.answered |= want.answers
      hear(ground, draft, w, `RepliesSent ${seq}`, () => ({ _tag: "RepliesSent", seq }))
      onMove("answer", `${nameOf[w]}'s replies of record ${seq} are out`, draft)
      return
    }
    case "Feed": {
      const { group, values } = want
      for (const value of values) storeFeed(ground, draft, value)
      hear(ground, draft, w, `FeedSent ${group}`, () => ({ _tag: "FeedSent", group }))
      onMove("answer", `${nameOf[w]}'s feed is out`, draft)
      return
    }
    case "Mark":
      storeMark(ground, draft, w, want.marking)
      onMove("answer", `${nameOf[w]}'s ${want.text.slice(0, 16)} is out`, draft)
      return
    default:
      return unreachable(want)
  }
}

const wantMoves = (ground: Ground, state: State, w: W, onMove: OnMove): void => {
  const { wants } = state.workers[w]
  for (let index = 0; index < wants.length; index++) {
    const want = wants[index] as Want
    // The same question asked twice is answered twice, but either first.
    if (index > 0 && wants[index - 1] === want) continue
    if (want._tag === "JournalEnd") journalEndMoves(ground, state, w, index, onMove)
    else if (want._tag === "ClaimBasis")
      for (const basis of basesOf(ground, state, want))
        onMove(
          "answer",
          `${nameOf[w]} learns that the journal ends at ${basis.endSeq}, witnessed to ${basis.marks.witness?.seq ?? 0}`,
          hearBasis(ground, state, w, index, basis),
        )
    else readMoves(ground, state, w, index, onMove)
  }
}

/** What a worker hears because it follows the journal, reads the commands, or because time goes on. */
const streamMoves = (ground: Ground, state: State, w: W, onMove: OnMove): void => {
  const { followSeq, readSeq, broken, mind } = state.workers[w]
  const { journal, stream } = state
  // A standby that will never be told to claim is left as it is: what it knows makes no difference.
  const idle = mind.partition.phase === "following" && state.used.claims >= ground.world.bounds.claims
  if (followSeq > 0 && followSeq <= journal.endSeq && !idle) {
    const draft = draftOf(state)
    draft.workers[w].followSeq = journal.endSeq + 1
    const records = recordsBetween(journal, followSeq, journal.endSeq)
    hear(ground, draft, w, `RecordsRead ${followSeq} ${journal.id}`, () => ({ _tag: "RecordsRead", records }))
    onMove("answer", `${nameOf[w]} follows the journal to ${journal.endSeq}`, draft)
  }
  for (let toSeq = readSeq; readSeq > 0 && toSeq <= stream.messages.length; toSeq++) {
    const draft = draftOf(state)
    draft.workers[w].readSeq = toSeq + 1
    const messages = stream.messages.slice(readSeq - 1, toSeq)
    hear(ground, draft, w, `CommandsArrived ${readSeq} ${toSeq} ${stream.id}`, () => ({ _tag: "CommandsArrived", messages }))
    onMove("answer", `commands ${readSeq} to ${toSeq} arrive at ${nameOf[w]}`, draft)
  }
  if (broken) {
    const draft = draftOf(state)
    draft.workers[w].broken = false
    hear(ground, draft, w, "ReadingBroke", () => ({ _tag: "ReadingBroke" }))
    onMove("answer", `${nameOf[w]} hears that its reading broke`, draft)
  }
  const ticked = draftOf(state)
  hear(ground, ticked, w, "Tick", () => ({ _tag: "Tick" }))
  const changed = ticked.workers[w].mind !== mind || ticked.workers[w].wants !== state.workers[w].wants || ticked.marks !== state.marks
  if (changed) onMove("answer", `${nameOf[w]} looks at the clock`, ticked)
}

const tellClaim = (ground: Ground, state: State, w: W): Draft => {
  const draft = draftOf(state)
  const owner = `owner-${++draft.used.claims}`
  const incarnation = `incarnation-${draft.used.claims}`
  hearClaim(ground, draft, w, owner, incarnation)
  return draft
}

/** Why its claim or its reign is about to end; null: it isn't. */
export const endsWhy = ({ reign, claiming }: SkuPartition): "Drained" | "LeaseLost" | null => reign?.draining ?? claiming?.givenUp ?? null

/** What befalls a worker, as often as the bounds allow. */
const misfortunes = (ground: Ground, state: State, w: W, onMove: OnMove): void => {
  const { bounds } = ground.world
  const { partition } = state.workers[w].mind
  const { phase } = partition
  const draining = endsWhy(partition)
  if (state.used.claims < bounds.claims && phase === "following")
    onMove("chance", `${nameOf[w]} is told to claim`, tellClaim(ground, state, w))
  if (state.used.crashes < bounds.crashes) {
    const draft = draftOf(state)
    draft.used.crashes += 1
    beginLife(ground, draft, w)
    // A standby that knows nothing yet loses nothing.
    if (draft.workers[w].mind !== state.workers[w].mind) onMove("chance", `${nameOf[w]} crashes and starts again`, draft)
  }
  if (state.used.leaseLosses < bounds.leaseLosses && (phase === "serving" || phase === "claiming") && draining === null) {
    const draft = draftOf(state)
    draft.used.leaseLosses += 1
    hear(ground, draft, w, "LeaseLost", () => ({ _tag: "LeaseLost" }))
    onMove("chance", `${nameOf[w]} loses the lease`, draft)
  }
}

/** Everything that is under way and may be the next to happen. */
export const answers = (ground: Ground, state: State, onMove: OnMove): void => {
  for (const w of bothWorkers) {
    callMoves(ground, state, w, onMove)
    wantMoves(ground, state, w, onMove)
    streamMoves(ground, state, w, onMove)
  }
  doorMoves(ground, state, onMove)
}

/** Everything that may happen next. */
export const moves = (ground: Ground, state: State, onMove: OnMove): void => {
  answers(ground, state, onMove)
  looseMoves(ground, state, onMove)
  for (const w of bothWorkers) misfortunes(ground, state, w, onMove)
  doorMisfortunes(ground, state, onMove)
  sendMoves(ground, state, onMove)
  tailLossMoves(ground, state, onMove)
  clockMoves(ground, state, onMove)
}
