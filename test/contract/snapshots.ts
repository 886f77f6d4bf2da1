/** The contract of `Snapshots`: chunks first, the manifest last; what isn't whole isn't there. */
import { Effect } from "effect"
import { describe, expect, it } from "vitest"
import type { SnapshotManifest } from "../../src/engine/protocol.ts"
import { snapshotChunkBytesMax } from "../../src/limits.ts"
import { Snapshots } from "../../src/ports/broker.ts"
import { type Broker, bytes, text } from "./broker-under-test.ts"

type Port = typeof Snapshots.Service

const manifest = (partition: number, id: string, endSeq: number, chunks: number): SnapshotManifest => ({
  version: 1,
  id,
  partition,
  incarnation: "incarnation",
  startSeq: endSeq - 1,
  startHash: "start",
  endSeq,
  endHash: "end",
  chunks,
})

const store = (snapshots: Port, partition: number, id: string, endSeq: number, chunks: ReadonlyArray<string>) =>
  Effect.gen(function* () {
    for (const [index, chunk] of chunks.entries()) yield* snapshots.putChunk(partition, id, index, bytes(chunk))
    yield* snapshots.publish(manifest(partition, id, endSeq, chunks.length))
  })

/** What the partition's snapshot is called and holds, or null. */
const latest = (snapshots: Port, partition: number) =>
  Effect.map(
    snapshots.latest(partition),
    (found) => found && ("newer" in found ? `newer: ${found.newer}` : `${found.manifest.id}: ${found.chunks.map(text).join(",")}`),
  )

/** `partitions` are this suite's own, without snapshots: one for each test. */
export const snapshotsContract = (name: string, broker: Broker, partitions: readonly [number, number, number]) =>
  describe(`Snapshots contract: ${name}`, () => {
    it("is the one published last, with its chunks in order; the former one is gone", async () => {
      const [partition] = partitions
      const seen = await broker().asWorker(
        Snapshots.use((snapshots) =>
          Effect.gen(function* () {
            const none = yield* latest(snapshots, partition)
            yield* store(snapshots, partition, "first", 10, ["a", "b", "c"])
            const first = yield* latest(snapshots, partition)
            yield* snapshots.putChunk(partition, "second", 0, bytes("x"))
            const unpublished = yield* latest(snapshots, partition)
            yield* store(snapshots, partition, "second", 20, ["x", "y"])
            return [none, first, unpublished, yield* latest(snapshots, partition)]
          }),
        ),
      )
      expect(seen).toEqual([null, "first: a,b,c", "first: a,b,c", "second: x,y"])
    })

    it("is none while it isn't whole, and none once discarded", async () => {
      const [, partition] = partitions
      const seen = await broker().asWorker(
        Snapshots.use((snapshots) =>
          Effect.gen(function* () {
            yield* snapshots.putChunk(partition, "torn", 0, bytes("a"))
            yield* snapshots.publish(manifest(partition, "torn", 5, 2))
            const torn = yield* latest(snapshots, partition)
            yield* snapshots.putChunk(partition, "torn", 1, bytes("b"))
            const whole = yield* latest(snapshots, partition)
            yield* snapshots.discard(partition, "torn")
            return [torn, whole, yield* latest(snapshots, partition)]
          }),
        ),
      )
      expect(seen).toEqual([null, "torn: a,b", null])
    })

    it("holds chunks of the largest size, one stored twice counting once, and is not replaced by one that reaches less far", async () => {
      const [, , partition] = partitions
      const large = "x".repeat(snapshotChunkBytesMax)
      const seen = await broker().asWorker(
        Snapshots.use((snapshots) =>
          Effect.gen(function* () {
            yield* snapshots.putChunk(partition, "large", 0, bytes("to be stored again"))
            yield* store(snapshots, partition, "large", 30, [large, "tail"])
            yield* store(snapshots, partition, "late", 29, ["zombie"])
            return yield* latest(snapshots, partition)
          }),
        ),
      )
      expect(seen === `large: ${large},tail`).toBe(true)
    })
  })
