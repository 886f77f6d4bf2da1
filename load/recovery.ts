/**
 * `npm run recovery`: a worker starts beside a busy loop on each core, with two million commands in its journal and no snapshot. It has to serve, once, and never to
 * throw away what it has replayed; then write a snapshot that leaves no more than a million commands behind; and another worker has to start from that.
 *
 * Ends with code 0 if so, with 3 otherwise. The journal is written by the engine's own codec, as a busy owner would have.
 */
import { Effect } from "effect"
import * as ManagedRuntime from "effect/ManagedRuntime"
import { sendersOf } from "../src/domain/sender-list.ts"
import { counted } from "../src/domain/telling.ts"
import type { SnapshotManifest } from "../src/engine/protocol.ts"
import type { StoredRecord } from "../src/engine/records.ts"
import { commandsBehindSnapshotMax } from "../src/limits.ts"
import { type EmbeddedServer, startEmbedded } from "../src/nats/embedded.ts"
import { natsLayer } from "../src/nats/layer.ts"
import { Cluster, Journals, Snapshots } from "../src/ports/broker.ts"
import { logLine } from "../src/telemetry/names.ts"
import { saidCodec } from "../src/wire/said.ts"
import { makeJournal } from "./recovery/journal.ts"
import { cpuSecondsOf, pause, type SeenWorker, startBusyLoops, startWorker } from "./recovery/worker.ts"
import { scriptOptions } from "./stage/options.ts"

/** What the issue of recovery allows: seconds of CPU for each million commands, starting the process included. */
const cpuPerMillionMax = 15
const patienceMs = 15 * 60_000

const say = (line: string): void => console.log(line)

const until = async (what: string, condition: () => boolean | Promise<boolean>): Promise<void> => {
  const endsMs = performance.now() + patienceMs
  while (!(await condition())) {
    if (performance.now() > endsMs) throw new Error(`waited in vain: ${what}`)
    await pause(100)
  }
}

const portsOf = (server: EmbeddedServer) => {
  const { engine, door } = server.credentials
  return ManagedRuntime.make(
    natsLayer({ kind: "sku", servers: [server.url], monitorUrls: [server.monitorUrl], engine, door, name: "load" }, saidCodec),
  )
}
type Ports = ReturnType<typeof portsOf>

interface Written {
  readonly records: ReadonlyArray<StoredRecord>
  /** Commands that lie behind a record. */
  readonly behind: (seq: number) => number
}

/** A journal of so many commands for each partition. Takes a while, in which this process does nothing else: before it is connected to anything. */
const makeJournals = (partitions: number, commands: number, skus: number): ReadonlyArray<Written> =>
  Array.from({ length: partitions }, (_, partition) => {
    const records: Array<StoredRecord> = []
    const plan = { partition, partitions, commands: Math.ceil(commands / partitions), skus, startMs: Date.now() }
    const counts: Array<number> = []
    makeJournal(plan, (record, count) => {
      records.push(record)
      counts.push(count)
    })
    const behind = (seq: number) => counts.slice(seq).reduce((sum, count) => sum + count, 0)
    say(`journal ${partition}: ${counted(records.length, "record")}, ${counted(behind(0), "command")}`)
    return { records, behind }
  })

const storeJournals = async (ports: Ports, written: ReadonlyArray<Written>): Promise<void> => {
  for (const [partition, { records }] of written.entries())
    await ports.runPromise(
      Journals.use((journals) =>
        Effect.forEach(records, ({ seq, messageId, bytes }) => journals.append(partition, seq - 1, messageId, bytes), { discard: true }),
      ),
    )
}

const shown = [
  logLine.catchingUp,
  logLine.caughtUp,
  logLine.joined,
  logLine.leaseTaken,
  logLine.serving,
  logLine.claimEnded,
  logLine.reignEnded,
  logLine.leaseLost,
  logLine.leaseLapsed,
]

/** Starts a worker and waits until it serves everything; says what that took. */
const recover = async (server: EmbeddedServer, partitions: number, name: string) => {
  const beganMs = performance.now()
  const worker = startWorker(server, partitions, name, (line) => {
    if (shown.some((text) => line.includes(text)) || line.includes("ERROR"))
      say(`  ${((performance.now() - beganMs) / 1_000).toFixed(1)} s  ${line}`)
  })
  await until("every partition is served", () => {
    worker.checkRunning()
    return worker.count(logLine.serving) >= partitions
  })
  const cpuSeconds = cpuSecondsOf(worker.pid)
  const wallSeconds = (performance.now() - beganMs) / 1_000
  return { worker, cpuSeconds, wallSeconds }
}

