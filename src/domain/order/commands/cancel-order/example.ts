/** A CancelOrder of some units of one line, as a channel writes it: what documents and tests show of it. */
import type { CommandId, SenderId, Sku } from "../../../names.ts"
import type { OrderId } from "../../names.ts"
import type { CancelOrder } from "./command.ts"

/** As documents show it, and tests decide it. */
export const cancelOrderExample: CancelOrder = {
  type: "CancelOrder",
  id: "01JD3QC5H8" as CommandId,
  channel: "web" as SenderId,
  order: "web-1001" as OrderId,
  issuedAtMs: 1_764_374_520_000,
  reason: "cancelled",
  lines: [{ sku: "TEA-MUG" as Sku, qty: 2 }],
}
