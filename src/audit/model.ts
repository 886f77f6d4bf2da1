/**
 * An own, obvious model of one SKU: plain numbers by location, open reservations with what each has where, and what channels used of their fences.
 *
 * Folds the deltas of events and judges nothing: it takes even an impossible event, so that one broken record doesn't hide the next.
 * Shares no line with the domain whose events it folds.
 */
import { unreachable } from "../assert.ts"
import type { EpochMs } from "../domain/names.ts"
import type { Allocations, StockEvent } from "../domain/sku/events.ts"
import type { Policy } from "../domain/sku/policy.ts"
import type { EndStatus, Ends } from "./ends.ts"

/** Units at one location. */
export interface Shelf {
  onHandQty: number
  damagedQty: number
  inspectionQty: number
  reservedQty: number
  exposedQty: number
  safetyQty: number
}

/** What a reservation is owed beyond what is there. */
export interface Debt {
  qty: number
  /** The only location whose goods may pay it; null: any. */
  at: string | null
}

/** An open reservation. */
export interface Claim {
  readonly channel: string
  confirmed: boolean
  /** Open units by location, none of them 0. */
  open: Allocations
  fulfilledQty: number
  expiresAtMs: EpochMs
}

/** What a channel has open, and sold since the policy that gave it its present fence. */
interface FenceUse {
  openQty: number
  soldQty: number
}

/** Sums over all events, kept apart from the numbers by location so that one can be held against the other. */
export interface SkuSums {
  receivedQty: number
  adjustedQty: number
  leftQty: number
  claimedQty: number
  unclaimedQty: number
}

/** One SKU as the auditor works it out from events alone. */
export interface SkuModel {
  readonly sku: string
  readonly partition: number
  policy: Policy | null
  readonly shelves: Map<string, Shelf>
  /** Open ones, by {@link claimKey}. */
  readonly claims: Map<string, Claim>
  /** What open ones are owed beyond what is there, by {@link claimKey}, in the order they became so. */
  readonly debts: Map<string, Debt>
  /** Ended ones, of all SKUs. */
  readonly ends: Ends
  readonly uses: Map<string, FenceUse>
  readonly sums: SkuSums
  /** The record that changed it last. */
  changedSeq: number
}

/** A reservation's key in its SKU: senders and ids contain no slash. */
export const claimKey = (channel: string, reservation: string): string => `${channel}/${reservation}`

/** A SKU of which nothing was told yet. */
export const emptyModel = (sku: string, partition: number, ends: Ends): SkuModel => ({
  sku,
  partition,
  policy: null,
  shelves: new Map(),
  claims: new Map(),
  debts: new Map(),
  ends,
  uses: new Map(),
  sums: { receivedQty: 0, adjustedQty: 0, leftQty: 0, claimedQty: 0, unclaimedQty: 0 },
  changedSeq: 0,
})

/** Sum of the units in a list of allocations. */
export const sumQty = (allocations: Allocations): number => allocations.reduce((sum, part) => sum + part.qty, 0)

/** The shelf of a location, made empty where there is none yet. */
export const shelfAt = (model: SkuModel, location: string): Shelf => {
  let shelf = model.shelves.get(location)
  if (shelf === undefined) {
    shelf = { onHandQty: 0, damagedQty: 0, inspectionQty: 0, reservedQty: 0, exposedQty: 0, safetyQty: 0 }
    model.shelves.set(location, shelf)
  }
  return shelf
}

/** Units there and sound: what may be owed. */
export const usableQty = (shelf: Shelf): number => shelf.onHandQty - shelf.damagedQty - shelf.inspectionQty

/** Units of a reservation that are owed and not there. */
export const debtQty = (model: SkuModel, key: string): number => model.debts.get(key)?.qty ?? 0

/** Units that a channel's reservations are owed and that are not there. */
export const debtQtyOf = (model: SkuModel, channel: string): number => {
  let qty = 0
  if (model.debts.size > 0) for (const [key, debt] of model.debts) if (key.startsWith(`${channel}/`)) qty += debt.qty
  return qty
}

/** Units owed beyond what is there: those that any goods pay, or those of one location. */
export const debtQtyAt = (model: SkuModel, location: string | null): number => {
  let qty = 0
  if (model.debts.size > 0) for (const debt of model.debts.values()) if (debt.at === location) qty += debt.qty
  return qty
}

