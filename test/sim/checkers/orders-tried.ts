/** The checkers of orders, each seen to fail with one thing wrong: in a small world at rest whose journals, or whose owners' states, are changed. Run by seen-to-fail.test.ts, which counts who was seen. */
import { describe, expect, it } from "vitest"
import { ordersWritten } from "../../../sim/checkers/both-journals.ts"
import { carriedOnce } from "../../../sim/checkers/carried-once.ts"
import type { Checker, MakeChecker } from "../../../sim/checkers/checker.ts"
import { orderAnswers } from "../../../sim/checkers/order-answers.ts"
import { orderJournals } from "../../../sim/checkers/order-journals.ts"
import { orderLines } from "../../../sim/checkers/order-lines.ts"
import { orderQuarantine } from "../../../sim/checkers/order-quarantine.ts"
import { ordersAreFold } from "../../../sim/checkers/orders-are-fold.ts"
import { ordersRest } from "../../../sim/checkers/orders-rest.ts"
import { paymentOrExpiry } from "../../../sim/checkers/payment-or-expiry.ts"
import type { Cluster } from "../../../sim/cluster.ts"
import type { FaultName } from "../../../sim/faults/catalogue.ts"
import { runSeed } from "../../../sim/run.ts"
import { sharedOrderCodec } from "../../../sim/substitutes/order-codec.ts"
import { sharedCodec } from "../../../sim/substitutes/shared-codec.ts"
import { type CommandId, isInternal } from "../../../src/domain/names.ts"
import { type OrderId, orderBook } from "../../../src/domain/order/names.ts"
import type { KindTypes } from "../../../src/engine/kind.ts"
import type { EngineCodec } from "../../../src/engine/protocol.ts"
import type { JournalRecord, StoredRecord } from "../../../src/engine/records.ts"
import type { OrderEntry, OrderReply, OrderSettledEntry } from "../../../src/kinds/order/types.ts"
import type { SkuEntry } from "../../../src/kinds/sku/types.ts"

/** Makes a checker, tells it something, and says what it found when the world had ended. */
type Try = (
  make: MakeChecker,
  cluster: Cluster,
  tell: (checker: Required<Checker>) => void,
) => { readonly found: ReadonlyArray<string>; readonly checked: number }

/** The journals of such a world: of its one partition of SKUs, and of its one of orders. */
const [ofSkus, ofOrders] = [0, 1]

const nothing = (): void => undefined

/** A world with a partition of each kind, at rest after some orders: each its own, for tests change it. */
const atRest = (...more: ReadonlyArray<FaultName>): Cluster => {
  let cluster: Cluster | undefined
  const { failures } = runSeed({
    seed: "orders at rest",
    profile: "orders",
    families: new Set<FaultName>(["jitter", ...more]),
    drawn: { orders: 12, skus: 2, partitions: 1, orderPartitions: 1, ordersPlaced: 30, orderHoldMs: 2_000, workers: 2, windowMs: 15_000 },
    wallNowMs: () => 0,
    inspect: (ended) => {
      cluster = ended
    },
  })
  expect(failures).toEqual([])
  return cluster as Cluster
}

const codecs = [sharedCodec, sharedOrderCodec] as const

