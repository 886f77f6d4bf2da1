/**
 * Checker `reservations` (INV-8): the life of each reservation, event by event.
 *
 * Proves that a reservation begins once, is confirmed or extended only while it is held and before its time is up, expires only once it
 * is, never gives up or ships more at a location than it has open there, and after its one end is never heard of again
 * (as long as its id is remembered). Shipping for an ended or unknown reservation is an event of its own and free. Who is refused for what
 * became of a reservation is told what became of it.
 */
import { unreachable } from "../assert.ts"
import type { EpochMs } from "../domain/names.ts"
import type { RefusalReason } from "../domain/refusals.ts"
import type { Command, CommandType } from "../domain/sku/commands.ts"
import type { Allocations, StockEvent } from "../domain/sku/events.ts"
import type { EndStatus } from "./ends.ts"
import type { Findings, Where } from "./findings.ts"
import { type Claim, claimKey, debtQty, type SkuModel, sumQty } from "./model.ts"

type ClaimEvent = Extract<StockEvent, { readonly reservation: unknown }>

const openAt = (claim: Claim, location: string): number => claim.open.find((part) => part.location === location)?.qty ?? 0

/** How `allocations` are no part of what is open, or null. */
const overdrawn = (claim: Claim, allocations: Allocations): string | null => {
  const asked = new Map<string, number>()
  for (const { location, qty } of allocations) {
    if (!(Number.isSafeInteger(qty) && qty > 0)) return `moves ${qty} units at ${location}`
    asked.set(location, (asked.get(location) ?? 0) + qty)
  }
  for (const [location, qty] of asked) {
    if (qty > openAt(claim, location)) return `takes ${qty} units at ${location}, where ${openAt(claim, location)} are open`
  }
  return null
}

const wrongBeginning = (claim: Claim | undefined, ended: string | undefined, event: ClaimEvent, atMs: EpochMs): string | null => {
  if (ended !== undefined) return `begins again after it was ${ended}`
  if (event.type === "Reserved") {
    if (claim !== undefined) return "begins although it is open"
    if (event.expiresAtMs <= atMs) return `is held until ${event.expiresAtMs}, which is over at ${atMs}`
  }
  if (
    (event.type === "Reserved" || event.type === "SaleOwed") &&
    event.allocations.some((part) => !(Number.isSafeInteger(part.qty) && part.qty > 0))
  ) {
    return "claims a quantity that isn't positive"
  }
  if (event.type === "Reserved" && event.allocations.length === 0) return "claims nothing"
  return null
}

/** An event that can only happen to a reservation that is open. */
type OpenEvent = Exclude<ClaimEvent, { readonly type: "Reserved" | "SaleOwed" | "ShippedUnreserved" }>

/** What is wrong with an event on an open reservation, or null. */
const wrongOnOpen = (claim: Claim, owedQty: number, event: OpenEvent, cause: CommandType | null, atMs: EpochMs): string | null => {
  switch (event.type) {
    case "Confirmed":
      if (claim.confirmed) return "is confirmed twice"
      // A sale that was made elsewhere may draw on a hold whose time is up, as long as its expiry isn't journaled: until then nobody else can have been given its units.
      return atMs >= claim.expiresAtMs && cause !== "RecordSale" ? `is confirmed at ${atMs}, its time was up at ${claim.expiresAtMs}` : null
    case "Extended":
      if (claim.confirmed) return "is extended although it is confirmed"
      if (atMs >= claim.expiresAtMs) return `is extended at ${atMs}, its time was up at ${claim.expiresAtMs}`
      return event.expiresAtMs < claim.expiresAtMs ? `is extended backwards, from ${claim.expiresAtMs} to ${event.expiresAtMs}` : null
    case "Expired":
      if (claim.confirmed) return "expires although it is confirmed"
      if (atMs < claim.expiresAtMs) return `expires at ${atMs}, before its time is up at ${claim.expiresAtMs}`
      if (sumQty(event.allocations) !== sumQty(claim.open))
        return `expires with ${sumQty(event.allocations)} of ${sumQty(claim.open)} open units`
      return overdrawn(claim, event.allocations)
    case "Released":
    case "Fulfilled":
      if ((event.shortQty ?? 0) > owedQty) return `gives up ${event.shortQty} units that aren't there, where ${owedQty} are owed`
      return overdrawn(claim, event.allocations)
    // What it covers is judged beside what is owed.
    case "ShortageCovered":
      return null
    default:
      return unreachable(event)
  }
}

