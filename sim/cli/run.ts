/**
 * One call of the simulator from the first line to the exit code: what it was asked for is looked at before anything runs, then come the header, the parts,
 * the report.
 */
import type { ComparisonReport } from "../comparison/comparison.ts"
import { wallNowMs } from "../fleet/job.ts"
import type { PlayedFile } from "../fleet/played-file.ts"
import { reachOf, Suite } from "../fleet/suite.ts"
import { drawnOf, suiteNameOf } from "../fleet/worlds.ts"
import { plural } from "../report/numbers.ts"
import { writeReport } from "../report/write.ts"
import type { FailureClass, SuiteReport } from "../result.ts"
import type { ShrinkReport } from "../shrink/shrink.ts"
import type { TraceReport } from "../trace/replay.ts"
import type { Asked } from "./arguments.ts"
import { commitNow } from "./commit.ts"
import { type ExitCode, exitCode, exitCodeOf, exitCodeTexts } from "./exit-codes.ts"
import { because, UsageError } from "./flags.ts"
import {
  type ComparisonDone,
  compare,
  huntMutants,
  type MutantsDone,
  type PartOutcome,
  type ReplayDone,
  replayCommands,
  shrinkSeed,
} from "./parts.ts"
import { prepared } from "./prepared.ts"
import { type Interruption, runSuite, withTimelines } from "./run-suite.ts"
import type { Screen } from "./screen.ts"
import { exploreAll, type SmallWorldLine, type SmallWorldsDone, smallWorldJobs } from "./small-worlds.ts"
import { summaryText } from "./summary.ts"

/** What `--json` prints: the suite's report, and what a report has no place for. */
interface Told extends SuiteReport {
  readonly smallWorlds: ReadonlyArray<SmallWorldLine>
  /** What was compared, and what nobody can have: beside `comparison`, which has the strategies. */
  readonly compared: Omit<ComparisonReport, "strategies"> | null
  readonly withoutVerdict: Suite["lostSeeds"]
  readonly replay: TraceReport | null
  /** What is left of the one seed, if it failed and was made small. */
  readonly shrunk: ShrinkReport["shrunk"] | null
}

