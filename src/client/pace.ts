/**
 * When a message is sent again, as pure functions of what was heard, how often, and a number of [0, 1) by chance. Nothing here knows a clock.
 *
 * Silence may mean that it was taken, so asking again costs the cluster something: long waits, doubled. What was surely not taken costs little to try again: short ones.
 */

/** How a client paces itself. */
export interface Pace {
  /** Milliseconds without an answer after which a command is sent again; doubled each time. */
  readonly retryMs: number
  /** What the doubling stops at. */
  readonly retryMsMax: number
}

/** The pace of a client that is given none. */
export const usualPace: Pace = { retryMs: 1_000, retryMsMax: 10_000 }

/** Milliseconds before the first try after nobody took a message: a door that is shut for a sender opens again about as soon. */
const untakenFirstMs = 50

/** From three quarters to five quarters. */
const spread = (chance: number): number => 0.75 + chance / 2

/** After silence, with `silences` earlier sendings unanswered. */
export const silenceMs = ({ retryMs, retryMsMax }: Pace, silences: number, chance: number): number =>
  Math.min(retryMs * 2 ** silences, retryMsMax) * spread(chance)

/** After `stored`: it will be decided, but the decision may be lost on its way, and only asking again brings it. `sendings`: how many may have been stored. */
export const storedMs = ({ retryMs, retryMsMax }: Pace, sendings: number, chance: number): number =>
  Math.max(retryMs, retryMsMax) * 2 ** (sendings - 1) * spread(chance)

/** After nobody took it, `times` times before. */
export const untakenMs = ({ retryMs }: Pace, times: number, chance: number): number =>
  Math.min(untakenFirstMs * 2 ** times, retryMs) * spread(chance)

/** After `busy`: never before the time that was told, and not all at once then. */
export const againMs = (retryAfterMs: number, chance: number): number => retryAfterMs * (1 + chance / 2)

/** Milliseconds between two looks at what is overdue, at least: a look costs about a tenth of a microsecond for each command in flight. */
export const sweepGapMs = (inFlight: number): number => Math.max(5, inFlight / 1_000)
