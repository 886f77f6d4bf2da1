/**
 * The ports over what workers share: snapshots, and the cluster's members, leases and marks, over a connection to simulated servers.
 */
import { Effect, Layer, Schedule, type Scope, Stream } from "effect"
import type { Halt, SnapshotManifest, Witness } from "../../src/engine/protocol.ts"
import { announceMsMax } from "../../src/limits.ts"
import { type AnnouncedMember, type BrokerTrouble, Cluster, type Member, Snapshots } from "../../src/ports/broker.ts"
import { type BrokerUnavailable, Superseded } from "../../src/ports/errors.ts"
import { chunkSubject, manifestSubject } from "../../src/wire/subjects.ts"
import { isConflict, lookUp, orUnavailable, publish, type Trouble } from "./asking.ts"
import type { Connection } from "./connection.ts"
import { deleteKey, type KeyNews, putKey, readKey, watchKeys } from "./keys.ts"
import type { ServedStream, Servers } from "./servers.ts"

const encoder = new TextEncoder()
const decoder = new TextDecoder()

// Snapshots

/** What the chunks of a snapshot, or all that is a partition's, begin with. */
const chunksFrom = (partition: number, snapshot: string): string => chunkSubject("sku", partition, snapshot, "*").slice(0, -1)
const allOf = (partition: number): string => manifestSubject("sku", partition).slice(0, -"manifest".length)
const everything = Number.POSITIVE_INFINITY

const manifestOf = (bytes: Uint8Array | undefined): SnapshotManifest | null =>
  bytes === undefined ? null : (JSON.parse(decoder.decode(bytes)) as SnapshotManifest)

/** Chunks of the snapshot by index; the last stored of each. */
const chunksIn = (stream: ServedStream, prefix: string): ReadonlyMap<number, Uint8Array> => {
  const found = new Map<number, Uint8Array>()
  for (const { subject, body } of stream.model.lasts()) {
    if (subject.startsWith(prefix)) found.set(Number(subject.slice(prefix.length)), body)
  }
  return found
}

/** Removes what remains of the partition's snapshots but the one that stays. */
const purgeOthers = (stream: ServedStream, partition: number, staying: string): void => {
  for (const { subject } of stream.model.lasts()) {
    const isChunk = subject.startsWith(allOf(partition)) && subject !== manifestSubject("sku", partition)
    if (isChunk && !subject.startsWith(chunksFrom(partition, staying))) stream.model.purge(subject, everything)
  }
}

const publishManifest = (connection: Connection, stream: ServedStream, manifest: SnapshotManifest): Effect.Effect<void, Trouble> =>
  Effect.gen(function* () {
    const { partition } = manifest
    const before = yield* lookUp(connection, stream, () => stream.model.lastOf(manifestSubject("sku", partition)))
    const present = manifestOf(before?.body)
    if (present !== null && present.incarnation === manifest.incarnation && present.endSeq > manifest.endSeq) {
      yield* lookUp(connection, stream, () => stream.model.purge(chunksFrom(partition, manifest.id), everything))
      return
    }
    const expectation = { lastSubjectSeq: before?.seq ?? 0 }
    const body = encoder.encode(JSON.stringify(manifest))
    yield* publish(connection, stream, { subject: manifestSubject("sku", partition), body, expectation }).pipe(
      Effect.asVoid,
      Effect.catchIf(isConflict, () => publishManifest(connection, stream, manifest)),
    )
    yield* lookUp(connection, stream, () => purgeOthers(stream, partition, manifest.id))
  })

export const snapshotsLayer = (servers: Servers, connection: Connection): Layer.Layer<Snapshots> => {
  const stream = servers.snapshots
  return Layer.succeed(Snapshots, {
    putChunk: (partition, snapshot, index, bytes) =>
      publish(connection, stream, { subject: `${chunksFrom(partition, snapshot)}${index}`, body: bytes }).pipe(
        Effect.asVoid,
        orUnavailable(`store chunk ${index} of a snapshot of partition ${partition}`),
      ),
    publish: (manifest) =>
      publishManifest(connection, stream, manifest).pipe(orUnavailable(`publish a snapshot of partition ${manifest.partition}`)),
    latest: (partition) =>
      lookUp(connection, stream, () => {
        const manifest = manifestOf(stream.model.lastOf(manifestSubject("sku", partition))?.body)
        if (manifest === null) return null
        const chunks = chunksIn(stream, chunksFrom(partition, manifest.id))
        if (chunks.size !== manifest.chunks) return null
        return { manifest, chunks: Array.from({ length: manifest.chunks }, (_, index) => chunks.get(index) ?? new Uint8Array()) }
      }).pipe(orUnavailable(`read the snapshot of partition ${partition}`)),
    discard: (partition, snapshot) =>
      lookUp(connection, stream, () => {
        const present = manifestOf(stream.model.lastOf(manifestSubject("sku", partition))?.body)
        if (present?.id === snapshot) stream.model.purge(manifestSubject("sku", partition), everything)
        stream.model.purge(chunksFrom(partition, snapshot), everything)
      }).pipe(orUnavailable(`discard a snapshot of partition ${partition}`)),
  })
}

