/**
 * How much of what JetStream can carry is left when every command is decided: a closed loop on one hot SKU through a real server, a real worker
 * and a real client, against the floor, in which the worker echoes the same bytes through the same streams undecided.
 *
 * Prints ratios from one run, the two arms by turns; absolute numbers drift with the machine. All processes share it, the clients included.
 */
import { type Arm, type ArmCount, type FloorArm, startFloor, startHoldfast } from "./end-to-end/arms.ts"
import { Mode } from "./end-to-end/messages.ts"
import { scriptOptions } from "./stage/options.ts"

interface Plan {
  readonly rounds: number
  readonly seconds: number
}

/** One arm in one round. Times of CPU are microseconds for each decision. */
interface Measured {
  readonly perSecond: number
  readonly workerMicros: number
  readonly clientMicros: number
  readonly serverMicros: number | null
  readonly batchCommands: number
  readonly appendMs: number
  readonly recordBytes: number
}

const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms))

const warmUpMs = 1_000

const between = (before: ArmCount, after: ArmCount): Measured => {
  const decided = after.client.decided - before.client.decided
  const workerDecided = after.worker.decided - before.worker.decided
  const batches = after.worker.batches - before.worker.batches
  if (decided === 0 || batches === 0) throw new Error("nothing was decided")
  const { serverCpuMs } = after
  return {
    perSecond: (decided * 1_000) / (after.client.elapsedMs - before.client.elapsedMs),
    workerMicros: ((after.worker.cpuMs - before.worker.cpuMs) * 1_000) / workerDecided,
    clientMicros: ((after.client.cpuMs - before.client.cpuMs) * 1_000) / decided,
    serverMicros: serverCpuMs === null ? null : ((serverCpuMs - (before.serverCpuMs ?? 0)) * 1_000) / decided,
    batchCommands: workerDecided / batches,
    appendMs: (after.worker.appendMs - before.worker.appendMs) / batches,
    recordBytes: (after.worker.recordBytes - before.worker.recordBytes) / workerDecided,
  }
}

const measure = async (arm: Arm, mode: Mode, seconds: number): Promise<Measured> => {
  await arm.start(mode)
  await pause(warmUpMs)
  const before = await arm.count()
  await pause(seconds * 1_000)
  const after = await arm.count()
  await arm.stop()
  if (after.client.notAccepted > 0) throw new Error(`${after.client.notAccepted} commands were not accepted by ${arm.name}`)
  return between(before, after)
}

interface Round {
  readonly holdfast: Measured
  readonly floor: Measured
}

const runMode = async (mode: Mode, holdfast: Arm, floor: FloorArm, plan: Plan): Promise<ReadonlyArray<Round>> => {
  const rounds: Array<Round> = []
  // The first is for the compilers, and shows how many bytes a record holds.
  for (let round = -1; round < plan.rounds; round++) {
    const ours = await measure(holdfast, mode, plan.seconds)
    await floor.setRecordBytes(ours.recordBytes)
    const theirs = await measure(floor, mode, plan.seconds)
    if (round >= 0) rounds.push({ holdfast: ours, floor: theirs })
  }
  return rounds
}

const median = (values: ReadonlyArray<number>): number => [...values].sort((a, b) => a - b)[values.length >> 1] ?? Number.NaN

const spread = (values: ReadonlyArray<number>) => ({ median: median(values), min: Math.min(...values), max: Math.max(...values) })

const medians = (measured: ReadonlyArray<Measured>) => {
  const of = (pick: (one: Measured) => number | null) => median(measured.map((one) => pick(one) ?? Number.NaN))
  return {
    perSecond: of((one) => one.perSecond),
    workerMicros: of((one) => one.workerMicros),
    clientMicros: of((one) => one.clientMicros),
    serverMicros: of((one) => one.serverMicros),
    batchCommands: of((one) => one.batchCommands),
    appendMs: of((one) => one.appendMs),
    recordBytes: of((one) => one.recordBytes),
  }
}

const summary = (mode: Mode, rounds: ReadonlyArray<Round>) => ({
  mode,
  ratio: spread(rounds.map(({ holdfast, floor }) => holdfast.perSecond / floor.perSecond)),
  workerCpuRatio: spread(rounds.map(({ holdfast, floor }) => floor.workerMicros / holdfast.workerMicros)),
  holdfast: medians(rounds.map(({ holdfast }) => holdfast)),
  floor: medians(rounds.map(({ floor }) => floor)),
})

type Summary = ReturnType<typeof summary>

const modeText: Readonly<Record<Mode, string>> = {
  library: "through the client library",
  single: "one command a message, any NATS client",
}

const line = (name: string, one: Summary["holdfast"]): string =>
  `  ${name.padEnd(9)} ${Math.round(one.perSecond).toString().padStart(7)} decisions/s   CPU µs per decision: worker ${one.workerMicros.toFixed(1)}, client ${one.clientMicros.toFixed(1)}, server ${one.serverMicros.toFixed(1)}   batch ${Math.round(one.batchCommands)}, append ${one.appendMs.toFixed(1)} ms, ${Math.round(one.recordBytes)} bytes of record per decision`

const range = ({ median: middle, min, max }: Summary["ratio"]): string => `${middle.toFixed(2)} (${min.toFixed(2)} to ${max.toFixed(2)})`

const report = (one: Summary, inFlight: number): string =>
  [
    `one hot SKU, ${inFlight} in flight, ${modeText[one.mode]}: ${range(one.ratio)} of the floor; worker's CPU ${range(one.workerCpuRatio)}`,
    line("holdfast", one.holdfast),
    line("floor", one.floor),
  ].join("\n")

const main = async (): Promise<void> => {
  const values = scriptOptions(
    "How much of what JetStream can carry is left when every command is decided, against a worker that echoes.",
    {
      rounds: { fallback: "5", help: "rounds of both arms by turns", whole: 1 },
      seconds: { fallback: "3", help: "seconds of an arm in a round", whole: 1 },
      "in-flight": { fallback: "1000", help: "commands on their way at once", whole: 1 },
      partitions: { fallback: "8", help: "partitions", whole: 1 },
      mode: { fallback: "", help: `only this one: ${Mode.join(", ")}` },
      profile: { fallback: "", help: "a folder for CPU profiles of the processes" },
    },
    { switches: { json: "print one line of JSON, and no table" } },
  )
  if (values.mode !== "" && !Mode.some((mode) => mode === values.mode)) throw new Error(`--mode ${values.mode}: ${Mode.join(", ")}`)
  const inFlight = Number(values["in-flight"])
  const options = { inFlight, partitions: Number(values.partitions), profileFolder: values.profile === "" ? undefined : values.profile }
  const plan = { rounds: Number(values.rounds), seconds: Number(values.seconds) }
  const { arm: holdfast, samples } = await startHoldfast(options)
  const floor = await startFloor(options, samples)
  const summaries: Array<Summary> = []
  for (const mode of Mode) {
    if (values.mode !== "" && values.mode !== mode) continue
    const one = summary(mode, await runMode(mode, holdfast, floor, plan))
    summaries.push(one)
    if (!values.json) console.log(report(one, inFlight))
  }
  if (values.json) console.log(JSON.stringify({ inFlight, ...plan, modes: summaries }))
  await holdfast.end()
  await floor.end()
}

await main()
