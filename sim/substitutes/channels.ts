/**
 * The senders' account: what a sender publishes goes to one ingress that is subscribed to it, or the server says that nobody is. Nothing is stored here, and nothing that is published
 * is looked at: who may publish where is all that the server knows.
 */
import type { SenderId } from "../../src/domain/names.ts"
import { type Family, type Key, keyOf } from "../world/chance.ts"
import type { World } from "../world/world.ts"

/** A message as a sender publishes it. */
export interface Published {
  readonly sender: SenderId
  /** What follows `hf.cmd.<sender>.`. */
  readonly path: string
  readonly replySubject: string
  readonly replyHeader: string
  readonly traceparent: string
  readonly body: Uint8Array
  /** What it is, so that chance tells it from others. */
  readonly key: Key
}

/** A message that the server passed on, and when it took it: its age counts from there. */
export interface Entered extends Published {
  readonly atMs: number
  /** The same on the servers' clock. */
  readonly brokerMs: number
}

/** A member of the queue group, as the server sees it. */
export interface Member {
  /** Whether the server has a subscription of it for that sender, on a connection that it takes for alive. */
  hears(sender: string): boolean
  /** The server writes a message to its connection. */
  deliver(message: Entered): void
}

export class ChannelsAccount {
  readonly #world: World
  readonly #brokerMs: () => number
  /** Which member is chosen. */
  readonly #chance: Family
  readonly members: Array<Member> = []

  constructor(world: World, brokerMs: () => number, chance: Family) {
    this.#world = world
    this.#brokerMs = brokerMs
    this.#chance = chance
  }

  /** Passes a message on to one member; undefined: there is none. */
  publish(message: Published): Entered | undefined {
    const open = this.members.filter((member) => member.hears(message.sender))
    if (open.length === 0) return undefined
    const salt = this.#chance.below(0x1_0000_0000, keyOf("member", message.key))
    let member = open[0] as Member
    let least = Number.POSITIVE_INFINITY
    // Each subscribed ingress draws a number and the lowest gets the message, so that one more or less ingress changes few choices.
    for (const one of open) {
      const drawn = keyOf(salt, this.members.indexOf(one))
      if (drawn >= least) continue
      least = drawn
      member = one
    }
    const entered = { ...message, atMs: this.#world.nowMs, brokerMs: this.#brokerMs() }
    member.deliver(entered)
    return entered
  }
}
