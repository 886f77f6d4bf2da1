/**
 * What each rule of the protocol is for: a scenario that holds under the production rules and breaks as soon as one of them is loosened.
 *
 * Every loosening swaps one function of the frozen rules; there is no branch for it in the engine.
 */
import { describe, expect, it } from "vitest"
import type { ProtocolRules } from "../../src/engine/protocol.ts"
import { protocolRules } from "../../src/engine/rules.ts"
import { allSaidOf, Broker, json, policyFor, saidOf, serving, startMs, Worker } from "./rig.ts"

const reserve = (id: string, reservation: string, qty: number, more: Record<string, unknown> = {}) =>
  json("Reserve", { id, reservation, qty, holdMs: 60_000, ...more })

/** A scenario: whether what the rule is for holds. One that never comes to rest doesn't hold. */
type Scenario = (rules: ProtocolRules) => boolean

const holds = (scenario: Scenario, rules: ProtocolRules): boolean => {
  try {
    return scenario(rules)
  } catch (cause) {
    if (cause instanceof Error && cause.message === "the partition never comes to rest") return false
    throw cause
  }
}

/** What three servers answer: an id they have seen is acknowledged as a duplicate, before the expected sequence is looked at. */
const appendOnThree = (worker: Worker): void => {
  const append = worker.take("Append")
  const known = worker.broker.journal.find(({ messageId }) => messageId === append.messageId)
  const { messageId } = append
  if (known !== undefined) worker.put({ _tag: "AppendAcked", messageId, seq: known.seq, duplicate: true })
  else worker.answer(append)
}

const settleOnThree = (worker: Worker): void => {
  for (let i = 0; i < 1_000; i++) {
    worker.settle(["Append"])
    if (!worker.has("Append")) return
    appendOnThree(worker)
  }
  throw new Error("the partition never comes to rest")
}

/** Two workers claim at the same sequence, so with the same epoch; one append lands. At most one may serve. */
const oneClaimantServes: Scenario = (rules) => {
  const { broker } = serving(10)
  const [a, b] = ["b", "c"].map((name) => new Worker(broker, name, rules).follow().claim()) as [Worker, Worker]
  for (const worker of [a, b]) worker.settle(["Append"])
  appendOnThree(a)
  appendOnThree(b)
  // Nor do the witnesses arrive, by which the second would see that another reigns.
  a.settle(["Append", "SendReplies", "StoreWitness"])
  b.settle(["Append", "SendReplies", "StoreWitness"])
  return [a, b].filter(({ partition }) => partition.phase === "serving").length === 1
}

/** An owner decides twice in its reign. */
const secondRecordIsConfirmed: Scenario = (rules) => {
  const worker = serving(10, rules)
  for (const n of [1, 2]) {
    worker.send("web", reserve(`c${n}`, `r${n}`, 1))
    settleOnThree(worker)
  }
  return saidOf(worker.broker, "c2")?.outcome === "accepted" && worker.partition.phase === "serving"
}

/** As `oneClaimantServes`, on one server: the loser is told "wrong last sequence" and reads the winner's record. */
const loserOfAClaimKnows: Scenario = (rules) => {
  const { broker } = serving(10)
  const [a, b] = ["b", "c"].map((name) => new Worker(broker, name, rules).follow().claim()) as [Worker, Worker]
  for (const worker of [a, b]) worker.settle(["Append"])
  a.answer(a.take("Append"))
  b.answer(b.take("Append"))
  b.settle(["Append"])
  return b.partition.phase === "claiming"
}

const duplicateElsewhereIsUnknown: Scenario = (rules) => {
  const worker = serving(10, rules)
  worker.send("web", reserve("c1", "r1", 1))
  const { messageId } = worker.take("Append")
  worker.put({ _tag: "AppendAcked", messageId, seq: 1, duplicate: true })
  return !worker.has("SendReplies")
}

/** The stream lost two messages; a new command took the sequence of the first, and what an ingress stored again, byte for byte, that of the second. */
const noCommandIsSkipped: Scenario = (rules) => {
  const worker = serving(10, rules)
  worker.send("web", reserve("c1", "r1", 1))
  const last = worker.send("web", reserve("c2", "r2", 1))
  worker.settle()
  const { broker } = worker
  broker.lastSeq = last.seq - 2
  broker.store("web", "sell", "A", JSON.stringify(reserve("new", "r3", 1)), { brokerMs: startMs + 50_000 })
  broker.storeBytes(last.body, { brokerMs: startMs + 50_001 })
  worker.tick(2_000).settle()
  return saidOf(broker, "new")?.outcome === "accepted"
}

