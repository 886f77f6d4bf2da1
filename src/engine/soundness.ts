/**
 * What a partition holds agrees with itself: asserted after every input, so that whatever goes wrong is found with the input that it went wrong with, and the partition halts before anything of it is said.
 *
 * Every look is a comparison or two: nothing here grows with what is held. What can only be seen by going through all of it is checked by the simulator and the auditor.
 */
import { assert } from "../assert.ts"
import { feedGroupsMax, ingressesRememberedMax, recalledRecordsMax, recordBytesMax } from "../limits.ts"
import type { AppendInFlight, Claiming, HandedQueues, Partition, Publishing, Recovery, Reign, Serving, SnapshotWalk } from "./partition.ts"

/** Throws unless what a partition holds agrees with itself. O(1). */
export const assertSound = (partition: Partition): void => {
  assertJournal(partition)
  assertState(partition)
  assertQuarantine(partition)
  assertSnapshots(partition)
  if (partition.inFlight !== null) assertInFlight(partition, partition.inFlight)
  if (partition.recovery !== null) assertRecovery(partition, partition.recovery)
  if (partition.claiming !== null) assertClaiming(partition, partition.claiming)
  if (partition.phase === "serving") assertServing(partition)
}

const assertJournal = ({ confirmedSeq, saidSeq, epoch, atMs, cursor, recentMarks, sparseMarks, bounds, incarnation }: Partition): void => {
  assert(confirmedSeq >= 0 && Number.isSafeInteger(confirmedSeq), "INV-4 records are counted from one")
  assert(saidSeq <= confirmedSeq, "INV-3 what is said was confirmed")
  assert(epoch >= 0, "INV-4 epochs are counted up")
  assert(atMs >= 0, "INV-4 journaled time is a time")
  assert(cursor.seq >= 0, "INV-7 the cursor stands before the first message, or on one")
  assert(incarnation !== null || confirmedSeq === 0, "INV-4 a journal that has begun has an incarnation")
  assert(recentMarks.length <= bounds.cursorsRememberedMax, "INV-7 former cursors are bounded")
  assert(sparseMarks.length <= bounds.cursorsRememberedMax, "INV-7 older cursors are bounded")
}

const assertState = (partition: Partition): void => {
  const { actors, actorList, senders, senderList, uncovered, short, holds, openHolds, heldUp, toPack, ingresses, carriedIn } = partition
  assert(actors.size === actorList.length, "INV-6 each actor stands in the list once")
  assert(senders.size === senderList.length, "INV-2 each sender's memory stands in the list once")
  assert(uncovered.size <= short.size, "INV-15 who has something to do waits for something")
  assert(short.size <= actorList.length, "INV-15 only actors wait")
  assert(openHolds >= 0, "INV-8 a timer is disarmed as often as it was armed")
  assert(holds.buckets.size <= openHolds, "INV-8 no bucket of timers is empty")
  assert(openHolds === 0 || holds.buckets.size + heldUp.size > 0, "INV-8 an open hold has a timer, or waits for room")
  assert(toPack.size === 0, "INV-2 what is older than a moment is packed with its record")
  assert(ingresses.size <= ingressesRememberedMax, "INV-7 ingresses are bounded")
  assert(carriedIn.count >= 0, "INV-17 places of carried commands are counted up")
}

const assertQuarantine = ({ quarantine, quarantinedKeys, quarantinedBy }: Partition): void => {
  assert(quarantinedKeys.size <= quarantine.size, "INV-7 what is found under its id waits for a person")
  assert(quarantinedBy.size <= quarantine.size, "INV-7 who is counted has something waiting")
  assert((quarantinedBy.size === 0) === (quarantine.size === 0), "INV-7 what waits for a person is somebody's")
}

const assertSnapshots = ({ snapshotStartSeq, confirmedSeq, sinceSnapshot, snapshotThings, loading }: Partition): void => {
  assert(snapshotStartSeq <= confirmedSeq + 1, "INV-6 a snapshot starts with a confirmed record")
  assert(sinceSnapshot.records >= 0 && sinceSnapshot.commands >= 0, "INV-6 what is replayed behind a snapshot is counted up")
  assert(sinceSnapshot.bytes >= sinceSnapshot.records, "INV-6 no record is empty")
  assert(snapshotThings >= 0, "INV-6 things of a snapshot are counted up")
  assert(loading === null || loading.next <= loading.chunks.length, "INV-6 no chunk is loaded twice")
}

