/**
 * What is known of a SKU, look by look, for its charts and their tables: what the tables tell of the time before the page was opened, and what it has seen since. Pure. A look that failed leaves a gap, and so does what the tables
 * don't know yet: what was not seen is not drawn.
 */

/** @import { PastSaid, StockSaid, ToldSaid } from "./shapes.ts" */

/**
 * @typedef {object} Look
 * @property {number} atMs
 * @property {number | null} onHand
 * @property {number | null} reserved
 * @property {number | null} offered
 * @property {number | null} reservations Open reservations.
 * @property {Readonly<Record<string, number>>} ats Of each channel, as its owner says.
 * @property {Readonly<Record<string, number>>} lagMs Of each channel whose feed told something new since the look before.
 * @property {Readonly<Record<string, number>>} versions The feed's newest version for each channel.
 */

/** Looks that are kept: half an hour of one a second. */
const looksMax = 1_800
/** Milliseconds that are drawn. */
const drawnMs = 1_800_000
/** Milliseconds without a look after which the lines are broken. */
const gapMs = 6_000

/** @type {Omit<Look, "atMs">} */
const unseen = { onHand: null, reserved: null, offered: null, reservations: null, ats: {}, lagMs: {}, versions: {} }

/**
 * The looks with one more: the stock as its owner says, and what the feed told each channel last.
 * @param {ReadonlyArray<Look>} looks
 * @param {StockSaid} stock
 * @param {ReadonlyArray<ToldSaid>} told
 * @param {number} nowMs
 * @returns {ReadonlyArray<Look>}
 */
export const looksAfter = (looks, { locations, offered, openReservations, ats }, told, nowMs) => {
  const last = looks.at(-1)
  if (last !== undefined && nowMs <= last.atMs) return looks
  const gap = last !== undefined && nowMs - last.atMs > gapMs ? [{ ...unseen, versions: last.versions, atMs: last.atMs + 1 }] : []
  /** @param {(location: typeof locations[number]) => number} of */
  const sum = (of) => locations.reduce((units, location) => units + of(location), 0)
  const look = {
    atMs: nowMs,
    onHand: sum(({ onHand }) => onHand),
    reserved: sum(({ reserved }) => reserved),
    offered,
    reservations: openReservations,
    ats: Object.fromEntries(ats.map(({ channel, ats: units }) => [channel, units])),
    lagMs: Object.fromEntries(
      told.flatMap(({ channel, lagMs, version }) => (lagMs === null || version === last?.versions[channel] ? [] : [[channel, lagMs]])),
    ),
    versions: Object.fromEntries(told.map(({ channel, version }) => [channel, version])),
  }
  return [...looks, ...gap, look].slice(-looksMax)
}

/**
 * What the tables tell, as looks that somebody had whenever something changed.
 * @param {PastSaid} past
 * @returns {ReadonlyArray<Look>}
 */
const pastLooks = ({ points, channels }) =>
  points.map(({ atMs, onHand, reserved, offered, ats }) => ({
    ...unseen,
    atMs,
    onHand,
    reserved,
    offered,
    ats: Object.fromEntries(
      channels.flatMap((channel, place) => {
        const units = ats[place]
        return units === null || units === undefined ? [] : [[channel, units]]
      }),
    ),
  }))

/**
 * All that is drawn: what the tables tell of the time before the first look, then the looks. What the tables don't know yet is a gap between them.
 * @param {PastSaid | null} past
 * @param {ReadonlyArray<Look>} looks
 * @returns {ReadonlyArray<Look>}
 */
export const drawnLooks = (past, looks) => {
  const [first] = looks
  const last = looks.at(-1)
  if (past === null || first === undefined || last === undefined) return looks
  const before = pastLooks(past).filter(({ atMs }) => atMs < first.atMs)
  const unknown = past.known.behind !== 0 && past.atMs + 1 < first.atMs ? [{ ...unseen, atMs: past.atMs + 1 }] : []
  const sinceMs = last.atMs - drawnMs
  const place = before.findLastIndex(({ atMs }) => atMs <= sinceMs)
  const stood = before[place]
  // What stood when the time that is drawn begins was told before.
  const shown = stood === undefined ? before : [{ ...stood, atMs: sinceMs }, ...before.slice(place + 1)]
  return [...shown, ...unknown, ...looks].filter(({ atMs }) => atMs >= sinceMs)
}

/**
 * The channels that any look knows: those of the newest first, in the order of their policy.
 * @param {ReadonlyArray<Look>} looks
 */
export const channelsOf = (looks) => [...new Set(looks.toReversed().flatMap(({ ats }) => Object.keys(ats)))]

/**
 * Looks at which something differs from the look before, the newest first: what a table tells.
 * @param {ReadonlyArray<Look>} looks
 * @param {(look: Look) => ReadonlyArray<number | null>} numbers
 */
export const changes = (looks, numbers) => {
  const rows = []
  let before = ""
  for (const look of looks) {
    const row = numbers(look)
    const text = row.join()
    if (text !== before && row.some((value) => value !== null)) rows.push({ atMs: look.atMs, row })
    before = text
  }
  return rows.reverse()
}
