/** Workers on a cluster that an earlier release left: its journal's cursor is of the stream to which senders published themselves. */
import { Layer } from "effect"
import { describe, expect, it } from "vitest"
import { Engine, served, skuEngine } from "../../src/runtime/engine.ts"
import { engineCodec } from "../../src/wire/codec.ts"
import { MemoryBroker } from "./memory-broker.ts"
import { command, startTestWorker, stockUp, type TestWorker, until } from "./workers.ts"

const sku = "SKU-1"

/** Begins a journal as an earlier release did. */
const earlier = Layer.succeed(
  Engine,
  served({
    ...skuEngine,
    empty: (partition, partitions) => {
      const state = skuEngine.empty(partition, partitions)
      state.cursor = { stream: "raw", seq: 0, digest: "" }
      return state
    },
  }),
)

/** A cluster that an earlier release served once, with a command undecided in its stream. */
const leftBehind = async () => {
  const broker = new MemoryBroker(1)
  broker.isFormerEndKnown = false
  const old = await startTestWorker(broker, "old", { engine: earlier, drains: true })
  await until(() => servesAt(old))
  await old.kill()
  const left = command.reserve(sku, 1)
  broker.publishFormer("web", "sell", sku, left, "inbox.left")
  return { broker, left }
}

const phaseOf = (worker: TestWorker) => worker.report().partitions[0]?.phase
const servesAt = (worker: TestWorker) => phaseOf(worker) === "serving"
const records = (broker: MemoryBroker) =>
  broker.journal(0).items.map(({ bytes }) => {
    const decoded = engineCodec.decodeRecord(bytes)
    if (decoded._tag !== "Record") throw new Error(decoded._tag)
    return decoded.record
  })

describe("a cluster with commands in the stream of an earlier release", () => {
  it("is not served by a worker without a login there, which says which setting it lacks, and isn't ready", async () => {
    const { broker } = await leftBehind()
    // What the other stream holds at the same number is not the command that the cursor comes before.
    stockUp(broker, sku, 5)
    const before = broker.journal(0).items.length
    const worker = await startTestWorker(broker, "new")
    await until(() => worker.readiness().outages.length > 0)
    expect(worker.readiness()).toMatchObject({ ready: false, workerReady: false })
    expect(worker.readiness().outages[0]?.detail).toContain("HOLDFAST_FORMER_USER")
    expect(worker.report().partitions[0]).toMatchObject({ phase: "unreadable", halt: expect.stringContaining("HOLDFAST_FORMER_USER") })
    await until(() => worker.reported.alarms.includes("PartitionUnserved"))
    expect(broker.journal(0).items.length).toBe(before)
    await worker.stop()
  })

  it("is left to the worker that has one", async () => {
    const { broker, left } = await leftBehind()
    broker.isFormerEndKnown = true
    const without = await startTestWorker(broker, "without")
    const having = await startTestWorker(broker, "having", { drains: true })
    await until(() => servesAt(having) && broker.decisions(left.id).length > 0)
    expect(phaseOf(without)).toBe("unreadable")
    await without.stop()
    await having.stop()
  })

  it("is read to its end, closed, and left; what ingresses stored is decided after it", async () => {
    const { broker, left } = await leftBehind()
    stockUp(broker, sku, 5)
    const worker = await startTestWorker(broker, "new", { drains: true })
    await until(() => broker.decisions(left.id).length > 0)
    // Its end isn't known: nothing of the other stream is decided.
    const another = command.reserve(sku, 1)
    broker.publishFormer("web", "sell", sku, another, "inbox.another")
    await until(() => broker.decisions(another.id).length > 0)
    expect(broker.decisions(another.id)[0]).toMatchObject({ outcome: "refused" })
    broker.isFormerEndKnown = true
    const after = command.reserve(sku, 1)
    broker.publish("web", "sell", sku, after, "inbox.after")
    await until(() => broker.decisions(after.id).length > 0)
    expect(broker.decisions(after.id)[0]).toMatchObject({ outcome: "accepted" })
    expect(broker.publishFormer("web", "sell", sku, command.reserve(sku, 1), null)).toBeNull()
    const moved = records(broker).filter(({ entries }) => entries.some(({ _tag }) => _tag === "Moved"))
    expect(moved.map(({ cursor }) => cursor)).toEqual([{ stream: "stored", seq: 0, digest: "" }])
    await worker.stop()
  })
})
