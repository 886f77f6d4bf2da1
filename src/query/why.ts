/**
 * Why the ATS of a channel is this number: the terms of the formula, the policy they come from, and the chain of commands that led to it, refused ones too.
 */
import { Effect } from "effect"
import { type EpochMs, partitionOf, type SenderId, type Sku } from "../domain/names.ts"
import { type AtsTerms, atsOf, atsTerms, offeredQty } from "../domain/sku/availability.ts"
import { type ChannelPolicy, channelPolicy } from "../domain/sku/policy.ts"
import { type SkuStock, shortQtyOf } from "../domain/sku/stock.ts"
import { Past, type PastKnown } from "../ports/past.ts"
import type { SkuPastLine } from "../wire/past-lines.ts"
import { eventsOf } from "./fold.ts"
import { momentIn } from "./moment.ts"
import { isAboutReservation } from "./reservation-lines.ts"
import { lineWords } from "./sku-words.ts"
import { LastSteps, type StepsAsked, type StepsTold, stepOf, wrongSteps } from "./steps.ts"
import { type LocationThen, locationsThen, stockAt } from "./time-travel.ts"
import { whySentences } from "./why-words.ts"

/** What is asked. */
export interface WhyAsked extends StepsAsked {
  readonly sku: Sku
  readonly channel: SenderId
  readonly atMs?: EpochMs | undefined
  /** Only the steps of this reservation of the channel's. */
  readonly reservation?: string | undefined
}

/** Who set the policy that the number comes from. */
export interface PolicyThen {
  readonly version: number
  /** What it says of the channel; null: it doesn't name it. */
  readonly line: ChannelPolicy | null
  /** The command that set it. */
  readonly setBy: { readonly sender: string; readonly id: string | null; readonly seq: number; readonly atMs: EpochMs } | null
}

/** The answer: why a channel could sell so much. */
export interface WhyThen extends StepsTold {
  readonly sku: Sku
  readonly channel: SenderId
  readonly atMs: EpochMs
  readonly partition: number
  readonly ats: number
  /** The version under which the feed told that number; null: it has always been 0, or has not changed since before what is kept. */
  readonly told: { readonly version: number; readonly atMs: EpochMs } | null
  /** The record that last changed the SKU. */
  readonly version: number
  readonly changedAtMs: EpochMs
  readonly offered: number
  readonly shortQty: number
  readonly locations: ReadonlyArray<LocationThen>
  /** Null: the policy doesn't name the channel, or there is none. */
  readonly terms: AtsTerms | null
  readonly policy: PolicyThen | null
  /** The chain begins here, for what was before is no longer kept; null: it begins with the first record. */
  readonly keptSinceMs: EpochMs | null
  readonly sentences: ReadonlyArray<string>
  readonly known: PastKnown
}

/** Whether a command that changed nothing belongs to the chain all the same: the channel heard a no, or a policy was refused. */
const isHeard = (line: SkuPastLine, channel: SenderId): boolean => {
  if (line._tag !== "Command" || line.decision._tag === "Repeated" || line.decision._tag === "Accepted") return false
  return (line.onBehalf ?? line.sender) === channel || line.class === "policy"
}

/** Follows the chain of one channel, line by line. */
class Chain {
  readonly #asked: WhyAsked
  readonly #kept: LastSteps
  #ats = 0
  /** When the number became what it is; and before the record that is being read. */
  #told: WhyThen["told"] = null
  #former: { readonly ats: number; readonly told: WhyThen["told"]; readonly seq: number } = { ats: 0, told: null, seq: 0 }
  setBy: PolicyThen["setBy"] = null

  /** `ats`: before the first line that is taken. */
  constructor(asked: WhyAsked, ats: number) {
    this.#asked = asked
    this.#kept = new LastSteps(asked)
    this.#ats = ats
  }

  /** Takes a line, and the stock after it. */
  take(stock: SkuStock, line: SkuPastLine): void {
    const { channel, reservation } = this.#asked
    const events = eventsOf(line)
    if (line._tag === "Command" && events.some(({ type }) => type === "PolicySet"))
      this.setBy = { sender: line.sender, id: line.id, seq: line.seq, atMs: line.atMs }
    const before = this.#ats
    if (events.length > 0) this.#follow(atsOf(stock, channel), line)
    const after = this.#ats
    const isStep = reservation === undefined ? after !== before || isHeard(line, channel) : isAboutReservation(line, channel, reservation)
    if (isStep && this.#kept.takes(line)) this.#kept.add(stepOf(line, { before, after }, lineWords(line)))
  }

  /** What a record changes and changes back is not told. */
  #follow(ats: number, { seq, atMs }: SkuPastLine): void {
    if (seq !== this.#former.seq) this.#former = { ats: this.#ats, told: this.#told, seq }
    this.#told = ats === this.#former.ats ? this.#former.told : { version: seq, atMs }
    this.#ats = ats
  }

  told(): StepsTold & Pick<WhyThen, "told"> {
    return { told: this.#told, ...this.#kept.told() }
  }
}

/** Why a channel could sell as much of a SKU as it could at a moment. */
export const whyAts = Effect.fnUntraced(function* (asked: WhyAsked) {
  const wrong = wrongSteps(asked)
  if (wrong !== undefined) return yield* wrong
  const { sku, channel } = asked
  const past = yield* Past
  const partition = partitionOf(sku, past.partitions)
  const moment = yield* momentIn("sku", partition, asked.atMs)
  const { atMs, extent } = moment
  const keptSinceMs = extent.isFromTheFirst ? null : extent.sinceMs
  // Where the first lines are no longer kept, the chain goes on from what they had led to.
  const mark = keptSinceMs === null ? null : yield* past.mark(sku, keptSinceMs - 1)
  const chain = new Chain(asked, mark === null ? 0 : atsOf(mark.stock, channel))
  const { stock, version, changedAtMs } = yield* stockAt(sku, moment, (after, line) => chain.take(after, line), mark)
  const terms = atsTerms(stock, channel) ?? null
  const line = channelPolicy(stock.policy, channel) ?? null
  const answer: Omit<WhyThen, "sentences"> = {
    sku,
    channel,
    atMs,
    partition,
    ats: terms?.ats ?? 0,
    version,
    changedAtMs,
    offered: offeredQty(stock),
    shortQty: shortQtyOf(stock),
    locations: locationsThen(stock),
    terms,
    policy: stock.policy === null ? null : { version: stock.policy.version, line, setBy: chain.setBy },
    keptSinceMs,
    known: extent.known,
    ...chain.told(),
  }
  return { ...answer, sentences: whySentences(answer) } satisfies WhyThen
})
