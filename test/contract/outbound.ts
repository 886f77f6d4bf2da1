/** The contract of `Outbound` and of what a channel hears of it: replies and the feed. */
import { Clock, Effect, Fiber, Latch, Stream } from "effect"
import { describe, expect, it } from "vitest"
import type { SenderId, Sku } from "../../src/domain/names.ts"
import type { AtsValue, SkuReply } from "../../src/kinds/sku/types.ts"
import { Outbound } from "../../src/ports/broker.ts"
import { SenderLink } from "../../src/ports/channel.ts"
import { type Broker, saidUnder, skuIn, text } from "./broker-under-test.ts"

const replyTo = (sender: string, suffix: string): SkuReply => ({
  sender: sender as SenderId,
  suffix,
  partition: 0,
  seq: 7,
  epoch: 2,
  array: false,
  decisions: [{ id: null, sku: null, outcome: "expired" }],
})

const value = (channel: string, sku: string, version: number, ats = version): AtsValue => ({
  channel: channel as SenderId,
  sku: sku as Sku,
  ats,
  version,
  delta: 1,
  cause: "StockReceived",
  atMs: 1_700_000_000_000,
})

/** The first thing heard. */
const first = <A, E>(heard: Stream.Stream<ReadonlyArray<A>, E>) => heard.pipe(Stream.flattenIterable, Stream.take(1), Stream.runCollect)

/** Repeats `say` until `listening` has ended: a subscription's beginning can't be seen from outside. */
const sayUntilHeard = async <A>(listening: Promise<A>, say: () => Promise<unknown>): Promise<A> => {
  let isHeard = false
  const done = listening.finally(() => {
    isHeard = true
  })
  while (!isHeard) {
    await say()
    await Promise.race([done, new Promise((resolve) => setTimeout(resolve, 20))])
  }
  return done
}

