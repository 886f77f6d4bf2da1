/**
 * The hazards of reading commands, journaling and answering, one named test each, at the step level: the fault is put in as an input, the remedy shows in the outputs.
 * Numbers are those of docs/HAZARDS.md.
 */
import { describe, expect, it } from "vitest"
import type { SenderId, Sku } from "../../src/domain/names.ts"
import { memoryBounds } from "../../src/engine/memory-bounds.ts"
import { copyPartition } from "../../src/engine/partition.ts"
import { recordVersion, type StoredRecord } from "../../src/engine/records.ts"
import { protocolRules } from "../../src/engine/rules.ts"
import { makeStep, stateHash } from "../../src/kinds/sku/partition.ts"
import type { AtsValue, SkuDecodedBody, SkuEngineCodec, SkuOutput } from "../../src/kinds/sku/types.ts"
import { commandHorizonMs, feedEchoMs, feedLookBackMs, recordBytesMax, snapshotChunkBytesMax } from "../../src/limits.ts"
import { engineCodec } from "../../src/wire/codec.ts"
import { sealOf } from "../../src/wire/sealed.ts"
import { storedAlone } from "../../src/workload/stored-alone.ts"
import { allSaidOf, Broker, json, policyFor, saidOf, serving, startMs, Worker } from "./rig.ts"

const reserve = (id: string, reservation: string, qty: number, more: Record<string, unknown> = {}) =>
  json("Reserve", { id, reservation, qty, holdMs: 60_000, ...more })

const hashOf = (worker: Worker): string => stateHash(worker.partition, engineCodec.sha256)

/** Units reserved at the only location. */
const reservedQty = (worker: Worker): number => worker.partition.actors.get("A" as never)?.state.locations[0]?.reserved ?? 0

describe("hazards of ids", () => {
  it("1: decides a duplicate once and repeats the decision", () => {
    const worker = serving(10)
    const command = reserve("c1", "r1", 4)
    worker.send("web", command)
    worker.send("web", command)
    worker.settle()
    expect(reservedQty(worker)).toBe(4)
    expect(allSaidOf(worker.broker, "c1").map(({ outcome, repeated }) => [outcome, repeated])).toEqual([
      ["accepted", undefined],
      ["accepted", true],
    ])
  })

  it("2: repeats a decision long after, and refuses a retry from below the floor instead of executing it again", () => {
    const worker = serving(10)
    const command = reserve("c1", "r1", 4)
    worker.send("web", command)
    worker.settle()
    worker.nowMs += commandHorizonMs / 2
    worker.send("web", command, { brokerMs: worker.nowMs })
    worker.settle()
    expect(saidOf(worker.broker, "c1")).toMatchObject({ outcome: "accepted", repeated: true })
    worker.nowMs += commandHorizonMs
    worker.send("web", command, { brokerMs: worker.nowMs })
    worker.settle()
    expect(saidOf(worker.broker, "c1")).toMatchObject({ outcome: "refused", reason: "TooOld" })
    expect(worker.partition.actors.get("A" as never)?.state.reservations).toBeNull()
  })

  it("3: refuses the same id with another content", () => {
    const worker = serving(10)
    worker.send("web", reserve("c1", "r1", 4))
    worker.send("web", reserve("c1", "r1", 5))
    worker.settle()
    expect(saidOf(worker.broker, "c1")).toMatchObject({ outcome: "refused", reason: "IdReused", field: "qty" })
    expect(reservedQty(worker)).toBe(4)
  })

  it("35a: an id asked again later, with another time and another deadline: the same command, here and at the next owner", () => {
    const worker = serving(10)
    const command = reserve("c1", "r1", 4)
    worker.send("web", command)
    worker.send("web", { ...command, issuedAtMs: startMs + 60_000, deadlineMs: 5_000 })
    worker.settle()
    expect(saidOf(worker.broker, "c1")).toMatchObject({ outcome: "accepted", repeated: true, qty: 4 })
    const next = new Worker(worker.broker, "b").serve()
    next.send("web", { ...command, issuedAtMs: startMs + 120_000 })
    next.settle()
    expect(saidOf(worker.broker, "c1")).toMatchObject({ outcome: "accepted", repeated: true, qty: 4 })
    expect(reservedQty(next)).toBe(4)
  })

  it("36: gives a retry after a lost reply the same answer from the next owner", () => {
    const worker = serving(10)
    const command = reserve("c1", "r1", 4)
    worker.send("web", command)
    worker.settle()
    const next = new Worker(worker.broker, "b").serve()
    next.send("web", command)
    next.settle()
    expect(saidOf(worker.broker, "c1")).toMatchObject({ outcome: "accepted", repeated: true, qty: 4 })
    expect(reservedQty(next)).toBe(4)
  })

  it("49: raises only the floor of the sender who floods, and never nearer to now than is always remembered", () => {
    const bounds = { ...memoryBounds, plenty: 8, horizonMinMs: 60_000 }
    const worker = serving(100, protocolRules, new Broker(), bounds)
    for (let n = 1; n <= 20; n++) worker.send("web", reserve(`c${n}`, `r${n}`, 1))
    worker.send("shop", reserve("c1", "r1", 1))
    worker.settle()
    expect(worker.partition.senders.get("web" as never)?.classes.get("sell")?.floorMs).toBe(0)
    worker.nowMs += 120_000
    worker.send("web", reserve("c21", "r21", 1, { issuedAtMs: worker.nowMs }), { brokerMs: worker.nowMs })
    worker.settle()
    const floor = worker.broker.records().at(-1)?.entries.at(-1)
    expect(floor).toMatchObject({ _tag: "Floor", sender: "web", class: "sell", floorMs: startMs + 60_000 })
    worker.send("web", reserve("c1", "r1", 1), { brokerMs: worker.nowMs })
    worker.send("shop", reserve("c1", "r1", 1), { brokerMs: worker.nowMs })
    worker.settle()
    expect(worker.broker.replies.at(-2)).toMatchObject({ sender: "web", decisions: [{ outcome: "refused", reason: "TooOld" }] })
    expect(worker.broker.replies.at(-1)).toMatchObject({ sender: "shop", decisions: [{ outcome: "accepted", repeated: true }] })
  })
})

