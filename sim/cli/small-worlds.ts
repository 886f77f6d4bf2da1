/**
 * The small worlds of a run: which of them are explored, under which rules, and what is said of each. Under production's rules none may show a violation;
 * under a loosened rule one has to.
 */
import type { SmallWorldJob } from "../fleet/job.ts"
import { counted, duration, plural } from "../report/numbers.ts"
import { carriedLoosened } from "../small-world/carried/loosened.ts"
import { carriedWorlds } from "../small-world/carried/worlds.ts"
import type { SmallWorldReport } from "../small-world/exploration.ts"
import { loosened } from "../small-world/loosened.ts"
import { smallWorlds } from "../small-world/worlds.ts"
import type { Asked, SmallWorldsAsked } from "./arguments.ts"
import { UsageError } from "./flags.ts"
import { outcomeOf, type PartOutcome, runJobs, stopwatch } from "./parts.ts"
import type { Interruption } from "./run-suite.ts"
import type { Screen } from "./screen.ts"

/** What exploring a small world came to. */
export interface SmallWorldLine extends SmallWorldReport {
  /** The loosened rule that it was explored under; null: all rules as they are shipped. */
  readonly loosened: string | null
  readonly wallMs: number
}

export interface SmallWorldsDone extends PartOutcome {
  readonly lines: ReadonlyArray<SmallWorldLine>
  /** Whether a loosened rule was not found out. */
  readonly survived: boolean
}

/** A job for each small world that is asked for, or for each loosened rule that is shown in one. Throws a UsageError if that is none. */
export const smallWorldJobs = ({ named, statesMax, loosened: isLoosened }: SmallWorldsAsked): ReadonlyArray<SmallWorldJob> => {
  const all = isLoosened
    ? [...loosened, ...carriedLoosened].map(({ name, world }) => ({ name: world, loosened: name }))
    : [...smallWorlds, ...carriedWorlds].map(({ name }) => ({ name, loosened: null }))
  const jobs = all
    .filter(({ name }) => name.includes(named))
    .map((one, index): SmallWorldJob => ({ kind: "small-world", index, statesMax, ...one }))
  if (jobs.length > 0) return jobs
  const known = [...new Set(all.map(({ name }) => `“${name}”`))].join(", ")
  throw new UsageError(
    `--small-world: there is none whose name contains “${named}”${isLoosened ? " with --loosened" : ""}; there are ${known}`,
  )
}

const nameOf = ({ name, loosened: rule }: Pick<SmallWorldJob, "name" | "loosened">): string => (rule === null ? name : `${rule} (${name})`)

const verdictOf = ({ loosened: rule, complete, violations }: SmallWorldLine): string => {
  if (rule !== null && violations.length > 0) return "found out"
  const verdict = violations.length > 0 ? plural(violations.length, "VIOLATION") : rule === null ? "no violation" : "NOT FOUND OUT"
  return `${complete ? "complete" : "NOT COMPLETE"}, ${verdict}`
}

const lineText = (line: SmallWorldLine): string => {
  const { states, transitions, depth, violations, wallMs } = line
  const rate = `${counted(Math.round((states * 1_000) / Math.max(1, wallMs)))} states/s`
  const size = `${plural(states, "state")}, ${plural(transitions, "transition")}, depth ${depth}`
  const first = `  ${nameOf(line)}: ${size}, ${verdictOf(line)}, ${duration(wallMs)} (${rate})`
  const paths = violations.flatMap(({ property, path }) => [
    `    violated: ${property}`,
    ...path.map((move, at) => `      ${at + 1}. ${move}`),
  ])
  return [first, ...paths].join("\n")
}

/** `left`: worlds that have no verdict, because their thread died or the run was interrupted. */
const explored = (lines: ReadonlyArray<SmallWorldLine>, left: number): SmallWorldsDone => {
  const shipped = lines.filter((line) => line.loosened === null)
  const missed = lines.filter((line) => line.loosened !== null && line.violations.length === 0)
  const violated = shipped.flatMap(({ name, violations }) => violations.map(({ property }) => `“${name}” violates ${property}`))
  const givenUp = [...shipped, ...missed].filter(({ complete }) => !complete).length
  const states = lines.reduce((sum, line) => sum + line.states, 0)
  const sentence = [
    `${plural(states, "state")} in ${counted(lines.length)} of ${plural(lines.length + left, "small world")}`,
    ...(shipped.length > 0 && violated.length === 0 ? ["no violation"] : violated),
    ...(missed.length > 0 ? [`not found out: ${missed.map(({ loosened: rule }) => rule).join(", ")}`] : []),
    ...(givenUp > 0 ? [`${givenUp} given up before the end`] : []),
  ].join("; ")
  return {
    lines,
    survived: missed.some(({ complete }) => complete),
    // What was given up before its end may have it beyond.
    ...outcomeOf("Small worlds", violated.length > 0, left + givenUp > 0, sentence),
  }
}

/** Explores the small worlds that are asked for. */
export const exploreAll = async (
  asked: Asked,
  jobs: ReadonlyArray<SmallWorldJob>,
  screen: Screen,
  interruption: Interruption,
): Promise<SmallWorldsDone> => {
  const lines: Array<SmallWorldLine & { readonly index: number }> = []
  const elapsed = stopwatch()
  screen.say(
    `\nSmall worlds, every order of events${asked.exhaustive?.loosened === true ? ", each until a loosened rule is found out" : ""}:`,
  )
  screen.watch(() => `${lines.length}/${plural(jobs.length, "small world")} in ${elapsed()}`)
  await runJobs(asked, null, jobs, interruption, (job, end) => {
    if (job.kind !== "small-world") return
    if (end._tag === "Done" && end.done.kind === "small-world") {
      const line = { ...end.done.report, loosened: job.loosened, wallMs: end.done.wallMs, index: job.index }
      lines.push(line)
      screen.say(lineText(line))
    } else if (end._tag === "Lost") screen.say(`  ${nameOf(job)}: WITHOUT A VERDICT, ${end.cause}`)
  })
  screen.settle()
  const inOrder = lines.sort((a, b) => a.index - b.index).map(({ index: _index, ...line }): SmallWorldLine => line)
  const done = explored(inOrder, jobs.length - lines.length)
  screen.say(`  ${done.told.sentence}`)
  return done
}
