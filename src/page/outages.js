/**
 * Outages as whoever looks at the page has seen them: since when each has lasted, and those that are over. Pure; the page keeps the list for as long as it is open.
 */

/** @import { PartitionNow } from "./shapes.ts" */

/**
 * @typedef {object} Outage
 * @property {string} name The kind and number of the partition.
 * @property {string} detail
 * @property {number} sinceMs When it was first seen.
 * @property {number | null} endMs When it was first seen to be served again; null: it isn't.
 */

/** Outages that are over and still told. */
const pastMax = 50

/**
 * Whether nobody decides there.
 * @param {PartitionNow} partition
 */
export const isOut = ({ state }) => state !== "served" && state !== "unsure"

/** @param {PartitionNow} partition */
export const nameOf = ({ kind, partition }) => `${kind} ${partition}`

/**
 * The outages after another look, the newest first.
 * @param {ReadonlyArray<Outage>} known
 * @param {ReadonlyArray<PartitionNow>} partitions
 * @param {number} nowMs
 * @returns {ReadonlyArray<Outage>}
 */
export const outagesAfter = (known, partitions, nowMs) => {
  const out = new Map(partitions.filter(isOut).map((partition) => [nameOf(partition), partition.detail]))
  const goOn = known.map((outage) => {
    if (outage.endMs !== null) return outage
    const detail = out.get(outage.name)
    return detail === undefined ? { ...outage, endMs: nowMs } : { ...outage, detail }
  })
  const open = new Set(goOn.filter(({ endMs }) => endMs === null).map(({ name }) => name))
  const begun = [...out].filter(([name]) => !open.has(name)).map(([name, detail]) => ({ name, detail, sinceMs: nowMs, endMs: null }))
  const all = [...begun, ...goOn]
  return [...all.filter(({ endMs }) => endMs === null), ...all.filter(({ endMs }) => endMs !== null).slice(0, pastMax)]
}