const assertInFlight = (partition: Partition, inFlight: AppendInFlight): void => {
  const { pending, record, bytes, attempts, touched, outcomes, frozen, shortEnd } = inFlight
  assert(partition.phase === "claiming" || partition.phase === "serving", "INV-4 only who claims or reigns has an append in flight")
  assert(pending.expectedSeq === partition.confirmedSeq, "INV-4 what is in flight stands behind the newest confirmed record")
  assert(record.prevSeq === pending.expectedSeq, "INV-4 a record names the one before it")
  assert(record.prevHash === partition.confirmedHash, "INV-4 a record names the hash of the one before it")
  assert(record.publishedSeq <= pending.expectedSeq, "INV-3 a record says nothing of itself to be said")
  assert(record.owner === pending.owner && record.epoch === pending.epoch, "INV-4 a record is its owner's")
  assert(record.partition === partition.id, "INV-4 a record is of its partition")
  assert(bytes.length <= recordBytesMax, "INV-9 a record stays within its bound")
  assert(attempts >= 1, "INV-4 what is in flight was handed over")
  assert(shortEnd === null || frozen, "INV-4 nothing is handed over while the journal is told to end before it")
  assert(touched.size <= partition.actorList.length, "INV-5 only actors are published of")
  assert(touched.size === 0 || partition.phase === "serving", "INV-4 a claimant changes no actor")
  assert(outcomes.length === 0 || partition.phase === "serving", "INV-4 a claimant decides nothing")
}

const assertRecovery = (partition: Partition, { manifest }: Recovery): void => {
  assert(partition.phase !== "serving", "INV-6 nobody reigns with a part of a state")
  assert(manifest.partition === partition.id, "INV-6 a snapshot is of its partition")
  assert(manifest.startSeq <= manifest.endSeq, "INV-6 a snapshot starts before it ends")
  assert(partition.confirmedSeq < manifest.endSeq, "INV-6 a recovery ends with the last record of its snapshot")
}

const assertClaiming = (partition: Partition, { owner, claimSeq, ask, knownSeq, basis, shortEnd }: Claiming): void => {
  assert(partition.phase === "claiming" || partition.phase === "starting", "INV-4 who claims doesn't reign")
  assert(owner !== "", "INV-4 a claim is somebody's")
  assert(claimSeq <= partition.confirmedSeq, "INV-4 a claim that stands is confirmed")
  assert(ask <= partition.basisAsks, "INV-4 questions for a basis are numbered")
  assert(knownSeq <= partition.confirmedSeq, "INV-4 what was known is confirmed")
  assert(shortEnd === null || basis === null, "INV-4 no claim stands on an end before what was confirmed")
  assert(partition.inFlight === null || basis !== null, "INV-4 a claim stands on what was read of the journal's end")
}

const assertServing = (partition: Serving): void => {
  const { reign, confirmedSeq, epoch, owner, incarnation } = partition
  assert(incarnation !== null, "INV-4 an owner knows its incarnation")
  assert(owner !== "" && epoch >= 1, "INV-4 a reign has an owner and a number")
  assert(reign.reignSeq >= 1 && reign.reignSeq <= confirmedSeq, "INV-4 a reign begins with its claim")
  assert(reign.marking === null || reign.marking.seq <= confirmedSeq, "INV-4 a witness is of a confirmed record")
  assert(reign.marking === null || !reign.lifting, "INV-4 nothing is written over a halt's witness")
  assertReading(partition, reign)
  assertHanded(reign.handed)
  assertPublishing(partition, reign.publishing)
  assertCarried(partition, reign)
  assert(reign.recalling.records.size <= 2 * recalledRecordsMax, "INV-2 records that are read again are bounded")
  if (reign.walk !== null) assertWalk(partition, reign.walk)
}

