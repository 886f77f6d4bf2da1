/**
 * A bench to put one partition's `step` on: a journal, a commands stream and marks as plain arrays, every answer under the test's control.
 *
 * No time passes and nothing is answered unless the test says so (or asks for `settle`, which answers everything as a healthy broker would).
 */

import { type CommandClass, partitionOf, type SenderId, type Sku } from "../../src/domain/names.ts"
import type { Command } from "../../src/domain/sku/commands.ts"
import { skuKind } from "../../src/domain/sku/index.ts"
import type { MemoryBounds } from "../../src/engine/memory-bounds.ts"
import type { Reign } from "../../src/engine/partition.ts"
import type { ClaimBasis, CommandMessage, Halt, ProtocolRules, SnapshotManifest, Witness } from "../../src/engine/protocol.ts"
import type { StoredRecord } from "../../src/engine/records.ts"
import { protocolRules } from "../../src/engine/rules.ts"
import { emptyPartition, makeStep } from "../../src/kinds/sku/partition.ts"
import type { AtsValue, SkuInput, SkuJournalRecord, SkuOutput, SkuPartition, SkuReply, SkuStep } from "../../src/kinds/sku/types.ts"
import { formerLeaderMs } from "../../src/limits.ts"
import { engineCodec } from "../../src/wire/codec.ts"
import { storedOf } from "../../src/wire/subjects.ts"
import { storedAlone } from "../../src/workload/stored-alone.ts"

type Tag = SkuOutput["_tag"]
type Of<T extends Tag> = Extract<SkuOutput, { _tag: T }>
type WithoutTime<T> = T extends unknown ? Omit<T, "nowMs" | "wallMs"> : never

export const startMs = 1_800_000_000_000

/** What the workers of one partition share: its journal, its commands, its marks. */
export class Broker {
  journal: Array<StoredRecord> = []
  commands = new Map<number, CommandMessage>()
  lastSeq = 0
  incarnation: string | null = null
  witness: Witness | null = null
  halt: Halt | null = null
  /** How full the commands stream says it is. */
  fill = 0
  chunks = new Map<string, Array<Uint8Array>>()
  manifest: SnapshotManifest | null = null
  feed: Array<AtsValue> = []
  replies: Array<SkuReply> = []

  append(expectedSeq: number, messageId: string, bytes: Uint8Array): number | undefined {
    if (expectedSeq !== this.journal.length) return undefined
    this.journal.push({ seq: expectedSeq + 1, messageId, bytes })
    return expectedSeq + 1
  }

  /** Writes the witness if `over` is what stands and names an earlier record; the one that stands then. */
  raiseWitness(witness: Witness, over: Witness | null): Witness | null {
    const isExpected = this.witness?.seq === over?.seq && this.witness?.hash === over?.hash
    if (isExpected && witness.seq > (this.witness?.seq ?? 0)) this.witness = witness
    return this.witness
  }

  /** What the feed's stream holds: the last value of each channel and SKU, in the order they were stored. */
  feedNow(): ReadonlyArray<AtsValue> {
    return this.feed.filter(
      (value, i) => this.feed.findLastIndex(({ channel, sku }) => channel === value.channel && sku === value.sku) === i,
    )
  }

  records(): ReadonlyArray<SkuJournalRecord> {
    return this.journal.map(({ bytes }) => {
      const decoded = engineCodec.decodeRecord(bytes)
      if (decoded._tag !== "Record") throw new Error(decoded.cause)
      return decoded.record
    })
  }

  /** Stores a message as an ingress does, alone, at that time of the broker's. `body` is one command's JSON, or several. */
  store(
    sender: string,
    commandClass: string,
    sku: string,
    body: string,
    { brokerMs }: { readonly brokerMs?: number } = {},
  ): CommandMessage {
    const seq = ++this.lastSeq
    const publishedMs = brokerMs ?? startMs + seq
    const sent = { sender: sender as SenderId, class: commandClass as CommandClass, key: sku as Sku, reply: `c.${seq}`, publishedMs }
    return this.#hold(storedAlone(0, seq, sent, new TextEncoder().encode(body)))
  }

