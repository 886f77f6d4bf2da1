/** The line of spans to a collector: what a collector hears, and that nothing waits for one that is away, slow, or unwilling. */
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http"
import type { AddressInfo } from "node:net"
import { Effect } from "effect"
import { Registry } from "prom-client"
import { describe, expect, it, onTestFinished } from "vitest"
import { spanRequestMsMax, spansPerRequestMax, spansWaitingMax } from "../../src/limits.ts"
import { SpanExporter } from "../../src/telemetry/otlp.ts"
import { makeSpanMetrics } from "../../src/telemetry/span-metrics.ts"
import { spanOf, type ToldSpan } from "../../src/telemetry/spans.ts"
import { makeTracing, noTracing } from "../../src/telemetry/traces.ts"
import { until } from "../processes.ts"
import { reservationTold, sampledTrace } from "./traced-record.ts"

interface Collector {
  readonly url: string
  /** Bodies of requests, in their order. */
  readonly bodies: ReadonlyArray<string>
  answer: (response: ServerResponse) => void
}

const taking = (response: ServerResponse): void => void response.writeHead(200, { "content-type": "application/json" }).end("{}")

const collector = async (answer: Collector["answer"] = taking): Promise<Collector> => {
  const bodies: Array<string> = []
  const made: { url: string; bodies: Array<string>; answer: Collector["answer"] } = { url: "", bodies, answer }
  const server: Server = createServer((request: IncomingMessage, response) => {
    let body = ""
    request.on("data", (piece) => {
      body += String(piece)
    })
    request.on("end", () => {
      bodies.push(body)
      made.answer(response)
    })
  })
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", () => resolve()))
  onTestFinished(() => {
    server.close()
    server.closeAllConnections()
  })
  made.url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  return made
}

const span = (n: number): ToldSpan =>
  spanOf("append", {
    traceId: "0af7651916cd43dd8448eb211c80319c",
    spanId: (n + 1).toString(16).padStart(16, "0"),
    parentId: "b7ad6b7169203331",
    fromMs: 1_795_000_000_000.25,
    toMs: 1_795_000_000_004.5,
    attributes: { "holdfast.kind": "sku", "holdfast.partition": 3, "holdfast.record": 17 },
  })

const opened = (otlpUrl: string, exportMs?: number) => {
  const counted = { sent: 0, full: 0, refused: 0 }
  const said: Array<string | null> = []
  const counts = {
    sent: (count: number) => {
      counted.sent += count
    },
    dropped: (why: "full" | "refused", count: number) => {
      counted[why] += count
    },
  }
  const often = exportMs === undefined ? {} : { exportMs }
  const exporter = new SpanExporter({ otlpUrl, resource: { "service.name": "test" }, counts, say: (cause) => said.push(cause), ...often })
  onTestFinished(() => exporter.close())
  return { exporter, counted, said }
}

/** Whoever is there takes nothing, and says nothing. */
const silent = (): void => undefined

