import { describe, expect, it } from "vitest"
import type { CommandId } from "../../src/domain/names.ts"
import type { StoredRecord } from "../../src/engine/records.ts"
import type { SkuEntry, SkuJournalRecord } from "../../src/kinds/sku/types.ts"
import { factHorizonMs, factsKeptPerSenderMax } from "../../src/limits.ts"
import {
  accepted,
  at,
  auditOf,
  auditStored,
  command,
  confirmed,
  depot,
  expired,
  foundBy,
  hall,
  journal,
  policy,
  received,
  refused,
  reopened,
  repeated,
  type Said,
  seal,
  shop,
  sku,
  startMs,
  till,
  web,
} from "./journal-builder.ts"
import { confirmA, heardReplies, type heardValues, minuteMs, opened, operated, reserveA, traded } from "./story.ts"

/** The story sealed, with one thing done to its stored records. */
const storedWith = (change: (stored: Array<StoredRecord>) => void): Array<string> => {
  const stored = seal(operated().records)
  change(stored)
  return foundBy(auditStored([stored]))
}

/** The story with one thing done to its records, and then sealed: the chain is sound. */
const sealedWith = (change: (records: Array<SkuJournalRecord>) => void): Array<string> => {
  const written = operated()
  change(written.records)
  return foundBy(auditOf(written))
}

const changeRecord = (records: Array<SkuJournalRecord>, seq: number, change: Partial<SkuJournalRecord>): void => {
  const record = records[seq - 1]
  if (record === undefined) throw new Error(`the story has no record ${seq}`)
  records[seq - 1] = { ...record, ...change }
}

const storedAt = (stored: Array<StoredRecord>, seq: number): StoredRecord => {
  const found = stored[seq - 1]
  if (found === undefined) throw new Error(`the story has no record ${seq}`)
  return found
}

describe("chain", () => {
  it("finds a record that is missing", () => {
    expect(storedWith((stored) => stored.splice(6, 1))).toContain("chain")
  })

  it("finds two records that changed places", () => {
    expect(storedWith((stored) => stored.splice(6, 2, storedAt(stored, 8), storedAt(stored, 7)))).toContain("chain")
  })

  it("finds bytes that changed, by the record after them", () => {
    const found = storedWith((stored) => stored.splice(3, 1, reopened(storedAt(stored, 4), { publishedSeq: 0 })))
    expect(found).toEqual(["chain"])
  })

  it("finds a record that can't be read", () => {
    const found = storedWith((stored) => stored.splice(19, 1, { ...storedAt(stored, 20), bytes: Buffer.from("{") }))
    expect(found).toEqual(["chain"])
  })

  it("finds a journal without its genesis record", () => {
    expect(sealedWith((records) => records.shift())).toContain("chain")
  })

  it("finds a second genesis record", () => {
    expect(sealedWith((records) => changeRecord(records, 14, { kind: "genesis" }))).toEqual(["chain"])
  })

  it("finds a record of another partition", () => {
    expect(sealedWith((records) => changeRecord(records, 14, { partition: 3 }))).toEqual(["chain"])
  })

  it("finds a record of another incarnation", () => {
    expect(sealedWith((records) => changeRecord(records, 14, { incarnation: "elsewhere" }))).toEqual(["chain"])
  })

  it("finds a record that says it was published before it was written", () => {
    expect(sealedWith((records) => changeRecord(records, 14, { publishedSeq: 14 }))).toEqual(["chain"])
  })
})

describe("epochs", () => {
  it("finds a record of somebody who doesn't reign", () => {
    expect(sealedWith((records) => changeRecord(records, 10, { owner: "first" }))).toEqual(["epochs"])
  })

  it("finds a zombie's record after the next claim", () => {
    expect(sealedWith((records) => changeRecord(records, 10, { owner: "first", epoch: 1 }))).toEqual(["epochs"])
  })

  it("finds an epoch that rises without a claim", () => {
    expect(sealedWith((records) => changeRecord(records, 8, { kind: "batch" }))).toEqual(["epochs"])
  })

  it("finds a claim that skips an epoch", () => {
    const found = sealedWith((records) => {
      for (let seq = 8; seq <= records.length; seq++) changeRecord(records, seq, { epoch: 3 })
    })
    expect(found).toEqual(["epochs"])
  })

  it("finds a claim by the owner of the reign before", () => {
    const found = sealedWith((records) => {
      for (let seq = 8; seq <= records.length; seq++) changeRecord(records, seq, { owner: "first" })
    })
    expect(found).toEqual(["epochs"])
  })

  it("finds a record that was appended under another id than its own", () => {
    const found = storedWith((stored) => stored.splice(9, 1, { ...storedAt(stored, 10), messageId: "second.2.8" }))
    expect(found).toEqual(["epochs"])
  })
})

