/** What ingresses hand over: taken by turns, bounded by sender, decided beside the stream, given back when the reign ends. */
import fc from "fast-check"
import { describe, expect, it } from "vitest"
import type { SenderId, Sku } from "../../src/domain/names.ts"
import { partitionHash } from "../../src/kinds/sku/partition.ts"
import type { SkuTakenMessage } from "../../src/kinds/sku/types.ts"
import { commandsPerMessageMax, handedBytesMax, handedCommandsMax, handedPerSenderMin } from "../../src/limits.ts"
import { engineCodec } from "../../src/wire/codec.ts"
import { json, saidOf, serving, startMs, type Worker } from "./rig.ts"

let suffixes = 0

const taken = (sender: string, commands: ReadonlyArray<Record<string, unknown>>, more: Partial<SkuTakenMessage> = {}): SkuTakenMessage => {
  const text = JSON.stringify(commands.length === 1 ? commands[0] : commands)
  const bytes = new TextEncoder().encode(text)
  return {
    sender: sender as SenderId,
    class: "sell",
    bulk: false,
    key: String(commands[0]?.sku ?? "A") as Sku,
    reply: `h.${++suffixes}`,
    publishedMs: startMs,
    trace: null,
    bytes: bytes.length,
    body: engineCodec.decodeBody(bytes),
    ...more,
  }
}

const reserve = (id: string, more: Record<string, unknown> = {}) =>
  json("Reserve", { id, reservation: id, qty: 1, holdMs: 60_000, ...more })
const hand = (worker: Worker, ...messages: ReadonlyArray<SkuTakenMessage>) => worker.put({ _tag: "CommandsHanded", messages })
const busyOf = (worker: Worker): ReadonlyArray<SkuTakenMessage> => worker.all("SayBusy").flatMap(({ messages }) => messages)

describe("commands that are handed over", () => {
  it("are decided, journaled without a place in any stream, and answered, and leave the cursor where it stood", () => {
    const worker = serving(3)
    const before = worker.partition.cursor
    hand(worker, taken("web", [reserve("h1")]))
    worker.settle()
    expect(saidOf(worker.broker, "h1")).toMatchObject({ outcome: "accepted", qty: 1 })
    const record = worker.broker.records().at(-1)
    expect(record?.entries).toMatchObject([{ _tag: "Message", seq: null, sender: "web", brokerMs: startMs }])
    expect(record?.cursor).toEqual(before)
  })

  it("keep the trace that their sender named in the record, and nothing where there is none", () => {
    const worker = serving(3)
    const trace = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
    hand(worker, taken("web", [reserve("h1")], { trace }), taken("web", [reserve("h2")]))
    worker.settle()
    const named = worker.broker
      .records()
      .flatMap(({ entries }) => entries.flatMap((entry) => (entry._tag === "Message" ? [entry.trace] : [])))
    expect(named.slice(-2)).toEqual([trace, undefined])
  })

  it("are decided once, however often they are handed over or found in the stream of earlier releases", () => {
    const worker = serving(3)
    const command = reserve("h2")
    hand(worker, taken("web", [command]), taken("web", [command]))
    worker.send("web", command)
    worker.settle()
    hand(worker, taken("web", [command]))
    worker.settle()
    expect(saidOf(worker.broker, "h2")).toMatchObject({ outcome: "accepted", repeated: true })
    expect(worker.partition.openHolds).toBe(1)
  })

  it("wait while an append is in flight, and go on in the next record", () => {
    const worker = serving(3)
    hand(worker, taken("web", [reserve("h3")]))
    hand(worker, taken("web", [reserve("h4")]))
    expect(worker.all("Append")).toHaveLength(1)
    worker.settle()
    expect(saidOf(worker.broker, "h4")).toMatchObject({ outcome: "accepted" })
  })

  it("are decided while it isn't known whether the stream is still the one that was read", () => {
    const worker = serving(3)
    worker.put({ _tag: "ReadingBroke" })
    worker.out = []
    worker.reign.provenSeq = 0
    hand(worker, taken("web", [reserve("h5")]))
    worker.settle(["ReadCommandAt"])
    expect(saidOf(worker.broker, "h5")).toMatchObject({ outcome: "accepted" })
  })

  it("expire when their deadline passed since they were published", () => {
    const worker = serving(3)
    worker.nowMs = startMs + 5_000
    worker.put({ _tag: "BrokerTimeSeen", brokerMs: startMs + 5_000 })
    hand(worker, taken("web", [reserve("h6", { deadlineMs: 2_000 })]))
    worker.settle()
    expect(saidOf(worker.broker, "h6")).toMatchObject({ outcome: "expired" })
  })

  it("of another partition's SKU are refused by the owner too", () => {
    const worker = serving(3)
    Object.assign(worker.partition, { partitions: 2 })
    const other = ["B", "C", "D", "E"].map((sku) => taken("web", [reserve(`p-${sku}`, { sku })], { key: sku as Sku }))
    hand(worker, ...other)
    worker.settle()
    const said = ["B", "C", "D", "E"].map((sku) => saidOf(worker.broker, `p-${sku}`))
    expect(said.some((one) => one?.outcome === "refused" && one.reason === "WrongPartition")).toBe(true)
  })
})

