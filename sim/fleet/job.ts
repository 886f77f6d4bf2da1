/**
 * What a thread of the fleet is asked to do, and what it hands back: plain data, so that it can be sent from one thread to another.
 */
import type { ComparisonReport } from "../comparison/comparison.ts"
import type { Failure, SeedResult } from "../result.ts"
import { type RunOptions, runSeed } from "../run.ts"
import type { ShrinkReport } from "../shrink/shrink.ts"
import type { SmallWorldReport } from "../small-world/exploration.ts"
import type { TraceReport } from "../trace/replay.ts"
import type { ComparisonAsked } from "./compare-on.ts"
import { differenceOf } from "./difference.ts"
import { type PlayedFile, playedOf, traceOf } from "./played-file.ts"
import { drawnOf, suiteNameOf, type WorldKind } from "./worlds.ts"

/** One seed to run. */
export interface SeedJob {
  readonly kind: "seed"
  /** Its place in the suite: what is told of a suite doesn't depend on which seed ended first. */
  readonly index: number
  readonly seed: string
  readonly worlds: WorldKind
  /** Whether its timeline is wanted: of that SKU, or with null of the one that most is asked of. */
  readonly timeline?: { readonly sku: string | null }
  /** Whether it is run twice, and both runs are compared. */
  readonly twice: boolean
}

/** A small world to explore, by name: to its end, or under a loosened rule until that is found out. */
export interface SmallWorldJob {
  readonly kind: "small-world"
  readonly index: number
  readonly name: string
  /** Distinct states after which it is given up; null: its own bound. */
  readonly statesMax: number | null
  /** The loosened rule, by name; null: all rules as they are shipped. */
  readonly loosened: string | null
}

/** The comparison to play: on the orders of the fleet's file, or on a flash sale. */
export interface ComparisonJob {
  readonly kind: "comparison"
  readonly index: number
  readonly asked: ComparisonAsked
}

/** The exported commands of the fleet's file to decide again. */
export interface ReplayJob {
  readonly kind: "replay"
  readonly index: number
}

/** A failing seed to make small. */
export interface ShrinkJob {
  readonly kind: "shrink"
  readonly index: number
  readonly seed: string
  readonly worlds: WorldKind
  readonly runsMax: number
}

export type Job = SeedJob | SmallWorldJob | ComparisonJob | ReplayJob | ShrinkJob

/** A job done. */
export type Done =
  | {
      readonly kind: "seed"
      readonly result: SeedResult
      /** Processor time the thread spent on it, in milliseconds: less than the wall's where other processes have the cores. */
      readonly cpuMs: number
    }
  | { readonly kind: "small-world"; readonly report: SmallWorldReport; readonly wallMs: number }
  | { readonly kind: "comparison"; readonly report: ComparisonReport }
  | { readonly kind: "replay"; readonly report: TraceReport }
  | { readonly kind: "shrink"; readonly report: ShrinkReport }

/** Milliseconds of this machine: for ratios and limits, never for what happens in a world. */
export const wallNowMs = (): number => Number(process.hrtime.bigint()) / 1e6

/** Nanoseconds and more digits than a time has would only make reports longer. */
const rounded = (ms: number): number => Math.round(ms * 10) / 10

const nothingLookedAt = { receivedQty: 0, soldQty: 0, oversoldQty: 0, lost: 0, contradicted: 0 }
const nothingAnswered = { accepted: 0, refused: 0, repeated: 0, expired: 0, quarantined: 0 }

const failureOf = (failure: Pick<Failure, "class" | "checker" | "signature" | "detail">): Failure => ({
  ...failure,
  atMs: 0,
  partition: -1,
  seq: 0,
  sku: null,
})

/** A seed whose world threw: it failed, with what was drawn and nothing else. */
const crashed = ({ seed, worlds }: SeedJob, thrown: unknown, wallMs: number): SeedResult => {
  const error = thrown instanceof Error ? thrown : new Error(String(thrown))
  const signature = error.message.replace(/\d+/g, "#").slice(0, 80)
  return {
    seed,
    profile: suiteNameOf(worlds),
    mutant: worlds.mutant,
    ...drawnOf(seed, worlds),
    traceHash: "",
    simulatedMs: 0,
    wallMs,
    events: 0,
    commands: 0,
    messages: 0,
    records: 0,
    decisions: 0,
    faults: {},
    sometimes: {},
    checked: {},
    failures: [failureOf({ class: "crash", checker: "simulator", signature, detail: error.stack ?? error.message })],
    excused: {},
    totals: { ...nothingLookedAt, ...nothingAnswered },
    timeline: null,
  }
}

/** What a seed is run with in worlds of that kind. What only some jobs need is loaded by those. */
const optionsOf = async (seed: string, { profile, mutant }: WorldKind, file: PlayedFile | null): Promise<RunOptions> => {
  const base: RunOptions = { seed, profile, wallNowMs }
  const played = file === null ? {} : await playedOf(seed, profile, file)
  if (mutant === null) return { ...base, ...played }
  const { mutantNamed } = await import("../mutants/catalogue.ts")
  const { plantMutant } = await import("../mutants/hunt.ts")
  const planted = await plantMutant(mutantNamed(mutant))
  return { ...base, ...planted, ...played, drawn: { ...planted.drawn, ...played.drawn } }
}