describe("hazards of an append", () => {
  it("7: reads an append whose acknowledgement was lost back as its own, and answers once", () => {
    const worker = serving(10)
    worker.send("web", reserve("c1", "r1", 4))
    const append = worker.take("Append")
    worker.broker.append(append.expectedSeq, append.messageId, append.bytes)
    worker.put({ _tag: "AppendUnknown", messageId: append.messageId, cause: "timeout" })
    expect(worker.has("SendReplies")).toBe(false)
    worker.settle()
    expect(allSaidOf(worker.broker, "c1")).toHaveLength(1)
    expect(saidOf(worker.broker, "c1")).toMatchObject({ outcome: "accepted" })
  })

  it("8: resends the same bytes under the same id, and takes the late first attempt for its own", () => {
    const worker = serving(10)
    worker.send("web", reserve("c1", "r1", 4))
    const first = worker.take("Append")
    worker.put({ _tag: "AppendUnknown", messageId: first.messageId, cause: "timeout" })
    worker.settle(["Append"])
    const second = worker.take("Append")
    expect(second.messageId).toBe(first.messageId)
    expect(second.bytes).toEqual(first.bytes)
    worker.broker.append(first.expectedSeq, first.messageId, first.bytes)
    worker.put({ _tag: "AppendUnknown", messageId: second.messageId, cause: "10071 wrong last sequence" })
    worker.settle()
    expect(worker.partition.phase).toBe("serving")
    expect(saidOf(worker.broker, "c1")).toMatchObject({ outcome: "accepted" })
    expect(worker.broker.journal).toHaveLength(second.expectedSeq + 1)
  })

  it("10: has one record in flight and decides nothing further until it is confirmed", () => {
    const worker = serving(10)
    worker.send("web", reserve("c1", "r1", 1))
    worker.send("web", reserve("c2", "r2", 1))
    expect(worker.all("Append")).toHaveLength(1)
    worker.settle()
    expect(
      worker.broker
        .records()
        .slice(-2)
        .map(({ entries }) => entries.length),
    ).toEqual([2, 2])
  })

  it("37: resends after no responders, never answering 'failed'", () => {
    const worker = serving(10)
    worker.send("web", reserve("c1", "r1", 1))
    const append = worker.take("Append")
    worker.put({ _tag: "AppendUnknown", messageId: append.messageId, cause: "503 no responders" })
    worker.take("ReadJournalEnd")
    worker.put({ _tag: "ReadFailed", what: "JournalEnd" })
    worker.nowMs += 10_000
    worker.put({ _tag: "Tick" })
    worker.settle()
    expect(allSaidOf(worker.broker, "c1").map(({ outcome }) => outcome)).toEqual(["accepted"])
  })

  it("37: pauses between attempts at a broker that refuses at once", () => {
    const worker = serving(10)
    worker.send("web", reserve("c1", "r1", 1))
    let attempts = 0
    const refuse = (): void => {
      while (worker.has("Append")) {
        attempts++
        worker.put({ _tag: "AppendUnknown", messageId: worker.take("Append").messageId, cause: "503 no responders" })
        worker.settle(["Append"])
      }
    }
    refuse()
    expect(attempts).toBe(2)
    worker.tick(1_000)
    refuse()
    expect(attempts).toBe(3)
    worker.tick(1_000).settle()
    expect(saidOf(worker.broker, "c1")).toMatchObject({ outcome: "accepted" })
  })

  it("42: closes a batch before the record's bound", () => {
    const worker = serving(1_000_000)
    worker.send("web", reserve("c0", "r0", 1))
    const array = Array.from({ length: 20_000 }, (_, i) => reserve(`c${i + 1}`, `r${i + 1}`, 1))
    for (let i = 0; i < array.length; i += 100)
      worker.arrive(worker.broker.store("web", "sell", "A", JSON.stringify(array.slice(i, i + 100))))
    worker.settle()
    expect(worker.broker.journal.every(({ bytes }) => bytes.length <= recordBytesMax)).toBe(true)
    expect(worker.broker.journal.length).toBeGreaterThan(8)
    expect(reservedQty(worker)).toBe(20_001)
  })
})

describe("hazards of ownership", () => {
  it("11: fences a zombie by the claim that stands where its record should", () => {
    const zombie = serving(10)
    const owner = new Worker(zombie.broker, "b").serve()
    zombie.send("web", reserve("c1", "r1", 4))
    zombie.settle()
    expect(zombie.take("SteppedDown").reason).toBe("Fenced")
    expect(owner.partition.epoch).toBe(2)
  })

  it("12: a zombie says nothing that isn't journaled", () => {
    const zombie = serving(10)
    const owner = new Worker(zombie.broker, "b").serve()
    zombie.send("web", reserve("c1", "r1", 10))
    zombie.settle()
    expect(allSaidOf(zombie.broker, "c1")).toEqual([])
    owner.put({ _tag: "CommandsArrived", messages: [...zombie.broker.commands.values()] })
    owner.settle()
    expect(saidOf(zombie.broker, "c1")).toMatchObject({ outcome: "accepted" })
    expect(zombie.broker.replies.at(-1)?.epoch).toBe(2)
  })

  it("13: reads to the journal's end before it claims, and claims there", () => {
    const worker = serving(10)
    const next = new Worker(worker.broker, "b").follow()
    const follow = next.take("FollowJournal")
    next.put({ _tag: "RecordsRead", records: worker.broker.journal.slice(follow.fromSeq - 1, 2) })
    worker.send("web", reserve("c1", "r1", 4))
    worker.settle()
    next.claim()
    next.settle(["Append"])
    expect(next.take("Append").expectedSeq).toBe(worker.broker.journal.length)
    expect(reservedQty(next)).toBe(4)
  })

  it("22: a crash after the append and before anything else leaves a state that the next owner rebuilds", () => {
    const worker = serving(10)
    worker.send("web", reserve("c1", "r1", 4))
    const append = worker.take("Append")
    worker.broker.append(append.expectedSeq, append.messageId, append.bytes)
    const next = new Worker(worker.broker, "b").serve()
    expect(reservedQty(next)).toBe(4)
    expect(saidOf(worker.broker, "c1")).toMatchObject({ outcome: "accepted" })
  })

  it("23: a crash after deciding and before the append leaves nothing behind", () => {
    const worker = serving(10)
    const before = hashOf(worker)
    worker.send("web", reserve("c1", "r1", 4))
    worker.take("Append")
    expect(reservedQty(worker)).toBe(4)
    const next = new Worker(worker.broker, "b").follow().claim()
    next.settle(["ReadCommands"])
    expect(reservedQty(next)).toBe(0)
    expect(hashOf(next)).toBe(before)
  })

  it("29: a new owner expires what the old one had armed", () => {
    const worker = serving(10)
    worker.send("web", reserve("c1", "r1", 4, { holdMs: 5_000 }))
    worker.settle()
    const next = new Worker(worker.broker, "b").serve()
    next.tick(10_000).settle()
    expect(reservedQty(next)).toBe(0)
  })
})

/** A record that still parses and says something else, under the seal that it had. */
const damaged = (record: StoredRecord, from: string, to: string): StoredRecord => ({
  ...record,
  bytes: new TextEncoder().encode(new TextDecoder().decode(record.bytes).replaceAll(from, to)),
})

/** Bytes changed on purpose, and sealed again: as a release that writes so would have. */
const rewritten = (bytes: Uint8Array, from: RegExp | string, to: string): Uint8Array => {
  const open = Buffer.from(
    new TextDecoder()
      .decode(bytes)
      .replace(from, to)
      .replace(/,"sum":"[0-9a-f]{8}"}$/, ""),
  )
  return Buffer.concat([open, Buffer.from(sealOf(open, open.length))])
}

/** A record in a format that this release does not know. */
const ofNewerRelease = (record: StoredRecord): StoredRecord => ({
  ...record,
  bytes: rewritten(record.bytes, `"v":${recordVersion},`, '"v":99,'),
})

/** The newest record turns out to be a newer release's. */
const makeNewestNewer = (broker: Broker): void => {
  broker.journal.push(ofNewerRelease(broker.journal.pop() as StoredRecord))
}

