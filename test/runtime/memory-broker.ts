/**
 * The ports over plain memory, for the tests of the runtime: journals by compare-and-set, commands in one sequence, leases and marks.
 *
 * Small on purpose: it doesn't model what a broker may do to a caller beyond what a test switches on. What is written here stays until
 * the object is dropped; several workers share one.
 */
import { Effect, Layer, type Scope, Stream } from "effect"
import { type CommandClass, partitionOf, type SenderId, type Sku } from "../../src/domain/names.ts"
import type { CommandMessage, Halt, SnapshotManifest, Witness } from "../../src/engine/protocol.ts"
import type { StoredRecord } from "../../src/engine/records.ts"
import type { AtsValue, SkuReply, SkuTakenMessage } from "../../src/kinds/sku/types.ts"
import {
  type AnnouncedMember,
  type AskedQuestion,
  type BrokerTrouble,
  Cluster,
  Commands,
  type HaltChange,
  Journals,
  type Member,
  type OpenQuestions,
  Outbound,
  Questions,
  Snapshots,
} from "../../src/ports/broker.ts"
import { AppendUnknown, BrokerUnavailable, Superseded } from "../../src/ports/errors.ts"
import { makeSignal } from "../../src/runtime/signal.ts"
import { decodeBody } from "../../src/wire/body.ts"
import { storedOf } from "../../src/wire/subjects.ts"
import { bodyText, encodeBatch } from "../../src/wire/taken.ts"
import { MemoryDoor } from "./memory-door.ts"

/** How often members say anew what they have to say, however long they may be silent. */
const announceMs = 100

interface Lease {
  readonly holder: string
  readonly revision: number
  readonly untilMs: number
}

interface Marks {
  incarnation: string | null
  witness: Witness | null
  halt: Halt | null
}

/** A list that is appended to, and read as it grows. */
class Growing<A> {
  readonly items: Array<A> = []
  readonly #changed = makeSignal()

  push(item: A): void {
    this.items.push(item)
    this.#changed.notify()
  }

  /** Lets those who wait look again, though nothing was appended. */
  lookAgain(): void {
    this.#changed.notify()
  }

  /** Everything from index `from` on, for ever, while `isHeard`, or until `isBroken`. */
  from(from: number, isHeard = () => true, isBroken = () => false): Stream.Stream<ReadonlyArray<A>, BrokerUnavailable> {
    return Stream.suspend(() => {
      let next = from
      const more = this.#changed
        .until(() => isBroken() || (this.items.length > next && isHeard()))
        .pipe(
          Effect.flatMap(() => {
            if (isBroken()) return Effect.fail(new BrokerUnavailable({ operation: "read", cause: "it broke" }))
            const items = this.items.slice(next)
            next = this.items.length
            return Effect.succeed(items)
          }),
        )
      return Stream.fromEffectRepeat(more)
    })
  }
}

/** Lets everything pass, until it is closed: then whoever comes waits. */
class Gate {
  readonly #opened = makeSignal()
  #isClosed = false
  /** How many came while it was closed. */
  waiting = 0

  close(): void {
    this.#isClosed = true
  }

  open(): void {
    this.#isClosed = false
    this.waiting = 0
    this.#opened.notify()
  }

