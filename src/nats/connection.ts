/**
 * A connection to NATS that reconnects for ever, as a scoped resource, with what every adapter of this folder needs around it.
 */
import { readFileSync } from "node:fs"
import { type JetStreamClient, type JetStreamManager, jetstream, jetstreamManager } from "@nats-io/jetstream"
import {
  connect,
  createInbox,
  credsAuthenticator,
  type NatsConnection,
  type NodeConnectionOptions,
  nkeyAuthenticator,
} from "@nats-io/transport-node"
import { Effect, type Scope } from "effect"
import { BrokerUnavailable, LoginRefused } from "../ports/errors.ts"
import { Acks } from "./acks.ts"
import { blockOf, Riders, rawSender, type Said } from "./block.ts"
import type { UserPassword } from "./config.ts"
import { describe, isFull, isLoginRefused } from "./errors.ts"
import { Leaders } from "./leaders.ts"

/** Who a connection is: a user with its password, the seed of an nkey whose public part the server knows, or what an operator issued. */
export type Login =
  | UserPassword
  | { readonly nkeySeed: string }
  /** Path of a file with a user's JWT and seed; read again at every connection, so that it may be replaced. */
  | { readonly credsFile: string }

/** Where the servers are. */
export interface ServerAddress {
  /** All of them, or those that lead to all: `nats://host:port` or `tls://host:port`. */
  readonly servers: ReadonlyArray<string>
  /** Paths of PEM files; absent: no TLS unless a URL says `tls://`. */
  readonly tls?: { readonly caFile?: string; readonly certFile?: string; readonly keyFile?: string }
}

export interface Link {
  readonly nc: NatsConnection
  readonly js: JetStreamClient
  /** For what changes streams: creating, purging. Waits as long as the client does by default. */
  readonly jsm: JetStreamManager
  /** For what only reads. Waits briefly: while a stream has no leader nobody answers, and asking again finds the new one sooner than waiting. */
  readonly lookups: JetStreamManager
  /**
   * Asks the server for something whose answer comes on this connection. Rejects as soon as the connection breaks: no answer can come any more,
   * and waiting for the time-out would hold up whoever has to find out what became of it. While there is no connection, waits for one, briefly.
   */
  readonly request: <A>(ask: () => Promise<A>) => Promise<A>
  /** What the leaders of streams are asked, shared by all readers of this connection. */
  readonly leaders: Leaders
  /** What streams answer to what is published over this connection; see acks.ts. */
  readonly acks: Acks
  /** Publishes many messages at once, in their order; see block.ts. */
  readonly publishBlock: (messages: ReadonlyArray<Said>) => void
  /** The same, with what leaves next, or a few milliseconds later. Lost when the connection breaks before. */
  readonly publishSoon: (messages: ReadonlyArray<Said>) => void
  /** A subject that only this connection may hear, and nobody guesses. */
  readonly newInbox: () => string
  /** Calls back after every reconnection; returns how to stop that. */
  readonly onReconnect: (listener: () => void) => () => void
  /** Calls back whenever the connection breaks, before anybody can know that it is back; returns how to stop that. */
  readonly onBroken: (listener: () => void) => () => void
  /** What the server said when it had no room for what was to be stored over this connection, if that was a moment ago. */
  readonly fullSince: () => string | null
  /** Servers that it was told of when it was opened. */
  readonly servers: number
  /** Round trip to the server: everything published before has arrived there. Rejects when the connection breaks or after 5 s. */
  readonly flush: () => Promise<void>
  /** The same of what is published until all that runs now is done: whoever asks meanwhile shares one round trip, and one write. */
  readonly settled: () => Promise<void>
  /** The permission violation that the server reported for this subject since `since` violations, if any. See {@link Link.violations}. */
  readonly violationOf: (subject: string, since: number) => Error | undefined
  /** Number of permission violations so far. */
  readonly violations: () => number
  /** Calls back at every permission violation, with the subject that the server named; returns how to stop that. */
  readonly onViolation: (listener: (subject: string, error: Error) => void) => () => void
  /** Whether there is a connection, as far as this process has noticed. */
  readonly isConnected: () => boolean
}

/** A worker's connections, one in each account. */
export interface Links {
  /** In the account of the engine. */
  readonly engine: Link
  /** In the account of the senders. */
  readonly door: Link
}

