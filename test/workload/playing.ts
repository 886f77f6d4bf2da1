/**
 * Plays traffic as the simplest player would: one command after another in the order of time, decided by the real domain code, every flow
 * only as far as its answers are yes. For tests that ask what a plan comes to.
 */
import type { Command, StockCommand } from "../../src/domain/sku/commands.ts"
import { decide, expire } from "../../src/domain/sku/decide.ts"
import type { StockEvent } from "../../src/domain/sku/events.ts"
import { evolve } from "../../src/domain/sku/evolve.ts"

import { emptyStock, reservationsOf, type SkuStock } from "../../src/domain/sku/stock.ts"
import type { PlannedSend, Traffic } from "../../src/workload/flows.ts"
import { timeline } from "../../src/workload/flows.ts"

export interface Played {
  readonly stocks: ReadonlyMap<string, SkuStock>
  readonly events: ReadonlyArray<StockEvent>
  /** Answers by command type, `accepted` or the reason of the refusal. */
  readonly answers: Readonly<Record<string, number>>
}

const isStockCommand = (command: Command): command is StockCommand =>
  command.type !== "ReplayQuarantined" && command.type !== "DropQuarantined"

export const played = (traffic: Traffic): Played => {
  const stocks = new Map<string, SkuStock>()
  const events: Array<StockEvent> = []
  const answers: Record<string, number> = {}
  const happened = (stock: SkuStock, event: StockEvent): void => {
    evolve(stock, event)
    events.push(event)
  }
  const accepts = ({ command, actor, atMs }: PlannedSend): boolean => {
    if (!isStockCommand(command)) return false
    const stock = stocks.get(command.sku) ?? emptyStock(command.sku)
    stocks.set(command.sku, stock)
    for (const reservation of reservationsOf(stock)) {
      if (reservation.status === "held" && reservation.expiresAtMs <= atMs) happened(stock, expire(reservation))
    }
    const decision = decide(stock, command, actor, atMs)
    const answer = `${command.type} ${decision._tag === "Accepted" ? "accepted" : decision.refusal.reason}`
    answers[answer] = (answers[answer] ?? 0) + 1
    if (decision._tag === "Accepted") for (const event of decision.events) happened(stock, event)
    return decision._tag === "Accepted"
  }
  for (const send of traffic.setup) accepts(send)
  const ended = new Set<number>()
  for (const step of timeline(traffic.flows)) if (!ended.has(step.flow) && !accepts(step)) ended.add(step.flow)
  return { stocks, events, answers }
}

/** Units of `type` events of a play. */
export const eventCount = (play: Played, type: StockEvent["type"]): number => play.events.filter((event) => event.type === type).length

/** The hash by which two plans are compared in tests. */
export const textOf = (traffic: Traffic): string => JSON.stringify(traffic)
