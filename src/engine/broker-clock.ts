/**
 * What time it is at the broker, as far as an owner can know it: its own steady clock and the best bound of how far the broker's is ahead of that.
 *
 * The steady clock of the inputs (`nowMs`) may be wrong by any constant, but it doesn't step. What the broker stamped was stamped before it was heard, so
 * `stamp − nowMs`, taken as it is heard, is never more than the true offset: each is a lower bound, short by the way it took, and the greatest is the
 * best. A backlog's old stamps give bounds that are far too low and change nothing. So broker time is never taken for later than it is, whatever is late or lost,
 * and is behind by the way of the quickest stamp among those of the last ten to twenty seconds.
 *
 * The greatest of all times would not do: a broker whose clock is set back, or another leader's, would be taken for ahead for ever, and a steady clock
 * that runs a little fast would move away from it. So bounds are kept in two windows, and the older one is dropped when a new one begins. Only renewals of a lease
 * begin windows: they are stamped when they are told. What else is stamped may be a backlog, hours old, and can but raise the bound. Before the first
 * renewal nothing is known: a first message may have waited for hours, and its time taken for the present would let commands pass their deadlines.
 *
 * Plain data inside the partition, never journaled and in no snapshot: another process's steady clock is wrong by something else.
 */
import type { EpochMs } from "../domain/names.ts"
import { brokerClockWindowMs, steadyClockFastPpmMax } from "../limits.ts"

/** The best of the bounds that were heard in a time: when that time began, and how far ahead the broker was at least when the best was heard. On the steady clock. */
interface ClockWindow {
  readonly sinceMs: EpochMs
  offsetMs: number
  heardMs: EpochMs
}

/** What is known of the broker's clock: the bounds heard in the present window, and in the one before it. */
export interface BrokerClock {
  /** null before the first renewal was heard. */
  present: ClockWindow | null
  former: ClockWindow | null
}

/** Nothing was heard of the broker's time yet. */
export const unknownBrokerClock = (): BrokerClock => ({ present: null, former: null })

/** What a bound is worth now: a steady clock that runs fast has moved on by more than the broker's since it was heard. */
const offsetAt = ({ offsetMs, heardMs }: ClockWindow, nowMs: EpochMs): number =>
  offsetMs - Math.floor(((nowMs - heardMs) * steadyClockFastPpmMax) / 1_000_000)

const raise = (window: ClockWindow, offsetMs: number, nowMs: EpochMs): void => {
  if (offsetMs < offsetAt(window, nowMs)) return
  window.offsetMs = offsetMs
  window.heardMs = nowMs
}

/** A renewal was heard: what the broker stamped just now. */
export const hearRenewal = (clock: BrokerClock, brokerMs: EpochMs, nowMs: EpochMs): void => {
  const { present } = clock
  const offsetMs = brokerMs - nowMs
  if (present === null || nowMs - present.sinceMs >= brokerClockWindowMs) {
    clock.former = present
    clock.present = { sinceMs: nowMs, offsetMs, heardMs: nowMs }
  } else raise(present, offsetMs, nowMs)
}

/** Anything else was heard that the broker stamped, at whatever time. */
export const hearStamp = ({ present }: BrokerClock, brokerMs: EpochMs, nowMs: EpochMs): void => {
  if (present !== null) raise(present, brokerMs - nowMs, nowMs)
}

/** Whether a former window still counts. A bound that was heard long ago, for little was heard since, knows nothing of a clock that was set back meanwhile. */
const counts = (former: ClockWindow | null, nowMs: EpochMs): former is ClockWindow =>
  former !== null && nowMs - former.heardMs < 2 * brokerClockWindowMs

/** It is at least this late at the broker; null: unknown. */
export const brokerNow = ({ present, former }: BrokerClock, nowMs: EpochMs): EpochMs | null => {
  if (present === null) return null
  const offsetMs = offsetAt(present, nowMs)
  return nowMs + (counts(former, nowMs) ? Math.max(offsetMs, offsetAt(former, nowMs)) : offsetMs)
}
