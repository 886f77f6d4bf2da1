/**
 * Notes what is rare between orders and SKUs, for the rare states of sim/sometimes.ts: commands asked for again and by other owners, answers that several wait for, payments that come too late, what lies in quarantine and how
 * it is settled. It judges nothing.
 */
import { isInternal } from "../src/domain/names.ts"
import { orderOfChannel, orderOfReservation } from "../src/domain/order/names.ts"
import type { OrderEntry, OrderJournalRecord, OrderKind, OrderSettledEntry } from "../src/kinds/order/types.ts"
import { decidedIn, orderEventsIn } from "./checkers/both-journals.ts"
import type { Cluster } from "./cluster.ts"
import type { Observer } from "./nodes/observer.ts"
import type { SometimeName, Sometimes } from "./sometimes.ts"

const events: Readonly<Partial<Record<OrderKind["event"]["type"], SometimeName>>> = {
  OrderExpired: "order-expired",
  OrderConfirmed: "order-paid",
  OrderRefused: "order-refused-for-its-lines",
  LineNoted: "order-told-of-a-line",
  OrderForgotten: "order-forgotten",
}

/** What an entry of a journal of orders shows. */
const statesIn = (entry: OrderEntry): ReadonlyArray<SometimeName> => {
  const states = orderEventsIn(entry).flatMap(({ event }) => events[event.type] ?? [])
  if (orderEventsIn(entry).some(({ event }) => event.type === "LineNoted" && event.fact === "lost")) states.push("order-lost-its-line")
  if (entry._tag === "Answered" && entry.replies.length > 1) states.push("answered-to-several")
  if (entry._tag === "Settled") states.push(...settledStates(entry))
  if (entry._tag !== "Message") return states
  for (const { command, decision } of entry.decided) {
    if (decision._tag === "Pending") states.push("asked-before-the-answer")
    if (decision._tag === "Quarantined") states.push("order-undecidable")
    if (decision._tag !== "Refused") continue
    const { reason, field } = decision.refusal
    if (reason === "OrderExpired" && command?.type === "ConfirmOrder") states.push("paid-too-late")
    if (reason === "LimitReached" && field === "quarantine") states.push("no-room-for-an-order")
    if (reason === "StillUndecidable") states.push("order-still-undecidable")
    if (reason === "NotQuarantined") states.push("order-settled-twice")
  }
  return states
}

/** What an operator's word came to. */
const settledStates = ({ decided: { command, decision } }: OrderSettledEntry): ReadonlyArray<SometimeName> => {
  if (decision._tag === "Dropped") return ["order-dropped"]
  if (decision._tag === "Repeated" || decision._tag === "Pending") return ["order-settled-after-its-retry"]
  if (command?.type === "NoteLine") return ["order-told-by-a-replay"]
  return decision._tag === "Begun" ? ["order-replayed", "order-begun-by-a-replay"] : ["order-replayed"]
}

/** Notes under which epoch each place in quarantine was taken, and hears whether another settles it. */
const createEpochs = () => {
  const taken = new Map<string, number>()
  return (journal: number, { epoch, entries }: OrderJournalRecord): boolean => {
    let isOthers = false
    for (const entry of entries) {
      if (entry._tag === "Settled" && taken.get(`${journal} ${entry.quarantined}`) !== epoch) isOthers = true
      if (entry._tag !== "Message") continue
      for (const { decision } of entry.decided) {
        const place = decision._tag === "Quarantined" ? `${journal} ${decision.quarantined}` : ""
        if (!taken.has(place)) taken.set(place, epoch)
      }
    }
    return isOthers
  }
}

/** Notes which orders are forgotten, and hears whether a record refuses a command about one for how it ended. */
const createForgotten = () => {
  const forgotten = new Set<string>()
  return ({ entries }: OrderJournalRecord): boolean => {
    for (const { event } of entries.flatMap(orderEventsIn))
      if (event.type === "OrderForgotten") forgotten.add(orderOfChannel(event.channel, event.order))
    return entries.flatMap(decidedIn).some(({ command, decision }) => {
      if (command === null || decision._tag !== "Refused" || decision.refusal.reason === "UnknownOrder") return false
      return forgotten.has(orderOfChannel(command.channel, command.order))
    })
  }
}

/** Hears of what happens to orders, and to what they ask of SKUs. */
export const watchOrders = (cluster: Cluster, sometimes: Sometimes): Partial<Observer> => {
  const sent = new Map<string, string>()
  const isSettledByAnother = createEpochs()
  const isForgotten = createForgotten()
  cluster.orderAudience.add({
    confirmed: ({ id }, _seq, record) => {
      for (const entry of record.entries) for (const state of statesIn(entry)) sometimes.hit(state)
      if (isSettledByAnother(id, record)) sometimes.hit("order-settled-by-a-new-owner")
      if (isForgotten(record)) sometimes.hit("forgotten-order-asked-for")
    },
    serving: (_slot, { loadedSnapshot }) => {
      if (loadedSnapshot !== null) sometimes.hit("orders-from-a-snapshot")
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
      for (const entry of entries) {
        if (
          entry._tag === "Expiry" &&
          entry.events.some((event) => "reservation" in event && orderOfReservation(event.reservation) !== undefined)
        )
          sometimes.hit("line-ended-by-its-sku")
        if (entry._tag === "Message" && isInternal(entry.sender) && entry.decided.some(({ decision }) => decision._tag === "Repeated"))
          sometimes.hit("carried-and-decided-before")
      }
    },
  }
}
