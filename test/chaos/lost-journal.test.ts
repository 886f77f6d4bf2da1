import { beforeAll, describe, expect, it } from "vitest"
import { type LostJournalReport, playLostJournal } from "../../load/chaos/lost-journal.ts"
import { withRig } from "../../load/chaos/rig.ts"
import { leaseTtlMs, say, timeoutMs } from "./small.ts"

describe("a partition whose journal was harmed", () => {
  let report: LostJournalReport
  beforeAll(async () => {
    report = await withRig({ partitions: 4, workers: 2, leaseTtlMs }, (rig) => playLostJournal(rig, say))
  }, timeoutMs)

  it.each<readonly [keyof Omit<LostJournalReport, "broken">, string, string]>([
    ["emptied", "JournalLostTail", "it was deleted and made anew under running workers"],
    ["mixed", "ForeignJournal", "a record of another incarnation was written at its end"],
    ["emptiedAtRest", "JournalEmpty", "it was deleted and made anew while no worker ran"],
    ["replacedAtRest", "ForeignJournal", "another incarnation's journal stands in its place"],
  ])("halts (%s: %s), alone and visibly, and goes on when it is resumed", (name, reason) => {
    const harm = report[name]
    expect(harm.halt).toMatch(new RegExp(`^${reason}: partition 1: `))
    expect(harm.haltedMetric).toBeGreaterThan(0)
    expect(harm.decidedElsewhere).toBe(50)
    expect(harm.resumeCode).toBe(0)
  })

  it.each(["mixed", "replacedAtRest"] as const)(
    "decides the sale that waited on its stock as it was, where a whole journal stands (%s)",
    (name) => expect(report[name].outcome).toBe("accepted"),
  )

  it.each(["emptied", "emptiedAtRest"] as const)(
    "decides the sale that waited, and refuses it only for stock whose facts it has not decided anew by then, where nothing was left (%s)",
    (name) => {
      const { outcome, reason } = report[name]
      expect(outcome === "accepted" || reason === "UnknownSku" || reason === "NotSoldHere" || reason === "InsufficientStock").toBe(true)
    },
  )

  it("halts again when it is resumed before a foreign record was removed, and the operator is told so", () => {
    expect(report.mixed.unmendedCode).toBe(6)
  })

  it("has its stock again: of an emptied journal from the facts that are kept, every sale undone; of a restored one as it was", () => {
    const left = [report.emptied, report.mixed, report.emptiedAtRest, report.replacedAtRest].map(({ leftQty }) => leftQty)
    expect(left).toEqual([99, 98, 99, 87])
  })

  it("leaves the other partitions without a fault", () => expect(report.broken).toEqual([]))
})
