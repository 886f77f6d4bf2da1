/**
 * Suites as the simulator might hand them over, invented from a seed: no simulation ran for them. What is in them is plausible, not true.
 */
import { faultFamilies } from "../../../sim/faults/catalogue.ts"
import type {
  Absence,
  Failure,
  FaultInjected,
  Lifeline,
  Points,
  RecordLine,
  Reign,
  SeedResult,
  SuiteReport,
  Timeline,
} from "../../../sim/result.ts"
import { type Prng, prngFromSeed } from "../../../src/workload/prng.ts"

const endMs = 3 * 3_600_000
const healedMs = 2.6 * 3_600_000
export const watchedSku = "SHOE-42<wide>"
const workers = ["worker-1", "worker-2", "worker-3"]
const partitions = [0, 1, 2, 3]
const familyNames: ReadonlyArray<string> = faultFamilies.map(({ name }) => name)

/** Points at rising times, from a value that moves by the answer of `next`. */
const walk = (prng: Prng, start: number, steps: number, next: (value: number, atMs: number) => number): Points => {
  const points: Array<readonly [number, number]> = [[0, start]]
  let value = start
  for (let at = 1; at <= steps; at++) {
    const atMs = Math.round((endMs / steps) * at - prng.below(Math.floor(endMs / steps)))
    const moved = next(value, atMs)
    if (moved !== value) points.push([atMs, moved])
    value = moved
  }
  return points
}

/** What a channel hears of what was published: later, sometimes not at all, and nothing while it is cut off. */
const heardOf = (published: Points, prng: Prng, lagMs: number, offline: readonly [number, number] | null): Points => {
  const heard: Array<readonly [number, number]> = [[0, published[0]?.[1] ?? 0]]
  for (const [atMs, value] of published) {
    const arrivedMs = atMs + Math.round(lagMs * (0.5 + prng.below(100) / 100))
    const [fromMs, toMs] = offline ?? [endMs, endMs]
    const at = arrivedMs >= fromMs && arrivedMs < toMs ? toMs : arrivedMs
    const last = heard.at(-1)
    if (last === undefined || at > last[0]) heard.push([at, value])
  }
  return heard.filter(([atMs]) => atMs < endMs)
}

const reignsOf = (prng: Prng): ReadonlyArray<Reign> =>
  partitions.flatMap((partition) => {
    const reigns: Array<Reign> = []
    let atMs = 0
    let epoch = 1
    while (atMs < endMs) {
      const worker = prng.pick(workers)
      const claimed = atMs + 2_000 + prng.below(20_000)
      const until = Math.min(endMs, claimed + 300_000 + prng.below(2_400_000))
      reigns.push({ worker, partition, role: "claiming", epoch: epoch - 1, fromMs: atMs, toMs: claimed })
      const frozen = Math.min(until, claimed + Math.floor((until - claimed) / 2))
      reigns.push({ worker, partition, role: "serving", epoch, fromMs: claimed, toMs: frozen })
      reigns.push({ worker, partition, role: "frozen", epoch, fromMs: frozen, toMs: Math.min(until, frozen + 60_000) })
      // A zombie serves on a little after another claimed.
      reigns.push({
        worker,
        partition,
        role: "serving",
        epoch,
        fromMs: Math.min(until, frozen + 60_000),
        toMs: Math.min(endMs, until + prng.below(90_000)),
      })
      atMs = until
      epoch += 1
    }
    return reigns
  })

const absencesOf = (prng: Prng): ReadonlyArray<Absence> =>
  workers.flatMap((worker) =>
    Array.from({ length: 5 }, (_, index) => {
      const fromMs = index * 1_800_000 + prng.below(1_200_000)
      return { worker, kind: prng.chance(1, 2) ? "crashed" : "paused", fromMs, toMs: fromMs + 20_000 + prng.below(400_000) } as const
    }),
  )

const faultsOf = (prng: Prng): ReadonlyArray<FaultInjected> =>
  Array.from({ length: 400 }, () => {
    const family = prng.pick(familyNames.slice(0, 22))
    const atMs = prng.below(healedMs)
    const lasts = prng.chance(1, 3)
    return { family, atMs, toMs: lasts ? atMs + prng.below(600_000) : atMs, detail: `${family} on ${prng.pick(workers)}` }
  }).sort((a, b) => a.atMs - b.atMs)

