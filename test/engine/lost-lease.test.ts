/**
 * A lease that is lost, or given away, before its worker serves costs the lease and not the state; an append of a claim whose outcome is open is never
 * forgotten.
 */

import { describe, expect, it } from "vitest"
import { partitionHash } from "../../src/kinds/sku/partition.ts"
import { engineCodec } from "../../src/wire/codec.ts"
import { Broker, json, saidOf, serving, Worker } from "./rig.ts"

const reserve = (id: string) => json("Reserve", { id, reservation: `${id}-r`, qty: 1, holdMs: 60_000 })

/** A broker with a journal that is worth keeping, and a worker that has read it; its former owner is gone. */
const follower = (): Worker => {
  const owner = serving(10)
  for (const id of ["c1", "c2", "c3"]) owner.send("web", reserve(id))
  owner.settle()
  const worker = new Worker(owner.broker, "b").follow()
  worker.settle()
  worker.out = []
  return worker
}

/** What the worker knows is what anybody reads from the journal, and it has no claim and nothing in flight. */
const expectFollows = (worker: Worker): void => {
  const { partition } = worker
  worker.settle()
  expect(partition).toMatchObject({ phase: "following", claiming: null, inFlight: null, draining: null })
  expect(worker.has("SteppedDown")).toBe(false)
  expect(worker.has("Halted")).toBe(false)
  const fresh = new Worker(worker.broker, "fresh").follow()
  fresh.settle()
  const { basisAsks, brokerClock } = partition
  expect(partitionHash({ ...fresh.partition, basisAsks, brokerClock }, engineCodec.sha256)).toBe(
    partitionHash(partition, engineCodec.sha256),
  )
}

/** It claims again, and serves with what it knew. */
const expectServesNext = (worker: Worker): void => {
  worker.claim().settle()
  worker.tick().settle()
  expect(worker.partition.phase).toBe("serving")
  worker.send("web", reserve("after"))
  worker.settle()
  expect(saidOf(worker.broker, "after")).toMatchObject({ outcome: "accepted" })
}

