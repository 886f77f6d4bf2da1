import fc from "fast-check"
import { describe, expect, it } from "vitest"
import type { HeardAnswer } from "../../../src/cli/demo/messages.ts"
import { type HandedOrder, Player, type PlayPace } from "../../../src/cli/demo/player.ts"
import type { CommandId, LocationId, ReservationId, SenderId, Sku } from "../../../src/domain/names.ts"
import type { Command } from "../../../src/domain/sku/commands.ts"
import type { Allocations } from "../../../src/domain/sku/events.ts"
import { flashSale } from "../../../src/workload/flash-sale.ts"
import type { Flow, PlannedSend, Traffic } from "../../../src/workload/flows.ts"
import { sendOf } from "../../../src/workload/flows.ts"

const web = "web" as SenderId
const warehouse = "warehouse" as SenderId
const sku = "A" as Sku
const base = (id: string) => ({ id: id as CommandId, sku, issuedAtMs: 1 })
const reservation = (name: string) => name as ReservationId
const main = "main" as LocationId

const receive = (id: string): PlannedSend =>
  sendOf({ atMs: 0, order: -1 }, warehouse, { type: "ReceiveStock", ...base(id), location: main, qty: 5 })
const reserve = (id: string, atMs: number): PlannedSend =>
  sendOf({ atMs, order: 0 }, web, { type: "Reserve", ...base(id), reservation: reservation("r"), qty: 4, holdMs: 1_000 })
const confirm = (id: string, atMs: number): PlannedSend =>
  sendOf({ atMs, order: 0 }, web, { type: "Confirm", ...base(id), reservation: reservation("r") })
const release = (id: string, atMs: number, qty: number): PlannedSend =>
  sendOf({ atMs, order: 0 }, web, { type: "Release", ...base(id), reservation: reservation("r"), qty, reason: "cancelled" })
const fulfil = (id: string, atMs: number): PlannedSend =>
  sendOf({ atMs, order: 0 }, warehouse, {
    type: "Fulfil",
    ...base(id),
    channel: web,
    reservation: reservation("r"),
    location: main,
    qty: 4,
  })

const flow = (...sends: ReadonlyArray<PlannedSend>): Flow => ({ name: "flow", ending: "paid", sends })
const traffic = (flows: ReadonlyArray<Flow>, setup: ReadonlyArray<PlannedSend> = []): Traffic => ({ setup, flows })

const fast: PlayPace = { inFlight: 100, realTime: false }
const ids = (handed: ReadonlyArray<HandedOrder>): ReadonlyArray<string> => handed.map(({ order }) => order.command.id)
const accepted = (handed: HandedOrder | undefined, allocations?: Allocations): HeardAnswer => ({
  number: handed?.order.number ?? 0,
  outcome: "accepted",
  tookMs: 1,
  ...(allocations === undefined ? {} : { allocations }),
})
const refused = (handed: HandedOrder | undefined, reason: string): HeardAnswer => ({
  number: handed?.order.number ?? 0,
  outcome: "refused",
  reason,
  tookMs: 1,
})

describe("the setup of a play", () => {
  it("is decided before any order is handed out", () => {
    const player = new Player(traffic([flow(reserve("r1", 1))], [receive("s1"), receive("s2")]), fast)
    const setup = player.take(10)
    expect(ids(setup)).toEqual(["s1", "s2"])
    player.answered(accepted(setup[0]), 11)
    expect(player.take(11)).toEqual([])
    player.answered(accepted(setup[1]), 12)
    expect(ids(player.take(12))).toEqual(["r1"])
  })

  it("that is refused ends the play", () => {
    const player = new Player(traffic([], [receive("s1")]), fast)
    const [first] = player.take(1)
    expect(() => player.answered(refused(first, "InvalidField"), 2)).toThrow(/InvalidField/)
  })
})

