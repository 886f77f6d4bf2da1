/**
 * What may be asked of the demo on its command line: names, meanings, defaults, bounds, and which of them belong together.
 *
 * Everything wrong is said at once. Files are not opened here; the options by which they are read are the importer's.
 */

import * as Flag from "effect/cli/Flag"
import * as Option from "effect/Option"
import { type ImportAsked, type ImportFlagName, type ImportGiven, importAsked, importFlags } from "../../workload/import-options.ts"
import type { FileFill } from "../../workload/whole-orders.ts"
import { wholeNumber } from "../arguments.ts"

export interface FlashSource {
  readonly _tag: "FlashSale"
  readonly seed: string
  readonly skus: number
  readonly orders: number
  readonly windowMs: number
}

export interface OrdersSource extends ImportAsked {
  readonly _tag: "Orders"
  /** Each invoice as one order, filled so; null: each line as a reservation of its own. */
  readonly fill: FileFill | null
}

export interface DemoOptions {
  readonly source: FlashSource | OrdersSource
  readonly partitions: number
  readonly workers: number
  /** The share of the flows after which one worker is killed; null: none is. */
  readonly killAt: number | null
  /** Commands on their way at once, at most. */
  readonly inFlight: number
  /** Whether tables are kept in a Postgres of the demo's own. */
  readonly postgres: boolean
  readonly json: boolean
  readonly keep: boolean
  /** Whether what was decided is left to be looked at, with what to ask of it. */
  readonly look: boolean
}

const text = (name: string, metavar: string, description: string) =>
  Flag.String(name).pipe(
    Flag.withMetavar(metavar),
    Flag.withDescription(description),
    Flag.optional,
    Flag.map((given) => Option.getOrNull(given)),
  )

const whole = (name: string, description: string) =>
  wholeNumber(name).pipe(
    Flag.withDescription(description),
    Flag.optional,
    Flag.map((given) => Option.getOrNull(given)),
  )

const flag = (name: string, fallback: boolean, description: string) =>
  Flag.Boolean(name).pipe(Flag.withDescription(description), Flag.withDefault(fallback))

/** The importer's options, as flags of this command line. */
const importEffectFlags = Object.fromEntries(
  Object.entries(importFlags).map(([name, known]) => [
    name,
    known.type === "boolean" ? flag(name, false, known.text) : text(name, known.takes, known.text),
  ]),
) as { readonly [Name in ImportFlagName]: Flag.Flag<ImportGiven[Name]> }

/** In the order of --help: the sale invented, the orders played, and what goes with either. */
export const demoFlags = {
  seed: text("seed", "TEXT", "of the flash sale: the same seed, the same commands (1)"),
  ordersCount: whole("orders-count", "orders of the flash sale (10000)"),
  skus: whole("skus", "SKUs of the flash sale; the first is the hot one (100)"),
  seconds: whole("seconds", "how long the flash sale lasts (20)"),
  ...importEffectFlags,
  as: text("as", "lines|orders", "with --orders: each line a reservation of its own (lines), or each invoice one order (orders)"),
  fill: text("fill", "whole|partial", "with --as orders: an invoice as a whole or not at all (whole), or as much of each line as there is"),
  killAt: text("kill-at", "SHARE", "kill a worker with SIGKILL when this share of the orders is through, 0 to 1 (0.5)"),
  kill: flag("kill", true, "kill a worker; --no-kill: none"),
  workers: whole("workers", "worker processes, 1 to 8 (2)"),
  partitions: whole("partitions", "shares of the SKUs, 1 to 64 (8)"),
  inFlight: whole("in-flight", "commands on their way at once (2000)"),
  postgres: flag("postgres", true, "keep tables in a Postgres of the demo's own; --no-postgres: none"),
  json: flag("json", false, "print nothing but the verdict, as JSON"),
  look: Flag.Boolean("look").pipe(
    Flag.withDescription("end with what to ask of all that was decided, and leave it for that; --no-look: leave nothing, as with --json"),
    Flag.optional,
    Flag.map((given) => Option.getOrNull(given)),
  ),
  keep: flag("keep", false, "keep the temporary folder: journals, logs, what every channel heard"),
}

