/**
 * A world of partitions of two kinds, the toys unless others are given: their journals, an owner of each and former owners that don't know it yet, and what flies between them, all of it under the test's control.
 *
 * Nothing arrives, is stored or is answered unless the test says so, but for what a healthy broker reads at once.
 */
import { type ActorKey, type CommandId, internalSender, partitionOf, type ReservationId, type SenderId } from "../../src/domain/names.ts"
import type { EngineBounds } from "../../src/engine/bounds.ts"
import type { ActorKind, KindTypes } from "../../src/engine/kind.ts"
import { type MemoryBounds, memoryBounds } from "../../src/engine/memory-bounds.ts"
import { emptyPartition, type Partition } from "../../src/engine/partition.ts"
import type { CarriedReturn, EngineCodec, Input, Output, ProtocolRules, SnapshotManifest } from "../../src/engine/protocol.ts"
import type { CommandUnderWay, JournalRecord, Reply, StoredRecord } from "../../src/engine/records.ts"
import { protocolRules } from "../../src/engine/rules.ts"
import { stateHash } from "../../src/engine/state-hash.ts"
import { makeStep, type Step } from "../../src/engine/step.ts"
import { books, channel, plainCodec, sha256, shelves } from "./toys.ts"

type Of<Tag extends Output["_tag"]> = Extract<Output, { readonly _tag: Tag }>
type Told = Input extends infer Each ? (Each extends Input ? Omit<Each, "nowMs"> : never) : never

/** A kind of actor and its bytes. */
export interface Played {
  readonly kind: ActorKind
  readonly codec: EngineCodec
}

const plain = plainCodec<KindTypes>() as EngineCodec
const toys: Readonly<Record<string, Played>> = {
  // As the engine knows a kind: it hands each nothing but what it had from it.
  book: { kind: books as unknown as ActorKind, codec: plain },
  // As above.
  shelf: { kind: shelves as unknown as ActorKind, codec: plain },
}

export const startMs = 1_800_000_000_000

/** What is on its way between two partitions. */
export type Flying =
  | { readonly _tag: "Carried"; readonly from: Of<"SendReturns">["to"]; readonly settledMs: number; readonly carried: CommandUnderWay }
  | { readonly _tag: "Return"; readonly to: Of<"SendReturns">["to"]; readonly back: CarriedReturn }

/** One partition: its journal, its snapshot, and who owns it. */
export class Place {
  readonly journal: Array<StoredRecord> = []
  snapshot: { readonly manifest: SnapshotManifest; readonly chunks: ReadonlyArray<Uint8Array> } | null = null
  /** Whether nothing of its journal can be read again. */
  isUnreadable = false
  desk: Desk
  former: Array<Desk> = []
  readonly world: World
  readonly kind: string
  readonly partition: number
  readonly played: Played

  constructor(world: World, kind: string, partition: number) {
    this.world = world
    this.kind = kind
    this.partition = partition
    this.played = world.played(kind)
    this.desk = new Desk(this, false)
  }

  /** Another worker claims; the former owner goes on until it hears of it. */
  takeOver(fromSnapshot: boolean): void {
    this.former = [this.desk, ...this.former].slice(0, 2)
    this.desk = new Desk(this, fromSnapshot)
  }

  records(): ReadonlyArray<JournalRecord> {
    return this.journal.map(({ bytes }) => {
      const decoded = this.played.codec.decodeRecord(bytes)
      if (decoded._tag !== "Record") throw new Error(decoded._tag)
      return decoded.record
    })
  }

  /** A partition made of the journal alone, or of the snapshot and what is behind it. */
  replayed(fromSnapshot: boolean): Partition {
    const { partition } = new Desk(this, fromSnapshot, true)
    return partition
  }
}

/** One owner of a partition. */
export class Desk {
  readonly partition: Partition
  readonly place: Place
  readonly owner: string
  readonly #step: Step
  readonly #chunks: Array<Uint8Array> = []
  pending: Of<"Append"> | null = null
  isOver = false