/** How a reservation ended, if it did and its id is still taken. */
const endedOf = ({ ends, partition, sku }: SkuModel, key: string, atMs: EpochMs): EndStatus | undefined =>
  ends.of({ partition, sku, key }, atMs)
const wasOf = (ended: EndStatus | undefined): string => (ended === undefined ? "never began" : `was ${ended}`)

const wrongLife = (model: SkuModel, event: ClaimEvent, cause: CommandType | null, atMs: EpochMs): string | null => {
  const key = claimKey(event.channel, event.reservation)
  const claim = model.claims.get(key)
  switch (event.type) {
    case "Reserved":
    case "SaleOwed":
      return wrongBeginning(claim, claim === undefined ? endedOf(model, key, atMs) : undefined, event, atMs)
    case "ShippedUnreserved":
      return null
    case "Confirmed":
    case "Extended":
    case "Released":
    case "Expired":
    case "Fulfilled":
    case "ShortageCovered":
      if (claim === undefined) return `is ${event.type} although it ${wasOf(endedOf(model, key, atMs))}`
      return wrongOnOpen(claim, debtQty(model, key), event, cause, atMs)
    default:
      return unreachable(event)
  }
}

/** What became of a reservation, as far as it is remembered. */
const stateOf = (model: SkuModel, key: string, atMs: EpochMs): "open" | "unknown" | EndStatus =>
  model.claims.has(key) ? "open" : (endedOf(model, key, atMs) ?? "unknown")

/** In which states a refusal for this reason is right; undefined: it says nothing of a reservation. */
const statesFor = (reason: RefusalReason): ReadonlyArray<ReturnType<typeof stateOf>> | undefined => {
  if (reason === "UnknownReservation") return ["unknown"]
  if (reason === "ReservationExists") return ["open", "released", "expired", "fulfilled"]
  if (reason === "ReservationReleased") return ["released"]
  if (reason === "ReservationExpired") return ["expired"]
  if (reason === "ReservationFulfilled") return ["fulfilled"]
  return reason === "ReservationConfirmed" || reason === "QtyExceedsOpen" ? ["open"] : undefined
}

/** A checker `reservations` that reports to `findings`. */
export const createReservations = (findings: Findings) => {
  return {
    /** Judges a refusal against the model as it is. */
    refused: (where: Where, model: SkuModel, sender: string, command: Command, reason: RefusalReason, atMs: EpochMs): void => {
      const states = statesFor(reason)
      if (states === undefined || !("reservation" in command) || command.reservation === undefined) return
      findings.checked("reservations")
      const key = claimKey(command.type === "Fulfil" ? command.channel : sender, command.reservation)
      const state = stateOf(model, key, atMs)
      if (!states.includes(state))
        findings.violated("reservations", where, `${command.type} ${command.id} is refused for ${reason}, reservation ${key} is ${state}`)
    },
    /** Judges an event against the model as it was before it. `cause` is the type of its command, null for an expiry. */
    event: (where: Where, model: SkuModel, event: StockEvent, cause: CommandType | null, atMs: EpochMs): void => {
      if (!("reservation" in event)) return
      findings.checked("reservations")
      const key = claimKey(event.channel, event.reservation)
      const wrong = wrongLife(model, event, cause, atMs)
      if (wrong !== null) findings.violated("reservations", where, `reservation ${key} ${wrong}`)
    },
  }
}