/** Units owed that aren't there: negative while there is enough. */
export const shortQty = (shelf: Shelf): number => shelf.reservedQty + shelf.exposedQty - usableQty(shelf)

/** What a channel used of its fence, from nothing where it is new. */
const useOf = (model: SkuModel, channel: string): FenceUse => {
  let use = model.uses.get(channel)
  if (use === undefined) {
    use = { openQty: 0, soldQty: 0 }
    model.uses.set(channel, use)
  }
  return use
}

/** What is open at each location after `change` (signed) was applied. */
const openAfter = (open: Allocations, change: Allocations, sign: 1 | -1): Allocations => {
  const after = open.map((part) => ({ ...part }))
  for (const { location, qty } of change) {
    const part = after.find((candidate) => candidate.location === location)
    if (part === undefined) after.push({ location, qty: sign * qty })
    else part.qty += sign * qty
  }
  return after.filter((part) => part.qty !== 0)
}

const claimMore = (model: SkuModel, channel: string, allocations: Allocations): void => {
  const qty = sumQty(allocations)
  for (const part of allocations) shelfAt(model, part.location).reservedQty += part.qty
  useOf(model, channel).openQty += qty
  model.sums.claimedQty += qty
}

/** A reservation is owed more units that aren't there. It keeps its place in the order; if it is owed at two locations, goods at any location may cover it. */
const owe = (model: SkuModel, channel: string, key: string, qty: number, at: string | null): void => {
  const debt = model.debts.get(key)
  useOf(model, channel).openQty += qty
  if (debt === undefined) {
    model.debts.set(key, { qty, at })
    return
  }
  debt.qty += qty
  if (debt.at !== at) debt.at = null
}

/** A reservation is owed less beyond what is there. */
const oweLess = (model: SkuModel, channel: string, key: string, qty: number): void => {
  useOf(model, channel).openQty -= qty
  const debt = model.debts.get(key)
  if (debt === undefined) return
  debt.qty -= qty
  if (debt.qty <= 0) model.debts.delete(key)
}

/** Takes `allocations` out of a reservation; it ends when nothing is open, as fulfilled if any unit ever was. */
const claimLess = (
  model: SkuModel,
  event: { readonly channel: string; readonly reservation: string; readonly allocations: Allocations; readonly shortQty?: number },
  endWithout: EndStatus,
  atMs: EpochMs,
): void => {
  const qty = sumQty(event.allocations)
  for (const part of event.allocations) shelfAt(model, part.location).reservedQty -= part.qty
  useOf(model, event.channel).openQty -= qty
  model.sums.unclaimedQty += qty
  const key = claimKey(event.channel, event.reservation)
  const { shortQty = 0 } = event
  if (shortQty > 0) oweLess(model, event.channel, key, shortQty)
  const claim = model.claims.get(key)
  if (claim === undefined) return
  if (endWithout === "fulfilled") claim.fulfilledQty += qty + shortQty
  claim.open = openAfter(claim.open, event.allocations, -1)
  if (claim.open.length > 0 || debtQty(model, key) > 0) return
  model.claims.delete(key)
  const { partition, sku } = model
  model.ends.note({ partition, sku, key }, event.channel, claim.fulfilledQty > 0 ? "fulfilled" : endWithout, atMs)
}

const takeAway = (model: SkuModel, taken: Allocations): void => {
  for (const part of taken) shelfAt(model, part.location).onHandQty -= part.qty
  model.sums.leftQty += sumQty(taken)
}

const setPolicy = (model: SkuModel, policy: Policy): void => {
  for (const [channel, use] of model.uses) {
    const before = model.policy?.channels.find((line) => line.channel === channel)?.fenceQty ?? 0
    const after = policy.channels.find((line) => line.channel === channel)?.fenceQty ?? 0
    if (before !== after) use.soldQty = 0
  }
  for (const shelf of model.shelves.values()) shelf.safetyQty = 0
  for (const { location, qty } of policy.safety) shelfAt(model, location).safetyQty = qty
  model.policy = policy
}

const begin = (model: SkuModel, channel: string, reservation: string, claim: Omit<Claim, "channel">): void => {
  const key = claimKey(channel, reservation)
  model.claims.set(key, { channel, ...claim })
  claimMore(model, channel, claim.open)
}

