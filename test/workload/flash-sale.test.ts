import { createHash } from "node:crypto"
import fc from "fast-check"
import { describe, expect, it } from "vitest"
import { isId, type SenderId } from "../../src/domain/names.ts"
import { usableQty } from "../../src/domain/sku/stock.ts"
import { engineCodec } from "../../src/wire/codec.ts"
import { type FlashSaleOptions, flashSale } from "../../src/workload/flash-sale.ts"
import { countByType, timeline } from "../../src/workload/flows.ts"
import { eventCount, played, textOf } from "./playing.ts"

const small: FlashSaleOptions = { seed: 1, skus: 20, orders: 2_000 }
const hash = (options: FlashSaleOptions) =>
  createHash("sha256")
    .update(textOf(flashSale(options)))
    .digest("hex")

const anyOptions = fc.record({
  seed: fc.integer(),
  skus: fc.integer({ min: 1, max: 30 }),
  orders: fc.integer({ min: 0, max: 300 }),
  facts: fc.integer({ min: 0, max: 60 }),
  retryPercent: fc.integer({ min: 0, max: 100 }),
  burstPercent: fc.integer({ min: 0, max: 100 }),
  stockShare: fc.record({ num: fc.integer({ min: 0, max: 12 }), den: fc.constant(10) }),
})

