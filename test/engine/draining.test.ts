/** A cluster of an earlier release: its commands stream is read to its end before anything handed over is decided, and then left. */
import { describe, expect, it } from "vitest"
import type { SenderId, Sku } from "../../src/domain/names.ts"
import { engineCodec } from "../../src/wire/codec.ts"
import { Broker, json, policyFor, saidOf, startMs, Worker } from "./rig.ts"

const reserve = (id: string) => json("Reserve", { id, reservation: id, qty: 1, holdMs: 60_000 })

/** A worker whose journal an earlier release began: its cursor is of the stream it knew. */
const taking = (): Worker => {
  const worker = new Worker(new Broker())
  worker.partition.cursor = { stream: "raw", seq: 0, digest: "" }
  worker.serve()
  worker.send("dc", json("ReceiveStock", { location: "L", qty: 5 }))
  worker.send("boss", json("SetPolicy", { policy: policyFor("web") }))
  worker.settle()
  worker.out = []
  return worker
}

const hand = (worker: Worker, id: string) => {
  const bytes = new TextEncoder().encode(JSON.stringify(reserve(id)))
  const body = engineCodec.decodeBody(bytes)
  const sender = "web" as SenderId
  const message = {
    sender,
    class: "sell",
    bulk: false,
    key: "A" as Sku,
    reply: id,
    publishedMs: startMs,
    trace: null,
    bytes: bytes.length,
    body,
  } as const
  worker.put({ _tag: "CommandsHanded", messages: [message] })
}

describe("a commands stream of an earlier release", () => {
  it("is asked for its end, and nothing handed over is taken before that is reached", () => {
    const worker = taking()
    worker.nowMs += 2_000
    worker.put({ _tag: "Tick" })
    expect(worker.has("ReadRawEnd")).toBe(true)
    hand(worker, "early")
    expect(worker.take("SayBusy").why).toBe("owner")
    worker.put({ _tag: "RawEndRead", endSeq: null })
    expect(worker.has("Append")).toBe(false)
  })

  it("is left by a record once all it acknowledged is decided, and reading begins in the other", () => {
    const worker = taking()
    const late = worker.broker.store("web", "sell", "A", JSON.stringify(reserve("late")))
    worker.put({ _tag: "RawEndRead", endSeq: late.seq })
    expect(worker.has("Append")).toBe(false)
    worker.arrive(late)
    worker.answer(worker.take("Append"))
    const moving = worker.take("Append")
    worker.answer(moving)
    expect(saidOf(worker.broker, "late") ?? worker.has("SendReplies")).toBeTruthy()
    expect(worker.take("ReadCommands")).toMatchObject({ stream: "stored", fromSeq: 1 })
    const record = worker.broker.records().at(-1)
    expect(record).toMatchObject({
      kind: "reset",
      cursor: { stream: "stored", seq: 0 },
      entries: [{ _tag: "Moved", from: { seq: late.seq } }],
    })
    worker.settle(["ReadCommands"])
    hand(worker, "after")
    worker.settle()
    expect(saidOf(worker.broker, "after")).toMatchObject({ outcome: "accepted" })
  })

  it("stays left: the next owner reads the other", () => {
    const worker = taking()
    worker.put({ _tag: "RawEndRead", endSeq: worker.partition.cursor.seq })
    worker.settle(["ReadCommands"])
    const next = new Worker(worker.broker, "b").follow().claim()
    next.settle(["ReadCommands"])
    expect(next.take("ReadCommands").stream).toBe("stored")
    expect(next.partition.cursor).toEqual({ stream: "stored", seq: 0, digest: "" })
  })
})
