/**
 * Runs the demo ten times, with a worker killed at ten different moments, and prints a line for each: whether the moment matters. It
 * should not.
 *
 *   npm run demo:kills -- --orders orders.csv --date-format D/M/YYYY
 *
 * All options but --kill-at and --json are the demo's. Ends with the worst exit code of the ten.
 */
import { type ChildProcess, spawn, spawnSync } from "node:child_process"
import { fileURLToPath } from "node:url"
import type { Verdict } from "../src/cli/demo/verdict.ts"

const main = fileURLToPath(new URL("../src/main.ts", import.meta.url))
const moments = Array.from({ length: 10 }, (_, place) => (place + 0.5) / 10)
const interruptedCode = 130

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

if (process.argv.includes("--help")) {
  console.log("Runs the demo ten times, with a worker killed at ten moments. Options are the demo's, but for --kill-at and --json:\n")
  spawnSync(process.execPath, [main, "demo", "--help"], { stdio: "inherit" })
  process.exit(0)
}

let worst = 0
for (const moment of moments) {
  if (interrupted) break
  const { code, text } = await demo([...process.argv.slice(2), "--kill-at", String(moment)])
  if (!interrupted) process.stdout.write(`${line(moment, code, text)}\n`)
  worst = Math.max(worst, code)
  // What is wrong with the command line is wrong ten times.
  if (code === 2) break
}
process.exitCode = interrupted ? interruptedCode : worst
