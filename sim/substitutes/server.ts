/**
 * The NATS side of a simulated world: the commands stream, the journals, the feed, the keys and the snapshots, and how they answer.
 *
 * Answers are given to whoever asks, once the request has arrived; the way there and back is the link's (sim/world/link.ts). What a server
 * does wrong (elections, lost tails, forgotten ids, leases given twice) is switched on from outside, in sim/faults.
 */
import type { Kind } from "../../src/domain/kinds.ts"
import type { CommandMessage, Halt, SnapshotManifest, Witness } from "../../src/engine/protocol.ts"
import type { StoredRecord } from "../../src/engine/records.ts"
import type { AtsValue } from "../../src/kinds/sku/types.ts"
import { journalSubject, storedOf } from "../../src/wire/subjects.ts"
import { EventKind, type World } from "../world/world.ts"
import { CommandStream } from "./command-stream.ts"
import { type ApiError, type Expectation, type Proposal, type StoredMessage, StreamModel } from "./stream.ts"

export interface ServerOptions {
  /** Partitions of SKUs, and of orders: their journals are numbered on behind those of SKUs. Absent: none. */
  readonly partitions: number
  readonly orderPartitions?: number
  readonly replicas: 1 | 3
  readonly duplicateWindowMs: number
}

/** What came of an append, as its publisher is told; null if nobody answers. */
export type AppendAnswer = { readonly seq: number; readonly duplicate: boolean } | ApiError | null

interface Pending {
  readonly proposal: Proposal
  readonly done: (answer: AppendAnswer) => void
}

export interface Marks {
  readonly incarnation: string | null
  readonly witness: Witness | null
  readonly halt: Halt | null
}

export interface StoredSnapshot {
  readonly manifest: SnapshotManifest
  readonly chunks: ReadonlyArray<Uint8Array>
}

/** A server that led a journal's stream, was cut off from the others, and takes itself for its leader still. */
interface FormerLeader {
  /** The journal's end as it knows it: what was confirmed since is missing. */
  readonly endSeq: number
  /** When it notices that it hears nobody, and gives up. */
  readonly untilMs: number
  /** Whose questions reach it. */
  readonly askers: ReadonlySet<string>
}

/** Who wants to be told what the server stored. */
export interface Listener {
  recordStored(partition: number, stored: StoredRecord): void
  /** `id`: of the partition's journal among all of the world. */
  commandStored(id: number, message: CommandMessage): void
  feedStored(partition: number, value: AtsValue): void
  haltChanged(partition: number): void
}

const nobodyResponds: ApiError = { code: 503, errCode: 0, description: "no responders" }
const isFull: ApiError = { code: 503, errCode: 10077, description: "maximum messages exceeded" }

const encoder = new TextEncoder()
const decoder = new TextDecoder()
const encoded = (value: unknown): Uint8Array => encoder.encode(JSON.stringify(value))
const decoded = <T>(message: StoredMessage | undefined): T | null =>
  message === undefined || message.isMarker || message.body.length === 0 ? null : (JSON.parse(decoder.decode(message.body)) as T)

export class Server {
  readonly options: ServerOptions
  readonly #world: World
  /** What ingresses write for SKUs, and for orders. */
  readonly commands: StreamModel
  readonly orderCommands: StreamModel
  readonly #commands: Readonly<Record<Kind, CommandStream>>
  readonly journals: ReadonlyArray<StreamModel>
  readonly keys: StreamModel
  /** The last value of each channel and SKU, in the order they were stored. */
  readonly #feed = new Map<string, { readonly partition: number; readonly value: AtsValue; readonly storedMs: number }>()
  readonly #snapshots = new Map<number, StoredSnapshot>()
  /** What stood before the newest was published. */
  readonly #formerSnapshots = new Map<number, StoredSnapshot>()
  readonly #chunks = new Map<string, Array<Uint8Array>>()
  readonly listeners: Array<Listener> = []
  /** Nobody answers for a stream before this. */
  #downUntilMs = 0
  #fullUntilMs = 0
  /** Its clock against the true time, when that was set, and what it had shown until then. */
  aheadMs = 0
  readonly clockSets: Array<{ readonly atMs: number; readonly shownMs: number }> = []
  readonly #electingUntilMs = new Map<string, number>()
  readonly #formerLeaders = new Map<number, FormerLeader>()
  /** Until when nobody gets or keeps a lease. */
  readonly #withheldUntilMs = new Map<number, number>()
  /** Writes on their way through three servers, oldest first, and when the newest will have been agreed upon. */
  readonly #pending = new Map<string, Array<Pending>>()
  readonly #agreedMs = new Map<string, number>()
  /** Asked for each append that lost its leader on the way: whether it is stored all the same. */
  survivesElection: (stream: string) => boolean = () => false
  /** Asked for each question for a journal's end from where a former leader is heard: whether that one answers. */
  formerLeaderAnswers: (asker: string, partition: number) => boolean = () => false
  /** Asked for each lease that somebody else holds: whether it is given away all the same. */
  givesLeaseTwice: (partition: number) => boolean = () => false
  /** Milliseconds three servers take to agree on one write. */
  commitMs: (stream: string) => number = () => 1

