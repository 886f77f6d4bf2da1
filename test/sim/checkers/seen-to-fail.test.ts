/**
 * Every checker of a simulated world, seen to fail: each is put to a small world that is at rest and in order, and then to the same with one thing
 * wrong. What excuses a failure is tried too, from both sides.
 */
import { emptyPartition } from "../../../src/kinds/sku/partition.ts"
import type {
  AtsValue,
  SkuDecidedCommand,
  SkuEntry,
  SkuHeardDecision,
  SkuJournaledDecision,
  SkuJournalRecord,
  SkuMessageEntry,
  SkuPartition,
  SkuReply,
  SkuTakenMessage,
} from "../../../src/kinds/sku/types.ts"
import "effect/schema/SchemaJITCompiler/enable"
import { describe, expect, it, vi } from "vitest"
import { acknowledgedAppends } from "../../../sim/checkers/acknowledged-appends.ts"
import { answeredOnce } from "../../../sim/checkers/answered-once.ts"
import { arrayOrder } from "../../../sim/checkers/array-order.ts"
import { busyIsTrue } from "../../../sim/checkers/busy-is-true.ts"
import type { Checker, Ending, MakeChecker } from "../../../sim/checkers/checker.ts"
import { clockAlarms } from "../../../sim/checkers/clock-alarms.ts"
import { convergence } from "../../../sim/checkers/convergence.ts"
import { doorAge } from "../../../sim/checkers/door-age.ts"
import { expectedRefusals } from "../../../sim/checkers/expected-refusals.ts"
import { expiries } from "../../../sim/checkers/expiries.ts"
import { factsThrottled } from "../../../sim/checkers/facts-held-off.ts"
import { feedConverges } from "../../../sim/checkers/feed-converges.ts"
import { feedKeepsNewest } from "../../../sim/checkers/feed-keeps-newest.ts"
import { feedRepairs } from "../../../sim/checkers/feed-repairs.ts"
import { freshIsTaken } from "../../../sim/checkers/fresh-is-taken.ts"
import { halts } from "../../../sim/checkers/halts.ts"
import { heardMeansJournaled } from "../../../sim/checkers/heard-means-journaled.ts"
import { journalLoss } from "../../../sim/checkers/journal-loss.ts"
import { messagesDecided } from "../../../sim/checkers/messages-decided.ts"
import { noForeignBytes } from "../../../sim/checkers/no-foreign-bytes.ts"
import { oneAnswer } from "../../../sim/checkers/one-answer.ts"
import { realTimeOrder } from "../../../sim/checkers/real-time-order.ts"
import { repliesSaid } from "../../../sim/checkers/replies-said.ts"
import { retryStorm } from "../../../sim/checkers/retry-storm.ts"
import { stateIsFold } from "../../../sim/checkers/state-is-fold.ts"
import { storedIsDecided } from "../../../sim/checkers/stored-is-decided.ts"
import { trueTime } from "../../../sim/checkers/true-time.ts"
import type { Cluster } from "../../../sim/cluster.ts"
import { boundsDrawn } from "../../../sim/memory-drawn.ts"
import type { Ingress } from "../../../sim/nodes/ingress.ts"
import type { Asked } from "../../../sim/nodes/sender.ts"
import type { Slot } from "../../../sim/nodes/slot.ts"
import type { Drawn } from "../../../sim/profiles.ts"
import { runSeed } from "../../../sim/run.ts"
import type { Published } from "../../../sim/substitutes/channels.ts"
import { checkingCodec, sharedCodec } from "../../../sim/substitutes/shared-codec.ts"
import { CheckerName } from "../../../src/audit/findings.ts"
import type { SenderId } from "../../../src/domain/names.ts"
import type { Command } from "../../../src/domain/sku/commands.ts"
import { type Reservation, reservationsOf } from "../../../src/domain/sku/stock.ts"
import type { CommandMessage, Halt } from "../../../src/engine/protocol.ts"
import type { StoredEntry, StoredRecord } from "../../../src/engine/records.ts"
import { encodeBatch } from "../../../src/wire/taken.ts"
import { ordersTried } from "./orders-tried.ts"

/** A world of two workers and one partition at rest after a calm sale, each its own: tests change it. */
const atRest = (more: Partial<Drawn> = {}): Cluster => {
  let cluster: Cluster | undefined
  const { failures } = runSeed({
    seed: "checkers",
    profile: "last-unit",
    families: new Set(["jitter"]),
    drawn: { orders: 30, skus: 2, partitions: 1, workers: 2, replicas: 1, abandonedPercent: 30, shortHoldMs: 2_000, ...more },
    wallNowMs: () => 0,
    inspect: (ended) => {
      cluster = ended
    },
  })
  expect(failures).toEqual([])
  return cluster as Cluster
}

/** Checkers that said something was wrong, by name. */
const seenToFail = new Set<string>()

const rested: Ending = { converged: true, lossy: new Set() }
const afterLoss: Ending = { converged: true, lossy: new Set([0]) }

interface Tried {
  readonly found: ReadonlyArray<string>
  readonly excused: ReadonlyArray<string>
  readonly checked: number
}

/** What a checker of this kind says of the world once it has been told that, and the world has ended. */
const tried = (make: MakeChecker, cluster: Cluster, tell: (checker: Required<Checker>) => void, ending = rested): Tried => {
  const [found, excused]: [Array<string>, Array<string>] = [[], []]
  let checked = 0
  const checker = make({
    cluster,
    found: ({ signature }) => found.push(signature),
    excused: (what) => excused.push(what),
    checked: (things = 1) => {
      checked += things
    },
  })
  // A test tells a checker only what it listens to.
  tell(checker as Required<Checker>)
  checker.finish?.(ending)
  if (found.length > 0) seenToFail.add(checker.name)
  return { found, excused, checked }
}

