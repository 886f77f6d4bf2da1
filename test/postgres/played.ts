/**
 * Journals of both kinds as a simulated world wrote them, with all that a sale under faults brings, and the ports that a projector reads them by.
 */
import { Effect, Layer, Stream } from "effect"
import { faultFamilies } from "../../sim/faults/catalogue.ts"
import type { ProfileName } from "../../sim/profiles.ts"
import { runSeed } from "../../sim/run.ts"
import { forEachKind, type Kind } from "../../src/domain/kinds.ts"
import type { StoredRecord } from "../../src/engine/records.ts"
import { JournalRoom } from "../../src/ports/archive.ts"
import { Cluster, Journals } from "../../src/ports/broker.ts"

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

/** The ports, over journals in memory. They may grow meanwhile. */
export const journalPorts = (journals: ReadonlyArray<ReadonlyArray<StoredRecord>>, incarnation: string | null = null) => {
  const of = (partition: number) => journals[partition] ?? []
  const slices = (partition: number, fromSeq: number, toSeq: number) => {
    const found: Array<ReadonlyArray<StoredRecord>> = []
    for (let at = fromSeq - 1; at < toSeq; at += 100) found.push(of(partition).slice(at, Math.min(at + 100, toSeq)))
    return found
  }
  const reading = {
    endSeq: (partition: number) => Effect.sync(() => of(partition).length),
    at: (partition: number, seq: number) => Effect.sync(() => of(partition)[seq - 1] ?? null),
    read: (partition: number, fromSeq: number, toSeq: number) => Stream.fromIterable(slices(partition, fromSeq, toSeq)),
    follow: (partition: number, fromSeq: number) =>
      Stream.concat(Stream.fromIterable(slices(partition, fromSeq, of(partition).length)), Stream.never),
  }
  const room = {
    held: (partition: number) => Effect.sync(() => ({ firstSeq: 1, lastSeq: of(partition).length, bytes: 0, mayPurge: true })),
  }
  return Layer.mergeAll(
    Layer.succeed(Journals, reading as Partial<Journals["Service"]> as Journals["Service"]),
    Layer.succeed(JournalRoom, room),
    Layer.succeed(Cluster, {
      marks: () => Effect.succeed({ incarnation, witness: null, halt: null }),
    } as Partial<Cluster["Service"]> as Cluster["Service"]),
  )
}
