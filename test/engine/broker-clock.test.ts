/** What is known of the broker's time: never too late, and behind by no more than the quickest renewal of the last twenty seconds took. */
import fc from "fast-check"
import { describe, expect, it } from "vitest"
import { type BrokerClock, brokerNow, hearRenewal, hearStamp, unknownBrokerClock } from "../../src/engine/broker-clock.ts"
import { brokerClockWindowMs, steadyClockFastPpmMax } from "../../src/limits.ts"
import { startMs } from "./rig.ts"

/** Renewals every two seconds that take `wayMs`, from one time to another on the steady clock, the broker being ahead of it by `offsetMs`. */
const renew = (clock: BrokerClock, fromMs: number, toMs: number, offsetMs: number, wayMs = 5): void => {
  for (let nowMs = fromMs; nowMs <= toMs; nowMs += 2_000) hearRenewal(clock, nowMs + offsetMs - wayMs, nowMs)
}

describe("the broker's time", () => {
  it("follows a broker's clock that was set back in a long silence with the first renewal after it", () => {
    const clock = unknownBrokerClock()
    hearRenewal(clock, startMs, startMs)
    const nowMs = startMs + 5 * brokerClockWindowMs
    hearRenewal(clock, nowMs - 60_000, nowMs)
    expect(brokerNow(clock, nowMs)).toBe(nowMs - 60_000)
  })

  it("follows a broker's clock that was set back within two windows, however little was heard since", () => {
    const clock = unknownBrokerClock()
    hearRenewal(clock, startMs + 3_600_000, startMs)
    // Heard again when the window is nearly forgotten: it becomes the former one, with a bound that is as old as itself.
    const again = startMs + 2 * brokerClockWindowMs - 100
    hearRenewal(clock, again, again)
    hearRenewal(clock, again + 200, again + 200)
    expect(brokerNow(clock, again + 200)).toBe(again + 200)
  })

  it("is unknown before a renewal is heard, whatever else was stamped", () => {
    const clock = unknownBrokerClock()
    hearStamp(clock, startMs, startMs)
    expect(brokerNow(clock, startMs)).toBeNull()
    hearRenewal(clock, startMs + 3_600_000, startMs)
    expect(brokerNow(clock, startMs + 100)).toBe(startMs + 3_600_100)
  })

  it("is not drawn back by a backlog, however long it is read", () => {
    const clock = unknownBrokerClock()
    renew(clock, startMs, startMs, 0, 0)
    for (let nowMs = startMs; nowMs < startMs + 100_000; nowMs += 100) hearStamp(clock, nowMs - 3_600_000, nowMs)
    const behindMs = startMs + 100_000 - (brokerNow(clock, startMs + 100_000) ?? 0)
    expect(behindMs).toBe((100_000 * steadyClockFastPpmMax) / 1_000_000)
  })

  it("follows a renewal that came sooner at once, and one that was held up not at all", () => {
    const clock = unknownBrokerClock()
    hearRenewal(clock, startMs - 900, startMs)
    hearRenewal(clock, startMs + 2_000 - 3, startMs + 2_000)
    hearRenewal(clock, startMs + 4_000 - 1_500, startMs + 4_000)
    expect(startMs + 4_000 - (brokerNow(clock, startMs + 4_000) ?? 0)).toBeLessThanOrEqual(4)
  })

  it("follows a broker's clock that was set back within two windows and a renewal", () => {
    const clock = unknownBrokerClock()
    renew(clock, startMs, startMs + 60_000, 3_600_000)
    const setBackMs = startMs + 62_000
    const followedMs = setBackMs + 2 * brokerClockWindowMs + 2_000
    renew(clock, setBackMs, followedMs, 0)
    expect(brokerNow(clock, followedMs)).toBeLessThanOrEqual(followedMs)
  })

  it("is never taken for later than it is, and for little earlier while renewals flow, on any clock that runs fast by what is believed of one", () => {
    const ways = fc.array(fc.integer({ min: 0, max: 3_000 }), { minLength: 5, maxLength: 60 })
    fc.assert(
      fc.property(
        fc.integer({ min: -3_600_000, max: 3_600_000 }),
        fc.integer({ min: 0, max: steadyClockFastPpmMax }),
        ways,
        (wrongMs, ppm, waysMs) => {
          const clock = unknownBrokerClock()
          const steady = (trueMs: number) => startMs + wrongMs + Math.floor(((trueMs - startMs) * (1_000_000 + ppm)) / 1_000_000)
          let trueMs = startMs
          for (const wayMs of waysMs) {
            trueMs += 2_000 + wayMs
            hearRenewal(clock, trueMs - wayMs, steady(trueMs))
            for (const afterMs of [0, 500, 1_999]) {
              const behindMs = trueMs + afterMs - (brokerNow(clock, steady(trueMs + afterMs)) ?? 0)
              // Clocks of whole milliseconds are short by up to one.
              expect(behindMs).toBeGreaterThanOrEqual(-1)
              expect(behindMs).toBeLessThanOrEqual(wayMs + 5)
            }
          }
        },
      ),
    )
  })
})
