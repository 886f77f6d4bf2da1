/** A server that is killed, stopped or away, and comes back: nothing that was acknowledged is left out, and what is unknown is called so. */
import { Effect, Fiber, Layer, Ref, Schedule, Stream } from "effect"
import { afterAll, beforeAll, describe, expect, it } from "vitest"
import { startEmbedded } from "../../src/nats/embedded.ts"
import { natsLayer } from "../../src/nats/layer.ts"
import { Cluster, Commands, Journals, Outbound } from "../../src/ports/broker.ts"
import { SenderLink } from "../../src/ports/channel.ts"
import { bytes, skuIn, text } from "../contract/broker-under-test.ts"
import { answered } from "../contract/patience.ts"
import { type NatsBroker, plainCodec, startBroker, startTimeoutMs } from "./nats-broker.ts"

const partitions = 4
let broker: NatsBroker
beforeAll(async () => {
  broker = await startBroker({ partitions })
}, startTimeoutMs)
afterAll(() => broker.close())

const killAndRestart = Effect.promise(async () => {
  await broker.server.kill("SIGKILL")
  await broker.server.restart()
})

/** Stores `name` until it is acknowledged. */
const storeUntilStored = (name: string) =>
  Effect.suspend(() => broker.store(0, bytes(name))).pipe(Effect.retry(Schedule.spaced("20 millis")))

describe("a server killed and started again", () => {
  it("breaks a reading of commands, though nobody sends: what the stream lost meanwhile has to be found out before it is read on", async () => {
    const _sku = skuIn(0, partitions)
    const before = await broker.asSender("web", storeUntilStored("before"))
    const read: Array<string> = []
    const reading = broker.asWorker(
      Commands.use((commands) =>
        commands.read(0, before.seq).pipe(
          Stream.flattenIterable,
          Stream.runForEach(({ body }) => Effect.sync(() => read.push(text(body)))),
          Effect.flip,
        ),
      ),
    )
    await broker.asWorker(Effect.repeat(Effect.yieldNow, { until: () => read.length > 0 }))
    await broker.asWorker(killAndRestart)
    expect(await reading).toMatchObject({ _tag: "BrokerUnavailable", cause: expect.stringContaining("broke") })
    await broker.asSender("web", storeUntilStored("after"))
    expect(read).toEqual(["before"])
  })

  it("lets readers go on where they ask to, in order, with every acknowledged message and none twice", async () => {
    const _sku = skuIn(0, partitions)
    const names = Array.from({ length: 3_000 }, (_, i) => String(i))
    const seqs: Array<number> = []
    const read: Array<string> = []
    const reading = broker.asWorker(
      Commands.use((commands) =>
        Stream.suspend(() => commands.read(0, (seqs.at(-1) ?? 0) + 1)).pipe(
          Stream.flattenIterable,
          Stream.tap(({ seq }) => Effect.sync(() => seqs.push(seq))),
          Stream.tap(({ body }) => Effect.sync(() => read.push(text(body)))),
          Stream.takeUntil(({ body }) => text(body) === "end"),
          Stream.runDrain,
          answered,
        ),
      ),
    )
    const kills = Effect.repeat(killAndRestart, { times: 1 })
    await broker.asSender(
      "web",
      Effect.gen(function* () {
        const sent = yield* Ref.make(0)
        const killing = yield* Effect.forkChild(Effect.andThen(Effect.repeat(Ref.get(sent), { until: (count) => count > 500 }), kills))
        yield* Effect.forEach(
          names,
          (name) =>
            Effect.andThen(
              storeUntilStored(name),
              Ref.update(sent, (count) => count + 1),
            ),
          {
            concurrency: 50,
            discard: true,
          },
        )
        yield* Fiber.join(killing)
        yield* storeUntilStored("end")
      }),
    )
    await reading
    expect(new Set(read)).toEqual(new Set(["before", "after", ...names, "end"]))
    expect(seqs).toEqual(seqs.toSorted((a, b) => a - b))
    expect(new Set(seqs).size).toBe(seqs.length)
  })

  it("keeps journals, and lets their followers go on", async () => {
    const following = broker.asOtherWorker(
      Journals.use((journals) =>
        journals.follow(1, 1).pipe(
          Stream.flattenIterable,
          Stream.map(({ messageId }) => messageId),
          Stream.takeUntil((id) => id === "after"),
          Stream.runCollect,
        ),
      ),
    )
    await broker.asWorker(
      Journals.use((journals) =>
        Effect.gen(function* () {
          expect(yield* answered(journals.endSeq(1))).toBe(0)
          yield* journals.append(1, 0, "before", bytes("before"))
          yield* Effect.promise(() => broker.server.kill("SIGKILL"))
          const lost = yield* Effect.flip(journals.append(1, 1, "meanwhile", bytes("meanwhile")))
          expect(lost._tag).toBe("AppendUnknown")
          yield* Effect.promise(() => broker.server.restart())
          // Reads the end before every attempt, as after an unknown outcome: this is no owner, only somebody who appends.
          yield* Effect.flatMap(answered(journals.endSeq(1)), (end) => journals.append(1, end, "after", bytes("after"))).pipe(
            Effect.retry(Schedule.spaced("100 millis")),
          )
        }),
      ),
    )
    expect((await following).filter((id) => id !== "meanwhile")).toEqual(["before", "after"])
  })

  it("lets leases and members run out that nobody renewed, and tells those who watch", async () => {
    const watching = broker.asOtherWorker(
      Cluster.use(({ leases }) =>
        leases.pipe(
          Stream.filter((lease) => lease.partition === 2),
          Stream.map(({ holder }) => holder),
          Stream.takeUntil((holder) => holder === null),
          Stream.runCollect,
        ),
      ),
    )
    await broker.asWorker(
      Effect.gen(function* () {
        const cluster = yield* Cluster
        yield* answered(cluster.acquire(2, "dying", 1_000))
        yield* killAndRestart
      }),
    )
    expect((await watching).at(-1)).toBe(null)
    const taken = Cluster.use((cluster) => answered(cluster.acquire(2, "heir", 60_000)))
    expect((await broker.asWorker(taken)).revision).toBeGreaterThan(0)
  })

  it("lets the feed go on, watched and heard", async () => {
    const value = (version: number) => ({ channel: "web", sku: "A", ats: version, version, delta: 1, cause: "x", atMs: 1 }) as never
    const heard = broker.asSender(
      "web",
      SenderLink.use((link) =>
        link.ats(undefined).pipe(
          Stream.flattenIterable,
          Stream.filter(({ body }) => text(body).includes('"cause":"x"')),
          Stream.take(1),
          Stream.runCollect,
          // A feed ends with its connection, so that whoever follows it reads the present values again: it is asked for anew.
          answered,
        ),
      ),
    )
    const watched = broker.asWorker(Outbound.use((outbound) => outbound.watchFeed(3, Date.now()).pipe(Stream.take(1), Stream.runCollect)))
    await broker.asWorker(killAndRestart)
    let version = 0
    const feeding = Outbound.use((outbound) => Effect.suspend(() => outbound.feed(3, [value(++version)]))).pipe(
      Effect.ignore,
      Effect.andThen(Effect.sleep("20 millis")),
      Effect.forever,
    )
    await broker.asWorker(
      Effect.raceFirst(
        feeding,
        Effect.promise(() => Promise.all([heard, watched])),
      ),
    )
    expect(version).toBeGreaterThan(0)
  })
})

