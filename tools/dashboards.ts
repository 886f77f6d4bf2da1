/**
 * Writes the dashboards of deploy/grafana. Each is a value of Grafana's own type (package @grafana/schema), so the compiler holds it to the schema that Grafana publishes; each metric is one of the catalogue's, so the
 * compiler holds that too, and a test holds the files themselves.
 *
 * `node tools/dashboards.ts` writes the files; with `--check` it writes nothing and fails if a file isn't what would be written.
 */
import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs"
import { fileURLToPath } from "node:url"
import {
  type Dashboard,
  DashboardCursorSync,
  type DataQuery,
  FieldColorModeId,
  GraphDrawStyle,
  LegendDisplayMode,
  type Panel,
  type RowPanel,
  StackingMode,
  ThresholdsMode,
  TooltipDisplayMode,
  type VariableModel,
  VariableRefresh,
} from "@grafana/schema"
import { metricName as m } from "../src/telemetry/catalogue.ts"

/** A query to Prometheus: the package knows what all queries have. */
interface PrometheusQuery extends DataQuery {
  readonly expr: string
  readonly legendFormat?: string
  readonly instant?: boolean
  readonly range?: boolean
}

/** What a panel's values are counted in, as Grafana calls it. */
type Unit = "short" | "s" | "bytes" | "ops" | "percentunit" | "none"
/** An expression, and what its lines are called. */
type Asked = readonly [expr: string, legend: string]

const source = { type: "prometheus", uid: "$source" } as const
const picked = `kind=~"$kind"`

const targets = (asked: ReadonlyArray<Asked>, instant: boolean): Array<Record<string, unknown>> =>
  asked.map(([expr, legendFormat], at): PrometheusQuery & Record<string, unknown> => ({
    refId: String.fromCharCode(65 + at),
    datasource: source,
    expr,
    legendFormat,
    instant,
    range: !instant,
  }))

/** Values over time. */
const series = (title: string, description: string, unit: Unit, asked: ReadonlyArray<Asked>, stacked = false): Panel => ({
  type: "timeseries",
  title,
  description,
  datasource: source,
  targets: targets(asked, false),
  fieldConfig: {
    defaults: {
      unit,
      min: 0,
      color: { mode: FieldColorModeId.PaletteClassic },
      custom: {
        drawStyle: GraphDrawStyle.Line,
        fillOpacity: stacked ? 40 : 8,
        lineWidth: 1,
        showPoints: "never",
        stacking: { mode: stacked ? StackingMode.Normal : StackingMode.None, group: "A" },
      },
    },
    overrides: [],
  },
  options: {
    legend: { displayMode: LegendDisplayMode.List, placement: "bottom", showLegend: true, calcs: [] },
    tooltip: { mode: TooltipDisplayMode.Multi, sort: "desc" },
  },
})

/** One number now: red from `redFrom` on. */
const number = (title: string, description: string, unit: Unit, expr: string, redFrom: number | null): Panel => ({
  type: "stat",
  title,
  description,
  datasource: source,
  targets: targets([[expr, ""]], true),
  fieldConfig: {
    defaults: {
      unit,
      noValue: "–",
      color: { mode: FieldColorModeId.Thresholds },
      thresholds: {
        mode: ThresholdsMode.Absolute,
        steps: [{ color: "green", value: null }, ...(redFrom === null ? [] : [{ color: "red", value: redFrom }])],
      },
    },
    overrides: [],
  },
  options: { reduceOptions: { calcs: ["lastNotNull"], fields: "", values: false }, colorMode: "background", graphMode: "none" },
})

/** Panels under one heading, in a grid of 24 columns. */
interface Section {
  readonly title: string
  readonly panels: ReadonlyArray<Panel>
}

const placed = (sections: ReadonlyArray<Section>): Array<Panel | RowPanel> => {
  const found: Array<Panel | RowPanel> = []
  let [y, id] = [0, 1]
  for (const { title, panels } of sections) {
    found.push({ type: "row", title, collapsed: false, id: id++, gridPos: { x: 0, y, w: 24, h: 1 }, panels: [] })
    y++
    let x = 0
    let tallest = 0
    for (const panel of panels) {
      const [w, h] = panel.type === "stat" ? [4, 4] : [8, 8]
      if (x + w > 24) {
        x = 0
        y += tallest
        tallest = 0
      }
      found.push({ ...panel, id: id++, gridPos: { x, y, w, h } })
      x += w
      tallest = Math.max(tallest, h)
    }
    y += tallest
  }
  return found
}