  /** Stores bytes, as whoever may write there could. */
  storeBytes(body: Uint8Array, more: Partial<CommandMessage> = {}): CommandMessage {
    const seq = ++this.lastSeq
    return this.#hold({ seq, subject: storedOf("sku", 0), headers: "", body, brokerMs: startMs + seq, ...more })
  }

  #hold(message: CommandMessage): CommandMessage {
    this.commands.set(message.seq, message)
    return message
  }
}

/** One worker's view of the partition. */
export class Worker {
  readonly partition: SkuPartition
  readonly step: SkuStep
  /** Outputs not yet taken by the test. */
  out: Array<SkuOutput> = []
  /** What time it is, here and at the broker. */
  nowMs = startMs
  /** By how much its clocks, the steady one included, are ahead of the broker's. */
  clockAheadMs = 0
  /** By how much its wall clock is ahead of that. */
  wallAheadMs = 0
  readonly broker: Broker
  readonly name: string

  /** What it holds of its reign. */
  get reign(): Reign {
    if (this.partition.phase !== "serving") throw new Error(`it is ${this.partition.phase}`)
    return this.partition.reign
  }

  constructor(
    broker: Broker,
    name = "a",
    rules: ProtocolRules = protocolRules,
    snapshotEveryRecords = 1_000_000,
    memoryBounds?: MemoryBounds,
  ) {
    this.broker = broker
    this.name = name
    this.partition = emptyPartition({
      partition: 0,
      partitions: 1,
      snapshotEveryRecords,
      ...(memoryBounds === undefined ? {} : { memoryBounds }),
    })
    this.step = makeStep({ codec: engineCodec, rules })
  }

  put(input: WithoutTime<SkuInput>): ReadonlyArray<SkuOutput> {
    const nowMs = this.nowMs + this.clockAheadMs
    const outputs = this.step(this.partition, { ...input, nowMs, wallMs: nowMs + this.wallAheadMs } as SkuInput)
    // What was asked for in a reign that is over is given up.
    if (outputs.some(({ _tag }) => _tag === "ReignEnded")) this.out = this.out.filter(({ _tag }) => kept.has(_tag))
    this.out.push(...outputs)
    return outputs
  }

  /** The newest output of a kind, taken off the list; throws if there is none. */
  take<T extends Tag>(tag: T): Of<T> {
    const index = this.out.findLastIndex((output) => output._tag === tag)
    if (index < 0) throw new Error(`no ${tag} among ${this.out.map((output) => output._tag).join(", ") || "no outputs"}`)
    return this.out.splice(index, 1)[0] as Of<T>
  }

  all<T extends Tag>(tag: T): ReadonlyArray<Of<T>> {
    return this.out.filter((output): output is Of<T> => output._tag === tag)
  }

  has(tag: Tag): boolean {
    return this.out.some((output) => output._tag === tag)
  }

  basis(): ClaimBasis {
    const { incarnation, witness, halt } = this.broker
    return { endSeq: this.broker.journal.length, incarnation, witness, halt }
  }

  /** Answers outputs as a healthy broker would, until there are none to answer; those in `except` stay on the list. */
  settle(except: ReadonlyArray<Tag> = []): void {
    for (let i = 0; i < 100_000; i++) {
      const index = this.out.findIndex((output) => !except.includes(output._tag) && !kept.has(output._tag))
      if (index < 0) return
      this.answer(this.out.splice(index, 1)[0] as SkuOutput)
    }
    throw new Error("the partition never comes to rest")
  }

