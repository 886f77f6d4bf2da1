/** Stepping aside for a newer release, and halting for everybody, are told apart by what the codec says a record is, not by how it puts that. */
import { describe, expect, it } from "vitest"
import type { DecodedRecord } from "../../src/engine/protocol.ts"
import type { StoredRecord } from "../../src/engine/records.ts"
import { protocolRules } from "../../src/engine/rules.ts"
import { makeStep } from "../../src/engine/step.ts"
import { engineCodec } from "../../src/wire/codec.ts"
import { json, serving, Worker } from "./rig.ts"

/** A worker whose codec says `found` of the record with these bytes. */
const readerOf = (record: StoredRecord, found: DecodedRecord, worker: Worker): Worker => {
  const decodeRecord = (bytes: Uint8Array) => (bytes === record.bytes ? found : engineCodec.decodeRecord(bytes))
  return Object.assign(worker, { step: makeStep({ codec: { ...engineCodec, decodeRecord }, rules: protocolRules }) })
}

const unreadable: DecodedRecord = { _tag: "Unreadable", cause: "version of the damage: 3" }
const newer: DecodedRecord = { _tag: "Newer", version: 7, cause: "a form of later" }

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
    worker.partition.publishing.republishAfterSeq = newest.seq - 1
    worker.settle(["ReadForRepublish"])
    worker.nowMs += 10_000
    worker.put({ _tag: "Tick" })
    const { fromSeq } = worker.take("ReadForRepublish")
    readerOf(newest, newer, worker).put({ _tag: "RepublishRead", records: broker.journal.slice(fromSeq - 1, newest.seq) })
    expect(worker.take("SteppedDown").reason).toBe("NewerRelease")
    expect(worker.has("Halted")).toBe(false)
  })
})
