/**
 * What befalls the workers and servers of a shell-mode world while it is not healed: each family asks its own chance every half second.
 */
import type { Chance, Family } from "../world/chance.ts"
import { EventKind, type World } from "../world/world.ts"
import type { Weather } from "./connection.ts"
import type { FaultFamily } from "./drawn.ts"
import type { Servers } from "./servers.ts"
import type { WorkerNode } from "./worker.ts"

/** Milliseconds between two times that a family is asked. */
const everyMs = 500
const oneIn = 10

export interface Stage {
  readonly world: World
  readonly chance: Chance
  readonly weather: Weather
  readonly servers: Servers
  readonly workers: ReadonlyArray<WorkerNode>
  readonly leaseTtlMs: number
}

/** One of `items`, by the details of a decision. */
const pick = <A>(family: Family, items: ReadonlyArray<A>): A | undefined => items[family.below(items.length)]

type Fault = (stage: Stage, family: Family) => void

const kill: Fault = ({ world, workers }, family) => {
  const worker = pick(family, workers)
  worker?.kill()
  world.in(200 + family.below(5_000), EventKind.restart, null, () => worker?.start())
}

/** Long enough, often, that its lease runs out: it comes back as a zombie. */
const freeze: Fault = ({ workers, leaseTtlMs }, family) => {
  pick(family, workers)?.process.freeze(100 + family.below(leaseTtlMs * 3))
}

const leave: Fault = ({ world, workers }, family) => {
  const worker = pick(family, workers)
  worker?.leave()
  const restart = (): void => {
    if (worker === undefined) return
    if (worker.isLeaving && worker.process.isAlive) world.in(everyMs, EventKind.restart, null, restart)
    else worker.start()
  }
  world.in(1_000 + family.below(4_000), EventKind.restart, null, restart)
}

/** One stream loses its leader, or the servers restart: then all do, and every connection breaks. */
const election: Fault = ({ world, servers, workers }, family) => {
  const forMs = 100 + family.below(3_000)
  const isRestart = family.below(4) === 0
  const stream = pick(family, servers.streams)
  for (const one of isRestart ? servers.streams : stream === undefined ? [] : [stream]) one.elect(forMs, family.below(one.waiting + 1))
  if (!isRestart) return
  for (const worker of workers) worker.cut(["engine", "worker"])
  world.in(forMs, EventKind.restart, null, () => {
    for (const worker of workers) worker.restore()
  })
}

const outages = [["engine"], ["worker"], ["engine", "worker"]] as const

const outage: Fault = ({ world, workers, leaseTtlMs }, family) => {
  const worker = pick(family, workers)
  worker?.cut(pick(family, outages) ?? [])
  world.in(50 + family.below(leaseTtlMs * 2), EventKind.restart, null, () => worker?.restore())
}

/** A wall clock is set, to the past or to the future, by seconds or by an hour. */
const clock: Fault = ({ workers }, family) => {
  const errorMs = pick(family, [-3_600_000, -5_000, -50, 0, 50, 5_000, 3_600_000]) ?? 0
  const worker = pick(family, workers)
  if (worker !== undefined) worker.process.wallErrorMs = errorMs
}

const befalling: ReadonlyArray<readonly [FaultFamily, Fault]> = [
  ["kill", kill],
  ["freeze", freeze],
  ["leave", leave],
  ["election", election],
  ["outage", outage],
  ["clock", clock],
]

/** Lets faults happen until the weather is calm. */
export const letFaultsHappen = (stage: Stage): void => {
  const { world, chance, weather } = stage
  for (const [name, fault] of befalling) {
    const family = chance.family(name)
    if (!family.isOn) continue
    const ask = (): void => {
      if (weather.isCalm) return
      if (family.draw(1, oneIn) > 0) {
        world.traceText(name)
        fault(stage, family)
      }
      world.in(everyMs, EventKind.fault, null, ask)
    }
    world.in(everyMs, EventKind.fault, null, ask)
  }
}

/** Ends all faults: everybody runs, is connected, and knows what time it is. */
export const heal = ({ weather, workers }: Stage): void => {
  weather.isCalm = true
  for (const worker of workers) {
    worker.process.isCalm = true
    worker.process.wallErrorMs = 0
    worker.process.thaw()
    worker.restore()
    if (!worker.isLeaving) worker.start()
  }
}
