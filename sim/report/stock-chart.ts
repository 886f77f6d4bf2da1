/**
 * Stock of one SKU over time: what is on hand and promised, and for every channel what its owner said it may sell beside what the channel had
 * heard of that, with the difference shaded. The shaded area is the lag: warm where a channel believed in more than there was.
 */
import type { Points, SeedResult, Timeline } from "../result.ts"
import { capped, html, type Markup } from "./markup.ts"
import { counted, duration, moment, percent } from "./numbers.ts"
import { betweenPath, differences, drawnSpans, linear, numberTicks, px, type Scale, type Stretch, stepArea, stepPath } from "./scale.ts"
import { andMore, drawing, legend } from "./section.ts"
import { chart, type Frame, healing, timeAxis } from "./time-frame.ts"

const stockHeight = 150
const channelHeight = 96
const panelGap = 56
const stripHeight = 7
const channelsMax = 8

const highest = (points: Points): number => points.reduce((most, [, value]) => Math.max(most, value), 0)
const lowest = (points: Points): number => points.reduce((least, [, value]) => Math.min(least, value), 0)

interface Panel {
  readonly top: number
  readonly y: Scale
  readonly lowQty: number
  readonly highQty: number
  readonly height: number
}

const panelAt = (top: number, height: number, all: ReadonlyArray<Points>): Panel => {
  const highQty = Math.max(1, ...all.map(highest))
  const lowQty = Math.min(0, ...all.map(lowest))
  return { top, height, lowQty, highQty, y: linear(lowQty, highQty, top + height, top) }
}

/** The frame of a panel: a title above, lines at round numbers, and a place at the right where the script writes what held at the pointer. */
const panelFrame = (panel: Panel, frame: Frame, title: string, note: string, series: string): Markup => html`
<text x="${chart.left}" y="${panel.top - 10}" class="heading">${title}<tspan class="small" dx="10">${note}</tspan></text>
<text x="${chart.right}" y="${panel.top - 10}" class="reading" data-series="${series}"> </text>
${numberTicks(panel.lowQty, panel.highQty, panel.height / 32).map(
  (
    qty,
  ) => html`<line x1="${chart.left}" x2="${chart.right}" y1="${px(panel.y(qty))}" y2="${px(panel.y(qty))}" class="${qty === 0 ? "axis" : "grid-line"}"/>
<text x="${chart.left - 8}" y="${px(panel.y(qty) + 4)}" class="tick end">${counted(qty)}</text>`,
)}
${healing(frame, panel.top, panel.top + panel.height, false)}`

/** How far behind a channel was. */
interface Lag {
  readonly stretches: ReadonlyArray<Stretch>
  readonly behindMs: number
  /** The longest time since what a channel believed had last been true. */
  readonly oldestMs: number
  readonly mostTooManyQty: number
}

/** How long ago the oldest thing believed was last true. A number that was never published is left out: there is nothing to count from. */
const oldestBelief = (published: Points, stretches: ReadonlyArray<Stretch>): number => {
  const lastTrueMs = new Map<number, number>()
  let next = 0
  let oldestMs = 0
  for (const { fromMs, toMs, right } of stretches) {
    for (; (published[next + 1]?.[0] ?? Number.POSITIVE_INFINITY) <= fromMs; next++) {
      const value = published[next]?.[1]
      const untilMs = published[next + 1]?.[0]
      if (value !== undefined && untilMs !== undefined) lastTrueMs.set(value, untilMs)
    }
    const sinceMs = lastTrueMs.get(right)
    if (sinceMs !== undefined) oldestMs = Math.max(oldestMs, toMs - sinceMs)
  }
  return oldestMs
}

const lagOf = (published: Points, heard: Points, endMs: number): Lag => {
  const stretches = differences(published, heard, endMs)
  const behindMs = stretches.reduce((sum, { fromMs, toMs }) => sum + toMs - fromMs, 0)
  const mostTooManyQty = stretches.reduce((most, { left, right }) => Math.max(most, right - left), 0)
  return { stretches, behindMs, oldestMs: oldestBelief(published, stretches), mostTooManyQty }
}

const lagNote = (lag: Lag, endMs: number): string => {
  if (lag.stretches.length === 0) return "never behind"
  const tooMany = lag.mostTooManyQty > 0 ? `, up to ${counted(lag.mostTooManyQty)} too many` : ""
  return `behind ${percent(lag.behindMs, endMs)} of the time, by up to ${duration(lag.oldestMs)}${tooMany}`
}

