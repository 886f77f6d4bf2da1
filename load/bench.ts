/**
 * `npm run bench`: Holdfast beside what else a shop could ask for a unit, by turns in one run: Postgres in three ways, Redis in two, TigerBeetle, and the floor. Ratios with their spread; what a yes survives
 * and what each leaves out; and after all a count in each one's own store.
 *
 * Ends with 0 if all that could run was measured and none oversold; with 3 if one oversold, or its store contradicts what was heard; with 4 if one failed; with 1 if nothing could be measured; with 2 for wrong
 * usage; with 130 after Ctrl-C, when what there is is told as partial.
 */
import { accessSync, chmodSync, constants, writeFileSync } from "node:fs"
import { type TemporaryFolder, temporaryFolder } from "../src/temporary-folder.ts"
import { type ArmName, armNames } from "./peers/arms.ts"
import { askedFor, rowsOf, wrongIn } from "./peers/compared.ts"
import { Workload } from "./peers/ground.ts"
import { type BenchPlan, type BenchRun, playBench } from "./peers/run.ts"
import { benchPlot, benchText } from "./peers/told.ts"
import { chosenFile } from "./stage/chosen-file.ts"
import { scriptOptions } from "./stage/options.ts"
import { machineLoad, say } from "./stage/show.ts"

const about = `Holdfast beside its peers: each reserves one unit at a time for so many callers, by turns in one run, on servers of its own on this machine.

  npm run bench                                               everything: about a quarter of an hour
  npm run bench -- --workloads hot --in-flight 64,1000        two cells of twelve
  npm run bench -- --only holdfast,redis-everysec,redis-always --skus 10000
  npm run bench -- --json bench.json --plot bench.svg         for programs, and as charts

Read ratios, not numbers: a machine drifts, and its processes share it, clients included. An arm is compared with the Holdfast that promises as much when the power fails; what a yes survives, and what an arm
leaves out, stands above the table. Below each cell stands what holds a decision of Holdfast, and an echo of the floor, back: docs/PERFORMANCE.md. What isn't installed is left out with a word on how to get it: redis-server (Debian: apt-get install redis-server) and tigerbeetle are taken from the PATH.`

const values = scriptOptions(about, {
  only: { fallback: "", help: "only these arms, with commas between", names: armNames },
  workloads: { fallback: Workload.join(","), help: "how asks are spread over SKUs, with commas between", names: Workload },
  "in-flight": { fallback: "1,64,1000,8000", help: "reservations that are asked for at once, with commas between" },
  rounds: { fallback: "2", help: "rounds of each cell, each arm once in each", whole: 1, most: 100 },
  seconds: { fallback: "2", help: "seconds of an arm in a round", whole: 1, most: 600 },
  skus: { fallback: "1000000", help: "SKUs of the uniform workload; the others are about the first of them", whole: 1, most: 4_000_000 },
  partitions: { fallback: "8", help: "partitions of Holdfast and of the floor", whole: 1, most: 64 },
  "redis-server": { fallback: "", help: "a redis-server to run, unless it is on the PATH" },
  tigerbeetle: { fallback: "", help: "TigerBeetle's server, unless TIGERBEETLE names it or it is on the PATH" },
  json: { fallback: "", help: "a file for all figures" },
  plot: { fallback: "", help: "a file for charts, as SVG" },
})

const exit = { ok: 0, nothing: 1, usage: 2, wrong: 3, failed: 4, interrupted: 130 } as const

const wrongUsage = (what: string): never => {
  console.error(`${what}\nsee --help`)
  process.exit(exit.usage)
}

/** More callers than this, and the callers are what is measured; more SKUs than this, and one worker's memory is. */
const inFlightMax = 16_384

const inFlightChosen = (): ReadonlyArray<number> => {
  const counts = values["in-flight"].split(",").map((text) => {
    const count = /^\d{1,9}$/.test(text) ? Number(text) : 0
    return count >= 1 && count <= inFlightMax ? count : wrongUsage(`--in-flight: ${text} is no whole number from 1 to ${inFlightMax}`)
  })
  return [...new Set(counts)].sort((a, b) => a - b)
}

const named = <Name extends string>(text: string, all: ReadonlyArray<Name>): ReadonlyArray<Name> => {
  const wanted = text.split(",")
  return text === "" ? all : all.filter((name) => wanted.includes(name))
}

/** What is named has to be there; what is looked for on the PATH is left out where it isn't. */
const programNamed = (option: "redis-server" | "tigerbeetle"): string => {
  const program = values[option]
  try {
    if (program !== "") accessSync(program, constants.X_OK)
  } catch {
    return wrongUsage(`--${option}: ${program} is no program that can be run`)
  }
  return program
}

const programsChosen = (): Partial<Record<ArmName, string>> => {
  const [redisServer, tigerbeetle] = [programNamed("redis-server"), programNamed("tigerbeetle")]
  return {
    ...(redisServer === "" ? {} : { "redis-everysec": redisServer, "redis-always": redisServer }),
    ...(tigerbeetle === "" ? {} : { tigerbeetle }),
  }
}

const planChosen = (folder: string): BenchPlan => ({
  arms: named(values.only, armNames),
  workloads: named(values.workloads, Workload),
  inFlight: inFlightChosen(),
  rounds: Number(values.rounds),
  seconds: Number(values.seconds),
  skus: Number(values.skus),
  partitions: Number(values.partitions),
  programs: programsChosen(),
  folder,
})

/** Entered by Postgres too, which runs as nobody where this runs as root. */
const enteredByAll = (): TemporaryFolder => {
  const folder = temporaryFolder("holdfast-bench-")
  chmodSync(folder.path, 0o755)
  return folder
}

const codeOf = (run: BenchRun): number => {
  if (run.checked.some(({ checked }) => wrongIn(checked).length > 0)) return exit.wrong
  if (run.isPartial) return exit.interrupted
  if (run.out.some(({ canRunHere }) => canRunHere)) return exit.failed
  return run.measured.length === 0 ? exit.nothing : exit.ok
}

const jsonOf = (plan: BenchPlan, run: BenchRun): string => {
  const { folder: _, ...asked } = plan
  return `${JSON.stringify({ plan: asked, load: machineLoad(), ...run, rows: rowsOf(run, plan.partitions), asked: askedFor(run) }, null, 2)}\n`
}

const files = { json: chosenFile("json", values.json), plot: chosenFile("plot", values.plot) }
const plan = planChosen("")
const folder = enteredByAll()
const stopping = new AbortController()
const interrupt = () => {
  // Whatever runs ends with this process: the second time nobody waits.
  if (stopping.signal.aborted) process.exit(exit.interrupted)
  say("ending: what was measured is told; once more ends it at once")
  stopping.abort()
}
for (const signal of ["SIGINT", "SIGTERM"] as const) process.on(signal, interrupt)

const run = await playBench({ ...plan, folder: folder.path }, say, stopping.signal).finally(folder.remove)
console.log(benchText(plan, run))
console.log(`\nload of this machine in the last minute: ${machineLoad()}`)
if (files.json !== undefined) writeFileSync(files.json, jsonOf(plan, run))
if (files.plot !== undefined) writeFileSync(files.plot, benchPlot(plan, run))
process.exitCode = codeOf(run)