const recordsOf = (prng: Prng, count: number): ReadonlyArray<RecordLine> => {
  const seqs = partitions.map(() => 0)
  const epochs = partitions.map(() => 1)
  return Array.from({ length: count }, (_, index) => {
    const partition = prng.below(partitions.length)
    const seq = (seqs[partition] ?? 0) + 1
    seqs[partition] = seq
    const claim = seq > 1 && prng.chance(1, 60)
    if (claim) epochs[partition] = (epochs[partition] ?? 0) + 1
    const kind = seq === 1 ? "genesis" : claim ? "claim" : prng.chance(1, 12) ? "expiry" : "batch"
    const commands = kind === "batch" ? prng.between(1, 64) : 0
    const atMs = Math.round((endMs / count) * index)
    const owner = `w${prng.between(1, 3)}-${prng.below(65_536).toString(16)}`
    return {
      partition,
      seq,
      atMs,
      kind,
      owner,
      epoch: epochs[partition] ?? 1,
      commands,
      expiries: kind === "expiry" ? 3 : 0,
      bytes: 180 + commands * 240,
    }
  })
}

const lifelinesOf = (prng: Prng, count: number): ReadonlyArray<Lifeline> =>
  Array.from({ length: count }, (_, index) => {
    const sentMs = Math.round((endMs / count) * index) + prng.below(2_000)
    const storedMs = prng.chance(1, 15) ? null : sentMs + 5 + prng.below(40_000)
    const decidedMs = storedMs === null ? null : storedMs + 4 + prng.below(20_000)
    const heardMs = decidedMs === null || prng.chance(1, 12) ? null : decidedMs + 5 + prng.below(60_000)
    return {
      sender: prng.pick(["web", "market", "till-3", "wholesale"]),
      id: `c-${index.toString(36)}`,
      sku: watchedSku,
      type: prng.pick(["Reserve", "Confirm", "Release", "RecordSale"]),
      sentMs,
      sendings: prng.between(1, 4),
      storedMs,
      decidedMs,
      seq: decidedMs === null ? null : index + 1,
      heardMs,
      outcome: heardMs === null ? null : prng.pick(["accepted", "InsufficientStock", "accepted"]),
    }
  })

export const inventedTimeline = (name: string, records: number, lifelines: number): Timeline => {
  const prng = prngFromSeed(name)
  const onHand = walk(prng.stream("hand"), 400, 900, (value, atMs) => {
    if (atMs > 5_400_000 && atMs < 5_413_000) return value + 250
    return Math.max(0, value - (prng.chance(1, 3) ? prng.below(3) : 0))
  })
  const reserved = walk(prng.stream("reserved"), 0, 1_200, (value) => Math.max(0, value + prng.between(-3, 3)))
  const published = (stream: string, start: number): Points =>
    walk(prng.stream(stream), start, 700, (value, atMs) =>
      atMs > 5_400_000 && atMs < 5_416_000 ? value + 200 : Math.max(0, value - prng.below(2)),
    )
  const ats = [
    ["web", published("web", 380), 3_000, null],
    ["marketplace", published("marketplace", 300), 300_000, null],
    ["point of sale", published("till", 390), 20_000, [3_000_000, 7_400_000] as const],
  ] as const
  return {
    endMs,
    healedMs,
    sku: watchedSku,
    onHand,
    reserved,
    ats: ats.map(([channel, said, lagMs, offline]) => ({
      channel,
      published: said,
      heard: heardOf(said, prng.stream(channel), lagMs, offline),
    })),
    reigns: reignsOf(prng.stream("reigns")),
    absences: absencesOf(prng.stream("absences")),
    faults: faultsOf(prng.stream("faults")),
    records: recordsOf(prng.stream("records"), records),
    lifelines: lifelinesOf(prng.stream("lifelines"), lifelines),
  }
}

const noTotals = {
  receivedQty: 650,
  soldQty: 611,
  oversoldQty: 0,
  lost: 0,
  contradicted: 0,
  accepted: 1_804,
  refused: 311,
  repeated: 702,
  expired: 44,
  quarantined: 1,
}

