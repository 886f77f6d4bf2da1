/**
 * Publishes many messages as one block of bytes. The client's own publish encodes, checks and queues each message by itself, which costs several times what its bytes do.
 *
 * The block goes the way that the client's own commands go, by what its connection is made of: versions are exact, and whoever opens a connection finds out at once if a newer one has
 * it no more.
 */
import { Buffer } from "node:buffer"
import type { NatsConnection } from "@nats-io/transport-node"
import { assert } from "../assert.ts"

/** A message for nobody who answers: its subject is made of plain tokens. */
export interface Said {
  readonly subject: string
  readonly body: Uint8Array
}

interface Protocol {
  readonly sendCommand: (bytes: Uint8Array) => void
}

const lineEnd = "\r\n"

/** How blocks are published over a connection. Throws, as its publish does, when it is closed. */
export const blockPublisher = (nc: NatsConnection): ((messages: ReadonlyArray<Said>) => void) => {
  const protocol: unknown = Reflect.get(nc, "protocol")
  assert(
    typeof protocol === "object" && protocol !== null && typeof Reflect.get(protocol, "sendCommand") === "function",
    "the NATS client sends what it is given as it is",
  )
  const { sendCommand } = protocol as Protocol
  return (messages) => {
    if (messages.length === 0) return
    if (nc.isClosed()) throw new Error("the connection is closed")
    sendCommand.call(protocol, blockOf(messages))
  }
}

/** The messages as the protocol spells them. */
export const blockOf = (messages: ReadonlyArray<Said>): Uint8Array => {
  const heads = messages.map(({ subject, body }) => `PUB ${subject} ${body.length}${lineEnd}`)
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
