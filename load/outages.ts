/**
 * `npm run outages [-- NAME...]`: every kind of outage done to real servers and workers on this machine, and how long it took until a living worker's /ready said so and an
 * alarm was counted. Ends with code 0 if both took at most five seconds for each, with 3 otherwise.
 */
import { partitionOf } from "../src/domain/names.ts"
import { outageToldMsMax } from "../src/limits.ts"
import { commandsStream, journalStream, journalSubject } from "../src/wire/subjects.ts"
import { type ClusterRig, type ClusterRigOptions, type ClusterWorker, withClusterRig } from "./chaos/cluster-rig.ts"
import { until } from "./chaos/rig.ts"
import { wayTo } from "./outages/half-open.ts"
import { type Seen, startTrickle, untilSteady, watchOutage } from "./outages/watching.ts"
import { scriptOptions } from "./stage/options.ts"

interface Stage {
  readonly rig: ClusterRig
  readonly workers: ReadonlyArray<ClusterWorker>
  /** Who says what is seen: the last of the workers. */
  readonly observer: ClusterWorker
}

interface Kind {
  readonly title: string
  readonly servers: 1 | 3
  readonly workers: number
  readonly fileStoreBytesMax?: number
  /** What is done; absent parts of a stage are there. */
  readonly act: (stage: Stage, begins: () => void) => Promise<unknown>
  /** The first worker reaches the server over a way of its own. */
  readonly byWay?: boolean
}

const partitions = 4
const leaseTtlMs = 3_000
const watchMs = 12_000

const skus = ((): ReadonlyArray<string> => {
  const found = new Map<number, string>()
  for (let number = 0; found.size < partitions; number++) found.set(partitionOf(`SKU-${number}`, partitions), `SKU-${number}`)
  return [...found.values()]
})()

/** The worker that owns most, of those that are not the observer. */
const owners = ({ workers, observer }: Stage): ReadonlyArray<ClusterWorker> => workers.filter((worker) => worker !== observer)

const signal = (worker: ClusterWorker, name: NodeJS.Signals) => process.kill(worker.process.pid, name)

/** Stores in a stream of nobody's until the server takes no more. */
const fill = async ({ rig }: Stage, begins: () => void): Promise<void> => {
  const { jsm, js } = await rig.admin()
  await jsm.streams.add({ name: "FILL", subjects: ["fill"] })
  const padding = new Uint8Array(60_000)
  const isStored = () =>
    js.publish("fill", padding, { timeout: 2_000 }).then(
      () => true,
      () => false,
    )
  while (await isStored());
  begins()
}

let way: Awaited<ReturnType<typeof wayTo>> | undefined

const kinds: Readonly<Record<string, Kind>> = {
  killed: {
    title: "a worker is killed (SIGKILL)",
    servers: 1,
    workers: 2,
    act: async (stage) => owners(stage).map((worker) => worker.process.killNow()),
  },
  stopped: {
    title: "a worker is stopped (SIGSTOP)",
    servers: 1,
    workers: 2,
    act: async (stage) => owners(stage).map((worker) => signal(worker, "SIGSTOP")),
  },
  "all-but-one": {
    title: "all workers but one are killed",
    servers: 1,
    workers: 3,
    act: async (stage) => owners(stage).map((worker) => worker.process.killNow()),
  },
  halted: {
    title: "a journal holds a foreign record: halted",
    servers: 1,
    workers: 2,
    act: async ({ rig }) => (await rig.admin()).js.publish(journalSubject("sku", 1), "foreign"),
  },
  "journal-gone": {
    title: "a journal's stream is deleted",
    servers: 1,
    workers: 2,
    act: async ({ rig }) => (await rig.admin()).jsm.streams.delete(journalStream("sku", 1)),
  },
  "journal-emptied": {
    title: "a journal is deleted and made anew, empty",
    servers: 1,
    workers: 2,
    act: async ({ rig }) => {
      const { jsm } = await rig.admin()
      const { config } = await jsm.streams.info(journalStream("sku", 1))
      await jsm.streams.delete(journalStream("sku", 1))
      await jsm.streams.add(config)
    },
  },
  settings: {
    title: "a setting of the commands stream is changed",
    servers: 1,
    workers: 2,
    act: async ({ rig }) => (await rig.admin()).jsm.streams.update(commandsStream("sku"), { max_age: 3_600_000_000_000 }),
  },
  "server-stopped": {
    title: "the only server stands still (SIGSTOP)",
    servers: 1,
    workers: 2,
    act: async ({ rig }) => rig.first.kill("SIGSTOP"),
  },
  "server-killed": { title: "the only server is killed", servers: 1, workers: 2, act: async ({ rig }) => rig.first.kill("SIGKILL") },
  "one-of-three-killed": {
    title: "one server of three is killed",
    servers: 3,
    workers: 2,
    act: async ({ rig }) => rig.servers[2]?.kill("SIGKILL"),
  },
  "one-of-three-stopped": {
    title: "one server of three stands still (SIGSTOP)",
    servers: 3,
    workers: 2,
    act: async ({ rig }) => rig.servers[2]?.kill("SIGSTOP"),
  },
  "one-of-three-wiped": {
    title: "one server of three loses its disk and starts again",
    servers: 3,
    workers: 2,
    act: async ({ rig }) => {
      await rig.servers[2]?.loseDisk()
      await rig.servers[2]?.restart()
    },
  },
  "two-of-three-killed": {
    title: "two servers of three are killed",
    servers: 3,
    workers: 2,
    act: ({ rig }) => Promise.all([rig.servers[1]?.kill("SIGKILL"), rig.servers[2]?.kill("SIGKILL")]),
  },
  full: { title: "the servers' room is used up (max_file_store 48 MiB)", servers: 1, workers: 2, fileStoreBytesMax: 50_331_648, act: fill },
  "half-open": {
    title: "a worker's connections carry nothing, either way",
    servers: 1,
    workers: 2,
    byWay: true,
    act: async () => way?.cut("both"),
  },
  deafened: { title: "a worker's connections carry no answers", servers: 1, workers: 2, byWay: true, act: async () => way?.cut("answers") },
}

