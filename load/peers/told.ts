/**
 * A run of `npm run bench`, told: as a table for people, and as charts.
 */

import { spreadText } from "../stage/spread.ts"
import { type PlotChart, plotSvg } from "../stage/svg-plot.ts"
import { type ArmName, armInfo, armNames } from "./arms.ts"
import { askedFor, checkedText, type Row, rowsOf } from "./compared.ts"
import { Workload } from "./ground.ts"
import type { BenchPlan, BenchRun } from "./run.ts"
import { stagesLegend, stageTables } from "./stages-told.ts"

const workloadText = (workload: Workload, skus: number): string =>
  ({
    hot: "one hot SKU",
    zipf: `Zipf over ${Math.min(10_000, skus).toLocaleString("en")} SKUs`,
    uniform: `uniform over ${skus.toLocaleString("en")} SKUs`,
  })[workload]

const columns = ["", "answers/s", "Holdfast decides, times it", "p50 ms", "p99 ms", "CPU µs: client", "servers"] as const

/** In columns. `texts`: those that begin at the left. */
const cellsText = (rows: ReadonlyArray<ReadonlyArray<string>>, texts: ReadonlyArray<number> = [0]): string => {
  const widths = rows[0]?.map((_, at) => Math.max(...rows.map((row) => row[at]?.length ?? 0))) ?? []
  return rows
    .map((row) =>
      row
        .map((cell, at) => (texts.includes(at) ? cell.padEnd(widths[at] ?? 0) : cell.padStart(widths[at] ?? 0)))
        .join("  ")
        .trimEnd(),
    )
    .join("\n")
}

const rowText = (row: Row): ReadonlyArray<string> => [
  `  ${row.arm}`,
  Math.round(row.perSecond.median).toLocaleString("en"),
  row.arm === armInfo(row.arm).beside ? "1" : row.holdfastTimes === null ? "-" : spreadText(row.holdfastTimes),
  row.p50Ms.toFixed(2),
  row.p99Ms.toFixed(2),
  row.clientMicros.toFixed(1),
  row.serverMicros === null ? "-" : row.serverMicros.toFixed(1),
]

const cellText = (rows: ReadonlyArray<Row>, { skus }: BenchPlan): string => {
  const [first] = rows
  if (first === undefined) return ""
  const refused = rows.filter(({ refused: count }) => count > 0).map(({ arm, refused: count }) => `${arm} ${count}`)
  return [
    `${workloadText(first.workload, skus)}, ${first.inFlight.toLocaleString("en")} in flight`,
    cellsText([columns, ...rows.map(rowText)]),
    ...stageTables(rows).map((table) => cellsText(table, [0, 1])),
    ...(refused.length === 0 ? [] : [`  refused for want of stock: ${refused.join(", ")}`]),
  ].join("\n")
}

const armsText = (plan: BenchPlan): string =>
  plan.arms
    .map((name) => {
      const { title, survives, leavesOut, beside } = armInfo(name)
      return [
        `${name}: ${title}${beside === name ? "" : ` (compared with ${beside})`}`,
        `    a yes survives a process that is killed: ${survives.processKill}; the power that fails: ${survives.powerLoss}`,
        `    left out: ${leavesOut}`,
      ].join("\n")
    })
    .join("\n")

const cellsBy = (rows: ReadonlyArray<Row>): ReadonlyArray<ReadonlyArray<Row>> => [
  ...Map.groupBy(rows, ({ workload, inFlight }) => `${workload} ${inFlight}`).values(),
]

/** The whole table. */
export const benchText = (plan: BenchPlan, run: BenchRun): string => {
  const asked = askedFor(run)
  const rows = rowsOf(run, plan.partitions)
  return [
    ...(run.isPartial ? ["PARTIAL: ended by a signal before all was measured"] : []),
    armsText(plan),
    ...(rows.some(({ stages }) => stages !== null) ? [stagesLegend] : []),
    ...cellsBy(rows).map((ofCell) => cellText(ofCell, plan)),
    run.checked.map(({ arm, checked }) => `counted  ${arm}: ${checkedText(checked)}`).join("\n"),
    run.out.map(({ arm, why, canRunHere }) => `${canRunHere ? "FAILED" : "NOT RUN"}  ${arm}: ${why}`).join("\n"),
    asked.map(({ what, found, isKept }) => `${isKept ? "reached    " : "NOT REACHED"}  ${what}: ${found}`).join("\n"),
  ]
    .filter((part) => part !== "")
    .join("\n\n")
}

const lineOf = (rows: ReadonlyArray<Row>, arm: ArmName, inFlight: ReadonlyArray<number>, of: (row: Row) => number) => ({
  label: arm,
  isDashed: armInfo(arm).beside === "holdfast-fsync",
  values: inFlight.map((count) => {
    const row = rows.find((one) => one.arm === arm && one.inFlight === count)
    return row === undefined ? null : of(row)
  }),
})

/** Answers a second, and the 99th percentile, over how many are in flight. */
export const benchPlot = (plan: BenchPlan, run: BenchRun): string => {
  const all = rowsOf(run, plan.partitions)
  const charts = Workload.flatMap((workload): ReadonlyArray<PlotChart> => {
    const rows = all.filter((row) => row.workload === workload)
    if (rows.length === 0) return []
    const names = armNames.filter((arm) => rows.some((row) => row.arm === arm))
    const common = { xLabel: "reservations in flight", x: plan.inFlight, xLog: true, yLog: true }
    const title = workloadText(workload, plan.skus)
    return [
      {
        ...common,
        title: `${title}: answers a second`,
        yLabel: "a second",
        lines: names.map((arm) => lineOf(rows, arm, plan.inFlight, (row) => row.perSecond.median)),
      },
      {
        ...common,
        title: `${title}: 99 of 100 answered within`,
        yLabel: "ms",
        lines: names.map((arm) => lineOf(rows, arm, plan.inFlight, (row) => row.p99Ms)),
      },
    ]
  })
  return plotSvg(`Holdfast beside its peers${run.isPartial ? " (partial)" : ""}; dashed: with an fsync before each answer`, charts)
}
