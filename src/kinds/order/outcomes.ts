/**
 * What channels hear of a decision about an order. Derived from the journaled events alone, so that whoever reads the record says the same.
 */
import type { CommandId } from "../../domain/names.ts"
import type { AnyOrderCommand } from "../../domain/order/decide.ts"
import { answeredBy, type BookEvent } from "../../domain/order/events.ts"
import type { OwedAnswer } from "../../engine/kind.ts"
import type { OrderAccepted, OrderHeardDecision, OrderKind, OrderRememberedDecision } from "./types.ts"

const accepted: { readonly outcome: "accepted" } & OrderAccepted = Object.freeze({ outcome: "accepted" })

/** What is heard of a command that was accepted at once: that it was. An operator's comes to no event of its own: what it settles has an entry beside it. */
export const acceptedOutcome = ([first]: ReadonlyArray<BookEvent>): { readonly outcome: "accepted" } & OrderAccepted =>
  first === undefined ? accepted : { outcome: "accepted", order: first.order }

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

/** The answer to one command. It names the order, whoever refuses: the engine, which knows no orders, too. */
export const saidOf = (
  id: CommandId | null,
  _: unknown,
  repeated: boolean,
  outcome: OrderRememberedDecision,
  command: AnyOrderCommand | null,
): OrderHeardDecision => {
  const said = repeated ? ({ id, repeated: true, ...outcome } as const) : { id, ...outcome }
  // One spelling of an answer, told first or again: what names its order already keeps the name where it stands.
  return command === null || "order" in said ? said : { ...said, order: command.order }
}

/** What an outcome weighs: each line that it tells of as much as a decision. */
export const weightOf = (outcome: OrderRememberedDecision): number => 1 + ("lines" in outcome ? (outcome.lines?.length ?? 0) : 0)
