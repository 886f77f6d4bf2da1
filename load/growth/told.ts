/**
 * A run of `npm run growth`, told: as tables for people, with what was asked for, and as charts. Pure.
 */
import { type Spread, spreadText } from "../stage/spread.ts"
import { type PlotChart, plotSvg } from "../stage/svg-plot.ts"
import { axes } from "./axes.ts"
import type { EnginePoint } from "./engine-process.ts"
import { type At, type BrokerPoint, type GrowthRun, leaseTtlMs, type Series } from "./run.ts"

/** Something that was asked for. */
export interface Asked {
  readonly what: string
  readonly found: string
  readonly isKept: boolean
}

const rateLeast = 0.9
const pauseMostMs = 20
const recoveryTimesMost = 10
const failoverTimesMost = 2

const count = (value: number): string => value.toLocaleString("en")
const megabytes = (bytes: number): string => (bytes / 1e6).toFixed(bytes < 1e7 ? 1 : 0)
const orDash = (value: number): string => (Number.isFinite(value) ? value.toFixed(1) : "-")

/** Below this, reading costs as little as connecting does, and a ratio says nothing. */
const readSecondsLeast = 0.1

/** CPU of recovering over that of reading. What the empty system of the series needed is no part of what a longer journal needs. */
const recoveryTimes = (one: BrokerPoint, empty: BrokerPoint | undefined): number => {
  const read = one.readCpuSeconds - (empty?.readCpuSeconds ?? 0)
  const recovery = one.recoveryCpuSeconds - (empty?.recoveryCpuSeconds ?? 0)
  return empty === undefined || read < readSecondsLeast ? Number.NaN : recovery / read
}

const firstOf = <Point>(all: ReadonlyArray<At<Point>>): Point | undefined => all[0]?.point

/** A table's titles, and its lines under them. */
type Table = ReadonlyArray<ReadonlyArray<string>>

const textTable = (rows: Table): string => {
  const widths = rows[0]?.map((_, at) => Math.max(...rows.map((row) => row[at]?.length ?? 0))) ?? []
  return rows.map((row) => `  ${row.map((cell, at) => cell.padStart(widths[at] ?? 0)).join("  ")}`).join("\n")
}

const markdownRow = (cells: ReadonlyArray<string>): string => `| ${cells.join(" | ")} |`

const markdownTable = ([titles = [], ...rows]: Table): string =>
  [markdownRow(titles), markdownRow(titles.map(() => "---:")), ...rows.map(markdownRow)].join("\n")

const engineTable = (all: ReadonlyArray<At<EnginePoint>>): Table => [
  [
    "",
    "rate, of the empty one's",
    "CPU µs each",
    "MB held",
    "longest step ms",
    "recovering",
    "collector ms",
    "journal MB",
    "replay s",
    "× parsing",
    "load s",
  ],
  ...all.map(({ value, point }) => [
    count(value),
    spreadText(point.rate),
    point.microsPerCommand.toFixed(1),
    megabytes(point.heapBytes),
    point.longestStepMs.toFixed(1),
    point.longestRecoveryStepMs.toFixed(1),
    point.longestCollectionMs.toFixed(0),
    megabytes(point.journalBytes),
    point.replaySeconds.toFixed(2),
    (point.replaySeconds / point.parseSeconds).toFixed(1),
    point.loadSeconds.toFixed(2),
  ]),
]

const brokerTable = (all: ReadonlyArray<At<BrokerPoint>>): Table => [
  [
    "",
    "rate, of the empty one's",
    "a second",
    "p99 ms",
    "MB of a worker",
    "journal MB",
    "read s",
    "ready s",
    "CPU s",
    "× reading's CPU",
    "owner killed: longest wait ms",
  ],
  ...all.map(({ value, point }) => [
    count(value),
    spreadText(point.rate),
    count(Math.round(point.perSecond.median)),
    point.p99Ms.median.toFixed(0),
    megabytes(point.residentBytes),
    megabytes(point.journalBytes),
    (point.readMs / 1_000).toFixed(2),
    (point.recoveryMs / 1_000).toFixed(1),
    point.recoveryCpuSeconds.toFixed(1),
    orDash(recoveryTimes(point, firstOf(all))),
    point.pausesMs.length === 0 ? "-" : point.pausesMs.map((ms) => ms.toFixed(0)).join(", "),
  ]),
]

/** Where a series was measured, in words, and its table there. */
const tablesOf = ({ engine, broker }: Series): ReadonlyArray<{ readonly where: string; readonly rows: Table }> => [
  ...(engine.length === 0 ? [] : [{ where: "one engine in one process, no broker; CPU of its thread", rows: engineTable(engine) }]),
  ...(broker.length === 0 ? [] : [{ where: "a nats-server, two workers, 1,000 reservations in flight", rows: brokerTable(broker) }]),
]

const seriesText = (series: Series): string =>
  [axes[series.axis].title, ...tablesOf(series).flatMap(({ where, rows }) => [`  ${where}`, textTable(rows)])].join("\n")

const seriesMarkdown = (series: Series): string =>
  [`### ${axes[series.axis].title}`, ...tablesOf(series).flatMap(({ where, rows }) => [`${where}:`, markdownTable(rows)])].join("\n\n")

const asked = (what: string, found: string, isKept: boolean): Asked => ({ what, found, isKept })

const rateAsked = (axis: Series["axis"], where: string, value: number, rate: Spread): Asked =>
  asked(
    `${count(value)} ${axes[axis].title}, ${where}: at least ${rateLeast} of the empty system`,
    spreadText(rate),
    rate.median >= rateLeast,
  )

