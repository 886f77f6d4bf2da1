/** What holds a decision back: the rule, and the figures that it is given, from what processes and their pages say. */
import { describe, expect, it } from "vitest"
import { appendMedianMs, countOf, type WorkerCount, workBetween } from "../../load/end-to-end/worker-page.ts"
import type { ArmName } from "../../load/peers/arms.ts"
import { rowsOf } from "../../load/peers/compared.ts"
import { type CoreTimes, coresBetween, machineTimes, numbersOf } from "../../load/peers/cores.ts"
import type { Workload } from "../../load/peers/ground.ts"
import { HeldBackBy, heldBackBy, heldBackText, type Signs } from "../../load/peers/held-back.ts"
import type { Count } from "../../load/peers/messages.ts"
import type { BenchPlan, BenchRun } from "../../load/peers/run.ts"
import { benchText } from "../../load/peers/told.ts"

/** Nothing is full, and an append is little of a round trip. */
const idle: Signs = { client: 0.2, worker: 0.3, server: 0.2, machine: 0.5, appending: 0.2, appendMs: 0.4, roundTripMs: 2 }

interface Case {
  readonly given: string
  readonly changed: Partial<Signs>
  readonly by: HeldBackBy
}

const cases: ReadonlyArray<Case> = [
  { given: "nothing full and short appends", changed: {}, by: "turns" },
  { given: "a client that has its core all the time", changed: { client: 0.95 }, by: "client" },
  { given: "a worker whose main thread has its core all the time", changed: { worker: 0.9 }, by: "worker" },
  { given: "a client and a worker that are full, the worker more", changed: { client: 0.91, worker: 0.97 }, by: "worker" },
  { given: "a client and a worker that are full, the client more", changed: { client: 0.97, worker: 0.91 }, by: "client" },
  { given: "a server whose threads have a core together", changed: { server: 0.9 }, by: "server" },
  { given: "a server with more than a core, and a full worker", changed: { server: 1.4, worker: 0.92 }, by: "worker" },
  { given: "a worker that is full on a full machine", changed: { worker: 0.92, machine: 1 }, by: "worker" },
  {
    given: "three that share all cores, none with one of its own",
    changed: { client: 0.6, worker: 0.7, server: 0.6, machine: 0.97 },
    by: "machine",
  },
  { given: "a full machine and long appends, which wait for a core too", changed: { machine: 0.95, appendMs: 1.9 }, by: "machine" },
  { given: "cores with time to spare, and an append that is half of the round trip", changed: { appendMs: 1 }, by: "append" },
  { given: "an append that is a little less than half of it", changed: { appendMs: 0.99 }, by: "turns" },
  {
    given: "partitions that always have an append under way, each a third of a round trip",
    changed: { appending: 0.9, appendMs: 0.7 },
    by: "append",
  },
  { given: "a worker that is nearly full", changed: { worker: 0.89 }, by: "turns" },
]

describe("what holds a decision back", () => {
  it.each(cases)("given $given, when it is asked for, then it is $by", ({ changed, by }) => {
    expect(heldBackBy({ ...idle, ...changed })).toBe(by)
  })

  it("is any of a closed list, each told in words of its own", () => {
    expect(new Set(cases.map(({ by }) => by))).toEqual(new Set(HeldBackBy))
    expect(new Set(HeldBackBy.map((by) => heldBackText(by, false))).size).toBe(HeldBackBy.length)
    expect(heldBackText("worker", true)).toBe("echo's core is full")
  })
})

const page = (buckets: ReadonlyArray<number>, more = "") => `# HELP holdfast_append_seconds …
holdfast_append_seconds_bucket{le="0.001",worker="w"} ${buckets[0]}
holdfast_append_seconds_bucket{le="0.002",worker="w"} ${buckets[1]}
holdfast_append_seconds_bucket{le="0.005",worker="w"} ${buckets[2]}
holdfast_append_seconds_bucket{le="+Inf",worker="w"} ${buckets[3]}
holdfast_append_seconds_sum{worker="w"} 0.5
holdfast_batch_commands_sum 640
holdfast_batch_commands_count ${buckets[3]}
holdfast_batch_bytes_sum 3000
holdfast_replies_sent_total{worker="w"} 20
process_cpu_seconds_total 1.5
nodejs_gc_duration_seconds_sum{kind="minor"} 0.002
nodejs_gc_duration_seconds_sum{kind="major"} 0.003
nodejs_eventloop_lag_p99_seconds 0.0125
${more}`

