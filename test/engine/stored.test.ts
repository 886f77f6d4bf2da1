/** What ingresses store: batches of senders' messages, serials that show what was lost, and what is purged of them. */
import { describe, expect, it } from "vitest"
import { createAudit } from "../../src/audit/audit.ts"
import type { SenderId, Sku } from "../../src/domain/names.ts"
import { plainLine } from "../../src/domain/sku/policy.ts"
import type { Halt } from "../../src/engine/protocol.ts"
import type { SkuStoredBatch, SkuTakenMessage } from "../../src/kinds/sku/types.ts"
import { arrivedBytesMax, channelsPerPolicyMax, commandsKeptBytes, purgeLookMs } from "../../src/limits.ts"
import { engineCodec } from "../../src/wire/codec.ts"
import { encodeBatch } from "../../src/wire/taken.ts"
import { Broker, json, saidOf, serving, startMs, Worker } from "./rig.ts"

const message = (sender: string, command: Record<string, unknown>, more: Partial<SkuTakenMessage> = {}): SkuTakenMessage => {
  const bytes = new TextEncoder().encode(JSON.stringify(command))
  const body = engineCodec.decodeBody(bytes)
  const text = body._tag === "Commands" && body.commands[0]?._tag === "Command" ? body.commands[0].text : ""
  return {
    sender: sender as SenderId,
    class: "stock",
    bulk: false,
    key: "A" as Sku,
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
const store = (worker: Worker, batch: Partial<SkuStoredBatch> & { readonly serial: number }) => {
  const body = encodeBatch({ ingress: "i-1", acknowledged: batch.serial - 1, messages: [], ...batch })
  const stored = worker.broker.storeBytes(body)
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
    expect(worker.partition.actors.get("A" as Sku)?.state.locations[0]?.onHand).toBe(2)
    expect(worker.all("Alarm").filter(({ kind }) => kind === "CommandsLostTail")).toEqual([])
  })

  it("shows what the stream lost above the cursor: serials that were acknowledged and never came", () => {
    const worker = serving(0)
    store(worker, { serial: 1, messages: [message("dc", receive("f4"))] })
    worker.settle()
    store(worker, { serial: 4, acknowledged: 3, messages: [message("dc", receive("f5"))] })
    worker.settle()
    expect(worker.broker.records().at(-1)?.entries[0]).toMatchObject({ _tag: "Stored", serial: 4, missing: 2 })
    const { kind, detail } = worker.take("Alarm")
    expect(kind).toBe("CommandsLostTail")
    expect(detail).toContain("2 stored")
    const last = worker.broker.lastSeq
    expect(detail).toContain(`between its messages ${last - 1} and ${last}`)
  })

  it("is remembered by the next owner, from the journal and from a snapshot alike", () => {
    const broker = new Broker()
    const worker = serving(0, undefined, broker)
    store(worker, { serial: 1, messages: [message("dc", receive("f6"))] })
    worker.settle()
    expect(new Worker(broker, "b").follow().partition.ingresses.size).toBe(0)
    const next = new Worker(broker, "b").serve()
    expect([...next.partition.ingresses]).toContainEqual(["i-1", 1])
    const small = new Worker(broker, "c", undefined, 1).serve()
    for (let i = 0; i < 20; i++) small.tick(30)
    expect(broker.manifest).not.toBeNull()
    const fromSnapshot = new Worker(broker, "d").serve()
    expect([...fromSnapshot.partition.ingresses]).toEqual([...next.partition.ingresses])
  })

  it("that none of ours wrote is passed over, told, and holds nothing up", () => {
    const worker = serving(0)
    const foreign = worker.broker.storeBytes(new TextEncoder().encode("what is this"))
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
    worker.arrive(worker.broker.storeBytes(body))
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

  it("is not purged on a look of long ago, for the stream may have lost its tail since and used its sequences again; the next look purges", () => {
    const worker = serving(0)
    for (let serial = 1; serial <= 5; serial++) store(worker, { serial, messages: [message("dc", receive(`s${serial}`))] })
    worker.settle()
    const before = worker.broker.commands.size
    worker.broker.fill = 1
    worker.nowMs += 1_000
    worker.put({ _tag: "Tick" })
    const look = worker.take("ReadCommandAt")
    worker.nowMs += purgeLookMs + 1
    worker.answer(look)
    worker.settle()
    expect(worker.broker.commands.size).toBe(before)
    worker.tick(1_000)
    expect(worker.broker.commands.size).toBe(1)
  })

  it("keeps the newest bytes of what is decided, and no more", () => {
    const worker = serving(0)
    worker.reign.keptMarks.push({ seq: 1, bytes: commandsKeptBytes }, { seq: 2, bytes: 10 })
    worker.reign.keptBytes = commandsKeptBytes + 10
    worker.put({ _tag: "Tick" })
    worker.nowMs += 1_000
    worker.put({ _tag: "Tick" })
    worker.settle(["PurgeCommands"])
    expect(worker.take("PurgeCommands").beforeSeq).toBe(1)
  })
})

/** The stream drops its messages below `seq`, as somebody has set it to. */
const trim = (broker: Broker, seq: number) => {
  for (const held of broker.commands.keys()) if (held < seq) broker.commands.delete(held)
}

/** An owner that decided one stored message and stood still while three more were stored, dropped below one of these. */
const trimmed = (kept = 2) => {
  const broker = new Broker()
  const frozen = serving(0, undefined, broker)
  const decided = store(frozen, { serial: 1, messages: [message("dc", receive("t1"))] })
  frozen.settle()
  const later = [2, 3, 4].map((serial) => {
    const body = encodeBatch({ ingress: "i-1", serial, acknowledged: serial - 1, messages: [message("dc", receive(`t${serial}`))] })
    return broker.storeBytes(body)
  })
  trim(broker, later[kept]?.seq ?? 0)
  return { broker, frozen, decided, later }
}

const auditOf = (broker: Broker, held: { readonly firstSeq: number } | null = null) => {
  const audit = createAudit({ codec: engineCodec })
  for (const record of broker.journal) audit.record(0, record)
  return audit.finish({ held })
}

describe("a commands stream that dropped what nobody had decided", () => {
  it("halts with the range, where the cursor's message went with it", () => {
    const { broker, frozen, decided, later } = trimmed()
    frozen.tick(2_000)
    // Not before the reset is journaled: a former owner's word would halt whoever reigns.
    expect(broker.halt).toBeNull()
    frozen.settle()
    expect(broker.halt).toMatchObject({
      reason: "CommandsTrimmed",
      detail: expect.stringContaining(`message ${decided.seq}`) as unknown,
    })
    expect(broker.halt?.detail).toContain(`from ${later[0]?.seq} to ${later[1]?.seq}`)
    expect(frozen.partition.phase).toBe("halted")
  })

  it("halts the next owner too, until an operator lets it go on; then what is left is decided, and the journal says what is not", () => {
    const { broker, later } = trimmed()
    new Worker(broker, "b").serve()
    expect(broker.halt?.reason).toBe("CommandsTrimmed")
    broker.halt = { ...(broker.halt as Halt), resume: { by: "ops", reason: "told again" } }
    const next = new Worker(broker, "c").serve()
    expect(next.partition.phase).toBe("serving")
    expect(saidOf(broker, "t4")).toMatchObject({ outcome: "accepted" })
    const entries = broker.records().flatMap((record) => record.entries)
    expect(entries).toContainEqual(expect.objectContaining({ _tag: "Resumed", haltReason: "CommandsTrimmed" }))
    expect(entries).toContainEqual(expect.objectContaining({ _tag: "Stored", seq: later[2]?.seq, missing: 2 }))
    const report = auditOf(broker)
    expect(report).toMatchObject({ ok: false, violations: [], totals: { lostStored: 2 } })
    expect(report.losses.map(({ detail }) => detail).join("\n")).toContain(`${later[0]?.seq} to ${later[1]?.seq}`)
  })

  it("is told where the stream dropped more while the halt stood, as soon as it is read again", () => {
    const { broker, frozen, later } = trimmed()
    frozen.tick(2_000).settle()
    const stored = ["t5", "t6"].map((id, n) => {
      const body = encodeBatch({ ingress: "i-2", serial: n + 1, acknowledged: 0, messages: [message("dc", receive(id))] })
      return broker.storeBytes(body)
    })
    trim(broker, stored[1]?.seq ?? 0)
    broker.halt = { ...(broker.halt as Halt), resume: { by: "ops", reason: "told again" } }
    const next = new Worker(broker, "c").serve()
    const alarms = next.all("Alarm").flatMap(({ kind, detail }) => (kind === "CommandsLostTail" ? [detail] : []))
    expect(alarms).toEqual([expect.stringContaining(`from ${later[2]?.seq} to ${stored[0]?.seq}`)])
    expect(saidOf(broker, "t6")).toMatchObject({ outcome: "accepted" })
  })

  it("halts the next owner from the journal alone, where the owner died before its halt was shared, and until an operator's answer is journaled", () => {
    const { broker, frozen, later } = trimmed()
    frozen.tick(2_000)
    frozen.settle(["Halted"])
    expect(frozen.take("Halted").halt.reason).toBe("CommandsTrimmed")
    // It dies there: the reset is journaled, and the halt was never shared.
    const { length } = broker.journal
    new Worker(broker, "b").serve()
    expect(broker.halt?.reason).toBe("CommandsTrimmed")
    expect(broker.halt?.detail).toContain(`from ${later[0]?.seq} to ${later[1]?.seq}`)
    expect(broker.journal.length).toBe(length)
    broker.halt = { ...(broker.halt as Halt), resume: { by: "ops", reason: "told again" } }
    expect(new Worker(broker, "c").serve().partition.phase).toBe("serving")
    expect(broker.halt).toBeNull()
    expect(saidOf(broker, "t4")).toMatchObject({ outcome: "accepted" })
    expect(new Worker(broker, "d").serve().partition.phase).toBe("serving")
  })

  it("is no halt where nothing behind the cursor can be gone: the next message is the very next", () => {
    const { broker, frozen, later } = trimmed(0)
    frozen.tick(2_000).settle()
    frozen.arrive(...later).settle()
    expect(broker.halt).toBeNull()
    expect(frozen.all("Alarm").map(({ kind }) => kind)).toContain("CommandsLostTail")
    expect(saidOf(broker, "t2")).toMatchObject({ outcome: "accepted" })
    expect(auditOf(broker)).toMatchObject({ ok: true })
  })

  it("is no such stream where something older is still there: its tail is lost and used again, and what stands before the cursor is decided too", () => {
    const broker = new Broker()
    broker.lastSeq += 5
    const former = serving(0, undefined, broker)
    const decided = store(former, { serial: 1, messages: [message("dc", receive("t1"))] })
    former.settle()
    broker.commands.clear()
    broker.lastSeq = decided.seq - 3
    const stored = (serial: number, id: string) =>
      broker.storeBytes(encodeBatch({ ingress: "i-2", serial, acknowledged: serial - 1, messages: [message("dc", receive(id))] }))
    const before = stored(1, "t2")
    // The cursor's own sequence went to another partition, which decided it and purged it.
    broker.lastSeq = decided.seq
    const behind = stored(2, "t3")
    expect([before.seq, behind.seq]).toEqual([decided.seq - 2, decided.seq + 1])
    const next = new Worker(broker, "b").serve()
    expect(next.partition.phase).toBe("serving")
    for (const id of ["t2", "t3"]) expect(saidOf(broker, id)).toMatchObject({ outcome: "accepted" })
    expect(broker.records().flatMap(({ entries }) => entries)).toContainEqual(expect.objectContaining({ _tag: "Reset" }))
    expect(broker.halt).toBeNull()
  })

  it("is told by the audit of all journals where nothing had been decided yet, though no ingress is there to be heard again", () => {
    const broker = new Broker()
    new Worker(broker).serve()
    broker.lastSeq += 2
    expect(auditOf(broker)).toMatchObject({ ok: true, losses: [] })
    const report = auditOf(broker, { firstSeq: broker.lastSeq + 1 })
    expect(report).toMatchObject({ ok: false, violations: [], losses: [{ partition: -1, messages: 2 }] })
    expect(report.losses[0]?.detail).toContain("messages 1 to 2")
  })

  it("is no halt where the stream ends before the cursor: that is a lost tail, and its sequences are used again", () => {
    const { broker, frozen, decided } = trimmed()
    broker.commands.clear()
    broker.lastSeq = decided.seq - 1
    frozen.tick(2_000)
    expect(broker.halt).toBeNull()
    expect(frozen.all("Alarm").map(({ kind }) => kind)).toContain("CommandsLostTail")
  })
})

/** Stores a message behind one of another partition's, so that its sequence alone doesn't show that nothing is missing before it. */
const storeApart = (broker: Broker, ingress: string, id: string) => {
  broker.lastSeq++
  const body = encodeBatch({ ingress, serial: 1, acknowledged: 0, messages: [message("dc", receive(id))] })
  return broker.storeBytes(body)
}

/** An owner that has decided one message, and reads on. */
const readingOn = () => {
  const broker = new Broker()
  const owner = serving(0, undefined, broker)
  const decided = store(owner, { serial: 1, messages: [message("dc", receive("g1"))] })
  owner.settle()
  return { broker, owner, decided }
}

describe("a commands stream that drops what is old while it is read", () => {
  it("halts with the range, though the reading goes on and no ingress is heard again: nothing behind it is decided", () => {
    const { broker, owner, decided } = readingOn()
    const lost = storeApart(broker, "i-2", "g2")
    const next = storeApart(broker, "i-3", "g3")
    trim(broker, next.seq)
    owner.arrive(next).settle()
    expect(broker.halt?.reason).toBe("CommandsTrimmed")
    expect(broker.halt?.detail).toContain(`from ${decided.seq + 1} to ${next.seq - 1}`)
    expect(lost.seq).toBeLessThan(next.seq)
    expect(broker.records().flatMap(({ entries }) => entries)).not.toContainEqual(
      expect.objectContaining({ _tag: "Stored", seq: next.seq }),
    )
  })

  it("leaves it to the next owner to find that, where the owner dies before it looked", () => {
    const { broker, owner, decided } = readingOn()
    storeApart(broker, "i-2", "g2")
    const next = storeApart(broker, "i-3", "g3")
    trim(broker, next.seq)
    owner.arrive(next).settle(["ReadCommandAt"])
    expect(broker.records().at(-1)?.cursor.seq).toBe(decided.seq)
    new Worker(broker, "b").serve()
    expect(broker.halt?.detail).toContain(`from ${decided.seq + 1} to ${next.seq - 1}`)
  })

  it("is not taken for whole by a look that was asked before a message arrived", () => {
    const { broker, owner } = readingOn()
    const first = storeApart(broker, "i-2", "g2")
    owner.arrive(first)
    const { seq } = owner.take("ReadCommandAt")
    const seen = broker.commands.get(seq) ?? null
    storeApart(broker, "i-2", "g3")
    const third = storeApart(broker, "i-3", "g4")
    trim(broker, third.seq)
    owner.arrive(third)
    owner.put({ _tag: "CommandAtRead", seq, message: seen, nextSeq: null, firstSeq: 1, lastSeq: broker.lastSeq, fill: 0 })
    owner.settle()
    expect(saidOf(broker, "g2")).toMatchObject({ outcome: "accepted" })
    expect(saidOf(broker, "g4")).toBeUndefined()
    expect(broker.halt?.detail).toContain(`from ${first.seq + 1} to ${third.seq - 1}`)
  })

  it("costs one look for all that had arrived, and none for what follows at once", () => {
    const { broker, owner } = readingOn()
    const several = ["g2", "g3", "g4"].map((id) => storeApart(broker, "i-2", id))
    owner.arrive(...several)
    expect(owner.all("ReadCommandAt")).toHaveLength(1)
    owner.settle()
    for (const id of ["g2", "g3", "g4"]) expect(saidOf(broker, id)).toMatchObject({ outcome: "accepted" })
    owner.out = []
    store(owner, { serial: 2, messages: [message("dc", receive("g5"))] })
    expect(owner.has("ReadCommandAt")).toBe(false)
    owner.settle()
    expect(saidOf(broker, "g5")).toMatchObject({ outcome: "accepted" })
  })

  it("is looked at from the first message on: what came with that waits for a look at it", () => {
    const broker = new Broker()
    const owner = new Worker(broker, "a").serve()
    const stored = ["g1", "g2"].map((id) => storeApart(broker, "i-1", id))
    trim(broker, stored[1]?.seq ?? 0)
    owner.arrive(...stored).settle(["ReadCommandAt"])
    expect(broker.records().at(-1)?.cursor.seq).toBe(stored[0]?.seq)
    owner.settle()
    expect(broker.halt?.reason).toBe("CommandsTrimmed")
  })
})

describe("a cursor whose message was dropped, and nothing behind it", () => {
  it("is read on from while the very next is there, told once, and keeps its place: what is dropped after that halts with the range", () => {
    const { broker, owner, decided } = readingOn()
    owner.put({ _tag: "ReadingBroke" })
    owner.out = []
    const [first, second] = ["g2", "g3"].map((id) =>
      broker.storeBytes(encodeBatch({ ingress: "i-2", serial: 1, acknowledged: 0, messages: [message("dc", receive(id))] })),
    )
    trim(broker, first?.seq ?? 0)
    owner.readCommandAt(decided.seq)
    expect(owner.all("Alarm")).toHaveLength(1)
    const { fromSeq } = owner.take("ReadCommands")
    expect(fromSeq).toBe(decided.seq + 1)
    trim(broker, second?.seq ?? 0)
    owner.put({ _tag: "CommandsArrived", messages: second === undefined ? [] : [second] })
    owner.settle()
    expect(broker.halt?.reason).toBe("CommandsTrimmed")
    expect(broker.halt?.detail).toContain(`from ${decided.seq + 1} to ${first?.seq}`)
  })

  it("is given up where the stream ends with it, and what goes before the next is taken is told then", () => {
    const { broker, owner, decided } = readingOn()
    trim(broker, decided.seq + 1)
    owner.tick(2_000).settle()
    expect(broker.halt).toBeNull()
    expect(broker.records().at(-1)?.entries).toMatchObject([
      { _tag: "Reset", dropped: { firstSeq: decided.seq + 1, lastSeq: decided.seq } },
    ])
    const lost = storeApart(broker, "i-2", "g2")
    const next = storeApart(broker, "i-3", "g3")
    trim(broker, next.seq)
    owner.arrive(next).settle()
    expect(saidOf(broker, "g3")).toMatchObject({ outcome: "accepted" })
    expect(owner.all("Alarm").map(({ detail }) => detail)).toContainEqual(
      expect.stringContaining(`from ${lost.seq - 1} to ${next.seq - 1}`),
    )
    expect(auditOf(broker).losses.map(({ detail }) => detail)).toContainEqual(expect.stringContaining(`to ${next.seq - 1} is lost`))
    expect(new Worker(broker, "b").serve().partition.phase).toBe("serving")
  })
})

it("what a reset left open is told by an owner that knows of it from a snapshot alone", () => {
  const { broker, owner, decided } = readingOn()
  trim(broker, decided.seq + 1)
  owner.tick(2_000).settle()
  expect(owner.partition.droppedToSeq).toBe(decided.seq)
  const small = new Worker(broker, "c", undefined, 1).serve()
  for (let i = 0; i < 20; i++) small.tick(30)
  const resetAt = broker.records().findIndex(({ kind }) => kind === "reset") + 1
  expect(broker.manifest?.startSeq).toBeGreaterThan(resetAt)
  const next = new Worker(broker, "d").serve()
  expect(next.partition.droppedToSeq).toBe(decided.seq)
  const taken = storeApart(broker, "i-3", "g9")
  next.arrive(taken).settle()
  expect(next.all("Alarm").map(({ detail }) => detail)).toContainEqual(
    expect.stringContaining(`from ${decided.seq + 1} to ${taken.seq - 1}`),
  )
})

describe("reading that was paused for the bytes that wait", () => {
  it("goes on once a quarter of the room is left of them, however few messages they are", () => {
    const worker = serving(0)
    // Alone in flight: what arrives meanwhile waits.
    worker.send("dc", receive("first"))
    const channels = Array.from({ length: channelsPerPolicyMax }, (_, n) => plainLine(`${"shop".repeat(6)}-${n}` as SenderId, 0))
    for (let serial = 1; worker.reign.arrivedBytes < arrivedBytesMax / 2; serial++) {
      const policies = ["A", "B", "C", "D"].map((sku) =>
        json("SetPolicy", { sku, policy: { version: serial, channels, safety: [], sourcing: ["L"] } }),
      )
      const messages = policies.map((policy) => message("plan", policy, { class: "policy", key: policy.sku as Sku }))
      const stored = store(worker, { serial, messages })
      expect(stored.body.length).toBeGreaterThan(16_384)
    }
    expect(worker.all("PauseReading")).toHaveLength(1)
    expect(worker.reign.arrived.length).toBeLessThan(worker.partition.bounds.arrivedMessagesMax / 4)
    worker.settle(["Append"])
    while (worker.reign.paused) {
      expect(worker.reign.arrivedBytes).toBeGreaterThanOrEqual(arrivedBytesMax / 4)
      expect(worker.all("ResumeReading")).toEqual([])
      worker.answer(worker.take("Append"))
      worker.settle(["Append"])
    }
    expect(worker.all("ResumeReading")).toHaveLength(1)
    expect(worker.reign.arrivedBytes).toBeLessThan(arrivedBytesMax / 4)
  })
})
