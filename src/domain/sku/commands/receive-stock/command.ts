/** ReceiveStock: units arrived. */
import * as Schema from "effect/Schema"
import { LocationField, QtyField, ReferenceField } from "../../../fields.ts"
import { onePlace, plainBytes } from "../../bounds.ts"
import { defineCommand, type SkuFact } from "../../define.ts"
import { decideReceive } from "./decide.ts"
import { stockReceived } from "./events.ts"

const fields = { location: LocationField, qty: QtyField, reference: Schema.optionalKey(ReferenceField) }

/** Fact: units arrived at a location. */
export interface ReceiveStock extends SkuFact<"ReceiveStock", typeof fields> {}

/** The declaration of ReceiveStock. */
export const receiveStock = defineCommand({
  type: "ReceiveStock",
  class: "stock",
  isFact: true,
  summary: "Fact: units arrived at a location",
  fields,
  decide: decideReceive,
  events: [stockReceived],
  founds: () => true,
  bounds: { entryBytes: plainBytes, placesMade: onePlace },
  flags: {
    location: ["LOCATION", "where"],
    qty: ["UNITS", "how many units"],
    reference: ["ID", "your own reference, kept and never read"],
  },
  examples: [{ id: "asn-77-1", sku: "85123A", issuedAtMs: 1_795_000_000_000, location: "wh-1", qty: 120, reference: "asn-77" }],
})
