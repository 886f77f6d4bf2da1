/**
 * The files that a suite plays: read and looked at before anything runs, and the commands of a trace decided again before they are played under faults.
 */
import { readFileSync } from "node:fs"
import { basename } from "node:path"
import { plannedOrders } from "../fleet/compare-on.ts"
import type { OrderFile } from "../fleet/job.ts"
import type { Played } from "../fleet/played.ts"
import { counted, plural } from "../report/numbers.ts"
import { readTrace } from "../trace/commands.ts"
import type { TraceReport } from "../trace/replay.ts"
import { trafficOf } from "../trace/traffic.ts"
import { type Asked, UsageError } from "./arguments.ts"
import { type PartOutcome, runJobs } from "./parts.ts"
import type { Interruption } from "./run-suite.ts"
import type { Screen } from "./screen.ts"

/** What was asked for by name, read. Orders are the comparison's where there is one, else the worlds'. */
export interface Files {
  readonly compared: OrderFile | null
  readonly played: Played | null
}

const because = (error: unknown): string => (error instanceof Error ? error.message : String(error))

const textOf = (flag: string, path: string): string => {
  try {
    return readFileSync(path, "utf8")
  } catch (error) {
    throw new UsageError(`--${flag}: ${path} can't be read: ${because(error)}`)
  }
}

const commandsOf = (path: string, isPlayed: boolean): Played => {
  const text = textOf("commands", path)
  try {
    const trace = readTrace(text)
    if (isPlayed && trafficOf(trace).flows.length === 0) throw new Error("there is no command in it that could be played")
  } catch (error) {
    throw new UsageError(`--commands: ${path}: ${because(error)}`)
  }
  return { kind: "commands", name: basename(path), text }
}

/** Reads what was asked for. Throws a UsageError where a file can't be used. */
export const filesOf = ({ orders, commands, compare, seeds }: Asked): Files => {
  if (commands !== null) return { compared: null, played: commandsOf(commands, seeds !== null) }
  if (orders === null) return { compared: null, played: null }
  const { path, dateFormat, stockShare } = orders
  const file = { name: basename(path), text: textOf("orders", path), dateFormat }
  const plan = plannedOrders(file)
  if (typeof plan === "string") throw new UsageError(`--orders: ${path}: ${plan}`)
  return compare ? { compared: file, played: null } : { compared: null, played: { kind: "orders", ...file, stockShare } }
}

export interface DecidedAgain extends PartOutcome {
  readonly report: TraceReport | null
}

const traceText = (report: TraceReport): string => {
  const { records, commands, undecoded, undecidable, differences, first, expectedHash, foundHash, isSame } = report
  const rows = [`  ${plural(commands, "command")} in ${plural(records, "record")} of the trace, decided again at the same times`]
  if (undecoded > 0) rows.push(`  ${counted(undecoded)} of them are not in the trace: what can't be decoded is refused, then and now`)
  if (undecidable > 0)
    rows.push(`  ${counted(undecidable)} of them lie in quarantine because the trace says that they could not be decided`)
  if (first !== null)
    rows.push(
      `  ${plural(differences, "decision")} came out DIFFERENTLY; the first: line ${first.line}, record ${first.record}: ${first.what}`,
      `    the trace says  ${first.expected}`,
      `    it came out as  ${first.found}`,
    )
  rows.push(
    expectedHash === foundHash ? `  state hash ${foundHash}: the same` : `  state hash ${foundHash}: the trace says ${expectedHash}`,
  )
  rows.push(
    isSame
      ? "  the same decisions, the same state"
      : "  NOT THE SAME: another release decides differently, the trace was changed, or deciding isn't deterministic",
  )
  return rows.join("\n")
}

/** Decides the commands of a trace again. */
export const decideAgain = async (asked: Asked, text: string, screen: Screen, interruption: Interruption): Promise<DecidedAgain> => {
  let report: TraceReport | null = null
  let cause: string | null = null
  screen.watch(() => "deciding the commands of the trace again")
  await runJobs(asked, [{ kind: "trace", index: 0, text }], interruption, (_job, end) => {
    if (end._tag === "Lost") cause = end.cause
    else if (end.done.kind === "trace") report = end.done.report
  })
  screen.settle()
  return decidedAgain(report, cause, screen)
}

const decidedAgain = (report: TraceReport | null, cause: string | null, screen: Screen): DecidedAgain => {
  if (cause !== null) screen.say(`\nThe trace was not decided to its end: ${cause}`)
  if (report !== null) screen.say(`\nThe trace:\n${traceText(report)}`)
  return { report, broken: report?.isSame === false, inconclusive: cause !== null }
}
