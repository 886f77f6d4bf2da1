/**
 * Hashes of a partition's state: to compare owners, replays, releases and simulated worlds.
 *
 * `stateHash` is what was decided: stock, reservations and remembered decisions, equal wherever the same commands were decided at the same times. `partitionHash` is everything,
 * owner, epoch and append in flight included. Both are O(state): for tests and tools.
 */
import type { Sku } from "../domain/names.ts"
import { reservationsOf, type SkuStock } from "../domain/stock.ts"
import type { SkuActor } from "./actor.ts"
import { floorMsOf, rememberedAt, type SenderMemory } from "./memory.ts"
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

/** A SKU's stock without what depends on how it got there: slots, and ended reservations that the floor has passed. */
const stockState = (partition: Partition, stock: SkuStock): unknown => {
  const reservations: Record<string, unknown> = {}
  for (const reservation of reservationsOf(stock)) {
    const memory = partition.senders.get(reservation.channel)
    const floorMs = memory === undefined ? 0 : floorMsOf(memory, "sell", partition.atMs)
    if (reservation.endedAtMs === 0 || reservation.endedAtMs >= floorMs)
      reservations[`${reservation.channel}/${reservation.id}`] =
        reservation.status === "held" ? reservation : { ...reservation, expiresAtMs: 0 }
  }
  const locations = Object.fromEntries(stock.locations.map((at) => [at.location, at]))
  const uses = Object.fromEntries((stock.uses ?? []).map((use) => [use.channel, use]))
  return { sku: stock.sku, policy: stock.policy, locations, uses, shorts: stock.shorts, reservations }
}

/** A digest for each decision: packed or not, it is the same. */
const decisionsOf = (partition: Partition, memory: SenderMemory, sku: Sku | undefined): ReadonlyArray<readonly [string, unknown]> =>
  Array.from(rememberedAt(memory, partition.atMs, sku), ({ digest, step }) => [String(digest), step] as const)

/** Hash of stock and remembered decisions: of one SKU, or of all the partition's. */
export const stateHash = (partition: Partition, sha256: Sha256, sku?: Sku): string => {
  const one = sku === undefined ? undefined : partition.actors.get(sku)
  const actors: ReadonlyArray<SkuActor> = sku === undefined ? partition.actorList : one === undefined ? [] : [one]
  const stocks = hashOfPairs(
    actors.map(({ stock }) => [stock.sku, stockState(partition, stock)] as const),
    sha256,
  )
  const decisions = partition.senderList
    .map((memory) => [memory.sender, decisionsOf(partition, memory, sku)] as const)
    .filter(([, held]) => held.length > 0)
    .map(([sender, held]) => [sender, hashOfPairs(held, sha256)] as const)
  return sha256(`${stocks} ${hashOfPairs(decisions, sha256)}`)
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
