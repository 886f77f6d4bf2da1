/**
 * A lease that is lost, or given away, while its worker serves costs the reign and not the state: what was in flight is seen to its end, and where that end is the journal's, the partition follows on
 * as anybody would who read that journal.
 */
import fc from "fast-check"
import { describe, expect, it } from "vitest"
import { type MemoryBounds, memoryBounds } from "../../src/engine/memory-bounds.ts"
import { partitionHash, stateHash } from "../../src/kinds/sku/partition.ts"
import { engineCodec } from "../../src/wire/codec.ts"
import { type Broker, json, policyFor, saidOf, serving, startMs, Worker } from "./rig.ts"

const { sha256 } = engineCodec
type Told = Parameters<Worker["put"]>[0]

const reserve = (id: string, holdMs = 60_000) => json("Reserve", { id, reservation: `${id}-r`, qty: 1, holdMs })

/** An owner that has decided something, said it, and has nothing in flight. */
const owner = (): Worker => {
  const worker = serving(20)
  for (const id of ["c1", "c2", "c3"]) worker.send("web", reserve(id))
  worker.settle()
  worker.tick()
  worker.out = []
  return worker
}

/** One that nobody ever let reign, with the same journal. */
const fresh = (broker: Broker, bounds?: MemoryBounds): Worker => {
  const worker = new Worker(broker, "fresh", undefined, 1_000_000, bounds).follow()
  worker.settle()
  return worker
}

/** What the worker knows is what anybody reads from the journal, and nothing of its reign is left. */
const expectFollows = (worker: Worker, bounds?: MemoryBounds): void => {
  worker.settle()
  const { partition, broker } = worker
  expect(partition).toMatchObject({
    phase: "following",
    claiming: null,
    inFlight: null,
    reign: null,
    confirmedSeq: broker.journal.length,
  })
  for (const none of ["SteppedDown", "Halted", "ReadClaimBasis"] as const) expect(worker.has(none)).toBe(false)
  const other = fresh(broker, bounds).partition
  expect(stateHash(partition, sha256)).toBe(stateHash(other, sha256))
  const { basisAsks, brokerClock } = partition
  expect(partitionHash({ ...other, basisAsks, brokerClock }, sha256)).toBe(partitionHash(partition, sha256))
}

/** It claims again, serves with what it knew, and reads nothing for that but what it has not read. */
const expectServesNext = (worker: Worker): void => {
  const { broker } = worker
  const from = broker.journal.length
  worker.out = []
  worker.claim().settle()
  worker.tick().settle()
  expect(worker.partition.phase).toBe("serving")
  worker.send("web", reserve("after"))
  worker.settle()
  expect(saidOf(broker, "after")).toMatchObject({ outcome: "accepted" })
  expect(broker.journal.length).toBeGreaterThan(from + 1)
  expect(worker.has("SteppedDown") || worker.has("Halted")).toBe(false)
  expect(stateHash(worker.partition, sha256)).toBe(stateHash(fresh(broker).partition, sha256))
}

/** Another worker claims and decides. */
const rival = (broker: Broker, id: string): Worker => {
  const worker = new Worker(broker, "rival").serve()
  worker.settle()
  worker.send("shop", reserve(id))
  worker.settle()
  worker.tick().settle()
  return worker
}

