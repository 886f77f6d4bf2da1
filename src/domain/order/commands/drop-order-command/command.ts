/** DropOrderCommand: an operator gives a quarantined command about an order its final answer. */
import { QuarantinedField, TextField } from "../../../fields.ts"
import { settledBytes } from "../../bounds.ts"
import { defineCommand, type OrderCommandOf, ofOrder } from "../../define.ts"

const fields = { ...ofOrder, quarantined: QuarantinedField, reason: TextField }

/** Operator: give a quarantined command about an order its final answer, `dropped`, with a reason. `channel` is whose order it is. */
export interface DropOrderCommand extends OrderCommandOf<"DropOrderCommand", typeof fields> {}

/** The declaration of DropOrderCommand. */
export const dropOrderCommand = defineCommand({
  type: "DropOrderCommand",
  class: "operator",
  isFact: false,
  summary: "Operator: give a quarantined command about an order its final answer, dropped; channel says whose order",
  fields,
  decide: null,
  events: [],
  founds: () => false,
  bounds: { entryBytes: settledBytes, placesMade: () => 0 },
  flags: { order: ["ID", "the order"], quarantined: ["ID", "which"], reason: ["REASON", "why, in your own words"] },
  examples: [
    {
      id: "op-4",
      channel: "web",
      issuedAtMs: 1_795_000_103_000,
      order: "web-1002",
      quarantined: "4711-1",
      reason: "placed again under another name",
    },
  ],
})
