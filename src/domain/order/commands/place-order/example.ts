/** A PlaceOrder as a channel writes it: what documents and tests show of it. */
import type { CommandId, SenderId, Sku } from "../../../names.ts"
import type { OrderId } from "../../names.ts"
import type { PlaceOrder } from "./command.ts"

/** As documents show it, and tests decide it. */
export const placeOrderExample: PlaceOrder = {
  type: "PlaceOrder",
  id: "01JD3Q7K2N" as CommandId,
  channel: "web" as SenderId,
  order: "web-1001" as OrderId,
  issuedAtMs: 1_764_374_400_000,
  fill: "minimum",
  holdMs: 900_000,
  lines: [
    { sku: "TEA-MUG" as Sku, qty: 6, minQty: 4 },
    { sku: "TEA-POT" as Sku, qty: 1, minQty: 1 },
  ],
}
