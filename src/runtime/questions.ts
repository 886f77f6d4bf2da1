/**
 * Hears questions of senders and answers those about what this worker owns; the others answer about the rest.
 *
 * While an append is in flight a partition's state is ahead of its journal. What was read of it is then said only once that record is
 * confirmed, and never if the reign ends before: an answer, too, shows nothing that was not journaled. However much is asked, a turn of the event loop
 * answers little of it, and a sender that asks more than it may is not heard for a moment.
 */
import { Clock, Effect } from "effect"
import type { Kind } from "../domain/kinds.ts"
import type { SenderId } from "../domain/names.ts"
import type { SenderAccess } from "../domain/roles.ts"
import { appliedSeq } from "../engine/partition.ts"
import { answerBytesPerQuestion, answersWaitingBytesMax, questionsClosedMs, questionsPerTurn } from "../limits.ts"
import { type AskedQuestion, type OpenQuestions, Questions } from "../ports/broker.ts"
import { encodeAnswer, type QuestionAnswer } from "../wire/questions.ts"
import { replySuffixOf } from "../wire/subjects.ts"
import { type Answering, answerTo, type WorkerKnowledge } from "./answering.ts"
import { type Asker, ask, charge, makeAsking, nextAsked, type QuestionLines, reopen } from "./asking.ts"
import type { KindWorker } from "./kind-worker.ts"
import type { RunningPartition } from "./partition.ts"
import { withPatience } from "./patience.ts"
import { makeSignal } from "./signal.ts"
import { isServing, type Slot } from "./slot.ts"

const isServed = (slot: Slot): slot is Slot & { readonly running: RunningPartition } => isServing(slot)

/** An answer on its way to a sender. */
interface Addressed {
  readonly sender: SenderId
  readonly suffix: string
  readonly bytes: Uint8Array
}

/** Answers of one turn that wait for one record of a partition. */
interface WaitingAnswers {
  readonly seq: number
  readonly answers: Array<Addressed>
}

interface QuestionService {
  readonly asking: QuestionLines
  /** The partitions that this worker knows, of each kind that it works for. */
  readonly slotsOf: ReadonlyMap<Kind, ReadonlyArray<Slot>>
  readonly known: WorkerKnowledge
  readonly open: OpenQuestions
  /** Runs a fiber beside: it ends when the life of its partition does. */
  readonly run: (effect: Effect.Effect<void>) => void
  /** Bytes of answers that wait for a record. */
  waitingBytes: number
}

/** Opens and closes subscriptions as the bounds want it. One that the connection lost is opened again. */
const tend = ({ asking, open }: QuestionService): void => {
  for (const { sender, isOpen } of asking.askers.values()) {
    if (isOpen) open.open(sender)
    else open.close(sender)
  }
}

const say = ({ open }: QuestionService, { sender, suffix, bytes }: Addressed): void => open.answer(sender, suffix, bytes)

/** Encodes an answer, and charges for its length. Encoded at once: the state it was read of goes on changing. */
const addressed = (asker: Asker, suffix: string, answer: QuestionAnswer): Addressed & { readonly cost: number } => {
  const bytes = encodeAnswer(answer)
  return { sender: asker.sender, suffix, bytes, cost: Math.floor(bytes.length / answerBytesPerQuestion) }
}

/** Answers one question, at once or into what waits for a record. Returns the questions' worth it cost beyond one. */
const answerOne = (desk: QuestionService, asker: Asker, question: AskedQuestion, held: Map<RunningPartition, WaitingAnswers>): number => {
  const suffix = replySuffixOf(asker.sender, question.replySubject, question.replyHeader)
  if (suffix === null) return 0
  const answering: Answering = answerTo(asker.sender, asker.roles, question.path, question.body, desk.known)
  if (answering._tag === "Said") {
    const one = addressed(asker, suffix, answering.answer)
    say(desk, one)
    return one.cost
  }
  let cost = 0
  for (const slot of desk.slotsOf.get(answering.kind) ?? []) {
    if (!isServed(slot) || !answering.wanted(slot.running.state)) continue
    if (desk.waitingBytes > answersWaitingBytesMax) return cost
    const { answer, cost: finding } = answering.read(slot.running.state)
    const one = addressed(asker, suffix, answer)
    cost += finding + one.cost
    hold(desk, slot.running, one, held)
  }
  return cost
}

