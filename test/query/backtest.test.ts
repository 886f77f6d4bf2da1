import fc from "fast-check"
import { describe, expect, it } from "vitest"
import { backtestText } from "../../src/cli/backtest.ts"
import type { Sku } from "../../src/domain/names.ts"
import type { StockCommand } from "../../src/domain/sku/commands.ts"
import { type BacktestAnswer, backtest } from "../../src/query/backtest/backtest.ts"
import type { Regained } from "../../src/query/backtest/replay.ts"
import { testedPolicy } from "../../src/query/backtest/tested.ts"
import { QueryRefused } from "../../src/query/refused.ts"
import { emptyModel, type Model, modelApply, modelAts, modelExpire, phaseOf } from "../domain/model.ts"
import { type Action, actionOf, ask, askedMs, Life } from "./past-rig.ts"

const tested = (json: unknown) => {
  const read = testedPolicy(json)
  if (read instanceof QueryRefused) throw read
  return read
}

const run = async (
  life: Life,
  json: unknown,
  more: { readonly regained?: Regained; readonly fromMs?: number } = {},
): Promise<BacktestAnswer> => {
  const answer = await ask(
    life.broker,
    backtest({ tested: tested(json), regained: "sold", sku: null, skusTold: 5, toMs: life.worker.nowMs, ...more }),
  )
  if (typeof answer === "string") throw new Error(answer)
  return answer
}

const played = (actions: ReadonlyArray<Action>, qty = 12): Life => {
  const life = new Life(qty, 1, 10)
  for (const action of actions) life.do(action)
  return life
}

/** Without the time, which is counted to a hold's own end in a replay, and to its journaled expiry in what happened. */
const units = ({ zeroMs: _, namedMs: __, ...rest }: BacktestAnswer["happened"]) => rest

const names = ["asked", "askedQty", "heldQty", "lostQty", "givenBackQty", "unowedQty", "strandedQty"] as const

/** The same backtest counted on the slow model of docs/AVAILABILITY.md, unit by unit, from the commands as they were decided. */
class ModelCount {
  readonly model: Model = emptyModel()
  readonly counts = { asked: 0, askedQty: 0, heldQty: 0, lostQty: 0, givenBackQty: 0, unowedQty: 0, strandedQty: 0 }
  readonly #double: boolean

  constructor(double: boolean) {
    this.#double = double
  }

  #open = (channel: string, name: string): number =>
    this.model.claims.filter((claim) => claim.owner.channel === channel && claim.owner.name === name && claim.state === "open").length

  #expire(nowMs: number): void {
    for (const owner of this.model.owners) {
      if (phaseOf(this.model, owner) !== "held" || owner.expiresAtMs > nowMs) continue
      this.counts.givenBackQty += this.#open(owner.channel, owner.name)
      modelExpire(this.model, owner.channel, owner.name)
    }
  }

  take(command: StockCommand, sender: string, atMs: number, wasAccepted: boolean): void {
    this.#expire(atMs)
    if (command.type === "SetPolicy") {
      const times = this.#double ? 2 : 1
      const channels = command.policy.channels.map((line) => ({
        ...line,
        bufferQty: line.bufferQty * times,
        bufferPercent: line.bufferPercent * times,
      }))
      modelApply(this.model, { ...command, policy: { ...command.policy, channels } }, sender, atMs)
      return
    }
    const about = "reservation" in command ? String(command.reservation) : ""
    const of = command.type === "Fulfil" ? command.channel : sender
    const open = this.#open(of, about)
    if (command.type === "Fulfil" && wasAccepted && open === 0) return
    const answer = modelApply(this.model, command, sender, atMs)
    if (command.type === "Release" && !("refused" in answer)) this.counts.givenBackQty += open
    if (command.type !== "Reserve") return
    this.counts.asked += 1
    this.counts.askedQty += command.qty
    if ("refused" in answer && answer.refused !== "InsufficientStock") return
    const held = this.#open(sender, about)
    this.counts.heldQty += held
    this.counts.lostQty += command.qty - held
    if (held > 0 && !wasAccepted) modelApply(this.model, { ...command, type: "Confirm" } as never, sender, atMs)
  }

  end(atMs: number) {
    this.#expire(atMs)
    const sound = this.model.shelf.filter(({ status }) => status === "available").length
    const unowed = Math.max(0, sound - this.model.claims.filter(({ state }) => state === "open").length)
    this.counts.unowedQty = unowed
    this.counts.strandedQty = Math.max(0, unowed - Math.max(modelAts(this.model, "web"), modelAts(this.model, "shop")))
    return this.counts
  }
}