describe("hazards of the journal", () => {
  it("16: halts at a record that was changed, and at one that is missing", () => {
    for (const damage of ["changed", "missing"]) {
      const { broker } = serving(10)
      const third = broker.journal[2]
      if (third === undefined) throw new Error("three records")
      if (damage === "missing") broker.journal.splice(2, 1)
      else broker.journal[2] = damaged(third, '"qty":10', '"qty":11')
      const next = new Worker(broker, "b").follow().claim()
      next.settle(["Halted"])
      expect(next.take("Halted").halt.reason).toBe("ChainBroken")
    }
  })

  it("16: halts at a newest record that was damaged and still parses, instead of reigning upon it", () => {
    const { broker } = serving(10)
    const last = broker.journal.findLast(({ bytes }) => new TextDecoder().decode(bytes).includes('"qty":10'))
    if (last === undefined) throw new Error("a record that receives stock")
    // The newest record: none after it says what its hash should be. A bit in each place makes 11 of 10.
    broker.journal = broker.journal.slice(0, last.seq)
    broker.witness = null
    broker.journal[last.seq - 1] = damaged(last, '"qty":10', '"qty":11')
    const next = new Worker(broker, "b").follow().claim()
    next.settle(["Halted"])
    expect(next.take("Halted").halt).toMatchObject({ reason: "ChainBroken", detail: expect.stringContaining("checksum") as unknown })
    expect(next.has("Serving")).toBe(false)
    expect(broker.journal).toHaveLength(last.seq)
  })

  it("17: refuses an emptied journal whose incarnation is known", () => {
    const { broker } = serving(10)
    broker.journal = []
    new Worker(broker, "b").follow().claim().outlastFormerLeader()
    expect(broker.halt?.reason).toBe("JournalEmpty")
    expect(broker.journal).toEqual([])
  })

  it("17: refuses a journal that ends before what a witness saw, and an operator's resume is journaled", () => {
    const worker = serving(10)
    worker.send("web", reserve("c1", "r1", 4))
    worker.settle()
    worker.tick(2_000)
    worker.broker.journal.pop()
    new Worker(worker.broker, "b").follow().claim().outlastFormerLeader()
    const { halt } = worker.broker
    expect(halt?.reason).toBe("JournalLostTail")
    const again = new Worker(worker.broker, "c").follow().claim()
    again.settle()
    expect(again.partition.phase).toBe("stopped")
    expect(worker.broker.halt).toEqual(halt)
    if (halt !== null) worker.broker.halt = { ...halt, resume: { by: "ops", reason: "disk lost, accepted" } }
    const resumed = new Worker(worker.broker, "d").serve()
    expect(resumed.partition.phase).toBe("serving")
    const resume = worker.broker.records().find(({ kind }) => kind === "operator")
    expect(resume?.entries).toMatchObject([{ _tag: "Resumed", by: "ops", haltReason: "JournalLostTail", lostAfterSeq: 4 }])
    expect(worker.broker.halt).toBeNull()
  })

  it("17: refuses another cluster's journal", () => {
    const { broker } = serving(10)
    broker.incarnation = "another"
    const next = new Worker(broker, "b").follow().claim()
    next.settle(["Halted"])
    expect(next.take("Halted").halt.reason).toBe("ForeignJournal")
  })

  it("40: replays what a former release decided without deciding again", () => {
    const worker = serving(10)
    worker.send("web", reserve("c1", "r1", 4))
    worker.settle()
    // A release whose rules would have refused: replay must not ask them.
    const next = new Worker(worker.broker, "b", { ...protocolRules, checks: [] }).serve()
    expect(hashOf(next)).toBe(hashOf(worker))
  })

  it("40: a worker of an older release steps aside for the owner of a newer one, and stops nobody", () => {
    for (const role of ["standby", "claimant"] as const) {
      const owner = serving(10)
      const { broker } = owner
      const standby = new Worker(broker, "b")
      if (role === "standby") standby.follow().settle()
      const known = broker.journal.length
      owner.send("web", reserve("c1", "r1", 4))
      owner.settle()
      const asOlderSeesIt = [...broker.journal.slice(0, -1), ofNewerRelease(broker.journal.at(-1) as StoredRecord)]
      if (role === "standby") standby.put({ _tag: "RecordsRead", records: asOlderSeesIt.slice(known) })
      else {
        standby.follow().claim()
        standby.take("FollowJournal")
        standby.settle(["ReadRecords"])
        const { fromSeq, toSeq } = standby.take("ReadRecords")
        standby.put({ _tag: "RecordsRead", records: asOlderSeesIt.slice(fromSeq - 1, toSeq) })
      }
      expect(standby.take("SteppedDown"), role).toMatchObject({
        reason: "NewerRelease",
        detail: expect.stringContaining("version 99") as unknown,
      })
      expect(standby.take("Alarm").kind).toBe("NewerRelease")
      for (const tag of ["Halted", "Append", "Serving"] as const) expect(standby.has(tag)).toBe(false)
      owner.send("web", reserve("c2", "r2", 4))
      owner.settle()
      expect(saidOf(broker, "c2")).toMatchObject({ outcome: "accepted" })
      expect(broker.halt).toBeNull()
    }
  })

  it("40: an owner of an older release that meets a newer one's claim is fenced, and halts nothing", () => {
    const zombie = serving(10)
    const { broker } = zombie
    new Worker(broker, "b").serve()
    makeNewestNewer(broker)
    zombie.send("web", reserve("c1", "r1", 4))
    zombie.settle()
    expect(zombie.take("SteppedDown").reason).toBe("Fenced")
    expect(broker.halt).toBeNull()
  })

  it("40: a claimant of an older release that loses to a newer one reads its claim and steps aside", () => {
    const { broker } = serving(10)
    const older = new Worker(broker, "b").follow().claim()
    older.settle(["Append"])
    new Worker(broker, "c").serve()
    makeNewestNewer(broker)
    older.settle()
    expect(older.take("SteppedDown").reason).toBe("NewerRelease")
    expect(broker.halt).toBeNull()
  })
})

/** Decodes what is called poison to a command that only deciding reads, and whose deciding throws: as a defect in the rules would. */
const defective: SkuEngineCodec = {
  ...engineCodec,
  commandText: () => "text of a command that only deciding reads",
  // What can be decided or not is asked for while deciding alone.
  contentHash: (command) => engineCodec.contentHash({ ...command }),
  decodeBatch: (stored) => {
    const decoded = engineCodec.decodeBatch(stored)
    if (decoded._tag !== "Batch" || !new TextDecoder().decode(stored).includes("poison")) return decoded
    const explode = (): never => {
      throw new Error("a defect")
    }
    const spoilt = (body: SkuDecodedBody): SkuDecodedBody => {
      if (body._tag !== "Commands") return body
      const commands = body.commands.map((one) =>
        one._tag === "Command" && one.command.type === "Reserve"
          ? { ...one, command: Object.defineProperty({ ...one.command }, "locations", { enumerable: false, get: explode }) }
          : one,
      )
      return { ...body, commands }
    }
    const messages = decoded.batch.messages.map((message) => ({ ...message, body: spoilt(message.body) }))
    return { ...decoded, batch: { ...decoded.batch, messages } }
  },
}

/** A serving worker with 10 units whose release has the defect. */
const poisoned = (): Worker => Object.assign(serving(10), { step: makeStep({ codec: defective, rules: protocolRules }) })

