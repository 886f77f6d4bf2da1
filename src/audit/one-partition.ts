/**
 * Checker `one-partition` (INV-4): a SKU is decided in one partition only.
 *
 * Proves that no SKU had an accepted command or an expiry in two journals, and, where the mapping of SKUs to partitions is given, that
 * it was the right one: otherwise one SKU would have two writers, each consistent in itself.
 */
import type { Findings, Where } from "./findings.ts"

/** A checker `one-partition` that reports to `findings`. Without `partitionOf` it only sees that a SKU stays where it was. */
export const createOnePartition = (findings: Findings, partitionOf: ((sku: string) => number) | undefined) => {
  const homes = new Map<string, number>()
  return {
    /** A decision of `where` changed `sku`. */
    changed: (where: Where, sku: string): void => {
      findings.checked("one-partition")
      const home = homes.get(sku)
      if (home === where.partition) return
      if (home !== undefined) {
        findings.violated("one-partition", where, `decided in partition ${where.partition}, and before in ${home}`)
        return
      }
      homes.set(sku, where.partition)
      const right = partitionOf?.(sku) ?? where.partition
      if (right !== where.partition)
        findings.violated("one-partition", where, `decided in partition ${where.partition}, it belongs to ${right}`)
    },
  }
}
