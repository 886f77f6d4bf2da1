/**
 * What channels hear of a decision about an order. Derived from the journaled events alone, so that whoever reads the record says the same.
 */
import { assert } from "../../assert.ts"
import type { CommandId } from "../../domain/names.ts"
import { answeredBy, type BookEvent } from "../../domain/order/events.ts"
import type { OwedAnswer } from "../../engine/kind.ts"
import type { OrderAccepted, OrderHeardDecision, OrderKind, OrderRememberedDecision } from "./types.ts"

/** What is heard of a command that was accepted at once: that it was. */
export const acceptedOutcome = (events: ReadonlyArray<BookEvent>): { readonly outcome: "accepted" } & OrderAccepted => {
  const [first] = events
  assert(first !== undefined, "what is accepted has happened to an order")
  return { outcome: "accepted", order: first.order }
}

/** The answer that an event gives to a command that began something. */
export const owedAnswer = (event: BookEvent): OwedAnswer<OrderKind> | undefined => {
  const answer = answeredBy(event)
  if (answer === undefined) return undefined
  const { channel, order } = event
  const { id, refusal, lines } = answer
  const until = event.type === "OrderHeld" ? { expiresAtMs: event.expiresAtMs } : {}
  const outcome: OrderRememberedDecision =
    refusal === undefined ? { outcome: "accepted", order, ...until, lines } : { outcome: "refused", reason: refusal.reason, order, lines }
  return { sender: channel, id, outcome }
}

/** The answer to one command. */
export const saidOf = (id: CommandId | null, _: unknown, repeated: boolean, outcome: OrderRememberedDecision): OrderHeardDecision =>
  repeated ? { id, repeated: true, ...outcome } : { id, ...outcome }
