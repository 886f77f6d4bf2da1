/** SetPolicy: say what may be sold where and to whom. */

import { repeatedBytes } from "../../bounds.ts"
import { defineCommand, type SkuCommand } from "../../define.ts"
import { PolicyGivenField } from "../../policy.ts"
import { decideSetPolicy } from "./decide.ts"
import { policySet } from "./events.ts"

const fields = { policy: PolicyGivenField }

/** Replace the SKU's policy. */
export interface SetPolicy extends SkuCommand<"SetPolicy", typeof fields> {}

/** The declaration of SetPolicy. */
export const setPolicy = defineCommand({
  type: "SetPolicy",
  class: "policy",
  isFact: false,
  summary: "Replace the SKU's policy",
  fields,
  decide: decideSetPolicy,
  events: [policySet],
  founds: () => true,
  bounds: { entryBytes: repeatedBytes, placesMade: (command) => command.policy.safety.length },
  flags: { policy: ["JSON|@FILE", "the whole policy instead of --channels"] },
  examples: [
    {
      id: "policy-85123A-1",
      sku: "85123A",
      issuedAtMs: 1_795_000_000_000,
      policy: {
        version: 1,
        channels: [
          { channel: "web", priority: 0, bufferQty: 0, bufferPercent: 0, floorQty: 0, fenceQty: 20 },
          { channel: "market", priority: 1, bufferQty: 5, bufferPercent: 10, floorQty: 3, fenceQty: 0 },
        ],
        safety: [{ location: "wh-1", qty: 10 }],
        sourcing: ["wh-1", "shop-4"],
      },
    },
  ],
})
