import fc from "fast-check"
import { describe, expect, it } from "vitest"
import { rankWorkers, roleOf } from "../../src/runtime/rendezvous.ts"

const workerName = fc.stringMatching(/^[a-z0-9-]{1,20}$/)
const workers = (minLength: number) => fc.uniqueArray(workerName, { minLength, maxLength: 8 })
const partition = fc.nat({ max: 1_023 })
const allPartitions = Array.from({ length: 1_024 }, (_, index) => index)
const ownerOf = (names: ReadonlyArray<string>, of: number) => rankWorkers(names, of)[0]

describe("rendezvous", () => {
  it("ranks every worker once, whatever the order in which they are known", () => {
    fc.assert(
      fc.property(workers(1), partition, fc.infiniteStream(fc.nat()), (names, of, chance) => {
        const shuffled = [...names].sort(() => ((chance.next().value as number) % 3) - 1)
        expect(rankWorkers(shuffled, of)).toEqual(rankWorkers(names, of))
        expect([...rankWorkers(names, of)].sort()).toEqual([...names].sort())
      }),
    )
  })

  it("gives each partition one owner and, from two workers on, one standby", () => {
    fc.assert(
      fc.property(workers(2), partition, (names, of) => {
        const roles = names.map((name) => roleOf(name, names, of, () => true))
        expect(roles.filter((role) => role === "owner")).toHaveLength(1)
        expect(roles.filter((role) => role === "standby")).toHaveLength(1)
      }),
    )
  })

  it("makes the standby the owner when the owner goes, and moves nothing else", () => {
    fc.assert(
      fc.property(workers(2), fc.nat(), (names, which) => {
        const gone = names[which % names.length] as string
        const rest = names.filter((name) => name !== gone)
        for (const of of allPartitions.slice(0, 128)) {
          const [first, second] = rankWorkers(names, of)
          expect(ownerOf(rest, of)).toBe(first === gone ? second : first)
        }
      }),
    )
  })

  it("moves partitions only to a worker that comes", () => {
    fc.assert(
      fc.property(workers(2), (names) => {
        const before = names.slice(1)
        for (const of of allPartitions.slice(0, 128)) {
          const now = ownerOf(names, of)
          expect(now === names[0] || now === ownerOf(before, of)).toBe(true)
        }
      }),
    )
  })

  it("shares the partitions about equally, also between names that hardly differ", () => {
    for (const names of [
      ["worker-1", "worker-2"],
      ["host-1001", "host-1002", "host-1003"],
      ["a", "b", "c", "d", "e"],
    ]) {
      const fairShare = allPartitions.length / names.length
      for (const name of names) {
        const share = allPartitions.filter((of) => ownerOf(names, of) === name).length
        expect(share).toBeGreaterThan(fairShare * 0.8)
        expect(share).toBeLessThan(fairShare * 1.2)
      }
    }
  })

  it.each([
    { workers: 2, partitions: 8, fullest: 5.1, mostOfAll: 8 },
    { workers: 4, partitions: 8, fullest: 3.5, mostOfAll: 7 },
    { workers: 4, partitions: 32, fullest: 10.9, mostOfAll: 19 },
    { workers: 4, partitions: 64, fullest: 20.3, mostOfAll: 28 },
    { workers: 8, partitions: 64, fullest: 12.2, mostOfAll: 24 },
    { workers: 8, partitions: 128, fullest: 21.9, mostOfAll: 33 },
  ])("leaves the fullest of $workers workers $fullest of $partitions partitions, of a thousand clusters' names", (expected) => {
    // These are the figures of docs/CAPACITY.md.
    const fullestOf = (cluster: number): number => {
      const names = Array.from({ length: expected.workers }, (_, index) => `host-${cluster}-${index + 1}`)
      const owners = allPartitions.slice(0, expected.partitions).map((of) => ownerOf(names, of))
      return Math.max(...names.map((name) => owners.filter((owner) => owner === name).length))
    }
    const each = Array.from({ length: 1_000 }, (_, cluster) => fullestOf(cluster))
    expect(each.reduce((sum, one) => sum + one, 0) / each.length).toBeCloseTo(expected.fullest, 1)
    expect(Math.max(...each)).toBe(expected.mostOfAll)
  })

  it("passes over who has not caught up, as long as anybody has, and lets the first two follow whoever owns", () => {
    fc.assert(
      fc.property(workers(1), partition, fc.func(fc.boolean()), (names, of, isCaughtUp) => {
        const ranked = rankWorkers(names, of)
        const owner = ranked.find((name) => isCaughtUp(name)) ?? ranked[0]
        for (const [rank, name] of ranked.entries())
          expect(roleOf(name, names, of, isCaughtUp)).toBe(name === owner ? "owner" : rank < 2 ? "standby" : "none")
      }),
    )
  })

  it("gives nothing to a worker that isn't known to be alive", () => {
    expect(roleOf("a", [], 0, () => true)).toBe("none")
    expect(roleOf("a", ["b", "c"], 0, () => true)).toBe("none")
  })
})
