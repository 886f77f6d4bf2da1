/**
 * Makes an invented sale less polite than src/workload/flash-sale.ts has it: several policies and versions of each SKU, a third location, reservations at several places, and commands
 * with and without their optional fields. What a command then comes to is the checkers' to say: here nothing is known beforehand.
 *
 * Drawn command by command from the seed, before the first step: the same seed gives the same traffic.
 */

import type { CommandId, LocationId, SenderId, Sku } from "../../src/domain/names.ts"
import type { Command, Fulfil, RecordSale, Reserve } from "../../src/domain/sku/commands.ts"
import { AdjustReason, StockStatus } from "../../src/domain/sku/commands.ts"
import type { Policy } from "../../src/domain/sku/policy.ts"
import { mainLocation, storeLocation } from "../../src/workload/buyers.ts"
import { type Flow, type PlannedSend, sendOf, type Traffic } from "../../src/workload/flows.ts"
import { type Prng, prngFromSeed } from "../../src/workload/prng.ts"

export interface Variety {
  readonly seed: string
  /** When the sale begins, and how long it lasts. */
  readonly startMs: number
  readonly windowMs: number
  readonly channels: ReadonlyArray<SenderId>
  /** Policies of a SKU after its first, at most; 0: its only one is the sale's. */
  readonly policies: number
  /** Of the commands, how many are made otherwise than the sale would. */
  readonly percent: number
  readonly planner: SenderId
  readonly warehouse: SenderId
}

const annex = "annex" as LocationId
const places: ReadonlyArray<LocationId> = [mainLocation, storeLocation, annex]
/** A channel that policies name and that no sender of the world has: its ATS goes to nobody. */
const popUp = "popup" as SenderId

const shuffled = <T>(items: ReadonlyArray<T>, prng: Prng): Array<T> => {
  const left = [...items]
  const out: Array<T> = []
  while (left.length > 0) out.push(...left.splice(prng.below(left.length), 1))
  return out
}

/** A policy such as planners make in a hurry: a channel dropped, another added, fences that nothing covers, floors above the stock. */
const policyOf = (version: number, { channels }: Variety, prng: Prng): Policy => {
  const those = prng.chance(1, 4) ? [...channels, popUp] : channels
  const kept = shuffled(those, prng).filter(() => prng.chance(7, 8))
  return {
    version,
    channels: kept.map((channel) => ({
      channel,
      priority: prng.below(3),
      bufferQty: prng.pick([0, 0, 1, 4]),
      bufferPercent: prng.pick([0, 0, 5, 33]),
      floorQty: prng.pick([0, 0, 2, 6]),
      fenceQty: prng.pick([0, 0, 3, 12]),
    })),
    safety: shuffled(places, prng)
      .filter(() => prng.chance(1, 2))
      .map((location) => ({ location, qty: prng.below(8) })),
    sourcing: shuffled(places, prng).slice(0, prng.between(0, 3)),
  }
}

const atPlaces = (reserve: Reserve, prng: Prng): Reserve => {
  const { locations: _, ...anywhere } = reserve
  const named = shuffled(places, prng).slice(0, prng.between(1, 3))
  const placed = prng.chance(1, 3) ? anywhere : { ...anywhere, locations: named }
  return prng.chance(1, 3) ? { ...placed, partial: true } : placed
}

const shippedOtherwise = (fulfil: Fulfil, prng: Prng): Fulfil => {
  const { qty, ...all } = fulfil
  const location = prng.chance(2, 3) ? prng.pick(places) : fulfil.location
  if (prng.chance(1, 2)) return { ...all, location }
  return { ...all, location, qty: prng.between(1, qty ?? 1) }
}

/** A sale owed from wherever there are units; one taken from another shelf. */
const soldOtherwise = (sale: RecordSale, prng: Prng): RecordSale => {
  if (sale.mode === "taken") return prng.chance(1, 2) ? { ...sale, location: prng.pick(places) } : sale
  const { location: _, ...anywhere } = sale
  return prng.chance(2, 3) ? anywhere : { ...sale, location: prng.pick(places) }
}

/** The same command with other fields. Its id, SKU and reservation stay. */
const otherwise = (command: Command, prng: Prng): Command => {
  switch (command.type) {
    case "Reserve":
      return atPlaces(command, prng)
    case "Release":
      return prng.chance(1, 2) ? { ...command, qty: prng.between(1, 2) } : command
    case "Fulfil":
      return shippedOtherwise(command, prng)
    case "RecordSale":
      return soldOtherwise(command, prng)
    case "ReceiveStock":
    case "WriteOff":
    case "Recount":
      return { ...command, reference: `asn-${prng.below(1_000)}` }
    case "AdjustStock":
      return { ...command, reason: prng.pick(AdjustReason), reference: `note-${prng.below(1_000)}` }
    case "Extend":
      return { ...command, holdMs: prng.between(1, command.holdMs) }
    case "Confirm":
    case "MoveStatus":
    case "SetPolicy":
    case "ReplayQuarantined":
    case "DropQuarantined":
      return command
  }
}

/** Instead of being shipped, an order is collected at a till, or sold a second time: its channel says so, and names the reservation. */
const collected = (send: PlannedSend, prng: Prng): PlannedSend => {
  const { command } = send
  if (command.type !== "Fulfil" || !prng.chance(1, 4)) return send
  const { id, sku, issuedAtMs, channel, reservation, location } = command
  const sold = { id, sku, issuedAtMs, reservation, location, qty: command.qty ?? 1 }
  const sale: RecordSale = { type: "RecordSale", mode: prng.chance(1, 2) ? "taken" : "owed", ...sold }
  return sendOf(send, channel, sale, send)
}