describe("a collector", () => {
  it("hears spans as OTLP has them, and what waits when the process ends", async () => {
    const { url, bodies } = await collector()
    const { exporter, counted } = opened(`${url}/`)
    exporter.tell({ ...span(0), links: [{ traceId: "0af7651916cd43dd8448eb211c80319c", spanId: "00f067aa0ba902b7" }], isError: true })
    await exporter.close()
    const { resourceSpans } = JSON.parse(bodies[0] ?? "")
    expect(resourceSpans[0].resource.attributes).toEqual([{ key: "service.name", value: { stringValue: "test" } }])
    expect(resourceSpans[0].scopeSpans[0].spans).toEqual([
      {
        traceId: "0af7651916cd43dd8448eb211c80319c",
        spanId: "0000000000000001",
        parentSpanId: "b7ad6b7169203331",
        name: "holdfast.append",
        kind: 3,
        startTimeUnixNano: "1795000000000250000",
        endTimeUnixNano: "1795000000004500000",
        attributes: [
          { key: "holdfast.kind", value: { stringValue: "sku" } },
          { key: "holdfast.partition", value: { intValue: "3" } },
          { key: "holdfast.record", value: { intValue: "17" } },
        ],
        links: [{ traceId: "0af7651916cd43dd8448eb211c80319c", spanId: "00f067aa0ba902b7" }],
        status: { code: 2 },
      },
    ])
    expect(counted).toEqual({ sent: 1, full: 0, refused: 0 })
  })

  it("hears a full request at once, and no more in one than may be", async () => {
    const { url, bodies } = await collector()
    const { exporter, counted } = opened(url)
    for (let n = 0; n < 2 * spansPerRequestMax + 1; n++) exporter.tell(span(n))
    await exporter.close()
    expect(counted.sent).toBe(2 * spansPerRequestMax + 1)
    expect(bodies.map((body) => body.split('"traceId"').length - 1)).toEqual([spansPerRequestMax, spansPerRequestMax, 1])
  })

  it("that is away makes nobody wait: as many as may stay for it, the others are dropped and counted", async () => {
    // Nothing listens at port 9.
    const { exporter, counted, said } = opened("http://127.0.0.1:9")
    for (let n = 0; n < spansWaitingMax + 500; n++) exporter.tell(span(n))
    // Plain calls: all of it happened before anything could be sent.
    expect([counted, said]).toEqual([{ sent: 0, full: 500, refused: 0 }, []])
    await until(() => said.length > 0)
    expect([exporter.waiting, said.length]).toEqual([spansWaitingMax, 1])
    await exporter.close()
    expect(counted).toEqual({ sent: 0, full: 500, refused: 0 })
  })

  it("that comes back hears what waited, and it is said once each time", async () => {
    const at = await collector((response) => void response.writeHead(503).end())
    const { exporter, counted, said } = opened(at.url, 5)
    exporter.tell(span(0))
    await until(() => at.bodies.length > 2)
    expect(said).toEqual(["it answers 503"])
    at.answer = taking
    await until(() => counted.sent === 1)
    expect([said, new Set(at.bodies).size]).toEqual([["it answers 503", null], 1])
    exporter.tell(span(1))
    await until(() => counted.sent === 2)
    expect(exporter.waiting).toBe(0)
  })

  it("that is slow holds up no process that ends", async () => {
    const { url, bodies } = await collector(silent)
    const { exporter, counted } = opened(url, 5)
    exporter.tell(span(0))
    await until(() => bodies.length === 1)
    const beganMs = performance.now()
    await exporter.close()
    // As long as an attempt may take it is not waited for.
    expect(performance.now() - beganMs).toBeLessThan(spanRequestMsMax)
    exporter.tell(span(1))
    expect(counted).toEqual({ sent: 0, full: 1, refused: 0 })
  })

  it.each([
    ["refuses them", (response: ServerResponse) => void response.writeHead(400).end("no"), { sent: 0, full: 0, refused: 3 }],
    [
      "takes some of them",
      (response: ServerResponse) => void response.writeHead(200).end('{"partialSuccess":{"rejectedSpans":"2"}}'),
      { sent: 1, full: 0, refused: 2 },
    ],
    ["answers what is no JSON", (response: ServerResponse) => void response.writeHead(200).end("<ok>"), { sent: 3, full: 0, refused: 0 }],
  ])("that %s is asked once", async (_, answer, expected) => {
    const { url, bodies } = await collector(answer)
    const { exporter, counted } = opened(url)
    for (let n = 0; n < 3; n++) exporter.tell(span(n))
    await exporter.close()
    expect([counted, bodies.length]).toEqual([expected, 1])
  })
})

/** A registry with what counts spans. */
const counting = (): Registry => {
  const registry = new Registry()
  makeSpanMetrics(registry)
  return registry
}

const tracingOf = (otlpUrl: string | null, registry: Registry) => makeTracing({ otlpUrl, process: "worker", worker: "w1" }, registry)

describe("tracing", () => {
  it("that is off leaves a meter as it is, has nobody to tell of requests and batches, and makes no span of a sampled trace", async () => {
    const registry = counting()
    const parts = await Effect.runPromise(Effect.scoped(tracingOf(null, registry)))
    const { meter } = reservationTold()
    // The same object: whatever it is told of a command is told to it, and to nothing between.
    expect(parts).toBe(noTracing)
    expect(parts.meter("sku", meter)).toBe(meter)
    expect([parts.requests(1), parts.projected]).toEqual([undefined, undefined])
    const page = await registry.metrics()
    expect(page).toContain("holdfast_spans_sent_total 0")
    expect(page).toContain('holdfast_spans_dropped_total{reason="full"} 0')
  })

  it("counts what its collector has, and what it dropped", async () => {
    const { url, bodies } = await collector()
    const registry = counting()
    const played = Effect.gen(function* () {
      const { meter, tellTo } = reservationTold()
      const parts = yield* tracingOf(url, registry)
      tellTo(parts.meter("sku", meter), sampledTrace)
    })
    await Effect.runPromise(Effect.scoped(played))
    expect(bodies.join("")).toContain('"holdfast.decide"')
    expect(await registry.metrics()).toContain("holdfast_spans_sent_total 2")
  })
})
