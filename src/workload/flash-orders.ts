/**
 * Orders of several lines beside a flash sale's single reservations: drawn from the same SKUs, so that both want the same units. Some are paid, some are paid too late, some given up, and some left to expire.
 */
import type { CommandId, SenderId, Sku } from "../domain/names.ts"
import type { OrderId } from "../domain/order/names.ts"
import type { Reserve } from "../domain/sku/commands.ts"
import { type Flow, orderSendOf, type SentOrder } from "./flows.ts"
import { prngFromSeed } from "./prng.ts"

/** How orders are made beside a sale. */
export interface FlashOrderOptions {
  readonly seed: string
  readonly count: number
  /** Milliseconds that an order is held which nobody pays in time, or at all. */
  readonly shortHoldMs: number
}

const longHoldMs = 15 * 60_000
const linesMax = 5
const qtyMax = 3

const isReserve = (command: Flow["sends"][number]["command"]): command is Reserve => command.type === "Reserve"

/** Orders at moments of the sale, by its channels, of its SKUs. Deterministic. */
export const flashOrders = (
  flows: ReadonlyArray<Flow>,
  { seed, count, shortHoldMs }: FlashOrderOptions,
): ReadonlyArray<Flow<SentOrder>> => {
  const prng = prngFromSeed(`${seed}/orders`)
  const reserves = flows.flatMap(({ sends }) => sends.filter(({ command }) => isReserve(command)))
  const made: Array<Flow<SentOrder>> = []
  for (let number = 1; number <= count && reserves.length > 0; number++) {
    const at = reserves[prng.below(reserves.length)]
    if (at === undefined) continue
    const lines = new Map<Sku, number>()
    const wanted = 2 + prng.below(linesMax - 1)
    for (let line = 0; line < wanted; line++) {
      const command = reserves[prng.below(reserves.length)]?.command
      if (command !== undefined) lines.set(command.sku, 1 + prng.below(qtyMax))
    }
    made.push(orderOf(number, at.atMs, at.actor, lines, prng.below(100), prng.below(4) === 0 ? "partial" : "whole", shortHoldMs))
  }
  return made
}

/** Of a hundred orders: 60 are paid, 10 paid and then given up, 10 given up, 10 paid too late, 10 left. */
const orderOf = (
  number: number,
  atMs: number,
  actor: SenderId,
  lines: ReadonlyMap<Sku, number>,
  fate: number,
  fill: "whole" | "partial",
  shortHoldMs: number,
): Flow<SentOrder> => {
  const name = `order-${number}`
  const base = (step: string, issuedAtMs: number) => ({ id: `${step}.${name}` as CommandId, order: name as OrderId, issuedAtMs })
  const isShort = fate >= 80
  const given = [...lines].map(([sku, qty]) => ({ sku, qty }))
  const send = (laterMs: number, command: SentOrder) => orderSendOf({ atMs: atMs + laterMs, order: number }, actor, command)
  const place = send(0, {
    type: "PlaceOrder",
    ...base("place", atMs),
    fill,
    holdMs: isShort ? shortHoldMs : longHoldMs,
    lines: given,
  })
  const payMs = fate >= 80 && fate < 90 ? 2 * shortHoldMs : 500
  const pay = send(payMs, { type: "ConfirmOrder", ...base("pay", atMs + payMs) })
  const giveUp = send(800, { type: "CancelOrder", ...base("cancel", atMs + 800), reason: "cancelled" })
  if (fate < 60) return { name, ending: "paid", sends: [place, pay] }
  if (fate < 70) return { name, ending: "cancelled", sends: [place, pay, giveUp] }
  if (fate < 80) return { name, ending: "cancelled", sends: [place, giveUp] }
  return fate < 90 ? { name, ending: "late", sends: [place, pay] } : { name, ending: "abandoned", sends: [place] }
}
