/** Pages of several processes as one. */
import { Counter, Gauge, Histogram, Registry } from "prom-client"
import { describe, expect, it } from "vitest"
import { mergedPage } from "../../src/telemetry/merged-page.ts"

const pageOf = async (worker: string, decided: number): Promise<string> => {
  const registry = new Registry()
  registry.setDefaultLabels({ worker })
  const registers = [registry]
  new Counter({ name: "decided_total", help: 'with "quotes", and # HELP in it', registers }).inc(decided)
  new Gauge({ name: `only_${worker}`, help: "here alone", registers }).set(1)
  new Histogram({ name: "took_seconds", help: "took", buckets: [1, 2], registers }).observe(decided)
  return registry.metrics()
}

/** What a page says, series by series. */
const seriesOf = (page: string) => page.split("\n").filter((line) => line !== "" && !line.startsWith("#"))

describe("a merged page", () => {
  it("says each metric once, and every value of every page", async () => {
    const pages = [await pageOf("a", 1), await pageOf("b", 2), await pageOf("c", 3)]
    const merged = mergedPage(pages)
    expect(seriesOf(merged).sort()).toEqual(pages.flatMap(seriesOf).sort())
    const types = merged.split("\n").filter((line) => line.startsWith("# TYPE "))
    expect(new Set(types).size).toBe(types.length)
    expect(types).toHaveLength(5)
    // A metric's lines stand together, as the format wants it.
    const names = seriesOf(merged).map((line) => line.replace(/(?:_bucket|_sum|_count)?[{ ].*/, ""))
    expect(names.filter((name, at) => name !== names[at - 1])).toHaveLength(5)
  })

  it("is a page as it was where there is one, and nothing of none", async () => {
    const page = await pageOf("a", 1)
    expect(seriesOf(mergedPage([page]))).toEqual(seriesOf(page))
    expect(mergedPage([])).toBe("")
  })
})
