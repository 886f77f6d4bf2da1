/** Confirm: make a hold lasting. */
import { ReservationNameField } from "../../../fields.ts"
import { noPlaces, shortagesBytes } from "../../bounds.ts"
import { defineCommand, type SkuCommand } from "../../define.ts"
import { decideConfirm } from "./decide.ts"
import { confirmed } from "./events.ts"

const fields = { reservation: ReservationNameField }

/** Make a hold lasting: it no longer expires. */
export interface Confirm extends SkuCommand<"Confirm", typeof fields> {}

/** The declaration of Confirm. */
export const confirm = defineCommand({
  type: "Confirm",
  class: "sell",
  isFact: false,
  summary: "Make a hold lasting",
  fields,
  decide: decideConfirm,
  events: [confirmed],
  founds: () => false,
  bounds: { entryBytes: shortagesBytes, placesMade: noPlaces },
  flags: { reservation: ["ID", "the reservation"] },
  examples: [{ id: "pay-1001", sku: "85123A", issuedAtMs: 1_795_000_060_000, reservation: "order-1001" }],
})
