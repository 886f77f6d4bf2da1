/** The same contracts on three servers, which answer retried and concurrent appends differently from one; and the loss of one of them. */
import { jetstreamManager } from "@nats-io/jetstream"
import { Effect, Schedule, Stream } from "effect"
import { afterAll, beforeAll, describe, expect, it } from "vitest"
import { startThreeServers } from "../../load/chaos/three-of-a-cluster.ts"
import type { EmbeddedServer } from "../../src/nats/embedded.ts"
import { JournalRoom } from "../../src/ports/archive.ts"
import { Commands, Journals } from "../../src/ports/broker.ts"
import { type Broker, bytes, text } from "../contract/broker-under-test.ts"
import { clusterContract } from "../contract/cluster.ts"
import { commandsContract } from "../contract/commands.ts"
import { journalsContract } from "../contract/journals.ts"
import { outboundContract } from "../contract/outbound.ts"
import { patientBroker } from "../contract/patience.ts"
import { snapshotsContract } from "../contract/snapshots.ts"
import { connectBroker, makeWorker, type NatsBroker, senders, startTimeoutMs, workerConfig } from "./nats-broker.ts"
import { connectAs } from "./raw-client.ts"

const partitions = 8
let servers: ReadonlyArray<EmbeddedServer> = []
let running: NatsBroker | undefined

beforeAll(async () => {
  servers = await startThreeServers(senders)
  const [first] = servers
  if (first === undefined) throw new Error("no server started")
  running = await connectBroker(first, {
    partitions,
    replicas: 3,
    config: { servers: servers.map(({ url }) => url), monitorUrls: servers.map(({ monitorUrl }) => monitorUrl) },
  })
}, startTimeoutMs)
afterAll(async () => {
  await running?.close()
  await Promise.all(servers.map((server) => server.stop()))
})

const broker: Broker = () => {
  if (running === undefined) throw new Error("the servers did not start")
  return patientBroker(running)
}

commandsContract("three servers", broker, 0)
journalsContract("three servers", broker, 1, "duplicate")
outboundContract("three servers", broker, 2)
snapshotsContract("three servers", broker, [3, 4, 5])
clusterContract("three servers", broker, [6, 7])

/** The server that leads the stream of the account that only workers join, as one of them is told now. */
const leaderNow = async (stream: string): Promise<EmbeddedServer | undefined> => {
  const [first] = servers
  if (first === undefined) throw new Error("no server started")
  const nc = await connectAs(first, "engine")
  try {
    const { cluster } = await (await jetstreamManager(nc)).streams.info(stream)
    return servers[Number(cluster?.leader?.slice("server-".length))]
  } finally {
    await nc.close()
  }
}

/** The same, once there is one: after a server went there is none for a while, and nobody answers. */
const leaderOf = async (stream: string): Promise<EmbeddedServer> => {
  let leader: EmbeddedServer | undefined
  const isLed = async () => {
    leader = await leaderNow(stream).catch(() => undefined)
    return leader !== undefined
  }
  await expect.poll(isLed, { timeout: 60_000, interval: 200 }).toBe(true)
  if (leader === undefined) throw new Error(`${stream} has no leader`)
  return leader
}

