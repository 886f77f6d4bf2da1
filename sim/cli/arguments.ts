/**
 * Reads the command line: what is asked for, or the one sentence that says which flag can't be used and what it takes. Nothing is run, read or
 * written here.
 */
import { availableParallelism } from "node:os"
import { channelsPerPolicyMax } from "../../src/limits.ts"
import { type ImportAsked, type ImportFlagName, type ImportGiven, importAsked, importFlags } from "../../src/workload/import-options.ts"
import { type Share, shareFromText } from "../../src/workload/stock-levels.ts"
import { type ComparedChannel, usualChannels } from "../comparison/strategy.ts"
import type { ComparisonAsked } from "../fleet/compare-on.ts"
import type { WorldKind } from "../fleet/worlds.ts"
import { mutants } from "../mutants/catalogue.ts"
import { ProfileName } from "../profiles.ts"
import { type FlagName, flags, UsageError, type Values, valuesOf } from "./flags.ts"

/** Which seeds a suite runs. */
export type SeedsAsked =
  | { readonly _tag: "One"; readonly seed: string }
  | { readonly _tag: "Count"; readonly from: number; readonly count: number }
  | { readonly _tag: "Minutes"; readonly from: number; readonly minutes: number }

/** Orders to be played, or exported commands to be decided again and played; `words` are the flags that say so. */
export type FileAsked =
  | { readonly kind: "orders"; readonly path: string; readonly asked: ImportAsked; readonly words: ReadonlyArray<string> }
  | { readonly kind: "commands"; readonly path: string; readonly words: ReadonlyArray<string> }

/** Which small worlds are explored, and how far. */
export interface SmallWorldsAsked {
  /** A part of their names; "" is a part of all. */
  readonly named: string
  /** Distinct states after which a world is given up; null: each has a bound of its own. */
  readonly statesMax: number | null
  /** Whether it is shown instead that loosened rules are found out in them. */
  readonly loosened: boolean
}

/** What one call is to do. */
export interface Asked {
  /** Null: no seeds, only the other parts that were asked for. */
  readonly seeds: SeedsAsked | null
  readonly worlds: WorldKind
  /** Whether the one seed, if it fails, is made small. */
  readonly shrink: boolean
  /** Parts beside the seeds: every planted defect hunted, small worlds explored, the comparison played. */
  readonly mutants: boolean
  readonly exhaustive: SmallWorldsAsked | null
  readonly compare: ComparisonAsked | null
  /** A file to play, not read yet. */
  readonly file: FileAsked | null
  readonly report: string | null
  readonly json: boolean
  readonly twice: boolean
  /** Threads, and milliseconds of this machine that one seed may take. */
  readonly cores: number
  readonly seedMsMax: number
}

const coresMax = 256
/** A timer of this machine can't wait longer, which is 24 days. */
const secondsMax = 2_147_483
const minuteMs = 60_000
const lagMsMax = 24 * 60 * minuteMs

/** Flags that ask for seeds, beside a part that needs none. */
const seedFlags: ReadonlyArray<FlagName> = ["seed", "seeds", "minutes", "from", "profile", "shell", "mutant", "twice"]

const wholeOf = (flag: FlagName, text: string, least: number, most: number): number => {
  const value = /^\d{1,16}$/.test(text) ? Number(text) : Number.NaN
  if (!Number.isSafeInteger(value) || value < least || value > most)
    throw new UsageError(`--${flag}: “${text}” is no whole number from ${least} to ${most}`)
  return value
}

const amountOf = (flag: FlagName, text: string, unit: string, most: number): number => {
  const value = /^\d{1,9}(\.\d{1,3})?$/.test(text) ? Number(text) : Number.NaN
  if (value > 0 && value <= most) return value
  throw new UsageError(`--${flag}: “${text}” is no number of ${unit} above 0 and up to ${most}, such as 10 or 0.5`)
}

/** A number, a commit hash, or what a hunt calls its seeds. Numbers are the same seed however they are written. */
const seedOf = (flag: FlagName, text: string): string => {
  if (/^\d{1,15}$/.test(text)) return String(Number(text))
  if (/^[0-9a-f]{7,64}$/i.test(text)) return text.toLowerCase()
  if (/^[a-z0-9]+(-[a-z0-9]+)*-\d{1,9}$/.test(text)) return text
  throw new UsageError(
    `--${flag}: “${text}” is neither a whole number of at most 15 digits, nor a commit hash of 7 to 64 hex digits, nor a name that ends in -NUMBER, as --mutants prints them`,
  )
}

const profileOf = (text: string): ProfileName => {
  const found = ProfileName.find((name) => name === text)
  if (found === undefined) throw new UsageError(`--profile: there is no “${text}”; there are ${ProfileName.join(", ")}`)
  return found
}

const worldsOf = ({ profile = flags.profile.usual, mutant, shell = false }: Values): WorldKind => {
  if (mutant === undefined) return { profile: profileOf(profile), mutant: null, shell }
  const found = mutants.find(({ name }) => name === mutant)
  if (found === undefined)
    throw new UsageError(`--mutant: there is no “${mutant}”; there are ${mutants.map(({ name }) => name).join(", ")}`)
  return { profile: found.profile, mutant, shell }
}

const importNames = Object.keys(importFlags) as ReadonlyArray<ImportFlagName>

/** The importer's options as they were given. */
const importGiven = (values: Values): ImportGiven => {
  const given = importNames.map((name) => [name, values[name] ?? (importFlags[name].type === "boolean" ? false : null)])
  return Object.fromEntries(given)
}

