/**
 * What streams answer to whoever publishes to them, heard on one standing subscription of a connection.
 *
 * A subscription for each group of messages costs the server more than storing a small one does: each changes what all later messages are looked up in. The client's own publish has one subscription too, and makes
 * two promises, a timer and an error with its stack for each message, and its headers one by one.
 */
import { Buffer } from "node:buffer"
import { JetStreamApiError } from "@nats-io/jetstream"
import type { Msg, NatsConnection } from "@nats-io/transport-node"
import type { Protocol, Riders } from "./block.ts"

/** Answers that are awaited under one subject. */
interface Expected {
  /** The subject to be answered on. */
  readonly reply: string
  /** Nothing more is expected: what comes late is passed over. */
  readonly forget: () => void
}

/** Where a stream stored a message. */
export interface Ack {
  readonly stream: string
  readonly seq: number
  readonly duplicate: boolean
}

/** A message that a stream is to store once, and only where it is expected to. Its subject is made of plain tokens, its id of printable ASCII. */
export interface Guarded {
  readonly subject: string
  readonly body: Uint8Array
  readonly messageId: string
  /** What the stream's last sequence has to be. */
  readonly lastSequence: number
}

/** What an answer says: an error if it is no acknowledgement. */
const ackOf = ({ data }: Msg): Ack | Error => {
  // The server's own word that nobody listens there has no body.
  if (data.length === 0) return new Error("no stream takes it")
  let said: unknown
  try {
    said = JSON.parse(Buffer.from(data.buffer, data.byteOffset, data.byteLength).toString("utf8"))
  } catch {
    return new Error("what it was answered is no JSON")
  }
  const { error, stream, seq, duplicate } = said as {
    readonly error?: ConstructorParameters<typeof JetStreamApiError>[0]
    readonly stream?: unknown
    readonly seq?: unknown
    readonly duplicate?: unknown
  }
  if (error !== undefined) return new JetStreamApiError(error)
  if (typeof stream !== "string" || typeof seq !== "number") return new Error("what it was answered is no acknowledgement")
  return { stream, seq, duplicate: duplicate === true }
}

const lineEnd = "\r\n"
const lineEndBytes = Buffer.from(lineEnd)
/** What may stand in a header as it is: a byte each, and no line end. */
const plain = /^[\x20-\x7e]+$/

/** The head of a guarded message, as the protocol spells it. */
const headOf = ({ subject, body, messageId, lastSequence }: Guarded, reply: string): string => {
  const headers = `NATS/1.0${lineEnd}Nats-Msg-Id: ${messageId}${lineEnd}Nats-Expected-Last-Sequence: ${lastSequence}${lineEnd}${lineEnd}`
  return `HPUB ${subject} ${reply} ${headers.length} ${headers.length + body.length}${lineEnd}${headers}`
}

/** The acknowledgements that come on one connection. */
export class Acks {
  readonly #nc: NatsConnection
  readonly #inbox: string
  readonly #send: Protocol["sendCommand"]
  readonly #riders: Riders
  readonly #open = new Map<string, (heard: Msg | Error) => void>()
  #last = 0
  #isListening = false

  /** `inbox`: a subject that only this connection may hear with all below it. `riders` leave with what is published here. */
  constructor(nc: NatsConnection, inbox: string, send: Protocol["sendCommand"], riders: Riders) {
    this.#nc = nc
    this.#inbox = inbox
    this.#send = send
    this.#riders = riders
  }

  /** Hears what is answered from now on under a subject of its own, and what goes wrong with all of them. Throws when the connection is closed. */
  expect(hear: (heard: Msg | Error) => void): Expected {
    this.#listen()
    const token = (++this.#last).toString(36)
    this.#open.set(token, hear)
    return { reply: `${this.#inbox}.${token}`, forget: () => void this.#open.delete(token) }
  }

  /** Publishes once. Rejects with what the server said if it isn't stored, or when nothing was said for so long. */
  publish(message: Guarded, timeoutMs: number): Promise<Ack> {
    return new Promise((resolve, reject) => {
      if (!plain.test(message.messageId)) throw new Error("a message's id is printable ASCII")
      const most = this.#nc.info?.max_payload ?? Number.POSITIVE_INFINITY
      const expected = this.expect((heard) => {
        clearTimeout(silence)
        expected.forget()
        const ack = heard instanceof Error ? heard : ackOf(heard)
        if (ack instanceof Error) reject(ack)
        else resolve(ack)
      })
      const silence = setTimeout(() => {
        expected.forget()
        reject(new Error(`no acknowledgement within ${timeoutMs} ms`))
      }, timeoutMs)
      const head = headOf(message, expected.reply)
      // The server would end the connection.
      if (head.length + message.body.length > most) {
        clearTimeout(silence)
        expected.forget()
        throw new Error(`a message of ${message.body.length} bytes is larger than the server takes`)
      }
      this.#send(head, message.body, lineEndBytes, ...this.#riders.take())
    })
  }

  /** The client asks for it anew whenever it connects again. */
  #listen(): void {
    if (this.#isListening) return
    this.#nc.subscribe(`${this.#inbox}.*`, {
      callback: (error, message) => {
        if (error === null) this.#open.get(message.subject.slice(this.#inbox.length + 1))?.(message)
        else for (const hear of [...this.#open.values()]) hear(error)
      },
    })
    this.#isListening = true
  }
}
