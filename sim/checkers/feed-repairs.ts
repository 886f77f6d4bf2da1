/**
 * Nobody cries wolf: an owner whose feed shows its versions rising, in a world in which everything is on its way for a moment only, and which nobody owned before it in this world, has nothing
 * to repair there.
 *
 * Where a value was stored below a newer one, another owner may have said the last words, or the way may be slower than an owner waits for its own, a repair may be right, and isn't judged.
 */
import type { FaultName } from "../faults/catalogue.ts"
import type { MakeChecker } from "./checker.ts"

/** What keeps an owner's own words away from it for longer than it waits, or stores them twice. */
const slowing: ReadonlyArray<FaultName> = ["spikes", "pauses", "stalls", "cuts", "elections", "outages", "duplicates", "clocks"]

export const feedRepairs: MakeChecker = ({ cluster, found, checked }) => {
  const isSlow = slowing.some((name) => cluster.chance.family(name).isOn)
  const newest = new Map<string, number>()
  const fell = new Set<number>()
  const reigns = new Map<number, number>()
  cluster.server.listeners.push({
    recordStored: () => undefined,
    commandStored: () => undefined,
    haltChanged: () => undefined,
    feedStored: (partition, { channel, sku, version }) => {
      const key = `${channel} ${sku}`
      if (version < (newest.get(key) ?? 0)) fell.add(partition)
      else newest.set(key, version)
      if (!isSlow && !fell.has(partition)) checked()
    },
  })
  return {
    name: "feed-repairs",
    serving: ({ id }) => reigns.set(id, (reigns.get(id) ?? 0) + 1),
    alarmed: ({ id }, kind, detail) => {
      if (kind !== "FeedRepaired" || isSlow || fell.has(id) || (reigns.get(id) ?? 0) > 1) return
      found({ class: "liveness", signature: "a feed in order was repaired", detail, partition: id })
    },
  }
}
