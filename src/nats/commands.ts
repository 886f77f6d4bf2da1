/** A kind's commands stream as the port `Commands`: read by a partition's own cursor, looked up and purged through the stream's leader. */
import { AckPolicy, DeliverPolicy, type StoredMsg } from "@nats-io/jetstream"
import { nanos, nuid } from "@nats-io/transport-node"
import { Effect, Layer, Stream } from "effect"
import type { Kind } from "../domain/kinds.ts"
import type { CommandMessage } from "../engine/protocol.ts"
import { Commands } from "../ports/broker.ts"
import { commandsStream, storedOf } from "../wire/subjects.ts"
import { attempt } from "./attempt.ts"
import type { Link } from "./connection.ts"
import { ledInfo } from "./led-info.ts"
import { headerText, msFromTimestamp } from "./message.ts"
import { type Delivered, readOrdered } from "./ordered-reader.ts"

/** Which stream, and where it holds what is for a partition. */
interface CommandsPlace {
  readonly stream: string
  readonly of: (partition: number) => string
}

const delivered = ({ delivery, message }: Delivered): CommandMessage => ({
  seq: delivery.seq,
  subject: message.subject,
  headers: headerText(() => message.headers),
  body: message.data,
  brokerMs: delivery.brokerMs,
})

const stored = (message: StoredMsg): CommandMessage => ({
  seq: message.seq,
  subject: message.subject,
  headers: headerText(() => message.header),
  body: message.data,
  brokerMs: msFromTimestamp(message.timestamp),
})

/** How long the server keeps the consumer that only counts. */
const countingConsumerMs = 1_000
/** What counting may take: how long something has waited is told every second. */
const countTimeoutMs = 400

/** Messages of the partition from `fromSeq` on, as the server knows it that a consumer happens to land on. It is made only to have the server count. */
const countFrom = async (link: Link, place: CommandsPlace, partition: number, fromSeq: number): Promise<number> => {
  const name = nuid.next()
  const info = await link.lookups.consumers.add(place.stream, {
    name,
    filter_subject: place.of(partition),
    deliver_policy: DeliverPolicy.StartSequence,
    opt_start_seq: fromSeq,
    ack_policy: AckPolicy.None,
    mem_storage: true,
    num_replicas: 1,
    inactive_threshold: nanos(countingConsumerMs),
  })
  link.jsm.consumers.delete(place.stream, name).catch(() => undefined)
  return info.num_pending
}

/**
 * Whether something waits, and since when, says the stream's leader. How much, a server that catches up may count too low or not at all: that is the lesser news, and must
 * not hide the other.
 */
const waiting = async (link: Link, place: CommandsPlace, partition: number, fromSeq: number) => {
  const firstFrom = { seq: fromSeq, next_by_subj: place.of(partition) }
  const next = await link.lookups.streams.getMessage(place.stream, firstFrom)
  if (next === null) return { count: 0, oldestMs: null }
  const counted = countFrom(link, place, partition, fromSeq).catch(() => 1)
  const count = await Promise.race([counted, new Promise<number>((resolve) => setTimeout(resolve, countTimeoutMs, 1).unref())])
  return { count: Math.max(1, count), oldestMs: msFromTimestamp(next.timestamp) }
}

const lookUp = async (link: Link, { stream, of }: CommandsPlace, partition: number, seq: number) => {
  const found = seq < 1 ? null : await link.lookups.streams.getMessage(stream, { seq })
  const firstBehind = { seq: seq + 1, next_by_subj: of(partition) }
  const next = found === null ? await link.lookups.streams.getMessage(stream, firstBehind) : null
  const { state, config } = await ledInfo(link, stream)
  const share = (used: number, bound: number) => (bound > 0 ? used / bound : 0)
  const fill = Math.max(share(state.bytes, config.max_bytes), share(state.messages, config.max_msgs))
  const { first_seq: firstSeq, last_seq: lastSeq } = state
  return { message: found === null ? null : stored(found), firstSeq, lastSeq, nextSeq: next?.seq ?? null, fill }
}

/** The stream at this place, over a connection that may read it and purge. */
const commandsOver = (link: Link, place: CommandsPlace): Commands["Service"] => ({
  read: (partition, fromSeq) =>
    readOrdered(link, {
      stream: place.stream,
      filter: place.of(partition),
      start: { from: fromSeq },
      closesWhenBroken: true,
    }).pipe(Stream.map((messages) => messages.map(delivered))),
  at: (partition, seq) => attempt(link, `look up command ${seq}`, () => lookUp(link, place, partition, seq)),
  purge: (partition, beforeSeq) =>
    attempt(link, `purge commands of partition ${partition}`, () =>
      link.jsm.streams.purge(place.stream, { filter: place.of(partition), seq: beforeSeq }),
    ).pipe(Effect.asVoid),
  waiting: (partition, seq) => attempt(link, `count messages of partition ${partition}`, () => waiting(link, place, partition, seq + 1)),
})

/** `link` is a connection in the account of the engine. */
export const commandsLayer = (link: Link, kind: Kind): Layer.Layer<Commands> =>
  Layer.succeed(Commands, commandsOver(link, { stream: commandsStream(kind), of: (partition) => storedOf(kind, partition) }))