describe("a flow", () => {
  it("goes on when a command of it was accepted", () => {
    const player = new Player(traffic([flow(reserve("r1", 1), confirm("c1", 1))]), fast)
    const [first, ...others] = player.take(5)
    expect(others).toEqual([])
    player.answered(accepted(first, [{ location: main, qty: 4 }]), 6)
    const [second] = player.take(6)
    expect(second?.order.command).toMatchObject({ type: "Confirm", issuedAtMs: 6 })
    expect(player.done).toBe(false)
    player.answered(accepted(second), 7)
    expect(player.done).toBe(true)
  })

  it.each(["refused", "expired", "unknown"] as const)("ends when a command of it was %s", (outcome) => {
    const player = new Player(traffic([flow(reserve("r1", 1), confirm("c1", 1))]), fast)
    const [first] = player.take(5)
    player.answered({ number: first?.order.number ?? 0, outcome, reason: "so", tookMs: 1 }, 6)
    expect(player.take(6)).toEqual([])
    expect(player.done).toBe(true)
    expect(player.played.unknown).toBe(outcome === "unknown" ? 1 : 0)
  })

  it("ships from every location that holds units of it, by what was heard, what was given up left out", () => {
    const player = new Player(traffic([flow(reserve("r1", 1), release("l1", 2, 2), fulfil("f1", 3))]), fast)
    const [reserving] = player.take(5)
    const at = (location: string, qty: number) => ({ location: location as LocationId, qty })
    player.answered(accepted(reserving, [at("main", 1), at("store", 3)]), 6)
    const [releasing] = player.take(6)
    player.answered(accepted(releasing), 7)
    const shipments = player.take(7)
    expect(shipments.map(({ actor, order }) => [actor, order.command])).toMatchObject([
      ["warehouse", { type: "Fulfil", id: "f1", location: "main", qty: 1 }],
      ["warehouse", { type: "Fulfil", id: "f1:1", location: "store", qty: 1 }],
    ])
    for (const shipment of shipments) player.answered(accepted(shipment), 8)
    expect(player.done).toBe(true)
  })
})

describe("pace", () => {
  it("bounds what is on its way", () => {
    const flows = Array.from({ length: 5 }, (_, i) => flow(reserve(`r${i}`, 1)))
    const player = new Player(traffic(flows), { inFlight: 2, realTime: false })
    const first = player.take(1)
    expect(ids(first)).toEqual(["r0", "r1"])
    expect(player.take(1)).toEqual([])
    player.answered(accepted(first[0]), 2)
    expect(ids(player.take(2))).toEqual(["r2"])
  })

  it("in real time hands a command out when it is due, and says how long until then", () => {
    const player = new Player(traffic([flow(reserve("r1", 1_000)), flow(reserve("r2", 1_500))]), { inFlight: 9, realTime: true })
    expect(ids(player.take(77))).toEqual(["r1"])
    expect(player.dueInMs(100)).toBe(477)
    expect(player.take(576)).toEqual([])
    expect(ids(player.take(577))).toEqual(["r2"])
    expect(player.dueInMs(577)).toBeNull()
  })
})

const openAllocations = (command: Command): Partial<Pick<HeardAnswer, "allocations">> =>
  command.type === "Reserve" || command.type === "RecordSale" ? { allocations: [{ location: main, qty: command.qty }] } : {}

describe("a play with any answers in any order", () => {
  it("hands every command out at most once, within its bound, and comes to an end", () => {
    const answers = fc.array(fc.tuple(fc.nat(), fc.constantFrom("accepted", "accepted", "refused", "unknown")), { minLength: 50 })
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 40 }), fc.nat(), answers, (inFlight, seed, drawn) => {
        const sale = flashSale({ seed, orders: 60, skus: 4 })
        const player = new Player(sale, { inFlight, realTime: false })
        const onTheirWay: Array<HandedOrder> = []
        const seen = new Set<string>()
        const take = () => {
          for (const handed of player.take(1)) {
            const key = `${handed.actor}/${(handed.order.command as Command).sku}/${handed.order.command.id}`
            expect(seen.has(key)).toBe(false)
            seen.add(key)
            onTheirWay.push(handed)
          }
          expect(onTheirWay.length).toBeLessThanOrEqual(inFlight)
        }
        take()
        for (let turn = 0; onTheirWay.length > 0; turn++) {
          const [place, wished] = drawn[turn % drawn.length] ?? [0, "accepted"]
          const [handed] = onTheirWay.splice(place % onTheirWay.length, 1)
          if (handed === undefined) break
          const outcome = player.isSetUp ? (wished as HeardAnswer["outcome"]) : "accepted"
          player.answered({ number: handed.order.number, outcome, tookMs: turn, ...openAllocations(handed.order.command as Command) }, 1)
          take()
        }
        expect(player.done).toBe(true)
        expect(player.played.flowsEnded).toBe(player.flows)
        expect(player.played.answered).toBe(player.played.commands)
      }),
      { numRuns: 60 },
    )
  })
})
