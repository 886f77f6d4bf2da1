/**
 * Explores a small world of carried commands breadth first, every state once: the way to a violation is the shortest there is.
 */

import { evolve } from "../../../src/domain/sku/evolve.ts"
import { emptyStock } from "../../../src/domain/sku/stock.ts"
import type { SmallWorldReport, SmallWorldViolation } from "../exploration.ts"
import { type CarriedState, carriedKey, carriedMoves, Ground } from "./moves.ts"
import { firstSku, healingOf, judgedKey, safetyOf } from "./properties.ts"
import { type CarryRules, carryRules } from "./rules.ts"
import { type CarriedWorld, stocked } from "./worlds.ts"

export interface CarriedOptions {
  readonly world: CarriedWorld
  readonly rules?: CarryRules
  /** Ends with the first violation. */
  readonly untilViolation?: boolean
}

const firstState = (ground: Ground): CarriedState => ({
  clock: 0,
  side: ground.orders.of({ seq: 0, used: 0, orders: {}, underWay: [], carried: [], noted: [], answers: [], returned: [] }),
  skus: ground.world.stock.map(([sku, qty]) => {
    const stock = emptyStock(sku)
    for (const event of stocked(qty)) evolve(stock, event)
    return ground.skus.of(firstSku(sku, stock))
  }),
  leaked: [],
})

class Exploration {
  readonly #ground: Ground
  readonly #untilViolation: boolean
  readonly #seen = new Set<string>()
  readonly #parents: Array<number> = [0]
  readonly #names: Array<string> = [""]
  readonly #judged = new Map<string, ReadonlyArray<string>>()
  readonly #violations = new Map<string, SmallWorldViolation>()
  readonly #reached: Record<string, number> = {}
  #transitions = 0

  constructor({ world, rules, untilViolation }: CarriedOptions) {
    this.#ground = new Ground(world, rules ?? carryRules)
    this.#untilViolation = untilViolation ?? false
  }

  get #isOver(): boolean {
    return this.#seen.size >= this.#ground.world.statesMax || (this.#untilViolation && this.#violations.size > 0)
  }

  run(): SmallWorldReport {
    const first = firstState(this.#ground)
    this.#seen.add(carriedKey(first))
    let level: Array<readonly [number, CarriedState]> = [[0, first]]
    let depth = 0
    while (level.length > 0 && !this.#isOver) {
      const next: Array<readonly [number, CarriedState]> = []
      for (const [number, state] of level) {
        if (this.#isOver) break
        this.#expand(number, state, next)
      }
      if (next.length > 0) depth += 1
      level = next
    }
    return {
      name: this.#ground.world.name,
      states: this.#seen.size,
      transitions: this.#transitions,
      depth,
      complete: level.length === 0 && !this.#isOver,
      violations: [...this.#violations.values()],
      reached: this.#reached,
      journals: this.#ground.orders.count,
      minds: this.#ground.orders.count + this.#ground.skus.count,
      steps: this.#ground.orders.steps + this.#ground.skus.steps,
      resting: this.#judged.size,
    }
  }

  #expand(number: number, state: CarriedState, next: Array<readonly [number, CarriedState]>): void {
    try {
      if (this.#isWrong(number, state)) return
      carriedMoves(this.#ground, state, (name, to, reached) => {
        this.#transitions += 1
        if (reached !== undefined) this.#reached[reached] = (this.#reached[reached] ?? 0) + 1
        const key = carriedKey(to)
        if (this.#seen.has(key)) return
        this.#seen.add(key)
        this.#parents.push(number)
        this.#names.push(name)
        next.push([this.#parents.length - 1, to])
      })
    } catch (thrown) {
      this.#blame([`an actor stands on its own feet: ${thrown instanceof Error ? thrown.message : String(thrown)}`], number)
    }
  }

  /** Whether what journals say in a state is wrong, or what it can be healed to. Each is looked at once: most states differ in nothing but what is on its way. */
  #isWrong(number: number, state: CarriedState): boolean {
    const key = judgedKey(state)
    let wrong = this.#judged.get(key)
    if (wrong === undefined) {
      wrong = safetyOf(this.#ground, state)
      if (wrong.length === 0) wrong = healingOf(this.#ground, state)
      this.#judged.set(key, wrong)
    }
    this.#blame(wrong, number)
    return wrong.length > 0
  }

  /** Notes the first violation of each property: what stands before the colon. */
  #blame(problems: ReadonlyArray<string>, number: number): void {
    for (const problem of problems) {
      const property = problem.slice(0, problem.indexOf(":"))
      if (this.#violations.has(property)) continue
      const path: Array<string> = []
      for (let at = number; at > 0; at = this.#parents[at] as number) path.push(this.#names[at] as string)
      this.#violations.set(property, { property: problem, path: path.reverse() })
    }
  }
}

/** Explores a world to its end, to its cap, or to its first violation if that was asked for. Deterministic: the same options give the same report. */
export const exploreCarried = (options: CarriedOptions): SmallWorldReport => new Exploration(options).run()
