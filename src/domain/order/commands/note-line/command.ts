/**
 * NoteLine: what a SKU tells an order about one of its lines that the order did not ask for. It is carried by a SKU's event, as a command between actors: no channel may send one.
 */
import * as Schema from "effect/Schema"
import { QtyField, SkuField } from "../../../fields.ts"
import { settlingBytes } from "../../bounds.ts"
import { defineCommand, type OrderCommandOf, ofOrder } from "../../define.ts"
import { decideNoteLine } from "./decide.ts"
import { LineFact, lineNoted } from "./events.ts"

const fields = { ...ofOrder, sku: SkuField, fact: Schema.Literals(LineFact), qty: QtyField }

/** `qty` more units of an order's line ended so. */
export interface NoteLine extends OrderCommandOf<"NoteLine", typeof fields> {}

/** The declaration of NoteLine. */
export const noteLine = defineCommand({
  type: "NoteLine",
  class: "sell",
  isFact: false,
  summary: "Told by a SKU alone: units of an order's line ended without the order's doing",
  fields,
  decide: decideNoteLine,
  events: [lineNoted],
  founds: () => false,
  bounds: { entryBytes: settlingBytes, placesMade: () => 0 },
  flags: {
    order: ["ID", "the order"],
    sku: ["SKU", "the line's SKU"],
    fact: ["FACT", `what became of the units: ${LineFact.join(", ")}`],
    qty: ["UNITS", "how many"],
  },
  examples: [
    { id: "k3Jx9/418/0", channel: "web", issuedAtMs: 1_764_460_800_000, order: "web-1001", sku: "TEA-POT", fact: "fulfilled", qty: 1 },
  ],
})
