/**
 * Snapshots in slices: loading one a slice at a time comes to what loading it whole does, whatever happens in between; when one is due, and how fast it is
 * walked.
 */
import fc from "fast-check"
import { describe, expect, it } from "vitest"
import { givenOf } from "../../src/engine/given.ts"
import { protocolRules } from "../../src/engine/rules.ts"
import { owesSlices } from "../../src/engine/snapshot.ts"
import { countSinceSnapshot, isSnapshotDue, paceOf } from "../../src/engine/snapshot-due.ts"
import { beginLoading, loadSlice } from "../../src/engine/snapshot-loading.ts"
import { skuKind } from "../../src/kinds/sku/kind.ts"
import { emptyPartition, partitionHash, stateHash } from "../../src/kinds/sku/partition.ts"
import type { SkuPartition } from "../../src/kinds/sku/types.ts"
import {
  commandsBehindSnapshotMax,
  snapshotCommandsMax,
  snapshotEveryBytes,
  snapshotEveryCommands,
  snapshotEveryRecords,
  snapshotRetryMs,
  snapshotSliceItemsMax,
  snapshotTickedThings,
  snapshotWalkCommands,
} from "../../src/limits.ts"
import { engineCodec } from "../../src/wire/codec.ts"
import { Broker, json, policyFor, Worker } from "./rig.ts"

const { sha256 } = engineCodec
const given = givenOf({ kind: skuKind, codec: engineCodec, rules: protocolRules })

/** An owner whose snapshot was cut in slices while it decided `orders` on some SKUs. */
const snapshotted = (skus: number, orders: ReadonlyArray<number>): Worker => {
  const worker = new Worker(new Broker(), "a", protocolRules, 3).serve()
  for (let n = 0; n < skus; n++) {
    worker.send("dc", json("ReceiveStock", { sku: `S${n}`, location: "L", qty: 1_000 }))
    worker.send("boss", json("SetPolicy", { sku: `S${n}`, policy: policyFor("web", "shop") }))
  }
  worker.settle()
  for (const [n, order] of orders.entries()) {
    const sku = `S${order % skus}`
    worker.send("web", json("Reserve", { id: `c${n}`, sku, reservation: `r${n}`, qty: 1, holdMs: 60_000 }))
    if (order % 3 === 0) worker.send("web", json("Confirm", { sku, reservation: `r${n}` }))
    if (order % 4 === 0) worker.send("web", json("Release", { sku, reservation: `r${n}`, reason: "cancelled" }))
    worker.tick(1)
    worker.settle()
  }
  for (let i = 0; worker.reign.walk !== null && i < 1_000; i++) worker.tick(1).settle()
  return worker
}

const chunksOf = ({ broker }: Worker): ReadonlyArray<Uint8Array> => broker.chunks.get(broker.manifest?.id ?? "") ?? []

const loaded = (worker: Worker, sizes: () => number): SkuPartition => {
  const { manifest } = worker.broker
  if (manifest === null) throw new Error("a snapshot")
  const partition = emptyPartition({ partition: 0, partitions: 1, snapshotEveryRecords: 3 })
  if (partition.phase !== "starting") throw new Error("nothing was followed yet")
  expect(beginLoading(partition, manifest, chunksOf(worker))).toEqual([])
  while (partition.loading !== null) expect(loadSlice(partition, given, sizes())).toEqual([])
  return partition
}

const orders = fc.array(fc.nat({ max: 1_000 }), { minLength: 8, maxLength: 40 })

