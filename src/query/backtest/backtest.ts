/**
 * The backtest of a policy: recorded demand decided again under another one, beside what happened. Over one SKU or all; sums are of all, and the SKUs that differ most are told each for itself.
 */
import { Clock, Effect, Stream } from "effect"
import { type EpochMs, partitionOf, type Sku } from "../../domain/names.ts"
import { backtestSkusMax } from "../../limits.ts"
import { Past, type PastExtent, type PastKnown } from "../../ports/past.ts"
import type { SkuPastLine } from "../../wire/past-lines.ts"
import { notFoundYet, nothingKnown, notKnownYet } from "../moment.ts"
import { QueryRefused } from "../refused.ts"
import { isoTime } from "../words.ts"
import { type LeftOut, noneLeftOut, type Regained, SkuReplay } from "./replay.ts"
import { type ChannelTally, Tallies } from "./tally.ts"
import type { TestedPolicy } from "./tested.ts"

/** What is asked. */
export interface BacktestAsked {
  readonly tested: TestedPolicy
  readonly regained: Regained
  /** Null: all. */
  readonly sku: Sku | null
  readonly fromMs?: EpochMs | undefined
  readonly toMs?: EpochMs | undefined
  /** SKUs that are told each for itself. */
  readonly skusTold: number
}

/** One world, of one SKU or of all. */
export interface WorldTold extends ChannelTally {
  /** Units that nobody is owed at the end of the range. */
  readonly unowedQty: number
  /** Of them, per SKU, those that no channel may sell: kept back by buffers, fences, floors and safety stock. */
  readonly strandedQty: number
}

/** What happened, and what would have. */
export interface BothWorlds<Told> {
  readonly happened: Told
  readonly replayed: Told
}

/** The answer. */
export interface BacktestAnswer extends BothWorlds<WorldTold> {
  readonly fromMs: EpochMs
  readonly toMs: EpochMs
  readonly regained: Regained
  readonly skus: number
  /** Of them, those that ever had another policy in the replay than the one that was in force. 0: nothing was tried. */
  readonly skusChanged: number
  /** Commands decided again, and those that were not. */
  readonly decided: number
  readonly leftOut: LeftOut
  readonly channels: ReadonlyArray<BothWorlds<ChannelTally> & { readonly channel: string }>
  /** Those that differ most in lost sales and stranded units. */
  readonly bySku: ReadonlyArray<BothWorlds<WorldTold> & { readonly sku: Sku }>
  readonly skusUntold: number
  /** Of each partition that was replayed. */
  readonly known: ReadonlyArray<PastKnown>
}

/** What is replayed. */
interface Range {
  readonly partitions: ReadonlyArray<number>
  readonly fromMs: EpochMs
  readonly toMs: EpochMs
  readonly known: ReadonlyArray<PastKnown>
}

/** The sums over SKUs so far. */
class Sums {
  readonly happened = new Tallies()
  readonly replayed = new Tallies()
  readonly left = { happened: { unowedQty: 0, strandedQty: 0 }, replayed: { unowedQty: 0, strandedQty: 0 } }
  readonly leftOut = noneLeftOut()
  skus = 0
  skusChanged = 0
  decided = 0
  #told: Array<BothWorlds<WorldTold> & { readonly sku: Sku }> = []
  readonly #toldMax: number

  constructor(toldMax: number) {
    this.#toldMax = toldMax
  }