/** The same stretches as a strip under the panel: a lag of one unit of a thousand is seen there too. */
const strip = (stretches: ReadonlyArray<Stretch>, x: Scale, top: number): string =>
  drawnSpans(stretches, ({ fromMs, toMs }) => [fromMs, toMs], x, 1)
    .map(({ from, to }) => `M${px(from)} ${top}v${stripHeight}H${px(to)}v${-stripHeight}Z`)
    .join("")

const channelPanel = (frame: Frame, line: Timeline["ats"][number], index: number, panel: Panel): Markup => {
  const { published, heard, channel } = line
  const lag = lagOf(published, heard, frame.toMs)
  const over = lag.stretches.filter(({ left, right }) => right > left)
  const under = lag.stretches.filter(({ left, right }) => right < left)
  return html`${panelFrame(panel, frame, channel, lagNote(lag, frame.toMs), `ats.${index}`)}
<path d="${betweenPath(over, frame.x, panel.y)}" class="lag-over"><title>${channel} believes in more than there is</title></path>
<path d="${betweenPath(under, frame.x, panel.y)}" class="lag-under"><title>${channel} does not know yet of units it may sell</title></path>
<text x="${chart.left - 8}" y="${panel.top + panel.height + 19}" class="tick end">lag</text>
<path d="${strip(over, frame.x, panel.top + panel.height + 11)}" class="lag-over"/>
<path d="${strip(under, frame.x, panel.top + panel.height + 11)}" class="lag-under"/>
<path d="${stepPath(published, frame.toMs, frame.x, panel.y)}" class="line-published"/>
<path d="${stepPath(heard, frame.toMs, frame.x, panel.y)}" class="line-heard"/>`
}

const stockPanel = (
  frame: Frame,
  timeline: Timeline,
  panel: Panel,
): Markup => html`${panelFrame(panel, frame, `SKU ${timeline.sku}`, "units on hand and promised", "stock")}
<path d="${stepArea(timeline.reserved, frame.toMs, frame.x, panel.y, 0)}" class="area-reserved"/>
<path d="${stepPath(timeline.reserved, frame.toMs, frame.x, panel.y)}" class="line-reserved"/>
<path d="${stepPath(timeline.onHand, frame.toMs, frame.x, panel.y)}" class="line-on-hand"/>`

/** The chart of a seed's watched SKU. `shown` is the seed's place in the report, by which the script finds its numbers. */
export const stockChart = (seed: SeedResult, timeline: Timeline, frame: Frame, shown: number): Markup => {
  const { first, left } = capped(timeline.ats, channelsMax)
  const stock = panelAt(30, stockHeight, [timeline.onHand, timeline.reserved])
  const all = first.flatMap(({ published, heard }) => [published, heard])
  const panels = first.map((_, index) =>
    panelAt(stock.top + stockHeight + panelGap + index * (channelHeight + panelGap), channelHeight, all),
  )
  const last = panels.at(-1) ?? stock
  const bottom = last.top + last.height + stripHeight + 17
  const desc = first
    .map(({ channel, published, heard }) => `${channel} ${lagNote(lagOf(published, heard, frame.toMs), frame.toMs)}`)
    .join("; ")
  return html`${legend([
    ["line-on-hand", "on hand"],
    ["line-reserved", "promised (held, confirmed, owed)"],
    ["line-published", "may sell, as the owner said"],
    ["line-heard", "may sell, as the channel had heard"],
    ["lag-over", "lag: believes in too many"],
    ["lag-under", "lag: does not know of all"],
  ])}${drawing({
    id: `stock-${shown}`,
    title: `Stock of ${timeline.sku} over ${duration(timeline.endMs)}, seed ${seed.seed}`,
    desc: `On hand and promised units; then for each channel: ${desc}. Faults end at ${moment(timeline.healedMs)}.`,
    width: chart.width,
    height: bottom + 44,
    marks: frame.marks,
    body: [
      stockPanel(frame, timeline, stock),
      ...first.flatMap((line, index) => {
        const panel = panels[index]
        return panel === undefined ? [] : [channelPanel(frame, line, index, panel)]
      }),
      timeAxis(frame, bottom),
    ],
  })}${andMore(left)}`
}