  constructor(place: Place, fromSnapshot: boolean, isReader = false) {
    const { world } = place
    this.place = place
    this.owner = isReader ? "reader" : `o${++world.owners}`
    this.#step = makeStep({ ...place.played, rules: world.rules })
    this.partition = emptyPartition({
      partition: place.partition,
      partitions: world.partitions,
      snapshotEveryRecords: world.snapshotEveryRecords,
      bounds: { snapshotSliceItemsMax: 4, ...world.bounds },
      memoryBounds: { ...memoryBounds, recent: 3, ...world.memory },
      partitionsOf: Object.fromEntries(Object.keys(world.actors).map((kind) => [kind, world.partitions])),
    })
    const { snapshot } = place
    if (fromSnapshot && snapshot !== null) this.put({ _tag: "SnapshotRead", ...snapshot })
    else this.put({ _tag: "SnapshotMissing" })
    if (isReader) return
    this.put({ _tag: "BrokerTimeSeen", brokerMs: world.nowMs })
    this.put({ _tag: "Claim", owner: this.owner, incarnation: `${place.kind}-${place.partition}` })
  }

  put(input: Told): void {
    const outputs = this.#step(this.partition, { ...input, nowMs: this.place.world.nowMs } as Input)
    for (const output of outputs) this.#perform(output)
  }

  tick(): void {
    this.put({ _tag: "BrokerTimeSeen", brokerMs: this.place.world.nowMs })
    this.put({ _tag: "Tick", wallMs: this.place.world.nowMs })
  }

  /** What becomes of the record that was handed over: stored and said so, stored in silence, or lost. */
  answerAppend(how: "stored" | "silent" | "lost"): void {
    const { pending, place } = this
    if (pending === null) return
    this.pending = null
    const { expectedSeq, messageId, bytes } = pending
    const isNext = expectedSeq === place.journal.length
    if (isNext && how !== "lost") place.journal.push({ seq: expectedSeq + 1, messageId, bytes })
    if (isNext && how === "stored") this.put({ _tag: "AppendAcked", messageId, seq: expectedSeq + 1, duplicate: false })
    else this.put({ _tag: "AppendUnknown", messageId, cause: how })
  }

  #perform(output: Output): void {
    const { world, journal, kind, partition } = this.place
    switch (output._tag) {
      case "Append":
        this.pending = output
        // What only claimants write is of no interest here.
        if (this.partition.phase !== "serving") this.answerAppend("stored")
        return
      case "SendReplies":
        world.replies.push(...output.replies)
        return this.put({ _tag: "RepliesSent", seq: output.seq })
      case "SendCarried": {
        const from = { kind, partition, owner: this.owner }
        for (const carried of output.commands) {
          if (carried.seq > this.partition.confirmedSeq) throw new Error(`INV-17 ${carried.id} is sent before its record is confirmed`)
          world.flying.push({ _tag: "Carried", from, settledMs: output.settledMs, carried })
        }
        world.sent.push(output)
        return
      }
      case "SendReturns":
        for (const back of output.returns) {
          if (back.by.seq > journal.length) throw new Error(`INV-17 ${back.id} is answered before its record is confirmed`)
          world.flying.push({ _tag: "Return", to: output.to, back })
        }
        return
      case "SayBusy":
        for (const message of output.messages) world.busy.push(`${message.reply} ${output.why}`)
        return
      case "Alarm":
        world.alarms.push(`${output.kind}: ${output.detail}`)
        return
      case "Throttle":
        world.throttled.push(`${output.sender} ${output.of}`)
        return
      case "PublishSnapshot":
        this.place.snapshot = { manifest: output.manifest, chunks: [...this.#chunks] }
        return
      case "Halted":
        throw new Error(output.halt.detail)
      case "SteppedDown":
      case "ReignEnded":
        this.isOver = true
        this.pending = null
        return
      default:
        return this.#read(output)
    }
  }

  #read(output: Output): void {
    const { journal } = this.place
    switch (output._tag) {
      case "ReadClaimBasis": {
        const incarnation = journal.length > 0 ? `${this.place.kind}-${this.place.partition}` : null
        return this.put({
          _tag: "ClaimBasisRead",
          ask: output.ask,
          basis: { endSeq: journal.length, incarnation, witness: null, halt: null },
        })
      }
      case "FollowJournal":
        return this.put({ _tag: "RecordsRead", records: journal.slice(output.fromSeq - 1) })
      case "ReadRecords":
        return this.put({ _tag: "RecordsRead", records: journal.slice(output.fromSeq - 1, output.toSeq) })
      case "ReadForRepublish":
        return this.put({ _tag: "RepublishRead", records: journal.slice(output.fromSeq - 1, output.toSeq) })
      case "ReadRecalled":
        return this.put({
          _tag: "RecalledRead",
          seq: output.seq,
          record: this.place.isUnreadable ? null : (journal[output.seq - 1] ?? null),
        })
      case "ReadJournalEnd":
        return this.put({ _tag: "JournalEndRead", endSeq: journal.length, record: journal[output.seq - 1] ?? null })
      case "SendFeed":
        return this.put({ _tag: "FeedSent", group: output.group })
      case "StoreWitness":
        return this.put({ _tag: "WitnessStored", stands: output.witness })
      case "StoreChunk":
        if (output.index === 0) this.#chunks.length = 0
        this.#chunks.push(output.bytes)
        return this.put({ _tag: "ChunkStored", snapshot: output.snapshot, index: output.index })
      case "ContinueSoon":
        return this.put({ _tag: "Continue" })
      default:
    }
  }
}

