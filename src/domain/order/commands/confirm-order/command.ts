/** ConfirmOrder: payment has come, and the order's holds are made lasting. Fields only; what comes of it is in decide.ts. */
import type { CommandId, EpochMs, SenderId } from "../../../names.ts"
import type { OrderId } from "../../names.ts"

/** Make a held order lasting: it no longer expires. */
export interface ConfirmOrder {
  readonly type: "ConfirmOrder"
  readonly id: CommandId
  readonly channel: SenderId
  readonly order: OrderId
  readonly issuedAtMs: EpochMs
  readonly deadlineMs?: number
}
