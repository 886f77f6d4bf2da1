import { Effect, Layer, Stream } from "effect"
import fc from "fast-check"
import { describe, expect, it } from "vitest"
import type { CommandId, SenderId, Sku } from "../../src/domain/names.ts"
import type { PlaceOrder } from "../../src/domain/order/commands/place-order/command.ts"
import type { OrderId } from "../../src/domain/order/names.ts"
import { Past } from "../../src/ports/past.ts"
import { orderHistory, reservationHistory } from "../../src/query/history.ts"
import { availabilityAt } from "../../src/query/time-travel.ts"
import { whyAts } from "../../src/query/why.ts"
import { orderCodec } from "../../src/wire/codec.ts"
import { mug, OrderRig, pot } from "../audit/order-rig.ts"
import { Broker, startMs } from "../engine/rig.ts"
import { actionOf, ask, askedMs, Life, pastOf } from "./past-rig.ts"

const A = "A" as Sku
const web = "web" as SenderId
const limit = 20

describe("time travel", () => {
  it("folds what the feed told, at every moment it told something", async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(actionOf(true), { maxLength: 25 }), async (actions) => {
        const life = new Life(12, 1, 10)
        for (const action of actions) life.do(action)
        for (const { channel, atMs, ats, version } of life.broker.feed) {
          const then = await ask(life.broker, availabilityAt(A, atMs))
          if (typeof then === "string") throw new Error(then)
          expect([then.version, then.channels.find((line) => line.channel === channel)?.ats]).toEqual([version, ats])
        }
      }),
      { numRuns: 15 },
    )
  })

  it("says of a moment that can't be asked about which can", async () => {
    const life = new Life(5, 0, 0)
    const ofTime = (atMs: number) => ask(life.broker, availabilityAt(A, atMs))
    expect(await ofTime(startMs - 3_600_000)).toBe("BeforeFirstRecord")
    expect(await ofTime(askedMs + 1)).toBe("InTheFuture")
    expect(await ask(life.broker, availabilityAt("B" as Sku, undefined))).toBe("UnknownSku")
    expect(await ask(new Life(1, 0, 0).broker, availabilityAt(A, undefined), 2)).toBe("PastUnavailable")
  })
})

describe("why", () => {
  it("adds up its terms to the ATS, and tells what was refused", async () => {
    const life = new Life(10, 2, 0)
    life.policy(2, 0, 4)
    life.send("web", "Reserve", { reservation: "kept", qty: 3, holdMs: 60_000 })
    life.send("shop", "Reserve", { reservation: "no", qty: 9, holdMs: 60_000 })
    const why = await ask(life.broker, whyAts({ sku: A, channel: "shop" as SenderId, limit }))
    if (typeof why === "string") throw new Error(why)
    // 10 on hand, 3 reserved: 7 offered; of web's fence of 4, 1 is left; 2 are the buffer.
    expect(why.terms).toEqual({
      offered: 7,
      others: [{ channel: "web", fenceQty: 4, usedQty: 3, clippedQty: 1 }],
      bufferQty: 2,
      left: 4,
      floorQty: 0,
      ats: 4,
    })
    expect(why.sentences[1]).toBe("7 offered − 1 kept for other channels − 2 buffer = 4.")
    expect(why.steps.at(-1)).toMatchObject({
      sender: "shop",
      outcome: "refused",
      reason: "InsufficientStock",
      ats: { before: 4, after: 4 },
    })
    expect(why.steps.at(-1)?.said).toBe("shop asked for 9 units as no: REFUSED, InsufficientStock: 4 units could be had")
  })

  it("tells the terms of the fold at any moment as the domain has them", async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(actionOf(true), { maxLength: 25 }), async (actions) => {
        const life = new Life(12, 1, 10)
        for (const action of actions) life.do(action)
        const why = await ask(life.broker, whyAts({ sku: A, channel: web, limit }))
        if (typeof why === "string" || why.terms === null) throw new Error("it is known and sold")
        const { offered, others, bufferQty, left, ats } = why.terms
        expect(left).toBe(offered - others.reduce((sum, { clippedQty }) => sum + clippedQty, 0) - bufferQty)
        expect(ats).toBe(Math.max(0, left))
        const told = life.broker.feed.findLast(({ channel }) => channel === web)
        expect([why.ats, why.told?.version]).toEqual([told?.ats, told?.version])
      }),
      { numRuns: 25 },
    )
  })

  it("tells no more steps than are asked for, and the others by the cursor", async () => {
    const life = new Life(10, 0, 0)
    for (const n of [1, 2, 3, 4]) life.send("web", "Reserve", { reservation: `r${n}`, qty: 1, holdMs: 60_000 })
    const all = await ask(life.broker, whyAts({ sku: A, channel: web, limit }))
    if (typeof all === "string") throw new Error(all)
    const seen = []
    for (let before: string | undefined, more = true; more; ) {
      const page = await ask(life.broker, whyAts({ sku: A, channel: web, limit: 2, before }))
      if (typeof page === "string") throw new Error(page)
      expect(page.ats).toBe(all.ats)
      seen.unshift(...page.steps)
      before = page.before ?? undefined
      more = page.before !== null
    }
    expect(seen).toEqual(all.steps)
    for (const forged of ["", "0-0", "x", "1-1-1", "99999999999999999999-0"])
      expect(await ask(life.broker, whyAts({ sku: A, channel: web, limit: 2, before: forged }))).toBe("InvalidCursor")
    expect(await ask(life.broker, whyAts({ sku: A, channel: web, limit: 1_001 }))).toBe("TooMany")
  })
})

