/** What is remembered, for how long, and who waits when there is no room: nothing fresh is refused for memory, and what is dated wrong costs none. */
import { describe, expect, it } from "vitest"
import type { SenderId, Sku } from "../../src/domain/names.ts"
import { plainLine } from "../../src/domain/sku/policy.ts"
import { type MemoryBounds, memoryBounds } from "../../src/engine/memory-bounds.ts"
import { emptyLine, moveBy } from "../../src/engine/memory-line.ts"
import { addRow, packedKey, rowAt } from "../../src/engine/packed.ts"
import { protocolRules } from "../../src/engine/rules.ts"
import { stateHash } from "../../src/kinds/sku/partition.ts"
import type { SkuTakenMessage } from "../../src/kinds/sku/types.ts"
import { busyMsMin, floorStepMs, issuedAheadMsMax, senderFullMsMax, sendersPerPartitionMax } from "../../src/limits.ts"
import { engineCodec } from "../../src/wire/codec.ts"
import { allSaidOf, Broker, json, saidOf, serving, startMs, Worker } from "./rig.ts"

const reserve = (id: string, more: Record<string, unknown> = {}) =>
  json("Reserve", { id, reservation: id, qty: 1, holdMs: 3_600_000, ...more })

const taken = (sender: string, ...commands: ReadonlyArray<Record<string, unknown>>): SkuTakenMessage => {
  const bytes = new TextEncoder().encode(JSON.stringify(commands.length === 1 ? commands[0] : commands))
  const body = engineCodec.decodeBody(bytes)
  return {
    sender: sender as SenderId,
    class: "sell",
    bulk: false,
    key: "A" as Sku,
    reply: `${sender}.${commands[0]?.id}`,
    publishedMs: startMs,
    trace: null,
    bytes: bytes.length,
    body,
  }
}

const hand = (worker: Worker, ...messages: ReadonlyArray<SkuTakenMessage>) => {
  worker.put({ _tag: "CommandsHanded", messages })
  worker.settle()
}

const small = (more: Partial<MemoryBounds>): MemoryBounds => ({ ...memoryBounds, ...more })
const boundBy = (more: Partial<MemoryBounds>): Worker => serving(1_000_000, protocolRules, new Broker(), small(more))
const busyOf = (worker: Worker) => worker.all("SayBusy").flatMap(({ messages }) => messages.map(({ reply }) => reply))
const held = (worker: Worker, sender: string) => worker.partition.senders.get(sender as SenderId)?.classes.get("sell")

describe("a command that is dated wrong", () => {
  const minute = 60_000
  const year = 365 * 24 * 60 * minute
  for (const [what, issuedAtMs] of [
    ["ten minutes ahead", startMs + 10 * minute],
    ["74 years ahead", startMs + 74 * year],
    ["in microseconds", startMs * 1_000],
    ["a day and a half ago", startMs - 36 * 60 * minute],
  ] as const)
    it(`costs no memory, moves no floor and leaves its id free: ${what}`, () => {
      const worker = boundBy({ plenty: 4, decisionsMax: 8 })
      for (let n = 0; n < 32; n++) hand(worker, taken("web", reserve(`wrong${n}`, { issuedAtMs })))
      expect(saidOf(worker.broker, "wrong0")).toMatchObject({ outcome: "refused" })
      expect(worker.partition.senders.has("web" as SenderId)).toBe(false)
      hand(worker, taken("web", reserve("wrong0")), taken("web", reserve("right")))
      expect(saidOf(worker.broker, "wrong0")).toMatchObject({ outcome: "accepted" })
      expect(saidOf(worker.broker, "right")).toMatchObject({ outcome: "accepted" })
    })

  it("is refused for its date each time, and decided once its date is one", () => {
    const worker = boundBy({})
    const ahead = reserve("early", { issuedAtMs: startMs + issuedAheadMsMax + minute })
    hand(worker, taken("web", ahead))
    hand(worker, taken("web", ahead))
    worker.tick(2 * minute)
    hand(worker, taken("web", ahead))
    expect(allSaidOf(worker.broker, "early").map(({ outcome, repeated }) => [outcome, repeated])).toEqual([
      ["refused", undefined],
      ["refused", undefined],
      ["accepted", undefined],
    ])
  })
})

