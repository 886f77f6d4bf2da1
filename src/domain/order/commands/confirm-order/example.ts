/** A ConfirmOrder as a channel writes it: what documents and tests show of it. */
import type { CommandId, SenderId } from "../../../names.ts"
import type { OrderId } from "../../names.ts"
import type { ConfirmOrder } from "./command.ts"

/** As documents show it, and tests decide it. */
export const confirmOrderExample: ConfirmOrder = {
  type: "ConfirmOrder",
  id: "01JD3Q9WZA" as CommandId,
  channel: "web" as SenderId,
  order: "web-1001" as OrderId,
  issuedAtMs: 1_764_374_460_000,
}
