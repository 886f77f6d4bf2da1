/** What is created at the first start, and what is refused or said at every later one. */
import { spawn } from "node:child_process"
import { mkdtemp, rm, writeFile } from "node:fs/promises"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { jetstreamManager, type StreamConfig } from "@nats-io/jetstream"
import { Effect } from "effect"
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest"
import { serverConfig } from "../../src/nats/config.ts"
import { type EmbeddedServer, startEmbedded } from "../../src/nats/embedded.ts"
import type { NatsConfig } from "../../src/nats/layer.ts"
import { natsServerBinary } from "../../src/nats/server-binary.ts"
import { Cluster } from "../../src/ports/broker.ts"
import { Desk } from "../../src/ports/door.ts"
import { bytes } from "../contract/broker-under-test.ts"
import { deskConfig, makeDesk, makeWorker, senders, startTimeoutMs, workerConfig } from "./nats-broker.ts"
import { connectAs } from "./raw-client.ts"

const partitions = 4
let server: EmbeddedServer
beforeAll(async () => {
  server = await startEmbedded({ senders })
}, startTimeoutMs)
afterAll(() => server.stop())

const toClose: Array<() => Promise<void>> = []
afterEach(async () => {
  for (const close of toClose.splice(0)) await close()
})

const worker = (config: NatsConfig) => {
  const made = makeWorker(config)
  toClose.push(() => made.dispose())
  return made
}

const prepare = (overrides: Partial<NatsConfig> = {}, asked = { partitions: { sku: partitions, order: 1 }, replicas: 1 }) =>
  worker(workerConfig(server, overrides)).runPromise(Cluster.use((cluster) => cluster.prepare(asked)))

/** What a start warns of, once the server's own page was read: it is not waited for, and what it would say counts as not kept. */
const warningsOf = async (
  overrides: Partial<NatsConfig> = {},
  asked = { partitions: { sku: partitions, order: 1 }, replicas: 1 },
): Promise<ReadonlyArray<string>> => {
  for (;;) {
    const { warnings } = await prepare(overrides, asked)
    if (!warnings.some((warning) => /could not be read.*timeout/.test(warning))) return warnings
  }
}

const refused = (asked = { partitions: { sku: partitions, order: 1 }, replicas: 1 }) =>
  worker(workerConfig(server)).runPromise(Cluster.use((cluster) => Effect.flip(cluster.prepare(asked))))

/** Changes a stream behind Holdfast's back. */
const edit = async (stream: string, change: Partial<StreamConfig>) => {
  const nc = await connectAs(server, "admin")
  try {
    await (await jetstreamManager(nc)).streams.update(stream, change)
  } finally {
    await nc.close()
  }
}

describe("a first start", () => {
  it("creates every stream; workers that start at the same time do not get in each other's way", async () => {
    const prepared = await Promise.all([prepare(), prepare(), prepare()])
    expect(prepared.map((found) => found.partitions.sku)).toEqual([partitions, partitions, partitions])
    const nc = await connectAs(server, "engine")
    const names: Array<string> = []
    for await (const name of (await jetstreamManager(nc)).streams.names()) names.push(name)
    await nc.close()
    expect(names.toSorted()).toEqual(
      [
        ...Array.from({ length: partitions }, (_, i) => `HF_JOURNAL_SKU_${i}`),
        "HF_JOURNAL_ORDER_0",
        "HF_FEED",
        "HF_SNAPSHOTS_ORDER",
        "HF_SNAPSHOTS_SKU",
        "HF_STORED_ORDER",
        "HF_STORED_SKU",
        "KV_HF_LEASES",
        "KV_HF_MARKS",
        "KV_HF_MEMBERS",
      ].toSorted(),
    )
  })
})

describe("a later start", () => {
  it("finds nothing to refuse in what was created", async () => {
    expect((await prepare()).partitions.sku).toBe(partitions)
  })

  it("refuses another number of partitions, and names the one there is", async () => {
    for (const asked of [2, 5, 64]) {
      const failed = await refused({ partitions: { sku: asked, order: 1 }, replicas: 1 })
      expect(failed).toMatchObject({ _tag: "TopologyMismatch", what: "number of partitions of kind sku", expected: String(asked) })
      expect(failed._tag === "TopologyMismatch" && failed.remedy).toContain(`HOLDFAST_PARTITIONS=${partitions}`)
    }
  })

  it("refuses a setting that safety relies on and somebody changed, and says which and how to set it back", async () => {
    const changes = [
      ["HF_JOURNAL_SKU_1", { discard: "old" }, { discard: "new" }, "discard"],
      ["HF_JOURNAL_SKU_2", { max_age: 3_600_000_000_000 }, { max_age: 0 }, "max_age"],
      ["HF_SNAPSHOTS_SKU", { allow_rollup_hdrs: true }, { allow_rollup_hdrs: false }, "allow_rollup_hdrs"],
      ["HF_STORED_SKU", { allow_rollup_hdrs: true }, { allow_rollup_hdrs: false }, "allow_rollup_hdrs"],
      ["HF_STORED_SKU", { duplicate_window: 60_000_000_000 }, { duplicate_window: 100_000_000 }, "duplicate_window"],
      ["HF_FEED", { max_msgs_per_subject: -1 }, { max_msgs_per_subject: 1 }, "max_msgs_per_subject"],
      ["HF_FEED", { max_bytes: 1_048_576 }, { max_bytes: -1 }, "max_bytes"],
      ["HF_JOURNAL_SKU_0", { max_bytes: 1_048_576 }, { max_bytes: -1 }, "max_bytes"],
      ["KV_HF_MARKS", { max_msgs: 100 }, { max_msgs: -1 }, "max_msgs"],
    ] as const
    for (const [stream, change, back, setting] of changes) {
      await edit(stream, change)
      const failed = await refused()
      await edit(stream, back)
      expect(failed).toMatchObject({ _tag: "TopologyMismatch" })
      expect(failed._tag === "TopologyMismatch" && failed.what).toContain(`${setting} of stream ${stream}`)
      expect(failed._tag === "TopologyMismatch" && failed.remedy).toContain(`nats stream edit ${stream}`)
    }
    await prepare()
  })

  it("leaves the size of the commands stream to whoever runs the server; a full commands stream takes nothing more and loses nothing", async () => {
    await edit("HF_STORED_SKU", { max_msgs: 3 })
    const desk = makeDesk(deskConfig(server, "ingress"))
    toClose.unshift(() => desk.dispose())
    const outcomes = await desk.runPromise(
      Desk.use(({ store }) => Effect.forEach([1, 2, 3, 4, 5], () => Effect.map(store("sku", 0, bytes("a batch")), ({ _tag }) => _tag))),
    )
    await edit("HF_STORED_SKU", { max_msgs: -1 })
    expect(outcomes).toEqual(["Stored", "Stored", "Stored", "Full", "Full"])
  })
})