const variables: Array<VariableModel> = [
  { name: "source", label: "Prometheus", type: "datasource", query: "prometheus", refresh: VariableRefresh.onDashboardLoad },
  {
    name: "kind",
    label: "Kind",
    type: "query",
    datasource: source,
    query: `label_values(${m.owned}, kind)`,
    refresh: VariableRefresh.onTimeRangeChanged,
    multi: true,
    includeAll: true,
    allValue: ".+",
    current: { text: "All", value: "$__all" },
  },
]

const dashboard = (uid: string, title: string, description: string, sections: ReadonlyArray<Section>): Dashboard => ({
  uid,
  title,
  description,
  tags: ["holdfast"],
  schemaVersion: 42,
  editable: true,
  graphTooltip: DashboardCursorSync.Crosshair,
  refresh: "10s",
  timezone: "browser",
  time: { from: "now-1h", to: "now" },
  templating: { list: variables },
  panels: placed(sections),
})

const rate = (metric: string, by: string, where = ""): string => `sum by (${by}) (rate(${metric}${where}[$__rate_interval]))`
const most = (metric: string, by: string, where = `{${picked}}`): string => `max by (${by}) (${metric}${where})`
const quantile = (q: number, metric: string, by: string): string =>
  `histogram_quantile(${q}, sum by (${by === "" ? "le" : `${by}, le`}) (rate(${metric}_bucket[$__rate_interval])))`
const perPartition = "kind, partition"
const named = "{{kind}} {{partition}}"

const health: Section = {
  title: "Now",
  panels: [
    number(
      "Alerts that fire",
      "Alerts of deploy/prometheus.",
      "none",
      `count(ALERTS{alertname=~"Holdfast.*", alertstate="firing"}) or vector(0)`,
      1,
    ),
    number("Longest unserved", "For how long the partition that waits longest has had no owner.", "s", `max(${m.unserved}{${picked}})`, 1),
    number("Halted", "Partitions that an operator has to look at.", "none", `sum(${most(m.halted, perPartition)})`, 1),
    number("Oldest waiting", "The age of the oldest command that is not decided.", "s", `max(${m.lagOldestSeconds}{${picked}})`, 5),
    number("In quarantine", "Commands that wait for a person.", "none", `sum(${most(m.quarantined, perPartition)})`, 1),
    number("Decided a second", "Commands, repeated ones included.", "ops", `sum(rate(${m.decisions}[1m]))`, null),
  ],
}

const waiting: Section = {
  title: "What waits",
  panels: [
    series("Messages that wait", "Stored and not decided, by partition.", "short", [[most(m.lagMessages, perPartition), named]]),
    series("Age of the oldest", "Wherever it waits.", "s", [[most(m.lagOldestSeconds, perPartition), named]]),
    series("Without an owner", "As the process that knows most sees it.", "s", [[most(m.unserved, perPartition), named]]),
    series("Partitions by owner", "A step is a takeover.", "none", [[`sum by (worker) (${m.owned}{${picked}})`, "{{worker}}"]], true),
    series("In the doors", "Messages that wait in ingresses.", "short", [[`sum by (what) (${m.ingressWaiting}{${picked}})`, "{{what}}"]]),
    series("Not said yet", "Records that are confirmed and whose replies or feed are on their way.", "short", [
      [most(m.unsaidRecords, perPartition), named],
    ]),
  ],
}

const decided: Section = {
  title: "What is decided",
  panels: [
    series("Decisions", "By outcome.", "ops", [[rate(m.decisions, "outcome"), "{{outcome}}"]], true),
    series("To the reply", "From publishing, by the broker's clock.", "s", [
      [quantile(0.5, m.replySeconds, "sender"), "{{sender}} half"],
      [quantile(0.99, m.replySeconds, "sender"), "{{sender}} 99 %"],
    ]),
    series("Appends", "From handing a record over to knowing that it is stored.", "s", [
      [quantile(0.5, m.appendSeconds, ""), "half"],
      [quantile(0.99, m.appendSeconds, ""), "99 %"],
    ]),
    series("Commands in a record", "The mean: it grows when appends are slow.", "short", [
      [`sum(rate(${m.batchCommands}_sum[$__rate_interval])) / sum(rate(${m.batchCommands}_count[$__rate_interval]))`, "mean"],
    ]),
    series("Unknown and fenced appends", "Answers that said nothing, and owners that were none any more.", "ops", [
      [rate(m.appendsUnknown, perPartition, `{${picked}}`), `${named} unknown`],
      [rate(m.fencedAppends, perPartition, `{${picked}}`), `${named} fenced`],
    ]),
    series("Alarms", "By kind.", "ops", [[rate(m.alarms, "alarm"), "{{alarm}}"]]),
  ],
}

