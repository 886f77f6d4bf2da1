/**
 * What befalls the workers and servers of a shell-mode world while it is not healed: each family asks its own chance, again and again.
 */
import type { Chance, Family } from "../world/chance.ts"
import { EventKind, type World } from "../world/world.ts"
import type { Weather } from "./connection.ts"
import type { Drawn, FaultFamily } from "./drawn.ts"
import type { Servers } from "./servers.ts"
import type { WorkerNode } from "./worker.ts"

/** How often it is looked whether a worker that was told to leave has left. */
const lookEveryMs = 500

export interface Stage {
  readonly world: World
  readonly chance: Chance
  readonly weather: Weather
  readonly servers: Servers
  readonly workers: ReadonlyArray<WorkerNode>
  readonly drawn: Drawn
}

/** One of `items`, by the details of a decision. */
const pick = <A>(family: Family, items: ReadonlyArray<A>): A | undefined => items[family.below(items.length)]

type Fault = (stage: Stage, family: Family) => void

const kill: Fault = ({ world, workers }, family) => {
  const worker = pick(family, workers)
  worker?.kill()
  world.in(200 + family.below(5_000), EventKind.restart, null, () => worker?.start())
}

/** Often the process stays frozen until its lease runs out, and comes back as a zombie. */
const freeze: Fault = ({ workers, drawn }, family) => {
  pick(family, workers)?.process.freeze(100 + family.below(drawn.leaseTtlMs * 3))
}

const leave: Fault = ({ world, workers }, family) => {
  const worker = pick(family, workers)
  worker?.leave()
  const restart = (): void => {
    if (worker === undefined) return
    if (worker.isLeaving && worker.process.isAlive) world.in(lookEveryMs, EventKind.restart, null, restart)
    else worker.start()
  }
  world.in(1_000 + family.below(4_000), EventKind.restart, null, restart)
}

/** All streams lose their leaders, and every connection breaks. */
const restartServers = ({ world, servers, workers }: Stage, family: Family): void => {
  const forMs = 100 + family.below(3_000)
  for (const stream of servers.streams) stream.elect(forMs, family.below(stream.waiting + 1))
  for (const worker of workers) worker.cut(["engine", "worker"])
  world.in(forMs, EventKind.restart, null, () => {
    for (const worker of workers) worker.restore()
  })
}

/** One stream loses its leader, or the servers restart. */
const election: Fault = (stage, family) => {
  if (family.below(4) === 0) restartServers(stage, family)
  else {
    const stream = pick(family, stage.servers.streams)
    stream?.elect(100 + family.below(3_000), family.below(stream.waiting + 1))
  }
}

/** The servers lost power before the newest commands were on disk. Their sequences are used again. */
const lostTail: Fault = (stage, family) => {
  restartServers(stage, family)
  stage.servers.commands.model.loseTail(1 + family.below(6))
}

const outages = [["engine"], ["worker"], ["engine", "worker"]] as const

const outage: Fault = ({ world, workers, drawn }, family) => {
  const worker = pick(family, workers)
  worker?.cut(pick(family, outages) ?? [])
  world.in(50 + family.below(drawn.leaseTtlMs * 2), EventKind.restart, null, () => worker?.restore())
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
  ["lostTail", lostTail],
]

/** Lets faults happen until the weather is calm again. */
export const letFaultsHappen = (stage: Stage): void => {
  const { world, chance, weather, workers, drawn } = stage
  weather.isCalm = false
  for (const worker of workers) worker.process.isCalm = false
  for (const [name, fault] of befalling) {
    const family = chance.family(name)
    if (!family.isOn) continue
    const ask = (): void => {
      if (weather.isCalm) return
      if (family.draw(1, drawn.faultOneIn) > 0) {
        world.traceText(name)
        fault(stage, family)
      }
      world.in(drawn.faultEveryMs, EventKind.fault, null, ask)
    }
    world.in(drawn.faultEveryMs, EventKind.fault, null, ask)
  }
}

/** Ends all faults: everybody runs, is connected, and knows what time it is. Returns after how many milliseconds whoever is frozen goes on. */
export const heal = ({ weather, workers }: Stage): number => {
  weather.isCalm = true
  for (const worker of workers) {
    worker.process.isCalm = true
    worker.process.wallErrorMs = 0
    worker.restore()
    if (!worker.isLeaving) worker.start()
  }
  return Math.max(...workers.map(({ process }) => process.frozenForMs))
}