type FlagValues<Flags> = { readonly [Name in keyof Flags]: Flags[Name] extends Flag.Flag<infer Value> ? Value : never }
/** The flags as they were given. */
export type DemoFlags = FlagValues<typeof demoFlags>

const bounded = (
  problems: Array<string>,
  option: string,
  given: number | null,
  range: readonly [number, number],
  fallback: number,
): number => {
  if (given === null) return fallback
  if (given < range[0] || given > range[1]) problems.push(`--${option}: expected ${range[0]} to ${range[1]}, not ${given}`)
  return given
}

/** Says which of `values` were given though they don't belong here. */
const misplaced = (problems: Array<string>, why: string, values: Readonly<Record<string, unknown>>): void => {
  for (const [option, value] of Object.entries(values)) if (value !== null) problems.push(`--${option}: ${why}`)
}

const fillFrom = (problems: Array<string>, { as, fill }: DemoFlags): FileFill | null => {
  if (as !== null && as !== "lines" && as !== "orders") problems.push(`--as: expected lines or orders, not "${as}"`)
  if (fill !== null && fill !== "whole" && fill !== "partial") problems.push(`--fill: expected whole or partial, not "${fill}"`)
  if (fill !== null && as !== "orders") problems.push("--fill: only with --as orders")
  return as === "orders" ? (fill === "partial" ? "partial" : "whole") : null
}

const sourceFrom = (problems: Array<string>, given: DemoFlags): DemoOptions["source"] => {
  const { seed, ordersCount, skus, seconds } = given
  const { asked, problems: wrong } = importAsked(given)
  problems.push(...wrong)
  if (asked !== null) {
    misplaced(problems, "not with --orders", { seed, "orders-count": ordersCount, skus, seconds })
    return { _tag: "Orders", ...asked, fill: fillFrom(problems, given) }
  }
  misplaced(problems, "only with --orders", { as: given.as, fill: given.fill })
  return {
    _tag: "FlashSale",
    seed: seed ?? "1",
    skus: bounded(problems, "skus", skus, [1, 1_000_000], 100),
    orders: bounded(problems, "orders-count", ordersCount, [1, 10_000_000], 10_000),
    windowMs: bounded(problems, "seconds", seconds, [1, 86_400], 20) * 1_000,
  }
}

const killFrom = (problems: Array<string>, { kill, killAt }: DemoFlags, workers: number): number | null => {
  if (!kill && killAt !== null) problems.push("--kill-at and --no-kill: give one of them")
  if (killAt !== null && workers === 1) problems.push("--kill-at: needs --workers 2 or more, so that another takes over")
  if (killAt !== null && !/^(?:0|1|0?\.\d{1,6}|1\.0{1,6})$/.test(killAt)) {
    problems.push(`--kill-at: expected a share from 0 to 1, such as 0.5, not "${killAt}"`)
  }
  return kill && workers > 1 ? Number(killAt ?? 0.5) : null
}

/** What the flags ask for, or what is wrong with them: each problem names the option and the remedy. */
export const demoOptions = (given: DemoFlags): DemoOptions | { readonly problems: ReadonlyArray<string> } => {
  const problems: Array<string> = []
  const workers = bounded(problems, "workers", given.workers, [1, 8], 2)
  const options: DemoOptions = {
    source: sourceFrom(problems, given),
    workers,
    killAt: killFrom(problems, given, workers),
    partitions: bounded(problems, "partitions", given.partitions, [1, 64], 8),
    inFlight: bounded(problems, "in-flight", given.inFlight, [1, 100_000], 2_000),
    json: given.json,
    postgres: given.postgres,
    keep: given.keep,
    look: given.look ?? !given.json,
  }
  return problems.length > 0 ? { problems } : options
}
