/**
 * `npm run full-stream`: facts fill the commands stream, at the rate the machine decides them, beside a sender's garbage, while a channel buys; then, with all workers stopped, until it is full,
 * and workers are started again. Ends with code 1 if the channel was not served throughout, or room did not return soon after the first decision.
 */
import { sendersOf } from "../src/domain/sender-list.ts"
import { metricName } from "../src/telemetry/catalogue.ts"
import { FactSender, Garbage } from "./full-stream/senders.ts"
import { storedState } from "./full-stream/stored.ts"
import { inMs, Probe, type Probed, probedText } from "./stage/probe.ts"
import { chosen, conclude, type Promised, say, serversChosen } from "./stage/show.ts"
import { pause, type Stage, type StageProcess, stockUp, sumOf, until, withStage } from "./stage/stage.ts"

const about = `Fills the commands stream with facts while workers decide them, and while none does; looks whether others are served, and how soon there is room again.
Full size: --max-mb 256 --minutes 10 --servers 1,3`

const options = chosen(about, {
  servers: { fallback: "1", help: "nats-servers", names: ["1", "3"] },
  "max-mb": { fallback: "8", help: "megabytes of the commands stream", whole: 1 },
  minutes: { fallback: "0.5", help: "minutes of facts while workers decide", decimal: true },
  "in-flight": { fallback: "64", help: "messages of facts in flight, of 64 facts each", whole: 1 },
  "garbage-per-second": { fallback: "2000", help: "messages of garbage a second, from a sender of its own", whole: 1 },
  "probe-ms": { fallback: "20", help: "milliseconds between two probes", whole: 1 },
  partitions: { fallback: "4", help: "partitions", whole: 1 },
})

const senders = sendersOf("app=channel,till=channel+bulk,hostile=channel,dock=warehouse,planner=merchandiser")
const skus = Array.from({ length: 32 }, (_, n) => `T${n}`)
const maxBytes = Math.round(Number(options["max-mb"]) * 1_048_576)

/** The bounds that are promised. */
const roomMsMax = 2_000
const silentMsMax = 2_000
/** How many times as long as asked for it may take until more was stored than fits. */
const slowTimesMax = 5

interface Busy {
  readonly seconds: number
  readonly decidedFacts: number
  readonly busyFacts: number
  readonly storedBytes: number
  readonly fillMost: number
  readonly garbage: Readonly<Record<string, number>>
  readonly probed: Probed
}

/** Facts at the rate at which they are decided, beside garbage. */
const whileDecided = async (stage: Stage, workers: ReadonlyArray<StageProcess>): Promise<Busy> => {
  const channel = await stage.open("app")
  const engine = await stage.engine()
  const probe = new Probe(channel, skus)
  const facts = await FactSender.open(stage, "till", skus, Number(options.partitions))
  const garbage = await Garbage.open(stage, "hostile", skus)
  const startedMs = performance.now()
  probe.start(Number(options["probe-ms"]))
  facts.keep(Number(options["in-flight"]))
  garbage.start(Number(options["garbage-per-second"]))
  const seconds = Number(options.minutes) * 60
  let fillMost = 0
  const first = await storedState(engine)
  let passedBytes = 0
  let before = first
  // On a slow machine it goes on until more was stored than fits: nothing would be shown otherwise.
  while (performance.now() - startedMs < seconds * 1_000 * (passedBytes > 1.2 * maxBytes ? 1 : slowTimesMax)) {
    await pause(200)
    const now = await storedState(engine)
    fillMost = Math.max(fillMost, now.bytes / maxBytes)
    // What was stored meanwhile, at the size of what is there.
    if (now.messages > 0) passedBytes += ((now.lastSeq - before.lastSeq) * now.bytes) / now.messages
    before = now
  }
  garbage.stop()
  await facts.stop()
  const endedMs = performance.now()
  await probe.stop()
  await until("all that is stored is decided", async () => (await lagOf(workers)) === 0)
  await Promise.all([channel.close(), engine.close()])
  facts.close()
  const probed = probe.between(startedMs, endedMs)
  return {
    seconds: Math.round((endedMs - startedMs) / 1_000),
    decidedFacts: facts.counted.decided,
    busyFacts: facts.counted.busy,
    storedBytes: passedBytes,
    fillMost,
    garbage: garbage.heard,
    probed,
  }
}

const lagOf = async (workers: ReadonlyArray<StageProcess>): Promise<number> => {
  const pages = await Promise.all(workers.map((worker) => worker.page("/metrics")))
  return pages.reduce((sum, page) => sum + sumOf(page, metricName.lagMessages), 0)
}

interface Away {
  readonly filledMs: number
  readonly filledTo: number
  readonly firstDecisionMs: number
  readonly roomMs: number
  readonly decidedAllMs: number
  readonly probeMs: number
}

