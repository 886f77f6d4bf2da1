/** The witness outside the journal: it only rises, and an owner that meets another than it may gives the partition up. Hazards 11 and 17 of docs/HAZARDS.md. */
import { describe, expect, it } from "vitest"
import type { Witness } from "../../src/engine/protocol.ts"
import { protocolRules } from "../../src/engine/rules.ts"
import { Broker, json, saidOf, serving, Worker } from "./rig.ts"

let reservations = 0

/** Decides one more reservation of one unit. */
const decide = (worker: Worker): void => {
  const n = ++reservations
  worker.send("web", json("Reserve", { id: `w${n}`, reservation: `w${n}`, qty: 1, holdMs: 60_000 }))
  worker.settle(["StoreWitness"])
}

/** Lets a second go by, at the end of which the newest record is marked. */
const mark = (worker: Worker): void => {
  worker.tick(1_000)
}

/** One whose witness falls: whatever is written stands. */
class ForgetfulBroker extends Broker {
  override raiseWitness(witness: Witness): Witness {
    this.witness = witness
    return witness
  }
}

/** A zombie that was fenced unheard, `records` of its successor marked, and the journal set back to the end of the zombie's reign. */
const setBack = (records: number, marks = new Broker()) => {
  const zombie = serving(5_000, protocolRules, marks)
  mark(zombie)
  const { broker } = zombie
  const endSeq = broker.journal.length
  const successor = new Worker(broker, "b").serve()
  for (let record = 1; record < records; record++) decide(successor)
  mark(successor)
  broker.journal.length = endSeq
  const witness = broker.witness as Witness
  expect(witness.seq).toBe(endSeq + records)
  return { zombie, broker, witness }
}

const expectHaltOf = (broker: Broker, reason: string): void => {
  new Worker(broker, "z").follow().claim().outlastFormerLeader()
  expect(broker.halt?.reason).toBe(reason)
}

const answerOf = (worker: Worker) => {
  const { witness, over } = worker.take("StoreWitness")
  worker.put({ _tag: "WitnessStored", stands: worker.broker.raiseWitness(witness, over) })
}

/** A journal that lost its last eight records, halted, and let go on by an operator: not claimed yet. Its former owner knows of nothing. */
const resumedAfterLoss = () => {
  const former = serving(100)
  for (let record = 0; record < 8; record++) decide(former)
  mark(former)
  decide(former)
  const { broker } = former
  broker.journal.length -= 8
  new Worker(broker, "b").follow().claim().outlastFormerLeader()
  const { halt } = broker
  if (halt === null) throw new Error("a halt")
  broker.halt = { ...halt, resume: { by: "ops", reason: "disk lost, accepted" } }
  return { former, broker, lost: broker.witness as Witness }
}

