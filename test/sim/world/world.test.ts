/** Virtual time: what happens when, to whom, and that it can be told apart. */
import fc from "fast-check"
import { describe, expect, it } from "vitest"
import { EventKind, World } from "../../../sim/world/world.ts"

describe("events", () => {
  it("happen in the order of their times, and at one time in the order in which they were planned", () => {
    fc.assert(
      fc.property(fc.array(fc.nat({ max: 20 }), { maxLength: 60 }), (delays) => {
        const world = new World()
        const happened: Array<readonly [number, number]> = []
        for (const [number, ms] of delays.entries()) world.in(ms, EventKind.tick, null, () => happened.push([world.sinceStartMs, number]))
        world.run(1_000, () => false)
        const wanted = delays.map((ms, number) => [ms, number] as const).sort((a, b) => a[0] - b[0] || a[1] - b[1])
        expect(happened).toEqual(wanted)
      }),
    )
  })

  it("of a dead process never happen, even after it lives again", () => {
    const world = new World()
    const host = world.host()
    let happened = 0
    world.in(10, EventKind.tick, host, () => happened++)
    host.life++
    world.in(20, EventKind.tick, host, () => happened++)
    world.run(100, () => false)
    expect(happened).toBe(1)
  })

  it("of a stopped process happen when it goes on, in their order", () => {
    const world = new World()
    const host = world.host()
    const happened: Array<readonly [number, number]> = []
    host.pausedUntilMs = world.nowMs + 50
    for (const ms of [10, 20, 60]) world.in(ms, EventKind.tick, host, () => happened.push([ms, world.sinceStartMs]))
    world.run(100, () => false)
    expect(happened).toEqual([
      [10, 50],
      [20, 50],
      [60, 60],
    ])
  })

  it("leave a trace that tells their times and kinds apart", () => {
    const traced = (ms: number, kind: EventKind): string => {
      const world = new World()
      world.in(ms, kind, null, () => undefined)
      world.run(100, () => false)
      return world.traceHash
    }
    expect(traced(10, EventKind.tick)).toBe(traced(10, EventKind.tick))
    expect(traced(10, EventKind.tick)).not.toBe(traced(11, EventKind.tick))
    expect(traced(10, EventKind.tick)).not.toBe(traced(10, EventKind.lease))
  })
})
