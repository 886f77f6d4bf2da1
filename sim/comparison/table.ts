/**
 * The comparison as a table for terminals: one column a strategy, one row a measure, and what the words mean below it.
 */
import { counted, duration, plural } from "../report/numbers.ts"
import type { ComparisonReport, StrategyReport } from "./comparison.ts"

const rows: ReadonlyArray<readonly [title: string, cell: (line: StrategyReport) => string]> = [
  ["sold, units", (line) => counted(line.soldQty)],
  ["oversold, units", (line) => counted(line.oversoldQty)],
  ["cancelled orders", (line) => counted(line.cancelledOrders)],
  ["cancelled units", (line) => counted(line.cancelledQty)],
  ["refused, units", (line) => counted(line.refusedQty)],
  ["lost sales, units", (line) => counted(line.lostSalesQty)],
  ["stranded, units", (line) => counted(line.strandedQty)],
  ["stale, mean", (line) => duration(line.staleMsMean)],
  ["stale, longest", (line) => duration(line.staleMsMax)],
  ["overstated, mean", (line) => duration(line.overstatedMsMean)],
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
    ({ name, asks, lagMs, weight }) => `${name} ${weight} (${asks ? "asks" : "listed"}, lag ${duration(lagMs)})`,
  )
  return [
    `${options.source}: ${plural(traffic.orders, "order")}, ${plural(traffic.lines, "line")}, ${plural(traffic.units, "unit")} of ${plural(traffic.skus, "SKU")} in ${duration(options.windowMs)}`,
    `stock ${plural(traffic.stockQty, "unit")}, ${counted(traffic.arrivedQty)} arrive later; orders by channel: ${channels.join(", ")}`,
    "",
    ...drawn,
    "",
    ...legend,
  ].join("\n")
}