/** All workers away, an ingress alone takes facts until there is no room; then workers come back. */
const whileAway = async (stage: Stage, workers: ReadonlyArray<StageProcess>): Promise<Away> => {
  const engine = await stage.engine()
  const ingress = await stage.startIngress("ingress-1")
  await Promise.all(workers.map((worker) => worker.stop()))
  say("workers stopped")
  const facts = await FactSender.open(stage, "till", skus, Number(options.partitions))
  const startedMs = performance.now()
  facts.keepStoring(Number(options["in-flight"]))
  await until("the stream is full", () => facts.fullSinceMs !== null && performance.now() - facts.fullSinceMs > 1_000, 600_000)
  const filledMs = (facts.fullSinceMs ?? 0) - startedMs
  const { bytes } = await storedState(engine)
  say(`full after ${inMs(filledMs)}: ${(bytes / 1_048_576).toFixed(1)} MB`)
  const restartedMs = performance.now()
  facts.forget()
  const started = await Promise.all(workers.map((_, n) => stage.startWorker(`worker-again-${n + 1}`)))
  await until("a decision after the restart", () => facts.firstDecisionMs !== null)
  const firstDecisionMs = facts.firstDecisionMs ?? 0
  say(`first decision ${inMs(firstDecisionMs - restartedMs)} after the workers' start`)
  await until("room after the restart", () => facts.storedSinceMs !== null)
  const roomMs = (facts.storedSinceMs ?? 0) - firstDecisionMs
  say(`room again ${inMs(roomMs)} after the first decision`)
  await facts.stop()
  const channel = await stage.open("app")
  const askedMs = performance.now()
  await channel.reserve({ sku: skus[0] ?? "", reservation: "after", qty: 1, holdMs: 60_000 })
  const probeMs = performance.now() - askedMs
  await channel.close()
  await until("all that is stored is decided", async () => (await lagOf(started)) === 0, 600_000)
  const decidedAllMs = performance.now() - restartedMs
  say(`all decided ${inMs(decidedAllMs)} after the workers' start`)
  facts.close()
  await ingress.stop()
  await engine.close()
  return { filledMs, filledTo: bytes / maxBytes, firstDecisionMs: firstDecisionMs - restartedMs, roomMs, decidedAllMs, probeMs }
}

interface Played {
  readonly servers: number
  readonly busy: Busy
  readonly away: Away
  readonly promises: ReadonlyArray<Promised>
}

const promisesOf = (
  servers: number,
  busy: Busy,
  away: Away,
  audit: { readonly code: number | null; readonly out: string },
): ReadonlyArray<Promised> => {
  const where = `${servers} server(s)`
  const { probed, storedBytes } = busy
  return [
    {
      what: `${where}: every probe decided`,
      found: `${probed.failed} of ${probed.count} were not`,
      kept: probed.failed === 0 && probed.count > 0,
    },
    {
      what: `${where}: no probe waited longer than ${silentMsMax / 1_000} s`,
      found: `the worst ${inMs(probed.maxMs)}`,
      kept: probed.maxMs <= silentMsMax,
    },
    { what: `${where}: more was stored than fits`, found: `${(storedBytes / maxBytes).toFixed(1)} times`, kept: storedBytes > maxBytes },
    {
      what: `${where}: room again after the first decision within ${roomMsMax / 1_000} s`,
      found: inMs(away.roomMs),
      kept: away.roomMs <= roomMsMax,
    },
    { what: `${where}: audit`, found: audit.code === 0 ? "clean" : audit.out.slice(-2_000), kept: audit.code === 0 },
  ]
}

const play = (count: 1 | 3): Promise<Played> =>
  withStage(
    { servers: count, workers: count === 1 ? 1 : 2, partitions: Number(options.partitions), senders, commandsBytesMax: maxBytes },
    async (stage, workers) => {
      say(`${count} server(s), ${workers.length} worker(s), a commands stream of ${options["max-mb"]} MB`)
      await stockUp(stage, skus, ["app", "till", "hostile"], { dock: "dock", planner: "planner" })
      const busy = await whileDecided(stage, workers)
      say(`decided ${busy.decidedFacts} facts; ${probedText(busy.probed)}`)
      const away = await whileAway(stage, workers)
      const audit = await stage.holdfast("audit", "--json")
      return { servers: count, busy, away, promises: promisesOf(count, busy, away, audit) }
    },
  )

const textOf = ({ servers, busy, away }: Played): string =>
  [
    `${servers} server(s), commands stream of ${options["max-mb"]} MB`,
    `  while decided (${busy.seconds} s): ${Math.round(busy.decidedFacts / busy.seconds)} facts decided a second, ${(busy.storedBytes / 1_048_576).toFixed(0)} MB stored in all, at most ${(100 * busy.fillMost).toFixed(0)} % full; ${busy.busyFacts} messages of facts heard busy`,
    `  garbage heard: ${Object.entries(busy.garbage)
      .map(([kind, count]) => `${kind} ${count}`)
      .join(", ")}`,
    `  a channel's Reserve: ${probedText(busy.probed)}`,
    `  while away: full after ${inMs(away.filledMs)} at ${(100 * away.filledTo).toFixed(0)} %; first decision ${inMs(away.firstDecisionMs)} after the workers' start, room ${inMs(away.roomMs)} after it; a Reserve then took ${inMs(away.probeMs)}; all decided ${inMs(away.decidedAllMs)} after the start`,
  ].join("\n")

const played: Array<Played> = []
for (const count of serversChosen(options.servers)) played.push(await play(count))
conclude(
  options.json,
  { promises: played.flatMap(({ promises }) => promises), ...(options.json ? { played } : {}) },
  played.map(textOf).join("\n"),
)