for (const lost of ["LeaseLost", "Drain"] as const) {
  const reason = lost === "Drain" ? "Drained" : "LeaseLost"

  describe(`${lost} while it serves`, () => {
    it("with nothing in flight: ends the reign at once, and follows behind the last record confirmed", () => {
      const worker = owner()
      expect(worker.put({ _tag: lost })).toEqual([
        { _tag: "ReignEnded", reason },
        { _tag: "FollowJournal", fromSeq: worker.broker.journal.length + 1 },
      ])
      expectFollows(worker)
      expectServesNext(worker)
    })

    it("with an append in flight: decides nothing new, and once that is acknowledged and said, follows on", () => {
      const worker = owner()
      worker.send("web", reserve("inflight"))
      worker.put({ _tag: lost })
      worker.send("web", reserve("late"))
      expect(worker.has("ReignEnded")).toBe(false)
      worker.settle()
      expect(worker.take("ReignEnded").reason).toBe(reason)
      expect(saidOf(worker.broker, "inflight")).toMatchObject({ outcome: "accepted" })
      expect(saidOf(worker.broker, "late")).toBeUndefined()
      expectFollows(worker)
      // What came too late for that reign lies in the stream, and is the next one's.
      expectServesNext(worker)
      expect(saidOf(worker.broker, "late")).toMatchObject({ outcome: "accepted" })
    })

    it("with an append whose answer is lost, and that turns out stored: keeps the state", () => {
      const worker = owner()
      worker.send("web", reserve("inflight"))
      const { expectedSeq, messageId, bytes } = worker.take("Append")
      worker.put({ _tag: lost })
      worker.broker.append(expectedSeq, messageId, bytes)
      worker.put({ _tag: "AppendUnknown", messageId, cause: "no answer" })
      worker.settle()
      expect(worker.take("ReignEnded").reason).toBe(reason)
      expect(saidOf(worker.broker, "inflight")).toMatchObject({ outcome: "accepted" })
      expectFollows(worker)
      expectServesNext(worker)
    })

    it("with an append that never landed: hands the same bytes over again, lease or not, and keeps the state once they are stored", () => {
      const worker = owner()
      worker.send("web", reserve("inflight"))
      const append = worker.take("Append")
      worker.put({ _tag: lost })
      worker.put({ _tag: "AppendUnknown", messageId: append.messageId, cause: "no answer" })
      worker.settle(["Append"])
      expect(worker.has("ReignEnded")).toBe(false)
      const again = worker.take("Append")
      expect(again).toEqual(append)
      worker.answer(again)
      expectFollows(worker)
      expect(worker.take("ReignEnded").reason).toBe(reason)
      expectServesNext(worker)
    })

    it("with an append that never landed where another's record stands now: throws away the state, which is ahead of the journal", () => {
      const worker = owner()
      worker.send("web", reserve("inflight"))
      const append = worker.take("Append")
      worker.put({ _tag: lost })
      rival(worker.broker, "theirs")
      worker.put({ _tag: "AppendUnknown", messageId: append.messageId, cause: "no answer" })
      worker.settle()
      expect(worker.take("SteppedDown").reason).toBe("Fenced")
      expect(worker.has("ReignEnded")).toBe(false)
      expect(worker.partition.phase).toBe("stopped")
    })

    it("with an append that was stored, and others behind it: says nothing of it, for its successor does, and keeps the state", () => {
      const worker = owner()
      worker.send("web", reserve("inflight"))
      const { expectedSeq, messageId, bytes } = worker.take("Append")
      worker.broker.append(expectedSeq, messageId, bytes)
      worker.put({ _tag: lost })
      rival(worker.broker, "theirs")
      const said = worker.broker.replies.length
      worker.put({ _tag: "AppendUnknown", messageId, cause: "no answer" })
      worker.settle()
      expect(worker.take("ReignEnded").reason).toBe(reason)
      expect(worker.broker.replies).toHaveLength(said)
      expect(saidOf(worker.broker, "inflight")).toMatchObject({ outcome: "accepted" })
      expectFollows(worker)
      expectServesNext(worker)
    })

    it("after another has taken over, unheard, with nothing in flight: follows what that one decided, and reigns after it", () => {
      const worker = owner()
      rival(worker.broker, "theirs")
      worker.put({ _tag: lost })
      expectFollows(worker)
      expectServesNext(worker)
      // The same id has the same answer, from whoever decided it.
      const theirs = worker.broker.replies.length
      worker.send("shop", reserve("theirs"))
      worker.settle()
      expect(worker.broker.replies.slice(theirs).flatMap(({ decisions }) => decisions)).toMatchObject([{ id: "theirs", repeated: true }])
    })
  })
}