describe("hazards of reading commands", () => {
  it("18: passes over what a reader that starts anew delivers again", () => {
    const worker = serving(10)
    worker.send("web", reserve("c1", "r1", 4))
    worker.settle()
    const records = worker.broker.journal.length
    worker.arrive(...worker.broker.commands.values())
    worker.settle()
    expect(worker.broker.journal).toHaveLength(records)
  })

  it("21: quarantines a command whose deciding throws, goes on, and lets an operator replay or drop it", () => {
    const worker = poisoned()
    worker.send("web", reserve("poison", "r1", 4))
    worker.send("web", reserve("c2", "r2", 4))
    worker.settle()
    expect(saidOf(worker.broker, "poison")).toMatchObject({ outcome: "quarantined", quarantined: "5-0" })
    expect(saidOf(worker.broker, "c2")).toMatchObject({ outcome: "accepted" })
    worker.send("ops", json("ReplayQuarantined", { id: "o1", quarantined: "5-0" }))
    worker.settle()
    expect(saidOf(worker.broker, "o1")).toMatchObject({ outcome: "refused", reason: "StillUndecidable" })
    const fixed = new Worker(worker.broker, "b").serve()
    fixed.send("ops", json("ReplayQuarantined", { id: "o2", quarantined: "5-0" }))
    fixed.settle()
    expect(saidOf(worker.broker, "poison")).toMatchObject({ outcome: "accepted", qty: 4 })
    fixed.send("ops", json("DropQuarantined", { id: "o3", quarantined: "5-0", reason: "gone" }))
    fixed.settle()
    expect(saidOf(worker.broker, "o3")).toMatchObject({ outcome: "refused", reason: "NotQuarantined" })
  })

  it("21: drops nothing that was decided meanwhile: the retry's decision is the quarantined command's too", () => {
    const worker = poisoned()
    const command = reserve("poison", "r1", 4)
    worker.send("web", command)
    worker.settle()
    const fixed = new Worker(worker.broker, "b").serve()
    fixed.send("web", command)
    fixed.settle()
    fixed.send("ops", json("DropQuarantined", { id: "o1", quarantined: "5-0", reason: "gone" }))
    fixed.settle()
    expect(saidOf(worker.broker, "o1")).toMatchObject({ outcome: "accepted" })
    const finals = allSaidOf(worker.broker, "poison").filter(({ outcome }) => outcome !== "quarantined")
    expect(finals).toMatchObject([{ outcome: "accepted" }, { outcome: "accepted", repeated: true }])
    expect(fixed.partition.quarantine.size).toBe(0)
  })

  it("11: gives its claim up when it is found with another's after it, instead of serving or saying anything, and follows on", () => {
    const { broker } = serving(10)
    const zombie = new Worker(broker, "d").follow().claim()
    zombie.settle(["Append"])
    const unheard = zombie.take("Append")
    broker.append(unheard.expectedSeq, unheard.messageId, unheard.bytes)
    new Worker(broker, "e").serve()
    const feed = broker.feed.length
    zombie.put({ _tag: "AppendUnknown", messageId: unheard.messageId, cause: "no answer" })
    zombie.settle()
    expect(zombie.all("ClaimEnded")).toEqual([{ _tag: "ClaimEnded", reason: "Fenced" }])
    expect(zombie.all("SteppedDown")).toEqual([])
    expect(zombie.has("Serving")).toBe(false)
    expect(zombie.partition).toMatchObject({ phase: "following", confirmedSeq: broker.journal.length })
    expect(broker.feed).toHaveLength(feed)
  })

  it("24: decides each command of a batch for itself, and whoever reads the record says the same", () => {
    const worker = serving(10)
    const body = [reserve("c1", "r1", 4), { ...reserve("c2", "r2", 4), qty: -1 }, reserve("c3", "r3", 40)]
    worker.arrive(worker.broker.store("web", "sell", "A", JSON.stringify(body)))
    worker.settle()
    const said = worker.broker.replies.at(-1)
    expect(said?.decisions.map(({ id, outcome }) => [id, outcome])).toEqual([
      ["c1", "accepted"],
      ["c2", "refused"],
      ["c3", "refused"],
    ])
    expect(said?.decisions[1]).toMatchObject({ reason: "InvalidField", field: "qty" })
    worker.broker.replies = []
    const next = new Worker(worker.broker, "b").follow().claim()
    next.settle(["StoreWitness"])
    next.reign.publishing.republishAfterSeq = 2
    next.reign.republishAgainAtMs = 0
    next.tick().settle()
    expect(worker.broker.replies.find(({ suffix }) => suffix === said?.suffix)?.decisions).toEqual(said?.decisions)
  })

  it("43: notices that the commands stream lost its tail, resets to the last common message and loses no command", () => {
    const worker = serving(10)
    for (let n = 1; n <= 3; n++) {
      worker.send("web", reserve(`c${n}`, `r${n}`, 1))
      worker.settle()
    }
    const { broker } = worker
    for (const seq of [4, 5]) broker.commands.delete(seq)
    broker.lastSeq = 3
    broker.store("web", "sell", "A", JSON.stringify(reserve("new", "r9", 1)), { brokerMs: startMs + 50_000 })
    broker.store("web", "sell", "A", JSON.stringify(reserve("new2", "r10", 1)), { brokerMs: startMs + 50_001 })
    worker.tick(2_000).settle()
    expect(worker.all("Alarm").some(({ kind }) => kind === "CommandsLostTail")).toBe(true)
    expect(broker.records().find(({ kind }) => kind === "reset")?.cursor.seq).toBe(3)
    expect(saidOf(broker, "new")).toMatchObject({ outcome: "accepted" })
    expect(saidOf(broker, "new2")).toMatchObject({ outcome: "accepted" })
    expect(reservedQty(worker)).toBe(5)
  })

  it("43: says what could not be stored in the feed while the reset was on its way, though nothing more is decided", () => {
    const worker = serving(10)
    const { broker } = worker
    worker.send("web", reserve("c1", "r1", 1))
    worker.settle(["SendFeed"])
    const { group } = worker.take("SendFeed")
    broker.commands.clear()
    broker.lastSeq = 0
    worker.tick(2_000)
    expect(worker.partition.inFlight?.record.kind).toBe("reset")
    worker.put({ _tag: "FeedFailed", group })
    expect(worker.has("SendFeed")).toBe(false)
    worker.settle(["SendFeed"])
    expect(worker.partition.inFlight).toBeNull()
    expect(worker.take("SendFeed").values.map(({ channel, ats }) => [channel, ats])).toEqual([
      ["web", 9],
      ["shop", 9],
    ])
  })

  it("43: starts again at the first message when none is common, and executes nothing twice", () => {
    const worker = serving(10)
    const command = reserve("c1", "r1", 1)
    worker.send("web", command)
    worker.settle()
    worker.broker.commands.clear()
    worker.broker.lastSeq = 0
    worker.broker.store("web", "sell", "A", JSON.stringify(command), { brokerMs: startMs + 50_000 })
    worker.broker.store("web", "sell", "A", JSON.stringify(reserve("c2", "r2", 1)), { brokerMs: startMs + 50_000 })
    const next = new Worker(worker.broker, "b").serve()
    expect(worker.broker.records().find(({ kind }) => kind === "reset")?.cursor.seq).toBe(0)
    expect(saidOf(worker.broker, "c1")).toMatchObject({ outcome: "accepted", repeated: true })
    expect(reservedQty(next)).toBe(2)
  })

  /** A worker that decided the commands of sequences 3 and 4; the stream then loses `lost` of them, and as many others take their sequences. */
  const overwritten = (lost: number): Worker => {
    const worker = serving(10)
    for (const n of [1, 2]) worker.send("web", reserve(`c${n}`, `r${n}`, 1))
    worker.settle()
    loseAndStore(worker.broker, lost)
    return worker
  }
  const loseAndStore = (broker: Broker, lost: number): void => {
    for (let i = 0; i < lost; i++) broker.commands.delete(broker.lastSeq--)
    for (let i = 0; i < lost; i++)
      broker.store("web", "sell", "A", JSON.stringify(reserve(`new${i}`, `n${i}`, 1)), { brokerMs: startMs + 50_000 + i })
  }

  it("43: looks at the cursor before it reads on where a reading broke, and decides what took the place of what was lost", () => {
    const worker = overwritten(2)
    worker.broker.store("web", "sell", "A", JSON.stringify(reserve("new2", "n2", 1)), { brokerMs: startMs + 50_002 })
    expect(worker.put({ _tag: "ReadingBroke" })).toEqual([{ _tag: "ReadCommandAt", seq: 4 }])
    worker.settle()
    expect(worker.broker.records().find(({ kind }) => kind === "reset")?.cursor.seq).toBe(2)
    for (const id of ["new0", "new1", "new2"]) expect(saidOf(worker.broker, id)).toMatchObject({ outcome: "accepted" })
  })

  it("43: reads on from the cursor where a reading broke and nothing was lost", () => {
    const worker = overwritten(0)
    worker.put({ _tag: "ReadingBroke" })
    worker.settle()
    worker.send("web", reserve("c3", "r3", 1))
    worker.settle()
    expect(saidOf(worker.broker, "c3")).toMatchObject({ outcome: "accepted" })
    expect(worker.broker.records().some(({ kind }) => kind === "reset")).toBe(false)
  })

  it("43: forgets what had arrived when the reading broke, and takes nothing before it reads again", () => {
    const worker = serving(10)
    worker.send("web", reserve("c1", "r1", 1))
    // Its append is under way: what follows waits.
    const old = worker.send("web", reserve("c2", "r2", 1))
    worker.put({ _tag: "ReadingBroke" })
    worker.arrive(old)
    worker.broker.commands.delete(old.seq)
    worker.broker.lastSeq = old.seq - 1
    worker.broker.store("web", "sell", "A", JSON.stringify(reserve("new", "n", 1)), { brokerMs: startMs + 50_000 })
    worker.settle()
    expect(saidOf(worker.broker, "c1")).toMatchObject({ outcome: "accepted" })
    expect(saidOf(worker.broker, "new")).toMatchObject({ outcome: "accepted" })
    expect(saidOf(worker.broker, "c2")).toBeUndefined()
  })

  it("43: decides nothing of a reading before the cursor was looked at again, for the tail may be lost between a look and the reading after it", () => {
    const worker = overwritten(0)
    worker.put({ _tag: "ReadingBroke" })
    worker.settle(["ReadCommands"])
    loseAndStore(worker.broker, 1)
    worker.broker.store("web", "sell", "A", JSON.stringify(reserve("after", "n9", 1)), { brokerMs: startMs + 50_009 })
    worker.settle(["ReadCommandAt"])
    // Whoever took over now would find the cursor as it is journaled.
    expect(worker.broker.records().at(-1)?.cursor.seq).toBe(4)
    worker.settle()
    for (const id of ["new0", "after"]) expect(saidOf(worker.broker, id)).toMatchObject({ outcome: "accepted" })
    expect(worker.broker.records().find(({ kind }) => kind === "reset")?.cursor.seq).toBe(3)
  })

  it("43: does not take an answer from before a reading for proof of what it brings", () => {
    const worker = overwritten(0)
    worker.put({ _tag: "ReadingBroke" })
    worker.settle(["ReadCommands"])
    // Asked by the clock, answered before the loss, heard after it.
    worker.nowMs += 2_000
    worker.put({ _tag: "Tick" })
    const seen = worker.broker.commands.get(4) ?? null
    loseAndStore(worker.broker, 1)
    worker.broker.store("web", "sell", "A", JSON.stringify(reserve("after", "n9", 1)), { brokerMs: startMs + 50_009 })
    worker.answer(worker.take("ReadCommands"))
    worker.take("ReadCommandAt")
    worker.put({ _tag: "CommandAtRead", seq: 4, message: seen, firstSeq: 1, lastSeq: 4, nextSeq: null, fill: 0 })
    worker.settle()
    for (const id of ["new0", "after"]) expect(saidOf(worker.broker, id)).toMatchObject({ outcome: "accepted" })
  })

  it("43: lets holds end while a reading that broke and nothing came of is not yet trusted", () => {
    const worker = serving(10)
    worker.send("web", reserve("c1", "r1", 1, { holdMs: 1_000 }))
    worker.settle()
    worker.put({ _tag: "ReadingBroke" })
    worker.settle()
    worker.nowMs += 1_500
    worker.put({ _tag: "BrokerTimeSeen", brokerMs: worker.nowMs })
    worker.tick().settle()
    expect(reservedQty(worker)).toBe(0)
  })

  it("43: asks nobody and reads no more where a reading breaks of an owner that is leaving, of one that searches already, or of none", () => {
    const leaving = overwritten(0)
    leaving.send("web", reserve("c3", "r3", 1))
    leaving.put({ _tag: "Drain" })
    expect(leaving.put({ _tag: "ReadingBroke" })).toEqual([])
    leaving.settle()
    expect(leaving.take("ReignEnded").reason).toBe("Drained")
    const searching = overwritten(2)
    searching.put({ _tag: "ReadingBroke" })
    searching.answer(searching.take("ReadCommandAt"))
    expect(searching.put({ _tag: "ReadingBroke" })).toEqual([])
    const standby = new Worker(searching.broker, "b").follow()
    standby.settle()
    expect(standby.put({ _tag: "ReadingBroke" })).toEqual([])
    standby.put({ _tag: "Claim", owner: "b", incarnation: "i" })
    expect(standby.put({ _tag: "ReadingBroke" })).toEqual([])
  })

  it("43: takes a look at the cursor that fails for a break: a leader that knows less may come, and a reading may outlive that", () => {
    const worker = serving(10)
    worker.send("web", reserve("c1", "r1", 1))
    worker.settle(["Append"])
    // The journal does not answer either: what follows waits, and is lost.
    const old = worker.send("web", reserve("c2", "r2", 1))
    worker.nowMs += 2_000
    worker.put({ _tag: "Tick" })
    worker.take("ReadCommandAt")
    worker.put({ _tag: "ReadFailed", what: "CommandAt" })
    worker.settle()
    worker.arrive(old)
    loseAndStore(worker.broker, 1)
    const after = worker.broker.store("web", "sell", "A", JSON.stringify(reserve("after", "n9", 1)), { brokerMs: startMs + 50_009 })
    worker.arrive(after).settle()
    expect(worker.partition.cursor.seq).toBe(3)
    worker.tick(500).settle()
    for (const id of ["c1", "new0", "after"]) expect(saidOf(worker.broker, id)).toMatchObject({ outcome: "accepted" })
  })

  it("43: asks again for the cursor that could not be read when the reading broke, and reads on then", () => {
    const worker = overwritten(2)
    worker.put({ _tag: "ReadingBroke" })
    worker.take("ReadCommandAt")
    worker.put({ _tag: "ReadFailed", what: "CommandAt" })
    expect(worker.has("ReadCommands")).toBe(false)
    worker.tick(500).settle()
    for (const id of ["new0", "new1"]) expect(saidOf(worker.broker, id)).toMatchObject({ outcome: "accepted" })
  })

  it("46: replies only under the sender's own prefix, whatever the message says", () => {
    const worker = serving(10)
    const storeWith = (id: string, reply: string) => {
      const body = new TextEncoder().encode(JSON.stringify(reserve(id, id, 1)))
      const sent = { sender: "web" as SenderId, class: "sell" as const, key: "A" as Sku, reply, publishedMs: worker.nowMs }
      worker.arrive(worker.broker.storeBytes(storedAlone(0, worker.broker.lastSeq + 1, sent, body).body))
      worker.settle()
    }
    for (const [n, reply] of ["a.>", "*", "a..b", "a.b.c.d", "x".repeat(200), "", "a b"].entries()) {
      worker.broker.replies = []
      storeWith(`c${n}`, reply)
      expect(worker.broker.replies).toEqual([])
    }
    storeWith("ok", "inbox.7")
    expect(worker.broker.replies).toMatchObject([{ sender: "web", suffix: "inbox.7" }])
  })

  it("47: lets no channel confirm, extend or release another's reservation", () => {
    const worker = serving(10)
    worker.send("web", reserve("c1", "r1", 4))
    worker.send("shop", json("Confirm", { id: "x1", reservation: "r1" }))
    worker.send("shop", json("Release", { id: "x2", reservation: "r1", reason: "other" }))
    worker.send("shop", json("Extend", { id: "x3", reservation: "r1", holdMs: 1_000 }))
    worker.settle()
    for (const id of ["x1", "x2", "x3"])
      expect(saidOf(worker.broker, id)).toMatchObject({ outcome: "refused", reason: "UnknownReservation" })
    expect(reservedQty(worker)).toBe(4)
  })

  it("48: passes over what is no command, attributing it to nobody", () => {
    const worker = serving(10)
    worker.arrive(worker.broker.storeBytes(new TextEncoder().encode('{"stream":"HF_STORED_SKU","seq":12}')))
    worker.arrive(worker.broker.storeBytes(new TextEncoder().encode("x"), { subject: "hf.cmd.web.sell.sku.A" }))
    worker.send("web", reserve("c1", "r1", 4))
    worker.settle()
    expect(saidOf(worker.broker, "c1")).toMatchObject({ outcome: "accepted" })
    expect(worker.partition.senders.has("" as never)).toBe(false)
    expect(worker.partition.cursor.seq).toBe(5)
  })
})