const life: Section = {
  title: "Owners and their state",
  panels: [
    series("Takeovers, step-downs and halts", "", "ops", [
      [`sum(rate(${m.takeovers}{${picked}}[$__rate_interval]))`, "takeovers"],
      [rate(m.stepDowns, "reason, state", `{${picked}}`), "{{reason}}, {{state}}"],
      [rate(m.halts, "reason", `{${picked}}`), "halted: {{reason}}"],
    ]),
    series("Behind the newest snapshot", "Commands that a worker which begins with it has to replay.", "short", [
      [most(m.snapshotCommands, perPartition), named],
    ]),
    series("Age of the newest snapshot", "", "s", [[most(m.snapshotAge, perPartition), named]]),
    series("Fullest memory of any sender", "At 100 % it has to wait.", "percentunit", [[most(m.memoryRatio, perPartition), named]]),
    series("Clock against the broker's", "Nothing depends on it.", "s", [[`max by (worker) (abs(${m.clockOffset}))`, "{{worker}}"]]),
    series("Pauses", "Times a process stood still for a tenth of a second or more.", "ops", [
      [rate(`${m.pauseSeconds}_count`, "worker"), "{{worker}}"],
    ]),
  ],
}

const doors: Section = {
  title: "Doors",
  panels: [
    series("Taken", "Messages, by sender.", "ops", [[rate(m.ingressTaken, "sender"), "{{sender}}"]]),
    series("Busy, not stored", "By reason.", "ops", [
      [rate(m.ingressBusy, "sender, reason"), "{{sender}} busy: {{reason}}"],
      [rate(m.ingressNotStored, "sender, reason"), "{{sender}} not stored: {{reason}}"],
    ]),
    series("Doors closed", "A sender over its bound.", "ops", [[rate(m.ingressDoorsClosed, "sender, reason"), "{{sender}}: {{reason}}"]]),
  ],
}

const room: Section = {
  title: "Journals, archive, projection",
  panels: [
    series("Journals", "On one server.", "bytes", [[most(m.journalBytes, perPartition), named]], true),
    series("Not archived", "Records.", "short", [
      [`${most(m.journalLastRecord, perPartition)} - ${most(m.archivedRecord, perPartition)}`, named],
    ]),
    series("Postgres behind the journals", "", "s", [[most(m.projectionLagSeconds, perPartition), named]]),
    series("Between partitions: under way", "Commands of actors to others.", "short", [[most(m.underWay, perPartition), named]]),
    series("Between partitions: oldest", "", "s", [[most(m.underWayOldestSeconds, perPartition), named]]),
    series("Between partitions: asked again", "", "ops", [[rate(m.carried, "attempt", `{${picked}}`), "{{attempt}}"]]),
  ],
}

const processes: Section = {
  title: "Processes",
  panels: [
    series("Processor", "", "percentunit", [["rate(process_cpu_seconds_total[$__rate_interval])", "{{worker}}"]]),
    series("Memory", "", "bytes", [["process_resident_memory_bytes", "{{worker}}"]]),
    series("Event loop lag", "The slowest hundredth.", "s", [["nodejs_eventloop_lag_p99_seconds", "{{worker}}"]]),
  ],
}

const sales: Section = {
  title: "Sales",
  panels: [
    number(
      "Reserved a second",
      "Commands Reserve that were accepted, lines of orders included.",
      "ops",
      `sum(rate(${m.commands}{type="Reserve", outcome="accepted"}[5m]))`,
      null,
    ),
    number(
      "Refused for want of stock",
      "Share of Reserve commands, in five minutes.",
      "percentunit",
      `sum(rate(${m.refusals}{reason="InsufficientStock"}[5m])) / sum(rate(${m.commands}{type="Reserve"}[5m]))`,
      null,
    ),
    number("Open holds", "", "none", `sum(${m.openHolds}{kind="sku"})`, null),
    number("Open orders", "", "none", `sum(${m.openOrders})`, null),
    number("Units short", "Sold without asking, and not there.", "none", `sum(${m.shortUnits})`, 1),
    number(
      "Duplicates answered",
      "Commands that were asked again, a second.",
      "ops",
      `sum(rate(${m.decisions}{outcome="repeated"}[5m]))`,
      null,
    ),
    series("Commands that were accepted", "By type.", "ops", [[rate(m.commands, "type", `{outcome="accepted"}`), "{{type}}"]], true),
    series("Refusals", "By reason.", "ops", [[rate(m.refusals, "reason"), "{{reason}}"]], true),
    series("Answers, by channel", "Counted as they are said.", "ops", [[rate(`${m.replySeconds}_count`, "sender"), "{{sender}}"]]),
  ],
}

