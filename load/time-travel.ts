/**
 * `npm run time-travel`: orders of a file, or invented ones, are sold on a real nats-server and two workers, while a recording channel of each seller writes down what the feed publishes. Then:
 *
 * - ten moments at which the ATS that `holdfast availability --at` folds is held against what the feed published then;
 * - a backtest with doubled buffers, whose numbers are held against a second count (second-count.ts), which reads `holdfast export` and shares no code with it.
 *
 * Ends with 1 if any of it differs.
 */
import { writeFile } from "node:fs/promises"
import { join } from "node:path"
import { chosen, conclude, type Promised, say } from "./stage/show.ts"
import { type Stage, withStage } from "./stage/stage.ts"
import { inventedDates, inventOrders } from "./time-travel/invented.ts"
import { playAll, salesOf } from "./time-travel/play.ts"
import { countAgain, type SecondCount } from "./time-travel/second-count.ts"

const options = chosen("Time travel and a backtest, held against what was published and against a second count.", {
  orders: { fallback: "", help: "a file of orders; unless given, some are invented" },
  "date-format": { fallback: "D/M/YYYY", help: "how the file writes dates" },
  invented: { fallback: "2000", help: "orders that are invented, where no file is given", whole: 1 },
  flows: { fallback: "0", help: "only the first so many sales; 0: all", whole: 0 },
  moments: { fallback: "10", help: "moments at which ATS is compared", whole: 1 },
  partitions: { fallback: "4", help: "partitions of SKUs", whole: 1 },
})

interface Availability {
  readonly version: number
  readonly channels: ReadonlyArray<{ readonly channel: string; readonly ats: number }>
}

/** The last line of JSON that a command prints. */
const askJson = async <Answer>(stage: Stage, ...args: ReadonlyArray<string>): Promise<Answer> => {
  const { code, out } = await stage.holdfast(...args, "--json")
  if (code !== 0) throw new Error(`holdfast ${args.join(" ")} ended with ${code}: ${out}`)
  return JSON.parse(out) as Answer
}

type Heard = Awaited<ReturnType<typeof playAll>>["heard"]

/** Holds the folded ATS against the published one, at moments spread over all that was heard. */
const compareMoments = async (stage: Stage, heard: Heard): Promise<ReadonlyArray<Promised>> => {
  const wanted = Number(options.moments)
  const published = heard.filter(({ cause }) => cause !== "Snapshot")
  const rows: Array<Promised> = []
  let passedOver = 0
  for (let n = 0; rows.length < wanted && n < wanted * 3; n++) {
    const value = published[Math.floor(((n * 0.618034) % 1) * published.length)]
    if (value === undefined) break
    const { sku, channel, atMs, ats, version } = value
    const [then] = await askJson<ReadonlyArray<Availability>>(stage, "availability", sku, "--at", String(atMs))
    // Another record of the same millisecond came after the one that the feed told of.
    if (then === undefined || then.version !== version) {
      passedOver++
      continue
    }
    const folded = then.channels.find((line) => line.channel === channel)?.ats
    const what = `${new Date(atMs).toISOString()}, ${sku} for ${channel}, version ${version}: published ${ats}`
    rows.push({ what, found: `time travel ${folded}`, kept: folded === ats })
  }
  say(
    `${rows.length} moments of ${published.length} values heard; ${passedOver} passed over, for another record of the same millisecond came after`,
  )
  return [...rows, { what: `${wanted} moments were compared`, found: String(rows.length), kept: rows.length === wanted }]
}

interface Backtested {
  readonly fromMs: number
  readonly toMs: number
  readonly skus: number
  readonly decided: number
  readonly happened: SecondCount
  readonly replayed: SecondCount
}

const names = [
  "asked",
  "askedQty",
  "heldQty",
  "givenBackQty",
  "lostQty",
  "keptBackQty",
  "oversoldQty",
  "unowedQty",
  "strandedQty",
  "zeroMs",
] as const

/** Holds a backtest with doubled buffers against the second count. */
const compareBacktest = async (stage: Stage, folder: string, factor: number): Promise<ReadonlyArray<Promised>> => {
  const file = join(folder, "scaled.json")
  await writeFile(file, JSON.stringify({ scale: { bufferQty: factor, bufferPercent: factor } }))
  const startedMs = performance.now()
  const told = await askJson<Backtested>(stage, "backtest", "--policy", file, "--all", "--skus", "0")
  say(
    `backtest with buffers × ${factor}: ${told.decided} commands of ${told.skus} SKUs in ${((performance.now() - startedMs) / 1_000).toFixed(1)} s`,
  )
  const exported: Array<string> = []
  for (let partition = 0; partition < Number(options.partitions); partition++)
    exported.push((await stage.holdfast("export", "--partition", String(partition))).out)
  const again = countAgain(
    exported.flatMap((out) => out.split("\n")),
    factor,
    told.toMs,
  )
  return names.map((name) => {
    const [a, b] = [told.replayed[name], again[name]]
    const found = `happened ${told.happened[name]}, replayed ${a}, counted again ${b}`
    return { what: `buffers × ${factor}: ${name}`, found, kept: a === b }
  })
}

const promises = await withStage(
  {
    servers: 1,
    workers: 2,
    partitions: Number(options.partitions),
    senders: salesOf.senders,
  },
  async (stage) => {
    const folder = stage.servers[0]?.storeDir ?? "."
    const invented = join(folder, "orders.csv")
    if (options.orders === "") await inventOrders(invented, Number(options.invented))
    const sales = salesOf.file(
      options.orders || invented,
      options.orders === "" ? inventedDates : options["date-format"],
      Number(options.flows),
    )
    say(`${sales.flows.length} sales of ${sales.setup.length} commands of setup`)
    const { heard, answers } = await playAll(stage, sales)
    say(`played: ${[...answers].map(([said, count]) => `${count} ${said}`).join(", ")}`)
    const moments = await compareMoments(stage, heard)
    return [...moments, ...(await compareBacktest(stage, folder, 2)), ...(await compareBacktest(stage, folder, 1))]
  },
)

conclude(options.json, { promises }, "")
