/**
 * What every show has in common: its options, a line for each thing it holds to be kept or not, and how it ends.
 */
import { loadavg } from "node:os"
import { type Given, type ScriptOption, scriptOptions } from "./options.ts"

export type Chosen<Options extends Readonly<Record<string, ScriptOption>>> = Given<Options, "json">

/** Reads the options of a show. */
export const chosen = <const Options extends Readonly<Record<string, ScriptOption>>>(about: string, options: Options): Chosen<Options> =>
  scriptOptions(about, options, { switches: { json: "print one line of JSON at the end, and no table" } })

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

/** Prints what was found, and ends with code 1, or the one given, if a promise was not kept. */
export const conclude = (json: boolean, shown: Shown, text: string, brokenCode = 1): void => {
  const broken = shown.promises.filter(({ kept }) => !kept)
  if (json) console.log(JSON.stringify({ ...shown, load: machineLoad(), kept: broken.length === 0 }))
  else {
    console.log(text)
    for (const { what, found, kept } of shown.promises) console.log(`${kept ? "kept    " : "NOT KEPT"}  ${what}: ${found}`)
    console.log(`load of this machine in the last minute: ${machineLoad()}`)
  }
  process.exitCode = broken.length === 0 ? 0 : brokenCode
}
