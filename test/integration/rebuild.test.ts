/** Journals written anew from an archive, as an operator does it: servers that lost their disks, kills in the middle, a resume, and an audit. */
import { type ChildProcess, spawn } from "node:child_process"
import { mkdtemp, rm } from "node:fs/promises"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { Effect, ManagedRuntime, Stream } from "effect"
import { afterAll, beforeAll, describe, expect, it } from "vitest"
import { archiveRound, audit, exportEnd, runAs } from "../../load/retention/archiver.ts"
import { SteadyOwner } from "../../load/retention/owner.ts"
import { mainFile, workerEnvironment } from "../../src/cli/demo/workers.ts"
import { sendersOf } from "../../src/domain/sender-list.ts"
import type { StoredRecord } from "../../src/engine/records.ts"
import { type EmbeddedServer, startEmbedded } from "../../src/nats/embedded.ts"
import { natsLayer } from "../../src/nats/layer.ts"
import { JournalRoom } from "../../src/ports/archive.ts"
import { Cluster, Journals } from "../../src/ports/broker.ts"
import { saidCodec } from "../../src/wire/said.ts"
import { until } from "../processes.ts"
import { startTimeoutMs } from "./real-cluster.ts"

const partitions = 1
const hourMs = 3_600_000
let folder = ""
let server: EmbeddedServer
let owner: SteadyOwner
/** The journal as it was before the disk was lost, and where it began then. */
let before: ReadonlyArray<StoredRecord>

const ports = () => {
  const { engine, door } = server.credentials
  return ManagedRuntime.make(natsLayer({ kind: "sku", servers: [server.url], monitorUrls: [server.monitorUrl], engine, door }, saidCodec))
}
const asking = async <A>(effect: Effect.Effect<A, unknown, Cluster | JournalRoom | Journals>): Promise<A> => {
  const runtime = ports()
  return runtime.runPromise(effect).finally(() => runtime.dispose())
}
const held = () => asking(JournalRoom.use((room) => room.held(0)))
const marks = () => asking(Cluster.use((cluster) => cluster.marks(0)))
const journal = () =>
  asking(
    Effect.gen(function* () {
      const { firstSeq, lastSeq } = yield* (yield* JournalRoom).held(0)
      const journals = yield* Journals
      const records = (yield* Stream.runCollect(journals.read(0, firstSeq, lastSeq))).flat()
      return records.map(({ seq, messageId, bytes }) => ({ seq, messageId, bytes: Buffer.from(bytes) }))
    }),
  )

const environment = () => workerEnvironment("operator", server, partitions)
const rebuild = (...flags: ReadonlyArray<string>) => runAs(["archive", "rebuild", "--dir", folder, "--json", ...flags], environment())

const serve = () => {
  const child = spawn(process.execPath, [mainFile, "serve"], {
    env: workerEnvironment("after", server, partitions, { HOLDFAST_LEASE_TTL_MS: "1000" }),
    stdio: "ignore",
  })
  return () => new Promise<void>((resolve) => child.once("close", () => resolve()) && child.kill("SIGTERM"))
}

const loseAll = async (): Promise<void> => {
  await server.loseDisk()
  await server.restart()
}

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "holdfast-rebuild-"))
  server = await startEmbedded({ senders: sendersOf("web=channel") })
  const runtime = ports()
  await runtime.runPromise(Cluster.use((cluster) => cluster.prepare({ partitions: { sku: partitions, order: partitions }, replicas: 1 })))
  const startMs = Date.now() - 20 * 24 * hourMs
  owner = new SteadyOwner({ partition: 0, partitions, skus: ["A", "B"], startMs, msPerRecord: hourMs / 12, commandsPerRecord: 1 })
  await runtime.runPromise(owner.begin())
  for (let round = 0; round < 3; round++) {
    await runtime.runPromise(owner.sell(1_500))
    await runtime.runPromise(owner.snapshot())
    expect(await archiveRound({ connection: server, folder, flags: ["--test-records-kept", "10"] })).toMatchObject({ code: 0 })
  }
  // Beyond the last snapshot.
  await runtime.runPromise(owner.sell(100))
  expect(await archiveRound({ connection: server, folder, flags: ["--keep-all"] })).toMatchObject({ code: 0 })
  await runtime.dispose()
  before = await journal()
}, startTimeoutMs)
afterAll(async () => {
  await server.stop()
  await rm(folder, { recursive: true, force: true })
})

