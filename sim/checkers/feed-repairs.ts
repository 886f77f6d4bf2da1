/**
 * INV-5: no needless repairs. The first owner of a partition, in a world without long delays, has nothing to repair in a feed that shows its versions rising.
 *
 * A repair isn't judged where it may be right: where a value was stored below a newer one, where another owner may have published last, or where delays are longer than an owner
 * waits for its own values.
 */
import type { FaultName } from "../faults/catalogue.ts"
import type { MakeChecker } from "./checker.ts"

/** Families of faults that delay an owner's own feed values for longer than it waits, or store them twice. */
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
