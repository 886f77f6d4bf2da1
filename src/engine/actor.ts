/**
 * One actor inside its partition: its state, which is its kind's, and what of it was last told.
 */
import { assert } from "../assert.ts"
import type { SenderId } from "../domain/names.ts"
import { straysMax } from "../limits.ts"
import type { EngineContext } from "./given.ts"
import type { KindTypes } from "./kind.ts"
import type { Partition } from "./partition.ts"

/** One actor inside its partition: its kind's state, and what the feed was told of it. */
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
  /** Receivers that its state doesn't name and that may believe in something: it dropped them, or the feed was seen to show them something. They are told whenever all are told, by every owner. The newest {@link straysMax}; null: none. */
  strays: ReadonlyArray<SenderId> | null
}

/** A receiver that the actor doesn't name has to be told so whenever all are told. */
export const noteStray = <K extends KindTypes>(actor: Actor<K>, receiver: SenderId): void => {
  assert(actor.strays === null || actor.strays.length <= straysMax, "INV-5 receivers that were dropped are bounded")
  const known = actor.strays ?? []
  if (!known.includes(receiver)) actor.strays = [...known, receiver].slice(-straysMax)
}

/** The reign is over: what it said of an actor and saw of it in the feed says nothing of what the next will find there. */
export const forgetSaid = (actor: Actor): void => {
  actor.told = null
  actor.seenVersion = 0
  actor.saidVersion = 0
}

/** The actor of a key, made if there is none yet. */
export const actorOf = (partition: Partition, { kind }: EngineContext, key: KindTypes["key"]): Actor => {
  const known = partition.actors.get(key)
  if (known !== undefined) return known
  assert(partition.actorList.length < kind.actorsMax, "INV-9 the actors of a partition are bounded")
  const actor: Actor = {
    index: partition.actorList.length,
    key,
    state: kind.emptyState(key),
    version: 0,
    told: null,
    seenVersion: 0,
    saidVersion: 0,
    strays: null,
  }
  partition.actors.set(key, actor)
  partition.actorList.push(actor)
  return actor
}
