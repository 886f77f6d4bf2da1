import { describe, expect, it } from "vitest"
import { familyRows, promisesOf, timedText } from "../../load/chaos/timed/report.ts"
import type { TimedReport } from "../../load/chaos/timed/run.ts"

const good: TimedReport = {
  seed: "1",
  servers: 1,
  minutes: 1,
  isPartial: false,
  commands: 10,
  accepted: 8,
  refused: 2,
  orders: 1,
  seconds: 60,
  faults: [
    { family: "latency", what: "web", lastedMs: 5, recoveredMs: 2_000 },
    { family: "latency", what: "app", lastedMs: 5, recoveredMs: 1_000 },
  ],
  notTried: [{ family: "step-down", lacks: "three servers" }],
  failed: [],
  endedByThemselves: [],
  heardInstead: {},
  unresolved: [],
  contradictions: [],
  answersHeard: 10,
  audit: { oversoldQty: 0, lost: 0, contradicted: 0, inQuarantine: 0, unchecked: 0, violations: [] },
  porcupine: { skus: 1, operations: 10, unknown: 0, illegal: 0, undecided: 0, seconds: 1, named: [] },
  tables: { code: 0, said: "fine" },
}

const brokenIn = (report: TimedReport) => promisesOf(report).filter(({ kept }) => !kept)

describe("what a timed run comes to", () => {
  it("keeps every promise where nothing was found", () => {
    expect(brokenIn(good)).toEqual([])
  })

  it.each<[string, Partial<TimedReport>]>([
    ["a command lost", { audit: { ...good.audit, lost: 1 } }],
    ["units oversold", { audit: { ...good.audit, oversoldQty: 1 } }],
    ["an answer contradicted", { audit: { ...good.audit, contradicted: 1 } }],
    ["a repeat that heard another decision", { contradictions: ["Reserve c1"] }],
    ["a command that nobody decided", { unresolved: ["c1"] }],
    ["a SKU that Porcupine finds no order for", { porcupine: { ...good.porcupine, illegal: 1 } }],
    ["a SKU that Porcupine had no time for", { porcupine: { ...good.porcupine, undecided: 1 } }],
    ["an empty history", { porcupine: { ...good.porcupine, operations: 0 } }],
    ["tables that differ", { tables: { code: 3, said: "one row" } }],
    ["a fault that was not recovered from", { faults: [{ family: "clock", what: "worker-1", lastedMs: 1, recoveredMs: null }] }],
    ["a fault that could not be done", { failed: ["1 clock: no"] }],
    ["no answer heard", { answersHeard: 0 }],
  ])("breaks exactly one for %s", (_, found) => {
    expect(brokenIn({ ...good, ...found })).toHaveLength(1)
  })

  it("tells of each family how often, and the longest recovery", () => {
    expect(familyRows(good)).toEqual([{ family: "latency", times: 2, longestRecoveryMs: 2_000 }])
  })

  it("says what was not tried, what had no turn, and that it is partial", () => {
    const text = timedText({ ...good, isPartial: true })
    expect(text).toContain("PARTIAL")
    expect(text).toContain("not tried: step-down")
    expect(text).toContain("not done in this run: certificates")
  })
})
