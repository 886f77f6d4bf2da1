/**
 * What every way of selling has to keep to, so that the comparison compares lag and nothing else.
 */
import fc from "fast-check"
import { describe, expect, it } from "vitest"
import { batchSync } from "../../../sim/comparison/batch-sync.ts"
import { createHoldfast, HoldfastDesk, holdfast } from "../../../sim/comparison/holdfast.ts"
import { naiveSync } from "../../../sim/comparison/naive-sync.ts"
import { play } from "../../../sim/comparison/playing.ts"
import { rowLock } from "../../../sim/comparison/row-lock.ts"
import type { ComparedChannel, StrategyOptions } from "../../../sim/comparison/strategy.ts"
import { createAudit } from "../../../src/audit/audit.ts"
import { engineCodec } from "../../../src/wire/codec.ts"
import { prngFromSeed } from "../../../src/workload/prng.ts"
import { lineOf, marketplace, randomTraffic, someOptions, trafficOf, web } from "./small-traffic.ts"

const withoutHoldfast = [batchSync, naiveSync, rowLock]
const all = [...withoutHoldfast, holdfast]
const named = (definitions: typeof all) => definitions.map((definition) => [definition.title, definition] as const)

const anyChannels = fc
  .array(fc.record({ asks: fc.boolean(), lagMs: fc.integer({ min: 0, max: 30_000 }), weight: fc.integer({ min: 1, max: 9 }) }), {
    minLength: 1,
    maxLength: 4,
  })
  .map((channels) => channels.map((channel, i): ComparedChannel => ({ name: `channel-${i}`, ...channel })))

const anyOptions: fc.Arbitrary<StrategyOptions> = fc.record({
  batchMs: fc.integer({ min: 0, max: 30_000 }),
  allotment: fc.record({
    sharePercent: fc.option(fc.integer({ min: 0, max: 100 })),
    leastLines: fc.integer({ min: 0, max: 5 }),
    lowWaterPercent: fc.integer({ min: 0, max: 100 }),
    idleMs: fc.integer({ min: 0, max: 20_000 }),
    reviewMs: fc.integer({ min: 500, max: 20_000 }),
  }),
})

/** A block however small is worth holding. */
const plainOptions: StrategyOptions = { ...someOptions, allotment: { ...someOptions.allotment, leastLines: 0 } }

const seeds = fc.integer({ min: 0, max: 1_000_000 })

const sumOf = (quantities: ReadonlyArray<{ readonly qty: number }>): number => quantities.reduce((sum, { qty }) => sum + qty, 0)

describe("any way of selling", () => {
  it.each(named(all))("%s gives every demanded unit one end, and keeps no promise without a unit", (_, definition) => {
    fc.assert(
      fc.property(seeds, anyChannels, anyOptions, (seed, channels, options) => {
        const drawn = randomTraffic(prngFromSeed(seed), channels.length)
        const traffic = seed % 2 === 0 ? drawn : { ...drawn, lines: drawn.lines.map((line) => ({ ...line, givesBack: [] })) }
        const measures = play(definition, traffic, channels, options)
        const { soldQty, gaveBackQty, refusedQty, cancelledQty } = measures
        expect(soldQty + gaveBackQty + refusedQty + cancelledQty).toBe(measures.demandedQty)
        const arrivedQty = sumOf(traffic.arrivals) + sumOf(traffic.lines.flatMap(({ returns }) => returns))
        expect(soldQty).toBeLessThanOrEqual(120 + arrivedQty)
        // Units that a buyer gave back and the back office hasn't heard of are there, but can't keep it from cancelling.
        if (measures.oversoldQty === 0 && gaveBackQty === 0) expect(measures.cancelledLines).toBe(0)
        expect(measures.cancelledOrders).toBeLessThanOrEqual(measures.cancelledLines)
        expect(measures.lostSalesQty).toBeLessThanOrEqual(refusedQty)
        expect(measures.strandedQty).toBeLessThanOrEqual(refusedQty + cancelledQty)
        expect(measures.staleMsMax).toBeLessThanOrEqual(traffic.windowMs)
      }),
      { numRuns: 40 },
    )
  })

  it.each(named(all))("%s comes to the same twice", (_, definition) => {
    const once = () => play(definition, randomTraffic(prngFromSeed("twice"), 2), [web, marketplace], someOptions)
    expect(once()).toEqual(once())
  })
})