describe("time", () => {
  it("finds a record that lies before the one it follows", () => {
    expect(sealedWith((records) => changeRecord(records, 14, { atMs: startMs }))).toEqual(["time"])
  })

  it("finds a command that is answered as expired before its deadline", () => {
    const reserve = command("Reserve", "late", { reservation: "L", qty: 1, holdMs: minuteMs, deadlineMs: 500 })
    const written = opened().batch(1_000, { sender: web, brokerMs: startMs + 600, decided: [[reserve, { _tag: "TooLate" }]] })
    expect(foundBy(auditOf(written))).toEqual(["time"])
  })

  it("finds a command that is decided after its deadline", () => {
    const confirm = command("Confirm", "late", { reservation: "A", deadlineMs: 500 })
    const written = opened().batch(1_000, { sender: web, brokerMs: startMs + 400, decided: [[confirm, accepted(confirmed(web, "A"))]] })
    expect(foundBy(auditOf(written))).toEqual(["time"])
  })

  it("finds an expiry that no deadline explains", () => {
    const written = opened().batch(1_000, { sender: web, decided: [[confirmA, { _tag: "TooLate" }]] })
    expect(foundBy(auditOf(written))).toEqual(["time"])
  })
})

describe("cursor", () => {
  it("finds a message that is taken a second time", () => {
    const again = { sender: web, seq: 4, decided: [[confirmA, accepted(confirmed(web, "A"))] as const] }
    expect(foundBy(auditOf(opened().batch(1_000, again)))).toEqual(["cursor"])
  })

  it("finds a cursor that moves on past a message nobody decided", () => {
    const found = sealedWith((records) => changeRecord(records, 6, { cursor: { stream: "stored", seq: 9, digest: "digest-9" } }))
    expect(found).toEqual(["cursor"])
  })

  it("finds a cursor that falls without a reset", () => {
    expect(sealedWith((records) => changeRecord(records, 10, { cursor: { stream: "stored", seq: 1, digest: "digest-1" } }))).toEqual([
      "cursor",
    ])
  })

  it("finds a digest that changes although nothing was taken", () => {
    expect(sealedWith((records) => changeRecord(records, 10, { cursor: { stream: "stored", seq: 13, digest: "other" } }))).toEqual([
      "cursor",
    ])
  })

  it("finds a reset from where the cursor didn't stand", () => {
    const entry = { _tag: "Reset", from: { stream: "stored", seq: 41, digest: "digest-41" }, cause: "lost tail", dropped: null } as const
    expect(sealedWith((records) => changeRecord(records, 19, { entries: [entry] }))).toEqual(["cursor"])
  })

  it("lets the messages of one record stand in another order than the stream's", () => {
    const written = opened().batch(
      1_000,
      { sender: depot, seq: 9, decided: [[command("ReceiveStock", "in-9", { location: shop, qty: 1 }), accepted(received(shop, 1))]] },
      { sender: web, seq: 7, decided: [[confirmA, accepted(confirmed(web, "A"))]] },
    )
    changeRecord(written.records, 6, { cursor: { stream: "stored", seq: 9, digest: "digest-9" } })
    expect(foundBy(auditOf(written))).toEqual([])
  })
})

describe("one-partition", () => {
  it("finds a SKU that is decided in two partitions", () => {
    const setPolicy = command("SetPolicy", "p9", { policy: policy(2) })
    const other = journal(1).batch(5, { sender: depot, decided: [[setPolicy, accepted({ type: "PolicySet", policy: policy(2) })]] })
    expect(foundBy(auditStored([seal(opened().records), seal(other.records)]))).toContain("one-partition")
  })
})

