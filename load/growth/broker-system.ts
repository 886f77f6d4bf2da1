/**
 * A system of some size over a real nats-server: its journals put there first, then two workers, a channel's client, and callers. What it costs to start, what it decides, and how long a channel waits when an owner is killed.
 */
import { partitionOf, skuToken } from "../../src/domain/names.ts"
import type { StoredRecord } from "../../src/engine/records.ts"
import { metricName } from "../../src/telemetry/catalogue.ts"
import { Callers } from "../peers/callers.ts"
import { skuName } from "../peers/ground.ts"
import { reserver } from "../peers/holdfast.ts"
import type { Count } from "../peers/messages.ts"
import { readJournals, storeJournal } from "../recovery/store-journal.ts"
import { cpuSecondsOf } from "../recovery/worker.ts"
import { Probe } from "../stage/probe.ts"
import { pause, type Stage, type StageProcess, sumOf, until } from "../stage/stage.ts"
import type { Size } from "./axes.ts"
import { makeGrownJournal } from "./grown-journal.ts"

/** What starting took: of the first worker until it served everything, and of merely reading the same bytes from the same streams. */
export interface Started {
  readonly journalBytes: number
  readonly readMs: number
  readonly readCpuSeconds: number
  readonly recoveryMs: number
  readonly recoveryCpuSeconds: number
}

export interface BrokerSystem {
  readonly started: Started
  readonly measure: (inFlight: number, seconds: number) => Promise<Count>
  /** Bytes that the larger worker's process holds. */
  readonly residentBytes: () => Promise<number>
  /** Kills the owner of the first SKU, and resolves to the longest that a reservation of any probed SKU took, in milliseconds, and how many there were; then the owner is back. */
  readonly kill: () => Promise<{ readonly pauseMs: number; readonly probes: number; readonly failed: number }>
  readonly close: () => Promise<void>
}

const inFlightMax = 16_384
const warmUpMs = 1_000
const probeEveryMs = 20
const quietMs = 1_000

const skusByPartition = ({ skus, partitions }: Size): ReadonlyArray<ReadonlyArray<number>> => {
  const found = Array.from({ length: partitions }, (): Array<number> => [])
  for (let n = 0; n < skus; n++) found[partitionOf(skuToken(skuName(n)), partitions)]?.push(n)
  return found
}

const fill = async (stage: Stage, size: Size): Promise<void> => {
  const [server] = stage.servers
  if (server === undefined) throw new Error("there is a server")
  for (const [partition, skus] of skusByPartition(size).entries()) {
    const records: Array<StoredRecord> = []
    makeGrownJournal({ size, partition, skus, nowMs: Date.now() }, (record) => records.push(record))
    await storeJournal(server, size.partitions, partition, records)
  }
}

const timed = async <A>(work: () => Promise<A>) => {
  const [beganMs, cpu] = [performance.now(), process.cpuUsage()]
  const answer = await work()
  const { user, system } = process.cpuUsage(cpu)
  return { answer, ms: performance.now() - beganMs, cpuSeconds: (user + system) / 1e6 }
}

const startFirst = async (stage: Stage, size: Size): Promise<{ readonly worker: StageProcess; readonly started: Started }> => {
  const [server] = stage.servers
  if (server === undefined) throw new Error("there is a server")
  const read = await timed(() => readJournals(server, size.partitions))
  const recovery = await timed(() => stage.startWorker("worker-1"))
  const worker = recovery.answer
  const started = {
    journalBytes: read.answer,
    readMs: read.ms,
    readCpuSeconds: read.cpuSeconds,
    recoveryMs: recovery.ms,
    recoveryCpuSeconds: cpuSecondsOf(worker.pid),
  }
  return { worker, started }
}

const serves = async (worker: StageProcess, partition: number): Promise<boolean> =>
  (await worker.page("/metrics")).includes(`${metricName.openHolds}{kind="sku",partition="${partition}",`)

const servedBy = async (worker: StageProcess): Promise<number> =>
  (await worker.page("/metrics")).split(`${metricName.openHolds}{kind="sku",`).length - 1

/** A SKU of each partition that has any. */
const probedSkus = (size: Size): ReadonlyArray<string> =>
  skusByPartition(size).flatMap(([first]) => (first === undefined ? [] : [skuName(first)]))

const killOwner = async (stage: Stage, size: Size, workers: Array<StageProcess>, probe: Probe) => {
  const hot = partitionOf(skuToken(skuName(0)), size.partitions)
  const owned = await Promise.all(workers.map((worker) => serves(worker, hot)))
  const place = owned.indexOf(true)
  const victim = workers[place]
  if (victim === undefined) throw new Error("nobody serves the first SKU")
  const had = await servedBy(victim)
  probe.start(probeEveryMs)
  await pause(quietMs)
  const killedMs = performance.now()
  await victim.signal("SIGKILL")
  const other = workers[1 - place]
  if (other === undefined) throw new Error("there is another worker")
  await until("the other serves everything", async () => (await servedBy(other)) === size.partitions)
  await probe.stop()
  const { maxMs, count, failed } = probe.between(killedMs - quietMs, Number.POSITIVE_INFINITY)
  workers[place] = await stage.startWorker(victim.name)
  await until("the killed one serves again", async () => (await servedBy(workers[place] ?? victim)) >= Math.min(1, had))
  return { pauseMs: maxMs, probes: count, failed }
}

/** Fills it, and starts its workers. */
export const openSystem = async (stage: Stage, size: Size): Promise<BrokerSystem> => {
  await fill(stage, size)
  const { worker, started } = await startFirst(stage, size)
  const workers = [worker, await stage.startWorker("worker-2")]
  const channel = await stage.open("web", { inFlightMax })
  const peer = {
    reserve: reserver(channel),
    taken: async () => null,
    pids: () => workers.map(({ pid }) => pid),
    stages: null,
    stop: () => channel.close(),
  }
  // Names of reservations are used once, so one probe serves for all kills.
  const probe = new Probe(channel, probedSkus(size))
  const callers = new Callers(peer, { skus: size.skus })
  return {
    started,
    measure: (inFlight, seconds) => callers.measure("uniform", inFlight, warmUpMs, seconds * 1_000),
    residentBytes: async () =>
      Math.max(...(await Promise.all(workers.map(async (one) => sumOf(await one.page("/metrics"), "process_resident_memory_bytes"))))),
    kill: () => killOwner(stage, size, workers, probe),
    close: () => channel.close(),
  }
}