describe("a sender's share", () => {
  it("is all there is room for while nobody else has anything waiting, and busy beyond it", () => {
    const worker = serving(3)
    hand(worker, taken("web", [reserve("first")]))
    const flood = Array.from({ length: handedCommandsMax + 10 }, (_, i) => taken("web", [reserve(`f${i}`)]))
    hand(worker, ...flood)
    expect(busyOf(worker)).toHaveLength(10)
    expect(worker.all("SayBusy")[0]).toMatchObject({ why: "queue" })
  })

  it("leaves others their places: one that sends little is taken and decided in the next record", () => {
    const worker = serving(100_000)
    hand(worker, taken("web", [reserve("inflight")]))
    hand(worker, ...Array.from({ length: handedCommandsMax * 2 }, (_, i) => taken("web", [reserve(`g${i}`)])))
    worker.out = worker.out.filter(({ _tag }) => _tag !== "SayBusy")
    hand(worker, taken("shop", [reserve("little")]))
    expect(busyOf(worker)).toHaveLength(0)
    const append = worker.take("Append")
    worker.answer(append)
    expect(worker.all("Append")).toHaveLength(1)
    worker.answer(worker.take("Append"))
    worker.settle(["Append"])
    expect(saidOf(worker.broker, "little")).toMatchObject({ outcome: "accepted" })
  })

  it("is counted in commands: who packs many into a message gets no more of a record", () => {
    const worker = serving(10_000)
    hand(worker, taken("web", [reserve("inflight")]))
    const packed = Array.from({ length: 40 }, (_, i) =>
      taken(
        "web",
        Array.from({ length: commandsPerMessageMax }, (_, j) => reserve(`m${i}-${j}`)),
      ),
    )
    const single = Array.from({ length: 4_000 }, (_, i) => taken("shop", [reserve(`s${i}`)]))
    hand(worker, ...packed, ...single)
    worker.answer(worker.take("Append"))
    worker.answer(worker.take("Append"))
    const counts = new Map<string, number>()
    for (const entry of worker.broker.records().at(-1)?.entries ?? [])
      if (entry._tag === "Message") counts.set(entry.sender, (counts.get(entry.sender) ?? 0) + entry.decided.length)
    const [web = 0, shop = 0] = [counts.get("web"), counts.get("shop")]
    expect(Math.abs(web - shop)).toBeLessThanOrEqual(2 * commandsPerMessageMax)
  })

  it("never starves anybody, whatever others send: each one's oldest message is decided within a bounded number of records", () => {
    fc.assert(
      fc.property(
        fc.array(fc.record({ sender: fc.integer({ min: 0, max: 9 }), commands: fc.integer({ min: 1, max: 60 }) }), {
          minLength: 1,
          maxLength: 120,
        }),
        (sent) => {
          const worker = serving(100_000)
          hand(worker, taken("web", [reserve("inflight")]))
          const messages = sent.map(({ sender, commands }, i) =>
            taken(
              `s${sender}`,
              Array.from({ length: commands }, (_, j) => reserve(`x${i}-${j}`)),
            ),
          )
          hand(worker, ...messages)
          const busy = new Set(busyOf(worker))
          worker.settle()
          // Each is decided, once, or was said to be busy; in the order its sender handed it over.
          const decided = worker.broker
            .records()
            .flatMap(({ entries }) => entries.flatMap((entry) => (entry._tag === "Message" ? [entry] : [])))
          for (let sender = 0; sender < 10; sender++) {
            const handed = messages.filter((message) => message.sender === `s${sender}` && !busy.has(message)).map(({ reply }) => reply)
            const replies = decided.filter((entry) => entry.sender === `s${sender}`).map(({ reply }) => reply)
            expect(replies).toEqual(handed)
          }
          expect(worker.reign.handed).toMatchObject({ commands: 0, bytes: 0, turns: [] })
          expect(worker.reign.handed.queues.size).toBe(0)
        },
      ),
      { numRuns: 40 },
    )
  })

  it("leaves nothing behind of a sender of whom nothing is taken", () => {
    const worker = serving(1)
    hand(worker, taken("web", [reserve("waits")]))
    hand(worker, taken("turned-away", [reserve("much")], { bytes: handedBytesMax + 1 }))
    expect(busyOf(worker)).toHaveLength(1)
    expect([...worker.reign.handed.queues.keys()]).not.toContain("turned-away")
  })

  it("is never below what one message may hold", () => {
    expect(handedPerSenderMin).toBeGreaterThanOrEqual(commandsPerMessageMax)
  })
})

