/**
 * The past as journals and archive tell it, without a database: every question reads its partition's journal from the first record on. Slower than tables, and nothing can be wrong with it that isn't wrong with
 * the journals.
 */
import { Clock, Effect, Layer, Queue, Stream } from "effect"
import type { Kind, PartitionCounts } from "../domain/kinds.ts"
import { type ActorKey, type EpochMs, partitionOf, type Sku } from "../domain/names.ts"
import { orderBook } from "../domain/order/names.ts"
import type { StoredRecord } from "../engine/records.ts"
import { pastPagesMax } from "../limits.ts"
import type { JournalRoom } from "../ports/archive.ts"
import { Journals } from "../ports/broker.ts"
import type { ArchiveFailed, BrokerUnavailable } from "../ports/errors.ts"
import { Past, type PastExtent, type PastFailed, PastUnavailable } from "../ports/past.ts"
import { engineCodec, orderCodec } from "../wire/codec.ts"
import { type OrderPastLine, orderLinesOf, orderOfLine, type SkuPastLine, skuLinesOf } from "../wire/past-lines.ts"
import { readWholeJournal } from "./whole-journal.ts"

/** What reading the journals of one kind needs; the archive, where one is named, is found beside it. */
type JournalPorts = Journals | JournalRoom

/** Runs what reads journals over the ports of a kind. */
export type OfKind = (kind: Kind) => <A, E>(effect: Effect.Effect<A, E, JournalPorts>) => Effect.Effect<A, E>

const asPast = (error: BrokerUnavailable | ArchiveFailed | PastUnavailable): PastFailed => {
  if (error._tag !== "ArchiveFailed") return error
  const { operation, cause, remedy } = error
  return new PastUnavailable({ operation, cause, remedy })
}

const decodeOf = (kind: Kind) => (kind === "sku" ? engineCodec.decodeRecord : orderCodec.decodeRecord)

const unreadable = (seq: number, cause: string) =>
  new PastUnavailable({ operation: `read record ${seq}`, cause, remedy: "Look at the journal with `holdfast audit`" })

/** Ends the reading of a journal: what follows is later than what was asked for. */
const enough = "enough" as const

/** Reads a journal's records until `read` has enough, and hands on what it makes of them, as fast as that is taken. */
const linesRead = <Line>(
  ofKind: OfKind,
  kind: Kind,
  partition: number,
  read: (
    records: ReadonlyArray<StoredRecord>,
  ) => Effect.Effect<{ readonly lines: ReadonlyArray<Line>; readonly isLast: boolean }, PastUnavailable>,
): Stream.Stream<ReadonlyArray<Line>, PastFailed> =>
  Stream.callback<ReadonlyArray<Line>, PastFailed>(
    (queue) => {
      const take = Effect.fnUntraced(function* (records: ReadonlyArray<StoredRecord>) {
        const { lines, isLast } = yield* read(records)
        if (lines.length > 0) yield* Queue.offer(queue, lines)
        if (isLast) return yield* Effect.fail(enough)
      })
      const all = Effect.flatMap(
        Effect.flatMap(Journals, (journals) => journals.endSeq(partition)),
        (endSeq) => (endSeq === 0 ? Effect.void : readWholeJournal(partition, endSeq, take, decodeOf(kind))),
      )
      return ofKind(kind)(all).pipe(
        Effect.catch((error) => (typeof error === "string" ? Effect.void : Effect.fail(asPast(error)))),
        Effect.matchEffect({
          onFailure: (error) => Queue.fail(queue, error),
          onSuccess: () => Queue.end(queue),
        }),
      )
    },
    { bufferSize: pastPagesMax, strategy: "suspend" },
  )

/** Whether a record may be about a SKU, at a glance at its bytes. Only of names that JSON spells in one way can that be said; of the others it may be. */
const mayBeAbout = (sku: Sku | null): ((record: StoredRecord) => boolean) => {
  if (sku === null || !/^[A-Za-z0-9_-]+$/.test(sku)) return () => true
  const name = Buffer.from(sku, "utf8")
  return ({ bytes }) => Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).includes(name)
}