const engineAsked = ({ axis, engine }: Series): ReadonlyArray<Asked> => {
  const last = engine.at(-1)
  if (last === undefined || engine.length < 2) return []
  const longestMs = Math.max(...engine.map(({ point }) => Math.max(point.longestStepMs, point.longestRecoveryStepMs)))
  const collectorMs = Math.max(...engine.map(({ point }) => point.longestCollectionMs))
  return [
    rateAsked(axis, "one engine", last.value, last.point.rate),
    asked(
      `up to ${count(last.value)} ${axes[axis].title}: no step longer than ${pauseMostMs} ms`,
      `${longestMs.toFixed(1)} ms`,
      longestMs <= pauseMostMs,
    ),
    asked(
      `up to ${count(last.value)} ${axes[axis].title}: no collection longer than ${pauseMostMs} ms`,
      `${collectorMs.toFixed(0)} ms by the clock`,
      collectorMs <= pauseMostMs,
    ),
  ]
}

const brokerAsked = ({ axis, broker }: Series): ReadonlyArray<Asked> => {
  const last = broker.at(-1)
  if (last === undefined || broker.length < 2) return []
  const times = recoveryTimes(last.point, firstOf(broker))
  const pauses = broker.flatMap(({ point }) => point.pausesMs)
  const longest = Math.max(...pauses)
  return [
    rateAsked(axis, "over a broker", last.value, last.point.rate),
    ...(axis === "partitions" || !Number.isFinite(times)
      ? []
      : [
          asked(
            `${count(last.value)} ${axes[axis].title}: recovery takes at most ${recoveryTimesMost} × reading the same bytes, of CPU`,
            times.toFixed(1),
            times <= recoveryTimesMost,
          ),
        ]),
    ...(pauses.length === 0
      ? []
      : [
          asked(
            `${axes[axis].title}: of ${pauses.length} killed owners the longest wait is at most ${failoverTimesMost} × a lease of ${leaseTtlMs} ms`,
            `${(longest / leaseTtlMs).toFixed(2)} ×`,
            longest <= failoverTimesMost * leaseTtlMs,
          ),
        ]),
  ]
}

/** All that was asked for, as far as it was measured. */
export const askedOf = ({ series }: GrowthRun): ReadonlyArray<Asked> => series.flatMap((one) => [...engineAsked(one), ...brokerAsked(one)])

const partial = "PARTIAL: ended by a signal before all was measured"

const isMeasured = ({ engine, broker }: Series): boolean => engine.length + broker.length > 0

const failedText = ({ failed }: GrowthRun): string => failed.map(({ what, why }) => `FAILED  ${what}: ${why}`).join("\n")

/** Tables and what was asked for. */
export const growthText = (run: GrowthRun): string =>
  [
    ...(run.isPartial ? [partial] : []),
    ...run.series.filter(isMeasured).map(seriesText),
    failedText(run),
    askedOf(run)
      .map(({ what, found, isKept }) => `${isKept ? "reached    " : "NOT REACHED"}  ${what}: ${found}`)
      .join("\n"),
  ]
    .filter((part) => part !== "")
    .join("\n\n")

/** The same as Markdown, for a document. */
export const growthMarkdown = (run: GrowthRun): string =>
  [
    ...(run.isPartial ? [partial] : []),
    ...run.series.filter(isMeasured).map(seriesMarkdown),
    failedText(run),
    askedOf(run)
      .map(({ what, found, isKept }) => `- ${isKept ? "reached" : "**not reached**"}: ${what}: ${found}`)
      .join("\n"),
  ]
    .filter((part) => part !== "")
    .join("\n\n")

interface Figure {
  readonly title: string
  readonly yLabel: string
  readonly engine?: (point: EnginePoint) => number
  readonly broker?: (point: BrokerPoint) => number
}

const figures: ReadonlyArray<Figure> = [
  { title: "decisions a second, of the empty system's", yLabel: "×", engine: ({ rate }) => rate.median, broker: ({ rate }) => rate.median },
  { title: "memory", yLabel: "MB", engine: ({ heapBytes }) => heapBytes / 1e6, broker: ({ residentBytes }) => residentBytes / 1e6 },
  {
    title: "recovery, seconds of CPU",
    yLabel: "s",
    engine: ({ replaySeconds }) => replaySeconds,
    broker: ({ recoveryCpuSeconds }) => recoveryCpuSeconds,
  },
  { title: "longest wait when an owner is killed", yLabel: "s", broker: ({ pausesMs }) => Math.max(...pausesMs) / 1_000 },
]

const chartOf = ({ axis, engine, broker }: Series, { title, yLabel, engine: ofEngine, broker: ofBroker }: Figure): PlotChart | null => {
  const x = [...new Set([...engine, ...broker].map(({ value }) => value))].sort((a, b) => a - b)
  const line = <Point>(label: string, all: ReadonlyArray<At<Point>>, of: ((point: Point) => number) | undefined) =>
    of === undefined || all.length === 0
      ? []
      : [{ label, values: x.map((at) => all.filter(({ value }) => value === at).map(({ point }) => of(point))[0] ?? null) }]
  const lines = [...line("one engine", engine, ofEngine), ...line("over a broker, two workers", broker, ofBroker)]
  if (lines.length === 0) return null
  return { title: `${axes[axis].title}: ${title}`, xLabel: axis, yLabel, x, xLog: true, yLog: false, lines }
}

/** A chart of each figure for each series. */
export const growthPlot = (run: GrowthRun): string =>
  plotSvg(
    `How Holdfast grows${run.isPartial ? " (partial)" : ""}`,
    run.series.flatMap((one) => figures.flatMap((figure) => chartOf(one, figure) ?? [])),
  )
