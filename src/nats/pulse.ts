/**
 * Whether a connection still carries answers, and giving it up for another when it does not: half-open ones, on which nothing comes back, and those to a server that
 * lives but lets everything wait, as one does that catches up after it lost its disk.
 *
 * The client's own pings can't tell an answer that is missing from one that lies behind megabytes which this process has yet to read. What has arrived since can.
 */
import type { NatsConnection } from "@nats-io/transport-node"
import { halfOpenMs, slowServerMs } from "../limits.ts"
import type { Link } from "./connection.ts"

const beatMs = 500
const askTimeoutMs = 1_000
/** Bytes that a connection may bring since its last answer and still count as one that brings nothing: heartbeats of consumers, statuses. */
const quietBytes = 65_536
/** And as one that lets what it brings trickle: a server that answers nothing may still pass on some messages. What this process is slow to read comes faster. */
const trickleBytes = 1_048_576
/** Between two times that a connection is given up: the next one is to have its chance. */
const againMs = 5_000
/** How long the client may take to let go of a socket that takes nothing any more. */
const letGoMs = 500

/** When something that was asked on the connection was last answered, and what had arrived by then. */
export interface Beat {
  readonly atMs: number
  readonly inBytes: number
}

export interface PulseSeen {
  readonly nowMs: number
  readonly inBytes: number
  /** The last answer to a ping: the server at the other end, and nobody behind it. */
  readonly ping: Beat
  /** The last answer of JetStream, from whichever server; null where the connection's account has none. */
  readonly api: Beat | null
  /** Servers that the client knows of. */
  readonly servers: number
}

/** Why the connection should be given up, or null. Pure. */
export const verdictOn = ({ nowMs, inBytes, ping, api, servers }: PulseSeen): string | null => {
  const isMissing = (beat: Beat, afterMs: number, bytes: number) => nowMs - beat.atMs > afterMs && inBytes - beat.inBytes < bytes
  if (isMissing(ping, halfOpenMs, quietBytes)) return `nothing was answered on it for ${Math.round(nowMs - ping.atMs)} ms`
  // With one server there is nowhere to go, and its JetStream may only be starting.
  if (servers > 1 && api !== null && isMissing(api, slowServerMs, trickleBytes))
    return `JetStream was not heard through it for ${Math.round(nowMs - api.atMs)} ms`
  return null
}

/** Ends the socket under the client. It waits for what it wrote last to be taken, which a half-open connection may never do. */
const cutSocket = (nc: NatsConnection): void => {
  // The client has no word for it: its innards are asked for by name, and nothing happens where they are others.
  const protocol: unknown = Reflect.get(nc, "protocol")
  const transport: unknown = typeof protocol === "object" && protocol !== null ? Reflect.get(protocol, "transport") : undefined
  const socket: unknown = typeof transport === "object" && transport !== null ? Reflect.get(transport, "socket") : undefined
  if (typeof socket !== "object" || socket === null) return
  const destroy: unknown = Reflect.get(socket, "destroy")
  if (typeof destroy === "function") destroy.call(socket)
}

export interface PulseOptions {
  /** Whether the account of the connection's login has JetStream. Where it has none, its silence says nothing: only what the server itself answers is looked at. */
  readonly hasJetStream: boolean
  /** Hears why, before the connection is given up. */
  readonly gaveUp: (why: string) => void
}

class Pulse {
  readonly #link: Link
  readonly #gaveUp: (why: string) => void
  readonly #hasJetStream: boolean
  #ping: Beat
  #api: Beat | null
  /** Answers of a former connection are none. */
  #connection = 0
  #isPinging = false
  #isAsking = false
  #mayGiveUpMs = 0

  constructor(link: Link, { hasJetStream, gaveUp }: PulseOptions) {
    this.#link = link
    this.#hasJetStream = hasJetStream
    this.#gaveUp = gaveUp
    this.#ping = this.#beat()
    this.#api = hasJetStream ? this.#ping : null
  }

  #beat(): Beat {
    return { atMs: performance.now(), inBytes: this.#link.nc.stats().inBytes }
  }

  /** Another connection, or none: what it has not answered yet is not late. */
  begin(): void {
    this.#connection++
    this.#ping = this.#beat()
    this.#api = this.#hasJetStream ? this.#ping : null
    this.#isPinging = false
    this.#isAsking = false
  }

  look(): void {
    const { nc } = this.#link
    if (nc.isClosed()) return
    if (!this.#link.isConnected()) {
      this.begin()
      return
    }
    this.#ask()
    const nowMs = performance.now()
    if (nowMs < this.#mayGiveUpMs) return
    const servers = Math.max(this.#link.servers, nc.info?.connect_urls?.length ?? 0)
    const why = verdictOn({ nowMs, inBytes: nc.stats().inBytes, ping: this.#ping, api: this.#api, servers })
    if (why !== null) this.#giveUp(why)
  }

  #ask(): void {
    const { nc } = this.#link
    const asked = this.#connection
    const isCurrent = () => asked === this.#connection
    if (!this.#isPinging) {
      this.#isPinging = true
      nc.flush().then(
        () => {
          if (!isCurrent()) return
          this.#ping = this.#beat()
          this.#isPinging = false
        },
        // The connection is gone, and with it the question.
        () => undefined,
      )
    }
    if (this.#isAsking || !this.#hasJetStream) return
    this.#isAsking = true
    nc.request("$JS.API.INFO", undefined, { timeout: askTimeoutMs })
      .then(() => {
        if (isCurrent()) this.#api = this.#beat()
      })
      .catch(() => undefined)
      .finally(() => {
        if (isCurrent()) this.#isAsking = false
      })
  }

  #giveUp(why: string): void {
    this.#gaveUp(why)
    this.#mayGiveUpMs = performance.now() + againMs
    this.begin()
    const given = this.#connection
    this.#link.nc.reconnect().catch(() => undefined)
    setTimeout(() => {
      if (given === this.#connection && this.#link.isConnected()) cutSocket(this.#link.nc)
    }, letGoMs).unref()
  }
}

/** Watches until it is told to stop. */
export const startPulse = (link: Link, options: PulseOptions): (() => void) => {
  const pulse = new Pulse(link, options)
  const forget = link.onReconnect(() => pulse.begin())
  const timer = setInterval(() => pulse.look(), beatMs)
  return () => {
    clearInterval(timer)
    forget()
  }
}