const connectTimeoutMs = 5_000
const flushTimeoutMs = 5_000
/** How long a request waits for a connection that is broken. Not zero: who tries again at once must not spin. */
const reconnectWaitMs = 1_000
const lookupTimeoutMs = 2_000
/** How long a refusal for want of room counts: leases and announcements try again within it. */
const fullSaidMs = 5_000
const violationsKept = 64

const authentication = (login: Login): NodeConnectionOptions => {
  if ("nkeySeed" in login) return { authenticator: nkeyAuthenticator(new TextEncoder().encode(login.nkeySeed)) }
  if ("credsFile" in login) return { authenticator: credsAuthenticator(() => readFileSync(login.credsFile)) }
  return { user: login.user, pass: login.password }
}

const nameOf = (login: Login): string => ("user" in login ? login.user : "nkeySeed" in login ? "nkey" : login.credsFile)

const optionsOf = (address: ServerAddress, login: Login, inboxPrefix: string, name: string): NodeConnectionOptions => ({
  servers: [...address.servers],
  name,
  inboxPrefix,
  ...authentication(login),
  ...(address.tls === undefined ? {} : { tls: { ...address.tls } }),
  timeout: connectTimeoutMs,
  // The defaults give up after ten attempts, and notice a silent network loss after minutes.
  maxReconnectAttempts: -1,
  // A server whose configuration is being changed refuses for a while who was let in before.
  ignoreAuthErrorAbort: true,
  reconnectTimeWait: 250,
  reconnectJitter: 100,
  // Slow on purpose: an answer that waits behind megabytes which this process has yet to read is late, not missing. Who can tell the two apart is pulse.ts.
  pingInterval: 5_000,
  maxPingOut: 2,
  // A stack trace for every request costs more than the request.
  noAsyncTraces: true,
})

const withTimeout = (promise: Promise<void>, timeoutMs: number, otherwise: string): Promise<void> =>
  new Promise((resolve, reject) => {
    const timer = setTimeout(() => reject(new Error(otherwise)), timeoutMs)
    promise.then(resolve, reject).finally(() => clearTimeout(timer))
  })

interface PermissionViolation {
  readonly number: number
  readonly subject: string
  readonly error: Error
}

/** Whoever asks in the same turn shares one answer: asked for at its end, and before what was published in it would leave by itself. */
const shared = (ask: () => Promise<void>): (() => Promise<void>) => {
  let asked: Promise<void> | undefined
  return () => {
    asked ??= Promise.resolve().then(() => {
      asked = undefined
      return ask()
    })
    return asked
  }
}

/** Follows what the client says of its connection. */
class Health {
  isConnected = true
  readonly reconnected = new Set<() => void>()
  readonly violated = new Set<(subject: string, error: Error) => void>()
  readonly broken = new Set<() => void>()
  violations = 0
  full: { readonly atMs: number; readonly cause: string } | null = null
  recent: ReadonlyArray<PermissionViolation> = []

  async follow(nc: NatsConnection): Promise<void> {
    for await (const status of nc.status()) {
      if (status.type === "disconnect" || status.type === "close") {
        this.isConnected = false
        for (const listener of [...this.broken]) listener()
      }
      if (status.type === "reconnect") {
        this.isConnected = true
        for (const listener of [...this.reconnected]) listener()
      }
      if (status.type === "error" && "subject" in status.error && typeof status.error.subject === "string") {
        const { subject } = status.error
        this.recent = [...this.recent.slice(1 - violationsKept), { number: ++this.violations, subject, error: status.error }]
        for (const listener of [...this.violated]) listener(subject, status.error)
      }
    }
  }

  /** Resolves when there is a connection; rejects if there is none for a while. */
  async connected(): Promise<void> {
    if (this.isConnected) return
    let back: (() => void) | undefined
    const reconnection = new Promise<void>((resolve) => {
      back = resolve
      this.reconnected.add(resolve)
    })
    await withTimeout(reconnection, reconnectWaitMs, `no connection for ${reconnectWaitMs} ms`).finally(() => {
      if (back !== undefined) this.reconnected.delete(back)
    })
  }

  /** What `ask` resolves to, unless the connection breaks first: also while it is being asked. Asks when there is a connection, and rejects if there is none for a while. */
  async whileConnected<A>(ask: () => Promise<A>): Promise<A> {
    // Whoever waited is told a moment later, and it may be gone again by then.
    while (!this.isConnected) await this.connected()
    return new Promise((resolve, reject) => {
      const broken = () => reject(new Error("the connection broke before an answer came"))
      this.broken.add(broken)
      ask()
        .then(resolve, reject)
        .finally(() => this.broken.delete(broken))
    })
  }
}

