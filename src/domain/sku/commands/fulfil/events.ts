/** What a shipment comes to beside what its reservation covers. */
import { defineEvent } from "../../define.ts"
import { ofReservation, taken } from "../../fields.ts"
import { leave } from "../../fold.ts"

const fields = { ...ofReservation, ...taken }

/** Units left that no open reservation covered (shipped on an ended one, or more than it had open). */
export const shippedUnreserved = defineEvent({
  type: "ShippedUnreserved",
  fields,
  toStock: (stock, event) => leave(stock, event.taken),
  toReservation: null,
  owes: (event, more) => {
    for (const part of event.taken) more(part.location, part.qty)
  },
})
