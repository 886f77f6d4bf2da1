/**
 * How long commands take, from when they were published by the broker's clock: to their reply, and to the feed. And which values the feed doesn't have yet.
 *
 * A record's notes are taken when it is confirmed and used when its replies, or the values it changed, are known to be out. What is kept is bounded, and given up with the oldest: it decides nothing. Told by
 * messages and values, not by commands; a series is kept for each sender and location, so that a message costs two look-ups in a map.
 */
import type { Registry } from "prom-client"
import type { Kind } from "../domain/kinds.ts"
import type { EpochMs } from "../domain/names.ts"
import type { KindTypes } from "../engine/kind.ts"
import type { DecidedCommand, Entry, JournalRecord, MessageEntry } from "../engine/records.ts"
import type { AtsValue } from "../kinds/sku/types.ts"
import { answersTimedMax, latencyPairsMax, recordsTimedMax } from "../limits.ts"
import { type MetricsOf, Tally, type TallySeries } from "./making.ts"

/** Where a command that was published at `brokerMs` is about. */
interface Noted {
  readonly sender: string
  readonly location: string
  readonly brokerMs: EpochMs
}

interface RecordNotes {
  /** One for each answer, in the record's order; equal ones that follow each other are counted together. */
  readonly answers: Array<Noted & { times: number }>
  /** What last changed each SKU. */
  readonly changed: Map<string, Omit<Noted, "sender">>
}

/** A command that is about no location, or about several. */
const nowhere = "none"
const several = "several"
/** What comes after as many as are told apart. */
const others = "other"

const locationOf = (command: KindTypes["command"], events: ReadonlyArray<object>): string => {
  if ("location" in command && typeof command.location === "string") return command.location
  let found = nowhere
  for (const event of events) {
    if (!("allocations" in event) || !Array.isArray(event.allocations)) continue
    for (const { location } of event.allocations as ReadonlyArray<{ readonly location: string }>) {
      if (found !== nowhere && found !== location) return several
      found = location
    }
  }
  return found
}

/** The series of a histogram by sender (or channel) and location, of a kind's actors, or of all. `room`: pairs that may still be told apart, in all of that histogram. */
const makePairs = (tally: Tally, named: "sender" | "channel", more: Readonly<Record<string, string>>, room: { pairs: number }) => {
  const byName = new Map<string, Map<string, TallySeries>>()
  const make = (of: Map<string, TallySeries>, name: string, location: string): TallySeries => {
    const known = of.get(location)
    if (known !== undefined) return known
    if (location !== others) {
      if (room.pairs <= 0) return make(of, name, others)
      room.pairs--
    }
    const series = tally.series({ ...more, [named]: name, location })
    of.set(location, series)
    return series
  }
  return (name: string, location: string, seconds: number, times: number): void => {
    let of = byName.get(name)
    if (of === undefined) {
      of = new Map()
      byName.set(name, of)
    }
    tally.add(of.get(location) ?? make(of, name, location), Math.max(0, seconds), times)
  }
}

/** Forgets the oldest of a map beyond so many. */
const bound = (map: Map<unknown, unknown>, most: number): void => {
  if (map.size <= most) return
  for (const oldest of map.keys()) {
    map.delete(oldest)
    return
  }
}

/** Commands whose answer comes with a later record, by whom and what they are. */
type Begun = Map<string, Noted>

/** Notes one answer more. What many messages have in common is one object. */
const note = ({ answers }: RecordNotes, sender: string, location: string, brokerMs: EpochMs): Noted => {
  const last = answers.at(-1)
  if (last !== undefined && last.brokerMs === brokerMs && last.location === location && last.sender === sender) {
    last.times++
    return last
  }
  const noted = { sender, location, brokerMs, times: 1 }
  answers.push(noted)
  return noted
}

const noteDecided = (notes: RecordNotes, begun: Begun, { sender, brokerMs }: MessageEntry, { command, decision }: DecidedCommand): void => {
  if (decision._tag === "Pending") return
  const events = decision._tag === "Accepted" || decision._tag === "Begun" ? decision.events : none
  const location = command === null ? nowhere : locationOf(command, events)
  if (decision._tag === "Begun" && command !== null) {
    begun.set(`${sender} ${command.id}`, { sender, location, brokerMs })
    bound(begun, answersTimedMax)
    return
  }
  const noted = note(notes, sender, location, brokerMs)
  if (events.length > 0 && command !== null && "sku" in command && typeof command.sku === "string") notes.changed.set(command.sku, noted)
}
const none: ReadonlyArray<object> = []

