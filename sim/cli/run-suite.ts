/**
 * Runs the seeds of a suite over the fleet and adds them up. Stopped at any moment, it has what ended by then.
 */
import { Fleet, type FleetOptions } from "../fleet/fleet.ts"
import { type Job, wallNowMs } from "../fleet/job.ts"
import type { PlayedFile } from "../fleet/played-file.ts"
import { Suite } from "../fleet/suite.ts"
import { suiteNameOf } from "../fleet/worlds.ts"
import type { SeedResult } from "../result.ts"
import type { Asked, SeedsAsked } from "./arguments.ts"
import type { Screen } from "./screen.ts"
import { progressLine } from "./summary.ts"

/** Megabytes that the world of a seed may come to keep: many times what any does. */
const seedMbMax = 1_536

/** What ends a run before its time, and whether it did. */
export interface Interruption {
  readonly isInterrupted: boolean
  /** Calls back when it happens; at once if it already did. */
  readonly onInterrupt: (stop: () => void) => void
}

/** Runs a fleet until its jobs are done, or the run is interrupted. Rejects if threads die whatever they are given. */
export const runFleet = async (options: FleetOptions, interruption: Interruption): Promise<void> => {
  const fleet = new Fleet(options)
  const running = fleet.run()
  interruption.onInterrupt(() => fleet.stop())
  await running
}

/** Seeds one after another: how many there are (null: until the time is up), and each one's name. */
const seedsInOrder = (asked: SeedsAsked, startedMs: number) => {
  let index = 0
  const next = (): string | null => {
    if (asked._tag === "One") return index++ === 0 ? asked.seed : null
    if (asked._tag === "Count") return index < asked.count ? String(asked.from + index++) : null
    return wallNowMs() - startedMs < asked.minutes * 60_000 ? String(asked.from + index++) : null
  }
  const of = asked._tag === "One" ? 1 : asked._tag === "Count" ? asked.count : null
  return { of, next }
}

/** Failing seeds that are told when they end, and characters of what is told of each. All of them stand in the summary. */
const toldAtOnceMax = 20
const detailCharsMax = 200

/** Runs all seeds that were asked for. */
export const runSuite = async (
  asked: Asked & { readonly seeds: SeedsAsked },
  file: PlayedFile | null,
  screen: Screen,
  interruption: Interruption,
): Promise<Suite> => {
  const suite = new Suite()
  const startedMs = wallNowMs()
  const seeds = seedsInOrder(asked.seeds, startedMs)
  let index = 0
  const next = (): Job | null => {
    const seed = seeds.next()
    return seed === null ? null : { kind: "seed", index: index++, seed, worlds: asked.worlds, twice: asked.twice }
  }
  const options: FleetOptions = {
    threads: Math.min(asked.cores, seeds.of ?? asked.cores),
    jobMsMax: asked.seedMsMax,
    threadMbMax: seedMbMax,
    file,
    next,
    ended: (job, end) => {
      if (job.kind !== "seed") return
      if (end._tag === "Lost") suite.lost(job.index, job.seed, end.cause)
      else if (end.done.kind === "seed") suite.add(job.index, end.done.result, end.done.cpuMs)
      // A long run says at once what it found: whoever waits for it may stop it there.
      const failure = end._tag === "Done" && end.done.kind === "seed" ? end.done.result.failures[0] : undefined
      if (failure !== undefined && suite.sums.failed <= toldAtOnceMax)
        screen.say(`  seed ${job.seed} failed: ${failure.class}, ${failure.checker}: ${failure.detail.slice(0, detailCharsMax)}`)
    },
  }
  screen.watch(() => progressLine(suite, suiteNameOf(asked.worlds), seeds.of, wallNowMs() - startedMs))
  try {
    await runFleet(options, interruption)
  } finally {
    screen.settle()
  }
  return suite
}

/** The same seeds again with their timelines, as many as still come; a seed that doesn't is given back as it was. */
export const withTimelines = async (
  asked: Asked,
  file: PlayedFile | null,
  shown: ReadonlyArray<SeedResult>,
  interruption: Interruption,
): Promise<ReadonlyArray<SeedResult>> => {
  const again = [...shown]
  let index = 0
  const next = (): Job | null => {
    const result = shown[index]
    if (result === undefined) return null
    // A failure is about some SKU more often than not: that one is worth watching.
    const sku = result.failures.find((failure) => failure.sku !== null)?.sku ?? null
    return { kind: "seed", index: index++, seed: result.seed, worlds: asked.worlds, timeline: { sku }, twice: false }
  }
  const options: FleetOptions = {
    threads: Math.min(asked.cores, shown.length),
    jobMsMax: asked.seedMsMax,
    threadMbMax: seedMbMax,
    file,
    next,
    ended: (job, end) => {
      const before = shown[job.index]
      // What was found stands, a difference between two runs included; only the timeline is new.
      if (end._tag === "Done" && end.done.kind === "seed" && before !== undefined)
        again[job.index] = { ...before, timeline: end.done.result.timeline }
    },
  }
  await runFleet(options, interruption)
  return again
}
