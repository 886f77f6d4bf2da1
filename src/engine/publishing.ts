/**
 * What is said once a record is confirmed: replies, the feed, and up to where all of it is out (`publishedSeq`).
 *
 * Values are computed only while no append is in flight, so nothing unconfirmed can leak. While groups are on their way, changes gather, and of
 * each actor only the latest values is sent: the feed is conflated by its own pace, and waits for one of {@link feedGroupsMax} groups to be stored at most.
 */
import { assert, unreachable } from "../assert.ts"
import type { EpochMs, SenderId } from "../domain/names.ts"
import { feedEchoMs, feedGroupsMax, feedInFlightMax, republishAgainMs, republishShare } from "../limits.ts"
import { type Actor, noteStray } from "./actor.ts"
import type { EngineBounds } from "./bounds.ts"
import { isDue } from "./due.ts"
import { halt, stepAside } from "./ending.ts"
import type { EngineContext } from "./given.ts"
import type { KindTypes } from "./kind.ts"
import { repliesOf } from "./outcomes.ts"
import type { AppendInFlight, Partition, Serving } from "./partition.ts"
import type { Input, Output } from "./protocol.ts"
import type { Entry, StoredRecord } from "./records.ts"

/** Actors of one group, and values: those of the last actor may be more. */
const feedGroupValuesMax = feedInFlightMax / feedGroupsMax

/** Everything about records up to this one was said, as far as is known. */
export const publishedSeq = (partition: Partition): number => {
  // Before a reign is one's own, what its former owner said last is all that is known to be said.
  if (partition.phase !== "serving") return partition.saidSeq
  const { publishing } = partition.reign
  let earliest = (publishing.republishAfterSeq ?? partition.confirmedSeq) + 1
  for (const seq of publishing.replies) if (seq < earliest) earliest = seq
  if (publishing.dirty.size > 0) earliest = Math.min(earliest, publishing.dirtySinceSeq)
  for (const group of publishing.groups.values()) if (group.sinceSeq < earliest) earliest = group.sinceSeq
  return earliest - 1
}

/** Records of a former reign whose replies are on their way again. O(records on their way). */
const againOnTheirWay = ({ reign: { publishing } }: Serving): number => {
  let count = 0
  for (const seq of publishing.replies) if (seq <= publishing.republishToSeq) count++
  return count
}

/** What of the replies on their way belongs to what is said again, as long as there is any: decisions don't use it, so that it ends however much there is to decide. */
const againShare = ({ replyRecordsMax, republishRecordsMax }: EngineBounds): number =>
  Math.max(republishRecordsMax, Math.floor(replyRecordsMax * republishShare))

/** Whether so much is on its way that deciding has to wait. */
export const publishingIsFull = (partition: Serving): boolean => {
  const { bounds } = partition
  const { publishing } = partition.reign
  if (publishing.replies.size >= bounds.replyRecordsMax) return true
  if (publishing.republishAfterSeq === null) return false
  return publishing.replies.size - againOnTheirWay(partition) >= bounds.replyRecordsMax - againShare(bounds)
}

/** Whether all that was decided has been said. */
export const allSaid = ({ reign: { publishing } }: Serving): boolean =>
  publishing.replies.size === 0 && publishing.dirty.size === 0 && publishing.groups.size === 0 && publishing.republishAfterSeq === null

/** Notes that an actor's values have to be sent, as of a record at the earliest. */
const markDirty = (partition: Serving, actor: Actor, seq: number, cause: string, forced: boolean): void => {
  assert(seq <= partition.confirmedSeq, "INV-3 what is published was confirmed")
  const { publishing } = partition.reign
  if (publishing.dirty.size === 0 || seq < publishing.dirtySinceSeq) publishing.dirtySinceSeq = seq
  const known = publishing.dirty.get(actor)
  if (known === undefined) publishing.dirty.set(actor, { cause, forced })
  else {
    known.cause = cause
    known.forced ||= forced
  }
}

/** Hands over the replies of a confirmed record and notes what it changed for the feed. */
export const publishConfirmed = (partition: Serving, given: EngineContext, inFlight: AppendInFlight): Array<Output> => {
  const seq = inFlight.pending.expectedSeq + 1
  assert(partition.inFlight === null, "INV-3 nothing is said before its record is confirmed")
  assert(seq === partition.confirmedSeq, "INV-3 what is said is the newest confirmed record")
  for (const [actor, cause] of inFlight.touched) markDirty(partition, actor, seq, cause, false)
  const replies = repliesOf(given.kind, inFlight.record, seq, inFlight.outcomes)
  if (replies.length === 0) return flushFeed(partition, given)
  partition.reign.publishing.replies.add(seq)
  return [{ _tag: "SendReplies", seq, replies }, ...flushFeed(partition, given)]
}

