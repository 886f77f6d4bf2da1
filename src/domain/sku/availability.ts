/**
 * What may be sold of one SKU: the units offered, and of these the units available to sell (ATS) for each channel.
 *
 * The one place where ATS is computed: a Reserve is decided by the same number the feed shows. docs/AVAILABILITY.md derives the
 * formula. Every number is an exact integer. Nothing here looks at reservations one by one: the work is bounded by locations and channels.
 */
import type { SenderId } from "../names.ts"
import { type ChannelPolicy, channelPolicy } from "./policy.ts"
import { channelUse, offerableQty, type SkuStock } from "./stock.ts"

/**
 * Units that may be offered to anybody: what is available, over all locations; a shortage at one doesn't come off another. Units that goods still have to
 * cover come off: what is owed is nobody else's, though a decision covers a bounded number of reservations.
 */
export const offeredQty = (stock: SkuStock): number => {
  let offered = 0
  for (const at of stock.locations) offered += Math.max(0, offerableQty(at))
  return stock.shorts === null ? offered : Math.max(0, offered - stock.shorts.anywhereQty)
}

/** Units of the channel's fence that it has neither open nor fulfilled since the fence last changed. */
const unconsumedFenceQty = (stock: SkuStock, line: ChannelPolicy): number => {
  if (line.fenceQty === 0) return 0
  const use = channelUse(stock, line.channel)
  return use === undefined ? line.fenceQty : Math.max(0, line.fenceQty - use.openQty - use.fulfilledSinceFenceQty)
}

/** Whether the fence of the channel at `index` is honoured before that of the one at `thanIndex`. */
const isServedBefore = (channels: ReadonlyArray<ChannelPolicy>, index: number, thanIndex: number): boolean => {
  const priority = channels[index]?.priority ?? 0
  const thanPriority = channels[thanIndex]?.priority ?? 0
  return priority < thanPriority || (priority === thanPriority && index < thanIndex)
}

/** ⌈percent × qty ⁄ 100⌉, exact although the product of the two may be no safe integer. */
const percentOf = (percent: number, qty: number): number => percent * Math.floor(qty / 100) + Math.ceil((percent * (qty % 100)) / 100)

/**
 * ATS of one channel from the units `offered` and the unconsumed fences: its `own`, the sum of those served `before` it, and the sum of `all`.
 * Clipped in priority order, the fences together take min(offered, all), and this channel's takes what those before it left.
 */
const atsOfLine = (line: ChannelPolicy, offered: number, own: number, before: number, all: number): number => {
  const ownClipped = Math.min(own, Math.max(0, offered - before))
  const othersClipped = Math.min(offered, all) - ownClipped
  const buffer = Math.max(line.bufferQty, percentOf(line.bufferPercent, offered))
  const ats = offered - othersClipped - buffer
  return ats < line.floorQty ? 0 : Math.max(0, ats)
}

/** Units `channel` may sell now; 0 for a channel that the policy doesn't name, and for all without a policy. */
export const atsOf = (stock: SkuStock, channel: SenderId): number => {
  const line = channelPolicy(stock.policy, channel)
  if (stock.policy === null || line === undefined) return 0
  const channels = stock.policy.channels
  const lineIndex = channels.indexOf(line)
  let own = 0
  let before = 0
  let all = 0
  for (let index = 0; index < channels.length; index++) {
    const other = channels[index]
    if (other === undefined || other.fenceQty === 0) continue
    const unconsumed = unconsumedFenceQty(stock, other)
    all += unconsumed
    if (index === lineIndex) own = unconsumed
    else if (isServedBefore(channels, index, lineIndex)) before += unconsumed
  }
  return atsOfLine(line, offeredQty(stock), own, before, all)
}

/** {@link atsOf} of every channel of the policy, in the policy's order; empty without a policy. */
export const atsByChannel = (stock: SkuStock): Array<number> => {
  if (stock.policy === null) return []
  const channels = stock.policy.channels
  const offered = offeredQty(stock)
  const unconsumed = channels.map((line) => unconsumedFenceQty(stock, line))
  let all = 0
  for (const qty of unconsumed) all += qty
  return channels.map((line, lineIndex) => {
    let before = 0
    if (all > 0) {
      for (let index = 0; index < channels.length; index++) {
        if (isServedBefore(channels, index, lineIndex)) before += unconsumed[index] ?? 0
      }
    }
    return atsOfLine(line, offered, unconsumed[lineIndex] ?? 0, before, all)
  })
}

/** What of a fence is kept from the others. */
export interface FenceTerm {
  readonly channel: SenderId
  readonly fenceQty: number
  /** Of the fence, what its channel has open or fulfilled already. */
  readonly usedQty: number
  /** Of the rest, what offered covers: what the others must leave. */
  readonly clippedQty: number
}

/** The terms that one channel's ATS is made of. */
export interface AtsTerms {
  readonly offered: number
  /** The fences of the other channels. Those of 0 units are left out. */
  readonly others: ReadonlyArray<FenceTerm>
  readonly bufferQty: number
  /** Offered, less the others' clipped fences, less the buffer: what the floor is compared with. May be negative. */
  readonly left: number
  readonly floorQty: number
  readonly ats: number
}

/** What {@link atsOf} is made of, for people; undefined for a channel that the policy doesn't name, whose ATS is 0. */
export const atsTerms = (stock: SkuStock, channel: SenderId): AtsTerms | undefined => {
  const line = channelPolicy(stock.policy, channel)
  if (stock.policy === null || line === undefined) return undefined
  const { channels } = stock.policy
  const offered = offeredQty(stock)
  const beforeOf = (index: number): number => {
    let before = 0
    for (const [other, fenced] of channels.entries())
      if (isServedBefore(channels, other, index)) before += unconsumedFenceQty(stock, fenced)
    return before
  }
  const fences = channels.map((fenced, index): FenceTerm => {
    const unconsumed = unconsumedFenceQty(stock, fenced)
    const clippedQty = Math.min(unconsumed, Math.max(0, offered - beforeOf(index)))
    return { channel: fenced.channel, fenceQty: fenced.fenceQty, usedQty: fenced.fenceQty - unconsumed, clippedQty }
  })
  const others = fences.filter((fence) => fence.channel !== channel && fence.fenceQty > 0)
  let othersQty = 0
  for (const { clippedQty } of others) othersQty += clippedQty
  const bufferQty = Math.max(line.bufferQty, percentOf(line.bufferPercent, offered))
  return { offered, others, bufferQty, left: offered - othersQty - bufferQty, floorQty: line.floorQty, ats: atsOf(stock, channel) }
}
