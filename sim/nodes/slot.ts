/**
 * One partition on one worker: performs what the engine asks for against the simulated server, and tells it what came of that.
 *
 * The counterpart of src/runtime, written as plain events so that a step costs microseconds. It decides nothing about stock. What it decides about leases (who should try) may be
 * wrong at any time without harm.
 */

import { unreachable } from "../../src/assert.ts"
import type { Kind } from "../../src/domain/kinds.ts"
import type { KindTypes } from "../../src/engine/kind.ts"
import { emptyPartition, type Partition } from "../../src/engine/partition.ts"
import type { CarriedReturn, ClaimBasis, Halt, Input, Output, StepDownReason, TakenMessage, Witness } from "../../src/engine/protocol.ts"
import type { JournalRecord, Reply, StoredRecord } from "../../src/engine/records.ts"
import type { SkuKind } from "../../src/kinds/sku/types.ts"
import { announceEveryMs, appendTimeoutMs } from "../../src/limits.ts"
import type { OwnerNews } from "../../src/ports/door.ts"
import type { DoorAnswer } from "../../src/wire/answers.ts"
import { boundsDrawn } from "../memory-drawn.ts"
import type { AppendAnswer, Server } from "../substitutes/server.ts"
import type { Key } from "../world/chance.ts"
import type { Ask } from "../world/link.ts"
import { EventKind, type World } from "../world/world.ts"
import type { Observer, OutputOf } from "./observer.ts"
import { againMs, deliveredMax, Readings } from "./readings.ts"
import type { Worker } from "./worker.ts"

type Tick = Extract<Input, { _tag: "Tick" }>
/** What asks something of the journal or of the commands stream, or writes to the one and purges the other. */
type Reading = OutputOf<
  | "FollowJournal"
  | "StopFollowing"
  | "ReadClaimBasis"
  | "ReadRecords"
  | "Append"
  | "ReadJournalEnd"
  | "ReadCommands"
  | "PauseReading"
  | "ResumeReading"
  | "ReadCommandAt"
  | "PurgeCommands"
>

/** Milliseconds until a question to the server is given up. */
const questionTimeoutMs = 2_000

/** A value of the feed as its stream shows it to those who watch it. */
export type FeedSeen = Pick<Extract<Input, { _tag: "FeedSeen" }>, "channel" | "key" | "version" | "shown">

/** What a slot is told of the kind of actor that its partition holds. */
export interface SlotKind<K extends KindTypes = SkuKind> {
  readonly kind: Kind
  /** How many partitions of this kind there are, and of those that its actors may send commands to. */
  readonly partitions: number
  readonly partitionsOf: Readonly<Record<string, number>>
  readonly observer: Observer<K>
  step(partition: Partition<K>, input: Input<K>): ReadonlyArray<Output<K>>
  /** What becomes of a message that is handed over, before its owner sees it. */
  handed(message: TakenMessage<K>): TakenMessage<K>
  /** The messages of a frame; null: it can't be read. */
  framed(bytes: Uint8Array): ReadonlyArray<TakenMessage<K>> | null
  /** A reply is at the server, and goes on to whom it names. */
  replyArrives(reply: Reply<K>): void
  /** What a sender's message is to chance, by the suffix of its reply; and an answer short of a decision that goes to it. */
  keyOf(sender: string, suffix: string): Key | undefined
  answerArrives(sender: string, suffix: string, answer: DoorAnswer): void
  storeFeed(partition: number, value: K["value"]): void
  feedSince(partition: number, sinceMs: number): ReadonlyArray<FeedSeen>
}

/** A slot of whatever kind. */
export type AnySlot = Slot<KindTypes>

