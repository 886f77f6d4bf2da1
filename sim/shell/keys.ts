/**
 * Keys with values in a stream that keeps the newest of each, as the real adapter lays them out: guarded by revision, ended by a time to live, watched.
 */
import { type Effect, Stream } from "effect"
import type { BrokerUnavailable } from "../../src/ports/errors.ts"
import type { StoredMessage } from "../substitutes/stream.ts"
import { lookUp, publish, publishTimeoutMs, type Trouble } from "./asking.ts"
import type { Connection } from "./connection.ts"
import { type Delivery, readDeliveries } from "./reader.ts"
import type { ServedStream } from "./servers.ts"

export interface KeyState {
  /** Null: it was deleted, or its time was up. */
  readonly value: string | null
  readonly revision: number
  readonly brokerMs: number
}

export interface KeyChange extends KeyState {
  readonly key: string
}

export interface KeyNews {
  readonly changes: ReadonlyArray<KeyChange>
  /** Whether every key that was set when the watch began has been said. */
  readonly isWhole: boolean
}

const deletion = "KV-Operation: DEL"
const ttlWriteTimeoutMsMin = 300
const decoder = new TextDecoder()
const encoder = new TextEncoder()

const stateOf = ({ seq, headers, isMarker, body, atMs }: StoredMessage): KeyState => ({
  value: isMarker || headers === deletion ? null : decoder.decode(body),
  revision: seq,
  brokerMs: atMs,
})

/** The key as the stream's leader knows it, or null if it was never set. */
export const readKey = (connection: Connection, bucket: ServedStream, key: string): Effect.Effect<KeyState | null, Trouble> =>
  lookUp(connection, bucket, () => {
    const message = bucket.model.lastOf(key)
    return message === undefined ? null : stateOf(message)
  })

export interface PutOptions {
  /** Milliseconds; whole seconds are kept, at least one. Absent: the key stays. */
  readonly ttlMs?: number
  /** Only if the key's revision is this; 0: never set. */
  readonly revision?: number
}

export const putKey = (connection: Connection, bucket: ServedStream, key: string, value: string, options: PutOptions = {}) => {
  const { ttlMs, revision } = options
  const expectation = {
    ...(ttlMs === undefined ? {} : { ttlMs: Math.max(1, Math.ceil(ttlMs / 1_000)) * 1_000 }),
    ...(revision === undefined ? {} : { lastSubjectSeq: revision }),
  }
  const timeoutMs = ttlMs === undefined ? publishTimeoutMs : Math.max(ttlWriteTimeoutMsMin, Math.floor(ttlMs / 3))
  return publish(connection, bucket, { subject: key, body: encoder.encode(value), expectation }, timeoutMs)
}

export const deleteKey = (connection: Connection, bucket: ServedStream, key: string, revision?: number) =>
  publish(connection, bucket, {
    subject: key,
    headers: deletion,
    body: new Uint8Array(),
    expectation: revision === undefined ? {} : { lastSubjectSeq: revision },
  })

/** What a watcher knows. After a reconnection it hears all keys again: one that it knew and doesn't hear is gone. */
class Known {
  readonly #keys = new Map<string, KeyState>()
  #newestMs = 0

  apply({ messages, isFirst }: Delivery): ReadonlyArray<KeyChange> {
    const news: Array<KeyChange> = []
    const heard = new Set<string>()
    for (const message of messages) {
      const change = { key: message.subject, ...stateOf(message) }
      heard.add(change.key)
      this.#newestMs = Math.max(this.#newestMs, change.brokerMs)
      if ((this.#keys.get(change.key)?.revision ?? 0) < change.revision) news.push(this.#learn(change))
    }
    if (!isFirst) return news
    for (const [key, { value, revision }] of this.#keys) {
      if (value !== null && !heard.has(key)) news.push(this.#learn({ key, value: null, revision, brokerMs: this.#newestMs }))
    }
    return news
  }

  #learn(change: KeyChange): KeyChange {
    this.#keys.set(change.key, change)
    return change
  }
}

/** Every key that is set and begins with `prefix`, then every change, for ever. */
export const watchKeys = (connection: Connection, bucket: ServedStream, prefix: string): Stream.Stream<KeyNews, BrokerUnavailable> =>
  Stream.suspend(() => {
    const known = new Known()
    return readDeliveries(connection, { stream: bucket, prefix, start: "latest" }).pipe(
      Stream.map((delivery) => ({ changes: known.apply(delivery), isWhole: true })),
    )
  })
