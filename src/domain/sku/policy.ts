/**
 * What may be sold where and to whom: the versioned policy of one SKU.
 *
 * Policies are values: two SKUs with equal policies may share one object, so nothing here is ever changed in place.
 */
import * as Schema from "effect/Schema"
import { channelsPerPolicyMax, locationsPerSkuMax } from "../../limits.ts"
import { BoundField, distinctBy, LocationField, PercentField, SenderField, VersionField } from "../fields.ts"
import type { SenderId } from "../names.ts"
import { locationList } from "./fields.ts"

const lineFields = {
  channel: SenderField,
  /** 0 is served first: order inside a batch and order in which fences are honoured when stock doesn't cover them all. Ties go to the earlier in the list. */
  priority: BoundField,
  /** Units kept back from this channel. */
  bufferQty: BoundField,
  /** Percent of what is offered, kept back from this channel; the larger of both buffers counts. Whole, 0 to 100. */
  bufferPercent: PercentField,
  /** Below this many units the channel is shown and sold nothing. */
  floorQty: BoundField,
  /** Units ring-fenced for this channel; 0 for none. */
  fenceQty: BoundField,
}
const LineField = Schema.Struct(lineFields).annotate({
  identifier: "ChannelPolicy",
  description: "What one channel may sell of the SKU",
})

/** What one channel may sell of a SKU. */
export interface ChannelPolicy extends Schema.Struct.Type<typeof lineFields> {}

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
const safetyFields = { location: LocationField, qty: BoundField }

const policyFields = {
  /** The channels that sell this SKU; nobody else may reserve it or sees its ATS. */
  channels: Schema.Array(LineField).check(
    Schema.isMaxLength(channelsPerPolicyMax),
    distinctBy((line) => line.channel),
  ),
  safety: Schema.Array(Schema.Struct(safetyFields)).check(
    Schema.isMaxLength(locationsPerSkuMax),
    distinctBy((line) => line.location),
  ),
  /** Order in which locations are drawn on when a command names none; those not named follow in the order they were first stocked. */
  sourcing: locationList(locationsPerSkuMax),
}
const standingFields = { version: VersionField, ...policyFields }
const givenFields = { version: Schema.optionalKey(VersionField), ...policyFields }

/** A policy as it stands. */
export const PolicyField = Schema.Struct(standingFields).annotate({
  identifier: "Policy",
  description: "What may be sold where and to whom",
})

/** A policy as it is set. */
export const PolicyGivenField = Schema.Struct(givenFields).annotate({
  identifier: "PolicyGiven",
  description:
    "Replaces the SKU's policy whole; its version must be higher than the present one's, and is that plus one where it says none",
})

/** The policy of one SKU. A later one replaces it whole; its version must be higher. */
export interface Policy extends Schema.Struct.Type<typeof standingFields> {}

/** A policy as it is set: without a version it takes the present one's plus one. */
export interface PolicyGiven extends Schema.Struct.Type<typeof givenFields> {}

/** The policy's line for `channel`, or undefined if that channel doesn't sell the SKU. */
export const channelPolicy = (policy: Policy | null, channel: SenderId): ChannelPolicy | undefined => {
  if (policy === null) return undefined
  for (const line of policy.channels) if (line.channel === channel) return line
  return undefined
}
