/**
 * A run of `npm run growth`: one series after another, each point beside the empty system, by turns. A point that fails is told and left out, and the others go on.
 */
import { fork } from "node:child_process"
import { fileURLToPath } from "node:url"
import { sendersOf } from "../../src/domain/sender-list.ts"
import { endsWithUs } from "../stage/ends-with-us.ts"
import { type Spread, spreadOf } from "../stage/spread.ts"
import { withStage } from "../stage/stage.ts"
import { type Axis, axes, pointsOf, type Size, type Where } from "./axes.ts"
import { type BrokerSystem, openSystem, type Started } from "./broker-system.ts"
import type { EngineAsk, EnginePoint } from "./engine-process.ts"

export interface GrowthPlan {
  readonly axes: ReadonlyArray<Axis>
  readonly where: ReadonlyArray<Where>
  /** No axis goes further; of partitions `partitionsMost`. */
  readonly most: number
  readonly partitionsMost: number
  readonly rounds: number
  readonly seconds: number
  readonly kills: number
}

/** One point over a broker. */
export interface BrokerPoint extends Started {
  /** Decisions a second, of those of the empty system. */
  readonly rate: Spread
  readonly perSecond: Spread
  readonly p99Ms: Spread
  readonly residentBytes: number
  /** For each kill: the longest that a reservation took. */
  readonly pausesMs: ReadonlyArray<number>
  readonly probes: number
  readonly failedProbes: number
}

/** A point of a series: how far along its axis, and what it came to. */
export interface At<Point> {
  readonly value: number
  readonly point: Point
}

export interface Series {
  readonly axis: Axis
  readonly engine: ReadonlyArray<At<EnginePoint>>
  readonly broker: ReadonlyArray<At<BrokerPoint>>
}

export interface GrowthRun {
  readonly series: ReadonlyArray<Series>
  readonly failed: ReadonlyArray<{ readonly what: string; readonly why: string }>
  readonly isPartial: boolean
}

const inFlight = 1_000
/** Milliseconds of a lease, as it is unless set. */
export const leaseTtlMs = 3_000
const senders = sendersOf("web=channel,dc=warehouse,boss=merchandiser")

export interface Watching {
  readonly say: (line: string) => void
  readonly stop: AbortSignal
}

/** A process of its own for each point: its heap holds nothing else. */
const enginePoint = (ask: EngineAsk, stop: AbortSignal): Promise<EnginePoint> =>
  new Promise((resolve, reject) => {
    const child = endsWithUs(
      fork(fileURLToPath(new URL("./engine-process.ts", import.meta.url)), {
        execArgv: ["--expose-gc", "--max-old-space-size-percentage=50"],
        detached: true,
      }),
    )
    const end = () => void child.kill("SIGKILL")
    stop.addEventListener("abort", end)
    let found: EnginePoint | undefined
    child.once("message", (point) => {
      found = point as EnginePoint
    })
    child.once("exit", (code, signal) => {
      stop.removeEventListener("abort", end)
      if (found === undefined) reject(new Error(`its process ended with ${code ?? signal}`))
      else resolve(found)
    })
    child.send(ask)
  })

const stageOf = (partitions: number) => ({ servers: 1 as const, workers: 0, partitions, senders })

const measureBeside = async (grown: BrokerSystem, empty: BrokerSystem, { rounds, seconds }: GrowthPlan) => {
  const pairs: Array<{ readonly ours: number; readonly theirs: number; readonly p99Ms: number }> = []
  for (let round = -1; round < rounds; round++) {
    const [theirs, ours] = [await empty.measure(inFlight, seconds), await grown.measure(inFlight, seconds)]
    const perSecond = ({ decided, elapsedMs }: typeof ours) => (decided * 1_000) / elapsedMs
    if (round >= 0) pairs.push({ ours: perSecond(ours), theirs: perSecond(theirs), p99Ms: ours.p99Ms })
  }
  return {
    rate: spreadOf(pairs.map(({ ours, theirs }) => ours / theirs)),
    perSecond: spreadOf(pairs.map(({ ours }) => ours)),
    p99Ms: spreadOf(pairs.map(({ p99Ms }) => p99Ms)),
  }
}

