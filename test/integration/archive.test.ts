/** Archiving as an operator does it: its own login, a real server, and what comes after a snapshot was lost. */
import { spawn } from "node:child_process"
import { mkdtemp, rm, stat } from "node:fs/promises"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { jetstreamManager } from "@nats-io/jetstream"
import { ManagedRuntime } from "effect"
import { afterAll, beforeAll, describe, expect, it } from "vitest"
import { archiveRound, audit, exportEnd, runAs } from "../../load/retention/archiver.ts"
import { SteadyOwner } from "../../load/retention/owner.ts"
import { mainFile, workerEnvironment } from "../../src/cli/demo/workers.ts"
import { sendersOf } from "../../src/domain/sender-list.ts"
import { type EmbeddedServer, startEmbedded } from "../../src/nats/embedded.ts"
import { natsLayer } from "../../src/nats/layer.ts"
import { JournalRoom } from "../../src/ports/archive.ts"
import { Cluster } from "../../src/ports/broker.ts"
import { saidCodec } from "../../src/wire/said.ts"
import { connectAs } from "../nats/raw-client.ts"
import { bare, until } from "../processes.ts"
import { startTimeoutMs } from "./real-cluster.ts"

const partitions = 1
const hourMs = 3_600_000
let folder = ""
let server: EmbeddedServer
let runtime: ManagedRuntime.ManagedRuntime<Cluster | JournalRoom, unknown>
let owner: SteadyOwner

const held = () => runtime.runPromise(JournalRoom.use((room) => room.held(0)))
const marks = () => runtime.runPromise(Cluster.use((cluster) => cluster.marks(0)))

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "holdfast-archived-"))
  server = await startEmbedded({ senders: sendersOf("web=channel") })
  const { engine, door } = server.credentials
  const ports = ManagedRuntime.make(
    natsLayer({ kind: "sku", servers: [server.url], monitorUrls: [server.monitorUrl], engine, door }, saidCodec),
  )
  runtime = ports
  await ports.runPromise(Cluster.use((cluster) => cluster.prepare({ partitions: { sku: partitions, order: partitions }, replicas: 1 })))
  // Twelve days in the past, an hour for each record.
  const startMs = Date.now() - 12 * 24 * hourMs
  owner = new SteadyOwner({ partition: 0, partitions, skus: ["A", "B"], startMs, msPerRecord: hourMs, commandsPerRecord: 4 })
  await ports.runPromise(owner.begin())
  await ports.runPromise(owner.sell(480))
  await ports.runPromise(owner.snapshot())
  const first = await archiveRound({ connection: server, folder, flags: ["--test-records-kept", "10"] })
  expect(first).toMatchObject({ code: 0 })
  await ports.runPromise(owner.sell(480))
  await ports.runPromise(owner.snapshot())
}, startTimeoutMs)
afterAll(async () => {
  await runtime.dispose()
  await server.stop()
  await rm(folder, { recursive: true, force: true })
})

