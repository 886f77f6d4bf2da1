/** The alerts of deploy/prometheus ask for metrics that there are, and each has a runbook, a severity and a case of its own. promtool tries what they fire on: `npm run alerts`. */
import { readFileSync } from "node:fs"
import { describe, expect, it } from "vitest"
import { AlarmKind } from "../../src/engine/protocol.ts"
import { WatchAlarmKind } from "../../src/ports/meter.ts"
import { unknownMetrics } from "./asked.ts"

const read = (path: string): string => readFileSync(new URL(`../../${path}`, import.meta.url), "utf8")
const rules = read("deploy/prometheus/holdfast.rules.yml")
const tried = read("deploy/prometheus/holdfast.rules.test.yml") + read("deploy/prometheus/holdfast.days.rules.test.yml")
const manual = read("docs/OPERATIONS.md")

interface Alert {
  readonly name: string
  readonly severity: string
  readonly runbook: string
}

const alerts: ReadonlyArray<Alert> = rules
  .split("- alert: ")
  .slice(1)
  .map((text) => ({
    name: /^\w+/.exec(text)?.[0] ?? "",
    severity: /severity: (\w+)/.exec(text)?.[1] ?? "",
    runbook: /runbook: "docs\/OPERATIONS\.md#([\w-]+)"/.exec(text)?.[1] ?? "",
  }))

/** The names under which the headings of the manual can be linked to. */
const anchors = new Set(
  [...manual.matchAll(/^#+ (.+)$/gm)].map(([, title = ""]) =>
    title
      .toLowerCase()
      .replace(/[^\w\- ]/g, "")
      .replaceAll(" ", "-"),
  ),
)

describe("alerts", () => {
  it("ask only for metrics and kinds that there are", () => {
    expect(unknownMetrics(rules + tried)).toEqual([])
    const kinds = new Set<string>([...AlarmKind, ...WatchAlarmKind])
    const lists = [...rules.matchAll(/alarm=~"([^"]+)"/g)].flatMap(([, list]) => list?.split("|") ?? [])
    expect(lists.filter((kind) => !kinds.has(kind))).toEqual([])
    expect(lists.length).toBeGreaterThan(0)
  })

  it("have a severity, a runbook in the manual, and a case that promtool tries", () => {
    expect(alerts.length).toBeGreaterThan(20)
    for (const { name, severity, runbook } of alerts) {
      expect([name, ["page", "ticket"].includes(severity)]).toEqual([name, true])
      expect([name, runbook, anchors.has(runbook)]).toEqual([name, runbook, true])
      expect([name, new RegExp(`alertname: ${name}\\n +exp_alerts:\\n? `).test(tried)]).toEqual([name, true])
    }
  })

  it("are listed in the manual with their severity and their runbook, each of them and no other", () => {
    const section = manual.split("\n## Alerts\n")[1]?.split("\n## ")[0] ?? ""
    const listed = [...section.matchAll(/^\| (Holdfast\w+) \| (\w+) \|.*\]\(#([\w-]+)\) \|$/gm)].map(([, name, severity, runbook]) => ({
      name,
      severity,
      runbook,
    }))
    expect(listed).toEqual(alerts)
  })
})

describe("a metric that does not exist", () => {
  it("is found in a rule, by its own name or as a part of a histogram that is none", () => {
    expect(unknownMetrics('rate(holdfast_gone_total[1m]) + holdfast_append_seconds_bucket{le="1"}')).toEqual(["holdfast_gone_total"])
    expect(unknownMetrics("holdfast_open_holds_bucket")).toEqual(["holdfast_open_holds_bucket"])
    expect(unknownMetrics("kind_partition:holdfast_quarantined:max")).toEqual([])
  })
})
