/**
 * When an arm stands still, and what to say of it. What is measured is nothing then, and whoever waits for its last decision would wait for ever.
 */

/** Milliseconds without a decision after which an arm stands still: longer than a takeover takes on a busy machine. */
export const standsStillMs = 30_000

/** What an arm knows of itself. */
export interface Standing {
  readonly checkout: string
  /** Commands without a decision. */
  readonly open: number
  /** Milliseconds since the newest decision, or since commands began to be sent. */
  readonly idleMs: number
  /** What was heard last that was no decision; null: nothing was. */
  readonly heardLast: string | null
}

/** Characters of what was heard last. */
const heardCharsMax = 200

/** Why an arm stands still and what to do about it; undefined as long as it doesn't. */
export const standStill = ({ checkout, open, idleMs, heardLast }: Standing): string | undefined => {
  if (open === 0 || idleMs < standsStillMs) return undefined
  const heard = heardLast === null ? "Nothing else was heard either" : `What was heard last: ${heardLast.slice(0, heardCharsMax)}`
  return (
    `the build in ${checkout} stands still: ${open} commands wait, and none was decided for ${Math.round(idleMs / 1_000)} s. ${heard}. ` +
    "See whether that build works here by itself (npm run demo in its folder), and whether load/side-by-side/checkout.ts tells apart what changed between the two: subjects, logins, settings of workers"
  )
}