describe("flash sale", () => {
  it("is the same for the same seed, and another for another", () => {
    expect(hash(small)).toBe(hash(small))
    expect(hash({ ...small, seed: 2 })).not.toBe(hash(small))
    expect(hash({ ...small, seed: "1" })).toBe(hash(small))
  })

  it("has the orders asked for, in the window and in the order of time", () => {
    const sale = flashSale({ ...small, startMs: 1_000_000, windowMs: 5_000, facts: 7 })
    expect(sale.flows).toHaveLength(2_007)
    let previousMs = 1_000_000
    for (const { sends } of sale.flows) {
      const atMs = sends[0]?.atMs ?? 0
      expect(atMs).toBeGreaterThanOrEqual(previousMs)
      expect(atMs).toBeLessThan(1_005_000)
      previousMs = atMs
    }
  })

  it("bursts on the hot SKU, and sells the others by their popularity", () => {
    const sale = flashSale({ ...small, startMs: 1, burstPercent: 25, burstAtMs: 10_000, burstMs: 100 })
    const firsts = sale.flows.flatMap((flow) => (flow.ending === "fact" ? [] : flow.sends.slice(0, 1)))
    const inBurst = firsts.filter(({ atMs }) => atMs >= 10_001 && atMs < 10_101)
    expect(inBurst.filter(({ command }) => command.sku === sale.hotSku).length).toBeGreaterThanOrEqual(500)
    const bySku = (sku: string | undefined) => firsts.filter(({ command }) => command.sku === sku).length
    expect(bySku(sale.skus[1])).toBeGreaterThan(bySku(sale.skus[10]))
  })

  it("has every kind of end, retries one after another and at once, and what each kind of channel does", () => {
    const sale = flashSale({ ...small, losses: "any" })
    expect(new Set(sale.flows.map((flow) => flow.ending))).toEqual(new Set(["paid", "late", "abandoned", "cancelled", "sold", "fact"]))
    const steps = timeline(sale.flows)
    expect(steps.some(({ copies, together }) => copies > 1 && together)).toBe(true)
    expect(steps.some(({ copies, together }) => copies > 1 && !together)).toBe(true)
    expect(steps.every(({ copies, together }) => copies >= 1 && (copies > 1 || !together))).toBe(true)
    const types = (sender: string) => Object.keys(countByType(steps.filter(({ actor }) => actor === (sender as SenderId)))).sort()
    expect(types("web")).toEqual(["Confirm", "Release", "Reserve"])
    expect(types("wholesale")).toEqual(["Confirm", "Release", "Reserve"])
    expect(types("marketplace")).toEqual(["RecordSale", "Release"])
    expect(types("pos")).toEqual(["RecordSale"])
    expect(types("warehouse")).toEqual(["AdjustStock", "Fulfil", "MoveStatus", "ReceiveStock"])
  })

  it("lets a hold that is to expire end before it is paid, and no other", () => {
    for (const { ending, sends } of flashSale(small).flows) {
      const [first, second] = sends
      if (first?.command.type !== "Reserve" || second === undefined) continue
      expect(second.atMs - first.atMs > first.command.holdMs).toBe(ending === "late")
    }
  })

  it("has ids that are ids, unique in their scope", () => {
    fc.assert(
      fc.property(anyOptions, (options) => {
        const sale = flashSale(options)
        const sends = [...sale.setup, ...sale.flows.flatMap((flow) => flow.sends)]
        const scoped = sends.map(({ actor, command }) => `${actor} ${command.sku} ${command.id}`)
        expect(new Set(scoped).size).toBe(scoped.length)
        expect(sends.every(({ command }) => isId(command.id))).toBe(true)
      }),
    )
  })

  it("has only commands that the wire takes unchanged", () => {
    const sale = flashSale({ ...small, orders: 300 })
    for (const { command } of [...sale.setup, ...timeline(sale.flows)]) {
      const body = engineCodec.decodeBody(new TextEncoder().encode(engineCodec.commandText(command)))
      expect(body._tag === "Commands" && body.commands[0]).toMatchObject({ _tag: "Command", command })
    }
  })

  it("counts in its totals what the flows add up to", () => {
    const sale = flashSale(small)
    const sends = [...sale.setup, ...sale.flows.flatMap((flow) => flow.sends)]
    expect(sale.totals.commands).toBe(sends.length)
    expect(sale.totals.messages).toBe(sends.reduce((sum, send) => sum + send.copies, 0))
    expect(sale.totals.messages).toBeGreaterThan(sale.totals.commands)
  })

  it("has short picks, returns and longer holds only if it is asked for them, and every other choice stays as it was", () => {
    const types = (sale: ReturnType<typeof flashSale>) => sale.flows.flatMap(({ sends }) => sends.map(({ command }) => command.type))
    const plain = flashSale({ ...small, losses: "spare" })
    const full = flashSale({ ...small, losses: "spare", shortPickPercent: 100, returnedPercent: 100, extendedPercent: 100 })
    expect(types(plain)).not.toContain("Extend")
    expect(types(full)).toContain("Extend")
    const shipped = full.flows.filter(({ sends }) => sends.some(({ command }) => command.type === "Fulfil"))
    for (const { sends } of shipped) {
      const fulfil = sends.find(({ command }) => command.type === "Fulfil")?.command
      const back = sends.at(-1)?.command
      expect(back).toMatchObject({ type: "AdjustStock", reason: "return", qty: fulfil?.type === "Fulfil" ? fulfil.qty : 0 })
    }
    expect(shipped.length).toBeGreaterThan(0)
    expect(full.setup).toEqual(plain.setup)
  })

  it("can't be made of shares, percentages or times that make no sense", () => {
    expect(() => flashSale({ ...small, skus: 0 })).toThrow("a sale has 1")
    expect(() => flashSale({ ...small, abandonedPercent: 90, cancelledPercent: 20 })).toThrow("the ways an order ends")
    expect(() => flashSale({ ...small, windowMs: 100, burstAtMs: 90, burstMs: 20 })).toThrow("the burst lies in the window")
    expect(() => flashSale({ ...small, channels: [] })).toThrow("at least one channel")
  })
})

describe("played flash sale", () => {
  it("finds no fact impossible and sells no unit twice, whatever the seed", () => {
    fc.assert(
      fc.property(anyOptions, (options) => {
        const play = played(flashSale(options))
        expect(eventCount(play, "DiscrepancyFound")).toBe(0)
        expect(eventCount(play, "ShortageFound")).toBe(0)
        for (const stock of play.stocks.values()) for (const at of stock.locations) expect(at.reserved).toBeLessThanOrEqual(usableQty(at))
      }),
      { numRuns: 60 },
    )
  })

  it("runs out: refuses for want of stock and for holds that expired, and nothing else", () => {
    const { answers } = played(flashSale(small))
    const refused = Object.keys(answers).filter((answer) => !answer.endsWith(" accepted"))
    expect(refused.sort()).toEqual(["Confirm ReservationExpired", "Reserve InsufficientStock"])
  })

  it("breaks promises where losses may take any unit", () => {
    const play = played(flashSale({ ...small, losses: "any", facts: 500 }))
    expect(eventCount(play, "ShortageFound")).toBeGreaterThan(0)
  })
})
