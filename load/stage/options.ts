/**
 * The command line of every script here: its options, its --help, and what is said of one that there is none of. Decides what may be given; what a value means is the script's.
 */
import { parseArgs } from "node:util"
import { partitionsMax } from "../../src/config.ts"
import { nearestName, shownName } from "../../src/domain/telling.ts"
import { processesMax, skusPerPartitionMax } from "../../src/limits.ts"

/** An option with a value. `fallback`: what it is where it isn't given; "": nothing. `whole`: it has to be a whole number, at least this, and at most `most`; absent: as many as that name has anywhere, or a thousand million. `decimal`: it has to be a number, at least 0. `names`: it has to be of these, with commas between. */
export interface ScriptOption {
  readonly fallback: string
  readonly help: string
  readonly whole?: number
  readonly most?: number
  readonly decimal?: boolean
  readonly names?: ReadonlyArray<string>
}

/** What follows the options. */
export interface Words {
  readonly metavar: string
  readonly help: string
  /** Which there are; absent: any. */
  readonly known?: ReadonlyArray<string>
}

type Options = Readonly<Record<string, ScriptOption>>

export type Given<Known extends Options, Switch extends string = never> = { readonly [Name in keyof Known]: string } & {
  readonly [Name in Switch]: boolean
} & { readonly words: ReadonlyArray<string> }

const usageCode = 2
/** Of a number that nothing else bounds: more of anything is a slip of the finger. */
const anyMost = 1_000_000_000
/** Of options that mean the same in every script: what a cluster can be made with, and what one machine can start or anybody would wait for. */
const mostByName: Readonly<Record<string, number>> = {
  partitions: partitionsMax,
  processes: processesMax,
  workers: processesMax,
  skus: skusPerPartitionMax,
  buyers: 10_000,
  clients: 10_000,
  "in-flight": 100_000,
  rounds: 100_000,
  kills: 100_000,
  seconds: 30 * 24 * 3_600,
  minutes: 30 * 24 * 60,
}

/** Why a text can't be the number that is asked for; undefined: it can. */
const whyNoNumber = (
  name: string,
  text: string,
  { whole, most = mostByName[name] ?? anyMost, decimal }: ScriptOption,
): string | undefined => {
  if (text === "") return undefined
  if (whole !== undefined && !(/^\d{1,15}$/.test(text) && Number(text) >= whole && Number(text) <= most))
    return `--${name}: ${shownName(text)} is no whole number from ${whole} to ${most}`
  if (decimal === true && !(/^\d{1,9}(\.\d{1,9})?$/.test(text) && Number(text) <= most))
    return `--${name}: ${shownName(text)} is no number from 0 to ${most}`
  return undefined
}

const helpOf = ({ fallback, help, names }: ScriptOption): string =>
  `${help}${names === undefined ? "" : `: ${names.join(", ")}`}${fallback === "" ? "" : ` (${fallback})`}`

const helpText = (about: string, options: Options, switches: Readonly<Record<string, string>>, words: Words | undefined): string => {
  const rows = [
    ...(words === undefined ? [] : [[words.metavar, words.help + (words.known === undefined ? "" : `: ${words.known.join(", ")}`)]]),
    ...Object.entries(options).map(([name, option]) => [`--${name}`, helpOf(option)]),
    ...Object.entries(switches).map(([name, help]) => [`--${name}`, help]),
    ["--help", "this text"],
  ]
  const width = Math.max(...rows.map(([name = ""]) => name.length))
  return `${about}\n\n${rows.map(([name = "", help = ""]) => `  ${name.padEnd(width)}  ${help}`).join("\n")}`
}

const wrong = (what: string): never => {
  console.error(`${what}\nsee --help`)
  process.exit(usageCode)
}

const orNearest = (given: string, names: ReadonlyArray<string>, dashes: string): string => {
  const near = nearestName(given, names)
  return near === undefined ? `: there are ${names.map((name) => dashes + name).join(", ")}` : `; did you mean ${dashes}${near}?`
}

/** Reads the options of a script. With --help it says what they are and ends the process with 0; of what it doesn't know it names the nearest, and ends it with 2. */
export const scriptOptions = <const Known extends Options, const Switch extends string = never>(
  about: string,
  options: Known,
  { switches, words }: { readonly switches?: Readonly<Record<Switch, string>>; readonly words?: Words } = {},
): Given<Known, Switch> => {
  const flags: Readonly<Record<string, string>> = switches ?? {}
  const known = Object.fromEntries([
    ...Object.keys(options).map((name) => [name, { type: "string" }] as const),
    ...[...Object.keys(flags), "help"].map((name) => [name, { type: "boolean" }] as const),
  ])
  const { values, positionals, tokens } = parseArgs({ options: known, strict: false, allowPositionals: true, tokens: true })
  if (values.help === true) {
    console.log(helpText(about, options, flags, words))
    process.exit(0)
  }
  const seen = new Set<string>()
  for (const token of tokens) {
    if (token.kind !== "option") continue
    const asked = known[token.name]
    if (asked === undefined) wrong(`there is no ${shownName(token.rawName)}${orNearest(token.name, Object.keys(known), "--")}`)
    else if (asked.type === "string" && (token.value ?? "") === "") wrong(`--${token.name} needs a value`)
    else if (asked.type === "boolean" && token.value !== undefined) wrong(`--${token.name} takes no value`)
    else if (seen.has(token.name)) wrong(`--${token.name} is given twice`)
    seen.add(token.name)
  }
  for (const word of positionals) {
    if (words === undefined) wrong(`${shownName(word)}: more than there is room for`)
    else if (words.known?.includes(word) === false) wrong(`there is no ${shownName(word)}${orNearest(word, words.known, "")}`)
  }
  const read: Record<string, unknown> = { words: positionals }
  for (const [name, option] of Object.entries(options)) {
    const { fallback, names } = option
    const value = values[name]
    const text = typeof value === "string" ? value : fallback
    for (const one of names === undefined || text === "" ? [] : text.split(","))
      if (!names?.includes(one)) wrong(`--${name}: there is no ${shownName(one)}${orNearest(one, names ?? [], "")}`)
    const whyNot = whyNoNumber(name, text, option)
    if (whyNot !== undefined) wrong(whyNot)
    read[name] = text
  }
  for (const name of Object.keys(flags)) read[name] = values[name] === true
  // As many names as there are options, each with its text or its switch.
  return read as Given<Known, Switch>
}
