/** ConfirmOrder: payment has come, and the order's holds are made lasting. */
import { sayingBytes } from "../../bounds.ts"
import { defineCommand, type OrderCommandOf, ofOrder } from "../../define.ts"
import { decideConfirmOrder } from "./decide.ts"
import { orderConfirmed, orderConfirming } from "./events.ts"

/** Make a held order lasting: it no longer expires. */
export interface ConfirmOrder extends OrderCommandOf<"ConfirmOrder", typeof ofOrder> {}

/** The declaration of ConfirmOrder. */
export const confirmOrder = defineCommand({
  type: "ConfirmOrder",
  class: "sell",
  isFact: false,
  summary: "Make a held order lasting: it no longer expires. Too late, it is told what to refund",
  fields: ofOrder,
  decide: decideConfirmOrder,
  events: [orderConfirming, orderConfirmed],
  founds: () => false,
  bounds: { entryBytes: sayingBytes, placesMade: () => 0 },
  flags: { order: ["ID", "the order"] },
  examples: [{ id: "01JD3Q9WZA", channel: "web", issuedAtMs: 1_764_374_460_000, order: "web-1001" }],
})
