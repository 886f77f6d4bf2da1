/**
 * What holds in every history of one SKU, and that every history comes out as the slow model says.
 */
import * as fc from "fast-check"
import { describe, expect, it } from "vitest"
import type { ReservationId } from "../../src/domain/names.ts"
import { atsByChannel, atsOf, offeredQty } from "../../src/domain/sku/availability.ts"
import { isFact } from "../../src/domain/sku/commands.ts"
import { coverShortages, isCoverable } from "../../src/domain/sku/cover.ts"
import { decide } from "../../src/domain/sku/decide.ts"
import { type Allocations, type StockEvent, unitsOf } from "../../src/domain/sku/events.ts"
import { evolve, evolveReservation, evolveStock } from "../../src/domain/sku/evolve.ts"
import {
  emptyStock,
  isOpen,
  openQtyOf,
  reservationOf,
  reservationsOf,
  type SkuStock,
  shortQtyOf,
  unowedQty,
} from "../../src/domain/sku/stock.ts"
import { market, north, policy, reserve, sku, till, web } from "./given.ts"
import {
  allocationsOf,
  countsAt,
  emptyModel,
  fulfilledOf,
  type Model,
  modelApply,
  modelAts,
  modelCover,
  modelExpire,
  phaseOf,
  shortOf,
} from "./model.ts"
import { channelLines, type Moment, play, script } from "./scripts.ts"

const channels = [web, market, till]
const byName = (one: Named, other: Named): number =>
  `${one.channel} ${one.reservation}`.localeCompare(`${other.channel} ${other.reservation}`)
interface Named {
  readonly channel: string
  readonly reservation: string
}
/** Checks something at every moment of many histories. */
const always = (check: (moment: Moment) => void): void =>
  fc.assert(
    fc.property(script, (steps) => play(steps).forEach(check)),
    { numRuns: 150 },
  )
const eventsOf = (moment: Moment): ReadonlyArray<StockEvent> => (moment.decision._tag === "Accepted" ? moment.decision.events : [])
const onHandOf = (stock: SkuStock): number => stock.locations.reduce((sum, at) => sum + at.onHand, 0)

/** Units that came and went with an event: all that can change what is on hand. */
const cameWith = (event: StockEvent): number => {
  if (event.type === "StockReceived" || event.type === "StockAdjusted") return event.qty
  if (event.type === "WrittenOff") return -event.qty
  return "taken" in event ? -unitsOf(event.taken) : 0
}

/** The stock as the model counts it. */
const expectAsModel = (stock: SkuStock, model: Model): void => {
  expect(stock.locations.map((at) => at.location)).toEqual(model.locations)
  for (const at of stock.locations) expect(at).toMatchObject({ ...countsAt(model, at.location), exposed: 0 })
  const reservations = reservationsOf(stock).map((reservation) => ({
    channel: reservation.channel,
    name: reservation.id,
    phase: reservation.status,
    allocations: reservation.allocations,
    short: reservation.shortQty,
    fulfilled: reservation.fulfilledQty,
    expiresAtMs: reservation.status === "held" ? reservation.expiresAtMs : 0,
  }))
  const expected = model.owners.map((owner) => ({
    channel: owner.channel,
    name: owner.name,
    phase: phaseOf(model, owner),
    allocations: allocationsOf(model, owner),
    short: shortOf(model, owner),
    fulfilled: fulfilledOf(model, owner),
    expiresAtMs: phaseOf(model, owner) === "held" ? owner.expiresAtMs : 0,
  }))
  expect(reservations).toEqual(expected)
  for (const channel of channels) expect(atsOf(stock, channel)).toBe(modelAts(model, channel))
}

const expectAsAnswered = (moment: Moment, model: Model): void => {
  if (moment.command === undefined) return
  const answer = modelApply(model, moment.command, moment.sender, moment.atMs)
  if (moment.decision._tag === "Refused") {
    const { reason, ats } = moment.decision.refusal
    expect({ refused: reason, ...(ats === undefined ? {} : { ats }) }).toEqual(answer)
    return
  }
  const discrepancies = eventsOf(moment).flatMap((event) => (event.type === "DiscrepancyFound" ? [[event.kind, event.qty]] : []))
  const shortages = eventsOf(moment).flatMap((event) => (event.type === "ShortageFound" ? [[event.location, event.qty]] : []))
  expect({ discrepancies, shortages: shortages.toSorted() }).toEqual({
    discrepancies: "discrepancies" in answer ? answer.discrepancies : answer,
    shortages: "shortages" in answer ? answer.shortages.toSorted() : answer,
  })
}

