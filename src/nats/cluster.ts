/**
 * What workers share, as the port `Cluster`: who is alive, who should try to own which partition, and the marks that outlive a takeover.
 *
 * Leases and members are keys with a time to live; nothing here is needed for safety but the marks, which are read through their stream's leader.
 */
import { Effect, Layer, Schedule, type Scope, Stream } from "effect"
import { assert } from "../assert.ts"
import type { Kind, PartitionCounts } from "../domain/kinds.ts"
import type { Halt, UnreadWitness, Witness } from "../engine/protocol.ts"
import { announceMsMax } from "../limits.ts"
import { type AnnouncedMember, Cluster, type Member } from "../ports/broker.ts"
import { BrokerUnavailable, Superseded, TopologyMismatch } from "../ports/errors.ts"
import { decodeHalt, decodeMember, decodeWitness, encodeHalt, encodeMember, encodeWitness, haltOf, notRead } from "../wire/marks.ts"
import { keyOf, leasesBucket, marksBucket, membersBucket, nameInKey } from "../wire/subjects.ts"
import { attempt } from "./attempt.ts"
import type { Link } from "./connection.ts"
import { describe, isConflict } from "./errors.ts"
import { deleteKey, type KeyNews, putKey, readKey, watchKeys } from "./keys.ts"
import type { KeyChange } from "./known-keys.ts"
import type { StreamSizes } from "./streams.ts"
import { isToken } from "./subjects.ts"
import { prepareTopology } from "./topology.ts"
import { watchTroubles } from "./troubles.ts"

/** The witness that a text says, or why it says none: that is judged by the partition, and by nobody here. */
const witnessOf = (text: string): Witness | UnreadWitness => {
  const mark = decodeWitness(text)
  if (mark._tag === "Known") return mark.value
  return { _tag: mark._tag === "Newer" ? "Newer" : "Damaged", cause: notRead("the witness", mark) }
}

const incarnationKey = (kind: Kind, partition: number): string => keyOf(kind, `incarnation.${partition}`)
const witnessKey = (kind: Kind, partition: number): string => keyOf(kind, `witness.${partition}`)
const haltKey = (kind: Kind, partition: number | "*"): string => keyOf(kind, `halt.${partition}`)
/** The partition whose halt a key is of. */
const haltedIn = (kind: Kind, key: string): number => Number(key.slice(haltKey(kind, "*").length - 1))
const leaseKey = (kind: Kind, partition: number | "*"): string => keyOf(kind, String(partition))

const readMark = async <A>(link: Link, key: string, decode: (text: string) => A): Promise<A | null> => {
  const state = await readKey(link, marksBucket, key)
  return state === null || state.value === null ? null : decode(state.value)
}

const marks = async (link: Link, kind: Kind, partition: number) => {
  const [incarnation, found, halt] = await Promise.all([
    readMark(link, incarnationKey(kind, partition), (text) => text),
    readMark(link, witnessKey(kind, partition), witnessOf),
    readMark(link, haltKey(kind, partition), haltOf),
  ])
  return found !== null && "_tag" in found ? { incarnation, witness: null, halt, unread: found } : { incarnation, witness: found, halt }
}

/** Times a witness is read and tried to be raised: a write that another is ahead of on three servers is refused before what was read has changed. */
const raisesMax = 5
const raiseAgainMs = 20

const isSameWitness = (a: Witness | null, b: Witness | null): boolean => a?.seq === b?.seq && a?.hash === b?.hash

/** Writes the witness over the one it is known to stand over, and resolves to the one that stands then. */
const raiseWitness = async (
  link: Link,
  kind: Kind,
  partition: number,
  witness: Witness,
  over: Witness | null,
): Promise<Witness | UnreadWitness | null> => {
  const key = witnessKey(kind, partition)
  const { seq } = witness
  for (let raises = 0; raises < raisesMax; raises++) {
    const present = await readKey(link, marksBucket, key)
    const stands = present === null || present.value === null ? null : witnessOf(present.value)
    if (stands !== null && "_tag" in stands) return stands
    if (!isSameWitness(stands, over) || (stands !== null && stands.seq >= seq)) return stands
    try {
      await putKey(link, marksBucket, key, encodeWitness(witness), { revision: present?.revision ?? 0 })
      return witness
    } catch (error) {
      if (!isConflict(error)) throw error
    }
    await new Promise((resolve) => setTimeout(resolve, raiseAgainMs))
  }
  throw new Error(`${key} is being written by others`)
}

const haltRevision = async (link: Link, kind: Kind, partition: number): Promise<number> =>
  (await readKey(link, marksBucket, haltKey(kind, partition)))?.revision ?? 0

/**
 * Writes a halt, or an operator's answer to it, over that revision, and resolves to the halt that stands then. Over a newer release's nothing is written: what it says would be lost with it.
 */
