/**
 * A journal that is told to end before what was confirmed: for as long as a former leader may have told it nothing is decided and nobody halts, and then it is believed.
 */
import { describe, expect, it } from "vitest"
import type { ClaimBasis } from "../../src/engine/protocol.ts"
import { shortEndTold } from "../../src/engine/short-end.ts"
import { formerLeaderMs } from "../../src/limits.ts"
import { type Broker, json, saidOf, serving, Worker } from "./rig.ts"

const reserve = (id: string) => json("Reserve", { id, reservation: `${id}-r`, qty: 1, holdMs: 600_000 })

/** A worker that has read the whole journal and asks what it may claim from. */
const claimantOf = (broker: Broker): Worker => {
  const claimant = new Worker(broker, "b").follow()
  claimant.settle()
  claimant.claim()
  return claimant
}

/** A worker that knows nothing of the journal but what it is told, and what a witness saw. */
const newcomerOf = (broker: Broker): Worker => {
  const newcomer = new Worker(broker, "c").follow().claim()
  // It has read nothing yet: what it follows comes late.
  newcomer.settle(["FollowJournal", "ReadClaimBasis"])
  return newcomer
}

/** The newest question for a basis is answered by a former leader. */
const tellClaimant = (claimant: Worker, basis: Partial<ClaimBasis>): void => {
  const { ask } = claimant.take("ReadClaimBasis")
  claimant.put({ _tag: "ClaimBasisRead", ask, basis: { ...claimant.basis(), ...basis } })
}

/** Time goes on, and no answer comes. */
const pass = (worker: Worker, ms: number): void => {
  worker.nowMs += ms
  worker.put({ _tag: "Tick" })
}

/** An owner whose append got no answer, and was not stored. */
const frozenOwner = (): Worker => {
  const owner = serving(10)
  owner.send("web", reserve("c1"))
  const { messageId } = owner.take("Append")
  owner.put({ _tag: "AppendUnknown", messageId, cause: "no answer" })
  return owner
}

/** What was said of short ends so far. */
const alarmsOf = (worker: Worker): ReadonlyArray<string> =>
  worker.all("Alarm").flatMap(({ kind, detail }) => (kind === "ShortEnd" ? [detail] : []))

const tellOwner = (owner: Worker, endSeq: number): void => {
  owner.take("ReadJournalEnd")
  owner.put({ _tag: "JournalEndRead", endSeq, record: null })
}

