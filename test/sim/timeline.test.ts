import { describe, expect, it } from "vitest"
import type { Points } from "../../sim/result.ts"
import { runSeed } from "../../sim/run.ts"

/** A short sale with crashes and pauses in it, and channels that lag. */
const options = {
  seed: "timeline-2",
  profile: "flash-sale",
  drawn: { orders: 150, skus: 3, windowMs: 30_000, workers: 3, faultEveryMs: 250, faultChance: 25, leaseTtlMs: 1_000 },
  families: new Set(["jitter", "crashes", "pauses", "channel-lag"] as const),
  wallNowMs: () => 0,
} as const

const risesIn = (points: Points): boolean => points.every(([atMs], at) => at === 0 || atMs > (points[at - 1]?.[0] ?? 0))

describe("the timeline of a seed", () => {
  const { timeline, ...result } = runSeed({ ...options, timeline: { sku: null } })
  if (timeline === null) throw new Error("no timeline though one was asked for")

  it("leaves the seed as it is without one", () => {
    const { timeline: none, ...bare } = runSeed(options)
    expect(none).toBeNull()
    expect(bare).toEqual(result)
  })

  it("follows the stock of the SKU that most is asked of, never promising more than there is", () => {
    expect(timeline.onHand.length).toBeGreaterThan(1)
    expect(timeline.reserved.length).toBeGreaterThan(10)
    expect(risesIn(timeline.onHand) && risesIn(timeline.reserved)).toBe(true)
    const onHandAt = (atMs: number) => timeline.onHand.findLast(([fromMs]) => fromMs <= atMs)?.[1] ?? 0
    for (const [atMs, reserved] of timeline.reserved) expect(reserved).toBeLessThanOrEqual(onHandAt(atMs))
  })

  it("has every channel hear, later, what was published for it", () => {
    expect(timeline.ats.map(({ channel }) => channel)).toEqual(["app", "marketplace", "pos", "web", "wholesale"])
    for (const { published, heard } of timeline.ats) {
      expect(risesIn(published) && risesIn(heard)).toBe(true)
      expect(heard.length).toBeGreaterThan(0)
      expect(heard.at(-1)?.[1]).toBe(published.at(-1)?.[1])
      expect(heard[0]?.[0]).toBeGreaterThan(published[0]?.[0] ?? Number.POSITIVE_INFINITY)
    }
  })

  it("shows who reigned, with epochs that rise in each partition", () => {
    const serving = timeline.reigns.filter(({ role }) => role === "serving")
    expect(new Set(serving.map(({ worker }) => worker)).size).toBeGreaterThan(1)
    for (const reign of timeline.reigns) expect(reign.toMs).toBeGreaterThan(reign.fromMs)
    for (const { partition, epoch, fromMs } of serving)
      for (const later of serving)
        if (later.partition === partition && later.fromMs > fromMs) expect(later.epoch).toBeGreaterThanOrEqual(epoch)
  })

  it("shows a worker away as often as one was made to die or to stand still, and nobody reigning while dead", () => {
    const { crashes = 0, pauses = 0 } = result.faults
    expect(crashes).toBeGreaterThan(0)
    expect(timeline.absences.filter(({ kind }) => kind === "crashed")).toHaveLength(crashes)
    expect(timeline.absences.filter(({ kind }) => kind === "paused")).toHaveLength(pauses)
    for (const dead of timeline.absences.filter(({ kind }) => kind === "crashed"))
      for (const reign of timeline.reigns.filter(({ worker }) => worker === dead.worker))
        expect(reign.toMs <= dead.fromMs || reign.fromMs >= dead.toMs).toBe(true)
  })

  it("lists every record, every fault, and the life of each command about the SKU", () => {
    expect(timeline.records).toHaveLength(result.records)
    // What went wrong on the links is counted only: there is some of it at every message.
    const links = ["lost-requests", "lost-answers", "duplicates", "spikes"]
    const listed = Object.entries(result.faults).filter(([name]) => !links.includes(name))
    expect(timeline.faults).toHaveLength(listed.reduce((sum, [, count]) => sum + count, 0))
    expect(timeline.lifelines.length).toBeGreaterThan(50)
    for (const { sentMs, storedMs, decidedMs, heardMs, outcome, sku } of timeline.lifelines) {
      expect(sku).toBe(timeline.sku)
      expect(outcome).not.toBeNull()
      expect([sentMs, storedMs, decidedMs, heardMs]).toEqual(
        [sentMs, storedMs, decidedMs, heardMs].toSorted((a, b) => Number(a) - Number(b)),
      )
    }
  })

  it("watches the SKU that is named instead", () => {
    const named = runSeed({ ...options, timeline: { sku: "nobody-sells-this" } }).timeline
    expect(named?.sku).toBe("nobody-sells-this")
    expect(named?.lifelines).toEqual([])
    expect(named?.onHand.every(([, qty]) => qty === 0)).toBe(true)
    expect(named?.records).toEqual(timeline.records)
  })
})

describe("the timeline of an upgrade", () => {
  it("has every record, whichever release wrote it", () => {
    const upgrade = { ...options, families: new Set(["jitter", "releases"] as const), timeline: { sku: null } }
    const { timeline, records, faults } = runSeed(upgrade)
    expect(faults.releases).toBeGreaterThan(0)
    expect(timeline?.records).toHaveLength(records)
  })
})
