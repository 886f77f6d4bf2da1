/**
 * Notes what is rare between orders and SKUs, for the rare states of sim/sometimes.ts: commands asked for again and by other owners, answers that several wait for, payments that come too late. It judges nothing.
 */
import { isInternal } from "../src/domain/names.ts"
import type { OrderEntry, OrderKind } from "../src/kinds/order/types.ts"
import { orderEventsIn } from "./checkers/both-journals.ts"
import type { Cluster } from "./cluster.ts"
import type { Observer } from "./nodes/observer.ts"
import type { SometimeName, Sometimes } from "./sometimes.ts"

const events: Readonly<Partial<Record<OrderKind["event"]["type"], SometimeName>>> = {
  OrderExpired: "order-expired",
  OrderConfirmed: "order-paid",
  OrderRefused: "order-refused-for-its-lines",
  LineNoted: "order-told-of-a-line",
}

/** What an entry of a journal of orders shows. */
const statesIn = (entry: OrderEntry): ReadonlyArray<SometimeName> => {
  const states = orderEventsIn(entry).flatMap(({ event }) => events[event.type] ?? [])
  if (entry._tag === "Answered" && entry.replies.length > 1) states.push("answered-to-several")
  if (entry._tag !== "Message") return states
  for (const { command, decision } of entry.decided) {
    if (decision._tag === "Pending") states.push("asked-before-the-answer")
    const isLate = decision._tag === "Refused" && decision.refusal.reason === "OrderExpired"
    if (isLate && command?.type === "ConfirmOrder") states.push("paid-too-late")
  }
  return states
}

/** Hears of what happens to orders, and to what they ask of SKUs. */
export const watchOrders = (cluster: Cluster, sometimes: Sometimes): Partial<Observer> => {
  const sent = new Map<string, string>()
  cluster.orderAudience.add({
    confirmed: (_slot, _seq, { entries }) => {
      for (const entry of entries) for (const state of statesIn(entry)) sometimes.hit(state)
    },
    doorSaid: (_by, _sender, _suffix, answer) => {
      if (answer.answer === "busy" && answer.why === "order") sometimes.hit("busy-with-an-order")
    },
    carriedSaid: ({ reign }, { commands }) => {
      for (const { id } of commands) {
        const before = sent.get(id)
        if (before !== undefined) sometimes.hit("carried-again")
        if (before !== undefined && before !== reign) sometimes.hit("carried-again-by-a-new-owner")
        sent.set(id, reign ?? "")
      }
    },
  })
  return {
    confirmed: (_slot, _seq, { entries }) => {
      for (const entry of entries)
        if (entry._tag === "Message" && isInternal(entry.sender) && entry.decided.some(({ decision }) => decision._tag === "Repeated"))
          sometimes.hit("carried-and-decided-before")
    },
  }
}
