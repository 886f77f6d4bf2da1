/**
 * A server of three loses its disk with facts undecided: workers are stopped, facts are stored by an ingress alone, the server is killed, its disk taken, and it
 * is started again together with the workers. While it catches up, whoever reads from it hears heartbeats and nothing else. No partition may stand still for longer than a takeover takes.
 */
import type { NatsConnection } from "@nats-io/transport-node"
import { partitionOf, skuToken } from "../../src/domain/names.ts"
import { decodeDoorAnswer } from "../../src/wire/answers.ts"
import { commandsStream, journalStream } from "../../src/wire/subjects.ts"
import type { ClusterRig, ClusterWorker } from "./cluster-rig.ts"
import { until } from "./rig.ts"
import type { Say } from "./verdict.ts"

export interface WipedDiskReport {
  /** Milliseconds, by partition: the longest for which its journal got no record although facts of it were undecided. */
  readonly silentMs: ReadonlyArray<number>
  readonly boundMs: number
  readonly broken: ReadonlyArray<string>
}

const commandsInMessage = 128
const inFlight = 64
const pollMs = 50
/** Of an answer that is none of those expected. */
const shownChars = 400
const decidedBeforeBytes = 8 * 1_048_576
/** Ends what hangs: a GiB of facts takes minutes to decide. */
const drainPatienceMs = 1_800_000

/** A SKU of each partition. */
const skusOf = (partitions: number): ReadonlyArray<string> => {
  const skus = new Map<number, string>()
  for (let number = 0; skus.size < partitions; number++) skus.set(partitionOf(`SKU-${number}`, partitions), `SKU-${number}`)
  return Array.from({ length: partitions }, (_, partition) => skus.get(partition) ?? "")
}

/** The body of one message: as many deliveries of stock as fit, with a reference that makes each long. */
const bodyOf = (sku: string, serial: number): string => {
  const commands = Array.from({ length: commandsInMessage }, (_, n) => ({
    v: 1,
    type: "ReceiveStock",
    id: `f${serial}.${n}.${"x".repeat(40)}`.slice(0, 64),
    issuedAtMs: Date.now(),
    sku,
    location: "main",
    qty: 1,
  }))
  return JSON.stringify(commands)
}

/** What a message of facts hears: `stored`, or why it isn't or may not be. A no that is none of time is thrown. */
const askOnce = async (nc: NatsConnection, subject: string, body: string): Promise<string> => {
  const heard = await nc.request(subject, body, { timeout: 10_000 }).catch((error: unknown) => String(error))
  if (typeof heard === "string") return heard
  const answer = decodeDoorAnswer(heard.data)
  // A decision may overtake the word that what it decided is stored.
  if (answer === undefined && (heard.string().match(/"outcome":"accepted"/g) ?? []).length === commandsInMessage) return "stored"
  if (answer === undefined) throw new Error(`facts were not accepted: ${heard.string().slice(0, shownChars)}`)
  if (answer.answer === "notStored" && answer.reason !== "age") throw new Error(`a fact was not stored: ${heard.string()}`)
  return answer.answer
}

class Filling {
  readonly #rig: ClusterRig
  readonly #skus: ReadonlyArray<string>
  #serial = 0

  constructor(rig: ClusterRig) {
    this.#rig = rig
    this.#skus = skusOf(rig.options.partitions)
  }

  /** Stores facts until so many bytes more are stored. Returns the messages. */
  async store(bytes: number): Promise<number> {
    const nc = await this.#rig.connectAs("dock")
    let stored = 0
    let messages = 0
    const one = async () => {
      while (stored < bytes) {
        const serial = this.#serial++
        const sku = this.#skus[serial % this.#skus.length] ?? ""
        const body = bodyOf(sku, serial)
        stored += body.length
        messages++
        // Tried again as it is: stored twice is decided once.
        let heard = "nothing"
        await until("a message of facts is stored", async () => {
          heard = await askOnce(nc, `hf.cmd.dock.stock.sku.${skuToken(sku)}`, body)
          return heard === "stored"
        }).catch((error: unknown) => {
          throw new Error(`the last that was heard: ${heard}`, { cause: error })
        })
      }
    }
    await Promise.all(Array.from({ length: inFlight }, one))
    return messages
  }
}

const seconds = (ms: number): string => `${(ms / 1_000).toFixed(1)} s`

/** Whether every partition is served, as a worker says it. */
const isServed = async (workers: ReadonlyArray<ClusterWorker>): Promise<boolean> => {
  const pages = await Promise.all(workers.map(({ page }) => page("/ready")))
  return pages.every((page) => page?.status === 200)
}

/** By partition: commands that are stored and not decided, as those who own it say; null where nobody says. */
const lagOf = async (workers: ReadonlyArray<ClusterWorker>, partitions: number): Promise<ReadonlyArray<number | null>> => {
  const lag: Array<number | null> = Array.from({ length: partitions }, () => null)
  for (const page of await Promise.all(workers.map((worker) => worker.page("/metrics"))))
    for (const [, partition, value] of page?.text.matchAll(
      /^holdfast_partition_lag_oldest_seconds\{[^}]*partition="(\d+)"[^}]*\} (\S+)$/gm,
    ) ?? [])
      lag[Number(partition)] = Number(value)
  return lag
}

