/**
 * What all charts over time share: the same margins and the same scale, so that one moment of a seed stands at the same place in each of them,
 * and one pointer can be followed through all.
 */
import type { Timeline } from "../result.ts"
import { html, type Markup, nothing } from "./markup.ts"
import { clockTime } from "./numbers.ts"
import { linear, px, type Scale, timeTicks } from "./scale.ts"

/** Widths in units of the drawings. */
export const chart = { width: 1_130, left: 160, right: 1_085 } as const

export interface Frame {
  readonly fromMs: number
  readonly toMs: number
  /** When faults ended; outside of the frame where that is not to be shown. */
  readonly healedMs: number
  readonly x: Scale
  /** For the script: which seed, and which moments the edges are. */
  readonly marks: Readonly<Record<string, string | number>>
}

/** A frame of a stretch of a seed. Charts of one `group` follow one pointer. */
export const frameOf = (fromMs: number, toMs: number, healedMs: number, group: string): Frame => {
  const end = Math.max(toMs, fromMs + 1)
  return {
    fromMs,
    toMs: end,
    healedMs,
    x: linear(fromMs, end, chart.left, chart.right),
    marks: { group, from: fromMs, to: end, left: chart.left, right: chart.right },
  }
}

/** The frame of a whole seed. */
export const seedFrame = (timeline: Timeline, shown: number): Frame => frameOf(0, timeline.endMs, timeline.healedMs, `seed-${shown}`)

/** The moment at which faults ended, as a line, with its word if it is the topmost of its chart. */
export const healing = (frame: Frame, top: number, bottom: number, named: boolean): Markup => {
  if (frame.healedMs <= frame.fromMs || frame.healedMs >= frame.toMs) return nothing
  const at = px(frame.x(frame.healedMs))
  const left = frame.x(frame.healedMs) > (chart.left + chart.right) / 2
  return html`<line x1="${at}" x2="${at}" y1="${top}" y2="${bottom}" class="healing"/>${
    named &&
    html`<text x="${px(frame.x(frame.healedMs) + (left ? -6 : 6))}" y="${top + 10}" class="healing-word${left && " end"}">faults end</text>`
  }`
}

/** The axis of time under a chart. */
export const timeAxis = (frame: Frame, y: number): Markup => html`
<line x1="${chart.left}" x2="${chart.right}" y1="${y}" y2="${y}" class="axis"/>
${timeTicks(frame.fromMs, frame.toMs, 7).map((atMs) => {
  const at = px(frame.x(atMs))
  return html`<line x1="${at}" x2="${at}" y1="${y}" y2="${y + 5}" class="axis"/><text x="${at}" y="${y + 19}" class="tick middle">${clockTime(atMs)}</text>`
})}
${healing(frame, y, y + 5, false)}
${
  frame.healedMs > frame.fromMs &&
  frame.healedMs < frame.toMs &&
  html`<text x="${px(frame.x(frame.healedMs))}" y="${y + 35}" class="healing-word middle">faults end</text>`
}`