// Leases

type Leasing = Pick<Cluster["Service"], "acquire" | "renew" | "release">

const leasing = (bucket: ServedStream, connection: Connection): Leasing => {
  const unavailable = (operation: string) => (effect: Effect.Effect<{ readonly revision: number }, Trouble | Superseded>) =>
    Effect.catchIf(
      effect,
      (error): error is Trouble => !(error instanceof Superseded),
      (trouble) => orUnavailable(operation)(Effect.fail(trouble)),
    )
  const revised = Effect.map(({ seq }: { readonly seq: number }) => ({ revision: seq }))
  /** A guarded write met another: one of the worker's own whose answer was lost, or somebody else's. */
  const afterConflict = (key: string, worker: string) =>
    Effect.flatMap(readKey(connection, bucket, key), (present) =>
      present?.value === worker
        ? Effect.succeed({ revision: present.revision })
        : Effect.fail(new Superseded({ key, holder: present?.value ?? "nobody: its time was up" })),
    )
  const write = (key: string, worker: string, ttlMs: number, revision: number) =>
    revised(putKey(connection, bucket, key, worker, { ttlMs, revision })).pipe(Effect.catchIf(isConflict, () => afterConflict(key, worker)))
  return {
    acquire: (partition, worker, ttlMs) =>
      Effect.flatMap(readKey(connection, bucket, String(partition)), (present) => {
        const key = String(partition)
        const holder = present?.value ?? null
        return holder !== null && holder !== worker
          ? Effect.fail(new Superseded({ key, holder }))
          : write(key, worker, ttlMs, present?.revision ?? 0)
      }).pipe(unavailable(`take the lease of partition ${partition}`)),
    renew: (partition, worker, revision, ttlMs) =>
      write(String(partition), worker, ttlMs, revision).pipe(unavailable(`renew the lease of partition ${partition}`)),
    release: (partition, _worker, revision) =>
      deleteKey(connection, bucket, String(partition), revision).pipe(
        Effect.asVoid,
        Effect.catchIf(isConflict, () => Effect.void),
        orUnavailable(`release the lease of partition ${partition}`),
      ),
  }
}

// Members

const join = (
  bucket: ServedStream,
  connection: Connection,
  member: Member,
  ttlMs: number,
): Effect.Effect<void, BrokerUnavailable, Scope.Scope> =>
  Effect.gen(function* () {
    const announced = Effect.suspend(() => putKey(connection, bucket, member.worker, JSON.stringify(member), { ttlMs })).pipe(
      orUnavailable(`announce worker ${member.worker}`),
    )
    yield* Effect.acquireRelease(announced, () =>
      Effect.ignore(deleteKey(connection, bucket, member.worker).pipe(Effect.timeout("2 seconds"))),
    )
    yield* Effect.ignore(announced).pipe(
      Effect.delay(Math.min(announceMsMax, Math.floor(ttlMs / 3))),
      Effect.repeat(Schedule.forever),
      Effect.forkScoped,
    )
  })

const applyNews = (alive: Map<string, AnnouncedMember>, { changes }: KeyNews): void => {
  for (const { key, value, revision } of changes) {
    if (value === null) alive.delete(key)
    else alive.set(key, { ...(JSON.parse(value) as Member), beat: revision })
  }
}

const members = (bucket: ServedStream, connection: Connection): Stream.Stream<ReadonlyArray<AnnouncedMember>, BrokerUnavailable> =>
  Stream.suspend(() => {
    const alive = new Map<string, AnnouncedMember>()
    return watchKeys(connection, bucket, "").pipe(
      Stream.map((news) => {
        applyNews(alive, news)
        return [...alive.values()].sort((a, b) => (a.worker < b.worker ? -1 : 1))
      }),
    )
  })

// Troubles

const troublesEveryMs = 1_000

/** None: what servers and operators do to streams is not simulated. That it is said says that the broker answers. */
const troubles = (bucket: ServedStream, connection: Connection): Stream.Stream<ReadonlyArray<BrokerTrouble>, BrokerUnavailable> => {
  const none: ReadonlyArray<BrokerTrouble> = []
  const look = lookUp(connection, bucket, () => [none] as const).pipe(
    orUnavailable("look at streams and servers"),
    Effect.delay(troublesEveryMs),
  )
  return Stream.fromPull(Effect.succeed(look))
}

