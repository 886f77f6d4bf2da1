/**
 * What happened to a SKU in sentences for people: each event, each decision and each refusal, in the words of the docs.
 */
import { unreachable } from "../assert.ts"
import type { Command } from "../domain/sku/commands.ts"
import { type Allocations, claimedQty, type StockEvent, unitsOf } from "../domain/sku/events.ts"
import { counted, shown, shownName } from "../domain/telling.ts"
import type { SkuPastCommand, SkuPastLine } from "../wire/past-lines.ts"
import { isoTime, listed } from "./words.ts"

const units = (qty: number): string => counted(qty, "unit")

const places = (allocations: Allocations): string =>
  allocations.length === 0 ? "" : ` at ${listed(allocations.map(({ location, qty }) => `${location} (${qty})`))}`

const signed = (qty: number): string => (qty < 0 ? `${units(-qty)} fewer` : `${units(qty)} more`)

const discrepancyWords = {
  NotOnHand: "were not believed on hand",
  NotInStatus: "were not in that status",
  NotReserved: "were not reserved for that",
  Oversold: "are oversold: sold, and not there",
} as const

/** One event in a sentence, without its end. */
export const eventWords = (event: StockEvent): string => {
  switch (event.type) {
    case "Reserved":
      return `${units(unitsOf(event.allocations))} held for ${event.channel} as ${shownName(event.reservation)} until ${isoTime(event.expiresAtMs)}${places(event.allocations)}`
    case "Confirmed":
      return `the hold ${shownName(event.reservation)} of ${event.channel} is lasting`
    case "Extended":
      return `the hold ${shownName(event.reservation)} of ${event.channel} lasts until ${isoTime(event.expiresAtMs)}`
    case "Released":
      return `${units(claimedQty(event))} of ${shownName(event.reservation)} of ${event.channel} given back (${event.reason})${places(event.allocations)}`
    case "Expired":
      return `the hold ${shownName(event.reservation)} of ${event.channel} expired: ${units(unitsOf(event.allocations))} free again${places(event.allocations)}`
    case "Fulfilled":
      return `${units(claimedQty(event))} of ${shownName(event.reservation)} of ${event.channel} left${places(event.taken)}`
    case "ShippedUnreserved":
      return `${units(unitsOf(event.taken))} left${places(event.taken)} that ${shownName(event.reservation)} of ${event.channel} had not reserved`
    case "SaleOwed":
      return `${event.channel} sold without asking, as ${shownName(event.reservation)}: ${units(unitsOf(event.allocations))} reserved${places(event.allocations)}${event.shortQty === undefined ? "" : `, ${units(event.shortQty)} not there`}`
    case "SaleTaken":
      return `${event.channel} sold ${units(unitsOf(event.taken))} off the shelf${places(event.taken)}`
    case "ShortageCovered":
      return `${units(unitsOf(event.allocations))} that ${shownName(event.reservation)} of ${event.channel} was short of are there now${places(event.allocations)}`
    case "StockReceived":
      return `${units(event.qty)} received at ${event.location}`
    case "StockAdjusted":
      return event.qty === 0
        ? `counted at ${event.location}: as believed`
        : `counted at ${event.location}: ${signed(event.qty)} (${event.reason})`
    case "WrittenOff":
      return `${units(event.qty)} at ${event.location} destroyed, lost or thrown away`
    case "StatusMoved":
      return `${units(event.qty)} at ${event.location} moved from ${event.from} to ${event.to}`
    case "PolicySet":
      return `policy ${event.policy.version} set, for ${event.policy.channels.length === 0 ? "no channel" : listed(event.policy.channels.map(({ channel }) => channel))}`
    case "DiscrepancyFound":
      return `${units(event.qty)}${event.location === undefined ? "" : ` at ${event.location}`} ${discrepancyWords[event.kind]}`
    case "ShortageFound":
      return event.qty === 0 ? `the shortage at ${event.location} is over` : `${units(event.qty)} owed at ${event.location} are not there`
    default:
      return unreachable(event)
  }
}

/** What a command asks for, as a verb and what it is about. */
const askedWords = (command: Command): string => {
  switch (command.type) {
    case "Reserve":
      return `asked for ${units(command.qty)} as ${shownName(command.reservation)}`
    case "Confirm":
      return `asked to confirm ${shownName(command.reservation)}`
    case "Release":
      return `asked to give back ${command.qty === undefined ? "all" : units(command.qty)} of ${shownName(command.reservation)}`
    case "Extend":
      return `asked to extend ${shownName(command.reservation)}`
    case "RecordSale":
      return `told of a sale of ${units(command.qty)} (${command.mode})`
    case "ReceiveStock":
      return `told that ${units(command.qty)} came to ${command.location}`
    case "AdjustStock":
      return `told of a count at ${command.location}`
    case "Recount":
      return `told that ${units(command.qty)} were counted at ${command.location}`
    case "WriteOff":
      return `told that ${units(command.qty)} at ${command.location} are destroyed, lost or thrown away`
    case "MoveStatus":
      return `told that ${units(command.qty)} at ${command.location} are ${command.to}`
    case "Fulfil":
      return `told that ${command.qty === undefined ? "what is open" : units(command.qty)} of ${shownName(command.reservation)} of ${command.channel} left ${command.location}`
    case "SetPolicy":
      return "set a policy"
    case "ReplayQuarantined":
      return `asked to decide ${command.quarantined} again`
    case "DropQuarantined":
      return `dropped ${command.quarantined}`
    default:
      return unreachable(command)
  }
}

const who = ({ sender, onBehalf }: SkuPastCommand): string => (onBehalf === null ? sender : `an order of ${onBehalf}`)

const decisionWords = (decision: SkuPastCommand["decision"]): string => {
  switch (decision._tag) {
    case "Accepted":
    case "Begun":
      return decision.events.map(eventWords).join("; ")
    case "Refused": {
      const { reason, field, ats } = decision.refusal
      const had = ats === undefined ? "" : `: ${ats === 0 ? "no unit" : units(ats)} could be had`
      return `REFUSED, ${reason}${field === undefined ? "" : ` (${field})`}${had}`
    }
    case "TooLate":
      return "too late: its deadline had passed"
    case "Quarantined":
      return `nobody could decide it, and it waits as ${decision.quarantined}: ${shown(decision.cause)}`
    case "Repeated":
      return "heard again what was decided before"
    case "Dropped":
      return `dropped by an operator: ${shown(decision.reason)}`
    case "Pending":
      return "waits for the answer that is owed"
    default:
      return unreachable(decision)
  }
}

/** A line about a SKU in a sentence, without its end. */
export const lineWords = (line: SkuPastLine): string => {
  switch (line._tag) {
    case "Command": {
      const asked = line.command === null ? "sent what could not be read" : askedWords(line.command)
      return `${who(line)} ${asked}: ${decisionWords(line.decision)}`
    }
    case "Expiry":
    case "Covered":
    case "Returned":
      return line.events.length === 0 ? `an order heard of its line (${line._tag})` : line.events.map(eventWords).join("; ")
    case "Answered":
      return `${line.sender} was answered: ${line.outcome.outcome}`
    default:
      return unreachable(line)
  }
}