const putHalt = async (link: Link, kind: Kind, partition: number, halt: Halt, over: number): Promise<Halt | null> => {
  const key = haltKey(kind, partition)
  const present = await readKey(link, marksBucket, key)
  const stands = present === null || present.value === null ? null : decodeHalt(present.value)
  if (stands?._tag === "Newer") throw new Error(`${notRead("the halt that stands", stands)}: answer it with that release`)
  try {
    await putKey(link, marksBucket, key, encodeHalt(halt), { revision: over })
    return halt
  } catch (error) {
    if (!isConflict(error)) throw error
    // Another's, or an earlier attempt of this writer whose acknowledgement was lost.
    return readMark(link, key, haltOf)
  }
}

/** Forgets the witness, then lifts the halt, if an operator has answered it. A late attempt finds another halt or none, and leaves the witness of whoever reigns since. */
const clearHalt = async (link: Link, kind: Kind, partition: number): Promise<void> => {
  const present = await readKey(link, marksBucket, haltKey(kind, partition))
  if (present === null || present.value === null || haltOf(present.value).resume === null) return
  await deleteKey(link, marksBucket, witnessKey(kind, partition))
  await deleteKey(link, marksBucket, haltKey(kind, partition), present.revision)
}

// Leases

const leaseFailure =
  (operation: string) =>
  (error: unknown): Superseded | BrokerUnavailable =>
    error instanceof Superseded ? error : new BrokerUnavailable({ operation, cause: describe(error) })

/** Takes the lease if nobody has it, or the worker itself does; rejects with Superseded otherwise. */
const acquire = async (
  link: Link,
  kind: Kind,
  partition: number,
  worker: string,
  ttlMs: number,
): Promise<{ readonly revision: number }> => {
  const key = leaseKey(kind, partition)
  const present = await readKey(link, leasesBucket, key)
  const holder = present?.value ?? null
  if (holder !== null && holder !== worker) throw new Superseded({ key, holder })
  try {
    return { revision: await putKey(link, leasesBucket, key, worker, { ttlMs, revision: present?.revision ?? 0 }) }
  } catch (error) {
    if (!isConflict(error)) throw error
    return takenAfterConflict(link, key, worker)
  }
}

/** A guarded write of the lease met another: an attempt of this worker's own whose acknowledgement was lost, or somebody else's. */
const takenAfterConflict = async (link: Link, key: string, worker: string): Promise<{ readonly revision: number }> => {
  const present = await readKey(link, leasesBucket, key)
  if (present?.value === worker) return { revision: present.revision }
  throw new Superseded({ key, holder: present?.value ?? "nobody: its time was up" })
}

const renew = async (link: Link, kind: Kind, partition: number, worker: string, revision: number, ttlMs: number) => {
  const key = leaseKey(kind, partition)
  try {
    return { revision: await putKey(link, leasesBucket, key, worker, { ttlMs, revision }) }
  } catch (error) {
    if (!isConflict(error)) throw error
    return takenAfterConflict(link, key, worker)
  }
}

const release = async (link: Link, kind: Kind, partition: number, revision: number): Promise<void> => {
  try {
    await deleteKey(link, leasesBucket, leaseKey(kind, partition), revision)
  } catch (error) {
    // Somebody else's by now, or nobody's: there is nothing to release.
    if (!isConflict(error)) throw error
  }
}

// Members

/**
 * A worker's announcements. Each is written over the one before it, and after one that was not acknowledged the key is read first: a worker to which no answer comes
 * through can't go on being announced, whatever it still sends. Its name would keep the others from its partitions.
 */
class Announcing {
  readonly #link: Link
  readonly #key: string
  readonly #member: Member
  readonly #ttlMs: number
  #revision: number | null = null

  constructor(link: Link, kind: Kind, member: Member, ttlMs: number) {
    this.#link = link
    this.#key = keyOf(kind, member.worker)
    this.#member = member
    this.#ttlMs = ttlMs
  }