describe("memory that runs short", () => {
  it("never refuses what is fresh: the floor stays behind what is always remembered", () => {
    const worker = boundBy({ plenty: 10, decisionsMax: 1_000, horizonMinMs: 5_000 })
    for (let n = 0; n < 200; n++) {
      worker.tick(100)
      hand(worker, taken("web", reserve(`c${n}`, { issuedAtMs: worker.nowMs })))
      expect(saidOf(worker.broker, `c${n}`)).toMatchObject({ outcome: "accepted" })
      expect(held(worker, "web")?.floorMs).toBeLessThanOrEqual(worker.nowMs - 5_000)
    }
    expect(held(worker, "web")?.floorMs).toBeGreaterThan(0)
    // Everything of the last five seconds is repeated.
    for (let n = 160; n < 200; n++) hand(worker, taken("web", reserve(`c${n}`, { issuedAtMs: startMs + (n + 1) * 100 })))
    expect(allSaidOf(worker.broker, "c160").at(-1)).toMatchObject({ outcome: "accepted", repeated: true })
    expect(worker.all("SayBusy")).toEqual([])
  })

  it("is not brought nearer by what was issued ahead", () => {
    const worker = boundBy({ plenty: 4, horizonMinMs: 5_000 })
    for (let n = 0; n < 40; n++) hand(worker, taken("web", reserve(`a${n}`, { issuedAtMs: startMs + issuedAheadMsMax })))
    worker.tick(1_000)
    hand(worker, taken("web", reserve("now", { issuedAtMs: worker.nowMs - 4_000 })))
    expect(saidOf(worker.broker, "now")).toMatchObject({ outcome: "accepted" })
  })

  it("tells the sender that has none to come back, before anything is decided or journaled, and nobody else", () => {
    const worker = boundBy({ plenty: 4, decisionsMax: 8, horizonMinMs: 10_000 })
    for (let n = 0; n < 8; n++) hand(worker, taken("web", reserve(`c${n}`)))
    const records = worker.broker.journal.length
    hand(worker, taken("web", reserve("over")), taken("shop", reserve("other")))
    const [busy] = worker.all("SayBusy")
    expect(busyOf(worker)).toEqual(["web.over"])
    expect(busy?.why).toBe("queue")
    expect(busy?.retryAfterMs).toBeGreaterThanOrEqual(busyMsMin)
    expect(busy?.retryAfterMs).toBeLessThanOrEqual(senderFullMsMax)
    expect(worker.broker.journal.length).toBe(records + 1)
    expect(saidOf(worker.broker, "over")).toBeUndefined()
    expect(saidOf(worker.broker, "other")).toMatchObject({ outcome: "accepted" })
  })

  it("counts what waits to be decided", () => {
    const worker = boundBy({ plenty: 4, decisionsMax: 8 })
    hand(worker, taken("web", reserve("first")))
    const many = Array.from({ length: 9 }, (_, n) => taken("web", reserve(`m${n}`)))
    worker.put({ _tag: "CommandsHanded", messages: many })
    expect(busyOf(worker)).toEqual(["web.m7", "web.m8"])
    worker.settle()
    expect(held(worker, "web")?.decisions.count).toBe(8)
  })

  it("has room again once what is oldest is no longer always remembered, though nothing of that sender comes in", () => {
    const worker = boundBy({ plenty: 4, decisionsMax: 8, horizonMinMs: 10_000 })
    for (let n = 0; n < 8; n++) hand(worker, taken("web", reserve(`c${n}`)))
    hand(worker, taken("web", reserve("over")))
    for (let n = 0; n < 12; n++) {
      worker.tick(1_000)
      worker.settle()
    }
    expect(worker.broker.records().some(({ entries }) => entries.some(({ _tag }) => _tag === "Floor"))).toBe(true)
    worker.out = []
    hand(worker, taken("web", reserve("over", { issuedAtMs: worker.nowMs })))
    expect(busyOf(worker)).toEqual([])
    expect(saidOf(worker.broker, "over")).toMatchObject({ outcome: "accepted" })
  })

  it("holds off at the doors who stores facts, again and again until there is room, and still decides what is stored", () => {
    const worker = boundBy({ factsMax: 4 })
    for (let n = 0; n < 6; n++) worker.send("dc", json("ReceiveStock", { location: "L", qty: 1, id: `f${n}` }))
    worker.settle()
    expect(saidOf(worker.broker, "f5")).toMatchObject({ outcome: "accepted" })
    worker.tick(25)
    expect(worker.all("Throttle")).toMatchObject([{ sender: "dc", forMs: senderFullMsMax }])
    worker.tick(25)
    expect(worker.all("Throttle")).toHaveLength(1)
    worker.tick(1_000)
    expect(worker.all("Throttle")).toHaveLength(2)
  })

  it("says so before anybody has to wait, once", () => {
    const worker = boundBy({ decisionsMax: 10 })
    const told = () => worker.all("Alarm").filter(({ kind }) => kind === "MemoryShort").length
    for (let n = 0; n < 7; n++) hand(worker, taken("web", reserve(`c${n}`)))
    worker.tick(1_000)
    expect(told()).toBe(0)
    hand(worker, taken("web", reserve("c7")))
    worker.tick(1_000)
    worker.tick(1_000)
    expect(told()).toBe(1)
    expect(worker.all("SayBusy")).toEqual([])
  })
})

