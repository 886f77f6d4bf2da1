/**
 * Journals in memory, for a projector to read.
 */
import { Effect, Layer, Stream } from "effect"
import type { StoredRecord } from "../../src/engine/records.ts"
import { JournalRoom } from "../../src/ports/archive.ts"
import { Cluster, Journals } from "../../src/ports/broker.ts"

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
