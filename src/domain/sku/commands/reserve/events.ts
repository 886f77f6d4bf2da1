/** What reserving comes to. */
import type { EventValue } from "../../../define.ts"
import { EpochMsField } from "../../../fields.ts"
import { defineEvent } from "../../define.ts"
import { allocations, ofReservation } from "../../fields.ts"
import { begin, claim, useFor } from "../../fold.ts"

const fields = { ...ofReservation, ...allocations, expiresAtMs: EpochMsField }

/** A hold began: `allocations` became reserved. */
export interface Reserved extends EventValue<"Reserved", typeof fields> {}

/** The declaration of the event Reserved. */
export const reserved = defineEvent({
  type: "Reserved",
  fields,
  toStock: (stock, event) => claim(stock, useFor(stock, event.channel), event.allocations),
  toReservation: (stock, event) => begin(stock, event, "held", event.expiresAtMs),
  owes: null,
})
