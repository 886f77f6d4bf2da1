/**
 * Rows of SKUs and their reservations in chunks of a snapshot, and what is remembered of an accepted command about one, as they are read back.
 */
import { type Allocation, DiscrepancyKind } from "../domain/sku/events.ts"
import type { Policy } from "../domain/sku/policy.ts"
import { type ChannelUse, type LocationStock, type Reservation, ReservationStatus, type Shorts } from "../domain/sku/stock.ts"
import type { ReservationRow, SkuKind, SkuRememberedDecision, SkuRow } from "../kinds/sku/types.ts"
import { chunkReaderOf } from "./chunks.ts"
import { skuCommands } from "./commands.ts"
import { type Is, listOf, nullOr, object, oneOf, text, type UnionMember, type Unread, whole } from "./shapes.ts"

const isAllocation: Is<Allocation> = (value) => {
  if (typeof value !== "object" || value === null) return false
  const given: Unread<Allocation, "location" | "qty"> = value
  return typeof given.location === "string" && Number.isSafeInteger(given.qty)
}
const allocations = listOf(isAllocation)

const isNone = (value: unknown): boolean => value === undefined
type RememberedAcceptance = UnionMember<SkuRememberedDecision, "outcome", "accepted">
const discrepancies = listOf(
  object<NonNullable<RememberedAcceptance["discrepancies"]>[number]>({ kind: oneOf(DiscrepancyKind), qty: whole }),
)
const isAccepted: Is<RememberedAcceptance> = (value) => {
  const given = value as Unread<
    RememberedAcceptance,
    "qty" | "allocations" | "expiresAtMs" | "reservation" | "discrepancies" | "shortageQty" | "policyVersion"
  >
  return (
    (isNone(given.qty) || whole(given.qty)) &&
    (isNone(given.allocations) || allocations(given.allocations)) &&
    (isNone(given.expiresAtMs) || whole(given.expiresAtMs)) &&
    (isNone(given.reservation) || text(given.reservation)) &&
    (isNone(given.discrepancies) || discrepancies(given.discrepancies)) &&
    (isNone(given.shortageQty) || whole(given.shortageQty)) &&
    (isNone(given.policyVersion) || whole(given.policyVersion))
  )
}

const isPolicy = object<Policy>({
  version: whole,
  channels: listOf(
    object<Policy["channels"][number]>({
      channel: text,
      priority: whole,
      bufferQty: whole,
      bufferPercent: whole,
      floorQty: whole,
      fenceQty: whole,
    }),
  ),
  safety: listOf(object<Policy["safety"][number]>({ location: text, qty: whole })),
  sourcing: listOf(text),
})

const isSku = object<SkuRow>(
  {
    sku: text,
    version: whole,
    policy: nullOr(isPolicy),
    locations: listOf(
      object<LocationStock>({
        location: text,
        onHand: whole,
        damaged: whole,
        inspection: whole,
        reserved: whole,
        exposed: whole,
        safety: whole,
        short: whole,
      }),
    ),
    uses: nullOr(listOf(object<ChannelUse>({ channel: text, openQty: whole, fulfilledSinceFenceQty: whole }))),
    shorts: nullOr(
      object<Shorts>({
        list: listOf(object<Shorts["list"][number]>({ channel: text, reservation: text, qty: whole, at: nullOr(text) })),
        anywhereQty: whole,
      }),
    ),
  },
  { strays: listOf(text) },
)

const status = oneOf(ReservationStatus)

/** What there are millions of is read without a table: each field by its name. */
const isReservation: Is<Reservation> = (value) => {
  if (typeof value !== "object" || value === null) return false
  const given: Unread<Reservation, "channel" | "id" | "status" | "allocations" | "shortQty" | "fulfilledQty" | "expiresAtMs"> = value
  return (
    typeof given.channel === "string" &&
    typeof given.id === "string" &&
    status(given.status) &&
    allocations(given.allocations) &&
    Number.isSafeInteger(given.shortQty) &&
    Number.isSafeInteger(given.fulfilledQty) &&
    Number.isSafeInteger(given.expiresAtMs)
  )
}

/** The chunk of a partition of SKUs that a value is; undefined if any of its fields isn't what the engine writes there. */
export const readChunk = chunkReaderOf<SkuKind>({
  actorRow: isSku,
  partRow: object<ReservationRow>({ sku: text, reservation: isReservation }),
  accepted: isAccepted,
  command: skuCommands.journaled,
})
