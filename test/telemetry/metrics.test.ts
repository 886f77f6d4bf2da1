import { Effect, Layer } from "effect"
import { describe, expect, it } from "vitest"
import type { Kind } from "../../src/domain/kinds.ts"
import type { SenderId } from "../../src/domain/names.ts"
import { RefusalReason } from "../../src/domain/refusals.ts"
import { type BatchStats, HaltReason, ReignEndReason, StepDownReason } from "../../src/engine/protocol.ts"
import type { JournalRecord, MessageEntry } from "../../src/engine/records.ts"
import { BusyWhy } from "../../src/engine/words.ts"
import type { AtsValue } from "../../src/kinds/sku/types.ts"
import { latencyPairsMax } from "../../src/limits.ts"
import type { Meter, PartitionSample } from "../../src/ports/meter.ts"
import { allMetrics, metricName } from "../../src/telemetry/catalogue.ts"
import { gatewayMeterLayer } from "../../src/telemetry/gateway-metrics.ts"
import { metricsOf } from "../../src/telemetry/making.ts"
import { Meters, MetricsRegistry, metricsLayer } from "../../src/telemetry/metrics.ts"
import { makeProcessMetrics } from "../../src/telemetry/processes.ts"
import { makeProjectionMetrics } from "../../src/telemetry/projection.ts"
import { makeRoomGauges } from "../../src/telemetry/room.ts"
import { NotStoredReason } from "../../src/wire/answers.ts"

/** What a scrape shows of Holdfast's own metrics after `report`, by name and labels. */
const scrapeAfter = (
  report: (meter: Meter["Service"], meters: (kind: Kind) => Meter["Service"]) => void,
): Promise<ReadonlyMap<string, number>> =>
  Effect.gen(function* () {
    const meters = yield* Meters
    report(meters("sku"), meters)
    const registry = yield* MetricsRegistry
    const text = yield* Effect.promise(() => registry.metrics())
    const lines = text.split("\n").filter((line) => line.startsWith("holdfast_"))
    return new Map(
      lines.map((line) => {
        const [name = "", value] = line.split(/ (?=[^ ]+$)/)
        return [name.replace(/,?worker="w1"/, "").replace("{}", ""), Number(value)]
      }),
    )
  }).pipe(Effect.provide(gatewayMeterLayer.pipe(Layer.provideMerge(metricsLayer("w1")))), Effect.runPromise)

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

const emptyRecord: JournalRecord = {
  version: 3,
  kind: "batch",
  partition: 0,
  incarnation: "i",
  owner: "o",
  epoch: 1,
  cursor: { stream: "stored", seq: 0, digest: "" },
  atMs: 1_000,
  prevSeq: 1,
  prevHash: "h",
  publishedSeq: 1,
  entries: [],
}

const sample: PartitionSample = {
  owned: true,
  halted: false,
  unreadable: false,
  quarantined: 0,
  openHolds: 0,
  overdueMs: 0,
  openOrders: null,
  shortQty: 0,
  shortSkus: 0,
  unsaidRecords: 0,
  commandsSinceSnapshot: 0,
  underWay: 0,
  underWayMs: 0,
  memoryShare: 0,
  clockAheadMs: null,
}

