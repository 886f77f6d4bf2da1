import { describe, expect, it } from "vitest"
import { differenceOf } from "../../../sim/fleet/difference.ts"
import { Fleet, type JobEnd } from "../../../sim/fleet/fleet.ts"
import type { Job } from "../../../sim/fleet/job.ts"
import { Suite } from "../../../sim/fleet/suite.ts"
import type { Failure, SeedResult } from "../../../sim/result.ts"
import { runSeed } from "../../../sim/run.ts"

const worlds = { profile: "last-unit", mutant: null, shell: false } as const
const jobOf = (seed: string, index: number): Job => ({ kind: "seed", index, seed, worlds, twice: false })
/** A job that throws. */
const nowhere = (index: number): Job => ({ kind: "small-world", index, name: "nowhere", statesMax: null, loosened: null })

/** Runs the jobs over threads; what each came to, in the order of the jobs. */
const fleetOf = async (
  jobs: ReadonlyArray<Job>,
  limits: { readonly jobMsMax?: number; readonly threadMbMax?: number } = {},
): Promise<ReadonlyArray<JobEnd | undefined>> => {
  const ends: Array<JobEnd | undefined> = jobs.map(() => undefined)
  const left = [...jobs]
  const fleet = new Fleet({
    threads: 2,
    jobMsMax: 100_000,
    threadMbMax: 512,
    file: null,
    ...limits,
    next: () => left.shift() ?? null,
    ended: ({ index }, end) => {
      ends[index] = end
    },
  })
  await fleet.run()
  return ends
}

describe("the fleet", () => {
  it("brings every seed to the very result that it has when run by itself", async () => {
    const seeds = ["1", "2", "c8b70ee"]
    const ends = await fleetOf(seeds.map(jobOf))
    for (const [at, seed] of seeds.entries()) {
      const alone = runSeed({ seed, profile: "last-unit", wallNowMs: () => 0 })
      const end = ends[at]
      if (end?._tag !== "Done" || end.done.kind !== "seed") throw new Error(`seed ${seed} has no result`)
      expect(end.done.result.traceHash).toBe(alone.traceHash)
      expect(differenceOf(end.done.result, JSON.parse(JSON.stringify(alone)) as SeedResult)).toBeNull()
    }
  })

  it("ends a job that takes too long, names it, and goes on", async () => {
    const ends = await fleetOf(["1", "2", "3"].map(jobOf), { jobMsMax: 20 })
    for (const end of ends) expect(end).toMatchObject({ _tag: "Lost", cause: expect.stringContaining("its limit is 0.02 s") })
  })

  it("survives a thread that dies, and says what it died of", async () => {
    const [end] = await fleetOf([jobOf("1", 0)], { threadMbMax: 12 })
    expect(end).toMatchObject({ _tag: "Lost", cause: expect.stringMatching(/its thread died: .*memory/) })
  })

  it("names a job that throws by what was thrown", async () => {
    const [end] = await fleetOf([nowhere(0)])
    expect(end).toMatchObject({ _tag: "Lost", cause: expect.stringContaining("there is no small world nowhere") })
  })

  it("gives up where thread after thread dies, whatever it is given", async () => {
    const jobs = Array.from({ length: 40 }, (_, index) => nowhere(index))
    await expect(fleetOf(jobs)).rejects.toThrow(/threads died one after another/)
  })

  it("stopped, ends at once, and hears nothing more of what was under way", async () => {
    const ended: Array<Job> = []
    const fleet = new Fleet({
      threads: 2,
      jobMsMax: 100_000,
      threadMbMax: 512,
      file: null,
      next: () => jobOf("1", 0),
      ended: (job) => ended.push(job),
    })
    const running = fleet.run()
    fleet.stop()
    await running
    expect(ended).toEqual([])
  })
})

describe("two runs of a seed", () => {
  const small = (seed: string) =>
    runSeed({ seed, profile: "last-unit", drawn: { orders: 40, windowMs: 3_000 }, families: new Set(), wallNowMs: () => 0 })

  it("are the same whatever time they took", () => {
    expect(differenceOf(small("1"), { ...small("1"), wallMs: 77 })).toBeNull()
  })

  it("differ where anything they tell does, and it is named", () => {
    expect(differenceOf(small("1"), small("2"))).toMatch(/^seed was "1" the first time and "2" the second/)
    expect(differenceOf(small("1"), { ...small("1"), traceHash: "other" })).toMatch(/^traceHash was/)
    expect(differenceOf(small("1"), { ...small("1"), events: 0 })).toMatch(/^events was/)
  })
})

describe("a suite", () => {
  const failure: Failure = {
    class: "liveness",
    checker: "convergence",
    signature: "never",
    detail: "never came to rest",
    atMs: 1,
    partition: 0,
    seq: 0,
    sku: null,
  }
  const results = Array.from({ length: 8 }, (_, index): SeedResult => {
    const result = runSeed({
      seed: `s${index}`,
      profile: "last-unit",
      drawn: { orders: 30, windowMs: 2_000 },
      families: new Set(),
      wallNowMs: () => 0,
    })
    return { ...result, sometimes: { "sold-out": index, purged: 1 }, failures: index % 3 === 2 ? [failure, failure] : [] }
  })
  const reportOf = (order: ReadonlyArray<number>, profile = "flash-sale") => {
    const suite = new Suite()
    for (const index of order) {
      const result = results[index]
      if (result !== undefined) suite.add(index, result, 1)
    }
    suite.lost(9, "s9", "its thread died")
    return suite.report({ commit: "c", profile, cores: 1, interrupted: false, wallMs: 5, replayOf: (seed) => `again ${seed}` })
  }

  it("comes to the same in whatever order its seeds end", () => {
    const inOrder = reportOf([0, 1, 2, 3, 4, 5, 6, 7])
    expect(reportOf([7, 2, 5, 0, 6, 1, 4, 3])).toEqual(inOrder)
    expect(inOrder).toMatchObject({ seeds: 8, failed: 2, inconclusive: 1 })
    expect(inOrder.failures.map(({ seed, replay }) => [seed, replay])).toEqual([
      ["s2", "again s2"],
      ["s5", "again s5"],
    ])
    expect(inOrder.shown.map(({ seed }) => seed).slice(0, 2)).toEqual(["s2", "s5"])
    expect(inOrder.shown).toHaveLength(3)
  })

  it("lists every rare state that its profile has to reach, and those it reached besides", () => {
    const { sometimes } = reportOf([0, 1, 2])
    expect(sometimes.find(({ name }) => name === "sold-out")).toMatchObject({ count: 3, firstSeed: "s1" })
    expect(sometimes.find(({ name }) => name === "shortage")).toMatchObject({ count: 0, firstSeed: null })
    expect(sometimes.find(({ name }) => name === "purged")).toMatchObject({ count: 3 })
    expect(reportOf([0], "calm").sometimes.map(({ name }) => name)).toEqual(["purged"])
  })

  it("names every checker of a world at a guarantee", () => {
    const named = new Set(reportOf([0]).guarantees.flatMap(({ checkers }) => checkers))
    expect(Object.keys(results[0]?.checked ?? {}).filter((checker) => !named.has(checker))).toEqual([])
  })

  it("charges a failure to the guarantee that its checker stands for", () => {
    const { guarantees } = reportOf([0, 1, 2])
    expect(guarantees.filter(({ failures }) => failures > 0).map(({ number, failures }) => [number, failures])).toEqual([[7, 2]])
  })
})