  constructor(world: World, options: ServerOptions) {
    this.#world = world
    this.options = options
    const { partitions, orderPartitions = 0, replicas, duplicateWindowMs } = options
    this.commands = new StreamModel({ name: "COMMANDS", replicas, duplicateWindowMs: 100 })
    this.orderCommands = new StreamModel({ name: "COMMANDS_ORDER", replicas, duplicateWindowMs: 100 })
    this.#commands = {
      sku: new CommandStream(this.commands, "sku", partitions),
      order: new CommandStream(this.orderCommands, "order", orderPartitions),
    }
    this.journals = Array.from(
      { length: partitions + orderPartitions },
      (_, partition) => new StreamModel({ name: `JOURNAL_${partition}`, replicas, duplicateWindowMs }),
    )
    this.keys = new StreamModel({ name: "KEYS", replicas, duplicateWindowMs: 100, lastOnly: true, markerMs: 60_000 })
  }

  /** The time that the servers stamp on what they store: the true one, unless a fault makes their clocks wrong. */
  get nowMs(): number {
    return this.#world.nowMs + this.aheadMs
  }

  /** Sets the clocks of all servers. */
  setClock(aheadMs: number): void {
    if (aheadMs === this.aheadMs) return
    this.clockSets.push({ atMs: this.#world.nowMs, shownMs: this.nowMs })
    this.aheadMs = aheadMs
  }

  /** Nothing answers for `ms` milliseconds. */
  goDown(ms: number): void {
    this.#downUntilMs = Math.max(this.#downUntilMs, this.#world.nowMs + ms)
    for (const stream of [...this.journals, this.commands, this.orderCommands]) this.#loseLeader(stream)
  }

  get isDown(): boolean {
    return this.#world.nowMs < this.#downUntilMs
  }

  /** A stream looks for a new leader for `ms` milliseconds. Of the writes on their way then, some are stored and some are lost. */
  elect(stream: StreamModel, ms: number): void {
    const { name } = stream.config
    this.#electingUntilMs.set(name, Math.max(this.#electingUntilMs.get(name) ?? 0, this.#world.nowMs + ms))
    this.#loseLeader(stream)
  }

  /** A journal gets another leader after `electingMs`; the one before it goes on answering `askers` for `ms` milliseconds. Of three servers alone one can be cut off from the others. */
  cutOffLeader(partition: number, electingMs: number, ms: number, askers: ReadonlySet<string>): boolean {
    const journal = this.journals[partition]
    if (journal === undefined || this.options.replicas === 1) return false
    this.#formerLeaders.set(partition, { endSeq: journal.lastSeq, untilMs: this.#world.nowMs + ms, askers })
    this.elect(journal, electingMs)
    return true
  }

  /** Ends every outage. */
  heal(): void {
    this.#formerLeaders.clear()
    this.#downUntilMs = 0
    this.#fullUntilMs = 0
    this.#electingUntilMs.clear()
    this.#withheldUntilMs.clear()
  }

  /** The commands streams take nothing for `ms` milliseconds. */
  fillCommands(ms: number): void {
    this.#fullUntilMs = this.#world.nowMs + ms
  }

  /** Why a stream doesn't answer: silence, or nobody responds; undefined if it does. */
  #outage(stream: string): null | ApiError | undefined {
    if (this.isDown) return null
    return this.#world.nowMs < (this.#electingUntilMs.get(stream) ?? 0) ? nobodyResponds : undefined
  }

  /** Whether reads of a stream are answered. */
  answersFor(stream: string): boolean {
    return this.#outage(stream) === undefined
  }

  /** Stores what is proposed: at once on one server, after a while on three, unless the leader is lost meanwhile. */
  #write(
    stream: StreamModel,
    subject: string,
    headers: string,
    body: Uint8Array,
    expectation: Expectation,
    done: (answer: AppendAnswer) => void,
  ): void {
    const outage = this.#outage(stream.config.name)
    if (outage !== undefined) return done(outage)
    const proposed = stream.propose(this.nowMs, subject, headers, body, expectation)
    if (proposed._tag === "Refused") return done(proposed.error)
    if (proposed._tag === "Duplicate") return done({ seq: proposed.seq, duplicate: true })
    if (this.options.replicas === 1) return done({ seq: this.#commit(stream, proposed.proposal), duplicate: false })
    const pending: Pending = { proposal: proposed.proposal, done }
    const { name } = stream.config
    const queue = this.#pending.get(name) ?? []
    this.#pending.set(name, queue)
    queue.push(pending)
    // Writes are agreed upon in the order in which they were proposed.
    const atMs = Math.max(this.#world.nowMs + this.commitMs(name), this.#agreedMs.get(name) ?? 0)
    this.#agreedMs.set(name, atMs)
    this.#world.in(atMs - this.#world.nowMs, EventKind.server, null, () => {
      if (queue[0] !== pending) return
      queue.shift()
      done({ seq: this.#commit(stream, pending.proposal), duplicate: false })
    })
  }

  /** The leader is lost: of what was on its way, a beginning may have reached the others; nobody is told. */
  #loseLeader(stream: StreamModel): void {
    const queue = this.#pending.get(stream.config.name) ?? []
    let survives = true
    for (const { proposal, done } of queue.splice(0)) {
      survives = survives && this.survivesElection(stream.config.name)
      if (survives) this.#commit(stream, proposal)
      else stream.drop(proposal)
      done(null)
    }
  }

  #commit(stream: StreamModel, proposal: Proposal): number {
    const seq = stream.commit(proposal, this.nowMs)
    if (stream === this.commands) this.#commandStored("sku", stream.at(seq) as StoredMessage)
    else if (stream === this.orderCommands) this.#commandStored("order", stream.at(seq) as StoredMessage)
    else if (stream !== this.keys) {
      const stored: StoredRecord = { seq, messageId: proposal.expectation.messageId ?? "", bytes: proposal.body }
      for (const listener of this.listeners) listener.recordStored(this.journals.indexOf(stream), stored)
    }
    return seq
  }

  #commandStored(kind: Kind, stored: StoredMessage): void {
    const { partition, message } = this.#commands[kind].add(stored)
    const id = kind === "sku" ? partition : this.options.partitions + partition
    for (const listener of this.listeners) listener.commandStored(id, message)
  }

  /** Where the commands of a partition lie, by its journal's number: the stream, and its own number there. */
  #commandsOf(id: number): { readonly of: CommandStream; readonly partition: number } {
    const { partitions } = this.options
    return id < partitions ? { of: this.#commands.sku, partition: id } : { of: this.#commands.order, partition: id - partitions }
  }

  append(partition: number, expectedSeq: number, messageId: string, bytes: Uint8Array, done: (answer: AppendAnswer) => void): void {
    const journal = this.journals[partition] as StreamModel
    this.#write(journal, journalSubject("sku", partition), "", bytes, { lastSeq: expectedSeq, messageId }, done)
  }

  #isFull(stream: StreamModel): boolean {
    return this.#world.nowMs < this.#fullUntilMs && this.answersFor(stream.config.name)
  }

  /** A message that an ingress wrote. */
  storeBatch(id: number, bytes: Uint8Array, done: (answer: AppendAnswer) => void): void {
    const { of, partition } = this.#commandsOf(id)
    if (this.#isFull(of.model)) return done(isFull)
    this.#write(of.model, storedOf(of.kind, partition), "", bytes, {}, done)
  }

  recordAt(partition: number, seq: number): StoredRecord | null {
    const found = this.journals[partition]?.at(seq)
    return found === undefined ? null : { seq, messageId: found.messageId, bytes: found.body }
  }

  endSeq(partition: number): number {
    return this.journals[partition]?.lastSeq ?? 0
  }

  /** A journal's end as whoever asks for it is told: by its leader, or by who takes itself for that; null: nobody answers. */
  endTold(asker: string, partition: number): number | null {
    const former = this.#formerLeaders.get(partition)
    const isAsked = former !== undefined && this.#world.nowMs < former.untilMs && former.askers.has(asker)
    // What the others lost it doesn't have either: a tail is lost with every copy of it.
    if (isAsked && !this.isDown && this.formerLeaderAnswers(asker, partition)) return Math.min(former.endSeq, this.endSeq(partition))
    return this.answersFor(`JOURNAL_${partition}`) ? this.endSeq(partition) : null
  }

  /** Records from a sequence up to another, at most `max`. */
  records(partition: number, fromSeq: number, toSeq: number, max: number): Array<StoredRecord> {
    const records: Array<StoredRecord> = []
    const end = Math.min(toSeq, this.endSeq(partition), fromSeq + max - 1)
    for (let seq = fromSeq; seq <= end; seq++) {
      const record = this.recordAt(partition, seq)
      if (record !== null) records.push(record)
    }
    return records
  }

  /** Messages of a partition from a sequence on, at most `max`. */
  messages(id: number, fromSeq: number, max: number): Array<CommandMessage> {
    const { of, partition } = this.#commandsOf(id)
    return of.from(partition, fromSeq, max)
  }

  commandAt(id: number, seq: number) {
    const { of, partition } = this.#commandsOf(id)
    const { firstSeq, lastSeq } = of.model
    const message = of.at(seq)
    const nextSeq = message === null ? (of.from(partition, seq + 1, 1)[0]?.seq ?? null) : null
    return { message, firstSeq, lastSeq, nextSeq, fill: this.#isFull(of.model) ? 1 : 0 }
  }

  /** Whether reads of the stream that a partition's commands lie in are answered. */
  answersForCommands(id: number): boolean {
    return this.answersFor(this.#commandsOf(id).of.model.config.name)
  }

  /** The newest command of a partition, 0 if there is none. */
  lastCommandSeq(id: number): number {
    const { of, partition } = this.#commandsOf(id)
    return of.lastSeq(partition)
  }

  /** `losses`: {@link commandsLosses} when it was asked for. A request on its way to a leader is lost with it: it never meets sequences that the stream uses again. */
  purgeCommands(id: number, beforeSeq: number, losses: number): void {
    if (losses !== this.commandsLosses) return
    const { of, partition } = this.#commandsOf(id)
    of.purge(partition, beforeSeq)
  }

  /** How often a commands stream lost its tail, and its leader with it. */
  commandsLosses = 0

  /** A commands stream loses its unsynced tail. Returns how many messages. */
  loseCommands(count: number, kind: Kind = "sku"): number {
    this.commandsLosses++
    this.#loseLeader(this.#commands[kind].model)
    return this.#commands[kind].loseTail(count)
  }

  /** The commands stream of SKUs keeps its newest `count` messages alone. Returns the partitions whose messages it dropped, decided or not. */
  trimCommands(count: number): ReadonlySet<number> {
    return this.#commands.sku.trim(count)
  }

  /** Sequences of the commands stream of SKUs that were dropped, decided or not. */
  get droppedCommands(): ReadonlySet<number> {
    return this.#commands.sku.dropped
  }

  /** A journal loses its unsynced tail. Returns how many records. */
  loseRecords(partition: number, count: number): number {
    const journal = this.journals[partition]
    if (journal === undefined) return 0
    this.#loseLeader(journal)
    return journal.loseTail(Math.min(count, journal.lastSeq))
  }

  // Keys: marks and leases.

  #key<T>(key: string): T | null {
    this.keys.expire(this.nowMs)
    return decoded<T>(this.keys.lastOf(key))
  }

  #put(key: string, value: unknown, expectation: Expectation = {}): AppendAnswer {
    this.keys.expire(this.nowMs)
    const proposed = this.keys.publish(this.nowMs, key, "", value === null ? new Uint8Array() : encoded(value), expectation)
    if (proposed._tag === "Refused") return proposed.error
    return { seq: this.keys.lastSeq, duplicate: false }
  }

  marks(partition: number): Marks {
    return {
      incarnation: this.#key<string>(`incarnation.${partition}`),
      witness: this.#key<Witness>(`witness.${partition}`),
      halt: this.#key<Halt>(`halt.${partition}`),
    }
  }

  putIncarnation(partition: number, incarnation: string): void {
    this.#put(`incarnation.${partition}`, incarnation)
  }

  /** Raises the witness, as the port `Cluster` says; the one that stands afterwards. */
  putWitness(partition: number, witness: Witness, over: Witness | null): Witness | null {
    const key = `witness.${partition}`
    const stands = this.#key<Witness>(key)
    const isExpected = stands?.seq === over?.seq && stands?.hash === over?.hash
    if (!isExpected || (stands?.seq ?? 0) >= witness.seq) return stands
    this.#put(key, witness)
    return witness
  }

  /** Forgets the witness and lifts the halt, if an operator has answered it. */
  clearHalt(partition: number): void {
    const halt = this.#key<Halt>(`halt.${partition}`)
    if (halt === null || halt.resume === null) return
    this.#put(`witness.${partition}`, null)
    this.putHalt(partition, null)
  }

  /** Another whenever the halt was set, answered or lifted. */
  haltRevision(partition: number): number {
    return this.keys.lastOf(`halt.${partition}`)?.seq ?? 0
  }

  putHalt(partition: number, halt: Halt | null): void {
    this.#put(`halt.${partition}`, halt)
    for (const listener of this.listeners) listener.haltChanged(partition)
  }

  /** Nobody gets the lease of a partition, or keeps it, for `ms` milliseconds. */
  withholdLease(partition: number, ms: number): void {
    this.#withheldUntilMs.set(partition, this.#world.nowMs + ms)
  }

  #isWithheld(partition: number): boolean {
    return this.#world.nowMs < (this.#withheldUntilMs.get(partition) ?? 0)
  }

  /** Takes a lease: its revision, or the holder's name. */
  acquire(partition: number, worker: string, ttlMs: number): { readonly revision: number } | { readonly holder: string } {
    const key = `lease.${partition}`
    const holder = this.#key<string>(key)
    if (this.#isWithheld(partition)) return { holder: "nobody" }
    if (holder !== null && holder !== worker && !this.givesLeaseTwice(partition)) return { holder }
    const last = this.keys.lastOf(key)
    const answer = this.#put(key, worker, { ttlMs, lastSubjectSeq: last?.seq ?? 0 })
    return answer !== null && "seq" in answer ? { revision: answer.seq } : { holder: holder ?? "somebody" }
  }

  renew(partition: number, worker: string, revision: number, ttlMs: number): { readonly revision: number } | { readonly holder: string } {
    const key = `lease.${partition}`
    const holder = this.#key<string>(key)
    if (holder !== worker || this.#isWithheld(partition)) return { holder: holder ?? "nobody" }
    const answer = this.#put(key, worker, { ttlMs, lastSubjectSeq: revision })
    return answer !== null && "seq" in answer ? { revision: answer.seq } : { holder }
  }

  release(partition: number, worker: string): void {
    if (this.#key<string>(`lease.${partition}`) === worker) this.#put(`lease.${partition}`, null)
  }

  /** The lease is gone before its time. */
  dropLease(partition: number): void {
    this.#put(`lease.${partition}`, null)
  }

  leaseHolder(partition: number): string | null {
    return this.#key<string>(`lease.${partition}`)
  }

  // Feed.

  /** Stores a value as the last of its channel and SKU. */
  storeFeed(partition: number, value: AtsValue): void {
    const key = `${value.channel} ${value.sku}`
    this.#feed.delete(key)
    this.#feed.set(key, { partition, value, storedMs: this.nowMs })
    for (const listener of this.listeners) listener.feedStored(partition, value)
  }

  /** The last values stored. */
  feed(): Array<AtsValue> {
    return [...this.#feed.values()].map(({ value }) => value)
  }

  /** The last values of a partition that were stored at a time or later, in the order they were stored. */
  feedSince(partition: number, sinceMs: number): Array<AtsValue> {
    return [...this.#feed.values()].filter((kept) => kept.partition === partition && kept.storedMs >= sinceMs).map(({ value }) => value)
  }

  // Snapshots.

  putChunk(id: number, snapshot: string, index: number, bytes: Uint8Array): void {
    const key = `${id} ${snapshot}`
    const chunks = this.#chunks.get(key) ?? []
    this.#chunks.set(key, chunks)
    chunks[index] = bytes
  }

  /** `id`: of the journal among all of the world. The manifest names its partition among those of its kind. */
  publishSnapshot(id: number, manifest: SnapshotManifest): void {
    const chunks = this.#chunks.get(`${id} ${manifest.id}`) ?? []
    const former = this.#snapshots.get(id)
    if (former !== undefined) this.#formerSnapshots.set(id, former)
    this.#snapshots.set(id, { manifest, chunks })
  }

  snapshot(partition: number): StoredSnapshot | null {
    return this.#snapshots.get(partition) ?? null
  }

  /** The snapshot that the present one took the place of, null if it is the first. */
  formerSnapshot(partition: number): StoredSnapshot | null {
    return this.#formerSnapshots.get(partition) ?? null
  }

  /** Puts something else in a snapshot's place: what a fault makes of it. */
  replaceSnapshot(partition: number, snapshot: StoredSnapshot): void {
    this.#snapshots.set(partition, snapshot)
  }

  discardSnapshot(partition: number, id: string): void {
    if (this.#snapshots.get(partition)?.manifest.id === id) this.#snapshots.delete(partition)
  }
}
