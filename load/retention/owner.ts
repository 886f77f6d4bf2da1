/**
 * An owner without a worker around it: the engine itself decides full batches of made-up commands and appends to a real journal, as fast as that goes, at times of
 * its own. A day of journaled time passes in as many records as is asked for.
 */
import * as Effect from "effect/Effect"
import * as Stream from "effect/Stream"
import type { CommandClass, SenderId, Sku } from "../../src/domain/names.ts"
import type { CommandMessage } from "../../src/engine/protocol.ts"
import { protocolRules } from "../../src/engine/rules.ts"
import { emptyPartition, makeStep, stateHash } from "../../src/kinds/sku/partition.ts"
import type { SkuInput, SkuOutput, SkuPartition, SkuTakenMessage } from "../../src/kinds/sku/types.ts"
import { Cluster, Journals, Snapshots } from "../../src/ports/broker.ts"
import { decodeBody } from "../../src/wire/body.ts"
import { engineCodec } from "../../src/wire/codec.ts"
import { bodyText, encodeBatch } from "../../src/wire/taken.ts"

const step = makeStep({ codec: engineCodec, rules: protocolRules })
const encoder = new TextEncoder()
/** Commands of one message, as the client packs them. */
const commandsPerMessage = 64

type Told<A> = A extends SkuInput ? Omit<A, "nowMs"> : never

/** A message as an ingress took it in. */
const takenOf = (sender: string, commandClass: CommandClass, sku: string, text: string, publishedMs: number): SkuTakenMessage => {
  const body = decodeBody(encoder.encode(text))
  const bytes = Buffer.byteLength(bodyText(body))
  return {
    sender: sender as SenderId,
    class: commandClass,
    bulk: false,
    key: sku as Sku,
    reply: null,
    publishedMs,
    trace: null,
    bytes,
    body,
  }
}

export interface OwnerOptions {
  readonly partition: number
  readonly partitions: number
  readonly skus: ReadonlyArray<string>
  readonly startMs: number
  readonly msPerRecord: number
  readonly commandsPerRecord: number
}

export class SteadyOwner {
  readonly partition: SkuPartition
  readonly #options: OwnerOptions
  nowMs: number
  commands = 0
  recordBytes = 0
  snapshots = 0
  #messageSeq = 0
  #reservations = 0

  constructor(options: OwnerOptions) {
    this.#options = options
    this.nowMs = options.startMs
    // Begun when it is asked for, by the ticks of `snapshot`.
    this.partition = emptyPartition({ partition: options.partition, partitions: options.partitions, snapshotEveryRecords: 1 })
  }

