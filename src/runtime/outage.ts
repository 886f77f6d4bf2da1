/**
 * Which partitions of the cluster are not served, since when and why, judged by any worker from what all workers see: leases, members with what they say of themselves, halts,
 * what is wrong with streams, and whether the broker is heard at all.
 *
 * Pure: what is seen and the time come in, outages come out. The judge asks nobody, because whoever it asked might be the one that is gone. A partition of which nothing can be
 * known counts as not served.
 */
import { firstOwnerMs, outageGraceMs, outageLookLateMs, outageLookMs, ownerSilentMs, ownerStalledMs } from "../limits.ts"
import type { AnnouncedMember, BrokerTrouble, Progress } from "../ports/broker.ts"

/** Why a partition is not served, the most telling first: the first that applies is told. */
export const OutageReason = [
  /** This worker hears nothing of the broker: what it knew of the others is old. */
  "NoBroker",
  /** An operator has to look first. */
  "Halted",
  /** A setting of its streams that a promise rests on was changed, or a stream is gone. */
  "SettingsChanged",
  /** The broker has no room. */
  "BrokerFull",
  /** Every worker that is alive would have to read records of a newer release. */
  "Unreadable",
  /** Nobody has its lease. */
  "NoOwner",
  /** Who has its lease is not among the workers. */
  "OwnerGone",
  /** Who has its lease is among them and says nothing. */
  "OwnerSilent",
  /** Who has its lease doesn't say that it serves: it recovers, or can't. */
  "NotServing",
  /** Its owner says that it serves, and decides nothing although there is something to decide. */
  "Stalled",
] as const
export type OutageReason = (typeof OutageReason)[number]

/** A partition that is not served, since when and why. */
export interface Outage {
  readonly partition: number
  readonly reason: OutageReason
  readonly detail: string
  /** On the clock of whoever judges. Since the partition was last known to be served. */
  readonly sinceMs: number
}

/** What a worker sees of a partition. */
export interface PartitionSeen {
  readonly partition: number
  /** Who has the lease; null: nobody; undefined: nothing was heard yet. */
  readonly holder: string | null | undefined
  /** Why this worker leaves it to others, if it does. */
  readonly passedOver: string | null
  /** Why nobody may serve it, if that is so. */
  readonly halt: string | null
}

/** What a worker heard of a member, and when. */
export interface MemberSeen {
  readonly member: AnnouncedMember
  readonly heardMs: number
}

/** All that a worker sees of the cluster at one time. */
export interface ClusterSeen {
  readonly partitions: ReadonlyArray<PartitionSeen>
  readonly members: ReadonlyMap<string, MemberSeen>
  /** When anything was last heard of the broker. */
  readonly brokerHeardMs: number
  readonly troubles: ReadonlyArray<BrokerTrouble>
}

interface Cause {
  readonly reason: OutageReason
  readonly detail: string
}

/** What is remembered of a partition from one look to the next. */
interface Watched {
  /** When it was last known to be served, or when watching began. */
  servedMs: number
  /** What was told of the present outage: each reason once, however often it comes back. */
  readonly told: Set<OutageReason>
  wasServed: boolean
}

const seconds = (ms: number): string => `${(ms / 1_000).toFixed(1)} s`

const progressOf = (serving: ReadonlyArray<Progress>, partition: number): Progress | undefined =>
  serving.find((one) => one.partition === partition)

const ofTroubles = (troubles: ReadonlyArray<BrokerTrouble>, partition: number): Cause | null => {
  const mine = troubles.find((trouble) => trouble.isOutage && (trouble.partition === null || trouble.partition === partition))
  return mine === undefined ? null : { reason: mine.kind === "BrokerFull" ? "BrokerFull" : "SettingsChanged", detail: mine.detail }
}

/** How long ago something was, not counting while this process stood still and could hear nothing. */
type AgeOf = (atMs: number) => number

/** What its owner says of itself, or what its silence does. */
const ofOwner = ({ partition }: PartitionSeen, { member, heardMs }: MemberSeen, ageOf: AgeOf): Cause | null => {
  const silentMs = ageOf(heardMs)
  if (silentMs > ownerSilentMs)
    return { reason: "OwnerSilent", detail: `${member.worker} has the lease and was heard ${seconds(silentMs)} ago` }
  // A member of an older release doesn't say what it serves; that it is alive has to be enough.
  if (member.serving === null) return null
  const progress = progressOf(member.serving, partition)
  if (progress === undefined) return { reason: "NotServing", detail: `${member.worker} has the lease and does not serve (yet)` }
  if (progress.stalledMs < ownerStalledMs) return null
  const waits = progress.oldestMs === null ? "and can't ask what waits" : `while something waits for ${seconds(progress.oldestMs)}`
  return {
    reason: "Stalled",
    detail: `${member.worker} has confirmed nothing after record ${progress.confirmedSeq} for ${seconds(progress.stalledMs)}, ${waits}`,
  }
}