const countOnModel = (life: Life, double: boolean) => {
  const count = new ModelCount(double)
  for (const record of life.broker.records())
    for (const entry of record.entries) {
      if (entry._tag !== "Message") continue
      for (const { command, decision } of entry.decided)
        if (command !== null && (decision._tag === "Accepted" || decision._tag === "Refused"))
          count.take(command as StockCommand, entry.sender, record.atMs, decision._tag === "Accepted")
    }
  return count.end(life.worker.nowMs)
}

const histories = fc.array(actionOf(true), { maxLength: 30 })

describe("a backtest", () => {
  it("of the policies that were in force comes to what happened", async () => {
    await fc.assert(
      fc.asyncProperty(histories, async (actions) => {
        const { happened, replayed } = await run(played(actions), { scale: {} })
        expect(units(replayed)).toEqual(units(happened))
      }),
      { numRuns: 40 },
    )
  })

  it("comes to what the slow model counts, with the buffers doubled or not", async () => {
    await fc.assert(
      fc.asyncProperty(histories, fc.boolean(), async (actions, double) => {
        const life = played(actions)
        const { replayed } = await run(life, { scale: double ? { bufferQty: 2, bufferPercent: 2 } : {} })
        const counted = countOnModel(life, double)
        expect(Object.fromEntries(names.map((name) => [name, replayed[name]]))).toEqual(counted)
      }),
      { numRuns: 60 },
    )
  })

  it("counts a hold that was refused and is given now as sold, or lets it lapse", async () => {
    const life = new Life(10, 10, 0)
    life.send("web", "Reserve", { reservation: "r", qty: 4, holdMs: 60_000 })
    life.do({ type: "wait", ms: 70_000 })
    const open = { scale: { bufferQty: 0 } }
    const sold = await run(life, open)
    expect(sold.happened).toMatchObject({ lostQty: 4, keptBackQty: 4, heldQty: 0, unowedQty: 10, strandedQty: 10 })
    expect(sold.replayed).toMatchObject({ lostQty: 0, heldQty: 4, givenBackQty: 0, unowedQty: 6, strandedQty: 0 })
    expect((await run(life, open, { regained: "lapse" })).replayed).toMatchObject({ heldQty: 4, givenBackQty: 4, unowedQty: 10 })
  })

  it("leaves out what hung on a hold that it refuses, and goes on with the rest", async () => {
    const life = new Life(10, 0, 0)
    life.send("web", "Reserve", { reservation: "r", qty: 6, holdMs: 60_000 })
    life.send("web", "Confirm", { reservation: "r" })
    life.send("dc", "Fulfil", { channel: "web", reservation: "r", location: "L" })
    const { happened, replayed, leftOut } = await run(life, {
      channels: [{ channel: "web", priority: 0, bufferQty: 5, bufferPercent: 0, floorQty: 0, fenceQty: 0 }],
      safety: [],
      sourcing: [],
    })
    expect(happened).toMatchObject({ heldQty: 6, lostQty: 0, unowedQty: 4 })
    expect(replayed).toMatchObject({ heldQty: 0, lostQty: 6, keptBackQty: 6, unowedQty: 10 })
    expect(leftOut).toMatchObject({ unfounded: 1, policies: 1 })
  })

  it("counts what is oversold: units that a sale without asking no longer finds, for a policy let them be held", async () => {
    const life = new Life(6, 6, 0)
    life.send("web", "Reserve", { reservation: "r", qty: 6, holdMs: 60_000 })
    life.send("web", "Reserve", { reservation: "some", qty: 3, holdMs: 60_000, partial: true })
    life.send("shop", "RecordSale", { mode: "owed", reservation: "till", qty: 4 })
    const { happened, replayed, channels } = await run(life, { scale: { bufferQty: 0 } })
    // Nobody was let in, so the 4 that were sold lay there; with all 6 held, none of them does.
    expect(happened).toMatchObject({ heldQty: 0, lostQty: 9, unaskedQty: 4, oversoldQty: 0 })
    expect(replayed).toMatchObject({ heldQty: 6, lostQty: 3, unaskedQty: 4, oversoldQty: 4 })
    expect(channels.map(({ channel, replayed: { oversoldQty } }) => [channel, oversoldQty])).toEqual([
      ["shop", 4],
      ["web", 0],
    ])
    // Held back, half of them would have been there.
    expect((await run(life, { scale: { bufferQty: 0.5 } })).replayed).toMatchObject({ heldQty: 3, oversoldQty: 1 })
  })

  it("says when no policy of it is another than the one that was in force", async () => {
    const life = new Life(10, 0, 0)
    life.policy(0, 0, 4)
    const skusChanged = async (json: unknown) => (await run(life, json)).skusChanged
    expect(await skusChanged({ scale: { bufferQty: 2, bufferPercent: 3 } })).toBe(0)
    expect(await skusChanged({ scale: { fenceQty: 2 } })).toBe(1)
    expect(await skusChanged({ policies: {} })).toBe(0)
    expect(await skusChanged({ channels: [], safety: [], sourcing: [] })).toBe(1)
    expect(backtestText(await run(life, { scale: { bufferQty: 2 } }))).toContain("NOTHING CHANGED: every policy in the replay is the one")
    expect(backtestText(await run(life, { scale: { fenceQty: 2 } }))).not.toContain("NOTHING CHANGED")
  })

  it("begins as it was at the moment it begins with", async () => {
    const life = new Life(10, 0, 0)
    life.send("web", "Reserve", { reservation: "before", qty: 6, holdMs: 60_000 })
    const fromMs = life.worker.nowMs + 1
    life.worker.tick(1).settle()
    life.send("web", "Reserve", { reservation: "after", qty: 4, holdMs: 60_000 })
    const { happened, replayed } = await run(life, { policies: { A: { channels: [], safety: [], sourcing: [] } } }, { fromMs })
    expect(happened).toMatchObject({ asked: 1, heldQty: 4 })
    expect(replayed).toMatchObject({ asked: 1, heldQty: 0, unowedQty: 4, strandedQty: 4 })
  })

  it("refuses a range without time, one that is ahead, and a SKU that nobody told anything about", async () => {
    const { broker, worker } = new Life(10, 0, 0)
    const asked = { tested: tested({ scale: {} }), regained: "sold" as const, sku: null, skusTold: 5, toMs: worker.nowMs }
    expect(await ask(broker, backtest({ ...asked, fromMs: worker.nowMs }))).toBe("EmptyRange")
    expect(await ask(broker, backtest({ ...asked, toMs: askedMs + 1 }))).toBe("InTheFuture")
    expect(await ask(broker, backtest({ ...asked, sku: "B" as Sku }))).toBe("UnknownSku")
    expect(await ask(broker, backtest({ ...asked, skusTold: 10_001 }))).toBe("TooMany")
  })

  it.each([
    [[], "no JSON object"],
    [{ scale: { bufer: 2 } }, "bufer"],
    [{ scale: { bufferQty: -1 } }, "scale.bufferQty"],
    [{ scale: {}, others: null }, "beside scale"],
    [{ policies: { A: { channels: [] } } }, 'policies["A"]'],
    [{ policies: {}, other: {} }, "other"],
    [{ channels: [{ channel: "web" }], safety: [], sourcing: [] }, "no policy"],
  ])("refuses %j as no policy, and says where", (json, where) => {
    const read = testedPolicy(json)
    expect(read).toBeInstanceOf(QueryRefused)
    expect((read as QueryRefused).detail).toContain(where)
  })
})