  /** Becomes owner, and stocks up every SKU. */
  readonly begin = Effect.fnUntraced(function* (this: SteadyOwner) {
    yield* this.#tell({ _tag: "SnapshotMissing" })
    // What it counts on is the broker's time itself.
    yield* this.#tell({ _tag: "BrokerTimeSeen", brokerMs: this.nowMs })
    yield* this.#tell({ _tag: "Claim", owner: "load", incarnation: `load${this.#options.partition}` })
    const { skus } = this.#options
    const each = (type: string, rest: string) => skus.map((sku) => this.#body(type, sku, `${type}-${sku}`, rest))
    const stock = each("ReceiveStock", `"location":"DC1","qty":1000000000`)
    const policy = `"policy":{"version":1,"channels":[{"channel":"web","priority":0,"bufferQty":0,"bufferPercent":0,"floorQty":0,"fenceQty":0}],"safety":[],"sourcing":["DC1"]}`
    yield* this.#decide("dc", "stock", stock)
    yield* this.#decide("desk", "policy", each("SetPolicy", policy))
  })

  /** Decides so many commands: units are reserved and released again, each pair a moment apart. */
  readonly sell = Effect.fnUntraced(function* (this: SteadyOwner, commands: number) {
    const { skus } = this.#options
    const made: Array<Uint8Array> = []
    while (made.length < commands) {
      const n = this.#reservations++
      const sku = skus[n % skus.length] ?? ""
      made.push(this.#body("Reserve", sku, `c${n}`, `"reservation":"r${n}","qty":1,"holdMs":86400000`))
      made.push(this.#body("Release", sku, `d${n}`, `"reservation":"r${n}","reason":"other"`))
      if (made.length % this.#options.commandsPerRecord === 0) this.nowMs += this.#options.msPerRecord
    }
    yield* this.#decide("web", "sell", made)
    this.commands += made.length
  })

  /** Writes a snapshot, as an owner does between its batches, and waits until it is published. */
  readonly snapshot = Effect.fnUntraced(function* (this: SteadyOwner) {
    const before = this.snapshots
    // Due now, whatever the last one took to write.
    this.partition.snapshotThings = 0
    while (this.snapshots === before) yield* this.#tell({ _tag: "Tick", wallMs: this.nowMs })
  })

  stateHash(): string {
    return stateHash(this.partition, engineCodec.sha256)
  }

  #body(type: string, sku: string, id: string, rest: string): Uint8Array {
    return encoder.encode(`{"v":1,"type":"${type}","id":"${id}","sku":"${sku}","issuedAtMs":${this.nowMs},${rest}}`)
  }

  /** A stored message of one. */
  #stored(message: SkuTakenMessage): CommandMessage {
    const seq = ++this.#messageSeq
    const body = encodeBatch({ ingress: "load", serial: seq, acknowledged: seq - 1, messages: [message] })
    return { seq, subject: `hf.q.sku.${this.#options.partition}`, headers: "", body, brokerMs: this.nowMs }
  }

  /** Commands as messages of many, a record's worth at once: sales handed over, all else as an ingress stores it. */
  readonly #decide = Effect.fnUntraced(function* (
    this: SteadyOwner,
    sender: string,
    commandClass: CommandClass,
    bodies: ReadonlyArray<Uint8Array>,
  ) {
    const { commandsPerRecord, skus } = this.#options
    for (let from = 0; from < bodies.length; from += commandsPerRecord) {
      const record = bodies.slice(from, from + commandsPerRecord)
      const messages: Array<SkuTakenMessage> = []
      for (let at = 0; at < record.length; at += commandsPerMessage) {
        const texts = record.slice(at, at + commandsPerMessage).map((one) => Buffer.from(one).toString("utf8"))
        messages.push(takenOf(sender, commandClass, skus[0] ?? "", `[${texts.join(",")}]`, this.nowMs))
      }
      yield* commandClass === "sell"
        ? this.#tell({ _tag: "CommandsHanded", messages })
        : this.#tell({ _tag: "CommandsArrived", messages: messages.map((message) => this.#stored(message)) })
    }
  })

  readonly #tell = Effect.fnUntraced(function* (this: SteadyOwner, told: Told<SkuInput>) {
    const waiting: Array<SkuOutput> = [...this.#put(told)]
    for (let output = waiting.shift(); output !== undefined; output = waiting.shift()) waiting.push(...(yield* this.#perform(output)))
  })

  // What is told is an input but for its time; the compiler can't put a union together again.
  #put(told: Told<SkuInput>): ReadonlyArray<SkuOutput> {
    return step(this.partition, { ...told, nowMs: this.nowMs } as SkuInput)
  }

  /** Does what is asked for; what the engine says to the outcome. */
  readonly #perform = Effect.fnUntraced(function* (this: SteadyOwner, output: SkuOutput) {
    const { partition } = this.#options
    if (output._tag === "Append") {
      const { messageId, expectedSeq, bytes } = output
      const ack = yield* (yield* Journals).append(partition, expectedSeq, messageId, bytes)
      this.recordBytes += bytes.length
      return this.#put({ _tag: "AppendAcked", messageId, ...ack })
    }
    if (output._tag === "ReadClaimBasis")
      return this.#put({ _tag: "ClaimBasisRead", ask: output.ask, basis: { endSeq: 0, incarnation: null, witness: null, halt: null } })
    if (output._tag === "StoreIncarnation") yield* (yield* Cluster).putIncarnation(partition, output.incarnation)
    if (output._tag === "ContinueSoon") return this.#put({ _tag: "Continue" })
    if (output._tag === "SayBusy") return yield* Effect.die(new Error(`handed over faster than it decides: ${output.why}`))
    if (output._tag === "SendReplies") return this.#put({ _tag: "RepliesSent", seq: output.seq })
    if (output._tag === "SendFeed") return this.#put({ _tag: "FeedSent", group: output.group })
    if (output._tag === "StoreChunk") {
      const { snapshot, index, bytes } = output
      yield* (yield* Snapshots).putChunk(partition, snapshot, index, bytes)
      return this.#put({ _tag: "ChunkStored", snapshot, index })
    }
    if (output._tag === "ReadForRepublish") {
      const arrays = yield* Stream.runCollect((yield* Journals).read(partition, output.fromSeq, output.toSeq))
      return this.#put({ _tag: "RepublishRead", records: arrays.flat() })
    }
    if (output._tag === "PublishSnapshot") {
      yield* (yield* Snapshots).publish(output.manifest)
      this.snapshots++
    }
    if (output._tag === "Halted") return yield* Effect.die(new Error(output.halt.detail))
    return []
  })
}
