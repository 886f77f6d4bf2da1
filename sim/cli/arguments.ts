/**
 * Reads the command line: what is asked for, or the one sentence that says which flag can't be used and what it takes. Nothing is run, read or
 * written here.
 */
import { availableParallelism } from "node:os"
import { parseArgs } from "node:util"
import type { WorldKind } from "../fleet/worlds.ts"
import { mutants } from "../mutants/catalogue.ts"
import { ProfileName } from "../profiles.ts"

/** Which seeds a suite runs. */
export type SeedsAsked =
  | { readonly _tag: "One"; readonly seed: string }
  | { readonly _tag: "Count"; readonly from: number; readonly count: number }
  | { readonly _tag: "Minutes"; readonly from: number; readonly minutes: number }

/** Orders to be played, or exported commands to be decided again and played. */
export interface FileAsked {
  readonly kind: "orders" | "commands"
  readonly path: string
  readonly dateFormat: string | null
}

export interface Asked {
  /** Null: no seeds, only the other parts that were asked for. */
  readonly seeds: SeedsAsked | null
  readonly worlds: WorldKind
  /** Parts beside the seeds: every planted defect hunted, every small world explored, the comparison played. */
  readonly mutants: boolean
  /** Whether the one seed, if it fails, is made small. */
  readonly shrink: boolean
  readonly exhaustive: boolean
  readonly compare: boolean
  /** A file to play, not read yet. */
  readonly file: FileAsked | null
  readonly report: string | null
  readonly json: boolean
  readonly twice: boolean
  /** Threads, and milliseconds of this machine that one seed may take. */
  readonly cores: number
  readonly seedMsMax: number
}

/** The command line can't be used; the message names the flag and says what it takes. */
export class UsageError extends Error {
  override readonly name = "UsageError"
}

const seedsUsual = 100
const seedSecondsUsual = 120
const coresMax = 256

const flags = {
  help: { type: "boolean", short: "h" },
  seed: { type: "string" },
  seeds: { type: "string" },
  minutes: { type: "string" },
  from: { type: "string" },
  profile: { type: "string" },
  shell: { type: "boolean" },
  mutant: { type: "string" },
  mutants: { type: "boolean" },
  shrink: { type: "boolean" },
  exhaustive: { type: "boolean" },
  compare: { type: "boolean" },
  orders: { type: "string" },
  commands: { type: "string" },
  "date-format": { type: "string" },
  report: { type: "string" },
  json: { type: "boolean" },
  twice: { type: "boolean" },
  cores: { type: "string" },
  "seed-limit": { type: "string" },
} as const

type Values = {
  readonly [Name in keyof typeof flags]?: (typeof flags)[Name]["type"] extends "boolean" ? boolean : string
}

/** Pairs that say two things at once, and why. */
const contradictions: ReadonlyArray<readonly [a: keyof typeof flags, b: keyof typeof flags, why: string]> = [
  ["seed", "seeds", "one seed or many"],
  ["seed", "minutes", "one seed or as many as fit"],
  ["seed", "from", "--from says where --seeds or --minutes begin"],
  ["seeds", "minutes", "a number of seeds or a length of time"],
  ["shell", "profile", "the shell has worlds of its own"],
  ["shell", "mutant", "defects are planted in the worlds of profiles"],
  ["mutant", "profile", "a planted defect is hunted in worlds of its own profile"],
  ["shell", "shrink", "only worlds of profiles can be shrunk"],
  ["orders", "commands", "one file is played"],
  ["commands", "compare", "the comparison plays orders"],
  ["shell", "orders", "the shell plays sales of its own"],
  ["shell", "commands", "the shell plays sales of its own"],
  ["mutant", "mutants", "one planted defect or all of them"],
]

/** Flags that only say something about another one. */
const dependencies: ReadonlyArray<readonly [flag: keyof typeof flags, needs: keyof typeof flags]> = [
  ["shrink", "seed"],
  ["date-format", "orders"],
]

/** Flags that ask for seeds, beside a part that needs none. */
const seedFlags = ["seed", "seeds", "minutes", "from", "profile", "shell", "mutant", "twice"] as const

const firstSentence = (message: string): string => message.split(/\n|\. (?=[A-Z])/, 1)[0] ?? message

const parsedOf = (args: ReadonlyArray<string>) => {
  try {
    return parseArgs({ args: [...args], options: flags, strict: true, allowPositionals: false, tokens: true })
  } catch (error) {
    throw new UsageError(firstSentence(error instanceof Error ? error.message : String(error)).replaceAll("'", ""))
  }
}