describe("one-effect", () => {
  const again = (...entries: ReadonlyArray<Said | SkuEntry>) => foundBy(auditOf(opened().batch(1_000, ...entries)))

  it("finds an id that has two effects", () => {
    const receive = command("ReceiveStock", "in-1", { location: shop, qty: 10 })
    expect(again({ sender: depot, decided: [[receive, accepted(received(shop, 10))]] })).toEqual(["one-effect"])
    expect(again({ sender: web, decided: [[reserveA, refused("ReservationExists")]] })).toEqual(["one-effect"])
  })

  it("finds a repeat that says something else", () => {
    const outcome = { outcome: "accepted", qty: 4, expiresAtMs: startMs + 20 + minuteMs } as const
    expect(again({ sender: web, decided: [[reserveA, repeated(outcome)]] })).toEqual(["one-effect"])
    expect(again({ sender: web, decided: [[reserveA, repeated({ outcome: "refused", reason: "TooOld" })]] })).toEqual(["one-effect"])
  })

  it("takes the same fields for the same content, in whichever order they were read", () => {
    const first = { outcome: "accepted", qty: 3, allocations: [at(shop, 3)], expiresAtMs: startMs + 20 + minuteMs } as const
    const turned: typeof reserveA = JSON.parse(JSON.stringify(reserveA, Object.keys(reserveA).reverse()))
    expect(again({ sender: web, decided: [[turned, repeated(first)]] })).toEqual([])
  })

  it("finds a repeat of what was never decided", () => {
    expect(again({ sender: till, decided: [[reserveA, repeated({ outcome: "accepted" })]] })).toEqual(["one-effect"])
  })

  it("finds another content under a used id that isn't refused", () => {
    const other = command("Confirm", "a", { reservation: "A" })
    expect(again({ sender: web, decided: [[other, accepted(confirmed(web, "A"))]] })).toEqual(["one-effect"])
    expect(again({ sender: web, decided: [[other, repeated({ outcome: "accepted" })]] })).toEqual(["one-effect"])
  })

  it("finds a reuse that names what doesn't differ, or not the one field that does", () => {
    const more = { ...reserveA, qty: 5 } as typeof reserveA
    expect(again({ sender: web, decided: [[more, refused("IdReused", { field: "qty" })]] })).toEqual([])
    expect(again({ sender: web, decided: [[more, refused("IdReused", { field: "holdMs" })]] })).toEqual(["one-effect"])
    expect(again({ sender: web, decided: [[more, refused("IdReused", { field: "id" })]] })).toEqual(["one-effect"])
  })

  it("finds an id refused as reused that wasn't", () => {
    expect(again({ sender: web, decided: [[reserveA, refused("IdReused")]] })).toEqual(["one-effect"])
    const later = { ...reserveA, issuedAtMs: reserveA.issuedAtMs + minuteMs, deadlineMs: 1 } as typeof reserveA
    expect(again({ sender: web, decided: [[later, refused("IdReused", { field: "id" })]] })).toEqual(["one-effect"])
    expect(again({ sender: web, decided: [[confirmA, refused("IdReused")]] })).toEqual(["one-effect"])
  })

  it("finds an effect below the floor, and a refusal above it", () => {
    const floor = { _tag: "Floor", sender: web, class: "sell", floorMs: startMs + minuteMs } as const
    expect(again(floor, { sender: web, decided: [[confirmA, accepted(confirmed(web, "A"))]] })).toEqual(["one-effect"])
    expect(again(floor, { sender: web, decided: [[confirmA, refused("TooOld")]] })).toEqual([])
    expect(again({ sender: web, decided: [[confirmA, refused("TooOld")]] })).toEqual(["one-effect"])
  })

  it("forgets by the horizon even without a journaled floor", () => {
    const dayMs = 24 * 60 * minuteMs
    const over = { _tag: "Expiry", key: sku, events: [expired(web, "A", at(shop, 3)), expired(till, "B", at(hall, 2))] } as const
    const late = (decision: ReturnType<typeof refused>) =>
      foundBy(auditOf(opened().batch(2 * dayMs, over, { sender: web, decided: [[confirmA, decision]] })))
    expect(late(refused("TooOld"))).toEqual([])
    expect(late(refused("NotSoldHere"))).toEqual(["one-effect"])
  })
})

