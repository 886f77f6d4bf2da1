/**
 * INV-5 for those who come later: the value that the feed's stream keeps of a SKU and channel is the newest that was ever stored there, or offers the
 * same. A receiver that listened all the time rejects an older value; one that begins to listen afterwards sees only what is stored.
 */
import type { AtsValue } from "../../src/kinds/sku/types.ts"
import type { MakeChecker } from "./checker.ts"

export const feedKeepsNewest: MakeChecker = ({ cluster, found, checked }) => {
  const newest = new Map<string, AtsValue>()
  const name = (channel: string, sku: string): string => `${channel} ${sku}`
  cluster.server.listeners.push({
    recordStored: () => undefined,
    commandStored: () => undefined,
    haltChanged: () => undefined,
    feedStored: (_partition, value) => {
      const key = name(value.channel, value.sku)
      if (value.version >= (newest.get(key)?.version ?? 0)) newest.set(key, value)
    },
  })
  return {
    name: "feed-keeps-newest",
    finish: ({ lossy }) => {
      for (const { channel, sku, version, ats } of cluster.server.feed()) {
        const partition = cluster.partitionOf(sku)
        // Nobody mends the feed of a partition that nobody serves.
        const isServed = cluster.workers.some(({ slots }) => slots[partition]?.isServing === true)
        if (lossy.has(partition) || !isServed) continue
        checked()
        const best = newest.get(name(channel, sku))
        if (best === undefined || version >= best.version || ats === best.ats) continue
        const detail = `the feed keeps version ${version} of ${sku} for ${channel}, and version ${best.version} had been stored`
        found({ class: "safety", signature: "the feed keeps an older value", detail, partition, sku })
      }
    },
  }
}