describe("a journal", () => {
  it("never has a record deleted, nor is made to allow it, whoever asks", async () => {
    await prepare()
    const nc = await connectAs(server, "admin")
    toClose.push(() => nc.close())
    const jsm = await jetstreamManager(nc)
    await expect(jsm.streams.deleteMessage("HF_JOURNAL_SKU_1", 1)).rejects.toThrow(/delete not permitted/)
    await expect(jsm.streams.update("HF_JOURNAL_SKU_1", { deny_delete: false })).rejects.toThrow(/delete/)
  })

  it("of an earlier release, which refuses every purge, is taken as it is, and the server never lets it be purged", async () => {
    const nc = await connectAs(server, "admin")
    toClose.push(() => nc.close())
    const jsm = await jetstreamManager(nc)
    await jsm.streams.update("HF_JOURNAL_SKU_3", { deny_purge: true })
    expect((await prepare()).partitions.sku).toBe(partitions)
    await expect(jsm.streams.purge("HF_JOURNAL_SKU_3", { filter: "hf.journal.sku.3", seq: 2 })).rejects.toThrow(/purge not permitted/)
    await expect(jsm.streams.update("HF_JOURNAL_SKU_3", { deny_purge: false })).rejects.toThrow(/purge/)
  })
})

describe("the server's guarantees", () => {
  it("are said where they are less than asked for: replicas, and fsync after the acknowledgement", async () => {
    const warnings = await warningsOf()
    expect(warnings.join("\n")).toMatch(/1 replica, not 3/)
    expect(warnings.join("\n")).toMatch(/acknowledges before it has synced/)
    expect(warnings).toHaveLength(2)
  })

  it("count as not kept where they can't be read", async () => {
    expect((await prepare({ monitorUrls: [] })).warnings.join("\n")).toMatch(/can't be read, and count as not kept/)
    expect((await prepare({ monitorUrls: ["http://127.0.0.1:1"] })).warnings.join("\n")).toMatch(/could not be read/)
  })

  it("are not complained of where they are kept", async () => {
    const synced = await startEmbedded({ senders, syncAlways: true })
    toClose.push(() => synced.stop())
    const warnings = await warningsOf(workerConfig(synced), { partitions: { sku: 1, order: 1 }, replicas: 1 })
    expect(warnings).toHaveLength(1)
    expect(warnings[0]).toMatch(/1 replica/)
  })

  it("refuse more replicas than there are servers", async () => {
    const alone = await startEmbedded({ senders: [] })
    toClose.push(() => alone.stop())
    const failed = await worker(workerConfig(alone)).runPromise(
      Cluster.use((cluster) => Effect.flip(cluster.prepare({ partitions: { sku: 1, order: 1 }, replicas: 3 }))),
    )
    expect(failed).toMatchObject({ _tag: "TopologyMismatch", expected: "3" })
  })
})

describe("a server without JetStream", () => {
  it("is refused with what to switch on", async () => {
    const folder = await mkdtemp(join(tmpdir(), "holdfast-plain-"))
    const ready = await startEmbedded({ senders: [] })
    await ready.stop()
    const port = Number(new URL(ready.url).port)
    const { engine, ingress, door, archivist, admin } = ready.credentials
    const config = serverConfig({
      serverName: "plain",
      host: "127.0.0.1",
      port,
      monitorPort: Number(new URL(ready.monitorUrl).port),
      storeDir: folder,
      syncAlways: false,
      engine,
      ingress,
      door,
      archivist,
      admin,
      senders: [],
    })
    const without = config.replace(/^jetstream \{[\s\S]*?^\}/m, "").replaceAll("    jetstream: enabled\n", "")
    await writeFile(join(folder, "nats.conf"), without, { mode: 0o600 })
    const child = spawn(await natsServerBinary(), ["-c", join(folder, "nats.conf")], { stdio: "ignore" })
    toClose.push(async () => {
      child.kill("SIGKILL")
      await rm(folder, { recursive: true, force: true })
    })
    const isUp = () =>
      fetch(`${ready.monitorUrl}/healthz`).then(
        () => true,
        () => false,
      )
    while (!(await isUp())) await new Promise((resolve) => setTimeout(resolve, 20))
    const failed = await worker(workerConfig(ready)).runPromise(
      Cluster.use((cluster) => Effect.flip(cluster.prepare({ partitions: { sku: partitions, order: 1 }, replicas: 1 }))),
    )
    expect(failed).toMatchObject({ _tag: "TopologyMismatch", what: "JetStream in account HOLDFAST" })
  })
})
