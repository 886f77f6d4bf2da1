/**
 * Decides how one buyer of a flash sale behaves: how much is ordered, whether it is paid, paid too late, forgotten or given up, what is shipped, and what is
 * sent more than once. Gives one flow; when and what is ordered was decided before.
 */
import { unreachable } from "../assert.ts"
import type { CommandId, EpochMs, LocationId, ReservationId, SenderId, Sku } from "../domain/names.ts"
import type { Flow, FlowEnding, PlannedSend } from "./flows.ts"
import { sendOf } from "./flows.ts"
import { drawPlace, weightedChoice } from "./popularity.ts"
import type { Prng } from "./prng.ts"

/** Where orders are shipped from, and where tills sell. */
export const mainLocation = "main" as LocationId
/** Where shops have their stock. */
export const storeLocation = "store" as LocationId

/** How a channel sells: a web shop and a wholesale portal ask first, a marketplace and a till (pos) tell afterwards. */
export type ChannelKind = "web" | "wholesale" | "marketplace" | "pos"

/** Somebody wants `qty` units of a SKU at a channel of that kind. */
export interface Purchase {
  readonly sku: Sku
  readonly channel: SenderId
  readonly kind: ChannelKind
  readonly qty: number
  readonly atMs: EpochMs
}

/** What buyers have in common; see FlashSaleOptions. */
export interface Buyer {
  readonly prng: Prng
  readonly abandonedPercent: number
  readonly latePercent: number
  readonly cancelledPercent: number
  readonly shippedPercent: number
  readonly shortPickPercent: number
  readonly beyondStockPercent: number
  readonly rescannedPercent: number
  readonly returnedPercent: number
  readonly extendedPercent: number
  readonly retryPercent: number
  readonly togetherPercent: number
  readonly shortHoldMs: number
  readonly longHoldMs: number
  readonly warehouse: SenderId
}

const quantityChoice = weightedChoice([70, 20, 7, 3])

/** Units of an order: one to four, a wholesaler's six to twenty-four in sixes. */
export const orderedQty = (kind: ChannelKind, prng: Prng): number => {
  const qty = drawPlace(quantityChoice, prng) + 1
  return kind === "wholesale" ? qty * 6 : qty
}

/** How often a command is sent: mostly once. */
const drawRepeat = (buyer: Buyer): { readonly copies: number; readonly together: boolean } => {
  const copies = buyer.prng.chance(buyer.retryPercent, 100) ? buyer.prng.between(2, 3) : 1
  const together = buyer.prng.chance(buyer.togetherPercent, 100)
  return { copies, together: together && copies > 1 }
}

/** The commands of an order, each some time after the one before. */
class FlowWriter {
  readonly sends: Array<PlannedSend> = []
  readonly #order: Purchase
  readonly #number: number
  readonly #buyer: Buyer
  #atMs: EpochMs

  constructor(order: Purchase, number: number, buyer: Buyer) {
    this.#order = order
    this.#number = number
    this.#buyer = buyer
    this.#atMs = order.atMs
  }

