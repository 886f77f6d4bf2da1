/** The contract of `Commands`: the commands stream, read by a partition's own cursor. */
import { Effect, Fiber, Schedule, Stream } from "effect"
import { describe, expect, it } from "vitest"
import { partitionOf, skuToken } from "../../src/domain/names.ts"
import type { CommandMessage } from "../../src/engine/protocol.ts"
import { bodyBytesMax } from "../../src/limits.ts"
import { Commands } from "../../src/ports/broker.ts"
import { type Broker, bytes, skuIn, text } from "./broker-under-test.ts"
import { storeCommand } from "./stored-command.ts"

/** The partition's first `count` messages from `fromSeq` on, in one reading: one that breaks, as any may, is begun anew. */
const take = (partition: number, fromSeq: number, count: number) =>
  Commands.use((commands) =>
    commands
      .read(partition, fromSeq)
      .pipe(
        Stream.flattenIterable,
        Stream.take(count),
        Stream.runCollect,
        Effect.retry({ times: 20, schedule: Schedule.spaced("50 millis") }),
      ),
  )

const send = (token: string, body: string) => storeCommand("sell", token, bytes(body))

const sendAll = (token: string, bodies: ReadonlyArray<string>) => Effect.forEach(bodies, (body) => send(token, body))

const skus = (): ReadonlyArray<string> => {
  const odd = ["a b", "A.B", "100%", "*", ">", "é", "€uro", "日本", "😀", "%41", "tab/slash", "ÄÖÜß", 'q"uote', "back\\slash", "x'y(z)!~*"]
  return [...odd, ...Array.from({ length: 100 - odd.length }, (_, i) => `CODE-${i}_${(i * 7919).toString(36)}${i % 3 === 0 ? "·" : ""}`)]
}