describe("when a reign ends", () => {
  it("what waits is said to be busy, for it was handed to nobody else", () => {
    const worker = serving(3)
    hand(worker, taken("web", [reserve("inflight")]))
    hand(worker, taken("web", [reserve("w1")]), taken("shop", [reserve("w2")]))
    worker.put({ _tag: "Drain" })
    worker.settle()
    expect(worker.has("ReignEnded")).toBe(true)
    expect(saidOf(worker.broker, "inflight")).toMatchObject({ outcome: "accepted" })
    expect(busyOf(worker).map(({ sender }) => sender)).toEqual(["web", "shop"])
    expect(worker.all("SayBusy")[0]).toMatchObject({ why: "owner" })
  })

  it("what comes after the end is said to be busy too, once each time", () => {
    const worker = serving(3)
    worker.put({ _tag: "Drain" })
    worker.settle()
    expect(worker.has("ReignEnded")).toBe(true)
    const [state, said] = [partitionHash(worker.partition, engineCodec.sha256), worker.all("SayBusy").length]
    hand(worker, taken("web", [reserve("late")]))
    expect(worker.all("SayBusy").slice(said)).toMatchObject([{ why: "owner" }])
    expect(partitionHash(worker.partition, engineCodec.sha256)).toBe(state)
  })

  it("what is in the record whose fate is unknown is not: it may be decided", () => {
    const worker = serving(3)
    hand(worker, taken("web", [reserve("lost")]))
    hand(worker, taken("web", [reserve("waiting")]))
    const append = worker.take("Append")
    worker.broker.journal.push({ seq: append.expectedSeq + 1, messageId: "another", bytes: new Uint8Array() })
    worker.answer(append)
    worker.settle()
    expect(worker.take("SteppedDown").reason).toBe("Fenced")
    expect(busyOf(worker)).toHaveLength(1)
    expect(busyOf(worker)[0]?.body).toMatchObject({ commands: [{ command: { id: "waiting" } }] })
  })

  it("what comes after that is busy at once", () => {
    const worker = serving(3)
    hand(worker, taken("web", [reserve("inflight")]))
    worker.put({ _tag: "Drain" })
    hand(worker, taken("web", [reserve("late")]))
    expect(busyOf(worker)).toHaveLength(1)
  })
})
