/**
 * `npm run growth`: what becomes of throughput, memory, recovery and the wait for another owner as SKUs, open holds, remembered decisions, the journal and partitions grow. Each a series beside the empty system, by
 * turns in one run; ratios, for machines drift.
 *
 * Ends with 0 if all was measured, with 4 if a point failed, with 1 if nothing could be measured, with 2 for wrong usage, with 130 after Ctrl-C, when what there is is told as partial.
 */
import { writeFileSync } from "node:fs"
import { Axis, axes, placesOf, Where } from "./growth/axes.ts"
import { type GrowthPlan, playGrowth } from "./growth/run.ts"
import { askedOf, growthMarkdown, growthPlot, growthText } from "./growth/told.ts"
import { chosenFile } from "./stage/chosen-file.ts"
import { scriptOptions } from "./stage/options.ts"
import { machineLoad, say } from "./stage/show.ts"

const about = `What becomes of throughput, memory, recovery and the wait for another owner as a system grows, one thing at a time, beside the empty one.

  npm run growth                                        everything: half an hour to an hour on two cores
  npm run growth -- --only skus --where engine          SKUs alone, in one process without a broker: some minutes
  npm run growth -- --most 10000 --kills 1              a small look at all of it
  npm run growth -- --json growth.json --plot growth.svg

engine: one partition in one process, whose every append is stored at once: CPU of its thread for each command, its longest step, what it holds, what replaying its journal takes. A broker would only be slow there.
broker: a nats-server and two workers: decisions a second at 1,000 in flight, a worker's memory, its start beside merely reading the same streams, and how long a channel waits when an owner is killed.`

const values = scriptOptions(
  about,
  {
    only: { fallback: "", help: "only what grows so, with commas between", names: Axis },
    where: { fallback: Where.join(","), help: "where it is measured, with commas between", names: Where },
    most: { fallback: "1000000", help: "how far SKUs, holds, decisions and journals grow", whole: 1 },
    partitions: { fallback: "64", help: "how far partitions grow", whole: 1 },
    rounds: { fallback: "3", help: "rounds of each point, the empty system beside it in each", whole: 1 },
    seconds: { fallback: "3", help: "seconds over a broker, of each in a round", whole: 1 },
    kills: { fallback: "3", help: "owners that are killed at each point; 0: none", whole: 0 },
    json: { fallback: "", help: "a file for all figures" },
    plot: { fallback: "", help: "a file for charts, as SVG" },
  },
  { switches: { markdown: "print tables as Markdown, for a document" } },
)

const exit = { ok: 0, nothing: 1, usage: 2, failed: 4, interrupted: 130 } as const

const named = <Name extends string>(text: string, all: ReadonlyArray<Name>): ReadonlyArray<Name> =>
  text === "" ? all : all.filter((name) => text.split(",").includes(name))

const wrong = (what: string): never => {
  console.error(`${what}\nsee --help`)
  process.exit(exit.usage)
}

const plan: GrowthPlan = {
  axes: named(values.only, Axis),
  where: named(values.where, Where),
  most: Number(values.most),
  partitionsMost: Number(values.partitions),
  rounds: Number(values.rounds),
  seconds: Number(values.seconds),
  kills: Number(values.kills),
}
// An axis that isn't measured in any of those places would be passed over without a word.
for (const axis of plan.axes)
  if (values.only !== "" && !placesOf(axis).some((where) => plan.where.includes(where)))
    wrong(`--only ${axis} --where ${plan.where.join(",")}: ${axes[axis].title} are measured with --where ${placesOf(axis).join(",")} alone`)
const files = { json: chosenFile("json", values.json), plot: chosenFile("plot", values.plot) }
const stopping = new AbortController()
const interrupt = () => {
  // Whatever runs ends with this process: the second time nobody waits.
  if (stopping.signal.aborted) process.exit(exit.interrupted)
  say("ending after this point: what was measured is told; once more ends it at once")
  stopping.abort()
}
for (const signal of ["SIGINT", "SIGTERM"] as const) process.on(signal, interrupt)
// Systems of a million need more than Node gives a worker unless told.
process.env.NODE_OPTIONS = "--max-old-space-size-percentage=30"

const run = await playGrowth(plan, { say, stop: stopping.signal })
console.log(values.markdown ? growthMarkdown(run) : growthText(run))
console.log(`\nload of this machine in the last minute: ${machineLoad()}`)
if (files.json !== undefined)
  writeFileSync(files.json, `${JSON.stringify({ plan, load: machineLoad(), ...run, asked: askedOf(run) }, null, 2)}\n`)
if (files.plot !== undefined) writeFileSync(files.plot, growthPlot(run))
const measured = run.series.some(({ engine, broker }) => engine.length + broker.length > 0)
process.exitCode = run.isPartial ? exit.interrupted : run.failed.length > 0 ? exit.failed : measured ? exit.ok : exit.nothing
