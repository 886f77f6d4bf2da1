/**
 * How a worker recovers: nothing that it has read is thrown away with a lease, it owns only what it has caught up with, and while it reads everything else gets its turn.
 */
import { Effect, Layer } from "effect"
import { describe, expect, it } from "vitest"
import { Engine } from "../../src/runtime/engine.ts"
import { rankWorkers } from "../../src/runtime/rendezvous.ts"
import type { WorkerReport } from "../../src/runtime/report.ts"
import { engineCodec } from "../../src/wire/codec.ts"
import { MemoryBroker } from "./memory-broker.ts"
import { command, startTestWorker, stockUp, until } from "./workers.ts"

const sku = "SKU-1"

const reserve = async (broker: MemoryBroker) => {
  const sent = command.reserve(sku, 1)
  broker.publish("web", "sell", sku, sent, "inbox.1")
  await until(() => broker.decisions(sent.id).length > 0)
  return broker.decisions(sent.id)[0]
}

/** An engine that counts the lives that begin with nothing, the leases that it is told are lost and the records that it reads, and writes down what else it is told. */
const countingEngine = () => {
  const sound = Effect.runSync(Effect.provide(Engine, Engine.layer))
  const counted = { lives: 0, leasesLost: 0, recordsRead: 0, told: [] as Array<string> }
  const step: typeof sound.step = (partition, input) => {
    counted.told.push(input._tag)
    if (input._tag === "LeaseLost") counted.leasesLost++
    // A claim that is in flight is seen by its reader too, and passed over.
    if (input._tag === "RecordsRead" && partition.inFlight === null)
      counted.recordsRead += input.records.filter(({ seq }) => seq > partition.confirmedSeq).length
    return sound.step(partition, input)
  }
  const empty: typeof sound.empty = (partition, partitions) => {
    counted.lives++
    return sound.empty(partition, partitions)
  }
  return { counted, engine: Layer.succeed(Engine, { ...sound, empty, step }) }
}

/** A broker whose one partition was decided for by a worker that has left. */
const decided = async (): Promise<MemoryBroker> => {
  const broker = new MemoryBroker(1)
  const former = await startTestWorker(broker, "former")
  stockUp(broker, sku, 100)
  for (let n = 0; n < 5; n++) await reserve(broker)
  await former.stop()
  return broker
}

const kindsOf = (broker: MemoryBroker): ReadonlyArray<string> =>
  broker.journal(0).items.map(({ bytes }) => {
    const decoded = engineCodec.decodeRecord(bytes)
    return decoded._tag === "Record" ? decoded.record.kind : decoded.cause
  })

const somebodyElse = { holder: "somebody-else", revision: 1_000_000, untilMs: Number.MAX_SAFE_INTEGER }

describe("a lease that is lost before the worker serves", () => {
  it("costs the lease: a claim in flight is seen to its end, and the same life claims anew once the lease is free", async () => {
    const broker = await decided()
    const claimsBefore = kindsOf(broker).filter((kind) => kind === "claim").length
    const { counted, engine } = countingEngine()
    broker.appending.close()
    const worker = await startTestWorker(broker, "a", { engine, leaseTtlMs: 1_000 })
    await until(() => broker.appending.waiting > 0)
    broker.leases.set(0, somebodyElse)
    await until(() => counted.leasesLost > 0)
    expect(worker.report().partitions[0]?.phase).toBe("claiming")
    broker.appending.open()
    await until(() => worker.report().partitions[0]?.phase === "following")
    expect(worker.reported.takeovers).toBe(0)
    expect(kindsOf(broker).filter((kind) => kind === "claim")).toHaveLength(claimsBefore + 1)
    broker.leases.delete(0)
    expect(await reserve(broker)).toMatchObject({ outcome: "accepted" })
    expect(worker.reported).toMatchObject({ takeovers: 1, steppedDown: [] })
    expect(counted.lives).toBe(1)
    expect(kindsOf(broker).filter((kind) => kind === "claim")).toHaveLength(claimsBefore + 2)
    await worker.stop()
  })
})

