/** A sender's own connection as the port `ChannelLink`: with its own credentials, so that the server enforces what it may say and hear. */
import { headers, type Msg, type MsgHdrs } from "@nats-io/transport-node"
import { Cause, type Context, Effect, Layer, Queue, Schedule, Stream } from "effect"
import { isSender } from "../domain/names.ts"
import { ChannelLink } from "../ports/channel.ts"
import { BrokerUnavailable, type Busy, NotPermitted } from "../ports/errors.ts"
import { decodeAnswer } from "../wire/questions.ts"
import { atsSubject, commandSubject, questionSubject, replyHeader, replySubject } from "../wire/subjects.ts"
import { senderInbox } from "./config.ts"
import { type Link, type Login, openLink, type ServerAddress } from "./connection.ts"
import { senderFailure } from "./errors.ts"
import { headerValue } from "./message.ts"
import { topologyPath } from "./questions.ts"
import { feedStream } from "./subjects.ts"

export interface ChannelLinkConfig extends ServerAddress {
  readonly sender: string
  readonly login: Login
  /** Milliseconds to wait for a worker to say how many partitions there are. Default: 10,000. */
  readonly topologyTimeoutMs?: number
}

const publishTimeoutMs = 5_000
const topologyAskEveryMs = 250
const topologyTimeoutMs = 10_000
/** Header that the feed's stream puts on what it says: nobody but the server can publish there with a header. */
const streamHeader = "Nats-Stream"

const replyTo = (suffix: string): MsgHdrs => {
  const named = headers()
  named.set(replyHeader, suffix)
  return named
}

type Failure = Busy | NotPermitted | BrokerUnavailable

const publish =
  (link: Link, sender: string): Context.Service.Shape<typeof ChannelLink>["publish"] =>
  (commandClass, token, body, replySuffix) =>
    Effect.tryPromise({
      try: () =>
        link.request(() =>
          link.js.publish(commandSubject(sender, commandClass, token), body, { headers: replyTo(replySuffix), timeout: publishTimeoutMs }),
        ),
      catch: senderFailure(`publish ${commandClass} commands as ${sender}`),
    }).pipe(Effect.map(({ seq }) => ({ seq })))

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

const isNotBusy = (failure: Failure): NotPermitted | BrokerUnavailable =>
  failure._tag === "Busy" ? new BrokerUnavailable({ operation: "ask", cause: failure.cause }) : failure

const ask = (link: Link, sender: string) => (path: string, body: Uint8Array, replySuffix: string) =>
  Effect.tryPromise({
    try: () => link.request(() => askNow(link, questionSubject(sender, path), body, replySuffix)),
    catch: (error) => isNotBusy(senderFailure(`ask ${path} as ${sender}`)(error)),
  })

interface Hearing<A> {
  readonly subject: string
  /** Undefined: not meant for us. */
  readonly read: (message: Msg) => A | undefined
  /** Whether the stream fails when the connection was lost and is back: what was said meanwhile is not said again. */
  readonly endsWithConnection: boolean
}

/** What arrives on a subject, in arrays of what arrived in one turn. The server may refuse the subscription. */
const subscribe = <A>(
  link: Link,
  { subject, read, endsWithConnection }: Hearing<A>,
): Stream.Stream<ReadonlyArray<A>, NotPermitted | BrokerUnavailable> =>
  Stream.callback<A, NotPermitted | BrokerUnavailable>((queue) => {
    const fail = (failure: NotPermitted | BrokerUnavailable) => Queue.failCauseUnsafe(queue, Cause.fail(failure))
    const operation = `hear ${subject}`
    return Effect.acquireRelease(
      Effect.sync(() => {
        const subscription = link.nc.subscribe(subject, {
          callback: (error, message) => {
            if (error !== null) {
              fail(isNotBusy(senderFailure(operation)(error)))
              return
            }
            const value = read(message)
            if (value !== undefined) Queue.offerUnsafe(queue, value)
          },
        })
        const lost = () => fail(new BrokerUnavailable({ operation, cause: "the connection was lost, and what was said meanwhile with it" }))
        return { subscription, forget: endsWithConnection ? link.onReconnect(lost) : () => undefined }
      }),
      ({ subscription, forget }) =>
        Effect.sync(() => {
          forget()
          subscription.unsubscribe()
        }),
    )
  }).pipe(Stream.chunks)

const replies = (link: Link, sender: string) => (prefix: string) => {
  const subject = replySubject(sender, `${prefix}.>`)
  const cut = subject.length - 1
  const read = (message: Msg) => ({ suffix: message.subject.slice(cut), body: message.data })
  // Whoever misses an answer asks again.
  return subscribe(link, { subject, read, endsWithConnection: false }).pipe(
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
  return subscribe(link, { subject: atsSubject(sender, tokens ?? ">"), read, endsWithConnection: true })
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
    Stream.map(({ body }) => decodeAnswer(body)),
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
    const link = yield* openLink(config, config.login, senderInbox(sender), `holdfast ${sender}`).pipe(
      Effect.catchTag("LoginRefused", ({ operation, cause }) => Effect.fail(new NotPermitted({ operation, cause }))),
    )
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
