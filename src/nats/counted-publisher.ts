/**
 * Publishes many messages to streams and waits for as many acknowledgements, for what may be repeated safely.
 *
 * The client's own publish makes a promise, a timer and a table entry for each message: several times the cost of the message itself.
 * Here a group leaves as one block, shares one reply subject, and its acknowledgements are counted. It leaves with what leaves next on the connection, or a few milliseconds later.
 */
import type { Msg } from "@nats-io/transport-node"
import type { Link } from "./connection.ts"

export interface Outgoing {
  readonly subject: string
  readonly body: Uint8Array
}

const ackTimeoutMs = 5_000
/** Acknowledgements open at once in one group: bounds what the server has to queue for one stream. */
const openMax = 2_048

const acknowledged = new TextEncoder().encode('{"stream":')

/** Whether the answer is an acknowledgement; otherwise it is an error, or nobody listens (no body at all). */
const isAck = ({ data }: Msg): boolean => {
  for (let i = 0; i < acknowledged.length; i++) if (data[i] !== acknowledged[i]) return false
  return true
}

/**
 * Resolves when every message is stored; rejects with the first answer that says otherwise, when answers stay out, or when the connection breaks: what was on its way on it is lost, or its
 * acknowledgement is. Nothing is published while there is none, for the client drops that when it connects again.
 */
export const publishCounted = (link: Link, outgoing: ReadonlyArray<Outgoing>): Promise<void> => {
  if (outgoing.length === 0) return Promise.resolve()
  if (!link.isConnected()) return Promise.reject(new Error("there is no connection"))
  return new Promise((resolve, reject) => {
    let sent = 0
    let stored = 0
    const finish = (error?: Error): void => {
      clearTimeout(silence)
      forgetBreak()
      expected.forget()
      if (error === undefined) resolve()
      else reject(error)
    }
    const expected = link.acks.expect((heard) => {
      if (heard instanceof Error) return finish(heard)
      if (!isAck(heard)) return finish(new Error(heard.data.length === 0 ? "no stream takes it" : heard.string()))
      stored++
      silence.refresh()
      if (stored === outgoing.length) finish()
      else if (sent - stored <= openMax / 2) send()
    })
    const { reply } = expected
    const forgetBreak = link.onBroken(() => finish(new Error("the connection broke before all was acknowledged")))
    const silence = setTimeout(
      () => finish(new Error(`${outgoing.length - stored} acknowledgements stayed out for ${ackTimeoutMs} ms`)),
      ackTimeoutMs,
    )
    const send = (): void => {
      const until = Math.min(outgoing.length, stored + openMax)
      if (until <= sent) return
      link.publishSoon(outgoing.slice(sent, until).map(({ subject, body }) => ({ subject, body, reply })))
      sent = until
    }
    try {
      send()
    } catch (error) {
      finish(error instanceof Error ? error : new Error(String(error)))
    }
  })
}
