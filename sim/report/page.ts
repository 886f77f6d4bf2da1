/**
 * The page of a suite: its parts in order, from the verdict to the machine-readable whole, in one file that asks the network for nothing.
 *
 * Drawings are written as SVG by functions of this folder and not by a charting library. Those that draw in Node without a browser (ECharts;
 * Vega; Plot with a DOM beside it) are tens of megabytes for a tool that draws bars and steps, fix their colours when they draw, so that one file
 * could not be light and dark, and know none of what matters here: shaded lag between two step functions, lanes of reigns, lives of commands.
 */
import type { SeedResult, SuiteReport, Timeline } from "../result.ts"
import { guaranteesSection, mutantsSection, partsSection, sometimesSection } from "./evidence.ts"
import { failuresSection, seedFacts } from "./failing.ts"
import { faultTable, faultTimeline } from "./faults.ts"
import { html, jsonInScript, Markup, nothing } from "./markup.ts"
import { counted, duration, plural } from "./numbers.ts"
import { script } from "./script.ts"
import { folded, section } from "./section.ts"
import { stockChart } from "./stock-chart.ts"
import { style } from "./style.ts"
import { comparisonSection, summarySection } from "./summary.ts"
import { swimLanes } from "./swim-lanes.ts"
import { type Frame, seedFrame } from "./time-frame.ts"
import { verdictOf } from "./verdict.ts"

/** Characters of the embedded JSON; past it, the long lists of the seeds shown are left out of it. They are whole in the JSON file beside the page. */
const jsonCharsMax = 1_500_000

interface Shown {
  readonly seed: SeedResult
  readonly timeline: Timeline
  readonly frame: Frame
  /** The seed's place in the report. */
  readonly index: number
}

const shownSeeds = (report: SuiteReport): ReadonlyArray<Shown> =>
  report.shown.flatMap((seed, index) =>
    seed.timeline === null ? [] : [{ seed, timeline: seed.timeline, frame: seedFrame(seed.timeline, index), index }],
  )

const seedName = ({ seed }: Shown): string => `Seed ${seed.seed}${seed.failures.length > 0 ? " (failed)" : ""}`

/** The first seed in the open, the others folded. */
const ofEachSeed = (shown: ReadonlyArray<Shown>, draw: (one: Shown) => Markup): Markup =>
  html`${shown.map((one, at) => (at === 0 ? html`<h3>${seedName(one)}</h3>${draw(one)}` : folded(seedName(one), draw(one))))}`

const stockSection = (shown: ReadonlyArray<Shown>): Markup => {
  if (shown.length === 0) return nothing
  const lead =
    "Every channel hears of stock late, and some hear very late. What they believe is shaded where it is not true. Units are safe all the same, because what may be sold is decided by one owner and not by what a channel has heard."
  return section(
    "stock",
    "Stock as it was, and as the channels had heard of it",
    lead,
    ofEachSeed(shown, (one) => stockChart(one.seed, one.timeline, one.frame, one.index)),
  )
}

const faultsSection = (report: SuiteReport, shown: ReadonlyArray<Shown>): Markup => {
  const families = Object.keys(report.faults).length
  const timelines = ofEachSeed(shown, (one) => faultTimeline(one.seed, one.timeline, one.frame, one.index))
  const lead =
    families === 0 ? "No fault was injected." : `Faults of ${plural(families, "family", "families")}, each switched on or off by the seed.`
  return section("faults", "Trouble that was made", lead, html`${families > 0 && faultTable(report.faults)}${timelines}`)
}

const lanesSection = (shown: ReadonlyArray<Shown>): Markup =>
  shown.length === 0
    ? nothing
    : section(
        "lanes",
        "Workers, epochs, crashes",
        "One lane a worker, one row a partition. A worker that is stopped and goes on believes that it still reigns; its appends are refused, because the next epoch was claimed meanwhile.",
        ofEachSeed(shown, (one) => swimLanes(one.seed, one.timeline, one.frame, one.index)),
      )

const seedsSection = (report: SuiteReport): Markup =>
  report.shown.length === 0
    ? nothing
    : section(
        "seeds",
        "The seeds shown",
        "What was drawn before the first step, and what came of it.",
        html`${report.shown.map((seed) => folded(`Seed ${seed.seed}`, seedFacts(seed)))}`,
      )

