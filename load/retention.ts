/**
 * `npm run retention`: a journal of ten million commands over twenty days of journaled time, archived and purged as it grows, the archiver killed at twenty
 * moments. Shows the disk over time, then audits archive and journal as one and exports the partition: its state has to have the owner's hash.
 * Ends with 0 if all of that holds, with 3 otherwise.
 */
import { temporaryFolder } from "../src/temporary-folder.ts"
import "effect/schema/SchemaJITCompiler/enable"
import { watch } from "node:fs"
import { mkdir } from "node:fs/promises"
import { join } from "node:path"
import { ManagedRuntime } from "effect"
import { counted } from "../src/domain/telling.ts"
import { journalKeptMs } from "../src/limits.ts"
import { startEmbedded } from "../src/nats/embedded.ts"
import { natsLayer } from "../src/nats/layer.ts"
import { JournalRoom } from "../src/ports/archive.ts"
import { Cluster } from "../src/ports/broker.ts"
import { saidCodec } from "../src/wire/said.ts"
import { archiveRound, audit, diskBytes, exportEnd, leftovers, watchedRound } from "./retention/archiver.ts"
import { SteadyOwner } from "./retention/owner.ts"
import { scriptOptions } from "./stage/options.ts"

const values = scriptOptions("A long journal archived and purged as it grows, the archiver killed at many moments.", {
  commands: { fallback: "10000000", help: "commands in the journal", whole: 1 },
  days: { fallback: "20", help: "days of journaled time", whole: 1 },
  rounds: { fallback: "40", help: "rounds of the archiver", whole: 1 },
  kills: { fallback: "20", help: "times that it is killed", whole: 0 },
  record: { fallback: "512", help: "commands in a record", whole: 1 },
  skus: { fallback: "1000", help: "SKUs they are about", whole: 1 },
})
const [commands, days, rounds, kills, perRecord, skuCount] = [
  values.commands,
  values.days,
  values.rounds,
  values.kills,
  values.record,
  values.skus,
].map(Number) as [number, number, number, number, number, number]

const broken: Array<string> = []
const expect = (holds: boolean, what: string): void => {
  if (!holds) broken.push(what)
}
const mb = (bytes: number): string => `${(bytes / 1e6).toFixed(1)} MB`
const say = (line: string): void => console.log(line)

const partitions = 1
const dayMs = 24 * 3_600_000
const temporary = temporaryFolder("holdfast-retention-")
const { path: root } = temporary
const folder = join(root, "archive")
await mkdir(folder)
const server = await startEmbedded({ storeDir: join(root, "nats"), senders: [] })
const { engine, door } = server.credentials
const runtime = ManagedRuntime.make(
  natsLayer({ kind: "sku", servers: [server.url], monitorUrls: [server.monitorUrl], engine, door, name: "retention" }, saidCodec),
)
const held = () => runtime.runPromise(JournalRoom.use((room) => room.held(0)))

interface RoundEnded {
  readonly failed?: string
}

const archiver = { connection: server, folder }

/** Changes of the archive's files in a round that nothing was left over for, and rounds that were killed. */
let wholeChanges = 30
let killed = 0

/** A round to its end; how long it took. */
const wholeRound = async (isWhole: boolean): Promise<number> => {
  let changes = 0
  const watcher = watch(folder, { recursive: true }, () => changes++)
  const ran = await archiveRound(archiver)
  watcher.close()
  if (isWhole) wholeChanges = changes
  expect(ran.code === 0, `an archive round ended with ${ran.code}: ${ran.err}`)
  if (ran.code === 0) for (const one of JSON.parse(ran.out) as ReadonlyArray<RoundEnded>) expect(one.failed === undefined, `${one.failed}`)
  return ran.ms
}

/** Milliseconds after a change at which the archiver is killed, in turn: at once, and while it does what comes after. A purge is over in a few. */
const delaysMs = [0, 1, 3, 8]

/** A round killed at this part of all it changes in the archive's folder. */
const killedRound = async (kill: number, wholeChanges: number): Promise<string> => {
  const before = await held()
  const at = Math.max(1, Math.round(((kill + 0.5) / kills) * wholeChanges))
  const { code, changes, last } = await watchedRound(archiver, at, delaysMs[kill % delaysMs.length] ?? 0)
  const after = await held()
  const left = await leftovers(folder)
  if (code === null) killed++
  expect(after.lastSeq === before.lastSeq, `a killed round moved the journal's end from ${before.lastSeq} to ${after.lastSeq}`)
  const how = code === null ? "killed" : "ended before it was killed"
  return `${how} at change ${changes} of ${wholeChanges} (${last}); journal from ${before.firstSeq} to ${after.firstSeq}; left: ${left.map((name) => name.split("/").at(-1)).join(" ") || "nothing"}`
}

