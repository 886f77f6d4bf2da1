/**
 * One SKU inside its partition: its stock, and what its channels were last sent.
 */
import type { SenderId, Sku } from "../domain/names.ts"
import { channelPolicy, type Policy } from "../domain/sku/policy.ts"
import { emptyStock, type SkuStock } from "../domain/sku/stock.ts"
import { straysMax } from "../limits.ts"
import type { Partition } from "./partition.ts"

export interface SkuActor {
  /** Its place among the partition's SKUs. */
  readonly index: number
  readonly stock: SkuStock
  /** Sequence of the record that last changed it: the version of its ATS. */
  version: number
  /** ATS by channel as last sent in this reign, in the order of `sentPolicy`'s channels; null before anything was sent or is known. */
  sentAts: ReadonlyArray<number> | null
  sentPolicy: Policy | null
  /** What its channels were last told they are short of; null: nothing. */
  sentShort: ReadonlyMap<SenderId, number> | null
  /** The highest version that the feed was seen to hold. */
  seenVersion: number
  /** The version last handed over to the feed in this reign, 0 before the first. The first goes to every channel, changed or not. */
  saidVersion: number
  /** Channels that the policy doesn't name and that may believe in units: a policy dropped them, or the feed was seen to offer some. They are told 0 whenever all are told, by every owner. The newest {@link straysMax}; null: none. */
  strayChannels: ReadonlyArray<SenderId> | null
}

/** What a reign knows of what was said of a SKU before it has said or seen anything. */
const nothingSaid = Object.freeze({
  sentAts: null,
  sentPolicy: null,
  sentShort: null,
  seenVersion: 0,
  saidVersion: 0,
})

/** The reign is over: what it said of a SKU and saw of it in the feed says nothing of what the next will find there. */
export const forgetSaid = (actor: SkuActor): void => {
  Object.assign(actor, nothingSaid)
}

/** A channel that the policy doesn't name has to be told so whenever all are told. */
export const noteStray = (actor: SkuActor, channel: SenderId): void => {
  const known = actor.strayChannels ?? []
  if (!known.includes(channel)) actor.strayChannels = [...known, channel].slice(-straysMax)
}

/** The SKU has another policy from now on. Nobody can tell from the new one whom it dropped, and who reads the record later may have to say it. */
export const noteDelisted = (actor: SkuActor, policy: Policy): void => {
  for (const { channel } of actor.stock.policy?.channels ?? []) if (channelPolicy(policy, channel) === undefined) noteStray(actor, channel)
}

/** The actor of a SKU, made if there is none yet. */
export const actorOf = (partition: Partition, sku: Sku): SkuActor => {
  const known = partition.actors.get(sku)
  if (known !== undefined) return known
  const actor: SkuActor = { index: partition.actorList.length, stock: emptyStock(sku), version: 0, strayChannels: null, ...nothingSaid }
  partition.actors.set(sku, actor)
  partition.actorList.push(actor)
  return actor
}

/** Policies kept to be shared; beyond it they are no longer compared. */
const policiesMax = 4_096

/** The partition's own object for a policy that equals this one. */
export const sharedPolicy = (partition: Partition, policy: Policy): Policy => {
  const text = JSON.stringify(policy)
  const known = partition.policies.get(text)
  if (known !== undefined) return known
  if (partition.policies.size < policiesMax) partition.policies.set(text, policy)
  return policy
}
