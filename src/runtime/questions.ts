/**
 * Answers questions of senders about what this worker owns; the others answer about the rest.
 *
 * While an append is in flight a partition's state is ahead of its journal. What was read of it is then said only once that record is
 * confirmed, and never if the reign ends before: an answer, too, shows nothing that was not journaled.
 */
import { Effect } from "effect"
import type { SenderId, Sku } from "../domain/names.ts"
import { appliedSeq, type Partition } from "../engine/partition.ts"
import { atsView, holdsSku, quarantineView, stockView } from "../engine/views.ts"
import { type Question, Questions } from "../ports/broker.ts"
import { commandJsonOf } from "../wire/commands.ts"
import { type Answer, encodeAnswer, parseQuestion } from "../wire/questions.ts"
import type { Ownership } from "./ownership.ts"
import type { RunningPartition } from "./partition.ts"
import { watch } from "./reading.ts"
import type { WorkerReport } from "./report.ts"
import { isServing, type Slot } from "./slot.ts"

/** What an answer is as of. */
const asOf = (state: Partition) => ({ partition: state.id, seq: appliedSeq(state), epoch: state.epoch })

const stockAnswer = (state: Partition, sku: Sku): Answer => {
  const stock = stockView(state, sku)
  if (stock === undefined) return { answer: "unknownSku", sku, ...asOf(state) }
  return { answer: "stock", ...stock, ...asOf(state) }
}

/** One SKU's ATS for the channel that asks; no values if it is unknown, or the channel doesn't sell it. */
const atsAnswer = (state: Partition, channel: SenderId, sku: Sku): Answer => {
  const stock = stockView(state, sku)
  const line = stock?.ats.find((one) => one.channel === channel)
  if (stock === undefined || line === undefined) return { answer: "ats", ...asOf(state), values: [], next: null }
  const value = { channel, sku, ats: line.ats, version: stock.seq, delta: 0, cause: "Snapshot", atMs: state.atMs }
  return { answer: "ats", ...asOf(state), values: [value], next: null }
}

const atsPageAnswer = (state: Partition, channel: SenderId, after: number, limit: number): Answer => {
  const { values, nextIndex } = atsView(state, channel, after, limit)
  return { answer: "ats", ...asOf(state), values, next: nextIndex }
}

const quarantineAnswer = (state: Partition, after: number, limit: number): Answer => {
  const all = quarantineView(state)
  const page = all.slice(after, after + limit)
  return {
    answer: "quarantine",
    ...asOf(state),
    quarantined: page.map(({ id, sender, class: commandClass, command, cause, atMs }) => ({
      quarantined: id,
      sender,
      class: commandClass,
      command: commandJsonOf(command),
      cause,
      atMs,
    })),
    next: after + limit < all.length ? after + limit : null,
  }
}

const isServed = (slot: Slot): slot is Slot & { readonly running: RunningPartition } => isServing(slot)

/** Says what `read` finds in a partition that this worker serves, once all of it is journaled. */
const say = (question: Question, running: RunningPartition, read: (state: Partition) => Answer): Effect.Effect<void> =>
  Effect.suspend(() => {
    const seq = appliedSeq(running.state)
    // Encoded now: the state goes on changing.
    const bytes = encodeAnswer(read(running.state))
    return Effect.flatMap(running.confirmed(seq), (isConfirmed) => (isConfirmed ? question.answer(bytes) : Effect.void))
  })

interface Answering {
  readonly slots: ReadonlyArray<Slot>
  readonly report: () => WorkerReport
}

const answer = (question: Question, { slots, report }: Answering): Effect.Effect<void> => {
  const sayOf = (wanted: (state: Partition) => boolean, read: (state: Partition) => Answer): Effect.Effect<void> =>
    Effect.forEach(
      slots.filter(isServed).filter(({ running }) => wanted(running.state)),
      ({ running }) => say(question, running, read),
      { concurrency: "unbounded", discard: true },
    )
  // The permission-checked subject named it: the server let this sender ask as nobody else.
  const channel = question.sender as SenderId
  const asked = parseQuestion(question.path, question.body)
  switch (asked.question) {
    case "stock":
      return sayOf(
        (state) => holdsSku(state, asked.sku),
        (state) => stockAnswer(state, asked.sku),
      )
    case "ats":
      return sayOf(
        (state) => holdsSku(state, asked.sku),
        (state) => atsAnswer(state, channel, asked.sku),
      )
    case "atsPage":
      return sayOf(
        (state) => asked.partition === null || asked.partition === state.id,
        (state) => atsPageAnswer(state, channel, asked.after, asked.limit),
      )
    case "quarantine":
      return sayOf(
        (state) => asked.partition === state.id,
        (state) => quarantineAnswer(state, asked.after, asked.limit),
      )
    case "workers":
      return question.answer(encodeAnswer({ answer: "worker", ...report() }))
    case "invalid":
      return question.answer(encodeAnswer({ answer: "invalid", field: asked.field }))
  }
}

/** Listens to questions for ever, and answers each in a fiber of its own: one that waits for a record holds up no other. */
export const answerQuestions = Effect.fnUntraced(function* (ownership: Ownership, report: () => WorkerReport) {
  const questions = yield* Questions
  const run = Effect.runForkWith(yield* Effect.context<never>())
  return yield* watch("listening to questions", questions.listen, (question) => {
    run(answer(question, { slots: ownership.slots, report }))
  })
})