describe("a reign that is over", () => {
  it("is found out by its append alone, where nobody told it of its lease: stored, and others behind it", () => {
    const worker = owner()
    worker.send("web", reserve("inflight"))
    const { expectedSeq, messageId, bytes } = worker.take("Append")
    worker.broker.append(expectedSeq, messageId, bytes)
    rival(worker.broker, "theirs")
    worker.put({ _tag: "AppendUnknown", messageId, cause: "no answer" })
    worker.settle()
    expect(worker.take("ReignEnded").reason).toBe("Fenced")
    expect(worker.all("BatchConfirmed").at(-1)?.seq).toBe(expectedSeq + 1)
    expectFollows(worker)
    expectServesNext(worker)
  })

  it("is not asked about again: whatever was asked in it and is answered late changes nothing", () => {
    const worker = owner()
    worker.put({ _tag: "LeaseLost" })
    worker.settle()
    const { partition, broker } = worker
    const seq = partition.confirmedSeq
    const late: ReadonlyArray<Told> = [
      { _tag: "RepliesSent", seq },
      { _tag: "FeedSent", group: 1 },
      { _tag: "FeedFailed", group: 1 },
      { _tag: "FeedSeen", channel: "web", key: "A", version: 1, shown: 3 },
      { _tag: "RepublishRead", records: broker.journal.slice(-1) },
      { _tag: "RecalledRead", seq, record: null },
      { _tag: "CommandAtRead", seq: partition.cursor.seq, message: null, firstSeq: 0, lastSeq: 0, nextSeq: null, fill: 0 },
      { _tag: "CommandsArrived", messages: [...broker.commands.values()] },
      { _tag: "ReadingBroke" },
      { _tag: "WitnessStored", stands: { seq: 1, hash: "another" } },
      { _tag: "HaltCleared" },
      { _tag: "ChunkStored", snapshot: "1-1", index: 0 },
      { _tag: "SnapshotFailed", snapshot: "1-1", cause: "full" },
      { _tag: "AppendAcked", messageId: "another", seq, duplicate: false },
      { _tag: "AppendUnknown", messageId: "another", cause: "no answer" },
      { _tag: "JournalEndRead", endSeq: 0, record: null },
      { _tag: "Continue" },
      { _tag: "LeaseLost" },
      { _tag: "Drain" },
      { _tag: "Tick" } as Told,
    ]
    const before = partitionHash(partition, sha256)
    for (const told of late) {
      expect(worker.put(told), told._tag).toEqual([])
      expect(partitionHash(partition, sha256), told._tag).toBe(before)
    }
    expectServesNext(worker)
  })

  it("says its first words anew: what a channel was told meanwhile by another is not what it was told by this one", () => {
    const worker = owner()
    const other = rival(worker.broker, "theirs")
    worker.put({ _tag: "LeaseLost" })
    worker.settle()
    other.put({ _tag: "Drain" })
    other.settle()
    // Its own last words offer what there is again, and in between another's offered less.
    worker.claim().settle()
    worker.tick().settle()
    worker.send("shop", json("Release", { id: "back", reservation: "theirs-r", reason: "cancelled" }))
    worker.settle()
    worker.tick().settle()
    const shown = worker.broker.feedNow().filter(({ channel }) => channel === "web")
    expect(shown.map(({ ats }) => ats)).toEqual([17])
  })

  it("goes on with whatever is due: a hold that ended while another reigned, and one that ends later", () => {
    const worker = serving(20)
    worker.send("web", reserve("short", 1_000))
    worker.send("web", reserve("long", 5_000))
    worker.settle()
    const other = new Worker(worker.broker, "rival")
    other.nowMs = worker.nowMs
    other.serve().tick(2_000)
    other.settle()
    other.put({ _tag: "Drain" })
    other.settle()
    worker.put({ _tag: "LeaseLost" })
    worker.nowMs = other.nowMs
    expectFollows(worker)
    worker.claim().settle()
    worker.tick(4_000).settle()
    const ended = worker.broker
      .records()
      .flatMap(({ entries }) => entries.flatMap((entry) => (entry._tag === "Expiry" ? entry.events : [])))
    expect(ended.map(({ reservation }) => reservation)).toEqual(["short-r", "long-r"])
    expect(worker.partition.openHolds).toBe(0)
  })

  it("gives up a snapshot that it was writing, and counts what lies behind the one before it", () => {
    const worker = new Worker(serving(20).broker, "b", undefined, 4).serve()
    worker.settle()
    for (let n = 0; n < 6; n++) {
      worker.send("web", reserve(`s${n}`))
      worker.settle()
    }
    worker.put({ _tag: "Tick" } as Told)
    const { walk } = worker.reign
    if (walk === null) throw new Error("a snapshot is being written")
    worker.out = worker.out.filter(({ _tag }) => _tag !== "StoreChunk")
    worker.put({ _tag: "LeaseLost" })
    worker.settle(["DiscardSnapshot"])
    expect(worker.take("DiscardSnapshot").id).toBe(walk.id)
    expect(worker.partition).toMatchObject({ reign: null, continuing: false })
    expect(worker.partition.sinceSnapshot.records).toBe(worker.broker.journal.length)
  })

  it("is not thrown away for a successor's witness that it meets while it still says what it decided", () => {
    const worker = owner()
    worker.send("web", reserve("inflight"))
    worker.answer(worker.take("Append"))
    const replies = worker.take("SendReplies")
    worker.put({ _tag: "LeaseLost" })
    rival(worker.broker, "theirs")
    worker.broker.witness = { seq: worker.broker.journal.length, hash: sha256(worker.broker.journal.at(-1)?.bytes ?? "") }
    worker.nowMs += 2_000
    worker.put({ _tag: "Tick" } as Told)
    worker.settle(["SendReplies"])
    expect(worker.has("SteppedDown")).toBe(false)
    worker.answer(replies)
    expect(worker.take("ReignEnded").reason).toBe("LeaseLost")
    expectFollows(worker)
    expectServesNext(worker)
  })

  it("leaves an operator's answer standing that was journaled in the claim it ended with", () => {
    const worker = owner()
    worker.put({ _tag: "LeaseLost" })
    worker.settle()
    worker.broker.halt = { reason: "ChainBroken", detail: "", atMs: startMs, resume: { by: "ada", reason: "looked" } }
    worker.claim().settle(["Append"])
    worker.answer(worker.take("Append"))
    worker.put({ _tag: "LeaseLost" })
    worker.settle(["ClearHalt"])
    expect(worker.broker.records().at(-1)?.kind).toBe("operator")
    expectFollows(worker)
  })
})

