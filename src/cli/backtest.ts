/**
 * `holdfast backtest`: what another policy would have come to, on the demand that was.
 */
import { readFile } from "node:fs/promises"
import * as Command from "effect/cli/Command"
import * as Flag from "effect/cli/Flag"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import type { Sku } from "../domain/names.ts"
import { counted, grouped, shownName } from "../domain/telling.ts"
import { backtestSkusMax, backtestSkusShown } from "../limits.ts"
import { type BacktestAnswer, backtest, type WorldTold } from "../query/backtest/backtest.ts"
import type { ChannelTally } from "../query/backtest/tally.ts"
import { testedPolicy } from "../query/backtest/tested.ts"
import { QueryRefused } from "../query/refused.ts"
import { archiveFlag } from "./archive-folder.ts"
import { skuFlag, wholeFlag } from "./arguments.ts"
import { CommandFailed, exitCode } from "./exit-codes.ts"
import { oneJson } from "./given-json.ts"
import { helpText } from "./help-text.ts"
import { knownText, momentFlag, pastHelp, sourceFlag, withPast } from "./past-access.ts"
import { isoTime, jsonFlag, printJson, printLine, table } from "./print.ts"

const share = ({ zeroMs, namedMs }: ChannelTally): string => (namedMs === 0 ? "–" : `${((100 * zeroMs) / namedMs).toFixed(1)} %`)

const change = (from: number, to: number): string => (to === from ? "" : `${to > from ? "+" : "−"}${grouped(Math.abs(to - from))}`)

const rows: ReadonlyArray<readonly [string, keyof WorldTold]> = [
  ["units asked for", "askedQty"],
  ["units held", "heldQty"],
  ["of them given back or expired", "givenBackQty"],
  ["LOST: units refused for want of stock", "lostQty"],
  ["of them, units that were there", "keptBackQty"],
  ["units sold without asking", "unaskedQty"],
  ["of them OVERSOLD", "oversoldQty"],
  ["units nobody is owed at the end", "unowedQty"],
  ["of them STRANDED: no channel may sell them", "strandedQty"],
]

const sums = ({ happened, replayed }: BacktestAnswer): string =>
  table(
    ["", "happened", "replayed", "change"],
    [
      ...rows.map(([name, key]) => [name, happened[key], replayed[key], change(happened[key], replayed[key])]),
      ["time at ATS 0, of a SKU and channel", share(happened), share(replayed), ""],
    ],
  )

const byChannel = ({ channels }: BacktestAnswer): string =>
  table(
    ["channel", "held", "replayed", "lost", "replayed", "oversold", "replayed", "at 0", "replayed"],
    channels.map(({ channel, happened, replayed }) => [
      channel,
      happened.heldQty,
      replayed.heldQty,
      happened.lostQty,
      replayed.lostQty,
      happened.oversoldQty,
      replayed.oversoldQty,
      share(happened),
      share(replayed),
    ]),
  )

const bySku = ({ bySku: told, skusUntold }: BacktestAnswer): ReadonlyArray<string> => [
  table(
    ["SKU", "lost", "replayed", "stranded", "replayed"],
    told.map(({ sku, happened, replayed }) => [
      shownName(sku),
      happened.lostQty,
      replayed.lostQty,
      happened.strandedQty,
      replayed.strandedQty,
    ]),
  ),
  ...(skusUntold === 0 ? [] : [`and ${counted(skusUntold, "SKU")} that ${skusUntold === 1 ? "differs" : "differ"} less (--skus)`]),
]

const leftOut = ({ leftOut: out, decided }: BacktestAnswer): string => {
  const told = [
    [out.repeated, "repeated"],
    [out.tooLate, "too late"],
    [out.undecided, "undecided, dropped or refused for their form"],
    [out.policies, "policies"],
    [out.unfounded, "facts of holds that the replay refused"],
  ] as const
  const named = told.filter(([count]) => count > 0).map(([count, what]) => `${grouped(count)} ${what}`)
  return `${counted(decided, "command")} decided again${named.length === 0 ? "" : `; left out: ${named.join(", ")}`}`
}

const nothingChanged =
  "NOTHING CHANGED: every policy in the replay is the one that was in force (0 stays 0, however it is scaled). What is told below says nothing of another policy."