describe("a witness that only rises", () => {
  it("is left where it is by an owner whose journal was set back to its own end; the owner gives up, and the next claimant halts", () => {
    const { zombie, broker, witness } = setBack(3)
    decide(zombie)
    expect(zombie.partition.phase).toBe("serving")
    mark(zombie)
    expect(zombie.take("SteppedDown")).toMatchObject({
      reason: "Fenced",
      detail: expect.stringContaining(`record ${witness.seq}`) as unknown,
    })
    expect(broker.witness).toEqual(witness)
    expectHaltOf(broker, "JournalLostTail")
  })

  it("would leave nothing to compare with if it fell: the zombie sells on, and so does whoever claims next", () => {
    const { zombie, broker, witness } = setBack(3, new ForgetfulBroker())
    decide(zombie)
    mark(zombie)
    expect(zombie.partition.phase).toBe("serving")
    expect(broker.witness?.seq).toBeLessThan(witness.seq)
    expect(new Worker(broker, "z").serve().partition.phase).toBe("serving")
  })

  it("speaks against an owner that has gone on beyond it in a journal that was set back, however far", () => {
    // Beyond what it remembers the hashes of, too.
    for (const records of [3, 4, 1_100]) {
      const { zombie, broker, witness } = setBack(3)
      for (let record = 0; record < records; record++) decide(zombie)
      mark(zombie)
      expect(zombie.take("SteppedDown").reason, `${records} records`).toBe("Fenced")
      expect(broker.witness).toEqual(witness)
      if (records < 1_000) expectHaltOf(broker, "JournalLostTail")
    }
  })

  it("ends a zombie's reign that nothing else has told yet, with an append in flight whose fate is unknown", () => {
    const zombie = serving(10)
    zombie.send("web", json("Reserve", { id: "unheard", reservation: "unheard", qty: 1, holdMs: 60_000 }))
    const { messageId } = zombie.take("Append")
    zombie.put({ _tag: "AppendUnknown", messageId, cause: "no answer" })
    zombie.nowMs += 1_000
    zombie.put({ _tag: "Tick" })
    new Worker(zombie.broker, "b").serve()
    answerOf(zombie)
    expect(zombie.take("SteppedDown").reason).toBe("Fenced")
    expect(saidOf(zombie.broker, "unheard")?.outcome).toBe("accepted")
  })

  it("is raised by one write at a time, with the newest record once the last was answered", () => {
    const worker = serving(10)
    decide(worker)
    for (let second = 0; second < 3; second++) {
      worker.nowMs += 1_000
      worker.put({ _tag: "Tick" })
      decide(worker)
    }
    const [asked, ...more] = worker.all("StoreWitness")
    expect(more).toEqual([])
    answerOf(worker)
    expect(worker.broker.witness).toEqual(asked?.witness)
    mark(worker)
    expect(worker.broker.witness?.seq).toBe(worker.partition.confirmedSeq)
  })
})

describe("a witness that is not this owner's", () => {
  it("is a former owner's that arrived late: the reign goes on, and raises it", () => {
    const former = serving(10)
    mark(former)
    decide(former)
    former.nowMs += 1_000
    former.put({ _tag: "Tick" })
    const next = new Worker(former.broker, "b").follow().claim()
    next.settle(["Append"])
    // Written between what the claim stands on and the new owner's first.
    answerOf(former)
    const late = former.broker.witness
    next.settle()
    expect(next.partition.phase).toBe("serving")
    expect(former.broker.witness).toEqual(late)
    next.tick()
    expect(former.broker.witness?.seq).toBe(next.partition.confirmedSeq)
  })

  it("names a record of this reign, or another record than the journal's, or an earlier one than was known, or is gone: the reign ends", () => {
    const stand: ReadonlyArray<readonly [what: string, stands: (worker: Worker) => Witness | null]> = [
      ["of this reign", ({ reign }) => ({ seq: reign.reignSeq, hash: "another" })],
      ["another record", ({ reign }) => ({ seq: reign.reignSeq - 1, hash: "another" })],
      ["earlier", ({ partition }) => ({ seq: 1, hash: partition.recentHashes[1] ?? "" })],
      ["gone", () => null],
    ]
    for (const [what, stands] of stand) {
      const { broker } = serving(10)
      const worker = new Worker(broker, "b").follow().claim()
      worker.settle(["StoreWitness"])
      worker.put({ _tag: "WitnessStored", stands: stands(worker) })
      expect(worker.take("SteppedDown").reason, what).toBe("Fenced")
      // Nothing was lost: whoever claims next finds nothing to object to.
      expect(new Worker(broker, "c").serve().partition.phase, what).toBe("serving")
    }
  })

  it("is of no concern to who asked for none: an answer to a former life changes nothing", () => {
    const worker = serving(10)
    const standby = new Worker(worker.broker, "b").follow()
    standby.settle()
    for (const [who, phase] of [
      [worker, "serving"],
      [standby, "following"],
    ] as const) {
      expect(who.put({ _tag: "WitnessStored", stands: { seq: 999, hash: "another" } })).toEqual([])
      expect(who.put({ _tag: "HaltCleared" })).toEqual([])
      expect(who.partition.phase).toBe(phase)
    }
  })
})

