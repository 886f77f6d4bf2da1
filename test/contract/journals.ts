/** The contract of `Journals`: records appended by compare-and-set on the journal's last sequence. */
import { Effect, Stream } from "effect"
import { describe, expect, it } from "vitest"
import { recordBytesMax } from "../../src/limits.ts"
import { Journals } from "../../src/ports/broker.ts"
import { type Broker, bytes, text } from "./broker-under-test.ts"

type Port = typeof Journals.Service

/** Appends one record after another; what each is called is its message id and its bytes. */
const appendAll = (journals: Port, partition: number, names: ReadonlyArray<string>) =>
  Effect.gen(function* () {
    let seq = yield* journals.endSeq(partition)
    const first = seq + 1
    for (const name of names) seq = (yield* journals.append(partition, seq, name, bytes(name))).seq
    return { first, last: seq }
  })

/**
 * `partition` is this suite's own; its journal need not be empty. `retried` is how a broker answers an append that it has stored already: one server
 * looks at the expected sequence first, three look at the message id first.
 */
export const journalsContract = (name: string, broker: Broker, partition: number, retried: "unknown" | "duplicate") =>
  describe(`Journals contract: ${name}`, () => {
    it("appends at the sequence it is told to expect, and only there", async () => {
      const failed = await broker().asWorker(
        Journals.use((journals) =>
          Effect.gen(function* () {
            const { last } = yield* appendAll(journals, partition, ["cas-1", "cas-2"])
            const stale = yield* Effect.flip(journals.append(partition, last - 1, "cas-3", bytes("stale")))
            const ahead = yield* Effect.flip(journals.append(partition, last + 1, "cas-4", bytes("ahead")))
            expect(yield* journals.endSeq(partition)).toBe(last)
            return [stale, ahead]
          }),
        ),
      )
      expect(failed.map(({ _tag }) => _tag)).toEqual(["AppendUnknown", "AppendUnknown"])
      for (const { cause, partition: of } of failed) {
        expect(of).toBe(partition)
        expect(cause).not.toBe("")
      }
    })

    it("never stores an append twice: repeated with the same id and bytes it is unknown, or called a duplicate of itself", async () => {
      await broker().asWorker(
        Journals.use((journals) =>
          Effect.gen(function* () {
            const before = yield* journals.endSeq(partition)
            const { seq } = yield* journals.append(partition, before, `again-${before}`, bytes("again"))
            const outcome = yield* journals
              .append(partition, before, `again-${before}`, bytes("again"))
              .pipe(Effect.match({ onFailure: ({ _tag }) => _tag, onSuccess: (ack) => `duplicate ${ack.duplicate} of ${ack.seq}` }))
            expect(outcome).toBe(retried === "unknown" ? "AppendUnknown" : `duplicate true of ${seq}`)
            expect(yield* journals.endSeq(partition)).toBe(before + 1)
          }),
        ),
      )
    })

    it("lets one of two claimants of the same sequence through", async () => {
      const { asWorker, asOtherWorker } = broker()
      const before = await asWorker(Journals.use((journals) => journals.endSeq(partition)))
      const claim = (owner: string) =>
        Journals.use((journals) => journals.append(partition, before, `${owner}.1`, bytes(owner))).pipe(
          Effect.match({ onFailure: () => "unknown", onSuccess: () => "acked" }),
        )
      const outcomes = await Promise.all([asWorker(claim("a")), asOtherWorker(claim("b"))])
      expect(outcomes.toSorted()).toEqual(["acked", "unknown"])
      expect(await asWorker(Journals.use((journals) => journals.endSeq(partition)))).toBe(before + 1)
    })

    it("shows the record at a sequence with its message id and its very bytes, the largest too", async () => {
      const largest = new Uint8Array(recordBytesMax).map((_, i) => i % 251)
      const { found, none } = await broker().asWorker(
        Journals.use((journals) =>
          Effect.gen(function* () {
            const { seq } = yield* journals.append(partition, yield* journals.endSeq(partition), "largest", largest)
            return {
              found: yield* journals.at(partition, seq),
              none: [yield* journals.at(partition, seq + 1), yield* journals.at(partition, 0)],
            }
          }),
        ),
      )
      expect(found?.messageId).toBe("largest")
      expect(Buffer.compare(found?.bytes ?? bytes(""), largest)).toBe(0)
      expect(none).toEqual([null, null])
    })

    it("reads the records from one to another, both included, in order, and ends", async () => {
      const names = Array.from({ length: 30 }, (_, i) => `read-${i}`)
      const read = await broker().asWorker(
        Journals.use((journals) =>
          Effect.gen(function* () {
            const { first } = yield* appendAll(journals, partition, names)
            const range = yield* journals.read(partition, first + 5, first + 20).pipe(Stream.flattenIterable, Stream.runCollect)
            const none = yield* journals.read(partition, first + 1, first).pipe(Stream.flattenIterable, Stream.runCollect)
            return { first, range, none }
          }),
        ),
      )
      expect(read.range.map(({ seq }) => seq)).toEqual(Array.from({ length: 16 }, (_, i) => read.first + 5 + i))
      expect(read.range.map((record) => text(record.bytes))).toEqual(names.slice(5, 21))
      expect(read.range.map(({ messageId }) => messageId)).toEqual(names.slice(5, 21))
      expect(read.none).toEqual([])
    })

    it("is followed from a sequence on by another worker, while it is appended to", async () => {
      const { asWorker, asOtherWorker } = broker()
      const { first } = await asWorker(Journals.use((journals) => appendAll(journals, partition, ["follow-0", "follow-1"])))
      const following = asOtherWorker(
        Journals.use((journals) => journals.follow(partition, first + 1).pipe(Stream.flattenIterable, Stream.take(3), Stream.runCollect)),
      )
      await asWorker(Journals.use((journals) => appendAll(journals, partition, ["follow-2", "follow-3"])))
      expect((await following).map(({ messageId }) => messageId)).toEqual(["follow-1", "follow-2", "follow-3"])
    })
  })
