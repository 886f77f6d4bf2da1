/**
 * What stands in the streams of the engine's account: every message with its subject and headers, held against the forms that are ours.
 */
import { jetstream, jetstreamManager } from "@nats-io/jetstream"
import type { NatsConnection } from "@nats-io/transport-node"
import { engineCodec, orderCodec } from "../../src/wire/codec.ts"
import { commandsStream } from "../../src/wire/subjects.ts"

/** How many messages each stream has been given so far. */
export type StreamEnds = Readonly<Record<string, number>>

export const streamEnds = async (engine: NatsConnection): Promise<StreamEnds> => {
  const jsm = await jetstreamManager(engine)
  const ends: Record<string, number> = {}
  for await (const { config, state } of jsm.streams.list()) ends[config.name] = state.last_seq
  return ends
}

/** The last sequence of the commands stream alone: asked after each message. */
export const storedEnd = async (engine: NatsConnection): Promise<number> =>
  (await (await jetstreamManager(engine)).streams.info(commandsStream("sku"))).state.last_seq

/** Subjects and names of headers that workers and ingresses write, by the beginning of the stream's name. */
const ours: ReadonlyArray<{ readonly stream: RegExp; readonly subject: RegExp; readonly header: RegExp }> = [
  { stream: /^HF_STORED_(?:SKU|ORDER)$/, subject: /^hf\.q\.(?:sku|order)\.\d+$/, header: /^$/ },
  { stream: /^HF_JOURNAL_(?:SKU|ORDER)_\d+$/, subject: /^hf\.journal\.(?:sku|order)\.\d+$/, header: /^Nats-/ },
  { stream: /^HF_SNAPSHOTS_(?:SKU|ORDER)$/, subject: /^hf\.snap\.(?:sku|order)\.\d+\.[\w-]+(?:\.\d+)?$/, header: /^Nats-/ },
  { stream: /^HF_FEED$/, subject: /^hf\.feed\.\d+\.[a-z0-9_-]+\.[A-Za-z0-9_%-]+$/, header: /^(?:Nats-|Hf-)/ },
  { stream: /^KV_HF_\w+$/, subject: /^\$KV\.HF_\w+\.[\w.-]+$/, header: /^(?:Nats-|KV-)/ },
]

/** What the bytes of a message are to those who read its stream, of the streams that ingresses write. */
const batchTagOf: ReadonlyMap<string, (body: Uint8Array) => string> = new Map([
  [commandsStream("sku"), (body) => engineCodec.decodeBatch(body)._tag],
  [commandsStream("order"), (body) => orderCodec.decodeBatch(body)._tag],
])

export interface Foreign {
  readonly stream: string
  readonly seq: number
  readonly subject: string
  readonly why: string
}

export interface Looked {
  readonly messages: Readonly<Record<string, number>>
  readonly foreign: ReadonlyArray<Foreign>
}

const pullMessages = 500

/** Looks at all that every stream still holds. `marks`: text that stood in headers and bodies of what was tried, and nowhere in what is ours. */
export const lookAtStreams = async (engine: NatsConnection, marks: ReadonlyArray<string>): Promise<Looked> => {
  const jsm = await jetstreamManager(engine)
  const js = jetstream(engine)
  const foreign: Array<Foreign> = []
  const messages: Record<string, number> = {}
  for await (const { config, state } of jsm.streams.list()) {
    messages[config.name] = 0
    const form = ours.find(({ stream }) => stream.test(config.name))
    if (form === undefined) foreign.push({ stream: config.name, seq: 0, subject: "", why: "a stream that is none of ours" })
    if (state.messages === 0 || form === undefined) continue
    const consumer = await js.consumers.get(config.name)
    let seq = 0
    while (seq < state.last_seq) {
      let heard = 0
      for await (const message of await consumer.fetch({ max_messages: pullMessages, expires: 1_000 })) {
        heard++
        seq = message.seq
        messages[config.name] = (messages[config.name] ?? 0) + 1
        const names = message.headers?.keys() ?? []
        const text = Buffer.from(message.data).toString("latin1")
        const values = names.map((name) => `${name}: ${message.headers?.values(name).join(" ")}`).join("\n")
        const why = !form.subject.test(message.subject)
          ? "its subject is none of ours"
          : !names.every((name) => form.header.test(name))
            ? `it has the header ${names.find((name) => !form.header.test(name))}`
            : marks.some((mark) => text.includes(mark) || values.includes(mark) || message.subject.includes(mark))
              ? "bytes that were tried stand in it"
              : (batchTagOf.get(config.name)?.(message.data) ?? "Batch") !== "Batch"
                ? "it is nothing that an ingress writes"
                : undefined
        if (why !== undefined) foreign.push({ stream: config.name, seq, subject: message.subject, why })
      }
      if (heard === 0) break
    }
  }
  return { messages, foreign }
}
