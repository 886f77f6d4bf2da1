import { Registry } from "prom-client"
import { describe, expect, it } from "vitest"
import { ProjectorNews } from "../../src/cli/projector-pages.ts"
import type { Projected } from "../../src/projection/project.ts"
import { makeProjectionMetrics } from "../../src/telemetry/projection.ts"

const counts = { sku: 1, order: 1 }
const none = { conflict: 0, away: 0, other: 0 }
const told = (more: Partial<Projected> = {}): Projected => ({
  kind: "sku",
  partition: 0,
  seq: 10,
  endSeq: 10,
  atMs: 1_000,
  entries: 0,
  waitsFor: null,
  failures: none,
  ...more,
})

const begun = () => {
  const registry = new Registry()
  const news = new ProjectorNews(makeProjectionMetrics(registry, counts))
  const seriesValue = async (name: string, labels: object) => {
    const metric = (await registry.getMetricsAsJSON()).find((one) => one.name === name)
    return metric?.values.find((one) => Object.entries(labels).every(([label, value]) => String(one.labels[label]) === value))?.value
  }
  const lag = async () => [
    await seriesValue("holdfast_projection_lag_records", { kind: "sku" }),
    await seriesValue("holdfast_projection_lag_seconds", { kind: "sku" }),
  ]
  return { news, seriesValue, lag }
}

describe("what a projector tells of itself", () => {
  it("is not behind where it has all, however old that is", async () => {
    const { news, lag } = begun()
    news.hear(told(), 900_000)
    expect(await lag()).toEqual([0, 0])
  })

  it("is behind by the records it hasn't, and by the age of the last that it has", async () => {
    const { news, lag } = begun()
    news.hear(told({ endSeq: 25 }), 4_000)
    expect(await lag()).toEqual([15, 3])
    news.hear(told({ seq: 25, endSeq: 25 }), 5_000)
    expect(await lag()).toEqual([0, 0])
  })

  it("is behind for as long as the database is away, though nobody reads the journal's end, and says what it waits for", async () => {
    const { news, lag, seriesValue } = begun()
    news.hear(told(), 1_000)
    news.hear(told({ kind: "order" }), 1_000)
    expect(news.readiness(counts)).toEqual({ ready: true, journals: 2, waiting: [] })
    news.hear(told({ waitsFor: "Postgres is away", failures: { ...none, away: 1 } }), 2_000)
    news.hear(told({ waitsFor: "Postgres is away", failures: { ...none, away: 3 } }), 9_000)
    news.look(12_000)
    expect(await lag()).toEqual([0, 10])
    expect(await seriesValue("holdfast_projection_failures_total", { reason: "away" })).toBe(3)
    expect(news.readiness(counts)).toMatchObject({ ready: false, waiting: [{ kind: "sku", partition: 0, waitsFor: "Postgres is away" }] })
    news.hear(told({ seq: 12, endSeq: 12 }), 13_000)
    expect(await lag()).toEqual([0, 0])
    expect(news.readiness(counts)).toMatchObject({ ready: true })
  })

  it("counts the records that it wrote, and not those that were there when it began", async () => {
    const { news, seriesValue } = begun()
    news.hear(told({ seq: 0, endSeq: 500 }), 1_000)
    news.hear(told({ seq: 500, endSeq: 500 }), 1_000)
    expect(await seriesValue("holdfast_projection_records_total", { kind: "sku" })).toBe(0)
    news.hear(told({ seq: 504, endSeq: 504 }), 1_000)
    expect(await seriesValue("holdfast_projection_records_total", { kind: "sku" })).toBe(4)
    expect(await seriesValue("holdfast_projection_records_total", { kind: "order" })).toBe(0)
    news.hear(told({ kind: "order", seq: 0, endSeq: 7 }), 1_000)
    news.hear(told({ kind: "order", seq: 7, endSeq: 7, entries: 12 }), 1_000)
    expect(await seriesValue("holdfast_projection_records_total", { kind: "order" })).toBe(7)
  })

  it("says how long the oldest hold has been open, that none is, or nothing where the database can't be asked", async () => {
    const { news, seriesValue } = begun()
    const age = () => seriesValue("holdfast_projection_oldest_hold_seconds", {})
    expect(await age()).toBeUndefined()
    news.hearOldestHold(4_000, 9_500)
    expect(await age()).toBe(5.5)
    news.hearOldestHold(undefined, 12_000)
    expect(await age()).toBeUndefined()
    news.hearOldestHold(null, 13_000)
    expect(await age()).toBe(0)
  })
})
