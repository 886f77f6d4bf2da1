/**
 * Hashes of a partition's state: to compare owners, replays, releases and simulated worlds.
 *
 * `stateHash` is what was decided: stock, reservations and remembered decisions, equal wherever the same commands were decided at the same times. `partitionHash` is everything,
 * owner, epoch and append in flight included. Both are O(state): for tests and tools.
 */
import type { Sku } from "../domain/names.ts"
import { reservationsOf, type SkuStock } from "../domain/sku/stock.ts"
import type { SkuActor } from "./actor.ts"
import { endsAt } from "./ended.ts"
import { type Digested, rememberedAt, type SenderMemory } from "./memory.ts"
import type { Partition } from "./partition.ts"
import type { EngineCodec } from "./protocol.ts"

type Sha256 = EngineCodec["sha256"]

/** One text for one value, whatever the order its keys were set in. */
const canonical = (value: unknown, sha256: Sha256): string => {
  if (value === undefined || value === null) return "null"
  if (typeof value !== "object") return JSON.stringify(value)
  if (value instanceof Uint8Array) return `"${sha256(value)}"`
  if (Array.isArray(value)) return `[${value.map((item) => canonical(item, sha256)).join(",")}]`
  if (value instanceof Set)
    return `[${[...value]
      .map((item) => canonical(item, sha256))
      .sort()
      .join(",")}]`
  const pairs = value instanceof Map ? [...value] : Object.entries(value)
  const texts = pairs
    .filter(([, item]) => item !== undefined)
    .map(([key, item]) => `${JSON.stringify(String(key))}:${canonical(item, sha256)}`)
  return `{${texts.sort().join(",")}}`
}

/** Texts hashed at once: millions of decisions in one text would be longer than a text may be. */
const textsHashedAtOnce = 4_096

/** One hash for these pairs, whatever the order they come in. */
const hashOfPairs = (pairs: Iterable<readonly [key: string, value: unknown]>, sha256: Sha256): string => {
  const texts = Array.from(pairs, ([key, value]) => `${JSON.stringify(key)}:${canonical(value, sha256)}`).sort()
  const hashes: Array<string> = []
  for (let from = 0; from < texts.length; from += textsHashedAtOnce)
    hashes.push(sha256(texts.slice(from, from + textsHashedAtOnce).join(",")))
  return sha256(hashes.join(","))
}

/** A SKU's stock without what depends on how it got there: slots. */
const stockState = (stock: SkuStock): unknown => {
  const reservations: Record<string, unknown> = {}
  for (const reservation of reservationsOf(stock))
    reservations[`${reservation.channel}/${reservation.id}`] =
      reservation.status === "held" ? reservation : { ...reservation, expiresAtMs: 0 }
  const locations = Object.fromEntries(stock.locations.map((at) => [at.location, at]))
  const uses = Object.fromEntries((stock.uses ?? []).map((use) => [use.channel, use]))
  return { sku: stock.sku, policy: stock.policy, locations, uses, shorts: stock.shorts, reservations }
}

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

/** Hash of stock and remembered decisions: of one SKU, or of all the partition's. */
export const stateHash = (partition: Partition, sha256: Sha256, sku?: Sku): string => {
  const one = sku === undefined ? undefined : partition.actors.get(sku)
  const actors: ReadonlyArray<SkuActor> = sku === undefined ? partition.actorList : one === undefined ? [] : [one]
  const stocks = hashOfPairs(
    actors.map(({ stock }) => [stock.sku, stockState(stock)] as const),
    sha256,
  )
  // A digest for each decision, and for each reservation that ended: packed or not, it is the same.
  const decisions = hashOfSenders(partition, sha256, (memory) => rememberedAt(memory, partition.atMs, sku))
  const ends = hashOfSenders(partition, sha256, (memory) => endsAt(memory, partition.atMs, sku))
  return sha256(`${stocks} ${decisions} ${ends}`)
}

/** Hash of everything the partition holds. What is derived (timers) and what stands in `stateHash` already is left out. */
export const partitionHash = (partition: Partition, sha256: Sha256): string => {
  const {
    actors: _actors,
    actorList,
    holds: _holds,
    uncovered: _uncovered,
    short: _short,
    policies: _policies,
    senders: _senders,
    senderList: _list,
    toPack: _toPack,
    inFlight,
    publishing,
    recovery,
    ...rest
  } = partition
  const sent = actorList.map(({ stock, version, sentAts, seenVersion, saidVersion, strayChannels }) => [
    stock.sku,
    version,
    sentAts,
    seenVersion,
    saidVersion,
    strayChannels,
  ])
  const dirty = [...publishing.dirty].map(([{ stock }, why]) => [stock.sku, why])
  const groups = [...publishing.groups].map(([group, { sinceSeq, actors }]) => [group, sinceSeq, [...actors].map(({ stock }) => stock.sku)])
  const suspects = [...publishing.suspects].map(([name, { actor: _, ...suspicion }]) => [name, suspicion])
  const flight = inFlight === null ? null : { ...inFlight, touched: [...inFlight.touched].map(([{ stock }, cause]) => [stock.sku, cause]) }
  const everything = {
    ...rest,
    state: stateHash(partition, sha256),
    sent,
    inFlight: flight,
    publishing: { ...publishing, dirty, groups, suspects },
    recovery: recovery?.manifest ?? null,
  }
  return sha256(canonical(everything, sha256))
}
