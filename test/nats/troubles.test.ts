/** What is wrong with streams and connections while they run, and what is done about it. */
import { readFile } from "node:fs/promises"
import { join } from "node:path"
import { jetstreamManager, type StreamConfig, type StreamInfo } from "@nats-io/jetstream"
import { Effect, Stream } from "effect"
import { afterAll, beforeAll, describe, expect, it } from "vitest"
import { wayTo } from "../../load/outages/half-open.ts"
import { halfOpenMs, readerDeafConfirmMs, readerSilentMs, slowServerMs } from "../../src/limits.ts"
import { type EmbeddedServer, startEmbedded } from "../../src/nats/embedded.ts"
import { Lookout } from "../../src/nats/lookout.ts"
import { verdictOn } from "../../src/nats/pulse.ts"
import { type BrokerTrouble, Cluster } from "../../src/ports/broker.ts"
import { makeWorker, startTimeoutMs, workerConfig } from "./nats-broker.ts"
import { connectAs } from "./raw-client.ts"

const partitions = 2
let server: EmbeddedServer
const toClose: Array<() => Promise<void>> = []
beforeAll(async () => {
  server = await startEmbedded({ senders: [] })
  toClose.push(() => server.stop())
}, startTimeoutMs)
afterAll(async () => {
  for (const close of toClose.splice(0).reverse()) await close()
})

const worker = (overrides: Parameters<typeof workerConfig>[1] = {}) => {
  const made = makeWorker(workerConfig(server, overrides))
  toClose.push(() => made.dispose())
  return made
}

describe("streams that somebody changes while they run", () => {
  it("are told of while that lasts, with what they should be", async () => {
    const made = worker()
    await made.runPromise(Cluster.use((cluster) => cluster.prepare({ partitions: { sku: partitions, order: 1 }, replicas: 1 })))
    const until = (holds: (troubles: ReadonlyArray<BrokerTrouble>) => boolean) =>
      made.runPromise(Cluster.use((cluster) => cluster.troubles(partitions).pipe(Stream.filter(holds), Stream.take(1), Stream.runCollect)))
    const manager = async () => {
      const nc = await connectAs(server, "admin")
      toClose.push(() => nc.close())
      return jetstreamManager(nc)
    }
    await until((troubles) => troubles.length === 0)
    const cases: ReadonlyArray<readonly [string, Partial<StreamConfig>, Partial<StreamConfig>, number | null]> = [
      ["HF_STORED_SKU", { max_age: 3_600_000_000_000 }, { max_age: 0 }, null],
      ["HF_JOURNAL_SKU_1", { discard: "old" }, { discard: "new" }, 1],
      ["KV_HF_LEASES", { max_msgs_per_subject: 2 }, { max_msgs_per_subject: 1 }, null],
    ]
    for (const [stream, change, back, partition] of cases) {
      const { streams } = await manager()
      await streams.update(stream, change)
      const [[trouble] = []] = await until((troubles) => troubles.length > 0)
      expect(trouble).toMatchObject({ kind: "SettingsChanged", partition, isOutage: true })
      expect(trouble?.detail).toContain(`${Object.keys(change)[0]} of stream ${stream}`)
      await streams.update(stream, back)
      await until((troubles) => troubles.length === 0)
    }
    await (await manager()).streams.delete("HF_JOURNAL_SKU_0")
    const [[gone] = []] = await until((troubles) => troubles.length > 0)
    expect(gone).toMatchObject({ kind: "SettingsChanged", partition: 0, isOutage: true })
    expect(gone?.detail).toContain("is gone")
  })
})

describe("a worker to which no answer comes through", () => {
  it("is no member any more when its time is up, whatever it still sends", async () => {
    const way = await wayTo(server.url)
    toClose.push(() => way.close())
    const [deaf, other] = [worker({ servers: [way.url] }), worker()]
    await other.runPromise(Cluster.use((cluster) => cluster.prepare({ partitions: { sku: partitions, order: 1 }, replicas: 1 })))
    const member = { worker: "deaf", address: "", unreadable: [], serving: [], caughtUp: [] }
    deaf.runFork(
      Effect.scoped(
        Effect.andThen(
          Cluster.use((cluster) => cluster.join(member, 1_000)),
          Effect.never,
        ),
      ),
    )
    const seen: Array<boolean> = []
    const watching = Cluster.use(({ members }) =>
      Stream.runForEach(members, (all) => Effect.sync(() => seen.push(all.some((one) => one.worker === "deaf")))),
    )
    other.runFork(watching)
    const until = async (holds: () => boolean) => {
      while (!holds()) await new Promise((resolve) => setTimeout(resolve, 10))
    }
    await until(() => seen.at(-1) === true)
    way.cut("answers")
    await until(() => seen.at(-1) === false)
    // Its connection was given up for another, over which it is heard again.
    await until(() => seen.at(-1) === true)
  })
})