interface WorldOptions {
  readonly partitions?: number
  readonly rules?: ProtocolRules
  readonly bounds?: Partial<EngineBounds>
  readonly memory?: Partial<MemoryBounds>
  readonly snapshotEveryRecords?: number
  readonly actors?: Readonly<Record<string, Played>>
}

/** All of it. */
export class World {
  nowMs = startMs
  owners = 0
  flying: Array<Flying> = []
  readonly replies: Array<Reply> = []
  readonly busy: Array<string> = []
  readonly alarms: Array<string> = []
  /** Whom owners had the doors hold off, and with what. */
  readonly throttled: Array<string> = []
  readonly sent: Array<Of<"SendCarried">> = []
  readonly partitions: number
  readonly rules: ProtocolRules
  readonly bounds: Partial<EngineBounds>
  readonly memory: Partial<MemoryBounds>
  readonly snapshotEveryRecords: number
  readonly actors: Readonly<Record<string, Played>>
  readonly places: ReadonlyArray<Place>
  #asked = 0

  constructor(options: WorldOptions = {}) {
    const { partitions = 1, rules = protocolRules, bounds = {}, memory = {}, snapshotEveryRecords = 6, actors = toys } = options
    this.partitions = partitions
    this.rules = rules
    this.bounds = bounds
    this.memory = memory
    this.snapshotEveryRecords = snapshotEveryRecords
    this.actors = actors
    const all = Array.from({ length: partitions }, (_, partition) => partition)
    this.places = Object.keys(actors).flatMap((kind) => all.map((partition) => new Place(this, kind, partition)))
  }

  played(kind: string): Played {
    const found = this.actors[kind]
    if (found === undefined) throw new Error(`no kind ${kind}`)
    return found
  }

  place(kind: string, partition = 0): Place {
    const found = this.places.find((one) => one.kind === kind && one.partition === partition)
    if (found === undefined) throw new Error(`no ${kind}.${partition}`)
    return found
  }