describe("metrics", () => {
  it("count decisions by outcome and refusals by reason", async () => {
    const shown = await scrapeAfter((meter) => meter.batchConfirmed(0, batch, 1, emptyRecord, null))
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
      meter.begin(2, ["BrokerFull", "AppendUnknown"], StepDownReason, ReignEndReason, HaltReason)
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
    // And no counter of a worker is left out that has a label: but for what is counted of metrics that failed.
    const counters = allMetrics.filter(
      ({ type, by, name }) => type === "counter" && by.includes("worker") && name !== metricName.collectFailures,
    )
    expect(counters.filter(({ name }) => ![...shown.keys()].some((key) => key === name || key.startsWith(`${name}{`)))).toEqual([])
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
    const shown = await scrapeAfter((meter) => meter.sampled(1, { ...sample, owned: false, unreadable: true }))
    expect(shown.get(`${metricName.unreadable}{kind="sku",partition="1"}`)).toBe(1)
    expect(shown.get(`${metricName.halted}{kind="sku",partition="1"}`)).toBe(0)
    expect(shown.has(`${metricName.openHolds}{kind="sku",partition="1"}`)).toBe(false)
  })

  it("show how far the clock is off where that is known, in either direction", async () => {
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

  it("measure the way of commands to reply and feed by sender and location, and say how long the feed waits", async () => {
    const command = { type: "ReceiveStock", id: "c1", sku: "A", issuedAtMs: 1, location: "wh-1" }
    // As the engine journals it, without what is not looked at.
    const entry = {
      _tag: "Message",
      seq: 1,
      sender: "dock" as SenderId,
      class: "stock",
      bulk: false,
      brokerMs: 1_000,
      reply: "r",
      array: false,
      decided: [{ command, named: null, decision: { _tag: "Accepted", events: [{ type: "StockReceived" }] } }],
    } as unknown as MessageEntry
    // Names are branded where they are read.
    const value = { channel: "web", sku: "A", ats: 3, version: 7, delta: 3, cause: "StockReceived", atMs: 1_000 } as unknown as AtsValue
    const shown = await scrapeAfter((meter) => {
      meter.batchConfirmed(0, batch, 7, { ...emptyRecord, entries: [entry] }, null)
      meter.feedHandedOver(0, 1, [value])
      meter.repliesSent(0, 7, 1, 1_040)
      meter.feedSent(0, 1, [value], 1_300)
      // Nothing is known of it any more.
      meter.repliesSent(0, 3, 1, 9_000)
    })
    const reply = (le: string) => shown.get(`${metricName.replySeconds}_bucket{kind="sku",sender="dock",location="wh-1",le="${le}"}`)
    expect([reply("0.02"), reply("0.05"), reply("+Inf")]).toEqual([0, 1, 1])
    expect(shown.get(`${metricName.feedSeconds}_sum{channel="web",location="wh-1"}`)).toBe(0.3)
    expect(shown.get(`${metricName.feedStaleness}{channel="web"}`)).toBe(0)
    expect(shown.get(`${metricName.repliesSent}`)).toBe(2)
  })

  it("count commands by type and what became of them, and orders by how they ended", async () => {
    const decided = (id: string, type: string, decision: object) => ({
      command: { id, type, channel: "web", order: "o" },
      named: null,
      decision,
    })
    const ended = { type: "OrderEnded", ending: "cancelled" }
    // As the engine journals it, without what is not looked at.
    const first = [
      { _tag: "Message", sender: "web", brokerMs: 1_000, decided: [decided("p1", "PlaceOrder", { _tag: "Begun", events: [] })] },
      { _tag: "Message", sender: "web", brokerMs: 1_000, decided: [decided("p1", "PlaceOrder", { _tag: "Pending" })] },
      {
        _tag: "Message",
        sender: "web",
        brokerMs: 1_000,
        decided: [{ command: null, named: null, decision: { _tag: "Refused", refusal: {} } }],
      },
    ] as unknown as ReadonlyArray<MessageEntry>
    // As above.
    const second = [
      { _tag: "Answered", sender: "web", key: "web/0", id: "p1", outcome: { outcome: "accepted" } },
      { _tag: "Returned", key: "web/0", events: [ended] },
    ] as unknown as ReadonlyArray<MessageEntry>
    const shown = await scrapeAfter((_, meters) => {
      const meter = meters("order")
      meter.batchConfirmed(0, batch, 1, { ...emptyRecord, entries: first }, null)
      meter.batchConfirmed(0, batch, 2, { ...emptyRecord, entries: second }, null)
      meter.repliesSent(0, 2, 1, 1_500)
    })
    expect(shown.get(`${metricName.commands}{type="PlaceOrder",outcome="accepted"}`)).toBe(1)
    expect(shown.get(`${metricName.commands}{type="unread",outcome="refused"}`)).toBe(1)
    expect(shown.get(`${metricName.ordersEnded}{ending="cancelled"}`)).toBe(1)
    expect(shown.get(`${metricName.ordersEnded}{ending="expired"}`)).toBe(0)
    // The order's answer took from its publishing to the answer.
    expect(shown.get(`${metricName.replySeconds}_sum{kind="order",sender="web",location="none"}`)).toBe(0.5)
  })

  it("tell locations apart up to a bound, and the rest together", async () => {
    // As above.
    const messages = Array.from({ length: latencyPairsMax + 10 }, (_, i) => ({
      _tag: "Message",
      sender: "dock",
      brokerMs: 1_000,
      decided: [
        { command: { id: `c${i}`, sku: "A", location: `wh-${i}` }, decision: { _tag: "Refused", refusal: { reason: "UnknownSku" } } },
      ],
    })) as unknown as ReadonlyArray<MessageEntry>
    const shown = await scrapeAfter((meter) => {
      meter.batchConfirmed(0, batch, 1, { ...emptyRecord, entries: messages }, null)
      meter.repliesSent(0, 1, messages.length, 1_010)
    })
    const counts = [...shown].filter(([name]) => name.startsWith(`${metricName.replySeconds}_count`))
    expect(counts).toHaveLength(latencyPairsMax + 1)
    expect(shown.get(`${metricName.replySeconds}_count{kind="sku",sender="dock",location="other"}`)).toBe(10)
  })

  it("are all made, each with the labels and the type that the catalogue says", async () => {
    const registry = await Effect.gen(function* () {
      const one = yield* MetricsRegistry
      makeRoomGauges(one)
      makeProjectionMetrics(one, { sku: 1, order: 1 }).failed("away")
      makeProcessMetrics(one, 1, () => 1)
      metricsOf(one).gauge("durabilityWarnings")
      return yield* Effect.promise(() => one.getMetricsAsJSON())
    }).pipe(Effect.provide(gatewayMeterLayer.pipe(Layer.provideMerge(metricsLayer("w1")))), Effect.runPromise)
    const made = new Map(registry.map((metric) => [metric.name, String(metric.type)]))
    expect(allMetrics.map(({ name, type }) => [name, type])).toEqual(allMetrics.map(({ name }) => [name, made.get(name)]))
    // Prometheus's conventions, as far as promtool doesn't look at them by itself.
    for (const { name, type, unit, labels } of allMetrics) {
      expect([name, name.endsWith("_total")]).toEqual([name, type === "counter"])
      for (const told of ["seconds", "bytes", "ratio"] as const) if (unit === told) expect(name).toMatch(new RegExp(`_${told}(_total)?$`))
      expect([name, "sku" in labels, "id" in labels, "le" in labels]).toEqual([name, false, false, false])
    }
  })

  it("of two layer builds do not mix", async () => {
    await scrapeAfter((meter) => meter.tookOver(0))
    const shown = await scrapeAfter((meter) => meter.tookOver(0))
    expect(shown.get(`${metricName.takeovers}{kind="sku",partition="0"}`)).toBe(1)
  })
})