  readonly passed: Effect.Effect<void> = Effect.suspend(() => {
    if (this.#isClosed) this.waiting++
    return this.#opened.until(() => !this.#isClosed)
  })
}

export class MemoryBroker {
  readonly partitions: number
  readonly commands = new Growing<CommandMessage>()
  readonly journals: ReadonlyArray<Growing<StoredRecord>>
  readonly replies = new Growing<SkuReply>()
  /** What was said instead of a decision. */
  readonly said = new Growing<{ readonly sender: SenderId; readonly suffix: string; readonly body: Uint8Array }>()
  readonly feed = new Growing<AtsValue & { readonly storedMs: number }>()
  /** Who listens to questions, and whose. */
  readonly #listeners = new Set<{ readonly senders: Set<SenderId>; readonly hear: (question: AskedQuestion) => void }>()
  /** Whom to tell the answers to questions, by sender and suffix. */
  readonly #answered = new Map<string, (answer: Uint8Array) => void>()
  #asked = 0
  #serial = 0
  /** Where senders send, and what ingresses and owners say to each other. */
  readonly door = new MemoryDoor((partition, body) => this.store(partition, body))
  readonly snapshots = new Map<number, SnapshotManifest>()
  readonly chunks = new Map<string, Uint8Array>()
  readonly marks: ReadonlyArray<Marks>
  readonly halts = new Growing<HaltChange>()
  readonly leaseChanges = new Growing<{ readonly partition: number; readonly holder: string | null; readonly brokerMs: number }>()
  readonly memberChanges = new Growing<ReadonlyArray<AnnouncedMember>>()
  readonly leases = new Map<number, Lease>()
  #members: ReadonlyArray<AnnouncedMember> = []
  #beat = 0
  #revision = 0
  readonly #cutOff = new Set<string>()
  /** What happens to the next appends, in turn; afterwards all go well. */
  readonly appendFaults: Array<"storedUnanswered" | "lost"> = []
  /** Whether journals can be followed at all; while not, followers wait. */
  readonly following = new Gate()
  /** Whether appends arrive; while not, they wait on their way. */
  readonly appending = new Gate()
  /** Whether replies are sent at all; held back, they are tried again. */
  repliesHeldBack = false
  /** Times that all readings of commands broke. */
  #breaks = 0

  constructor(partitions: number) {
    this.partitions = partitions
    this.memberChanges.push([])
    this.journals = Array.from({ length: partitions }, () => new Growing<StoredRecord>())
    this.marks = Array.from({ length: partitions }, () => ({ incarnation: null, witness: null, halt: null }))
  }

