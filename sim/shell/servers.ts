/**
 * The servers of a shell-mode world: every stream that Holdfast lives on, who leads it, and what is said without being stored.
 *
 * What a stream stores and refuses is `StreamModel`'s; here is when: one server stores at once, three after a while, and a stream whose leader is
 * being elected answers that nobody responds, while what was on its way is kept up to some write and lost after it.
 */
import { assert } from "../../src/assert.ts"
import { atsSubject } from "../../src/wire/subjects.ts"
import {
  type ApiError,
  type Expectation,
  type Proposal,
  type StoredMessage,
  type StreamConfig,
  StreamModel,
} from "../substitutes/stream.ts"
import type { Chance, Family } from "../world/chance.ts"
import { EventKind, type World } from "../world/world.ts"

/** How a server answers a write. */
export type WriteAnswer =
  | { readonly _tag: "Stored"; readonly seq: number; readonly duplicate: boolean }
  | { readonly _tag: "Refused"; readonly error: ApiError }

export const nobodyResponds: ApiError = { code: 503, errCode: 0, description: "no responders" }

export interface Write {
  readonly subject: string
  readonly headers?: string
  readonly body: Uint8Array
  readonly expectation?: Expectation
}

interface OnItsWay {
  readonly proposal: Proposal
  readonly answer: (answer: WriteAnswer) => void
}

/** Milliseconds until three servers agree on a write, at least and at most. */
const replicationMsMin = 1
const replicationMsMax = 4

/** One stream and its leader. */
export class ServedStream {
  readonly model: StreamModel
  readonly #world: World
  readonly #replication: Family
  /** Writes that the leader took and the others have not agreed on, in order. */
  #onTheirWay: Array<OnItsWay> = []
  #nextCommitMs = 0
  #leaderlessUntilMs = 0
  #expiryPlannedMs = Number.POSITIVE_INFINITY
  /** Told whenever something was stored. */
  readonly changed = new Set<() => void>()

  constructor(world: World, replication: Family, config: StreamConfig) {
    this.#world = world
    this.#replication = replication
    this.model = new StreamModel(config)
  }

  get hasLeader(): boolean {
    return this.#world.nowMs >= this.#leaderlessUntilMs
  }

  /** Judges and stores a write. The answer may never come: the leader lost its office. */
  write({ subject, headers = "", body, expectation }: Write, answer: (answer: WriteAnswer) => void): void {
    if (!this.hasLeader) {
      answer({ _tag: "Refused", error: nobodyResponds })
      return
    }
    const nowMs = this.#world.nowMs
    const proposed = this.model.propose(nowMs, subject, headers, body, expectation)
    if (proposed._tag === "Refused") {
      answer(proposed)
      return
    }
    if (proposed._tag === "Duplicate") {
      answer({ _tag: "Stored", seq: proposed.seq, duplicate: true })
      return
    }
    this.#onTheirWay.push({ proposal: proposed.proposal, answer })
    if (this.model.config.replicas === 1) {
      this.#commitFirst()
      return
    }
    const spread = this.#replication.below(replicationMsMax - replicationMsMin + 1)
    this.#nextCommitMs = Math.max(this.#nextCommitMs, nowMs + replicationMsMin + spread)
    this.#world.in(this.#nextCommitMs - nowMs, EventKind.server, null, () => this.#commitFirst())
  }

  /** The leader is gone, and another is not there for so long. Of what was on its way the first `kept` writes are stored, unanswered; the others never were. */
  elect(forMs: number, kept: number): void {
    const waiting = this.#onTheirWay
    this.#onTheirWay = []
    for (const [place, { proposal }] of waiting.entries()) {
      if (place < kept) this.#commit(proposal)
      else this.model.drop(proposal)
    }
    this.#leaderlessUntilMs = Math.max(this.#leaderlessUntilMs, this.#world.nowMs + forMs)
    // Whoever reads goes on when there is a leader again.
    this.#world.in(forMs, EventKind.server, null, () => this.#tell())
  }

  get waiting(): number {
    return this.#onTheirWay.length
  }