describe("a lease that is lost while the worker serves", () => {
  it("costs the lease: what is in flight is seen to its end and said, and the same life serves again without reading anything anew", async () => {
    const broker = await decided()
    const { counted, engine } = countingEngine()
    const worker = await startTestWorker(broker, "a", { engine, leaseTtlMs: 1_000 })
    await until(() => worker.report().ready)
    const { recordsRead } = counted
    broker.appending.close()
    const deciding = reserve(broker)
    await until(() => broker.appending.waiting > 0)
    broker.leases.set(0, somebodyElse)
    await until(() => counted.leasesLost > 0)
    broker.appending.open()
    expect(await deciding).toMatchObject({ outcome: "accepted" })
    await until(() => worker.report().partitions[0]?.phase === "following")
    broker.leases.delete(0)
    expect(await reserve(broker)).toMatchObject({ outcome: "accepted" })
    expect(worker.reported).toMatchObject({ takeovers: 2, steppedDown: [], reignsEnded: [{ partition: 0, reason: "LeaseLost" }] })
    expect(counted).toMatchObject({ lives: 1, recordsRead })
    await worker.stop()
  })

  it("to one that ranks before it costs no more: it reads what that one decided, and nothing else, before it serves again", async () => {
    const [first, second] = rankWorkers(["a", "b"], 0) as [string, string]
    const broker = await decided()
    const { counted, engine } = countingEngine()
    const worker = await startTestWorker(broker, second, { engine })
    await until(() => worker.report().ready)
    expect(await reserve(broker)).toMatchObject({ outcome: "accepted" })
    const { recordsRead } = counted
    const successor = await startTestWorker(broker, first)
    await until(() => successor.report().partitions[0]?.phase === "serving")
    const known = broker.journal(0).items.length - 1
    expect(await reserve(broker)).toMatchObject({ outcome: "accepted" })
    await successor.stop()
    const read = broker.journal(0).items.length - known
    expect(await reserve(broker)).toMatchObject({ outcome: "accepted" })
    expect(worker.reported).toMatchObject({ takeovers: 2, steppedDown: [], reignsEnded: [{ partition: 0, reason: "Drained" }] })
    expect(counted).toMatchObject({ lives: 1, recordsRead: recordsRead + read })
    await worker.stop()
  })

  it("is noticed by a process that stood still before it decides anything more", async () => {
    const broker = await decided()
    const { counted, engine } = countingEngine()
    const leaseTtlMs = 2_000
    const worker = await startTestWorker(broker, "a", { engine, leaseTtlMs })
    // On a busy machine such a lease may have run out by itself just now: what is meant is one that is held when the process begins to stand still.
    const isHeld = () => counted.told.lastIndexOf("Claim") > counted.told.lastIndexOf("LeaseLost")
    await until(() => worker.report().ready && isHeld())
    const { takeovers } = worker.reported
    counted.told.length = 0
    const sinceMs = performance.now()
    while (performance.now() - sinceMs < leaseTtlMs);
    // What the feed showed just before, and the answer about a witness, may be half heard by then: nothing is decided by them.
    const told = () => counted.told.filter((tag) => tag !== "FeedSeen" && tag !== "WitnessStored")
    await until(() => told().length > 0)
    expect(told()[0]).toBe("LeaseLost")
    // Once more, or more often: a lease as short as that runs out whenever the machine is busy for a second.
    await until(() => worker.reported.takeovers > takeovers)
    expect(await reserve(broker)).toMatchObject({ outcome: "accepted" })
    expect(worker.reported.steppedDown).toEqual([])
    expect(counted.lives).toBe(1)
    await worker.stop()
  })
})

describe("a worker that has not caught up", () => {
  it("shows how far it is, takes no lease, and does both once it is there", async () => {
    const broker = await decided()
    const records = broker.journal(0).items.length
    broker.following.close()
    let report: (() => WorkerReport) | undefined
    const starting = startTestWorker(broker, "a", {
      reports: (asked) => {
        report = asked.report
      },
    })
    await until(() => report?.().partitions[0]?.endSeq === records)
    expect(report?.()).toMatchObject({ ready: false, state: "joining" })
    expect(report?.().partitions[0]).toMatchObject({ confirmedSeq: 0, caughtUp: false, loading: null })
    expect(broker.leases.size).toBe(0)
    broker.following.open()
    const worker = await starting
    await until(() => worker.report().ready)
    expect(worker.report().partitions[0]).toMatchObject({ phase: "serving", caughtUp: true })
    await worker.stop()
  })

  it("leaves a partition that it ranks first for to the one that has", async () => {
    const [first, second] = rankWorkers(["a", "b"], 0) as [string, string]
    const broker = await decided()
    const owner = await startTestWorker(broker, second)
    await until(() => owner.report().ready)
    // Its journal can't be followed, and it is a member all the same, as when it has just lost what it had read.
    broker.memberChanges.push([
      { worker: first, address: "", unreadable: [], serving: null, caughtUp: [], beat: 1 },
      { worker: second, address: "", unreadable: [], serving: null, caughtUp: [0], beat: 1 },
    ])
    await until(() => owner.report().members.length === 2)
    expect(owner.report().partitions[0]).toMatchObject({ role: "owner", phase: "serving" })
    broker.memberChanges.push([
      { worker: first, address: "", unreadable: [], serving: null, caughtUp: [0], beat: 2 },
      { worker: second, address: "", unreadable: [], serving: null, caughtUp: [0], beat: 2 },
    ])
    await until(() => owner.report().partitions[0]?.role === "standby")
    await until(() => owner.reported.reignsEnded.length > 0)
    expect(owner.reported).toMatchObject({ reignsEnded: [{ partition: 0, reason: "Drained" }], steppedDown: [] })
    await owner.stop()
  })

  it("hears everything else between two slices of what it reads", async () => {
    const broker = await decided()
    const sound = Effect.runSync(Effect.provide(Engine, Engine.layer))
    // Each as long as a slice may be.
    const padding = new Uint8Array(200_000)
    for (let n = 0; n < 50; n++)
      broker.journal(0).push({ seq: broker.journal(0).items.length + 1, messageId: `padding-${n}`, bytes: padding })
    let turns = 0
    let slices = 0
    const turnsAt: Array<number> = []
    const step: typeof sound.step = (partition, input) => {
      if (input._tag !== "RecordsRead" || input.records[0]?.bytes !== padding) return sound.step(partition, input)
      slices += input.records.length
      turnsAt.push(turns)
      return []
    }
    let isOver = false
    const turn = () => {
      turns++
      if (!isOver) setImmediate(turn)
    }
    turn()
    const starting = startTestWorker(broker, "a", { engine: Layer.succeed(Engine, { ...sound, step }) })
    await until(() => slices === 50)
    isOver = true
    expect(new Set(turnsAt).size).toBe(50)
    broker.journal(0).items.length -= 50
    await (await starting).kill()
  })
})