describe("a claimant that is told an end before what it knows to be confirmed", () => {
  it("asks again and claims once the leader answers", () => {
    const { broker } = serving(10)
    const claimant = claimantOf(broker)
    const endSeq = broker.journal.length
    for (let askedMs = 0; askedMs < 20_000; askedMs += 250) {
      tellClaimant(claimant, { endSeq: endSeq - 1 })
      expect(claimant.partition.phase).toBe("claiming")
      expect(claimant.has("Append")).toBe(false)
      pass(claimant, 250)
    }
    claimant.settle()
    expect(claimant.partition.phase).toBe("serving")
    expect(broker.halt).toBeNull()
    expect(broker.journal.length).toBe(endSeq + 1)
  })

  it("says once that it waits, with what it was told and when it will believe it", () => {
    const { broker } = serving(10)
    const claimant = claimantOf(broker)
    const endSeq = broker.journal.length
    const waits = `partition 0: the journal is told to end at ${endSeq - 1}, record ${endSeq} was confirmed; asked for again, and believed if that record is still missing in 30 s`
    expect(alarmsOf(claimant)).toEqual([])
    for (const told of [endSeq - 1, endSeq - 2, endSeq - 1]) {
      tellClaimant(claimant, { endSeq: told })
      expect(alarmsOf(claimant)).toEqual([waits])
      pass(claimant, formerLeaderMs / 3 - 1_000)
    }
    tellClaimant(claimant, { endSeq: endSeq - 1 })
    expect(claimant.has("Halted")).toBe(false)
    // Nothing is left to be waited for once it is believed: the halt says so.
    pass(claimant, 3_000)
    tellClaimant(claimant, { endSeq: endSeq - 1 })
    expect(claimant.take("Halted").halt.reason).toBe("JournalLostTail")
    expect(alarmsOf(claimant)).toEqual([waits])
  })

  it("says nothing of an end that holds all that was confirmed", () => {
    const claimant = claimantOf(serving(10).broker)
    claimant.settle()
    expect(claimant.partition.phase).toBe("serving")
    expect(alarmsOf(claimant)).toEqual([])
  })

  it("doesn't ask without a pause", () => {
    const { broker } = serving(10)
    const claimant = claimantOf(broker)
    tellClaimant(claimant, { endSeq: 1 })
    pass(claimant, 100)
    expect(claimant.has("ReadClaimBasis")).toBe(false)
    pass(claimant, 150)
    expect(claimant.has("ReadClaimBasis")).toBe(true)
  })

  it("halts once the end was short at every asking for longer than a former leader can speak, and not before", () => {
    const { broker } = serving(10)
    const claimant = claimantOf(broker)
    const confirmed = broker.journal.length
    for (let askedMs = 0; askedMs < formerLeaderMs; askedMs += 500) {
      tellClaimant(claimant, { endSeq: confirmed - 1 })
      expect(claimant.has("Halted"), `${askedMs} ms after the first`).toBe(false)
      pass(claimant, 500)
    }
    tellClaimant(claimant, { endSeq: confirmed - 1 })
    expect(claimant.take("Halted").halt).toMatchObject({
      reason: "JournalLostTail",
      detail: `partition 0: the journal ends at ${confirmed - 1}, record ${confirmed} was confirmed`,
    })
  })

  it("takes a witness beyond the end, or an incarnation of an empty journal, for no other proof", () => {
    for (const [told, reason] of [
      [{ endSeq: 2, witness: { seq: 3, hash: "theirs" } }, "JournalLostTail"],
      [{ endSeq: 0, incarnation: "begun", witness: null }, "JournalEmpty"],
    ] as const) {
      const newcomer = newcomerOf(serving(10).broker)
      tellClaimant(newcomer, told)
      expect(newcomer.has("Halted")).toBe(false)
      pass(newcomer, formerLeaderMs)
      tellClaimant(newcomer, told)
      expect(newcomer.take("Halted").halt.reason).toBe(reason)
    }
  })

  it("counts anew behind an answer that held the whole journal", () => {
    const { broker } = serving(10)
    const claimant = claimantOf(broker)
    const endSeq = broker.journal.length
    tellClaimant(claimant, { endSeq: endSeq - 1 })
    pass(claimant, formerLeaderMs - 1_000)
    // The leader's, and its claim is lost to a rival's record: the basis is asked for once more.
    tellClaimant(claimant, {})
    const rival = new Worker(broker, "d").serve()
    claimant.settle(["ReadClaimBasis", "FollowJournal"])
    expect(rival.partition.phase).toBe("serving")
    pass(claimant, 2_000)
    expect(alarmsOf(claimant)).toHaveLength(1)
    tellClaimant(claimant, { endSeq: endSeq - 1 })
    expect(alarmsOf(claimant)).toHaveLength(2)
    expect(claimant.has("Halted")).toBe(false)
    expect(claimant.partition.phase).toBe("claiming")
  })

  it("does not count a question that nobody answered as an answer", () => {
    const claimant = claimantOf(serving(10).broker)
    tellClaimant(claimant, { endSeq: 1 })
    for (let ms = 0; ms < 2 * formerLeaderMs; ms += 1_000) {
      pass(claimant, 1_000)
      claimant.take("ReadClaimBasis")
      claimant.put({ _tag: "ReadFailed", what: "ClaimBasis" })
    }
    expect(claimant.partition.phase).toBe("claiming")
    pass(claimant, 1_000)
    claimant.settle()
    expect(claimant.partition.phase).toBe("serving")
  })

  it("believes no answer that waited while its process stood still", () => {
    const claimant = claimantOf(serving(10).broker)
    tellClaimant(claimant, { endSeq: 1 })
    pass(claimant, 250)
    // Answered at once, and heard a minute later.
    claimant.nowMs += 60_000
    tellClaimant(claimant, { endSeq: 1 })
    expect(claimant.has("Halted")).toBe(false)
    pass(claimant, 250)
    claimant.settle()
    expect(claimant.partition.phase).toBe("serving")
  })

  it("gives its claim up with its lease, and begins to count anew with the next", () => {
    const { broker } = serving(10)
    const claimant = claimantOf(broker)
    tellClaimant(claimant, { endSeq: 1 })
    pass(claimant, formerLeaderMs - 1_000)
    claimant.put({ _tag: "LeaseLost" })
    expect(claimant.take("ClaimEnded")).toMatchObject({ reason: "LeaseLost" })
    expect(claimant.partition.phase).toBe("following")
    claimant.out.length = 0
    claimant.claim()
    pass(claimant, 2_000)
    tellClaimant(claimant, { endSeq: 1 })
    pass(claimant, 250)
    tellClaimant(claimant, { endSeq: 1 })
    expect(claimant.has("Halted")).toBe(false)
  })

  it("claims from no end that it was told before the short one", () => {
    const { broker } = serving(10)
    const newcomer = newcomerOf(broker)
    // The leader's; its records come late, and the reading up to the end fails.
    tellClaimant(newcomer, {})
    newcomer.take("ReadRecords")
    newcomer.put({ _tag: "ReadFailed", what: "ClaimBasis" })
    pass(newcomer, 250)
    tellClaimant(newcomer, { endSeq: 0 })
    newcomer.answer(newcomer.take("FollowJournal"))
    expect(newcomer.has("Append")).toBe(false)
    pass(newcomer, 250)
    newcomer.settle()
    expect(newcomer.partition.phase).toBe("serving")
  })

  it("throws away at once what an operator gave up as lost", () => {
    const { broker } = serving(10)
    const claimant = claimantOf(broker)
    const halt = { reason: "JournalLostTail", detail: "", atMs: 1, resume: { by: "ops", reason: "accepted" } } as const
    broker.journal.pop()
    broker.halt = halt
    claimant.settle()
    expect(claimant.take("SteppedDown").reason).toBe("SnapshotDiscarded")
    expect(new Worker(broker, "c").serve().partition.phase).toBe("serving")
    expect(broker.halt).toBeNull()
  })
})

