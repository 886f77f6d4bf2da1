/** ReplayOrderCommand: an operator has a quarantined command about an order decided again. */
import { QuarantinedField } from "../../../fields.ts"
import { settledBytes } from "../../bounds.ts"
import { defineCommand, type OrderCommandOf, ofOrder } from "../../define.ts"

/** The order that the quarantined command is about, and its place as the reply and the quarantine list name it. */
const fields = { ...ofOrder, quarantined: QuarantinedField }

/** Operator: decide a quarantined command about an order again, now. `channel` is whose order it is. */
export interface ReplayOrderCommand extends OrderCommandOf<"ReplayOrderCommand", typeof fields> {}

/** The declaration of ReplayOrderCommand. */
export const replayOrderCommand = defineCommand({
  type: "ReplayOrderCommand",
  class: "operator",
  isFact: false,
  summary: "Operator: decide a quarantined command about an order again; channel says whose order",
  fields,
  decide: null,
  events: [],
  founds: () => false,
  bounds: { entryBytes: settledBytes, placesMade: () => 0 },
  flags: { order: ["ID", "the order"], quarantined: ["ID", "which"] },
  examples: [{ id: "op-3", channel: "web", issuedAtMs: 1_795_000_102_000, order: "web-1001", quarantined: "4711-0" }],
})