/** Puts something else in the place of a journal's records, from now on. Undefined: the record stays. */
const rewritten = <Entry>(
  cluster: Cluster,
  journal: number,
  change: (entries: ReadonlyArray<Entry>) => ReadonlyArray<Entry> | undefined,
): Cluster => {
  const { server } = cluster
  // Of the journal's own kind, which the type of a number doesn't say; so are its entries, below.
  const codec = codecs[journal] as unknown as EngineCodec<KindTypes>
  const changed = new Map<number, StoredRecord>()
  for (const stored of server.records(journal, 1, 1_000_000, 1_000_000)) {
    const read = codec.decodeRecord(stored.bytes)
    if (read._tag !== "Record") throw new Error("a record of a world at rest can be read")
    // As above.
    const entries = change(read.record.entries as unknown as ReadonlyArray<Entry>)
    if (entries === undefined) continue
    // As above.
    const texts = (entries as unknown as JournalRecord["entries"]).map((entry) => codec.encodeEntry(entry))
    changed.set(stored.seq, { ...stored, bytes: codec.encodeRecord(read.record, texts) })
  }
  expect(changed.size).toBeGreaterThan(0)
  const { records, recordAt } = server
  server.records = (id, ...rest) =>
    records.call(server, id, ...rest).map((stored) => (id === journal ? (changed.get(stored.seq) ?? stored) : stored))
  server.recordAt = (id, seq) => (id === journal ? changed.get(seq) : undefined) ?? recordAt.call(server, id, seq)
  return cluster
}

/** Changes the first entry that can be changed so, and no other. */
const first = <Entry>(change: (entry: Entry) => ReadonlyArray<Entry> | undefined) => {
  let isDone = false
  return (entries: ReadonlyArray<Entry>): ReadonlyArray<Entry> | undefined => {
    if (isDone) return undefined
    for (const [at, entry] of entries.entries()) {
      const changed = change(entry)
      if (changed === undefined) continue
      isDone = true
      return [...entries.slice(0, at), ...changed, ...entries.slice(at + 1)]
    }
    return undefined
  }
}

const isCarried = (entry: SkuEntry): entry is Extract<SkuEntry, { readonly _tag: "Message" }> =>
  entry._tag === "Message" && entry.onBehalf !== undefined && entry.decided.some(({ decision }) => decision._tag === "Accepted")
const isReturned = (entry: OrderEntry): entry is Extract<OrderEntry, { readonly _tag: "Returned" }> => entry._tag === "Returned"

const carriedOnceFails = (tried: Try): void => {
  describe("carried-once", () => {
    it("passes a world at rest, and finds a command that is decided twice, or that nobody carried", () => {
      const calm = tried(carriedOnce, atRest(), nothing)
      expect(calm.found).toEqual([])
      expect(calm.checked).toBeGreaterThan(0)
      const twice = first<SkuEntry>((entry) => (isCarried(entry) ? [entry, entry] : undefined))
      expect(tried(carriedOnce, rewritten(atRest(), ofSkus, twice), nothing).found).toContain("a carried command was decided twice")
      const renamed = first<SkuEntry>((entry) => {
        if (!isCarried(entry)) return undefined
        const decided = entry.decided.map((one) => ({ ...one, command: one.command && { ...one.command, id: "w/1/9" as never } }))
        return [{ ...entry, decided }]
      })
      const found = tried(carriedOnce, rewritten(atRest(), ofSkus, renamed), nothing).found
      expect(found).toContain("a command that nobody carried was decided")
      expect(found).toContain("what came back stands nowhere")
    })

    it("finds a decision that came back twice, or as another", () => {
      const twice = first<OrderEntry>((entry) => (isReturned(entry) ? [entry, entry] : undefined))
      expect(tried(carriedOnce, rewritten(atRest(), ofOrders, twice), nothing).found).toContain("a decision came back twice")
      const other = first<OrderEntry>((entry) => (isReturned(entry) ? [{ ...entry, outcome: { outcome: "expired" } }] : undefined))
      expect(tried(carriedOnce, rewritten(atRest(), ofOrders, other), nothing).found).toContain("what came back is not what was decided")
    })

    it("finds what leaves before its record", () => {
      const cluster = atRest()
      const slot = cluster.workers.flatMap(({ slots }) => slots)[0]
      if (slot === undefined) throw new Error("a worker has slots")
      const said = tried(carriedOnce, cluster, (checker) => {
        checker.carriedSaid(slot, { commands: [{ id: "w/100000/0" }] } as never)
        checker.returnsSaid(slot, { returns: [{ id: "w/1/0", by: { kind: "sku", partition: 0, seq: 100_000 } }] } as never)
      })
      expect(said.found).toEqual(["a command left before its record", "a decision went back before its record"])
    })
  })
}