for (const lost of ["LeaseLost", "Drain"] as const)
  describe(`${lost} before it serves`, () => {
    const reason = lost === "Drain" ? "Drained" : "LeaseLost"

    it("changes nothing for a standby", () => {
      const worker = follower()
      expect(worker.put({ _tag: lost })).toEqual([])
      expectFollows(worker)
    })

    it("ends a claim that waits for its basis, and an answer to it that comes later means nothing", () => {
      const worker = follower().claim()
      const { ask } = worker.take("ReadClaimBasis")
      const basis = worker.basis()
      expect(worker.put({ _tag: lost })).toEqual([{ _tag: "ClaimEnded", reason }])
      expect(worker.put({ _tag: "ClaimBasisRead", ask, basis })).toEqual([])
      expectFollows(worker)
      expectServesNext(worker)
    })

    it("ends a claim that reads to the journal's end, and what is read stays read", () => {
      const { broker } = follower()
      const worker = new Worker(broker, "d").follow().claim()
      worker.take("FollowJournal")
      worker.answer(worker.take("ReadClaimBasis"))
      worker.put({ _tag: lost })
      worker.answer(worker.take("ReadRecords"))
      expect(worker.partition.confirmedSeq).toBe(broker.journal.length)
      expectFollows(worker)
      expectServesNext(worker)
    })

    it("ends a claim that was asked for before the snapshot was there", () => {
      const worker = new Worker(follower().broker, "d").claim()
      expect(worker.put({ _tag: lost })).toEqual([{ _tag: "ClaimEnded", reason }])
      worker.follow()
      expectFollows(worker)
      expectServesNext(worker)
    })

    it("waits for the outcome of a claim in flight: stored, it is one more claim to read over", () => {
      const worker = follower().claim()
      worker.settle(["Append"])
      expect(worker.put({ _tag: lost })).toEqual([])
      expect(worker.partition.inFlight?.record.kind).toBe("claim")
      worker.answer(worker.take("Append"))
      expect(worker.take("ClaimEnded").reason).toBe(reason)
      expect(worker.has("Serving")).toBe(false)
      expectFollows(worker)
      expectServesNext(worker)
      const claims = worker.broker.records().filter(({ kind }) => kind === "claim")
      expect(claims.map(({ epoch }) => epoch)).toEqual([1, 2, 3])
    })

    it("asks on for a claim whose outcome is unknown, and sends it again until it is known", () => {
      const worker = follower().claim()
      worker.settle(["Append"])
      const { messageId } = worker.take("Append")
      worker.put({ _tag: "AppendUnknown", messageId, cause: "no answer" })
      worker.put({ _tag: lost })
      expect(worker.has("ClaimEnded")).toBe(false)
      worker.answer(worker.take("ReadJournalEnd"))
      const again = worker.take("Append")
      expect(again.messageId).toBe(messageId)
      worker.answer(again)
      expect(worker.take("ClaimEnded").reason).toBe(reason)
      expectFollows(worker)
    })

    it("gives way to another's record in the place of the claim, and follows it", () => {
      const worker = follower().claim()
      worker.settle(["Append"])
      worker.put({ _tag: lost })
      const other = new Worker(worker.broker, "other").serve()
      other.send("web", reserve("theirs"))
      other.settle()
      worker.answer(worker.take("Append"))
      worker.settle()
      expect(worker.take("ClaimEnded").reason).toBe(reason)
      expectFollows(worker)
      expect(worker.partition.owner).toBe(other.partition.owner)
    })

    it("gives way to others that claimed after its claim was stored", () => {
      const worker = follower().claim()
      worker.settle(["Append"])
      worker.put({ _tag: lost })
      const { expectedSeq, messageId, bytes } = worker.take("Append")
      worker.broker.append(expectedSeq, messageId, bytes)
      const other = new Worker(worker.broker, "other").serve()
      worker.put({ _tag: "AppendUnknown", messageId, cause: "no answer" })
      worker.settle()
      expect(worker.take("ClaimEnded").reason).toBe(reason)
      expectFollows(worker)
      expect(other.partition.phase).toBe("serving")
    })

    it("writes no claim behind a genesis record that was in flight", () => {
      const worker = new Worker(new Broker(), "a").follow().claim()
      worker.settle(["Append"])
      expect(worker.partition.inFlight?.record.kind).toBe("genesis")
      worker.put({ _tag: lost })
      worker.settle()
      expect(worker.take("ClaimEnded").reason).toBe(reason)
      expect(worker.broker.journal).toHaveLength(1)
      expect(worker.broker.incarnation).toBe("incarnation-a")
      expectFollows(worker)
      worker.claim().settle()
      expect(worker.partition.phase).toBe("serving")
    })

    it("leaves a halt that an operator lifted to whoever claims next", () => {
      const worker = follower()
      worker.broker.halt = { reason: "InvariantBroken", detail: "", atMs: 0, resume: { by: "ops", reason: "looked" } }
      worker.claim()
      worker.settle(["Append"])
      worker.answer(worker.take("Append"))
      expect(worker.partition.inFlight?.record.kind).toBe("operator")
      worker.put({ _tag: lost })
      worker.settle()
      expect(worker.take("ClaimEnded").reason).toBe(reason)
      expect(worker.broker.halt).not.toBeNull()
      expectFollows(worker)
      expectServesNext(worker)
      expect(worker.broker.halt).toBeNull()
    })
  })

describe("an answer to an earlier claim", () => {
  it("is no lost tail, though the journal has been followed beyond its end since", () => {
    const worker = follower().claim()
    const stale = { ask: worker.take("ReadClaimBasis").ask, basis: worker.basis() }
    worker.put({ _tag: "LeaseLost" })
    const other = new Worker(worker.broker, "other").serve()
    other.send("web", reserve("theirs"))
    other.settle()
    worker.put({ _tag: "RecordsRead", records: worker.broker.journal.slice(worker.partition.confirmedSeq) })
    worker.claim()
    expect(worker.put({ _tag: "ClaimBasisRead", ...stale })).toEqual([])
    worker.settle()
    expect(worker.partition.phase).toBe("serving")
  })
})
