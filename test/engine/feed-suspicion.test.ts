/** When an owner takes its words in the feed for replaced: never because the SKU is decided all the time, the broker is slow, or another channel's value is newer. */

import { describe, expect, it } from "vitest"
import type { AtsValue } from "../../src/kinds/sku/types.ts"
import { feedEchoMs, feedGroupsMax } from "../../src/limits.ts"
import { json, policyFor, serving, Worker } from "./rig.ts"

const reserve = (id: string, reservation: string, qty: number): Record<string, unknown> =>
  json("Reserve", { id, reservation, qty, holdMs: 600_000 })
const repairs = (worker: Worker) => worker.all("Alarm").filter(({ kind }) => kind === "FeedRepaired")
const values = (worker: Worker, channel: string) => worker.broker.feed.filter((value) => value.channel === channel)

/** Decides, has the feed store what it says, and keeps that from coming back. */
const decideUnseen = (worker: Worker, n: number): ReadonlyArray<AtsValue> => {
  worker.send("web", reserve(`c${n}`, `r${n}`, 1))
  worker.settle(["SendFeed"])
  const said: Array<AtsValue> = []
  while (worker.has("SendFeed")) {
    const { group, values: sent } = worker.take("SendFeed")
    said.push(...sent)
    worker.broker.feed.push(...sent)
    worker.put({ _tag: "FeedSent", group })
    worker.settle(["SendFeed"])
  }
  return said
}

describe("an owner that watches its own words come back", () => {
  it("raises nothing while a SKU is decided all the time, each value heard after the next was said", () => {
    const worker = serving(1_000)
    let late: ReadonlyArray<AtsValue> = []
    const everyMs = 100
    for (let n = 1; n * everyMs <= 5 * feedEchoMs; n++) {
      const said = decideUnseen(worker, n)
      for (const value of late) worker.seeFeed(value)
      late = said
      worker.tick(everyMs)
    }
    expect(repairs(worker)).toEqual([])
    expect(worker.broker.feed.some(({ cause }) => cause === "Repair")).toBe(false)
  })

  it("raises nothing while values come back late but in their order, however late", () => {
    const worker = serving(1_000)
    const onTheWay: Array<ReadonlyArray<AtsValue>> = []
    const everyMs = 100
    for (let n = 1; n * everyMs <= 6 * feedEchoMs; n++) {
      onTheWay.push(decideUnseen(worker, n))
      if (onTheWay.length * everyMs > 2 * feedEchoMs) for (const value of onTheWay.shift() ?? []) worker.seeFeed(value)
      worker.tick(everyMs)
    }
    expect(repairs(worker)).toEqual([])
  })

  it("raises nothing for a channel whose newest value is older than the SKU's newest", () => {
    const worker = serving(10)
    const policy = policyFor("web", "shop")
    const fenced = policy.channels.map((line) => ({ ...line, fenceQty: line.channel === "web" ? 2 : 0 }))
    worker.send("boss", json("SetPolicy", { policy: { ...policy, version: 2, channels: fenced } }))
    worker.settle()
    worker.send("shop", reserve("s1", "s1", 1))
    worker.settle(["SendFeed"])
    const first = worker.take("SendFeed")
    worker.put({ _tag: "FeedSent", group: first.group })
    worker.send("shop", reserve("s2", "s2", 1))
    worker.settle(["SendFeed"])
    const second = worker.take("SendFeed")
    worker.put({ _tag: "FeedSent", group: second.group })
    // Web takes of its own fence: nothing changes for the shop.
    const third = decideUnseen(worker, 1)
    expect(third.map(({ channel }) => channel)).toEqual(["web"])
    for (const value of [...first.values, ...second.values, ...third]) worker.seeFeed(value)
    worker.tick(2 * feedEchoMs)
    expect(repairs(worker)).toEqual([])
  })

  it("raises nothing while what it handed over is not known to be stored", () => {
    const worker = serving(10)
    worker.send("web", reserve("c1", "r1", 1))
    worker.settle(["SendFeed"])
    const first = worker.take("SendFeed")
    worker.put({ _tag: "FeedSent", group: first.group })
    worker.send("web", reserve("c2", "r2", 1))
    worker.settle(["SendFeed"])
    const second = worker.take("SendFeed")
    for (const value of first.values) worker.seeFeed(value)
    for (let passed = 0; passed < 4 * feedEchoMs; passed += feedEchoMs / 4) worker.tick(feedEchoMs / 4)
    worker.put({ _tag: "FeedSent", group: second.group })
    for (const value of second.values) worker.seeFeed(value)
    worker.tick(2 * feedEchoMs)
    expect(repairs(worker)).toEqual([])
  })

  it("says it again, unalarmed, where it could not be stored", () => {
    const worker = serving(10)
    const first = decideUnseen(worker, 1)
    worker.send("web", reserve("c2", "r2", 1))
    worker.settle(["SendFeed"])
    const second = worker.take("SendFeed")
    for (const value of first) worker.seeFeed(value)
    worker.put({ _tag: "FeedFailed", group: second.group })
    worker.settle()
    expect(values(worker, "web").at(-1)).toMatchObject({ ats: 8 })
    worker.tick(2 * feedEchoMs)
    expect(repairs(worker)).toEqual([])
  })

  it("finds a former owner's value that offers by chance what there is for a moment", () => {
    const worker = serving(10)
    const policy = policyFor("web", "shop")
    worker.send("web", reserve("c1", "r1", 2))
    worker.settle(["SendFeed"])
    const { group } = worker.take("SendFeed")
    worker.put({ _tag: "FeedSent", group })
    // One more is taken and given back while all groups are on their way: nothing new has to be said, as 8 was said.
    for (let n = 0; n < feedGroupsMax; n++) {
      worker.send("dc", json("ReceiveStock", { sku: `B${n}`, location: "L", qty: 1 }))
      worker.send("boss", json("SetPolicy", { policy, sku: `B${n}` }))
      worker.settle(["SendFeed"])
    }
    const held = worker.all("SendFeed")
    worker.send("web", reserve("c2", "r2", 1))
    worker.settle(["SendFeed"])
    worker.seeFeed({ channel: "web" as AtsValue["channel"], sku: "A" as AtsValue["sku"], version: 4, ats: 7 })
    worker.send("web", json("Release", { id: "c3", reservation: "r2", reason: "cancelled" }))
    worker.settle(["SendFeed"])
    expect(held.length).toBe(feedGroupsMax)
    worker.settle()
    worker.tick(2 * feedEchoMs)
    expect(repairs(worker)).toHaveLength(1)
    expect(values(worker, "web").at(-1)).toMatchObject({ ats: 8 })
  })
})

