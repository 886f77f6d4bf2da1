/**
 * The flags of the command line: what each is called, takes and does, and which go together. `--help` is made of this table; what a value means is read
 * in arguments.ts.
 */
import { parseArgs } from "node:util"
import { nearestName } from "../../src/domain/telling.ts"
import { importFlags } from "../../src/workload/import-options.ts"
import { usualChannels } from "../comparison/strategy.ts"

export interface Flag {
  readonly type: "boolean" | "string"
  readonly short?: string
  /** It may be given more than once. */
  readonly multiple?: true
  /** What stands behind it. */
  readonly takes?: string
  /** What it does, for the help. */
  readonly text: string
  /** What stands for it where it isn't given. */
  readonly usual?: string
  /** The flag without which it would say nothing. */
  readonly needs?: string
  /** Another that does as well. */
  readonly or?: string
}

/** A channel as `--channel` takes it. */
const channelTexts = usualChannels.map(({ name, asks, lagMs, weight }) => `${name}:${asks ? "asks" : "listed"}:${lagMs}:${weight}`)

type OfOrders<Flags> = {
  readonly [Name in keyof Flags]: Flags[Name] & { readonly needs?: string; readonly or?: string; readonly usual?: string }
}

/** The importer's options: the same as the demo's, in seeds and in --compare. */
const playedFlags = Object.fromEntries(
  Object.entries(importFlags).map(([name, flag]) => {
    if (name === "orders") return [name, flag]
    return [name, name === "stock-share" ? { ...flag, needs: "orders", or: "compare" } : { ...flag, needs: "orders" }]
  }),
) as OfOrders<typeof importFlags>

/** Every flag, in the order of the help. */
export const flags = {
  seed: {
    type: "string",
    takes: "N|COMMIT",
    text: "one seed: a whole number, a commit hash, or a name that --mutants printed; says first all that was drawn for it",
  },
  seeds: { type: "string", takes: "N", text: "so many seeds, counted up from --from", usual: "100" },
  minutes: { type: "string", takes: "N", text: "as many seeds as fit, counted up from --from; 0.5 is half a minute" },
  from: { type: "string", takes: "N", text: "the first seed of --seeds and --minutes", usual: "1" },
  profile: { type: "string", takes: "NAME", text: "what kind of world; see below", usual: "flash-sale" },
  shell: { type: "boolean", text: "run the shipped runtime in place of the profile's nodes: real fibers, simulated ports; slower" },
  mutant: { type: "string", takes: "NAME", text: "plant a defect in every seed: red is what it should be" },
  twice: { type: "boolean", text: "run every seed twice and compare: a difference is nondeterminism" },
  shrink: {
    type: "boolean",
    text: "leave out of a failing --seed what the failure doesn't need: the tail, faults, commands",
    needs: "seed",
  },
  "seed-limit": {
    type: "string",
    takes: "N",
    text: "seconds of this machine after which a seed is ended without a verdict",
    usual: "120",
  },
  mutants: { type: "boolean", text: "hunt every planted defect until its checker sees it" },
  exhaustive: { type: "boolean", text: "explore small worlds to their end, every order of events" },
  compare: { type: "boolean", text: "sell the same orders, with the same lag, in four ways" },
  ...playedFlags,
  commands: {
    type: "string",
    takes: "FILE",
    text: "decide again what holdfast export wrote: every decision and the state have to come out the same; with seeds, play it",
  },
  report: { type: "string", takes: "DIR", text: "write index.html and suite.json there, whole or not at all" },
  json: { type: "boolean", text: "print the whole suite as one JSON object on stdout, and everything else on stderr" },
  cores: { type: "string", takes: "N", text: "threads (as many as there are cores)" },
  help: { type: "boolean", short: "h", text: "this text" },
  "orders-count": {
    type: "string",
    takes: "N",
    text: "orders of the flash sale that is invented without --orders",
    usual: "10000",
    needs: "compare",
  },
  skus: { type: "string", takes: "N", text: "SKUs of that flash sale", usual: "100", needs: "compare" },
  "compare-seed": {
    type: "string",
    takes: "N|COMMIT",
    text: "which order comes through which channel, and the flash sale",
    usual: "1",
    needs: "compare",
  },
  "window-minutes": {
    type: "string",
    takes: "N",
    text: "the time that all orders are pressed into",
    usual: "60",
    needs: "compare",
  },
  "batch-minutes": { type: "string", takes: "N", text: "between two synchronisations of (a)", usual: "15", needs: "compare" },
  channel: {
    type: "string",
    multiple: true,
    takes: "C",
    text: `once for each channel, as NAME:asks:LAG_MS:WEIGHT or NAME:listed:LAG_MS:WEIGHT\n(${channelTexts.join(" ")})`,
    needs: "compare",
  },
  "small-world": { type: "string", takes: "NAME", text: "only the small worlds whose name contains this", needs: "exhaustive" },
  states: { type: "string", takes: "N", text: "give up a small world after so many states, and say so", needs: "exhaustive" },
  loosened: {
    type: "boolean",
    text: "show instead that rules, loosened one by one, are found out, each with the shortest way to what it breaks",
    needs: "exhaustive",
  },
} as const satisfies Readonly<Record<string, Flag>>

