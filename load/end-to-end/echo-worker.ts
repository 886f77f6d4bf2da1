/**
 * The floor of the end-to-end bench, as a process: takes the same commands in at the same door, appends as many bytes to the same journal by the
 * same compare-and-set, one append in flight, and answers with as many bytes. It decides nothing: it doesn't know what a command says.
 *
 * It hears, appends and answers through the same adapters as a worker, so that the difference is what deciding costs.
 */
import { Buffer } from "node:buffer"
import { Effect, Layer } from "effect"
import { Registry } from "prom-client"
import { assert } from "../../src/assert.ts"
import { partitionOf } from "../../src/domain/names.ts"
import { sendersOf } from "../../src/domain/sender-list.ts"
import type { Reply } from "../../src/engine/records.ts"
import type { SkuReply } from "../../src/kinds/sku/types.ts"
import { batchCommandsMax, batchMessagesMax, recordBytesMax } from "../../src/limits.ts"
import { doorLayer } from "../../src/nats/door.ts"
import { natsLayer } from "../../src/nats/layer.ts"
import { Cluster, Journals, Outbound, Questions } from "../../src/ports/broker.ts"
import { Door, type PublishedMessage } from "../../src/ports/door.ts"
import { addProcessMetrics, metricsOf, pageOf } from "../../src/telemetry/making.ts"
import { encodeAnswer, topologyPath } from "../../src/wire/questions.ts"
import { replySuffixOf } from "../../src/wire/subjects.ts"
import type { EchoSample, EchoSamples, EchoSetup, FromEcho, ToEcho } from "./messages.ts"

const tell = (message: FromEcho): void => void process.send?.(message)

interface PreparedReply extends SkuReply {
  readonly bytes: Uint8Array
}

const placesOf = (text: string, part: string): ReadonlyArray<number> => {
  const places: Array<number> = []
  for (let at = text.indexOf(part); at >= 0; at = text.indexOf(part, at + part.length)) places.push(at)
  return places
}

/** Bytes of one decision, but for the id and the SKU. */
interface Template {
  readonly bytes: Buffer
  readonly idPlaces: ReadonlyArray<number>
  readonly skuPlaces: ReadonlyArray<number>
  readonly commandBytes: number
}

const templateOf = ({ id, command, reply }: EchoSample, sku: string): Template => ({
  bytes: Buffer.from(reply),
  idPlaces: placesOf(reply, id),
  skuPlaces: placesOf(reply, sku),
  commandBytes: Buffer.byteLength(command),
})

const comma = ",".charCodeAt(0)
const bracket = "[".charCodeAt(0)
const reserveFirst = "R".charCodeAt(0)
const suffixOfReply = Buffer.from("]}")

class Replies {
  readonly #reserve: Template
  readonly #confirm: Template
  readonly #typeAt: number
  readonly #id: { readonly at: number; readonly bytes: number }
  readonly #sku: { readonly at: number; readonly bytes: number }
  readonly #scratch = Buffer.alloc(recordBytesMax)

