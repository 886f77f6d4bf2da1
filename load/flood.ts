/**
 * `npm run flood`: ten times what the machine decides, from fifty connections, while a well-behaved channel buys: what is still decided, what that channel waits, what the rest hears, and how
 * soon it is over. With --questions: as many questions a second from one sender instead. Ends with code 1 if a bound is not kept.
 */
import { type ChildProcess, execFileSync, fork } from "node:child_process"
import { fileURLToPath } from "node:url"
import { sendersOf } from "../src/domain/sender-list.ts"
import { metricName } from "../src/telemetry/catalogue.ts"
import type { FromGenerator, GeneratorConnection, GeneratorCount, ToGenerator } from "./flood/messages.ts"
import { inMs, Probe, type Probed, probedText } from "./stage/probe.ts"
import { HeardKind } from "./stage/raw-connection.ts"
import { chosen, conclude, type Promised, say, serversChosen } from "./stage/show.ts"
import { pause, type Stage, type StageProcess, stockUp, sumOf, withStage } from "./stage/stage.ts"

const about = `Measures what is decided a second at most, then sends ten times as many from many connections, and looks what a well-behaved channel notices.
Full size: --servers 1,3 --seconds 60 --quiet-seconds 20; and with --questions 32000`

const options = chosen(about, {
  servers: { fallback: "1", help: "nats-servers", names: ["1", "3"] },
  seconds: { fallback: "15", help: "seconds of the flood", whole: 1 },
  "quiet-seconds": { fallback: "8", help: "seconds of the probe before it", whole: 1 },
  "peak-seconds": { fallback: "6", help: "seconds in which the peak is measured", whole: 1 },
  "peak-in-flight": { fallback: "2000", help: "commands in flight when the peak is measured", whole: 1 },
  times: { fallback: "10", help: "how many times the peak is sent", decimal: true },
  connections: { fallback: "50", help: "connections that flood", whole: 1 },
  flooders: { fallback: "1", help: "senders that flood, the connections shared among them", whole: 1 },
  questions: { fallback: "0", help: "questions a second from one sender, instead of commands; 0: commands", whole: 0 },
  "probe-ms": { fallback: "10", help: "milliseconds between two probes", whole: 1 },
  partitions: { fallback: "4", help: "partitions", whole: 1 },
  share: { fallback: "0.9", help: "of the peak, the least share that is decided during the flood", decimal: true },
  "median-times": { fallback: "5", help: "how many times its quiet median the probe's may be", decimal: true },
  profile: { fallback: "", help: "folder for CPU profiles of the workers; none unless given" },
})

const floodersCount = Number(options.flooders)
const flooderNames = Array.from({ length: floodersCount }, (_, n) => `flood${n + 1}`)
const senders = sendersOf(`app=channel,dock=warehouse,planner=merchandiser,${flooderNames.map((name) => `${name}=channel`).join(",")}`)
const skus = Array.from({ length: 64 }, (_, n) => `S${n}`)

// The generators: processes of their own, on one core between them where the system can hold them there

class Generator {
  readonly #child: ChildProcess
  #waiting: Array<(answer: FromGenerator) => void> = []