/** Sends what gathered, as long as groups may be on their way and no append is. */
export const flushFeed = (partition: Serving, { kind }: EngineContext): Array<Output> => {
  const { publishing } = partition.reign
  const outputs: Array<Output> = []
  while (partition.inFlight === null && publishing.dirty.size > 0 && publishing.groups.size < feedGroupsMax) {
    const values: Array<KindTypes["value"]> = []
    const actors: Array<Actor> = []
    for (const [actor, why] of publishing.dirty) {
      assert(actor.version <= partition.confirmedSeq, "INV-3 no value leaves before its record is confirmed")
      if (actors.length >= feedGroupValuesMax || values.length >= feedGroupValuesMax) break
      publishing.dirty.delete(actor)
      const before = values.length
      // The first words of a reign go to every receiver: whatever a former owner said late to one of them is then either overwritten, or seen to come after.
      kind.feed.collect(actor, why.cause, why.forced || actor.saidVersion === 0, partition.atMs, values)
      actor.saidVersion = actor.version
      if (values.length > before) actors.push(actor)
    }
    if (values.length === 0) continue
    const group = publishing.nextGroup++
    publishing.groups.set(group, { sinceSeq: publishing.dirtySinceSeq, actors })
    outputs.push({ _tag: "SendFeed", group, values })
  }
  return outputs
}

/** A group is stored in the feed, or has to be sent again with whatever the values are by then. */
export const onFeedAnswer = (partition: Serving, given: EngineContext, group: number, stored: boolean): Array<Output> => {
  const found = partition.reign.publishing.groups.get(group)
  if (found === undefined) return []
  partition.reign.publishing.groups.delete(group)
  if (!stored) sayAgain(partition, found.actors, found.sinceSeq)
  return flushFeed(partition, given)
}

/** All of it goes out again, over whatever the feed shows: that needs no suspicion. */
const sayAgain = (partition: Serving, actors: ReadonlyArray<Actor>, sinceSeq: number): void => {
  for (const actor of actors) markDirty(partition, actor, sinceSeq, "Repair", true)
  const { suspects } = partition.reign.publishing
  if (suspects.size === 0) return
  const said = new Set(actors)
  for (const [name, { actor }] of suspects) if (said.has(actor)) suspects.delete(name)
}

type FeedSeen = Extract<Input, { readonly _tag: "FeedSeen" }>

/**
 * Somebody's value was stored in the feed, told in the order it was stored. The present values are stored again over it where it is a former owner's last words: an
 * older version that lands after a newer one; or, where this reign has said nothing of the actor, one that isn't what there is.
 */
export const onFeedSeen = (partition: Serving, given: EngineContext, seen: FeedSeen): Array<Output> => {
  const actor = partition.actors.get(seen.key as KindTypes["key"])
  if (actor === undefined) return []
  suspect(partition, given, actor, seen)
  const { feed } = given.kind
  const receiver = seen.channel as SenderId
  // What is said again goes to receivers that the actor names, and so do a reign's first words: one that it dropped has to be told besides, whoever finds that it was not.
  if (seen.shown > 0 && !feed.isNamed(actor.state, receiver) && given.rules.feedNeedsRepair(seen.version, actor.version))
    noteStray(actor, receiver)
  const newest = actor.seenVersion
  const isOlder = given.rules.feedNeedsRepair(seen.version, newest)
  if (seen.version > newest) actor.seenVersion = seen.version
  // Whoever has seen a newer value than its own is no longer the owner, and must not put its older one over it.
  if (actor.version < actor.seenVersion || !(isOlder || isOutdated(partition, given, actor, seen))) return []
  const { channel, key, version } = seen
  markDirty(partition, actor, partition.confirmedSeq, "Repair", true)
  const detail = `version ${version} of ${key} for ${channel} was stored after version ${isOlder ? newest : actor.version}`
  return [{ _tag: "Alarm", kind: "FeedRepaired", detail }, ...flushFeed(partition, given)]
}

const suspectName = ({ channel, key }: FeedSeen): string => `${key} ${channel}`

/**
 * Notes a place in the feed that shows an older value than this reign handed over, and another one than it last handed over for it. Mostly its own words are on their way back; but
 * the feed keeps the last value of each place alone, and a former owner's that replaced them before they were seen is all that is ever told of it.
 *
 * Lifted by a value that is what was last handed over, or as new as all that had been when the suspicion began: while an actor is decided all the time, what is seen never catches up with what
 * is said by then. One that is newer than what was seen there before shows that words are still on their way back, in their order.
 */