const nothing = () => undefined
const serving = (cluster: Cluster): Slot & { readonly partition: SkuPartition } => {
  const slot = cluster.workers.flatMap(({ slots }) => slots).find(({ isServing }) => isServing)
  if (slot?.partition == null) throw new Error("nobody serves")
  return slot as Slot & { readonly partition: SkuPartition }
}
const records = ({ server }: Cluster): ReadonlyArray<StoredRecord> => server.records(0, 1, Number.MAX_SAFE_INTEGER, Number.MAX_SAFE_INTEGER)
const recordIn = ({ bytes }: StoredRecord): SkuJournalRecord => {
  const read = checkingCodec.decodeRecord(bytes)
  if (read._tag !== "Record") throw new Error(read.cause)
  return read.record
}
const allAsked = (cluster: Cluster): ReadonlyArray<Asked> => [...cluster.senders.values()].flatMap(({ asked }) => [...asked.values()])
const halt = (reason: Halt["reason"]): Halt => ({ reason, detail: "invented", atMs: 0, resume: null })
const reply = (cluster: Cluster, more: Partial<SkuReply>): SkuReply => ({
  sender: "web" as SkuReply["sender"],
  suffix: "web.1",
  partition: 0,
  seq: cluster.server.endSeq(0),
  epoch: 1,
  array: false,
  decisions: [],
  ...more,
})
const said = (id: string, outcome: object): SkuHeardDecision => ({ id, sku: "FS-00001", ...outcome }) as SkuHeardDecision

describe("acknowledged-appends", () => {
  const cluster = atRest()
  const slot = serving(cluster)
  const own = records(cluster)[0] as StoredRecord
  const append = (messageId: string) => ({ _tag: "Append", expectedSeq: 0, messageId, bytes: own.bytes }) as const
  const { owner, epoch } = recordIn(own)

  it("passes what is where it was acknowledged, and nothing else", () => {
    const acknowledge = (messageId: string, seq: number, duplicate = false) =>
      tried(acknowledgedAppends, cluster, (checker) => checker.appendAnswered(slot, append(messageId), { seq, duplicate }))
    expect(acknowledge(own.messageId, 1)).toEqual({ found: [], excused: [], checked: 1 })
    expect(acknowledge("another.1.0", 1).found).toEqual(["an acknowledged record is gone"])
    expect(acknowledge(own.messageId, 10_000).found).toEqual(["an acknowledged record is gone"])
  })

  it("finds a record taken for confirmed that is another's", () => {
    const confirm = (record: Partial<SkuJournalRecord>, ending = rested) =>
      tried(acknowledgedAppends, cluster, ({ confirmed }) => confirmed(slot, 1, { ...recordIn(own), ...record }, {} as never), ending)
    expect(confirm({ owner, epoch }).found).toEqual([])
    expect(confirm({ epoch: epoch + 1 }).found).toEqual(["a record was taken for confirmed that isn't there"])
    expect(confirm({ owner: "w1" }).found).toEqual(["a record was taken for confirmed that isn't there"])
    expect(confirm({ owner: "w1" }, afterLoss)).toEqual({ found: [], excused: [], checked: 0 })
  })
})

describe("convergence", () => {
  it("passes a world at rest", () => {
    expect(tried(convergence, atRest(), nothing)).toEqual({ found: [], excused: [], checked: 1 })
  })

  it("finds a halt that nobody answered, and excuses it only where records were lost", () => {
    const cluster = atRest()
    cluster.server.putHalt(0, halt("ChainBroken"))
    expect(tried(convergence, cluster, nothing).found).toEqual(["halted for good"])
    expect(tried(convergence, cluster, nothing, afterLoss)).toMatchObject({
      found: [],
      excused: ["halted because its journal lost records"],
    })
  })

  it("finds a partition that nobody serves, also where records were lost and nobody halted", () => {
    const cluster = atRest()
    for (const worker of cluster.workers) worker.crash("the test")
    expect(tried(convergence, cluster, nothing).found).toEqual(["not exactly one owner"])
    expect(tried(convergence, cluster, nothing, afterLoss)).toMatchObject({ found: ["not exactly one owner"], excused: [] })
  })

  it("finds commands unread, an append that is frozen, and a world that never came to rest", () => {
    const cluster = atRest()
    cluster.server.storeBatch(0, new Uint8Array([1]), nothing)
    expect(tried(convergence, cluster, nothing).found).toEqual(["commands unread"])
    Object.assign(serving(cluster).partition, { inFlight: { frozen: true } })
    expect(tried(convergence, cluster, nothing).found).toEqual(["commands unread", "frozen for good"])
    expect(tried(convergence, atRest(), nothing, { ...rested, converged: false }).found).toEqual(["never came to rest"])
    expect(tried(convergence, atRest(), nothing, { ...afterLoss, converged: false }).found).toEqual(["never came to rest"])
  })

  it("finds what is left in quarantine", () => {
    const cluster = atRest()
    serving(cluster).partition.quarantine.set("1-0" as never, { sender: "web" } as never)
    expect(tried(convergence, cluster, nothing).found).toEqual(["quarantine left"])
  })
})

describe("expected-refusals", () => {
  const cluster = atRest()
  cluster.senders.get("web")?.expected.set("web.9", ["Malformed"])
  const hear = (decision: SkuHeardDecision) =>
    tried(expectedRefusals, cluster, ({ replyHeard }) =>
      replyHeard("web", "web.9", reply(cluster, { suffix: "web.9", decisions: [decision] })),
    )

  it("passes the refusal that was expected, and finds another and an acceptance", () => {
    expect(hear(said("a", { outcome: "refused", reason: "Malformed" }))).toEqual({ found: [], excused: [], checked: 1 })
    expect(hear(said("a", { outcome: "refused", reason: "UnknownSku" })).found).toEqual(["not refused as it must be: Malformed"])
    expect(hear(said("a", { outcome: "accepted" })).found).toEqual(["not refused as it must be: Malformed"])
  })
})