const startStage = async (rig: ClusterRig, kind: Kind): Promise<Stage> => {
  const workers: Array<ClusterWorker> = []
  if (kind.fileStoreBytesMax !== undefined) await rig.prepare(kind.fileStoreBytesMax / 8)
  for (let number = 1; number <= kind.workers; number++) {
    way = kind.byWay === true && number === 1 ? await wayTo(rig.first.url) : way
    const settings: Record<string, string> = kind.byWay === true && number === 1 && way !== undefined ? { HOLDFAST_NATS_URL: way.url } : {}
    workers.push(await rig.startWorker(`worker-${number}`, settings))
  }
  const observer = workers.at(-1)
  if (observer === undefined) throw new Error("there are workers")
  await until("every worker has joined", async () => {
    const pages = await Promise.all(workers.map(({ page }) => page("/worker")))
    return pages.every((page) => page?.status === 200)
  })
  await untilSteady(observer)
  return { rig, workers, observer }
}

const play = (kind: Kind): Promise<Seen> => {
  const { servers, fileStoreBytesMax } = kind
  const options: ClusterRigOptions = { servers, partitions, leaseTtlMs, ...(fileStoreBytesMax === undefined ? {} : { fileStoreBytesMax }) }
  return withClusterRig(options, async (rig) => {
    const stage = await startStage(rig, kind)
    const stopTrickle = await startTrickle(rig, skus)
    try {
      await untilSteady(stage.observer)
      return await watchOutage(stage.observer, (begins) => kind.act(stage, begins), watchMs)
    } finally {
      stopTrickle()
      for (const worker of stage.workers) if (worker.process.isRunning()) signal(worker, "SIGCONT")
      await way?.close()
      way = undefined
    }
  })
}

const secondsOf = (ms: number | null): string => (ms === null ? "-" : `${(ms / 1_000).toFixed(1)} s`)
const about = "Every kind of outage done to real servers and workers, and how long it took until it was told."
const { words } = scriptOptions(about, {}, { words: { metavar: "NAME...", help: "which, otherwise all", known: Object.keys(kinds) } })
const names = words.length > 0 ? words : Object.keys(kinds)
let late = 0
console.log("| outage | /ready | alarm | served again | what was said |")
console.log("| --- | --: | --: | --: | --- |")
for (const name of names) {
  const kind = kinds[name]
  if (kind === undefined) throw new Error(`there is no outage ${name}; there are ${Object.keys(kinds).join(", ")}`)
  const seen = await play(kind).catch((error: unknown) => String(error))
  if (typeof seen === "string") {
    late++
    console.log(`| ${kind.title} | FAILED | | | ${seen} |`)
    continue
  }
  const isTold = seen.alarmMs !== null && seen.alarmMs <= outageToldMsMax && (seen.readyMs === null || seen.readyMs <= outageToldMsMax)
  if (!isTold) late++
  console.log(
    `| ${kind.title} | ${secondsOf(seen.readyMs)} | ${secondsOf(seen.alarmMs)} | ${secondsOf(seen.servedMs)} | ${seen.reason} (${seen.alarm}) |`,
  )
}
console.log(late === 0 ? "OK: every outage was told in time" : `FAILED: ${late} of ${names.length} were not`)
process.exitCode = late === 0 ? 0 : 3
