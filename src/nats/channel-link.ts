/** A sender's own connection as the port `ChannelLink`: with its own credentials, so that the server enforces what it may say and hear. */
import { headers, type Msg, type MsgHdrs } from "@nats-io/transport-node"
import { Cause, Effect, Layer, Queue, Schedule, Stream } from "effect"
import { CommandClass, isSender } from "../domain/names.ts"
import { ChannelLink, type Heard, type SentMessage } from "../ports/channel.ts"
import { BrokerUnavailable, NotPermitted } from "../ports/errors.ts"
import { decodeAnswer, topologyPath } from "../wire/questions.ts"
import { atsSubject, commandSubject, questionSubject, replyHeader, replySubject } from "../wire/subjects.ts"
import { senderInbox } from "./config.ts"
import { type Link, type Login, openLink, type ServerAddress } from "./connection.ts"
import { senderFailure } from "./errors.ts"
import { headerValue } from "./message.ts"
import { feedStream } from "./subjects.ts"

export interface ChannelLinkConfig extends ServerAddress {
  readonly sender: string
  readonly login: Login
  /** Milliseconds to wait for a worker to say how many partitions there are. Default: 30,000. */
  readonly topologyTimeoutMs?: number
}

const topologyAskEveryMs = 250
const topologyTimeoutMs = 30_000
/** Header that the feed's stream puts on what it says: nobody but the server can publish there with a header. */
const streamHeader = "Nats-Stream"

const replyTo = (suffix: string): MsgHdrs => {
  const named = headers()
  named.set(replyHeader, suffix)
  return named
}

const publish =
  (link: Link, sender: string) =>
  ({ class: commandClass, token, body, suffix }: SentMessage): boolean => {
    // What is published without a connection would wait in memory, and go out when it is back: an old command as if it were new.
    if (!link.isConnected()) return false
    try {
      link.nc.publish(commandSubject(sender, commandClass, token), body, { reply: replySubject(sender, suffix) })
      return true
    } catch {
      return false
    }
  }

/** Publishes the question; once the server has it, any violation it found has been reported too. */
const askNow = async (link: Link, subject: string, body: Uint8Array, replySuffix: string): Promise<void> => {
  const before = link.violations()
  link.nc.publish(subject, body, { headers: replyTo(replySuffix) })
  await link.flush()
  // The report was read before the answer to the flush, but is handed on a turn later.
  await new Promise((resolve) => setImmediate(resolve))
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
  const [, , of, commandClass, token] = subject.split(".")
  const known = CommandClass.find((one) => one === commandClass)
  return subject.startsWith("hf.cmd.") && of === sender && known !== undefined && token !== undefined
    ? { _tag: "NotPermitted", class: known, token, cause }
    : undefined
}

const replies = (link: Link, sender: string) => (prefix: string) => {
  const subject = replySubject(sender, `${prefix}.>`)
  const cut = subject.length - 1
  const read = (message: Msg): Heard => {
    const suffix = message.subject.slice(cut)
    return isNoResponders(message) ? { _tag: "NobodyTook", suffix } : { _tag: "Said", suffix, body: message.data }
  }
  const beside = (offer: (heard: Heard) => void) =>
    link.onViolation((of, error) => {
      const heard = denied(sender, of, error.message)
      if (heard !== undefined) offer(heard)
    })
  // A lost connection doesn't end it: whoever misses an answer asks again.
  return subscribe(link, { subject, read, beside }).pipe(
    Stream.mapError((error) =>
      error._tag === "NotPermitted" ? new BrokerUnavailable({ operation: error.operation, cause: error.cause }) : error,
    ),
  )
}

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

/** Asks every worker until one answers. */
const learnPartitions = (link: Link, sender: string, timeoutMs: number): Effect.Effect<number, NotPermitted | BrokerUnavailable> => {
  const suffix = `${topologyPath}.${link.newInbox().slice(-12)}`
  const silent = () =>
    new BrokerUnavailable({
      operation: "learn the number of partitions",
      cause: `no worker answered ${sender} within ${timeoutMs} ms: is one running?`,
    })
  const answers = replies(
    link,
    sender,
  )(topologyPath).pipe(
    Stream.flattenIterable,
    Stream.map((heard) => (heard._tag === "Said" ? decodeAnswer(heard.body) : undefined)),
    Stream.map((answer) => (answer?.answer === "topology" ? answer.partitions : undefined)),
    Stream.filter((partitions) => partitions !== undefined),
    Stream.runHead,
    Effect.flatMap((head) => (head._tag === "Some" ? Effect.succeed(head.value) : Effect.fail(silent()))),
  )
  const asking = ask(link, sender)(topologyPath, new Uint8Array(), suffix).pipe(
    Effect.repeat(Schedule.spaced(topologyAskEveryMs)),
    Effect.andThen(Effect.never),
  )
  return Effect.raceFirst(answers, asking).pipe(Effect.timeoutOrElse({ duration: timeoutMs, orElse: () => silent() }))
}

const open = (config: ChannelLinkConfig) =>
  Effect.gen(function* () {
    const { sender } = config
    if (!isSender(sender))
      return yield* new NotPermitted({ operation: "connect", cause: `"${sender}" can't be a sender's name: a-z, 0-9, _ and -, at most 32` })
    const link = yield* openLink(config, config.login, senderInbox(sender), `holdfast ${sender}`)
    const partitions = yield* learnPartitions(link, sender, config.topologyTimeoutMs ?? topologyTimeoutMs)
    return ChannelLink.of({
      sender,
      partitions,
      publish: publish(link, sender),
      replies: replies(link, sender),
      ask: ask(link, sender),
      ats: ats(link, sender),
    })
  })

/** Connects a sender. Fails if the server is away, does not know the credentials, or no worker answers. */
export const channelLinkLayer = (config: ChannelLinkConfig): Layer.Layer<ChannelLink, NotPermitted | BrokerUnavailable> =>
  Layer.effect(ChannelLink, open(config))
