/** AdjustStock: the count differs from what was believed. */
import * as Schema from "effect/Schema"
import { LocationField, ReferenceField, SignedQtyField } from "../../../fields.ts"
import { onePlace, plainBytes } from "../../bounds.ts"
import { defineCommand, type SkuFact } from "../../define.ts"
import { decideAdjust } from "./decide.ts"
import { AdjustReason, stockAdjusted } from "./events.ts"

const fields = {
  location: LocationField,
  qty: SignedQtyField,
  reason: Schema.Literals(AdjustReason),
  reference: Schema.optionalKey(ReferenceField),
}

/** Fact: the count at a location differs by `qty` (signed, never 0) from what was believed. */
export interface AdjustStock extends SkuFact<"AdjustStock", typeof fields> {}

/** The declaration of AdjustStock. */
export const adjustStock = defineCommand({
  type: "AdjustStock",
  class: "stock",
  isFact: true,
  summary: "Fact: the count at a location differs by qty from what was believed",
  fields,
  decide: decideAdjust,
  events: [stockAdjusted],
  founds: (command) => command.qty > 0,
  bounds: { entryBytes: plainBytes, placesMade: onePlace },
  flags: {
    location: ["LOCATION", "where"],
    qty: ["UNITS", "by how many the count differs, signed"],
    reason: ["REASON", `why: ${AdjustReason.join(", ")}`],
    reference: ["ID", "your own reference, kept and never read"],
  },
  examples: [{ id: "count-9-1", sku: "85123A", issuedAtMs: 1_795_000_001_000, location: "wh-1", qty: -3, reason: "count" }],
})
