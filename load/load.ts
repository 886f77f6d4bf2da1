/**
 * `npm run load -- PROFILE`: plays a profile of load/profiles against a cluster of its own, or one that runs, over NATS or HTTP, and says whether its thresholds were kept; the journals are audited afterwards.
 *
 * Ends with 0 if every threshold was kept, with 3 if one was not, with 4 if the generator was the limit, with 1 if it could not be played, with 2 for wrong usage, with 130 after Ctrl-C, when what there is
 * is told as partial.
 */
import { writeFile } from "node:fs/promises"
import { join } from "node:path"
import { plainLine } from "../src/domain/sku/policy.ts"
import { arrivedBy, lengthMs, peakPerSecond, scaled } from "./play/arrivals.ts"
import { NoCluster, NotStarted, namedCluster, type Over, ownCluster, type PlayedCluster } from "./play/cluster.ts"
import type { Door } from "./play/door.ts"
import { followFigures } from "./play/figures.ts"
import { play } from "./play/play.ts"
import type { Profile } from "./play/profile.ts"
import { profileNames, readProfile } from "./play/profile-files.ts"
import { Recorder, type Second } from "./play/recorder.ts"
import { reportHtml } from "./play/report.ts"
import { Shoppers, skusOf } from "./play/shoppers.ts"
import { generatorLimit, type Played, playedText, thresholds } from "./play/verdict.ts"
import type { Heard } from "./play/wanted.ts"
import { chosenFolder } from "./stage/chosen-file.ts"
import { scriptOptions } from "./stage/options.ts"
import { say } from "./stage/show.ts"

const about = `Plays a profile of load: shoppers come when it says so, however slowly those before are served.

npm run load -- flash-sale                               on a cluster of its own
npm run load -- flash-sale --over http --rate 300        over HTTP, at most 300 shoppers a second
npm run load -- drop --folder DIR                        against the npm start that runs in DIR
A profile is one of those below or a file of your own (load/play/profile.ts says what stands in it).`

const options = scriptOptions(
  about,
  {
    over: { fallback: "nats", help: "nats or http" },
    rate: { fallback: "0", help: "shoppers a second at the peak; units scale with it; 0: as the profile says", whole: 0 },
    seconds: { fallback: "0", help: "how long it lasts, the shape kept; 0: as the profile says", whole: 0 },
    folder: { fallback: "", help: "of an `npm start` that runs there, to play against; none: a cluster of its own" },
    target: { fallback: "", help: "its address, where it isn't the one in the folder's files" },
    metrics: { fallback: "", help: "addresses of its workers' /metrics, separated by commas, for the servers' figures" },
    senders: { fallback: "web", help: "channels that send, separated by commas; shoppers come through them by turns" },
    seed: { fallback: "1", help: "what the shoppers want is drawn from it" },
    partitions: { fallback: "8", help: "of a cluster of its own", whole: 1 },
    processes: { fallback: "1", help: "workers of a cluster of its own", whole: 1 },
    report: { fallback: "", help: "folder for report.html and report.json, made where it is missing" },
  },
  {
    switches: { json: "print the result as JSON" },
    words: { metavar: "PROFILE", help: `what is played: ${profileNames.join(", ")}, or a file` },
  },
)

const exit = { kept: 0, failed: 1, usage: 2, notKept: 3, generator: 4, interrupted: 130 } as const

const wrong = (what: string): never => {
  console.error(`${what}\nsee --help`)
  process.exit(exit.usage)
}

/** More than one process can make shoppers for. */
const ratePerSecondMax = 20_000

const chosenProfile = (): { readonly name: string; readonly profile: Profile } => {
  const [word, ...more] = options.words
  if (word === undefined || more.length > 0) return wrong(`one profile is played: ${profileNames.join(", ")}, or a file`)
  const read = readProfile(word, wrong)
  const rate = Number(options.rate)
  const seconds = Number(options.seconds)
  const profile = scaled(read, {
    ...(rate === 0 ? {} : { rateTimes: rate / peakPerSecond(read) }),
    ...(seconds === 0 ? {} : { timeTimes: (seconds * 1_000) / lengthMs(read) }),
  })
  if (peakPerSecond(profile) > ratePerSecondMax)
    return wrong(`${Math.round(peakPerSecond(profile))} shoppers a second: this generator makes at most ${ratePerSecondMax}; run several`)
  return { name: word, profile }
}

const report = chosenFolder("report", options.report)

const over = ((): Over =>
  options.over === "nats" || options.over === "http" ? options.over : wrong(`--over ${options.over}: nats or http`))()

const stopping = new AbortController()
for (const signal of ["SIGINT", "SIGTERM"] as const)
  process.on(signal, () => {
    // What was started ends with this process: the second time nobody waits.
    if (stopping.signal.aborted) process.exit(exit.interrupted)
    say("ending: what was played is told; once more ends it at once")
    stopping.abort()
  })

const openCluster = (): Promise<PlayedCluster> => {
  const metrics = options.metrics === "" ? [] : options.metrics.split(",")
  if (options.folder === "" && options.target === "")
    return ownCluster(over, Number(options.partitions), Number(options.processes), stopping.signal)
  return namedCluster(options.folder === "" ? "." : options.folder, over, options.target === "" ? null : options.target, metrics)
}

