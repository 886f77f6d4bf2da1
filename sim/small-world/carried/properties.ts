/**
 * What has to hold in every state of a small world of carried commands, and wherever it is healed from: owners die, all that flies is lost, and then everything works.
 */
import type { Sku } from "../../../src/domain/names.ts"
import { type OrderId, orderReservation } from "../../../src/domain/order/names.ts"
import { isAtRest, type Order, openQtyOfLine } from "../../../src/domain/order/order.ts"
import { dueMsOf } from "../../../src/domain/order/timers.ts"
import { isOpen, openQtyOf, type Reservation, reservationOf, type SkuStock } from "../../../src/domain/sku/stock.ts"
import { orderGraceMs } from "../../../src/limits.ts"
import {
  channel,
  type OrderSide,
  onCarried,
  onHoldsOver,
  onNote,
  onNoted,
  onOrderDue,
  onReturn,
  remembered,
  type SkuSide,
} from "./actors.ts"
import type { CarriedState, Ground } from "./moves.ts"

const reservationIn = (stock: SkuStock, order: Order): Reservation | undefined => reservationOf(stock, channel, orderReservation(order.id))

/** What is wrong in what journals say by now. */
export const safetyOf = (ground: Ground, state: CarriedState): ReadonlyArray<string> => {
  const wrong: Array<string> = []
  const { value } = state.side
  const decidedAs = new Map<string, string>()
  for (const sku of state.skus)
    for (const [id, said] of sku.value.decided) {
      if (decidedAs.has(id)) wrong.push(`one effect: ${id} was decided twice`)
      decidedAs.set(id, said)
    }
  for (const [id, said] of value.returned) {
    const decided = decidedAs.get(id)
    if (decided === undefined) wrong.push(`what came back was decided: ${id} was not, and came back as ${said}`)
    else if (decided !== said) wrong.push(`what came back was decided: ${id} as ${decided}, and came back as ${said}`)
  }
  const answered = value.answers.map((answer) => answer.slice(0, answer.indexOf(":")))
  if (new Set(answered).size < answered.length) wrong.push(`one answer: ${answered.join(", ")}`)
  for (const order of Object.values(value.orders)) wrong.push(...promiseProblems(ground, state, order))
  return wrong
}

/** Whoever was told that an order is held, or has paid for it, has its units until the grace is over, if nobody gave them up. */
const promiseProblems = (ground: Ground, state: CarriedState, order: Order): ReadonlyArray<string> => {
  if (order.phase === "placing" || order.phase === "ended") return []
  if (ground.nowMs(state) >= order.dueMs + orderGraceMs) return []
  return state.skus.flatMap(({ value }) =>
    reservationIn(value.stock, order)?.status === "expired" ? [`payment wins: ${value.stock.sku} ended what ${order.id} was promised`] : [],
  )
}

interface Healed {
  side: OrderSide
  readonly skus: Array<SkuSide>
}

/** Sends what is under way, and lets it be decided and come back; what SKUs tell, too. Whether anything happened. */
const healOnce = (ground: Ground, healed: Healed, nowMs: number): boolean => {
  const before = healed.side
  for (const one of before.underWay) {
    if (!ground.rules.asksAgain) continue
    const at = ground.placeOf(one.command.sku)
    const sku = healed.skus[at]
    const known = sku === undefined ? undefined : remembered(sku, one)
    if (known === undefined && sku !== undefined) healed.skus[at] = onCarried(sku, one, nowMs, ground.rules)
    const said = known ?? healed.skus[at]?.decided.at(-1)?.[1] ?? ""
    healed.side = onReturn(healed.side, one.id, said, nowMs, ground.rules) ?? healed.side
  }
  let hasTold = false
  for (const [at, sku] of healed.skus.entries()) {
    const over = onHoldsOver(sku, nowMs, ground.rules) ?? sku
    healed.skus[at] = over.notices.reduce((left, note) => {
      healed.side = onNote(healed.side, note, nowMs, ground.rules) ?? healed.side
      return onNoted(left, note.id)
    }, over)
    hasTold ||= healed.skus[at] !== sku
  }
  for (const [id, order] of Object.entries(healed.side.orders))
    if ((dueMsOf(order) ?? Number.MAX_SAFE_INTEGER) <= nowMs) healed.side = onOrderDue(healed.side, id as OrderId, nowMs, ground.rules)
  return hasTold || healed.side !== before
}

/** What is wrong where nothing is under way any more. */
const restProblems = ({ side, skus }: Healed): ReadonlyArray<string> => {
  const wrong: Array<string> = []
  if (side.underWay.length > 0) wrong.push(`nothing is forgotten: ${side.underWay.map(({ id }) => id).join(", ")} under way for ever`)
  for (const order of Object.values(side.orders)) {
    if (order.waiting !== null) wrong.push(`one answer: none to ${order.waiting.id}`)
    if (order.phase === "ended" && !isAtRest(order)) wrong.push(`no unit for nobody: ${order.id} is over and keeps ${order.openQty}`)
    for (const line of order.lines) {
      const stock = skus.find((sku) => sku.stock.sku === line.sku)?.stock
      const reservation = stock === undefined ? undefined : reservationIn(stock, order)
      const openQty = reservation === undefined || !isOpen(reservation) ? 0 : openQtyOf(reservation)
      if (openQty !== openQtyOfLine(line))
        wrong.push(`one picture: ${order.id} has ${openQtyOfLine(line)} of ${line.sku}, which keeps ${openQty} for it`)
      if (order.fill === "whole" && order.phase !== "ended" && line.reservedQty < line.qty)
        wrong.push(`all or nothing: ${order.id} stands without ${line.sku}`)
    }
  }
  return wrong
}

/** What is wrong wherever a state is healed to: now, and once all time is over. */
export const healingOf = (ground: Ground, state: CarriedState): ReadonlyArray<string> => {
  const healed: Healed = { side: state.side.value, skus: state.skus.map(({ value }) => value) }
  const last = ground.world.clocksMs.length - 1
  for (const clock of [state.clock, last]) {
    for (let round = 0; healOnce(ground, healed, ground.nowMs({ clock })); round++)
      if (round === 50) return ["nothing is forgotten: it never comes to rest"]
    const wrong = restProblems(healed)
    if (wrong.length > 0) return wrong
  }
  return []
}

/** All that a state is judged by: it is judged once for each. */
export const judgedKey = ({ clock, side, skus }: CarriedState): string => `${clock}|${side.id}|${skus.map(({ id }) => id).join(",")}`

/** A partition of a SKU as it begins. */
export const firstSku = (sku: Sku, stock: SkuStock): SkuSide => ({
  used: 0,
  stock: { ...stock, sku },
  floor: 0,
  memory: [],
  notices: [],
  noticeCount: 0,
  decided: [],
})
