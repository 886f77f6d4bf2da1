/** PlaceOrder: what a channel sends to have all lines of an order held for it under one answer. */
import * as Schema from "effect/Schema"
import { allocationsMax, orderHoldMsMax, orderLinesMax } from "../../../../limits.ts"
import { BoundField, durationField, QtyField, SkuField } from "../../../fields.ts"
import { locationList } from "../../../sku/fields.ts"
import { placingBytes } from "../../bounds.ts"
import { defineCommand, type OrderCommandOf, ofOrder } from "../../define.ts"
import { OrderFill } from "../../order.ts"
import { decidePlaceOrder } from "./decide.ts"
import { orderHeld, orderPlaced, orderRefused } from "./events.ts"

const lineFields = {
  sku: SkuField,
  qty: QtyField,
  /** With `fill` "minimum", and only there: fewer units than these of the line, and the order is refused. */
  minQty: Schema.optionalKey(BoundField),
  /** Only these, drawn on in this order; otherwise the SKU's sourcing order over all. The same in all lines of a SKU. */
  locations: Schema.optionalKey(locationList(allocationsMax).check(Schema.isMinLength(1))),
}

/** A line as its channel writes it. A SKU may stand in several: they are one decision over the sum of their quantities and minima. */
export interface LineGiven extends Schema.Struct.Type<typeof lineFields> {}

const fields = {
  ...ofOrder,
  fill: Schema.Literals(OrderFill),
  holdMs: durationField(orderHoldMsMax),
  lines: Schema.Array(Schema.Struct(lineFields)).check(Schema.isMinLength(1), Schema.isMaxLength(orderLinesMax)),
}

/** Hold units of every line for `holdMs` from the answer on. */
export interface PlaceOrder extends OrderCommandOf<"PlaceOrder", typeof fields> {}

/** The declaration of PlaceOrder. */
export const placeOrder = defineCommand({
  type: "PlaceOrder",
  class: "sell",
  isFact: false,
  summary: "Hold units of every line of an order for holdMs, under one answer: all in full, what there is, or at least a minimum of each",
  fields,
  decide: decidePlaceOrder,
  events: [orderPlaced, orderHeld, orderRefused],
  founds: () => false,
  bounds: { entryBytes: placingBytes, placesMade: () => 0 },
  flags: {
    order: ["ID", "the order, the command's id if absent"],
    fill: ["FILL", "whole (all or nothing, if absent), partial (what there is), or minimum (at least minQty of each line)"],
    holdMs: ["MS", "how long the order is held, 900000 (15 minutes) if absent"],
    lines: ["JSON|@FILE", 'its lines: [{"sku":"85123A","qty":2}, ...], each with minQty and locations if wanted'],
  },
  filledIn: (id) => ({ order: id, fill: "whole", holdMs: 900_000 }),
  examples: [
    {
      id: "01JD3Q7K2N",
      channel: "web",
      issuedAtMs: 1_764_374_400_000,
      order: "web-1001",
      fill: "minimum",
      holdMs: 900_000,
      lines: [
        { sku: "TEA-MUG", qty: 6, minQty: 4 },
        { sku: "TEA-POT", qty: 1, minQty: 1, locations: ["wh-1"] },
      ],
    },
  ],
})
