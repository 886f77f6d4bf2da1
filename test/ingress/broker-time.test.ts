/** What time it is at the broker, as an ingress knows it: never later than it is, also after the broker's clock was set back. */
import { describe, expect, it } from "vitest"
import { brokerNow, hearBrokerTime, unknownBrokerTime } from "../../src/ingress/broker-time.ts"
import { doorClockWindowMs } from "../../src/limits.ts"

const startMs = 1_800_000_000_000
const backMs = 60_000

describe("the broker's time at an ingress", () => {
  it("is unknown before anything was heard, and then the best that was", () => {
    const time = unknownBrokerTime()
    expect(brokerNow(time, 5)).toBeNull()
    hearBrokerTime(time, startMs - 900, 0)
    hearBrokerTime(time, startMs + 1_000 - 3, 1_000)
    hearBrokerTime(time, startMs + 2_000 - 400, 2_000)
    expect(startMs + 2_000 - (brokerNow(time, 2_000) ?? 0)).toBeLessThan(5)
  })

  it("follows a clock that was set back within two windows, while stamps are heard", () => {
    const time = unknownBrokerTime()
    hearBrokerTime(time, startMs, 0)
    for (let ms = 1_000; ms <= 2 * doorClockWindowMs + 1_000; ms += 1_000) hearBrokerTime(time, startMs + ms - backMs, ms)
    const nowMs = 2 * doorClockWindowMs + 1_000
    expect(brokerNow(time, nowMs)).toBeLessThanOrEqual(startMs + nowMs - backMs)
  })

  it("follows one that was set back in a long silence with the first stamp after it", () => {
    const time = unknownBrokerTime()
    hearBrokerTime(time, startMs, 0)
    const nowMs = 5 * doorClockWindowMs
    hearBrokerTime(time, startMs + nowMs - backMs, nowMs)
    expect(brokerNow(time, nowMs)).toBe(startMs + nowMs - backMs)
  })

  it("forgets what was heard before a clock was set back, though nothing was heard for a while after the first stamp", () => {
    const time = unknownBrokerTime()
    hearBrokerTime(time, startMs, 0)
    hearBrokerTime(time, startMs + doorClockWindowMs - backMs, doorClockWindowMs)
    const nowMs = 3 * doorClockWindowMs
    expect(brokerNow(time, nowMs)).toBeLessThanOrEqual(startMs + nowMs - backMs)
  })

  it("is unknown again where nothing was heard for three windows", () => {
    const time = unknownBrokerTime()
    hearBrokerTime(time, startMs, 0)
    expect(brokerNow(time, 3 * doorClockWindowMs - 1)).not.toBeNull()
    expect(brokerNow(time, 3 * doorClockWindowMs)).toBeNull()
  })
})
