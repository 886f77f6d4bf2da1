/**
 * Who asks, how much each may, and what waits to be answered. Plain state: each sender has a bucket of questions that fills at its rate, and a line of what it asked.
 *
 * A question is taken while anything is left in the sender's bucket. If it costs more than is left, the bucket goes below zero and fills from there. So over any time a sender gets its rate, a burst of
 * one second and one question, and its line is never longer than that. Senders with something waiting take turns.
 */
import type { SenderId } from "../domain/names.ts"
import type { Role, SenderAccess } from "../domain/roles.ts"
import { questionBytes, questionsClosedMs, questionsPerSecond } from "../limits.ts"
import type { AskedQuestion } from "../ports/broker.ts"

/** One sender that may ask: its bucket of questions, and what waits of it. */
export interface Asker {
  readonly sender: SenderId
  readonly roles: ReadonlyArray<Role>
  /** Questions that it may still ask; below 0: what it owes. */
  left: number
  filledMs: number
  /** Whether its subscription should stand. */
  isOpen: boolean
  readonly waiting: Array<AskedQuestion>
}

/** All senders of the configuration, and those of them with something waiting, in the order in which they are served next. */
export interface QuestionLines {
  readonly askers: ReadonlyMap<SenderId, Asker>
  readonly turns: Array<Asker>
}

/** All senders of the configuration, with full buckets and nothing waiting. */
export const makeAsking = (senders: ReadonlyArray<SenderAccess>, nowMs: number): QuestionLines => ({
  askers: new Map(
    senders.map(({ sender, roles }) => [sender, { sender, roles, left: questionsPerSecond, filledMs: nowMs, isOpen: true, waiting: [] }]),
  ),
  turns: [],
})

/** Fills a bucket for the time that has gone by. A clock that went back fills nothing. */
const fill = (asker: Asker, nowMs: number): void => {
  const goneMs = nowMs - asker.filledMs
  asker.filledMs = nowMs
  if (goneMs > 0) asker.left = Math.min(questionsPerSecond, asker.left + (goneMs / 1_000) * questionsPerSecond)
}

/** Takes a question in, or passes it over: a sender that isn't known or is over its bound. */
export const ask = ({ askers, turns }: QuestionLines, question: AskedQuestion, nowMs: number): void => {
  const asker = askers.get(question.sender)
  if (asker?.isOpen !== true) return
  fill(asker, nowMs)
  if (asker.left > 0) {
    asker.left -= 1 + Math.floor(question.body.length / questionBytes)
    asker.waiting.push(question)
    if (asker.waiting.length === 1) turns.push(asker)
  }
  if (asker.left <= 0) asker.isOpen = false
}

/** What is to be answered next. */
export const nextAsked = ({ turns }: QuestionLines): { readonly asker: Asker; readonly question: AskedQuestion } | undefined => {
  const asker = turns.shift()
  const question = asker?.waiting.shift()
  if (asker === undefined || question === undefined) return undefined
  if (asker.waiting.length > 0) turns.push(asker)
  return { asker, question }
}

/** An answer cost more than a question does. */
export const charge = (asker: Asker, more: number): void => {
  asker.left -= more
  if (asker.left <= 0) asker.isOpen = false
}

/** Lets those ask again whose buckets have filled for long enough. */
export const reopen = ({ askers }: QuestionLines, nowMs: number): void => {
  for (const asker of askers.values()) {
    if (asker.isOpen) continue
    fill(asker, nowMs)
    asker.isOpen = asker.left >= (questionsPerSecond * questionsClosedMs) / 1_000
  }
}
