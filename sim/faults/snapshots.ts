/**
 * What can become of a snapshot between writing and loading: a chunk is missing or damaged, it names another partition or version, the one before
 * it came back, or it names records that its journal doesn't have.
 */
import type { Server, StoredSnapshot } from "../substitutes/server.ts"
import type { Details } from "../world/chance.ts"

/** Null where there is nothing to put in its place. */
type Spoil = (snapshot: StoredSnapshot, family: Details, former: StoredSnapshot | null) => StoredSnapshot | null

const spoils: ReadonlyArray<readonly [what: string, spoil: Spoil]> = [
  ["lost a chunk", ({ manifest, chunks }) => ({ manifest, chunks: chunks.slice(1) })],
  [
    "has a damaged chunk",
    ({ manifest, chunks }, family) => {
      const place = family.below(Math.max(1, chunks.length))
      return { manifest, chunks: chunks.map((bytes, at) => (at === place ? bytes.slice(0, bytes.length >> 1) : bytes)) }
    },
  ],
  [
    "has a chunk with one bit turned",
    ({ manifest, chunks }, family) => {
      const place = family.below(Math.max(1, chunks.length))
      return { manifest, chunks: chunks.map((bytes, at) => (at === place ? oneBitTurned(bytes, family) : bytes)) }
    },
  ],
  [
    "names an end that isn't in the journal",
    ({ manifest, chunks }) => ({ manifest: { ...manifest, endSeq: manifest.endSeq + 1 }, chunks }),
  ],
  ["names another end", ({ manifest, chunks }) => ({ manifest: { ...manifest, endHash: manifest.startHash }, chunks })],
  ["names another partition", ({ manifest, chunks }) => ({ manifest: { ...manifest, partition: manifest.partition + 1 }, chunks })],
  ["is the one before it", (_snapshot, _family, former) => former],
  ["names another version", ({ manifest, chunks }) => ({ manifest: { ...manifest, version: 2 as 1 }, chunks })],
]

const oneBitTurned = (bytes: Uint8Array, family: Details): Uint8Array => {
  // Not sliced: of a Buffer that would be the same memory.
  const copy = new Uint8Array(bytes)
  const place = family.below(Math.max(1, copy.length))
  copy[place] = (copy[place] ?? 0) ^ 1
  return copy
}

/** Spoils a partition's snapshot, if it has one. Returns what became of it, to follow its name; undefined if nothing did. */
export const spoilSnapshot = (server: Server, partition: number, family: Details): string | undefined => {
  const snapshot = server.snapshot(partition)
  const chosen = spoils[family.below(spoils.length)]
  if (snapshot === null || chosen === undefined) return undefined
  const [what, spoil] = chosen
  const spoiled = spoil(snapshot, family, server.formerSnapshot(partition))
  if (spoiled === null) return undefined
  server.replaceSnapshot(partition, spoiled)
  return what
}
