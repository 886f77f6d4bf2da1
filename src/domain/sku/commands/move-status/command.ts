/** MoveStatus: units on hand changed their status. */
import * as Schema from "effect/Schema"
import { LocationField, QtyField } from "../../../fields.ts"
import { onePlace, plainBytes } from "../../bounds.ts"
import { defineCommand, type SkuFact } from "../../define.ts"
import { StockStatus } from "../../fields.ts"
import { decideMove } from "./decide.ts"
import { statusMoved } from "./events.ts"

const fields = { location: LocationField, from: Schema.Literals(StockStatus), to: Schema.Literals(StockStatus), qty: QtyField }

/** Fact: units on hand changed their status. */
export interface MoveStatus extends SkuFact<"MoveStatus", typeof fields> {}

/** The declaration of MoveStatus. */
export const moveStatus = defineCommand({
  type: "MoveStatus",
  class: "stock",
  isFact: true,
  summary: "Fact: units on hand changed their status",
  fields,
  whole: { fault: (move) => (move.from === move.to ? { path: ["to"], issue: "another status" } : undefined) },
  decide: decideMove,
  events: [statusMoved],
  founds: () => false,
  bounds: { entryBytes: plainBytes, placesMade: onePlace },
  flags: {
    location: ["LOCATION", "where"],
    from: ["STATUS", StockStatus.join(", ")],
    to: ["STATUS", "another one of these"],
    qty: ["UNITS", "how many units"],
  },
  examples: [{ id: "qa-12", sku: "85123A", issuedAtMs: 1_795_000_002_000, location: "wh-1", from: "available", to: "inspection", qty: 4 }],
})
