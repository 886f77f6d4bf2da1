/** A sender's own connection as the port `SenderLink`: with its own credentials, so that the server enforces what it may say and hear. */
import { headers, type Msg, type MsgHdrs } from "@nats-io/transport-node"
import { Cause, Effect, Layer, Queue, Schedule, type Scope, Stream } from "effect"
import { isKind } from "../domain/kinds.ts"
import { CommandClass, isSender } from "../domain/names.ts"
import { type Heard, SenderLink, type SentMessage } from "../ports/channel.ts"
import { BrokerUnavailable, NotPermitted } from "../ports/errors.ts"
import { atsSubject, commandSubject, commandsFrom, feedStream, questionSubject, replyHeader, replySubject } from "../wire/subjects.ts"
import { senderInbox } from "./config.ts"
import { connecting, type Link, type Login, openLink, type ServerAddress } from "./connection.ts"
import { senderFailure } from "./errors.ts"
import { headerValue } from "./message.ts"

export interface SenderLinkConfig extends ServerAddress {
  readonly sender: string
  readonly login: Login
  /** Milliseconds to try to reach a server. Default: 30,000. */
  readonly connectTimeoutMs?: number
  /** Told what is being waited for, and why, whenever connecting failed and is tried again. Must not throw. */
  readonly onWaiting?: (waiting: { readonly for: string; readonly cause: string }) => void
}

const connectTimeoutMs = 30_000
/** Header that the feed's stream puts on what it says: nobody but the server can publish there with a header. */
const streamHeader = "Nats-Stream"

/** Whose trace a message belongs to, as W3C says it. */
const traceHeader = "traceparent"

const replyTo = (suffix: string): MsgHdrs => {
  const named = headers()
  named.set(replyHeader, suffix)
  return named
}

const tracedBy = (traceparent: string): { readonly headers: MsgHdrs } => {
  const named = headers()
  named.set(traceHeader, traceparent)
  return { headers: named }
}

const publish =
  (link: Link, sender: string) =>
  ({ class: commandClass, kind, token, body, suffix, traceparent }: SentMessage): boolean => {
    // What is published without a connection would wait in memory, and go out when it is back: an old command as if it were new.
    if (!link.isConnected()) return false
    try {
      const traced = traceparent === undefined ? {} : tracedBy(traceparent)
      link.nc.publish(commandSubject(sender, commandClass, kind, token), body, { reply: replySubject(sender, suffix), ...traced })
      return true
    } catch {
      return false
    }
  }

/** The server has read everything up to here, and what it has against any of it was reported. */
const flushed = async (link: Link): Promise<void> => {
  await link.flush()
  // The report was read before the answer to the flush, but is handed on a turn later.
  await new Promise((resolve) => setImmediate(resolve))
}

/** Publishes the question; once the server has it, any violation it found has been reported too. */
const askNow = async (link: Link, subject: string, body: Uint8Array, replySuffix: string): Promise<void> => {
  const before = link.violations()
  link.nc.publish(subject, body, { headers: replyTo(replySuffix) })
  await flushed(link)
  const violation = link.violationOf(subject, before)
  if (violation !== undefined) throw violation
}

const ask = (link: Link, sender: string) => (path: string, body: Uint8Array, replySuffix: string) =>
  Effect.tryPromise({
    try: () => link.request(() => askNow(link, questionSubject(sender, path), body, replySuffix)),
    catch: senderFailure(`ask ${path} as ${sender}`),
  })

interface Hearing<A> {
  readonly subject: string
  /** Undefined: not meant for us. */
  readonly read: (message: Msg) => A | undefined
  /** Told with the way in, and returns how to stop: for what else is heard, and for whatever ends the hearing. */
  readonly beside: (offer: (value: A) => void, fail: (failure: BrokerUnavailable) => void) => () => void
}

/** What arrives on a subject, in arrays of what arrived in one turn. The server may refuse the subscription. */
const subscribe = <A>(
  link: Link,
  { subject, read, beside }: Hearing<A>,
): Stream.Stream<ReadonlyArray<A>, NotPermitted | BrokerUnavailable> =>
  Stream.callback<A, NotPermitted | BrokerUnavailable>((queue) => {
    const fail = (failure: NotPermitted | BrokerUnavailable) => Queue.failCauseUnsafe(queue, Cause.fail(failure))
    const offer = (value: A) => Queue.offerUnsafe(queue, value)
    return Effect.acquireRelease(
      Effect.sync(() => {
        const subscription = link.nc.subscribe(subject, {
          callback: (error, message) => {
            if (error !== null) {
              fail(senderFailure(`hear ${subject}`)(error))
              return
            }
            const value = read(message)
            if (value !== undefined) offer(value)
          },
        })
        return { subscription, forget: beside(offer, fail) }
      }),
      ({ subscription, forget }) =>
        Effect.sync(() => {
          forget()
          subscription.unsubscribe()
        }),
    )
  }).pipe(Stream.chunks)

/** The server's status for a request that nobody subscribes to. It tells the connection that published, and nobody else can say it there. */
const noResponders = 503
const isNoResponders = (message: Msg): boolean => {
  if (message.data.length > 0) return false
  try {
    return message.headers?.code === noResponders
  } catch {
    return false
  }
}

const denied = (sender: string, subject: string, cause: string): Heard | undefined => {
  const [, , , commandClass, kind, token] = subject.split(".")
  const known = CommandClass.find((one) => one === commandClass)
  return subject.startsWith(commandsFrom(sender)) && known !== undefined && kind !== undefined && isKind(kind) && token !== undefined
    ? { _tag: "NotPermitted", class: known, kind, token, cause }
    : undefined
}

