/** What happens while an order is confirmed: payment came before expiry, and every line has said so. */
import type { CommandId } from "../../../names.ts"
import type { OrderAnswer } from "../../answer.ts"
import type { LineCommand } from "../../carried.ts"

/** Payment came first: from here on the order can't expire. Its lines are made lasting. */
export interface OrderConfirming {
  readonly type: "OrderConfirming"
  readonly id: CommandId
  readonly carries: ReadonlyArray<LineCommand>
}

/** Every line has answered: its channel is told what is lasting, and what it has to refund because a SKU's own timer came first after all. */
export interface OrderConfirmed {
  readonly type: "OrderConfirmed"
  readonly answer: OrderAnswer
}