describe("hazards of snapshots", () => {
  const snapshotted = (): Worker => {
    const worker = new Worker(new Broker(), "a", protocolRules, 3).serve()
    worker.send("dc", json("ReceiveStock", { location: "L", qty: 10 }))
    worker.send("boss", json("SetPolicy", { policy: policyFor("web", "shop") }))
    worker.send("web", reserve("c1", "r1", 4))
    worker.settle()
    for (let i = 0; i < 10; i++) worker.tick(10)
    worker.settle()
    return worker
  }

  it("25: loads a snapshot behind the journal and replays the rest", () => {
    const worker = snapshotted()
    expect(worker.broker.manifest).not.toBeNull()
    worker.send("web", reserve("c2", "r2", 1))
    worker.settle()
    const next = new Worker(worker.broker, "b").serve()
    expect(next.partition.loadedSnapshot).toBe(worker.broker.manifest?.id)
    expect(hashOf(next)).toBe(hashOf(worker))
  })

  it("25: brings chunks of different ages to the same state", () => {
    const worker = new Worker(new Broker(), "a", protocolRules, 3).serve()
    worker.send("dc", json("ReceiveStock", { location: "L", qty: 1_000 }))
    worker.send("boss", json("SetPolicy", { policy: policyFor("web", "shop") }))
    worker.settle()
    for (let n = 0; n < 30; n++) {
      worker.send("web", reserve(`c${n}`, `r${n}`, 2))
      if (n % 3 === 0) worker.send("web", json("Confirm", { reservation: `r${n}` }))
      if (n % 4 === 0) worker.send("web", json("Release", { reservation: `r${n}`, reason: "cancelled" }))
      if (n % 5 === 0) worker.send("dc", json("Fulfil", { channel: "web", reservation: `r${n}`, location: "L", qty: 1 }))
      worker.put({ _tag: "Tick" })
      worker.settle()
    }
    expect(worker.broker.manifest).not.toBeNull()
    const next = new Worker(worker.broker, "b").serve()
    expect(next.partition.loadedSnapshot).not.toBeNull()
    expect(hashOf(next)).toBe(hashOf(worker))
  })

  it("25: cuts what is longer than a message into several chunks", () => {
    const worker = new Worker(new Broker(), "a", protocolRules, 3).serve()
    const safety = Array.from({ length: 250 }, (_, i) => ({ location: `location-${i}-${"x".repeat(40)}`, qty: 1 }))
    for (let n = 0; n < 60; n++) {
      worker.send("boss", json("SetPolicy", { sku: `S${n}`, policy: { ...policyFor("web"), safety } }))
      // A fact from far below the floor: quarantined with all it carries.
      worker.send("web", json("RecordSale", { mode: "taken", qty: 1, location: "L", issuedAtMs: startMs - 10 ** 9 }))
    }
    worker.settle()
    for (let i = 0; i < 40; i++) worker.tick(10)
    worker.settle()
    const chunks = worker.broker.chunks.get(worker.broker.manifest?.id ?? "") ?? []
    expect(Math.max(...chunks.map((chunk) => chunk.length))).toBeLessThanOrEqual(snapshotChunkBytesMax)
    const next = new Worker(worker.broker, "b").serve()
    expect(next.partition.loadedSnapshot).not.toBeNull()
    expect(next.partition.quarantine.size).toBe(60)
    expect(hashOf(next)).toBe(hashOf(worker))
  })

  it("26: takes a snapshot ahead of the journal for what it is: proof of a lost tail", () => {
    const worker = snapshotted()
    worker.broker.journal = worker.broker.journal.slice(0, (worker.broker.manifest?.endSeq ?? 1) - 1)
    worker.broker.witness = null
    new Worker(worker.broker, "b").follow().claim().outlastFormerLeader()
    expect(worker.broker.halt?.reason).toBe("JournalLostTail")
  })

  it("26: discards a snapshot whose end is another record, with an alarm, and replays", () => {
    const worker = snapshotted()
    const { manifest } = worker.broker
    if (manifest === null) throw new Error("a snapshot")
    worker.broker.manifest = { ...manifest, endHash: "another" }
    const next = new Worker(worker.broker, "b").follow()
    next.settle()
    expect(next.take("SteppedDown").reason).toBe("SnapshotDiscarded")
    expect(next.take("Alarm").kind).toBe("SnapshotDiscarded")
    expect(worker.broker.manifest).toBeNull()
    expect(hashOf(new Worker(worker.broker, "c").serve())).toBe(hashOf(worker))
  })

  it("40: leaves a newer release's snapshot to those who can read it, and replays", () => {
    for (const newer of ["manifest", "chunk"]) {
      const worker = snapshotted()
      const { broker } = worker
      const { manifest } = broker
      if (manifest === null) throw new Error("a snapshot")
      if (newer === "manifest") broker.manifest = { ...manifest, version: 2 as 1 }
      else {
        const [first, ...rest] = broker.chunks.get(manifest.id) ?? []
        broker.chunks.set(manifest.id, [rewritten(first as Uint8Array, /"chunkVersion":\d+/, '"chunkVersion":99'), ...rest])
      }
      const next = new Worker(broker, "b").follow()
      next.settle()
      expect(next.take("Alarm").kind).toBe("NewerRelease")
      expect(broker.manifest?.id).toBe(manifest.id)
      expect(hashOf(next)).toBe(hashOf(worker))
    }
  })

  it("27: discards another partition's snapshot, and damaged chunks", () => {
    for (const damage of ["partition", "chunk"]) {
      const worker = snapshotted()
      const { manifest } = worker.broker
      if (manifest === null) throw new Error("a snapshot")
      if (damage === "partition") worker.broker.manifest = { ...manifest, partition: 7 }
      else worker.broker.chunks.set(manifest.id, [new Uint8Array([1, 2, 3]), ...(worker.broker.chunks.get(manifest.id) ?? []).slice(1)])
      const next = new Worker(worker.broker, "b").serve()
      expect(next.take("Alarm").kind).toBe("SnapshotDiscarded")
      expect(next.partition.phase).toBe("serving")
      expect(hashOf(next)).toBe(hashOf(worker))
    }
  })
})