const play = async (): Promise<SteadyOwner> => {
  await runtime.runPromise(Cluster.use((cluster) => cluster.prepare({ partitions: { sku: partitions, order: partitions }, replicas: 1 })))
  const records = Math.ceil(commands / perRecord)
  const owner = new SteadyOwner({
    partition: 0,
    partitions,
    skus: Array.from({ length: skuCount }, (_, index) => `S${index}`),
    startMs: Date.now() - (days + 1) * dayMs,
    msPerRecord: Math.ceil((days * dayMs) / records),
    commandsPerRecord: perRecord,
  })
  await runtime.runPromise(owner.begin())
  let attempts = 0
  say("journaled day  commands   journal records     journal      server's disk  archive     round")
  for (let round = 1; round <= rounds; round++) {
    const from = owner.nowMs
    await runtime.runPromise(owner.sell(Math.floor((commands * round) / rounds) - owner.commands))
    await runtime.runPromise(owner.snapshot())
    const kill = Math.floor((round * kills) / rounds) > attempts
    const told = kill ? await killedRound(attempts++, wholeChanges) : ""
    const wholeMs = await wholeRound(!kill)
    const { firstSeq, lastSeq, bytes } = await held()
    const disk = [mb(bytes), mb(await diskBytes(join(root, "nats", "jetstream"))), mb(await diskBytes(folder))]
    const day = ((owner.nowMs - (Date.now() - (days + 1) * dayMs)) / dayMs).toFixed(1)
    say(
      `${day.padStart(13)}  ${String(owner.commands).padStart(9)}  ${`${firstSeq} to ${lastSeq}`.padEnd(18)}  ${disk[0]?.padEnd(11)}  ${disk[1]?.padEnd(13)}  ${disk[2]?.padEnd(10)}  ${(wholeMs / 1_000).toFixed(1)} s  ${told}`,
    )
    expect(owner.nowMs > from, "journaled time went on")
  }
  return owner
}

/** What is left in the journal reaches at least over every horizon of remembered ids. */
const judgeHorizon = async (owner: SteadyOwner): Promise<void> => {
  const { firstSeq, lastSeq, bytes } = await held()
  const msPerRecord = Math.ceil((days * dayMs) / Math.ceil(commands / perRecord))
  const keptMs = (lastSeq - firstSeq) * msPerRecord
  say(
    `the journal keeps ${(keptMs / 3_600_000).toFixed(1)} h of journaled time; ids are remembered for at most ${journalKeptMs / 3_600_000} h`,
  )
  expect(keptMs >= Math.min(journalKeptMs, owner.nowMs), "something within a horizon of remembered ids was purged")
  expect(firstSeq > 1, "nothing was purged")
  const share = keptMs / (days * dayMs)
  say(`${mb(bytes)} of ${mb(owner.recordBytes)} of records are left in the stream (${(share * 100).toFixed(0)} % of the time)`)
  expect(bytes < owner.recordBytes * Math.min(1, share + 0.25), "the journal is larger than what has to stay")
}

const judge = async (owner: SteadyOwner): Promise<void> => {
  await judgeHorizon(owner)
  const without = await audit(server, partitions, null)
  say(`audit without the archive: code ${without.code}, ${without.err.trim()}`)
  expect(without.code === 1, "an audit without the archive must say what is missing")
  const startedMs = performance.now()
  const audited = await audit(server, partitions, folder)
  const report = audited.code === 0 ? JSON.parse(audited.out) : { totals: {} }
  say(
    `audit over archive and journal: code ${audited.code}, ${report.totals.records} records, ${report.totals.commands ?? "?"} commands, ${((performance.now() - startedMs) / 1_000).toFixed(0)} s`,
  )
  expect(audited.code === 0, `the audit ended with ${audited.code}: ${audited.err}`)
  const exported = await exportEnd(server, partitions, 0, folder)
  const { stateHash } = JSON.parse(exported.last === "" ? "{}" : exported.last) as { readonly stateHash?: string }
  const owners = owner.stateHash()
  say(`export: code ${exported.code}, ${exported.lines} lines, state ${stateHash}; the owner's is ${owners}`)
  expect(stateHash === owners, "the export leads to another state than the owner's")
}

const startedMs = performance.now()
try {
  await judge(await play())
} finally {
  await runtime.dispose()
  await server.stop()
  await temporary.remove()
}
for (const one of broken) say(`BROKEN: ${one}`)
const seconds = ((performance.now() - startedMs) / 1_000).toFixed(0)
say(
  broken.length === 0
    ? `OK: ${counted(commands, "command")}, ${counted(killed, "round")} killed with SIGKILL. ${seconds} s`
    : `FAILED: ${counted(broken.length, "finding")}. ${seconds} s`,
)
process.exitCode = broken.length === 0 ? 0 : 3
