/**
 * Looks at every file and folder that the arguments name before anything runs: hours of seeds are not lost to a wrong path, and nothing is written for a
 * file that can't be played.
 */
import { readFileSync } from "node:fs"
import { basename } from "node:path"
import type { ImportAsked } from "../../src/workload/import-options.ts"
import { importLines } from "../../src/workload/import-report.ts"
import { readSource } from "../../src/workload/importer.ts"
import { plannedOrders } from "../fleet/compare-on.ts"
import { type PlayedFile, traceOf } from "../fleet/played-file.ts"
import { prepareReportFolder } from "../report/write.ts"
import { trafficOf } from "../trace/traffic.ts"
import type { Asked, FileAsked } from "./arguments.ts"
import { because, UsageError } from "./flags.ts"

/** A file to play, and what there is to say of it before it plays. */
interface Prepared {
  readonly file: PlayedFile | null
  readonly told: ReadonlyArray<string>
}

const ordersOf = (asked: ImportAsked): Prepared => {
  const source = readSource(asked)
  if (source._tag === "Refused") throw new UsageError(source.message)
  const file = { kind: "orders", name: source.orders.name, source } as const
  const plan = plannedOrders(file)
  if (plan._tag === "Refused") throw new UsageError(plan.message)
  return { file, told: importLines(source, plan) }
}

const commandsOf = (path: string, isPlayed: boolean): Prepared => {
  let text: string
  try {
    text = readFileSync(path, "utf8")
  } catch (error) {
    throw new UsageError(`--commands: ${path} can't be read: ${because(error)}`)
  }
  const file = { kind: "commands", name: basename(path), text } as const
  try {
    if (trafficOf(traceOf(file)).flows.length === 0 && isPlayed) throw new Error("there is no command in it that could be played")
  } catch (error) {
    throw new UsageError(`--commands: ${path}: ${because(error)}`)
  }
  return { file, told: [] }
}

const preparedFile = (file: FileAsked | null, isPlayed: boolean): Prepared => {
  if (file === null) return { file: null, told: [] }
  return file.kind === "orders" ? ordersOf(file.asked) : commandsOf(file.path, isPlayed)
}

/** The file to play, if one is named. Throws a UsageError that names the flag where it, or the report's folder, can't be used. */
export const prepared = ({ file, report, seeds }: Asked): Prepared => {
  const played = preparedFile(file, seeds !== null)
  try {
    if (report !== null) prepareReportFolder(report)
  } catch (error) {
    throw new UsageError(`--report: ${because(error)}`)
  }
  return played
}