describe("expiries", () => {
  it("finds a hold that outlived its time", () => {
    const cluster = atRest()
    const holds = serving(cluster).partition.actorList.flatMap(({ state: stock }): Array<Reservation> => [...reservationsOf(stock)])
    const hold = holds[0] as Reservation
    hold.status = "held"
    hold.expiresAtMs = cluster.world.nowMs as Reservation["expiresAtMs"]
    expect(tried(expiries, cluster, nothing).found).toEqual([])
    expect(tried(expiries, cluster, nothing).checked).toBeGreaterThan(0)
    hold.expiresAtMs = (cluster.world.nowMs - 60_000) as Reservation["expiresAtMs"]
    expect(tried(expiries, cluster, nothing).found).toEqual(["a hold outlived its time"])
  })
})

describe("feed-converges", () => {
  it("finds a channel that holds another number than the owner's, or none", () => {
    const cluster = atRest()
    const web = cluster.senders.get("web")?.ats as Map<string, AtsValue>
    const [sku, value] = [...web][0] as [string, AtsValue]
    expect(tried(feedConverges, cluster, nothing).found).toEqual([])
    web.set(sku, { ...value, ats: value.ats + 1 })
    expect(tried(feedConverges, cluster, nothing).found).toEqual(["the feed did not converge"])
    web.delete(sku)
    expect(tried(feedConverges, cluster, nothing).found).toEqual(["the feed did not converge"])
  })
})

describe("feed-keeps-newest", () => {
  it("finds an older value kept over a newer one, unless it offers the same", () => {
    const cluster = atRest()
    const value = cluster.server.feed()[0] as AtsValue
    const keep = (ats: number, ending = rested) =>
      tried(
        feedKeepsNewest,
        cluster,
        () => {
          cluster.server.storeFeed(0, { ...value, version: value.version + 2, ats: 7 })
          cluster.server.storeFeed(0, { ...value, version: value.version + 1, ats })
        },
        ending,
      )
    expect(keep(7).found).toEqual([])
    expect(keep(7).checked).toBeGreaterThan(0)
    expect(keep(8).found).toEqual(["the feed keeps an older value"])
    expect(keep(8, afterLoss)).toMatchObject({ found: [], checked: 0 })
  })
})

describe("feed-repairs", () => {
  it("finds a repair of a feed in order, and none where a value fell, another owner was, or all is slow", () => {
    const repair = (before: (checker: Required<Checker>, cluster: Cluster) => void, cluster = atRest()) =>
      tried(feedRepairs, cluster, (checker) => {
        const slot = serving(cluster)
        const value = cluster.server.feed()[0] as AtsValue
        const partition = slot.partition as SkuPartition
        checker.serving(slot, partition)
        cluster.server.storeFeed(0, { ...value, version: value.version + 2 })
        before(checker, cluster)
        checker.alarmed(slot, "FeedRepaired", "it shows an older one")
      })
    const inOrder = repair(() => undefined)
    expect(inOrder.found).toEqual(["a feed in order was repaired"])
    expect(inOrder.checked).toBeGreaterThan(0)
    const fell = repair((_checker, { server }) => server.storeFeed(0, { ...(server.feed().at(-1) as AtsValue), version: 1 }))
    expect(fell.found).toEqual([])
    const another = repair((checker, cluster) => checker.serving(serving(cluster), serving(cluster).partition as SkuPartition))
    expect(another.found).toEqual([])
    const slow = atRest()
    slow.chance.family("spikes").isOn = true
    expect(repair(() => undefined, slow)).toMatchObject({ found: [], checked: 0 })
  })
})

describe("halts", () => {
  const cluster = atRest()
  const slot = serving(cluster)
  const halted = (reason: Halt["reason"]) => tried(halts, cluster, (checker) => checker.halted(slot, halt(reason))).found

  it("finds a halt without a cause, also where the cause struck another partition", () => {
    const spoiled = vi
      .spyOn(cluster.faults, "hasSpoiled")
      .mockImplementation((name, partition) => name === "corrupt-records" && partition === 1)
    expect(halted("ChainBroken")).toEqual(["halted without a cause: ChainBroken"])
    spoiled.mockImplementation((name, partition) => name === "corrupt-records" && partition === 0)
    expect(halted("ChainBroken")).toEqual([])
    expect(halted("JournalLostTail")).toEqual(["halted without a cause: JournalLostTail"])
    spoiled.mockReturnValue(true)
    expect(halted("JournalLostTail")).toEqual([])
    expect(halted("InvariantBroken")).toEqual(["halted without a cause: InvariantBroken"])
  })
})

describe("heard-means-journaled", () => {
  it("finds a reply and a feed value of a record that isn't there yet", () => {
    const cluster = atRest()
    const slot = serving(cluster)
    const end = cluster.server.endSeq(0)
    const value = cluster.server.feed()[0] as AtsValue
    const say = (seq: number) =>
      tried(heardMeansJournaled, cluster, ({ replySaid, feedSaid }) => {
        replySaid(slot, reply(cluster, { seq }))
        feedSaid(slot, { ...value, version: seq as AtsValue["version"] })
      })
    expect(say(end)).toEqual({ found: [], excused: [], checked: 2 })
    expect(say(end + 1).found).toEqual(["a reply before its record", "a feed value before its record"])
  })
})

