/**
 * The ports that are streams: commands, journals, what channels hear and questions, over a connection to simulated servers.
 *
 * Each does what its real counterpart does with the same requests, so that the same things can go wrong between them.
 */
import { Effect, Layer, Stream } from "effect"
import { type SenderId, skuToken } from "../../src/domain/names.ts"
import type { CommandMessage } from "../../src/engine/protocol.ts"
import type { Reply, StoredRecord } from "../../src/engine/records.ts"
import type { AtsValue } from "../../src/kinds/sku/types.ts"
import { appendTimeoutMs } from "../../src/limits.ts"
import { type AskedQuestion, Commands, Journals, type OpenQuestions, Outbound, Questions } from "../../src/ports/broker.ts"
import { AppendUnknown } from "../../src/ports/errors.ts"
import { feedOf, feedSubject, isReplySuffix, journalSubject, questionSubject, replySubject, storedOf } from "../../src/wire/subjects.ts"
import type { StoredMessage } from "../substitutes/stream.ts"
import { ask, lookUp, orUnavailable, publish, publishTimeoutMs, type Trouble } from "./asking.ts"
import type { Connection } from "./connection.ts"
import { readMessages } from "./reader.ts"
import type { Said, ServedStream, Servers, WriteAnswer } from "./servers.ts"

/** The bytes of what is said. */
export interface SaidCodec {
  readonly encodeReply: (reply: Reply) => Uint8Array
  readonly encodeAts: (value: AtsValue) => Uint8Array
  /** Undefined if the bytes are none of ours. */
  readonly decodeAts: (bytes: Uint8Array) => AtsValue | undefined
}

const commandOf = ({ seq, subject, headers, body, atMs }: StoredMessage): CommandMessage => ({
  seq,
  subject,
  headers,
  body,
  brokerMs: atMs,
})

const recordOf = ({ seq, messageId, body }: StoredMessage): StoredRecord => ({ seq, messageId, bytes: body })

const commandsOf = (partition: number): string => storedOf("sku", partition)
const feedFrom = (partition: number): string => feedOf(partition).slice(0, -1)

/** Messages of the partition stored after `seq`. */
const waitingIn = (stream: ServedStream, partition: number, seq: number) => {
  let count = 0
  let oldestMs: number | null = null
  for (let at = seq + 1; at <= stream.model.lastSeq; at++) {
    const message = stream.model.at(at)
    if (message?.subject.startsWith(commandsOf(partition)) !== true) continue
    count++
    oldestMs ??= message.atMs
  }
  return { count, oldestMs }
}

/** The first message of the partition stored after `seq`. */
const nextOf = (stream: ServedStream, partition: number, seq: number): number | null => {
  for (let at = seq + 1; at <= stream.model.lastSeq; at++)
    if (stream.model.at(at)?.subject.startsWith(commandsOf(partition)) === true) return at
  return null
}

const commandsOver = (stream: ServedStream, connection: Connection): Commands["Service"] => ({
  read: (partition, fromSeq) =>
    readMessages(connection, { stream, prefix: commandsOf(partition), start: { from: fromSeq }, endsWhenBroken: true }).pipe(
      Stream.map((messages) => messages.map(commandOf)),
    ),
  at: (partition, seq) =>
    lookUp(connection, stream, () => {
      const found = stream.model.at(seq)
      const { firstSeq, lastSeq } = stream.model
      const nextSeq = found === undefined ? nextOf(stream, partition, seq) : null
      return { message: found === undefined ? null : commandOf(found), firstSeq, lastSeq, nextSeq, fill: 0 }
    }).pipe(orUnavailable(`look up command ${seq}`)),
  purge: (partition, beforeSeq) =>
    Effect.asVoid(lookUp(connection, stream, () => stream.model.purge(commandsOf(partition), beforeSeq))).pipe(
      orUnavailable(`purge commands of partition ${partition}`),
    ),
  waiting: (partition, seq) =>
    lookUp(connection, stream, () => waitingIn(stream, partition, seq)).pipe(orUnavailable(`count commands of partition ${partition}`)),
})

export const commandsLayer = (servers: Servers, connection: Connection): Layer.Layer<Commands> =>
  Layer.succeed(Commands, commandsOver(servers.commands, connection))

