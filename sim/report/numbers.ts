/**
 * Numbers, and the words around them, as people read them. Written out by hand and not by the machine's language, so that the same run gives the same page everywhere.
 */

const secondMs = 1_000
const minuteMs = 60 * secondMs
const hourMs = 60 * minuteMs
const dayMs = 24 * hourMs

/** `12,345`, `3.5`; a dash for what is no number. */
export const counted = (value: number): string => {
  if (!Number.isFinite(value)) return "–"
  const rounded = Math.round(Math.abs(value) * 10) / 10
  const [whole = "0", fraction] = String(rounded).split(".")
  const grouped = whole.replace(/\B(?=(\d{3})+$)/g, ",")
  return `${value < 0 && rounded !== 0 ? "−" : ""}${grouped}${fraction === undefined ? "" : `.${fraction}`}`
}

/** As the first word of a sentence. */
export const upperFirst = (text: string): string => text.charAt(0).toUpperCase() + text.slice(1)

/** `1 seed`, `2 seeds`. */
export const plural = (count: number, one: string, many = `${one}s`): string => `${counted(count)} ${count === 1 ? one : many}`

const rounded = (value: number): string => counted(value >= 100 ? Math.round(value) : value)

const pair = (ms: number, big: number, bigName: string, small: number, smallName: string): string => {
  const smalls = Math.round(ms / small)
  const perBig = big / small
  const rest = smalls % perBig
  return `${counted(Math.floor(smalls / perBig))} ${bigName}${rest === 0 ? "" : ` ${rest} ${smallName}`}`
}

/** A duration or a moment, with two units at most: `340 ms`, `12.3 s`, `4 min 5 s`, `3 h 12 min`, `11 d 4 h`. */
export const duration = (ms: number): string => {
  if (!Number.isFinite(ms)) return "–"
  if (ms < 0) return `−${duration(-ms)}`
  if (ms < secondMs) return `${counted(ms)} ms`
  // Rounded before it is compared: 59,999 ms are a minute, not 60 seconds.
  if (Math.round(ms / 100) * 100 < minuteMs) return `${counted(ms / secondMs)} s`
  if (Math.round(ms / secondMs) * secondMs < hourMs) return pair(ms, minuteMs, "min", secondMs, "s")
  if (Math.round(ms / minuteMs) * minuteMs < dayMs) return pair(ms, hourMs, "h", minuteMs, "min")
  return pair(ms, dayMs, "d", hourMs, "h")
}

/** A moment to the millisecond in the units of clocks, without those that are nothing: `1 h 32 min`, `36 min 54.2 s`. For axes, whose marks must differ. */
export const clockTime = (atMs: number): string => {
  const ms = Math.round(Math.abs(atMs))
  const parts = [
    [Math.floor(ms / dayMs), "d"],
    [Math.floor((ms % dayMs) / hourMs), "h"],
    [Math.floor((ms % hourMs) / minuteMs), "min"],
    [(ms % minuteMs) / secondMs, "s"],
  ] as const
  const words = parts.filter(([amount]) => amount > 0).map(([amount, name]) => `${amount} ${name}`)
  return words.length === 0 ? "0" : `${atMs < 0 ? "−" : ""}${words.join(" ")}`
}

/** A duration in prose, in one unit: `11.6 simulated days` with the word "simulated". */
export const spelled = (ms: number, word: string): string => {
  const units: ReadonlyArray<readonly [number, string]> = [
    [2 * dayMs, "days"],
    [2 * hourMs, "hours"],
    [2 * minuteMs, "minutes"],
    [0, "seconds"],
  ]
  const [, name] = units.find(([fromMs]) => ms >= fromMs) ?? [0, "seconds"]
  const unitMs = { days: dayMs, hours: hourMs, minutes: minuteMs, seconds: secondMs }[name] ?? secondMs
  const amount = rounded(ms / unitMs)
  return `${amount} ${word} ${amount === "1" ? name.slice(0, -1) : name}`
}

/** A moment as exact as the virtual clock, for engineers: `12.345 s`. */
export const moment = (atMs: number): string => {
  const ms = Math.round(atMs)
  return `${counted(Math.trunc(ms / secondMs))}.${String(Math.abs(ms % secondMs)).padStart(3, "0")} s`
}

export const percent = (part: number, whole: number): string => {
  if (whole <= 0 || part <= 0) return "0 %"
  const share = (100 * part) / whole
  return share < 0.1 ? "under 0.1 %" : `${counted(share >= 10 ? Math.round(share) : share)} %`
}
