/** What happens while an order is placed: it begins, its lines answer, and it is held or refused. */
import type { CommandId, EpochMs, SenderId, Sku } from "../../../names.ts"
import type { OrderAnswer } from "../../answer.ts"
import type { LineCommand } from "../../carried.ts"
import type { OrderId } from "../../names.ts"
import type { OrderFill } from "../../order.ts"

/** A line as it is decided: all lines of a SKU in one. */
interface PlacedLine {
  readonly sku: Sku
  readonly qty: number
  readonly minQty: number
}

/** An order began: each of its SKUs is asked for units. */
export interface OrderPlaced {
  readonly type: "OrderPlaced"
  readonly channel: SenderId
  readonly order: OrderId
  readonly id: CommandId
  readonly fill: OrderFill
  readonly holdMs: number
  /** Until when every line has to have answered. */
  readonly dueMs: EpochMs
  readonly lines: ReadonlyArray<PlacedLine>
  readonly carries: ReadonlyArray<LineCommand>
}

/** Every line has what the order asks of it: its channel is told, and until when it may confirm. */
export interface OrderHeld {
  readonly type: "OrderHeld"
  readonly expiresAtMs: EpochMs
  readonly answer: OrderAnswer
}

/** It won't be: some line has less than the order asks of it, or did not answer in time. */
export interface OrderRefused {
  readonly type: "OrderRefused"
  readonly answer: OrderAnswer
}