describe("a server that answers nothing for a while", () => {
  it("makes an append unknown, which may be stored all the same when the server comes to itself", async () => {
    const before = await broker.asWorker(
      // The server was just started again, for the test before.
      Journals.use((journals) => answered(journals.endSeq(3))),
    )
    await broker.server.kill("SIGSTOP")
    // The connection is given up before the append's own time is over: nothing is answered on it.
    const outcome = await broker.asWorker(Journals.use((journals) => Effect.flip(journals.append(3, before, "late.1", bytes("late")))))
    expect(outcome).toMatchObject({ _tag: "AppendUnknown", partition: 3 })
    await broker.server.kill("SIGCONT")
    const record = Journals.use((journals) => answered(journals.at(3, before + 1))).pipe(
      Effect.repeat({ until: (found) => found !== null }),
    )
    expect(await broker.asWorker(record)).toMatchObject({ seq: before + 1, messageId: "late.1" })
  })
})

describe("a server that is away", () => {
  it("makes storing unknown, not refused, and a worker's reading and saying fail", async () => {
    await broker.server.kill("SIGKILL")
    const sent = Effect.runPromise(Effect.flip(broker.store(0, bytes("{}"))))
    const asked = broker.asSender(
      "web",
      SenderLink.use((link) => Effect.flip(link.ask("ats", bytes(""), "r.1"))),
    )
    const said = broker.asWorker(Outbound.use((outbound) => Effect.flip(outbound.reply([]))))
    const read = broker.asWorker(Journals.use((journals) => Effect.flip(journals.endSeq(0))))
    const failed = await Promise.all([sent, asked, said, read])
    await broker.server.restart()
    expect(failed.map(({ _tag }) => _tag)).toEqual(failed.map(() => "BrokerUnavailable"))
  })

  it("is said to be, to workers and senders, with what to look at", async () => {
    const server = await startEmbedded({ senders: [] })
    await server.stop()
    const config = { kind: "sku" as const, servers: [server.url], monitorUrls: [], ...server.credentials }
    const failed = await Effect.runPromise(Effect.scoped(Effect.flip(Layer.build(natsLayer(config, plainCodec)))))
    expect(failed).toMatchObject({ _tag: "BrokerUnavailable" })
    expect(failed.operation).toContain(server.url)
    expect(failed.cause).toContain("Is nats-server running there")
  })
})