describe("quarantine", () => {
  const odd = command("ReceiveStock", "odd", { location: hall, qty: 1 })
  const waiting = (quarantined: string): Said => ({
    sender: depot,
    decided: [[odd, { _tag: "Quarantined", cause: "threw", quarantined }] as const],
  })
  const settled = (qty: number) =>
    ({
      _tag: "Settled",
      quarantined: "6-0",
      sender: depot,
      class: "stock",
      reply: null,
      decided: {
        command: command("ReceiveStock", "odd", { location: hall, qty }),
        named: null,
        decision: accepted(received(hall, qty)),
      },
    }) as const
  const replay = { sender: web, decided: [[command("ReplayQuarantined", "again", { quarantined: "6-0" }), accepted()] as const] }

  it("finds a place that isn't the record's own, where nothing waits", () => {
    expect(foundBy(auditOf(opened().batch(1_000, waiting("5-0"))))).toEqual(["quarantine"])
  })

  it("finds a retry that is told a place of its own while the first waits, and none once that is settled", () => {
    expect(foundBy(auditOf(opened().batch(1_000, waiting("6-0")).batch(1_001, waiting("6-0"))))).toEqual([])
    expect(foundBy(auditOf(opened().batch(1_000, waiting("6-0")).batch(1_001, waiting("7-0"))))).toEqual(["quarantine"])
  })

  it("finds what is settled and never waited, or waited as something else", () => {
    expect(foundBy(auditOf(opened().batch(1_000, replay, settled(1))))).toEqual(["quarantine"])
    expect(foundBy(auditOf(opened().batch(1_000, waiting("6-0")).batch(1_001, replay, settled(2))))).toEqual(["quarantine"])
    expect(foundBy(auditOf(opened().batch(1_000, waiting("6-0")).batch(1_001, replay, settled(1))))).toEqual([])
  })

  it("finds an operator's command that settles nothing, and a settlement nobody asked for", () => {
    expect(foundBy(auditOf(opened().batch(1_000, waiting("6-0")).batch(1_001, replay)))).toEqual(["quarantine"])
    expect(foundBy(auditOf(opened().batch(1_000, waiting("6-0")).batch(1_001, settled(1))))).toEqual(["quarantine"])
  })

  /** Old facts that each take a place of their own, from record 6 on, `each` a record. */
  const held = (count: number, each = 100) => {
    const written = opened()
    for (let from = 0; from < count; from += each) {
      const place = written.records.length + 1
      const decided = Array.from({ length: Math.min(each, count - from) }, (_, i) => {
        const old = command("ReceiveStock", `old-${from + i}`, { location: hall, qty: 1, issuedAtMs: startMs - 10 * factHorizonMs })
        return [old, { _tag: "Quarantined", cause: "old", quarantined: `${place}-${i}` }] as const
      })
      written.batch(1_000, { sender: depot, decided })
    }
    return written
  }
  const noRoom = refused("LimitReached", { field: "quarantine" })
  const old = command("ReceiveStock", "one-more", { location: hall, qty: 1, issuedAtMs: startMs - 10 * factHorizonMs })

  it("passes a command that is refused for want of room when its sender has no more, again and again, and finds it when there is room", () => {
    const full = held(factsKeptPerSenderMax)
    full.batch(1_001, { sender: depot, decided: [[old, noRoom]] }).batch(1_002, { sender: depot, decided: [[old, noRoom]] })
    expect(foundBy(auditOf(full))).toEqual([])
    const oneLess = held(factsKeptPerSenderMax - 1).batch(1_001, { sender: depot, decided: [[old, noRoom]] })
    expect(foundBy(auditOf(oneLess))).toEqual(["quarantine"])
    const others = held(factsKeptPerSenderMax).batch(1_001, { sender: web, decided: [[old, noRoom]] })
    expect(foundBy(auditOf(others))).toEqual(["quarantine"])
  })

  it("finds a repeat of such a refusal: nothing was remembered of it", () => {
    const repeat = repeated({ outcome: "refused", reason: "LimitReached", field: "quarantine" })
    const written = held(factsKeptPerSenderMax).batch(1_001, { sender: depot, decided: [[old, noRoom]] })
    written.batch(1_002, { sender: depot, decided: [[old, repeat]] })
    expect(foundBy(auditOf(written))).toEqual(["one-effect"])
  })

  it("finds what is quarantined beyond the bound, and what finds no room though it waits already", () => {
    expect(foundBy(auditOf(held(factsKeptPerSenderMax + 1)))).toEqual(["quarantine"])
    const again = command("ReceiveStock", "old-3", { location: hall, qty: 1, issuedAtMs: startMs - 10 * factHorizonMs })
    expect(foundBy(auditOf(held(factsKeptPerSenderMax).batch(1_001, { sender: depot, decided: [[again, noRoom]] })))).toEqual([
      "quarantine",
    ])
  })

  it("counts what still waits", () => {
    expect(auditOf(opened().batch(1_000, waiting("6-0"))).totals.inQuarantine).toBe(1)
  })
})