export class Slot<K extends KindTypes = SkuKind> {
  readonly worker: Worker
  readonly kind: SlotKind<K>
  /** Its journal's number among all of the world, and its own among those of its kind. */
  readonly id: number
  readonly number: number
  readonly #world: World
  readonly #server: Server
  partition: Partition<K> | null = null
  /** Raised whenever the state is thrown away, or a reign ends that keeps it: answers to what was asked before are not heard. */
  life = 0
  /** The lease while we believe it is ours. */
  lease: { revision: number; sinceMs: number } | null = null
  isAsking = false
  /** Its journal holds what this release can't read. */
  isUnreadable = false
  #claims = 0
  /** The shared halt as last seen. */
  halt: Halt | null = null
  /** A halt of its own is on its way to the others: as in src/runtime its lease is kept until it is there, and no other life begins before. */
  #isSharing = false
  /** Changes of the shared halt so far, and the newest that was heard of. */
  #haltChanges = 0
  /** The halt's revision from before this life began. */
  #haltRevision = 0
  /** The revision of the halt that was heard last. */
  #haltSeenRevision = 0
  #haltHeard = 0
  readonly readings: Readings
  #feedSeen: Array<FeedSeen> = []
  /** What frames are addressed to while it serves; null: nobody hands it anything. */
  reign: string | null = null
  #epoch = 0
  #deafen: () => void = () => undefined
  #announceAtMs = 0

  constructor(worker: Worker, kind: SlotKind<K>, id: number, number: number) {
    this.worker = worker
    this.kind = kind
    this.id = id
    this.number = number
    this.#world = worker.world
    this.#server = worker.server
    this.readings = new Readings(this)
  }

  /** Whether nobody may serve: halted, and no operator has said to go on. */
  get isHalted(): boolean {
    return this.halt !== null && this.halt.resume === null
  }

  /** Whether it should try for the lease: it follows, has heard all there was when it last heard, and no claim of it is open. */
  get mayTry(): boolean {
    const { partition } = this
    return partition?.phase === "following" && partition.confirmedSeq >= this.readings.journalEndSeq
  }

  get isServing(): boolean {
    return this.partition?.phase === "serving"
  }

  /** A new life: from the snapshot if there is one, as a standby. */
  begin(): void {
    const { snapshotEveryRecords, batchMessagesMax, bounds } = this.worker.options
    const { partitions, partitionsOf } = this.kind
    this.forget()
    this.#haltRevision = this.#server.haltRevision(this.id)
    const memoryBounds = boundsDrawn(this.worker.options)
    const given = { partition: this.number, partitions, partitionsOf, snapshotEveryRecords, batchMessagesMax, bounds, memoryBounds }
    this.partition = emptyPartition<K>(given)
    this.#load()
  }

  /** Throws the state away, and with it whatever was on its way to it. */
  forget(): void {
    this.partition = null
    this.#giveUp()
  }

