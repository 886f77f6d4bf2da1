/** Spans of HTTP requests: which trace they continue or begin, what goes along, and what is left alone. */
import { describe, expect, it } from "vitest"
import { isTraceparent, traceParts } from "../../src/domain/traces.ts"
import { makeRequestTraces } from "../../src/telemetry/request-traces.ts"
import type { ToldSpan } from "../../src/telemetry/spans.ts"

const given = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"

const rig = (ratio: number) => {
  const made: Array<ToldSpan> = []
  const clock = { nowMs: 1_000 }
  const traces = makeRequestTraces({ tell: (span) => made.push(span), nowMs: () => clock.nowMs, ratio })
  return { made, clock, begin: (traceparent?: string) => traces.begin("/v1/commands/Reserve", "POST", traceparent) }
}

describe("a request", () => {
  it("that names a sampled trace continues it, and its commands are below its own span", () => {
    const { made, clock, begin } = rig(0)
    const traced = begin(given)
    clock.nowMs = 1_040
    traced?.ended(200)
    const { traceId, spanId } = traceParts(traced?.traceparent ?? "")
    expect(made).toEqual([
      {
        ...{ traceId, spanId, parentId: "00f067aa0ba902b7", name: "POST /v1/commands/Reserve", kind: "server" },
        ...{ fromMs: 1_000, toMs: 1_040, links: [], isError: false },
        attributes: { "http.request.method": "POST", "http.route": "/v1/commands/Reserve", "http.response.status_code": 200 },
      },
    ])
    expect(traceId).toBe("4bf92f3577b34da6a3ce929d0e0e4736")
  })

  it("that names none begins one, for as many as the ratio wants", () => {
    const { made, begin } = rig(1)
    const [one, two] = [begin(), begin()]
    expect([one, two].every((traced) => traced !== undefined && isTraceparent(traced.traceparent))).toBe(true)
    expect(traceParts(one?.traceparent ?? "").traceId).not.toBe(traceParts(two?.traceparent ?? "").traceId)
    one?.ended(422)
    expect(made).toMatchObject([{ parentId: undefined, isError: false }])
    expect(Array.from({ length: 100 }, () => rig(0).begin()).every((traced) => traced === undefined)).toBe(true)
    const half = rig(0.5)
    const begun = Array.from({ length: 2_000 }, () => half.begin()).filter((traced) => traced !== undefined).length
    // Six deviations from a thousand.
    expect(Math.abs(begun - 1_000)).toBeLessThan(135)
  })

  it("whose client wants none recorded is left alone, whatever the ratio", () => {
    expect(rig(1).begin(`${given.slice(0, -2)}00`)).toBeUndefined()
  })

  it("that is answered with a defect, or whose client went away, is an error", () => {
    const { made, begin } = rig(1)
    begin()?.ended(503)
    begin()?.ended(null)
    expect(made.map(({ isError, attributes }) => [isError, attributes["error.type"]])).toEqual([
      [true, "503"],
      [true, "aborted"],
    ])
  })
})