const purgesOnlyWhatWasVerified: Scenario = (rules) => {
  const worker = serving(10, rules)
  worker.broker.fill = 0.9
  for (const seconds of [2, 4]) {
    worker.nowMs = startMs + seconds * 1_000
    worker.send("web", reserve(`c${seconds}`, `r${seconds}`, 1, { issuedAtMs: worker.nowMs }), { brokerMs: worker.nowMs })
    worker.settle()
    if (seconds === 2) worker.tick()
  }
  const purged = worker.put({ _tag: "Tick" }).some(({ _tag }) => _tag === "PurgeCommands")
  const asked = worker.has("ReadCommandAt")
  worker.settle(["PurgeCommands"])
  return asked && !purged && worker.has("PurgeCommands")
}

/** A snapshot is walked while an append is in flight, which then turns out to be lost with its owner. */
const snapshotHoldsNothingUnconfirmed: Scenario = (rules) => {
  const worker = new Worker(new Broker(), "a", rules, 3).serve()
  worker.send("dc", json("ReceiveStock", { location: "L", qty: 10 }))
  worker.send("boss", json("SetPolicy", { policy: policyFor("web", "shop") }))
  worker.settle()
  worker.send("web", reserve("c1", "r1", 4))
  const lost = worker.take("Append")
  for (let i = 0; i < 20; i++) worker.tick(10)
  return lost.expectedSeq === worker.broker.journal.length && worker.broker.manifest === null && worker.broker.chunks.size > 0
}

const retryAfterTheDeadlineHearsTheDecision: Scenario = (rules) => {
  const worker = serving(10, rules)
  const command = reserve("c1", "r1", 4, { deadlineMs: 1_000 })
  worker.send("web", command)
  worker.settle()
  const stored = worker.broker.store("web", "sell", "A", JSON.stringify(command), { brokerMs: startMs + 4_000 })
  worker.nowMs = startMs + 6_000
  worker.arrive(stored)
  worker.settle()
  return allSaidOf(worker.broker, "c1").every(({ outcome }) => outcome === "accepted")
}

const refusalStands: Scenario = (rules) => {
  const worker = serving(3, rules)
  const command = reserve("c1", "r1", 4)
  worker.send("web", command)
  worker.settle()
  worker.send("dc", json("ReceiveStock", { location: "L", qty: 10 }))
  worker.settle()
  worker.send("web", command)
  worker.settle()
  return allSaidOf(worker.broker, "c1").every(({ outcome }) => outcome === "refused")
}

const feedEndsWithTheNewest: Scenario = (rules) => {
  const worker = serving(10, rules)
  worker.send("web", reserve("c1", "r1", 4))
  worker.settle()
  // A zombie's value from before lands after ours.
  worker.broker.feed.push({ channel: "web" as never, sku: "A" as never, ats: 10, version: 3, delta: 0, cause: "x", atMs: startMs })
  worker.put({ _tag: "FeedSeen", channel: "web", key: "A", version: 3, shown: 10 })
  worker.settle()
  return worker.broker.feed.filter(({ channel }) => channel === "web").at(-1)?.ats === 6
}

/** As before, but nobody was there to see it: the zombie's value is what the next owner finds. */
const nextOwnerEndsTheFeedWithTheNewest: Scenario = (rules) => {
  const worker = serving(10)
  const { broker } = worker
  worker.send("web", reserve("c1", "r1", 4))
  worker.settle()
  worker.send("dc", json("ReceiveStock", { sku: "B", location: "L", qty: 1 }))
  worker.settle()
  broker.feed.push({ channel: "web" as never, sku: "A" as never, ats: 10, version: 4, delta: 0, cause: "x", atMs: startMs })
  new Worker(broker, "b", rules).serve().settle()
  return broker.feed.filter(({ channel }) => channel === "web").at(-1)?.ats === 6
}

const nextOwnerSaysIt: Scenario = (rules) => {
  const worker = serving(10, rules)
  worker.send("web", reserve("c1", "r1", 4))
  worker.settle(["SendReplies", "SendFeed"])
  new Worker(worker.broker, "b", rules).serve()
  return saidOf(worker.broker, "c1")?.outcome === "accepted"
}