describe("journal-loss", () => {
  const lose = (witnessed: number, looks: boolean, halted: boolean): Tried => {
    const cluster = atRest()
    vi.spyOn(cluster.server, "marks").mockReturnValue({
      incarnation: null,
      witness: { seq: witnessed, hash: "" },
      halt: halted ? halt("JournalLostTail") : null,
    })
    return tried(journalLoss, cluster, ({ journalLost, appendAnswered }) => {
      journalLost(0, 5, 2)
      if (looks) appendAnswered(serving(cluster), { _tag: "Append", expectedSeq: 5, messageId: "", bytes: new Uint8Array() }, null)
    })
  }

  it("finds a loss that a witness knew of, somebody met and nobody halted for", () => {
    expect(lose(6, true, false).found).toEqual(["a lost journal went unnoticed"])
    expect(lose(6, true, true)).toEqual({ found: [], excused: [], checked: 2 })
  })

  it("excuses one that nobody met, and one beyond proof", () => {
    expect(lose(6, false, false)).toMatchObject({ found: [], excused: ["a loss where nobody has appended since"] })
    expect(lose(5, true, false)).toMatchObject({ found: [], excused: ["a loss beyond proof"] })
  })
})

describe("messages-decided", () => {
  it("finds a message below the cursor that no record decided", () => {
    const cluster = atRest()
    const decided = records(cluster).flatMap((record) =>
      recordIn(record).entries.flatMap((entry) => (entry._tag === "Stored" ? [entry] : [])),
    )
    const [{ seq, ingress, serial }] = decided as [StoredEntry]
    const store = (by: string, ending = rested) =>
      tried(
        messagesDecided,
        cluster,
        () => {
          const body = encodeBatch({ ingress: by, serial, acknowledged: 0, messages: [] })
          cluster.server.listeners.at(-1)?.commandStored(0, { seq, subject: "hf.q.sku.0", headers: "", body, brokerMs: 0 })
        },
        ending,
      )
    expect(store(ingress)).toEqual({ found: [], excused: [], checked: 1 })
    expect(store("another").found).toEqual(["a stored message was passed over"])
    expect(store("another", afterLoss)).toMatchObject({ found: [], checked: 0 })
  })
})

describe("one-answer", () => {
  const accepted = said("reserve.x", { outcome: "accepted", qty: 1 })
  const hear = (cluster: Cluster, ...decisions: ReadonlyArray<SkuHeardDecision>) =>
    tried(oneAnswer, cluster, ({ replyHeard }) => {
      for (const decision of decisions) replyHeard("web", "web.x", reply(cluster, { decisions: [decision] }))
    }).found

  it("finds two answers to one id, and takes the same one said again for the same", () => {
    const cluster = atRest()
    expect(hear(cluster, accepted, { ...accepted, repeated: true })).toEqual([])
    expect(hear(cluster, accepted, { ...accepted, outcome: "accepted", qty: 2 })).toEqual(["two answers to one id"])
    expect(hear(cluster, accepted, said("reserve.x", { outcome: "expired" }))).toEqual(["two answers to one id"])
  })

  it("finds a retry that is told its id was used for something else, and lets one be too old", () => {
    const cluster = atRest()
    expect(hear(cluster, accepted, said("reserve.x", { outcome: "refused", reason: "IdReused" }))).toEqual(["two answers to one id"])
    expect(hear(cluster, accepted, said("reserve.x", { outcome: "refused", reason: "TooOld" }))).toEqual([])
  })

  it("finds what was never answered, and excuses it only where records were lost and the partition halted", () => {
    const cluster = atRest()
    Object.assign(allAsked(cluster)[0] as Asked, { outcome: null })
    expect(tried(oneAnswer, cluster, nothing).found).toEqual(["no answer"])
    expect(tried(oneAnswer, cluster, nothing, afterLoss).found).toEqual(["no answer"])
    cluster.server.putHalt(0, halt("JournalLostTail"))
    expect(tried(oneAnswer, cluster, nothing).found).toEqual(["no answer"])
    expect(tried(oneAnswer, cluster, nothing, afterLoss)).toMatchObject({ found: [], excused: ["unanswered in a halted partition"] })
  })
})

describe("real-time-order", () => {
  it("finds a command that was sent after another had been answered, and decided before it", () => {
    const cluster = atRest()
    const [first, ...others] = allAsked(cluster)
    const second = others.find(({ command }) => command.sku === first?.command.sku) as Asked
    expect(tried(realTimeOrder, cluster, nothing).found).toEqual([])
    expect(tried(realTimeOrder, cluster, nothing).checked).toBeGreaterThan(1)
    const nowMs = cluster.world.nowMs
    Object.assign(first as Asked, { heardMs: nowMs, seq: 1_000 })
    Object.assign(second, { sentMs: nowMs, heardMs: nowMs + 2, seq: 999 })
    expect(tried(realTimeOrder, cluster, nothing).found, "sent in the very millisecond of the answer").toEqual([])
    Object.assign(second, { sentMs: nowMs + 1 })
    expect(tried(realTimeOrder, cluster, nothing).found).toEqual(["decided against the order of real time"])
    expect(tried(realTimeOrder, cluster, nothing, afterLoss)).toMatchObject({ found: [], checked: 0 })
  })
})

describe("replies-said", () => {
  it("finds each journaled reply that nobody said, or said to somebody else", () => {
    const cluster = atRest()
    const calledFor = records(cluster).flatMap((stored) =>
      recordIn(stored).entries.flatMap((entry) =>
        entry._tag === "Message" && entry.reply !== null ? [{ seq: stored.seq, sender: entry.sender, suffix: entry.reply }] : [],
      ),
    )
    const say = (many: typeof calledFor, ending = rested) =>
      tried(
        repliesSaid,
        cluster,
        ({ replyLeft }) => {
          for (const one of many) replyLeft(serving(cluster), reply(cluster, one))
        },
        ending,
      )
    const unsaid = "a journaled reply was never said"
    expect(say(calledFor)).toEqual({ found: [], excused: [], checked: calledFor.length })
    expect(say(calledFor.slice(1)).found).toEqual([unsaid])
    expect(say(calledFor.map((one, at) => (at === 0 ? { ...one, sender: "nobody" as SkuReply["sender"] } : one))).found).toEqual([unsaid])
    expect(say([], afterLoss)).toMatchObject({ found: [], checked: 0 })
  })
})