describe("every history", () => {
  it("comes out as the slow model says, answers and ATS included", () => {
    fc.assert(
      fc.property(script, (steps) => {
        const model = emptyModel()
        for (const moment of play(steps)) {
          expectAsAnswered(moment, model)
          if (moment.command === undefined) {
            for (const event of eventsOf(moment)) if (event.type === "Expired") modelExpire(model, event.channel, event.reservation)
            if (eventsOf(moment).some((event) => event.type === "ShortageCovered")) modelCover(model)
          }
          expectAsModel(moment.after, model)
        }
      }),
      { numRuns: 400 },
    )
  })
  it("keeps every unit somewhere: what came, less what left, is on hand", () => {
    always((moment) => {
      const came = eventsOf(moment).reduce((sum, event) => sum + cameWith(event), 0)
      expect(onHandOf(moment.after)).toBe(onHandOf(moment.before) + came)
    })
  })
  it("says of every unit that a fact counts whether it came, left or doesn't fit", () => {
    always((moment) => {
      const { command, decision } = moment
      if (command === undefined || decision._tag === "Refused") return
      const absent = decision.events.reduce(
        (sum, event) => sum + (event.type === "DiscrepancyFound" && event.kind === "NotOnHand" ? event.qty : 0),
        0,
      )
      const came = decision.events.reduce((sum, event) => sum + cameWith(event), 0)
      if (command.type === "AdjustStock") expect(came - absent).toBe(command.qty)
      if (command.type === "WriteOff") expect(came - absent).toBe(-command.qty)
      if (command.type === "RecordSale" && command.mode === "taken") expect(came - absent).toBe(-command.qty)
      if (command.type === "Fulfil" && command.qty !== undefined) expect(came - absent).toBe(-command.qty)
    })
  })
  it("never has a command owe more than is there: only a fact can", () => {
    always((moment) => {
      if (moment.command !== undefined && isFact(moment.command)) return
      for (const at of moment.after.locations) {
        const before = moment.before.locations.find((other) => other.location === at.location)
        expect(unowedQty(at)).toBeGreaterThanOrEqual(Math.min(0, before === undefined ? 0 : unowedQty(before)))
      }
    })
  })
  it("has as many units reserved at each location, and open for each channel, as its open reservations say", () => {
    always(({ after: stock }) => {
      const open = reservationsOf(stock).filter(isOpen)
      expect(stock.reservations?.openCount ?? 0).toBe(open.length)
      const allocated: Allocations = open.flatMap((reservation) => reservation.allocations)
      for (const at of stock.locations) expect(unitsOf(allocated.filter((part) => part.location === at.location))).toBe(at.reserved)
      for (const use of stock.uses ?? []) {
        const own = open.filter((reservation) => reservation.channel === use.channel)
        expect(own.reduce((sum, reservation) => sum + openQtyOf(reservation), 0)).toBe(use.openQty)
      }
    })
  })
  it("ends a reservation once", () => {
    always((moment) => {
      for (const before of reservationsOf(moment.before)) {
        const after = reservationOf(moment.after, before.channel, before.id)
        if (isOpen(before)) expect(isOpen(before) && after !== undefined && isOpen(after)).toBe(after !== undefined && openQtyOf(after) > 0)
        else expect(after).toEqual(before)
      }
    })
  })
  it("never changes the stock by deciding", () => {
    always((moment) => {
      if (moment.command === undefined) return
      const stock = structuredClone(moment.before)
      decide(stock, moment.command, moment.sender, moment.atMs)
      expect(stock).toEqual(moment.before)
    })
  })
  it("refuses no fact for a business reason, but a shipment that says nothing", () => {
    always(({ command, decision }) => {
      if (command === undefined || !isFact(command) || decision._tag === "Accepted") return
      expect(command.type === "Fulfil" && command.qty === undefined).toBe(true)
    })
  })
  it("comes out the same when stock and reservations are brought forward apart from each other", () => {
    fc.assert(
      fc.property(script, (steps) => {
        const moments = play(steps)
        const stockOnly = emptyStock(sku)
        const reservationsOnly = emptyStock(sku)
        for (const event of moments.flatMap(eventsOf)) {
          evolveStock(stockOnly, event)
          evolveReservation(reservationsOnly, event)
        }
        const whole = moments.at(-1)?.after
        expect({ ...stockOnly, reservations: reservationsOnly.reservations }).toEqual(whole)
        expect(reservationsOnly).toMatchObject({ policy: null, locations: [], uses: null, shorts: null })
      }),
      { numRuns: 150 },
    )
  })
})