describe("an owner with an append of unknown outcome that is told an end before it", () => {
  it("keeps asking, sends nothing and says nothing, and goes on once the leader answers", () => {
    const owner = frozenOwner()
    const { journal } = owner.broker
    const waits = `partition 0: the journal is told to end at ${journal.length - 2}, record ${journal.length} was confirmed; asked for again, and believed if that record is still missing in 30 s`
    for (let askedMs = 0; askedMs < 20_000; askedMs += 250) {
      tellOwner(owner, journal.length - 2)
      expect(alarmsOf(owner)).toEqual([waits])
      for (const none of ["Append", "SendReplies", "Halted"] as const) expect(owner.has(none)).toBe(false)
      pass(owner, 250)
    }
    owner.settle()
    expect(saidOf(owner.broker, "c1")?.outcome).toBe("accepted")
    expect(owner.broker.halt).toBeNull()
  })

  it("halts once the end was short at every asking for longer than a former leader can speak, and not before", () => {
    const owner = frozenOwner()
    const confirmed = owner.broker.journal.length
    for (let askedMs = 0; askedMs < formerLeaderMs; askedMs += 500) {
      tellOwner(owner, confirmed - 1)
      expect(owner.has("Halted"), `${askedMs} ms after the first`).toBe(false)
      pass(owner, 500)
    }
    tellOwner(owner, confirmed - 1)
    expect(owner.take("Halted").halt).toMatchObject({
      reason: "JournalLostTail",
      detail: `partition 0: the journal ends at ${confirmed - 1}, record ${confirmed} was confirmed`,
    })
  })

  it("counts anew behind an answer that held what was confirmed", () => {
    const owner = frozenOwner()
    const { journal } = owner.broker
    tellOwner(owner, journal.length - 1)
    pass(owner, formerLeaderMs - 1_000)
    tellOwner(owner, journal.length)
    const { messageId } = owner.take("Append")
    owner.put({ _tag: "AppendUnknown", messageId, cause: "no answer" })
    pass(owner, 2_000)
    tellOwner(owner, journal.length - 1)
    pass(owner, 250)
    tellOwner(owner, journal.length - 1)
    expect(owner.has("Halted")).toBe(false)
  })

  it("takes its own record for what it is, whatever end is told beside it", () => {
    const owner = frozenOwner()
    const { journal } = owner.broker
    tellOwner(owner, journal.length - 1)
    pass(owner, 250)
    // It was stored after all: the message is the leader's answer, the end a former leader's.
    const { bytes, pending } = owner.partition.inFlight ?? { bytes: new Uint8Array(), pending: { messageId: "" } }
    owner.broker.append(journal.length, pending.messageId, bytes)
    owner.take("ReadJournalEnd")
    owner.put({ _tag: "JournalEndRead", endSeq: journal.length - 2, record: journal.at(-1) ?? null })
    owner.settle()
    expect(saidOf(owner.broker, "c1")?.outcome).toBe("accepted")
  })

  it("that lost its lease sees the append to its end all the same", () => {
    const owner = frozenOwner()
    owner.put({ _tag: "LeaseLost" })
    tellOwner(owner, 1)
    expect(owner.partition.phase).toBe("serving")
    pass(owner, 250)
    owner.settle()
    expect(owner.take("ReignEnded").reason).toBe("LeaseLost")
    expect(saidOf(owner.broker, "c1")?.outcome).toBe("accepted")
  })
})

describe("a short end", () => {
  const first = shortEndTold(null, { endSeq: 3, confirmedSeq: 5 }, 1_000)

  it("stands as long as the record that was missing first is missing", () => {
    expect(first).toEqual({ seq: 5, sinceMs: 1_000, askedAtMs: 1_000 })
    expect(shortEndTold(first, { endSeq: 4, confirmedSeq: 9 }, 2_000)).toBe(first)
  })

  it("is another once that record is there, however much more was confirmed", () => {
    expect(shortEndTold(first, { endSeq: 5, confirmedSeq: 9 }, 2_000)).toMatchObject({ seq: 9, sinceMs: 2_000 })
  })

  it("begins anew on a clock that was set back, which would keep it for an hour", () => {
    expect(shortEndTold(first, { endSeq: 3, confirmedSeq: 5 }, 500)).toMatchObject({ seq: 5, sinceMs: 500 })
  })
})