const noteEntry = (notes: RecordNotes, begun: Begun, entry: Entry, atMs: EpochMs): void => {
  if (entry._tag === "Message") {
    for (const decided of entry.decided) noteDecided(notes, begun, entry, decided)
  } else if (entry._tag === "Answered") {
    const key = `${entry.sender} ${entry.id}`
    const since = begun.get(key)
    if (since !== undefined) note(notes, since.sender, since.location, since.brokerMs)
    begun.delete(key)
  } else if (entry._tag === "Expiry" || entry._tag === "Covered") notes.changed.set(entry.key, { location: nowhere, brokerMs: atMs })
}

/** What is said of a partition, and not known to be out. */
interface Unsaid {
  readonly records: Map<number, RecordNotes>
  readonly groups: Map<number, { readonly sinceMs: number; readonly channels: ReadonlySet<string> }>
  readonly begun: Begun
}

/** Shows of each channel for how long the feed has not had the oldest value that was handed over to it. */
const showStaleness = ({ gauge }: MetricsOf, partitions: ReadonlyMap<string, Unsaid>): { readonly know: (channel: string) => void } => {
  const channels = new Set<string>()
  gauge("feedStaleness", (shown) => {
    const nowMs = performance.now()
    const oldest = new Map<string, number>([...channels].map((channel) => [channel, nowMs]))
    for (const { groups } of partitions.values())
      for (const { sinceMs, channels: waiting } of groups.values())
        for (const channel of waiting) oldest.set(channel, Math.min(oldest.get(channel) ?? nowMs, sinceMs))
    for (const [channel, sinceMs] of oldest) shown.set({ channel }, (nowMs - sinceMs) / 1_000)
  })
  return { know: (channel) => channels.add(channel) }
}

/** Registers the histograms and the staleness of the feed, and takes what a meter is told. */
export const makeLatencies = (registry: Registry, metrics: MetricsOf) => {
  const told = new Tally("replySeconds", registry)
  const room = { pairs: latencyPairsMax }
  const replies: Readonly<Record<Kind, ReturnType<typeof makePairs>>> = {
    sku: makePairs(told, "sender", { kind: "sku" }, room),
    order: makePairs(told, "sender", { kind: "order" }, room),
  }
  const feed = makePairs(new Tally("feedSeconds", registry), "channel", {}, { pairs: latencyPairsMax })
  const partitions = new Map<string, Unsaid>()
  const staleness = showStaleness(metrics, partitions)
  const of = (kind: Kind, partition: number): Unsaid => {
    const name = `${kind} ${partition}`
    const known = partitions.get(name)
    if (known !== undefined) return known
    const unsaid: Unsaid = { records: new Map(), groups: new Map(), begun: new Map() }
    partitions.set(name, unsaid)
    return unsaid
  }
  return {
    confirmed: (kind: Kind, partition: number, seq: number, { entries, atMs }: JournalRecord): void => {
      const { records, begun } = of(kind, partition)
      const notes: RecordNotes = { answers: [], changed: new Map() }
      for (const entry of entries) noteEntry(notes, begun, entry, atMs)
      records.set(seq, notes)
      bound(records, recordsTimedMax)
    },
    repliesSent: (kind: Kind, partition: number, seq: number, brokerNowMs: EpochMs | null): void => {
      const notes = of(kind, partition).records.get(seq)
      // Said again after a takeover, or so long after that it was forgotten.
      if (notes === undefined || brokerNowMs === null) return
      for (const { sender, location, brokerMs, times } of notes.answers)
        replies[kind](sender, location, (brokerNowMs - brokerMs) / 1_000, times)
    },
    handedOver: (kind: Kind, partition: number, group: number, values: ReadonlyArray<AtsValue>): void => {
      const channels = new Set<string>()
      for (const { channel } of values) channels.add(channel)
      for (const channel of channels) staleness.know(channel)
      of(kind, partition).groups.set(group, { sinceMs: performance.now(), channels })
    },
    feedSent: (kind: Kind, partition: number, group: number, values: ReadonlyArray<AtsValue>, brokerNowMs: EpochMs | null): void => {
      const { groups, records } = of(kind, partition)
      groups.delete(group)
      if (brokerNowMs === null) return
      for (const { channel, sku, version } of values) {
        const changed = records.get(version)?.changed.get(sku)
        if (changed !== undefined) feed(channel, changed.location, (brokerNowMs - changed.brokerMs) / 1_000, 1)
      }
    },
    feedFailed: (kind: Kind, partition: number, group: number): void => {
      of(kind, partition).groups.delete(group)
    },
    /** Its reign here is over: what it did not say is its successor's. */
    reignOver: (kind: Kind, partition: number): void => {
      partitions.delete(`${kind} ${partition}`)
    },
  }
}
