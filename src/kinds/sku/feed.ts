/**
 * What is published of a SKU: its ATS for every channel that sells it, and what a channel is short of. When, in which order and how often is the engine's.
 */
import type { SenderId } from "../../domain/names.ts"
import { atsByChannel, atsOf } from "../../domain/sku/availability.ts"
import type { Command } from "../../domain/sku/commands.ts"
import type { StockEvent } from "../../domain/sku/events.ts"
import { channelPolicy, type Policy } from "../../domain/sku/policy.ts"
import type { SkuStock } from "../../domain/sku/stock.ts"
import { noteStray } from "../../engine/actor.ts"
import type { KindFeed } from "../../engine/kind.ts"
import type { AtsValue, SkuActor, SkuKind, SkuTold } from "./types.ts"

/** What was last told of a SKU, noted from now on if nothing was. */
const toldBy = (actor: SkuActor): SkuTold => {
  actor.told ??= { ats: null, policy: null, short: null }
  return actor.told
}

/** What the SKU's channels were last sent, as far as this reign knows: needed once, before its first change, to tell them the difference. */
const noteBefore = (actor: SkuActor): void => {
  const { state: stock } = actor
  if ((actor.told !== null && actor.told.ats !== null) || stock.policy === null) return
  const told = toldBy(actor)
  told.ats = atsByChannel(stock)
  told.policy = stock.policy
  told.short = shortByChannel(stock)
}

/** What each channel is short of; null: nobody is short of anything, as nearly always. */
const shortByChannel = ({ shorts }: SkuStock): ReadonlyMap<SenderId, number> | null => {
  if (shorts === null) return null
  const short = new Map<SenderId, number>()
  for (const { channel, qty } of shorts.list) short.set(channel, (short.get(channel) ?? 0) + qty)
  return short
}

/** ATS of one SKU, and what it is short of, for every channel that sells it, or no longer does, where it differs from what was sent. */
const collect = (actor: SkuActor, cause: string, forced: boolean, atMs: number, into: Array<AtsValue>): void => {
  const { state: stock } = actor
  const told = toldBy(actor)
  const { ats: sentAts, policy: sentPolicy } = told
  const { policy } = stock
  const now = atsByChannel(stock)
  const short = shortByChannel(stock)
  const push = (channel: SenderId, ats: number, before: number | undefined): void => {
    const shortQty = short?.get(channel) ?? 0
    if (!forced && before === ats && shortQty === (told.short?.get(channel) ?? 0)) return
    const value = { channel, sku: stock.sku, ats, version: actor.version, delta: ats - (before ?? 0), cause, atMs }
    into.push(shortQty === 0 ? value : { ...value, shortQty })
  }
  if (policy !== null)
    for (let i = 0; i < policy.channels.length; i++) {
      const channel = policy.channels[i]?.channel as SenderId
      push(channel, now[i] as number, sentFor(sentPolicy, sentAts, channel, i))
    }
  // A channel that the policy no longer names is told once that it has nothing to sell.
  if (sentPolicy !== null && sentPolicy !== policy)
    for (let i = 0; i < sentPolicy.channels.length; i++) {
      const channel = sentPolicy.channels[i]?.channel as SenderId
      if (!isNamed(policy, channel)) push(channel, 0, sentAts?.[i])
    }
  const isLeft = (channel: SenderId) => !isNamed(policy, channel) && !isNamed(sentPolicy, channel)
  const strays = forced ? (actor.strays ?? noChannels) : noChannels
  for (const channel of strays) if (isLeft(channel)) push(channel, 0, undefined)
  // It goes on hearing what it is short of.
  for (const channel of shortChannels(short, told.short)) {
    if (!isLeft(channel) || strays.includes(channel)) continue
    push(channel, 0, 0)
    // Where this can't be stored all are told again, and by then nothing is left of what it was told before.
    noteStray(actor, channel)
  }
  told.ats = now
  told.policy = policy
  told.short = short
}

const noChannels: ReadonlyArray<SenderId> = []

/** Channels that are short of something now, or were when they were last told. */
const shortChannels = (now: ReadonlyMap<SenderId, number> | null, before: ReadonlyMap<SenderId, number> | null): Iterable<SenderId> =>
  now === null && before === null ? noChannels : new Set([...(now?.keys() ?? []), ...(before?.keys() ?? [])])

const isNamed = (policy: Policy | null, channel: SenderId): boolean => policy?.channels.some((line) => line.channel === channel) === true

const sentFor = (sentPolicy: Policy | null, sentAts: ReadonlyArray<number> | null, channel: SenderId, hint: number): number | undefined => {
  if (sentPolicy === null || sentAts === null) return undefined
  if (sentPolicy.channels[hint]?.channel === channel) return sentAts[hint]
  const index = sentPolicy.channels.findIndex((line) => line.channel === channel)
  return index < 0 ? undefined : sentAts[index]
}

/** Nobody can tell from a new policy whom it dropped, and who reads the record later may have to say it. */
const noteDropped = (actor: SkuActor, event: StockEvent): void => {
  if (event.type === "PolicySet") noteDelisted(actor, event.policy)
}

const noteDelisted = (actor: SkuActor, policy: Policy): void => {
  for (const { channel } of actor.state.policy?.channels ?? []) if (channelPolicy(policy, channel) === undefined) noteStray(actor, channel)
}

/** What a channel is short of may have changed by a command that it, or for its reservation somebody else, sent. */
const strayOfCommand = (command: Command, sender: SenderId): SenderId | undefined => {
  if (command.type === "Fulfil") return command.channel
  return command.type === "RecordSale" || command.type === "Release" ? sender : undefined
}

export const skuFeed: KindFeed<SkuKind> = Object.freeze<KindFeed<SkuKind>>({
  noteBefore,
  collect,
  shownOf: atsOf,
  toldOf: ({ told }, channel) => (told === null ? 0 : (sentFor(told.policy, told.ats, channel, 0) ?? 0)),
  isNamed: (stock, channel) => isNamed(stock.policy, channel),
  noteDropped,
  strayOfCommand,
  strayOfFollowUp: ({ channel }) => channel,
})
