import { Effect } from "effect"
import { describe, expect, it } from "vitest"
import type { SenderId } from "../../src/domain/names.ts"
import { RefusalReason } from "../../src/domain/refusals.ts"
import { type BatchStats, ReignEndReason, StepDownReason } from "../../src/engine/protocol.ts"
import { BusyWhy } from "../../src/engine/words.ts"
import type { Meter } from "../../src/ports/meter.ts"
import { Meters, MetricsRegistry, metricsLayer } from "../../src/telemetry/metrics.ts"
import { metricName } from "../../src/telemetry/names.ts"
import { NotStoredReason } from "../../src/wire/answers.ts"

/** What a scrape shows of Holdfast's own metrics after `report`, by name and labels. */
const scrapeAfter = (report: (meter: Meter["Service"]) => void): Promise<ReadonlyMap<string, number>> =>
  Effect.gen(function* () {
    report((yield* Meters)("sku"))
    const registry = yield* MetricsRegistry
    const text = yield* Effect.promise(() => registry.metrics())
    const lines = text.split("\n").filter((line) => line.startsWith("holdfast_"))
    return new Map(
      lines.map((line) => {
        const [name = "", value] = line.split(/ (?=[^ ]+$)/)
        return [name.replace(/,?worker="w1"/, "").replace("{}", ""), Number(value)]
      }),
    )
  }).pipe(Effect.provide(metricsLayer("w1")), Effect.runPromise)

const batch: BatchStats = {
  messages: 3,
  commands: 6,
  expiries: 2,
  bytes: 1_000,
  accepted: 2,
  repeated: 1,
  expired: 0,
  quarantined: 0,
  refused: { InsufficientStock: 2, UnknownSku: 1 },
  appendMs: 4,
}

