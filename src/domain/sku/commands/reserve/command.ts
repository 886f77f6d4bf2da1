/** Reserve: claim units for a while. */
import * as Schema from "effect/Schema"
import { allocationsMax, holdMsMax } from "../../../../limits.ts"
import { durationField, QtyField, ReservationField } from "../../../fields.ts"
import { allocatingBytes, noPlaces } from "../../bounds.ts"
import { defineCommand, type SkuCommand } from "../../define.ts"
import { locationList } from "../../fields.ts"
import { decideReserve } from "./decide.ts"
import { reserved } from "./events.ts"

const fields = {
  reservation: ReservationField,
  qty: QtyField,
  holdMs: durationField(holdMsMax),
  /** Only these, drawn on in this order; otherwise the policy's sourcing order over all. */
  locations: Schema.optionalKey(locationList(allocationsMax).check(Schema.isMinLength(1))),
  partial: Schema.optionalKey(Schema.Boolean),
}

/** Claim units for `holdMs`. All of `qty` or nothing, unless `partial`. */
export interface Reserve extends SkuCommand<"Reserve", typeof fields> {}

/** The declaration of Reserve. */
export const reserve = defineCommand({
  type: "Reserve",
  class: "sell",
  isFact: false,
  summary: "Claim units for holdMs: all of qty or nothing, unless partial",
  fields,
  defaults: { partial: false },
  decide: decideReserve,
  events: [reserved],
  founds: () => false,
  bounds: { entryBytes: allocatingBytes, placesMade: noPlaces },
  flags: {
    reservation: ["ID", "the reservation, the command's id if absent"],
    qty: ["UNITS", "how many units"],
    holdMs: ["MS", "how long the hold lasts, 900000 (15 minutes) if absent"],
    locations: ["LOCATION", "where, several in the order in which they are drawn on"],
    partial: ["", "as many as there are, if not all"],
  },
  filledIn: (id) => ({ reservation: id, holdMs: 900_000 }),
  examples: [
    { id: "cart-7f3a-1", sku: "85123A", issuedAtMs: 1_795_000_000_000, reservation: "order-1001", qty: 2, holdMs: 900_000 },
    {
      id: "cart-7f3a-2",
      sku: "DOTCOM POST",
      issuedAtMs: 1_795_000_000_500,
      deadlineMs: 2_000,
      reservation: "order-1002",
      qty: 5,
      holdMs: 600_000,
      locations: ["shop-4", "wh-1"],
      partial: true,
    },
  ],
})