describe("hazards of time", () => {
  it("28: journaled time never falls when the clock steps back", () => {
    const worker = serving(10)
    worker.nowMs += 5_000
    worker.send("web", reserve("c1", "r1", 1), { brokerMs: worker.nowMs })
    worker.settle()
    worker.nowMs -= 4_000
    worker.send("web", reserve("c2", "r2", 1))
    worker.settle()
    const times = worker.broker.records().map(({ atMs }) => atMs)
    expect(times).toEqual([...times].sort((a, b) => a - b))
  })

  it("30: lets a confirm before the hold's end win, and one after it lose", () => {
    for (const [afterMs, outcome] of [
      [4_000, "accepted"],
      [6_000, "refused"],
    ] as const) {
      const worker = serving(10)
      worker.send("web", reserve("c1", "r1", 4, { holdMs: 5_000 }))
      worker.settle()
      worker.nowMs += afterMs
      worker.send("web", json("Confirm", { id: "c2", reservation: "r1" }), { brokerMs: worker.nowMs })
      worker.settle()
      expect(saidOf(worker.broker, "c2")).toMatchObject({ outcome })
      worker.tick(10_000).settle()
      expect(reservedQty(worker)).toBe(outcome === "accepted" ? 4 : 0)
    }
  })

  for (const [kind, aheadMs] of [
    ["ClockAhead", 3_600_000],
    ["ClockAhead", 9_000],
    ["ClockBehind", -9_000],
    ["ClockBehind", -3_600_000],
  ] as const) {
    it(`44: an owner whose clocks are ${aheadMs} ms ahead takes facts, ends holds in time, and is told of once`, () => {
      const worker = new Worker(new Broker())
      worker.clockAheadMs = aheadMs
      worker.serve()
      worker.send("dc", json("ReceiveStock", { id: "f1", location: "L", qty: 10 }), { brokerMs: startMs })
      worker.send("boss", json("SetPolicy", { policy: policyFor("web", "shop") }), { brokerMs: startMs })
      worker.settle()
      worker.send("web", reserve("c1", "r1", 4, { holdMs: 6_000, deadlineMs: 1_000 }), { brokerMs: worker.nowMs - 500 })
      worker.send("web", reserve("c2", "r2", 1, { holdMs: 6_000, deadlineMs: 1_000 }), { brokerMs: worker.nowMs - 1_500 })
      worker.settle()
      expect(saidOf(worker.broker, "f1")).toMatchObject({ outcome: "accepted" })
      expect(saidOf(worker.broker, "c1")).toMatchObject({ outcome: "accepted", expiresAtMs: startMs + 6_000 })
      expect(saidOf(worker.broker, "c2")).toMatchObject({ outcome: "expired" })
      for (let i = 0; i < 59; i++) worker.tick(100).settle()
      expect(reservedQty(worker)).toBe(4)
      for (let i = 0; i < 3; i++) worker.tick(100).settle()
      expect(reservedQty(worker)).toBe(0)
      const told = worker.all("Alarm").map((alarm) => alarm.kind)
      expect(told).toEqual([kind])
    })
  }

  it("44: a wall clock that is set while an owner serves is told, moves nothing, and is told again only after it was right", () => {
    const worker = serving(10)
    const told = () => worker.all("Alarm").map(({ kind }) => kind)
    const pass = (ms: number) => {
      for (let passed = 0; passed < ms; passed += 500) worker.tick(500).settle()
    }
    worker.send("web", reserve("c1", "r1", 4, { holdMs: 60_000 }))
    worker.settle()
    const { atMs } = worker.partition
    worker.wallAheadMs = 3_600_000
    pass(2_500)
    expect(told()).toEqual([])
    pass(10_000)
    expect(told()).toEqual(["ClockAhead"])
    worker.wallAheadMs = 0
    pass(1_000)
    worker.wallAheadMs = -3_600_000
    pass(10_000)
    expect(told()).toEqual(["ClockAhead", "ClockBehind"])
    expect(reservedQty(worker)).toBe(4)
    expect(worker.partition.atMs).toBe(atMs)
  })

  it("44: decides nothing before a renewal was heard, for what has arrived may have waited for hours", () => {
    const worker = new Worker(new Broker()).follow()
    worker.put({ _tag: "Claim", owner: "a", incarnation: "i" })
    worker.settle()
    worker.send("dc", json("ReceiveStock", { id: "f1", location: "L", qty: 10 }), { brokerMs: startMs - 3_600_000 })
    worker.settle()
    expect(worker.broker.journal).toHaveLength(2)
    worker.hearRenewal().settle()
    expect(worker.broker.records().at(-1)).toMatchObject({ kind: "batch", atMs: startMs })
  })
})

