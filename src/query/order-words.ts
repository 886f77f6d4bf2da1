/**
 * What happened to an order in sentences for people.
 */
import { unreachable } from "../assert.ts"
import type { BookEvent } from "../domain/order/events.ts"
import { counted, shown, shownName } from "../domain/telling.ts"
import type { OrderPastLine } from "../wire/past-lines.ts"
import { isoTime } from "./words.ts"

const units = (qty: number): string => counted(qty, "unit")

const lines = (count: number): string => counted(count, "line")

const factWords = {
  fulfilled: "left",
  released: "were given back",
  lost: "are lost: the hold at the SKU was over",
  beyond: "left beyond what it had open",
} as const

/** One event of an order in a sentence, without its end. */
const eventWords = (event: BookEvent): string => {
  switch (event.type) {
    case "OrderPlaced":
      return `placed, ${lines(event.lines.length)}, ${event.fill}: each SKU is asked for units`
    case "OrderHeld":
      return `held until ${isoTime(event.expiresAtMs)}`
    case "OrderRefused":
      return `REFUSED${event.answer.refusal === undefined ? "" : `, ${event.answer.refusal.reason}`}`
    case "OrderConfirming":
      return "payment came: its lines are made lasting"
    case "OrderConfirmed":
      return "confirmed"
    case "LinesCancelling":
      return `${lines(event.carries.length)} cancelled: their SKUs are asked for their units`
    case "LinesCancelled":
      return "the cancelled lines have given back their units"
    case "OrderExpired":
      return "expired before payment came: its lines are asked for their units"
    case "OrderEnded":
      return `ended: ${event.ending}`
    case "OrderAtRest":
      return `at rest, kept until ${isoTime(event.keptUntilMs)}`
    case "OrderForgotten":
      return "no longer kept"
    case "LineAskedAgain":
      return `${lines(event.carries.length)} asked again: what came of the first asking can't be known`
    case "LinesGivenUp":
      return `${lines(event.carries.length)} asked for the units they have`
    case "LineReserved":
      return `${shownName(event.sku)}: ${units(event.qty)} held`
    case "LineConfirmed":
      return `${shownName(event.sku)}: lasting`
    case "LineReleased":
      return `${shownName(event.sku)}: ${units(event.qty)} given back`
    case "LineLost":
      return `${shownName(event.sku)}: ${units(event.qty)} lost`
    case "LineRefused":
      return `${shownName(event.sku)}: ${event.command} REFUSED, ${event.reason}${event.ats === undefined ? "" : `: ${units(event.ats)} could be had`}`
    case "LineNoted":
      return `${shownName(event.sku)}: ${units(event.qty)} ${factWords[event.fact]}`
    default:
      return unreachable(event)
  }
}

const eventsWords = (events: ReadonlyArray<BookEvent>): string =>
  events.length === 0 ? "nothing came of it" : events.map(eventWords).join("; ")

const commandWords = (line: Extract<OrderPastLine, { readonly _tag: "Command" }>): string => {
  const { decision, command, onBehalf, sender } = line
  const asked = `${onBehalf === null ? sender : "its SKU"} sent ${command?.type ?? "what could not be read"}`
  switch (decision._tag) {
    case "Accepted":
    case "Begun":
      return `${asked}: ${eventsWords(decision.events)}`
    case "Refused":
      return `${asked}: REFUSED, ${decision.refusal.reason}`
    case "TooLate":
      return `${asked}, too late: its deadline had passed`
    case "Quarantined":
      return `${asked}: nobody could decide it, and it waits as ${decision.quarantined}: ${shown(decision.cause)}`
    case "Repeated":
      return `${asked}: heard again what was decided before`
    case "Dropped":
      return `${asked}: dropped by an operator: ${shown(decision.reason)}`
    case "Pending":
      return `${asked}: waits for the answer that is owed`
    default:
      return unreachable(decision)
  }
}

/** A line about an order in a sentence, without its end. */
export const orderLineWords = (line: OrderPastLine): string => {
  switch (line._tag) {
    case "Command":
      return commandWords(line)
    case "Expiry":
      return eventsWords(line.events)
    case "Covered":
      return eventsWords(line.events)
    case "Returned":
      return `a SKU answered (record ${line.by.seq} of partition ${line.by.partition}): ${eventsWords(line.events)}`
    case "Answered":
      return `${line.sender} was answered: ${line.outcome.outcome}`
    default:
      return unreachable(line)
  }
}