describe("the strategies without Holdfast", () => {
  it.each(named(withoutHoldfast))("%s oversells nothing, loses nothing and is never stale when nothing lags", (_, definition) => {
    fc.assert(
      fc.property(seeds, anyChannels, (seed, given) => {
        const channels = given.map((channel) => ({ ...channel, lagMs: 0 }))
        const traffic = randomTraffic(prngFromSeed(seed), channels.length)
        const measures = play(definition, traffic, channels, { ...someOptions, batchMs: 0 })
        const { oversoldQty, cancelledOrders, lostSalesQty, staleMsMax, overstatedMsMean } = measures
        expect({ oversoldQty, cancelledOrders, lostSalesQty, staleMsMax, overstatedMsMean }).toEqual({
          oversoldQty: 0,
          cancelledOrders: 0,
          lostSalesQty: 0,
          staleMsMax: 0,
          overstatedMsMean: 0,
        })
        // Whatever the way, without lag there is one count.
        const alike = play(rowLock, traffic, channels, someOptions)
        expect(measures.soldQty).toBe(alike.soldQty)
      }),
      { numRuns: 40 },
    )
  })

  it.each(named(withoutHoldfast))("%s sells the last units twice while a sale is on its way", (_, definition) => {
    const lines = [lineOf(0, { channel: 1, qty: 4, atMs: 100 }), lineOf(1, { channel: 0, qty: 3, atMs: 5_000 })]
    const measures = play(definition, trafficOf(lines), [web, marketplace], someOptions)
    // Four of five units are gone; the three are promised although one is there.
    expect(measures).toMatchObject({ oversoldQty: 2, cancelledOrders: 1, cancelledLines: 1 })
    expect(play(holdfast, trafficOf(lines), [web, marketplace], someOptions)).toMatchObject({ oversoldQty: 0, cancelledOrders: 0 })
  })

  it.each(named(withoutHoldfast))("%s never sells its own units twice while it hears old counts", (_, definition) => {
    fc.assert(
      fc.property(seeds, fc.integer({ min: 0, max: 30_000 }), fc.boolean(), (seed, lagMs, asks) => {
        const lone: ComparedChannel = { name: "lone", asks, lagMs, weight: 1 }
        const measures = play(definition, randomTraffic(prngFromSeed(seed), 1), [lone], someOptions)
        expect(measures.oversoldQty).toBe(0)
      }),
      { numRuns: 40 },
    )
  })

  it("shows a channel the sale of another only after both lags, and after the next round where there are rounds", () => {
    const lines = [lineOf(0, { channel: 1, qty: 1, atMs: 1_000 })]
    const staleOf = (definition: (typeof all)[number]) =>
      play(definition, trafficOf(lines), [web, marketplace], someOptions).staleMsByChannel
    expect(staleOf(naiveSync)).toEqual({ web: 10_050, marketplace: 0 })
    expect(staleOf(rowLock)).toEqual({ web: 10_050, marketplace: 0 })
    // The round begins at 15 s, the slowest report takes 10 s, and telling the web shop 50 ms.
    expect(staleOf(batchSync)).toEqual({ web: 24_050, marketplace: 0 })
  })
})