const causeOf = (seen: ClusterSeen, one: PartitionSeen, ageOf: AgeOf): Cause | null => {
  const { partition, holder, halt } = one
  const silentMs = ageOf(seen.brokerHeardMs)
  if (silentMs > ownerSilentMs)
    return { reason: "NoBroker", detail: `this worker has heard nothing of the broker for ${seconds(silentMs)}` }
  if (halt !== null) return { reason: "Halted", detail: halt }
  const trouble = ofTroubles(seen.troubles, partition)
  if (trouble !== null) return trouble
  const members = [...seen.members.values()].map(({ member }) => member)
  const owner = holder === null || holder === undefined ? undefined : seen.members.get(holder)
  if (owner !== undefined) return ofOwner(one, owner, ageOf)
  if (members.length > 0 && members.every(({ unreadable }) => unreadable.includes(partition)))
    return {
      reason: "Unreadable",
      detail: `none of ${members.map(({ worker }) => worker).join(", ")} can serve it: ${one.passedOver ?? "each says at its /worker why"}`,
    }
  if (holder === null || holder === undefined) return { reason: "NoOwner", detail: "nobody has its lease" }
  return { reason: "OwnerGone", detail: `${holder} has the lease and is not among the workers` }
}

/** What a partition goes through on its way from one owner to the next. All else is an outage as soon as it is seen. */
const isOnItsWay = (reason: OutageReason): boolean => reason === "NoOwner" || reason === "OwnerGone" || reason === "NotServing"

/** What one look at the cluster found. */
export interface Looked {
  readonly outages: ReadonlyArray<Outage>
  readonly toTell: ReadonlyArray<Outage>
  /** Whether every partition is served, or is on its way from one owner to the next. */
  readonly isServed: boolean
}

/** Until when a healthy partition is known to have been served: until its owner was last heard. */
const servedMs = (seen: ClusterSeen, { holder }: PartitionSeen, nowMs: number): number => {
  const owner = holder === null || holder === undefined ? undefined : seen.members.get(holder)
  return Math.min(nowMs, owner?.heardMs ?? nowMs)
}

/** This process stood still, and heard nobody, until then and for so long. */
interface Nap {
  readonly untilMs: number
  readonly ms: number
}

/** Naps that are remembered: what was heard before more than so many is old enough. */
const napsMax = 16

/** Judges, look after look, and remembers what it takes to say since when. Who has just woken heard nobody while it stood still: that time proves nobody silent, and puts off no alarm of who is awake. */
export class OutageJudge {
  readonly #watched: ReadonlyArray<Watched>
  #naps: ReadonlyArray<Nap> = []
  #lookedMs: number

  constructor(partitions: number, nowMs: number) {
    this.#lookedMs = nowMs
    this.#watched = Array.from({ length: partitions }, () => ({ servedMs: nowMs, told: new Set(), wasServed: false }))
  }

  /**
   * All outages now, and those to be told: new ones, and those with a reason that was not told yet. A partition on its way from one owner to the next is not told of before
   * that takes longer than a hand-over should. One that was never seen served has as long as a cluster that was just started needs, counted from when watching began, and does not count as
   * served before it is.
   */
  look(seen: ClusterSeen, nowMs: number): Looked {
    const outages: Array<Outage> = []
    const toTell: Array<Outage> = []
    let isServed = true
    const ageOf = this.#awakeUntil(nowMs)
    for (const one of seen.partitions) {
      const watched = this.#watched[one.partition]
      if (watched === undefined) continue
      const cause = causeOf(seen, one, ageOf)
      if (cause === null) {
        watched.servedMs = servedMs(seen, one, nowMs)
        watched.told.clear()
        watched.wasServed = true
        continue
      }
      const isPassing = isOnItsWay(cause.reason) && ageOf(watched.servedMs) < (watched.wasServed ? outageGraceMs : firstOwnerMs)
      if (!watched.wasServed || !isPassing) isServed = false
      if (isPassing) continue
      const outage: Outage = { partition: one.partition, ...cause, sinceMs: watched.servedMs }
      outages.push(outage)
      if (!watched.told.has(cause.reason)) toTell.push(outage)
      watched.told.add(cause.reason)
    }
    return { outages, toTell, isServed }
  }

  /** Notes whether this look comes so late that the process stood still before it. */
  #awakeUntil(nowMs: number): AgeOf {
    const sinceMs = nowMs - this.#lookedMs
    this.#lookedMs = nowMs
    if (sinceMs > outageLookLateMs) this.#naps = [...this.#naps.slice(1 - napsMax), { untilMs: nowMs, ms: sinceMs - outageLookMs }]
    const naps = this.#naps
    return (atMs) => naps.reduce((ageMs, { untilMs, ms }) => (untilMs > atMs ? ageMs - Math.min(ms, untilMs - atMs) : ageMs), nowMs - atMs)
  }
}

/** What an owner knows of its own partition when it looks at how it goes on. */
export interface OwnView {
  readonly confirmedSeq: number
  readonly epoch: number
  /** The outcome of an append is unknown. */
  readonly isFrozen: boolean
  /** What is undecided, over everything commands come from; null: could not be asked. */
  readonly waiting: { readonly count: number; readonly oldestAgeMs: number } | null
}

/** How long an owner has had something to do and confirmed nothing. */
export class StallClock {
  #seq = -1
  #epoch = -1
  #sinceMs = 0

  /** What the owner announces of the partition. */
  progress(partition: number, view: OwnView, nowMs: number): Progress {
    const { confirmedSeq, epoch, isFrozen, waiting } = view
    const hasMoved = confirmedSeq !== this.#seq || epoch !== this.#epoch
    // Judged by the number of waiting commands, not by their age: an age compares two clocks.
    const isBusy = isFrozen || waiting === null || waiting.count > 0
    if (hasMoved || !isBusy) {
      this.#seq = confirmedSeq
      this.#epoch = epoch
      this.#sinceMs = nowMs
    }
    return { partition, epoch, confirmedSeq, oldestMs: waiting?.oldestAgeMs ?? null, stalledMs: nowMs - this.#sinceMs }
  }
}
