/**
 * What may be sold where and to whom: the versioned policy of one SKU.
 *
 * Policies are values: two SKUs with equal policies may share one object, so nothing here is ever changed in place.
 */
import type { LocationId, SenderId } from "../names.ts"

/** What one channel may sell of a SKU. */
export interface ChannelPolicy {
  readonly channel: SenderId
  /** 0 is served first: order inside a batch and order in which fences are honoured when stock doesn't cover them all. Ties go to the earlier in the list. */
  readonly priority: number
  /** Units kept back from this channel. */
  readonly bufferQty: number
  /** Percent of what is offered, kept back from this channel; the larger of both buffers counts. Whole, 0 to 100. */
  readonly bufferPercent: number
  /** Below this many units the channel is shown and sold nothing. */
  readonly floorQty: number
  /** Units ring-fenced for this channel; 0 for none. */
  readonly fenceQty: number
}

/** A policy's line whose channel is as sure to be one as who makes it is. */
type PlainLine<Channel> = Omit<ChannelPolicy, "channel"> & { readonly channel: Channel }

/** The line of a channel from which nothing is kept back, and for which nothing is ring-fenced. */
export const plainLine = <Channel extends string>(channel: Channel, priority: number): PlainLine<Channel> => ({
  channel,
  priority,
  bufferQty: 0,
  bufferPercent: 0,
  floorQty: 0,
  fenceQty: 0,
})

/** Stock kept back at a location from what is offered (not from what is owed). */
export interface SafetyStock {
  readonly location: LocationId
  readonly qty: number
}

/** The policy of one SKU. A later one replaces it whole; its version must be higher. */
export interface Policy {
  readonly version: number
  /** The channels that sell this SKU; nobody else may reserve it or sees its ATS. */
  readonly channels: ReadonlyArray<ChannelPolicy>
  readonly safety: ReadonlyArray<SafetyStock>
  /** Order in which locations are drawn on when a command names none; those not named follow in the order they were first stocked. */
  readonly sourcing: ReadonlyArray<LocationId>
}

/** A policy as it is set: without a version it takes the present one's plus one. */
export type PolicyGiven = Omit<Policy, "version"> & { readonly version?: number }

/** The policy's line for `channel`, or undefined if that channel doesn't sell the SKU. */
export const channelPolicy = (policy: Policy | null, channel: SenderId): ChannelPolicy | undefined => {
  if (policy === null) return undefined
  for (const line of policy.channels) if (line.channel === channel) return line
  return undefined
}