/** How often the worker threw state away, kept it at the end of a reign, and served, as its log has it. */
const standingOf = (worker: SeenWorker) => ({
  served: worker.count(logLine.serving),
  thrownAway: worker.count(logLine.steppedDown) + worker.count(logLine.halted),
  kept: worker.count(logLine.reignEnded),
  leasesLost: worker.count(logLine.leaseLost),
})

const manifestsOf = (ports: Ports, partitions: number): Promise<ReadonlyArray<SnapshotManifest | null>> =>
  ports.runPromise(
    Snapshots.use((snapshots) =>
      Effect.forEach(
        Array.from({ length: partitions }, (_, partition) => partition),
        (partition) => Effect.map(snapshots.latest(partition), (found) => (found === null || "newer" in found ? null : found.manifest)),
      ),
    ),
  )

const play = async (server: EmbeddedServer, values: { commands: string; partitions: string; skus: string }): Promise<boolean> => {
  const [commands, partitions, skus] = [Number(values.commands), Number(values.partitions), Number(values.skus)]
  const written = makeJournals(partitions, commands, skus)
  const ports = portsOf(server)
  await ports.runPromise(Cluster.use((cluster) => cluster.prepare({ partitions: { sku: partitions, order: partitions }, replicas: 1 })))
  await storeJournals(ports, written)
  const busy = startBusyLoops()
  say(`busy loops on ${busy.cores} cores; a worker starts`)
  const first = await recover(server, partitions, "first")
  const perMillion = first.cpuSeconds / (commands / 1e6)
  say(
    `serves after ${first.wallSeconds.toFixed(1)} s and ${first.cpuSeconds.toFixed(1)} s of CPU: ${perMillion.toFixed(1)} s per million commands`,
  )
  let manifests: ReadonlyArray<SnapshotManifest | null> = []
  await until("every partition has a snapshot", async () => {
    await pause(2_000)
    manifests = await manifestsOf(ports, partitions)
    return manifests.every((manifest) => manifest !== null)
  })
  const left = manifests.map((manifest, partition) => written[partition]?.behind(manifest?.startSeq ?? 0) ?? 0)
  const cpuSeconds = cpuSecondsOf(first.worker.pid)
  say(`snapshots after ${(cpuSeconds - first.cpuSeconds).toFixed(1)} s more of CPU: ${left.join(", ")} commands lie behind them`)
  const stood = standingOf(first.worker)
  await first.worker.kill()
  say("killed; another starts from the snapshot")
  const second = await recover(server, partitions, "second")
  say(`serves after ${second.wallSeconds.toFixed(1)} s and ${second.cpuSeconds.toFixed(1)} s of CPU`)
  const stoodNext = standingOf(second.worker)
  await second.worker.kill()
  await busy.stop()
  await ports.dispose()
  say(
    `began to serve: ${stood.served} of ${partitions}, then ${stoodNext.served}; state thrown away: ${stood.thrownAway}, then ${stoodNext.thrownAway}; state kept at the end of a reign: ${stood.kept}, then ${stoodNext.kept}; leases lost: ${stood.leasesLost}, then ${stoodNext.leasesLost}`,
  )
  const once = [stood, stoodNext].every(({ served, thrownAway }) => served === partitions && thrownAway === 0)
  return once && perMillion <= cpuPerMillionMax && left.every((count) => count <= commandsBehindSnapshotMax)
}

const main = async (): Promise<void> => {
  const values = scriptOptions("A worker starts beside a busy loop on each core, with a long journal and no snapshot.", {
    commands: { fallback: "2000000", help: "commands in the journal", whole: 1 },
    partitions: { fallback: "1", help: "partitions", whole: 1 },
    skus: { fallback: "10000", help: "SKUs they are about", whole: 1 },
  })
  const server = await startEmbedded({ senders: sendersOf("web=channel,dc=warehouse,boss=merchandiser") })
  try {
    const isGood = await play(server, values)
    say(isGood ? "OK" : "FAILED")
    process.exitCode = isGood ? 0 : 3
  } finally {
    await server.stop()
  }
}

await main()
