/**
 * INV-20: an order is paid or expires, never both. None ends before the time that its channel was told, none is paid after it; whoever comes second is refused. And what is paid stays: by the grace that SKUs hold a line for
 * longer than its order is held, no line of a paid order is lost, unless its partition was out for as long as that.
 */
import { orderGraceMs } from "../../src/limits.ts"
import { decidedIn, ordersWritten } from "./both-journals.ts"
import type { Given, MakeChecker } from "./checker.ts"
import { type FoldedOrder, foldOrders } from "./order-fold.ts"

/** Milliseconds an order may outlive its hold once all is healed: an append may be unknown once more. */
const boundMs = 20_000

const judgeOrder = ({ cluster, found, checked }: Given, order: FoldedOrder, converged: boolean): void => {
  const { name, journal, moments, heldUntilMs, linesHeldUntilMs, lostPaid } = order
  checked()
  const broken = (signature: string, detail: string, seq = 0) =>
    found({ class: "safety", signature, detail: `${name}: ${detail}`, partition: journal, seq })
  const paid = moments.find(({ type }) => type === "OrderConfirming")
  const expired = moments.find(({ type }) => type === "OrderExpired")
  if (paid !== undefined && expired !== undefined)
    broken("an order was paid and expired", `paid in record ${paid.seq}, expired in record ${expired.seq}`, expired.seq)
  if (expired !== undefined && expired.atMs < (heldUntilMs ?? Number.POSITIVE_INFINITY))
    broken("an order ended before its channel was told", `it ended at ${expired.atMs}, told was ${heldUntilMs}`, expired.seq)
  if (paid !== undefined && paid.atMs >= (heldUntilMs ?? Number.NEGATIVE_INFINITY))
    broken("an order was paid after its hold", `paid at ${paid.atMs}, held until ${heldUntilMs}`, paid.seq)
  if (heldUntilMs !== null && heldUntilMs > linesHeldUntilMs - orderGraceMs)
    broken("an order is held for longer than its lines", `until ${heldUntilMs}, and its lines until ${linesHeldUntilMs}`)
  if (lostPaid > 0 && cluster.world.sinceStartMs < orderGraceMs) broken("a paid line was lost", `${lostPaid} units`)
  if (!converged || heldUntilMs === null || order.ending !== null || paid !== undefined) return
  if (heldUntilMs < cluster.server.nowMs - boundMs)
    found({ class: "liveness", signature: "an order outlived its hold", detail: `${name}: until ${heldUntilMs}`, partition: journal })
}

/** Commands that were refused as too late although they came in time, or because of a payment that had not been taken. */
const judgeRefused = ({ cluster, found, checked }: Given, orders: ReadonlyMap<string, FoldedOrder>, lossy: ReadonlySet<number>): void => {
  for (const { id, seq, record } of ordersWritten(cluster)) {
    if (lossy.has(id)) continue
    for (const entry of record.entries) {
      for (const { command, decision } of decidedIn(entry)) {
        if (decision._tag !== "Refused" || command === null || !("order" in command)) continue
        const { reason } = decision.refusal
        const order = orders.get(`${command.channel} ${command.order}`)
        if (order === undefined || (reason !== "OrderExpired" && reason !== "OrderConfirmed")) continue
        checked()
        const isLate = record.atMs >= (order.heldUntilMs ?? Number.POSITIVE_INFINITY) || order.ending === "expired"
        const isConfirmed = order.moments.some((moment) => moment.type === "OrderConfirmed" && moment.seq <= seq)
        if (reason === "OrderExpired" ? isLate : isConfirmed) continue
        const detail = `${order.name}: ${command.id} was refused for ${reason} at ${record.atMs}, held until ${order.heldUntilMs}`
        found({ class: "safety", signature: `refused for what is not so: ${reason}`, detail, partition: id, seq })
      }
    }
  }
}

export const paymentOrExpiry: MakeChecker = (given) => ({
  name: "payment-or-expiry",
  finish: ({ converged, lossy }) => {
    const { cluster } = given
    if (!cluster.hasOrders) return
    const orders = foldOrders(cluster, lossy)
    for (const order of orders.values()) judgeOrder(given, order, converged && lossy.size === 0)
    judgeRefused(given, orders, lossy)
  },
})
