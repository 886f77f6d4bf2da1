/** Oracle L4: no hold stays long after its time, on whatever owner; a bound of a few ticks and one append after the journaled time. */
import { reservationsOf } from "../../src/domain/stock.ts"
import type { MakeChecker } from "./checker.ts"

/** Milliseconds a hold may outlive its end once all is healed: an append may be unknown once more. */
const boundMs = 15_000

export const expiries: MakeChecker = ({ cluster, found, checked }) => ({
  name: "expiries",
  finish: ({ lossy, converged }) => {
    for (const worker of cluster.workers)
      for (const slot of worker.slots) {
        if (!slot.isServing || slot.partition === null || lossy.has(slot.id) || !converged) continue
        const overdueMs = cluster.world.nowMs - boundMs - cluster.drawn.tickMs * 4
        for (const { stock } of slot.partition.actorList)
          for (const reservation of reservationsOf(stock)) {
            if (reservation.status !== "held") continue
            checked()
            if (reservation.expiresAtMs >= overdueMs) continue
            const detail = `hold ${reservation.id} of ${stock.sku} should have expired at ${reservation.expiresAtMs}, it is ${cluster.world.nowMs}`
            found({ class: "liveness", signature: "a hold outlived its time", detail, partition: slot.id, sku: stock.sku })
          }
      }
  },
})
