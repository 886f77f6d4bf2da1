/** Release: give up open units of a reservation. */
import * as Schema from "effect/Schema"
import { ReservationNameField } from "../../../fields.ts"
import { allocatingBytes, noPlaces } from "../../bounds.ts"
import { defineCommand, type SkuCommand } from "../../define.ts"
import { optionalQty } from "../../fields.ts"
import { decideRelease } from "./decide.ts"
import { ReleaseReason, released } from "./events.ts"

const fields = { reservation: ReservationNameField, qty: optionalQty, reason: Schema.Literals(ReleaseReason) }

/** Give up open units of a reservation, all of them unless `qty` says how many. */
export interface Release extends SkuCommand<"Release", typeof fields> {}

/** The declaration of Release. */
export const release = defineCommand({
  type: "Release",
  class: "sell",
  isFact: false,
  summary: "Give up open units of a reservation: all of them, unless qty says how many",
  fields,
  decide: decideRelease,
  events: [released],
  founds: () => false,
  bounds: { entryBytes: allocatingBytes, placesMade: noPlaces },
  flags: {
    reservation: ["ID", "the reservation"],
    qty: ["UNITS", "how many units, all that are open if absent"],
    reason: ["REASON", `why: ${ReleaseReason.join(", ")}`],
  },
  examples: [{ id: "cancel-1001", sku: "85123A", issuedAtMs: 1_795_000_070_000, reservation: "order-1001", qty: 1, reason: "cancelled" }],
})
