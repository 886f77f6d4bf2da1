/**
 * Spans of what becomes of a traced message once its owner has it: decision, append, what its lines came to, reply and feed.
 *
 * A meter is told of records, replies and the feed; this one tells the meter behind it the same, and makes the spans. Of a batch there is no Effect more, and of a command that nobody traces nothing at all: spans are made by plain
 * calls, for those messages of a record that bear a sampled trace.
 */
import type { Kind } from "../domain/kinds.ts"
import type { EpochMs } from "../domain/names.ts"
import type { JournalRecord, MessageEntry, ReturnedEntry } from "../engine/records.ts"
import type { AtsValue } from "../kinds/sku/types.ts"
import { spanTextCharsMax, tracedRecordsMax } from "../limits.ts"
import type { Meter } from "../ports/meter.ts"
import { arrivalSpans } from "./arrival-traces.ts"
import { decidedAt, drawnSpanId, type RecordPlace, type TracedPart, tracedParts } from "./span-ids.ts"
import { type SpanPlace, spanOf, type ToldSpan } from "./spans.ts"

/** What makes spans. */
export interface SpanMaking {
  readonly tell: (span: ToldSpan) => void
  /** The wall clock in milliseconds. */
  readonly nowMs: () => number
  readonly log: (fields: Readonly<Record<string, unknown>>) => void
}

/** The span of one part of a record, until all of it is said. */
interface Traced extends SpanPlace {
  /** SKUs that it may have changed. */
  readonly skus: ReadonlySet<string>
  /** Whether its answer is said with the record. */
  readonly isAnswered: boolean
}

/** A record that was confirmed just now. */
interface Confirmed extends RecordPlace {
  readonly record: JournalRecord
  readonly appendMs: number
  readonly brokerNowMs: EpochMs | null
  readonly nowMs: number
}

type Decided = MessageEntry["decided"][number]

const wordOf = ({ decision }: Decided): string => (decision._tag === "Refused" ? decision.refusal.reason : decision._tag)

/** The SKU or the order that a command is about. */
const aboutOf = ({ command }: Decided): string => {
  if (command === null) return "unread"
  if ("order" in command && typeof command.order === "string") return command.order
  return "sku" in command && typeof command.sku === "string" ? command.sku : "unread"
}

/** Words in one text, which a message of many commands doesn't make longer than may be. */
const inOne = (words: ReadonlyArray<string>): string => words.join(" ").slice(0, spanTextCharsMax)

const placeOf = ({ kind, partition }: RecordPlace) => ({ "holdfast.kind": kind, "holdfast.partition": partition })

/** What a span says of messages: whose they are, where they stand, and what came of them. No quantity, and nothing that a person is named by. */
const decideAttributes = (confirmed: Confirmed, messages: ReadonlyArray<MessageEntry>) => {
  const decided = messages.flatMap((message) => message.decided)
  const [first] = messages
  return {
    ...placeOf(confirmed),
    "holdfast.record": confirmed.seq,
    "holdfast.epoch": confirmed.record.epoch,
    "holdfast.sender": first?.sender ?? "",
    ...(first?.onBehalf === undefined ? {} : { "holdfast.channel": first.onBehalf }),
    "holdfast.types": inOne(decided.map(({ command }) => command?.type ?? "unread")),
    "holdfast.commands": inOne(decided.map(({ command }) => command?.id ?? "unread")),
    "holdfast.about": inOne(decided.map(aboutOf)),
    "holdfast.outcomes": inOne(decided.map(wordOf)),
  }
}

const returnAttributes = (confirmed: Confirmed, returned: ReadonlyArray<ReturnedEntry>) => ({
  ...placeOf(confirmed),
  "holdfast.record": confirmed.seq,
  "holdfast.epoch": confirmed.record.epoch,
  "holdfast.returned": inOne(returned.map(({ by }) => `${by.kind}/${by.partition}/${by.seq}`)),
  "holdfast.outcomes": inOne(returned.map(({ outcome }) => (outcome.outcome === "refused" ? outcome.reason : outcome.outcome))),
})

/** When the first of some messages was published, on the wall clock; of none, when the record was handed over. */
const beganMs = ({ nowMs, appendMs, brokerNowMs }: Confirmed, messages: ReadonlyArray<MessageEntry>): number =>
  messages.reduce(
    (earliestMs, { brokerMs }) => (brokerNowMs === null ? earliestMs : Math.min(earliestMs, nowMs - (brokerNowMs - brokerMs))),
    nowMs - appendMs,
  )

/** Tells the span of a part of a record, whatever either clock says from publishing until its record was confirmed, and the append in it. */
const tellPart = ({ tell, log }: SpanMaking, confirmed: Confirmed, part: TracedPart): void => {
  const { messages, returned, traceId, spanId, parentId } = part
  const { seq, nowMs, appendMs } = confirmed
  const links = returned.flatMap((entry) => (entry.trace === undefined ? [] : [decidedAt(entry.trace, entry)]))
  const made = { traceId, spanId, parentId, fromMs: beganMs(confirmed, messages), toMs: nowMs, links }
  const attributes = messages.length > 0 ? decideAttributes(confirmed, messages) : returnAttributes(confirmed, returned)
  tell(messages.length > 0 ? spanOf("decide", { ...made, attributes }) : spanOf("return", { ...made, attributes }))
  tell(
    spanOf("append", {
      traceId,
      spanId: drawnSpanId(),
      parentId: spanId,
      fromMs: nowMs - appendMs,
      toMs: nowMs,
      attributes: { ...placeOf(confirmed), "holdfast.record": seq },
    }),
  )
  if (messages.length > 0) log({ traceId, spanId, ...attributes })
}

