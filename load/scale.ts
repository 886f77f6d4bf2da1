/**
 * `npm run scale`: what it costs to share the same work among more workers. The same load is played by turns against one worker's process and against several under one supervisor, each time on a cluster of its own, and the
 * CPU of a decision is compared. On a machine with cores to spare the rate follows the workers; on one with few this figure says what splitting takes away, and the nats-servers' part of a decision what is left to share.
 *
 * Nothing is decided or judged here: `npm run load` plays, and its thresholds are its own. Ends with 0 if every run could be played, with 1 if not, with 2 for wrong usage, with 130 after Ctrl-C.
 */
import { type ChildProcess, spawn } from "node:child_process"
import { fileURLToPath } from "node:url"
import { profileNames, readProfile } from "./play/profile-files.ts"
import { type Played, spentOf } from "./play/verdict.ts"
import { endsWithUs } from "./stage/ends-with-us.ts"
import { scriptOptions } from "./stage/options.ts"
import { say } from "./stage/show.ts"

const options = scriptOptions(
  "The same load against one worker and against several, by turns: CPU of a decision, and times of answers.",
  {
    processes: { fallback: "1,2,4", help: "workers of a cluster, separated by commas; the first is what others are compared to" },
    rounds: { fallback: "3", help: "of all of them by turns", whole: 1 },
    profile: { fallback: "soak", help: `a profile of npm run load: ${profileNames.join(", ")}, or a file` },
    rate: { fallback: "300", help: "shoppers a second", whole: 1 },
    seconds: { fallback: "60", help: "how long each is played", whole: 5 },
    partitions: { fallback: "16", help: "of each kind", whole: 1 },
  },
  { switches: { json: "print the result as JSON" } },
)

const exit = { failed: 1, usage: 2, interrupted: 130 } as const
const processesMax = 64

const wrong = (what: string): never => {
  console.error(`${what}\nsee --help`)
  process.exit(exit.usage)
}

const counts = options.processes.split(",").map((word) => {
  const count = Number(word)
  return Number.isSafeInteger(count) && count >= 1 && count <= processesMax
    ? count
    : wrong(`--processes ${word}: whole numbers from 1 to ${processesMax}, separated by commas`)
})

readProfile(options.profile, wrong)

/** One run: how many processes decided, what a decision took of their CPU, and when half and 99 of 100 were answered. */
interface Run {
  readonly processes: number
  readonly decided: number
  readonly cpuMicros: number
  readonly p50Ms: number
  readonly p99Ms: number
}

const load = fileURLToPath(new URL("./load.ts", import.meta.url))

/** What plays now. */
let playing: ChildProcess | undefined

/** Plays once. The code of `npm run load` says whether thresholds were kept, which is not asked here; what it prints says whether it was played. */
const playWith = async (processes: number): Promise<Run> => {
  const { profile, rate, seconds, partitions } = options
  const settings = ["--rate", rate, "--seconds", seconds, "--partitions", partitions, "--processes", String(processes), "--json"]
  // In its own process group: Ctrl-C reaches this process, which then ends it, once or twice as it is told itself.
  const child = endsWithUs(spawn(process.execPath, [load, profile, ...settings], { stdio: ["ignore", "pipe", "pipe"], detached: true }))
  playing = child
  let [out, err] = ["", ""]
  child.stdout.setEncoding("utf8").on("data", (piece: string) => {
    out += piece
  })
  child.stderr.setEncoding("utf8").on("data", (piece: string) => {
    err = (err + piece).slice(-4_096)
  })
  const code = await new Promise<number | null>((done) => child.once("close", done))
  playing = undefined
  const line = out.split("\n").find((one) => one.startsWith("{"))
  if (line === undefined) throw new Error(`npm run load ended with ${code}: ${err.trim().split("\n").slice(-6).join("\n")}`)
  const played = JSON.parse(line) as Played
  const spent = spentOf(played)
  if (spent === null) throw new Error("the workers told nothing of what they decided")
  const { p50Ms, p99Ms } = played.times.accepted
  return { processes, decided: spent.decided, cpuMicros: spent.cpuMicros, p50Ms, p99Ms }
}

const median = (values: ReadonlyArray<number>): number => values.toSorted((a, b) => a - b)[values.length >> 1] ?? Number.NaN

/** Of each number of processes: the medians, and CPU as a ratio to the first number's run of the same round. */
const summaryOf = (rounds: ReadonlyArray<ReadonlyArray<Run>>) =>
  counts.map((processes, at) => {
    const of = (pick: (run: Run) => number) => rounds.flatMap((runs) => (runs[at] === undefined ? [] : [pick(runs[at])]))
    const ratios = rounds.flatMap((runs) => {
      const [base, run] = [runs[0], runs[at]]
      return base === undefined || run === undefined ? [] : [run.cpuMicros / base.cpuMicros]
    })
    return {
      processes,
      cpuMicros: median(of((run) => run.cpuMicros)),
      cpuRatio: { median: median(ratios), min: Math.min(...ratios), max: Math.max(...ratios) },
      p50Ms: median(of((run) => run.p50Ms)),
      p99Ms: median(of((run) => run.p99Ms)),
      rounds: ratios.length,
    }
  })

const tell = (rounds: ReadonlyArray<ReadonlyArray<Run>>): void => {
  const summary = summaryOf(rounds).filter(({ rounds: played }) => played > 0)
  if (options.json) return console.log(JSON.stringify({ profile: options.profile, rate: Number(options.rate), summary, rounds }))
  console.log("workers   CPU µs/decision   of the first (least to most)   accepted p50 ms   p99 ms   rounds")
  for (const { processes, cpuMicros, cpuRatio, p50Ms, p99Ms, rounds: played } of summary) {
    const ratio = `${cpuRatio.median.toFixed(2)} (${cpuRatio.min.toFixed(2)} to ${cpuRatio.max.toFixed(2)})`
    console.log(
      `${String(processes).padStart(7)}   ${cpuMicros.toFixed(0).padStart(15)}   ${ratio.padStart(28)}   ${p50Ms.toFixed(1).padStart(15)}   ${p99Ms.toFixed(1).padStart(6)}   ${String(played).padStart(6)}`,
    )
  }
}

let isCancelled = false
for (const signal of ["SIGINT", "SIGTERM"] as const)
  process.on(signal, () => {
    // What plays, and its cluster, ends with this process: the second time nobody waits.
    if (isCancelled) process.exit(exit.interrupted)
    say("ending: what was played to its end is told; once more ends it at once")
    isCancelled = true
    playing?.kill(signal)
  })
const played: Array<Array<Run>> = []
try {
  for (let round = 1; round <= Number(options.rounds) && !isCancelled; round++) {
    const runs: Array<Run> = []
    played.push(runs)
    for (const processes of counts) {
      if (isCancelled) break
      const run = await playWith(processes).catch((error: unknown) => {
        if (isCancelled) return null
        throw error
      })
      // What was cut short is no figure.
      if (isCancelled || run === null) break
      runs.push(run)
      say(`round ${round}, ${processes} of ${counts.join(", ")} workers: ${run.cpuMicros.toFixed(0)} µs of CPU a decision`)
    }
  }
  if (isCancelled) console.log("PARTIAL: ended by a signal before it was done.")
  tell(played)
  if (isCancelled) process.exitCode = exit.interrupted
} catch (error) {
  console.error(`could not be played: ${error instanceof Error ? error.message : String(error)}`)
  process.exitCode = exit.failed
}