  /** Gives up whatever is on its way to it, or from it. */
  #giveUp(): void {
    this.life++
    this.readings.forget()
    this.#feedSeen = []
    this.#endReign()
  }

  /** Tells the engine something, and performs what it asks for; the worker may crash between any two of these. */
  put(input: Input<K>): void {
    const { partition } = this
    if (partition === null) return
    const outputs = this.kind.step(partition, input)
    if (outputs.length === 0) return
    for (const [at, output] of outputs.entries()) {
      if (this.worker.mayCrash(output._tag, this)) return
      this.#perform(output)
      if (this.partition !== partition) return this.#sayBusyAtTheEnd(outputs.slice(at + 1))
    }
    this.worker.mayCrash("the next input", this)
  }

  /** A reign that is over gives back what it had taken and not decided. */
  #sayBusyAtTheEnd(outputs: ReadonlyArray<Output>): void {
    if (this.worker.isUp) for (const output of outputs) if (output._tag === "SayBusy") this.#sayBusy(output, "a reign that is over")
  }

  /** Its lease was got or renewed, and this is what the broker stamped then. */
  hearTime(brokerMs: number): void {
    this.kind.observer.timeHeard(this, brokerMs)
    this.put({ _tag: "BrokerTimeSeen", brokerMs, nowMs: this.worker.clockMs })
  }

  tick(): void {
    if (this.partition === null) return
    const input: Tick = { _tag: "Tick", nowMs: this.worker.clockMs, wallMs: this.worker.wallMs }
    this.put(input)
    if (this.reign !== null && this.#world.nowMs >= this.#announceAtMs) this.#announce(this.reign, [])
  }

  // What ingresses hand over.

  /** Messages for the reign of that name. False: it isn't this slot's any more, and nothing was taken. */
  handed(owner: string, messages: ReadonlyArray<TakenMessage<K>>): boolean {
    if (this.reign !== owner || this.partition === null) return false
    this.put({ _tag: "CommandsHanded", messages: messages.map((message) => this.kind.handed(message)), nowMs: this.worker.clockMs })
    return true
  }

  /** The same as a frame has it. */
  framed(owner: string, bytes: Uint8Array): boolean {
    const messages = this.kind.framed(bytes)
    return messages !== null && this.handed(owner, messages)
  }

  /** Decisions of carried commands, for the reign of that name. */
  returned(owner: string, returns: ReadonlyArray<CarriedReturn>): void {
    if (this.reign === owner) this.put({ _tag: "ReturnsHeard", returns, nowMs: this.worker.clockMs })
  }

  /** From now on it listens under the name of its reign, and says so again and again. */
  #beginReign({ owner, epoch }: Partition<K>): void {
    this.reign = owner
    this.#epoch = epoch
    this.#deafen = this.worker.reigns.listen(this, owner)
    this.#announce(owner, [])
  }

  #announce(owner: string | null, full: OwnerNews["full"], factsFull: OwnerNews["full"] = []): void {
    this.#announceAtMs = this.#world.nowMs + announceEveryMs
    this.worker.reigns.announce(this, { kind: this.kind.kind, partition: this.number, epoch: this.#epoch, owner, full, factsFull })
  }

  #endReign(): void {
    if (this.reign === null) return
    this.reign = null
    // A dead process hears and sends nothing from now on; a living one's message reaches the server a little later.
    if (!this.worker.isUp) return this.#deafen()
    this.#announce(null, [])
    this.worker.reigns.forget(this, this.#deafen)
  }

  #sayBusy({ messages, retryAfterMs, why }: OutputOf<"SayBusy">, by: string): void {
    const { link } = this.worker
    const { kind } = this
    for (const { sender, reply } of messages) {
      if (reply === null) continue
      const answer = { answer: "busy", retryAfterMs, why } as const
      kind.observer.doorSaid(by, sender, reply, answer)
      const thereMs = link.there(kind.keyOf(sender, reply) ?? link.keyNow("busy"))
      if (thereMs >= 0) this.#world.in(thereMs, EventKind.server, null, () => kind.answerArrives(sender, reply, answer))
    }
    if (why !== "queue" || this.reign === null) return
    const full = [...new Set(messages.map(({ sender }) => sender))].map((sender) => ({ sender, forMs: retryAfterMs }))
    this.#announce(this.reign, full)
  }

  #throttle({ of, sender, forMs }: OutputOf<"Throttle">): void {
    this.kind.observer.throttled(this, sender, of)
    const held = [{ sender, forMs }]
    if (this.reign !== null) this.#announce(this.reign, of === "all" ? held : [], of === "facts" ? held : [])
  }

  /** Asks the server something for this life of the partition. */
  #ask<T>(ask: Ask<T>): void {
    const { life } = this
    this.worker.ask({
      what: `${ask.what} ${this.id}`,
      timeoutMs: ask.timeoutMs,
      serve: ask.serve,
      answered: (value) => {
        if (this.life === life) ask.answered(value)
      },
      unanswered: () => {
        if (this.life === life) ask.unanswered()
      },
    })
  }

  /** Asks until there is an answer. */
  #askUntil<T>(what: string, serve: (answer: (value: T | null) => void) => void, answered: (value: T) => void): void {
    const unanswered = () => this.#later(() => this.#askUntil(what, serve, answered))
    this.#ask({ what, timeoutMs: questionTimeoutMs, serve, answered, unanswered })
  }

  #later(run: () => void): void {
    const { life } = this
    this.#world.in(againMs, EventKind.timeout, this.worker.host, () => {
      if (this.life === life) run()
    })
  }

  #load(): void {
    this.#askUntil<ReturnType<Server["snapshot"]> | "none">(
      "snapshot",
      (answer) => answer(this.#server.isDown ? null : (this.#server.snapshot(this.id) ?? "none")),
      (found) => {
        const nowMs = this.worker.clockMs
        if (found === "none" || found === null) this.put({ _tag: "SnapshotMissing", nowMs })
        else this.put({ _tag: "SnapshotRead", manifest: found.manifest, chunks: found.chunks, nowMs })
      },
    )
  }

  /** The lease is ours: try to become owner. */
  claim(): void {
    if (this.partition === null) return
    const { name, host } = this.worker
    const nonce = `${name}-${host.life}-${this.id}-${++this.#claims}`
    this.put({ _tag: "Claim", owner: nonce, incarnation: `inc-${nonce}`, nowMs: this.worker.clockMs })
  }

  #perform(output: Output): void {
    switch (output._tag) {
      case "FollowJournal":
        return this.readings.follow(output.fromSeq)
      case "StopFollowing":
        return this.readings.stopFollowing()
      case "ReadClaimBasis":
        return this.#readClaimBasis(output)
      case "ReadRecords":
        return this.#readRecords(output)
      case "Append":
        return this.#append(output)
      case "ReadJournalEnd":
        return this.#readJournalEnd(output)
      case "ReadCommands":
        return this.readings.readCommands(output.fromSeq)
      case "PauseReading":
        return this.readings.pause()
      case "ResumeReading":
        return this.readings.resume()
      case "ReadCommandAt":
        return this.#readCommandAt(output)
      case "PurgeCommands":
        return this.#purge(output)
      default:
        return this.#performSaying(output)
    }
  }

  #performSaying(output: Exclude<Output, Reading>): void {
    const { observer } = this.kind
    switch (output._tag) {
      case "SendReplies":
        return this.#sendReplies(output)
      case "SendFeed":
        return this.#sendFeed(output)
      case "WatchFeed":
        for (const seen of this.kind.feedSince(this.id, output.sinceMs)) this.feedStored(seen)
        return
      case "ReadRecalled":
        return this.#readRecalled(output.seq)
      case "ReadForRepublish":
        return this.#readForRepublish(output)
      case "StoreIncarnation":
        return this.#until(() => this.#server.putIncarnation(this.id, output.incarnation))
      case "StoreWitness":
        return this.#storeWitness(output)
      case "ClearHalt":
        return this.#until(
          () => this.#server.clearHalt(this.id),
          () => this.put({ _tag: "HaltCleared", nowMs: this.worker.clockMs }),
        )
      case "StoreChunk":
        return this.#storeChunk(output)
      case "PublishSnapshot":
        return this.#once(() => this.#server.publishSnapshot(this.id, output.manifest))
      case "DiscardSnapshot":
        return this.#once(() => this.#server.discardSnapshot(this.id, output.id))
      case "ContinueSoon":
        return this.#continueSoon()
      case "ClaimEnded":
        return this.#claimEnded()
      case "ReignEnded":
        observer.reignEnded(this, output.reason)
        this.#giveUp()
        return this.#claimEnded()
      case "Serving":
        if (this.partition === null) return
        observer.serving(this, this.partition)
        return this.#beginReign(this.partition)
      case "SayBusy":
        return this.#sayBusy(output, this.reign ?? "nobody")
      case "Throttle":
        this.#throttle(output)
        return
      case "SendCarried":
        observer.carriedSaid(this, output)
        return this.worker.carrier?.carry(this, output)
      case "SendReturns":
        observer.returnsSaid(this, output)
        return this.worker.carrier?.giveBack(this, output)
      case "BatchConfirmed":
        // Of this partition's own step, so of its kind.
        return observer.confirmed(this, output.seq, output.record as JournalRecord<K>, output.stats)
      case "Alarm":
        return observer.alarmed(this, output.kind, output.detail)
      case "SteppedDown":
        observer.steppedDown(this, output.reason, output.detail)
        return this.#end(output.reason)
      case "Halted":
        observer.halted(this, output.halt)
        return this.#shareHalt(output.halt)
      default:
        return unreachable(output)
    }
  }

  /** The lease, if it is still held, goes; what is known stays, unless there is nothing to follow any more. */
  #claimEnded(): void {
    this.worker.releaseLease(this)
    if (this.isHalted) this.forget()
  }

  /** The next slice of what is too long for one step: whatever is due by then is heard before it. */
  #continueSoon(): void {
    const { life } = this
    this.#world.in(1, EventKind.timeout, this.worker.host, () => {
      if (this.life === life) this.put({ _tag: "Continue", nowMs: this.worker.clockMs })
    })
  }

  // Asking the journal and the commands.

  get #journalAnswers(): boolean {
    return this.#server.answersFor(`JOURNAL_${this.id}`)
  }

  #readClaimBasis({ ask }: OutputOf<"ReadClaimBasis">): void {
    this.#ask<ClaimBasis>({
      what: "claim basis",
      timeoutMs: questionTimeoutMs,
      serve: (answer) => {
        const endSeq = this.#server.endTold(this.worker.name, this.id)
        answer(endSeq === null ? null : { endSeq, ...this.#server.marks(this.id) })
      },
      answered: (basis) => {
        this.kind.observer.endTold(this, basis.endSeq, basis.witness?.seq ?? 0)
        this.put({ _tag: "ClaimBasisRead", ask, basis, nowMs: this.worker.clockMs })
      },
      unanswered: () => this.put({ _tag: "ReadFailed", what: "ClaimBasis", nowMs: this.worker.clockMs }),
    })
  }

  #readRecords({ fromSeq, toSeq }: OutputOf<"ReadRecords">): void {
    this.#ask<Array<StoredRecord>>({
      what: "records",
      timeoutMs: questionTimeoutMs,
      serve: (answer) => answer(this.#journalAnswers ? this.#server.records(this.id, fromSeq, toSeq, deliveredMax) : null),
      answered: (read) => {
        const records = this.worker.faults.readRecords(this.worker.name, this.id, read)
        this.put({ _tag: "RecordsRead", records, nowMs: this.worker.clockMs })
        const next = (read.at(-1)?.seq ?? toSeq) + 1
        if (next <= toSeq) this.#readRecords({ _tag: "ReadRecords", fromSeq: next, toSeq })
      },
      unanswered: () => this.put({ _tag: "ReadFailed", what: "ClaimBasis", nowMs: this.worker.clockMs }),
    })
  }

  #readForRepublish({ fromSeq, toSeq }: OutputOf<"ReadForRepublish">): void {
    this.#ask<Array<StoredRecord>>({
      what: "republish",
      timeoutMs: questionTimeoutMs,
      serve: (answer) => answer(this.#journalAnswers ? this.#server.records(this.id, fromSeq, toSeq, Number.MAX_SAFE_INTEGER) : null),
      answered: (read) =>
        this.put({
          _tag: "RepublishRead",
          records: this.worker.faults.readRecords(this.worker.name, this.id, read),
          nowMs: this.worker.clockMs,
        }),
      unanswered: () => this.put({ _tag: "ReadFailed", what: "Republish", nowMs: this.worker.clockMs }),
    })
  }

  #purge({ beforeSeq }: OutputOf<"PurgeCommands">): void {
    const losses = this.#server.commandsLosses
    this.#once(() => this.#server.purgeCommands(this.id, beforeSeq, losses))
  }

  #readRecalled(seq: number): void {
    this.#ask<{ readonly record: StoredRecord | null }>({
      what: "recalled",
      timeoutMs: questionTimeoutMs,
      serve: (answer) => answer(this.#journalAnswers ? { record: this.#server.recordAt(this.id, seq) } : null),
      answered: ({ record }) => this.put({ _tag: "RecalledRead", seq, record, nowMs: this.worker.clockMs }),
      unanswered: () => this.put({ _tag: "ReadFailed", what: "Recalled", nowMs: this.worker.clockMs }),
    })
  }

  #readJournalEnd({ seq }: OutputOf<"ReadJournalEnd">): void {
    this.#ask<{ readonly endSeq: number; readonly record: StoredRecord | null }>({
      what: "journal end",
      timeoutMs: questionTimeoutMs,
      serve: (answer) => {
        const endSeq = this.#server.endTold(this.worker.name, this.id)
        // A single message the leader alone answers for.
        answer(endSeq === null || !this.#journalAnswers ? null : { endSeq, record: this.#server.recordAt(this.id, seq) })
      },
      answered: ({ endSeq, record }) => {
        this.kind.observer.endTold(this, endSeq, 0)
        this.put({ _tag: "JournalEndRead", endSeq, record, nowMs: this.worker.clockMs })
      },
      unanswered: () => this.put({ _tag: "ReadFailed", what: "JournalEnd", nowMs: this.worker.clockMs }),
    })
  }

  #readCommandAt({ seq }: OutputOf<"ReadCommandAt">): void {
    this.#ask<ReturnType<Server["commandAt"]>>({
      what: "command",
      timeoutMs: questionTimeoutMs,
      serve: (answer) => answer(this.#server.answersForCommands(this.id) ? this.#server.commandAt(this.id, seq) : null),
      answered: (found) => this.put({ _tag: "CommandAtRead", seq, ...found, nowMs: this.worker.clockMs }),
      unanswered: () => this.put({ _tag: "ReadFailed", what: "CommandAt", nowMs: this.worker.clockMs }),
    })
  }

  // Appending.

  #append(output: OutputOf<"Append">): void {
    const { expectedSeq, messageId, bytes } = output
    const { faults } = this.worker
    const { observer } = this.kind
    observer.appendBegun(this, output)
    this.#ask<Exclude<AppendAnswer, null>>({
      what: "append",
      timeoutMs: appendTimeoutMs,
      serve: (answer) => {
        const arrive = () =>
          this.#server.append(this.id, expectedSeq, messageId, bytes, (came) => {
            observer.appendAnswered(this, output, came)
            answer(came)
          })
        const lateMs = faults.appendLateMs(this.worker.name, this.id)
        if (lateMs === 0) arrive()
        else this.#world.in(lateMs, EventKind.server, null, arrive)
      },
      answered: (came) => {
        const nowMs = this.worker.clockMs
        if ("errCode" in came) this.put({ _tag: "AppendUnknown", messageId, cause: `${came.errCode} ${came.description}`, nowMs })
        else this.put({ _tag: "AppendAcked", messageId, seq: came.seq, duplicate: came.duplicate, nowMs })
      },
      unanswered: () => {
        observer.appendTimedOut(this, output)
        this.put({ _tag: "AppendUnknown", messageId, cause: "no answer", nowMs: this.worker.clockMs })
      },
    })
  }

  // Saying.

  #sendReplies(output: OutputOf<"SendReplies">): void {
    // Of this partition's own step, so of its kind.
    const replies = output.replies as ReadonlyArray<Reply<K>>
    for (const reply of replies) this.kind.observer.replySaid(this, reply)
    this.#askUntil<true>(
      "replies",
      (answer) => {
        if (this.#server.isDown) return answer(null)
        for (const reply of replies) {
          this.kind.observer.replyLeft(this, reply)
          this.kind.replyArrives(reply)
        }
        answer(true)
      },
      () => this.put({ _tag: "RepliesSent", seq: output.seq, nowMs: this.worker.clockMs }),
    )
  }

  #sendFeed({ group, values }: OutputOf<"SendFeed">): void {
    for (const value of values) this.kind.observer.feedSaid(this, value as K["value"])
    this.#ask<true>({
      what: "feed",
      timeoutMs: questionTimeoutMs,
      serve: (answer) => {
        if (!this.#server.answersFor("FEED")) return answer(null)
        for (const value of values) this.kind.storeFeed(this.id, value as K["value"])
        answer(true)
      },
      answered: () => this.put({ _tag: "FeedSent", group, nowMs: this.worker.clockMs }),
      unanswered: () => this.put({ _tag: "FeedFailed", group, nowMs: this.worker.clockMs }),
    })
  }

  /** The feed's stream stored a value, whoever sent it. */
  feedStored(seen: FeedSeen): void {
    if (!this.isServing) return
    this.#feedSeen.push(seen)
    if (this.#feedSeen.length > 1) return
    const { life } = this
    const { link } = this.worker
    this.#world.in(link.delayMs(link.keyNow(`watch feed ${this.id}`)), EventKind.watch, this.worker.host, () => {
      if (this.life !== life) return
      for (const one of this.#feedSeen.splice(0)) this.put({ _tag: "FeedSeen", ...one, nowMs: this.worker.clockMs })
    })
  }

  #storeChunk({ snapshot, index, bytes }: OutputOf<"StoreChunk">): void {
    this.#ask<true>({
      what: "chunk",
      timeoutMs: questionTimeoutMs,
      serve: (answer) => {
        if (this.#server.isDown) return answer(null)
        this.#server.putChunk(this.id, snapshot, index, bytes)
        answer(true)
      },
      answered: () => this.put({ _tag: "ChunkStored", snapshot, index, nowMs: this.worker.clockMs }),
      unanswered: () => this.put({ _tag: "SnapshotFailed", snapshot, cause: "no answer", nowMs: this.worker.clockMs }),
    })
  }

  #once(write: () => void): void {
    this.#ask<true>({
      what: "write",
      timeoutMs: questionTimeoutMs,
      serve: (answer) => {
        if (this.#server.isDown) return answer(null)
        write()
        answer(true)
      },
      answered: () => undefined,
      unanswered: () => undefined,
    })
  }

  #until(write: () => void, written: () => void = () => undefined): void {
    this.#askUntil<true>(
      "mark",
      (answer) => {
        if (this.#server.isDown) return answer(null)
        write()
        answer(true)
      },
      written,
    )
  }

  #storeWitness({ witness, over }: OutputOf<"StoreWitness">): void {
    this.#askUntil<{ readonly stands: Witness | null }>(
      "witness",
      (answer) => answer(this.#server.isDown ? null : { stands: this.#server.putWitness(this.id, witness, over) }),
      ({ stands }) => this.put({ _tag: "WitnessStored", stands, nowMs: this.worker.clockMs }),
    )
  }

  // How a life ends.

  #end(reason: StepDownReason): void {
    this.forget()
    this.worker.releaseLease(this)
    // This release will never be able to read what a newer one wrote. As in src/runtime, the partition gets no further life here until the process is replaced.
    if (reason === "NewerRelease") {
      this.isUnreadable = true
      return
    }
    const { life } = this
    this.#world.in(againMs, EventKind.restart, this.worker.host, () => {
      if (this.life === life && this.partition === null && !this.isHalted) this.begin()
    })
  }

  #shareHalt(halt: Halt): void {
    this.forget()
    this.halt = halt
    this.#isSharing = true
    const over = this.#haltRevision
    this.#askUntil<{ readonly stands: Halt | null }>(
      "halt",
      (answer) => {
        if (this.#server.isDown) return answer(null)
        const known = this.#server.marks(this.id).halt
        // The first halt that nobody has answered yet stays: it tells most. What a life found from before an operator's answer is not told.
        const isNews = (known === null || known.resume !== null) && this.#server.haltRevision(this.id) === over
        if (isNews) this.#server.putHalt(this.id, halt)
        answer({ stands: this.#server.marks(this.id).halt })
      },
      ({ stands }) => {
        this.#isSharing = false
        if (this.halt === halt) this.halt = stands
        this.worker.releaseLease(this)
        this.#beginAgain()
      },
    )
  }

  /** The shared halt changed: this worker hears of it a little later. A watch tells in order: what a later change overtook is no news. */
  haltChanged(halt: Halt | null): void {
    const revision = this.#server.haltRevision(this.id)
    const { link } = this.worker
    const change = ++this.#haltChanges
    this.#world.in(link.delayMs(link.keyNow(`watch halt ${this.id}`)), EventKind.watch, this.worker.host, () => {
      if (change < this.#haltHeard) return
      this.#haltHeard = change
      this.#haltSeen(halt, revision)
    })
  }

  #haltSeen(halt: Halt | null, revision: number): void {
    // As in src/runtime: what this life was let go on with is lifted, and nothing was halted since it began.
    const isItsLifted = halt === null && this.halt !== null && this.halt.resume !== null && this.#haltRevision === this.#haltSeenRevision
    if (isItsLifted) this.#haltRevision = revision
    this.#haltSeenRevision = revision
    this.halt = halt
    if (this.#isSharing) return
    if (this.isHalted) {
      if (this.lease !== null) this.put({ _tag: "Drain", nowMs: this.worker.clockMs })
      else if (this.partition?.phase !== "claiming") this.forget()
    } else this.#beginAgain()
  }

  /** Another life, if it may have one and has none. */
  #beginAgain(): void {
    if (this.partition === null && !this.isHalted && !this.isUnreadable) this.begin()
  }
}