const valuesOf = (args: ReadonlyArray<string>): Values => {
  const parsed = parsedOf(args)
  const seen = new Set<string>()
  for (const token of parsed.tokens) {
    if (token.kind !== "option") continue
    if (seen.has(token.name)) throw new UsageError(`--${token.name} is given twice`)
    seen.add(token.name)
  }
  const values: Values = parsed.values
  for (const [a, b, why] of contradictions)
    if (values[a] !== undefined && values[b] !== undefined) throw new UsageError(`--${a} and --${b} contradict each other: ${why}`)
  for (const [flag, needs] of dependencies)
    if (values[flag] !== undefined && values[needs] === undefined)
      throw new UsageError(`--${flag} goes with --${needs}, which is not given`)
  return values
}

const wholeOf = (flag: string, text: string, least: number, most: number): number => {
  const value = /^\d{1,16}$/.test(text) ? Number(text) : Number.NaN
  if (!Number.isSafeInteger(value) || value < least || value > most)
    throw new UsageError(`--${flag}: “${text}” is no whole number from ${least} to ${most}`)
  return value
}

const amountOf = (flag: string, text: string, unit: string): number => {
  const value = /^\d{1,9}(\.\d{1,3})?$/.test(text) ? Number(text) : Number.NaN
  if (!(value > 0)) throw new UsageError(`--${flag}: “${text}” is no number of ${unit} above 0, such as 10 or 0.5`)
  return value
}

/** A number, a commit hash, or what a hunt calls its seeds. Numbers are the same seed however they are written. */
const seedOf = (text: string): string => {
  if (/^\d{1,15}$/.test(text)) return String(Number(text))
  if (/^[0-9a-f]{7,64}$/i.test(text)) return text.toLowerCase()
  if (/^[a-z0-9]+(-[a-z0-9]+)*-\d{1,9}$/.test(text)) return text
  throw new UsageError(
    `--seed: “${text}” is neither a whole number of at most 15 digits, nor a commit hash of 7 to 64 hex digits, nor a name that ends in -NUMBER, as --mutants prints them`,
  )
}

const profileOf = (text: string): ProfileName => {
  const found = ProfileName.find((name) => name === text)
  if (found === undefined) throw new UsageError(`--profile: there is no “${text}”; there are ${ProfileName.join(", ")}`)
  return found
}

const worldsOf = ({ profile = "flash-sale", mutant, shell = false }: Values): WorldKind => {
  if (mutant === undefined) return { profile: profileOf(profile), mutant: null, shell }
  const found = mutants.find(({ name }) => name === mutant)
  if (found === undefined)
    throw new UsageError(`--mutant: there is no “${mutant}”; there are ${mutants.map(({ name }) => name).join(", ")}`)
  return { profile: found.profile, mutant, shell }
}

const fileOf = ({ orders, commands, "date-format": dateFormat }: Values): FileAsked | null => {
  const path = orders ?? commands
  const kind = orders === undefined ? "commands" : "orders"
  if (path === "") throw new UsageError(`--${kind} needs the name of a file`)
  return path === undefined ? null : { kind, path, dateFormat: dateFormat ?? null }
}

const seedsOf = ({ seed, seeds, minutes, from }: Values): SeedsAsked => {
  if (seed !== undefined) return { _tag: "One", seed: seedOf(seed) }
  // Room for the suite above its first seed.
  const first = from === undefined ? 1 : wholeOf("from", from, 0, 1e15)
  if (minutes !== undefined) return { _tag: "Minutes", from: first, minutes: amountOf("minutes", minutes, "minutes") }
  return { _tag: "Count", from: first, count: seeds === undefined ? seedsUsual : wholeOf("seeds", seeds, 1, 1e9) }
}

/** What the arguments ask for, or that they ask for help. Throws a UsageError. */
export const readArguments = (args: ReadonlyArray<string>): Asked | "help" => {
  const values = valuesOf(args)
  if (values.help === true) return "help"
  const { report = null, json = false, twice = false, mutants: hunts = false, exhaustive = false, compare = false, cores } = values
  const needsNoSeeds =
    (hunts || exhaustive || compare || values.commands !== undefined) && seedFlags.every((flag) => values[flag] === undefined)
  if (report === "") throw new UsageError("--report needs the name of a folder")
  return {
    seeds: needsNoSeeds ? null : seedsOf(values),
    worlds: worldsOf(values),
    mutants: hunts,
    shrink: values.shrink ?? false,
    exhaustive,
    compare,
    file: fileOf(values),
    report,
    json,
    twice,
    cores: cores === undefined ? Math.min(coresMax, availableParallelism()) : wholeOf("cores", cores, 1, coresMax),
    seedMsMax: 1_000 * amountOf("seed-limit", values["seed-limit"] ?? String(seedSecondsUsual), "seconds"),
  }
}