  add(replay: SkuReplay): void {
    replay.end()
    const { happened, replayed } = replay
    if (replayed === null || !happened.isKnown) return
    this.skus += 1
    if (replay.hasOtherPolicy) this.skusChanged += 1
    this.decided += replay.decided
    for (const name of Object.keys(this.leftOut) as Array<keyof LeftOut>) this.leftOut[name] += replay.leftOut[name]
    this.happened.add(happened.tallies)
    this.replayed.add(replayed.tallies)
    const left = { happened: happened.left(), replayed: replayed.left() }
    for (const world of ["happened", "replayed"] as const) {
      this.left[world].unowedQty += left[world].unowedQty
      this.left[world].strandedQty += left[world].strandedQty
    }
    const told = { happened: { ...happened.tallies.sum(), ...left.happened }, replayed: { ...replayed.tallies.sum(), ...left.replayed } }
    this.#told.push({ sku: replay.sku, ...told })
    if (this.#told.length > 2 * this.#toldMax + 64) this.#told = this.#most()
  }

  /** Those that differ most; where they differ alike, in the order of their names. */
  #most(): Array<BothWorlds<WorldTold> & { readonly sku: Sku }> {
    const differ = ({ happened, replayed }: BothWorlds<WorldTold>): number =>
      Math.abs(replayed.lostQty - happened.lostQty) + Math.abs(replayed.strandedQty - happened.strandedQty)
    const sorted = this.#told.sort((a, b) => differ(b) - differ(a) || (a.sku < b.sku ? -1 : 1))
    return sorted.slice(0, this.#toldMax)
  }

  answer(asked: BacktestAsked, { fromMs, toMs, known }: Range): BacktestAnswer {
    const bySku = this.#most()
    const channels = [...new Set([...this.happened.channels(), ...this.replayed.channels()])].sort()
    return {
      fromMs,
      toMs,
      regained: asked.regained,
      skus: this.skus,
      skusChanged: this.skusChanged,
      decided: this.decided,
      leftOut: this.leftOut,
      happened: { ...this.happened.sum(), ...this.left.happened },
      replayed: { ...this.replayed.sum(), ...this.left.replayed },
      channels: channels.map((channel) => ({ channel, happened: this.happened.of(channel), replayed: this.replayed.of(channel) })),
      bySku,
      skusUntold: this.skus - bySku.length,
      known,
    }
  }
}

const refuse = (reason: QueryRefused["reason"], detail: string, remedy: string) => new QueryRefused({ reason, detail, remedy })

/** How far the partitions that are asked for are known, all together. */
const knownRange = (extents: ReadonlyArray<PastExtent>) => {
  const unread = extents.find(({ sinceMs, known }) => sinceMs === null && known.behind !== 0)
  if (unread !== undefined) return nothingKnown(unread.known)
  const begins = extents.flatMap(({ sinceMs }) => (sinceMs === null ? [] : [sinceMs]))
  if (begins.length === 0) return refuse("NothingRecorded", "nothing was ever decided there", "sell something first")
  const sinceMs = begins.reduce((least, ms) => Math.min(least, ms))
  if (extents.some(({ isFromTheFirst }) => !isFromTheFirst)) {
    const remedy = "replay from the journals with their archive (--source journals --archive FOLDER)"
    return refuse("BeforeRetention", `a replay begins with the first record, and what is kept begins at ${isoTime(sinceMs)}`, remedy)
  }
  return { sinceMs, knownToMs: extents.reduce((least, extent) => Math.min(least, extent.knownToMs), Number.MAX_SAFE_INTEGER) }
}

/** The range that is asked for, as far as it is known. */
const rangeOf = Effect.fnUntraced(function* ({ sku, fromMs, toMs }: BacktestAsked) {
  const past = yield* Past
  const partitions =
    sku === null ? Array.from({ length: past.partitions }, (_, partition) => partition) : [partitionOf(sku, past.partitions)]
  const extents = yield* Effect.forEach(partitions, (partition) => past.extent("sku", partition, toMs))
  const range = knownRange(extents)
  if (range instanceof QueryRefused) return yield* range
  const { sinceMs, knownToMs } = range
  const nowMs = yield* Clock.currentTimeMillis
  const to = toMs ?? knownToMs
  if (to > Math.max(nowMs, knownToMs))
    return yield* refuse("InTheFuture", `${isoTime(to)} is in the future`, `end with ${isoTime(knownToMs)} or earlier`)
  if (to > knownToMs) return yield* notKnownYet(knownToMs)
  const from = fromMs ?? sinceMs
  if (from >= to)
    return yield* refuse("EmptyRange", `there is no time from ${isoTime(from)} to ${isoTime(to)}`, "let --from be earlier than --to")
  if (to < sinceMs)
    return yield* refuse(
      "BeforeFirstRecord",
      `${isoTime(to)} is before the first record, which is of ${isoTime(sinceMs)}`,
      `end with a later moment`,
    )
  return { partitions, fromMs: from, toMs: to, known: extents.map(({ known }) => known) } satisfies Range
})

/** Replays the recorded demand of a SKU, or of all, under another policy. */
export const backtest = Effect.fnUntraced(function* (asked: BacktestAsked) {
  if (asked.skusTold > backtestSkusMax)
    return yield* refuse("TooMany", `${asked.skusTold} SKUs are to be told`, `ask for ${backtestSkusMax} at most; all are in the sums`)
  const past = yield* Past
  const range = yield* rangeOf(asked)
  const { partitions, fromMs, toMs } = range
  const rules = { tested: asked.tested, regained: asked.regained, fromMs, toMs }
  const sums = new Sums(asked.skusTold)
  for (const partition of partitions) {
    const replays = new Map<Sku, SkuReplay>()
    const take = (lines: ReadonlyArray<SkuPastLine>) =>
      Effect.sync(() => {
        for (const line of lines) {
          if (line.key === null) continue
          let replay = replays.get(line.key)
          if (replay === undefined) {
            replay = new SkuReplay(line.key, rules)
            replays.set(line.key, replay)
          }
          replay.take(line)
        }
      })
    yield* Stream.runForEach(past.skuLines(asked.sku === null ? { partition } : { sku: asked.sku }, toMs, 0), take)
    for (const replay of replays.values()) sums.add(replay)
  }
  if (sums.skus === 0) {
    const yet = asked.toMs === undefined ? notFoundYet(asked.sku ?? "any SKU", range.known) : undefined
    if (yet !== undefined) return yield* yet
    const remedy = "look whether it is spelled as its senders spell it, or let --to be later"
    return yield* refuse("UnknownSku", `nothing had happened to ${asked.sku ?? "any SKU"} by ${isoTime(toMs)}`, remedy)
  }
  return sums.answer(asked, range)
})