describe("the loss of the server that leads a journal", () => {
  it("keeps every acknowledged record, and lets appending and following go on", async () => {
    const { asOtherWorker, asWorker } = broker()
    const start = await asWorker(Journals.use((journals) => journals.endSeq(0)))
    const acked: Array<string> = []
    const following = asOtherWorker(
      Journals.use((journals) =>
        journals.follow(0, start + 1).pipe(
          Stream.flattenIterable,
          Stream.map((record) => text(record.bytes)),
          Stream.takeUntil((name) => name === "end"),
          Stream.runCollect,
        ),
      ),
    )
    const leader = await leaderOf("HF_JOURNAL_SKU_0")
    await asWorker(
      Journals.use((journals) =>
        Effect.gen(function* () {
          // Reads the end before every attempt, as after an unknown outcome: this is no owner, only somebody who appends.
          const append = (name: string) =>
            Effect.gen(function* () {
              const end = yield* journals.endSeq(0)
              yield* journals.append(0, end, `${name}.${end}`, bytes(name))
              acked.push(name)
            }).pipe(Effect.retry(Schedule.spaced("100 millis")))
          for (let i = 0; i < 20; i++) yield* append(`before ${i}`)
          yield* Effect.promise(() => leader.kill("SIGKILL"))
          for (let i = 0; i < 20; i++) yield* append(`after ${i}`)
          yield* append("end")
        }),
      ),
    )
    const followed = await following
    expect([...new Set(followed)]).toEqual(acked)
    await leader.restart()
    await leader.ready()
  })

  it("keeps every acknowledged command", async () => {
    const { asWorker, store } = broker()
    const send = (name: string) => Effect.suspend(() => store(1, bytes(name))).pipe(Effect.retry(Schedule.spaced("100 millis")))
    const first = await Effect.runPromise(send("first"))
    const names = Array.from({ length: 200 }, (_, i) => `c${i}`)
    const victim = servers[2]
    await Effect.runPromise(
      Effect.all(
        [
          Effect.forEach(names, send, { concurrency: 20, discard: true }),
          Effect.promise(() => victim?.kill("SIGKILL") ?? Promise.resolve()),
        ],
        { concurrency: "unbounded" },
      ),
    )
    await Effect.runPromise(send("end"))
    const read = await asWorker(
      Commands.use((commands) =>
        commands.read(1, first.seq).pipe(
          Stream.flattenIterable,
          Stream.map(({ body }) => text(body)),
          Stream.takeUntil((name) => name === "end"),
          Stream.runCollect,
          // A reading breaks with its connection, or with the server that its consumer lived on.
          Effect.retry(Schedule.spaced("100 millis")),
        ),
      ),
    )
    expect(new Set(read)).toEqual(new Set(["first", ...names, "end"]))
    await victim?.restart()
    await victim?.ready()
  })
})

describe("a member that sees no leader", () => {
  it("answers for a stream with what it holds itself, and that is taken for no answer", async () => {
    const leader = await leaderOf("HF_JOURNAL_SKU_0")
    const [left, away] = servers.filter((server) => server !== leader)
    if (left === undefined || away === undefined) throw new Error("there are three servers")
    const nc = await connectAs(left, "engine")
    const jsm = await jetstreamManager(nc, { checkAPI: false })
    const alone = makeWorker(workerConfig(left))
    await alone.context()
    try {
      await Promise.all([leader, away].map((server) => server.kill("SIGKILL")))
      // That it answers at all is the server's own, and what this is about.
      const seen = () => jsm.streams.info("HF_JOURNAL_SKU_0").then(({ cluster }) => cluster?.leader ?? "no leader", String)
      await expect.poll(seen, { timeout: 30_000 }).toBe("no leader")
      // A server with little time to itself may be silent in between: what matters is that no answer of it is ever taken, and that it is told once why.
      const taken: Array<unknown> = []
      const whyNot = <A, E extends { readonly cause: string }, R>(asked: Effect.Effect<A, E, R>) =>
        asked.pipe(
          Effect.map((answer) => {
            taken.push(answer)
            return "taken"
          }),
          Effect.catch(({ cause }) => Effect.succeed(cause)),
        )
      const ends = () => alone.runPromise(whyNot(Journals.use((journals) => journals.endSeq(0))))
      await expect.poll(ends, { timeout: 30_000 }).toContain("sees no leader")
      await alone.runPromise(whyNot(JournalRoom.use((room) => room.held(0))))
      await alone.runPromise(whyNot(Commands.use((commands) => commands.at(0, 1))))
      expect(taken).toEqual([])
    } finally {
      await Promise.all([nc.close(), alone.dispose()])
      await Promise.all([leader, away].map((server) => server.restart()))
      await Promise.all(servers.map((server) => server.ready()))
    }
  })
})
