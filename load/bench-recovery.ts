/**
 * What recovery costs: seconds of CPU for each million commands that are replayed, for each million things (SKUs, reservations, decisions) that a snapshot
 * holds when it is written and loaded, and the longest single step of each, during which nothing else of the process gets a turn.
 *
 * In memory, one partition, full batches. Seconds are this thread's CPU: what the neighbours on the machine do doesn't count, but for what they push out of its caches.
 */
import "effect/schema/SchemaJITCompiler/enable"
import { counted } from "../src/domain/telling.ts"
import type { StoredRecord } from "../src/engine/records.ts"
import { stateHash } from "../src/kinds/sku/partition.ts"
import { engineCodec } from "../src/wire/codec.ts"
import { makeJournal } from "./recovery/journal.ts"
import { load, type Meter, replay, startMs, writeSnapshot } from "./recovery/replaying.ts"
import { scriptOptions } from "./stage/options.ts"

const line = (what: string, { seconds, steps, longestMs }: Meter, things: number): string =>
  `${what.padEnd(24)} ${(seconds / (things / 1e6)).toFixed(2).padStart(6)} s of CPU per million   ${steps} steps, the longest ${longestMs.toFixed(1)} ms`

const main = (): void => {
  const values = scriptOptions("What recovery costs: CPU to replay a journal, to write a snapshot and to load it.", {
    commands: { fallback: "1000000", help: "commands in the journal", whole: 1 },
    skus: { fallback: "10000", help: "SKUs they are about", whole: 1 },
  })
  const commands = Number(values.commands)
  const records: Array<StoredRecord> = []
  const made = makeJournal({ partition: 0, partitions: 1, commands, skus: Number(values.skus), startMs }, (record) => records.push(record))
  const bytes = records.reduce((sum, record) => sum + record.bytes.length, 0)
  console.log(`${counted(records.length, "record")}, ${counted(commands, "command")}, ${Math.round(bytes / commands)} bytes a command`)
  const replayed = replay(records)
  const expected = stateHash(made, engineCodec.sha256)
  if (stateHash(replayed.partition, engineCodec.sha256) !== expected) throw new Error("the replayed state is another")
  console.log(line("replayed", replayed.meter, commands))
  const written = writeSnapshot(replayed.partition)
  const things = replayed.partition.snapshotThings
  console.log(line(`written (${things} things)`, written.meter, things))
  const loaded = load(written.manifest, written.chunks)
  if (stateHash(loaded.partition, engineCodec.sha256) !== expected) throw new Error("the loaded state is another")
  console.log(line(`loaded (${counted(written.chunks.length, "chunk")})`, loaded.meter, things))
}

main()
