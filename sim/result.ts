/**
 * What came of a seed, and of a suite of seeds, as plain data: what workers of the fleet hand over, the report shows and scripts read.
 *
 * Shapes only. Times called `atMs` are virtual, counted from the beginning of the seed's world; `wallMs` is this machine's.
 */

/** How a seed can fail, each with an exit code of its own (sim/cli). */
export const FailureClass = ["safety", "liveness", "crash", "nondeterminism"] as const
export type FailureClass = (typeof FailureClass)[number]

/** One broken promise. Two failures are the same one if checker and signature are. */
export interface Failure {
  readonly class: FailureClass
  /** The checker that found it: a file of src/audit or of sim/checkers. */
  readonly checker: string
  /** The failure without its numbers and names: what has to stay the same while a seed is shrunk. */
  readonly signature: string
  /** For people: what was expected and what was found. */
  readonly detail: string
  readonly atMs: number
  readonly partition: number
  /** Journal sequence; 0 where it isn't about a record. */
  readonly seq: number
  readonly sku: string | null
}

/** A number over time: it holds from each point on until the next. */
export type Points = ReadonlyArray<readonly [atMs: number, value: number]>

/** A stretch of a worker's life in one partition. */
export interface Reign {
  readonly worker: string
  readonly partition: number
  readonly role: "claiming" | "serving" | "frozen"
  readonly epoch: number
  readonly fromMs: number
  readonly toMs: number
}

/** A stretch in which a worker did nothing: it was dead, or stopped and later went on (a zombie, if its lease ran out meanwhile). */
export interface Absence {
  readonly worker: string
  readonly kind: "crashed" | "paused"
  readonly fromMs: number
  readonly toMs: number
}

/** A fault as it was injected. `toMs` is its end, equal to `atMs` for what has none. */
export interface FaultInjected {
  readonly family: string
  readonly atMs: number
  readonly toMs: number
  readonly detail: string
}

/** One record of a journal. */
export interface RecordLine {
  readonly partition: number
  readonly seq: number
  readonly atMs: number
  readonly kind: string
  readonly owner: string
  readonly epoch: number
  readonly commands: number
  readonly expiries: number
  readonly bytes: number
}

/** One command from its first sending to the answer its sender heard; a time is null for what never came. */
export interface Lifeline {
  readonly sender: string
  readonly id: string
  readonly sku: string
  readonly type: string
  readonly sentMs: number
  readonly sendings: number
  readonly storedMs: number | null
  readonly decidedMs: number | null
  readonly seq: number | null
  readonly heardMs: number | null
  readonly outcome: string | null
}

/** What a seed looked like, for the report: one watched SKU, every worker, every fault. Bounded in length. */
export interface Timeline {
  readonly endMs: number
  /** When all faults but those that stay were ended, and the cluster had to converge. */
  readonly healedMs: number
  readonly sku: string
  readonly onHand: Points
  /** Promised: held, confirmed and owed. */
  readonly reserved: Points
  /** Per channel: what the owner published, and what the channel had heard of it by then. */
  readonly ats: ReadonlyArray<{ readonly channel: string; readonly published: Points; readonly heard: Points }>
  readonly reigns: ReadonlyArray<Reign>
  readonly absences: ReadonlyArray<Absence>
  readonly faults: ReadonlyArray<FaultInjected>
  readonly records: ReadonlyArray<RecordLine>
  readonly lifelines: ReadonlyArray<Lifeline>
}

/** Units, and commands by their answers, from the auditor's totals. */
export interface SeedTotals {
  readonly receivedQty: number
  readonly soldQty: number
  readonly oversoldQty: number
  readonly lost: number
  readonly contradicted: number
  readonly accepted: number
  readonly refused: number
  readonly repeated: number
  readonly expired: number
  readonly quarantined: number
}