/** Watches the ends of the journals until nothing is undecided. */
const watchSilence = async (rig: ClusterRig, workers: ReadonlyArray<ClusterWorker>, say: Say): Promise<ReadonlyArray<number>> => {
  const { partitions } = rig.options
  const { jsm } = await rig.admin()
  const startedMs = performance.now()
  const ends = Array.from({ length: partitions }, () => -1)
  const movedMs = Array.from({ length: partitions }, () => startedMs)
  const silentMs = Array.from({ length: partitions }, () => 0)
  const done = new Set<number>()
  let lookedMs = 0
  await until(
    "all facts are decided",
    async () => {
      await Promise.all(
        ends.map(async (end, partition) => {
          const found = await jsm.streams.info(journalStream("sku", partition)).catch(() => null)
          const nowMs = performance.now()
          if (!done.has(partition)) silentMs[partition] = Math.max(silentMs[partition] ?? 0, nowMs - (movedMs[partition] ?? nowMs))
          if (found === null || found.state.last_seq === end) return
          ends[partition] = found.state.last_seq
          movedMs[partition] = nowMs
        }),
      )
      if (performance.now() - lookedMs > 1_000) {
        lookedMs = performance.now()
        const lag = await lagOf(workers, partitions)
        for (const [partition, seconds] of lag.entries()) {
          if (seconds === 0) done.add(partition)
          else done.delete(partition)
        }
        say(
          `undecided for (s): ${lag.map((age) => (age === null ? "?" : age.toFixed(0))).join(" ")}; silent for (s): ${silentMs.map((ms) => (ms / 1_000).toFixed(1)).join(" ")}`,
        )
      }
      await new Promise((resolve) => setTimeout(resolve, pollMs))
      return done.size === partitions
    },
    drainPatienceMs,
  )
  return silentMs
}

/** Whether every stream is led by a server that answers. */
const haveLeaders = async (rig: ClusterRig): Promise<boolean> => {
  const admin = await rig.admin()
  const names = await admin.jsm.streams
    .names()
    .next()
    .catch(() => [])
  return Promise.all([admin.jsm.streams.info(commandsStream("sku")), ...names.map((name) => admin.jsm.streams.info(name))]).then(
    () => true,
    () => false,
  )
}

/** Plays on `rig`. Something is decided before, so that cursors stand within the stream, as they do; not much, for how long a replay takes is not what is looked at here. */
export const playWipedDisk = async (rig: ClusterRig, bytes: number, say: Say): Promise<WipedDiskReport> => {
  const { partitions, leaseTtlMs } = rig.options
  const names = ["worker-1", "worker-2"]
  const start = () => Promise.all(names.map((name) => rig.startWorker(name)))
  let workers = await start()
  await until("every partition is served", () => isServed(workers))
  const { jsm } = await rig.admin()
  await jsm.streams.update(commandsStream("sku"), { max_bytes: Math.max(1_073_741_824, 3 * bytes) })
  const filling = new Filling(rig)
  await filling.store(Math.min(bytes / 4, decidedBeforeBytes))
  await until("the first facts are decided", async () => (await lagOf(workers, partitions)).every((age) => age === 0), drainPatienceMs)
  await Promise.all(workers.map(({ stop }) => stop()))
  const ingress = await rig.startIngress("ingress-1")
  await until("the ingress is open", async () => (await ingress.page("/ready"))?.status === 200)
  const messages = await filling.store(bytes)
  await ingress.stop()
  say(`${messages} messages with ${messages * commandsInMessage} facts are stored and undecided (${(bytes / 1_048_576).toFixed(0)} MiB)`)
  const wiped = rig.servers[2]
  if (wiped === undefined) throw new Error("there are three servers")
  await wiped.loseDisk()
  // What it led finds another leader first: how long that takes is the servers' own, and a disk is not replaced in a second.
  await until("every stream has a leader", () => haveLeaders(rig))
  await wiped.restart()
  workers = await start()
  // How long a process takes to start is the machine's.
  await until("the workers' processes have started", async () =>
    (await Promise.all(workers.map(({ page }) => page("/live")))).every((page) => page !== null),
  )
  const startedMs = performance.now()
  say("a server lost its disk; it and the workers are started")
  const silentMs = await watchSilence(rig, workers, say)
  say(`all decided after ${seconds(performance.now() - startedMs)}; longest silence by partition: ${silentMs.map(seconds).join(", ")}`)
  const boundMs = 2 * leaseTtlMs + 2_000
  const broken = silentMs.flatMap((ms, partition) =>
    ms > boundMs ? [`partition ${partition} was silent for ${seconds(ms)}, more than ${seconds(boundMs)}`] : [],
  )
  for (const { page } of workers) {
    const metrics = await page("/metrics")
    for (const line of metrics?.text.match(/^holdfast_alarms_total\{.*alarm="(ReaderDeaf|CommandsLostTail)".*$/gm) ?? [])
      if (!line.endsWith(" 0")) say(line)
  }
  return { silentMs, boundMs, broken }
}
