/**
 * A run of `npm run bench`: arms are started, measured by turns in every cell of every round, counted, and ended. An arm that can't run, or fails, is out from then on, with its reason, and the others go on.
 */
import { ArmChild, ArmOut } from "./arm-child.ts"
import type { ArmName } from "./arms.ts"
import type { Workload } from "./ground.ts"
import type { Checked, Count } from "./messages.ts"

export interface BenchPlan {
  readonly arms: ReadonlyArray<ArmName>
  readonly workloads: ReadonlyArray<Workload>
  readonly inFlight: ReadonlyArray<number>
  readonly rounds: number
  readonly seconds: number
  readonly skus: number
  readonly partitions: number
  /** Where outside programs are, by their arms. */
  readonly programs: Partial<Record<ArmName, string>>
  readonly folder: string
}

/** One arm in one cell of one round. */
export interface Measured {
  readonly arm: ArmName
  readonly workload: Workload
  readonly inFlight: number
  readonly round: number
  readonly count: Count
}

export interface Out {
  readonly arm: ArmName
  readonly why: string
  readonly canRunHere: boolean
}

export interface BenchRun {
  readonly measured: ReadonlyArray<Measured>
  readonly checked: ReadonlyArray<{ readonly arm: ArmName; readonly checked: Checked }>
  readonly out: ReadonlyArray<Out>
  /** Whether it was ended before all was measured. */
  readonly isPartial: boolean
}

const warmUpMs = 400
/** Longer once, for the compilers. */
const firstWarmUpMs = 1_500
const startedAtOnce = 2

/** Those that are out are no longer asked. */
class Field {
  readonly out: Array<Out> = []
  readonly #children = new Map<ArmName, ArmChild>()
  readonly #say: (line: string) => void
  readonly #stop: AbortSignal

  constructor(say: (line: string) => void, stop: AbortSignal) {
    this.#say = say
    this.#stop = stop
  }

  add(child: ArmChild): void {
    this.#children.set(child.arm, child)
  }

  get names(): ReadonlyArray<ArmName> {
    return [...this.#children.keys()]
  }

  /** Undefined: the arm is out. */
  async with<A>(arm: ArmName, ask: (child: ArmChild) => Promise<A>): Promise<A | undefined> {
    const child = this.#children.get(arm)
    if (child === undefined) return undefined
    try {
      return await ask(child)
    } catch (cause) {
      if (!(cause instanceof ArmOut)) throw cause
      this.#children.delete(arm)
      // Ended because all is, it did not fail.
      if (this.#stop.aborted) {
        this.#say(`${arm} was interrupted`)
        await child.end()
        return undefined
      }
      this.out.push({ arm, why: cause.message, canRunHere: cause.canRunHere })
      this.#say(`${arm} is OUT: ${cause.message}`)
      await child.end()
      return undefined
    }
  }

  async endAll(): Promise<void> {
    await Promise.all([...this.#children.values()].map((child) => child.end()))
  }
}

const startArms = async (plan: BenchPlan, field: Field, say: (line: string) => void, stop: AbortSignal): Promise<void> => {
  const left = [...plan.arms]
  const inFlightMax = Math.max(...plan.inFlight)
  const starter = async () => {
    for (let arm = left.shift(); arm !== undefined && !stop.aborted; arm = left.shift()) {
      const beganMs = performance.now()
      const name = arm
      const program = plan.programs[name]
      const setup = { arm: name, skus: plan.skus, inFlightMax, partitions: plan.partitions, ...(program === undefined ? {} : { program }) }
      const child = new ArmChild(name, plan.folder)
      field.add(child)
      const isThere = await field.with(name, () => child.setUp(setup).then(() => true))
      if (isThere) say(`${name} is there, with ${plan.skus + 1} SKUs, after ${((performance.now() - beganMs) / 1_000).toFixed(1)} s`)
    }
  }
  await Promise.all(Array.from({ length: startedAtOnce }, starter))
}

/** Who begins changes from round to round. */
const turned = <A>(all: ReadonlyArray<A>, by: number): ReadonlyArray<A> => [...all.slice(by % all.length), ...all.slice(0, by % all.length)]

interface Cell {
  readonly workload: Workload
  readonly inFlight: number
}

const cellsOf = ({ workloads, inFlight }: BenchPlan): ReadonlyArray<Cell> =>
  workloads.flatMap((workload) => inFlight.map((count) => ({ workload, inFlight: count })))

const lineOf = ({ arm, workload, inFlight, count }: Measured): string =>
  `${workload} ${inFlight} ${arm}: ${Math.round((count.decided * 1_000) / count.elapsedMs)} a second, p50 ${count.p50Ms.toFixed(2)} ms, p99 ${count.p99Ms.toFixed(1)} ms${count.refused > 0 ? `, ${count.refused} refused` : ""}`

/** Measures one cell after another, in each all rounds, in each round all arms. */
const measureAll = async (plan: BenchPlan, field: Field, say: (line: string) => void, stop: AbortSignal): Promise<Array<Measured>> => {
  const measured: Array<Measured> = []
  const forMs = plan.seconds * 1_000
  for (const { workload, inFlight } of cellsOf(plan)) {
    for (let round = 0; round < plan.rounds; round++) {
      for (const arm of turned(field.names, round)) {
        if (stop.aborted) return measured
        const count = await field.with(arm, (child) => child.measure({ workload, inFlight, warmUpMs, forMs }))
        if (count === undefined) continue
        const one = { arm, workload, inFlight, round, count }
        measured.push(one)
        say(`round ${round + 1} of ${plan.rounds}  ${lineOf(one)}`)
      }
    }
  }
  return measured
}

const warmUpAll = async (plan: BenchPlan, field: Field, stop: AbortSignal): Promise<void> => {
  const [workload = "hot"] = plan.workloads
  const inFlight = Math.max(...plan.inFlight)
  for (const arm of field.names)
    if (!stop.aborted) await field.with(arm, (child) => child.measure({ workload, inFlight, warmUpMs: firstWarmUpMs, forMs: warmUpMs }))
}

/** About how long all cells take: for whoever waits. */
const aboutMinutes = (plan: BenchPlan, arms: number): number =>
  (cellsOf(plan).length * plan.rounds * arms * (plan.seconds + warmUpMs / 1_000)) / 60

/** Plays a run. `stop`: what is measured by then is kept, counted, and marked as partial. */
export const playBench = async (plan: BenchPlan, say: (line: string) => void, stop: AbortSignal): Promise<BenchRun> => {
  const field = new Field(say, stop)
  // What is being set up is not worth waiting for.
  const abandon = () => void field.endAll()
  stop.addEventListener("abort", abandon)
  try {
    await startArms(plan, field, say, stop)
    stop.removeEventListener("abort", abandon)
    if (stop.aborted) return { measured: [], checked: [], out: [], isPartial: true }
    const minutes = aboutMinutes(plan, field.names.length)
    say(
      `${field.names.length} arms, ${cellsOf(plan)
        .map(({ workload, inFlight }) => `${workload} ${inFlight}`)
        .join(", ")}: about ${minutes.toFixed(1)} min`,
    )
    await warmUpAll(plan, field, stop)
    const measured = await measureAll(plan, field, say, stop)
    const isPartial = stop.aborted
    const checked: Array<{ readonly arm: ArmName; readonly checked: Checked }> = []
    for (const arm of field.names) {
      const found = await field.with(arm, (child) => child.check())
      if (found !== undefined) checked.push({ arm, checked: found })
    }
    return { measured, checked, out: field.out, isPartial }
  } finally {
    await field.endAll()
  }
}
