/**
 * One actor inside its partition: its state, which is its kind's, and what of it was last told.
 */
import type { Given } from "./apply.ts"
import type { KindTypes } from "./kind.ts"
import type { Partition } from "./partition.ts"

export interface Actor<K extends KindTypes = KindTypes> {
  /** Its place among the partition's actors. */
  readonly index: number
  readonly key: K["key"]
  readonly state: K["state"]
  /** Sequence of the record that last changed it: the version of what is published of it. */
  version: number
  /** What was last told of it in this reign; null: nothing is known of that. */
  told: K["told"] | null
  /** The highest version that the feed was seen to hold. */
  seenVersion: number
  /** The version last handed over to the feed in this reign, 0 before the first. The first goes to every receiver, changed or not. */
  saidVersion: number
}

/** The reign is over: what it said of an actor and saw of it in the feed says nothing of what the next will find there. */
export const forgetSaid = (actor: Actor): void => {
  actor.told = null
  actor.seenVersion = 0
  actor.saidVersion = 0
}

/** The actor of a key, made if there is none yet. */
export const actorOf = (partition: Partition, { kind }: Given, key: KindTypes["key"]): Actor => {
  const known = partition.actors.get(key)
  if (known !== undefined) return known
  const actor: Actor = {
    index: partition.actorList.length,
    key,
    state: kind.emptyState(key),
    version: 0,
    told: null,
    seenVersion: 0,
    saidVersion: 0,
  }
  partition.actors.set(key, actor)
  partition.actorList.push(actor)
  return actor
}
