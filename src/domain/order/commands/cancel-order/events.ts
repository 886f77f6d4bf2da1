/** What happens while an order, or some of it, is cancelled: its lines are asked to give up units, and have said how many. */
import type { CommandId, Sku } from "../../../names.ts"
import type { OrderAnswer } from "../../answer.ts"
import type { LineCommand } from "../../carried.ts"

/** A channel gives up lines: each is asked for its units. */
export interface LinesCancelling {
  readonly type: "LinesCancelling"
  readonly id: CommandId
  readonly carries: ReadonlyArray<LineCommand & { readonly sku: Sku }>
}

/** Every one of them has answered: the channel is told how many units of each are given up. */
export interface LinesCancelled {
  readonly type: "LinesCancelled"
  readonly answer: OrderAnswer
}