describe("a state that was kept", () => {
  it("and lies beyond the journal's end proves what is lost: whoever holds it halts as it claims", () => {
    const worker = owner()
    worker.put({ _tag: "LeaseLost" })
    worker.settle()
    worker.broker.journal.length -= 1
    worker.broker.witness = null
    worker.claim().outlastFormerLeader()
    expect(worker.broker.halt?.reason).toBe("JournalLostTail")
  })

  it("is judged by what others set meanwhile", () => {
    const worker = owner()
    const other = rival(worker.broker, "theirs")
    other.send("boss", json("SetPolicy", { policy: { ...policyFor("shop"), version: 2 } }))
    other.settle()
    worker.put({ _tag: "LeaseLost" })
    expectFollows(worker)
    worker.claim().settle()
    worker.tick().settle()
    worker.send("web", reserve("unsold"))
    worker.settle()
    expect(saidOf(worker.broker, "unsold")).toMatchObject({ outcome: "refused", reason: "NotSoldHere" })
  })
})

/** What may happen to whoever reigns, and to its append. */
const happening = fc.oneof(
  { weight: 6, arbitrary: fc.record({ do: fc.constant("send" as const), what: fc.nat(6), n: fc.nat(11) }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant("pass" as const), ms: fc.constantFrom(50, 700, 2_500, 61_000) }) },
  {
    weight: 3,
    arbitrary: fc.record({
      do: fc.constant("lose" as const),
      lost: fc.constantFrom("LeaseLost" as const, "Drain" as const),
      inFlight: fc.boolean(),
      append: fc.constantFrom("acked" as const, "storedUnheard" as const, "neverLanded" as const),
      rivalFirst: fc.boolean(),
      next: fc.constantFrom("same" as const, "other" as const),
    }),
  },
)
type Happening = typeof happening extends fc.Arbitrary<infer T> ? T : never

/** Everything is small, so that decisions are packed and floors rise. */
const small: MemoryBounds = { ...memoryBounds, recent: 3, plenty: 6, horizonMinMs: 10_000 }

/** Two workers of one partition, one of which reigns: every former owner follows on, and is compared with who never reigned. */
class Reigning {
  readonly broker = serving(40, undefined, undefined, small).broker
  readonly #workers = ["a", "b"].map((name) => new Worker(this.broker, name, undefined, 1_000_000, small).follow())
  #at = 0
  kept = 0
  thrownAway = 0
  #sent = 0

