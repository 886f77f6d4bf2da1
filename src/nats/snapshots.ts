/** Snapshots in their stream, as the port `Snapshots`: a message for each chunk, and one manifest for each partition, which makes them count. */
import type { StoredMsg } from "@nats-io/jetstream"
import { Effect, Layer, Stream } from "effect"
import { assert } from "../assert.ts"
import type { Kind } from "../domain/kinds.ts"
import type { SnapshotManifest } from "../engine/protocol.ts"
import { Snapshots } from "../ports/broker.ts"
import { BrokerUnavailable } from "../ports/errors.ts"
import { decodeManifest, encodeManifest, notRead } from "../wire/marks.ts"
import { chunkNamed, chunkSubject, chunksOf, manifestSubject, snapshotsStream } from "../wire/subjects.ts"
import { attempt } from "./attempt.ts"
import type { Link } from "./connection.ts"
import { isConflict } from "./errors.ts"
import { ledInfo } from "./led-info.ts"
import { readOrdered } from "./ordered-reader.ts"
import { isToken } from "./subjects.ts"

/** Silence after which reading chunks gives up: they are said to exist, but the server does not deliver them. */
const readSilenceMs = 10_000

export const lastManifest = (link: Link, kind: Kind, partition: number): Promise<StoredMsg | null> =>
  link.lookups.streams.getMessage(snapshotsStream(kind), { last_by_subj: manifestSubject(kind, partition) })

/** The manifest stored last; null if there is none, or one that this release can't read. */
export const manifestOf = (message: StoredMsg | null): SnapshotManifest | null => {
  if (message === null) return null
  const mark = decodeManifest(message.string())
  return mark._tag === "Known" && isToken(mark.value.id) ? mark.value : null
}

/** Ids of the partition's snapshots that have chunks, with how many. */
const chunkCounts = async (link: Link, kind: Kind, partition: number): Promise<ReadonlyMap<string, number>> => {
  const info = await ledInfo(link, snapshotsStream(kind), { subjects_filter: chunksOf(kind, partition) })
  const counts = new Map<string, number>()
  for (const subject of Object.keys(info.state.subjects ?? {})) {
    const id = chunkNamed(subject)?.snapshot
    if (id !== undefined) counts.set(id, (counts.get(id) ?? 0) + 1)
  }
  return counts
}

const purgeChunks = async (link: Link, kind: Kind, partition: number, snapshot: string): Promise<void> => {
  await link.jsm.streams.purge(snapshotsStream(kind), { filter: chunkSubject(kind, partition, snapshot, "*") })
}

/** Makes the snapshot the partition's. One that reaches less far than the present one is not published: it comes from an owner of the past. */
const publish = async (link: Link, kind: Kind, manifest: SnapshotManifest): Promise<void> => {
  const { partition } = manifest
  const before = await lastManifest(link, kind, partition)
  const present = manifestOf(before)
  const counts = await chunkCounts(link, kind, partition)
  // One that isn't whole is nobody's snapshot, however far it says to reach: it is replaced, as by what an archive gives back.
  const isWhole = present !== null && (counts.get(present.id) ?? 0) === present.chunks
  if (isWhole && present.incarnation === manifest.incarnation && present.endSeq > manifest.endSeq) {
    await purgeChunks(link, kind, partition, manifest.id)
    return
  }
  const body = encodeManifest(manifest)
  try {
    await link.js.publish(manifestSubject(kind, partition), body, { expect: { lastSubjectSequence: before?.seq ?? 0 } })
  } catch (error) {
    // Somebody published in between: look again.
    if (isConflict(error)) return publish(link, kind, manifest)
    throw error
  }
  for (const id of (await chunkCounts(link, kind, partition)).keys()) if (id !== manifest.id) await purgeChunks(link, kind, partition, id)
}

const discard = async (link: Link, kind: Kind, partition: number, snapshot: string): Promise<void> => {
  const present = await lastManifest(link, kind, partition)
  if (manifestOf(present)?.id === snapshot)
    await link.jsm.streams.purge(snapshotsStream(kind), { filter: manifestSubject(kind, partition) })
  await purgeChunks(link, kind, partition, snapshot)
}

const readChunks = (link: Link, kind: Kind, manifest: SnapshotManifest): Effect.Effect<ReadonlyArray<Uint8Array>, BrokerUnavailable> => {
  if (manifest.chunks === 0) return Effect.succeed([])
  const { partition, id, chunks } = manifest
  const operation = `read snapshot of partition ${partition}`
  // By index: a chunk that was stored again comes after those that follow it.
  const found = new Map<number, Uint8Array>()
  return readOrdered(link, { stream: snapshotsStream(kind), filter: chunkSubject(kind, partition, id, "*"), start: { from: 1 } }).pipe(
    Stream.takeUntil((arrived) => {
      for (const { message } of arrived) found.set(chunkNamed(message.subject)?.index ?? 0, message.data)
      return found.size >= chunks
    }),
    Stream.runDrain,
    Effect.map(() => Array.from({ length: chunks }, (_, index) => found.get(index) ?? new Uint8Array())),
    Effect.timeoutOrElse({
      duration: readSilenceMs + chunks * 100,
      orElse: () => new BrokerUnavailable({ operation, cause: `only ${found.size} of ${chunks} chunks came` }),
    }),
  )
}

const latest = (link: Link, kind: Kind, partition: number) =>
  Effect.gen(function* () {
    const operation = `read snapshot of partition ${partition}`
    const last = yield* attempt(link, operation, () => lastManifest(link, kind, partition))
    const mark = last === null ? null : decodeManifest(last.string())
    if (mark?._tag === "Newer") return { newer: mark.version }
    if (mark?._tag === "Unreadable") yield* Effect.logWarning(notRead(`the manifest of partition ${partition}`, mark))
    const manifest = manifestOf(last)
    if (manifest === null) return null
    const counts = yield* attempt(link, operation, () => chunkCounts(link, kind, partition))
    // More or fewer chunks than the manifest says: it isn't whole.
    if ((counts.get(manifest.id) ?? 0) !== manifest.chunks) return null
    return { manifest, chunks: yield* readChunks(link, kind, manifest) }
  })

/** `link` is a connection in the account of the engine. */
export const snapshotsLayer = (link: Link, kind: Kind): Layer.Layer<Snapshots> =>
  Layer.succeed(Snapshots, {
    putChunk: (partition, snapshot, index, bytes) => {
      assert(isToken(snapshot), "a snapshot's id is one subject token")
      return attempt(link, `store chunk ${index} of a snapshot of partition ${partition}`, () =>
        link.js.publish(chunkSubject(kind, partition, snapshot, index), bytes),
      ).pipe(Effect.asVoid)
    },
    publish: (manifest) => attempt(link, `publish a snapshot of partition ${manifest.partition}`, () => publish(link, kind, manifest)),
    latest: (partition) => latest(link, kind, partition),
    discard: (partition, snapshot) =>
      attempt(link, `discard a snapshot of partition ${partition}`, () => discard(link, kind, partition, snapshot)),
  })