  constructor({ sku, reserve, confirm }: EchoSamples) {
    this.#reserve = templateOf(reserve, sku)
    this.#confirm = templateOf(confirm, sku)
    // Both types' names are of one length, so all that follows stands at one place.
    this.#typeAt = reserve.command.indexOf("Reserve")
    this.#id = { at: reserve.command.indexOf(reserve.id), bytes: reserve.id.length }
    this.#sku = { at: reserve.command.indexOf(sku), bytes: sku.length }
    assert(confirm.command.indexOf(sku) === this.#sku.at, "a SKU stands at one place in both")
  }

  /** The reply to a body, and how many commands it held. */
  of(partition: number, body: Uint8Array): { readonly bytes: Uint8Array; readonly commands: number } {
    const out = this.#scratch
    let end = out.write(`{"v":1,"partition":${partition},"seq":1000,"epoch":1,"decisions":[`)
    let commands = 0
    for (let at = body[0] === bracket ? 1 : 0; at < body.length - 1; at++) {
      const template = body[at + this.#typeAt] === reserveFirst ? this.#reserve : this.#confirm
      if (commands++ > 0) out[end++] = comma
      template.bytes.copy(out, end)
      for (const place of template.idPlaces) out.set(this.#part(body, at, this.#id), end + place)
      for (const place of template.skuPlaces) out.set(this.#part(body, at, this.#sku), end + place)
      end += template.bytes.length
      at += template.commandBytes
    }
    end += suffixOfReply.copy(out, end)
    return { bytes: Buffer.from(out.subarray(0, end)), commands }
  }

  #part(body: Uint8Array, at: number, place: { readonly at: number; readonly bytes: number }): Uint8Array {
    return body.subarray(at + place.at, at + place.at + place.bytes)
  }
}

/** Bytes of a record, written long before. */
const record = Buffer.alloc(recordBytesMax, "0123456789abcdef")

interface Echo {
  readonly replies: Replies
  readonly journals: Journals["Service"]
  readonly outbound: Outbound["Service"]
}

/** It counts what a worker counts of the same, at the same price. */
const registry = new Registry()
addProcessMetrics(registry)
const { counter, histogram } = metricsOf(registry)
const batchCommands = histogram("batchCommands")
const batchBytes = histogram("batchBytes")
const appendSeconds = histogram("appendSeconds")
const repliesSent = counter("repliesSent")

const recordBytes = { perRecord: 0, perCommand: 0 }

const run = (effect: Effect.Effect<unknown, unknown>): void => {
  Effect.runFork(Effect.tapCause(effect, (cause) => Effect.sync(() => fail(cause))))
}

/** One partition. One append in flight; what arrives meanwhile is the next batch. */
class Loop {
  readonly #echo: Echo
  readonly #partition: number
  #waiting: Array<PublishedMessage> = []
  #appending = false
  #endSeq: number

  constructor(echo: Echo, partition: number, endSeq: number) {
    this.#echo = echo
    this.#partition = partition
    this.#endSeq = endSeq
  }

  put(message: PublishedMessage): void {
    this.#waiting.push(message)
  }

  /** To be called when all that arrived in one turn was put. */
  begin(): void {
    if (!this.#appending && this.#waiting.length > 0) this.#append()
  }

  #append(): void {
    const { journals } = this.#echo
    const partition = this.#partition
    const batch: Array<PreparedReply> = []
    let commands = 0
    for (const message of this.#waiting) {
      if (batch.length >= batchMessagesMax || commands >= batchCommandsMax) break
      const reply = this.#echo.replies.of(partition, message.body)
      commands += reply.commands
      batch.push(prepared(message, partition, this.#endSeq + 1, reply.bytes))
    }
    this.#waiting.splice(0, batch.length)
    this.#appending = true
    const bytes = record.subarray(0, Math.min(recordBytesMax, Math.round(recordBytes.perRecord + commands * recordBytes.perCommand)))
    const startedMs = performance.now()
    run(
      Effect.map(journals.append(partition, this.#endSeq, `${"f".repeat(32)}.1.${this.#endSeq}`, bytes), ({ seq }) => {
        assert(seq === this.#endSeq + 1, "nobody else appends")
        this.#appending = false
        this.#endSeq = seq
        appendSeconds.observe((performance.now() - startedMs) / 1_000)
        batchCommands.observe(commands)
        batchBytes.observe(bytes.length)
        run(Effect.tap(this.#echo.outbound.reply(batch), () => Effect.sync(() => repliesSent.inc(batch.length))))
        if (this.#waiting.length > 0) this.#append()
      }),
    )
  }
}

const prepared = (message: PublishedMessage, partition: number, seq: number, bytes: Uint8Array): PreparedReply => ({
  sender: message.sender,
  suffix: replySuffixOf(message.sender, message.replySubject, message.replyHeader) ?? "",
  partition,
  seq,
  epoch: 1,
  array: true,
  decisions: [],
  bytes,
})

const saidCodec = {
  encodeReply: (reply: Reply): Uint8Array => {
    assert("bytes" in reply && reply.bytes instanceof Uint8Array, "every reply was prepared")
    return reply.bytes
  },
  encodeAts: () => new Uint8Array(),
  decodeAts: () => undefined,
}

const work = Effect.fnUntraced(function* (setup: EchoSetup) {
  const cluster = yield* Cluster
  const { partitions } = yield* cluster.prepare({ partitions: { sku: setup.partitions, order: setup.partitions }, replicas: 1 })
  const questions = yield* Questions
  const open = yield* questions.listen(({ sender, path, replySubject, replyHeader }) => {
    // The only one a client needs: how many partitions there are.
    const suffix = replySuffixOf(sender, replySubject, replyHeader)
    if (path === topologyPath && suffix !== null) open.answer(sender, suffix, encodeAnswer({ answer: "topology", partitions }))
  })
  for (const { sender } of sendersOf(setup.senders)) open.open(sender)
  const journals = yield* Journals
  const echo = { replies: new Replies(setup.samples), journals, outbound: yield* Outbound }
  const loops: Array<Loop> = []
  for (let partition = 0; partition < partitions.sku; partition++) loops.push(new Loop(echo, partition, yield* journals.endSeq(partition)))
  const { enter } = yield* Door
  const entered = yield* enter({
    arrived: (messages) => {
      // A path is class, kind and token: any SKU of the message, and all of them share its partition.
      for (const message of messages)
        loops[partitionOf(message.path.slice(message.path.lastIndexOf(".") + 1), partitions.sku)]?.put(message)
      for (const loop of loops) loop.begin()
    },
  })
  for (const { sender } of sendersOf(setup.senders)) entered.open(sender)
  tell({ _tag: "Done" })
  return yield* Effect.never
}, Effect.scoped)

const fail = (cause: unknown): void => {
  console.error(cause)
  process.exit(1)
}

const start = ({ url, monitorUrl, engine, door, ...setup }: EchoSetup): void => {
  const nats = Layer.mergeAll(
    natsLayer({ kind: "sku", servers: [url], monitorUrls: [monitorUrl], engine, door, name: "echo" }, saidCodec),
    doorLayer({ servers: [url], door, name: "echo" }),
  )
  run(Effect.scoped(Effect.provide(work({ url, monitorUrl, engine, door, ...setup }), Layer.fresh(nats))))
}

process.on("message", (message: ToEcho) => {
  if (message._tag === "Setup") return start(message.setup)
  if (message._tag === "Count")
    return run(
      Effect.map(
        Effect.promise(() => pageOf(registry)),
        (page) => tell({ _tag: "Counted", page }),
      ),
    )
  recordBytes.perRecord = message.perRecord
  recordBytes.perCommand = message.perCommand
  tell({ _tag: "Done" })
})
process.on("disconnect", () => process.exit(0))