describe("what is sold without asking, in every history", () => {
  it("is owed to the last unit until it is covered, shipped or given up", () => {
    always((moment) => {
      const changed = eventsOf(moment).reduce((sum, event) => {
        if (event.type === "ShortageCovered") return sum - unitsOf(event.allocations)
        if (event.type === "SaleOwed") return sum + (event.shortQty ?? 0)
        return event.type === "Released" || event.type === "Fulfilled" ? sum - (event.shortQty ?? 0) : sum
      }, 0)
      expect(shortQtyOf(moment.after)).toBe(shortQtyOf(moment.before) + changed)
      const { command } = moment
      if (command?.type !== "RecordSale" || command.mode !== "owed" || moment.decision._tag === "Refused") return
      const [owed] = eventsOf(moment)
      if (owed?.type !== "SaleOwed") throw new Error("a sale owed stands under a reservation")
      const stands = reservationOf(moment.after, moment.sender, owed.reservation)
      expect(stands === undefined ? 0 : openQtyOf(stands)).toBeGreaterThanOrEqual(command.qty)
    })
  })
  it("is counted alike for each reservation, in the list of what is short, and by location", () => {
    always(({ after: stock }) => {
      const list = stock.shorts?.list ?? []
      const short = reservationsOf(stock).filter((reservation) => reservation.shortQty > 0)
      expect(list.toSorted(byName).map(({ channel, reservation, qty }) => [channel, reservation, qty])).toEqual(
        short
          .map(({ channel, id, shortQty }) => ({ channel, reservation: id, shortQty }))
          .toSorted(byName)
          .map(({ channel, reservation, shortQty }) => [channel, reservation, shortQty]),
      )
      for (const at of stock.locations)
        expect(at.short).toBe(list.reduce((sum, short) => sum + (short.at === at.location ? short.qty : 0), 0))
      expect(stock.shorts?.anywhereQty ?? 0).toBe(list.reduce((sum, short) => sum + (short.at === null ? short.qty : 0), 0))
    })
  })
  it("is never offered to anybody else, covered yet or not", () => {
    always(({ after: stock }) => {
      let free = 0
      for (const at of stock.locations) free += Math.max(0, unowedQty(at) - at.short)
      expect(offeredQty(stock)).toBeLessThanOrEqual(Math.max(0, free - (stock.shorts?.anywhereQty ?? 0)))
    })
  })
  it("leaves no unit idle once it is covered, and is covered bit by bit as it is at once", () => {
    always(({ after }) => {
      const stock = structuredClone(after)
      for (const event of coverShortages(stock, Number.MAX_SAFE_INTEGER)) evolve(stock, event)
      expect(isCoverable(stock)).toBe(false)
      const piecemeal = structuredClone(after)
      for (let [event] = coverShortages(piecemeal, 1); event !== undefined; [event] = coverShortages(piecemeal, 1)) evolve(piecemeal, event)
      expect(piecemeal).toEqual(stock)
    })
  })
})

describe("ATS in every history", () => {
  it("is never negative and never more than is offered", () => {
    always(({ after: stock }) => {
      for (const ats of atsByChannel(stock)) {
        expect(ats).toBeGreaterThanOrEqual(0)
        expect(ats).toBeLessThanOrEqual(offeredQty(stock))
      }
    })
  })
  it("is the same asked for one channel and for all", () => {
    always(({ after: stock }) => {
      expect(atsByChannel(stock)).toEqual((stock.policy?.channels ?? []).map((line) => atsOf(stock, line.channel)))
    })
  })
  it("is what a Reserve is decided by: that many can be had, one more can't", () => {
    always(({ after: stock, atMs }) => {
      for (const { channel } of stock.policy?.channels ?? []) {
        const ats = atsOf(stock, channel)
        const fresh = "fresh" as ReservationId
        expect(decide(stock, reserve(fresh, ats + 1), channel, atMs)).toEqual({
          _tag: "Refused",
          refusal: { reason: "InsufficientStock", ats },
        })
        if (ats > 0) expect(decide(stock, reserve(fresh, ats), channel, atMs)._tag).toBe("Accepted")
      }
    })
  })
})

describe("a fence", () => {
  /** Units of each channel's fence that stock covers, by the words of the policy: those of higher priority first. */
  const covered = (lines: Parameters<typeof policy>[0], offered: number): ReadonlyMap<string, number> => {
    let left = offered
    const sorted = lines.map((line, index) => ({ line, index })).sort((a, b) => a.line.priority - b.line.priority || a.index - b.index)
    return new Map(
      sorted.map(({ line }) => {
        const qty = Math.min(left, line.fenceQty)
        left -= qty
        return [line.channel, qty]
      }),
    )
  }
  const plain = channelLines.map((lines) => lines.map((line) => ({ ...line, bufferQty: 0, bufferPercent: 0, floorQty: 0 })))

  it("that stock covers stays within reach of its channel, whatever the others buy first", () => {
    fc.assert(
      fc.property(plain, fc.integer({ min: 0, max: 40 }), fc.array(fc.nat({ max: 99 }), { maxLength: 12 }), (lines, offered, greed) => {
        const stock = emptyStock(sku)
        if (offered > 0) evolveStock(stock, { type: "StockReceived", location: north, qty: offered })
        evolveStock(stock, { type: "PolicySet", policy: policy(lines) })
        for (const line of lines) {
          const own = covered(lines, offered).get(line.channel) ?? 0
          const contested = structuredClone(stock)
          const others = lines.filter((other) => other !== line)
          greed.forEach((wanted, turn) => {
            const buyer = others[turn % others.length]
            const qty = buyer === undefined ? 0 : Math.min(wanted, atsOf(contested, buyer.channel))
            if (buyer === undefined || qty === 0) return
            const reservation = `g${turn}` as ReservationId
            const allocations = [{ location: north, qty }]
            evolveStock(contested, { type: "Reserved", channel: buyer.channel, reservation, allocations, expiresAtMs: 1 })
          })
          expect(atsOf(contested, line.channel)).toBeGreaterThanOrEqual(own)
        }
      }),
    )
  })
})