const saleOwed = (model: SkuModel, channel: string, reservation: string, allocations: Allocations): void => {
  const claim = model.claims.get(claimKey(channel, reservation))
  if (claim === undefined) {
    begin(model, channel, reservation, { confirmed: true, open: openAfter([], allocations, 1), fulfilledQty: 0, expiresAtMs: 0 })
    return
  }
  claim.confirmed = true
  claim.open = openAfter(claim.open, allocations, 1)
  claimMore(model, channel, allocations)
}

const foldClaim = (model: SkuModel, event: StockEvent, atMs: EpochMs): void => {
  switch (event.type) {
    case "Reserved": {
      const open = openAfter([], event.allocations, 1)
      begin(model, event.channel, event.reservation, { confirmed: false, open, fulfilledQty: 0, expiresAtMs: event.expiresAtMs })
      return
    }
    case "Confirmed": {
      const claim = model.claims.get(claimKey(event.channel, event.reservation))
      if (claim !== undefined) claim.confirmed = true
      return
    }
    case "Extended": {
      const claim = model.claims.get(claimKey(event.channel, event.reservation))
      if (claim !== undefined) claim.expiresAtMs = event.expiresAtMs
      return
    }
    case "Released":
      claimLess(model, event, "released", atMs)
      return
    case "Expired":
      claimLess(model, event, "expired", atMs)
      return
    case "Fulfilled":
      useOf(model, event.channel).soldQty += sumQty(event.allocations) + (event.shortQty ?? 0)
      claimLess(model, event, "fulfilled", atMs)
      return
    case "SaleOwed":
      saleOwed(model, event.channel, event.reservation, event.allocations)
      if (event.shortQty !== undefined)
        owe(model, event.channel, claimKey(event.channel, event.reservation), event.shortQty, event.shortAt ?? null)
      return
    case "ShortageCovered":
      oweLess(model, event.channel, claimKey(event.channel, event.reservation), sumQty(event.allocations))
      saleOwed(model, event.channel, event.reservation, event.allocations)
      return
    case "SaleTaken":
    case "ShippedUnreserved":
    case "StockReceived":
    case "StockAdjusted":
    case "StatusMoved":
    case "WrittenOff":
    case "PolicySet":
    case "DiscrepancyFound":
    case "ShortageFound":
      return
    default:
      unreachable(event)
  }
}

const foldStock = (model: SkuModel, event: StockEvent): void => {
  switch (event.type) {
    case "SaleTaken":
      useOf(model, event.channel).soldQty += sumQty(event.taken)
      takeAway(model, event.taken)
      return
    // A shipment without an open reservation uses no fence: the sale did when it was made.
    case "ShippedUnreserved":
    case "Fulfilled":
      takeAway(model, event.taken)
      return
    case "StockReceived":
      shelfAt(model, event.location).onHandQty += event.qty
      model.sums.receivedQty += event.qty
      return
    case "StockAdjusted":
      shelfAt(model, event.location).onHandQty += event.qty
      model.sums.adjustedQty += event.qty
      return
    case "StatusMoved": {
      const shelf = shelfAt(model, event.location)
      if (event.from === "damaged") shelf.damagedQty -= event.qty
      if (event.from === "inspection") shelf.inspectionQty -= event.qty
      if (event.to === "damaged") shelf.damagedQty += event.qty
      if (event.to === "inspection") shelf.inspectionQty += event.qty
      return
    }
    case "WrittenOff": {
      const shelf = shelfAt(model, event.location)
      shelf.onHandQty -= event.qty
      shelf.damagedQty -= event.damagedQty
      shelf.inspectionQty -= event.inspectionQty
      model.sums.adjustedQty -= event.qty
      return
    }
    case "PolicySet":
      setPolicy(model, event.policy)
      return
    case "Reserved":
    case "Confirmed":
    case "Extended":
    case "Released":
    case "Expired":
    case "SaleOwed":
    case "ShortageCovered":
      return
    // They say something about the numbers; they change none.
    case "DiscrepancyFound":
    case "ShortageFound":
      return
    default:
      unreachable(event)
  }
}

/** Brings the model forward by one event of a record of time `atMs`: what is claimed, and what is there. */
export const fold = (model: SkuModel, event: StockEvent, atMs: EpochMs): void => {
  foldClaim(model, event, atMs)
  foldStock(model, event)
}
