/** Decides a ReceiveStock. */

import { accepted, type Decision, refused } from "../../decision.ts"
import { boundBroken } from "../../facts.ts"
import { emptyStock, type SkuStock } from "../../stock.ts"
import type { ReceiveStock } from "./command.ts"

/** What a ReceiveStock comes to. */
export const decideReceive = (known: SkuStock | undefined, command: ReceiveStock): Decision => {
  const stock = known ?? emptyStock(command.sku)
  const bound = boundBroken(stock, command.location, command.qty)
  if (bound !== undefined) return refused("LimitReached", bound)
  return accepted([{ type: "StockReceived", location: command.location, qty: command.qty }])
}