/** An owner whose clock is an hour wrong, either way: a hold ends when its holder was told, and neither sooner nor later. */
const noOwnClockEndsAHold: Scenario = (rules) =>
  [3_600_000, -3_600_000].every((aheadMs) => {
    const worker = new Worker(new Broker(), "a", rules)
    worker.clockAheadMs = aheadMs
    worker.serve()
    worker.send("dc", json("ReceiveStock", { location: "L", qty: 10 }))
    worker.send("boss", json("SetPolicy", { policy: policyFor("web", "shop") }))
    worker.send("web", reserve("c1", "r1", 4))
    worker.settle()
    const held = () => worker.partition.openHolds
    const said = saidOf(worker.broker, "c1")
    const endMs = said?.outcome === "accepted" ? (said.expiresAtMs ?? 0) : 0
    worker.tick(endMs - worker.nowMs - 100).settle()
    const before = held()
    worker.tick(1_100).settle()
    return before === 1 && held() === 0 && Math.abs(endMs - startMs - 60_000) < 100
  })

/** Asks for a claim's basis as long as a former leader answers, and hears the leader then. */
const formerLeaderHaltsNobody: Scenario = (rules) => {
  const { broker } = serving(10)
  const claimant = new Worker(broker, "b", rules).follow()
  claimant.settle()
  claimant.claim()
  const { ask } = claimant.take("ReadClaimBasis")
  claimant.put({ _tag: "ClaimBasisRead", ask, basis: { ...claimant.basis(), endSeq: broker.journal.length - 1 } })
  claimant.tick(1_000).settle()
  return claimant.partition.phase === "serving"
}

const lostTailHalts: Scenario = (rules) => {
  const { broker } = serving(10)
  const claimant = new Worker(broker, "b", rules).follow()
  claimant.settle()
  broker.journal.pop()
  claimant.claim().outlastFormerLeader()
  return broker.halt?.reason === "JournalLostTail"
}

const loosenings: ReadonlyArray<readonly [string, Scenario, Partial<ProtocolRules>]> = [
  ["message id without the random owner", oneClaimantServes, { messageId: (_owner, epoch, expectedSeq) => `${epoch}.${expectedSeq}` }],
  ["message id without the expected sequence", secondRecordIsConfirmed, { messageId: (owner, epoch) => `${owner}.${epoch}` }],
  ["'mine' judged by epoch", loserOfAClaimKnows, { isMine: (found, pending) => found.epoch === pending.epoch }],
  [
    "'duplicate' taken as confirmed",
    duplicateElsewhereIsUnknown,
    { ackConfirms: (ack, pending) => ack.duplicate || ack.seq === pending.expectedSeq + 1 },
  ],
  ["a short end believed at once", formerLeaderHaltsNobody, { believesShortEnd: () => true }],
  ["a short end never believed", lostTailHalts, { believesShortEnd: () => false }],
  ["digest of the body alone", noCommandIsSkipped, { digestText: (_message, bodyHash) => bodyHash }],
  ["purge before the digest check", purgesOnlyWhatWasVerified, { mayPurge: () => true }],
  ["snapshot published before its end is confirmed", snapshotHoldsNothingUnconfirmed, { mayPublishSnapshot: () => true }],
  ["look-up after the deadline check", retryAfterTheDeadlineHearsTheDecision, { checks: ["floor", "deadline", "lookup"] }],
  ["a refusal not remembered", refusalStands, { remembers: (outcome) => outcome !== "refused" }],
  ["feed without repair", feedEndsWithTheNewest, { feedNeedsRepair: () => false }],
  ["feed without repair at a takeover", nextOwnerEndsTheFeedWithTheNewest, { feedNeedsRepair: () => false }],
  ["the owner's own clock taken for the time", noOwnClockEndsAHold, { recordTime: (previousMs, clockMs) => Math.max(previousMs, clockMs) }],
  ["replies not sent again at takeover", nextOwnerSaysIt, { republishFrom: (_publishedSeq, claimSeq) => claimSeq + 1 }],
]

describe("a loosened rule breaks what it is for", () => {
  for (const [name, scenario, loosened] of loosenings)
    it(name, () => {
      expect(holds(scenario, protocolRules), "under the production rules").toBe(true)
      expect(holds(scenario, { ...protocolRules, ...loosened }), "loosened").toBe(false)
    })
})