const brokerPoint = async (size: Size, empty: BrokerSystem, plan: GrowthPlan, { stop }: Watching): Promise<BrokerPoint> =>
  withStage(stageOf(size.partitions), async (stage) => {
    const grown = await openSystem(stage, size)
    const beside = await measureBeside(grown, empty, plan)
    const residentBytes = await grown.residentBytes()
    const kills: Array<Awaited<ReturnType<BrokerSystem["kill"]>>> = []
    for (let n = 0; n < plan.kills && !stop.aborted; n++) kills.push(await grown.kill())
    await grown.close()
    return {
      ...grown.started,
      ...beside,
      residentBytes,
      pausesMs: kills.map(({ pauseMs }) => pauseMs),
      probes: kills.reduce((sum, { probes }) => sum + probes, 0),
      failedProbes: kills.reduce((sum, { failed }) => sum + failed, 0),
    }
  })

type Failed = GrowthRun["failed"][number]

/** Points one after another; those that fail are noted. */
const eachPoint = async <Point>(
  axis: Axis,
  where: Where,
  plan: GrowthPlan,
  failed: Array<Failed>,
  watching: Watching,
  measure: (size: Size) => Promise<Point>,
): Promise<ReadonlyArray<At<Point>>> => {
  const found: Array<At<Point>> = []
  for (const value of pointsOf(axis, where, axis === "partitions" ? plan.partitionsMost : plan.most)) {
    if (watching.stop.aborted) return found
    const what = `${value.toLocaleString("en")} ${axes[axis].title}, ${where === "engine" ? "one engine" : "over a broker"}`
    const beganMs = performance.now()
    try {
      found.push({ value, point: await measure(axes[axis].sizeOf(value)) })
      watching.say(`${what}: done after ${((performance.now() - beganMs) / 1_000).toFixed(1)} s`)
    } catch (cause) {
      if (watching.stop.aborted) return found
      const why = cause instanceof Error ? cause.message : String(cause)
      watching.say(`${what}: FAILED: ${why}`)
      failed.push({ what, why })
    }
  }
  return found
}

const emptySizeOf = (axis: Axis): Size => axes[axis].sizeOf(axes[axis].engine[0] ?? axes[axis].broker[0] ?? 0)

const playEngine = (axis: Axis, plan: GrowthPlan, failed: Array<Failed>, watching: Watching) =>
  plan.where.includes("engine")
    ? eachPoint(axis, "engine", plan, failed, watching, (size) =>
        enginePoint({ size, empty: emptySizeOf(axis), rounds: plan.rounds }, watching.stop),
      )
    : Promise.resolve([])

/** The empty system of an axis stays there for all its points. */
const playBroker = async (axis: Axis, plan: GrowthPlan, failed: Array<Failed>, watching: Watching) => {
  if (!plan.where.includes("broker") || watching.stop.aborted) return []
  const emptySize = emptySizeOf(axis)
  return withStage(stageOf(emptySize.partitions), async (stage) => {
    const empty = await openSystem(stage, emptySize)
    const points = await eachPoint(axis, "broker", plan, failed, watching, (size) => brokerPoint(size, empty, plan, watching))
    await empty.close()
    return points
  })
}

/** Plays all series. `stop`: what is measured by then is told, and marked as partial. */
export const playGrowth = async (plan: GrowthPlan, watching: Watching): Promise<GrowthRun> => {
  const series: Array<Series> = []
  const failed: Array<Failed> = []
  for (const axis of plan.axes) {
    if (watching.stop.aborted) break
    const engine = await playEngine(axis, plan, failed, watching)
    series.push({ axis, engine, broker: await playBroker(axis, plan, failed, watching) })
  }
  return { series, failed, isPartial: watching.stop.aborted }
}
