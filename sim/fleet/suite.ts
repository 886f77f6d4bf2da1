/**
 * What a suite of seeds comes to, added up as the seeds end. What is kept is bounded, however many seeds there are: sums, the first failures in
 * detail, and a few seeds worth being looked at.
 *
 * Seeds end in any order; what is told of them goes by their place in the suite, so that two runs of it say the same.
 */
import { guaranteeLines } from "../guarantees.ts"
import type { Failure, FailureClass, SeedResult, SuiteReport } from "../result.ts"
import { type Sometime, sometimesCatalogue, sometimesElsewhere, sometimesOfOrders } from "../sometimes.ts"

/** Failures kept in detail, of one seed and of all. */
const failuresOfSeedMax = 5
const failuresMax = 200
/** Seeds without a verdict that are kept by name. */
const lostMax = 200
/** Failing seeds kept in full, and seeds that are looked at in the report. */
const keptMax = 3

/** From how many seeds on a suite has to have reached every rare state, and which ones it has to reach at all. */
interface Reach {
  readonly seeds: number
  readonly states: ReadonlyArray<Sometime>
}

const elsewhere = (...names: ReadonlyArray<(typeof sometimesElsewhere)[number]["name"]>): ReadonlyArray<Sometime> =>
  sometimesElsewhere.filter(({ name }) => names.includes(name))

const reaches: Readonly<Record<string, Reach>> = {
  "flash-sale": { seeds: 500, states: sometimesCatalogue },
  "long-day": { seeds: 100, states: elsewhere("purged", "floor-refused") },
  "power-loss": { seeds: 100, states: elsewhere("journal-loss-detected") },
  orders: { seeds: 50, states: sometimesOfOrders },
  "slow-orders": {
    seeds: 20,
    states: elsewhere("line-ended-by-its-sku", "order-lost-its-line", "order-forgotten", "forgotten-order-asked-for"),
  },
}

const known: ReadonlyArray<Sometime> = [...sometimesCatalogue, ...sometimesElsewhere, ...sometimesOfOrders]

/** What a suite of the profile has to reach; no state where none is asked of it. */
export const reachOf = (profile: string): Reach => reaches[profile] ?? { seeds: Number.POSITIVE_INFINITY, states: [] }

interface Placed<T> {
  readonly index: number
  readonly value: T
}

const byPlace = (a: { readonly index: number }, b: { readonly index: number }): number => a.index - b.index

const add = (sums: Record<string, number>, more: Readonly<Record<string, number>>): void => {
  for (const [name, count] of Object.entries(more)) sums[name] = (sums[name] ?? 0) + count
}

/** A suite as far as it got: what progress shows and the summary tells. */
export interface Sums {
  readonly seeds: number
  readonly failed: number
  readonly inconclusive: number
  readonly simulatedMs: number
  /** Wall and processor time of all seeds together, as their threads took it. */
  readonly seedsWallMs: number
  readonly seedsCpuMs: number
  readonly events: number
  readonly commands: number
  readonly messages: number
  readonly records: number
}

/** What of a report only who runs the suite knows. */
export interface SuiteFacts {
  readonly commit: string
  readonly profile: string
  readonly cores: number
  readonly interrupted: boolean
  readonly wallMs: number
  readonly replayOf: (seed: string) => string
}

/** Seeds whose timelines are worth seeing reached many kinds of rare states. */
const interestOf = ({ sometimes, failures }: SeedResult): number => (failures.length > 0 ? 1_000 : 0) + Object.keys(sometimes).length

export class Suite {
  readonly sums: { -readonly [Name in keyof Sums]: number } = {
    seeds: 0,
    failed: 0,
    inconclusive: 0,
    simulatedMs: 0,
    seedsWallMs: 0,
    seedsCpuMs: 0,
    events: 0,
    commands: 0,
    messages: 0,
    records: 0,
  }
  readonly faults: Record<string, number> = {}
  readonly checked: Record<string, number> = {}
  readonly excused: Record<string, number> = {}
  readonly classes = new Set<FailureClass>()
  readonly #failuresBy: Record<string, number> = {}
  readonly #sometimes = new Map<string, { count: number; firstIndex: number; firstSeed: string }>()
  readonly #failures: Array<Placed<{ readonly seed: string; readonly failure: Failure }>> = []
  readonly #lost: Array<Placed<{ readonly seed: string; readonly cause: string }>> = []
  #kept: Array<Placed<SeedResult>> = []

