/**
 * What time it is at the broker, as far as an ingress can know: never later than it is.
 *
 * Its steady clock may be wrong by any constant. A stamp of the broker's was made before it was heard, so `stamp − nowMs` is at most the true offset, short by the way it took; the
 * greatest of the last ten to twenty seconds is the best bound, and older ones are forgotten, so that a broker's clock that was set back is followed. Until the first stamp nothing is known.
 */
import type { EpochMs } from "../domain/names.ts"
import { doorClockFastPpmMax, doorClockWindowMs } from "../limits.ts"

/** The greatest bound that was heard in a time, and when that time began on the steady clock. */
interface DoorClockWindow {
  readonly sinceMs: number
  offsetMs: number
}

/** What an ingress knows of the broker's time. */
export interface BrokerTime {
  present: DoorClockWindow | null
  former: DoorClockWindow | null
}

/** Nothing was heard of it yet. */
export const unknownBrokerTime = (): BrokerTime => ({ present: null, former: null })

/** The broker stamped something just now. */
export const hearBrokerTime = (time: BrokerTime, stampMs: EpochMs, nowMs: number): void => {
  const { present } = time
  const offsetMs = stampMs - nowMs
  if (present === null || nowMs - present.sinceMs >= doorClockWindowMs) {
    // One that ended long ago, for nothing was heard since, knows nothing of a clock that was set back meanwhile.
    time.former = present !== null && nowMs - present.sinceMs < 2 * doorClockWindowMs ? present : null
    time.present = { sinceMs: nowMs, offsetMs }
  } else if (offsetMs > present.offsetMs) present.offsetMs = offsetMs
}

/** What a window's bound is worth now: a steady clock that runs fast has gone further than the broker's since. */
const boundOf = ({ sinceMs, offsetMs }: DoorClockWindow, nowMs: number): number =>
  nowMs + offsetMs - ((nowMs - sinceMs) * doorClockFastPpmMax) / 1_000_000

/** Whether a window still counts. One that began long ago, for nothing was heard since, knows nothing of a clock that was set back meanwhile. */
const counts = (window: DoorClockWindow | null, nowMs: number): window is DoorClockWindow =>
  window !== null && nowMs - window.sinceMs < 3 * doorClockWindowMs

/** It is at least this late at the broker; null: unknown, because nothing was heard yet, or not for so long that it tells nothing. */
export const brokerNow = ({ present, former }: BrokerTime, nowMs: number): EpochMs | null => {
  if (!counts(present, nowMs)) return null
  const bound = boundOf(present, nowMs)
  return Math.floor(counts(former, nowMs) ? Math.max(bound, boundOf(former, nowMs)) : bound)
}