const cancellations: Section = {
  title: "Cancellations",
  panels: [
    series("Orders that ended", "By how.", "ops", [[rate(m.ordersEnded, "ending"), "{{ending}}"]], true),
    series("Given back", "Cancelled orders, released reservations, and holds that nobody paid for.", "ops", [
      [`sum(rate(${m.commands}{type="CancelOrder", outcome="accepted"}[$__rate_interval]))`, "orders cancelled"],
      [`sum(rate(${m.commands}{type="Release", outcome="accepted"}[$__rate_interval]))`, "reservations released"],
      [`sum(rate(${m.holdsExpired}[$__rate_interval]))`, "holds expired"],
    ]),
    series("Cancelled, of those that ended", "Share of orders.", "percentunit", [
      [`sum(rate(${m.ordersEnded}{ending="cancelled"}[15m])) / sum(rate(${m.ordersEnded}[15m]))`, "cancelled"],
      [`sum(rate(${m.ordersEnded}{ending="refused"}[15m])) / sum(rate(${m.ordersEnded}[15m]))`, "refused"],
    ]),
    series("Oldest hold", "How long it has been open, as the tables know.", "s", [[`max(${m.projectionOldestHold})`, "oldest"]]),
  ],
}

const shortages: Section = {
  title: "Shortages",
  panels: [
    series("Units short", "By partition.", "short", [[most(m.shortUnits, "partition", ""), "{{partition}}"]], true),
    series("SKUs short", "", "short", [[`sum(${m.shortSkus})`, "SKUs"]]),
    series("Shortages and discrepancies", "Facts that did not fit what was believed.", "ops", [
      [rate(m.alarms, "alarm", `{alarm=~"Shortage|Discrepancy|Quarantined"}`), "{{alarm}}"],
    ]),
  ],
}

const sync: Section = {
  title: "Sync",
  panels: [
    series("To the feed, the slowest hundredth", "From publishing to when the feed has a channel's new ATS.", "s", [
      [quantile(0.99, m.feedSeconds, "channel"), "{{channel}}"],
    ]),
    series("To the feed by location, the slowest hundredth", "By the location that the command was about.", "s", [
      [quantile(0.99, m.feedSeconds, "location"), "{{location}}"],
    ]),
    series("Staleness", "How long the feed has not had the oldest value of a channel.", "s", [
      [most(m.feedStaleness, "channel", ""), "{{channel}}"],
    ]),
    series("Values in the feed", "", "ops", [[`sum(rate(${m.feedSent}[$__rate_interval]))`, "values"]]),
    series("Repairs", "Older values that landed after newer ones.", "ops", [
      [rate(m.alarms, "partition", `{alarm="FeedRepaired"}`), "{{partition}}"],
    ]),
    series("Postgres behind the journals", "What pages and queries show.", "s", [
      [`max by (kind) (${m.projectionLagSeconds})`, "{{kind}}"],
    ]),
  ],
}

/** The dashboards, by the file's name. */
export const dashboards: Readonly<Record<string, Dashboard>> = {
  "holdfast-operations.json": dashboard(
    "holdfast-operations",
    "Holdfast: operations",
    "Owners, what waits, how long decisions take, and what they stand on.",
    [health, waiting, decided, life, doors, room, processes],
  ),
  "holdfast-business.json": dashboard(
    "holdfast-business",
    "Holdfast: sales and stock",
    "What is sold, cancelled and short, and how soon channels know.",
    [sales, cancellations, shortages, sync],
  ),
}

const folder = fileURLToPath(new URL("../deploy/grafana/", import.meta.url))

if (import.meta.main) {
  const wrong = process.argv.slice(2).filter((arg) => arg !== "--check")
  if (wrong.length > 0) {
    console.error(
      "npm run generate writes deploy/grafana; node tools/dashboards.ts --check says whether it is as it would be written. There is no other option",
    )
    process.exit(wrong.includes("--help") ? 0 : 2)
  }
  const isCheck = process.argv.includes("--check")
  if (!isCheck) mkdirSync(folder, { recursive: true })
  for (const [name, value] of Object.entries(dashboards)) {
    const text = `${JSON.stringify(value, null, 2)}\n`
    if (!isCheck) writeFileSync(`${folder}${name}`, text)
    else if (!existsSync(`${folder}${name}`) || readFileSync(`${folder}${name}`, "utf8") !== text) {
      console.error(`deploy/grafana/${name} is stale: run npm run generate`)
      process.exitCode = 1
    }
  }
}
