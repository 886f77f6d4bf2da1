/**
 * The parts of a run beside its seeds: planted defects hunted, the one failing seed made small, the comparison played, exported commands decided again.
 * Each says what came of it when it has ended; none is a part of another. Small worlds, which need more words, have a file of their own.
 */
import type { ComparisonReport } from "../comparison/comparison.ts"
import { comparisonTable } from "../comparison/table.ts"
import type { ComparisonAsked } from "../fleet/compare-on.ts"
import type { FleetOptions } from "../fleet/fleet.ts"
import { type Job, wallNowMs } from "../fleet/job.ts"
import type { PlayedFile } from "../fleet/played-file.ts"
import type { Suite } from "../fleet/suite.ts"
import { mutants } from "../mutants/catalogue.ts"
import type { Hunted } from "../mutants/hunt.ts"
import { huntAll } from "../mutants/hunt-all.ts"
import { counted, duration, plural } from "../report/numbers.ts"
import type { PartLine } from "../result.ts"
import type { ShrinkReport } from "../shrink/shrink.ts"
import type { TraceReport } from "../trace/replay.ts"
import type { Asked } from "./arguments.ts"
import { type Interruption, runFleet } from "./run-suite.ts"
import type { Screen } from "./screen.ts"

/** Milliseconds of this machine, and megabytes, that a small world or the comparison may take: they are finite, and no seed waits for them. */
const partMsMax = 3_600_000
const partMbMax = 8_192

const interruptedText = "the run was interrupted before"

/** Runs jobs that are no seeds; those that end without a result are named with their cause. Rejects if threads die whatever they are given. */
export const runJobs = async (
  asked: Asked,
  file: PlayedFile | null,
  jobs: ReadonlyArray<Job>,
  interruption: Interruption,
  ended: FleetOptions["ended"],
): Promise<void> => {
  const left = [...jobs]
  const threads = Math.min(asked.cores, jobs.length)
  const next = () => left.shift() ?? null
  await runFleet({ threads, jobMsMax: partMsMax, threadMbMax: partMbMax, file, next, ended }, interruption)
}

/** How long it has been since it was made, for people. */
export const stopwatch = (): (() => string) => {
  const startedMs = wallNowMs()
  return () => duration(Math.round(wallNowMs() - startedMs))
}

/** What a part found: whether a promise was broken in it, whether something of it has no verdict, and both in words. */
export interface PartOutcome {
  readonly broken: boolean
  readonly inconclusive: boolean
  readonly told: PartLine
}

/** A part's outcome: a broken promise is told before what is missing. */
export const outcomeOf = (part: PartLine["part"], broken: boolean, inconclusive: boolean, sentence: string): PartOutcome => ({
  broken,
  inconclusive,
  told: { part, verdict: broken ? "broken" : inconclusive ? "incomplete" : "kept", sentence },
})

export interface MutantsDone extends PartOutcome {
  readonly lines: ReadonlyArray<Hunted>
  readonly survived: boolean
}

const huntedText = (line: Hunted): string => {
  const verdict =
    line.seedsToKill === null
      ? `SURVIVED ${plural(line.seedsRun, "seed")}; ${line.marker === 0 ? "its line never ran" : `its line made a difference ${counted(line.marker)} times`}; expected ${line.expected.join(", ")}`
      : `killed by ${line.killedBy} after ${plural(line.seedsToKill, "seed")}; again: npm run sim -- --mutant ${line.name} --seed ${line.seed}`
  const unproven = line.unproven.map(
    ({ seed, checker, detail }) => `\n      THE SHIPPED CODE FAILED TOO, seed ${seed}: ${checker}: ${detail}`,
  )
  return `  ${line.name}: ${verdict}${unproven.join("")}`
}

/** Hunts every planted defect. */
export const huntMutants = async (asked: Asked, screen: Screen, interruption: Interruption): Promise<MutantsDone> => {
  const names = mutants.map(({ name }) => name)
  const lines: Array<Hunted> = []
  const elapsed = stopwatch()
  screen.say(`\nPlanted defects, each hunted until its checker sees it:`)
  screen.watch(() => `${lines.length}/${names.length} planted defects in ${elapsed()}`)
  const onLine = (line: Hunted) => {
    lines.push(line)
    screen.say(huntedText(line))
  }
  const interrupted = new Promise<void>((resolve) => interruption.onInterrupt(resolve))
  try {
    await Promise.race([huntAll({ names, seedBase: "hunt", threads: asked.cores, onLine }), interrupted])
  } finally {
    screen.settle()
  }
  lines.sort((a, b) => names.indexOf(a.name) - names.indexOf(b.name))
  return huntDone(lines, names.length - lines.length, screen)
}

/** `left`: defects that were not hunted to the end, because the run was interrupted. */
const huntDone = (lines: ReadonlyArray<Hunted>, left: number, screen: Screen): MutantsDone => {
  const killed = lines.filter(({ seedsToKill }) => seedsToKill !== null)
  const unproven = lines.filter((line) => line.unproven.length > 0)
  const counts = `${killed.length} of ${lines.length} killed${left > 0 ? `, ${left} not hunted to the end` : ""}`
  screen.say(`  ${counts}`)
  const too = unproven.length === 0 ? "" : `; the shipped code failed too, in the hunt for ${unproven.map(({ name }) => name).join(", ")}`
  return {
    lines,
    survived: killed.length < lines.length,
    ...outcomeOf("Planted defects", unproven.length > 0, left > 0, `${counts}${too}`),
  }
}

/** Runs that shrinking a seed may take. */
const shrinkRunsMax = 3_000

