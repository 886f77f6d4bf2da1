/** What ingresses store: batches of senders' messages, serials that show what was lost, and what is purged of them. */
import { describe, expect, it } from "vitest"
import type { SenderId, Sku } from "../../src/domain/names.ts"
import type { StoredBatch, TakenMessage } from "../../src/engine/protocol.ts"
import { commandsKeptBytes } from "../../src/limits.ts"
import { engineCodec } from "../../src/wire/codec.ts"
import { encodeBatch } from "../../src/wire/taken.ts"
import { Broker, json, saidOf, serving, startMs, Worker } from "./rig.ts"

const message = (sender: string, command: Record<string, unknown>, more: Partial<TakenMessage> = {}): TakenMessage => {
  const bytes = new TextEncoder().encode(JSON.stringify(command))
  const body = engineCodec.decodeBody(bytes)
  const text = body._tag === "Commands" && body.commands[0]?._tag === "Command" ? body.commands[0].text : ""
  return {
    sender: sender as SenderId,
    class: "stock",
    bulk: false,
    sku: "A" as Sku,
    reply: `s.${String(command.id)}`,
    publishedMs: startMs,
    trace: null,
    bytes: new TextEncoder().encode(text).length,
    body,
    ...more,
  }
}

const receive = (id: string, qty = 1) => json("ReceiveStock", { id, location: "L", qty })

/** Stores what an ingress wrote, and lets it arrive. */
const store = (worker: Worker, batch: Partial<StoredBatch> & { readonly serial: number }) => {
  const body = encodeBatch({ ingress: "i-1", acknowledged: batch.serial - 1, messages: [], ...batch })
  const stored = worker.broker.store("x", "x", "x", "", { subject: "hf.q.0", headers: "", replySuffix: null, body })
  worker.arrive(stored)
  return stored
}

describe("what an ingress stored", () => {
  it("is decided message by message, each answered to its own sender, and the cursor stands on the whole", () => {
    const worker = serving(0)
    const stored = store(worker, { serial: 1, messages: [message("dc", receive("f1", 2)), message("till", receive("f2", 3))] })
    worker.settle()
    expect(saidOf(worker.broker, "f1")).toMatchObject({ outcome: "accepted" })
    expect(worker.broker.replies.slice(-2).map(({ sender, suffix }) => `${sender} ${suffix}`)).toEqual(["dc s.f1", "till s.f2"])
    const record = worker.broker.records().at(-1)
    expect(record?.cursor.seq).toBe(stored.seq)
    expect(record?.entries).toMatchObject([
      { _tag: "Stored", seq: stored.seq, ingress: "i-1", serial: 1, missing: 0 },
      { _tag: "Message", seq: stored.seq, sender: "dc" },
      { _tag: "Message", seq: stored.seq, sender: "till" },
    ])
  })

  it("twice, because the ingress could not know, is decided once", () => {
    const worker = serving(0)
    for (let i = 0; i < 2; i++) store(worker, { serial: 1, acknowledged: 0, messages: [message("dc", receive("f3", 2))] })
    worker.settle()
    expect(worker.partition.actors.get("A" as Sku)?.stock.locations[0]?.onHand).toBe(2)
    expect(worker.all("Alarm").filter(({ kind }) => kind === "CommandsLostTail")).toEqual([])
  })

  it("shows what the stream lost above the cursor: serials that were acknowledged and never came", () => {
    const worker = serving(0)
    store(worker, { serial: 1, messages: [message("dc", receive("f4"))] })
    worker.settle()
    store(worker, { serial: 4, acknowledged: 3, messages: [message("dc", receive("f5"))] })
    worker.settle()
    expect(worker.broker.records().at(-1)?.entries[0]).toMatchObject({ _tag: "Stored", serial: 4, missing: 2 })
    expect(worker.take("Alarm")).toMatchObject({ kind: "CommandsLostTail", detail: expect.stringContaining("2 stored") as unknown })
  })

  it("is remembered by the next owner, from the journal and from a snapshot alike", () => {
    const broker = new Broker()
    const worker = serving(0, undefined, broker)
    store(worker, { serial: 1, messages: [message("dc", receive("f6"))] })
    worker.settle()
    expect(new Worker(broker, "b").follow().partition.ingresses.size).toBe(0)
    const next = new Worker(broker, "b").serve()
    expect([...next.partition.ingresses]).toEqual([["i-1", 1]])
    const small = new Worker(broker, "c", undefined, 1).serve()
    for (let i = 0; i < 20; i++) small.tick(30)
    expect(broker.manifest).not.toBeNull()
    const fromSnapshot = new Worker(broker, "d").serve()
    expect([...fromSnapshot.partition.ingresses]).toEqual([["i-1", 1]])
  })

  it("that none of ours wrote is passed over, told, and holds nothing up", () => {
    const worker = serving(0)
    const foreign = worker.broker.store("x", "x", "x", "what is this", { subject: "hf.q.0", headers: "", replySuffix: null })
    worker.arrive(foreign)
    store(worker, { serial: 1, messages: [message("dc", receive("f7"))] })
    worker.settle()
    expect(saidOf(worker.broker, "f7")).toMatchObject({ outcome: "accepted" })
    expect(worker.all("Alarm").map(({ kind }) => kind)).toContain("CommandSkipped")
    expect(worker.broker.records().flatMap(({ entries }) => entries)).toContainEqual(
      expect.objectContaining({ _tag: "Skipped", seq: foreign.seq }),
    )
  })

  it("in the form of a newer release makes this worker step aside, before anything of it is decided", () => {
    const worker = serving(0)
    const body = new TextEncoder().encode('{"v":99}\n')
    worker.arrive(worker.broker.store("x", "x", "x", "", { subject: "hf.q.0", headers: "", replySuffix: null, body }))
    expect(worker.take("SteppedDown").reason).toBe("NewerRelease")
  })
})

describe("a stream that runs full", () => {
  it("is purged up to the cursor within a second of the clock, though no record is written", () => {
    const worker = serving(0)
    for (let serial = 1; serial <= 5; serial++) store(worker, { serial, messages: [message("dc", receive(`p${serial}`))] })
    worker.settle()
    const { seq } = worker.partition.cursor
    const records = worker.broker.journal.length
    worker.broker.fill = 1
    worker.tick(1_000)
    expect([...worker.broker.commands.keys()].filter((stored) => stored < seq)).toEqual([])
    expect(worker.broker.commands.has(seq)).toBe(true)
    expect(worker.broker.journal.length).toBe(records)
  })

  it("is left alone while it has room and holds less than is to be kept", () => {
    const worker = serving(0)
    for (let serial = 1; serial <= 5; serial++) store(worker, { serial, messages: [message("dc", receive(`q${serial}`))] })
    worker.settle()
    const before = worker.broker.commands.size
    for (let i = 0; i < 10; i++) worker.tick(1_000)
    expect(worker.broker.commands.size).toBe(before)
  })

  it("keeps the newest bytes of what is decided, and no more", () => {
    const worker = serving(0)
    worker.partition.keptMarks.push({ seq: 1, bytes: commandsKeptBytes }, { seq: 2, bytes: 10 })
    worker.partition.keptBytes = commandsKeptBytes + 10
    worker.put({ _tag: "Tick" })
    worker.nowMs += 1_000
    worker.put({ _tag: "Tick" })
    worker.settle(["PurgeCommands"])
    expect(worker.take("PurgeCommands").beforeSeq).toBe(1)
  })
})