describe("retry-storm", () => {
  const cluster = atRest()
  const slot = serving(cluster)
  const storm = (appends: number, sayings: number) =>
    tried(retryStorm, cluster, ({ appendAnswered, replySaid }) => {
      for (let i = 0; i < appends; i++)
        appendAnswered(slot, { _tag: "Append", expectedSeq: 0, messageId: "a", bytes: new Uint8Array() }, null)
      for (let i = 0; i < sayings; i++) replySaid(slot, reply(cluster, {}))
    }).found

  it("finds the attempt and the saying that are one too many, once", () => {
    expect(storm(20, 200)).toEqual([])
    expect(storm(30, 210)).toEqual(["appended without end", "replied without end"])
  })
})

describe("state-is-fold", () => {
  const fold = (cluster: Cluster, stored = records(cluster)) =>
    tried(stateIsFold, cluster, ({ recordStored }) => {
      for (const record of stored) recordStored(0, record)
    })

  it("passes owner and standby, and finds one unit more in either", () => {
    const cluster = atRest()
    const { found, checked } = fold(cluster)
    expect(found).toEqual([])
    expect(checked, "every record, and the state of both workers").toBe(records(cluster).length + 2)
    const at = serving(cluster).partition.actorList[0]?.state.locations[0] as object
    Object.assign(at, { onHand: -1 })
    expect(fold(cluster).found).toEqual(["a state differs from the fold of its journal"])
  })

  it("finds it where somebody begins to serve, however many began with nothing before", () => {
    const cluster = atRest()
    const slot = serving(cluster)
    const [at] = slot.partition.actorList[0]?.state.locations ?? []
    Object.assign(at as object, { onHand: -1 })
    const begin = (times: number) => {
      const empty = emptyPartition({ partition: 0, partitions: 1, snapshotEveryRecords: 1 })
      const tell = ({ recordStored, serving: serves }: Required<Checker>) => {
        for (let time = 0; time < times; time++) serves(slot, empty)
        for (const record of records(cluster)) recordStored(0, record)
        serves(slot, slot.partition)
      }
      // Without its ending, which looks at everybody.
      return tried((given) => ({ ...stateIsFold(given), finish: nothing }), cluster, tell).found
    }
    expect(begin(20)).toEqual(["a state differs from the fold of its journal"])
  })

  it("finds a record that no one can fold", () => {
    const cluster = atRest()
    const stored = records(cluster).map((record, at) => (at === 3 ? { ...record, bytes: record.bytes.slice(0, -2) } : record))
    expect(fold(cluster, stored).found).toEqual(["a stored record can't be folded"])
  })
})

describe("true-time", () => {
  it("finds a record ahead of the true time", () => {
    const cluster = atRest()
    const last = records(cluster).at(-1) as StoredRecord
    const { atMs } = recordIn(last)
    const storeAt = (nowMs: number) => {
      vi.spyOn(cluster.world, "nowMs", "get").mockReturnValue(nowMs)
      return tried(trueTime, cluster, ({ recordStored }) => recordStored(0, last))
    }
    expect(storeAt(atMs - 1)).toEqual({ found: [], excused: [], checked: 1 })
    expect(storeAt(atMs - 2).found).toEqual(["journaled time is ahead of the true time"])
  })
})

describe("fresh-is-taken", () => {
  it("finds a fresh command that is too old, a floor above what is always remembered, and a false date that is repeated", () => {
    const cluster = atRest()
    const { horizonMinMs } = boundsDrawn(cluster.drawn)
    const stored = records(cluster).findLast((one) => recordIn(one).kind === "batch") as StoredRecord
    const record = recordIn(stored)
    const message = record.entries.find((entry) => entry._tag === "Message")
    if (message?._tag !== "Message") throw new Error("a batch has a message")
    const foundIn = (entry: SkuEntry): ReadonlyArray<string> => {
      const bytes = checkingCodec.encodeRecord(record, [checkingCodec.encodeEntry(entry)])
      return tried(freshIsTaken, cluster, ({ recordStored }) => recordStored(0, { ...stored, bytes })).found
    }
    const decidedAs = (decision: SkuJournaledDecision, issuedAtMs: number): SkuEntry => ({
      ...message,
      decided: message.decided.map((one) => ({ ...one, command: one.command && { ...one.command, issuedAtMs }, decision })),
    })
    const tooOld: SkuJournaledDecision = { _tag: "Refused", refusal: { reason: "TooOld", field: "issuedAtMs" } }
    const floor = { _tag: "Floor", sender: message.sender, class: "sell" } as const
    expect(foundIn(message)).toEqual([])
    expect(foundIn(decidedAs(tooOld, 0))).toEqual([])
    expect(foundIn(decidedAs(tooOld, record.atMs))).toContain("a fresh command refused as too old")
    expect(foundIn({ ...floor, floorMs: Math.max(0, record.atMs - horizonMinMs) })).toEqual([])
    expect(foundIn({ ...floor, floorMs: record.atMs + 1_000 })).toEqual(["a floor above what is always remembered"])
    const ahead = { _tag: "Repeated", outcome: { outcome: "refused", reason: "IssuedAhead" } } as const
    expect(foundIn(decidedAs(ahead, record.atMs))).toContain("a false date remembered")
  })
})

