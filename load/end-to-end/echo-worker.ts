/**
 * The floor of the end-to-end bench, as a process: takes the same commands in at the same door, appends as many bytes to the same journal by the
 * same compare-and-set, one append in flight, and answers with as many bytes. It decides nothing: it doesn't know what a command says.
 *
 * It hears, appends and answers through the same adapters as a worker, so that the difference is what deciding costs.
 */
import { Buffer } from "node:buffer"
import { Effect, Layer } from "effect"
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
import { encodeAnswer, topologyPath } from "../../src/wire/questions.ts"
import { replySuffixOf } from "../../src/wire/subjects.ts"
import { hotSku, layout, samples } from "./hot-sku.ts"
import type { EchoSetup, FromEcho, ToEcho } from "./messages.ts"

const tell = (message: FromEcho): void => void process.send?.(message)

interface PreparedReply extends SkuReply {
  readonly bytes: Uint8Array
}

/** Bytes of one decision, but for the id. */
interface Template {
  readonly bytes: Buffer
  readonly idAt: number
}

const templateOf = (decision: string, sampleId: string): Template => ({ bytes: Buffer.from(decision), idAt: decision.indexOf(sampleId) })

const comma = ",".charCodeAt(0)
const bracket = "[".charCodeAt(0)
const suffixOfReply = Buffer.from("]}")

class Replies {
  readonly #prefix: Buffer
  readonly #reserve: Template
  readonly #confirm: Template
  readonly #scratch = Buffer.alloc(recordBytesMax)

  constructor(setup: EchoSetup["reply"]) {
    const { reserve, confirm } = samples(0)
    this.#prefix = Buffer.from(setup.prefix)
    this.#reserve = templateOf(setup.reserve, reserve.id)
    this.#confirm = templateOf(setup.confirm, confirm.id)
  }

  /** The reply to a body, and how many commands it held. */
  of(body: Uint8Array): { readonly bytes: Uint8Array; readonly commands: number } {
    const out = this.#scratch
    let end = this.#prefix.copy(out)
    let commands = 0
    for (let at = body[0] === bracket ? 1 : 0; at < body.length - 1; at++) {
      const isReserve = body[at + layout.typeAt] === layout.reserveFirst
      const template = isReserve ? this.#reserve : this.#confirm
      if (commands++ > 0) out[end++] = comma
      template.bytes.copy(out, end)
      out.set(body.subarray(at + layout.idAt, at + layout.idAt + layout.idBytes), end + template.idAt)
      end += template.bytes.length
      at += isReserve ? layout.reserveBytes : layout.confirmBytes
    }
    end += suffixOfReply.copy(out, end)
    return { bytes: Buffer.from(out.subarray(0, end)), commands }
  }
}

/** Bytes of a record, written long before. */
const record = Buffer.alloc(recordBytesMax, "0123456789abcdef")

interface Echo {
  readonly replies: Replies
  readonly partition: number
  readonly journals: Journals["Service"]
  readonly outbound: Outbound["Service"]
}

const total = { decided: 0, batches: 0, recordBytes: 0, appendMs: 0 }
let bytesPerCommand = 0

const run = (effect: Effect.Effect<unknown, unknown>): void => {
  Effect.runFork(Effect.tapCause(effect, (cause) => Effect.sync(() => fail(cause))))
}

/** One append in flight; what arrives meanwhile is the next batch. */
class Loop {
  readonly #echo: Echo
  #waiting: Array<PublishedMessage> = []
  #appending = false
  #endSeq: number

  constructor(echo: Echo, endSeq: number) {
    this.#echo = echo
    this.#endSeq = endSeq
  }

  take(messages: ReadonlyArray<PublishedMessage>): void {
    for (const message of messages) this.#waiting.push(message)
    if (!this.#appending && this.#waiting.length > 0) this.#append()
  }

  #append(): void {
    const { partition, journals } = this.#echo
    const batch: Array<PreparedReply> = []
    let commands = 0
    for (const message of this.#waiting) {
      if (batch.length >= batchMessagesMax || commands >= batchCommandsMax) break
      const reply = this.#echo.replies.of(message.body)
      commands += reply.commands
      batch.push(prepared(message, partition, this.#endSeq + 1, reply.bytes))
    }
    this.#waiting.splice(0, batch.length)
    this.#appending = true
    const bytes = record.subarray(0, Math.min(recordBytesMax, Math.round(commands * bytesPerCommand)))
    const startedMs = performance.now()
    run(
      Effect.map(journals.append(partition, this.#endSeq, `${"f".repeat(32)}.1.${this.#endSeq}`, bytes), ({ seq }) => {
        assert(seq === this.#endSeq + 1, "nobody else appends")
        this.#appending = false
        this.#endSeq = seq
        total.appendMs += performance.now() - startedMs
        total.decided += commands
        total.batches++
        total.recordBytes += bytes.length
        run(this.#echo.outbound.reply(batch))
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
  const partition = partitionOf(hotSku, partitions.sku)
  const echo = { replies: new Replies(setup.reply), partition, journals, outbound: yield* Outbound }
  const loop = new Loop(echo, yield* journals.endSeq(partition))
  const { enter } = yield* Door
  const entered = yield* enter({ arrived: (messages) => loop.take(messages) })
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

const count = () => {
  const { user, system } = process.cpuUsage()
  return { ...total, cpuMs: (user + system) / 1_000 }
}

process.on("message", (message: ToEcho) => {
  if (message._tag === "Setup") return start(message.setup)
  if (message._tag === "Count") return tell({ _tag: "Counted", count: count() })
  bytesPerCommand = message.perCommand
  tell({ _tag: "Done" })
})
process.on("disconnect", () => process.exit(0))
