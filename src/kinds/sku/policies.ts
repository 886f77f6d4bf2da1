/**
 * Equal policies are one object: a million SKUs have a handful of them.
 */

import type { StockEvent } from "../../domain/sku/events.ts"
import type { Policy } from "../../domain/sku/policy.ts"

/** Policies kept to be shared; beyond it they are no longer compared. */
const policiesMax = 4_096

/** The partition's own object for a policy that equals this one. */
export const sharedPolicy = (shared: Map<string, object>, policy: Policy): Policy => {
  const text = JSON.stringify(policy)
  const known = shared.get(text)
  if (known !== undefined) return known as Policy
  if (shared.size < policiesMax) shared.set(text, policy)
  return policy
}

/** An event that sets a policy sets the partition's own object for it. */
export const shareOf = (event: StockEvent, shared: Map<string, object>): StockEvent =>
  event.type === "PolicySet" ? { ...event, policy: sharedPolicy(shared, event.policy) } : event