const varied = (send: PlannedSend, percent: number, prng: Prng): PlannedSend => {
  if (!prng.chance(percent, 100)) return send
  const other = collected(send, prng)
  return { ...other, command: otherwise(other.command, prng) }
}

/** Something that somebody tells or asks for once, beside all orders. */
const alone = (name: string, atMs: number, order: number, actor: SenderId, command: Command): Flow => ({
  name,
  ending: "fact",
  sends: [sendOf({ atMs, order }, actor, command)],
})

const policyFlows = (skus: ReadonlyArray<Sku>, variety: Variety, prng: Prng): ReadonlyArray<Flow> =>
  skus.flatMap((sku) =>
    Array.from({ length: variety.policies === 0 ? 0 : prng.below(variety.policies + 1) }, (_, at) => {
      const id = `policy.${at + 2}` as CommandId
      const atMs = variety.startMs + prng.below(variety.windowMs)
      // Policies are planned at any time, so one that comes after a later version is outdated and refused.
      const policy = policyOf(at + 2, variety, prng)
      return alone(`${id} ${sku}`, atMs, at, variety.planner, { type: "SetPolicy", id, sku, issuedAtMs: atMs, policy })
    }),
  )

/** A few units that arrive, or change their status in both directions, at all places, and counts that find more or less than was believed. */
const countFlows = (skus: ReadonlyArray<Sku>, count: number, variety: Variety, prng: Prng): ReadonlyArray<Flow> =>
  Array.from({ length: count }, (_, number) => {
    const atMs = variety.startMs + prng.below(variety.windowMs)
    const base = { id: `count.${number}` as CommandId, sku: prng.pick(skus), issuedAtMs: atMs, location: prng.pick(places) }
    const [from, to] = shuffled(StockStatus, prng)
    const qty = prng.between(1, 4)
    // A few units here and there: what is asked for next has to be drawn from several places.
    if (prng.chance(1, 3)) return alone(base.id, atMs, number, variety.warehouse, { type: "ReceiveStock", ...base, qty })
    const command: Command =
      from === undefined || to === undefined || prng.chance(1, 3)
        ? { type: "AdjustStock", ...base, qty: prng.chance(2, 3) ? qty : -qty, reason: prng.pick(AdjustReason) }
        : { type: "MoveStatus", ...base, from, to, qty }
    return alone(base.id, atMs, number, variety.warehouse, command)
  })

/** Places whose units are counted whole, whatever is believed: some find nothing there. */
const recountFlows = (skus: ReadonlyArray<Sku>, count: number, variety: Variety, prng: Prng): ReadonlyArray<Flow> =>
  Array.from({ length: count }, (_, number) => {
    const atMs = variety.startMs + prng.below(variety.windowMs)
    const counted = { sku: prng.pick(skus), issuedAtMs: atMs, location: prng.pick(places), qty: prng.below(12) }
    const id = `recount.${number}` as CommandId
    return alone(id, atMs, number, variety.warehouse, { type: "Recount", id, ...counted })
  })

/** Units that are gone for good: some are damaged, some are owed to somebody, and some were never there. */
const writeOffFlows = (skus: ReadonlyArray<Sku>, count: number, variety: Variety, prng: Prng): ReadonlyArray<Flow> =>
  Array.from({ length: count }, (_, number) => {
    const atMs = variety.startMs + prng.below(variety.windowMs)
    const gone = { sku: prng.pick(skus), issuedAtMs: atMs, location: prng.pick(places), qty: prng.between(1, 6) }
    const id = `writeoff.${number}` as CommandId
    return alone(id, atMs, number, variety.warehouse, { type: "WriteOff", id, ...gone })
  })

/** Goods at the third location, of every other SKU. */
const annexSetup = (skus: ReadonlyArray<Sku>, { startMs, warehouse }: Variety, prng: Prng): ReadonlyArray<PlannedSend> =>
  skus
    .filter(() => prng.chance(1, 2))
    .map((sku) => {
      const received = { sku, issuedAtMs: startMs, location: annex, qty: prng.between(1, 12) } as const
      return sendOf({ atMs: startMs, order: -1 }, warehouse, { type: "ReceiveStock", id: "receive.annex" as CommandId, ...received })
    })

/** The sale with all this in it. */
export const withVariety = <Sale extends Traffic>(sale: Sale, variety: Variety): Sale => {
  if (variety.percent === 0) return sale
  const prng = prngFromSeed(`${variety.seed}/variety`)
  const skus = [...new Set(sale.setup.map(({ command }) => command.sku))]
  const fields = prng.stream("fields")
  const first = prng.stream("first policies")
  const setup = sale.setup.map((send): PlannedSend => {
    const { command } = send
    const isOther = variety.policies > 0 && command.type === "SetPolicy" && first.chance(1, 3)
    return isOther ? { ...send, command: { ...command, policy: policyOf(1, variety, first) } } : send
  })
  const flows = sale.flows.map((flow) => ({ ...flow, sends: flow.sends.map((send) => varied(send, variety.percent, fields)) }))
  const more = [
    ...policyFlows(skus, variety, prng.stream("policies")),
    ...countFlows(skus, Math.ceil(sale.flows.length / 12), variety, prng.stream("counts")),
    ...recountFlows(skus, Math.ceil(sale.flows.length / 60), variety, prng.stream("recounts")),
    ...writeOffFlows(skus, Math.ceil(sale.flows.length / 60), variety, prng.stream("write-offs")),
  ]
  return { ...sale, setup: [...setup, ...annexSetup(skus, variety, prng.stream("annex"))], flows: [...flows, ...more] }
}
