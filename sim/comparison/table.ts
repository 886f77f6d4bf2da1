/**
 * The comparison as a table for terminals: one column a strategy, one row a measure, and what the words mean below it.
 */
import type { ComparisonReport, StrategyReport } from "./comparison.ts"

const grouped = (value: number): string => String(value).replace(/\B(?=(\d{3})+$)/g, ",")

/** Minutes and seconds, or milliseconds where it is less than a second. */
const span = (ms: number): string => {
  if (ms < 1_000) return `${ms} ms`
  const seconds = Math.round(ms / 1_000)
  return seconds < 60 ? `${seconds} s` : `${Math.floor(seconds / 60)} min ${String(seconds % 60).padStart(2, "0")} s`
}

const rows: ReadonlyArray<readonly [title: string, cell: (line: StrategyReport) => string]> = [
  ["sold, units", (line) => grouped(line.soldQty)],
  ["oversold, units", (line) => grouped(line.oversoldQty)],
  ["cancelled orders", (line) => grouped(line.cancelledOrders)],
  ["cancelled units", (line) => grouped(line.cancelledQty)],
  ["refused, units", (line) => grouped(line.refusedQty)],
  ["lost sales, units", (line) => grouped(line.lostSalesQty)],
  ["stranded, units", (line) => grouped(line.strandedQty)],
  ["stale, mean", (line) => span(line.staleMsMean)],
  ["stale, longest", (line) => span(line.staleMsMax)],
  ["overstated, mean", (line) => span(line.overstatedMsMean)],
]

const legend: ReadonlyArray<string> = [
  "oversold: promised when no free unit was there. cancelled: confirmed orders of which at least one line had to be taken back (a line whole).",
  "lost sales: refused although all units of the line were free at that moment, held or unheard of elsewhere.",
  "stranded: left at the end although buyers were refused lines that fit it.",
  "stale: a channel showed another number than it was entitled to; mean time within the window of all channels and SKUs, and longest stretch.",
  "overstated: it showed more than was free for anybody. The last column nobody can have: what is refused there was not there at all.",
]

/** A text of several lines, each at most about 140 characters, without a line break at its end. */
export const comparisonTable = (report: ComparisonReport): string => {
  const { options, traffic } = report
  const lines = [...report.strategies, report.withoutLag]
  const cells = [["", ...lines.map(({ title }) => title)], ...rows.map(([title, cell]) => [title, ...lines.map(cell)])]
  const widths = cells[0]?.map((_, column) => Math.max(...cells.map((row) => row[column]?.length ?? 0))) ?? []
  const drawn = cells.map((row) =>
    row.map((cell, column) => (column === 0 ? cell.padEnd(widths[column] ?? 0) : cell.padStart(widths[column] ?? 0))).join("   "),
  )
  const channels = options.channels.map(
    ({ name, asks, lagMs, weight }) => `${name} ${weight} (${asks ? "asks" : "listed"}, lag ${span(lagMs)})`,
  )
  return [
    `${options.source}: ${grouped(traffic.orders)} orders, ${grouped(traffic.lines)} lines, ${grouped(traffic.units)} units of ${grouped(traffic.skus)} SKUs in ${span(options.windowMs)}`,
    `stock ${grouped(traffic.stockQty)} units, ${grouped(traffic.arrivedQty)} arrive later; orders by channel: ${channels.join(", ")}`,
    "",
    ...drawn,
    "",
    ...legend,
  ].join("\n")
}
