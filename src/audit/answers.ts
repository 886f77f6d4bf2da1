/**
 * Checker `answers` (INV-19): what is owed for an order is answered once, with what its lines came to.
 *
 * Proves that each command that began something is answered by one event, that the answer says of each line what the journal says of it by then, that the record journals it for that very sender and id, and
 * says it to all that asked; and that nothing else is answered so.
 */
import type { BookEvent } from "../domain/order/events.ts"
import type { LineTold, Refusal } from "../domain/refusals.ts"
import type { OrderAnsweredEntry } from "../kinds/order/types.ts"
import { owedRepliesMax } from "../limits.ts"
import type { Findings, Where } from "./findings.ts"
import { keptQtyOf, type LineModel, type OrderModel, openQtyOf, orderKeyOf } from "./order-model.ts"
import { contradiction } from "./outcome.ts"
import { same, textOf } from "./plain.ts"

/** An event that may give an answer. */
type Answering = Extract<BookEvent, { readonly answer?: unknown }>

/** What a line is told of itself. */
const toldOf = (order: OrderModel, type: NonNullable<OrderModel["owed"]>["type"], line: LineModel, isRefused: boolean): object => {
  const refundQty = type === "ConfirmOrder" ? line.lostQty : order.phase === "confirmed" ? line.cancelledQty : 0
  const qty = type === "CancelOrder" ? line.cancelledQty : isRefused && type === "PlaceOrder" ? line.reservedQty : keptQtyOf(line)
  const refund = type !== "PlaceOrder" && refundQty > 0 ? { refundQty } : {}
  return { sku: line.sku, qty, ...refund, ...(line.refusal ?? {}) }
}

/** How an answer that an event gives is none of what its order owes, in words, or null. The order is as it was before the event. */
export const wrongAnswer = (order: OrderModel, event: Answering): string | null => {
  const { answer } = event
  const { owed } = order
  if (answer === undefined) return null
  if (owed === null) return `answers ${answer.id}, and owes no answer`
  if (answer.id !== owed.id) return `answers ${answer.id}, and owes one to ${owed.id}`
  const isRefused = answer.refusal !== undefined
  if (isRefused !== (event.type === "OrderRefused" || event.type === "OrderEnded"))
    return `answers ${answer.id} as ${isRefused ? "refused" : "accepted"} with ${event.type}`
  const lines = owed.skus.flatMap((sku) => {
    const line = order.lines.get(sku)
    return line === undefined ? [] : [toldOf(order, owed.type, line, isRefused)]
  })
  return same(answer.lines, lines) ? null : `answers ${answer.id} with lines ${textOf(answer.lines)}, and they are ${textOf(lines)}`
}

/** What whoever confirms an expired order is told to refund. */
export const refundsOf = (order: OrderModel): ReadonlyArray<LineTold> =>
  [...order.lines.values()].flatMap((line) => {
    const refundQty = order.phase === "ended" ? line.promisedQty : openQtyOf(line) + line.lostQty
    return refundQty > 0 ? [{ sku: line.sku as LineTold["sku"], qty: 0, refundQty }] : []
  })

interface GivenAnswer {
  readonly order: string
  readonly outcome: object
}

/** A command that began, and all that asked for its answer. */
interface OwedAnswer {
  replies: ReadonlyArray<string>
}

const outcomeOf = (event: Answering, refusal: Refusal | undefined): object => {
  const { answer, order } = event
  const about = { order, lines: answer?.lines }
  if (refusal !== undefined) return { outcome: "refused", ...refusal, ...about }
  return { outcome: "accepted", ...about, ...(event.type === "OrderHeld" ? { expiresAtMs: event.expiresAtMs } : {}) }
}

/** A checker `answers` that reports to `findings`. */
export const createAnswers = (findings: Findings) => {
  /** By partition, channel and id. */
  const owed = new Map<string, OwedAnswer>()
  /** Given by events of the present record, and not journaled for their senders yet, by channel and id. */
  const given = new Map<string, GivenAnswer>()
  const nameOf = ({ partition }: Where, sender: string, id: string, about: string): string => `${partition} ${sender} ${about} ${id}`
  let answered = 0
  return {
    /** A command began something, or is asked again meanwhile. */
    asked: (where: Where, sender: string, book: string, id: string, reply: string | null): void => {
      const name = nameOf(where, sender, id, book)
      const one = owed.get(name) ?? { replies: [] }
      owed.set(name, one)
      // The newest, each once, in the order in which they last asked.
      if (reply !== null) one.replies = [...one.replies.filter((known) => known !== reply), reply].slice(-owedRepliesMax)
    },
    /** An event gives an answer. */
    given: (where: Where, event: Answering): void => {
      const { answer, channel, order } = event
      if (answer === undefined) return
      findings.checked("answers")
      const name = `${channel} ${answer.id} ${order}`
      if (given.has(name)) findings.violated("answers", where, `${answer.id} is answered twice`)
      given.set(name, { order: orderKeyOf(channel, order), outcome: outcomeOf(event, answer.refusal) })
    },
    /** The answer is journaled for its sender. */
    journaled: (where: Where, entry: OrderAnsweredEntry): void => {
      findings.checked("answers")
      const { sender, id, key, outcome, replies } = entry
      const name = nameOf(where, sender, id, key)
      const one = owed.get(name)
      owed.delete(name)
      answered += 1
      if (one === undefined) findings.violated("answers", where, `${id} of ${sender} is answered, and nothing was owed`)
      else if (!same(replies, one.replies))
        findings.violated("answers", where, `${id} is answered to ${replies.join(", ") || "nobody"}, and ${one.replies.join(", ")} asked`)
      const said = `${sender} ${id} ${"order" in outcome ? outcome.order : ""}`
      const meant = given.get(said)
      given.delete(said)
      if (meant === undefined) {
        findings.violated("answers", where, `${id} of ${sender} is answered, and no event of the record answers it`)
        return
      }
      const wrong = contradiction(outcome, meant.outcome)
      if (wrong !== null) findings.violated("answers", where, `the answer to ${id} is journaled otherwise than it was given: ${wrong}`)
    },
    /** Ends a record: what was answered in it is journaled for its sender by now. */
    recordEnd: (where: Where): void => {
      for (const [name, { order }] of given)
        findings.violated("answers", { ...where, order }, `${name.split(" ")[1]} is answered by an event, and its sender is not told`)
      given.clear()
    },
    owedCount: (): number => owed.size,
    answeredCount: (): number => answered,
  }
}
/** The checker `answers`. */
export type Answers = ReturnType<typeof createAnswers>