/** A throw ends this one question and is logged; the others go on. */
const answerOrNote = (
  desk: QuestionService,
  asker: Asker,
  question: AskedQuestion,
  held: Map<RunningPartition, WaitingAnswers>,
): number => {
  try {
    return answerOne(desk, asker, question, held)
  } catch (thrown) {
    desk.run(Effect.logError("a question could not be answered", { sender: asker.sender, path: question.path, cause: String(thrown) }))
    return 0
  }
}

/** Sends the answer if all that was read is journaled; else keeps it until the record in flight is confirmed. */
const hold = (desk: QuestionService, running: RunningPartition, one: Addressed, held: Map<RunningPartition, WaitingAnswers>): void => {
  const seq = appliedSeq(running.state)
  if (running.state.confirmedSeq >= seq) {
    say(desk, one)
    return
  }
  desk.waitingBytes += one.bytes.length
  const known = held.get(running)
  if (known === undefined) held.set(running, { seq, answers: [one] })
  else known.answers.push(one)
}

/** One fiber for all that a turn holds for a record. */
const sayOnceJournaled = (desk: QuestionService, running: RunningPartition, { seq, answers }: WaitingAnswers): void =>
  desk.run(
    running.confirmed(seq).pipe(
      Effect.flatMap((isConfirmed) =>
        Effect.sync(() => {
          if (isConfirmed) for (const one of answers) say(desk, one)
        }),
      ),
      Effect.ensuring(
        Effect.sync(() => {
          for (const { bytes } of answers) desk.waitingBytes -= bytes.length
        }),
      ),
    ),
  )

/** Answers what one turn may. */
const answerSome = (desk: QuestionService): void => {
  const held = new Map<RunningPartition, WaitingAnswers>()
  for (let worth = 0; worth < questionsPerTurn; ) {
    const next = nextAsked(desk.asking)
    if (next === undefined) break
    const cost = answerOrNote(desk, next.asker, next.question, held)
    charge(next.asker, cost)
    worth += 1 + cost
    if (!next.asker.isOpen) desk.open.close(next.asker.sender)
  }
  for (const [running, waiting] of held) sayOnceJournaled(desk, running, waiting)
}

/** What it takes to answer: who may ask, the work for each kind, and what this worker knows besides. */
interface QuestionsGiven extends WorkerKnowledge {
  readonly senders: ReadonlyArray<SenderAccess>
  readonly kinds: ReadonlyArray<Pick<KindWorker, "kind" | "ownership">>
}

/** Listens to questions for ever, and answers them a few a turn: one that waits for a record holds up no other. */
export const answerQuestions = Effect.fnUntraced(function* ({ senders, partitions, kinds, report }: QuestionsGiven) {
  const questions = yield* Questions
  const slotsOf = new Map(kinds.map(({ kind, ownership }) => [kind, ownership.slots]))
  const clock = yield* Clock.Clock
  const asking = makeAsking(senders, clock.currentTimeMillisUnsafe())
  const asked = makeSignal()
  const hear = (opened: () => OpenQuestions | undefined) => (question: AskedQuestion) => {
    ask(asking, question, clock.currentTimeMillisUnsafe())
    if (asking.askers.get(question.sender)?.isOpen !== true) opened()?.close(question.sender)
    if (asking.turns.length > 0) asked.notify()
  }
  const listening = Effect.scoped(
    Effect.gen(function* () {
      let opened: OpenQuestions | undefined
      const open = yield* questions.listen(hear(() => opened))
      opened = open
      const run = Effect.runForkWith(yield* Effect.context<never>())
      const desk: QuestionService = {
        asking,
        slotsOf,
        known: { partitions, report },
        open,
        run: (effect) => void run(effect),
        waitingBytes: 0,
      }
      const tending = Effect.sync(() => {
        reopen(asking, clock.currentTimeMillisUnsafe())
        tend(desk)
      }).pipe(Effect.andThen(Effect.sleep(questionsClosedMs)), Effect.forever)
      const answering = asked
        .until(() => asking.turns.length > 0)
        .pipe(Effect.andThen(Effect.sync(() => answerSome(desk))), Effect.andThen(Effect.yieldNow), Effect.forever)
      return yield* Effect.raceFirst(tending, answering)
    }),
  )
  return yield* withPatience("listening to questions", () => listening)
})
