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
import type { DecidedCommand, Entry, JournalRecord } from "../engine/records.ts"
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

const eventsOf = ({ decision }: DecidedCommand): ReadonlyArray<object> =>
  decision._tag === "Accepted" || decision._tag === "Begun" ? decision.events : []

/** The series of a histogram by sender (or channel) and location. */
const makePairs = (tally: Tally, named: "sender" | "channel") => {
  const byName = new Map<string, Map<string, TallySeries>>()
  let pairs = 0
  const make = (of: Map<string, TallySeries>, kind: Kind | null, name: string, location: string): TallySeries => {
    const known = of.get(location)
    if (known !== undefined) return known
    const isNew = location !== others
    if (isNew && pairs >= latencyPairsMax) return make(of, kind, name, others)
    if (isNew) pairs++
    const series = tally.series({ ...(kind === null ? {} : { kind }), [named]: name, location })
    of.set(location, series)
    return series
  }
  return (kind: Kind | null, name: string, location: string, seconds: number, times: number): void => {
    const key = kind === null ? name : `${kind} ${name}`
    let of = byName.get(key)
    if (of === undefined) {
      of = new Map()
      byName.set(key, of)
    }
    tally.add(of.get(location) ?? make(of, kind, name, location), Math.max(0, seconds), times)
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

const note = (notes: RecordNotes, noted: Noted): void => {
  const last = notes.answers.at(-1)
  if (last !== undefined && last.sender === noted.sender && last.location === noted.location && last.brokerMs === noted.brokerMs)
    last.times++
  else notes.answers.push({ ...noted, times: 1 })
}

const noteEntry = (notes: RecordNotes, begun: Begun, entry: Entry, atMs: EpochMs): void => {
  if (entry._tag === "Answered") {
    const key = `${entry.sender} ${entry.id}`
    const since = begun.get(key)
    if (since !== undefined) note(notes, since)
    begun.delete(key)
  }
  if (entry._tag === "Expiry" || entry._tag === "Covered") notes.changed.set(entry.key, { location: nowhere, brokerMs: atMs })
  if (entry._tag !== "Message") return
  for (const decided of entry.decided) {
    const { command, decision } = decided
    const events = eventsOf(decided)
    const location = command === null ? nowhere : locationOf(command, events)
    const noted = { sender: entry.sender, location, brokerMs: entry.brokerMs }
    if (decision._tag === "Begun" && command !== null) {
      begun.set(`${entry.sender} ${command.id}`, noted)
      bound(begun, answersTimedMax)
    } else if (decision._tag !== "Pending") note(notes, noted)
    if (events.length > 0 && command !== null && "sku" in command && typeof command.sku === "string")
      notes.changed.set(command.sku, { location, brokerMs: entry.brokerMs })
  }
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
  const replies = makePairs(new Tally("replySeconds", registry), "sender")
  const feed = makePairs(new Tally("feedSeconds", registry), "channel")
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
        replies(kind, sender, location, (brokerNowMs - brokerMs) / 1_000, times)
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
        if (changed !== undefined) feed(null, channel, changed.location, (brokerNowMs - changed.brokerMs) / 1_000, 1)
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
