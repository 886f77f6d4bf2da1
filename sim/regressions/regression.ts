/**
 * A regression as it is stored: a small world that shows a defect which the core no longer has. One JSON file each, in worlds/.
 *
 * The world's options are stored in full, so that another range in a profile changes none of them. What still may change it are the draws in the
 * simulator's own code: then it shows nothing any more, and has to be made anew (make.ts).
 */
import { readdirSync, readFileSync, writeFileSync } from "node:fs"
import type { Shrunk } from "../shrink/shrink.ts"

export interface Regression {
  readonly name: string
  /** One sentence each: what was wrong, and what made it right. */
  readonly cause: string
  readonly remedy: string
  /** What found it first. */
  readonly foundBy: string
  /** What the failure says of this world. */
  readonly detail: string
  /** Faults injected and commands sent. */
  readonly decisions: number
  /** What is played, who fails it and how. */
  readonly world: Shrunk
}

const folder = new URL("./worlds/", import.meta.url)

const sentences = ["name", "cause", "remedy", "foundBy", "detail"] as const

const isList = (value: unknown): boolean => Array.isArray(value)

/** What is wrong with a file's content, or undefined. */
const fault = (name: string, value: Partial<Regression>): string | undefined => {
  for (const key of sentences) if (typeof value[key] !== "string" || value[key].trim() === "") return `has no ${key}`
  if (value.name !== name) return `is of ${value.name}`
  if (typeof value.decisions !== "number") return "has no decisions"
  const { world } = value
  if (typeof world !== "object") return "has no world"
  for (const key of ["seed", "profile", "checker", "signature"] as const) if (typeof world[key] !== "string") return `has no world.${key}`
  if (typeof world.untilMs !== "number" || typeof world.drawn !== "object" || !isList(world.families)) return "has no whole world"
  if (!Object.values(world.kept).every(isList)) return "keeps what are no numbers"
  return undefined
}

/** The names of all that are stored. */
export const regressionNames = (): ReadonlyArray<string> =>
  readdirSync(folder)
    .filter((file) => file.endsWith(".json"))
    .map((file) => file.slice(0, -".json".length))
    .sort()

/** The stored regression. Throws where its file is missing or isn't well-formed. */
export const readRegression = (name: string): Regression => {
  const value = JSON.parse(readFileSync(new URL(`${name}.json`, folder), "utf8")) as Regression
  const wrong = fault(name, value)
  if (wrong !== undefined) throw new Error(`regression ${name} ${wrong}`)
  // A world that was stored before there were orders has none, whatever its seed would draw.
  return { ...value, world: { ...value.world, drawn: { orderPartitions: 0, ...value.world.drawn } } }
}

/** Stores a regression in place of the one of its name. */
export const writeRegression = (regression: Regression): void => {
  // Lists of numbers stand on one line: a reader wants to see the options, not to scroll.
  const text = JSON.stringify(regression, null, 2).replace(
    /\[\s+([^[\]{}]*?)\s+\]/g,
    (_, inner: string) => `[${inner.replace(/\s+/g, " ")}]`,
  )
  writeFileSync(new URL(`${regression.name}.json`, folder), `${text}\n`)
}