const suspect = (partition: Serving, given: EngineContext, actor: Actor, seen: FeedSeen): void => {
  const { suspects, nextGroup } = partition.reign.publishing
  const isOld = given.rules.feedNeedsRepair(seen.version, actor.saidVersion)
  // Mostly the feed shows the newest, and nothing is suspected: that costs two comparisons.
  if (!isOld && suspects.size === 0) return
  const name = suspectName(seen)
  const isWrong = isOld && given.kind.feed.toldOf(actor, seen.channel as SenderId) !== seen.shown
  const known = suspects.get(name)
  if (known !== undefined && isWrong && !given.rules.feedHasCaughtUp(seen.version, known.untilVersion)) {
    if (seen.version > known.seenVersion) suspects.set(name, { ...known, seenVersion: seen.version, sinceMs: seen.nowMs })
    return
  }
  suspects.delete(name)
  if (isWrong)
    suspects.set(name, {
      actor,
      sinceMs: seen.nowMs,
      seenVersion: seen.version,
      untilVersion: actor.saidVersion,
      beforeGroup: nextGroup,
    })
}

/** Says again what the feed has not shown in time. O(places of which older values were seen within that time). */
export const tickFeed = (partition: Serving, given: EngineContext, nowMs: EpochMs): Array<Output> => {
  const { suspects, groups } = partition.reign.publishing
  if (suspects.size === 0) return []
  const outputs: Array<Output> = []
  const [earliestGroup = Number.POSITIVE_INFINITY] = groups.keys()
  for (const [name, suspicion] of suspects) {
    const { actor, sinceMs, beforeGroup } = suspicion
    if (!isDue(sinceMs + feedEchoMs, nowMs, feedEchoMs)) continue
    // Of what was handed over by then not all is known to be stored: it can't have come back.
    if (earliestGroup < beforeGroup) {
      suspects.set(name, { ...suspicion, sinceMs: nowMs })
      continue
    }
    suspects.delete(name)
    markDirty(partition, actor, partition.confirmedSeq, "Repair", true)
    outputs.push({
      _tag: "Alarm",
      kind: "FeedRepaired",
      detail: `${name}: version ${suspicion.untilVersion} was handed over, and the feed shows version ${suspicion.seenVersion}`,
    })
  }
  return [...outputs, ...flushFeed(partition, given)]
}

/**
 * Whether a value is behind the state and offers something else, though nothing of this reign is in the feed or on its way there that would stand over it.
 * Afterwards all of this reign is seen in the feed's order, and the versions tell. One comparison where that is so: every value of one's own comes back here.
 */
const isOutdated = (partition: Serving, given: EngineContext, actor: Actor, { channel, version, shown }: FeedSeen): boolean => {
  if (actor.saidVersion > 0 || !given.rules.feedNeedsRepair(version, actor.version)) return false
  const { republishAfterSeq, dirty } = partition.reign.publishing
  if (dirty.has(actor) || partition.inFlight?.touched.has(actor) === true) return false
  if (republishAfterSeq !== null && actor.version > republishAfterSeq) return false
  return given.kind.feed.shownOf(actor.state, channel as SenderId) !== shown
}

/**
 * What has to be said again is asked for a few records at a time, as long as little is on its way, or little of it: no step holds more than those, what was said again is journaled as said, and
 * deciding goes on meanwhile, in what is not this one's share. How much there is nobody bounds: a feed that can't be stored holds it back for as long as that lasts.
 */
const askRepublish = (partition: Serving, given: EngineContext): Array<Output> => {
  const { bounds } = partition
  const { publishing } = partition.reign
  const { republishAfterSeq: afterSeq } = publishing
  assert(afterSeq !== null, "INV-3 what is asked for again was perhaps not said")
  if (publishing.republishToSeq < partition.reign.reignSeq) publishing.republishToSeq = partition.confirmedSeq
  const endSeq = publishing.republishToSeq
  const fromSeq = given.rules.republishFrom(afterSeq, endSeq)
  assert(fromSeq >= 1, "INV-3 what is said again is a record")
  if (fromSeq > endSeq) {
    publishing.republishAfterSeq = null
    return flushFeed(partition, given)
  }
  // A tick asks again; sooner, whoever hears that replies were sent.
  const isMuch = publishing.replies.size + bounds.republishRecordsMax > bounds.replyRecordsMax / 2
  if (isMuch && againOnTheirWay(partition) + bounds.republishRecordsMax > againShare(bounds)) {
    partition.reign.republishAgainAtMs = 0
    return []
  }
  // Asked once; a failed read sets the time of the next try.
  partition.reign.republishAgainAtMs = Number.POSITIVE_INFINITY
  return [{ _tag: "ReadForRepublish", fromSeq, toSeq: Math.min(endSeq, fromSeq + bounds.republishRecordsMax - 1) }]
}