const changed = ({ skus, skusChanged }: BacktestAnswer): ReadonlyArray<string> => {
  if (skusChanged === 0) return [nothingChanged]
  return skusChanged === skus
    ? []
    : [`${counted(skusChanged, "SKU")} of ${grouped(skus)} had another policy in the replay than the one that was in force`]
}

/** The answer for people. */
export const backtestText = (answer: BacktestAnswer): string =>
  [
    `${counted(answer.skus, "SKU")}, from ${isoTime(answer.fromMs)} to ${isoTime(answer.toMs)}; holds that were refused and are given now ${answer.regained === "sold" ? "count as sold" : "lapse"}`,
    leftOut(answer),
    ...changed(answer),
    "",
    sums(answer),
    "",
    byChannel(answer),
    "",
    ...bySku(answer),
    "",
    knownText(answer.known),
  ].join("\n")

const description = `Replay the demand that was recorded (commands as they came, at their times, refused ones and facts too) under another policy, by the very code that decides, and show beside what happened:
sales lost, units oversold and stranded, time at ATS 0. Changes nothing.

The file holds a policy as SetPolicy takes it, for every SKU; or {"policies": {"SKU": policy, ...}, "others": policy}; or {"scale": {"bufferQty": 2, "bufferPercent": 2}}: the policies that were in
force, with these numbers multiplied (bufferQty, bufferPercent, floorQty, fenceQty, safety).

A hold that was refused then and is given now has no Confirm on record: it counts as sold at once, or with --regained lapse ends with its time; what is true lies between. A hold that was given then and is
refused now takes what hung on it with it. docs/QUERIES.md says every rule.

${pastHelp}`

/** `holdfast backtest`. */
export const backtestCommand = Command.make(
  "backtest",
  {
    policy: Flag.String("policy").pipe(Flag.withMetavar("FILE"), Flag.withDescription("What is tried, as JSON")),
    from: momentFlag("from", "From this moment on; otherwise from the first record"),
    to: momentFlag("to", "Up to this moment; otherwise now"),
    sku: skuFlag("Only this SKU").pipe(Flag.optional, Flag.map(Option.getOrUndefined)),
    all: Flag.Boolean("all").pipe(Flag.withDescription("Every SKU"), Flag.withDefault(false)),
    regained: Flag.Literals("regained", ["sold", "lapse"]).pipe(
      Flag.withDescription("What becomes of holds that were refused and are given now"),
      Flag.withDefault("sold" as const),
    ),
    skus: wholeFlag(
      "skus",
      `How many SKUs are told each for itself (${backtestSkusShown}): those that differ most`,
      0,
      backtestSkusMax,
    ).pipe(Flag.withDefault(backtestSkusShown)),
    source: sourceFlag,
    archive: archiveFlag,
    json: jsonFlag,
  },
  Effect.fn(function* ({ policy, from, to, sku, all, regained, skus, source, archive, json }) {
    const usage = (message: string) => new CommandFailed({ code: exitCode.usage, message })
    if ((sku === undefined) === !all) return yield* usage("name a --sku, or ask for --all: one of both")
    const bytes = yield* Effect.tryPromise({
      try: () => readFile(policy),
      catch: (error) => usage(`--policy: ${shownName(policy)} can't be read (${error instanceof Error ? error.message : String(error)})`),
    })
    const tested = testedPolicy(yield* oneJson(bytes, "--policy"))
    if (tested instanceof QueryRefused) return yield* tested
    const asked = { tested, regained, sku: sku === undefined ? null : (sku as Sku), fromMs: from, toMs: to, skusTold: skus }
    const answer = yield* withPast({ source, archive }, backtest(asked))
    yield* json ? printJson(answer) : printLine(backtestText(answer))
  }),
).pipe(
  Command.withDescription(helpText(description)),
  Command.withExamples([
    { command: "holdfast backtest --policy doubled.json --all", description: "what other buffers would have cost" },
    {
      command: "holdfast backtest --policy fence.json --sku TEA-POT --from 2026-11-28 --to 2026-11-29",
      description: "one SKU, one day",
    },
  ]),
)
