/** What extending comes to. */
import { assert } from "../../../../assert.ts"
import { EpochMsField } from "../../../fields.ts"
import { defineEvent } from "../../define.ts"
import { ofReservation } from "../../fields.ts"
import { heldOne } from "../../fold.ts"

const fields = { ...ofReservation, expiresAtMs: EpochMsField }

/** A hold will expire later. */
export const extended = defineEvent({
  type: "Extended",
  fields,
  toStock: null,
  toReservation: (stock, event) => {
    const reservation = heldOne(stock, event)
    assert(event.expiresAtMs >= reservation.expiresAtMs, "a hold is never shortened")
    reservation.expiresAtMs = event.expiresAtMs
    return reservation
  },
  owes: null,
})
