/** First starts that don't go alone, or not to their end, and what ends a start at once. */
import { jetstream, jetstreamManager } from "@nats-io/jetstream"
import { Effect, Layer } from "effect"
import { afterEach, describe, expect, it } from "vitest"
import { type EmbeddedOptions, type EmbeddedServer, startEmbedded } from "../../src/nats/embedded.ts"
import { natsLayer } from "../../src/nats/layer.ts"
import { Cluster } from "../../src/ports/broker.ts"
import { decodePartitionCounts, encodePartitionCounts } from "../../src/wire/marks.ts"
import { makeWorker, plainCodec, startTimeoutMs, workerConfig } from "./nats-broker.ts"
import { connectAs } from "./raw-client.ts"

const toClose: Array<() => Promise<void>> = []
afterEach(async () => {
  for (const close of toClose.splice(0).reverse()) await close()
})

const start = async (options: Partial<EmbeddedOptions> = {}): Promise<EmbeddedServer> => {
  const server = await startEmbedded({ senders: [], ...options })
  toClose.push(() => server.stop())
  return server
}

const prepare = (server: EmbeddedServer, partitions: number, strict = false) => {
  const worker = makeWorker(workerConfig(server))
  toClose.push(() => worker.dispose())
  return worker.runPromise(
    Cluster.use((cluster) => Effect.result(cluster.prepare({ partitions: { sku: partitions, order: 1 }, replicas: 1, strict }))),
  )
}

const managerOf = async (server: EmbeddedServer) => {
  const nc = await connectAs(server, "admin")
  toClose.push(() => nc.close())
  return jetstreamManager(nc)
}

const streamsOf = async (server: EmbeddedServer): Promise<ReadonlyArray<string>> => {
  const names: Array<string> = []
  for await (const name of (await managerOf(server)).streams.names()) names.push(name)
  return names.toSorted()
}

describe("a cluster that somebody left half made", () => {
  it(
    "is completed by the next, whatever of it is there",
    async () => {
      const server = await start()
      expect((await prepare(server, 4))._tag).toBe("Success")
      const whole = await streamsOf(server)
      const admin = await managerOf(server)
      for (const missing of [
        ["HF_JOURNAL_SKU_3"],
        ["HF_JOURNAL_SKU_3", "KV_HF_MARKS"],
        ["HF_JOURNAL_SKU_1", "KV_HF_LEASES", "HF_FEED", "KV_HF_MARKS"],
      ]) {
        for (const name of missing) await admin.streams.delete(name)
        await admin.streams.delete("HF_STORED_SKU")
        expect((await prepare(server, 4))._tag).toBe("Success")
        expect(await streamsOf(server)).toEqual(whole)
      }
    },
    startTimeoutMs,
  )

  it("is refused another number of partitions than was said first, and told which", async () => {
    const server = await start()
    await prepare(server, 4)
    await (await managerOf(server)).streams.delete("HF_JOURNAL_SKU_3")
    await (await managerOf(server)).streams.delete("HF_STORED_SKU")
    const refused = await prepare(server, 3)
    expect(refused._tag === "Failure" && refused.failure).toMatchObject({ _tag: "TopologyMismatch", expected: "3" })
    expect(refused._tag === "Failure" && refused.failure.message).toContain("HOLDFAST_PARTITIONS=4")
  })
})

describe("workers that make a cluster together", () => {
  it("agree; of two that were told different numbers one makes it and the other is told the number", async () => {
    const server = await start()
    const prepared = await Promise.all([3, 4, 3, 4].map((partitions) => prepare(server, partitions)))
    const made = new Set(prepared.flatMap((one) => (one._tag === "Success" ? [one.success.partitions.sku] : [])))
    expect(made.size).toBe(1)
    for (const one of prepared) if (one._tag === "Failure") expect(one.failure.message).toContain(`HOLDFAST_PARTITIONS=${[...made][0]}`)
    const journals = (await streamsOf(server)).filter((name) => name.startsWith("HF_JOURNAL_SKU_"))
    expect(journals).toHaveLength([...made][0] ?? 0)
  })
})

describe("a cluster of a release whose names had no kind", () => {
  it.each(["HF_JOURNAL_0", "HF_STORED", "HF_SNAPSHOTS"])("is refused by its stream %s, before anything is made beside it", async (name) => {
    const server = await start()
    await (await managerOf(server)).streams.add({ name, subjects: [`former.${name}`] })
    const refused = await prepare(server, 4)
    expect(refused._tag === "Failure" && refused.failure).toMatchObject({ _tag: "TopologyMismatch", what: "release that made the cluster" })
    expect(refused._tag === "Failure" && refused.failure.message).toContain(name)
    expect(await streamsOf(server)).toEqual([name])
  })

  it("is refused by what its key says of partitions, and nothing is made", async () => {
    const server = await start()
    expect((await prepare(server, 4))._tag).toBe("Success")
    const nc = await connectAs(server, "engine")
    toClose.push(() => nc.close())
    await jetstream(nc).publish("$KV.HF_MARKS.cluster", JSON.stringify({ partitions: 4 }))
    await (await managerOf(server)).streams.delete("HF_JOURNAL_SKU_3")
    const refused = await prepare(server, 4)
    expect(refused._tag === "Failure" && refused.failure).toMatchObject({ _tag: "TopologyMismatch", what: "release that made the cluster" })
    expect(await streamsOf(server)).not.toContain("HF_JOURNAL_SKU_3")
  })
})

describe("how many partitions there are", () => {
  it("is said of each kind: what is said of one that isn't known here stays", async () => {
    const server = await start()
    expect((await prepare(server, 4))._tag).toBe("Success")
    const nc = await connectAs(server, "engine")
    toClose.push(() => nc.close())
    await jetstream(nc).publish("$KV.HF_MARKS.cluster", encodePartitionCounts({ later: 7 }))
    expect((await prepare(server, 4))._tag).toBe("Success")
    const last = await (await managerOf(server)).streams.getMessage("KV_HF_MARKS", { last_by_subj: "$KV.HF_MARKS.cluster" })
    expect(decodePartitionCounts(last?.string() ?? "")).toEqual({ _tag: "Known", value: { later: 7, sku: 4, order: 1 } })
  })
})

describe("a start that can't succeed", () => {
  it("creates nothing where strict durability is asked for and not to be had", async () => {
    const server = await start()
    const refused = await prepare(server, 4, true)
    expect(refused._tag === "Failure" && refused.failure).toMatchObject({ _tag: "TopologyMismatch", what: "durability" })
    expect(await streamsOf(server)).toEqual([])
  })

  it("says that the login is refused, not that the broker is away", async () => {
    const server = await start()
    const config = workerConfig(server, { engine: { user: "engine", password: "wrong" } })
    const failed = await Effect.runPromise(Effect.scoped(Effect.flip(Layer.build(natsLayer(config, plainCodec)))))
    expect(failed).toMatchObject({ _tag: "LoginRefused" })
    expect(failed.message).toMatch(/as engine.*no such user, or not with this secret/)
  })

  it("says that there is no room for the streams, and where to make some", async () => {
    const refused = await prepare(await start({ fileStoreBytesMax: 33_554_432 }), 2)
    expect(refused._tag === "Failure" && refused.failure).toMatchObject({ _tag: "TopologyMismatch", what: "room for stream HF_STORED_SKU" })
    expect(refused._tag === "Failure" && refused.failure.message).toContain("max_file_store")
  })
})
