/** What releasing comes to, and why units are released. */
import * as Schema from "effect/Schema"
import { defineEvent } from "../../define.ts"
import { allocations, ofReservation, short } from "../../fields.ts"
import { shrink, unclaimAll } from "../../fold.ts"

/** Why units are given up. */
export const ReleaseReason = ["cancelled", "abandoned", "payment-failed", "replaced", "other"] as const
export type ReleaseReason = (typeof ReleaseReason)[number]

const fields = { ...ofReservation, ...allocations, reason: Schema.Literals(ReleaseReason), ...short }

/** `allocations` are no longer reserved, because the channel gave them up; beside them, units that were owed and not there no longer are. */
export const released = defineEvent({
  type: "Released",
  fields,
  toStock: (stock, event) => void unclaimAll(stock, event),
  toReservation: (stock, event) => shrink(stock, event, "released"),
  owes: null,
})