const importWords = (values: Values): ReadonlyArray<string> =>
  importNames.flatMap((name) => {
    const value = values[name]
    if (value === undefined || value === false) return []
    return value === true ? [`--${name}`] : [`--${name}`, value]
  })

const fileOf = (values: Values): FileAsked | null => {
  const { orders, commands } = values
  if (commands === "") throw new UsageError("--commands needs the name of a file")
  if (commands !== undefined) return { kind: "commands", path: commands, words: ["--commands", commands] }
  if (orders === undefined) return null
  const { asked, problems } = importAsked(importGiven(values))
  if (asked === null || problems.length > 0) throw new UsageError(problems.join("\n"))
  return { kind: "orders", path: asked.path, asked, words: importWords(values) }
}

const seedsOf = ({ seed, seeds, minutes, from }: Values): SeedsAsked => {
  if (seed !== undefined) return { _tag: "One", seed: seedOf("seed", seed) }
  // Room for the suite above its first seed.
  const first = wholeOf("from", from ?? flags.from.usual, 0, 1e15)
  if (minutes !== undefined) return { _tag: "Minutes", from: first, minutes: amountOf("minutes", minutes, "minutes", 1e9) }
  return { _tag: "Count", from: first, count: wholeOf("seeds", seeds ?? flags.seeds.usual, 1, 1e9) }
}

const shareOf = (text: string): Share => {
  const share = shareFromText(text)
  if (share === undefined) throw new UsageError(`--stock-share: “${text}” is no share such as 0.6, 60% or 3/5`)
  return share
}

/** What is there before the first order, of what is ordered in all. */
const usualShare = "0.6"

const channelOf = (text: string): ComparedChannel => {
  const [, name, how, lagMs, weight] = /^([a-z0-9][a-z0-9_-]{0,31}):(asks|listed):(\d{1,8}):(\d{1,6})$/.exec(text) ?? []
  if (name === undefined) throw new UsageError(`--channel: “${text}” is neither NAME:asks:LAG_MS:WEIGHT nor NAME:listed:LAG_MS:WEIGHT`)
  if (Number(lagMs) > lagMsMax) throw new UsageError(`--channel: “${text}” has a lag of more than a day (${lagMsMax})`)
  return { name, asks: how === "asks", lagMs: Number(lagMs), weight: Number(weight) }
}

const channelsOf = (texts: ReadonlyArray<string> | undefined): ReadonlyArray<ComparedChannel> => {
  if (texts === undefined) return usualChannels
  const channels = texts.map(channelOf)
  if (new Set(channels.map(({ name }) => name)).size < channels.length) throw new UsageError("--channel: each needs a name of its own")
  if (channels.length > channelsPerPolicyMax)
    throw new UsageError(`--channel: ${channels.length} channels are given, ${channelsPerPolicyMax} may sell a SKU`)
  if (channels.every(({ weight }) => weight === 0)) throw new UsageError("--channel: at least one needs a weight above 0")
  return channels
}

const comparisonOf = (values: Values): ComparisonAsked => ({
  orders: wholeOf("orders-count", values["orders-count"] ?? flags["orders-count"].usual, 1, 1e6),
  skus: wholeOf("skus", values.skus ?? flags.skus.usual, 1, 1e6),
  seed: seedOf("compare-seed", values["compare-seed"] ?? flags["compare-seed"].usual),
  stockShare: shareOf(values["stock-share"] ?? usualShare),
  windowMs: minuteMs * wholeOf("window-minutes", values["window-minutes"] ?? flags["window-minutes"].usual, 1, 100_000),
  batchMs: minuteMs * wholeOf("batch-minutes", values["batch-minutes"] ?? flags["batch-minutes"].usual, 0, 100_000),
  channels: channelsOf(values.channel),
})

const smallWorldsOf = ({ "small-world": named = "", states, loosened = false }: Values): SmallWorldsAsked => ({
  named,
  statesMax: states === undefined ? null : wholeOf("states", states, 1, 1e9),
  loosened,
})

const needsNoSeeds = (values: Values): boolean => {
  const { mutants: hunts = false, exhaustive = false, compare = false, commands, orders } = values
  if (values["dry-run"] === true) return true
  if (!hunts && !exhaustive && !compare && commands === undefined) return false
  // Nobody else would play them.
  if (orders !== undefined && !compare) return false
  return seedFlags.every((flag) => values[flag] === undefined)
}

/** What the arguments ask for, or that they ask for help. Throws a UsageError. */
export const readArguments = (args: ReadonlyArray<string>): Asked | "help" => {
  const values = valuesOf(args)
  if (values.help === true) return "help"
  const { report = null, cores } = values
  if (report === "") throw new UsageError("--report needs the name of a folder")
  return {
    seeds: needsNoSeeds(values) ? null : seedsOf(values),
    worlds: worldsOf(values),
    shrink: values.shrink ?? false,
    mutants: values.mutants ?? false,
    exhaustive: values.exhaustive === true ? smallWorldsOf(values) : null,
    compare: values.compare === true ? comparisonOf(values) : null,
    file: fileOf(values),
    report,
    json: values.json ?? false,
    twice: values.twice ?? false,
    cores: cores === undefined ? Math.min(coresMax, availableParallelism()) : wholeOf("cores", cores, 1, coresMax),
    seedMsMax: 1_000 * amountOf("seed-limit", values["seed-limit"] ?? flags["seed-limit"].usual, "seconds", secondsMax),
  }
}
