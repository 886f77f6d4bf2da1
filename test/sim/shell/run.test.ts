/** The shell mode: a seed is a run, runs are green, and a defect in the engine or around it turns some of them red. */
import { describe, expect, it, vi } from "vitest"
import { runShellSeed, type ShellOptions } from "../../../sim/shell/run.ts"
import { protocolRules } from "../../../src/engine/rules.ts"
import type { Engine } from "../../../src/runtime/engine.ts"

const seeds = (from: number, count: number): ReadonlyArray<string> => Array.from({ length: count }, (_, i) => String(from + i))

/** Whether the checker sees the defect in one of `budget` seeds from `from` on. */
const isSeenBy = (checker: string, budget: number, planted: Omit<ShellOptions, "seed">, from = 1): boolean =>
  seeds(from, budget).some((seed) => runShellSeed({ seed, ...planted }).failures.some((failure) => failure.checker === checker))

describe("A seed of the shell mode", () => {
  it("is the same run whenever it is run", () => {
    for (const seed of ["1", "5"]) expect(runShellSeed({ seed })).toEqual(runShellSeed({ seed }))
  })

  it("asks this machine for no time, no chance and no later turn", () => {
    const asked = [
      vi.spyOn(Date, "now"),
      vi.spyOn(performance, "now"),
      vi.spyOn(Math, "random"),
      vi.spyOn(globalThis.crypto, "getRandomValues"),
      vi.spyOn(globalThis, "setTimeout"),
      vi.spyOn(globalThis, "setInterval"),
      vi.spyOn(globalThis, "setImmediate"),
      vi.spyOn(globalThis, "queueMicrotask"),
    ]
    runShellSeed({ seed: "1" })
    const calls = asked.map((spy) => spy.mock.calls.length)
    vi.restoreAllMocks()
    expect(calls).toEqual(asked.map(() => 0))
  })

  it("goes without an alarm where no family of faults is on", () => {
    const { drawn, faults, failures, sometimes } = runShellSeed({ seed: "1", families: new Set() })
    expect({ faults, failures }).toEqual({ faults: {}, failures: [] })
    // Who joins first begins to take all, and hands over what the others then rank first for.
    const { "took over": takeovers, "reign ended: Drained": _handedOver, ...others } = sometimes
    expect(takeovers).toBeGreaterThanOrEqual(Number(drawn.partitions))
    expect(others).toEqual({})
  })

  it("is another run than its neighbour", () => {
    const hashes = seeds(1, 5).map((seed) => runShellSeed({ seed }).traceHash)
    expect(new Set(hashes).size).toBe(5)
  })

  it("keeps every promise and comes to rest, over a few dozen seeds in which everything that can go wrong does", () => {
    const results = seeds(100, 36).map((seed) => runShellSeed({ seed }))
    expect(results.flatMap(({ seed, failures }) => failures.map((failure) => ({ seed, failure })))).toEqual([])
    const seen = new Set(results.flatMap(({ faults, sometimes }) => [...Object.keys(faults), ...Object.keys(sometimes)]))
    for (const name of ["kill", "crashPoint", "freeze", "leave", "election", "outage", "stepped down: Fenced", "left in time"])
      expect(seen).toContain(name)
    for (const checker of ["chain", "replies", "replies-said", "feed", "completeness"]) {
      for (const { checked } of results) expect(checked[checker]).toBeGreaterThan(0)
    }
  })
})

/** An engine that takes every append for confirmed as soon as it is handed over: what it then says may never be journaled. */
const hasty = (shipped: Engine["Service"]): Engine["Service"] => {
  const step: Engine["Service"]["step"] = (partition, input) => {
    const outputs = shipped.step(partition, input)
    const append = outputs.find((output) => output._tag === "Append")
    if (append === undefined) return outputs
    const { messageId, expectedSeq } = append
    return [...outputs, ...step(partition, { _tag: "AppendAcked", messageId, seq: expectedSeq + 1, duplicate: false, nowMs: input.nowMs })]
  }
  return { ...shipped, step }
}

/** A shell that forgets to send again what the feed did not take: the engine is told that all is well. */
const careless = (shipped: Engine["Service"]): Engine["Service"] => ({
  ...shipped,
  step: (partition, input) => shipped.step(partition, input._tag === "FeedFailed" ? { ...input, _tag: "FeedSent" } : input),
})

describe("A defect in what the shell mode runs", () => {
  it("is seen where every record found is taken for one's own", () => {
    expect(isSeenBy("replies", 60, { rules: { ...protocolRules, isMine: () => true } }, 80)).toBe(true)
  })

  it("is seen where replies leave before their record is confirmed", () => {
    expect(isSeenBy("replies", 60, { engine: hasty })).toBe(true)
  })

  it("is seen where what a former owner journaled and did not say is never said", () => {
    const rules = { ...protocolRules, republishFrom: (_publishedSeq: number, claimSeq: number) => claimSeq + 1 }
    expect(isSeenBy("replies-said", 60, { rules })).toBe(true)
  })

  it("is seen where a feed that failed is taken for one that was stored", () => {
    expect(isSeenBy("feed", 60, { engine: careless }, 520)).toBe(true)
  })
})
