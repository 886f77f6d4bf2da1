/**
 * Commands about orders that no one can decide: deciding one throws, for a while, or until all faults have ended and a release that can is rolled out.
 *
 * Planted in the kind that the engine is given: in its `decide`, and nowhere else. Which commands are struck is drawn when one is first decided, under its own name, so that every worker, and every try, meets the same. What
 * SKUs tell their orders is struck as their channels' commands are.
 */
import type { AnyOrderCommand } from "../../src/domain/order/decide.ts"
import type { ActorKind } from "../../src/engine/kind.ts"
import type { OrderKind } from "../../src/kinds/order/types.ts"
import { type Family, keyOf } from "../world/chance.ts"
import type { World } from "../world/world.ts"
import type { Injector } from "./injector.ts"

/** One command in how many can't be decided at first. */
const oneIn = 16
/** Of these, one in how many can't be before all faults have ended; the others can after this many milliseconds at most. */
const forGoodOneIn = 4
const whileMsMax = 9_000

export class Undecidable {
  readonly #family: Family
  readonly #world: World
  readonly #faults: Pick<Injector, "note">
  /** From when on each command that was ever decided can be, in the world's time. */
  readonly #fromMs = new Map<string, number>()
  #isHealed = false

  constructor(family: Family, world: World, faults: Pick<Injector, "note">) {
    this.#family = family
    this.#world = world
    this.#faults = faults
  }

  /** A release that decides them all is rolled out. */
  heal(): void {
    this.#isHealed = true
  }

  /** The kind with the trap in it. */
  in(kind: ActorKind<OrderKind>): ActorKind<OrderKind> {
    if (!this.#family.isOn) return kind
    return {
      ...kind,
      decide: (book, command, ...more) => {
        if (!this.#isHealed && this.#world.nowMs < this.#decidableFromMs(command))
          throw new Error("a planted defect: this command about an order can't be decided")
        return kind.decide(book, command, ...more)
      },
    }
  }

  #decidableFromMs({ type, channel, order, id }: AnyOrderCommand): number {
    const name = `${channel} ${order} ${type} ${id}`
    const known = this.#fromMs.get(name)
    if (known !== undefined) return known
    const fromMs = this.#draw(name)
    this.#fromMs.set(name, fromMs)
    return fromMs
  }

  #draw(name: string): number {
    const key = keyOf(name)
    if (this.#family.draw(1, oneIn, 1, key) === 0) return 0
    const isForGood = this.#family.below(forGoodOneIn, key) === 0
    const ms = isForGood ? Number.POSITIVE_INFINITY : 200 + this.#family.below(whileMsMax, key)
    this.#faults.note("undecidable-orders", isForGood ? 0 : ms, `${name} can't be decided ${isForGood ? "yet" : `for ${ms} ms`}`)
    return this.#world.nowMs + ms
  }
}
