/**
 * INV-18: what an order has of a SKU, the SKU has for that order, and the other way round; and no SKU keeps a unit for an order that is no more. Judged at rest, when nothing is on its way between them: units are added up from
 * the events of both journals, and held against one another and against what owners hold.
 */
import { reservationsOf } from "../../src/domain/sku/stock.ts"
import type { Cluster } from "../cluster.ts"
import { endedBy, skusWritten, stockEventsIn } from "./both-journals.ts"
import type { MakeChecker } from "./checker.ts"
import { foldOrders, type LineSums, noUnits, openUnits } from "./order-fold.ts"

const lineName = (channel: string, order: string, sku: string): string => `${channel} ${order} ${sku}`

/** Units of lines as the journals of SKUs have them, by the order's name and SKU. */
const linesAtSkus = (cluster: Cluster): ReadonlyMap<string, ReadonlyMap<string, LineSums>> => {
  const orders = new Map<string, Map<string, LineSums>>()
  const lineOf = (name: string, sku: string): LineSums => {
    const lines = orders.get(name) ?? new Map<string, LineSums>()
    const line = lines.get(sku) ?? noUnits()
    orders.set(name, lines.set(sku, line))
    return line
  }
  for (const { record } of skusWritten(cluster))
    for (const entry of record.entries)
      for (const { event, key } of stockEventsIn(entry)) {
        if (!("reservation" in event) || !event.reservation.startsWith("@") || event.reservation.includes("~")) continue
        const line = lineOf(`${event.channel} ${event.reservation.slice(1)}`, key ?? "")
        if (event.type === "Reserved") line.reserved += event.allocations.reduce((sum, { qty }) => sum + qty, 0)
        const ended = endedBy(event)
        if (ended !== undefined && ended.fact in line) line[ended.fact as keyof LineSums] += ended.qty
      }
  return orders
}

/** Units that owners hold for orders, by the same names. */
const heldByOwners = ({ workers }: Cluster): ReadonlyMap<string, number> => {
  const held = new Map<string, number>()
  for (const { slots } of workers)
    for (const { isServing, partition } of slots) {
      if (!isServing || partition === null) continue
      for (const { state } of partition.actorList)
        for (const reservation of reservationsOf(state)) {
          if (!reservation.id.startsWith("@")) continue
          const qty = reservation.allocations.reduce((sum, part) => sum + part.qty, 0) + reservation.shortQty
          const isOpen = reservation.status === "held" || reservation.status === "confirmed"
          if (isOpen) held.set(lineName(reservation.channel, reservation.id.slice(1), state.sku), qty)
        }
    }
  return held
}

export const orderLines: MakeChecker = ({ cluster, found, checked }) => ({
  name: "order-lines",
  finish: ({ converged, lossy }) => {
    if (!cluster.hasOrders || !converged || lossy.size > 0) return
    const orders = foldOrders(cluster, lossy)
    const atSkus = linesAtSkus(cluster)
    const held = heldByOwners(cluster)
    const known = new Set<string>()
    for (const { name: ofChannel, channel, order, journal, lines, toldInVain, ending } of orders.values()) {
      const theirLines = atSkus.get(ofChannel)
      for (const sku of new Set([...lines.keys(), ...(theirLines?.keys() ?? [])])) {
        const name = lineName(channel, order, sku)
        known.add(name)
        checked()
        const line = lines.get(sku) ?? noUnits()
        const theirs = theirLines?.get(sku) ?? noUnits()
        const place = { partition: journal, sku }
        for (const what of ["reserved", "released", "fulfilled", "lost", "beyond"] as const) {
          const told = what === "beyond" ? line.beyond + (toldInVain.get(sku) ?? 0) : line[what]
          if (told === theirs[what]) continue
          const detail = `${name}: its order counts ${told} units ${what}, and its SKU ${theirs[what]}`
          found({ class: "safety", signature: `a line and its SKU disagree: ${what}`, detail, ...place })
        }
        const open = held.get(name) ?? 0
        if (open !== openUnits(theirs))
          found({
            class: "safety",
            signature: "an owner holds other units than its journal says",
            detail: `${name}: ${open} and ${openUnits(theirs)}`,
            ...place,
          })
        if (ending !== null && open > 0)
          found({
            class: "safety",
            signature: "a unit is kept for an order that is no more",
            detail: `${name}: ${open} units, ${ending}`,
            ...place,
          })
      }
    }
    for (const [name, qty] of held) {
      checked()
      if (!known.has(name) && qty > 0)
        found({ class: "safety", signature: "a unit is kept for an order that never was", detail: `${name}: ${qty} units` })
    }
  },
})
