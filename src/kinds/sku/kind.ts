/**
 * The SKU as a kind of actor: what src/domain/sku decides, put together for the engine.
 */
import { assert } from "../../assert.ts"
import { coverShortages } from "../../domain/sku/cover.ts"
import { decide } from "../../domain/sku/decide.ts"
import { evolve, evolveReservation, evolveStock } from "../../domain/sku/evolve.ts"
import { ordersOwnField } from "../../domain/sku/order-lines.ts"
import { emptyStock, reservationsOf, type SkuStock } from "../../domain/sku/stock.ts"
import type { ActorKind } from "../../engine/kind.ts"
import { allocationsMax, coversPerRecordMax, idCharsMax, skusPerPartitionMax } from "../../limits.ts"
import { skuCarrying } from "./carrying.ts"
import { skuChunks } from "./chunks.ts"
import { skuCommands } from "./commands.ts"
import { skuFeed } from "./feed.ts"
import { acceptedOutcome, alarmOf, saidOf, weightOf } from "./outcomes.ts"
import { skuParts } from "./parts.ts"
import { shareOf } from "./policies.ts"
import type { SkuKind } from "./types.ts"

/** Bytes of one ShortageCovered event beyond its allocations, and of each of those. */
const coveredBytes = 384
const allocationBytes = idCharsMax + 40

/** A SKU's stock without what depends on how it got there: slots. */
const stockState = (stock: SkuStock): unknown => {
  const reservations: Record<string, unknown> = {}
  for (const reservation of reservationsOf(stock))
    reservations[`${reservation.channel}/${reservation.id}`] =
      reservation.status === "held" ? reservation : { ...reservation, expiresAtMs: 0 }
  const locations = Object.fromEntries(stock.locations.map((at) => [at.location, at]))
  const uses = Object.fromEntries((stock.uses ?? []).map((use) => [use.channel, use]))
  return { sku: stock.sku, policy: stock.policy, locations, uses, shorts: stock.shorts, reservations }
}

export const skuKind: ActorKind<SkuKind> = Object.freeze<ActorKind<SkuKind>>({
  name: "sku",
  keyField: "sku",
  actorsMax: skusPerPartitionMax,
  actorsField: "skus",
  commands: skuCommands,
  emptyState: emptyStock,
  decide: (stock, command, sender, nowMs, endedOf, isInternal) => {
    assert(command.type !== "ReplayQuarantined" && command.type !== "DropQuarantined", "operator commands are the partition's")
    const field = isInternal ? undefined : ordersOwnField(command)
    if (field !== undefined) return { _tag: "Refused", refusal: { reason: "InvalidField", field } }
    return decide(stock, command, sender, nowMs, endedOf)
  },
  share: shareOf,
  evolve,
  evolveState: evolveStock,
  evolvePart: evolveReservation,
  mayFollowUp: ({ shorts }) => shorts !== null,
  followUps: coverShortages,
  followUpBytes: coveredBytes + allocationsMax * allocationBytes,
  followUpsMax: coversPerRecordMax,
  followUpCause: "ShortageCovered",
  outcomeOf: acceptedOutcome,
  weightOf,
  saidOf,
  alarmOf,
  parts: skuParts,
  feed: skuFeed,
  chunks: skuChunks,
  hashed: stockState,
  carrying: skuCarrying,
})
