/**
 * Random histories of one SKU, in a world small enough for commands to meet: three locations, three channels, a few reservations.
 */
import { Schema } from "effect"
import * as fc from "fast-check"
import type { AnyCommandSpec } from "../../src/domain/define.ts"
import type { CommandId, ReservationId, SenderId } from "../../src/domain/names.ts"
import { AdjustReason, ReleaseReason, type StockCommand, StockStatus } from "../../src/domain/sku/commands.ts"
import { coverShortages } from "../../src/domain/sku/cover.ts"
import { decide, expire } from "../../src/domain/sku/decide.ts"
import type { Decision } from "../../src/domain/sku/decision.ts"
import type { StockEvent } from "../../src/domain/sku/events.ts"
import { evolve } from "../../src/domain/sku/evolve.ts"
import { skuKind } from "../../src/domain/sku/index.ts"
import type { ChannelPolicy, Policy, PolicyGiven } from "../../src/domain/sku/policy.ts"
import { emptyStock, type SkuStock } from "../../src/domain/sku/stock.ts"
import { arbitraryOf } from "../wire/field-arbitraries.ts"
import { command, depot, east, market, north, nowMs, sku, south, till, web } from "./given.ts"

/** One step of a history. Holds that are due are expired before it only sometimes: the owner need not have come to it yet. */
export interface Step {
  readonly command: StockCommand
  readonly sender: SenderId
  readonly waitMs: number
  readonly expiresDue: boolean
  /** Whether what reservations are short of is covered after it, as far as goods go: the record may have been full. */
  readonly covers: boolean
}

const channel = fc.constantFrom(web, web, web, market, market, till)
const location = fc.constantFrom(north, south, east)
const reservation = fc.constantFrom("r1", "r2", "r3", "r4").map((id) => id as ReservationId)
const qty = fc.integer({ min: 1, max: 12 })
const holdMs = fc.integer({ min: 1, max: 3_000 })
const optional = <T>(value: fc.Arbitrary<T>): fc.Arbitrary<T | undefined> => fc.option(value, { nil: undefined })
/** Fields that may be undefined are fields that may be missing. */
type Dense<T> = { readonly [K in keyof T as undefined extends T[K] ? never : K]: T[K] } & {
  readonly [K in keyof T as undefined extends T[K] ? K : never]?: Exclude<T[K], undefined>
}
/** Without the fields that are undefined, as the decoder leaves them out. */
const dense = <T extends object>(fields: T): Dense<T> =>
  Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined)) as Dense<T>

const mostly0 = (max: number) => fc.oneof({ weight: 3, arbitrary: fc.constant(0) }, { weight: 1, arbitrary: fc.integer({ min: 1, max }) })

const channelLine = (name: SenderId): fc.Arbitrary<ChannelPolicy> =>
  fc.record({
    channel: fc.constant(name),
    priority: fc.integer({ min: 0, max: 2 }),
    bufferQty: mostly0(5),
    bufferPercent: mostly0(100),
    floorQty: mostly0(5),
    fenceQty: mostly0(15),
  })

export const channelLines: fc.Arbitrary<ReadonlyArray<ChannelPolicy>> = fc
  .subarray([web, market, till], { minLength: 1 })
  .chain((names) => fc.shuffledSubarray(names, { minLength: names.length }))
  .chain((names) => fc.tuple(...names.map(channelLine)))

const policy: fc.Arbitrary<Policy> = fc.record({
  version: fc.integer({ min: 2, max: 30 }),
  channels: channelLines,
  safety: fc.uniqueArray(fc.record({ location, qty: fc.integer({ min: 0, max: 6 }) }), { selector: (line) => line.location }),
  sourcing: fc.uniqueArray(location),
})
/** As it is set: with a version or without. */
const policyGiven: fc.Arbitrary<PolicyGiven> = fc.oneof(
  policy,
  policy.map(({ version: _, ...given }) => given),
)

const sell = fc.oneof(
  {
    weight: 4,
    arbitrary: fc
      .record({
        type: fc.constant("Reserve" as const),
        reservation,
        qty,
        holdMs,
        locations: optional(fc.array(location, { minLength: 1, maxLength: 4 })),
        partial: optional(fc.boolean()),
      })
      .map(dense),
  },
  { weight: 2, arbitrary: fc.record({ type: fc.constant("Confirm" as const), reservation }) },
  {
    weight: 1,
    arbitrary: fc
      .record({ type: fc.constant("Release" as const), reservation, qty: optional(qty), reason: fc.constantFrom(...ReleaseReason) })
      .map(dense),
  },
  { weight: 1, arbitrary: fc.record({ type: fc.constant("Extend" as const), reservation, holdMs }) },
)

const sale = fc.oneof(
  fc
    .record({
      type: fc.constant("RecordSale" as const),
      mode: fc.constant("taken" as const),
      qty,
      location,
      reservation: optional(reservation),
    })
    .map((fields) => dense(fields)),
  fc
    .record({
      type: fc.constant("RecordSale" as const),
      mode: fc.constant("owed" as const),
      qty,
      location: optional(location),
      reservation,
    })
    .map((fields) => dense(fields)),
)

