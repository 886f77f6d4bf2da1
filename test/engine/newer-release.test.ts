/** Stepping aside for a newer release, and halting for everybody, are told apart by what the codec says a record is, not by how it puts that. */
import { describe, expect, it } from "vitest"
import type { StoredRecord } from "../../src/engine/records.ts"
import { protocolRules } from "../../src/engine/rules.ts"
import { makeStep } from "../../src/kinds/sku/partition.ts"
import type { SkuDecodedRecord } from "../../src/kinds/sku/types.ts"
import { engineCodec } from "../../src/wire/codec.ts"
import { json, serving, Worker } from "./rig.ts"

/** A worker whose codec says `found` of the record with these bytes. */
const readerOf = (record: StoredRecord, found: SkuDecodedRecord, worker: Worker): Worker => {
  const decodeRecord = (bytes: Uint8Array) => (bytes === record.bytes ? found : engineCodec.decodeRecord(bytes))
  return Object.assign(worker, { step: makeStep({ codec: { ...engineCodec, decodeRecord }, rules: protocolRules }) })
}

const unreadable: SkuDecodedRecord = { _tag: "Unreadable", cause: "version of the damage: 3" }
const newer: SkuDecodedRecord = { _tag: "Newer", version: 7, cause: "a form of later" }

/** An owner with a decision, and a follower that hasn't read its record. */
const withNewest = () => {
  const owner = serving(10)
  const follower = new Worker(owner.broker, "b").serve()
  follower.send("web", json("Reserve", { reservation: "r1", qty: 4, holdMs: 600_000 }))
  follower.settle()
  return { broker: owner.broker, newest: owner.broker.journal.at(-1) as StoredRecord }
}

describe("a record that can't be read", () => {
  it("halts for everybody, whatever the first word of its cause is", () => {
    const { broker, newest } = withNewest()
    const worker = readerOf(newest, unreadable, new Worker(broker, "c")).follow()
    worker.settle(["Halted"])
    expect(worker.take("Halted").halt).toMatchObject({
      reason: "ChainBroken",
      detail: expect.stringContaining(unreadable.cause) as unknown,
    })
    expect(worker.has("SteppedDown")).toBe(false)
  })

  it("is left to who can read it where it is a newer release's, however that is put", () => {
    const { broker, newest } = withNewest()
    const worker = readerOf(newest, newer, new Worker(broker, "c")).follow()
    worker.settle(["Halted"])
    expect(worker.take("SteppedDown")).toMatchObject({ reason: "NewerRelease", detail: expect.stringContaining(newer.cause) as unknown })
    expect(worker.has("Halted")).toBe(false)
  })

  it("is left to who can read it where it was to be said again, too", () => {
    const { broker, newest } = withNewest()
    const worker = new Worker(broker, "c").follow().claim()
    worker.partition.saidSeq = newest.seq - 1
    worker.settle(["ReadForRepublish"])
    worker.nowMs += 10_000
    worker.put({ _tag: "Tick" })
    const { fromSeq } = worker.take("ReadForRepublish")
    readerOf(newest, newer, worker).put({ _tag: "RepublishRead", records: broker.journal.slice(fromSeq - 1, newest.seq) })
    expect(worker.take("SteppedDown").reason).toBe("NewerRelease")
    expect(worker.has("Halted")).toBe(false)
  })
})

describe("a snapshot of a newer release", () => {
  it("whose manifest can't be read is left alone, and the whole journal replayed", () => {
    const { broker } = withNewest()
    const worker = new Worker(broker, "d")
    worker.put({ _tag: "SnapshotNewer", version: 2 })
    worker.settle()
    expect(worker.take("Alarm").kind).toBe("NewerRelease")
    expect(worker.has("DiscardSnapshot")).toBe(false)
    expect(worker.partition.confirmedSeq).toBe(broker.journal.length)
  })

  it("leaves the partition to that release where the journal begins behind it: nothing is wrong, and nobody is halted", () => {
    const { broker } = withNewest()
    const records = broker.journal.slice(1)
    for (const told of ["manifest", "chunk"] as const) {
      const worker = new Worker(broker, "d")
      if (told === "manifest") worker.put({ _tag: "SnapshotNewer", version: 2 })
      else {
        const chunk = new TextEncoder().encode("{}")
        Object.assign(worker, {
          step: makeStep({ codec: { ...engineCodec, decodeChunk: () => ({ _tag: "Newer", version: 9 }) }, rules: protocolRules }),
        })
        const manifest = {
          version: 1,
          id: "s",
          partition: 0,
          incarnation: "i",
          startSeq: 2,
          startHash: "",
          endSeq: 2,
          endHash: "",
          chunks: 1,
        } as const
        worker.put({ _tag: "SnapshotRead", manifest, chunks: [chunk] })
        worker.settle(["FollowJournal"])
      }
      worker.take("FollowJournal")
      worker.put({ _tag: "RecordsRead", records })
      expect(worker.take("SteppedDown").reason).toBe("NewerRelease")
      expect(worker.has("Halted")).toBe(false)
    }
  })
})

it("a witness of a newer release leaves the partition to that release: nothing is claimed, and nobody is halted", () => {
  const { broker } = withNewest()
  const worker = new Worker(broker, "d").follow().claim()
  worker.settle(["ReadClaimBasis"])
  const { ask } = worker.take("ReadClaimBasis")
  worker.put({ _tag: "ClaimBasisNewer", ask: ask - 1, cause: "an answer to an earlier question" })
  expect(worker.has("SteppedDown")).toBe(false)
  worker.put({ _tag: "ClaimBasisNewer", ask, cause: "the witness has version 2" })
  expect(worker.take("SteppedDown")).toMatchObject({ reason: "NewerRelease", detail: expect.stringContaining("version 2") as unknown })
  expect(worker.has("Append")).toBe(false)
  expect(worker.has("Halted")).toBe(false)
})
