/** RecordSale: the channel sold without asking. */
import * as Schema from "effect/Schema"
import { LocationField, QtyField, ReservationNameField } from "../../../fields.ts"
import { allocatingFactBytes, onePlace } from "../../bounds.ts"
import { defineCommand, type SkuFact } from "../../define.ts"
import { decideSale } from "./decide.ts"
import { saleOwed, saleTaken } from "./events.ts"

/** A reservation of the channel, or the line of one of its orders; what a reply called a sale is named by nobody else. */
const SoldUnderField = ReservationNameField.check(
  Schema.makeFilter((name: string) => !name.includes("~"), {
    expected: "the channel's own id of a reservation, or @ and that of an order",
    toJsonSchema: () => ({ not: { pattern: "~" } }),
  }),
)

const SaleMode = ["taken", "owed"] as const

const fields = {
  mode: Schema.Literals(SaleMode),
  qty: QtyField,
  /** Required for `taken`; for `owed` the only location to allocate at, if given. */
  location: Schema.optionalKey(LocationField),
  reservation: Schema.optionalKey(SoldUnderField),
}

/**
 * Fact: the channel sold units without asking. `taken`: they have left `location` (a till). `owed`: they are still to be shipped (a
 * marketplace) and stand as a confirmed reservation called `reservation` (required then). A `taken` sale that names an open reservation draws on it.
 */
export interface RecordSale extends SkuFact<"RecordSale", typeof fields> {}

/** The declaration of RecordSale. */
export const recordSale = defineCommand({
  type: "RecordSale",
  class: "sell",
  isFact: true,
  summary: "Fact: the channel sold units without asking",
  fields,
  whole: {
    fault: (sale) => {
      if (sale.mode === "taken" && sale.location === undefined) return { path: ["location"], issue: "the location it was taken from" }
      if (sale.mode === "owed" && sale.reservation === undefined)
        return { path: ["reservation"], issue: "the reservation it is owed under" }
      return undefined
    },
    jsonSchema: {
      anyOf: [
        { properties: { mode: { const: "taken" } }, required: ["location"] },
        { properties: { mode: { const: "owed" } }, required: ["reservation"] },
      ],
    },
  },
  decide: decideSale,
  events: [saleTaken, saleOwed],
  founds: () => false,
  bounds: { entryBytes: allocatingFactBytes, placesMade: onePlace },
  flags: {
    mode: ["MODE", SaleMode.join(" or ")],
    qty: ["UNITS", "how many units"],
    location: ["LOCATION", "where"],
    reservation: ["ID", "the reservation"],
  },
  examples: [
    { id: "till-3-8812", sku: "85123A", issuedAtMs: 1_795_000_080_000, mode: "taken", qty: 1, location: "shop-4" },
    { id: "mp-339-1", sku: "85123A", issuedAtMs: 1_795_000_081_000, mode: "owed", qty: 3, reservation: "mp-339" },
  ],
})