describe("replies", () => {
  const heardWith = (change: object, answer: object = {}) => {
    const [first] = heardReplies()
    if (first === undefined) throw new Error("nothing was heard in the story")
    const decisions = first.decisions.map((said) => ({ ...said, ...answer }))
    return auditOf(operated(), { replies: [{ ...first, decisions, ...change }] })
  }

  it("finds a reply about a record that isn't there", () => {
    expect(foundBy(heardWith({ seq: 99 }))).toEqual(["replies"])
    expect(foundBy(heardWith({ partition: 7 }))).toEqual(["replies"])
  })

  it("finds a reply of another epoch, about another record or to another sender", () => {
    expect(foundBy(heardWith({ epoch: 2 }))).toEqual(["replies"])
    expect(foundBy(heardWith({ seq: 7 }))).toEqual(["replies"])
    expect(foundBy(heardWith({ sender: till }))).toEqual(["replies"])
    expect(foundBy(heardWith({ suffix: "other" }))).toEqual(["replies"])
  })

  it("finds an answer that isn't the journal's, and counts it as contradicted", () => {
    expect(heardWith({}, { qty: 2 }).totals.contradicted).toBe(1)
    expect(foundBy(heardWith({}, { outcome: "refused", reason: "InsufficientStock" }))).toEqual(["replies"])
    expect(foundBy(heardWith({}, { repeated: true }))).toEqual(["replies"])
    expect(foundBy(heardWith({}, { id: "other" as CommandId }))).toEqual(["replies"])
    expect(foundBy(heardWith({}, { expiresAtMs: undefined }))).toEqual(["replies"])
  })

  it("finds a reply that leaves an answer out", () => {
    const [, second] = heardReplies()
    if (second === undefined) throw new Error("only one reply was heard in the story")
    const cut = { ...second, decisions: second.decisions.slice(0, 2) }
    expect(foundBy(auditOf(operated(), { replies: [cut] }))).toEqual(["replies"])
  })
})

describe("completeness", () => {
  it("finds a command that was acknowledged and never decided, and counts it as lost", () => {
    const report = auditOf(traded(), { acknowledged: [{ sender: web, sku, id: "never" }] })
    expect(foundBy(report)).toEqual(["completeness"])
    expect(report.totals.lost).toBe(1)
  })
})

describe("feed", () => {
  const heard = (...values: ReturnType<typeof heardValues>) => foundBy(auditOf(traded(), { values }))

  it("finds a value that isn't the state's at its version", () => {
    expect(heard({ channel: web, sku, ats: 11, version: 5 })).toEqual(["feed"])
  })

  it("finds a version that falls or stands, and lets each receiver have its own", () => {
    const older = { channel: web, sku, ats: 15, version: 4 }
    const newer = { channel: web, sku, ats: 10, version: 5 }
    expect(heard(newer, older)).toEqual(["feed"])
    expect(heard(older, older)).toEqual(["feed"])
    expect(heard(older, newer, { ...older, channel: till })).toEqual([])
  })

  it("finds a version that the journal doesn't have", () => {
    expect(heard({ channel: web, sku, ats: 9, version: 13 })).toEqual(["feed"])
    expect(heard({ channel: web, sku: "cup" as typeof sku, ats: 9, version: 3 })).toEqual(["feed"])
  })

  it("finds a receiver left with an old value, once all is quiet", () => {
    const values = [{ channel: web, sku, ats: 10, version: 5 }]
    expect(foundBy(auditOf(traded(), { values }))).toEqual([])
    expect(foundBy(auditOf(traded(), { values, quiet: true }))).toEqual(["feed"])
  })
})
