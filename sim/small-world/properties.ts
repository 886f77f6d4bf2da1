/**
 * What has to hold in every state of a small world, beyond what each journal and each word said was judged by when it was made.
 *
 * Safety first: whoever follows, claims or serves knows a prefix of the journal and nothing else, and with an append under way exactly that much more.
 * Then that nothing is forgotten: where nothing is under way everything sent was answered, and wherever the world came to, it can be healed.
 */
import { stateHash } from "../../src/kinds/sku/partition.ts"
import { engineCodec } from "../../src/wire/codec.ts"
import { doorProblems, suffixesIn } from "./doors.ts"
import { bothWorkers, type Draft, draftOf, type Ground, hear, hearClaim, stateOf } from "./draft.ts"
import type { Journal } from "./journals.ts"
import { freeQty } from "./ledger.ts"
import type { Mind } from "./minds.ts"
import { answers, endsWhy } from "./moves.ts"
import type { State } from "./small-world.ts"

/** The journal a mind stands for: what it knows to be confirmed, and the record it has in flight. Undefined if its records are not in the journal. */
const knownBy = (ground: Ground, mind: Mind, journal: Journal): Journal | undefined => {
  const { confirmedSeq, confirmedHash, inFlight } = mind.partition
  const confirmed = confirmedSeq === 0 ? ground.journals.empty : journal.line[confirmedSeq - 1]
  if (confirmed === undefined || confirmed.hash !== confirmedHash) return undefined
  if (inFlight === null) return confirmed
  return ground.journals.append(confirmed, inFlight.pending.messageId, inFlight.bytes, inFlight.pending.hash)
}

/** Minds already judged: a mind names the hash of the journal it knows, so its judgement is the same wherever it is met. */
export type Judged = Map<number, string | null>

const judgeMind = (ground: Ground, mind: Mind, journal: Journal, judged: Judged): string | null => {
  // Between a snapshot's start and its end its parts are of different times.
  if (mind.partition.recovery !== null || mind.partition.phase === "starting") return null
  const known = knownBy(ground, mind, journal)
  if (known === undefined) return `state is the fold of the journal: record ${mind.partition.confirmedSeq} is not what was confirmed`
  const seen = judged.get(mind.id)
  if (seen !== undefined) return seen
  const sha256 = engineCodec.sha256
  const same = stateHash(mind.partition, sha256) === stateHash(ground.journals.fold(known).partition, sha256)
  const verdict = same ? null : `state is the fold of the journal: after ${known.endSeq} records it is another`
  judged.set(mind.id, verdict)
  return verdict
}

/** What is wrong in a state as such. */
export const safetyProblems = (ground: Ground, state: State, judged: Judged): ReadonlyArray<string> => {
  const wrong: Array<string> = [...doorProblems(state)]
  for (const { mind } of state.workers) {
    const verdict = judgeMind(ground, mind, state.journal, judged)
    if (verdict !== null) wrong.push(verdict)
  }
  return wrong
}

/** Sequences of the messages whose sender has heard nothing. What the stream lost nobody can be asked to answer. */
const unanswered = ({ answered, stream }: State): ReadonlyArray<number> =>
  stream.messages
    .filter((message) => suffixesIn(message).some((suffix) => (answered & (1 << (Number(suffix.slice(2)) - 1))) === 0))
    .map(({ seq }) => seq)

const allAnswered = (state: State): boolean => unanswered(state).length === 0

/** Whether somebody serves who knows the whole journal and waits for nothing. */
const isServed = ({ workers, journal }: State): boolean =>
  workers.some(
    ({ mind: { partition } }) => partition.phase === "serving" && partition.inFlight === null && partition.confirmedSeq === journal.endSeq,
  )

const firstAnswer = (ground: Ground, state: State): Draft | undefined => {
  let first: Draft | undefined
  answers(ground, state, (kind, _name, draft) => {
    if (kind === "answer") first ??= draft
  })
  return first
}

/** Answers that may follow one another without the clock moving; beyond it the world never comes to rest. */
const answersMax = 1_000

/** Lets everything that is under way arrive, at the present time. */
export const settle = (ground: Ground, begin: State): Draft => {
  let draft = draftOf(begin)
  for (let i = 0; i < answersMax; i++) {
    const next = firstAnswer(ground, stateOf(draft))
    if (next === undefined) return draft
    next.wrong.unshift(...draft.wrong)
    draft = next
    if (draft.wrong.length > 0) return draft
  }
  draft.wrong.push("the world comes to rest: it does not while the clock stands still")
  return draft
}

/** Seconds that a healed world gets to answer everything. */
const healSeconds = 24
/** Nobody who serves for so long, and somebody is told to claim. */
const claimAfterSeconds = 3

/** What a healthy world makes of a state: everything arrives, time goes on, and where nobody serves somebody is told to. */
export const healingProblems = (ground: Ground, begin: State): ReadonlyArray<string> => {
  let draft = settle(ground, begin)
  for (let second = 1; second <= healSeconds; second++) {
    if (draft.wrong.length > 0) return draft.wrong.map((what) => `${what} (while healing)`)
    const state = stateOf(draft)
    if (isServed(state) && allAnswered(state)) return feedProblems(state)
    draft = draftOf(state)
    draft.clockMs += 1_000
    if (second % claimAfterSeconds === 0) claimIfNobodyServes(ground, draft, second)
    draft = settle(ground, stateOf(draft))
  }
  const missing = unanswered(draft)
  return [
    `every command gets its answer: ${missing.length > 0 ? `commands ${missing.join(", ")} did not` : "nobody serves"} in a healed world`,
  ]
}

/** A worker that serves without knowing the journal's end lost its lease long ago; a worker that follows may take the lease. */
const claimIfNobodyServes = (ground: Ground, draft: Draft, second: number): void => {
  if (isServed(draft)) return
  for (const w of bothWorkers)
    if (draft.workers[w].mind.partition.phase === "serving") hear(ground, draft, w, "LeaseLost", () => ({ _tag: "LeaseLost" }))
  const follower = bothWorkers.find((w) => draft.workers[w].mind.partition.phase === "following")
  if (follower === undefined) return
  const [owner, incarnation] = [`healer-${second}`, `incarnation-healer-${second}`]
  hearClaim(ground, draft, follower, owner, incarnation)
}

/** What the feed was left with has to be what may be sold now. */
const feedProblems = ({ feed, journal }: State): ReadonlyArray<string> =>
  feed
    .filter(({ channel, ats }) => journal.ledger.channels.includes(channel) && ats !== Math.max(0, freeQty(journal.ledger)))
    .map(({ channel, ats, version }) => `the feed converges: ${channel} is left with ${ats} as of record ${version}`)

/** What is wrong where nothing is under way: no wake-up may have been lost, and nothing may be beyond healing. */
export const restingProblems = (ground: Ground, state: State): ReadonlyArray<string> => {
  const draining = state.workers.some(({ mind }) => endsWhy(mind.partition) !== null)
  // A stream's lost tail is noticed within a second, not at once, so the clock is moved on first.
  if (isServed(state) && !draining && state.used.tailLosses === 0)
    return allAnswered(state) ? feedProblems(state) : ["no wake-up is lost: nothing is under way, and not every command was answered"]
  return healingProblems(ground, state)
}