  /** A channel asks for something of an actor; the suffix its answer goes to. */
  ask(kind: string, key: string, command: Record<string, unknown>, sender: SenderId = channel): string {
    const { kind: asked, codec } = this.played(kind)
    // The tests' own spelling of a command of either kind.
    const whole = { issuedAtMs: this.nowMs, [kind]: key, ...command } as unknown as KindTypes["command"]
    const reply = `r.${++this.#asked}`
    const commands = [{ _tag: "Command", command: whole, text: codec.commandText(whole) }] as const
    const body = { _tag: "Commands", array: false, commands } as const
    const commandClass = asked.commands.classOf(whole)
    const trace = this.traceOf(this.#asked)
    const message = { sender, class: commandClass, bulk: false, key: key as ActorKey, reply, publishedMs: this.nowMs, trace } as const
    const { desk } = this.place(kind, partitionOf(key, this.partitions))
    desk.put({ _tag: "CommandsHanded", messages: [{ ...message, bytes: 200, body }] })
    return reply
  }

  /** The trace that the nth who asked names; of every third, none. */
  traceOf(n: number): string | null {
    return n % 3 === 0 ? null : `00-${n.toString(16).padStart(32, "0")}-${n.toString(16).padStart(16, "0")}-01`
  }

  open(deal: string, shelvesOf: ReadonlyArray<string>, more: Record<string, unknown> = {}): string {
    return this.ask("book", "b", { type: "Open", id: `open-${deal}`, deal: deal as ReservationId, shelves: shelvesOf, ...more })
  }

  close(deal: string, more: Record<string, unknown> = {}): string {
    return this.ask("book", "b", { type: "Close", id: `close-${deal}`, deal: deal as ReservationId, ...more })
  }

  /** What flies arrives: where it is for, if anybody is there; `by`: in whose name, if not its sender's. */
  arrive(flying: Flying, by?: SenderId): void {
    if (flying._tag === "Return") {
      const { desk, former } = this.place(flying.to.kind, flying.to.partition)
      for (const one of [desk, ...former]) if (one.owner === flying.to.owner) one.put({ _tag: "ReturnsHeard", returns: [flying.back] })
      return
    }
    const { from, settledMs, carried } = flying
    const { id, to, key, onBehalf, atMs } = carried
    const command = { ...carried.command, id, issuedAtMs: atMs } as KindTypes["command"]
    const text = this.played(to.kind).codec.commandText(command)
    const body = { _tag: "Commands", array: false, commands: [{ _tag: "Command", command, text }] } as const
    const sender = by ?? internalSender(from.kind, from.partition)
    const message = {
      sender,
      class: "sell",
      bulk: false,
      key,
      reply: null,
      publishedMs: this.nowMs,
      trace: carried.trace ?? null,
      bytes: 200,
      body,
    } as const
    const { desk } = this.place(to.kind, to.partition)
    desk.put({ _tag: "CommandsHanded", messages: [{ ...message, carriage: { from, onBehalf, settledMs } }] })
  }

  arriveAll(): void {
    const { flying } = this
    this.flying = []
    for (const one of flying) this.arrive(one)
  }

  desks(): ReadonlyArray<Desk> {
    return this.places.flatMap(({ desk, former }) => [desk, ...former])
  }

  pass(ms: number): void {
    this.nowMs += ms
    for (const desk of this.desks()) if (!desk.isOver) desk.tick()
  }

  /** Snapshots that are due are written, slice by slice, while nothing else happens. */
  writeSnapshots(): void {
    for (let i = 0; i < 12; i++) this.pass(0)
  }

  /** Stores whatever is handed over, until nothing is. */
  store(): void {
    for (let i = 0; i < 1_000; i++) {
      const busy = this.desks().find(({ pending }) => pending !== null)
      if (busy === undefined) return
      busy.answerAppend("stored")
    }
    throw new Error("it never comes to rest")
  }

  /** Everything works: until nothing flies and nothing is handed over. No time passes. */
  settle(): void {
    for (let i = 0; i < 1_000; i++) {
      this.store()
      if (this.flying.length === 0) return
      this.arriveAll()
    }
    throw new Error("it never comes to rest")
  }

  /** Everything works, and time goes on until all parts have ended and all answers are given; `ms` at a time. */
  heal(ms = 1_500): void {
    for (let i = 0; i < 200; i++) {
      this.settle()
      const isResting = this.places.every(
        // A record that was lost twice is handed over again after a while only, and its partition is ahead of the journal until then.
        ({ desk: { partition } }) =>
          partition.underWay.size + partition.owed.size + partition.openHolds === 0 && partition.inFlight === null,
      )
      if (isResting) return
      this.pass(ms)
      // An owner that another has succeeded hears of it with its next record, or never.
      for (const { desk } of this.places) if (desk.isOver) desk.place.takeOver(false)
    }
    throw new Error(`it does not heal: ${this.flying.length} fly`)
  }

  hashOf(partition: Partition, kind: string): string {
    return stateHash(partition, this.played(kind).kind, sha256)
  }

  outcomes(id: string): ReadonlyArray<string> {
    return this.replies.flatMap(({ decisions }) =>
      (decisions as ReadonlyArray<{ readonly id: CommandId; readonly outcome: string }>)
        .filter((one) => one.id === id)
        .map(({ outcome }) => outcome),
    )
  }
}