describe("a worker's page", () => {
  it("tells what was done, how long appends took, and how late the loop came beyond the looks at it", () => {
    const read = countOf(
      page(
        [2, 6, 9, 10],
        'holdfast_reply_seconds_sum{kind="sku",sender="web"} 4\nholdfast_reply_seconds_count{kind="sku",sender="web"} 640\n',
      ),
    )
    expect(read).toMatchObject({
      decided: 640,
      batches: 10,
      recordBytes: 3_000,
      appendMs: 500,
      replies: 20,
      cpuMs: 1_500,
      timed: 640,
      timedMs: 4_000,
    })
    expect(read.collectingMs).toBeCloseTo(5)
    expect(read.loopLagMs).toBeCloseTo(2.5)
    expect(read.appends).toEqual([
      { upToMs: 1, count: 2 },
      { upToMs: 2, count: 6 },
      { upToMs: 5, count: 9 },
    ])
  })

  it("has no times of replies where none are told, as of an echo", () =>
    expect(countOf(page([0, 0, 0, 0]))).toMatchObject({ timed: 0, timedMs: 0 }))

  it("read twice, tells the median append of what lies between", () => {
    // Of ten that came between, none took up to 1 ms, eight up to 2 ms, and two longer.
    const between = workBetween(countOf(page([90, 90, 90, 90])), countOf(page([90, 98, 100, 100])))
    expect(between.batches).toBe(10)
    expect(appendMedianMs(between)).toBeCloseTo(1 + 5 / 8)
  })

  it.each<[string, ReadonlyArray<number>, number]>([
    ["is halfway to the first bound where all lie under it", [10, 10, 10, 10], 0.5],
    ["is the last bound where most took longer than any", [0, 0, 1, 10], 5],
  ])("tells a median that %s", (_, buckets, ms) => expect(appendMedianMs(countOf(page(buckets)))).toBeCloseTo(ms))
})

describe("cores", () => {
  const stat = `cpu  0 0 0 0
cpu0 100 10 50 800 40 5 5 20 7 0
cpu1 500 0 0 500 0 0 0 0 0 0
cpu12 1000 0 0 0 0 0 0 0 0 0
intr 1 2 3`

  it("are busy with whatever isn't idle or waiting for a disk, those alone on which this process may run", () => {
    expect(machineTimes(stat, [0])).toEqual({ busyMs: 1_900, allMs: 10_300 })
    expect(machineTimes(stat, [0, 1])).toEqual({ busyMs: 6_900, allMs: 20_300 })
    expect(machineTimes(stat, [7])).toEqual({ busyMs: 0, allMs: 0 })
  })

  it.each([
    ["0-1", [0, 1]],
    ["3", [3]],
    ["0-2,8,10-11", [0, 1, 2, 8, 10, 11]],
  ])("are numbered as the system lists them: %s", (list, numbers) => expect(numbersOf(list)).toEqual(numbers))

  it("had between two moments what the later has more", () => {
    const at = (factor: number): CoreTimes => ({
      elapsedMs: 100 * factor,
      client: { cpuMs: 10 * factor, waitedMs: factor },
      worker: { cpuMs: 20 * factor, waitedMs: 2 * factor },
      serverCpuMs: 30 * factor,
      machineBusyMs: 60 * factor,
      machineMs: 200 * factor,
    })
    expect(coresBetween(at(2), at(5))).toEqual(at(3))
  })
})

const work: WorkerCount = {
  decided: 10_000,
  batches: 100,
  recordBytes: 3_000_000,
  appendMs: 200,
  appends: [
    { upToMs: 2, count: 50 },
    { upToMs: 4, count: 100 },
  ],
  cpuMs: 700,
  replies: 500,
  timed: 10_000,
  timedMs: 50_000,
  collectingMs: 30,
  loopLagMs: 4,
}

const cores: CoreTimes = {
  elapsedMs: 1_000,
  client: { cpuMs: 300, waitedMs: 10 },
  worker: { cpuMs: 950, waitedMs: 20 },
  serverCpuMs: 250,
  machineBusyMs: 1_900,
  machineMs: 2_000,
}