  private constructor(child: ChildProcess) {
    this.#child = child
    child.on("message", (answer) => this.#waiting.shift()?.(answer as FromGenerator))
    child.once("exit", (code) => {
      if (this.#waiting.length > 0) throw new Error(`a generator ended with ${code}`)
    })
  }

  static async start(name: string, connections: ReadonlyArray<GeneratorConnection>): Promise<Generator> {
    const child = fork(fileURLToPath(new URL("./flood/generator.ts", import.meta.url)))
    try {
      execFileSync("taskset", ["-a", "-p", "-c", "0", String(child.pid)], { stdio: "ignore" })
    } catch {
      say("no taskset here: the generator takes what the system gives it; it is one thread")
    }
    const generator = new Generator(child)
    await generator.tell({ _tag: "Setup", name, connections, skus })
    return generator
  }

  tell(message: ToGenerator): Promise<FromGenerator> {
    return new Promise((resolve) => {
      this.#waiting.push(resolve)
      this.#child.send(message)
    })
  }

  async count(): Promise<GeneratorCount> {
    const answer = await this.tell({ _tag: "Count" })
    if (answer._tag !== "Counted") throw new Error("the generator did not count")
    return answer.count
  }

  end(): void {
    this.#child.disconnect()
  }
}

const connectionsOf = (stage: Stage): ReadonlyArray<GeneratorConnection> =>
  Array.from({ length: Number(options.connections) }, (_, n) => {
    const sender = flooderNames[n % floodersCount] ?? ""
    return { url: stage.servers[n % stage.servers.length]?.url ?? "", sender, login: stage.loginOf(sender) }
  })

// What is decided

const decidedBy = async (workers: ReadonlyArray<StageProcess>): Promise<{ readonly atMs: number; readonly commands: number }> => {
  const pages = await Promise.all(workers.map(async (worker) => ({ page: await worker.page("/metrics"), atMs: performance.now() })))
  const commands = pages.reduce((sum, { page }) => sum + sumOf(page, `${metricName.batchCommands}_sum`), 0)
  return { atMs: pages.reduce((sum, { atMs }) => sum + atMs, 0) / pages.length, commands }
}

const rateOver = async (workers: ReadonlyArray<StageProcess>, seconds: number): Promise<number> => {
  const before = await decidedBy(workers)
  await pause(seconds * 1_000)
  const after = await decidedBy(workers)
  return ((after.commands - before.commands) * 1_000) / (after.atMs - before.atMs)
}

interface Played {
  readonly servers: number
  readonly peakPerSecond: number
  readonly askedPerSecond: number
  readonly sentPerSecond: number
  readonly decidedPerSecond: number
  readonly quiet: Probed
  readonly flooded: Probed
  readonly calmAfterMs: number
  readonly heard: Readonly<Record<HeardKind, number>>
  readonly nothing: number
  readonly generatorCore: number
  readonly doorsClosed: number
  readonly promises: ReadonlyArray<Promised>
}

/** Until compilers have done their work, and until what was under way is done. */
const warmUpMs = 6_000
const settleMs = 2_000
/** How much longer than quiet a probe may take and still be called normal. */
const medianTimesMax = Number(options["median-times"])
const p999TimesMax = 20
const calmMsMax = 5_000

const measurePeak = async (stage: Stage, workers: ReadonlyArray<StageProcess>): Promise<number> => {
  const generator = await Generator.start("peak", connectionsOf(stage))
  await generator.tell({ _tag: "Keep", inFlight: Number(options["peak-in-flight"]) })
  await pause(warmUpMs)
  const peak = await rateOver(workers, Number(options["peak-seconds"]))
  const { heard } = await generator.count()
  say(`peak ${Math.round(peak)} a second; heard ${JSON.stringify(heard)}`)
  await generator.tell({ _tag: "Stop" })
  generator.end()
  await pause(settleMs)
  return peak
}

const play = (count: 1 | 3): Promise<Played> =>
  withStage(
    {
      servers: count,
      workers: count === 1 ? 1 : 2,
      partitions: Number(options.partitions),
      senders,
      settings: options.profile === "" ? {} : { NODE_OPTIONS: `--cpu-prof --cpu-prof-dir=${options.profile}` },
    },
    async (stage, workers) => {
      await stockUp(stage, skus, ["app", ...flooderNames], { dock: "dock", planner: "planner" })
      const questions = Number(options.questions)
      const peakPerSecond = await measurePeak(stage, workers)
      const askedPerSecond = questions > 0 ? questions : Math.round(Number(options.times) * peakPerSecond)
      const channel = await stage.open("app", { timeoutMs: 60_000 })
      const probe = new Probe(channel, skus)
      const quietMs = performance.now()
      probe.start(Number(options["probe-ms"]))
      await pause(Number(options["quiet-seconds"]) * 1_000)
      const generator = await Generator.start("flood", connectionsOf(stage))
      const before = await generator.count()
      const floodMs = performance.now()
      await generator.tell({ _tag: "Flood", what: questions > 0 ? "questions" : "commands", perSecond: askedPerSecond })
      const decidedPerSecond = await rateOver(workers, Number(options.seconds))
      const during = await generator.count()
      await generator.tell({ _tag: "Stop" })
      const endedMs = performance.now()
      say("the flood is over")
      await pause(2 * calmMsMax)
      await probe.stop()
      const [quiet, flooded] = [probe.between(quietMs, floodMs), probe.between(floodMs, endedMs)]
      const calmAfterMs = probe.calmAfterMs(endedMs, Math.max(medianTimesMax * quiet.medianMs, quiet.maxMs))
      const after = await generator.count()
      generator.end()
      await channel.close()
      const seconds = (during.elapsedMs - before.elapsedMs) / 1_000
      const heardInAll = HeardKind.reduce((sum, kind) => sum + after.heard[kind], 0)
      const doorsClosed = sumOf(
        (await Promise.all(workers.map((worker) => worker.page("/metrics")))).join("\n"),
        metricName.ingressDoorsClosed,
      )
      const measured = {
        servers: count,
        peakPerSecond,
        askedPerSecond,
        sentPerSecond: (during.sent - before.sent) / seconds,
        decidedPerSecond,
        quiet,
        flooded,
        calmAfterMs,
        heard: after.heard,
        nothing: after.sent - heardInAll,
        generatorCore: (during.cpuMs - before.cpuMs) / 1_000 / seconds,
        doorsClosed,
      }
      return { ...measured, promises: promisesOf(measured, questions > 0) }
    },
  )

const promisesOf = (measured: Omit<Played, "promises">, areQuestions: boolean): ReadonlyArray<Promised> => {
  const { servers, peakPerSecond, decidedPerSecond, quiet, flooded, calmAfterMs } = measured
  const where = `${servers} server(s)${areQuestions ? ", questions" : ""}`
  const share = decidedPerSecond / peakPerSecond
  const [medianTimes, p999Times] = [flooded.medianMs / quiet.medianMs, flooded.p999Ms / quiet.p999Ms]
  return [
    ...(areQuestions
      ? []
      : [
          {
            what: `${where}: decided during the flood, of the peak, at least ${options.share}`,
            found: share.toFixed(2),
            kept: share >= Number(options.share),
          },
        ]),
    {
      what: `${where}: the probe's median, of its quiet one, at most ${medianTimesMax}`,
      found: medianTimes.toFixed(1),
      kept: medianTimes <= medianTimesMax,
    },
    {
      what: `${where}: its p99.9, of its quiet one, at most ${p999TimesMax}`,
      found: p999Times.toFixed(1),
      kept: p999Times <= p999TimesMax,
    },
    { what: `${where}: probes without a decision`, found: String(flooded.failed), kept: flooded.failed === 0 },
    { what: `${where}: normal after the end within ${calmMsMax / 1_000} s`, found: inMs(calmAfterMs), kept: calmAfterMs <= calmMsMax },
  ]
}

const textOf = (played: Played): string => {
  const {
    servers,
    peakPerSecond,
    askedPerSecond,
    sentPerSecond,
    decidedPerSecond,
    quiet,
    flooded,
    heard,
    nothing,
    generatorCore,
    doorsClosed,
  } = played
  const kinds = Object.entries(heard).map(([kind, count]) => `${kind} ${count}`)
  return [
    `${servers} server(s): peak ${Math.round(peakPerSecond)} decisions a second; ${askedPerSecond} a second asked for, ${Math.round(sentPerSecond)} sent, ${Math.round(decidedPerSecond)} decided`,
    `  quiet    ${probedText(quiet)}`,
    `  flooded  ${probedText(flooded)}`,
    `  the rest heard: ${kinds.join(", ")}, nothing ${nothing}; doors closed ${doorsClosed} times; the generator used ${generatorCore.toFixed(2)} of a core`,
  ].join("\n")
}

const played: Array<Played> = []
for (const count of serversChosen(options.servers)) played.push(await play(count))
conclude(
  options.json,
  { promises: played.flatMap(({ promises }) => promises), ...(options.json ? { played } : {}) },
  played.map(textOf).join("\n"),
)
