/** What setting a policy comes to. */
import { assert } from "../../../../assert.ts"
import { defineEvent } from "../../define.ts"
import { locationFor } from "../../fold.ts"
import { channelPolicy, type Policy, PolicyField } from "../../policy.ts"
import type { SkuStock } from "../../stock.ts"

const fields = { policy: PolicyField }

/** The SKU's policy is this one, whole. */
/** A channel's fence is used up anew from the version at which its quantity changed; a channel that isn't named has a fence of 0. */
const setPolicy = (stock: SkuStock, policy: Policy): void => {
  assert(stock.policy === null || policy.version > stock.policy.version, "a policy replaces an older one")
  for (const use of stock.uses ?? []) {
    const fenceBefore = channelPolicy(stock.policy, use.channel)?.fenceQty ?? 0
    const fence = channelPolicy(policy, use.channel)?.fenceQty ?? 0
    if (fence !== fenceBefore) use.fulfilledSinceFenceQty = 0
  }
  for (const at of stock.locations) at.safety = 0
  for (const line of policy.safety) locationFor(stock, line.location).safety = line.qty
  stock.policy = policy
}

/** The declaration of the event PolicySet. */
export const policySet = defineEvent({
  type: "PolicySet",
  fields,
  toStock: (stock, event) => setPolicy(stock, event.policy),
  toReservation: null,
  owes: null,
})