  /** A seed ended with a verdict. */
  add(index: number, result: SeedResult, cpuMs: number): void {
    const { sums } = this
    sums.seeds++
    sums.simulatedMs += result.simulatedMs
    sums.seedsWallMs += result.wallMs
    sums.seedsCpuMs += cpuMs
    sums.events += result.events
    sums.commands += result.commands
    sums.messages += result.messages
    sums.records += result.records
    add(this.faults, result.faults)
    add(this.checked, result.checked)
    add(this.excused, result.excused)
    for (const [name, count] of Object.entries(result.sometimes)) this.#reached(index, result.seed, name, count)
    if (result.failures.length > 0) this.#failed(index, result)
    this.#keep(index, result)
  }

  /** A seed ended without one. */
  lost(index: number, seed: string, cause: string): void {
    this.sums.inconclusive++
    this.#lost.push({ index, value: { seed, cause } })
    this.#lost.sort(byPlace).splice(lostMax)
  }

  #reached(index: number, seed: string, name: string, count: number): void {
    if (count === 0) return
    const found = this.#sometimes.get(name)
    if (found === undefined) this.#sometimes.set(name, { count, firstIndex: index, firstSeed: seed })
    else {
      found.count += count
      if (index < found.firstIndex) Object.assign(found, { firstIndex: index, firstSeed: seed })
    }
  }

  #failed(index: number, { seed, failures }: SeedResult): void {
    this.sums.failed++
    const told = new Set<string>()
    for (const failure of failures) {
      this.classes.add(failure.class)
      this.#failuresBy[failure.checker] = (this.#failuresBy[failure.checker] ?? 0) + 1
      const kind = `${failure.checker} ${failure.signature}`
      if (told.has(kind) || told.size >= failuresOfSeedMax) continue
      told.add(kind)
      this.#failures.push({ index, value: { seed, failure } })
    }
    // The sort is stable: failures of one seed stay in the order in which they were found.
    this.#failures.sort(byPlace).splice(failuresMax)
  }

  #keep(index: number, result: SeedResult): void {
    this.#kept.push({ index, value: result })
    if (this.#kept.length <= keptMax) return
    this.#kept.sort((a, b) => interestOf(b.value) - interestOf(a.value) || a.index - b.index).splice(keptMax)
  }

  /** The seeds most worth looking at: failing ones first. At most three. */
  get kept(): ReadonlyArray<SeedResult> {
    return [...this.#kept].sort((a, b) => interestOf(b.value) - interestOf(a.value) || a.index - b.index).map(({ value }) => value)
  }

  /** Seeds without a verdict, and why. */
  get lostSeeds(): ReadonlyArray<{ readonly seed: string; readonly cause: string }> {
    return this.#lost.map(({ value }) => value)
  }

  /** The rare states that the profile's suites have to reach, and all others that were: how often, and first by which seed. */
  sometimesOf(profile: string): SuiteReport["sometimes"] {
    const { states } = reachOf(profile)
    const others = [...this.#sometimes.keys()].filter((name) => !states.some((state) => state.name === name)).sort()
    const whatOf = (name: string): string => known.find((state) => state.name === name)?.what ?? ""
    return [...states, ...others.map((name) => ({ name, what: whatOf(name) }))].map(({ name, what }) => {
      const found = this.#sometimes.get(name)
      return { name, count: found?.count ?? 0, firstSeed: found?.firstSeed ?? null, what }
    })
  }

  /** How many states of the profile's catalogue were reached, of how many. */
  reached(profile: string): { readonly reached: number; readonly of: number } {
    const { states } = reachOf(profile)
    return { reached: states.filter(({ name }) => this.#sometimes.has(name)).length, of: states.length }
  }

  /** Everything, in the shape of a report: without mutants, a comparison, other parts and timelines, which are others' to add. */
  report({ commit, profile, cores, interrupted, wallMs, replayOf }: SuiteFacts): SuiteReport {
    const { seeds, failed, inconclusive, simulatedMs, events, commands, records } = this.sums
    return {
      version: 1,
      commit,
      profile,
      cores,
      seeds,
      failed,
      inconclusive,
      interrupted,
      simulatedMs,
      wallMs: Math.round(wallMs),
      cpuMs: Math.round(this.sums.seedsCpuMs),
      events,
      commands,
      records,
      faults: this.faults,
      sometimes: this.sometimesOf(profile),
      checked: this.checked,
      excused: this.excused,
      guarantees: guaranteeLines(this.checked, this.#failuresBy),
      failures: this.#failures.map(({ value: { seed, failure } }) => ({ seed, failure, replay: replayOf(seed) })),
      mutants: [],
      comparison: [],
      parts: [],
      shown: this.kept,
    }
  }
}
