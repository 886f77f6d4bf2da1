/**
 * `npm run shows [-- --only NAME,…]`: every script of load/ once, with small settings, one after another. Meant for each night: `.ci/run` runs none of them, and what nobody runs rots.
 *
 * Whatever becomes of one, the next is run. Prints a table at the end, and where the logs of those are that did not end well. Ends with code 1 if there are any, with 130 after Ctrl-C.
 * Which scripts there are, and how small, is in shows/list.ts.
 */
import { mkdtempSync, readFileSync, rmdirSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { counted } from "../src/domain/telling.ts"
import { type ShowName, showNames, shows } from "./shows/list.ts"
import { type Ended, run } from "./shows/running.ts"
import { scriptOptions } from "./stage/options.ts"
import { machineLoad, say } from "./stage/show.ts"

const values = scriptOptions(
  "Every script of load/ once, with small settings, one after another.",
  {
    only: { fallback: "", help: "only these, with commas between", names: showNames },
    minutes: { fallback: "15", help: "after which one that has not ended is ended", whole: 1 },
  },
  { switches: { json: "print one line of JSON at the end, and no table" } },
)

interface Row extends Ended {
  readonly name: ShowName
  readonly args: ReadonlyArray<string>
  /** Of the machine at its end: what else runs there may be why it wasn't held to what it promises. */
  readonly load: number
}

/** Lines of a log that are shown where it broke: the last ones, where a script says what it found. */
const linesShown = 12
const interruptedCode = 130

const folder = mkdtempSync(join(tmpdir(), "holdfast-shows-"))
const stopping = new AbortController()
for (const signal of ["SIGINT", "SIGTERM"] as const) process.on(signal, () => stopping.abort())

const play = async (name: ShowName): Promise<Row> => {
  const { args } = shows[name]
  const ended = await run({
    name,
    args,
    folder: join(folder, name.replaceAll(":", "-")),
    patienceMs: Number(values.minutes) * 60_000,
    stop: stopping.signal,
  })
  return { name, args: args("DIR"), load: machineLoad(), ...ended }
}

const lastLines = (log: string): string =>
  readFileSync(log, "utf8")
    .trimEnd()
    .split("\n")
    .slice(-linesShown)
    .map((line) => `          | ${line}`)
    .join("\n")

const tableOf = (rows: ReadonlyArray<Row>): string => {
  const width = Math.max(...rows.map(({ name }) => name.length))
  return rows
    .map(({ name, args, ending, code, seconds, load, log }) => {
      const how = ending === "BROKEN" ? `BROKEN (${code ?? "by a signal"}), see ${log}` : log === null ? ending : `${ending}, see ${log}`
      return `${name.padEnd(width)}  ${String(seconds).padStart(5)} s  load ${load.toFixed(1).padStart(4)}  ${how}${ending === "ok" && args.length > 0 ? `  (${args.join(" ")})` : ""}`
    })
    .join("\n")
}

const wanted = values.only === "" ? showNames : showNames.filter((name) => values.only.split(",").includes(name))
const rows: Array<Row> = []
for (const [place, name] of wanted.entries()) {
  if (stopping.signal.aborted) break
  say(`${place + 1} of ${wanted.length}  ${name}`)
  const row = await play(name)
  rows.push(row)
  say(`    ${row.ending} after ${row.seconds} s${row.log === null ? "" : `:\n${lastLines(row.log)}`}`)
}
const good = rows.filter(({ ending }) => ending === "ok").length
const notRun = wanted.slice(rows.length)
const isOk = good === wanted.length
if (values.json) console.log(JSON.stringify({ shows: rows, notRun, load: machineLoad(), ok: isOk }))
else {
  console.log(tableOf(rows))
  if (notRun.length > 0) console.log(`not run: ${notRun.join(", ")}`)
  const seconds = rows.reduce((sum, row) => sum + row.seconds, 0)
  console.log(
    `${good} of ${counted(wanted.length, "show")} ok, in ${Math.round(seconds / 60)} min; load of this machine in the last minute: ${machineLoad()}`,
  )
}
// Kept where something broke.
if (rows.every(({ log }) => log === null)) rmdirSync(folder)
process.exitCode = stopping.signal.aborted ? interruptedCode : isOk ? 0 : 1