/** A word as a shell takes it for one. */
const quoted = (word: string): string => (/^[\w@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", "'\\''")}'`)

/** The command line that runs a seed of this suite again. */
const replayOf =
  ({ worlds: { profile, mutant, shell }, file, twice }: Asked) =>
  (seed: string): string => {
    const played = file === null ? "" : ` ${file.words.map(quoted).join(" ")}`
    const kind = shell ? "--shell" : mutant === null ? `--profile ${profile}` : `--mutant ${mutant}`
    return `npm run sim -- ${kind} --seed ${seed}${played}${twice ? " --twice" : ""}`
  }

const seedsText = ({ seeds, worlds, file, twice }: Asked): string => {
  if (seeds === null) return "no seeds"
  const of = `${suiteNameOf(worlds)}${worlds.mutant === null ? "" : ` with the defect ${worlds.mutant}`}${file === null ? "" : `, playing ${file.path}`}${twice ? ", each twice" : ""}`
  if (seeds._tag === "One") return `seed ${seeds.seed} of ${of}`
  if (seeds._tag === "Count") return `${plural(seeds.count, "seed")} of ${of}, from ${seeds.from} on`
  return `${plural(seeds.minutes, "minute")} of seeds of ${of}, from ${seeds.from} on`
}

/** What is said before the first step: enough to run the same again, whatever happens next. */
const headerText = (asked: Asked, commit: string): string => {
  const { seeds, worlds, cores, seedMsMax } = asked
  const limit = seeds === null ? "" : `, at most ${seedMsMax / 1_000} s a seed`
  const first = `commit ${commit}: ${seedsText(asked)}; ${plural(cores, "core")}${limit}`
  if (seeds?._tag !== "One") return first
  const { drawn, families } = drawnOf(seeds.seed, worlds)
  const options = Object.entries(drawn).map(([name, value]) => `${name}=${value}`)
  return [first, `drawn: ${options.join(" ")}`, `faults: ${families.join(" ") || "none"}`].join("\n")
}

const write = (folder: string, report: SuiteReport, screen: Screen): void => {
  try {
    const { page } = writeReport(folder, report)
    screen.say(`\nreport: ${page}`)
  } catch (error) {
    throw new UsageError(`--report: ${because(error)}`)
  }
}

const runSeeds = async (asked: Asked, file: PlayedFile | null, commit: string, screen: Screen, interruption: Interruption) => {
  const startedMs = wallNowMs()
  const { seeds } = asked
  const suite = seeds === null ? new Suite() : await runSuite({ ...asked, seeds }, file, screen, interruption)
  const bare = suite.report({
    commit,
    profile: suiteNameOf(asked.worlds),
    cores: asked.cores,
    interrupted: interruption.isInterrupted,
    wallMs: wallNowMs() - startedMs,
    replayOf: replayOf(asked),
  })
  if (seeds !== null) screen.say(`\n${summaryText(bare, suite, replayOf(asked))}`)
  return { suite, bare }
}

interface Parts {
  readonly suite: Suite
  readonly smallWorlds: SmallWorldsDone | null
  readonly hunted: MutantsDone | null
  readonly compared: ComparisonDone | null
  readonly replayed: ReplayDone | null
}

const isUnreached = ({ worlds }: Asked, report: SuiteReport): boolean => {
  const { seeds, states } = reachOf(report.profile)
  const missed = new Set(report.sometimes.filter(({ count }) => count === 0).map(({ name }) => name))
  return worlds.mutant === null && report.seeds >= seeds && states.some(({ name }) => missed.has(name))
}

/** The parts that were begun, in the order in which they are run. */
const outcomesOf = ({ smallWorlds, hunted, compared, replayed }: Parts): ReadonlyArray<PartOutcome> =>
  [replayed, smallWorlds, hunted, compared].filter((part) => part !== null)

const codeOf = (asked: Asked, report: SuiteReport, parts: Parts): ExitCode => {
  const { suite, smallWorlds, hunted } = parts
  const outcomes = outcomesOf(parts)
  const classes = new Set<FailureClass>(suite.classes)
  if (outcomes.some(({ broken }) => broken)) classes.add("safety")
  return exitCodeOf({
    interrupted: report.interrupted,
    classes,
    survived:
      hunted?.survived === true ||
      smallWorlds?.survived === true ||
      (asked.worlds.mutant !== null && report.seeds > 0 && report.failed === 0),
    inconclusive: report.inconclusive > 0 || outcomes.some(({ inconclusive }) => inconclusive),
    unreached: isUnreached(asked, report),
  })
}

const comparedOf = (done: ComparisonDone | null): Told["compared"] => {
  if (done === null || done.report === null) return null
  const { strategies: _toldBeside, ...compared } = done.report
  return compared
}

/** Runs what was asked for; the exit code says what came of it. Throws a UsageError where a file or folder can't be used. */
export const run = async (asked: Asked, screen: Screen, interruption: Interruption): Promise<ExitCode> => {
  const jobs = asked.exhaustive === null ? null : smallWorldJobs(asked.exhaustive)
  const { file, told } = prepared(asked)
  if (told.length > 0) screen.say(told.join("\n"))
  if (asked.file?.kind === "orders" && asked.file.asked.dryRun) {
    screen.say("Nothing was played (--dry-run).")
    return exitCode.green
  }
  const commit = commitNow()
  screen.say(headerText(asked, commit))
  const { suite, bare } = await runSeeds(asked, file, commit, screen, interruption)
  const goesOn = () => !interruption.isInterrupted
  const small = asked.shrink && goesOn() ? await shrinkSeed(asked, file, suite, screen, interruption) : null
  const replayed = file?.kind === "commands" && goesOn() ? await replayCommands(asked, file, screen, interruption) : null
  const smallWorlds = jobs !== null && goesOn() ? await exploreAll(asked, jobs, screen, interruption) : null
  const hunted = asked.mutants && goesOn() ? await huntMutants(asked, screen, interruption) : null
  const compared = asked.compare !== null && goesOn() ? await compare(asked, asked.compare, file, screen, interruption) : null
  // A timeline is another run of the seed: nobody who presses Ctrl-C waits for that.
  const shown = asked.report !== null && goesOn() ? await withTimelines(asked, file, bare.shown, interruption) : bare.shown
  const parts: Parts = { suite, smallWorlds, hunted, compared, replayed }
  const report: Told = {
    ...bare,
    interrupted: interruption.isInterrupted,
    mutants: hunted?.lines ?? [],
    comparison: compared?.report?.strategies ?? [],
    compared: comparedOf(compared),
    parts: outcomesOf(parts).map(({ told }) => told),
    // The small one is the one to be looked at.
    shown: small === null ? shown : [small.result, ...shown],
    shrunk: small?.shrunk ?? null,
    replay: replayed?.report ?? null,
    smallWorlds: smallWorlds?.lines ?? [],
    withoutVerdict: suite.lostSeeds,
  }
  // Before anything is written: a disk that is full by now takes nothing of what was found.
  if (asked.json) screen.json(report)
  // An interruption before anything ended leaves an older report as it is.
  const isWorthKeeping = goesOn() || bare.seeds + report.smallWorlds.length + report.mutants.length > 0
  if (asked.report !== null && isWorthKeeping) write(asked.report, report, screen)
  const code = codeOf(asked, report, parts)
  screen.say(`\nexit code ${code}: ${exitCodeTexts.find(([known]) => known === code)?.[1]}`)
  return code
}
