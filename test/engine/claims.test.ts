/**
 * Claims against an owner that still writes: what is read and followed in between is older or newer than what was asked for, and none of it is a lost
 * tail or a broken chain.
 */
import { describe, expect, it } from "vitest"
import { json, serving, Worker } from "./rig.ts"

const reserve = (id: string) => json("Reserve", { id, reservation: `${id}-r`, qty: 1, holdMs: 60_000 })

/** An owner that still writes, and a worker that was told to claim and has followed the journal to its end. */
const ownerAndClaimant = () => {
  const owner = serving(10)
  const claimant = new Worker(owner.broker, "b").follow()
  claimant.settle()
  claimant.claim()
  const follow = (fromSeq: number) => claimant.put({ _tag: "RecordsRead", records: owner.broker.journal.slice(fromSeq - 1) })
  const write = (id: string) => {
    owner.send("web", reserve(id))
    owner.settle()
  }
  return { owner, claimant, follow, write, broker: owner.broker }
}

describe("a claim against an owner that still writes", () => {
  it("goes on when records were followed beyond the end that it was told", () => {
    const { owner, claimant, follow, write, broker } = ownerAndClaimant()
    const basis = claimant.basis()
    write("c1")
    follow(broker.journal.length)
    claimant.put({ _tag: "ClaimBasisRead", ask: claimant.take("ReadClaimBasis").ask, basis })
    expect(claimant.has("Halted")).toBe(false)
    claimant.settle()
    expect(claimant.partition.phase).toBe("serving")
    write("c2")
    expect(owner.partition.phase).toBe("stopped")
  })

  it("still finds a tail lost that was known before it asked", () => {
    const { claimant, broker } = ownerAndClaimant()
    broker.journal.pop()
    claimant.outlastFormerLeader()
    expect(broker.halt?.reason).toBe("JournalLostTail")
  })

  it("steps down at a halt that somebody else put up, and doesn't share it again: an operator may have resumed the partition since the basis was read", () => {
    const { claimant, broker } = ownerAndClaimant()
    broker.halt = { reason: "ChainBroken", detail: "record 3 is missing", atMs: 1, resume: null }
    const basis = claimant.basis()
    broker.halt = { ...broker.halt, resume: { by: "ops", reason: "looked" } }
    claimant.put({ _tag: "ClaimBasisRead", ask: claimant.take("ReadClaimBasis").ask, basis })
    expect(claimant.take("SteppedDown")).toMatchObject({ reason: "Halted", detail: expect.stringContaining("ChainBroken stands") })
    expect(claimant.has("Halted")).toBe(false)
    const next = new Worker(broker, "c").follow()
    next.settle()
    next.claim()
    next.settle()
    expect(next.partition.phase).toBe("serving")
    expect(broker.halt).toBeNull()
  })

  it("reads on when records passed by while the claim was in flight", () => {
    const { claimant, follow, write, broker } = ownerAndClaimant()
    const { ask } = claimant.take("ReadClaimBasis")
    claimant.put({ _tag: "ClaimBasisRead", ask, basis: claimant.basis() })
    write("c1")
    follow(broker.journal.length)
    // Refused: the journal's end is read, and the claim was lost.
    claimant.answer(claimant.take("Append"))
    claimant.answer(claimant.take("ReadJournalEnd"))
    expect(claimant.partition.phase).toBe("claiming")
    write("c2")
    claimant.answer(claimant.take("FollowJournal"))
    claimant.settle()
    expect(claimant.has("Halted")).toBe(false)
    expect(claimant.partition.phase).toBe("serving")
  })
})