describe("holdfast archive", () => {
  it("with a worker's login purges nothing, and says so", async () => {
    const { url, credentials } = server
    const before = await held()
    const env = {
      ...bare,
      HOLDFAST_NATS_URL: url,
      HOLDFAST_ARCHIVE_USER: credentials.engine.user,
      HOLDFAST_ARCHIVE_PASSWORD: credentials.engine.password,
    }
    const ran = await runAs(["archive", "--dir", folder, "--test-kept-ms", "0", "--test-records-kept", "1"], env)
    expect(ran).toMatchObject({ code: 4, err: expect.stringContaining("purge journal 0 below record") })
    expect((await held()).firstSeq).toBe(before.firstSeq)
  })

  it("says what it would do, then does it: only what is older than any remembered id goes", async () => {
    const flags = ["--test-records-kept", "10"]
    const looked = await archiveRound({ connection: server, folder, flags: [...flags, "--dry-run"] })
    expect(JSON.parse(looked.out)).toMatchObject([
      { kind: "sku", partition: 0, kept: { mark: { _tag: "Below" }, journal: { firstSeq: 1 } } },
      { kind: "order", partition: 0, kept: { mark: { _tag: "Nothing" } } },
    ])
    expect((await held()).firstSeq).toBe(1)
    expect(await archiveRound({ connection: server, folder, flags })).toMatchObject({ code: 0 })
    const { firstSeq, lastSeq } = await held()
    expect(firstSeq).toBeGreaterThan(100)
    // An hour a record: four days stay, and a bit.
    expect(lastSeq - firstSeq).toBeGreaterThan(96)
  })

  it("makes audit and export ask for the archive, and with it read both as one: clean, and to the owner's state", async () => {
    const without = await audit(server, partitions, null)
    expect(without).toMatchObject({ code: 1, err: expect.stringMatching(/begins with record \d+.*--archive FOLDER/) })
    const audited = await audit(server, partitions, folder)
    expect(audited.code).toBe(0)
    expect(JSON.parse(audited.out)).toMatchObject({ ok: true, totals: { records: (await held()).lastSeq } })
    const exported = await exportEnd(server, partitions, 0, folder)
    expect(JSON.parse(exported.last)).toMatchObject({ line: "end", stateHash: owner.stateHash() })
  })

  it("without a folder, a login or a known partition says what to do", async () => {
    const { url, credentials } = server
    const there = { ...bare, HOLDFAST_NATS_URL: url }
    const login = { HOLDFAST_ARCHIVE_USER: credentials.archivist.user, HOLDFAST_ARCHIVE_PASSWORD: credentials.archivist.password }
    expect(await runAs(["archive"], { ...there, ...login })).toMatchObject({
      code: 2,
      err: expect.stringContaining("--dir or HOLDFAST_ARCHIVE_DIR"),
    })
    expect(await runAs(["archive", "--dir", folder], there)).toMatchObject({
      code: 2,
      err: expect.stringContaining("HOLDFAST_ARCHIVE_USER"),
    })
    expect(await runAs(["archive", "--dir", folder, "--partition", "7"], { ...there, ...login })).toMatchObject({ code: 2 })
    expect(await runAs(["archive", "--dir", folder, "--every", "often"], { ...there, ...login })).toMatchObject({ code: 2 })
  })

  it("in a folder that isn't there makes none unless it is asked to", async () => {
    const { url, credentials } = server
    const { user, password } = credentials.archivist
    const env = { ...bare, HOLDFAST_NATS_URL: url, HOLDFAST_ARCHIVE_USER: user, HOLDFAST_ARCHIVE_PASSWORD: password }
    const fresh = join(folder, "mistyped", "archive")
    const isThere = () =>
      stat(fresh).then(
        () => true,
        () => false,
      )
    const why = `--dir: ${fresh} is not there: is it mistyped, or its disk not mounted? For a new archive, --create makes it`
    expect(await runAs(["archive", "--dir", fresh], env)).toMatchObject({ code: 2, out: "", err: expect.stringContaining(why) })
    expect(await runAs(["archive"], { ...env, HOLDFAST_ARCHIVE_DIR: fresh })).toMatchObject({
      code: 2,
      err: expect.stringContaining(`HOLDFAST_ARCHIVE_DIR: ${fresh} is not there`),
    })
    expect(await isThere()).toBe(false)
    await runAs(["archive", "--dir", fresh, "--create", "--partition", "7"], env)
    expect(await isThere()).toBe(true)
    await rm(join(folder, "mistyped"), { recursive: true })
  })
})

describe("a worker on a journal whose beginning was purged", () => {
  const serve = () => {
    const child = spawn(process.execPath, [mainFile, "serve"], {
      env: workerEnvironment("late", server, partitions, { HOLDFAST_LEASE_TTL_MS: "1000" }),
      stdio: "ignore",
    })
    return { child, stop: () => new Promise<void>((resolve) => child.once("close", () => resolve()) && child.kill("SIGTERM")) }
  }
  const isReigning = (endSeq: number) => async () => (await held()).lastSeq > endSeq

  it("begins with the snapshot; without one halts, and goes on once it was restored from the archive", async () => {
    const { lastSeq } = await held()
    const one = serve()
    await until(isReigning(lastSeq))
    await one.stop()
    const admin = await connectAs(server, "admin")
    await (await jetstreamManager(admin)).streams.purge("HF_SNAPSHOTS_SKU")
    await admin.close()
    const other = serve()
    await until(async () => (await marks()).halt !== null)
    expect((await marks()).halt).toMatchObject({ reason: "ChainBroken", detail: expect.stringContaining("record 1 is missing") })
    await other.stop()
    const env = workerEnvironment("operator", server, partitions)
    const restored = await runAs(["archive", "restore", "--partition", "0", "--dir", folder], env)
    expect(restored).toMatchObject({ code: 0, out: expect.stringContaining("begins with snapshot") })
    const { lastSeq: haltedSeq } = await held()
    const last = serve()
    const resumed = await runAs(["resume", "0", "--reason", "the snapshot was restored"], env)
    expect(resumed).toMatchObject({ code: 0 })
    await until(isReigning(haltedSeq))
    await last.stop()
    expect((await audit(server, partitions, folder)).code).toBe(0)
  })
})
