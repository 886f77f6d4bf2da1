/** CancelOrder: the customer wants the order no more, or some of its lines. */
import * as Schema from "effect/Schema"
import { orderLinesMax } from "../../../../limits.ts"
import { QtyField, SkuField } from "../../../fields.ts"
import { ReleaseReason } from "../../../sku/commands/release/events.ts"
import { sayingBytes } from "../../bounds.ts"
import { defineCommand, type OrderCommandOf, ofOrder } from "../../define.ts"
import { decideCancelOrder } from "./decide.ts"
import { linesCancelled, linesCancelling } from "./events.ts"

/** A line to be cancelled: all that it has open, unless `qty` says how many units. */
const LineCancelledField = Schema.Struct({ sku: SkuField, qty: Schema.optionalKey(QtyField) })

const fields = {
  ...ofOrder,
  reason: Schema.Literals(ReleaseReason),
  lines: Schema.optionalKey(Schema.Array(LineCancelledField).check(Schema.isMinLength(1), Schema.isMaxLength(orderLinesMax))),
}

/** Give up what an order has open: all of it, unless `lines` says of which SKUs. Held or confirmed; what has left stays sold. */
export interface CancelOrder extends OrderCommandOf<"CancelOrder", typeof fields> {}

/** The declaration of CancelOrder. */
export const cancelOrder = defineCommand({
  type: "CancelOrder",
  class: "sell",
  isFact: false,
  summary: "Give up what an order has open, all of it or some lines; what has left stays sold",
  fields,
  decide: decideCancelOrder,
  events: [linesCancelling, linesCancelled],
  founds: () => false,
  bounds: { entryBytes: sayingBytes, placesMade: () => 0 },
  flags: {
    order: ["ID", "the order"],
    reason: ["REASON", `why: ${ReleaseReason.join(", ")}`],
    lines: ["JSON|@FILE", 'only these: [{"sku":"85123A"}, {"sku":"71053","qty":1}]; all that is open if absent'],
  },
  examples: [
    {
      id: "01JD3QC5H8",
      channel: "web",
      issuedAtMs: 1_764_374_520_000,
      order: "web-1001",
      reason: "cancelled",
      lines: [{ sku: "TEA-MUG", qty: 2 }],
    },
  ],
})
