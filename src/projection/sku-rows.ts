/**
 * SKUs as rows: units by location, ATS by channel, reservations, policies, what is short, and what of facts did not fit.
 */
import type { SenderId, Sku } from "../domain/names.ts"
import { atsByChannel, offeredQty } from "../domain/sku/availability.ts"
import { type Command, classOf } from "../domain/sku/commands.ts"
import type { StockEvent } from "../domain/sku/events.ts"
import { channelPolicy } from "../domain/sku/policy.ts"
import { openQtyOf, type Reservation, shortQtyOf } from "../domain/sku/stock.ts"
import { skuKind } from "../kinds/sku/kind.ts"
import type { SkuActor, SkuKind, SkuRow as StoredSku } from "../kinds/sku/types.ts"
import type { ProjectedRows } from "../ports/projection.ts"
import { engineCodec } from "../wire/codec.ts"
import type { Began, EventStanding, FoldedActor, ProjectedKind, RecordStamp } from "./kinds.ts"
import { type About, orderNamed } from "./story.ts"
import { instantOf, jsonOf } from "./text.ts"

const aboutReservation = (sku: string, channel: string | null, reservation: string | null): About => ({
  key: sku,
  sku,
  channel,
  reservation,
  orderId: reservation === null ? null : orderNamed(reservation),
})

/** Whose reservation a command is about: the warehouse names the channel, whoever sells means itself. */
const channelOf = (command: Command, sender: SenderId): string | null => {
  if ("channel" in command) return command.channel
  return classOf[command.type] === "sell" ? sender : null
}

const aboutCommand = (command: Command, sender: SenderId): About =>
  aboutReservation(command.sku, channelOf(command, sender), "reservation" in command ? (command.reservation ?? null) : null)

const aboutEvent = (sku: string, event: StockEvent): About =>
  aboutReservation(sku, "channel" in event ? event.channel : null, "reservation" in event ? event.reservation : null)

const noteEvent = (folded: FoldedActor<SkuKind>, event: StockEvent, standing: EventStanding, rows: ProjectedRows): void => {
  const { key: sku, state: stock } = folded.actor
  const { kind, partition, seq, at, place, sender, commandId } = standing
  if (event.type === "PolicySet") {
    const { policy } = event
    rows.policies.push({ sku, version: policy.version, seq, at, sender, policy: jsonOf(policy) })
    for (const { channel } of stock.policy?.channels ?? [])
      if (channelPolicy(policy, channel) === undefined) folded.dropped = (folded.dropped ?? new Map()).set(channel, standing)
  }
  if (event.type === "ShortageCovered" || ("shortQty" in event && event.shortQty !== undefined)) {
    folded.shorts ??= new Map()
    const { channel, reservation } = event
    folded.shorts.set(`${channel}/${reservation}`, { ...standing, channel, reservation })
  }
  if (event.type !== "DiscrepancyFound" && event.type !== "ShortageFound") return
  const what = event.type === "ShortageFound" ? "Shortage" : event.kind
  rows.discrepancies.push({
    kind,
    partition,
    seq,
    place,
    at,
    sku,
    what,
    qty: event.qty,
    location: event.location ?? null,
    sender,
    commandId,
  })
}

const stockRows = ({ actor }: FoldedActor<SkuKind>, { seq, at }: RecordStamp, rows: ProjectedRows): void => {
  for (const { location, onHand, damaged, inspection, reserved, exposed, safety, short } of actor.state.locations)
    rows.stock.push({ sku: actor.key, location, seq, at, onHand, damaged, inspection, reserved, exposed, safety, short })
}

const atsRows = ({ actor, dropped }: FoldedActor<SkuKind>, { seq, at }: RecordStamp, rows: ProjectedRows): void => {
  const { key: sku, state: stock } = actor
  const channels = stock.policy?.channels ?? []
  const units = atsByChannel(stock)
  for (let i = 0; i < channels.length; i++)
    rows.ats.push({ sku, channel: channels[i]?.channel ?? "", seq, at, ats: units[i] ?? 0, isSold: true })
  for (const [channel, made] of dropped ?? [])
    if (channelPolicy(stock.policy, channel) === undefined)
      rows.ats.push({ sku, channel, seq: made.seq, at: made.at, ats: 0, isSold: false })
}

const actorState = ({ state: { policy, locations, uses, shorts } }: SkuActor): string => jsonOf({ policy, locations, uses, shorts })

const actorRows = (folded: FoldedActor<SkuKind>, stamp: RecordStamp, rows: ProjectedRows): void => {
  const { key: sku, state: stock } = folded.actor
  const { partition, seq, at } = stamp
  rows.skus.push({
    sku,
    partition,
    seq,
    at,
    policyVersion: stock.policy?.version ?? null,
    offered: offeredQty(stock),
    short: shortQtyOf(stock),
    state: actorState(folded.actor),
  })
  stockRows(folded, stamp, rows)
  atsRows(folded, stamp, rows)
  shortageRows(folded, rows)
}

/** What reservations are short of whose shortage changed: 0 where it is over. */
const shortageRows = ({ actor, shorts }: FoldedActor<SkuKind>, rows: ProjectedRows): void => {
  for (const { channel, reservation, seq, at } of shorts?.values() ?? []) {
    const short = actor.state.shorts?.list.find((one) => one.channel === channel && one.reservation === reservation)
    rows.shortages.push({ sku: actor.key, channel, reservation, seq, at, qty: short?.qty ?? 0, location: short?.at ?? null })
  }
}

const partRows = (sku: string, reservation: Reservation, began: Began, stamp: RecordStamp, rows: ProjectedRows): void => {
  const { channel, id, status, shortQty, fulfilledQty, expiresAtMs } = reservation
  const { seq, at } = stamp
  rows.reservations.push({
    sku,
    channel,
    reservation: id,
    seq,
    at,
    beganSeq: began.seq,
    beganAt: began.at,
    orderId: orderNamed(id),
    status,
    openQty: openQtyOf(reservation),
    shortQty,
    fulfilledQty,
    expiresAt: status === "held" ? instantOf(expiresAtMs) : null,
    state: jsonOf(reservation),
  })
}

/** SKUs, as their journals are projected. */
export const projectedSkus: ProjectedKind<SkuKind> = {
  word: "sku",
  kind: skuKind,
  codec: engineCodec,
  hasActorRows: true,
  begins: ({ type }) => type === "Reserved",
  actorState,
  loadActor: (actor, state) => {
    // What was written here is what `actorState` says.
    const stored = state as Pick<StoredSku, "policy" | "locations" | "uses" | "shorts">
    skuKind.chunks.loadActor(actor, { sku: actor.key, version: actor.version, ...stored }, sharedPolicies)
  },
  partIn: (state) => state as Reservation,
  partKey: (sku) => sku,
  actorOfPart: (sku) => sku as Sku,
  aboutCommand,
  aboutEvent,
  noteEvent,
  actorRows,
  partRows,
}

/** Equal policies are one object, as in the engine. */
const sharedPolicies = new Map<string, object>()
