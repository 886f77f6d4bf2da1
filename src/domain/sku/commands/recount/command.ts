/** Recount: so many units were counted, whatever was believed. */
import * as Schema from "effect/Schema"
import { BoundField, LocationField, ReferenceField } from "../../../fields.ts"
import { onePlace, plainBytes } from "../../bounds.ts"
import { defineCommand, type SkuFact } from "../../define.ts"
import { decideRecount } from "./decide.ts"

const fields = { location: LocationField, qty: BoundField, reference: Schema.optionalKey(ReferenceField) }

/** Fact: `qty` units, damaged ones and those in inspection included, were counted at a location. */
export interface Recount extends SkuFact<"Recount", typeof fields> {}

/** The declaration of Recount. */
export const recount = defineCommand({
  type: "Recount",
  class: "stock",
  isFact: true,
  summary: "Fact: so many units were counted at a location, damaged ones and those in inspection included, whatever was believed",
  fields,
  decide: decideRecount,
  events: [],
  founds: () => true,
  bounds: { entryBytes: plainBytes, placesMade: onePlace },
  flags: {
    location: ["LOCATION", "where"],
    qty: ["UNITS", "how many were counted"],
    reference: ["ID", "your own reference, kept and never read"],
  },
  examples: [{ id: "count-12-4", sku: "85123A", issuedAtMs: 1_795_000_001_500, location: "wh-1", qty: 113 }],
})
