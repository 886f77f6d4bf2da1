/**
 * INV-10: `busy` for want of room in quarantine is true. A sender's facts are throttled at the doors exactly while quarantine is full for that sender, or full in all with
 * something of that sender in it. No other sender's facts are throttled, and commands that are no facts are taken as before.
 *
 * What waits is counted from the journal and, for an owner, from its record in flight too. A healthy owner repeats again and again whom ingresses should throttle.
 */
import { isFact } from "../../src/domain/sku/commands.ts"
import type { SkuEntry } from "../../src/kinds/sku/types.ts"
import { busyQueueMs, throttleEveryMs } from "../../src/limits.ts"
import { boundsDrawn } from "../memory-drawn.ts"
import type { Slot } from "../nodes/slot.ts"
import { checkingCodec, sharedCodec } from "../substitutes/shared-codec.ts"
import { attemptName, attemptOf } from "./attempts.ts"
import type { MakeChecker } from "./checker.ts"

/** Renewals of its lease that an owner hears, and milliseconds that pass, without its holding off whom it has to: it says so every {@link throttleEveryMs}, and a pause falls between two renewals. */
const renewalsMax = 2
const silentMsMax = throttleEveryMs + 200

/** Senders by the place in quarantine at which something of theirs waits. */
type Waiting = ReadonlyMap<string, string>

/** What waits after a record with these entries. A retry is told the place of the first attempt, so only places that this record names are new. */
const after = (before: Waiting, seq: number, entries: ReadonlyArray<SkuEntry>): Waiting => {
  const waiting = new Map(before)
  for (const entry of entries) {
    if (entry._tag === "Settled") waiting.delete(entry.quarantined)
    if (entry._tag !== "Message") continue
    for (const { decision } of entry.decided)
      if (decision._tag === "Quarantined" && decision.quarantined.startsWith(`${seq}-`)) waiting.set(decision.quarantined, entry.sender)
  }
  return waiting
}

const nothing: Waiting = new Map()

/** What waits in each partition as of each record that changed it. */
const createJournals = () => {
  const journals = new Map<number, Array<{ readonly seq: number; readonly waiting: Waiting }>>()
  return {
    add: (partition: number, seq: number, entries: ReadonlyArray<SkuEntry>): void => {
      const changes = journals.get(partition) ?? []
      const before = changes.at(-1)?.waiting ?? nothing
      if (!entries.some(({ _tag }) => _tag === "Settled" || _tag === "Message")) return
      const waiting = after(before, seq, entries)
      if (waiting.size === 0 && before.size === 0) return
      changes.push({ seq, waiting })
      journals.set(partition, changes)
    },
    at: (partition: number, seq: number): Waiting => journals.get(partition)?.findLast((change) => change.seq <= seq)?.waiting ?? nothing,
  }
}

const createUnsaid = () => {
  /** Since when, and for how many renewals, an owner should hold a sender off and has not said so. */
  const unsaid = new Map<Slot, Map<string, { readonly sinceMs: number; renewals: number }>>()
  return {
    said: (slot: Slot, sender: string): void => {
      unsaid.get(slot)?.delete(sender)
    },
    /** Senders that should have been throttled by now. */
    renewed: (slot: Slot, full: ReadonlySet<string>, nowMs: number): ReadonlyArray<string> => {
      const known = unsaid.get(slot) ?? new Map()
      unsaid.set(slot, known)
      for (const sender of known.keys()) if (!full.has(sender)) known.delete(sender)
      return [...full].filter((sender) => {
        const one = known.get(sender) ?? { sinceMs: nowMs, renewals: 0 }
        known.set(sender, one)
        one.renewals++
        return one.renewals > renewalsMax && nowMs - one.sinceMs > silentMsMax
      })
    },
  }
}

export const factsThrottled: MakeChecker = ({ cluster, found, checked }) => {
  const bounds = boundsDrawn(cluster.drawn)
  const journals = createJournals()
  const unsaid = createUnsaid()
  const throttled = new Set<string>()
  /** Attempts that ask for something, and tell nothing. */
  const asking = new Set<string>()

  /** Whose facts an owner has to throttle, as it knows its journal; undefined where journals lost records, and for who owns nothing. */
  const fullAt = ({ id, partition }: Slot): ReadonlySet<string> | undefined => {
    if (partition === null || cluster.lossy.has(id)) return undefined
    const { confirmedSeq, inFlight } = partition
    const confirmed = journals.at(id, confirmedSeq)
    const waiting = inFlight === null ? confirmed : after(confirmed, confirmedSeq + 1, inFlight.record.entries)
    const counts = new Map<string, number>()
    for (const sender of waiting.values()) counts.set(sender, (counts.get(sender) ?? 0) + 1)
    const isFull = waiting.size >= bounds.quarantined
    return new Set([...counts].filter(([, count]) => isFull || count >= bounds.quarantinedPerSender).map(([sender]) => sender))
  }

  return {
    name: "facts-held-off",
    recordStored: (partition, { seq, bytes }) => {
      const read = checkingCodec.decodeRecord(bytes)
      if (read._tag === "Record") journals.add(partition, seq, read.record.entries)
    },
    throttled: (slot, sender, of) => {
      if (of !== "facts") return
      checked()
      throttled.add(sender)
      unsaid.said(slot, sender)
      const full = fullAt(slot)
      if (full === undefined || full.has(sender)) return
      const detail = `partition ${slot.id} holds the facts of ${sender} off, and has room for more of them in quarantine`
      found({ class: "safety", signature: "held off where there is room in quarantine", detail, partition: slot.id })
    },
    timeHeard: (slot) => {
      const full = slot.isServing ? fullAt(slot) : undefined
      for (const sender of unsaid.renewed(slot, full ?? new Set(), cluster.world.nowMs)) {
        unsaid.said(slot, sender)
        const detail = `partition ${slot.id} has no room for more of ${sender} in quarantine, and doesn't hold its facts off`
        found({ class: "safety", signature: "not held off where quarantine is full", detail, partition: slot.id })
      }
    },
    published: (message) => {
      const attempt = attemptOf(message)
      if (attempt === null) return
      const body = sharedCodec.decodeBody(message.body)
      if (body._tag !== "Commands") return
      if (body.commands.every((one) => one._tag === "Command" && !isFact(one.command))) asking.add(attempt)
    },
    doorSaid: (by, sender, suffix, answer) => {
      if (answer.answer !== "busy" || answer.why !== "queue" || answer.retryAfterMs <= busyQueueMs) return
      const ingress = cluster.ingresses.find(({ name }) => name === by)
      const from = ingress?.core?.senders.find((one) => one.sender === sender)
      // Its door is closed, or about to be: all it sends is turned away.
      if (ingress === undefined || from === undefined || ingress.steadyMs < from.fullUntilMs) return
      if (from.commandsLeft <= 0 || from.bytesLeft <= 0) return
      checked()
      const attempt = attemptName(sender, suffix)
      if (throttled.has(sender) && !asking.has(attempt)) return
      const why = throttled.has(sender) ? "it tells no fact" : "no owner holds its facts off"
      found({
        class: "safety",
        signature: "turned away with others' facts",
        detail: `${attempt} is told to come back by ${by}, and ${why}`,
      })
    },
  }
}
