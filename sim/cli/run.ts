/**
 * One call of the simulator from the first line to the exit code: header, seeds, report, summary.
 */
import { wallNowMs } from "../fleet/job.ts"
import { reachOf, Suite } from "../fleet/suite.ts"
import { drawOptions, profiles } from "../profiles.ts"
import { prepareReportFolder, writeReport } from "../report/write.ts"
import type { SuiteReport } from "../result.ts"
import { type Asked, UsageError } from "./arguments.ts"
import { commitNow } from "./commit.ts"
import { type ExitCode, exitCodeOf } from "./exit-codes.ts"
import { type Interruption, runSuite, withTimelines } from "./run-suite.ts"
import type { Screen } from "./screen.ts"
import { summaryText } from "./summary.ts"

const because = (error: unknown): string => (error instanceof Error ? error.message : String(error))

/** The command line that runs a seed of this suite again. */
const replayOf =
  ({ profile }: Asked) =>
  (seed: string): string =>
    `npm run sim -- --profile ${profile} --seed ${seed}`

const seedsText = ({ seeds, profile }: Asked): string => {
  if (seeds === null) return ""
  if (seeds._tag === "One") return `seed ${seeds.seed} of ${profile}`
  if (seeds._tag === "Count") return `${seeds.count} seeds of ${profile}, from ${seeds.from} on`
  return `${seeds.minutes} minutes of seeds of ${profile}, from ${seeds.from} on`
}

/** What is said before the first step: enough to run the same again, whatever happens next. */
const headerText = (asked: Asked, commit: string): string => {
  const limit = `${asked.cores === 1 ? "1 core" : `${asked.cores} cores`}, at most ${asked.seedMsMax / 1_000} s a seed`
  const first = `commit ${commit}: ${seedsText(asked)}${asked.twice ? ", each twice" : ""}; ${limit}`
  if (asked.seeds?._tag !== "One") return first
  const { drawn, families } = drawOptions(asked.seeds.seed, profiles[asked.profile])
  const options = Object.entries(drawn).map(([name, value]) => `${name}=${value}`)
  return [first, `drawn: ${options.join(" ")}`, `faults: ${[...families].join(" ") || "none"}`].join("\n")
}

const isUnreached = (asked: Asked, report: SuiteReport): boolean => {
  const { seeds, states } = reachOf(asked.profile)
  const missed = new Set(report.sometimes.filter(({ count }) => count === 0).map(({ name }) => name))
  return report.seeds >= seeds && states.some(({ name }) => missed.has(name))
}

/** Writes the report; one that can't be written although its folder could at first is said, and is a usage error. */
const write = (folder: string, report: SuiteReport, screen: Screen): void => {
  try {
    const { page } = writeReport(folder, report)
    screen.say(`\nreport: ${page}`)
  } catch (error) {
    throw new UsageError(`--report: ${because(error)}`)
  }
}

/** Runs what was asked for; the exit code says what came of it. Throws a UsageError where a folder can't be written. */
export const run = async (asked: Asked, screen: Screen, interruption: Interruption): Promise<ExitCode> => {
  const startedMs = wallNowMs()
  if (asked.report !== null) {
    try {
      prepareReportFolder(asked.report)
    } catch (error) {
      throw new UsageError(`--report: ${because(error)}`)
    }
  }
  const commit = commitNow()
  const { seeds } = asked
  screen.say(headerText(asked, commit))
  const suite = seeds === null ? new Suite() : await runSuite({ ...asked, seeds }, screen, interruption)
  const bare = suite.report({
    commit,
    profile: asked.profile,
    cores: asked.cores,
    interrupted: interruption.isInterrupted,
    wallMs: wallNowMs() - startedMs,
    replayOf: replayOf(asked),
  })
  screen.say(`\n${summaryText(bare, suite, replayOf(asked))}`)
  const isShown = asked.report !== null && !bare.interrupted
  const report: SuiteReport = { ...bare, shown: isShown ? await withTimelines(asked, bare.shown, interruption) : bare.shown }
  if (asked.report !== null) write(asked.report, report, screen)
  if (asked.json) screen.json(report)
  return exitCodeOf({
    interrupted: interruption.isInterrupted,
    classes: suite.classes,
    survived: false,
    inconclusive: report.inconclusive > 0,
    unreached: isUnreached(asked, report),
  })
}