describe("metrics", () => {
  it("count decisions by outcome and refusals by reason", async () => {
    const shown = await scrapeAfter((meter) => meter.batchConfirmed(0, batch))
    expect(shown.get(`${metricName.decisions}{outcome="accepted"}`)).toBe(2)
    expect(shown.get(`${metricName.decisions}{outcome="refused"}`)).toBe(3)
    expect(shown.get(`${metricName.decisions}{outcome="repeated"}`)).toBe(1)
    expect(shown.get(`${metricName.refusals}{reason="InsufficientStock"}`)).toBe(2)
    expect(shown.get(metricName.holdsExpired)).toBe(2)
    expect(shown.get(`${metricName.batchCommands}_sum`)).toBe(6)
    expect(shown.get(`${metricName.appendSeconds}_sum`)).toBe(0.004)
  })

  it("begin at 0, with every value that a label may have", async () => {
    const shown = await scrapeAfter((meter) => {
      meter.begin(2, ["BrokerFull", "AppendUnknown"], StepDownReason, ReignEndReason)
      meter.ingressBegins(["web" as SenderId], BusyWhy)
    })
    const expected = [
      ...["accepted", "refused", "repeated", "expired", "quarantined"].map((outcome) => `${metricName.decisions}{outcome="${outcome}"}`),
      ...RefusalReason.map((reason) => `${metricName.refusals}{reason="${reason}"}`),
      ...["0", "1"].flatMap((partition) => [
        `${metricName.takeovers}{kind="sku",partition="${partition}"}`,
        `${metricName.fencedAppends}{kind="sku",partition="${partition}"}`,
        `${metricName.appendsUnknown}{kind="sku",partition="${partition}"}`,
        `${metricName.alarms}{kind="sku",partition="${partition}",alarm="BrokerFull"}`,
        ...StepDownReason.map(
          (reason) => `${metricName.stepDowns}{kind="sku",partition="${partition}",reason="${reason}",state="thrownAway"}`,
        ),
        ...ReignEndReason.map((reason) => `${metricName.stepDowns}{kind="sku",partition="${partition}",reason="${reason}",state="kept"}`),
      ]),
      `${metricName.ingressTaken}{sender="web"}`,
      `${metricName.ingressStored}{sender="web"}`,
      metricName.ingressDefects,
      metricName.repliesSent,
      metricName.feedSent,
      metricName.holdsExpired,
      ...BusyWhy.map((reason) => `${metricName.ingressBusy}{sender="web",reason="${reason}"}`),
      ...[...BusyWhy, "bound"].map((reason) => `${metricName.ingressDoorsClosed}{sender="web",reason="${reason}"}`),
      ...NotStoredReason.map((reason) => `${metricName.ingressNotStored}{sender="web",reason="${reason}"}`),
    ]
    for (const name of expected) expect([name, shown.get(name)]).toEqual([name, 0])
    // And no counter is left out that has a label.
    const counters = Object.values(metricName).filter((name) => name.endsWith("_total"))
    expect(counters.filter((name) => ![...shown.keys()].some((key) => key === name || key.startsWith(`${name}{`)))).toEqual([])
  })

  it("count only a fenced reign as a fenced append", async () => {
    const shown = await scrapeAfter((meter) => {
      meter.reignEnded(1, "Drained")
      meter.steppedDown(1, "Fenced")
    })
    expect(shown.get(`${metricName.fencedAppends}{kind="sku",partition="1"}`)).toBe(1)
    expect(shown.get(`${metricName.stepDowns}{kind="sku",partition="1",reason="Drained",state="kept"}`)).toBe(1)
    expect(shown.get(`${metricName.stepDowns}{kind="sku",partition="1",reason="Fenced",state="thrownAway"}`)).toBe(1)
  })

  it("show where a worker can't read what a newer release writes, apart from a halt", async () => {
    const shown = await scrapeAfter((meter) => {
      meter.sampled(1, {
        owned: false,
        halted: false,
        unreadable: true,
        quarantined: 0,
        openHolds: 0,
        shortQty: 0,
        underWay: 0,
        underWayMs: 0,
        memoryShare: 0,
        clockAheadMs: null,
      })
    })
    expect(shown.get(`${metricName.unreadable}{kind="sku",partition="1"}`)).toBe(1)
    expect(shown.get(`${metricName.halted}{kind="sku",partition="1"}`)).toBe(0)
  })

  it("show how far the clock is off where that is known, in either direction", async () => {
    const sample = {
      owned: true,
      halted: false,
      unreadable: false,
      quarantined: 0,
      openHolds: 0,
      shortQty: 0,
      underWay: 0,
      underWayMs: 0,
      memoryShare: 0,
    }
    const shown = await scrapeAfter((meter) => {
      meter.sampled(1, { ...sample, clockAheadMs: -9_000 })
      meter.sampled(2, { ...sample, clockAheadMs: 1 })
      meter.sampled(2, { ...sample, clockAheadMs: null })
    })
    expect(shown.get(`${metricName.clockOffset}{kind="sku",partition="1"}`)).toBe(-9)
    expect(shown.has(`${metricName.clockOffset}{kind="sku",partition="2"}`)).toBe(false)
  })

  it("stop showing the lag of a partition that another worker owns by now", async () => {
    const shown = await scrapeAfter((meter) => {
      meter.waiting(2, { count: 7, oldestAgeMs: 1_500 })
      meter.waiting(3, { count: 7, oldestAgeMs: 1_500 })
      meter.waiting(2, null)
    })
    expect(shown.has(`${metricName.lagMessages}{kind="sku",partition="2"}`)).toBe(false)
    expect(shown.get(`${metricName.lagOldestSeconds}{kind="sku",partition="3"}`)).toBe(1.5)
  })

  it("of two layer builds do not mix", async () => {
    await scrapeAfter((meter) => meter.tookOver(0))
    const shown = await scrapeAfter((meter) => meter.tookOver(0))
    expect(shown.get(`${metricName.takeovers}{kind="sku",partition="0"}`)).toBe(1)
  })
})