describe("Holdfast", () => {
  it("never oversells and cancels nothing, whatever the lag, the channels and the planning", () => {
    fc.assert(
      fc.property(seeds, anyChannels, anyOptions, (seed, channels, options) => {
        const measures = play(holdfast, randomTraffic(prngFromSeed(seed), channels.length), channels, options)
        expect({ oversold: measures.oversoldQty, cancelled: measures.cancelledLines }).toEqual({ oversold: 0, cancelled: 0 })
      }),
      { numRuns: 60 },
    )
  })

  it("loses nothing where every channel asks and nothing lags", () => {
    fc.assert(
      fc.property(seeds, (seed) => {
        const channels = [web, marketplace].map((channel) => ({ ...channel, asks: true, lagMs: 0 }))
        const traffic = randomTraffic(prngFromSeed(seed), channels.length)
        const { soldQty, lostSalesQty, staleMsMax } = play(holdfast, traffic, channels, someOptions)
        expect({ lostSalesQty, staleMsMax }).toEqual({ lostSalesQty: 0, staleMsMax: 0 })
        expect(soldQty).toBe(play(rowLock, traffic, channels, someOptions).soldQty)
      }),
      { numRuns: 30 },
    )
  })

  it("sells from what it was given beforehand, asks again over the lag, and gives back what lies idle", () => {
    // Half of ten units are the marketplace's; it sells three of them, and then asks for two more of the seven that are left.
    const lines = [
      lineOf(0, { channel: 1, qty: 3, atMs: 1_000 }),
      lineOf(1, { channel: 1, qty: 3, atMs: 2_000 }),
      lineOf(2, { channel: 1, qty: 3, atMs: 25_000 }),
    ]
    const asked = play(holdfast, trafficOf(lines, { stockQty: [10] }), [web, marketplace], someOptions)
    expect(asked).toMatchObject({ soldQty: 6, refusedQty: 3, lostSalesQty: 3, lostSalesByChannel: { web: 0, marketplace: 3 } })
    // The web shop sells its five; of the marketplace's idle five, half is given back every time it looks, and arrives after its lag.
    const idle = [lineOf(0, { channel: 0, qty: 5, atMs: 1_000 }), lineOf(1, { channel: 0, qty: 2, atMs: 59_000 })]
    const patient = { ...someOptions, allotment: { ...someOptions.allotment, idleMs: 60_000 } }
    expect(play(holdfast, trafficOf(idle, { stockQty: [10] }), [web, marketplace], someOptions)).toMatchObject({ soldQty: 7 })
    expect(play(holdfast, trafficOf(idle, { stockQty: [10] }), [web, marketplace], patient)).toMatchObject({
      soldQty: 5,
      lostSalesQty: 2,
      strandedQty: 2,
    })
  })

  it("asks for its part once, not again while the ask is on its way", () => {
    // Half of twenty; after seven are sold, its part of what is left is seven: four more are asked for, and six stay on sale.
    const lines = [lineOf(0, { channel: 1, qty: 7, atMs: 1_000 }), lineOf(1, { channel: 0, qty: 6, atMs: 20_000 })]
    expect(play(holdfast, trafficOf(lines, { stockQty: [20] }), [web, marketplace], plainOptions)).toMatchObject({ refusedQty: 0 })
  })

  it("gives idle units back once, not again while they are on their way", () => {
    // Of five idle units two are given back, for one is left elsewhere; three are still there for a buyer who comes before these arrive.
    const lines = [lineOf(0, { channel: 0, qty: 4, atMs: 1_000 }), lineOf(1, { channel: 1, qty: 3, atMs: 14_000 })]
    expect(play(holdfast, trafficOf(lines, { stockQty: [10] }), [web, marketplace], plainOptions)).toMatchObject({ refusedQty: 0 })
  })

  it("leaves a journal that the auditor finds nothing wrong with", () => {
    const desks: Array<HoldfastDesk> = []
    const traffic = randomTraffic(prngFromSeed("audited"), 2)
    const observed = {
      ...holdfast,
      create: (world: Parameters<typeof createHoldfast>[0], options: StrategyOptions) => {
        const desk = new HoldfastDesk(world)
        desks.push(desk)
        return createHoldfast(world, options, desk)
      },
    }
    const measures = play(observed, traffic, [web, marketplace], someOptions)
    const audit = createAudit({ codec: engineCodec })
    for (const stored of desks[0]?.engine.journal ?? []) audit.record(0, stored)
    const report = audit.finish()
    expect(report.violations).toEqual([])
    expect(report.totals).toMatchObject({ oversoldQty: 0, shortageQty: 0, discrepancyQtyBy: {}, quarantined: 0 })
    // Every unit sold has left, or stands as a confirmed reservation; so do idle units of the marketplace.
    expect(report.totals.soldQty + report.totals.confirmedOpenQty).toBeGreaterThanOrEqual(measures.soldQty)
    // Nothing left that wasn't reserved before: the marketplace's sales drew on its blocks.
    expect(report.totals).toMatchObject({ takenQty: 0, shippedUnreservedQty: 0 })
    expect(report.totals.fulfilledQty).toBeGreaterThan(10)
  })
})