/** The next owner as it asks for what it is to say again, and what it asks for. */
const sayingAgain = (broker: Broker) => {
  const next = new Worker(broker, "b").follow().claim()
  next.settle()
  next.put({ _tag: "Tick" })
  const { fromSeq, toSeq } = next.take("ReadForRepublish")
  return { next, fromSeq, records: broker.journal.slice(fromSeq - 1, toSeq) }
}

describe("hazards of what is said", () => {
  it("45: the next owner says again what was journaled and perhaps never said", () => {
    const worker = serving(10)
    worker.send("web", reserve("c1", "r1", 4))
    worker.settle(["SendReplies", "SendFeed"])
    expect(saidOf(worker.broker, "c1")).toBeUndefined()
    worker.broker.feed = []
    new Worker(worker.broker, "b").serve()
    expect(saidOf(worker.broker, "c1")).toMatchObject({ outcome: "accepted" })
    expect(worker.broker.feed.map(({ channel, ats }) => [channel, ats])).toContainEqual(["shop", 6])
  })

  it("45: halts where a record that is to be said again was damaged since it was read", () => {
    const worker = serving(10)
    worker.send("web", reserve("c1", "r1", 4))
    worker.settle(["SendReplies", "SendFeed"])
    const { next, records } = sayingAgain(worker.broker)
    next.put({ _tag: "RepublishRead", records: [damaged(records.at(-2) as StoredRecord, '"qty":4', '"qty":5')] })
    expect(next.take("Halted").halt.reason).toBe("ChainBroken")
    expect(saidOf(worker.broker, "c1")).toBeUndefined()
  })

  it("45: halts where a record that is to be said again is missing from what is read", () => {
    const worker = serving(10)
    for (const n of [1, 2]) worker.send("web", reserve(`c${n}`, `r${n}`, 4))
    worker.settle(["SendReplies", "SendFeed"])
    const { next, fromSeq, records } = sayingAgain(worker.broker)
    const missing = records.at(-2) as StoredRecord
    expect(missing.seq).toBeGreaterThan(fromSeq - 1)
    next.put({ _tag: "RepublishRead", records: records.filter((record) => record !== missing) })
    expect(next.take("Halted").halt).toMatchObject({
      reason: "ChainBroken",
      detail: expect.stringContaining(`record ${missing.seq} is missing`),
    })
    expect(next.has("SendReplies")).toBe(false)
  })

  it("45: says much again a few records at a time, and journals how far it is", () => {
    const worker = serving(1_000)
    const sent = Array.from({ length: 40 }, (_, n) => `c${n}`)
    for (const id of sent) {
      worker.send("web", reserve(id, `r-${id}`, 1))
      worker.settle(["SendReplies", "SendFeed"])
    }
    const next = new Worker(worker.broker, "b").follow().claim()
    next.settle()
    next.put({ _tag: "Tick" })
    const first = next.take("ReadForRepublish")
    expect(first.toSeq - first.fromSeq).toBeLessThan(10)
    next.put({ _tag: "RepublishRead", records: worker.broker.journal.slice(first.fromSeq - 1, first.toSeq) })
    // Its replies are on their way: the next part is read meanwhile, and nothing of it counts as said yet.
    expect(next.take("ReadForRepublish").fromSeq).toBe(first.toSeq + 1)
    next.send("web", reserve("new", "r-new", 1))
    next.put({ _tag: "Tick" })
    const record = next.broker.records().at(-1)
    expect(record?.publishedSeq).toBeLessThan(first.toSeq)
    const other = new Worker(worker.broker, "c").serve()
    other.settle()
    for (const id of sent) expect(saidOf(worker.broker, id)).toMatchObject({ outcome: "accepted" })
  })

  it("45: says again what it has to however much there is to decide: decisions keep a part of all replies free for it", () => {
    const worker = serving(1_000)
    const sent = Array.from({ length: 40 }, (_, n) => `c${n}`)
    for (const id of sent) {
      worker.send("web", reserve(id, `r-${id}`, 1))
      worker.settle(["SendReplies", "SendFeed"])
    }
    const next = new Worker(worker.broker, "b").follow().claim()
    const waiting: ReadonlyArray<SkuOutput["_tag"]> = ["SendReplies", "ReadForRepublish"]
    next.settle(waiting)
    const { bounds } = next.partition
    const { publishing, reignSeq } = next.reign
    const decisionsOnTheirWay = () => [...publishing.replies].filter((seq) => seq > reignSeq).length
    let decided = 0
    const decide = (count: number) => {
      for (let n = 0; n < count; n++) {
        next.send("web", reserve(`n${++decided}`, `r-n${decided}`, 1))
        next.settle(waiting)
      }
    }
    decide(2 * bounds.replyRecordsMax)
    for (let n = 0; n < 300 && publishing.republishAfterSeq !== null; n++) {
      expect(decisionsOnTheirWay()).toBeGreaterThanOrEqual(bounds.replyRecordsMax / 2)
      expect(publishing.replies.size).toBeLessThanOrEqual(bounds.replyRecordsMax + bounds.republishRecordsMax)
      // Whatever is sent, there are more decisions at once.
      const of = next.all("SendReplies").findLastIndex(({ seq }) => seq <= reignSeq)
      const at = next.out.indexOf(next.all("SendReplies")[Math.max(0, of)] as SkuOutput)
      next.answer(next.out.splice(at, 1)[0] as SkuOutput)
      decide(4)
      if (next.has("ReadForRepublish")) next.answer(next.take("ReadForRepublish"))
      next.nowMs += 1_000
      next.hearRenewal().put({ _tag: "Tick" })
      next.settle(waiting)
    }
    expect(publishing.republishAfterSeq).toBeNull()
    next.settle()
    for (const id of sent) expect(saidOf(worker.broker, id)).toMatchObject({ outcome: "accepted" })
  })

  it("45: asks again in a while where nothing could be read to be said again", () => {
    const worker = serving(10)
    worker.send("web", reserve("c1", "r1", 4))
    worker.settle(["SendReplies", "SendFeed"])
    const { next } = sayingAgain(worker.broker)
    next.put({ _tag: "RepublishRead", records: [] })
    expect(next.has("ReadForRepublish")).toBe(false)
    next.nowMs += 1_000
    next.put({ _tag: "Tick" })
    expect(next.has("ReadForRepublish")).toBe(true)
  })

  it("45: a former owner puts no older value over its successor's", () => {
    const zombie = serving(10)
    const owner = new Worker(zombie.broker, "b").serve()
    owner.send("web", reserve("c1", "r1", 4))
    owner.settle(["SendFeed"])
    const { values } = owner.take("SendFeed")
    for (const value of values) zombie.seeFeed(value)
    zombie.seeFeed(lateFor("web", 3, 10))
    expect(zombie.has("SendFeed")).toBe(false)
  })

  it("copies a partition with an append in flight, and original and copy go on alike", () => {
    const worker = serving(10)
    worker.send("web", reserve("c1", "r1", 4))
    const copy = copyPartition(worker.partition)
    const append = worker.take("Append")
    const ack = {
      _tag: "AppendAcked",
      nowMs: worker.nowMs,
      messageId: append.messageId,
      seq: append.expectedSeq + 1,
      duplicate: false,
    } as const
    expect(worker.step(copy, ack)).toEqual(worker.step(worker.partition, ack))
  })
})

