/**
 * Looks at every file and folder that the arguments name before anything runs: hours of seeds are not lost to a wrong path, and nothing is written for a
 * file that can't be played.
 */
import { readFileSync } from "node:fs"
import { basename } from "node:path"
import { plannedOrders } from "../fleet/compare-on.ts"
import { type PlayedFile, traceOf } from "../fleet/played-file.ts"
import { prepareReportFolder } from "../report/write.ts"
import { trafficOf } from "../trace/traffic.ts"
import type { Asked, FileAsked } from "./arguments.ts"
import { because, UsageError } from "./flags.ts"

/** The file, read, and such that it can be played. */
const fileOf = ({ kind, path, dateFormat }: FileAsked, isPlayed: boolean): PlayedFile => {
  let text: string
  try {
    text = readFileSync(path, "utf8")
  } catch (error) {
    throw new UsageError(`--${kind}: ${path} can't be read: ${because(error)}`)
  }
  const name = basename(path)
  if (kind === "orders") {
    const file = { kind, name, text, dateFormat }
    const plan = plannedOrders(file)
    if (typeof plan === "string") throw new UsageError(`--orders: ${path}: ${plan}`)
    return file
  }
  const file = { kind, name, text }
  try {
    if (trafficOf(traceOf(file)).flows.length === 0 && isPlayed) throw new Error("there is no command in it that could be played")
  } catch (error) {
    throw new UsageError(`--commands: ${path}: ${because(error)}`)
  }
  return file
}

/** The file to play, if one is named. Throws a UsageError that names the flag where it, or the report's folder, can't be used. */
export const prepared = ({ file, report, seeds }: Asked): PlayedFile | null => {
  const played = file === null ? null : fileOf(file, seeds !== null)
  try {
    if (report !== null) prepareReportFolder(report)
  } catch (error) {
    throw new UsageError(`--report: ${because(error)}`)
  }
  return played
}