/** A SKU's word on units that nobody held comes to an order that is no more, or, where none was forgotten, to one that says it never was. */
const toldInVain = (isForgotten: boolean) =>
  first<OrderEntry>((entry) => {
    if (entry._tag !== "Message") return undefined
    const at = entry.decided.findIndex(
      ({ command, decision }) => command?.type === "NoteLine" && command.fact === "beyond" && decision._tag === "Accepted",
    )
    const decided = entry.decided[at]
    if (decided === undefined || decided.command === null) return undefined
    const { channel, order } = decided.command
    const refused = { ...decided, decision: { _tag: "Refused", refusal: { reason: "UnknownOrder", order } } } as const
    const told: OrderEntry = { ...entry, decided: entry.decided.with(at, refused) }
    const forgotten: OrderEntry = {
      _tag: "Expiry",
      key: orderBook(channel, order),
      events: [{ type: "OrderForgotten", channel, order, n: 99 }],
    }
    return isForgotten ? [forgotten, told] : [told]
  })

const linesFail = (tried: Try): void => {
  describe("order-lines", () => {
    it("finds a line of which its order and its SKU say different things", () => {
      expect(tried(orderLines, atRest(), nothing).found).toEqual([])
      const more = first<OrderEntry>((entry) => {
        if (!isReturned(entry) || !entry.events.some(({ type }) => type === "LineReserved")) return undefined
        return [
          { ...entry, events: entry.events.map((event) => (event.type === "LineReserved" ? { ...event, qty: event.qty + 1 } : event)) },
        ]
      })
      expect(tried(orderLines, rewritten(atRest(), ofOrders, more), nothing).found).toContain("a line and its SKU disagree: reserved")
    })

    it("lets a SKU tell of units that left for a forgotten order, whom nobody hears, and for no other", () => {
      expect(tried(orderLines, rewritten(atRest(), ofOrders, toldInVain(true)), nothing).found).toEqual([])
      expect(tried(orderLines, rewritten(atRest(), ofOrders, toldInVain(false)), nothing).found).toEqual([
        "a line and its SKU disagree: beyond",
      ])
    })
  })
}

const answersFail = (tried: Try): void => {
  describe("order-answers", () => {
    const reply = (suffix: string, outcome: object): OrderReply =>
      ({ sender: "web", suffix, partition: 0, seq: 1, epoch: 1, array: false, decisions: [{ id: "place.1", ...outcome }] }) as never

    it("finds two answers, and one that no record gives", () => {
      const { found } = tried(orderAnswers, atRest(), nothing)
      expect(found).toEqual([])
      const cluster = atRest()
      const { observer } = cluster.orderAudience
      const told = tried(orderAnswers, cluster, () => {
        observer.replyHeard("web", "nobody.1", reply("nobody.1", { outcome: "refused", reason: "UnknownOrder" }))
        observer.replyHeard("web", "nobody.1", reply("nobody.1", { outcome: "refused", reason: "OrderRefused" }))
      })
      expect(told.found).toContain("two answers to one command about an order")
      expect(told.found).toContain("an answer that its record does not give")
    })

    it("finds an answer that is given twice, or never", () => {
      const twice = first<OrderEntry>((entry) => (entry._tag === "Answered" ? [entry, entry] : undefined))
      expect(tried(orderAnswers, rewritten(atRest(), ofOrders, twice), nothing).found).toContain(
        "a command about an order was answered twice",
      )
      const never = first<OrderEntry>((entry) => (entry._tag === "Answered" ? [] : undefined))
      expect(tried(orderAnswers, rewritten(atRest(), ofOrders, never), nothing).found).toContain("a command that began was never answered")
    })
  })
}

