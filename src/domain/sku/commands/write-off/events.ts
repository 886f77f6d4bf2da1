/** What a write-off comes to. */
import * as Schema from "effect/Schema"
import { defineEvent } from "../../define.ts"
import { atLocation } from "../../fields.ts"
import { addOnHand, locationFor, moveOutOf } from "../../fold.ts"

const fields = { ...atLocation, damagedQty: Schema.Int, inspectionQty: Schema.Int }

/** `qty` units are no longer on hand: `damagedQty` of them were damaged, `inspectionQty` in inspection, and the others sound. */
export const writtenOff = defineEvent({
  type: "WrittenOff",
  fields,
  toStock: (stock, event) => {
    const at = locationFor(stock, event.location)
    moveOutOf(at, "damaged", event.damagedQty)
    moveOutOf(at, "inspection", event.inspectionQty)
    addOnHand(at, -event.qty)
  },
  toReservation: null,
  owes: (event, more) => more(event.location, event.qty - event.damagedQty - event.inspectionQty),
})
