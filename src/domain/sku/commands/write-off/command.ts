/** WriteOff: units were destroyed, lost or thrown away. */
import * as Schema from "effect/Schema"
import { LocationField, QtyField, ReferenceField } from "../../../fields.ts"
import { noPlaces, plainBytes } from "../../bounds.ts"
import { defineCommand, type SkuFact } from "../../define.ts"
import { decideWriteOff } from "./decide.ts"
import { writtenOff } from "./events.ts"

const fields = { location: LocationField, qty: QtyField, reference: Schema.optionalKey(ReferenceField) }

/** Fact: `qty` units at a location were destroyed, lost or thrown away. */
export interface WriteOff extends SkuFact<"WriteOff", typeof fields> {}

/** The declaration of WriteOff. */
export const writeOff = defineCommand({
  type: "WriteOff",
  class: "stock",
  isFact: true,
  summary:
    "Fact: so many units at a location were destroyed, lost or thrown away, damaged ones first, then those in inspection, then sound ones",
  fields,
  decide: decideWriteOff,
  events: [writtenOff],
  founds: () => false,
  bounds: { entryBytes: plainBytes, placesMade: noPlaces },
  flags: {
    location: ["LOCATION", "where"],
    qty: ["UNITS", "how many units"],
    reference: ["ID", "your own reference, kept and never read"],
  },
  examples: [{ id: "scrap-7", sku: "85123A", issuedAtMs: 1_795_000_001_700, location: "wh-1", qty: 2 }],
})
