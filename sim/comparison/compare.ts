/**
 * The comparison from the command line: reads an order file or invents a flash sale, and prints the table. Nothing is decided here.
 */
import { readFileSync } from "node:fs"
import { parseArgs } from "node:util"
import type { SenderId } from "../../src/domain/names.ts"
import { flashSale } from "../../src/workload/flash-sale.ts"
import { planOrders } from "../../src/workload/orders.ts"
import { type Share, shareFromText } from "../../src/workload/stock-levels.ts"
import { type ComparisonOptions, defaultChannels, runComparison } from "./comparison.ts"
import type { ComparedChannel } from "./strategy.ts"
import { comparisonTable } from "./table.ts"

const flags = {
  orders: { type: "string" },
  "date-format": { type: "string" },
  "stock-share": { type: "string", default: "0.6" },
  "orders-count": { type: "string", default: "10000" },
  skus: { type: "string", default: "100" },
  minutes: { type: "string", default: "60" },
  "batch-minutes": { type: "string", default: "15" },
  channel: { type: "string", multiple: true },
  seed: { type: "string", default: "1" },
  json: { type: "boolean", default: false },
  help: { type: "boolean", default: false },
} as const

const help = `compare: the same orders and the same lag under four ways of selling

  --orders FILE.csv       play these orders; without it, a flash sale is invented from the seed
  --date-format FORMAT    of the file, such as D/M/YYYY
  --orders-count N        orders of the flash sale (10000)
  --skus N                SKUs of the flash sale (100)
  --stock-share SHARE     stock before the first order, as a share of what is ordered: 0.6, 60% or 3/5 (0.6)
  --minutes N             all orders within this time (60)
  --batch-minutes N       between two synchronisations of (a) (15)
  --channel NAME:HOW:LAG_MS:WEIGHT
                          once for each channel; HOW is asks or listed (web:asks:50:60 marketplace:listed:300000:30 wholesale:asks:50:10)
  --seed TEXT             which order comes through which channel, and the flash sale (1)
  --json                  print the report as JSON
  --help                  print this`

/** Something wrong with what was asked for: names the flag and the remedy. */
class Unusable extends Error {}

const whole = (flag: string, text: string, least: number, most: number): number => {
  const value = /^\d{1,9}$/.test(text) ? Number(text) : Number.NaN
  if (value >= least && value <= most) return value
  throw new Unusable(`--${flag}: expected a whole number from ${least} to ${most}, not "${text}"`)
}

const shareOf = (text: string): Share => {
  const share = shareFromText(text)
  if (share === undefined) throw new Unusable(`--stock-share: expected a share such as 0.6, 60% or 3/5, not "${text}"`)
  return share
}

const channelOf = (text: string): ComparedChannel => {
  const [, name, how, lagMs, weight] = /^([a-z0-9][a-z0-9_-]{0,31}):(asks|listed):(\d{1,8}):(\d{1,6})$/.exec(text) ?? []
  if (name === undefined) throw new Unusable(`--channel: expected NAME:asks:LAG_MS:WEIGHT or NAME:listed:LAG_MS:WEIGHT, not "${text}"`)
  if (Number(lagMs) > 86_400_000) throw new Unusable(`--channel: expected a lag of at most a day (86400000), not "${text}"`)
  return { name, asks: how === "asks", lagMs: Number(lagMs), weight: Number(weight) }
}

const channelsOf = (texts: ReadonlyArray<string> | undefined): ReadonlyArray<ComparedChannel> => {
  if (texts === undefined) return defaultChannels
  const channels = texts.map(channelOf)
  if (new Set(channels.map(({ name }) => name)).size < channels.length) throw new Unusable("--channel: each name once")
  if (channels.every(({ weight }) => weight === 0)) throw new Unusable("--channel: at least one needs a weight above 0")
  return channels
}

const parsed = (args: ReadonlyArray<string>) => {
  try {
    return parseArgs({ args: [...args], options: flags, strict: true }).values
  } catch (error) {
    throw new Unusable(`${error instanceof Error ? error.message : String(error)}. --help lists the flags`)
  }
}

const textOf = (path: string): string => {
  try {
    return readFileSync(path, "utf8")
  } catch (error) {
    throw new Unusable(`--orders: ${path} can't be read: ${error instanceof Error ? error.message : String(error)}`)
  }
}

type Given = ReturnType<typeof parsed>

/** What to play, and what it is; rows that can't be played are said with it. */
const flowsOf = (given: Given, channels: ReadonlyArray<ComparedChannel>): Pick<ComparisonOptions, "flows" | "source"> => {
  const { orders, "date-format": dateFormat, seed } = given
  if (orders === undefined) {
    if (dateFormat !== undefined) throw new Unusable("--date-format: only with --orders")
    const count = whole("orders-count", given["orders-count"], 1, 1_000_000)
    const skus = whole("skus", given.skus, 1, 1_000_000)
    const kinds = channels.map(({ name, asks, weight }) => ({
      sender: name as SenderId,
      kind: asks ? ("web" as const) : ("marketplace" as const),
      weight,
    }))
    return { flows: flashSale({ seed, orders: count, skus, channels: kinds }), source: `flash sale from seed ${seed}` }
  }
  const plan = planOrders(textOf(orders), {
    stock: { _tag: "Share", num: 0, den: 1 },
    // Nobody's: the comparison spreads the orders over its own channels.
    channels: [{ sender: "file" as SenderId, weight: 1 }],
    ...(dateFormat === undefined ? {} : { dateFormat }),
  })
  if (plan._tag === "FileFault") throw new Unusable(`--orders: ${orders}: ${plan.detail}`)
  const { rows, rejected } = plan.report
  const [first] = rejected
  const unplayable =
    first === undefined ? "" : `${rejected.length} of ${rows} rows can't be played, the first is row ${first.row} (${first.reason})`
  if (plan.totals.orderLines === 0)
    throw new Unusable(`--orders: ${orders} has no order to play${unplayable === "" ? "" : `: ${unplayable}`}`)
  const name = orders.split("/").at(-1) ?? orders
  return { flows: plan, source: unplayable === "" ? name : `${name} (${unplayable})` }
}

const main = (args: ReadonlyArray<string>): string => {
  const given = parsed(args)
  if (given.help) return help
  const channels = channelsOf(given.channel)
  const report = runComparison({
    ...flowsOf(given, channels),
    channels,
    seed: given.seed,
    stockShare: shareOf(given["stock-share"]),
    windowMs: whole("minutes", given.minutes, 1, 100_000) * 60_000,
    batchMs: whole("batch-minutes", given["batch-minutes"], 0, 100_000) * 60_000,
  })
  return given.json ? JSON.stringify(report, null, 2) : comparisonTable(report)
}

try {
  console.log(main(process.argv.slice(2)))
} catch (error) {
  if (!(error instanceof Unusable)) throw error
  console.error(error.message)
  process.exitCode = 2
}