const linkOf = async (nc: NatsConnection, inboxPrefix: string, servers: number): Promise<Link> => {
  const health = new Health()
  void health.follow(nc)
  const lookups = await jetstreamManager(nc, { checkAPI: false, timeout: lookupTimeoutMs })
  const send = rawSender(nc)
  const riders = new Riders(send)
  health.broken.add(() => void riders.take())
  const flush = () => withTimeout(nc.flush(), flushTimeoutMs, `no answer within ${flushTimeoutMs} ms`)
  return {
    nc,
    js: jetstream(nc),
    jsm: await jetstreamManager(nc, { checkAPI: false }),
    lookups,
    leaders: new Leaders(nc, lookups),
    request: (ask) =>
      health.whileConnected(ask).catch((error: unknown) => {
        if (isFull(error)) health.full = { atMs: performance.now(), cause: describe(error) }
        throw error
      }),
    acks: new Acks(nc, createInbox(inboxPrefix), send, riders),
    publishBlock: (messages) => {
      if (messages.length > 0) send(blockOf(messages))
    },
    publishSoon: (messages) => {
      if (messages.length > 0) riders.add(blockOf(messages))
    },
    newInbox: () => createInbox(inboxPrefix),
    onReconnect: (listener) => {
      health.reconnected.add(listener)
      return () => health.reconnected.delete(listener)
    },
    onBroken: (listener) => {
      health.broken.add(listener)
      return () => health.broken.delete(listener)
    },
    servers,
    fullSince: () => (health.full !== null && performance.now() - health.full.atMs < fullSaidMs ? health.full.cause : null),
    isConnected: () => health.isConnected && !nc.isClosed(),
    flush,
    settled: shared(flush),
    violations: () => health.violations,
    onViolation: (listener) => {
      health.violated.add(listener)
      return () => health.violated.delete(listener)
    },
    violationOf: (subject, since) => health.recent.find((violation) => violation.number > since && violation.subject === subject)?.error,
  }
}

const open = async (address: ServerAddress, login: Login, inboxPrefix: string, name: string): Promise<Link> => {
  for (const file of Object.values(address.tls ?? {})) readFileSync(file)
  return linkOf(await connect(optionsOf(address, login, inboxPrefix, name)), inboxPrefix, address.servers.length)
}

/** A server that stands still must not hold up whoever leaves. */
const closeTimeoutMs = 1_000
const close = ({ nc }: Link): Promise<void> => withTimeout(nc.close(), closeTimeoutMs, "not closed in time").catch(() => undefined)

/** As the promise of {@link open}. Whoever stops waiting leaves no connection behind. */
const opening = (address: ServerAddress, login: Login, inboxPrefix: string, name: string): Effect.Effect<Link, unknown> =>
  Effect.callback((resume) => {
    let isAwaited = true
    open(address, login, inboxPrefix, name).then(
      (link) => (isAwaited ? resume(Effect.succeed(link)) : void close(link)),
      (error: unknown) => resume(Effect.fail(error)),
    )
    return Effect.sync(() => {
      isAwaited = false
    })
  })

/** What connecting is called where it fails or waits. */
export const connecting = ({ servers }: ServerAddress, login: Login): string => `connect to ${servers.join(", ")} as ${nameOf(login)}`

/** Connects, and closes when the scope does. Fails if no server answers now, or none lets this login in; a connection lost later comes back by itself. */
export const openLink = (
  address: ServerAddress,
  login: Login,
  inboxPrefix: string,
  name: string,
): Effect.Effect<Link, BrokerUnavailable | LoginRefused, Scope.Scope> =>
  Effect.acquireRelease(
    Effect.mapError(opening(address, login, inboxPrefix, name), (error) => {
      const operation = connecting(address, login)
      if (isLoginRefused(error))
        return new LoginRefused({ operation, cause: `${describe(error)}: the server knows no such user, or not with this secret` })
      return new BrokerUnavailable({
        operation,
        cause: `${describe(error)}. Is nats-server running there, and does the URL's scheme (nats, tls) fit?`,
      })
    }),
    (link) => Effect.promise(() => close(link)),
    { interruptible: true },
  )
