/** CancelOrder: the customer wants the order no more, or some of its lines. Fields only; what comes of it is in decide.ts. */
import type { CommandId, EpochMs, SenderId, Sku } from "../../../names.ts"
import type { ReleaseReason } from "../../../sku/commands.ts"
import type { OrderId } from "../../names.ts"

/** A line to be cancelled: all that it has open, unless `qty` says how many units. */
interface LineCancelled {
  readonly sku: Sku
  readonly qty?: number
}

/** Give up what an order has open: all of it, unless `lines` says of which SKUs. Held or confirmed; what has left stays sold. */
export interface CancelOrder {
  readonly type: "CancelOrder"
  readonly id: CommandId
  readonly channel: SenderId
  readonly order: OrderId
  readonly issuedAtMs: EpochMs
  readonly deadlineMs?: number
  readonly reason: ReleaseReason
  readonly lines?: ReadonlyArray<LineCancelled>
}