export type FlagName = keyof typeof flags

type Value<F extends Flag> = F extends { readonly multiple: true } ? ReadonlyArray<string> : F["type"] extends "boolean" ? boolean : string

/** What was given; a flag that was not is undefined, whatever is usual for it. */
export type Values = { readonly [Name in FlagName]?: Value<(typeof flags)[Name]> }

/** The command line can't be used; the message names the flag and says what it takes. */
export class UsageError extends Error {
  override readonly name = "UsageError"
}

/** What went wrong, in the words of whoever threw it. */
export const because = (error: unknown): string => (error instanceof Error ? error.message : String(error))

/** Pairs that say two things at once, and why. */
const contradictions: ReadonlyArray<readonly [a: FlagName, b: FlagName, why: string]> = [
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
  ["stock", "stock-share", "a file says how much there is, or a share of the demand"],
  ["orders", "orders-count", "the orders of a file or of an invented sale"],
  ["orders", "skus", "the SKUs of a file or of an invented sale"],
]

const names = Object.keys(flags) as ReadonlyArray<FlagName>

const firstSentence = (message: string): string => message.split(/\n|\. (?=[A-Z])/, 1)[0] ?? message

const parsedOf = (args: ReadonlyArray<string>) => {
  try {
    return parseArgs({ args: [...args], options: flags, strict: true, allowPositionals: false, tokens: true })
  } catch (error) {
    const unknown = /Unknown option '--?([^']*)'/.exec(because(error))?.[1]
    const near = unknown === undefined ? undefined : nearestName(unknown, Object.keys(flags))
    throw new UsageError(`${firstSentence(because(error)).replaceAll("'", "")}${near === undefined ? "" : `; did you mean --${near}?`}`)
  }
}

/** The flags that were given, each at most once unless it may be repeated, none against another. Throws a UsageError. */
export const valuesOf = (args: ReadonlyArray<string>): Values => {
  const parsed = parsedOf(args)
  const seen = new Set<string>()
  for (const token of parsed.tokens) {
    if (token.kind !== "option" || token.name === "channel") continue
    if (seen.has(token.name)) throw new UsageError(`--${token.name} is given twice`)
    seen.add(token.name)
  }
  const values: Values = parsed.values
  if (values.help === true) return values
  for (const [a, b, why] of contradictions)
    if (values[a] !== undefined && values[b] !== undefined) throw new UsageError(`--${a} and --${b} contradict each other: ${why}`)
  for (const name of names) {
    const { needs, or = needs }: Flag = flags[name]
    if (needs === undefined || values[name] === undefined) continue
    if (values[needs as FlagName] === undefined && values[or as FlagName] === undefined)
      throw new UsageError(`--${name} goes with --${needs}${or === needs ? "" : ` or --${or}`}, which is not given`)
  }
  return values
}