export const inventedSeed = (
  seed: string,
  more: Partial<SeedResult> = {},
  size: { readonly records: number; readonly lifelines: number } = { records: 800, lifelines: 400 },
): SeedResult => ({
  seed,
  profile: "flash-sale",
  mutant: null,
  drawn: { workers: 3, partitions: 4, leaseMs: 4_000, batchCommandsMax: 64, replicas: 3, syncAlways: true, snapshotEveryRecords: 97 },
  families: familyNames.slice(0, 22),
  traceHash: "9f2c64b1d0a7e835",
  simulatedMs: endMs,
  wallMs: 8_912,
  events: 412_331,
  commands: 2_160,
  messages: 3_402,
  records: 800,
  decisions: 5_511,
  faults: { "link-loss": 311, "crash-after-append": 4 },
  sometimes: { "zombie-append-refused": 3 },
  checked: { conservation: 40_112 },
  failures: [],
  excused: {},
  totals: noTotals,
  timeline: inventedTimeline(seed, size.records, size.lifelines),
  ...more,
})

export const inventedFailure = (more: Partial<Failure> = {}): Failure => ({
  class: "safety",
  checker: "conservation",
  signature: "reserved and exposed units of SKU exceed what is on hand",
  detail:
    'SKU SHOE-42<wide> at location "north": after record 41 of partition 2, reserved 12 + exposed 0 <= on hand 11 - damaged 0 - inspection 0 was expected;\nfound 12 > 11. </script><img src=x onerror=alert(1)>',
  atMs: 2_214_871,
  partition: 2,
  seq: 41,
  sku: watchedSku,
  ...more,
})

const guarantees: SuiteReport["guarantees"] = [
  { number: 1, title: "No oversell", checkers: ["conservation", "availability"], checked: 41_233_118, failures: 0 },
  { number: 2, title: "One effect per command id", checkers: ["one-effect", "effects"], checked: 9_311_204, failures: 0 },
  { number: 3, title: "Heard means journaled", checkers: ["replies", "feed"], checked: 7_200_421, failures: 0 },
  { number: 4, title: "One writer", checkers: ["chain", "epochs"], checked: 801_231, failures: 0 },
  { number: 5, title: "The feed converges", checkers: ["feed-converges"], checked: 120_400, failures: 0 },
  { number: 6, title: "State is the fold of the journal", checkers: ["fold", "snapshots"], checked: 98_114, failures: 0 },
  { number: 7, title: "Every command gets one answer", checkers: ["completeness", "answers"], checked: 2_160_000, failures: 0 },
  { number: 8, title: "A reservation ends once", checkers: ["reservations"], checked: 1_004_233, failures: 0 },
  { number: 9, title: "Multi-line orders are all-or-nothing", checkers: [], checked: 0, failures: 0 },
]

const sometimes: SuiteReport["sometimes"] = [
  ["zombie-append-refused", 3_114, "A worker that had lost its reign appended, and the stream refused it."],
  ["two-owners", 2_870, "Two workers believed at the same time that they owned one partition."],
  ["append-unknown-stored", 9_411, "An append timed out and had been stored."],
  ["append-unknown-not-stored", 7_732, "An append timed out and had not been stored."],
  ["retry-duplicate", 1_921, "A retried append was answered as a duplicate."],
  ["last-unit-contested", 402, "Three channels or more asked for the last unit."],
  ["stock-exactly-zero", 12_004, "Stock reached exactly zero, and the next command was refused."],
  ["all-at-once", 1, "Election, zombie, full batch and hot SKU in one second."],
].map(([name, count, what]) => ({
  name: String(name),
  count: Number(count),
  firstSeed: Number(count) === 0 ? null : "17",
  what: String(what),
}))

const mutants: SuiteReport["mutants"] = [
  ["journal-without-expectation", "Appends without the expected sequence.", ["chain", "conservation"], 3, "chain"],
  ["own-epoch-is-mine", "Takes any record of its epoch for its own.", ["effects"], 11, "effects"],
  ["reply-before-append", "Answers before the record is confirmed.", ["replies"], 1, "replies"],
  ["forget-refusals", "Remembers only commands that were accepted.", ["one-effect"], 2, "one-effect"],
  ["local-clock-expiry", "Expires reservations by its own clock.", ["reservations"], 7, "time"],
].map(([name, breaks, expected, seedsToKill, killedBy]) => ({
  name: String(name),
  breaks: String(breaks),
  expected: expected as ReadonlyArray<string>,
  seedsToKill: Number(seedsToKill),
  killedBy: String(killedBy),
  seed: String(seedsToKill),
  budget: 64,
  marker: 40 * Number(seedsToKill),
}))