describe("facts-held-off", () => {
  const cluster = atRest({ quarantine: "short" })
  const slot = serving(cluster)
  const stored = records(cluster).findLast((one) => recordIn(one).kind === "batch") as StoredRecord
  const record = recordIn(stored)
  const message = record.entries.find((entry) => entry._tag === "Message")
  if (message?._tag !== "Message") throw new Error("a batch has a message")
  const { sender } = message
  /** A record that puts so many commands of the sender into quarantine. */
  const waiting = (count: number): StoredRecord => {
    const decided = Array.from({ length: count }, (_, place) => ({
      ...(message.decided[0] as SkuDecidedCommand),
      decision: { _tag: "Quarantined", cause: "nobody knows", quarantined: `${stored.seq}-${place}` } as const,
    }))
    return { ...stored, bytes: checkingCodec.encodeRecord(record, [checkingCodec.encodeEntry({ ...message, decided })]) }
  }

  it("passes an owner that holds off whose facts fill quarantine, and finds one that holds off anybody else", () => {
    const { quarantinedPerSender } = boundsDrawn(cluster.drawn)
    const hold = (count: number, whose = sender) =>
      tried(factsThrottled, cluster, ({ recordStored, throttled }) => {
        recordStored(0, waiting(count))
        throttled(slot, whose, "facts")
      }).found
    expect(hold(quarantinedPerSender)).toEqual([])
    expect(hold(quarantinedPerSender - 1)).toEqual(["held off where there is room in quarantine"])
    expect(hold(quarantinedPerSender, "somebody" as SenderId)).toEqual(["held off where there is room in quarantine"])
  })

  it("finds an owner that holds nobody off while its lease is renewed again and again", () => {
    const { quarantinedPerSender } = boundsDrawn(cluster.drawn)
    const { nowMs } = cluster.world
    const renew = (times: number, isSaid: boolean) =>
      tried(factsThrottled, cluster, ({ recordStored, throttled, timeHeard }) => {
        recordStored(0, waiting(quarantinedPerSender))
        for (let time = 0; time < times; time++) {
          vi.spyOn(cluster.world, "nowMs", "get").mockReturnValue(nowMs + time * 1_000)
          if (isSaid) throttled(slot, sender, "facts")
          timeHeard(slot, nowMs)
        }
        vi.restoreAllMocks()
      }).found
    expect(renew(9, true)).toEqual([])
    expect(renew(2, false)).toEqual([])
    expect(renew(3, false)).toEqual(["not held off where quarantine is full"])
  })

  it("finds whoever is turned away at the door for somebody else's facts", () => {
    const [ingress] = cluster.ingresses
    const from = ingress?.core?.senders.find(({ commandsLeft }) => commandsLeft > 0)
    if (ingress === undefined || from === undefined) throw new Error("an ingress knows its senders")
    const busy = { answer: "busy", why: "queue", retryAfterMs: 5_000 } as const
    const { found } = tried(factsThrottled, cluster, ({ doorSaid }) => doorSaid(ingress.name, from.sender, "x.1", busy))
    expect(found).toEqual(["turned away with others' facts"])
  })
})

describe("true-time, of an owner", () => {
  it("finds a record that is behind what its owner had heard, or decides a command long after its deadline", () => {
    const cluster = atRest()
    const slot = serving(cluster)
    const stored = records(cluster).findLast((one) => recordIn(one).kind === "batch") as StoredRecord
    const { atMs } = recordIn(stored)
    Object.assign(slot.partition, { inFlight: { attempts: 1 } })
    const decideAt = (nowMs: number, heardMs: number | null) => {
      vi.spyOn(cluster.world, "nowMs", "get").mockReturnValue(nowMs)
      return tried(trueTime, cluster, ({ timeHeard, appendBegun }) => {
        if (heardMs !== null) timeHeard(slot, heardMs)
        appendBegun(slot, { _tag: "Append", expectedSeq: stored.seq - 1, messageId: stored.messageId, bytes: stored.bytes })
      }).found
    }
    expect(decideAt(atMs, atMs)).toEqual([])
    expect(decideAt(atMs + 1_000, atMs + 900)).toEqual(["journaled time is behind what its owner knew"])
    expect(decideAt(atMs, null)).toEqual(["journaled time is behind what its owner knew"])
  })

  it("finds a record that is ahead of the broker's time once it is stored", () => {
    const cluster = atRest()
    const slot = serving(cluster)
    const stored = records(cluster).findLast((one) => recordIn(one).kind === "batch") as StoredRecord
    vi.spyOn(cluster.world, "nowMs", "get").mockReturnValue(recordIn(stored).atMs - 1_000)
    const { found } = tried(trueTime, cluster, ({ recordStored }) => recordStored(slot.id, stored))
    expect(found).toEqual(["journaled time is ahead of the true time"])
  })
})

describe("clock-alarms", () => {
  const cluster = atRest()
  const slot = serving(cluster)
  const startMs = cluster.world.nowMs
  const live = (aheadMs: number, kinds: ReadonlyArray<"ClockAhead" | "ClockBehind">) => {
    const nowMs = vi.spyOn(cluster.world, "nowMs", "get").mockReturnValue(startMs)
    slot.worker.setWall(aheadMs)
    return tried(clockAlarms, cluster, ({ serving: serves, timeHeard, alarmed }) => {
      serves(slot, slot.partition)
      timeHeard(slot, startMs)
      nowMs.mockReturnValue(startMs + 4_000)
      for (const kind of kinds) alarmed(slot, kind, "invented")
      nowMs.mockReturnValue(startMs + 5_000)
      timeHeard(slot, startMs + 5_000)
    }).found
  }

  it("finds a wrong clock that was not told, or told as wrong in the other direction", () => {
    expect(live(9_000, ["ClockAhead"])).toEqual([])
    expect(live(-9_000, ["ClockBehind"])).toEqual([])
    expect(live(9_000, [])).toEqual(["a wrong clock was not told"])
    expect(live(-9_000, ["ClockAhead"])).toEqual(["a clock that is right was told as wrong", "a wrong clock was not told"])
  })

  it("finds a right clock that was told as wrong", () => {
    expect(live(0, [])).toEqual([])
    expect(live(0, ["ClockBehind"])).toEqual(["a clock that is right was told as wrong"])
  })

  it("lets an owner believe what was stamped before the servers' clock was set back, until a while after that clock shows the same again, and no longer", () => {
    const setAgoMs = 28_000
    const backBy = (ms: number) =>
      vi
        .spyOn(cluster.server, "clockSets", "get")
        .mockReturnValue([{ atMs: startMs - setAgoMs, shownMs: startMs - setAgoMs + cluster.server.aheadMs + ms }])
    expect(live(0, ["ClockBehind"])).toEqual(["a clock that is right was told as wrong"])
    backBy(8_000)
    expect(live(0, ["ClockBehind"])).toEqual([])
    backBy(3_000)
    expect(live(0, ["ClockBehind"])).toEqual(["a clock that is right was told as wrong"])
  })
})

