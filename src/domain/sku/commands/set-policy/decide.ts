/** Decides a SetPolicy. */
import { locationsPerSkuMax } from "../../../../limits.ts"
import { accepted, type Decision, refused } from "../../decision.ts"
import type { Policy } from "../../policy.ts"
import { locationStock, type SkuStock } from "../../stock.ts"
import type { SetPolicy } from "./command.ts"

/** Safety stock may exceed what is there: `available` is then negative, which is no shortage, for nobody is owed it. */
export const decideSetPolicy = (stock: SkuStock | undefined, command: SetPolicy): Decision => {
  const present = stock?.policy?.version ?? 0
  const policy: Policy = { ...command.policy, version: command.policy.version ?? present + 1 }
  const isNew = (location: Policy["safety"][number]["location"]) => stock === undefined || locationStock(stock, location) === undefined
  const newCount = policy.safety.filter((line) => isNew(line.location)).length
  if ((stock?.locations.length ?? 0) + newCount > locationsPerSkuMax) return refused("LimitReached", "locations")
  if (!Number.isSafeInteger(policy.version)) return refused("LimitReached", "policy.version")
  if (policy.version <= present)
    return { _tag: "Refused", refusal: { reason: "PolicyOutdated", field: "policy.version", policyVersion: present } }
  return accepted([{ type: "PolicySet", policy }])
}