describe("a snapshot that is loaded in slices", () => {
  it("comes to the same, whatever the size of the slices", () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 5 }),
        orders,
        fc.array(fc.integer({ min: 1, max: 50 }), { minLength: 1 }),
        (skus, made, sizes) => {
          const worker = snapshotted(skus, made)
          let n = 0
          const sliced = loaded(worker, () => sizes[n++ % sizes.length] as number)
          expect(partitionHash(sliced, sha256)).toBe(
            partitionHash(
              loaded(worker, () => Number.MAX_SAFE_INTEGER),
              sha256,
            ),
          )
        },
      ),
      { numRuns: 40 },
    )
  })

  it("and is brought forward comes to the state of its owner, whatever is heard between two slices", () => {
    const between = fc.array(fc.constantFrom("Tick", "LeaseLost", "Drain", "Claim", "Snapshot", "Records"), { maxLength: 12 })
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 3 }), orders, between, (skus, made, heard) => {
        const worker = snapshotted(skus, made)
        const { broker } = worker
        const next = new Worker(broker, "b").follow()
        for (const what of heard) {
          if (what === "Tick" || what === "LeaseLost" || what === "Drain") next.put({ _tag: what })
          else if (what === "Claim") next.claim()
          else if (what === "Snapshot") next.follow()
          else if (next.partition.phase === "starting") next.put({ _tag: "RecordsRead", records: broker.journal.slice(3) })
          if (next.has("ContinueSoon")) next.answer(next.take("ContinueSoon"))
        }
        next.put({ _tag: "LeaseLost" })
        next.settle()
        expect(next.partition).toMatchObject({
          phase: "following",
          confirmedSeq: broker.journal.length,
          loadedSnapshot: broker.manifest?.id,
        })
        expect(stateHash(next.partition, sha256)).toBe(stateHash(worker.partition, sha256))
      }),
      { numRuns: 40 },
    )
  })

  it("loads no more than a slice at once, and lets everything else through between two", () => {
    const worker = new Worker(new Broker(), "a", protocolRules, 3).serve()
    for (let n = 0; n < 2_000; n++) worker.send("boss", json("SetPolicy", { id: `p${n}`, sku: `S${n}`, policy: policyFor("web") }))
    worker.settle()
    for (let i = 0; i < 60; i++) worker.tick(1).settle()
    const next = new Worker(worker.broker, "b").follow()
    let slices = 0
    for (; next.has("ContinueSoon"); slices++) {
      const before = next.partition.snapshotThings
      next.answer(next.take("ContinueSoon"))
      expect(next.partition.snapshotThings - before).toBeLessThan(2 * snapshotSliceItemsMax)
    }
    expect(slices).toBeGreaterThan(4_000 / (2 * snapshotSliceItemsMax))
    next.settle()
    expect(stateHash(next.partition, sha256)).toBe(stateHash(worker.partition, sha256))
  })

  it("forgets what it had loaded when a later chunk can't be read, and replays everything with the claim that was asked for", () => {
    const worker = snapshotted(3, [1, 2, 3, 4, 5, 6, 7, 8, 9, 10])
    const chunks = chunksOf(worker)
    worker.broker.chunks.set(worker.broker.manifest?.id ?? "", [...chunks.slice(0, -1), new Uint8Array([1])])
    const next = new Worker(worker.broker, "b").follow().claim()
    next.settle()
    expect(next.take("Alarm").kind).toBe("SnapshotDiscarded")
    expect(next.partition).toMatchObject({ phase: "serving", loadedSnapshot: null, recovery: null })
    expect(stateHash(next.partition, sha256)).toBe(stateHash(worker.partition, sha256))
  })
})

describe("a snapshot is due", () => {
  const since = (records: number, commands: number, bytes: number, things = 0): boolean => {
    const partition = emptyPartition({ partition: 0, partitions: 1, snapshotEveryRecords })
    return isSnapshotDue({ ...partition, sinceSnapshot: { records, commands, bytes }, snapshotThings: things })
  }

  it("after many records, many commands or many bytes, whichever come first", () => {
    expect(since(snapshotEveryRecords - 1, snapshotEveryCommands - 1, snapshotEveryBytes - 1)).toBe(false)
    expect(since(snapshotEveryRecords, 0, 0)).toBe(true)
    expect(since(1, snapshotEveryCommands, 0)).toBe(true)
    expect(since(1, 0, snapshotEveryBytes)).toBe(true)
  })

  it("of a large state only once replaying is a share of what writing it costs", () => {
    expect(since(snapshotEveryRecords, snapshotEveryRecords, 0, 1_000_000)).toBe(false)
    expect(since(snapshotEveryRecords, snapshotEveryRecords, 0, 80_000)).toBe(true)
  })

  it("of any state before too many commands lie behind the last", () => {
    expect(since(1, snapshotCommandsMax, 0, Number.MAX_SAFE_INTEGER)).toBe(true)
    expect(snapshotCommandsMax + snapshotWalkCommands).toBeLessThan(commandsBehindSnapshotMax)
  })

  it("is walked the faster the larger the state is, and by ticks alone if it is small", () => {
    const paced = (things: number) =>
      paceOf({ ...emptyPartition({ partition: 0, partitions: 1, snapshotEveryRecords }), snapshotThings: things })
    expect(paced(snapshotTickedThings)).toBe(0)
    for (const things of [100_000, 1_000_000, 10_000_000]) expect(paced(things) * snapshotWalkCommands).toBeGreaterThanOrEqual(things)
  })

  it("and counted alike by its owner and by whoever replays the journal", () => {
    const worker = new Worker(new Broker(), "a").serve()
    for (let n = 0; n < 20; n++) {
      worker.send("web", json("Reserve", { reservation: `r${n}`, qty: 1, holdMs: 1_000 }))
      worker.settle()
    }
    const standby = new Worker(worker.broker, "b").follow()
    standby.settle()
    expect(standby.partition.sinceSnapshot).toEqual(worker.partition.sinceSnapshot)
    expect(standby.partition.sinceSnapshot.commands).toBe(20)
    const bytes = worker.broker.journal.reduce((sum, record) => sum + record.bytes.length, 0)
    expect(standby.partition.sinceSnapshot).toMatchObject({ records: worker.broker.journal.length, bytes })
  })

  it("again after a pause when one could not be stored, for all that lies behind the one before", () => {
    const worker = new Worker(new Broker(), "a", protocolRules, 3).serve()
    for (let n = 0; n < 4; n++) {
      worker.send("dc", json("ReceiveStock", { location: "L", qty: 1 }))
      worker.settle()
    }
    const counted = worker.partition.sinceSnapshot.commands
    worker.put({ _tag: "Tick" })
    const { snapshot } = worker.take("StoreChunk")
    worker.send("dc", json("ReceiveStock", { location: "L", qty: 1 }))
    worker.settle(["StoreChunk"])
    worker.put({ _tag: "SnapshotFailed", snapshot, cause: "no space" })
    expect(worker.partition.sinceSnapshot.commands).toBe(counted + 1)
    worker.out = []
    worker.tick(100)
    expect(worker.has("StoreChunk")).toBe(false)
    expect(worker.broker.chunks.size).toBe(0)
    worker.nowMs += snapshotRetryMs
    for (let i = 0; i < 10; i++) worker.tick(1).settle()
    expect(worker.broker.manifest).not.toBeNull()
  })

  it("again when publishing it failed", () => {
    const worker = new Worker(new Broker(), "a", protocolRules, 3).serve()
    for (let n = 0; n < 4; n++) {
      worker.send("dc", json("ReceiveStock", { location: "L", qty: 1 }))
      worker.settle()
    }
    for (let i = 0; i < 10; i++) worker.tick(1).settle()
    const id = worker.broker.manifest?.id ?? ""
    const { commands } = worker.partition.sinceSnapshot
    worker.put({ _tag: "SnapshotFailed", snapshot: id, cause: "no answer" })
    expect(worker.partition.sinceSnapshot.commands).toBe(commands + 4)
    expect(worker.has("DiscardSnapshot")).toBe(false)
  })
})

