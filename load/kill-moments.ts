/**
 * Runs the demo ten times, with a worker killed at ten different moments, and prints a line for each: whether the moment matters. It
 * should not.
 *
 *   npm run demo:kills -- --orders orders.csv --date-format D/M/YYYY
 *
 * All options but --moments, --kill-at and --json are the demo's. Ends with the worst exit code of the ten.
 */
import { type ChildProcess, spawn, spawnSync } from "node:child_process"
import { fileURLToPath } from "node:url"
import type { Verdict } from "../src/cli/demo/verdict.ts"

const main = fileURLToPath(new URL("../src/main.ts", import.meta.url))
const interruptedCode = 130
const usageCode = 2

let running: ChildProcess | undefined
let interrupted = false

const demo = (args: ReadonlyArray<string>): Promise<{ readonly code: number; readonly text: string }> =>
  new Promise((resolve, reject) => {
    const child = spawn(process.execPath, [main, "demo", "--json", ...args], { stdio: ["ignore", "pipe", "inherit"] })
    running = child
    let text = ""
    child.stdout.setEncoding("utf8").on("data", (chunk: string) => {
      text += chunk
    })
    child.once("error", reject)
    child.once("close", (code) => resolve({ code: code ?? 1, text }))
  })

const seconds = (ms: number): string => `${(ms / 1_000).toFixed(1)} s`

const line = (moment: number, code: number, text: string): string => {
  const at = `killed at ${String(Math.round(moment * 100)).padStart(2)} %`
  if (text === "") return `${at}  no verdict, exit code ${code}`
  const { units, commands, kill, playedMs, ok, tooSlow }: Verdict = JSON.parse(text)
  const who = kill === null ? "nobody was killed" : `${kill.worker} after ${kill.afterFlows} orders`
  const takeover = kill?.takeoverMs == null ? "no take-over" : `taken over after ${seconds(kill.takeoverMs)}`
  const { lost, contradicted, unanswered } = commands
  const ended = ok ? "ok" : tooSlow === null ? "BROKEN" : "TOO SLOW"
  const counts = `oversold ${units.oversoldQty}  lost ${lost}  contradicted ${contradicted}  unanswered ${unanswered}`
  return `${at}  ${who}, ${takeover}  sold ${units.soldQty}  ${counts}  played in ${seconds(playedMs)}  ${ended}`
}

for (const name of ["SIGINT", "SIGTERM"] as const) {
  process.on(name, () => {
    interrupted = true
    running?.kill(name)
  })
}

const given = process.argv.slice(2)

/** How many moments, which is taken out of what the demo is given. */
const momentsGiven = (): number => {
  const at = given.indexOf("--moments")
  if (at < 0) return 10
  const [, text = ""] = given.splice(at, 2)
  if (/^[1-9]\d?$/.test(text)) return Number(text)
  console.error(`--moments: ${text === "" ? "a number is missing" : text}: it has to be a whole number, 1 to 99`)
  process.exit(usageCode)
}

if (given.includes("--help")) {
  console.log(
    "Runs the demo ten times (--moments N: so many), with a worker killed at as many moments. Other options are the demo's, but for --kill-at and --json:\n",
  )
  spawnSync(process.execPath, [main, "demo", "--help"], { stdio: "inherit" })
  process.exit(0)
}

const count = momentsGiven()
let worst = 0
for (let place = 0; place < count; place++) {
  if (interrupted) break
  const moment = (place + 0.5) / count
  const { code, text } = await demo([...given, "--kill-at", String(moment)])
  if (!interrupted) process.stdout.write(`${line(moment, code, text)}\n`)
  worst = Math.max(worst, code)
  // What is wrong with the command line is wrong each time.
  if (code === usageCode) break
}
process.exitCode = interrupted ? interruptedCode : worst