/** `partition` is this suite's own. */
export const outboundContract = (name: string, broker: Broker, partition: number) =>
  describe(`Outbound contract: ${name}`, () => {
    it("says a reply to its sender under the suffix it asked for, and to nobody else", async () => {
      const { asSender, asWorker } = broker()
      const listen = (sender: "web" | "shop") =>
        asSender(
          sender,
          SenderLink.use((link) => first(saidUnder(link, "outbound"))),
        )
      const heard = await sayUntilHeard(Promise.all([listen("web"), listen("shop")]), () =>
        asWorker(Outbound.use((outbound) => outbound.reply([replyTo("web", "outbound.a"), replyTo("shop", "outbound.b")]))),
      )
      expect(heard.map(([reply]) => reply?.suffix)).toEqual(["a", "b"])
      expect(text(heard[0]?.[0]?.body ?? new Uint8Array())).toContain("expired")
    })

    it("leaves out a reply whose suffix is no suffix, and says the others", async () => {
      const { asSender, asWorker } = broker()
      const heard = await sayUntilHeard(
        asSender(
          "web",
          SenderLink.use((link) => first(saidUnder(link, "odd"))),
        ),
        () =>
          asWorker(
            Outbound.use((outbound) =>
              outbound.reply([replyTo("web", "odd.a b"), replyTo("web", "odd.>"), replyTo("web", ""), replyTo("web", "odd.fine")]),
            ),
          ),
      )
      expect(heard.map(({ suffix }) => suffix)).toEqual(["fine"])
    })

    it("lets a channel hear the feed of what it sells, and only its own", async () => {
      const { asSender, asWorker, partitions } = broker()
      const sku = skuIn(partition, partitions)
      const listen = (sender: "web" | "shop") =>
        asSender(
          sender,
          SenderLink.use((link) => first(link.ats(undefined))),
        )
      let version = 0
      const heard = await sayUntilHeard(Promise.all([listen("web"), listen("shop")]), () => {
        version++
        return asWorker(Outbound.use((outbound) => outbound.feed(partition, [value("web", sku, version), value("shop", sku, version, -1)])))
      })
      expect(heard.map(([said]) => said?.token)).toEqual([sku, sku])
      expect(heard.map(([said]) => text(said?.body ?? new Uint8Array()).includes("-1"))).toEqual([false, true])
    })

    it("shows the owner what the feed stores from now on, whoever sent it, in the order it is stored", async () => {
      const { asOtherWorker, asWorker, partitions } = broker()
      const sku = skuIn(partition, partitions, 1)
      const probe = skuIn(partition, partitions, 2)
      const heard = await asWorker(
        Outbound.use((outbound) =>
          Effect.gen(function* () {
            const isWatching = yield* Latch.make()
            const firstSeen = yield* Latch.make()
            const watching = yield* outbound.watchFeed(partition, yield* Clock.currentTimeMillis).pipe(
              Stream.flattenIterable,
              Stream.tap(() => isWatching.open),
              Stream.filter((seen) => seen.sku === sku),
              Stream.tap(() => firstSeen.open),
              Stream.take(3),
              Stream.runCollect,
              Effect.forkChild,
            )
            let version = 0
            yield* Effect.suspend(() => outbound.feed(partition, [value("web", probe, ++version)])).pipe(
              Effect.andThen(Effect.sleep("10 millis")),
              Effect.forever,
              Effect.raceFirst(isWatching.await),
            )
            yield* outbound.feed(partition, [value("web", sku, 5)])
            // The feed keeps the last of a channel and SKU: one that is replaced before it was delivered is left out.
            yield* firstSeen.await
            yield* Effect.promise(() => asOtherWorker(Outbound.use((other) => other.feed(partition, [value("web", sku, 4)]))))
            yield* outbound.feed(partition, [value("shop", sku, 6)])
            return yield* Fiber.join(watching)
          }),
        ),
      )
      expect(heard.map(({ channel, version }) => `${channel} ${version}`)).toEqual(["web 5", "web 4", "shop 6"])
    })

    it("shows the owner first what the feed stored since a time, the last of each channel and SKU, and not what it stored before", async () => {
      const { asOtherWorker, asWorker, partitions } = broker()
      const [early, sku, end] = [3, 4, 5].map((n) => skuIn(partition, partitions, n)) as [string, string, string]
      const store = (...values: ReadonlyArray<AtsValue>) => asOtherWorker(Outbound.use((other) => other.feed(partition, values)))
      await store(value("web", early, 1))
      // The server's clock is this one; what has to be told apart is further apart than their grain.
      const pause = Effect.sleep("20 millis")
      const sinceMs = await asWorker(
        Effect.andThen(
          pause,
          Effect.tap(Clock.currentTimeMillis, () => pause),
        ),
      )
      for (const values of [[value("web", sku, 6)], [value("shop", sku, 6)], [value("web", sku, 5, 17)]]) await store(...values)
      const heard = await asWorker(
        Outbound.use((outbound) =>
          Effect.gen(function* () {
            const isWatching = yield* Latch.make()
            const watching = yield* outbound.watchFeed(partition, sinceMs).pipe(
              Stream.flattenIterable,
              Stream.tap(() => isWatching.open),
              Stream.takeUntil((seen) => seen.sku === end),
              Stream.runCollect,
              Effect.forkChild,
            )
            yield* isWatching.await
            yield* outbound.feed(partition, [value("web", end, 7)])
            return yield* Fiber.join(watching)
          }),
        ),
      )
      const said = heard.map(({ channel, sku: token, version, ats }) => `${channel} ${token === sku ? "" : `${token} `}${version} ${ats}`)
      // The first of web's two may be left out; nothing else may.
      expect(said.filter((one) => one !== "web 6 6")).toEqual(["shop 6 6", "web 5 17", `web ${end} 7 7`])
    })

    it("stores thousands of values at once, and may be told them again", async () => {
      const { asWorker } = broker()
      const values = Array.from({ length: 5_000 }, (_, i) => value("web", `BULK-${i}`, 1))
      await asWorker(Outbound.use((outbound) => Effect.andThen(outbound.feed(partition, values), outbound.feed(partition, values))))
    })
  })