describe("expiries, as they happen", () => {
  it("finds a hold that ended before its time, or long after it", () => {
    const cluster = atRest()
    const slot = serving(cluster)
    const all = records(cluster)
    const stored = all.findLast((one) => recordIn(one).entries.some(({ _tag }) => _tag === "Expiry")) as StoredRecord
    const { atMs } = recordIn(stored)
    Object.assign(slot.partition, { inFlight: { attempts: 1 } })
    const endAt = (decidedMs: number) => {
      const nowMs = vi.spyOn(cluster.world, "nowMs", "get").mockReturnValue(atMs - 5_000)
      return tried(
        (given) => ({ ...expiries(given), finish: nothing }),
        cluster,
        ({ recordStored, timeHeard, appendBegun }) => {
          for (const one of all) recordStored(0, one)
          timeHeard(slot, atMs - 5_000)
          nowMs.mockReturnValue(decidedMs)
          timeHeard(slot, decidedMs)
          appendBegun(slot, { _tag: "Append", expectedSeq: stored.seq - 1, messageId: stored.messageId, bytes: stored.bytes })
        },
      ).found
    }
    expect(endAt(atMs)).toEqual([])
    expect(new Set(endAt(atMs - 3_000))).toEqual(new Set(["a hold ended before its time"]))
    expect(new Set(endAt(atMs + 3_000))).toEqual(new Set(["a hold ended late"]))
  })
})