/** Whether anything is said to a sender with this record: what begins, or is asked for again meanwhile, is answered in a later one. */
const isAnswered = ({ reply, decided }: MessageEntry): boolean =>
  reply !== null && decided.some(({ decision }) => decision._tag !== "Begun" && decision._tag !== "Pending")

const skusOf = (messages: ReadonlyArray<MessageEntry>): ReadonlySet<string> =>
  new Set(
    messages.flatMap(({ decided }) =>
      decided.flatMap(({ command }) => (command !== null && "sku" in command && typeof command.sku === "string" ? [command.sku] : [])),
    ),
  )

/** Keeps something under a name, and forgets the oldest beyond so many. */
const keep = <A>(map: Map<string, A>, name: string, value: A): void => {
  map.set(name, value)
  if (map.size <= tracedRecordsMax) return
  for (const oldest of map.keys()) {
    map.delete(oldest)
    return
  }
}

const answerName = (sender: string, id: string): string => `${sender} ${id}`

/** Spans of commands that began, whose answer a later record says, and which of them this one does. */
const answersIn = ({ entries }: JournalRecord, begun: Map<string, Traced>): ReadonlyArray<Traced> => {
  if (begun.size === 0) return []
  return entries.flatMap((entry) => {
    if (entry._tag !== "Answered") return []
    const name = answerName(entry.sender, entry.id)
    const began = begun.get(name)
    begun.delete(name)
    return began === undefined || entry.replies.length === 0 ? [] : [{ ...began, skus: new Set<string>(), isAnswered: true }]
  })
}

/** Tells what is traced of a record, and returns what of it is still to be said. An answer that was owed belongs to the span of the command that began, as long as that is in `begun`. */
const traceRecord = (making: SpanMaking, confirmed: Confirmed, begun: Map<string, Traced>): ReadonlyArray<Traced> => {
  const traced = tracedParts(confirmed, confirmed.record).map((part): Traced => {
    tellPart(making, confirmed, part)
    const { traceId, spanId, messages } = part
    const one = { traceId, spanId, skus: skusOf(messages), isAnswered: messages.some(isAnswered) }
    for (const { sender, decided } of messages)
      for (const { command, decision } of decided)
        if (decision._tag === "Begun" && command !== null) keep(begun, answerName(sender, command.id), one)
    return one
  })
  // Behind what begins: an order whose lines are all refused at once is answered in the record that it begins in.
  return [...traced, ...answersIn(confirmed.record, begun)]
}

const nameOf = (partition: number, of: number): string => `${partition} ${of}`

/** A meter that makes spans of what it is told, and tells it on. */
export const tracedMeter =
  (making: SpanMaking) =>
  (kind: Kind, meter: Meter["Service"]): Meter["Service"] => {
    const { tell, nowMs } = making
    /** By partition and record. */
    const records = new Map<string, { readonly of: ReadonlyArray<Traced>; readonly confirmedMs: number }>()
    const groups = new Map<string, number>()
    const begun = new Map<string, Traced>()
    const below = ({ traceId, spanId }: SpanPlace, fromMs: number) => ({
      traceId,
      spanId: drawnSpanId(),
      parentId: spanId,
      fromMs,
      toMs: nowMs(),
    })
    const feedSpans = (partition: number, values: ReadonlyArray<AtsValue>, sinceMs: number): void => {
      for (const { channel, sku, version, ats } of values)
        for (const one of records.get(nameOf(partition, version))?.of ?? []) {
          if (!one.skus.has(sku)) continue
          const place = { ...placeOf({ kind, partition, seq: version }), "holdfast.record": version }
          const attributes = { ...place, "holdfast.channel": channel, "holdfast.about": sku, "holdfast.ats": ats }
          tell(spanOf("feed", { ...below(one, sinceMs), attributes }))
        }
    }
    return {
      ...meter,
      batchConfirmed: (partition, stats, seq, record, brokerNowMs) => {
        meter.batchConfirmed(partition, stats, seq, record, brokerNowMs)
        const confirmed = { kind, partition, seq, record, appendMs: stats.appendMs, brokerNowMs, nowMs: nowMs() }
        const of = traceRecord(making, confirmed, begun)
        if (of.length > 0) keep(records, nameOf(partition, seq), { of, confirmedMs: confirmed.nowMs })
      },
      repliesSent: (partition, seq, count, brokerNowMs) => {
        meter.repliesSent(partition, seq, count, brokerNowMs)
        const found = records.get(nameOf(partition, seq))
        for (const one of found?.of ?? []) {
          if (!one.isAnswered) continue
          const attributes = { ...placeOf({ kind, partition, seq }), "holdfast.record": seq }
          tell(spanOf("reply", { ...below(one, found?.confirmedMs ?? 0), attributes }))
        }
      },
      feedHandedOver: (partition, group, values) => {
        meter.feedHandedOver(partition, group, values)
        if (records.size > 0) keep(groups, nameOf(partition, group), nowMs())
      },
      feedSent: (partition, group, values, brokerNowMs) => {
        meter.feedSent(partition, group, values, brokerNowMs)
        const name = nameOf(partition, group)
        const sinceMs = groups.get(name)
        groups.delete(name)
        if (sinceMs !== undefined) feedSpans(partition, values, sinceMs)
      },
      feedFailed: (partition, group) => {
        meter.feedFailed(partition, group)
        groups.delete(nameOf(partition, group))
      },
      tracedGone: (gone) => {
        meter.tracedGone(gone)
        for (const span of arrivalSpans(gone, nowMs())) tell(span)
      },
    }
  }
