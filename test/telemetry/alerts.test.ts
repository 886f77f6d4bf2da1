/** The alerts of deploy/prometheus ask for metrics that there are, and are what docs/OPERATIONS.md lists. promtool tries what they fire on: `npm run alerts`. */
import { readFileSync } from "node:fs"
import { describe, expect, it } from "vitest"
import { AlarmKind } from "../../src/engine/protocol.ts"
import { WatchAlarmKind } from "../../src/ports/meter.ts"
import { metricName } from "../../src/telemetry/catalogue.ts"

const read = (path: string): string => readFileSync(new URL(`../../${path}`, import.meta.url), "utf8")
const rules = read("deploy/prometheus/holdfast.rules.yml")
const tried = read("deploy/prometheus/holdfast.rules.test.yml")
const alerts = [...rules.matchAll(/alert: (\w+)/g)].map(([, name]) => name ?? "")

describe("alerts", () => {
  it("ask only for metrics and kinds that there are", () => {
    const known = new Set<string>(Object.values(metricName))
    for (const [name] of `${rules}${tried}`.matchAll(/holdfast_\w+/g)) expect(known).toContain(name)
    const kinds = new Set<string>([...AlarmKind, ...WatchAlarmKind])
    for (const [, list] of rules.matchAll(/kind=~"([^"]+)"/g)) for (const kind of list?.split("|") ?? []) expect(kinds).toContain(kind)
  })

  it("are listed in the manual, each of them and no other", () => {
    const section = read("docs/OPERATIONS.md").split("## Alerts")[1]?.split("\n## ")[0] ?? ""
    expect([...section.matchAll(/^\| (Holdfast\w+) \|/gm)].map(([, name]) => name).sort()).toEqual([...alerts].sort())
  })
})
