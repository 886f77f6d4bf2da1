/**
 * Writes docs/METRICS.md from the catalogue of metrics: what each is called, counts and says, and how many values its labels can have.
 *
 * `node tools/metrics.ts` writes the file; with `--check` it writes nothing and fails if the file isn't what would be written.
 */
import { readFileSync, writeFileSync } from "node:fs"
import { fileURLToPath } from "node:url"
import { allMetrics, Exporter, type MetricSpec } from "../src/telemetry/catalogue.ts"

const head = `# Metrics

<!-- npm run generate writes this file from src/telemetry/catalogue.ts -->

Each process serves its metrics under \`/metrics\`, in Prometheus's text format, with those of Node beside them (event loop lag, memory, garbage collection, file descriptors). Durations are in seconds, sizes in bytes.
Every metric has a label \`worker\` beside those below: the process that tells it. The supervisor of \`serve --processes\` is such a process: what Node and \`holdfast_pause_seconds\` say under its name is of it and of no worker of its own, and no alert about a missing worker asks for what it tells. Whatever has a label \`partition\` has a label \`kind\`: of whose actors the partition is.

Every counter is there from the start, at 0, with every value that its labels may have; what counts by sender from when the process knows its senders. A gauge of a partition that another worker serves is absent, not 0: otherwise a sum or a maximum over
workers could hide a partition without an owner. What a rule or a dashboard asks for is listed here, or a check fails. Rules and alerts stand in [OPERATIONS](OPERATIONS.md#alerts), dashboards in \`deploy/grafana\`.
`

const cell = (text: string): string => text.replaceAll("|", "\\|")

const row = ({ name, type, unit, help, labels }: MetricSpec): string => {
  const names = Object.keys(labels).map((label) => `\`${label}\``)
  return `| \`${name}\` | ${type} | ${unit} | ${names.join(", ")}${names.length > 0 ? " " : ""}| ${cell(help)} |`
}

/** Metrics that the same processes tell, under their names. */
const sections = (): ReadonlyArray<string> => {
  const groups = new Map<string, Array<MetricSpec>>()
  for (const metric of allMetrics) {
    const who = metric.by.length === Exporter.length ? "every process" : metric.by.join(", ")
    groups.set(who, [...(groups.get(who) ?? []), metric])
  }
  return [...groups].map(([who, metrics]) =>
    [
      `## Told by: ${who}`,
      "",
      "| name | type | unit | labels | what it says |",
      "| --- | --- | --- | --- | --- |",
      ...metrics.map(row),
    ].join("\n"),
  )
}

/** What each label can be: the same words for all metrics that have it so. */
const labelSection = (): string => {
  const meanings = new Map<string, Array<string>>()
  for (const { name, labels } of allMetrics)
    for (const [label, bound] of Object.entries(labels)) {
      const key = `| \`${label}\` | ${cell(bound)} |`
      meanings.set(key, [...(meanings.get(key) ?? []), name])
    }
  const rows = [...meanings].map(
    ([key, names]) => `${key} ${names.length > 4 ? "wherever it isn't said otherwise" : names.map((name) => `\`${name}\``).join(", ")} |`,
  )
  return [
    "## Labels",
    "",
    "Each label has a bound: never a SKU, an id, or anything else that a sender chooses without end.",
    "",
    "| label | values | of |",
    "| --- | --- | --- |",
    ...rows,
  ].join("\n")
}

/** The whole file. */
export const metricsText = (): string => `${[head, ...sections().flatMap((section) => [section, ""]), labelSection()].join("\n")}\n`

const path = fileURLToPath(new URL("../docs/METRICS.md", import.meta.url))

if (import.meta.main) {
  const wrong = process.argv.slice(2).filter((arg) => arg !== "--check")
  if (wrong.length > 0) {
    console.error(
      "npm run generate writes docs/METRICS.md; node tools/metrics.ts --check says whether it is as it would be written. There is no other option",
    )
    process.exit(wrong.includes("--help") ? 0 : 2)
  }
  const text = metricsText()
  if (!process.argv.includes("--check")) writeFileSync(path, text)
  else if (readFileSync(path, "utf8") !== text) {
    console.error("docs/METRICS.md is stale: run npm run generate")
    process.exitCode = 1
  }
}