  constructor() {
    for (const worker of this.#workers) worker.settle()
    this.#reign(0)
  }

  get owner(): Worker {
    return this.#workers[this.#at] as Worker
  }

  #reign(at: number): void {
    this.#at = at
    // A standby hears what was stored since; only then it is given the lease.
    const { broker, owner } = this
    if (owner.partition.phase === "following")
      owner.put({ _tag: "RecordsRead", records: broker.journal.slice(owner.partition.confirmedSeq) })
    owner.claim().settle()
    owner.tick().settle()
    expect(owner.partition.phase).toBe("serving")
    owner.out = []
  }

  command(what: number, n: number): [string, Record<string, unknown>] {
    const id = `id-${this.#sent++}`
    const reservation = `r-${n}`
    const now = { id, issuedAtMs: this.owner.nowMs }
    switch (what) {
      case 0:
        return ["web", json("Confirm", { ...now, reservation })]
      case 1:
        return ["web", json("Release", { ...now, reservation, reason: "cancelled" })]
      case 2:
        return ["dc", json("ReceiveStock", { ...now, location: n % 2 === 0 ? "L" : "M", qty: 1 + n })]
      case 3:
        return ["shop", json("RecordSale", { ...now, qty: 1 + n, location: "L" })]
      case 4:
        return ["dc", json("Fulfil", { ...now, channel: "web", reservation, location: "L", qty: 1 })]
      case 5:
        return ["web", json("Reserve", { ...now, id: `again-${n}`, reservation: `again-r-${n}`, qty: 1, holdMs: 5_000 })]
      default:
        return ["web", json("Reserve", { ...now, reservation, qty: 1 + (n % 3), holdMs: 1_000 * (1 + n) })]
    }
  }

  happen(one: Happening): void {
    const { owner } = this
    switch (one.do) {
      case "send":
        owner.send(...this.command(one.what, one.n))
        owner.settle()
        return
      case "pass":
        for (const worker of this.#workers) worker.nowMs = owner.nowMs
        owner.tick(one.ms)
        owner.settle()
        for (const worker of this.#workers) worker.nowMs = owner.nowMs
        return
      case "lose":
        return this.#lose(one)
    }
  }

  #lose({ lost, inFlight, append: outcome, rivalFirst, next }: Extract<Happening, { readonly do: "lose" }>): void {
    const { owner } = this
    const other = 1 - this.#at
    if (inFlight) {
      owner.send(...this.command(6, 3))
      // Nothing is decided before a look at the cursor: that one is answered, and the append is not.
      owner.settle(["Append"])
    }
    const append = owner.all("Append").length > 0 ? owner.take("Append") : null
    owner.put({ _tag: lost })
    if (append !== null && outcome !== "neverLanded") this.broker.append(append.expectedSeq, append.messageId, append.bytes)
    if (rivalFirst) {
      this.#reign(other)
      this.owner.send(...this.command(2, 1))
      this.owner.settle()
    }
    if (append !== null && outcome === "acked")
      owner.put({ _tag: "AppendAcked", messageId: append.messageId, seq: append.expectedSeq + 1, duplicate: false })
    else if (append !== null) owner.put({ _tag: "AppendUnknown", messageId: append.messageId, cause: "no answer" })
    owner.settle()
    if (owner.has("SteppedDown")) {
      expect([append === null, outcome, rivalFirst]).toEqual([false, "neverLanded", true])
      this.thrownAway++
      this.#workers[1 - other] = new Worker(this.broker, owner.name, undefined, 1_000_000, small).follow()
      this.#workers[1 - other]?.settle()
    } else {
      this.kept++
      expectFollows(owner, small)
    }
    if (!rivalFirst) this.#reign(next === "same" ? 1 - other : other)
  }
}

describe("whatever happens to reigns and their appends", () => {
  it("who follows on holds what whoever reads the journal holds, and all else is as if it had never reigned", () => {
    const reached = { kept: 0, thrownAway: 0 }
    fc.assert(
      fc.property(fc.array(happening, { minLength: 5, maxLength: 40 }), (all) => {
        const world = new Reigning()
        for (const one of all) world.happen(one)
        reached.kept += world.kept
        reached.thrownAway += world.thrownAway
        expect(stateHash(world.owner.partition, sha256)).toBe(stateHash(fresh(world.broker, small).partition, sha256))
      }),
      { numRuns: 150 },
    )
    // Some 420 and 41.
    expect(Math.min(reached.kept, reached.thrownAway)).toBeGreaterThan(12)
  })
})