describe("a hot SKU's feed", () => {
  it("is handed over as soon as one of the groups on their way is stored, with what there is then", () => {
    const worker = serving(100)
    const groups: Array<number> = []
    for (let n = 1; n <= feedGroupsMax; n++) {
      worker.send("web", reserve(`c${n}`, `r${n}`, 1))
      worker.settle(["SendFeed"])
      groups.push(worker.take("SendFeed").group)
    }
    for (const n of [11, 12, 13]) {
      worker.send("web", reserve(`c${n}`, `r${n}`, 1))
      worker.settle(["SendFeed"])
    }
    expect(worker.has("SendFeed")).toBe(false)
    worker.put({ _tag: "FeedSent", group: groups[0] ?? 0 })
    const { values: sent } = worker.take("SendFeed")
    expect(sent.find(({ channel }) => channel === "web")).toMatchObject({ ats: 100 - feedGroupsMax - 3 })
    expect(worker.has("SendFeed")).toBe(false)
  })
})

describe("a channel that a policy dropped", () => {
  /** An owner that journaled the policy which drops the shop, and died before the feed had a word of it. */
  const dropsAndDies = (worker: Worker): void => {
    const { broker } = worker
    const before = values(worker, "shop").at(-1)
    if (before === undefined) throw new Error("the shop was told of units")
    worker.send("boss", json("SetPolicy", { policy: { ...policyFor("web"), version: 2 } }))
    worker.settle(["SendFeed"])
    expect(worker.take("SendFeed").values.map(({ channel, ats }) => [channel, ats])).toContainEqual(["shop", 0])
    expect(broker.feed.filter(({ channel }) => channel === "shop").at(-1)).toBe(before)
    // What the shop was told last lies further back than a new owner looks.
    broker.feedNow = () => []
  }

  it("is told again where that could not be stored, though nothing is left of what it was told before", () => {
    const worker = serving(10)
    worker.send("boss", json("SetPolicy", { policy: { ...policyFor("web"), version: 2 } }))
    worker.settle(["SendFeed"])
    const { group } = worker.take("SendFeed")
    worker.put({ _tag: "FeedFailed", group })
    worker.settle()
    expect(values(worker, "shop").at(-1)).toMatchObject({ ats: 0 })
  })

  it("is told by the next owner, which sees nothing of it in the feed", () => {
    const worker = serving(10)
    dropsAndDies(worker)
    const next = new Worker(worker.broker, "b").serve()
    expect(values(next, "shop").at(-1)).toMatchObject({ ats: 0 })
  })

  it("is told by an owner whose snapshot has the new policy alone", () => {
    const worker = serving(10)
    Object.assign(worker.partition, { snapshotEveryRecords: 3 })
    dropsAndDies(worker)
    const owed = worker.partition.publishing.groups.size
    for (let n = 0; n < 6; n++) {
      worker.send("web", reserve(`c${n}`, `r${n}`, 1))
      worker.settle(["SendFeed"])
      worker.tick(100)
    }
    expect(owed).toBe(1)
    expect(worker.broker.manifest?.startSeq).toBeGreaterThan(worker.partition.reignSeq + 3)
    const next = new Worker(worker.broker, "b").serve()
    expect(values(next, "shop").at(-1)).toMatchObject({ ats: 0 })
  })

  it("is told what it is short of until that is over, though the first try could not be stored", () => {
    const worker = serving(10)
    worker.send("shop", json("RecordSale", { mode: "owed", reservation: "s1", qty: 12, location: "L" }))
    worker.settle()
    expect(values(worker, "shop").at(-1)).toMatchObject({ shortQty: 2 })
    worker.send("boss", json("SetPolicy", { policy: { ...policyFor("web"), version: 2 } }))
    worker.settle()
    worker.send("dc", json("ReceiveStock", { location: "L", qty: 2 }))
    worker.settle(["SendFeed"])
    const { group } = worker.take("SendFeed")
    worker.put({ _tag: "FeedFailed", group })
    worker.settle()
    const told = values(worker, "shop").at(-1)
    expect([told?.ats, told?.shortQty ?? 0]).toEqual([0, 0])
  })
})
