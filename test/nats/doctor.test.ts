/** What a doctor says of a cluster that is set as it has to be, and of one in which each setting that a promise rests on was changed. */
import { execFile } from "node:child_process"
import { chmod, mkdtemp, readFile, rm, writeFile } from "node:fs/promises"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { jetstreamManager } from "@nats-io/jetstream"
import { connect } from "@nats-io/transport-node"
import { ConfigProvider, Effect } from "effect"
import { afterAll, beforeAll, describe, expect, it } from "vitest"
import type { Check } from "../../src/cli/doctor/checks.ts"
import { lookAtAll } from "../../src/cli/doctor/looks.ts"
import { doctorText } from "../../src/cli/doctor.ts"
import { type EmbeddedServer, startEmbedded } from "../../src/nats/embedded.ts"
import { Cluster } from "../../src/ports/broker.ts"
import { journalStream } from "../../src/wire/subjects.ts"
import { makeWorker, senders, startTimeoutMs, workerConfig } from "./nats-broker.ts"

let server: EmbeddedServer
let folder: string
let environment: Readonly<Record<string, string>>

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "holdfast-doctor-"))
  server = await startEmbedded({ senders, syncAlways: true, storeDir: join(folder, "nats") })
  const worker = makeWorker(workerConfig(server))
  await worker.runPromise(Cluster.use((cluster) => cluster.prepare({ partitions: { sku: 2, order: 1 }, replicas: 1 })))
  await worker.dispose()
  const keys = join(folder, "keys.json")
  await writeFile(keys, JSON.stringify({ v: 1, seal: "a".repeat(43), keys: [] }), { mode: 0o600 })
  environment = {
    HOLDFAST_NATS_URL: server.url,
    HOLDFAST_NATS_MONITOR_URL: server.monitorUrl,
    HOLDFAST_ENGINE_USER: server.credentials.engine.user,
    HOLDFAST_ENGINE_PASSWORD: server.credentials.engine.password,
    HOLDFAST_DOOR_USER: server.credentials.door.user,
    HOLDFAST_DOOR_PASSWORD: server.credentials.door.password,
    HOLDFAST_SENDERS: "web=channel",
    HOLDFAST_PARTITIONS: "2",
    HOLDFAST_ORDER_PARTITIONS: "1",
    HOLDFAST_API_KEYS_FILE: keys,
    HOLDFAST_ARCHIVE_DIR: folder,
  }
}, startTimeoutMs)
afterAll(async () => {
  await server.stop()
  await rm(folder, { recursive: true, force: true })
})

const seen = (changed: Readonly<Record<string, string>> = {}): Promise<ReadonlyArray<Check>> =>
  Effect.runPromise(
    lookAtAll.pipe(Effect.provideService(ConfigProvider.ConfigProvider, ConfigProvider.fromEnvRecord({ ...environment, ...changed }))),
  )
/** What it finds of the tables where no server is named, with this as the own folder of a `serve`. */
const tablesOf = (own: string): Promise<Check | undefined> =>
  new Promise((resolve, reject) => {
    const env = { PATH: process.env.PATH, HOLDFAST_OWN_FOLDER: own }
    execFile(process.execPath, ["src/main.ts", "doctor", "--json"], { env }, (_, stdout) => {
      try {
        const { checks } = JSON.parse(stdout) as { readonly checks: ReadonlyArray<Check> }
        resolve(checks.find(({ name }) => name === "tables in Postgres"))
      } catch (error) {
        reject(error)
      }
    })
  })
const namesOf = (checks: ReadonlyArray<Check>, state: Check["state"]) =>
  checks.filter((check) => check.state === state).map(({ name }) => name)

/** The server's configuration, changed by hand, as an operator would. */
const reconfigure = async (change: (text: string) => string): Promise<void> => {
  const file = join(server.storeDir, "nats-server.conf")
  const text = await readFile(file, "utf8")
  const changed = change(text)
  expect(changed).not.toBe(text)
  await writeFile(file, changed)
  await server.restart()
}

describe("a cluster that is set as it has to be", () => {
  it("is wrong in nothing but that it is one server", async () => {
    const checks = await seen()
    expect(namesOf(checks, "wrong")).toEqual(["replicas"])
    expect(namesOf(checks, "unknown")).toEqual([])
    expect(namesOf(checks, "ok")).toContain("border between the accounts")
    const text = doctorText(checks)
    expect(text).toMatch(/^WRONG {4}replicas: 1 of every stream; there is one server\n +promise: .+\n +remedy: {2}run three servers/m)
    expect(text.split("\n").at(-1)).toBe(`${checks.length} settings looked at: 1 wrong, 0 unknown.`)
  })
})

