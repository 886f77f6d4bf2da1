/**
 * Publishes many messages as one block of bytes. The client's own publish encodes, checks and queues each message by itself, which costs several times what its bytes do.
 *
 * The block goes the way that the client's own commands go, by what its connection is made of: versions are exact, and whoever opens a connection finds out at once if a newer one has
 * it no more.
 */
import { Buffer } from "node:buffer"
import type { NatsConnection } from "@nats-io/transport-node"
import { assert } from "../assert.ts"
import { ridersWaitMs } from "../limits.ts"

/** A message, and where to answer it: absent, nobody does. Its subjects are made of plain tokens. */
export interface Said {
  readonly subject: string
  readonly body: Uint8Array
  readonly reply?: string
}

export interface Protocol {
  readonly sendCommand: (head: Uint8Array | string, ...rest: ReadonlyArray<Uint8Array>) => void
}

const lineEnd = "\r\n"

/** Sends bytes over a connection as they are, in the order in which they are given. Throws, as its publish does, when it is closed. */
export const rawSender = (nc: NatsConnection): Protocol["sendCommand"] => {
  const protocol: unknown = Reflect.get(nc, "protocol")
  assert(
    typeof protocol === "object" && protocol !== null && typeof Reflect.get(protocol, "sendCommand") === "function",
    "the NATS client sends what it is given as it is",
  )
  const { sendCommand } = protocol as Protocol
  return (head, ...rest) => {
    if (nc.isClosed()) throw new Error("the connection is closed")
    sendCommand.call(protocol, head, ...rest)
  }
}

/** The messages as the protocol spells them. */
export const blockOf = (messages: ReadonlyArray<Said>): Uint8Array => {
  const heads = messages.map(
    ({ subject, body, reply }) => `PUB ${reply === undefined ? subject : `${subject} ${reply}`} ${body.length}${lineEnd}`,
  )
  let bytes = 0
  for (let i = 0; i < messages.length; i++) bytes += (heads[i]?.length ?? 0) + (messages[i]?.body.length ?? 0) + lineEnd.length
  const block = Buffer.allocUnsafe(bytes)
  let at = 0
  for (const [i, { body }] of messages.entries()) {
    at += block.write(heads[i] ?? "", at, "latin1")
    block.set(body, at)
    at += body.length
    block[at++] = 0x0d
    block[at++] = 0x0a
  }
  return block
}

/**
 * What can wait a moment, until something else leaves on the connection: each write wakes the server, and costs both sides more than storing a small message does. Given up with the connection: whoever published it
 * is told of the break, and says anew what is to be said then.
 */
export class Riders {
  readonly #send: Protocol["sendCommand"]
  #waiting: Array<Uint8Array> = []
  #timer: NodeJS.Timeout | undefined

  constructor(send: Protocol["sendCommand"]) {
    this.#send = send
  }

  /** Waits for the next that leaves, or a few milliseconds. */
  add(block: Uint8Array): void {
    this.#waiting.push(block)
    this.#timer ??= setTimeout(() => this.#leave(), ridersWaitMs)
  }

  /** All that waits, in its order, for whoever sends something now. */
  take(): ReadonlyArray<Uint8Array> {
    const taken = this.#waiting
    clearTimeout(this.#timer)
    this.#timer = undefined
    this.#waiting = []
    return taken
  }

  #leave(): void {
    const [first, ...rest] = this.take()
    try {
      if (first !== undefined) this.#send(first, ...rest)
    } catch {
      // The connection is closed for good: nobody waits for it any more.
    }
  }
}