  /** Asks as a request would: every worker that listens to this sender hears it. Returns how many do. */
  ask(sender: string, path: string, body: Uint8Array, answered: (answer: Uint8Array) => void): number {
    const suffix = `q.${++this.#asked}`
    const asker = sender as SenderId
    this.#answered.set(`${sender} ${suffix}`, answered)
    const hearing = [...this.#listeners].filter(({ senders }) => senders.has(asker))
    for (const { hear } of hearing) hear({ sender: asker, path, replySubject: `hf.reply.${sender}.${suffix}`, replyHeader: "", body })
    return hearing.length
  }

  /** Whether anybody listens to this sender's questions. */
  isHeard(sender: string): boolean {
    return [...this.#listeners].some(({ senders }) => senders.has(sender as SenderId))
  }

  #listen(hear: (question: AskedQuestion) => void): Effect.Effect<OpenQuestions, never, Scope.Scope> {
    const senders = new Set<SenderId>()
    const listener = { senders, hear }
    const opened: OpenQuestions = {
      open: (sender) => void senders.add(sender),
      close: (sender) => void senders.delete(sender),
      answer: (sender, suffix, body) => this.#answered.get(`${sender} ${suffix}`)?.(body),
    }
    return Effect.acquireRelease(
      Effect.sync(() => {
        this.#listeners.add(listener)
        return opened
      }),
      () => Effect.sync(() => this.#listeners.delete(listener)),
    )
  }

  /** Stores what an ingress wrote. Returns its sequence. */
  store(partition: number, body: Uint8Array): number {
    const seq = this.commands.items.length + 1
    this.commands.push({ seq, subject: storedOf("sku", partition), headers: "", body, brokerMs: Date.now() })
    return seq
  }

  /** Stores a command as an ingress would. Returns its sequence. */
  publish(sender: string, commandClass: CommandClass, sku: string, command: object, replySuffix: string | null): number {
    const body = decodeBody(new TextEncoder().encode(JSON.stringify(command)))
    const message: SkuTakenMessage = {
      sender: sender as SenderId,
      class: commandClass,
      bulk: false,
      key: sku as Sku,
      reply: replySuffix,
      publishedMs: Date.now(),
      trace: null,
      bytes: Buffer.byteLength(bodyText(body)),
      body,
    }
    return this.store(
      partitionOf(sku, this.partitions),
      encodeBatch({ ingress: "memory", serial: ++this.#serial, acknowledged: 0, messages: [message] }),
    )
  }

  /** The newest commands are gone, as when power failed; what is published next has their sequences. All readings break. */
  loseCommands(count: number): void {
    this.commands.items.length -= count
    this.#breaks++
    this.commands.lookAgain()
  }

  /** What was said about a command's id so far. */
  decisions(id: string) {
    return this.replies.items.flatMap((reply) => reply.decisions).filter((decision) => decision.id === id)
  }

  #haltRevisionOf(partition: number): number {
    return this.halts.items.filter((change) => change.partition === partition).length
  }

  setHalt(partition: number, halt: Halt | null): void {
    this.#marksOf(partition).halt = halt
    this.halts.push({ partition, halt, revision: this.#haltRevisionOf(partition) + 1 })
  }

  /** From now on nothing a worker sends arrives, and it hears of no change. Only commands still reach it: they were on their way. */
  cutOff(worker: string): void {
    this.#cutOff.add(worker)
  }

  restore(worker: string): void {
    this.#cutOff.delete(worker)
    this.memberChanges.lookAgain()
    this.leaseChanges.lookAgain()
    this.halts.lookAgain()
  }

  /** A worker's membership and leases run out, as when it died. */
  forget(worker: string): void {
    this.#setMembers(this.#members.filter((member) => member.worker !== worker))
    for (const [partition, lease] of this.leases) if (lease.holder === worker) this.#setLease(partition, null)
  }

  #marksOf(partition: number): Marks {
    const marks = this.marks[partition]
    if (marks === undefined) throw new Error(`there is no partition ${partition}`)
    return marks
  }

  journal(partition: number): Growing<StoredRecord> {
    const journal = this.journals[partition]
    if (journal === undefined) throw new Error(`there is no partition ${partition}`)
    return journal
  }

  #setMembers(members: ReadonlyArray<AnnouncedMember>): void {
    this.#members = members
    this.memberChanges.push(members)
  }

  /** A member says what it has to say again. One that was taken for dead isn't heard: it stays what it is to the others. */
  #announceAgain(member: Member): void {
    const said = { ...member, beat: ++this.#beat }
    const known = this.#members.find(({ worker }) => worker === member.worker)
    if (known === undefined) return
    this.#setMembers(this.#members.map((other) => (other === known ? said : other)))
  }

  #setLease(partition: number, lease: Lease | null): void {
    if (lease === null) this.leases.delete(partition)
    else this.leases.set(partition, lease)
    this.leaseChanges.push({ partition, holder: lease?.holder ?? null, brokerMs: Date.now() })
  }

  #unlessCutOff<A, E>(worker: string, effect: Effect.Effect<A, E>): Effect.Effect<A, E | BrokerUnavailable> {
    return Effect.suspend(
      (): Effect.Effect<A, E | BrokerUnavailable> =>
        this.#cutOff.has(worker) ? Effect.fail(new BrokerUnavailable({ operation: "any", cause: "cut off" })) : effect,
    )
  }

  #append(worker: string, partition: number, expectedSeq: number, messageId: string, bytes: Uint8Array) {
    const stored = Effect.suspend((): Effect.Effect<{ readonly seq: number; readonly duplicate: boolean }, AppendUnknown> => {
      const journal = this.journal(partition)
      const unknown = (cause: string) => Effect.fail(new AppendUnknown({ partition, cause }))
      if (this.#cutOff.has(worker)) return unknown("cut off")
      if (journal.items.length !== expectedSeq) return unknown(`wrong last sequence: ${journal.items.length}`)
      const fault = this.appendFaults.shift()
      if (fault === "lost") return unknown("lost on its way")
      const seq = expectedSeq + 1
      journal.push({ seq, messageId, bytes })
      return fault === "storedUnanswered" ? unknown("stored, but the answer was lost") : Effect.succeed({ seq, duplicate: false })
    })
    return Effect.andThen(this.appending.passed, stored)
  }

  #journalsFor(worker: string): Journals["Service"] {
    return Journals.of({
      append: (partition, expectedSeq, messageId, bytes) => this.#append(worker, partition, expectedSeq, messageId, bytes),
      endSeq: (partition) =>
        this.#unlessCutOff(
          worker,
          Effect.sync(() => this.journal(partition).items.length),
        ),
      at: (partition, seq) =>
        this.#unlessCutOff(
          worker,
          Effect.sync(() => this.journal(partition).items[seq - 1] ?? null),
        ),
      read: (partition, fromSeq, toSeq) => Stream.suspend(() => Stream.make(this.journal(partition).items.slice(fromSeq - 1, toSeq))),
      follow: (partition, fromSeq) => Stream.unwrap(Effect.as(this.following.passed, this.journal(partition).from(fromSeq - 1))),
    })
  }

  #commandsService(): Commands["Service"] {
    const stream = this.commands
    const { items } = stream
    const of = (partition: number) => (message: CommandMessage) => message.subject === storedOf("sku", partition)
    return Commands.of({
      read: (partition, fromSeq) =>
        Stream.suspend(() => {
          const breaks = this.#breaks
          const isBroken = () => this.#breaks > breaks
          return Stream.map(
            stream.from(0, () => true, isBroken),
            (messages) => messages.filter((message) => message.seq >= fromSeq && of(partition)(message)),
          )
        }),
      at: (_, seq) =>
        Effect.sync(() => ({
          message: items[seq - 1] ?? null,
          firstSeq: 1,
          lastSeq: items.length,
          nextSeq: items[0]?.seq ?? null,
          fill: 0,
        })),
      purge: () => Effect.void,
      waiting: (partition, seq) =>
        Effect.sync(() => {
          const waiting = items.filter((message) => message.seq > seq && of(partition)(message))
          return { count: waiting.length, oldestMs: waiting[0]?.brokerMs ?? null }
        }),
    })
  }

  #storeFeed(values: ReadonlyArray<AtsValue>): void {
    for (const value of values) this.feed.push({ ...value, storedMs: Date.now() })
  }

  #outboundFor(worker: string): Outbound["Service"] {
    return Outbound.of({
      reply: (replies) =>
        this.#unlessCutOff(
          worker,
          Effect.suspend(() => {
            if (this.repliesHeldBack) return Effect.fail(new BrokerUnavailable({ operation: "reply", cause: "held back" }))
            for (const reply of replies) this.replies.push(reply as SkuReply)
            return Effect.void
          }),
        ),
      busy: (sender, suffix, body) => {
        if (!this.#cutOff.has(worker)) this.said.push({ sender, suffix, body })
      },
      feed: (_partition, values) =>
        this.#unlessCutOff(
          worker,
          Effect.sync(() => {
            this.#storeFeed(values)
          }),
        ),
      watchFeed: (partition, sinceMs) =>
        Stream.map(this.feed.from(0), (stored) =>
          stored.filter((one) => one.storedMs >= sinceMs && partitionOf(one.sku, this.partitions) === partition),
        ),
    })
  }

  #snapshotsService(): Snapshots["Service"] {
    return Snapshots.of({
      putChunk: (partition, snapshot, index, bytes) =>
        Effect.sync(() => {
          this.chunks.set(`${partition}/${snapshot}/${index}`, bytes)
        }),
      publish: (manifest) =>
        Effect.sync(() => {
          this.snapshots.set(manifest.partition, manifest)
        }),
      latest: (partition) =>
        Effect.sync(() => {
          const manifest = this.snapshots.get(partition)
          if (manifest === undefined) return null
          const chunks = Array.from({ length: manifest.chunks }, (_, index) => this.chunks.get(`${partition}/${manifest.id}/${index}`))
          return { manifest, chunks: chunks.filter((chunk) => chunk !== undefined) }
        }),
      discard: () => Effect.void,
    })
  }

  /** Runs a lease out when its time is up; asked at every acquisition, as a server would by itself. */
  #liveLease(partition: number): Lease | undefined {
    const lease = this.leases.get(partition)
    return lease !== undefined && lease.untilMs > Date.now() ? lease : undefined
  }

  #leasing(): Pick<Cluster["Service"], "acquire" | "renew" | "release"> {
    const grant = (partition: number, holder: string, ttlMs: number) => {
      this.#setLease(partition, { holder, revision: ++this.#revision, untilMs: Date.now() + ttlMs })
      return Effect.succeed({ revision: this.#revision })
    }
    const superseded = (partition: number, holder: string) => Effect.fail(new Superseded({ key: `lease.${partition}`, holder }))
    return {
      acquire: (partition, worker, ttlMs) =>
        this.#unlessCutOff(
          worker,
          Effect.suspend(() => {
            const lease = this.#liveLease(partition)
            return lease !== undefined && lease.holder !== worker ? superseded(partition, lease.holder) : grant(partition, worker, ttlMs)
          }),
        ),
      renew: (partition, worker, revision, ttlMs) =>
        this.#unlessCutOff(
          worker,
          Effect.suspend(() => {
            const lease = this.leases.get(partition)
            return lease?.revision === revision ? grant(partition, worker, ttlMs) : superseded(partition, lease?.holder ?? "nobody")
          }),
        ),
      release: (partition, worker, revision) =>
        this.#unlessCutOff(
          worker,
          Effect.sync(() => {
            if (this.leases.get(partition)?.revision === revision) this.#setLease(partition, null)
          }),
        ),
    }
  }

  #clusterFor(worker: string): Cluster["Service"] {
    const watch = <A>(changes: Growing<A>) =>
      Stream.flatMap(
        changes.from(0, () => !this.#cutOff.has(worker)),
        (some) => Stream.fromIterable(some),
      )
    return Cluster.of({
      ...this.#leasing(),
      prepare: ({ partitions }) => Effect.succeed({ partitions, warnings: [] }),
      join: (member) =>
        Effect.acquireRelease(
          Effect.sync(() => this.#setMembers([...this.#members, { ...member, beat: ++this.#beat }])),
          () => Effect.sync(() => this.#setMembers(this.#members.filter((other) => other.worker !== member.worker))),
        ).pipe(
          Effect.andThen(
            this.#unlessCutOff(
              worker,
              Effect.sync(() => this.#announceAgain(member)),
            ).pipe(Effect.ignore, Effect.delay(announceMs), Effect.forever, Effect.forkScoped),
          ),
          Effect.asVoid,
        ),
      members: watch(this.memberChanges),
      troubles: () => {
        const none: ReadonlyArray<BrokerTrouble> = []
        return Stream.fromPull(Effect.succeed(this.#unlessCutOff(worker, Effect.succeed([none] as const)).pipe(Effect.delay("1 second"))))
      },
      leases: watch(this.leaseChanges),
      halts: watch(this.halts),
      marks: (partition) =>
        this.#unlessCutOff(
          worker,
          Effect.sync(() => ({ ...this.#marksOf(partition) })),
        ),
      putIncarnation: (partition, incarnation) =>
        Effect.sync(() => {
          this.#marksOf(partition).incarnation = incarnation
        }),
      putWitness: (partition, witness, over) =>
        this.#unlessCutOff(
          worker,
          Effect.sync(() => {
            const marks = this.#marksOf(partition)
            const isExpected = marks.witness?.seq === over?.seq && marks.witness?.hash === over?.hash
            if (isExpected && (marks.witness?.seq ?? 0) < witness.seq) marks.witness = witness
            return marks.witness
          }),
        ),
      haltRevision: (partition) =>
        this.#unlessCutOff(
          worker,
          Effect.sync(() => this.#haltRevisionOf(partition)),
        ),
      putHalt: (partition, halt, over) =>
        this.#unlessCutOff(
          worker,
          Effect.sync(() => {
            if (this.#haltRevisionOf(partition) === over) this.setHalt(partition, halt)
            return this.#marksOf(partition).halt
          }),
        ),
      clearHalt: (partition) =>
        Effect.sync(() => {
          const marks = this.#marksOf(partition)
          if (marks.halt === null || marks.halt.resume === null) return
          marks.witness = null
          this.setHalt(partition, null)
        }),
    })
  }

  /** All ports, as one worker sees them. */
  layerFor(worker: string): Layer.Layer<Cluster | Commands | Journals | Outbound | Questions | Snapshots> {
    return Layer.mergeAll(
      Layer.succeed(Cluster, this.#clusterFor(worker)),
      Layer.succeed(Commands, this.#commandsService()),
      Layer.succeed(Journals, this.#journalsFor(worker)),
      Layer.succeed(Outbound, this.#outboundFor(worker)),
      Layer.succeed(Questions, Questions.of({ listen: (hear) => this.#listen(hear) })),
      Layer.succeed(Snapshots, this.#snapshotsService()),
    )
  }
}