const timesFail = (tried: Try): void => {
  describe("payment-or-expiry", () => {
    /** Every order is said to be held for so much longer, or shorter. */
    const held = (byMs: number) => (entries: ReadonlyArray<OrderEntry>) =>
      entries.map((entry) =>
        isReturned(entry)
          ? {
              ...entry,
              events: entry.events.map((event) =>
                event.type === "OrderHeld" ? { ...event, expiresAtMs: event.expiresAtMs + byMs } : event,
              ),
            }
          : entry,
      )

    it("finds an order that ends before its channel was told, one that is paid later, and one that its lines don't outlive", () => {
      expect(tried(paymentOrExpiry, atRest(), nothing).found).toEqual([])
      const longer = tried(paymentOrExpiry, rewritten(atRest(), ofOrders, held(3_600_000)), nothing).found
      expect(longer).toContain("an order ended before its channel was told")
      expect(longer).toContain("an order is held for longer than its lines")
      const shorter = tried(paymentOrExpiry, rewritten(atRest(), ofOrders, held(-3_600_000)), nothing).found
      expect(shorter).toContain("an order was paid after its hold")
    })
  })
}

const statesFail = (tried: Try): void => {
  describe("orders-are-fold", () => {
    /** All that was stored, told again to a checker that was made when it was over. */
    const retold = ({ server, orderAudience }: Cluster) => {
      for (const stored of server.records(ofOrders, 1, 1_000_000, 1_000_000)) orderAudience.observer.recordStored(ofOrders, stored)
    }

    it("finds an owner that holds something else, or owes another answer", () => {
      const calm = atRest()
      const same = tried(ordersAreFold, calm, () => retold(calm))
      expect(same.found).toEqual([])
      const cluster = atRest()
      const owner = cluster.workers.flatMap(({ orderSlots }) => orderSlots).find(({ isServing }) => isServing)?.partition
      owner?.owed.set("somebody", { sender: "web", replies: [] } as never)
      expect(tried(ordersAreFold, cluster, () => retold(cluster)).found).toContain("orders differ from the fold of their journal")
    })
  })

  describe("order-journals", () => {
    it("finds a reply before its record, and a record that does not link to the one before it", () => {
      expect(tried(orderJournals, atRest(), nothing).found).toEqual([])
      const cluster = atRest()
      const slot = cluster.workers.flatMap(({ orderSlots }) => orderSlots)[0]
      if (slot === undefined) throw new Error("a worker has slots")
      const early = tried(orderJournals, cluster, () => cluster.orderAudience.observer.replySaid(slot, { seq: 100_000 } as never))
      expect(early.found).toEqual(["a reply about an order before its record"])
      const without = first<OrderEntry>((entry) => (entry._tag === "Answered" ? [] : undefined))
      expect(tried(orderJournals, rewritten(atRest(), ofOrders, without), nothing).found).toEqual([
        "a record of orders does not link to the one before it",
      ])
    })
  })

  describe("orders-rest", () => {
    it("finds a partition that is halted, and one that has commands under way for ever", () => {
      expect(tried(ordersRest, atRest(), nothing).found).toEqual([])
      const halted = atRest()
      halted.server.putHalt(ofOrders, { reason: "ChainBroken", detail: "invented", atMs: 0, resume: null })
      expect(tried(ordersRest, halted, nothing).found).toEqual(["a partition is halted for good"])
      const busy = atRest()
      const owner = busy.workers.flatMap(({ orderSlots }) => orderSlots).find(({ isServing }) => isServing)?.partition
      owner?.underWay.set("w/1/0" as never, {} as never)
      expect(tried(ordersRest, busy, nothing).found).toEqual(["commands under way for ever"])
    })
  })
}

const isSettled = (entry: OrderEntry): entry is OrderSettledEntry => entry._tag === "Settled"

