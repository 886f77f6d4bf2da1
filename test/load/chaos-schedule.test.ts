import { describe, expect, it } from "vitest"
import { factsOf, familiesFor, familyNames, type Need, scheduleOf } from "../../load/chaos/timed/families.ts"

const all: ReadonlySet<Need> = new Set(["three servers", "another build", "Postgres"])

describe("a schedule of faults", () => {
  it("is the same for the same seed, and another for another", () => {
    const { done } = familiesFor(all)
    expect(scheduleOf("7", 10, done)).toEqual(scheduleOf("7", 10, done))
    expect(scheduleOf("8", 10, done)).not.toEqual(scheduleOf("7", 10, done))
  })

  it.each([1, 3, 10])("of %i minutes has every family in its first round, each as long as that family's may last", (minutes) => {
    for (const seed of ["1", "2", "3"]) {
      const planned = scheduleOf(seed, minutes, familiesFor(all).done)
      expect(new Set(planned.slice(0, familyNames.length).map(({ family }) => family))).toEqual(new Set(familyNames))
      for (const { family, lastsMs } of planned) {
        const [least, most] = factsOf(family).seconds
        expect(lastsMs).toBeGreaterThanOrEqual(least * 1_000)
        expect(lastsMs).toBeLessThanOrEqual(most * 1_000)
      }
    }
  })

  it("leaves out what a run lacks something for, and says what", () => {
    const { done, notTried } = familiesFor(new Set<Need>(["Postgres"]))
    expect(notTried).toContainEqual({ family: "store-wiped", lacks: "three servers" })
    expect(notTried).toContainEqual({ family: "upgrade", lacks: "another build" })
    expect([...done, ...notTried.map(({ family }) => family)].toSorted()).toEqual([...familyNames].toSorted())
  })
})