const counted = (changed: Partial<Count> = {}): Count => ({
  decided: 10_000,
  refused: 0,
  elapsedMs: 1_000,
  p50Ms: 8,
  p99Ms: 20,
  worstMs: 30,
  clientCpuMs: 350,
  serverCpuMs: 1_350,
  work,
  cores,
  ...changed,
})

const runOf = (workload: Workload, counts: Partial<Record<ArmName, Count>>): BenchRun => ({
  measured: Object.entries(counts).map(([arm, count]) => ({ arm: arm as ArmName, workload, inFlight: 64, round: 0, count })),
  checked: [],
  out: [],
  isPartial: false,
})

const plan: BenchPlan = {
  arms: ["holdfast", "floor"],
  workloads: ["hot", "uniform"],
  inFlight: [64],
  rounds: 1,
  seconds: 1,
  skus: 10,
  partitions: 4,
  programs: {},
  folder: "",
}

describe("the stages of a cell", () => {
  it("are told for each decision, and as shares of cores", () => {
    const [row] = rowsOf(runOf("hot", { holdfast: counted() }), 4)
    expect(row?.stages).toMatchObject({
      micros: { client: 30, worker: 95, server: 25 },
      cores: { client: 0.3, worker: 0.95, server: 0.25, machine: 0.95, workerWaited: 0.02, heldBackBy: "worker" },
      workerMicros: 70,
      recordCommands: 100,
      replyCommands: 20,
      bytesPerCommand: 300,
      appendMedianMs: 2,
      appendMs: 2,
      // 64 at once, and 10,000 answers in a second.
      restMs: 6.4 - 2,
      mailboxMs: 3,
      loopLagMs: 4,
      collecting: 0.03,
    })
    // Of 1.9 cores, 1.7 are the arm's and its client's.
    expect(row?.stages?.cores?.others).toBeCloseTo(0.1)
  })

  it("count appends of one partition where one SKU is asked for, and of all otherwise", () => {
    const appendingOf = (workload: Workload) => rowsOf(runOf(workload, { holdfast: counted() }), 4)[0]?.stages?.appending
    expect(appendingOf("hot")).toBeCloseTo(0.2)
    expect(appendingOf("uniform")).toBeCloseTo(0.05)
  })

  it("say nothing of cores where the system doesn't tell, and of mailboxes where nobody times them", () => {
    const [row] = rowsOf(runOf("hot", { floor: counted({ cores: null, work: { ...work, timed: 0, timedMs: 0 } }) }), 4)
    expect(row?.stages).toMatchObject({ cores: null, micros: null, mailboxMs: null, recordCommands: 100 })
    expect(benchText(plan, runOf("hot", { floor: counted({ cores: null }) }))).toContain("the system doesn't tell")
  })

  it("say nothing of a mailbox in which a command would have lain longer than its caller waited", () => {
    const [row] = rowsOf(runOf("hot", { holdfast: counted({ work: { ...work, timedMs: 65_000 } }) }), 4)
    expect(row?.stages).toMatchObject({ mailboxMs: null, restMs: 6.4 - 2 })
  })

  it("are nothing of an arm that tells none", () => {
    const run = runOf("hot", { "redis-always": counted({ work: null, cores: null }) })
    expect(rowsOf(run, 4)[0]?.stages).toBeNull()
    expect(benchText(plan, run)).not.toContain("held back")
  })

  it("stand in the table, Holdfast's with how many times the floor's they are", () => {
    const floor = counted({
      p50Ms: 4,
      work: { ...work, cpuMs: 350 },
      cores: { ...cores, worker: { cpuMs: 100, waitedMs: 0 }, machineBusyMs: 900 },
    })
    const lines = benchText(plan, runOf("hot", { holdfast: counted(), floor })).split("\n")
    const lineOf = (begin: RegExp) => lines.find((line) => begin.test(line)) ?? ""
    expect(lineOf(/^ {2}holdfast {2,}worker's core is full/)).toMatch(/ 0\.30 +0\.95 +0\.25 +0\.95 +0\.10 +0\.01 +0\.02$/)
    expect(lineOf(/^ {2}floor {2,}waits for the append/)).toMatch(/ 0\.30 +0\.10 +0\.25 +0\.45 /)
    expect(lineOf(/^ {4}times floor's/)).toMatch(
      /an append: 0\.50 of its round trip +1\.00× +9\.50× +2\.00× +1\.00× +1\.00× +1\.00× +1\.00× +1\.00× +2\.00× +1\.00×$/,
    )
  })
})