  #commitFirst(): void {
    // What was planned before an election finds nothing left, or what was written after it: that is stored the sooner.
    const first = this.#onTheirWay.shift()
    if (first === undefined) return
    const seq = this.#commit(first.proposal)
    first.answer({ _tag: "Stored", seq, duplicate: false })
  }

  #commit(proposal: Proposal): number {
    const seq = this.model.commit(proposal, this.#world.nowMs)
    this.#world.trace(seq)
    this.#world.trace(proposal.body.length)
    this.#planExpiry()
    this.#tell()
    return seq
  }

  #tell(): void {
    for (const tell of [...this.changed]) tell()
  }

  #planExpiry(): void {
    const endMs = this.model.nextEndMs
    if (endMs >= this.#expiryPlannedMs) return
    this.#expiryPlannedMs = endMs
    this.#world.in(Math.max(0, endMs - this.#world.nowMs), EventKind.lease, null, () => {
      this.#expiryPlannedMs = Number.POSITIVE_INFINITY
      if (this.model.expire(this.#world.nowMs).length > 0) this.#tell()
      this.#planExpiry()
    })
  }
}

/** Something said on a subject that no stream need hold. */
export interface Said {
  readonly subject: string
  readonly replySuffix: string | null
  readonly body: Uint8Array
}

interface Listener {
  readonly prefix: string
  readonly hear: (said: Said) => void
}

export interface ServersOptions {
  readonly partitions: number
  readonly replicas: 1 | 3
}

/** Milliseconds for which an expired key's marker stays, and in which a journal's message ids are known. */
const markerMs = 3_600_000
const journalWindowMs = 120_000
const commandsWindowMs = 100

export class Servers {
  readonly world: World
  readonly partitions: number
  readonly commands: ServedStream
  readonly journals: ReadonlyArray<ServedStream>
  readonly feed: ServedStream
  readonly snapshots: ServedStream
  readonly leases: ServedStream
  readonly members: ServedStream
  readonly marks: ServedStream
  readonly #listeners = new Set<Listener>()
  #feedSaidSeq = 0

  constructor(world: World, chance: Chance, { partitions, replicas }: ServersOptions) {
    assert(partitions <= 10, "no partition's subject begins another's")
    this.world = world
    this.partitions = partitions
    const stream = (name: string, config: Partial<StreamConfig> = {}) =>
      new ServedStream(world, chance.family("replication"), { name, replicas, duplicateWindowMs: journalWindowMs, ...config })
    const bucket = (name: string) => stream(name, { lastOnly: true, markerMs })
    this.commands = stream("commands", { duplicateWindowMs: commandsWindowMs })
    this.journals = Array.from({ length: partitions }, (_, partition) => stream(`journal ${partition}`))
    this.feed = stream("feed", { lastOnly: true })
    this.snapshots = stream("snapshots", { lastOnly: true })
    this.leases = bucket("leases")
    this.members = bucket("members")
    this.marks = bucket("marks")
    this.feed.changed.add(() => this.#republishFeed())
  }

  /** Those of a cluster. */
  get streams(): ReadonlyArray<ServedStream> {
    return [this.commands, ...this.journals, this.feed, this.snapshots, this.leases, this.members, this.marks]
  }

  journal(partition: number): ServedStream {
    const journal = this.journals[partition]
    assert(journal !== undefined, "the partition exists")
    return journal
  }

  /** Calls `hear` with what is said on subjects that begin with `prefix`, until the returned function is called. */
  listen(prefix: string, hear: (said: Said) => void): () => void {
    const listener: Listener = { prefix, hear }
    this.#listeners.add(listener)
    return () => this.#listeners.delete(listener)
  }

  say(said: Said): void {
    for (const { prefix, hear } of this.#listeners) if (said.subject.startsWith(prefix)) hear(said)
  }

  /** The feed's stream says what it stores to the channels. */
  #republishFeed(): void {
    const { model } = this.feed
    for (let seq = this.#feedSaidSeq + 1; seq <= model.lastSeq; seq++) {
      const message = model.at(seq)
      if (message !== undefined) this.say({ subject: atsSubjectOf(message), replySuffix: null, body: message.body })
    }
    this.#feedSaidSeq = model.lastSeq
  }
}

/** `hf.feed.<partition>.<channel>.<token>` as channels hear it. */
const atsSubjectOf = ({ subject }: StoredMessage): string => {
  const [, , , channel, token] = subject.split(".")
  return atsSubject(channel ?? "", token ?? "")
}
