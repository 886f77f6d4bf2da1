/** Extend: let a hold expire later. */
import { holdMsMax } from "../../../../limits.ts"
import { durationField, ReservationNameField } from "../../../fields.ts"
import { noPlaces, plainBytes } from "../../bounds.ts"
import { defineCommand, type SkuCommand } from "../../define.ts"
import { decideExtend } from "./decide.ts"
import { extended } from "./events.ts"

const fields = { reservation: ReservationNameField, holdMs: durationField(holdMsMax) }

/** Let a hold expire `holdMs` after the decision instead of when it would; never earlier than it would have. */
export interface Extend extends SkuCommand<"Extend", typeof fields> {}

/** The declaration of Extend. */
export const extend = defineCommand({
  type: "Extend",
  class: "sell",
  isFact: false,
  summary: "Let a hold expire holdMs after the decision, if that is later",
  fields,
  decide: decideExtend,
  events: [extended],
  founds: () => false,
  bounds: { entryBytes: plainBytes, placesMade: noPlaces },
  flags: { reservation: ["ID", "the reservation"], holdMs: ["MS", "how long the hold lasts from now"] },
  examples: [{ id: "cart-7f3a-3", sku: "85123A", issuedAtMs: 1_795_000_030_000, reservation: "order-1001", holdMs: 900_000 }],
})