/** Asks for what has to be said again, if nothing of it is being read and it is time. */
export const goOnRepublishing = (partition: Serving, given: EngineContext, nowMs: number): Array<Output> => {
  const { republishAgainAtMs, publishing } = partition.reign
  if (publishing.republishAfterSeq === null || republishAgainAtMs === Number.POSITIVE_INFINITY) return []
  return isDue(republishAgainAtMs, nowMs, republishAgainMs) ? askRepublish(partition, given) : []
}

/** Its replies were sent: that makes room for more, once a reign has begun to say again. */
export const onRepliesSent = (partition: Serving, given: EngineContext, seq: number, nowMs: number): Array<Output> => {
  const { publishing, reignSeq } = partition.reign
  publishing.replies.delete(seq)
  return publishing.republishToSeq < reignSeq ? [] : goOnRepublishing(partition, given, nowMs)
}

/** It could not be read. */
export const onRepublishUnread = (partition: Serving, nowMs: number): Array<Output> => {
  partition.reign.republishAgainAtMs = nowMs + republishAgainMs
  return []
}

/** Says again what a former owner journaled and perhaps never said. */
export const onRepublishRead = (
  partition: Serving,
  given: EngineContext,
  records: ReadonlyArray<StoredRecord>,
  nowMs: number,
): Array<Output> => {
  const { republishAfterSeq } = partition.reign.publishing
  if (republishAfterSeq === null) return []
  const outputs: Array<Output> = []
  let expected = given.rules.republishFrom(republishAfterSeq, partition.reign.publishing.republishToSeq)
  for (const stored of records) {
    const decoded = given.codec.decodeRecord(stored.bytes)
    if (decoded._tag === "Newer") return stepAside(partition, `record ${stored.seq}: ${decoded.cause}`)
    // It was read whole before it was applied: it was damaged since, and what it decided could never be said again.
    if (decoded._tag === "Unreadable") return halt(partition, "ChainBroken", `record ${stored.seq}: ${decoded.cause}`, nowMs)
    if (stored.seq !== expected) return halt(partition, "ChainBroken", `record ${expected} is missing, ${stored.seq} came next`, nowMs)
    expected++
    const replies = repliesOf(given.kind, decoded.record, stored.seq)
    if (replies.length > 0) {
      partition.reign.publishing.replies.add(stored.seq)
      outputs.push({ _tag: "SendReplies", seq: stored.seq, replies })
    }
    for (const entry of decoded.record.entries) sayEntryAgain(partition, given, entry, stored.seq)
  }
  const last = records.at(-1)
  if (last === undefined) return onRepublishUnread(partition, nowMs)
  partition.reign.publishing.republishAfterSeq = last.seq
  return [...outputs, ...askRepublish(partition, given)]
}

const sayEntryAgain = (partition: Serving, given: EngineContext, entry: Entry, seq: number): void => {
  switch (entry._tag) {
    case "Expiry":
      return again(partition, entry.key, seq)
    case "Covered":
      for (const event of entry.events) againFor(partition, given, entry.key, given.kind.feed.strayOfFollowUp(event))
      return again(partition, entry.key, seq)
    case "Settled":
      return commandAgain(partition, given, entry.sender, entry.decided.command, seq)
    case "Message":
      for (const { command } of entry.decided) commandAgain(partition, given, entry.onBehalf ?? entry.sender, command, seq)
      return
    case "Returned":
      return again(partition, entry.key, seq)
    // They say nothing that the feed shows.
    case "Stored":
    case "Skipped":
    case "Floor":
    case "Reset":
    case "Resumed":
    case "Answered":
      return
    default:
      return unreachable(entry)
  }
}

const commandAgain = (
  partition: Serving,
  given: EngineContext,
  sender: SenderId,
  command: KindTypes["command"] | null,
  seq: number,
): void => {
  if (command === null) return
  const { commands, feed } = given.kind
  const key = commands.keyOf(command)
  againFor(partition, given, key, feed.strayOfCommand(command, sender))
  again(partition, key, seq)
}

/** What a receiver is shown may have changed, and it is told though the actor doesn't name it. */
const againFor = (partition: Serving, { kind }: EngineContext, key: KindTypes["key"], receiver: SenderId | undefined): void => {
  const actor = receiver === undefined ? undefined : partition.actors.get(key)
  if (receiver !== undefined && actor !== undefined && !kind.feed.isNamed(actor.state, receiver)) noteStray(actor, receiver)
}

const again = (partition: Serving, key: KindTypes["key"], seq: number): void => {
  const actor = partition.actors.get(key)
  if (actor !== undefined) markDirty(partition, actor, seq, "Takeover", true)
}