describe("settings of this process", () => {
  it.each([
    ["a setting out of its range", { HOLDFAST_REPLICAS: "2" }, "settings", /HOLDFAST_REPLICAS: expected 1, 3 or 5/],
    ["a login that the server doesn't know", { HOLDFAST_DOOR_PASSWORD: "another" }, "login door", /no such user, or not with this secret/],
    [
      "another number of partitions than the cluster has",
      { HOLDFAST_PARTITIONS: "4" },
      "number of partitions",
      /2 of SKUs.*settings say 4/,
    ],
    ["no monitoring page", { HOLDFAST_NATS_MONITOR_URL: "http://127.0.0.1:9" }, "monitoring page", /could not be read/],
    ["a folder of the archive that isn't there", { HOLDFAST_ARCHIVE_DIR: "/nowhere/at/all" }, "archive", /isn't there/],
    ["a database that is away", { HOLDFAST_POSTGRES_URL: "postgres://u:p@127.0.0.1:9/x" }, "tables in Postgres", /ECONNREFUSED/],
  ])("%s is found", async (_, changed, name, found) => {
    const checks = await seen(changed)
    expect(namesOf(checks, "wrong")).toContain(name)
    const check = checks.find((one) => one.name === name)
    expect(check?.found).toMatch(found)
    expect(check?.remedy).not.toBeNull()
  })

  it("the Postgres of a serve in this folder is looked at where none is named, and where there is none it is said how to name one", {
    timeout: 120_000,
  }, async () => {
    expect(await tablesOf(folder)).toMatchObject({
      state: "none",
      found: expect.stringContaining("none is named in HOLDFAST_POSTGRES_URL"),
    })
    await writeFile(join(folder, "postgres.json"), JSON.stringify({ url: "postgres://u:p@127.0.0.1:9/x" }))
    expect(await tablesOf(folder)).toMatchObject({ state: "wrong", found: expect.stringContaining("ECONNREFUSED") })
  })

  it("a file of keys that others may read is found", async () => {
    await chmod(environment.HOLDFAST_API_KEYS_FILE ?? "", 0o644)
    const checks = await seen()
    expect(namesOf(checks, "wrong")).toContain("file of HOLDFAST_API_KEYS_FILE")
    await chmod(environment.HOLDFAST_API_KEYS_FILE ?? "", 0o600)
  })

  it("no server answers: the one line that says so hides no other", async () => {
    const checks = await seen({ HOLDFAST_NATS_URL: "nats://127.0.0.1:9", HOLDFAST_ARCHIVE_DIR: "/nowhere/at/all" })
    expect(namesOf(checks, "wrong")).toEqual(["login engine", "archive"])
  })
})

describe("settings of the servers", () => {
  it("each that was changed is found, and nothing else", async () => {
    await reconfigure((text) =>
      text
        .replace("ping_interval: 2s", 'ping_interval: "2m"\nmax_payload: 524288')
        .replace("sync_interval: always", 'sync_interval: "2m"')
        .replace("strict: true", "strict: false")
        .replace('"$JS.API.CONSUMER.>"', '"$JS.API.CONSUMER.>", "$JS.API.STREAM.PURGE.*"')
        .replace("CHANNELS {", "CHANNELS {\n    jetstream: enabled"),
    )
    const { admin } = server.credentials
    const nc = await connect({ servers: [server.url], user: admin.user, pass: admin.password })
    const jsm = await jetstreamManager(nc)
    await jsm.streams.update(journalStream("sku", 0), { max_age: 3_600_000_000_000 })
    await nc.close()
    const checks = await seen()
    const of = "of holdfast-embedded"
    expect(namesOf(checks, "wrong").sort()).toEqual(
      [
        `sync to disk ${of}`,
        `strict interface ${of}`,
        `pings ${of}`,
        `message size ${of}`,
        "border between the accounts",
        "who may purge journals",
        `stream ${journalStream("sku", 0)}`,
        "replicas",
      ].sort(),
    )
    expect(checks.find(({ name }) => name === "border between the accounts")?.found).toBe("JetStream is enabled in CHANNELS")
    expect(checks.find(({ name }) => name === `stream ${journalStream("sku", 0)}`)?.found).toMatch(
      /max_age is 3600000000000, and has to be unset/,
    )
  })
})
