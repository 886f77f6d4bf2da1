/** What a receipt comes to. */
import { defineEvent } from "../../define.ts"
import { atLocation } from "../../fields.ts"
import { addOnHand, locationFor } from "../../fold.ts"

/** Units are on hand that weren't. */
export const stockReceived = defineEvent({
  type: "StockReceived",
  fields: atLocation,
  toStock: (stock, event) => addOnHand(locationFor(stock, event.location), event.qty),
  toReservation: null,
  owes: (event, more) => more(event.location, -event.qty),
})
