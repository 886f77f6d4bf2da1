/**
 * The journals' streams as the port `Journals`. It only reports what it was told: whether an append is the caller's is judged by the engine.
 *
 * The end and single records are read through the stream's leader (never by direct get, which a follower may answer from the past).
 */
import { PubHeaders, type StoredMsg } from "@nats-io/jetstream"
import { Effect, Layer, Stream } from "effect"
import type { Kind } from "../domain/kinds.ts"
import type { StoredRecord } from "../engine/records.ts"
import { appendTimeoutMs } from "../limits.ts"
import { Journals } from "../ports/broker.ts"
import { AppendUnknown, BrokerUnavailable } from "../ports/errors.ts"
import { journalStream, journalSubject } from "../wire/subjects.ts"
import { attempt } from "./attempt.ts"
import type { Link } from "./connection.ts"
import { describe } from "./errors.ts"
import { ledInfo } from "./led-info.ts"
import { headerValue } from "./message.ts"
import { type Delivered, openReader, readOrdered, takeArrived } from "./ordered-reader.ts"

/** Silence after which a bounded read gives up: the records are said to exist, but the server does not deliver them. */
const readSilenceMs = 10_000

const delivered = ({ delivery, message }: Delivered): StoredRecord => ({
  seq: delivery.seq,
  messageId: headerValue(() => message.headers, PubHeaders.MsgIdHdr),
  bytes: message.data,
})

/** A message that was fetched by its sequence. */
export const storedRecord = (message: StoredMsg): StoredRecord => ({
  seq: message.seq,
  messageId: headerValue(() => message.header, PubHeaders.MsgIdHdr),
  bytes: message.data,
})

/** One attempt: what a second one would find is for the engine to judge. */
const append = async (link: Link, kind: Kind, partition: number, lastSequence: number, messageId: string, body: Uint8Array) => {
  const ack = await link.acks.publish({ subject: journalSubject(kind, partition), body, messageId, lastSequence }, appendTimeoutMs)
  if (ack.stream !== journalStream(kind, partition)) throw new Error(`acknowledged by stream ${ack.stream}`)
  return { seq: ack.seq, duplicate: ack.duplicate }
}

/** Arrays of records until `toSeq` has come. */
const readBounded = (link: Link, kind: Kind, partition: number, fromSeq: number, toSeq: number) => {
  const operation = `read journal ${partition}`
  return Stream.unwrap(
    Effect.map(
      openReader(link, { stream: journalStream(kind, partition), filter: journalSubject(kind, partition), start: { from: fromSeq } }),
      (reader) => {
        const silent = () =>
          new BrokerUnavailable({
            operation,
            cause: `nothing came for ${readSilenceMs} ms before record ${toSeq} did. ${reader.lastFailure}`,
          })
        const pull: Effect.Effect<readonly [ReadonlyArray<Delivered>], BrokerUnavailable> = Effect.flatMap(
          Effect.timeoutOrElse(takeArrived(reader, operation), { duration: readSilenceMs, orElse: () => Effect.fail(silent()) }),
          (taken) => (taken.length === 0 ? pull : Effect.succeed([taken] as const)),
        )
        return Stream.fromPull(Effect.succeed(pull))
      },
    ),
  ).pipe(
    Stream.takeUntil((records) => (records.at(-1)?.delivery.seq ?? 0) >= toSeq),
    Stream.map((records) => records.filter(({ delivery }) => delivery.seq <= toSeq).map(delivered)),
    Stream.filter((records) => records.length > 0),
  )
}

/** `link` is a connection in the account of the engine. */
export const journalsLayer = (link: Link, kind: Kind): Layer.Layer<Journals> =>
  Layer.succeed(Journals, {
    append: (partition, expectedSeq, messageId, bytes) =>
      Effect.tryPromise({
        try: () => link.request(() => append(link, kind, partition, expectedSeq, messageId, bytes)),
        catch: (error) => new AppendUnknown({ partition, cause: describe(error) }),
      }),
    endSeq: (partition) =>
      attempt(link, `read the end of journal ${partition}`, () => ledInfo(link, journalStream(kind, partition))).pipe(
        Effect.map((info) => info.state.last_seq),
      ),
    at: (partition, seq) =>
      seq < 1
        ? Effect.succeed(null)
        : attempt(link, `read record ${seq} of journal ${partition}`, () =>
            link.lookups.streams.getMessage(journalStream(kind, partition), { seq }),
          ).pipe(Effect.map((message) => (message === null ? null : storedRecord(message)))),
    read: (partition, fromSeq, toSeq) => (fromSeq > toSeq ? Stream.empty : readBounded(link, kind, partition, fromSeq, toSeq)),
    follow: (partition, fromSeq) =>
      readOrdered(link, { stream: journalStream(kind, partition), filter: journalSubject(kind, partition), start: { from: fromSeq } }).pipe(
        Stream.map((records) => records.map(delivered)),
      ),
  })