const stockFact = fc.oneof(
  { weight: 3, arbitrary: fc.record({ type: fc.constant("ReceiveStock" as const), location, qty }) },
  {
    weight: 2,
    arbitrary: fc.record({
      type: fc.constant("AdjustStock" as const),
      location,
      qty: fc.integer({ min: -8, max: 5 }).filter((signed) => signed !== 0),
      reason: fc.constantFrom(...AdjustReason),
    }),
  },
  {
    weight: 2,
    arbitrary: fc.record({
      type: fc.constant("MoveStatus" as const),
      location,
      from: fc.constantFrom(...StockStatus),
      to: fc.constantFrom(...StockStatus),
      qty,
    }),
  },
  {
    weight: 3,
    arbitrary: fc.record({ type: fc.constant("Fulfil" as const), channel, reservation, location, qty: optional(qty) }).map(dense),
  },
)

/** Types that are drawn above, with what makes them meet. Any other is drawn from what its declaration says. */
const drawn: ReadonlySet<string> = new Set([
  "Reserve",
  "Confirm",
  "Release",
  "Extend",
  "RecordSale",
  "ReceiveStock",
  "AdjustStock",
  "MoveStatus",
  "Fulfil",
  "SetPolicy",
])
const names = { LocationId: location, ReservationId: reservation, ReservationName: reservation, Sender: channel }
const sizes = {
  whole: (min = -8, max = 12) => fc.integer({ min: Math.max(min, -8), max: Math.min(max, 12) }),
  itemsMax: 3,
}
const others = skuKind.commands.flatMap((spec) => {
  if (spec.decide === null || drawn.has(spec.type)) return []
  const fields = Schema.Struct({ type: Schema.Literal(spec.type), ...(spec as AnyCommandSpec).fields })
  // Its fields are those of one of the commands, whichever it is.
  const one = arbitraryOf(fields, names, sizes) as fc.Arbitrary<unknown> as fc.Arbitrary<Parameters<typeof command>[0]>
  return [{ weight: 2, arbitrary: fc.tuple(spec.class === "sell" ? channel : fc.constant(depot), one) }]
})

const asked = fc.oneof(
  ...others,
  { weight: 6, arbitrary: fc.tuple(channel, sell) },
  { weight: 2, arbitrary: fc.tuple(channel, sale) },
  { weight: 5, arbitrary: fc.tuple(fc.constant(depot), stockFact) },
  { weight: 1, arbitrary: fc.tuple(fc.constant(depot), fc.record({ type: fc.constant("SetPolicy" as const), policy: policyGiven })) },
)

const step = fc.record({
  asked,
  waitMs: fc.oneof({ weight: 6, arbitrary: fc.constant(0) }, { weight: 1, arbitrary: fc.integer({ min: 1, max: 2_000 }) }),
  expiresDue: fc.boolean(),
  covers: fc.boolean(),
})

/** A policy and some stock, so that there is something to sell, and then anything. Each command has an id of its own. */
export const script: fc.Arbitrary<ReadonlyArray<Step>> = fc
  .tuple(channelLines, fc.array(fc.tuple(location, qty), { minLength: 1, maxLength: 4 }), fc.array(step, { maxLength: 60, size: "max" }))
  .map(([channels, stocked, steps]) => {
    const first = { type: "SetPolicy", policy: { version: 1, channels, safety: [], sourcing: [] } } as const
    const all = [
      { asked: [depot, first] as const, waitMs: 0, expiresDue: false, covers: true },
      ...stocked.map(([at, units]) => ({
        asked: [depot, { type: "ReceiveStock", location: at, qty: units }] as const,
        waitMs: 0,
        expiresDue: false,
        covers: true,
      })),
      ...steps,
    ]
    return all.map(({ asked: [sender, fields], waitMs, expiresDue, covers }, index) => ({
      command: command({ ...fields, id: `c${index}` as CommandId }),
      sender,
      waitMs,
      expiresDue,
      covers,
    }))
  })

/** One thing that happened in a history: a decided command, or holds that expired, or shortages that were covered (then there is no command). */
export interface Moment {
  readonly command: StockCommand | undefined
  readonly sender: SenderId
  readonly atMs: number
  readonly decision: Decision
  readonly before: SkuStock
  readonly after: SkuStock
}

const expiryOf = (stock: SkuStock, atMs: number): ReadonlyArray<StockEvent> =>
  (stock.reservations?.slots ?? [])
    .filter((hold) => hold !== undefined)
    .filter((hold) => hold.status === "held" && hold.expiresAtMs <= atMs)
    .map(expire)

/** Plays a history from nothing, with a copy of the stock before and after each moment. */
export const play = (steps: ReadonlyArray<Step>): ReadonlyArray<Moment> => {
  const stock = emptyStock(sku)
  const moments: Array<Moment> = []
  let isKnown = false
  let atMs = nowMs
  const happen = (happened: Omit<Moment, "before" | "after">) => {
    const before = structuredClone(stock)
    if (happened.decision._tag === "Accepted") for (const event of happened.decision.events) evolve(stock, event)
    moments.push({ ...happened, before, after: structuredClone(stock) })
  }
  for (const next of steps) {
    atMs += next.waitMs
    const due = next.expiresDue ? expiryOf(stock, atMs) : []
    const [first, ...others] = due
    if (first !== undefined) happen({ command: undefined, sender: depot, atMs, decision: { _tag: "Accepted", events: [first, ...others] } })
    const decision = decide(isKnown ? stock : undefined, next.command, next.sender, atMs)
    happen({ command: next.command, sender: next.sender, atMs, decision })
    isKnown ||= decision._tag === "Accepted"
    const [covered, ...more] = next.covers ? coverShortages(stock, Number.MAX_SAFE_INTEGER) : []
    if (covered !== undefined)
      happen({ command: undefined, sender: depot, atMs, decision: { _tag: "Accepted", events: [covered, ...more] } })
  }
  return moments
}
