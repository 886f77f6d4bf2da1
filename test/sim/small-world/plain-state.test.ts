/**
 * Copies and fingerprints of plain state, held against structuredClone and the engine's own hash.
 */
import { describe, expect, it } from "vitest"
import { copyState, fingerprint } from "../../../sim/small-world/plain-state.ts"
import { copyPartition } from "../../../src/engine/partition.ts"
import { partitionHash } from "../../../src/kinds/sku/partition.ts"
import { engineCodec } from "../../../src/wire/codec.ts"
import { json, serving } from "../../engine/rig.ts"

const { sha256 } = engineCodec

/** A partition with reservations, remembered decisions, an armed hold and an append in flight. */
const busyPartition = () => {
  const worker = serving(20)
  for (let n = 1; n <= 12; n++) {
    worker.send("web", json("Reserve", { id: `c${n}`, reservation: `r${n}`, qty: 1, holdMs: 60_000 }))
    if (n < 12) worker.settle()
  }
  return worker
}

describe("a copy of plain state", () => {
  it("is what structuredClone makes of a partition, append in flight and indexes included", () => {
    const { partition } = busyPartition()
    const copied = copyState(partition)
    const cloned = copyPartition(partition)
    expect(partition.inFlight).not.toBeNull()
    expect(partitionHash(copied, sha256)).toBe(partitionHash(cloned, sha256))
    expect(fingerprint(copied)).toBe(fingerprint(cloned))
    expect(fingerprint(copied)).toBe(fingerprint(partition))
  })

  it("keeps what was one object one object", () => {
    const { partition } = busyPartition()
    const copied = copyState(partition)
    const [actor] = copied.actorList
    expect(actor).not.toBe(partition.actorList[0])
    expect([...copied.actors.values()][0]).toBe(actor)
    expect([...(copied.inFlight?.touched.keys() ?? [])][0]).toBe(actor)
  })

  it("leaves the original alone when it is stepped", () => {
    const worker = busyPartition()
    const before = fingerprint(worker.partition)
    const copied = copyState(worker.partition)
    const messageId = copied.inFlight?.pending.messageId ?? ""
    worker.step(copied, { _tag: "AppendAcked", messageId, seq: copied.confirmedSeq + 1, duplicate: false, nowMs: worker.nowMs })
    expect(fingerprint(copied)).not.toBe(before)
    expect(fingerprint(worker.partition)).toBe(before)
  })
})

describe("a fingerprint", () => {
  it("tells one object in two places from two that are alike", () => {
    const one = { n: 1 }
    expect(fingerprint([one, one])).not.toBe(fingerprint([one, { n: 1 }]))
  })

  it("tells a text from a number, and nothing from null", () => {
    const all = [["1"], [1], [null], [undefined], [], [[]], [new Map()], [new Set()], [{}], [true]]
    expect(new Set(all.map(fingerprint)).size).toBe(all.length)
  })
})