export interface SeedResult {
  readonly seed: string
  readonly profile: string
  readonly mutant: string | null
  /** Every option drawn before the first step. */
  readonly drawn: Readonly<Record<string, number | string | boolean>>
  /** Families of faults that were switched on. */
  readonly families: ReadonlyArray<string>
  readonly traceHash: string
  readonly simulatedMs: number
  readonly wallMs: number
  readonly events: number
  /** Commands under an id of their own, command messages as sent (retries and duplicates included), and records. */
  readonly commands: number
  readonly messages: number
  readonly records: number
  /** Choices that were not the harmless one: faults injected and commands sent. What shrinking makes fewer. */
  readonly decisions: number
  readonly faults: Readonly<Record<string, number>>
  readonly sometimes: Readonly<Record<string, number>>
  /** Things each checker looked at. */
  readonly checked: Readonly<Record<string, number>>
  readonly failures: ReadonlyArray<Failure>
  /** Stalls and losses that are no failure, because their cause excuses them; by class. */
  readonly excused: Readonly<Record<string, number>>
  readonly totals: SeedTotals
  /** Only if it was asked for. */
  readonly timeline: Timeline | null
}

/** One planted defect, and how many seeds it took until its checker saw it. */
export interface MutantLine {
  readonly name: string
  readonly breaks: string
  /** The checkers of which one has to see it. */
  readonly expected: ReadonlyArray<string>
  /** Null: it survived the budget. */
  readonly seedsToKill: number | null
  readonly killedBy: string | null
  readonly seed: string | null
  readonly budget: number
  /** How often the bad line ran: a survivor with many is a blind checker, one with none a tame workload. */
  readonly marker: number
}

/** One strategy of the comparison; see sim/comparison. Quantities are units. */
export interface StrategyLine {
  readonly name: string
  readonly title: string
  readonly soldQty: number
  readonly oversoldQty: number
  readonly cancelledOrders: number
  readonly lostSalesQty: number
  readonly strandedQty: number
  readonly staleMsMean: number
  readonly staleMsMax: number
}

/** What a part of the run beside its seeds came to: one sentence, which is a verdict of its own. */
export interface PartLine {
  readonly part: "Small worlds" | "Planted defects" | "Comparison" | "Commands decided again"
  readonly verdict: "kept" | "incomplete" | "broken"
  readonly sentence: string
}

/** A guarantee of docs/INVARIANTS.md, by its number there, and what judged it. */
export interface GuaranteeLine {
  readonly number: number
  readonly title: string
  readonly checkers: ReadonlyArray<string>
  readonly checked: number
  readonly failures: number
}

/** Everything one call of the simulator came to: what `--json` prints and the report shows. */
export interface SuiteReport {
  readonly version: 1
  readonly commit: string
  readonly profile: string
  readonly cores: number
  readonly seeds: number
  readonly failed: number
  /** Seeds that ended without a verdict; never counted as passed. */
  readonly inconclusive: number
  readonly interrupted: boolean
  readonly simulatedMs: number
  readonly wallMs: number
  /** Processor time of all seeds. */
  readonly cpuMs: number
  readonly events: number
  readonly commands: number
  readonly records: number
  readonly faults: Readonly<Record<string, number>>
  readonly sometimes: ReadonlyArray<{
    readonly name: string
    readonly count: number
    readonly firstSeed: string | null
    readonly what: string
  }>
  readonly checked: Readonly<Record<string, number>>
  readonly excused: Readonly<Record<string, number>>
  readonly guarantees: ReadonlyArray<GuaranteeLine>
  readonly failures: ReadonlyArray<{ readonly seed: string; readonly failure: Failure; readonly replay: string }>
  readonly mutants: ReadonlyArray<MutantLine>
  readonly comparison: ReadonlyArray<StrategyLine>
  /** The parts beside the seeds that were asked for, as far as they came. */
  readonly parts: ReadonlyArray<PartLine>
  /** The seeds shown in full: failing ones first. */
  readonly shown: ReadonlyArray<SeedResult>
}
