/**
 * `npm run side-by-side -- --other FOLDER`: this build beside another checkout, by turns, on servers, a worker and a client of each one's own: ratios of what is decided a second, of how long
 * a decision takes and of the sender's CPU, with their spread over the rounds. Ends with code 1 if a target is missed.
 *
 * Ratios of one run, the arms by turns; absolute numbers drift with the machine.
 */
import { type ChildProcess, fork } from "node:child_process"
import { fileURLToPath } from "node:url"
import { commandsPerMessageMax } from "../src/limits.ts"
import type { ArmCount, ArmMode, ArmSetup, FromArm, ToArm } from "./side-by-side/messages.ts"
import { chosen, conclude, type Promised, say, serversChosen } from "./stage/show.ts"
import { pause } from "./stage/stage.ts"

const about = `Compares what this build decides with what another checkout does: single commands at 1,000 and 64 in flight, and through the client library as many as make 64 full messages.
Full size: --servers 1,3 --sync both --rounds 7 --seconds 5`

const options = chosen(about, {
  other: { fallback: "", help: "the folder of the other checkout, with its node_modules" },
  servers: { fallback: "1", help: "nats-servers", names: ["1", "3"] },
  sync: { fallback: "both", help: "fsync before a message is acknowledged: always, never or both" },
  rounds: { fallback: "3", help: "rounds, each arm once in each", whole: 1 },
  seconds: { fallback: "2", help: "seconds of an arm in a round", whole: 1 },
  cases: { fallback: "1000,64,library", help: "single commands in flight, and library" },
  skus: { fallback: "1", help: "SKUs, shared among the commands in flight", whole: 1 },
  partitions: { fallback: "4", help: "partitions", whole: 1 },
  workers: { fallback: "1", help: "workers of each build", whole: 1 },
  least: {
    fallback: "",
    help: "of the other's decisions a second, the least share; unless given, what was promised beside the build from before the front door",
  },
})

const warmUpMs = 500
const libraryMessages = 64

class Arm {
  readonly #child: ChildProcess
  #ended: Error | null = null
  #waiting: Array<{ readonly resolve: (answer: FromArm) => void; readonly reject: (error: Error) => void }> = []

  constructor(name: string) {
    this.#child = fork(fileURLToPath(new URL("./side-by-side/arm.ts", import.meta.url)))
    this.#child.on("message", (answer) => this.#waiting.shift()?.resolve(answer as FromArm))
    this.#child.once("exit", (code) => {
      this.#ended = new Error(`the arm ${name} ended with ${code}: what it said stands above`)
      for (const { reject } of this.#waiting) reject(this.#ended)
    })
  }

  ask(message: ToArm): Promise<FromArm> {
    if (this.#ended !== null) return Promise.reject(this.#ended)
    return new Promise((resolve, reject) => {
      this.#waiting.push({ resolve, reject })
      this.#child.send(message)
    })
  }

  async measure(mode: ArmMode, inFlight: number): Promise<ArmCount> {
    await this.ask({ _tag: "Start", mode, inFlight })
    await pause(warmUpMs)
    await this.ask({ _tag: "Begin" })
    await pause(Number(options.seconds) * 1_000)
    const answer = await this.ask({ _tag: "End" })
    if (answer._tag !== "Counted") throw new Error("the arm did not count")
    return answer.count
  }

  async end(): Promise<void> {
    await this.ask({ _tag: "Close" })
    this.#child.disconnect()
  }
}

interface Spread {
  readonly median: number
  readonly min: number
  readonly max: number
}

const spread = (values: ReadonlyArray<number>): Spread => ({
  median: [...values].sort((a, b) => a - b)[values.length >> 1] ?? Number.NaN,
  min: Math.min(...values),
  max: Math.max(...values),
})

interface Compared {
  readonly servers: number
  readonly sync: boolean
  readonly mode: ArmMode
  readonly inFlight: number
  readonly perSecond: { readonly here: Spread; readonly other: Spread; readonly ratio: Spread }
  readonly medianMs: { readonly here: Spread; readonly other: Spread; readonly ratio: Spread }
  /** CPU of the process that sends, microseconds a decision: in cases of the library, the client's of each build. */
  readonly clientMicros: { readonly here: Spread; readonly other: Spread; readonly ratio: Spread }
  readonly notAccepted: number
}

const perSecond = ({ decided, elapsedMs }: ArmCount): number => (decided * 1_000) / elapsedMs

const both = (rounds: ReadonlyArray<{ readonly here: ArmCount; readonly other: ArmCount }>, of: (count: ArmCount) => number) => ({
  here: spread(rounds.map(({ here }) => of(here))),
  other: spread(rounds.map(({ other }) => of(other))),
  ratio: spread(rounds.map(({ here, other }) => of(here) / of(other))),
})

