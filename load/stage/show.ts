/**
 * What every show has in common: its options read from the command line, its --help, a line for each thing it holds to be kept or not, and how it ends.
 */
import { loadavg } from "node:os"
import { parseArgs } from "node:util"

export interface ShowOption {
  readonly fallback: string
  readonly help: string
}

export type Chosen<Options extends Readonly<Record<string, ShowOption>>> = { readonly [Name in keyof Options]: string } & {
  readonly json: boolean
}

/** Reads the options; with --help it prints what they are and ends the process. */
export const chosen = <Options extends Readonly<Record<string, ShowOption>>>(about: string, options: Options): Chosen<Options> => {
  const known: Record<string, { readonly type: "string" | "boolean" }> = { json: { type: "boolean" }, help: { type: "boolean" } }
  for (const name of Object.keys(options)) known[name] = { type: "string" }
  const { values } = parseArgs({ options: known })
  if (values.help === true) {
    const rows = Object.entries(options).map(([name, { fallback, help }]) => `  --${name.padEnd(18)} ${help} (${fallback})`)
    console.log(`${about}\n\n${rows.join("\n")}\n  --${"json".padEnd(18)} print one line of JSON at the end, and no table`)
    process.exit(0)
  }
  const read: Record<string, string | boolean> = { json: values.json === true }
  for (const [name, { fallback }] of Object.entries(options)) {
    const value = values[name]
    read[name] = typeof value === "string" ? value : fallback
  }
  // As many names as there are options, each with its text.
  return read as Chosen<Options>
}

/** One server or three, or both one after another. */
export const serversChosen = (text: string): ReadonlyArray<1 | 3> => {
  const counts = text.split(",").map(Number)
  if (counts.some((count) => count !== 1 && count !== 3)) throw new Error(`--servers ${text}: 1, 3 or 1,3`)
  return counts as ReadonlyArray<1 | 3>
}

/** What is promised, and whether it was kept. */
export interface Promised {
  readonly what: string
  readonly found: string
  readonly kept: boolean
}

export interface Shown {
  readonly promises: ReadonlyArray<Promised>
}

/** Load of the machine in the last minute: all else that runs here has a share of what is measured. */
export const machineLoad = (): number => Number((loadavg()[0] ?? 0).toFixed(1))

const startedMs = performance.now()
/** Says what is happening, beside what is printed at the end. */
export const say = (line: string): void => {
  console.error(`${((performance.now() - startedMs) / 1_000).toFixed(1).padStart(6)} s  ${line}`)
}

/** Prints what was found, and ends with code 1 if a promise was not kept. */
export const conclude = (json: boolean, shown: Shown, text: string): void => {
  const broken = shown.promises.filter(({ kept }) => !kept)
  if (json) console.log(JSON.stringify({ ...shown, load: machineLoad(), kept: broken.length === 0 }))
  else {
    console.log(text)
    for (const { what, found, kept } of shown.promises) console.log(`${kept ? "kept    " : "NOT KEPT"}  ${what}: ${found}`)
    console.log(`load of this machine in the last minute: ${machineLoad()}`)
  }
  process.exitCode = broken.length === 0 ? 0 : 1
}
