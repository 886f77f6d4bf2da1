/**
 * Numbers and times as the page writes them: the same everywhere, so that they can be compared by eye.
 */

const grouping = new Intl.NumberFormat("en-US", { maximumFractionDigits: 0 })

/**
 * A count or units; null: not known.
 * @param {number | null} value
 */
export const count = (value) => (value === null ? "–" : grouping.format(value))

/**
 * A length of time in the largest unit that leaves something to compare.
 * @param {number | null} ms
 */
export const duration = (ms) => {
  if (ms === null) return "–"
  if (ms < 1_000) return `${Math.round(ms)} ms`
  if (ms < 60_000) return `${(ms / 1_000).toFixed(1)} s`
  if (ms < 3_600_000) return `${(ms / 60_000).toFixed(1)} min`
  return ms < 86_400_000 ? `${(ms / 3_600_000).toFixed(1)} h` : `${(ms / 86_400_000).toFixed(1)} d`
}

const hourly = new Intl.DateTimeFormat("en-GB", { hour: "2-digit", minute: "2-digit", second: "2-digit" })

/**
 * The time of day where the reader is.
 * @param {number} ms
 */
export const timeOfDay = (ms) => hourly.format(ms)

/**
 * "1 worker", "3 workers".
 * @param {number} many
 * @param {string} one
 */
export const counted = (many, one) => `${count(many)} ${one}${many === 1 ? "" : "s"}`