const assertReading = ({ cursor, inFlight }: Serving, reign: Reign): void => {
  const { reading, paused, arrived, arrivedBytes, arrivedSeq, search, check, keptMarks, keptBytes } = reign
  assert(arrived.length > 0 || arrivedBytes === 0, "INV-7 bytes that wait are of messages that wait")
  assert(arrivedBytes >= 0, "INV-7 no message is taken twice")
  assert(reading || arrived.length === 0, "INV-7 what arrived is of the present reading")
  assert(reading || !paused, "INV-7 only a reading pauses")
  assert((arrived[0]?.message.seq ?? Number.POSITIVE_INFINITY) > cursor.seq, "INV-7 what waits lies behind the cursor")
  assert((arrived.at(-1)?.message.seq ?? arrivedSeq) === arrivedSeq, "INV-7 messages wait in the order of the stream")
  assert(search === null || !reading, "INV-7 nothing is read while the last common message is looked for")
  assert(check === null || check.seq <= cursor.seq, "INV-7 a look is at what was decided")
  assert((keptMarks.length === 0) === (keptBytes === 0), "INV-7 bytes that are kept are of messages that are kept")
  assert(inFlight !== null || reign.purgedBelowSeq <= cursor.seq, "INV-7 only what is decided is purged")
  assert(reign.commandsFill >= 0, "INV-7 a stream is as full as it is")
}

const assertHanded = ({ queues, turns, commands, bytes, pace }: HandedQueues): void => {
  assert(commands >= 0 && bytes >= 0, "INV-10 nothing that was handed over is taken twice")
  assert((commands === 0) === (turns.length === 0), "INV-11 whoever has something waiting has a turn")
  assert(commands > 0 || bytes === 0, "INV-11 bytes that wait are of commands that wait")
  assert(turns.length === queues.size, "INV-11 who has something waiting has one turn, and nobody else has")
  assert(pace >= 0, "INV-10 a pace is no less than none")
}

const assertPublishing = ({ confirmedSeq, actorList }: Serving, publishing: Publishing): void => {
  const { dirty, dirtySinceSeq, groups, nextGroup, republishAfterSeq, republishToSeq } = publishing
  assert(groups.size <= feedGroupsMax, "INV-5 groups on their way are bounded")
  assert(groups.size < nextGroup, "INV-5 groups are numbered")
  assert(dirty.size <= actorList.length, "INV-5 of each actor the latest is sent, once")
  assert(dirty.size === 0 || dirtySinceSeq <= confirmedSeq, "INV-3 what is published was confirmed")
  assert(republishAfterSeq === null || republishAfterSeq <= confirmedSeq, "INV-3 what is said again was confirmed")
  assert(republishToSeq <= confirmedSeq, "INV-3 saying again ends with a confirmed record")
}

const assertCarried = ({ underWay, inFlight }: Serving, { carrying, returns, receiving, handed }: Reign): void => {
  const { asked, fresh, settling } = carrying
  assert(asked.size + fresh.length - settling.length === underWay.size, "INV-17 what is under way is asked for, or will be")
  assert(inFlight !== null || fresh.length === 0, "INV-17 nothing is carried but by a record")
  assert(inFlight !== null || settling.length === 0, "INV-17 nothing is settled but by a record")
  assert(returns.size <= underWay.size, "INV-17 what comes back was under way")
  assert(receiving.waiting.size <= handed.commands, "INV-17 what waits of other partitions waits in a queue")
  assert(inFlight !== null || receiving.told.length === 0, "INV-3 nothing is told but of a record")
}

const assertWalk = (partition: Serving, walk: SnapshotWalk): void => {
  assert(walk.stored <= walk.chunks, "INV-6 a chunk is stored after it was handed over")
  assert(walk.startSeq === partition.snapshotStartSeq, "INV-6 one snapshot is written at a time")
  assert(walk.startSeq <= walk.endSeq, "INV-6 a snapshot starts before it ends")
  assert(walk.endSeq <= partition.confirmedSeq + 1, "INV-6 a slice holds one record at most that isn't confirmed")
  assert(walk.things >= 0 && walk.pace >= 0, "INV-6 a walk is counted up")
}
