/** A partition's ordinary life at the step level: taking over, deciding, saying, expiring, handing over. */
import { describe, expect, it } from "vitest"
import { Broker, json, saidOf, serving, startMs, Worker } from "./rig.ts"

describe("a partition", () => {
  it("writes genesis and claim into an empty journal, then serves", () => {
    const broker = new Broker()
    const worker = new Worker(broker).serve()
    expect(broker.records().map(({ kind, epoch }) => [kind, epoch])).toEqual([
      ["genesis", 0],
      ["claim", 1],
    ])
    expect(worker.partition.phase).toBe("serving")
    expect(broker.incarnation).toBe("incarnation-a")
  })

  it("decides a batch in one record and says each decision once it is confirmed", () => {
    const worker = serving(10)
    const first = worker.send("web", json("Reserve", { id: "c1", reservation: "r1", qty: 4, holdMs: 60_000 }))
    expect(worker.has("SendReplies")).toBe(false)
    worker.send("web", json("Reserve", { id: "c2", reservation: "r2", qty: 4, holdMs: 60_000 }))
    worker.send("shop", json("Reserve", { id: "c3", reservation: "r3", qty: 4, holdMs: 60_000 }))
    worker.settle()
    expect(first.seq).toBe(3)
    expect(saidOf(worker.broker, "c1")).toMatchObject({ outcome: "accepted", qty: 4, allocations: [{ location: "L", qty: 4 }] })
    expect(saidOf(worker.broker, "c2")).toMatchObject({ outcome: "accepted" })
    expect(saidOf(worker.broker, "c3")).toMatchObject({ outcome: "refused", reason: "InsufficientStock", ats: 2 })
    expect(
      worker.broker
        .records()
        .at(-1)
        ?.entries.map(({ _tag }) => _tag),
    ).toEqual(["Stored", "Stored", "Message", "Message"])
  })

  it("sends each channel its ATS when it changed, with a rising version", () => {
    const worker = serving(10)
    worker.broker.feed = []
    worker.send("web", json("Reserve", { reservation: "r1", qty: 4, holdMs: 60_000 }))
    worker.settle()
    expect(worker.broker.feed.map(({ channel, ats, delta, cause }) => [channel, ats, delta, cause])).toEqual([
      ["web", 6, -4, "Reserved"],
      ["shop", 6, -4, "Reserved"],
    ])
  })

  it("expires a hold when its time is up by journaled time, and offers its units again", () => {
    const worker = serving(10)
    worker.send("web", json("Reserve", { id: "c1", reservation: "r1", qty: 10, holdMs: 1_000 }))
    worker.settle()
    worker.tick(2_000).settle()
    expect(worker.broker.records().at(-1)).toMatchObject({ kind: "expiry", entries: [{ _tag: "Expiry", key: "A" }] })
    expect(worker.broker.feed.at(-1)).toMatchObject({ ats: 10, cause: "Expired" })
    worker.send("web", json("Confirm", { id: "c2", reservation: "r1" }), { brokerMs: startMs + 2_000 })
    worker.settle()
    expect(saidOf(worker.broker, "c2")).toMatchObject({ outcome: "refused", reason: "ReservationExpired" })
  })

  it("drains: decides nothing new, says all, then follows on", () => {
    const worker = serving(10)
    worker.send("web", json("Reserve", { id: "c1", reservation: "r1", qty: 1, holdMs: 60_000 }))
    worker.put({ _tag: "Drain" })
    worker.send("web", json("Reserve", { id: "c2", reservation: "r2", qty: 1, holdMs: 60_000 }))
    worker.settle()
    expect(saidOf(worker.broker, "c1")).toMatchObject({ outcome: "accepted" })
    expect(saidOf(worker.broker, "c2")).toBeUndefined()
    expect(worker.take("ReignEnded").reason).toBe("Drained")
  })

  it("is rebuilt by another worker to the same state", async () => {
    const { stateHash } = await import("../../src/kinds/sku/partition.ts")
    const { engineCodec } = await import("../../src/wire/codec.ts")
    const worker = serving(10)
    worker.send("web", json("Reserve", { id: "c1", reservation: "r1", qty: 4, holdMs: 60_000 }))
    worker.send("web", json("Release", { id: "c2", reservation: "r1", qty: 1, reason: "cancelled" }))
    worker.settle()
    const other = new Worker(worker.broker, "b").serve()
    expect(stateHash(other.partition, engineCodec.sha256)).toBe(stateHash(worker.partition, engineCodec.sha256))
  })
})