describe("the history of an order", () => {
  it.each([
    { behind: 0, atMs: undefined, said: "UnknownOrder: nothing was ever asked or told about the order O-9 of web" },
    { behind: 2, atMs: undefined, said: "NotKnownYet: the tables know nothing of the order O-9 of web, and 2 records that followed have" },
    { behind: 2, atMs: startMs, said: "UnknownOrder: nothing had been asked or told about the order O-9 of web by" },
    { behind: null, atMs: undefined, said: "UnknownOrder: nothing had been asked or told about the order O-9 of web by" },
  ])("that isn't found says no more than is known, $behind records behind and of $atMs", async ({ behind, atMs, said }) => {
    const known = { source: "tables", kind: "order", partition: 0, seq: 5, atMs: startMs + 9, behind } as const
    const past = Layer.mock(Past, {
      partitions: 1,
      orderPartition: () => 0,
      extent: () => Effect.succeed({ sinceMs: startMs, isFromTheFirst: true, knownToMs: startMs + (behind === 0 ? 9 : 8), known }),
      orderLines: () => Stream.empty,
    })
    const refused = await Effect.runPromise(Effect.flip(orderHistory(web, "O-9" as OrderId, { limit, atMs })).pipe(Effect.provide(past)))
    expect("reason" in refused ? `${refused.reason}: ${refused.message}` : refused._tag).toContain(said)
  })

  it("goes from its placing to its end, and tells of no other", async () => {
    const rig = new OrderRig().stock(mug, 10).stock(pot, 3)
    const place = (order: string, qty: number): PlaceOrder => ({
      type: "PlaceOrder",
      id: `place-${order}` as CommandId,
      channel: web,
      order: order as OrderId,
      issuedAtMs: rig.nowMs,
      fill: "whole",
      holdMs: 600_000,
      lines: [
        { sku: mug, qty: 1 },
        { sku: pot, qty },
      ],
    })
    rig.tell(place("O-1", 2)).rest().tell(place("O-2", 2)).rest()
    const bytesOf = ({ entries, ...envelope }: (typeof rig.orderLog.records)[number]) =>
      orderCodec.encodeRecord(
        envelope,
        entries.map((entry) => orderCodec.encodeEntry(entry)),
      )
    const journal = rig.orderLog.records.map((record, at) => ({ seq: at + 1, messageId: "", bytes: bytesOf(record) }))
    const orders = Object.assign(new Broker(), { journal })
    const told = async (order: string) => {
      const asked = orderHistory(web, order as OrderId, { limit })
      return Effect.runPromise(
        asked.pipe(
          Effect.provide(pastOf(new Broker(), orders)),
          Effect.catchTag("QueryRefused", ({ reason }) => Effect.succeed(reason)),
        ),
      )
    }
    const held = await told("O-1")
    if (typeof held === "string") throw new Error(held)
    expect([held.phase, held.lines.map(({ openQty }) => openQty)]).toEqual(["held", [1, 2]])
    expect(held.steps.map(({ type }) => type)).toEqual(["PlaceOrder", "returned", "returned", "answered"])
    const refused = await told("O-2")
    if (typeof refused === "string") throw new Error(refused)
    expect([refused.ending, refused.lines.map(({ openQty }) => openQty)]).toEqual(["refused", [0, 0]])
    expect(refused.steps.some(({ said }) => said.includes("InsufficientStock: 1 unit could be had"))).toBe(true)
    expect(await told("O-3")).toBe("UnknownOrder")
  })
})

describe("the history of a reservation", () => {
  it("goes from its first asking to its end", async () => {
    const life = new Life(10, 0, 0)
    life.send("web", "Reserve", { reservation: "r", qty: 20, holdMs: 60_000 })
    life.send("web", "Reserve", { reservation: "r", qty: 2, holdMs: 60_000 })
    life.do({ type: "wait", ms: 70_000 })
    life.send("web", "Confirm", { reservation: "r" })
    const history = await ask(life.broker, reservationHistory({ sku: A, channel: web, reservation: "r" }, { limit }))
    if (typeof history === "string") throw new Error(history)
    expect(history).toMatchObject({ status: "expired", openQty: 0, fulfilledQty: 0, expiresAtMs: null })
    expect(history.steps.map(({ type, reason }) => reason ?? type)).toEqual([
      "InsufficientStock",
      "Reserve",
      "expiry",
      "ReservationExpired",
    ])
    const unknown = reservationHistory({ sku: A, channel: "shop" as SenderId, reservation: "r" }, { limit })
    expect(await ask(life.broker, unknown)).toBe("UnknownReservation")
  })
})
