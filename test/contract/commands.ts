/** The contract of `Commands`: the commands stream, read by a partition's own cursor. */
import { Effect, Fiber, Schedule, Stream } from "effect"
import { describe, expect, it } from "vitest"
import type { CommandMessage } from "../../src/engine/protocol.ts"
import { bodyBytesMax } from "../../src/limits.ts"
import { Commands } from "../../src/ports/broker.ts"
import { type Broker, bytes, text } from "./broker-under-test.ts"

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

/** `partition` is this suite's own. */
export const commandsContract = (name: string, broker: Broker, partition: number) =>
  describe(`Commands contract: ${name}`, () => {
    const send = (to: number, body: string) => broker().store(to, bytes(body))
    const sendAll = (to: number, bodies: ReadonlyArray<string>) => Effect.forEach(bodies, (body) => send(to, body))
    const foreignTo = (own: number) => (own + 1) % broker().partitions

    it("delivers a partition's messages in the order of the stream, none left out, and nobody else's", async () => {
      const { asWorker } = broker()
      const foreign = foreignTo(partition)
      const sent = await Effect.runPromise(
        Effect.forEach([0, 1, 2, 3, 4], (i) => Effect.zip(send(partition, `mine ${i}`), send(foreign, `foreign ${i}`))),
      )
      const read = await asWorker(take(partition, sent[0]?.[0].seq ?? 0, 5))
      expect(read.map((message) => text(message.body))).toEqual(["mine 0", "mine 1", "mine 2", "mine 3", "mine 4"])
      expect(read.map((message) => message.seq)).toEqual(sent.map(([{ seq }]) => seq))
    })

    it("reads from the sequence it is told, and goes on with what is stored later", async () => {
      const { asWorker } = broker()
      const [, second] = await Effect.runPromise(sendAll(partition, ["one", "two"]))
      const reading = asWorker(take(partition, second?.seq ?? 0, 3))
      await Effect.runPromise(sendAll(partition, ["three", "four"]))
      expect((await reading).map((message) => text(message.body))).toEqual(["two", "three", "four"])
    })

    it("says the same of a message, to the last character, whether it is read or looked up", async () => {
      const { asWorker } = broker()
      const sent = await Effect.runPromise(
        sendAll(
          partition,
          Array.from({ length: 50 }, (_, i) => `same ${i}`),
        ),
      )
      const read = await asWorker(take(partition, sent[0]?.seq ?? 0, 50))
      const lookedUp = await asWorker(Commands.use((commands) => Effect.forEach(read, ({ seq }) => commands.at(partition, seq))))
      const comparable = (message: CommandMessage | null) => message && { ...message, body: text(message.body) }
      expect(lookedUp.map(({ message }) => comparable(message))).toEqual(read.map(comparable))
      expect(Number.isSafeInteger(read[0]?.brokerMs)).toBe(true)
    })

    it("looks up nothing, but the stream's bounds, beyond them", async () => {
      const { asWorker } = broker()
      const { seq } = await Effect.runPromise(send(partition, "last"))
      const found = await asWorker(
        Commands.use((commands) => Effect.all([commands.at(partition, 0), commands.at(partition, seq + 1_000_000)])),
      )
      expect(found.map(({ message }) => message)).toEqual([null, null])
      expect(found[1]?.lastSeq).toBeGreaterThanOrEqual(seq)
      expect(found[1]?.firstSeq).toBeLessThanOrEqual(seq)
      expect(found[1]?.nextSeq).toBeNull()
    })

    it("purges a partition below its own cursor and leaves the others alone", async () => {
      const { asWorker } = broker()
      const foreign = foreignTo(partition)
      const [first, other, second] = await Effect.runPromise(
        Effect.all([send(partition, "old"), send(foreign, "other"), send(partition, "new")]),
      )
      const found = await asWorker(
        Commands.use((commands) =>
          Effect.andThen(
            commands.purge(partition, second.seq),
            Effect.forEach([first.seq, other.seq, second.seq], (seq) => commands.at(partition, seq)),
          ),
        ),
      )
      expect(found.map(({ message }) => message && text(message.body))).toEqual([null, "other", "new"])
      // Of this partition, whatever lies between.
      expect(found.map(({ nextSeq }) => nextSeq)).toEqual([second.seq, null, null])
    })

    it("counts what is stored after a sequence, and says when the oldest of it was", async () => {
      const { asWorker } = broker()
      const sent = await Effect.runPromise(sendAll(partition, ["a", "b", "c"]))
      const [first, , last] = sent.map(({ seq }) => seq)
      const { waiting, none, second } = await asWorker(
        Commands.use((commands) =>
          Effect.all({
            waiting: commands.waiting(partition, first ?? 0),
            none: commands.waiting(partition, last ?? 0),
            second: commands.at(partition, sent[1]?.seq ?? 0),
          }),
        ),
      )
      expect(waiting).toEqual({ count: 2, oldestMs: second.message?.brokerMs })
      expect(none).toEqual({ count: 0, oldestMs: null })
    })

    it("reads a backlog of large messages whole, though nobody takes for a while", async () => {
      const { asWorker } = broker()
      const body = "x".repeat(bodyBytesMax)
      const first = await Effect.runPromise(send(partition, body))
      await Effect.runPromise(Effect.forEach(Array.from({ length: 400 }), () => send(partition, body), { concurrency: 64, discard: true }))
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
      const { asWorker } = broker()
      const { seq } = await Effect.runPromise(send(partition, "again"))
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