describe("a connection", () => {
  const beat = (atMs: number, inBytes = 0) => ({ atMs, inBytes })
  const fine = { nowMs: 10_000, inBytes: 0, ping: beat(9_900), api: beat(9_900), servers: 3 }
  it("is kept while it answers, and while an answer may lie behind what arrives", () => {
    expect(verdictOn(fine)).toBeNull()
    expect(verdictOn({ ...fine, ping: beat(0), api: beat(0), inBytes: 2_000_000 })).toBeNull()
  })
  it("is given up when nothing is answered on it", () => {
    expect(verdictOn({ ...fine, ping: beat(10_000 - halfOpenMs - 1), servers: 1 })).toContain("nothing was answered")
  })
  it("is given up when JetStream is not heard through it, if there is another server", () => {
    const slow = { ...fine, api: beat(10_000 - slowServerMs - 1) }
    expect(verdictOn(slow)).toContain("JetStream was not heard")
    expect(verdictOn({ ...slow, servers: 1 })).toBeNull()
  })
  it("is not given up for the silence of a JetStream that its account doesn't have", () => {
    expect(verdictOn({ ...fine, nowMs: 3_600_000, ping: beat(3_599_900), api: null })).toBeNull()
    expect(verdictOn({ ...fine, ping: beat(10_000 - halfOpenMs - 1), api: null })).toContain("nothing was answered")
  })
  it("of a worker asks nothing that its login may not ask", async () => {
    const made = worker({ name: "permitted" })
    await made.runPromise(Cluster.use((cluster) => cluster.prepare({ partitions: { sku: partitions, order: 1 }, replicas: 1 })))
    const said = async () => {
      const page = (await (await fetch(`${server.monitorUrl}/connz`)).json()) as {
        connections: ReadonlyArray<{ name?: string; in_msgs: number }>
      }
      return page.connections.find(({ name }) => name === "permitted engine")?.in_msgs ?? 0
    }
    // Several looks at whether its connections still carry answers, on one of them as on the other.
    const before = await said()
    while ((await said()) < before + 3) await new Promise((resolve) => setTimeout(resolve, 20))
    const log = await readFile(join(server.storeDir, "nats-server.log"), "utf8")
    expect(log.split("\n").filter((line) => line.includes("permitted") && line.includes("Violation"))).toEqual([])
  })
})

describe("a reader that hears nothing", () => {
  const info = (lastSeq: number) => Promise.resolve({ state: { last_seq: lastSeq } } as StreamInfo)
  /** Looks until it is called deaf, or for three times as long as that should take. */
  const isDeaf = async (next: () => Promise<number | null>, isCurrent: () => boolean): Promise<number | null> => {
    const lookout = new Lookout({ info: () => info(9), next }, "S", "s")
    const endMs = performance.now() + 3 * readerDeafConfirmMs
    let deafAt: number | null = null
    while (deafAt === null && performance.now() < endMs) {
      lookout.look(readerSilentMs, { afterSeq: 4 }, isCurrent, (seq) => {
        deafAt = seq
      })
      await new Promise((resolve) => setTimeout(resolve, 20))
    }
    return deafAt
  }
  it("is deaf when the leader has something for it, and still has it a moment later", async () => {
    expect(
      await isDeaf(
        () => Promise.resolve(5),
        () => true,
      ),
    ).toBe(5)
  })
  it("is not when the leader has nothing for it, does not answer, or something was delivered meanwhile", async () => {
    expect(
      await isDeaf(
        () => Promise.resolve(null),
        () => true,
      ),
    ).toBeNull()
    expect(
      await isDeaf(
        () => Promise.reject(new Error("no leader")),
        () => true,
      ),
    ).toBeNull()
    expect(
      await isDeaf(
        () => Promise.resolve(5),
        () => false,
      ),
    ).toBeNull()
  })
  it("is not looked for before it was silent for long", () => {
    let asked = 0
    const lookout = new Lookout({ info: () => info(9), next: () => Promise.resolve(++asked) }, "S", "s")
    lookout.look(
      readerSilentMs - 1,
      { afterSeq: 4 },
      () => true,
      () => undefined,
    )
    expect(asked).toBe(0)
  })
})