const line = (name: string, title: string, figures: ReadonlyArray<number>): SuiteReport["comparison"][number] => {
  const [soldQty = 0, oversoldQty = 0, cancelledOrders = 0, lostSalesQty = 0, strandedQty = 0, staleMsMean = 0, staleMsMax = 0] = figures
  return { name, title, soldQty, oversoldQty, cancelledOrders, lostSalesQty, strandedQty, staleMsMean, staleMsMax }
}

const comparison: SuiteReport["comparison"] = [
  line("batch-sync", "Batch sync every 15 minutes", [18_220, 1_341, 1_107, 210, 0, 451_000, 905_000]),
  line("naive-sync", "Real-time sync, with lag", [17_450, 612, 548, 190, 0, 96_000, 310_000]),
  line("row-lock", "Row lock for who asks, listed count for who doesn't", [17_020, 204, 188, 240, 0, 88_000, 301_000]),
  line("holdfast", "Holdfast", [16_940, 0, 0, 311, 42, 84_000, 300_000]),
]

/** A green suite of 1,000 seeds with three of them shown. */
export const greenSuite = (more: Partial<SuiteReport> = {}): SuiteReport => ({
  version: 1,
  commit: "c8b70ee4d2f19a03b6aa41c07f55e0d9d1b2c3f4",
  profile: "flash-sale",
  cores: 2,
  seeds: 1_000,
  failed: 0,
  inconclusive: 0,
  interrupted: false,
  simulatedMs: 1_000 * endMs,
  wallMs: 4_412_000,
  cpuMs: 3_900_000,
  events: 412_331_000,
  commands: 2_160_000,
  records: 801_000,
  faults: Object.fromEntries(familyNames.map((name, index) => [name, Math.ceil(2_400_000 / (index + 1) ** 3)])),
  sometimes,
  checked: { conservation: 41_233_118, replies: 7_200_421, chain: 801_231 },
  excused: { "majority-lost": 12, "commands-tail-lost": 3 },
  guarantees: guarantees.slice(0, 8),
  failures: [],
  mutants,
  comparison,
  parts: [{ part: "Small worlds", verdict: "kept", sentence: "2,130,442 states in 13 of 13 small worlds; no violation" }],
  shown: [inventedSeed("1"), inventedSeed("17"), inventedSeed("402")],
  ...more,
})

/** A suite in which seeds failed, a defect survived and states were missed. */
export const redSuite = (): SuiteReport => {
  const failure = inventedFailure()
  const stall = inventedFailure({
    class: "liveness",
    checker: "answers",
    signature: "a command has no answer",
    seq: 0,
    sku: null,
    atMs: 9_900_000,
    detail: "Command c-7 of web was stored and never answered.",
  })
  const replay = (seed: string): string => `npm run sim -- --seed ${seed} --profile flash-sale`
  return greenSuite({
    failed: 2,
    inconclusive: 1,
    guarantees: guarantees.map((one) => (one.number === 1 || one.number === 7 ? { ...one, failures: 1 } : one)),
    failures: [
      { seed: "402", failure, replay: replay("402") },
      { seed: "733", failure: stall, replay: replay("733") },
    ],
    mutants: [
      ...mutants,
      {
        name: "purge-past-cursor",
        breaks: "Purges commands that were not decided.",
        expected: ["completeness"],
        seedsToKill: null,
        killedBy: null,
        seed: null,
        budget: 64,
        marker: 311,
      },
    ],
    sometimes: [
      ...sometimes,
      { name: "clock-step-in-lease", count: 0, firstSeed: null, what: "A clock stepped back while its worker held a lease." },
    ],
    shown: [inventedSeed("402", { failures: [failure], totals: { ...noTotals, oversoldQty: 1 } }), inventedSeed("1")],
  })
}

/** A call that ended before its first seed did. */
export const emptySuite = (more: Partial<SuiteReport> = {}): SuiteReport => ({
  ...greenSuite(),
  seeds: 0,
  simulatedMs: 0,
  wallMs: 0,
  cpuMs: 0,
  events: 0,
  commands: 0,
  records: 0,
  faults: {},
  sometimes: [],
  checked: {},
  excused: {},
  guarantees: [],
  mutants: [],
  comparison: [],
  parts: [],
  shown: [],
  ...more,
})