  answer(output: SkuOutput): void {
    const { broker } = this
    switch (output._tag) {
      case "FollowJournal":
        this.put({ _tag: "RecordsRead", records: broker.journal.slice(output.fromSeq - 1) })
        return
      case "ReadRecords":
        this.put({ _tag: "RecordsRead", records: broker.journal.slice(output.fromSeq - 1, output.toSeq) })
        return
      case "ReadRecalled":
        this.put({ _tag: "RecalledRead", seq: output.seq, record: broker.journal[output.seq - 1] ?? null })
        return
      case "ReadForRepublish":
        this.put({ _tag: "RepublishRead", records: broker.journal.slice(output.fromSeq - 1, output.toSeq) })
        return
      case "ReadClaimBasis":
        this.put({ _tag: "ClaimBasisRead", ask: output.ask, basis: this.basis() })
        return
      case "Append": {
        const seq = broker.append(output.expectedSeq, output.messageId, output.bytes)
        if (seq === undefined) this.put({ _tag: "AppendUnknown", messageId: output.messageId, cause: "10071 wrong last sequence" })
        else this.put({ _tag: "AppendAcked", messageId: output.messageId, seq, duplicate: false })
        return
      }
      case "ReadJournalEnd":
        this.put({ _tag: "JournalEndRead", endSeq: broker.journal.length, record: broker.journal[output.seq - 1] ?? null })
        return
      case "ContinueSoon":
        this.put({ _tag: "Continue" })
        return
      case "ReadCommands":
        this.put({ _tag: "CommandsArrived", messages: [...broker.commands.values()].filter(({ seq }) => seq >= output.fromSeq) })
        return
      case "ReadCommandAt":
        this.readCommandAt(output.seq)
        return
      default:
        this.answerSaying(output)
    }
  }

  private answerSaying(output: SkuOutput): void {
    const { broker } = this
    switch (output._tag) {
      case "SendReplies":
        broker.replies.push(...output.replies)
        this.put({ _tag: "RepliesSent", seq: output.seq })
        return
      case "SendFeed":
        broker.feed.push(...output.values)
        this.put({ _tag: "FeedSent", group: output.group })
        for (const value of output.values) this.seeFeed(value)
        return
      case "WatchFeed":
        for (const value of broker.feedNow()) this.seeFeed(value)
        return
      case "StoreIncarnation":
        broker.incarnation = output.incarnation
        return
      case "StoreWitness":
        this.put({ _tag: "WitnessStored", stands: broker.raiseWitness(output.witness, output.over) })
        return
      case "PurgeCommands":
        for (const seq of broker.commands.keys()) if (seq < output.beforeSeq) broker.commands.delete(seq)
        return
      case "StoreChunk":
        broker.chunks.set(output.snapshot, [...(broker.chunks.get(output.snapshot) ?? []), output.bytes])
        this.put({ _tag: "ChunkStored", snapshot: output.snapshot, index: output.index })
        return
      case "PublishSnapshot":
        broker.manifest = output.manifest
        return
      case "DiscardSnapshot":
        if (broker.manifest?.id === output.id) broker.manifest = null
        return
      case "ClearHalt":
        broker.witness = null
        broker.halt = null
        this.put({ _tag: "HaltCleared" })
        return
      case "Halted":
        broker.halt = output.halt
        return
      default:
        return
    }
  }

  /** The feed's stream stored a value, and this worker watches it. */
  seeFeed({ channel, sku, version, ats }: Pick<AtsValue, "channel" | "sku" | "version" | "ats">): void {
    this.put({ _tag: "FeedSeen", channel, key: sku, version, shown: ats })
  }

  readCommandAt(seq: number): void {
    const { broker } = this
    const message = broker.commands.get(seq) ?? null
    const held = [...broker.commands.keys()].sort((a, b) => a - b)
    const later = held.filter((other) => other > seq)
    this.put({
      _tag: "CommandAtRead",
      seq,
      message,
      nextSeq: message === null ? (later[0] ?? null) : null,
      firstSeq: held[0] ?? broker.lastSeq + 1,
      lastSeq: broker.lastSeq,
      fill: broker.fill,
    })
  }

  /** Follows from the broker's snapshot if it has one, else from the first record. */
  follow(): this {
    const { manifest } = this.broker
    if (manifest === null) this.put({ _tag: "SnapshotMissing" })
    else this.put({ _tag: "SnapshotRead", manifest, chunks: this.broker.chunks.get(manifest.id) ?? [] })
    return this
  }

