/** ReplayQuarantined: an operator has a quarantined command decided again. */
import { QuarantinedField } from "../../../fields.ts"
import { noPlaces, settlingBytes } from "../../bounds.ts"
import { defineCommand } from "../../define.ts"

/** Its place as the reply and the quarantine list name it. */
const fields = { quarantined: QuarantinedField }

/** Operator: decide a quarantined command again, now. */
export const replayQuarantined = defineCommand({
  type: "ReplayQuarantined",
  class: "operator",
  isFact: false,
  summary: "Operator: decide a quarantined command again",
  fields,
  decide: null,
  events: [],
  founds: () => false,
  bounds: { entryBytes: settlingBytes, placesMade: noPlaces },
  flags: { quarantined: ["ID", "which"] },
  examples: [{ id: "op-1", sku: "85123A", issuedAtMs: 1_795_000_100_000, quarantined: "4711-0" }],
})
