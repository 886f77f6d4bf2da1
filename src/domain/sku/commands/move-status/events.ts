/** What a change of status comes to. */
import * as Schema from "effect/Schema"
import { LocationField } from "../../../fields.ts"
import { defineEvent } from "../../define.ts"
import { StockStatus } from "../../fields.ts"
import { locationFor, moveOutOf } from "../../fold.ts"

const fields = { location: LocationField, from: Schema.Literals(StockStatus), to: Schema.Literals(StockStatus), qty: Schema.Int }

/** Units on hand are in another status than they were. */
export const statusMoved = defineEvent({
  type: "StatusMoved",
  fields,
  toStock: (stock, event) => {
    const at = locationFor(stock, event.location)
    moveOutOf(at, event.from, event.qty)
    moveOutOf(at, event.to, -event.qty)
  },
  toReservation: null,
  owes: (event, more) => {
    if (event.from === "available") more(event.location, event.qty)
    if (event.to === "available") more(event.location, -event.qty)
  },
})