describe("a snapshot of a large state that is under way", () => {
  /** An owner whose walk has to go on with what it decides: as if its state were large. */
  const paced = (): Worker => {
    const worker = new Worker(new Broker(), "a", protocolRules, 3).serve()
    for (let n = 0; n < 600; n++) worker.send("boss", json("SetPolicy", { id: `p${n}`, sku: `S${n}`, policy: policyFor("web") }))
    worker.settle()
    worker.partition.snapshotThings = 10 * snapshotWalkCommands
    worker.partition.sinceSnapshot = { records: 1, commands: snapshotCommandsMax, bytes: 0 }
    worker.put({ _tag: "Tick" })
    expect(worker.reign.walk?.pace).toBeGreaterThanOrEqual(10)
    worker.settle()
    return worker
  }

  it("is walked on before more is decided, a slice at a time", () => {
    const worker = paced()
    for (let n = 0; n < 100; n++) worker.send("boss", json("SetPolicy", { id: `q${n}`, sku: `S${n}`, policy: policyFor("web", "shop") }))
    worker.settle(["ContinueSoon"])
    const { partition } = worker
    expect(partition.phase === "serving" && owesSlices(partition)).toBe(true)
    const { confirmedSeq } = partition
    const { walk } = worker.reign
    const walked = walk?.things ?? 0
    worker.send("boss", json("SetPolicy", { sku: "S1", policy: policyFor("web") }))
    expect(worker.partition.inFlight).toBeNull()
    worker.answer(worker.take("ContinueSoon"))
    expect(worker.reign.walk?.things ?? 0).toBeGreaterThan(walked)
    worker.settle()
    expect(worker.partition.confirmedSeq).toBeGreaterThan(confirmedSeq)
    for (let i = 0; i < 10; i++) worker.tick(1).settle()
    expect(worker.broker.manifest).not.toBeNull()
  })

  it("never keeps decisions waiting for a store that doesn't answer", () => {
    const worker = paced()
    const { walk } = worker.reign
    if (walk === null) throw new Error("a walk")
    walk.stored -= 4
    walk.owed = 1_000_000
    const { confirmedSeq } = worker.partition
    worker.send("boss", json("SetPolicy", { sku: "S1", policy: policyFor("web") }))
    worker.settle()
    expect(worker.partition.confirmedSeq).toBeGreaterThan(confirmedSeq)
  })
})

it("counts what an owner decides for the walk that is under way", () => {
  const partition = emptyPartition({ partition: 0, partitions: 1, snapshotEveryRecords })
  const worker = new Worker(new Broker(), "a").serve()
  worker.send("dc", json("ReceiveStock", { location: "L", qty: 1 }))
  worker.settle()
  const record = worker.broker.records().at(-1)
  if (record === undefined) throw new Error("a record")
  countSinceSnapshot(partition, record, 100)
  expect(partition.sinceSnapshot).toEqual({ records: 1, commands: 1, bytes: 100 })
})