  /** A lease was renewed at the broker, and is heard of at once. */
  hearRenewal(brokerMs = this.nowMs): this {
    this.put({ _tag: "BrokerTimeSeen", brokerMs })
    return this
  }

  /** Becomes owner, as if the lease were ours: it was stamped when it was got. */
  claim(): this {
    this.hearRenewal()
    this.put({ _tag: "Claim", owner: `${this.name}-${this.broker.journal.length}`, incarnation: `incarnation-${this.name}` })
    return this
  }

  /** A worker that serves, everything answered. */
  serve(): this {
    this.follow().claim().settle()
    return this.tick()
  }

  /** Time passes, here as at the broker, whose renewals go on. */
  tick(ms = 0): this {
    this.nowMs += ms
    if (ms > 0) this.hearRenewal()
    this.put({ _tag: "Tick" })
    this.settle(["Append"])
    return this
  }

  /** Lets so much time pass that the journal's end is believed, whatever it is: no former leader could tell it any more. */
  outlastFormerLeader(): this {
    this.settle()
    return this.tick(formerLeaderMs)
  }

  arrive(...messages: ReadonlyArray<CommandMessage>): this {
    this.put({ _tag: "CommandsArrived", messages })
    return this
  }

  /** Stores a command and lets it arrive; the outputs wait to be settled. */
  send(sender: string, command: Record<string, unknown>, at: { readonly brokerMs?: number } = {}): CommandMessage {
    const message = this.broker.store(sender, classFor(String(command.type)), String(command.sku), JSON.stringify(command), at)
    this.arrive(message)
    return message
  }
}

/** Outputs that nobody answers: they stay for the test to look at. */
const kept: ReadonlySet<Tag> = new Set<Tag>([
  "Alarm",
  "BatchConfirmed",
  "ClaimEnded",
  "ReignEnded",
  "Serving",
  "SteppedDown",
  "StopFollowing",
  "PauseReading",
  "SayBusy",
  "Throttle",
  "ResumeReading",
])

/** The class that a command's declaration says; a channel's where there is no such type. */
const classFor = (type: string): string => skuKind.commands.find((spec) => spec.type === type)?.class ?? "sell"

let made = 0

/** The JSON of a command, with what the test doesn't care about filled in. */
export const json = (type: Command["type"], fields: Record<string, unknown> = {}): Record<string, unknown> => ({
  v: 1,
  type,
  id: `id-${++made}`,
  sku: "A",
  issuedAtMs: startMs,
  ...fields,
})

export const policyFor = (...channels: ReadonlyArray<string>) => ({
  version: 1,
  channels: channels.map((channel, priority) => ({ channel, priority, bufferQty: 0, bufferPercent: 0, floorQty: 0, fenceQty: 0 })),
  safety: [],
  sourcing: [],
})

/** A serving worker with `qty` units of SKU A at location L, sold by web and shop. */
export const serving = (qty: number, rules: ProtocolRules = protocolRules, broker = new Broker(), memoryBounds?: MemoryBounds): Worker => {
  const worker = new Worker(broker, "a", rules, 1_000_000, memoryBounds).serve()
  worker.send("dc", json("ReceiveStock", { location: "L", qty }))
  worker.send("boss", json("SetPolicy", { policy: policyFor("web", "shop") }))
  worker.settle()
  worker.out = []
  return worker
}

/** The outcome last said for a command id. */
export const saidOf = (broker: Broker, id: unknown) =>
  broker.replies
    .flatMap(({ decisions }) => decisions)
    .filter((decision) => decision.id === id)
    .at(-1)

/** Everything said about a command id, in order. */
export const allSaidOf = (broker: Broker, id: unknown) =>
  broker.replies.flatMap(({ decisions }) => decisions).filter((decision) => decision.id === id)

export const inPartition = (sku: string, partitions: number): number => partitionOf(sku, partitions)
