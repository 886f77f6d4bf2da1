/** The dashboards of deploy/grafana, as files: what a panel asks for exists, and nothing overlaps. That they are of Grafana's own type the compiler holds (tools/dashboards.ts). */
import { readdirSync, readFileSync } from "node:fs"
import { describe, expect, it } from "vitest"
import { dashboards } from "../../tools/dashboards.ts"
import { unknownLabels, unknownMetrics } from "./asked.ts"

interface FoundPanel {
  readonly title: string
  readonly type: string
  readonly targets?: ReadonlyArray<{ readonly expr: string }>
  readonly gridPos: { readonly x: number; readonly y: number; readonly w: number; readonly h: number }
}

const folder = new URL("../../deploy/grafana/", import.meta.url)
const files = readdirSync(folder)
const panelsOf = (text: string): ReadonlyArray<FoundPanel> => (JSON.parse(text) as { readonly panels: ReadonlyArray<FoundPanel> }).panels

/** What a dashboard's panels ask for that there isn't. */
const findings = (text: string): ReadonlyArray<string> =>
  panelsOf(text).flatMap(({ title, targets = [] }) =>
    targets.flatMap(({ expr }) => [...unknownMetrics(expr), ...unknownLabels(expr)].map((name) => `${title}: ${name}`)),
  )

describe("dashboards", () => {
  it.each(files)("%s asks only for metrics and labels that there are", (name) => {
    expect(findings(readFileSync(new URL(name, folder), "utf8"))).toEqual([])
  })

  it("are all written from their source, and show something", () => {
    expect(files.sort()).toEqual(Object.keys(dashboards).sort())
    for (const name of files) {
      const text = readFileSync(new URL(name, folder), "utf8")
      expect(JSON.parse(text)).toEqual(JSON.parse(JSON.stringify(dashboards[name])))
      expect(panelsOf(text).filter(({ type, targets = [] }) => type !== "row" && targets.length === 0)).toEqual([])
    }
  })

  it("have no panels that lie over each other", () => {
    for (const name of files) {
      const taken = new Set<string>()
      for (const { gridPos } of panelsOf(readFileSync(new URL(name, folder), "utf8")))
        for (let x = gridPos.x; x < gridPos.x + gridPos.w; x++)
          for (let y = gridPos.y; y < gridPos.y + gridPos.h; y++) {
            expect([name, x < 24, taken.has(`${x} ${y}`)]).toEqual([name, true, false])
            taken.add(`${x} ${y}`)
          }
    }
  })

  it("are flagged when a panel names a metric that doesn't exist, or a label that its metric doesn't have", () => {
    const planted = (expr: string) => JSON.stringify({ panels: [{ title: "Planted", type: "stat", targets: [{ expr }], gridPos: {} }] })
    expect(findings(planted("sum(holdfast_open_hold)"))).toEqual(["Planted: holdfast_open_hold"])
    expect(findings(planted('sum by (sku) (rate(holdfast_decisions_total{sku="A"}[1m]))'))).toEqual(["Planted: sku"])
  })
})
