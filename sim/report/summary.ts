/**
 * The top of the page: the verdict, a few big numbers, the comparison with what a shop would use instead. For a merchandiser: no word here needs
 * to be looked up.
 */
import type { StrategyLine, SuiteReport } from "../result.ts"
import { html, type Markup, nothing, shortened } from "./markup.ts"
import { counted, duration, plural, spelled, upperFirst } from "./numbers.ts"
import { linear, px } from "./scale.ts"
import { drawing, folded, section, table } from "./section.ts"
import { comparedSentence, faultsInjected, inProse, isOurs, oversold, verdictOf } from "./verdict.ts"

const toneWords = { kept: "Every promise was kept", incomplete: "Not the whole proof", broken: "A promise was broken" } as const

const tile = (value: string, name: string, tone: "good" | "bad" | "plain" = "plain"): Markup =>
  html`<div class="tile ${tone}"><dt>${name}</dt><dd>${value}</dd></div>`

const oversoldTile = (report: SuiteReport): Markup => {
  const sold = oversold(report)
  if (sold === null) return tile("–", `units sold twice: ${report.failed > 0 ? "see below" : "not judged"}`)
  return tile(`${sold.atLeast ? "≥ " : ""}${counted(sold.qty)}`, "units sold twice", sold.qty === 0 ? "good" : "bad")
}

/** The amount large, its unit small: both in one line would be broken. */
const simulatedTile = (report: SuiteReport): Markup => {
  const [amount = "", ...unit] = spelled(report.simulatedMs, "simulated").split(" ")
  return tile(amount, unit.join(" "))
}

/** What a shop asks first where the same orders were sold in several ways: what was sold, and what had to be taken back. */
const comparisonTiles = ({ comparison }: SuiteReport): Markup => {
  const ours = comparison.find(isOurs)
  if (ours === undefined) return nothing
  const others = comparison.filter((line) => line !== ours)
  const beside = (of: (line: StrategyLine) => number): string => others.map((line) => `${inProse(line)} ${counted(of(line))}`).join(", ")
  return html`<dl class="tiles">
${tile(counted(ours.soldQty), `units sold and kept; ${beside((line) => line.soldQty)}`)}
${tile(counted(ours.cancelledOrders), `orders cancelled; ${beside((line) => line.cancelledOrders)}`, ours.cancelledOrders === 0 ? "good" : "bad")}
</dl>`
}

const tiles = (report: SuiteReport): Markup => html`
<dl class="tiles">
${oversoldTile(report)}
${tile(counted(report.seeds), "seeds (worlds tried)")}
${simulatedTile(report)}
${tile(report.cpuMs > 0 ? counted(Math.round((report.commands * 1_000) / report.cpuMs)) : "–", "commands a CPU second, with all checkers")}
${tile(counted(report.commands), "commands decided")}
${tile(counted(faultsInjected(report)), "faults injected")}
${tile(counted(report.failed), "seeds failed", report.failed === 0 ? "plain" : "bad")}
</dl>`

/** The verdict and its numbers. */
export const summarySection = (report: SuiteReport): Markup => {
  const { tone, sentence, notes } = verdictOf(report)
  return html`
<section id="verdict" class="verdict ${tone}" aria-labelledby="verdict-title">
<p class="stamp">${toneWords[tone]}</p>
<h1 id="verdict-title">${sentence}</h1>
${notes.length > 0 && html`<ul class="notes">${notes.map((note) => html`<li>${note}</li>`)}</ul>`}
${comparisonTiles(report)}
${(report.seeds > 0 || report.comparison.length === 0) && tiles(report)}
</section>`
}

interface Metric {
  readonly name: string
  readonly why: string
  readonly valueOf: (line: StrategyLine) => number
  /** What is marked on the bar, or beyond it. */
  readonly mostOf?: (line: StrategyLine) => number
  readonly show: (value: number) => string
}