describe("the memory of senders", () => {
  it("is made by no refusal once there is no room for another", () => {
    const worker = boundBy({})
    for (let n = worker.partition.senders.size; n < sendersPerPartitionMax; n++) hand(worker, taken(`s${n}`, reserve(`c${n}`)))
    expect(worker.partition.senders.size).toBe(sendersPerPartitionMax)
    for (const [n, more] of [{}, { issuedAtMs: startMs + 3_600_000 }, { issuedAtMs: 1 }, { deadlineMs: 0 }, { qty: 2_000_000 }].entries())
      hand(worker, taken(`late${n}`, reserve(`late${n}`, more)))
    expect(worker.partition.senders.size).toBe(sendersPerPartitionMax)
  })
})

describe("a floor", () => {
  it("lies on a step of a second or less", () => {
    expect(floorStepMs).toBeLessThanOrEqual(1_000)
  })
})

describe("packed decisions", () => {
  const packing = (more: Partial<MemoryBounds> = {}) => boundBy({ recent: 4, ...more })
  const fill = (worker: Worker, count: number, name = "c") => {
    for (let n = 0; n < count; n++) hand(worker, taken("web", reserve(`${name}${n}`, { qty: n + 1 })))
  }
  const packedCount = (worker: Worker) => held(worker, "web")?.packed?.segments.length ?? 0

  it("are read in the journal when they are asked for again, and answered as before", () => {
    const worker = packing()
    fill(worker, 20)
    expect(packedCount(worker)).toBe(1)
    hand(worker, taken("web", reserve("c3", { qty: 4 })))
    expect(allSaidOf(worker.broker, "c3")).toMatchObject([
      { outcome: "accepted", qty: 4 },
      { outcome: "accepted", qty: 4, repeated: true },
    ])
    hand(worker, taken("web", reserve("c3", { qty: 5 })))
    expect(saidOf(worker.broker, "c3")).toMatchObject({ outcome: "refused", reason: "IdReused" })
  })

  it("are those whose outcomes weigh most first: what names many locations is held for fewer decisions", () => {
    const worker = packing({ recent: 6 })
    const locations = Array.from({ length: 9 }, (_, n) => `L${n}`)
    const lines = [plainLine("web" as SenderId, 0)]
    worker.send("plan", json("SetPolicy", { sku: "W", policy: { version: 1, channels: lines, safety: [], sourcing: locations } }))
    for (const location of locations) worker.send("dc", json("ReceiveStock", { sku: "W", location, qty: 8 }))
    worker.settle()
    // One of all locations weighs three; the sum never lies above the bound once a record is made.
    const ask = (id: string, qty: number) => hand(worker, { ...taken("web", reserve(id, { sku: "W", qty })), key: "W" as Sku })
    const asked = Array.from({ length: 12 }, (_, n) => ({ id: `w${n}`, qty: n % 3 === 0 ? 9 : 1 }))
    for (const { id, qty } of asked) {
      ask(id, qty)
      const of = held(worker, "web")
      expect(of?.weight).toBeLessThanOrEqual(6)
      expect(of?.weight).toBeGreaterThanOrEqual(of?.decisions.count ?? 0)
    }
    for (const { id, qty } of asked) {
      const first = saidOf(worker.broker, id)
      ask(id, qty)
      expect(saidOf(worker.broker, id)).toEqual({ ...first, repeated: true })
    }
  })

  it("make their command wait, and what its sender sent after it, and nobody else", () => {
    const worker = packing()
    fill(worker, 20)
    worker.put({
      _tag: "CommandsHanded",
      messages: [taken("web", reserve("c0", { qty: 1 })), taken("web", reserve("later")), taken("shop", reserve("other"))],
    })
    worker.settle(["ReadRecalled"])
    expect(saidOf(worker.broker, "other")).toMatchObject({ outcome: "accepted" })
    expect(saidOf(worker.broker, "later")).toBeUndefined()
    expect(worker.all("ReadRecalled")).toHaveLength(1)
    worker.settle()
    expect(saidOf(worker.broker, "c0")).toMatchObject({ repeated: true })
    expect(saidOf(worker.broker, "later")).toMatchObject({ outcome: "accepted" })
  })

  it("make no record and no time while everything waits for them", () => {
    const worker = packing()
    fill(worker, 20)
    const [records, atMs] = [worker.broker.journal.length, worker.partition.atMs]
    worker.nowMs += 50
    worker.put({ _tag: "CommandsHanded", messages: [taken("web", reserve("c0", { qty: 1 }))] })
    worker.settle(["ReadRecalled"])
    worker.put({ _tag: "Tick" })
    expect(worker.broker.journal.length).toBe(records)
    expect(worker.partition.atMs).toBe(atMs)
  })

  it("are asked for again where they could not be read", () => {
    const worker = packing()
    fill(worker, 20)
    worker.put({ _tag: "CommandsHanded", messages: [taken("web", reserve("c0", { qty: 1 }))] })
    worker.take("ReadRecalled")
    worker.put({ _tag: "ReadFailed", what: "Recalled" })
    expect(worker.has("ReadRecalled")).toBe(false)
    worker.tick(1_000)
    worker.settle()
    expect(saidOf(worker.broker, "c0")).toMatchObject({ repeated: true })
  })

  it("are not executed again where their record is not there: a command is too old, a fact waits for a person", () => {
    const worker = packing()
    fill(worker, 20)
    for (let n = 0; n < 8; n++) worker.send("dc", json("ReceiveStock", { location: "L", qty: 1, id: `f${n}` }))
    worker.settle()
    worker.broker.journal = worker.broker.journal.map((record) => ({ ...record, bytes: record.bytes.slice(1) }))
    hand(worker, taken("web", reserve("c0", { qty: 1 })))
    expect(saidOf(worker.broker, "c0")).toMatchObject({ outcome: "refused", reason: "TooOld" })
    worker.send("dc", json("ReceiveStock", { location: "L", qty: 1, id: "f0" }))
    worker.settle()
    expect(saidOf(worker.broker, "f0")).toMatchObject({ outcome: "quarantined" })
  })

  it("are told from others whose hash is the same", () => {
    const worker = packing()
    fill(worker, 20)
    const rows = held(worker, "web")?.packed
    if (rows == null) throw new Error("some are packed")
    // Another id under the hash of a new one.
    addRow(rows, packedKey(rows, "A", "new"), { ...rowAt(rows, rows.base), step: Math.floor(startMs / 1_000) })
    moveBy((held(worker, "web") ?? { decisions: emptyLine() }).decisions, 1)
    hand(worker, taken("web", reserve("new")))
    expect(saidOf(worker.broker, "new")).toMatchObject({ outcome: "accepted" })
    expect(allSaidOf(worker.broker, "new")).toHaveLength(1)
  })

  it("repeat a command of a message that asks for many of them at once", () => {
    const worker = packing()
    fill(worker, 40)
    hand(worker, taken("web", ...Array.from({ length: 30 }, (_, n) => reserve(`c${n}`, { qty: n + 1 }))))
    for (let n = 0; n < 30; n++) expect(saidOf(worker.broker, `c${n}`)).toMatchObject({ outcome: "accepted", repeated: true, qty: n + 1 })
  })

  it("are found by the next owner, from the journal alone and from a snapshot written while decisions went on", () => {
    const bounds = small({ recent: 4 })
    const worker = packing()
    fill(worker, 60)
    worker.partition.snapshotThings = 0
    Object.assign(worker.partition, { snapshotEveryRecords: 1 })
    for (let n = 0; n < 40 && worker.broker.manifest === null; n++) {
      worker.tick(25)
      hand(worker, taken("web", reserve(`d${n}`, { qty: n + 1 })))
    }
    expect(worker.broker.manifest).not.toBeNull()
    const hash = stateHash(worker.partition, engineCodec.sha256)
    const { manifest } = worker.broker
    for (const from of [null, manifest]) {
      worker.broker.manifest = from
      const next = new Worker(worker.broker, "b", protocolRules, 1_000_000, bounds).follow()
      next.settle()
      expect(stateHash(next.partition, engineCodec.sha256)).toBe(hash)
      expect(held(next, "web")?.packed?.end).toBe(held(worker, "web")?.packed?.end)
    }
    const next = new Worker(worker.broker, "c", protocolRules, 1_000_000, bounds).serve()
    hand(next, taken("web", reserve("c7", { qty: 8 })), taken("web", reserve("d0", { qty: 1 })))
    expect(saidOf(next.broker, "c7")).toMatchObject({ repeated: true, qty: 8 })
    expect(saidOf(next.broker, "d0")).toMatchObject({ repeated: true, qty: 1 })
  })

  it("come to the same state whatever is packed of it", () => {
    const loose = boundBy({})
    fill(loose, 30)
    const tight = new Worker(loose.broker, "b", protocolRules, 1_000_000, small({ recent: 4 })).follow()
    tight.settle()
    expect(held(tight, "web")?.decisions.count).toBe(4)
    for (const sku of [undefined, "A" as Sku])
      expect(stateHash(tight.partition, engineCodec.sha256, sku)).toBe(stateHash(loose.partition, engineCodec.sha256, sku))
  })

  it("are forgotten with their floor, and their ids are too old then", () => {
    const worker = packing({ plenty: 10, horizonMinMs: 5_000 })
    fill(worker, 20)
    worker.tick(10_000)
    hand(worker, taken("web", reserve("next", { issuedAtMs: worker.nowMs })))
    hand(worker, taken("web", reserve("c0", { qty: 1 })))
    expect(saidOf(worker.broker, "c0")).toMatchObject({ outcome: "refused", reason: "TooOld" })
  })
})