describe("holdfast archive rebuild", () => {
  it("refuses a folder without an archive, whatever the journals hold, and names the flag", async () => {
    const empty = await mkdtemp(join(tmpdir(), "holdfast-no-archive-"))
    try {
      const was = await held()
      const { code, err } = await runAs(["archive", "rebuild", "--dir", empty], environment())
      expect(code).toBe(1)
      expect(err).toContain(`nothing is archived in ${empty}: name the folder of the archive with --dir`)
      expect(err).not.toMatch(/remove|stream rm/)
      expect(await held()).toEqual(was)
    } finally {
      await rm(empty, { recursive: true })
    }
  })

  it("says what it would write, and changes nothing", async () => {
    await loseAll()
    const looked = await rebuild("--dry-run")
    expect(looked).toMatchObject({ code: 0 })
    const [first, last] = [before[0]?.seq ?? 0, before.at(-1)?.seq ?? 0]
    expect(first).toBeGreaterThan(1)
    expect(JSON.parse(looked.out)).toEqual([
      { kind: "sku", partition: 0, plan: { _tag: "Write", firstSeq: first, nextSeq: first, endSeq: last } },
      { kind: "order", partition: 0, plan: { _tag: "Begin" } },
    ])
    expect(await rebuild("--dry-run")).toMatchObject({ out: looked.out })
  })

  it("killed at any moment leaves a beginning of the journal that nobody may serve or resume, and goes on from there", async () => {
    await loseAll()
    const runtime = ports()
    const endSeq = () => runtime.runPromise(Journals.use((journals) => journals.endSeq(0))).catch(() => 0)
    let parts = 0
    for (const target of [0, 1, 300, 700]) {
      const from = (before[0]?.seq ?? 0) + target
      let isOver = false
      const ran = runAs(["archive", "rebuild", "--dir", folder], environment(), (child: ChildProcess) => {
        void until(async () => isOver || (await endSeq()) >= from).then(() => child.kill("SIGKILL"))
      })
      const { code } = await ran
      isOver = true
      if (code !== null) continue
      expect(await marks()).toMatchObject({ halt: { reason: "RebuildUnfinished", resume: null } })
      const there = await journal()
      expect(there).toEqual(before.slice(0, there.length))
      if (there.length === before.length) continue
      parts++
      const resumed = await runAs(["resume", "0", "--reason", "too soon"], environment())
      expect(resumed).toMatchObject({ code: 6, err: expect.stringContaining("run the same holdfast archive rebuild again") })
    }
    await runtime.dispose()
    expect(parts).toBeGreaterThan(0)
    expect(await rebuild()).toMatchObject({ code: 0 })
    expect(await journal()).toEqual(before)
    expect(await marks()).toMatchObject({ halt: { reason: "JournalRebuilt", resume: null } })
  })

  it("brings back each record at its place, says when the archive ends, and leaves the partition halted until it is resumed", async () => {
    await loseAll()
    const ran = await rebuild()
    expect(ran).toMatchObject({ code: 0 })
    const last = before.at(-1)?.seq ?? 0
    const { ends, partitions: rebuilt } = JSON.parse(ran.out)
    expect(rebuilt).toMatchObject([
      { kind: "sku", partition: 0, firstSeq: before[0]?.seq, endSeq: last, written: before.length, confirmedSeq: null },
      { kind: "order", partition: 0, endSeq: 0, incarnation: null },
    ])
    expect(ends.last).toBe(owner.partition.atMs)
    expect(await journal()).toEqual(before)
    // Once more changes nothing.
    expect(JSON.parse((await rebuild()).out).partitions[0]).toMatchObject({ written: 0, endSeq: last })
    const stop = serve()
    await until(async () => (await runAs(["topology", "--json"], environment())).out.includes('"worker": "after"'))
    expect((await held()).lastSeq).toBe(last)
    for (const kind of ["sku", "order"])
      expect(await runAs(["resume", "0", "--kind", kind, "--reason", "counted anew"], environment())).toMatchObject({ code: 0 })
    await until(async () => (await held()).lastSeq > last)
    expect((await marks()).halt).toBe(null)
    await stop()
    const audited = await audit(server, partitions, folder)
    expect(audited).toMatchObject({ code: 0 })
    expect(JSON.parse((await exportEnd(server, partitions, 0, folder)).last)).toMatchObject({ stateHash: owner.stateHash() })
    // The next round goes on behind what was rebuilt.
    expect(await archiveRound({ connection: server, folder })).toMatchObject({ code: 0 })
  })

  it("refuses a journal that decided anything since, and one of another cluster, and changes nothing", async () => {
    const ran = await rebuild()
    expect(ran).toMatchObject({ code: 1, err: expect.stringContaining("nothing was changed") })
    await loseAll()
    const other = ports()
    await other.runPromise(Cluster.use((cluster) => cluster.prepare({ partitions: { sku: 2, order: 2 }, replicas: 1 })))
    await other.dispose()
    expect(await rebuild()).toMatchObject({
      code: 1,
      err: expect.stringContaining("the archive is of 1 partition of kind sku, the cluster has 2"),
    })
  })
})