/** Makes the one seed that failed small. Null where nothing failed, or where it ended without a result. */
export const shrinkSeed = async (
  asked: Asked,
  file: PlayedFile | null,
  suite: Suite,
  screen: Screen,
  interruption: Interruption,
): Promise<ShrinkReport | null> => {
  const { seeds, worlds } = asked
  if (seeds?._tag !== "One" || suite.sums.failed === 0) return null
  const { seed } = seeds
  let report: ShrinkReport | null = null
  const elapsed = stopwatch()
  screen.watch(() => `making seed ${seed} small, for ${elapsed()}`)
  await runJobs(asked, file, [{ kind: "shrink", index: 0, seed, worlds, runsMax: shrinkRunsMax }], interruption, (_job, end) => {
    if (end._tag === "Lost") screen.say(`\nNothing came of making it small: ${end.cause}`)
    else if (end.done.kind === "shrink") report = end.done.report
  })
  screen.settle()
  return shrinkSaid(report, screen)
}

const shrinkSaid = (report: ShrinkReport | null, screen: Screen): ShrinkReport | null => {
  if (report === null) return null
  const { shrunk, result, decisionsBefore, decisionsAfter, runs } = report
  const still = result.failures.find(({ checker, signature }) => checker === shrunk.checker && signature === shrunk.signature)
  screen.say(
    [
      `\nMade small: ${plural(decisionsBefore, "decision")} before, ${counted(decisionsAfter)} after, in ${plural(runs, "run")}`,
      `  it still fails: ${still?.class}, ${shrunk.checker}: ${still?.detail}`,
      `  ${duration(result.simulatedMs)}, ${plural(result.commands, "command")}, faults: ${Object.keys(result.faults).join(" ") || "none"}`,
      `  to keep it: ${JSON.stringify(shrunk)}`,
    ].join("\n"),
  )
  return report
}

export interface ComparisonDone extends PartOutcome {
  readonly report: ComparisonReport | null
}

/** Plays the comparison. */
export const compare = async (
  asked: Asked,
  compared: ComparisonAsked,
  file: PlayedFile | null,
  screen: Screen,
  interruption: Interruption,
): Promise<ComparisonDone> => {
  let report: ComparisonReport | null = null
  let cause: string | null = null
  const elapsed = stopwatch()
  screen.watch(() => `the comparison, for ${elapsed()}`)
  await runJobs(asked, file, [{ kind: "comparison", index: 0, asked: compared }], interruption, (_job, end) => {
    if (end._tag === "Lost") cause = end.cause
    else if (end.done.kind === "comparison") report = end.done.report
  })
  screen.settle()
  return comparisonDone(report, cause, screen)
}

const comparisonDone = (report: ComparisonReport | null, cause: string | null, screen: Screen): ComparisonDone => {
  if (report === null) {
    const sentence = `it ended without a result: ${cause ?? interruptedText}`
    screen.say(`\nThe comparison: ${sentence}`)
    return { report, ...outcomeOf("Comparison", false, true, sentence) }
  }
  screen.say(`\nThe comparison:\n${comparisonTable(report)}`)
  const oversoldQty = report.strategies.find(({ name }) => name === "holdfast")?.oversoldQty ?? 0
  const sentence = oversoldQty > 0 ? `Holdfast sold ${plural(oversoldQty, "unit")} twice` : "Holdfast sold no unit twice"
  return { report, ...outcomeOf("Comparison", oversoldQty > 0, false, sentence) }
}

export interface ReplayDone extends PartOutcome {
  readonly report: TraceReport | null
}

const replayText = (report: TraceReport, name: string): string => {
  const { records, commands, undecoded, undecidable, differences, first, expectedHash, foundHash, isSame } = report
  const lines = [
    `\n${name}, decided again: ${plural(records, "record")}, ${plural(commands, "command")} (${counted(undecoded)} could not be decoded, ${counted(undecidable)} not be decided): ${isSame ? "THE SAME" : "DIFFERENT"}`,
    `  state hash ${foundHash}${expectedHash === foundHash ? ", as exported" : `, exported as ${expectedHash}`}`,
  ]
  if (first !== null)
    lines.push(
      `  ${plural(differences, "difference")}; the first in line ${first.line}, record ${first.record}, ${first.what}:`,
      `    exported: ${first.expected}`,
      `    found:    ${first.found}`,
    )
  return lines.join("\n")
}

/** Decides exported commands again: every decision and the hash of the state have to come out as they were exported. */
export const replayCommands = async (asked: Asked, file: PlayedFile, screen: Screen, interruption: Interruption): Promise<ReplayDone> => {
  let report: TraceReport | null = null
  let cause: string | null = null
  const elapsed = stopwatch()
  screen.watch(() => `deciding ${file.name} again, for ${elapsed()}`)
  await runJobs(asked, file, [{ kind: "replay", index: 0 }], interruption, (_job, end) => {
    if (end._tag === "Lost") cause = end.cause
    else if (end.done.kind === "replay") report = end.done.report
  })
  screen.settle()
  return replayDone(report, cause, file.name, screen)
}

const replayDone = (report: TraceReport | null, cause: string | null, name: string, screen: Screen): ReplayDone => {
  if (report === null) {
    const sentence = `${name} was not decided again: ${cause ?? interruptedText}`
    screen.say(`\n${sentence}`)
    return { report, ...outcomeOf("Commands decided again", false, true, sentence) }
  }
  screen.say(replayText(report, name))
  const sentence = `${name}: ${report.isSame ? "the same decisions and the same state" : "decisions, or the state, came out different"}`
  return { report, ...outcomeOf("Commands decided again", !report.isSame, false, sentence) }
}