const shellSeed = async (seed: string): Promise<SeedResult> => {
  const { runShellSeed } = await import("../shell/run.ts")
  return runShellSeed({ seed, wallNowMs })
}

const once = async (job: SeedJob, file: PlayedFile | null): Promise<SeedResult> => {
  const { seed, timeline, worlds } = job
  const options = await optionsOf(seed, worlds, file)
  const startedMs = wallNowMs()
  try {
    const result = worlds.shell ? await shellSeed(seed) : runSeed({ ...options, ...(timeline === undefined ? {} : { timeline }) })
    return { ...result, wallMs: rounded(result.wallMs) }
  } catch (thrown) {
    return crashed(job, thrown, rounded(wallNowMs() - startedMs))
  }
}

const twice = async (job: SeedJob, file: PlayedFile | null): Promise<SeedResult> => {
  const first = await once(job, file)
  const second = await once(job, file)
  const difference = differenceOf(first, second)
  const wallMs = first.wallMs + second.wallMs
  // Both runs took their time: the ratio to real time is of what was simulated in it.
  const simulatedMs = first.simulatedMs + second.simulatedMs
  if (difference === null) return { ...first, wallMs, simulatedMs }
  const failure = failureOf({
    class: "nondeterminism",
    checker: "twice",
    signature: "the same seed came out differently",
    detail: difference,
  })
  return { ...first, wallMs, simulatedMs, failures: [...first.failures, failure] }
}

const cpuNowMs = (): number => {
  const { user, system } = process.threadCpuUsage()
  return (user + system) / 1_000
}

const seed = async (job: SeedJob, file: PlayedFile | null): Promise<Done> => {
  const startedMs = cpuNowMs()
  const result = await (job.twice ? twice(job, file) : once(job, file))
  return { kind: "seed", result, cpuMs: rounded(cpuNowMs() - startedMs) }
}

/** A small world of orders, if it is called so. */
const ofOrders = async ({ name, statesMax, loosened: rule }: SmallWorldJob): Promise<SmallWorldReport | undefined> => {
  const { exploreCarried } = await import("../small-world/carried/exploration.ts")
  const { carriedLoosened } = await import("../small-world/carried/loosened.ts")
  const { carriedWorlds } = await import("../small-world/carried/worlds.ts")
  const known = carriedWorlds.find((one) => one.name === name)
  if (known === undefined) return undefined
  const rules = carriedLoosened.find((one) => one.name === rule)?.rules
  if (rule !== null && rules === undefined) throw new Error(`there is no loosened rule ${rule}`)
  const world = { ...known, statesMax: Math.min(known.statesMax, statesMax ?? known.statesMax) }
  return exploreCarried(rules === undefined ? { world } : { world, rules, untilViolation: true })
}

const ofPartitions = async ({ name, statesMax, loosened: rule }: SmallWorldJob): Promise<SmallWorldReport> => {
  const { exploreSmallWorld } = await import("../small-world/exploration.ts")
  const { loosened } = await import("../small-world/loosened.ts")
  const { smallWorlds } = await import("../small-world/worlds.ts")
  const known = smallWorlds.find((one) => one.name === name)
  if (known === undefined) throw new Error(`there is no small world ${name}`)
  const rules = loosened.find((one) => one.name === rule)?.rules
  if (rule !== null && rules === undefined) throw new Error(`there is no loosened rule ${rule}`)
  const world = { ...known, statesMax: Math.min(known.statesMax, statesMax ?? known.statesMax) }
  return exploreSmallWorld(rules === undefined ? { world } : { world, rules, untilViolation: true })
}

const smallWorld = async (job: SmallWorldJob): Promise<Done> => {
  const startedMs = wallNowMs()
  const report = (await ofOrders(job)) ?? (await ofPartitions(job))
  return { kind: "small-world", report, wallMs: rounded(wallNowMs() - startedMs) }
}

const comparison = async ({ asked }: ComparisonJob, file: PlayedFile | null): Promise<Done> => {
  const { compareOn } = await import("./compare-on.ts")
  return { kind: "comparison", report: compareOn(file?.kind === "orders" ? file : null, asked) }
}

const replay = async (file: PlayedFile | null): Promise<Done> => {
  if (file?.kind !== "commands") throw new Error("there are no exported commands to decide again")
  const { replayTrace } = await import("../trace/replay.ts")
  return { kind: "replay", report: replayTrace(traceOf(file)) }
}

const shrunk = async ({ seed, worlds, runsMax }: ShrinkJob, file: PlayedFile | null): Promise<Done> => {
  const { runShrunk, shrink } = await import("../shrink/shrink.ts")
  const run = await optionsOf(seed, worlds, file)
  const report = shrink({ run, runsMax })
  const sku = report.result.failures.find((failure) => failure.sku !== null)?.sku ?? null
  const result = runShrunk({ ...run, timeline: { sku } }, report.shrunk)
  return { kind: "shrink", report: { ...report, result } }
}

/**
 * Does a job, on the file that the fleet was given if there is one. Whatever the world of a seed throws is that seed's failure; what another job throws
 * is told by rejecting.
 */
export const perform = (job: Job, file: PlayedFile | null): Promise<Done> => {
  switch (job.kind) {
    case "seed":
      return seed(job, file)
    case "small-world":
      return smallWorld(job)
    case "comparison":
      return comparison(job, file)
    case "replay":
      return replay(file)
    case "shrink":
      return shrunk(job, file)
  }
}