/** A value of SKU A that its owner gave up waiting for: the feed stores it after newer ones. */
const lateFor = (channel: string, version: number, ats: number): AtsValue => ({
  channel: channel as SenderId,
  sku: "A" as Sku,
  ats,
  version,
  delta: 0,
  cause: "Reserved",
  atMs: startMs,
})

describe("hazards of a feed whose last words are a former owner's", () => {
  /** What a worker leaves behind whose newest record is about another SKU: nobody says anything of A again because of that record. */
  const leftBy = (worker: Worker): Broker => {
    worker.settle()
    worker.send("dc", json("ReceiveStock", { sku: "B", location: "L", qty: 1 }))
    worker.settle()
    return worker.broker
  }
  /** 6 of 10 units are left since the newest record but one, said to web and shop. The owner is gone. */
  const abandoned = (): Broker => {
    const worker = serving(10)
    worker.send("web", reserve("c1", "r1", 4))
    return leftBy(worker)
  }
  /** A worker that had a former owner's value told to it after it sent its own, which it was not told of yet. */
  const overtaken = () => {
    const worker = serving(10)
    worker.send("web", reserve("c1", "r1", 2))
    worker.settle(["SendFeed"])
    const { group, values } = worker.take("SendFeed")
    worker.put({ _tag: "FeedSent", group })
    worker.seeFeed(lateFor("web", 4, 10))
    return { worker, sent: values }
  }
  const lastOf = (broker: Broker, channel: string) => broker.feedNow().find((value) => value.channel === channel && value.sku === "A")
  const repairs = (worker: Worker) => worker.all("Alarm").filter(({ kind }) => kind === "FeedRepaired")

  it("50: stores the present value over one that landed late between two reigns", () => {
    const broker = abandoned()
    broker.feed.push(lateFor("web", 4, 10))
    const next = new Worker(broker, "b").serve()
    expect(lastOf(broker, "web")).toMatchObject({ ats: 6, version: 5 })
    expect(repairs(next)).toHaveLength(1)
  })

  it("50: stores the present value over one that lands late once the next owner watches", () => {
    const broker = abandoned()
    // Long ago, and no longer among what a new owner looks at.
    broker.feed = []
    const next = new Worker(broker, "b").serve()
    broker.feed.push(lateFor("web", 4, 10))
    next.seeFeed(lateFor("web", 4, 10))
    next.settle()
    expect(lastOf(broker, "web")).toMatchObject({ ats: 6, version: 5 })
    expect(lastOf(broker, "shop")).toMatchObject({ ats: 6, version: 5 })
    expect(repairs(next)).toHaveLength(1)
  })

  it("50: looks at what the feed stored since a while before the former owner was last heard of, however long ago that is", () => {
    const broker = abandoned()
    const lastMs = broker.records().at(-1)?.atMs ?? 0
    const next = new Worker(broker, "b").follow().claim()
    next.nowMs += 24 * 3_600_000
    next.settle(["WatchFeed"])
    expect(next.take("WatchFeed").sinceMs).toBe(lastMs - feedLookBackMs)
  })

  it("50: leaves alone what is old and still true, and what it says itself anyway", () => {
    const broker = abandoned()
    broker.feed = [lateFor("web", 4, 6)]
    const next = new Worker(broker, "b").serve()
    expect(broker.feed).toHaveLength(1)
    next.send("web", reserve("c2", "r2", 1))
    next.settle(["Append"])
    // The record is on its way, or confirmed and its values are not yet sent, or are: each time they will stand over what is seen.
    next.seeFeed(lateFor("web", 4, 10))
    next.settle(["SendFeed"])
    next.seeFeed(lateFor("web", 4, 10))
    next.settle()
    expect(repairs(next)).toHaveLength(0)
    expect(broker.feed.map(({ channel, version }) => [channel, version])).toEqual([
      ["web", 4],
      ["web", 8],
      ["shop", 8],
    ])
  })

  it("50: stores the present value over a former owner's that replaced it before it came back", () => {
    // The feed keeps the last value of each place: what this owner stored is gone before its watch was told of it.
    const { worker } = overtaken()
    worker.settle()
    expect(repairs(worker)).toHaveLength(0)
    worker.tick(feedEchoMs)
    worker.settle()
    expect(repairs(worker)).toHaveLength(1)
    expect(worker.broker.feed.filter(({ channel }) => channel === "web").at(-1)).toMatchObject({ ats: 8, cause: "Repair" })
    worker.tick(feedEchoMs * 2)
    expect(repairs(worker)).toHaveLength(1)
  })

  it("50: waits for its own words, which are late and not lost", () => {
    const { worker, sent } = overtaken()
    for (const value of sent) worker.seeFeed(value)
    worker.tick(feedEchoMs * 2)
    worker.settle()
    expect(repairs(worker)).toHaveLength(0)
  })

  it("50: tells every channel the first time it says anything of a SKU, so that nothing from before its reign stays", () => {
    const worker = serving(10)
    const policy = policyFor("web", "shop")
    const fenced = policy.channels.map((line) => ({ ...line, fenceQty: line.channel === "web" ? 10 : 0 }))
    worker.send("boss", json("SetPolicy", { policy: { ...policy, version: 2, channels: fenced } }))
    const broker = leftBy(worker)
    const next = new Worker(broker, "b").serve()
    broker.feed = []
    // All are web's: shop has none before and after.
    for (const n of [1, 2]) {
      next.send("web", reserve(`c${n}`, `r${n}`, 1))
      next.settle()
    }
    expect(broker.feed.map(({ channel, ats }) => [channel, ats])).toEqual([
      ["web", 9],
      ["shop", 0],
      ["web", 8],
    ])
  })

  it("50: takes back from a channel that the policy no longer names what a late value offers it", () => {
    const worker = serving(10)
    worker.send("boss", json("SetPolicy", { policy: { ...policyFor("web"), version: 2 } }))
    const broker = leftBy(worker)
    broker.feed.push(lateFor("shop", 4, 10))
    new Worker(broker, "b").serve()
    expect(lastOf(broker, "shop")).toMatchObject({ ats: 0, version: 5 })
    expect(lastOf(broker, "web")).toMatchObject({ ats: 10, version: 5 })
  })

  it("50: an owner and its successor that both see a late value come to rest, with the successor's value last", () => {
    const broker = abandoned()
    const zombie = new Worker(broker, "b").serve()
    const owner = new Worker(broker, "c").serve()
    owner.send("web", reserve("c2", "r2", 1))
    owner.settle(["SendFeed"])
    const workers = [zombie, owner]
    let stored = broker.feed.length
    broker.feed.push(lateFor("web", 4, 10))
    for (let turn = 0; turn < 20; turn++) {
      for (; stored < broker.feed.length; stored++) for (const worker of workers) worker.seeFeed(broker.feed[stored] as AtsValue)
      for (const worker of workers) {
        const group = worker.all("SendFeed")[0]
        if (group === undefined) continue
        worker.out.splice(worker.out.indexOf(group), 1)
        broker.feed.push(...group.values)
        worker.put({ _tag: "FeedSent", group: group.group })
      }
    }
    expect(stored).toBe(broker.feed.length)
    expect(workers.some((worker) => worker.has("SendFeed"))).toBe(false)
    expect(lastOf(broker, "web")).toMatchObject({ ats: 5 })
    expect(lastOf(broker, "shop")).toMatchObject({ ats: 5 })
  })
})
