/**
 * Hashes of a partition's state: to compare owners, replays, releases and simulated worlds.
 *
 * `stateHash` is what was decided: actors, their parts and remembered decisions, equal wherever the same commands were decided at the same times. `partitionHash` is everything,
 * owner, epoch and append in flight included. Both are O(state): for tests and tools.
 */
import type { Actor } from "./actor.ts"
import { endsAt } from "./ended.ts"
import { canonical, hashOfPairs, type Sha256 } from "./hash.ts"
import type { ActorKind, KindTypes } from "./kind.ts"
import { type Digested, rememberedAt, type SenderMemory } from "./memory.ts"
import type { Partition, Publishing } from "./partition.ts"

type Digests = ReadonlyArray<readonly [string, unknown]>
const digestsOf = (held: Iterable<Digested>): Digests => Array.from(held, ({ digest, step }) => [String(digest), step] as const)

/** One hash of what is remembered of each sender. */
const hashOfSenders = (partition: Partition, sha256: Sha256, of: (memory: SenderMemory) => Iterable<Digested>): string => {
  const held = partition.senderList
    .map((memory) => [memory.sender, digestsOf(of(memory))] as const)
    .filter(([, digests]) => digests.length > 0)
  return hashOfPairs(
    held.map(([sender, digests]) => [sender, hashOfPairs(digests, sha256)] as const),
    sha256,
  )
}

/**
 * What of carried commands and owed answers is equal wherever the same was decided: not the ids, which name the owner and the record, nor who waits for the answer. Empty if there is nothing, as with most partitions.
 */
const openHash = (partition: Partition, sha256: Sha256, key: KindTypes["key"] | undefined): string => {
  const underWay = [...partition.underWay.values()]
    .filter(({ from }) => key === undefined || from === key)
    .map(({ id: _id, seq: _seq, ...carried }, place) => [String(place), carried] as const)
  const owed = [...partition.owed]
    .filter(([, one]) => key === undefined || one.key === key)
    .map(([name, { hash, issuedAtMs, class: commandClass }]) => [name, { hash, issuedAtMs, commandClass }] as const)
  return underWay.length + owed.length === 0 ? "" : ` ${hashOfPairs(underWay, sha256)} ${hashOfPairs(owed, sha256)}`
}

/** Hash of states, of remembered decisions, and of what is under way or owed: of one actor, or of all the partition's. */
export const stateHash = <K extends KindTypes>(partition: Partition<K>, kind: ActorKind<K>, sha256: Sha256, key?: K["key"]): string => {
  const one = key === undefined ? undefined : partition.actors.get(key)
  const actors: ReadonlyArray<Actor<K>> = key === undefined ? partition.actorList : one === undefined ? [] : [one]
  const states = hashOfPairs(
    actors.map((actor) => [actor.key, kind.hashed(actor.state)] as const),
    sha256,
  )
  // A digest for each decision, and for each part that ended: packed or not, it is the same.
  const decisions = hashOfSenders(partition, sha256, (memory) => rememberedAt(memory, partition.atMs, key))
  const ends = hashOfSenders(partition, sha256, (memory) => endsAt(memory, partition.atMs, key))
  return sha256(`${states} ${decisions} ${ends}${openHash(partition, sha256, key)}`)
}

/** What is on its way, with actors by their keys. */
const plainPublishing = ({ dirty, groups, suspects, ...rest }: Publishing): object => ({
  ...rest,
  dirty: [...dirty].map(([{ key }, why]) => [key, why]),
  groups: [...groups].map(([group, { sinceSeq, actors }]) => [group, sinceSeq, actors.map(({ key }) => key)]),
  suspects: [...suspects].map(([name, { actor: _, ...suspicion }]) => [name, suspicion]),
})

/** Hash of everything the partition holds. What is derived (timers) and what stands in `stateHash` already is left out. */
export const partitionHash = <K extends KindTypes>(partition: Partition<K>, kind: ActorKind<K>, sha256: Sha256): string => {
  const {
    actors: _actors,
    actorList,
    holds: _holds,
    heldUp: _heldUp,
    uncovered: _uncovered,
    short: _short,
    shared: _shared,
    senders: _senders,
    senderList: _list,
    toPack: _toPack,
    carriedIn: _carriedIn,
    inFlight,
    reign,
    recovery,
    ...rest
  } = partition
  const sent = actorList.map(({ key, version, told, seenVersion, saidVersion, strays }) => [
    key,
    version,
    told,
    seenVersion,
    saidVersion,
    strays,
  ])
  const own = reign === null ? null : { ...reign, publishing: plainPublishing(reign.publishing) }
  const flight =
    inFlight === null ? null : { ...inFlight, outcomes: undefined, touched: [...inFlight.touched].map(([{ key }, cause]) => [key, cause]) }
  const everything = {
    ...rest,
    state: stateHash(partition, kind, sha256),
    sent,
    inFlight: flight,
    reign: own,
    recovery: recovery?.manifest ?? null,
  }
  return sha256(canonical(everything, sha256))
}
