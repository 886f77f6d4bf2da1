/**
 * The trouble that was made: how many faults of each family over the suite, and when they fell in a seed.
 */
import { faultFamilies } from "../faults/catalogue.ts"
import type { SeedResult, SuiteReport, Timeline } from "../result.ts"
import { capped, html, type Markup, shortened } from "./markup.ts"
import { counted, duration, moment, plural } from "./numbers.ts"
import { drawnSpans, px } from "./scale.ts"
import { andMore, drawing, table } from "./section.ts"
import { chart, type Frame, healing, timeAxis } from "./time-frame.ts"

/** What a family does, in words; nothing for one that the catalogue does not know, as in a report of another release. */
const whatOf = (family: string): string => faultFamilies.find(({ name }) => name === family)?.what ?? ""

const familiesMax = 60
const rowHeight = 18

/** Families and counts, the most frequent first. Bars are logarithmic: one crash matters beside a million late messages. */
export const faultTable = (faults: SuiteReport["faults"]): Markup => {
  const sorted = Object.entries(faults).sort(([, a], [, b]) => b - a)
  const most = Math.max(1, ...sorted.map(([, count]) => count))
  const { first, left } = capped(sorted, familiesMax)
  const share = (count: number): number => (count <= 0 ? 0 : Math.max(1, Math.round((100 * Math.log10(1 + count)) / Math.log10(1 + most))))
  return table(
    "Faults injected, by family (bars are logarithmic)",
    [{ title: "Family" }, { title: "What it does" }, { title: "Injected", numeric: true }, { title: "" }],
    first.map(([family, count]) => ({
      cells: [family, whatOf(family), counted(count), html`<span class="meter" style="width:${share(count)}%"></span>`],
      ...(count === 0 ? { tone: "warn" as const } : {}),
    })),
    left,
  )
}

const familyRow = (family: string, index: number, timeline: Timeline, frame: Frame): Markup => {
  const y = 24 + index * rowHeight
  const spans = drawnSpans(
    timeline.faults.filter((fault) => fault.family === family),
    ({ atMs, toMs }) => [atMs, toMs],
    frame.x,
  )
  return html`<text x="${chart.left - 8}" y="${y + 12}" class="label end">${shortened(family, 21)}<title>${family}: ${whatOf(family)}</title></text>
<line x1="${chart.left}" x2="${chart.right}" y1="${y + rowHeight - 1}" y2="${y + rowHeight - 1}" class="grid-line"/>
${spans.map(({ from, to, first, count }) => {
  const many = count > 1 ? ` (and ${counted(count - 1)} more within this bar)` : ""
  const words = `${moment(first.atMs)}${first.toMs > first.atMs ? ` for ${duration(first.toMs - first.atMs)}` : ""}: ${first.detail}${many}`
  return html`<rect x="${px(from)}" y="${y + 3}" width="${px(to - from)}" height="${rowHeight - 7}" class="fault-tick"><title>${words}</title></rect>`
})}`
}

/** When faults fell in a seed, one row a family. `shown` is the seed's place in the report. */
export const faultTimeline = (seed: SeedResult, timeline: Timeline, frame: Frame, shown: number): Markup => {
  const families = [...new Set(timeline.faults.map(({ family }) => family))].sort()
  const { first, left } = capped(families, familiesMax)
  const bottom = 28 + first.length * rowHeight
  return html`${drawing({
    id: `faults-${shown}`,
    title: `When faults fell, seed ${seed.seed}`,
    desc: `${plural(timeline.faults.length, "fault")} of ${plural(families.length, "family", "families")}, until ${moment(timeline.healedMs)}.`,
    width: chart.width,
    height: bottom + 44,
    marks: frame.marks,
    body: [
      html`<text x="${chart.right}" y="14" class="reading" data-series="time"> </text>`,
      ...first.map((family, index) => familyRow(family, index, timeline, frame)),
      healing(frame, 20, bottom, false),
      timeAxis(frame, bottom),
    ],
  })}${andMore(left)}`
}