/** `partition` is this suite's own. */
export const commandsContract = (name: string, broker: Broker, partition: number) =>
  describe(`Commands contract: ${name}`, () => {
    it("stores a command under the partition that the SKU's token hashes to, whatever the SKU's letters", async () => {
      const { partitions, asSender, asWorker } = broker()
      const stored = await asSender(
        "web",
        Effect.forEach(skus(), (sku) => Effect.map(send(skuToken(sku), sku), ({ seq }) => ({ sku, seq }))),
      )
      for (const { sku, seq } of stored) {
        const { message } = await asWorker(Commands.use((commands) => commands.at(seq)))
        expect(message?.subject).toBe(`hf.p.${partitionOf(sku, partitions)}.web.sell.${skuToken(sku)}`)
        expect(text(message?.body ?? bytes(""))).toBe(sku)
      }
    })

    it("delivers a partition's messages in the order of the stream, none left out, and nobody else's", async () => {
      const { partitions, asSender, asWorker } = broker()
      const mine = skuIn(partition, partitions)
      const foreign = skuIn((partition + 1) % partitions, partitions)
      const sent = await asSender(
        "web",
        Effect.forEach([0, 1, 2, 3, 4], (i) => Effect.zip(send(mine, `mine ${i}`), send(foreign, `foreign ${i}`))),
      )
      const read = await asWorker(take(partition, sent[0]?.[0].seq ?? 0, 5))
      expect(read.map((message) => text(message.body))).toEqual(["mine 0", "mine 1", "mine 2", "mine 3", "mine 4"])
      expect(read.map((message) => message.seq)).toEqual(sent.map(([{ seq }]) => seq))
    })

    it("reads from the sequence it is told, and goes on with what is stored later", async () => {
      const { partitions, asSender, asWorker } = broker()
      const sku = skuIn(partition, partitions)
      const [, second] = await asSender("web", sendAll(sku, ["one", "two"]))
      const reading = asWorker(take(partition, second?.seq ?? 0, 3))
      await asSender("web", sendAll(sku, ["three", "four"]))
      expect((await reading).map((message) => text(message.body))).toEqual(["two", "three", "four"])
    })

    it("says the same of a message, to the last character, whether it is read or looked up", async () => {
      const { partitions, asSender, asWorker } = broker()
      const sku = skuIn(partition, partitions)
      const sent = await asSender(
        "web",
        sendAll(
          sku,
          Array.from({ length: 50 }, (_, i) => `same ${i}`),
        ),
      )
      const read = await asWorker(take(partition, sent[0]?.seq ?? 0, 50))
      const lookedUp = await asWorker(Commands.use((commands) => Effect.forEach(read, ({ seq }) => commands.at(seq))))
      const comparable = (message: CommandMessage | null) => message && { ...message, body: text(message.body) }
      expect(lookedUp.map(({ message }) => comparable(message))).toEqual(read.map(comparable))
      expect(Number.isSafeInteger(read[0]?.brokerMs)).toBe(true)
    })

    it("looks up nothing, but the stream's bounds, beyond them", async () => {
      const { asSender, asWorker, partitions } = broker()
      const { seq } = await asSender("web", send(skuIn(partition, partitions), "last"))
      const found = await asWorker(Commands.use((commands) => Effect.all([commands.at(0), commands.at(seq + 1_000_000)])))
      expect(found.map(({ message }) => message)).toEqual([null, null])
      expect(found[1]?.lastSeq).toBeGreaterThanOrEqual(seq)
      expect(found[1]?.firstSeq).toBeLessThanOrEqual(seq)
    })

    it("purges a partition below its own cursor and leaves the others alone", async () => {
      const { partitions, asSender, asWorker } = broker()
      const mine = skuIn(partition, partitions)
      const foreign = skuIn((partition + 1) % partitions, partitions)
      const [first, other, second] = await asSender("web", Effect.all([send(mine, "old"), send(foreign, "other"), send(mine, "new")]))
      const found = await asWorker(
        Commands.use((commands) =>
          Effect.andThen(
            commands.purge(partition, second.seq),
            Effect.forEach([first.seq, other.seq, second.seq], (seq) => commands.at(seq)),
          ),
        ),
      )
      expect(found.map(({ message }) => message && text(message.body))).toEqual([null, "other", "new"])
    })

    it("counts what is stored after a sequence, and says when the oldest of it was", async () => {
      const { partitions, asSender, asWorker } = broker()
      const sku = skuIn(partition, partitions)
      const sent = await asSender("web", sendAll(sku, ["a", "b", "c"]))
      const [first, , last] = sent.map(({ seq }) => seq)
      const { waiting, none, second } = await asWorker(
        Commands.use((commands) =>
          Effect.all({
            waiting: commands.waiting(partition, first ?? 0),
            none: commands.waiting(partition, last ?? 0),
            second: commands.at(sent[1]?.seq ?? 0),
          }),
        ),
      )
      expect(waiting).toEqual({ count: 2, oldestMs: second.message?.brokerMs })
      expect(none).toEqual({ count: 0, oldestMs: null })
    })

    it("reads a backlog of large messages whole, though nobody takes for a while", async () => {
      const { partitions, asSender, asWorker } = broker()
      const sku = skuIn(partition, partitions)
      const body = "x".repeat(bodyBytesMax)
      const first = await asSender("web", send(sku, body))
      await asSender(
        "web",
        Effect.forEach(Array.from({ length: 400 }), () => send(sku, body), { concurrency: 64, discard: true }),
      )
      const sizes = await asWorker(
        Commands.use((commands) =>
          commands.read(partition, first.seq).pipe(
            // The first array is held for a few round trips: all that may come by itself comes meanwhile.
            Stream.tap((messages) =>
              messages[0]?.seq === first.seq
                ? Effect.asVoid(Effect.repeat(commands.waiting(partition, first.seq), { times: 50 }))
                : Effect.void,
            ),
            Stream.flattenIterable,
            Stream.take(401),
            Stream.map((message) => message.body.length),
            Stream.runCollect,
            Effect.retry({ times: 20, schedule: Schedule.spaced("50 millis") }),
          ),
        ),
      )
      expect(new Set(sizes)).toEqual(new Set([bodyBytesMax]))
    })

    it("ends a reading that is interrupted, and can be read again", async () => {
      const { asWorker, asSender, partitions } = broker()
      const { seq } = await asSender("web", send(skuIn(partition, partitions), "again"))
      const read = await asWorker(
        Effect.gen(function* () {
          const reading = yield* Effect.forkChild(take(partition, seq, 1_000_000))
          yield* Effect.yieldNow
          yield* Fiber.interrupt(reading)
          return yield* take(partition, seq, 1)
        }),
      )
      expect(read.map((message) => text(message.body))).toEqual(["again"])
    })
  })