// Marks

const incarnationKey = (partition: number): string => `incarnation.${partition}`
const witnessKey = (partition: number): string => `witness.${partition}`
const haltPrefix = "halt."
const haltKey = (partition: number): string => `${haltPrefix}${partition}`

type Marking = Pick<Cluster["Service"], "marks" | "putIncarnation" | "putWitness" | "haltRevision" | "putHalt" | "clearHalt" | "halts">

const marking = (bucket: ServedStream, connection: Connection): Marking => {
  const read = <A>(key: string, decode: (text: string) => A): Effect.Effect<A | null, Trouble> =>
    Effect.map(readKey(connection, bucket, key), (state) => (state === null || state.value === null ? null : decode(state.value)))
  const put = (key: string, value: string) => putKey(connection, bucket, key, value).pipe(Effect.asVoid, orUnavailable(`set ${key}`))
  const haltOf = (text: string) => JSON.parse(text) as Halt
  const raise = (partition: number, { seq, hash }: Witness, over: Witness | null): Effect.Effect<Witness | null, Trouble> => {
    const key = witnessKey(partition)
    return Effect.flatMap(readKey(connection, bucket, key), (present) => {
      const stands = present === null || present.value === null ? null : (JSON.parse(present.value) as Witness)
      const isExpected = stands?.seq === over?.seq && stands?.hash === over?.hash
      if (!isExpected || (stands?.seq ?? 0) >= seq) return Effect.succeed(stands)
      return putKey(connection, bucket, key, JSON.stringify({ seq, hash }), { revision: present?.revision ?? 0 }).pipe(
        Effect.as({ seq, hash }),
        Effect.catchIf(isConflict, () => raise(partition, { seq, hash }, over)),
      )
    })
  }
  const lift = (partition: number): Effect.Effect<void, Trouble> =>
    Effect.flatMap(readKey(connection, bucket, haltKey(partition)), (present) =>
      present === null || present.value === null || haltOf(present.value).resume === null
        ? Effect.void
        : Effect.andThen(
            deleteKey(connection, bucket, witnessKey(partition)),
            Effect.asVoid(deleteKey(connection, bucket, haltKey(partition), present.revision)),
          ),
    )
  return {
    marks: (partition) =>
      Effect.all(
        {
          incarnation: read(incarnationKey(partition), (text) => text),
          witness: read(witnessKey(partition), (text) => JSON.parse(text) as Witness),
          halt: read(haltKey(partition), haltOf),
        },
        { concurrency: "unbounded" },
      ).pipe(orUnavailable(`read the marks of partition ${partition}`)),
    putIncarnation: (partition, incarnation) => put(incarnationKey(partition), incarnation),
    putWitness: (partition, witness, over) =>
      raise(partition, witness, over).pipe(orUnavailable(`raise the witness of partition ${partition}`)),
    haltRevision: (partition) =>
      readKey(connection, bucket, haltKey(partition)).pipe(
        Effect.map((present) => present?.revision ?? 0),
        orUnavailable(`read the halt of partition ${partition}`),
      ),
    putHalt: (partition, halt, over) =>
      putKey(connection, bucket, haltKey(partition), JSON.stringify(halt), { revision: over }).pipe(
        Effect.as<Halt | null>(halt),
        Effect.catchIf(isConflict, () => read(haltKey(partition), haltOf)),
        orUnavailable(`set the halt of partition ${partition}`),
      ),
    clearHalt: (partition) => lift(partition).pipe(orUnavailable(`clear the halt of partition ${partition}`)),
    halts: watchKeys(connection, bucket, haltPrefix).pipe(
      Stream.map(({ changes }) =>
        changes.map(({ key, value, revision }) => ({
          partition: Number(key.slice(haltPrefix.length)),
          halt: value === null ? null : haltOf(value),
          revision,
        })),
      ),
      Stream.flattenIterable,
    ),
  }
}

export const clusterLayer = (servers: Servers, connection: Connection): Layer.Layer<Cluster> =>
  Layer.succeed(Cluster, {
    ...leasing(servers.leases, connection),
    ...marking(servers.marks, connection),
    prepare: ({ partitions }) => Effect.succeed({ partitions, warnings: [] }),
    join: (member, ttlMs) => join(servers.members, connection, member, ttlMs),
    members: members(servers.members, connection),
    troubles: () => troubles(servers.members, connection),
    leases: watchKeys(connection, servers.leases, "").pipe(
      Stream.map(({ changes }) => changes.map(({ key, value, brokerMs }) => ({ partition: Number(key), holder: value, brokerMs }))),
      Stream.flattenIterable,
    ),
  })