/** What was sold and what was taken back come first: all else explains them. */
const metrics: ReadonlyArray<Metric> = [
  { name: "Units sold", why: "and not taken back", valueOf: (line) => line.soldQty, show: counted },
  { name: "Orders cancelled", why: "confirmed to the buyer, then taken back", valueOf: (line) => line.cancelledOrders, show: counted },
  { name: "Units sold twice", why: "promised when no free unit was there", valueOf: (line) => line.oversoldQty, show: counted },
  { name: "Sales lost, in units", why: "refused although the units were free", valueOf: (line) => line.lostSalesQty, show: counted },
  { name: "Units stranded", why: "left over although buyers were refused", valueOf: (line) => line.strandedQty, show: counted },
  {
    name: "Time with a wrong stock number",
    why: "mean of channels and SKUs; mark: longest stretch",
    valueOf: (line) => line.staleMsMean,
    mostOf: (line) => line.staleMsMax,
    show: duration,
  },
]

const metricChart = (metric: Metric, lines: ReadonlyArray<StrategyLine>, index: number): Markup => {
  const rowHeight = 40
  const width = 340
  const highest = Math.max(...lines.flatMap((line) => [metric.valueOf(line), metric.mostOf?.(line) ?? 0]), 1)
  const x = linear(0, highest, 0, metric.mostOf === undefined ? width - 100 : width - 235)
  const row = (line: StrategyLine, at: number): Markup => {
    const y = 44 + at * rowHeight
    const value = metric.valueOf(line)
    const most = metric.mostOf?.(line)
    const end = Math.max(x(value), x(most ?? 0))
    return html`<text x="0" y="${y + 12}" class="${isOurs(line) ? "strong" : "label"}">${shortened(line.title, 44)}<title>${line.title}</title></text>
<rect x="0" y="${y + 18}" width="${px(Math.max(x(value), value > 0 ? 2 : 0))}" height="12" class="bar${isOurs(line) && " ours"}"/>
<line x1="0" x2="0" y1="${y + 16}" y2="${y + 32}" class="axis"/>
${most !== undefined && html`<path d="M${px(x(most))} ${y + 15}v18" class="most"><title>longest: ${metric.show(most)}</title></path>`}
<text x="${px(end + 6)}" y="${y + 28}" class="${isOurs(line) ? "strong" : "value"}">${metric.show(value)}${most !== undefined && html`<tspan class="small">, longest ${metric.show(most)}</tspan>`}</text>`
  }
  return drawing({
    id: `comparison-${index}`,
    title: metric.name,
    desc: lines.map((line) => `${line.title}: ${metric.show(metric.valueOf(line))}`).join("; "),
    width,
    height: 48 + lines.length * rowHeight,
    body: [
      html`<text x="0" y="14" class="heading">${metric.name}</text><text x="0" y="30" class="small">${metric.why}</text>`,
      ...lines.map(row),
    ],
  })
}

/** What the bars show, without taking sides: what each sold and took back, and what those who sold nothing twice paid for it. */
const comparisonSentence = (lines: ReadonlyArray<StrategyLine>): string => {
  const cost = lines
    .filter((line) => line.oversoldQty === 0)
    .map(
      (line) =>
        `${inProse(line)} sold none twice, refused ${plural(line.lostSalesQty, "unit")} that were free at that moment and left ${counted(line.strandedQty)} stranded`,
    )
  const clean = cost.length === 0 ? "None of them sold nothing twice" : upperFirst(cost.join("; "))
  return `The same orders under the same delays. ${comparedSentence(lines)} ${clean}.`
}

/** The comparison; nothing if none was made. */
export const comparisonSection = ({ comparison }: SuiteReport): Markup => {
  if (comparison.length === 0) return nothing
  const figures = table(
    "The comparison in numbers",
    [
      { title: "Strategy" },
      ...["sold", "orders cancelled", "sold twice", "sales lost", "stranded"].map((title) => ({ title, numeric: true })),
      {
        title: "wrong number shown: mean",
        numeric: true,
      },
      { title: "longest", numeric: true },
    ],
    comparison.map((line) => ({
      cells: [
        line.title,
        ...[line.soldQty, line.cancelledOrders, line.oversoldQty, line.lostSalesQty, line.strandedQty].map(counted),
        duration(line.staleMsMean),
        duration(line.staleMsMax),
      ],
    })),
  )
  const charts = html`<div class="grid">${metrics.map((metric, index) => metricChart(metric, comparison, index))}</div>`
  return section(
    "comparison",
    "Against what is used today",
    comparisonSentence(comparison),
    html`${charts}${folded("The numbers", figures)}`,
  )
}
