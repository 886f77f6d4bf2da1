/** INV-5: what every channel holds in the end is what its SKU's owner would say now. Versions and values on the way are the auditor's. */

import type { SenderId } from "../../src/domain/names.ts"
import { atsView } from "../../src/kinds/sku/views.ts"
import type { MakeChecker } from "./checker.ts"

export const feedConverges: MakeChecker = ({ cluster, found, checked }) => ({
  name: "feed-converges",
  finish: ({ lossy, converged }) => {
    if (!converged) return
    for (const worker of cluster.workers)
      for (const slot of worker.slots) {
        if (!slot.isServing || slot.partition === null || lossy.has(slot.id)) continue
        for (const sender of cluster.senders.values())
          for (const { sku, ats } of atsView(slot.partition, sender.name as SenderId, 0, Number.MAX_SAFE_INTEGER).values) {
            checked()
            const held = sender.ats.get(sku)
            if (held?.ats === ats) continue
            const detail = `${sender.name} holds ${held?.ats ?? "nothing"} of ${sku} (version ${held?.version ?? "none"}), its owner says ${ats}`
            found({ class: "safety", signature: "the feed did not converge", detail, partition: slot.id, sku })
          }
      }
  },
})
