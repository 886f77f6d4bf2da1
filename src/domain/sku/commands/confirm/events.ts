/** What confirming comes to, beside shortages where its units lie. */
import { defineEvent } from "../../define.ts"
import { ofReservation } from "../../fields.ts"
import { heldOne } from "../../fold.ts"

/** A hold became lasting. */
export const confirmed = defineEvent({
  type: "Confirmed",
  fields: ofReservation,
  toStock: null,
  toReservation: (stock, event) => {
    const reservation = heldOne(stock, event)
    reservation.status = "confirmed"
    return reservation
  },
  owes: null,
})
