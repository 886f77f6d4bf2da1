/** Fulfil: units of a reservation left. */
import * as Schema from "effect/Schema"
import { CommandIdField, LocationField, ReservationNameField, SenderField } from "../../../fields.ts"
import { allocatingFactBytes, onePlace } from "../../bounds.ts"
import { defineCommand, type SkuFact } from "../../define.ts"
import { optionalQty } from "../../fields.ts"
import { decideFulfil } from "./decide.ts"
import { shippedUnreserved } from "./events.ts"

const fields = {
  channel: SenderField,
  reservation: ReservationNameField,
  location: LocationField,
  qty: optionalQty,
  /** The sender's own reference of the parcel: told again under whatever id, of the same reservation at the same location, it is the same shipment. */
  shipment: Schema.optionalKey(CommandIdField),
}

/** Fact: units of a channel's reservation left `location`; all that is open unless `qty` says how many. */
export interface Fulfil extends SkuFact<"Fulfil", typeof fields> {}

/** The declaration of Fulfil. */
export const fulfil = defineCommand({
  type: "Fulfil",
  class: "stock",
  isFact: true,
  summary:
    "Fact: units of a channel's reservation left a location; the same shipment of the same reservation and location is one, whatever its ids",
  fields,
  decide: decideFulfil,
  events: [shippedUnreserved],
  founds: () => false,
  bounds: { entryBytes: allocatingFactBytes, placesMade: onePlace },
  flags: {
    channel: ["SENDER", "whose reservation"],
    reservation: ["ID", "the reservation"],
    location: ["LOCATION", "where"],
    qty: ["UNITS", "how many units, all that are open if absent"],
    shipment: ["ID", "your own reference of the parcel; told again under another id, it is the same shipment"],
  },
  examples: [
    {
      id: "ship-1001",
      sku: "85123A",
      issuedAtMs: 1_795_000_090_000,
      channel: "web",
      reservation: "order-1001",
      location: "wh-1",
      shipment: "parcel-88-1",
    },
  ],
})
