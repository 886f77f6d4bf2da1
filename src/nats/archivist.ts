/**
 * What the archivist's login may, as the port `JournalPrefix`; and what anybody's may look at, as `JournalRoom`.
 *
 * Reads single messages through the streams' leaders. No consumer: the login may make none, because the server delivers to whatever subject a consumer
 * names, and one that is a journal's would be stored there.
 */
import type { StreamInfo } from "@nats-io/jetstream"
import { Effect, Layer, Option, Stream } from "effect"
import { assert } from "../assert.ts"
import type { Kind } from "../domain/kinds.ts"
import type { StoredRecord } from "../engine/records.ts"
import { type JournalHeld, JournalPrefix, JournalRoom } from "../ports/archive.ts"
import { BrokerUnavailable, type LoginRefused } from "../ports/errors.ts"
import { chunkSubject, journalPartition, journalStream, journalSubject, snapshotsStream } from "../wire/subjects.ts"
import { attempt } from "./attempt.ts"
import { archivistInbox } from "./config.ts"
import { type Link, type Login, openLink, type ServerAddress } from "./connection.ts"
import { storedRecord } from "./journals.ts"
import { ledInfo } from "./led-info.ts"
import { lastManifest, manifestOf } from "./snapshots.ts"

/** Records asked for at once, and messages of one array. A record may have a megabyte. */
const readAhead = 32

/** What a journal's stream holds, by what the server says of it. */
export const heldIn = ({ state, config }: Pick<StreamInfo, "state" | "config">): JournalHeld => ({
  firstSeq: state.messages === 0 ? state.last_seq + 1 : state.first_seq,
  lastSeq: state.last_seq,
  bytes: state.bytes,
  mayPurge: config.deny_purge !== true,
})

const held = (link: Link, kind: Kind, partition: number): Effect.Effect<JournalHeld, BrokerUnavailable> =>
  attempt(link, `look at journal ${partition}`, () => ledInfo(link, journalStream(kind, partition))).pipe(Effect.map(heldIn))

const at = (link: Link, kind: Kind, partition: number, seq: number) =>
  attempt(link, `read record ${seq} of journal ${partition}`, () =>
    link.lookups.streams.getMessage(journalStream(kind, partition), { seq }),
  ).pipe(Effect.map((message) => (message === null ? null : storedRecord(message))))

/** The record at `seq`, where there has to be one. */
const needed = (link: Link, kind: Kind, partition: number, seq: number): Effect.Effect<StoredRecord, BrokerUnavailable> =>
  Effect.filterOrFail(
    at(link, kind, partition, seq),
    (record) => record !== null,
    () => new BrokerUnavailable({ operation: `read record ${seq} of journal ${partition}`, cause: "it is not there" }),
  )

const read = (
  link: Link,
  kind: Kind,
  partition: number,
  fromSeq: number,
  toSeq: number,
): Stream.Stream<ReadonlyArray<StoredRecord>, BrokerUnavailable> =>
  Stream.paginate(fromSeq, (from) => {
    const to = Math.min(toSeq, from + readAhead - 1)
    const seqs = Array.from({ length: to - from + 1 }, (_, index) => from + index)
    return Effect.forEach(seqs, (seq) => needed(link, kind, partition, seq), { concurrency: readAhead }).pipe(
      Effect.map((records) => [[records], to < toSeq ? Option.some(to + 1) : Option.none()] as const),
    )
  })

/** How many partitions there are: each has a journal from the first start of the cluster on. */
const partitions = (link: Link, kind: Kind) =>
  attempt(link, "look for journals", async () => {
    let found = 0
    for await (const name of link.jsm.streams.names()) found = Math.max(found, (journalPartition(kind, name) ?? -1) + 1)
    return found
  })

const snapshot = (link: Link, kind: Kind, partition: number) =>
  Effect.gen(function* () {
    const operation = `read snapshot of partition ${partition}`
    const manifest = manifestOf(yield* attempt(link, operation, () => lastManifest(link, kind, partition)))
    if (manifest === null) return null
    const messages = yield* Effect.forEach(
      Array.from({ length: manifest.chunks }, (_, index) => index),
      (index) =>
        attempt(link, operation, () =>
          link.lookups.streams.getMessage(snapshotsStream(kind), { last_by_subj: chunkSubject(kind, partition, manifest.id, index) }),
        ),
      { concurrency: readAhead },
    )
    const chunks = messages.flatMap((message) => (message === null ? [] : [message.data]))
    return chunks.length < manifest.chunks ? null : { manifest, chunks }
  })

const purge = (link: Link, kind: Kind, partition: number, belowSeq: number) => {
  // To the server, sequence 0 means none: everything would go. And without the filter a mark past the end would move the end.
  assert(Number.isSafeInteger(belowSeq) && belowSeq >= 2, "a prefix that is purged has an end")
  return attempt(link, `purge journal ${partition} below record ${belowSeq}`, () =>
    link.jsm.streams.purge(journalStream(kind, partition), { filter: journalSubject(kind, partition), seq: belowSeq }),
  ).pipe(Effect.asVoid)
}

/** `link` is any connection that may look at the journals' streams. */
export const journalRoomLayer = (link: Link, kind: Kind): Layer.Layer<JournalRoom> =>
  Layer.succeed(JournalRoom, { held: (partition) => held(link, kind, partition) })

export interface ArchivistConfig extends ServerAddress {
  /** Whose journals. */
  readonly kind: Kind
  readonly archivist: Login
  readonly name: string
}

/** Connects with the archivist's login. Fails if no server answers now. */
export const archivistLayer = (config: ArchivistConfig): Layer.Layer<JournalPrefix, BrokerUnavailable | LoginRefused> => {
  const { kind } = config
  return Layer.effect(
    JournalPrefix,
    Effect.map(openLink(config, config.archivist, archivistInbox, `${config.name} archivist`), (link) => ({
      partitions: partitions(link, kind),
      held: (partition) => held(link, kind, partition),
      at: (partition, seq) => at(link, kind, partition, seq),
      read: (partition, fromSeq, toSeq) => (fromSeq > toSeq ? Stream.empty : read(link, kind, partition, fromSeq, toSeq)),
      snapshot: (partition) => snapshot(link, kind, partition),
      purge: (partition, belowSeq) => purge(link, kind, partition, belowSeq),
    })),
  )
}
