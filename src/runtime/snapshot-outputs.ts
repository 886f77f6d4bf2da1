/**
 * Performs what a partition asks of its snapshots: loading the newest before anything else, writing chunks, publishing. A snapshot that
 * can't be written is given up: it only shortens recovery, and the partition begins another.
 */

import { Effect } from "effect"
import { unreachable } from "../assert.ts"
import type { SnapshotManifest } from "../engine/protocol.ts"
import { Snapshots } from "../ports/broker.ts"
import { Meter } from "../ports/meter.ts"
import { makeConveyor } from "./conveyor.ts"
import { untilDone } from "./patience.ts"
import type { Shell } from "./shell.ts"

type ChunkWrite =
  | { readonly _tag: "Chunk"; readonly snapshot: string; readonly index: number; readonly bytes: Uint8Array }
  | { readonly _tag: "Publish"; readonly manifest: SnapshotManifest }
  | { readonly _tag: "Discard"; readonly snapshot: string }

/** Performs the outputs of `shell`'s partition that are about snapshots. */
export const makeSnapshotOutputs = Effect.fnUntraced(function* (shell: Shell) {
  const snapshots = yield* Snapshots
  const meter = yield* Meter

  const write = (one: ChunkWrite): Effect.Effect<void> => {
    switch (one._tag) {
      case "Chunk":
        return Effect.match(snapshots.putChunk(shell.partition, one.snapshot, one.index, one.bytes), {
          onSuccess: () => shell.tell({ _tag: "ChunkStored", snapshot: one.snapshot, index: one.index }),
          onFailure: (error) => shell.tell({ _tag: "SnapshotFailed", snapshot: one.snapshot, cause: error.cause }),
        })
      case "Publish":
        return Effect.match(snapshots.publish(one.manifest), {
          onSuccess: () => meter.snapshotKnown(shell.partition),
          onFailure: (error) => shell.tell({ _tag: "SnapshotFailed", snapshot: one.manifest.id, cause: error.cause }),
        })
      case "Discard":
        return Effect.catch(snapshots.discard(shell.partition, one.snapshot), (error) =>
          Effect.logDebug("a snapshot was not discarded", { partition: shell.partition, snapshot: one.snapshot, cause: error.cause }),
        )
      default:
        return unreachable(one)
    }
  }
  // One after another: a manifest may not be published before its last chunk.
  const enqueue = makeConveyor<ChunkWrite>(shell, (writes) => Effect.forEach(writes, write, { discard: true }))

  return {
    /** Tells the partition its newest snapshot, or that there is none. */
    load: () =>
      shell.run(
        Effect.map(untilDone(`loading the snapshot of partition ${shell.partition}`, snapshots.latest(shell.partition)), (found) => {
          if (found !== null && !("newer" in found)) meter.snapshotKnown(shell.partition)
          shell.tell(
            found === null
              ? { _tag: "SnapshotMissing" }
              : "newer" in found
                ? { _tag: "SnapshotNewer", version: found.newer }
                : { _tag: "SnapshotRead", manifest: found.manifest, chunks: found.chunks },
          )
        }),
      ),
    storeChunk: (snapshot: string, index: number, bytes: Uint8Array) => enqueue({ _tag: "Chunk", snapshot, index, bytes }),
    publishSnapshot: (manifest: SnapshotManifest) => enqueue({ _tag: "Publish", manifest }),
    discardSnapshot: (snapshot: string) => enqueue({ _tag: "Discard", snapshot }),
  }
})