const skuLines = (ofKind: OfKind, partition: number, sku: Sku | null, toMs: EpochMs, afterSeq: number) => {
  const isWorthReading = mayBeAbout(sku)
  const read = Effect.fnUntraced(function* (records: ReadonlyArray<StoredRecord>) {
    const lines: Array<SkuPastLine> = []
    for (const stored of records) {
      if (stored.seq <= afterSeq || !isWorthReading(stored)) continue
      const decoded = engineCodec.decodeRecord(stored.bytes)
      if (decoded._tag !== "Record") return yield* unreadable(stored.seq, decoded.cause)
      if (decoded.record.atMs > toMs) return { lines, isLast: true }
      for (const line of skuLinesOf(stored.seq, decoded.record)) if (sku === null || line.key === sku) lines.push(line)
    }
    return { lines, isLast: false }
  })
  return linesRead<SkuPastLine>(ofKind, "sku", partition, read)
}

/** The time of the first record that knows one: a journal begins with records of before anything was heard. Null: none does. */
const firstMs = Effect.fnUntraced(function* (kind: Kind, partition: number, endSeq: number) {
  let sinceMs: number | null = null
  const noteFirst = Effect.fnUntraced(function* (records: ReadonlyArray<StoredRecord>) {
    for (const stored of records) {
      const decoded = decodeOf(kind)(stored.bytes)
      if (decoded._tag !== "Record") return yield* unreadable(stored.seq, decoded.cause)
      sinceMs = decoded.record.atMs
      if (sinceMs > 0) return yield* Effect.fail(enough)
    }
  })
  yield* Effect.catchIf(
    readWholeJournal(partition, endSeq, noteFirst, decodeOf(kind)),
    (error): error is typeof enough => error === enough,
    () => Effect.void,
  )
  return sinceMs === 0 ? null : sinceMs
})

/** How far a journal goes back and forward. What is read of it later is all that was journaled by now, and a little more. */
const extentOf = Effect.fnUntraced(function* (kind: Kind, partition: number) {
  const nowMs = yield* Clock.currentTimeMillis
  const journals = yield* Journals
  const endSeq = yield* journals.endSeq(partition)
  const last = endSeq === 0 ? null : yield* journals.at(partition, endSeq)
  const decoded = last === null ? null : decodeOf(kind)(last.bytes)
  const lastMs = decoded?._tag === "Record" ? decoded.record.atMs : 0
  const sinceMs = endSeq === 0 ? null : yield* firstMs(kind, partition, endSeq)
  const known = { source: "journals", kind, partition, seq: endSeq, atMs: lastMs, behind: 0 } as const
  return { sinceMs, isFromTheFirst: true, knownToMs: Math.max(nowMs, lastMs), known } satisfies PastExtent
})

/** The past, as the journals tell it. */
export const journalPast = (counts: PartitionCounts, ofKind: OfKind): Layer.Layer<Past> =>
  Layer.succeed(Past, {
    partitions: counts.sku,
    extent: (kind, partition) => ofKind(kind)(extentOf(kind, partition)).pipe(Effect.mapError((error) => asPast(error))),
    mark: () => Effect.succeed(null),
    skuLines: (scope, toMs, afterSeq) =>
      "sku" in scope
        ? skuLines(ofKind, partitionOf(scope.sku, counts.sku), scope.sku, toMs, afterSeq)
        : skuLines(ofKind, scope.partition, null, toMs, afterSeq),
    orderPartition: (channel, order) => bookPartition(orderBook(channel, order), counts),
    orderLines: (channel, order, toMs) => {
      const read = Effect.fnUntraced(function* (records: ReadonlyArray<StoredRecord>) {
        const lines: Array<OrderPastLine> = []
        for (const stored of records) {
          const decoded = orderCodec.decodeRecord(stored.bytes)
          if (decoded._tag !== "Record") return yield* unreadable(stored.seq, decoded.cause)
          if (decoded.record.atMs > toMs) return { lines, isLast: true }
          for (const line of orderLinesOf(stored.seq, decoded.record)) {
            const about = orderOfLine(line)
            if (about?.channel === channel && about.order === order) lines.push(line)
          }
        }
        return { lines, isLast: false }
      })
      return linesRead<OrderPastLine>(ofKind, "order", bookPartition(orderBook(channel, order), counts), read)
    },
  })

const bookPartition = (book: ActorKey, counts: PartitionCounts): number => partitionOf(book, counts.order)
