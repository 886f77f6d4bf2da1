/**
 * Checker `conservation` (INV-1, INV-6): every unit is somewhere, and none is owed twice.
 *
 * Proves, after every decision and so at every prefix: no number falls below nothing; at no location do reserved and exposed units exceed
 * what is there and sound, unless a fact made it so, and then the same record says by how much. At the end, the numbers by
 * location equal the sums of all that came, went, was claimed and given up, and the reserved units are those of the open reservations, one by one.
 */
import type { CommandType } from "../domain/sku/commands.ts"
import type { StockEvent } from "../domain/sku/events.ts"
import { isFactType } from "./effects.ts"
import type { Findings, Where } from "./findings.ts"
import { type Shelf, type SkuModel, shelfAt, shortQty, sumQty, usableQty } from "./model.ts"

/** The locations whose numbers an event may change. */
const locationsOf = (event: StockEvent): ReadonlyArray<string> => {
  const locations: Array<string> = []
  if ("location" in event && event.location !== undefined) locations.push(event.location)
  if ("allocations" in event) for (const part of event.allocations) locations.push(part.location)
  if ("taken" in event) for (const part of event.taken) locations.push(part.location)
  return locations
}

const isCount = (qty: number): boolean => Number.isSafeInteger(qty) && qty >= 0

/** A number at this location that no count of units can be, in words, or null. */
const impossible = (shelf: Shelf): string | null => {
  const { onHandQty, damagedQty, inspectionQty, reservedQty } = shelf
  if (!isCount(onHandQty)) return `${onHandQty} units are on hand`
  if (!isCount(damagedQty)) return `${damagedQty} units are damaged`
  if (!isCount(inspectionQty)) return `${inspectionQty} units are in inspection`
  if (!isCount(reservedQty)) return `${reservedQty} units are reserved`
  return usableQty(shelf) < 0 ? `damaged and inspected units exceed those on hand by ${-usableQty(shelf)}` : null
}

/** The checker `conservation`: it is given each change of a SKU, and the state of all SKUs at the end. */
export interface Conservation {
  /** How short each touched location is before a decision; to be given back after it. */
  readonly before: (model: SkuModel, events: ReadonlyArray<StockEvent>) => ReadonlyMap<string, number>
  /** Judges the model as a decision of type `type` (null for an expiry) left it. */
  readonly after: (
    where: Where,
    model: SkuModel,
    type: CommandType | null,
    events: ReadonlyArray<StockEvent>,
    shortBefore: ReadonlyMap<string, number>,
  ) => void
  /** Ends a record: what a fact broke in it has been said by now. */
  readonly recordEnd: () => void
  readonly finish: (models: Iterable<SkuModel>) => void
  /** Units by which something other than a fact made a location owe more than it has. */
  readonly oversoldQty: () => number
}

const unequalSums = (model: SkuModel): string | null => {
  let onHand = 0
  let reserved = 0
  for (const shelf of model.shelves.values()) {
    onHand += shelf.onHandQty
    reserved += shelf.reservedQty
  }
  const { receivedQty, adjustedQty, leftQty, claimedQty, unclaimedQty } = model.sums
  const came = receivedQty + adjustedQty - leftQty
  if (onHand !== came) return `${onHand} units on hand, but ${came} came and did not leave`
  if (reserved !== claimedQty - unclaimedQty)
    return `${reserved} units reserved, but ${claimedQty - unclaimedQty} were claimed and not given up`
  return null
}

/** Reserved units of each location held against the open reservations there. */
const unequalClaims = (model: SkuModel): string | null => {
  const open = new Map<string, number>()
  for (const claim of model.claims.values())
    for (const part of claim.open) open.set(part.location, (open.get(part.location) ?? 0) + part.qty)
  for (const [location, shelf] of model.shelves) {
    const qty = open.get(location) ?? 0
    if (qty !== shelf.reservedQty) return `${shelf.reservedQty} units reserved at ${location}, open reservations have ${qty} there`
  }
  return null
}

/** A checker `conservation` that reports to `findings`. */
export const createConservation = (findings: Findings): Conservation => {
  let oversold = 0
  /** Shortages that a fact made in the present record, by SKU and location, until the record itself says them. */
  const unsaid = new Map<string, { readonly where: Where; readonly location: string; readonly qty: number }>()

  const short = (where: Where, location: string, type: CommandType | null, qty: number, before: number): void => {
    if (qty <= 0 || qty <= before) return
    if (type !== null && isFactType(type)) {
      unsaid.set(`${where.sku}\n${location}`, { where, location, qty })
      return
    }
    const byQty = qty - Math.max(0, before)
    oversold += byQty
    findings.violated(
      "conservation",
      where,
      `${type ?? "an expiry"} oversold ${location} by ${byQty}: ${qty} units are owed that aren't there`,
    )
  }

  return {
    before: (model, events) => {
      const touched = new Map<string, number>()
      for (const event of events) for (const location of locationsOf(event)) touched.set(location, shortQty(shelfAt(model, location)))
      return touched
    },
    after: (where, model, type, events, shortBefore) => {
      for (const [location, before] of shortBefore) {
        findings.checked("conservation")
        const shelf = shelfAt(model, location)
        const wrong = impossible(shelf)
        if (wrong !== null) findings.violated("conservation", where, `at ${location} ${wrong}`)
        short(where, location, type, shortQty(shelf), before)
      }
      for (const event of events) {
        if (event.type !== "ShortageFound") continue
        const qty = Math.max(0, shortQty(shelfAt(model, event.location)))
        if (event.qty !== qty) findings.violated("conservation", where, `shortage of ${event.qty} said at ${event.location}, it is ${qty}`)
        unsaid.delete(`${where.sku}\n${event.location}`)
      }
    },
    recordEnd: () => {
      for (const { where, location, qty } of unsaid.values()) {
        findings.violated(
          "conservation",
          where,
          `a fact left ${qty} units owed at ${location} that aren't there, and the record doesn't say so`,
        )
      }
      unsaid.clear()
    },
    finish: (models) => {
      for (const model of models) {
        findings.checked("conservation")
        const wrong = unequalSums(model) ?? unequalClaims(model)
        if (wrong !== null) findings.violated("conservation", { partition: model.partition, seq: model.changedSeq, sku: model.sku }, wrong)
      }
    },
    oversoldQty: () => oversold,
  }
}

/** Units open in reservations of a SKU, held and confirmed. */
export const openQty = (model: SkuModel): { readonly heldQty: number; readonly confirmedQty: number } => {
  let heldQty = 0
  let confirmedQty = 0
  for (const claim of model.claims.values()) {
    if (claim.confirmed) confirmedQty += sumQty(claim.open)
    else heldQty += sumQty(claim.open)
  }
  return { heldQty, confirmedQty }
}
