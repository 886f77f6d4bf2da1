/**
 * Keys with values in a stream of their own, laid out as NATS's key-value stores are, so that its tools can show them.
 *
 * Written on the stream rather than on the client's key-value class: that one drops a key's time to live when it updates it, and reads by
 * direct get, which a follower may answer from the past.
 */
import type { Msg, MsgHdrs } from "@nats-io/transport-node"
import { headers } from "@nats-io/transport-node"
import { Effect, Schedule, Stream } from "effect"
import type { BrokerUnavailable } from "../ports/errors.ts"
import { attempt } from "./attempt.ts"
import type { Link } from "./connection.ts"
import { type KeyChange, type KeyState, KnownKeys } from "./known-keys.ts"
import { headerValue, msFromTimestamp } from "./message.ts"
import { type Delivered, type OrderedReader, openReader, takeArrived } from "./ordered-reader.ts"
import { bucketStream, keySubject } from "./subjects.ts"

const operationHeader = "KV-Operation"
/** On the marker that the server leaves when a key's time is up. */
const markerHeader = "Nats-Marker-Reason"
const ttlSecondsMin = 1
/** What a write of a key with a time to live waits for its acknowledgement, at least: later the key is better written again. */
const ttlWriteTimeoutMsMin = 300

const isGone = (read: () => MsgHdrs | undefined): boolean =>
  headerValue(read, operationHeader) !== "" || headerValue(read, markerHeader) !== ""

const decoder = new TextDecoder()

/** The key as the stream's leader knows it, or null if it was never set. */
export const readKey = async (link: Link, bucket: string, key: string): Promise<KeyState | null> => {
  const message = await link.lookups.streams.getMessage(bucketStream(bucket), { last_by_subj: keySubject(bucket, key) })
  if (message === null) return null
  const value = isGone(() => message.header) ? null : decoder.decode(message.data)
  return { value, revision: message.seq, brokerMs: msFromTimestamp(message.timestamp) }
}

export interface PutOptions {
  /** Whole seconds, at least one: less is rounded up. Absent: the key stays. */
  readonly ttlMs?: number
  /** Only if the key's revision is this (0: never set); rejects with the client's conflict otherwise. */
  readonly revision?: number
}

/** Sets the key and resolves to its new revision. */
export const putKey = async (link: Link, bucket: string, key: string, value: string, options: PutOptions = {}): Promise<number> => {
  const ack = await link.js.publish(keySubject(bucket, key), value, {
    ...(options.ttlMs === undefined
      ? {}
      : {
          ttl: `${Math.max(ttlSecondsMin, Math.ceil(options.ttlMs / 1_000))}s`,
          timeout: Math.max(ttlWriteTimeoutMsMin, Math.floor(options.ttlMs / 3)),
        }),
    ...(options.revision === undefined ? {} : { expect: { lastSubjectSequence: options.revision } }),
  })
  return ack.seq
}

/** Deletes the key, so that whoever watches hears it at once. */
export const deleteKey = async (link: Link, bucket: string, key: string, revision?: number): Promise<void> => {
  const gone = headers()
  gone.set(operationHeader, "DEL")
  await link.js.publish(keySubject(bucket, key), new Uint8Array(), {
    headers: gone,
    ...(revision === undefined ? {} : { expect: { lastSubjectSequence: revision } }),
  })
}

const changeOf = (prefix: string, delivered: Delivered): KeyChange => {
  const message: Msg = delivered.message
  const value = isGone(() => message.headers) ? null : decoder.decode(message.data)
  const { seq, brokerMs } = delivered.delivery
  return { key: message.subject.slice(prefix.length), value, revision: seq, brokerMs }
}

export interface KeyNews {
  readonly changes: ReadonlyArray<KeyChange>
  /** Whether every key that was set when the watch began has been said. */
  readonly isWhole: boolean
}

/** One array of changes for each generation that `arrived` spans; an empty one if a consumer found nothing at all. */
const changesOf = (
  reader: OrderedReader,
  known: KnownKeys,
  prefix: string,
  arrived: ReadonlyArray<Delivered>,
): ReadonlyArray<KeyChange> => {
  if (arrived.length === 0) return reader.initialPending === 0 ? known.apply(reader.generation, [], 0) : []
  const news: Array<KeyChange> = []
  let from = 0
  while (from < arrived.length) {
    const generation = arrived[from]?.generation ?? 0
    let to = from
    while (to < arrived.length && arrived[to]?.generation === generation) to++
    const part = arrived.slice(from, to)
    const isPast = part.some(({ delivery }) => delivery.pending === 0)
    news.push(
      ...known.apply(
        generation,
        part.map((delivered) => changeOf(prefix, delivered)),
        isPast ? 0 : 1,
      ),
    )
    from = to
  }
  return news
}

const askAgain = Schedule.spaced("200 millis")

/**
 * What became of the keys that a new consumer left out. Asked until the leader answers: to give up would be to forget what was known, and with it which
 * keys went meanwhile.
 */
const settleMissed = (link: Link, bucket: string, known: KnownKeys): Effect.Effect<ReadonlyArray<KeyChange>, BrokerUnavailable> =>
  Effect.map(
    Effect.forEach(known.missed, (key) =>
      attempt(link, `look up ${key} in ${bucket}`, () => readKey(link, bucket, key)).pipe(
        Effect.retry({ while: () => !link.nc.isClosed(), schedule: askAgain }),
        Effect.map((found) => known.settle(key, found)),
      ),
    ),
    (changes) => changes.filter((change) => change !== undefined),
  )

/**
 * Every key that is set, then every change, for ever. A key that went while the connection was away is said to be gone when it is back, once the stream's
 * leader has said so too.
 */
export const watchKeys = (link: Link, bucket: string, filter: string): Stream.Stream<KeyNews, BrokerUnavailable> => {
  const prefix = keySubject(bucket, "")
  return Stream.unwrap(
    Effect.map(openReader(link, { stream: bucketStream(bucket), filter: keySubject(bucket, filter), start: "latest" }), (reader) => {
      const known = new KnownKeys()
      const pull: Effect.Effect<readonly [KeyNews], BrokerUnavailable> = Effect.flatMap(
        takeArrived(reader, `watch ${bucket}`),
        (arrived) => {
          const wasWhole = known.wasWhole
          const heard = changesOf(reader, known, prefix, arrived)
          return Effect.flatMap(settleMissed(link, bucket, known), (settled) => {
            const changes = [...heard, ...settled]
            // Woken for nothing: a consumer could not be made, or was made anew and nothing changed.
            if (changes.length === 0 && wasWhole === known.wasWhole) return pull
            return Effect.succeed([{ changes, isWhole: known.wasWhole }] as const)
          })
        },
      )
      return Stream.fromPull(Effect.succeed(pull))
    }),
  )
}
