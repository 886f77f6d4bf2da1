/** What a sale that was made without asking comes to, beside what a reservation covers of it. */
import * as Schema from "effect/Schema"
import { assert } from "../../../../assert.ts"
import { LocationField, SenderField } from "../../../fields.ts"
import { allocationsWith } from "../../allocation.ts"
import { defineEvent } from "../../define.ts"
import { allocations, ofReservation, short, taken } from "../../fields.ts"
import { addShort, begin, claim, leave, useFor } from "../../fold.ts"
import { isOpen, reservationOf } from "../../stock.ts"
import { unitsOf } from "../../units.ts"

const takenFields = { channel: SenderField, ...taken }

/** Units left with a sale that had no reservation: `taken` are no longer on hand. */
export const saleTaken = defineEvent({
  type: "SaleTaken",
  fields: takenFields,
  toStock: (stock, event) => {
    useFor(stock, event.channel).fulfilledSinceFenceQty += unitsOf(event.taken)
    leave(stock, event.taken)
  },
  toReservation: null,
  owes: (event, more) => {
    for (const part of event.taken) more(part.location, part.qty)
  },
})

/** `shortQty`: units sold that are not there: the reservation is short of them until goods cover it. `shortAt`: the only location whose goods may, if the sale said so; otherwise goods anywhere do. */
const owedFields = { ...ofReservation, ...allocations, ...short, shortAt: Schema.optionalKey(LocationField) }

/**
 * A sale that happened elsewhere stands as a confirmed reservation: begun by this, made lasting by it, or added to. `allocations` became reserved
 * under it; they are empty if what the reservation had open covers the sale, or if no unit was left for the rest.
 */
export const saleOwed = defineEvent({
  type: "SaleOwed",
  fields: owedFields,
  toStock: (stock, event) => {
    const use = useFor(stock, event.channel)
    claim(stock, use, event.allocations)
    if (event.shortQty !== undefined) addShort(stock, use, event, event.shortQty)
  },
  toReservation: (stock, event) => {
    const known = reservationOf(stock, event.channel, event.reservation)
    if (known === undefined) return begin(stock, event, "confirmed", 0)
    assert(isOpen(known), "INV-8 a reservation ends once")
    known.status = "confirmed"
    known.allocations = allocationsWith(known.allocations, event.allocations)
    known.shortQty += event.shortQty ?? 0
    return known
  },
  owes: (event, more) => {
    for (const part of event.allocations) more(part.location, part.qty)
  },
})