describe("the door's checkers", () => {
  const cluster = atRest()
  // One that stored more than one message.
  const storer = records(cluster)
    .flatMap((record) => recordIn(record).entries)
    .find((entry) => entry._tag === "Stored" && entry.serial > 1)
  const ingress = cluster.ingresses.find(({ name }) => storer?._tag === "Stored" && name === storer.ingress) as Ingress
  const busy = { answer: "busy", retryAfterMs: 250, why: "queue" } as const
  const stored = { answer: "stored", partition: 0, seq: 1 } as const
  const isMessage = (entry: SkuEntry): entry is SkuMessageEntry => entry._tag === "Message" && entry.reply !== null
  const entries = records(cluster).flatMap((record) => recordIn(record).entries.filter(isMessage))
  const decided = entries.find(({ seq }) => seq === null) as SkuMessageEntry
  const replyOf = ({ reply: suffix }: SkuMessageEntry): string => suffix ?? ""
  const published = (sender: string, replySubject: string, body = new Uint8Array()): Published => ({
    sender: sender as Published["sender"],
    path: "sell.sku.FS-00001",
    replySubject,
    replyHeader: "",
    traceparent: "",
    body,
    key: 1,
  })
  const taken = (more: Partial<SkuTakenMessage> = {}): SkuTakenMessage => ({
    sender: "web" as SkuTakenMessage["sender"],
    class: "stock",
    bulk: false,
    key: "FS-00001" as SkuTakenMessage["key"],
    reply: "web.x",
    publishedMs: 0,
    trace: null,
    bytes: 0,
    body: { _tag: "Commands", array: false, commands: [] },
    ...more,
  })
  const batch = (serial: number, message: Partial<SkuTakenMessage> = {}): Uint8Array =>
    encodeBatch({ ingress: ingress.name, serial, acknowledged: serial - 1, messages: [taken(message)] })
  const hold = (body: Uint8Array, more: Partial<CommandMessage> = {}) =>
    cluster.server.listeners.at(-1)?.commandStored(0, { seq: 1, subject: "hf.q.sku.0", headers: "", brokerMs: 0, body, ...more })

  it("busy-is-true finds an attempt that was turned away and decided, or stored", () => {
    const { sender } = decided
    expect(tried(busyIsTrue, cluster, ({ doorSaid }) => doorSaid("i0-1", sender, "nobodys.1", busy))).toMatchObject({
      found: [],
      checked: 1,
    })
    expect(tried(busyIsTrue, cluster, ({ doorSaid }) => doorSaid("i0-1", sender, replyOf(decided), stored)).found).toEqual([])
    expect(tried(busyIsTrue, cluster, ({ doorSaid }) => doorSaid("i0-1", sender, replyOf(decided), busy)).found).toEqual([
      "turned away and decided",
    ])
    const nobody = ({ entered }: Required<Checker>) => entered(published("web", "hf.reply.web.web.x"), undefined)
    expect(tried(busyIsTrue, cluster, nobody).found).toEqual([])
    expect(
      tried(busyIsTrue, cluster, (checker) => {
        nobody(checker)
        hold(batch(1))
      }).found,
    ).toEqual(["turned away and stored"])
  })

  it("answered-once finds a second answer to one attempt", () => {
    const say = (times: number) =>
      tried(answeredOnce, cluster, ({ doorSaid }) => {
        for (let time = 0; time < times; time++) doorSaid("i0-1", "web", "web.x", busy)
      })
    expect(say(1)).toEqual({ found: [], excused: [], checked: 1 })
    expect(say(2).found).toEqual(["two answers to one attempt"])
  })

  it("stored-is-decided finds what was told before it was so, and what is held and never decided", () => {
    const tell = (isHeld: boolean, serial: number) =>
      tried(storedIsDecided, cluster, ({ storing, doorSaid }) => {
        storing(ingress, 0, batch(serial))
        if (isHeld) hold(batch(serial))
        doorSaid(ingress.name, "web", "web.x", stored)
      })
    expect(tell(false, 1_000).found).toEqual(["said to be stored before it is"])
    expect(tell(true, 1_000).found).toEqual(["stored and never decided"])
  })

  it("stored-is-decided finds what its stream lost without a word, and excuses it where a word was said or nobody could say one", () => {
    const lose = (serial: number, alarm = false) =>
      tried(storedIsDecided, cluster, ({ storing, doorSaid, alarmed }) => {
        storing(ingress, 0, batch(serial))
        hold(batch(serial), { seq: 100_000 })
        doorSaid(ingress.name, "web", "web.x", stored)
        if (alarm) alarmed(serving(cluster), "CommandsLostTail", "")
      })
    // The journal goes on with later ones of that ingress, and misses none.
    expect(lose(1).found).toEqual(["stored, lost and unsaid"])
    expect(lose(1, true)).toMatchObject({ found: [], excused: ["a stored message that its stream lost"] })
    expect(lose(100_000)).toMatchObject({ found: [], excused: ["a stored message that its stream lost"] })
  })

  it("door-age finds what was taken too late, taken for younger than it is, or beyond its deadline", () => {
    const reserve = { ...(decided.decided[0]?.command as Command), type: "Reserve", deadlineMs: 1_000 } as Command
    const take = (ageMs: number, message: Partial<SkuTakenMessage> = {}) =>
      tried(doorAge, cluster, ({ doorRead, handedOver }) => {
        const { nowMs } = cluster.world
        doorRead(ingress, { ...published("web", "hf.reply.web.web.x"), atMs: nowMs - ageMs, brokerMs: nowMs - ageMs })
        handedOver(ingress, 0, [taken({ publishedMs: nowMs - ageMs, ...message })])
      })
    const hurried: Partial<SkuTakenMessage> = {
      class: "sell",
      body: { _tag: "Commands", array: false, commands: [{ _tag: "Command", command: reserve, text: "" }] },
    }
    expect(take(2_000)).toEqual({ found: [], excused: [], checked: 1 })
    expect(take(2_100).found).toEqual(["too old for the door"])
    expect(take(1_000, { publishedMs: cluster.world.nowMs }).found).toEqual(["taken for younger than it is"])
    expect(take(1_000, hurried).found).toEqual([])
    expect(take(1_100, hurried).found).toEqual(["taken after its deadline"])
  })

  it("no-foreign-bytes finds what no ingress writes, and an answer on a subject that its sender never named", () => {
    const store = (body: Uint8Array, more: Partial<CommandMessage> = {}) => tried(noForeignBytes, cluster, () => hold(body, more)).found
    const body = canonical()
    expect(store(body)).toEqual([])
    const foreign = ["a sender's bytes in a stream"]
    expect(store(body, { headers: "Hf-Reply: web.x" })).toEqual(foreign)
    expect(store(body, { subject: "hf.cmd.web.sell.sku.A" })).toEqual(foreign)
    expect(store(Buffer.from(" "))).toEqual(foreign)
    expect(store(Buffer.concat([body.subarray(0, 1), Buffer.from(" "), body.subarray(1)]))).toEqual(foreign)
    const say = (replySubject: string) =>
      tried(noForeignBytes, cluster, (checker) => {
        checker.published(published("web", replySubject))
        checker.doorSaid("i0-1", "web", "web.x", busy)
      }).found
    expect(say("hf.reply.web.web.x")).toEqual([])
    expect(say("hf.reply.warehouse.web.x")).toEqual(["an answer that nobody asked for there"])
  })

  it("array-order finds an array that was decided in another order", () => {
    const texts = entries.flatMap((entry) =>
      entry.decided.map(({ command }) => (command === null ? "" : checkingCodec.commandText(command))),
    )
    const two = { ...decided, decided: [decided.decided[0], decided.decided[0]] }
    const publish = (body: string) =>
      tried(arrayOrder, cluster, (checker) =>
        checker.published(published(two.sender, `hf.reply.${two.sender}.${replyOf(decided)}`, Buffer.from(body))),
      )
    const own = checkingCodec.commandText(decided.decided[0]?.command as Command)
    expect(publish(`[${own}]`)).toEqual({ found: [], excused: [], checked: 1 })
    expect(publish(`[${own},${texts.find((text) => text !== own)}]`).found).toEqual(["an array decided out of order"])
  })
})

/** A stored message as an ingress writes it, of a fact. */
const canonical = (): Uint8Array => {
  const text = `{"v":1,"type":"ReceiveStock","id":"r1","sku":"FS-00001","issuedAtMs":1,"location":"DC1","qty":1}`
  const body = sharedCodec.decodeBody(Buffer.from(text))
  const bytes = body._tag === "Commands" && body.commands[0]?._tag === "Command" ? Buffer.byteLength(body.commands[0].text) : 0
  const message = { class: "stock", bulk: false, reply: "web.x", publishedMs: 1, trace: null, bytes, body } as const
  return encodeBatch({
    ingress: "i0-1",
    serial: 1,
    acknowledged: 0,
    messages: [{ ...message, sender: "web" as never, key: "FS-00001" as never }],
  })
}

ordersTried(tried)

// Last: it looks back at all of the above.
describe("the list of checkers", () => {
  it("has none that was not seen to fail here, or by the auditor's own tests", () => {
    const { checked } = runSeed({
      seed: "checkers",
      profile: "last-unit",
      families: new Set(["jitter"]),
      drawn: { orders: 5 },
      wallNowMs: () => 0,
    })
    const auditors = new Set<string>(CheckerName)
    expect([...seenToFail].sort()).toEqual(
      Object.keys(checked)
        .filter((name) => !auditors.has(name))
        .sort(),
    )
  })
})