type Cut = ReadonlyArray<"records" | "lifelines" | "faults" | "reigns" | "absences" | "onHand" | "reserved" | "ats">

/** What is left out of the embedded report if it would make the page too heavy: the first of these that makes it light enough, else the last. */
const cuts: ReadonlyArray<Cut> = [[], ["records"], ["records", "lifelines"], ["records", "lifelines", "faults"]]
const lastCut: Cut = ["records", "lifelines", "faults", "reigns", "absences", "onHand", "reserved", "ats"]

const withoutLists = (report: SuiteReport, cut: Cut): SuiteReport => {
  const empty = Object.fromEntries(cut.map((name) => [name, []]))
  return {
    ...report,
    shown: report.shown.map((seed) => (seed.timeline === null ? seed : { ...seed, timeline: { ...seed.timeline, ...empty } })),
  }
}

const embedded = (report: SuiteReport): { readonly json: Markup; readonly cut: Cut } => {
  for (const cut of cuts) {
    const json = jsonInScript(withoutLists(report, cut))
    if (json.text.length <= jsonCharsMax) return { json, cut }
  }
  return { json: jsonInScript(withoutLists(report, lastCut)), cut: lastCut }
}

/** A part of the page: what links point to, its short title in the contents, and what is in it. */
type Part = readonly [id: string, title: string, body: Markup]

const partsOf = (report: SuiteReport): ReadonlyArray<Part> => {
  const shown = shownSeeds(report)
  const parts: ReadonlyArray<Part> = [
    ["comparison", "Comparison", comparisonSection(report)],
    ["stock", "Stock", stockSection(shown)],
    ["guarantees", "Guarantees", guaranteesSection(report)],
    ["faults", "Faults", faultsSection(report, shown)],
    ["lanes", "Workers", lanesSection(shown)],
    ["parts", "Other parts", partsSection(report)],
    ["mutants", "Planted defects", mutantsSection(report)],
    ["sometimes", "Rare states", sometimesSection(report)],
    ["failures", "Failing seeds", failuresSection(report)],
    ["seeds", "Seeds", seedsSection(report)],
  ]
  return parts.filter(([, , body]) => body !== nothing)
}

const contents = (parts: ReadonlyArray<Part>): Markup =>
  html`<nav aria-label="Contents"><ul>${parts.map(([id, title]) => html`<li><a href="#${id}">${title}</a></li>`)}</ul></nav>`

const head = (report: SuiteReport): Markup => html`<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'; script-src 'unsafe-inline'; img-src data:">
<link rel="icon" href="data:,">
<title>Holdfast simulator: ${verdictOf(report).sentence}</title>
<style>${new Markup(style)}</style>
</head>`

const footer = (report: SuiteReport, cut: Cut): Markup => html`<footer>
<p>Commit <code>${report.commit}</code>, profile ${report.profile}, ${plural(report.cores, "core")}, ${duration(report.wallMs)} of wall time, ${counted(
  report.events,
)} events, ${plural(report.records, "journal record")}, ${plural(report.inconclusive, "seed")} without a verdict. Report format ${report.version}.</p>
<p>This page holds its own numbers as JSON, in the element <code>suite</code>${
  cut.length > 0 && `, without the ${cut.join(", ")} of its seeds: they are too many for it, and stand in suite.json beside it`
}.</p>
</footer>`

/** The whole report as one HTML document. Nothing in it is fetched; it can be read without its script, on paper and by a screen reader. */
export const suiteHtml = (report: SuiteReport): string => {
  const { json, cut } = embedded(report)
  const parts = partsOf(report)
  return `<!doctype html>
${
  html`<html lang="en">
${head(report)}
<body>
<header><p class="brand">Holdfast <span>simulator</span></p><p class="run">commit <code>${report.commit.slice(0, 12)}</code> · ${report.profile}</p></header>
<main>
${summarySection(report)}
${contents(parts)}
${parts.map(([, , body]) => body)}
</main>
${footer(report, cut)}
<script type="application/json" id="suite" data-without="${cut.join(" ")}">${json}</script>
<script>${new Markup(script)}</script>
</body>
</html>`.text
}
`
}
