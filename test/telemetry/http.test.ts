import { Effect } from "effect"
import { Registry } from "prom-client"
import { describe, expect, it } from "vitest"
import { metricName } from "../../src/telemetry/catalogue.ts"
import { serveTelemetry } from "../../src/telemetry/http.ts"
import { metricsOf, pageOf } from "../../src/telemetry/making.ts"

const get = async (url: string, method = "GET") => {
  const answer = await fetch(url, { method })
  return { status: answer.status, type: answer.headers.get("content-type") ?? "", body: await answer.text() }
}

/** Asks for one page of a server that is there for no longer than that. */
const ask = (path: string, readiness: { readonly ready: boolean; readonly partitions?: ReadonlyArray<unknown> }, method = "GET") =>
  Effect.gen(function* () {
    const url = yield* serveTelemetry(
      { metrics: async () => "", readiness: () => readiness, worker: () => ({ ready: true, alone: true }) },
      { host: "127.0.0.1", port: 0 },
    )
    return yield* Effect.promise(() => get(`${url}${path}`, method))
  }).pipe(Effect.scoped, Effect.runPromise)

describe("the pages of a worker", () => {
  it("serve metrics in Prometheus's text format", async () => {
    expect(await ask("/metrics", { ready: true })).toMatchObject({ status: 200, type: expect.stringContaining("text/plain") })
  })

  it("leave out a metric that can't be told, count it, and tell all others", async () => {
    const registry = new Registry()
    const { counter, gauge } = metricsOf(registry)
    counter("collectFailures")
    gauge("feedStaleness", () => {
      throw new Error("broken")
    })
    gauge("durabilityWarnings").set(2)
    const page = await pageOf(registry)
    expect(page).toContain(`${metricName.durabilityWarnings} 2`)
    expect(page).not.toContain(`${metricName.feedStaleness}{`)
    expect(page).toContain(`${metricName.collectFailures}{metric="${metricName.feedStaleness}"} 1`)
  })

  it("say ready with what there is to say about it", async () => {
    const { status, body } = await ask("/ready?verbose", { ready: true, partitions: [{ partition: 0, phase: "serving" }] })
    expect(status).toBe(200)
    expect(JSON.parse(body)).toEqual({ ready: true, partitions: [{ partition: 0, phase: "serving" }] })
  })

  it("answer 503 while not ready, and are alive all the same", async () => {
    expect((await ask("/ready", { ready: false })).status).toBe(503)
    expect((await ask("/live", { ready: false })).status).toBe(200)
  })

  it("say of the worker alone what an orchestrator asks for, whatever the cluster is", async () => {
    const { status, body } = await ask("/worker", { ready: false })
    expect({ status, said: JSON.parse(body) }).toEqual({ status: 200, said: { ready: true, alone: true } })
  })

  it("refuse other paths and other methods", async () => {
    expect((await ask("/", { ready: true })).status).toBe(404)
    expect((await ask("/metrics", { ready: true }, "POST")).status).toBe(405)
  })

  it("fail with a tagged error when the port is taken", async () => {
    const pages = { metrics: async () => "", readiness: () => ({ ready: true }), worker: () => ({ ready: true }) }
    const error = await Effect.gen(function* () {
      const first = yield* serveTelemetry(pages, { host: "127.0.0.1", port: 0 })
      return yield* Effect.flip(serveTelemetry(pages, { host: "127.0.0.1", port: Number(new URL(first).port) }))
    }).pipe(Effect.scoped, Effect.runPromise)
    expect(error).toMatchObject({ _tag: "HttpUnavailable" })
  })
})
