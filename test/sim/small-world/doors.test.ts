/**
 * Small worlds of two ingresses: complete where they say so and without a violation under the shipped rules, and with one as soon as a rule of the door is left out.
 */
import { describe, expect, it } from "vitest"
import { ingressCodec } from "../../../sim/nodes/ingress.ts"
import { exploreSmallWorld } from "../../../sim/small-world/exploration.ts"
import type { Bounds, SmallWorld } from "../../../sim/small-world/small-world.ts"
import { smallWorlds } from "../../../sim/small-world/worlds.ts"
import type { IngressInput } from "../../../src/ingress/protocol.ts"
import { type IngressStep, makeIngressStep } from "../../../src/ingress/step.ts"

const worldNamed = (name: string, bounds: Partial<Bounds> = {}): SmallWorld => {
  const found = smallWorlds.find((world) => world.name === name)
  if (found === undefined) throw new Error(`no small world is called ${name}`)
  return { ...found, bounds: { ...found.bounds, ...bounds } }
}

const shipped = makeIngressStep(ingressCodec)
const mistaken =
  (from: IngressInput["_tag"], to: (input: IngressInput) => object): IngressStep =>
  (ingress, input) =>
    shipped(ingress, input._tag === from ? ({ ...input, ...to(input) } as IngressInput) : input)

/** Bounded by states, not by a clock. */
const untilDone = { timeout: 0 }

describe("a small world of two ingresses", untilDone, () => {
  const small: ReadonlyArray<readonly [string, SmallWorld, ReadonlyArray<string>]> = [
    [
      "while owners change",
      worldNamed("two doors", { silences: 0 }),
      ["told: busy", "a frame for a reign that is over", "two workers believe they serve", "a duplicate answered as repeated"],
    ],
    [
      "while a deadline passes",
      worldNamed("two doors, deadline", { doorCrashes: 0 }),
      ["told: notStored", "a command decided after its deadline"],
    ],
    ["while the stream is full", worldNamed("two doors, stored", { silences: 0 }), ["told: stored", "told: busy"]],
  ]
  for (const [name, world, reached] of small)
    it(`is explored to its end without a violation, and comes by what is rare: ${name}`, () => {
      const report = exploreSmallWorld({ world })
      expect(report.violations).toEqual([])
      expect(report.complete).toBe(true)
      expect(Object.keys(report.reached)).toEqual(expect.arrayContaining([...reached]))
    })
})

describe("a rule of the door left out", untilDone, () => {
  const left: ReadonlyArray<readonly [string, string, IngressStep, string]> = [
    ["silence of an owner taken for nobody there", "two doors", mistaken("FrameUnknown", () => ({ _tag: "FrameUnheard" })), "busy is true"],
    [
      "a store unknown taken for a full stream",
      "two doors, stored",
      mistaken("StoreUnknown", () => ({ _tag: "StoreFull" })),
      "busy is true",
    ],
    [
      "a message taken for published when it was read",
      "two doors, deadline",
      mistaken("Arrived", ({ nowMs }) => ({ publishedAfterMs: nowMs })),
      "true age",
    ],
  ]
  for (const [name, world, doorStep, breaks] of left)
    it(`is found out within a few moves: ${name}`, () => {
      const report = exploreSmallWorld({ world: worldNamed(world), doorStep, untilViolation: true })
      expect(report.violations.map(({ property }) => property.slice(0, breaks.length))).toContain(breaks)
      expect(report.violations[0]?.path.length).toBeLessThan(16)
    })
})
