/**
 * A file whose orders or commands are played instead of the sale that a seed would invent. What its lines mean is said by sim/trace and the importer.
 */
import type { OrderSource } from "../../src/workload/importer.ts"
import { drawOptions, type ProfileName, profiles } from "../profiles.ts"
import type { RunOptions } from "../run.ts"
import { readTrace, type Trace } from "../trace/commands.ts"
import { ordersTraffic } from "../trace/orders.ts"
import { trafficOf } from "../trace/traffic.ts"

/** An order file as the importer read it, with its stock file and options. */
export interface OrderFile {
  readonly kind: "orders"
  readonly name: string
  readonly source: OrderSource
}

/** What `holdfast export` wrote, as it was read. */
export interface CommandFile {
  readonly kind: "commands"
  readonly name: string
  readonly text: string
}

export type PlayedFile = OrderFile | CommandFile

/** A thread reads its one file once, not for every seed. */
const traces = new WeakMap<CommandFile, Trace>()

/** The trace that a file is. Throws a TraceUnreadable that names the line. */
export const traceOf = (file: CommandFile): Trace => {
  const known = traces.get(file)
  if (known !== undefined) return known
  const trace = readTrace(file.text)
  traces.set(file, trace)
  return trace
}

/** The traffic of a file, for a seed of that profile: orders pressed into its window, commands in a window of their own. */
export const playedOf = (seed: string, profile: ProfileName, file: PlayedFile): Pick<RunOptions, "traffic" | "drawn"> => {
  if (file.kind === "commands") {
    const traffic = trafficOf(traceOf(file))
    return { traffic, drawn: { windowMs: traffic.windowMs } }
  }
  const { windowMs } = drawOptions(seed, profiles[profile]).drawn
  const traffic = ordersTraffic(file.source, seed, windowMs)
  if (traffic._tag === "Refused") throw new Error(traffic.message)
  return { traffic }
}