const cases = options.cases
  .split(",")
  .map((one) =>
    one === "library"
      ? { mode: "library" as const, inFlight: libraryMessages * commandsPerMessageMax }
      : { mode: "single" as const, inFlight: Number(one) },
  )

const compare = async (servers: 1 | 3, sync: boolean): Promise<ReadonlyArray<Compared>> => {
  const setup: Omit<ArmSetup, "checkout"> = {
    servers,
    syncAlways: sync,
    partitions: Number(options.partitions),
    workers: Number(options.workers),
    skus: Array.from({ length: Number(options.skus) }, (_, n) => `HOT-${n + 1}`),
  }
  const [here, other] = [new Arm("of this build"), new Arm("of the other build")]
  await here.ask({ _tag: "Setup", setup: { ...setup, checkout: fileURLToPath(new URL("..", import.meta.url)) } })
  await other.ask({ _tag: "Setup", setup: { ...setup, checkout: options.other } })
  const compared: Array<Compared> = []
  for (const { mode, inFlight } of cases) {
    const rounds: Array<{ readonly here: ArmCount; readonly other: ArmCount }> = []
    // The first is for the compilers. Who begins changes from round to round.
    for (let round = -1; round < Number(options.rounds); round++) {
      const [first, second] = round % 2 === 0 ? [here, other] : [other, here]
      const counts = [await first.measure(mode, inFlight), await second.measure(mode, inFlight)] as const
      if (round >= 0) rounds.push(first === here ? { here: counts[0], other: counts[1] } : { here: counts[1], other: counts[0] })
    }
    const notAccepted = rounds.reduce((sum, one) => sum + one.here.notAccepted + one.other.notAccepted, 0)
    const one: Compared = {
      servers,
      sync,
      mode,
      inFlight,
      perSecond: both(rounds, perSecond),
      medianMs: both(rounds, ({ medianMs }) => medianMs),
      clientMicros: both(rounds, ({ clientCpuMs, decided }) => (clientCpuMs * 1_000) / decided),
      notAccepted,
    }
    say(lineOf(one))
    compared.push(one)
  }
  await Promise.all([here.end(), other.end()])
  return compared
}

const rangeText = ({ median, min, max }: Spread): string => `${median.toFixed(2)} (${min.toFixed(2)} to ${max.toFixed(2)})`
const nameOf = ({ servers, sync, mode, inFlight }: Compared): string =>
  `${servers} server(s), ${sync ? "with" : "without"} fsync, ${mode === "single" ? `single commands, ${inFlight} in flight` : `library, ${inFlight} commands in flight`}`
const lineOf = (one: Compared): string =>
  `${nameOf(one)}: ${rangeText(one.perSecond.ratio)} × the other's ${Math.round(one.perSecond.other.median)} a second; median latency ${rangeText(one.medianMs.ratio)} × its ${one.medianMs.other.median.toFixed(1)} ms; the sender's CPU a decision ${rangeText(one.clientMicros.ratio)} × its ${one.clientMicros.other.median.toFixed(1)} µs`

/** What is asked for, or else was promised, of the ratio of decisions a second, and of the median latency where that was. */
const targetOf = ({ sync, mode, inFlight }: Compared): { readonly ratio: number; readonly latency: number | null } => {
  if (options.least !== "") return { ratio: Number(options.least), latency: null }
  if (mode === "library" || !sync) return { ratio: 1, latency: null }
  return inFlight >= 1_000 ? { ratio: 3, latency: null } : { ratio: 2, latency: 0.6 }
}

const promisesOf = (one: Compared): ReadonlyArray<Promised> => {
  const { ratio, latency } = targetOf(one)
  const name = nameOf(one)
  return [
    {
      what: `${name}: decisions a second, of the other's, at least ${ratio.toFixed(1)}`,
      found: rangeText(one.perSecond.ratio),
      kept: one.perSecond.ratio.median >= ratio,
    },
    ...(latency === null
      ? []
      : [
          {
            what: `${name}: a decision's median latency, of the other's, at most ${latency}`,
            found: rangeText(one.medianMs.ratio),
            kept: one.medianMs.ratio.median <= latency,
          },
        ]),
  ]
}

if (options.other === "") {
  console.error(
    "--other FOLDER names the checkout to compare with: git worktree add --detach FOLDER COMMIT, and npm ci in it (node load/side-by-side.ts --help)",
  )
  process.exit(2)
}
const syncs = { always: [true], never: [false], both: [false, true] }[options.sync]
if (syncs === undefined) throw new Error(`--sync ${options.sync}: always, never or both`)
const compared: Array<Compared> = []
for (const servers of serversChosen(options.servers)) for (const sync of syncs) compared.push(...(await compare(servers, sync)))
conclude(options.json, { promises: compared.flatMap(promisesOf), ...(options.json ? { compared } : {}) }, compared.map(lineOf).join("\n"))
