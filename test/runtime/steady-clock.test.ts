/** The clock that the engine counts on: nobody who sets the machine's clock moves it. */
import { Clock, Effect } from "effect"
import { describe, expect, it } from "vitest"
import { steadyClock } from "../../src/runtime/steady-clock.ts"

describe("a steady clock", () => {
  it("goes on by what the monotonic clock counts, wherever the wall clock is set to", () => {
    let wallMs = 1_800_000_000_000
    let monotonicNanos = 5_000_000_000n
    const clock = {
      currentTimeMillisUnsafe: () => wallMs,
      monotonicTimeNanosUnsafe: () => monotonicNanos,
    } as Clock.Clock
    const steady = Effect.runSync(Effect.provideService(steadyClock, Clock.Clock, clock))
    expect(steady.nowMs()).toBe(wallMs)
    monotonicNanos += 1_500_999_999n
    wallMs -= 3_600_000
    expect(steady.nowMs()).toBe(1_800_000_001_500)
    expect(steady.wallMs()).toBe(1_800_000_000_000 - 3_600_000)
  })
})
