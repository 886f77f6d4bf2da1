/**
 * Journals of both kinds as a simulated world wrote them, with all that a sale under faults brings.
 */
import { faultFamilies } from "../../sim/faults/catalogue.ts"
import type { ProfileName } from "../../sim/profiles.ts"
import { runSeed } from "../../sim/run.ts"
import { forEachKind, type Kind } from "../../src/domain/kinds.ts"
import type { StoredRecord } from "../../src/engine/records.ts"

export interface PlayedJournals {
  /** By kind and partition. */
  readonly journals: Readonly<Record<Kind, ReadonlyArray<ReadonlyArray<StoredRecord>>>>
  readonly counts: Readonly<Record<Kind, number>>
}

/** What befalls the world: whatever a release can't read is another's to project. */
const families = new Set(faultFamilies.map(({ name }) => name).filter((name) => name !== "releases" && name !== "lost-journal"))

const everything = Number.MAX_SAFE_INTEGER

/** The journals of one seed. */
export const played = (seed: string, profile: ProfileName): PlayedJournals => {
  let found: PlayedJournals | undefined
  runSeed({
    seed,
    profile,
    wallNowMs: () => 0,
    families,
    inspect: ({ server, drawn }) => {
      const counts = { sku: drawn.partitions, order: drawn.orderPartitions ?? 0 }
      const before = { sku: 0, order: counts.sku }
      const journals = forEachKind((kind) =>
        Array.from({ length: counts[kind] }, (_, at) => server.records(before[kind] + at, 1, everything, everything)),
      )
      found = { journals, counts }
    },
  })
  if (found === undefined) throw new Error("the world was not shown")
  return found
}
