/**
 * Exports of simulated journals, as `holdfast export` would print them, for tests that read them back.
 */
import type { Drawn, ProfileName } from "../../../sim/profiles.ts"
import { drawOptions, profiles } from "../../../sim/profiles.ts"
import { runSeed } from "../../../sim/run.ts"
import { type ExportScope, JournalExport } from "../../../src/cli/export-lines.ts"
import type { Sku } from "../../../src/domain/names.ts"
import type { StoredRecord } from "../../../src/engine/records.ts"

export const exportOf = (records: ReadonlyArray<StoredRecord>, scope: ExportScope): string => {
  const lines = new JournalExport(scope)
  return `${[lines.header("i", records.length), ...lines.lines(records), lines.end()].join("\n")}\n`
}

/** The JSON of each line. */
export const jsonOf = (text: string): ReadonlyArray<Record<string, unknown>> =>
  text
    .trimEnd()
    .split("\n")
    .map((line) => JSON.parse(line))

const all = Number.MAX_SAFE_INTEGER

/** Runs a seed and exports what its partitions and the SKUs of each (as many as `skusMax`) came to. Journals that hold another release's records can't be exported; none does here. */
export const exportsOf = (seed: string, profile: ProfileName, drawn: Partial<Drawn>, skusMax = 2): ReadonlyArray<string> => {
  const { families } = drawOptions(seed, profiles[profile])
  const texts: Array<string> = []
  runSeed({
    seed,
    profile,
    drawn,
    families: new Set([...families].filter((name) => name !== "releases")),
    wallNowMs: () => 0,
    inspect: ({ server, drawn: { partitions, orderPartitions = 0 } }) => {
      const counts = orderPartitions === 0 ? { partitions } : { partitions, otherPartitions: orderPartitions }
      for (let partition = 0; partition < partitions; partition++) {
        const records = server.records(partition, 1, all, all)
        const whole = exportOf(records, { partition, ...counts, sku: null })
        const skus = new Set(
          jsonOf(whole).flatMap(({ command }) =>
            typeof command === "object" && command !== null && "sku" in command ? [command.sku as Sku] : [],
          ),
        )
        texts.push(whole, ...[...skus].slice(0, skusMax).map((sku) => exportOf(records, { partition, ...counts, sku })))
      }
    },
  })
  return texts
}