export const journalsLayer = (servers: Servers, connection: Connection): Layer.Layer<Journals> => {
  const follow = (partition: number, fromSeq: number) =>
    readMessages(connection, {
      stream: servers.journal(partition),
      prefix: journalSubject("sku", partition),
      start: { from: fromSeq },
    }).pipe(Stream.map((messages) => messages.map(recordOf)))
  return Layer.succeed(Journals, {
    append: (partition, expectedSeq, messageId, bytes) =>
      publish(
        connection,
        servers.journal(partition),
        { subject: journalSubject("sku", partition), body: bytes, expectation: { messageId, lastSeq: expectedSeq } },
        appendTimeoutMs,
      ).pipe(Effect.mapError(({ cause }) => new AppendUnknown({ partition, cause }))),
    endSeq: (partition) =>
      lookUp(connection, servers.journal(partition), () => servers.journal(partition).model.lastSeq).pipe(
        orUnavailable(`read the end of journal ${partition}`),
      ),
    at: (partition, seq) =>
      lookUp(connection, servers.journal(partition), () => servers.journal(partition).model.at(seq)).pipe(
        Effect.map((message) => (message === undefined ? null : recordOf(message))),
        orUnavailable(`read record ${seq} of journal ${partition}`),
      ),
    read: (partition, fromSeq, toSeq) =>
      fromSeq > toSeq
        ? Stream.empty
        : follow(partition, fromSeq).pipe(
            Stream.takeUntil((records) => (records.at(-1)?.seq ?? 0) >= toSeq),
            Stream.map((records) => records.filter(({ seq }) => seq <= toSeq)),
            Stream.filter((records) => records.length > 0),
          ),
    follow,
  })
}

/** Stores all, and answers when all are stored, or with the first refusal. */
const storeAll = (
  servers: Servers,
  connection: Connection,
  writes: ReadonlyArray<{ readonly subject: string; readonly body: Uint8Array }>,
) =>
  writes.length === 0
    ? Effect.void
    : ask<void>(connection, {
        route: "feed",
        timeoutMs: publishTimeoutMs,
        serve: (answer) => {
          let missing = writes.length
          const one = (said: WriteAnswer): void => {
            if (said._tag === "Refused") answer({ error: said.error })
            else if (--missing === 0) answer({ value: undefined })
          }
          for (const write of writes) servers.feed.write(write, one)
        },
      })

/** The feed's stream is the engines', the senders' inboxes are not. */
export interface OutboundConnections {
  readonly engine: Connection
  readonly worker: Connection
}

export const outboundLayer = (servers: Servers, { engine, worker }: OutboundConnections, codec: SaidCodec): Layer.Layer<Outbound> => {
  const say = (replies: ReadonlyArray<Reply>): Effect.Effect<void, Trouble> =>
    ask<void>(worker, {
      route: "replies",
      timeoutMs: publishTimeoutMs,
      serve: (answer) => {
        for (const reply of replies) {
          if (!isReplySuffix(reply.suffix)) continue
          servers.say({ subject: replySubject(reply.sender, reply.suffix), replySuffix: null, body: codec.encodeReply(reply) })
        }
        answer({ value: undefined })
      },
    })
  return Layer.succeed(Outbound, {
    reply: (replies) => say(replies).pipe(orUnavailable("publish replies")),
    busy: (sender, suffix, body) =>
      worker.say("replies", () => servers.say({ subject: replySubject(sender, suffix), replySuffix: null, body })),
    feed: (partition, values) =>
      storeAll(
        servers,
        engine,
        values.map((value) => ({ subject: feedSubject(partition, value.channel, skuToken(value.sku)), body: codec.encodeAts(value) })),
      ).pipe(orUnavailable(`publish the feed of partition ${partition}`)),
    watchFeed: (partition, sinceMs) =>
      readMessages(engine, { stream: servers.feed, prefix: feedFrom(partition), start: { sinceMs } }).pipe(
        Stream.map((messages) => messages.map(({ body }) => codec.decodeAts(body)).filter((value) => value !== undefined)),
      ),
  })
}

/** One listener for each sender, as the real adapter has one subscription. */
const openQuestions = (servers: Servers, connection: Connection, hear: (question: AskedQuestion) => void) => {
  const listeners = new Map<SenderId, () => void>()
  const opened: OpenQuestions = {
    open: (sender) => {
      if (listeners.has(sender)) return
      const prefix = questionSubject(sender, "")
      const told = ({ subject, replySuffix, body }: Said): void =>
        connection.tell("questions", () => {
          if (listeners.has(sender))
            hear({ sender, path: subject.slice(prefix.length), replySubject: "", replyHeader: replySuffix ?? "", body })
        })
      listeners.set(sender, servers.listen(prefix, told))
    },
    close: (sender) => {
      listeners.get(sender)?.()
      listeners.delete(sender)
    },
    answer: (sender, suffix, body) =>
      connection.say("replies", () => servers.say({ subject: replySubject(sender, suffix), replySuffix: null, body })),
  }
  return { opened, end: () => [...listeners.keys()].forEach(opened.close) }
}

export const questionsLayer = (servers: Servers, connection: Connection): Layer.Layer<Questions> =>
  Layer.succeed(Questions, {
    listen: (hear) =>
      Effect.acquireRelease(
        Effect.sync(() => openQuestions(servers, connection, hear)),
        ({ end }) => Effect.sync(end),
      ).pipe(Effect.map(({ opened }) => opened)),
  })