describe("a witness that an operator's resume forgets", () => {
  it("is written by the owner whose resume was journaled, once it is forgotten and not before", () => {
    const { broker, lost } = resumedAfterLoss()
    const owner = new Worker(broker, "d").follow().claim()
    owner.settle(["ClearHalt", "StoreWitness"])
    expect(owner.partition.phase).toBe("serving")
    owner.send("dc", json("ReceiveStock", { location: "L", qty: 1 }))
    owner.settle(["ClearHalt", "StoreWitness"])
    owner.nowMs += 5_000
    owner.put({ _tag: "Tick" })
    expect(owner.has("StoreWitness")).toBe(false)
    expect(broker.witness).toEqual(lost)
    owner.settle()
    expect(broker.witness).toMatchObject({ seq: owner.partition.confirmedSeq })
    expect(lost.seq).toBeGreaterThan(owner.partition.confirmedSeq)
    expect(new Worker(broker, "e").serve().partition.phase).toBe("serving")
  })

  it("leaves a halt that was answered if its owner dies between forgetting and lifting: the next journals the resume again", () => {
    const { broker } = resumedAfterLoss()
    new Worker(broker, "d").follow().claim().settle(["ClearHalt"])
    broker.witness = null
    const next = new Worker(broker, "e").serve()
    expect(next.partition.phase).toBe("serving")
    expect(broker.records().filter(({ kind }) => kind === "operator")).toHaveLength(2)
    expect(broker).toMatchObject({ halt: null, witness: { seq: next.partition.confirmedSeq } })
  })

  it("is not put back by a former owner that slept through the loss, the halt and the resume", () => {
    const { former, broker } = resumedAfterLoss()
    const owner = new Worker(broker, "d").serve()
    const { witness } = broker
    expect(witness?.seq).toBeLessThan(former.partition.confirmedSeq)
    former.nowMs += 1_000
    former.put({ _tag: "Tick" })
    answerOf(former)
    expect(former.take("SteppedDown").reason).toBe("Fenced")
    expect(broker.witness).toEqual(witness)
    decide(owner)
    mark(owner)
    expect(owner.partition.phase).toBe("serving")
    expect(new Worker(broker, "e").serve().partition.phase).toBe("serving")
  })
})

describe("a witness that can't be read", () => {
  const damaged = "the witness can't be read: not an object"

  it("halts whoever claims, once, and names the remedy; a resume forgets it, and the next owner marks anew", () => {
    const { broker } = serving(10)
    const claimant = new Worker(broker, "b").follow().claim()
    const { ask } = claimant.take("ReadClaimBasis")
    claimant.put({ _tag: "ClaimBasisRead", ask, basis: { ...claimant.basis(), witness: null, damaged } })
    claimant.settle()
    expect(broker.halt).toMatchObject({ reason: "WitnessDamaged", detail: expect.stringContaining(damaged) as unknown })
    expect(broker.halt?.detail).toContain("resume the partition")
    broker.halt = broker.halt && { ...broker.halt, resume: { by: "ops", reason: "the journal is whole" } }
    const next = new Worker(broker, "c").follow().claim()
    const { ask: again } = next.take("ReadClaimBasis")
    next.put({ _tag: "ClaimBasisRead", ask: again, basis: { ...next.basis(), witness: null, damaged } })
    next.settle()
    expect(next.partition.phase).toBe("serving")
    expect(broker.halt).toBeNull()
    expect(broker.witness?.seq).toBe(next.partition.confirmedSeq)
  })

  it.each([
    ["halts the owner that meets it, and is not written over", "Damaged", { _tag: "Halted", halt: { reason: "WitnessDamaged" } }],
    ["makes the owner step aside where a newer release wrote it", "Newer", { _tag: "SteppedDown", reason: "NewerRelease" }],
  ] as const)("%s", (_, tag, expected) => {
    const owner = serving(10)
    decide(owner)
    mark(owner)
    owner.tick(1_000)
    decide(owner)
    owner.nowMs += 2_000
    owner.put({ _tag: "Tick" })
    owner.take("StoreWitness")
    const outputs = owner.put({ _tag: "WitnessUnread", unread: { _tag: tag, cause: damaged } })
    expect(outputs).toContainEqual(expect.objectContaining(expected._tag === "Halted" ? { _tag: "Halted" } : expected))
    if (expected._tag === "Halted") expect(owner.partition.phase).toBe("halted")
  })
})
