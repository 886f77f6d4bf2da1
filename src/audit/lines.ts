/**
 * Checker `lines` (INV-18): no unit is held for nobody, and an order and its SKUs say the same of its units.
 *
 * Proves, where nothing about a line is under way between the two journals as far as they were read, that what its SKU keeps for the order is what the order believes it has, and that a SKU keeps nothing for an
 * order that has ended. A line of which one journal says what the other can't know yet is not looked at.
 */

import type { Findings } from "./findings.ts"
import { type SkuModel, sumQty } from "./model.ts"
import { type OrderModel, openQtyOf, orderKeyOf } from "./order-model.ts"

/** The name by which a line is known on both sides. */
export const lineOf = (channel: string, order: string, sku: string): string => `${channel}/${order}\n${sku}`

/** The order that a reservation of a SKU is a line of; null: its channel made it itself. */
export const orderOf = (reservation: string): string | null =>
  reservation.startsWith("@") && !reservation.includes("~") ? reservation.slice(1) : null

/** Units that SKUs keep for orders, by line. */
const keptBySkus = (skus: ReadonlyMap<string, SkuModel>) => {
  const kept = new Map<string, { readonly model: SkuModel; readonly order: string; readonly qty: number }>()
  for (const model of skus.values()) {
    for (const [key, claim] of model.claims) {
      const order = orderOf(key.slice(key.indexOf("/") + 1))
      if (order === null) continue
      const qty = sumQty(claim.open) + (model.debts.get(key)?.qty ?? 0)
      kept.set(lineOf(claim.channel, order, model.sku), { model, order: orderKeyOf(claim.channel, order), qty })
    }
  }
  return kept
}

/** Holds the lines of all orders against their SKUs, but for those that are `unsettled`. Returns the units that SKUs keep for orders. */
export const judgeLines = (
  findings: Findings,
  skus: ReadonlyMap<string, SkuModel>,
  orders: ReadonlyMap<string, OrderModel>,
  unsettled: ReadonlySet<string>,
): number => {
  const kept = keptBySkus(skus)
  for (const order of orders.values()) {
    for (const line of order.lines.values()) {
      const name = lineOf(order.channel, order.id, line.sku)
      const qty = kept.get(name)?.qty ?? 0
      const openQty = openQtyOf(line)
      if (unsettled.has(name)) continue
      findings.checked("lines")
      const key = orderKeyOf(order.channel, order.id)
      const where = { kind: "order", partition: order.partition, seq: order.changedSeq, sku: line.sku, order: key } as const
      if (qty !== openQty)
        findings.violated("lines", where, `order ${key} has ${openQty} units of ${line.sku}, and the SKU keeps ${qty} for it`)
      else if (order.phase === "ended" && qty > 0)
        findings.violated("lines", where, `order ${key} is ${order.ending}, and ${qty} units of ${line.sku} are kept for it`)
    }
  }
  let keptQty = 0
  for (const [name, { model, order, qty }] of kept) {
    keptQty += qty
    if (unsettled.has(name) || orders.has(order)) continue
    findings.checked("lines")
    const where = { partition: model.partition, seq: model.changedSeq, sku: model.sku, order }
    findings.violated("lines", where, `${qty} units are kept for order ${order}, which is over or never was`)
  }
  return keptQty
}