const lost = (link: Link): Effect.Effect<void> =>
  Effect.callback((resume) => {
    const forget = link.onBroken(() => resume(Effect.void))
    if (!link.isConnected()) resume(Effect.void)
    return Effect.sync(forget)
  })

const replies = (link: Link, sender: string) => {
  const refusal = { isKnown: false }
  return (prefix: string) => repliesTo(link, sender, prefix, refusal)
}

/** `refusal`: whether the server refused the subscription before. */
const repliesTo = (link: Link, sender: string, prefix: string, refusal: { isKnown: boolean }) => {
  const subject = replySubject(sender, `${prefix}.>`)
  const cut = subject.length - 1
  const read = (message: Msg): Heard => {
    const suffix = message.subject.slice(cut)
    return isNoResponders(message) ? { _tag: "NobodyTook", suffix } : { _tag: "Said", suffix, body: message.data }
  }
  const beside = (offer: (heard: Heard) => void) => {
    // What the server has against the subscription comes before its answer to this; with neither it is told once the connection is back.
    const confirm = () => {
      if (refusal.isKnown) flushed(link).then(() => offer({ _tag: "Listening" }), noConnection)
    }
    confirm()
    const forgets = [
      link.onReconnect(confirm),
      link.onViolation((of, error) => {
        const heard = denied(sender, of, error.message)
        if (heard !== undefined) offer(heard)
      }),
    ]
    return () => {
      for (const forget of forgets) forget()
    }
  }
  // A lost connection doesn't end it: whoever misses an answer asks again.
  return subscribe(link, { subject, read, beside }).pipe(
    Stream.tapError(({ _tag }) =>
      Effect.sync(() => {
        refusal.isKnown ||= _tag === "NotPermitted"
      }),
    ),
  )
}
const noConnection = (): void => undefined

const ats = (link: Link, sender: string) => (tokens: string | undefined) => {
  const prefix = atsSubject(sender, "")
  // Another sender can have a publish acknowledgement delivered to this subject, but it has no headers.
  const read = (message: Msg) =>
    headerValue(() => message.headers, streamHeader) === feedStream
      ? { token: message.subject.slice(prefix.length), body: message.data }
      : undefined
  const subject = atsSubject(sender, tokens ?? ">")
  const cause = "the connection was lost, and what was said meanwhile with it"
  return subscribe(link, {
    subject,
    read,
    beside: (_, fail) => link.onReconnect(() => fail(new BrokerUnavailable({ operation: `hear ${subject}`, cause }))),
  })
}

/**
 * Listens once where answers to this sender are said, and fails if the server refuses that: with another sender's login everything sent would be answered, and nothing heard. What else goes
 * wrong here is no reason to turn anybody away: the connection comes back by itself.
 */
const mayHear = (link: Link, sender: string): Effect.Effect<void, NotPermitted> =>
  Effect.callback<void, NotPermitted>((resume) => {
    const refused = (error: Error) => {
      const failure = senderFailure(`hear answers as ${sender}`)(error)
      if (failure._tag !== "NotPermitted") return
      const cause = `${failure.cause}: is this login another sender's?`
      resume(Effect.fail(new NotPermitted({ operation: failure.operation, cause })))
    }
    const subscription = link.nc.subscribe(link.newInbox(), {
      callback: (error) => {
        if (error !== null) refused(error)
      },
    })
    const done = () => {
      subscription.unsubscribe()
      resume(Effect.void)
    }
    flushed(link).then(done, done)
  })

/** Milliseconds before a server that didn't answer is tried again. */
const connectAgainMs = 500

/** Connects as soon as a server answers, within the caller's patience. */
const connected = (config: SenderLinkConfig): Effect.Effect<Link, NotPermitted | BrokerUnavailable, Scope.Scope> => {
  const { sender, login, connectTimeoutMs: timeoutMs = connectTimeoutMs, onWaiting } = config
  const waiting = { for: connecting(config, login), cause: "it has not answered yet" }
  const wait = (failure: BrokerUnavailable) =>
    Effect.sync(() => {
      waiting.cause = failure.cause
      onWaiting?.({ ...waiting })
    })
  return openLink(config, login, senderInbox(sender), `holdfast ${sender}`).pipe(
    Effect.catchTag("LoginRefused", ({ operation, cause }) => Effect.fail(new NotPermitted({ operation, cause }))),
    Effect.tapError((failure) => (failure._tag === "BrokerUnavailable" ? wait(failure) : Effect.void)),
    Effect.retry({ schedule: Schedule.spaced(connectAgainMs), while: (failure) => failure._tag === "BrokerUnavailable" }),
    Effect.tap((link) => mayHear(link, sender)),
    Effect.timeoutOrElse({
      duration: timeoutMs,
      orElse: () =>
        Effect.fail(new BrokerUnavailable({ operation: waiting.for, cause: `no server within ${timeoutMs} ms: ${waiting.cause}` })),
    }),
  )
}

const open = (config: SenderLinkConfig) =>
  Effect.gen(function* () {
    const { sender } = config
    if (!isSender(sender))
      return yield* new NotPermitted({ operation: "connect", cause: `"${sender}" can't be a sender's name: a-z, 0-9, _ and -, at most 32` })
    const link = yield* connected(config)
    return SenderLink.of({
      sender,
      publish: publish(link, sender),
      lost: lost(link),
      replies: replies(link, sender),
      ask: ask(link, sender),
      ats: ats(link, sender),
    })
  })

/** Connects a sender. Fails if the server does not know the credentials, or is away for longer than the caller's patience. Needs no worker and no ingress. */
export const senderLinkLayer = (config: SenderLinkConfig): Layer.Layer<SenderLink, NotPermitted | BrokerUnavailable> =>
  Layer.effect(SenderLink, open(config))
