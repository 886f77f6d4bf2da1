/**
 * Journals put into streams, and read from them, as a worker would: what is made elsewhere is stored before any worker starts.
 */
import { Effect, Stream } from "effect"
import * as ManagedRuntime from "effect/ManagedRuntime"
import type { StoredRecord } from "../../src/engine/records.ts"
import type { EmbeddedServer } from "../../src/nats/embedded.ts"
import { natsLayer } from "../../src/nats/layer.ts"
import { Cluster, Journals } from "../../src/ports/broker.ts"
import { saidCodec } from "../../src/wire/said.ts"

const portsOf = ({ credentials, url, monitorUrl }: EmbeddedServer) => {
  const { engine, door } = credentials
  return ManagedRuntime.make(
    natsLayer({ kind: "sku", servers: [url], monitorUrls: [monitorUrl], engine, door, name: "journals" }, saidCodec),
  )
}

/** Stores a journal, and makes the streams where there are none. Connected for this alone: whoever makes journals hears nobody meanwhile. */
export const storeJournal = async (
  server: EmbeddedServer,
  partitions: number,
  partition: number,
  records: ReadonlyArray<StoredRecord>,
): Promise<void> => {
  const ports = portsOf(server)
  await ports.runPromise(Cluster.use((cluster) => cluster.prepare({ partitions: { sku: partitions, order: partitions }, replicas: 1 })))
  await ports.runPromise(
    Journals.use((journals) =>
      Effect.forEach(records, ({ seq, messageId, bytes }) => journals.append(partition, seq - 1, messageId, bytes), { discard: true }),
    ),
  )
  await ports.dispose()
}

/** Reads all journals to their ends, all at once as a worker does, and counts their bytes. */
export const readJournals = async (server: EmbeddedServer, partitions: number): Promise<number> => {
  const ports = portsOf(server)
  let bytes = 0
  const count = (records: ReadonlyArray<StoredRecord>) =>
    Effect.sync(() => {
      for (const record of records) bytes += record.bytes.length
    })
  const readOne = (journals: Journals["Service"], partition: number) =>
    Effect.flatMap(journals.endSeq(partition), (endSeq) =>
      endSeq === 0 ? Effect.void : Stream.runForEach(journals.read(partition, 1, endSeq), count),
    )
  const all = Array.from({ length: partitions }, (_, partition) => partition)
  await ports.runPromise(
    Journals.use((journals) =>
      Effect.forEach(all, (partition) => readOne(journals, partition), { concurrency: "unbounded", discard: true }),
    ),
  )
  await ports.dispose()
  return bytes
}
