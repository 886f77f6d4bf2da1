/** What a count comes to, and why counts differ. */
import * as Schema from "effect/Schema"
import { defineEvent } from "../../define.ts"
import { atLocation } from "../../fields.ts"
import { addOnHand, locationFor } from "../../fold.ts"

/** Why a count differs. */
export const AdjustReason = ["count", "return", "damage", "loss", "found", "correction", "other"] as const
export type AdjustReason = (typeof AdjustReason)[number]

const fields = { ...atLocation, reason: Schema.Literals(AdjustReason) }

/** `qty` is signed and as far as it could be applied. */
export const stockAdjusted = defineEvent({
  type: "StockAdjusted",
  fields,
  toStock: (stock, event) => addOnHand(locationFor(stock, event.location), event.qty),
  toReservation: null,
  owes: (event, more) => more(event.location, -event.qty),
})
