/**
 * What a recovery does, in memory and step by step: replaying records, writing a snapshot, loading it. Each with the CPU that its steps took, and the longest.
 */
import type { SnapshotManifest } from "../../src/engine/protocol.ts"
import type { StoredRecord } from "../../src/engine/records.ts"
import { protocolRules } from "../../src/engine/rules.ts"
import { emptyPartition, makeStep } from "../../src/kinds/sku/partition.ts"
import type { SkuInput, SkuOutput, SkuPartition } from "../../src/kinds/sku/types.ts"
import { replaySliceBytes } from "../../src/limits.ts"
import { engineCodec } from "../../src/wire/codec.ts"

export const startMs = 1_800_000_000_000
const step = makeStep({ codec: engineCodec, rules: protocolRules })

/** This thread's CPU. */
export const cpuSeconds = (): number => {
  const { user, system } = process.threadCpuUsage()
  return (user + system) / 1e6
}

/** Counts what steps cost. */
export class Meter {
  seconds = 0
  steps = 0
  longestMs = 0
  readonly #partition: SkuPartition

  constructor(partition: SkuPartition) {
    this.#partition = partition
  }

  put(input: SkuInput): ReadonlyArray<SkuOutput> {
    const began = cpuSeconds()
    const outputs = step(this.#partition, input)
    const took = cpuSeconds() - began
    this.seconds += took
    this.steps++
    this.longestMs = Math.max(this.longestMs, took * 1_000)
    for (const output of outputs) if (output._tag === "Halted") throw new Error(output.halt.detail)
    return outputs
  }
}

/** One whose snapshot is due at once. */
const newborn = (): SkuPartition => emptyPartition({ partition: 0, partitions: 1, snapshotEveryRecords: 1 })

const slices = (records: ReadonlyArray<StoredRecord>): ReadonlyArray<ReadonlyArray<StoredRecord>> => {
  const found: Array<Array<StoredRecord>> = []
  let bytes = 0
  for (const record of records) {
    bytes += record.bytes.length
    if (found.length === 0 || bytes > replaySliceBytes) {
      found.push([])
      bytes = record.bytes.length
    }
    found.at(-1)?.push(record)
  }
  return found
}

export const replay = (records: ReadonlyArray<StoredRecord>): { readonly partition: SkuPartition; readonly meter: Meter } => {
  const partition = newborn()
  const meter = new Meter(partition)
  meter.put({ _tag: "SnapshotMissing", nowMs: startMs })
  for (const slice of slices(records)) meter.put({ _tag: "RecordsRead", records: slice, nowMs: startMs })
  return { partition, meter }
}

/** Becomes owner and ticks until its snapshot is written. */
export const writeSnapshot = (partition: SkuPartition) => {
  const meter = new Meter(partition)
  const chunks: Array<Uint8Array> = []
  let manifest: SnapshotManifest | null = null
  const records: Array<StoredRecord> = []
  const perform = (outputs: ReadonlyArray<SkuOutput>): void => {
    for (const output of outputs) {
      const nowMs = startMs
      if (output._tag === "ReadClaimBasis") {
        const basis = { endSeq: partition.confirmedSeq, incarnation: null, witness: null, halt: null }
        perform(step(partition, { _tag: "ClaimBasisRead", ask: output.ask, basis, nowMs }))
      } else if (output._tag === "Append") {
        const { expectedSeq, messageId, bytes } = output
        records.push({ seq: expectedSeq + 1, messageId, bytes })
        perform(step(partition, { _tag: "AppendAcked", messageId, seq: expectedSeq + 1, duplicate: false, nowMs }))
      } else if (output._tag === "StoreChunk") {
        chunks.push(output.bytes)
        perform(meter.put({ _tag: "ChunkStored", snapshot: output.snapshot, index: output.index, nowMs }))
      } else if (output._tag === "PublishSnapshot") manifest = output.manifest
    }
  }
  perform(step(partition, { _tag: "Claim", owner: "bench", incarnation: "bench", nowMs: startMs }))
  for (let n = 0; manifest === null && n < 1_000_000; n++) perform(meter.put({ _tag: "Tick", wallMs: startMs + n, nowMs: startMs + n }))
  if (manifest === null) throw new Error("no snapshot was written")
  return { meter, manifest: manifest as SnapshotManifest, chunks, records }
}

export const load = (
  manifest: SnapshotManifest,
  chunks: ReadonlyArray<Uint8Array>,
): { readonly partition: SkuPartition; readonly meter: Meter } => {
  const partition = newborn()
  const meter = new Meter(partition)
  let outputs = meter.put({ _tag: "SnapshotRead", manifest, chunks, nowMs: startMs })
  while (outputs.some(({ _tag }) => _tag === "ContinueSoon")) outputs = meter.put({ _tag: "Continue", nowMs: startMs })
  return { partition, meter }
}