/** What a channel's message puts into quarantine, under another id and at another place. */
const alsoAt = (entry: OrderEntry, place: string, idEnd: string): OrderEntry | undefined => {
  if (entry._tag !== "Message" || isInternal(entry.sender)) return undefined
  const decided = entry.decided.map((one) => {
    if (one.decision._tag !== "Quarantined" || one.command === null) return undefined
    return {
      ...one,
      command: { ...one.command, id: `${one.command.id}${idEnd}` as CommandId },
      decision: { ...one.decision, quarantined: `${one.decision.quarantined}${place}` },
    }
  })
  const waits = decided.filter((one) => one !== undefined)
  return waits.length === decided.length ? { ...entry, decided: waits } : undefined
}

const quarantineFails = (tried: Try): void => {
  describe("order-quarantine", () => {
    const settledWorld = () => atRest("undecidable-orders")
    const foundIn = (change: (entry: OrderEntry) => ReadonlyArray<OrderEntry> | undefined) =>
      tried(orderQuarantine, rewritten(settledWorld(), ofOrders, first<OrderEntry>(change)), nothing).found

    it("passes a world at rest, and finds what is settled twice, without its record, by nobody or by another name", () => {
      const calm = tried(orderQuarantine, settledWorld(), nothing)
      expect(calm.found).toEqual([])
      expect(calm.checked).toBeGreaterThan(4)
      expect(foundIn((entry) => (isSettled(entry) ? [entry, entry] : undefined))).toEqual(["settled twice", "settled by nobody"])
      expect(foundIn((entry) => (isSettled(entry) ? [] : undefined))).toContain("settled without its record")
      const renamed = foundIn((entry) => {
        if (entry._tag !== "Message") return undefined
        const isTheirs = entry.decided.some(
          ({ command, decision }) => decision._tag === "Accepted" && command !== null && "quarantined" in command,
        )
        const decided = entry.decided.map((one) => ({ ...one, command: one.command && { ...one.command, order: "o-x" as OrderId } }))
        return isTheirs ? [{ ...entry, decided }] : undefined
      })
      expect(renamed).toContain("settled by another name")
    })

    it("finds what waits at two places, and more than may wait", () => {
      const again = (idEnd: string) =>
        first<OrderEntry>((entry) => {
          const copies = ["0", "1"].map((place) => alsoAt(entry, place, `${idEnd}${idEnd === "" ? "" : place}`))
          return copies.every((copy) => copy !== undefined) ? [entry, ...copies] : undefined
        })
      expect(tried(orderQuarantine, rewritten(settledWorld(), ofOrders, again("")), nothing).found).toContain("one command at two places")
      const small = settledWorld()
      Object.assign(small.drawn, { quarantine: "short" })
      expect(tried(orderQuarantine, rewritten(small, ofOrders, again("-")), nothing).found).toContain("more in quarantine than may be")
    })

    it("finds what was dropped and decided, and an answer that no journal gives", () => {
      const dropped = foundIn((entry) =>
        isSettled(entry) && entry.decided.decision._tag === "Begun"
          ? [{ ...entry, decided: { ...entry.decided, decision: { _tag: "Dropped", reason: "invented" } } }]
          : undefined,
      )
      expect(dropped).toContain("dropped and decided")
      const cluster = settledWorld()
      const { observer } = cluster.orderAudience
      const places = ordersWritten(cluster).flatMap(({ record }) => record.entries.filter(isSettled))
      const told = tried(orderQuarantine, cluster, () => {
        for (const { sender, decided } of places) {
          const said = { id: decided.command?.id, order: decided.command?.order, outcome: "refused", reason: "OrderExists" }
          observer.replyHeard(sender, "nobody.1", { sender, suffix: "nobody.1", seq: 1, decisions: [said] } as never)
        }
      })
      expect(told.found).toContain("heard of what waited is what no journal says")
    })
  })
}

/** All of them. */
export const ordersTried = (tried: Try): void => {
  carriedOnceFails(tried)
  linesFail(tried)
  answersFail(tried)
  timesFail(tried)
  statesFail(tried)
  quarantineFails(tried)
}
