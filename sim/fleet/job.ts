/**
 * What a thread of the fleet is asked to do, and what it hands back: plain data, so that it can be sent from one thread to another.
 */
import { drawOptions, type ProfileName, profiles } from "../profiles.ts"
import type { Failure, SeedResult } from "../result.ts"
import { runSeed } from "../run.ts"

/** One seed to run. */
export interface SeedJob {
  readonly kind: "seed"
  /** Its place in the suite: what is told of a suite doesn't depend on which seed ended first. */
  readonly index: number
  readonly seed: string
  readonly profile: ProfileName
  /** Whether its timeline is wanted: of that SKU, or with null of the one that most is asked of. */
  readonly timeline?: { readonly sku: string | null }
  /** Whether it is run twice, and both runs are compared. */
  readonly twice: boolean
}

/** A job done. */
export interface SeedDone {
  readonly kind: "seed"
  readonly result: SeedResult
  /** Processor time the thread spent on it, in milliseconds: less than the wall's where other processes have the cores. */
  readonly cpuMs: number
}

export type Job = SeedJob
export type Done = SeedDone

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
const crashed = (job: SeedJob, thrown: unknown, wallMs: number): SeedResult => {
  const { drawn, families } = drawOptions(job.seed, profiles[job.profile])
  const error = thrown instanceof Error ? thrown : new Error(String(thrown))
  return {
    seed: job.seed,
    profile: job.profile,
    mutant: null,
    drawn: { ...drawn },
    families: [...families],
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
    failures: [
      failureOf({
        class: "crash",
        checker: "simulator",
        signature: error.message.replace(/\d+/g, "#").slice(0, 80),
        detail: error.stack ?? error.message,
      }),
    ],
    excused: {},
    totals: { ...nothingLookedAt, ...nothingAnswered },
    timeline: null,
  }
}

const once = (job: SeedJob): SeedResult => {
  const startedMs = wallNowMs()
  try {
    const { seed, profile, timeline } = job
    const result = runSeed({ seed, profile, wallNowMs, ...(timeline === undefined ? {} : { timeline }) })
    return { ...result, wallMs: rounded(result.wallMs) }
  } catch (thrown) {
    return crashed(job, thrown, rounded(wallNowMs() - startedMs))
  }
}

/** The first thing that two runs of a seed tell differently, or null. Their wall time always differs. */
const differenceOf = (a: SeedResult, b: SeedResult): string | null => {
  for (const name of Object.keys(a) as ReadonlyArray<keyof SeedResult>) {
    if (name === "wallMs") continue
    const [first, second] = [JSON.stringify(a[name]), JSON.stringify(b[name])]
    if (first !== second) return `${name} was ${first?.slice(0, 200)} the first time and ${second?.slice(0, 200)} the second`
  }
  return null
}

const twice = (job: SeedJob): SeedResult => {
  const first = once(job)
  const second = once(job)
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

/** Does a job. Whatever a world throws is its seed's failure. */
export const perform = (job: Job): Done => {
  const startedMs = cpuNowMs()
  const result = job.twice ? twice(job) : once(job)
  return { kind: "seed", result, cpuMs: rounded(cpuNowMs() - startedMs) }
}