const location = "LOAD"
/** Commands of setting up that are under way at once. */
const atOnce = 64

const inTurns = async <A>(all: ReadonlyArray<A>, each: (one: A) => Promise<void>): Promise<void> => {
  let next = 0
  const worker = async () => {
    for (let one = all[next++]; one !== undefined; one = all[next++]) await each(one)
  }
  await Promise.all(Array.from({ length: atOnce }, worker))
}

const mustBeAccepted = (what: string, { outcome, why }: Heard): void => {
  if (outcome !== "accepted") throw new Error(`${what}: ${outcome} ${why}`)
}

/** Units of every SKU, more each time. */
const stocker = (dock: Door, skus: ReadonlyArray<string>, run: string) => {
  let times = 0
  return async (unitsEach: number): Promise<void> => {
    const time = times++
    if (unitsEach === 0) return
    await inTurns(skus, async (sku) => {
      const heard = await dock.send({ type: "ReceiveStock", id: `${run}-stock-${time}-${sku}`, sku, location, qty: unitsEach })
      mustBeAccepted(`stock of ${sku}`, heard)
    })
  }
}

const putOnSale = async (planner: Door, skus: ReadonlyArray<string>, channels: ReadonlyArray<string>, run: string): Promise<void> => {
  const policy = { channels: channels.map((channel) => plainLine(channel, 0)), safety: [], sourcing: [] }
  await inTurns(skus, async (sku) =>
    mustBeAccepted(`policy of ${sku}`, await planner.send({ type: "SetPolicy", id: `${run}-policy-${sku}`, sku, policy })),
  )
}

const progress = ({ atMs, arrived, accepted, refused, others, p99Ms }: Second, underWay: number): void =>
  say(
    `${atMs / 1_000} s: ${arrived} came, ${accepted} accepted, ${refused} refused, ${others} others, p99 ${p99Ms.toFixed(1)} ms, ${underWay} under way`,
  )

const { name, profile } = chosenProfile()

const playOn = async (cluster: PlayedCluster): Promise<Played> => {
  const senders = options.senders.split(",")
  const run = `load-${Date.now().toString(36)}`
  const skus = skusOf(profile)
  const [planner, dock] = [await cluster.door("planner"), await cluster.door("warehouse")]
  const doors = await Promise.all(senders.map(async (sender) => ({ ...(await cluster.door(sender)), sender })))
  const restock = stocker(dock, skus, run)
  say(`${skus.length} SKUs get a policy and ${profile.skus.unitsEach} units each`)
  await putOnSale(planner, skus, senders, run)
  await restock(profile.skus.unitsEach)
  const recorder = new Recorder()
  const figures = followFigures(cluster.metrics)
  const startedAt = new Date().toISOString()
  await play({
    profile,
    shoppers: new Shoppers(profile, options.seed, run),
    recorder,
    doors,
    dock,
    location,
    isCancelled: () => stopping.signal.aborted,
    onSecond: progress,
    restock,
  })
  const server = await figures.stop()
  await Promise.all([planner, dock, ...doors].map((door) => door.close()))
  say("the journals are audited")
  return {
    profile: name,
    over,
    target: options.target === "" ? (options.folder === "" ? "a cluster of its own" : options.folder) : options.target,
    startedAt,
    seconds: recorder.seconds(),
    server,
    times: recorder.times(),
    whys: recorder.whys(),
    late: recorder.late(),
    shoppers: recorder.shoppers,
    planned: Math.floor(arrivedBy(profile, lengthMs(profile))),
    repeats: recorder.repeats,
    contradicted: recorder.contradicted,
    cutOff: recorder.unheard,
    audit: cluster.audit === null ? null : await cluster.audit(),
    isPartial: stopping.signal.aborted,
  }
}

const tell = async (played: Played): Promise<number> => {
  const kept = thresholds(played, profile)
  const limit = generatorLimit(played)
  if (report !== undefined) {
    await writeFile(join(report, "report.html"), reportHtml(played, kept))
    await writeFile(join(report, "report.json"), `${JSON.stringify({ ...played, thresholds: kept, generatorLimit: limit }, null, 2)}\n`)
  }
  console.log(options.json ? JSON.stringify({ ...played, thresholds: kept, generatorLimit: limit }) : playedText(played, kept))
  if (played.isPartial) return exit.interrupted
  if (limit !== null) return exit.generator
  return kept.every(({ isKept }) => isKept) ? exit.kept : exit.notKept
}

try {
  const cluster = await openCluster()
  const played = await playOn(cluster).finally(() => cluster.stop())
  process.exitCode = await tell(played)
} catch (error) {
  console.error(
    error instanceof NotStarted || error instanceof NoCluster
      ? error.message
      : error instanceof Error
        ? `could not be played: ${error.message}`
        : String(error),
  )
  process.exitCode = error instanceof NotStarted ? exit.interrupted : error instanceof NoCluster ? exit.usage : exit.failed
}
