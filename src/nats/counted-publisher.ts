/**
 * Publishes many messages to streams and waits for as many acknowledgements, for what may be repeated safely.
 *
 * The client's own publish makes a promise, a timer and a table entry for each message: several times the cost of the message itself.
 * Here a group shares one reply subject, and its acknowledgements are counted.
 */
import type { Msg, MsgHdrs } from "@nats-io/transport-node"
import type { Link } from "./connection.ts"

export interface Outgoing {
  readonly subject: string
  readonly body: Uint8Array
  readonly headers?: MsgHdrs
}

const ackTimeoutMs = 5_000
/** Acknowledgements open at once in one group: bounds what the server has to queue for one stream. */
const openMax = 2_048

const acknowledged = new TextEncoder().encode('{"stream":')

/** Whether the answer is an acknowledgement; otherwise it is an error, or nobody listens (no body at all). */
const isAck = (message: Msg): boolean => {
  const { data } = message
  return acknowledged.every((byte, i) => data[i] === byte)
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
    const reply = link.newInbox()
    const finish = (error?: Error): void => {
      clearTimeout(silence)
      forgetBreak()
      subscription.unsubscribe()
      if (error === undefined) resolve()
      else reject(error)
    }
    const forgetBreak = link.onBroken(() => finish(new Error("the connection broke before all was acknowledged")))
    const silence = setTimeout(
      () => finish(new Error(`${outgoing.length - stored} acknowledgements stayed out for ${ackTimeoutMs} ms`)),
      ackTimeoutMs,
    )
    const send = (): void => {
      while (sent < outgoing.length && sent - stored < openMax) {
        const next = outgoing[sent++]
        if (next === undefined) break
        link.nc.publish(next.subject, next.body, next.headers === undefined ? { reply } : { reply, headers: next.headers })
      }
    }
    const subscription = link.nc.subscribe(reply, {
      callback: (error, message) => {
        if (error !== null) return finish(error)
        if (!isAck(message)) return finish(new Error(message.data.length === 0 ? "no stream takes it" : message.string()))
        stored++
        silence.refresh()
        if (stored === outgoing.length) finish()
        else if (sent - stored <= openMax / 2) send()
      },
    })
    try {
      send()
    } catch (error) {
      finish(error instanceof Error ? error : new Error(String(error)))
    }
  })
}