  async announce(): Promise<void> {
    const key = this.#key
    const known = this.#revision
    this.#revision = null
    const revision = known ?? (await readKey(this.#link, membersBucket, key))?.revision ?? 0
    this.#revision = await putKey(this.#link, membersBucket, key, encodeMember(this.#member), { ttlMs: this.#ttlMs, revision })
  }
}

const join = (link: Link, kind: Kind, member: Member, ttlMs: number): Effect.Effect<void, BrokerUnavailable, Scope.Scope> => {
  assert(isToken(member.worker), "a worker's name is one subject token")
  const operation = `announce worker ${member.worker}`
  const announcing = new Announcing(link, kind, member, ttlMs)
  const announced = attempt(link, operation, () => announcing.announce())
  const everyMs = Math.min(announceMsMax, Math.floor(ttlMs / 3))
  return Effect.gen(function* () {
    yield* Effect.acquireRelease(announced, () =>
      Effect.ignore(
        attempt(link, operation, () => deleteKey(link, membersBucket, keyOf(kind, member.worker))).pipe(Effect.timeout("2 seconds")),
      ),
    )
    // An announcement that fails is tried again at the next: two may fail before the others think it gone.
    yield* Effect.ignore(announced).pipe(Effect.delay(everyMs), Effect.repeat(Schedule.forever), Effect.forkScoped)
  })
}

/** Applies the news to `alive`, in place. */
const applyNews = (kind: Kind, alive: Map<string, AnnouncedMember>, news: KeyNews): void => {
  for (const { key, value, revision } of news.changes) {
    const member = value === null ? null : decodeMember(nameInKey(kind, key), value)
    if (member === null) alive.delete(key)
    else alive.set(key, { ...member, beat: revision })
  }
}

const members = (link: Link, kind: Kind): Stream.Stream<ReadonlyArray<AnnouncedMember>, BrokerUnavailable> =>
  Stream.suspend(() => {
    const alive = new Map<string, AnnouncedMember>()
    return watchKeys(link, membersBucket, keyOf(kind, ">")).pipe(
      Stream.map((news) => {
        applyNews(kind, alive, news)
        return news
      }),
      Stream.filter(({ isWhole }) => isWhole),
      Stream.map(() => [...alive.values()].sort((a, b) => (a.worker < b.worker ? -1 : 1))),
    )
  })

// Watching

const eachChange = <A>(link: Link, bucket: string, filter: string, read: (change: KeyChange) => A): Stream.Stream<A, BrokerUnavailable> =>
  watchKeys(link, bucket, filter).pipe(
    Stream.map(({ changes }) => changes.map(read)),
    Stream.filter((changes) => changes.length > 0),
    Stream.flattenIterable,
  )

const put = (link: Link, key: string, value: string): Effect.Effect<void, BrokerUnavailable> =>
  Effect.asVoid(attempt(link, `set ${key}`, () => putKey(link, marksBucket, key, value)))

export interface ClusterOptions {
  /** Whose partitions: members, leases and marks are those of one kind. */
  readonly kind: Kind
  readonly sizes: StreamSizes
  readonly monitorUrls: ReadonlyArray<string>
}

const prepare = (
  link: Link,
  options: ClusterOptions,
  asked: { readonly partitions: PartitionCounts; readonly replicas: number; readonly strict?: boolean },
) =>
  Effect.tryPromise({
    try: () => prepareTopology(link, { strict: false, ...asked, ...options }),
    catch: (error) =>
      error instanceof TopologyMismatch ? error : new BrokerUnavailable({ operation: "create and check streams", cause: describe(error) }),
  }).pipe(Effect.map((warnings) => ({ partitions: asked.partitions, warnings })))

export const clusterLayer = (link: Link, options: ClusterOptions): Layer.Layer<Cluster> => {
  const { kind } = options
  return Layer.succeed(Cluster, {
    prepare: (asked) => prepare(link, options, asked),
    join: (member, ttlMs) => join(link, kind, member, ttlMs),
    members: members(link, kind),
    acquire: (partition, worker, ttlMs) =>
      Effect.tryPromise({
        try: () => link.request(() => acquire(link, kind, partition, worker, ttlMs)),
        catch: leaseFailure(`take the lease of partition ${partition}`),
      }),
    renew: (partition, worker, revision, ttlMs) =>
      Effect.tryPromise({
        try: () => link.request(() => renew(link, kind, partition, worker, revision, ttlMs)),
        catch: leaseFailure(`renew the lease of partition ${partition}`),
      }),
    release: (partition, _worker, revision) =>
      attempt(link, `release the lease of partition ${partition}`, () => release(link, kind, partition, revision)),
    leases: eachChange(link, leasesBucket, leaseKey(kind, "*"), ({ key, value, brokerMs }) => ({
      partition: Number(nameInKey(kind, key)),
      holder: value,
      brokerMs,
    })),
    marks: (partition) => attempt(link, `read the marks of partition ${partition}`, () => marks(link, kind, partition)),
    putIncarnation: (partition, incarnation) => put(link, incarnationKey(kind, partition), incarnation),
    putWitness: (partition, witness, over) =>
      attempt(link, `raise the witness of partition ${partition}`, () => raiseWitness(link, kind, partition, witness, over)),
    haltRevision: (partition) => attempt(link, `read the halt of partition ${partition}`, () => haltRevision(link, kind, partition)),
    putHalt: (partition, halt, over) =>
      attempt(link, `set the halt of partition ${partition}`, () => putHalt(link, kind, partition, halt, over)),
    clearHalt: (partition) => attempt(link, `clear the halt of partition ${partition}`, () => clearHalt(link, kind, partition)),
    halts: eachChange(link, marksBucket, haltKey(kind, "*"), ({ key, value, revision }) => ({
      partition: haltedIn(kind, key),
      revision,
      halt: value === null ? null : haltOf(value),
    })),
    troubles: (partitions) => watchTroubles(link, options, partitions),
  })
}