  /** Adds what `make` makes from the fields every command has. */
  add(
    kind: string,
    afterMs: number,
    actor: SenderId,
    make: (base: { id: CommandId; sku: Sku; issuedAtMs: EpochMs }) => PlannedSend["command"],
  ): void {
    this.#atMs += afterMs
    const command = make({ id: `${kind}.${this.#number}` as CommandId, sku: this.#order.sku, issuedAtMs: this.#atMs })
    this.sends.push(sendOf({ atMs: this.#atMs, order: this.#number }, actor, command, drawRepeat(this.#buyer)))
  }
}

/** Whether one of the optional things happens. If it isn't asked for, no number is drawn, so that all other choices of the seed stay as they were. */
const happens = (percent: number, prng: Prng): boolean => percent > 0 && prng.chance(percent, 100)

/**
 * Ships an order some time after it was paid, or not before the sale is over. Sometimes the shelf lacks a unit: the warehouse ships what is there, and the channel releases the
 * rest. Sometimes the whole order is returned.
 */
const addShipment = (writer: FlowWriter, order: Purchase, reservation: ReservationId, buyer: Buyer): void => {
  if (!buyer.prng.chance(buyer.shippedPercent, 100)) return
  const isShort = order.qty > 1 && happens(buyer.shortPickPercent, buyer.prng)
  const qty = isShort ? order.qty - 1 : order.qty
  const isRescanned = happens(buyer.rescannedPercent, buyer.prng)
  const scanned = { channel: order.channel, reservation, location: mainLocation, qty }
  const fields = isRescanned ? { ...scanned, shipment: `parcel.${reservation}` as CommandId } : scanned
  writer.add("fulfil", buyer.prng.between(200, 3_000), buyer.warehouse, (base) => ({ type: "Fulfil", ...base, ...fields }))
  // Scanned a second time by hand: another command about the same parcel.
  if (isRescanned) writer.add("rescan", 40, buyer.warehouse, (base) => ({ type: "Fulfil", ...base, ...fields }))
  if (isShort) writer.add("short", 50, order.channel, (base) => ({ type: "Release", ...base, reservation, reason: "other" }))
  if (!happens(buyer.returnedPercent, buyer.prng)) return
  const returned = { location: mainLocation, qty, reason: "return" } as const
  writer.add("return", buyer.prng.between(500, 5_000), buyer.warehouse, (base) => ({ type: "AdjustStock", ...base, ...returned }))
}

const drawEnding = (buyer: Buyer): FlowEnding => {
  const drawn = buyer.prng.below(100)
  if (drawn < buyer.abandonedPercent) return "abandoned"
  if (drawn < buyer.abandonedPercent + buyer.latePercent) return "late"
  if (drawn < buyer.abandonedPercent + buyer.latePercent + buyer.cancelledPercent) return "cancelled"
  return "paid"
}

/** Reserves, then pays in time, too late or not at all, or gives up. One in four of those who give up had paid. */
const askingFlow = (order: Purchase, number: number, buyer: Buyer): Flow => {
  const writer = new FlowWriter(order, number, buyer)
  const reservation = `order.${number}` as ReservationId
  const ending = drawEnding(buyer)
  const expires = ending === "abandoned" || ending === "late"
  const holdMs = expires ? buyer.shortHoldMs : buyer.longHoldMs
  const asked = { reservation, qty: order.qty, holdMs, locations: [mainLocation] }
  writer.add("reserve", 0, order.channel, (base) => ({ type: "Reserve", ...base, ...asked }))
  const thinkingMs = buyer.prng.between(50, 1_500)
  if (ending === "paid" && happens(buyer.extendedPercent, buyer.prng))
    writer.add("extend", 20, order.channel, (base) => ({ type: "Extend", ...base, reservation, holdMs: buyer.longHoldMs }))
  const paidFirst = ending === "cancelled" && buyer.prng.chance(1, 4)
  if (ending === "paid" || ending === "late" || paidFirst) {
    const afterMs = ending === "late" ? buyer.shortHoldMs + thinkingMs : thinkingMs
    writer.add("confirm", afterMs, order.channel, (base) => ({ type: "Confirm", ...base, reservation }))
  }
  if (ending === "cancelled") {
    const reason = buyer.prng.pick(["cancelled", "payment-failed", "replaced"] as const)
    writer.add("release", thinkingMs, order.channel, (base) => ({ type: "Release", ...base, reservation, reason }))
  }
  if (ending === "paid") addShipment(writer, order, reservation, buyer)
  return { name: reservation, ending, sends: writer.sends }
}

/** An order of a marketplace: it was sold there before we hear of it. A few are cancelled there before they are shipped. */
const toldFlow = (order: Purchase, number: number, buyer: Buyer): Flow => {
  const writer = new FlowWriter(order, number, buyer)
  const reservation = `order.${number}` as ReservationId
  // A marketplace that did not hear in time sells what is not there; half of these don't say where it is to come from.
  const isBeyond = happens(buyer.beyondStockPercent, buyer.prng)
  const sold = { mode: "owed", qty: isBeyond ? order.qty * buyer.prng.between(2, 20) : order.qty, reservation } as const
  const at = isBeyond && buyer.prng.chance(1, 2) ? {} : { location: mainLocation }
  writer.add("sale", 0, order.channel, (base) => ({ type: "RecordSale", ...base, ...sold, ...at }))
  const cancelled = buyer.prng.chance(buyer.cancelledPercent, 100)
  if (cancelled) {
    const afterMs = buyer.prng.between(50, 1_500)
    writer.add("release", afterMs, order.channel, (base) => ({ type: "Release", ...base, reservation, reason: "cancelled" }))
  } else addShipment(writer, order, reservation, buyer)
  return { name: reservation, ending: cancelled ? "cancelled" : "sold", sends: writer.sends }
}

/** Left the store with the buyer. */
const tillFlow = (order: Purchase, number: number, buyer: Buyer): Flow => {
  const writer = new FlowWriter(order, number, buyer)
  const sold = { mode: "taken", qty: order.qty, location: storeLocation } as const
  writer.add("sale", 0, order.channel, (base) => ({ type: "RecordSale", ...base, ...sold }))
  return { name: `till.${number}`, ending: "sold", sends: writer.sends }
}

/** What becomes of an order. `number` is its own among all orders: ids are made of it. */
export const buyerFlow = (order: Purchase, number: number, buyer: Buyer): Flow => {
  switch (order.kind) {
    case "web":
    case "wholesale":
      return askingFlow(order, number, buyer)
    case "marketplace":
      return toldFlow(order, number, buyer)
    case "pos":
      return tillFlow(order, number, buyer)
    default:
      return unreachable(order.kind)
  }
}
