/** DropQuarantined: an operator gives a quarantined command its final answer. */
import { QuarantinedField, TextField } from "../../../fields.ts"
import { noPlaces, settlingBytes } from "../../bounds.ts"
import { defineCommand } from "../../define.ts"

const fields = { quarantined: QuarantinedField, reason: TextField }

/** Operator: give a quarantined command its final answer, `dropped`, with a reason. */
export const dropQuarantined = defineCommand({
  type: "DropQuarantined",
  class: "operator",
  isFact: false,
  summary: "Operator: give a quarantined command its final answer, dropped",
  fields,
  decide: null,
  events: [],
  founds: () => false,
  bounds: { entryBytes: settlingBytes, placesMade: noPlaces },
  flags: { quarantined: ["ID", "which"], reason: ["REASON", "why, in your own words"] },
  examples: [
    { id: "op-2", sku: "85123A", issuedAtMs: 1_795_000_101_000, quarantined: "4711-1", reason: "till 3 reported the same day twice" },
  ],
})
