import { describe, expect, it } from "vitest"
import { suiteHtml } from "../../../sim/report/page.ts"
import type { Timeline } from "../../../sim/result.ts"
import { greenSuite, inventedFailure, inventedSeed } from "./invented-suite.ts"
import { drawingsOf, partOf } from "./markup-checks.ts"

/** A second in which little happens, so that all of it can be told. */
const quietSecond: Timeline = {
  endMs: 1_000,
  healedMs: 900,
  sku: "A",
  onHand: [[0, 10]],
  reserved: [],
  ats: [
    {
      channel: "web",
      published: [
        [0, 10],
        [100, 5],
        [200, 8],
      ],
      heard: [
        [0, 10],
        [150, 5],
        [260, 8],
      ],
    },
  ],
  reigns: [],
  absences: [],
  faults: [],
  records: [],
  lifelines: [],
}

const pageOf = (more: Partial<Timeline>): string =>
  suiteHtml(greenSuite({ shown: [inventedSeed("1", { timeline: { ...quietSecond, ...more } })] }))

/** Where on the drawing a moment of the quiet second stands. */
const xOf = (atMs: number): number => 160 + (atMs / 1_000) * 925

describe("the stock of a seed", () => {
  const part = partOf(pageOf({}), "stock")
  it("shades where a channel believes in too many, and apart from that where it doesn't know of all", () => {
    const path = (kind: string): string => new RegExp(`<path d="([^"]*)" class="lag-${kind}"><title>`).exec(part)?.[1] ?? ""
    expect(path("over")).toMatch(new RegExp(`^M${xOf(100)} [\\d.]+V[\\d.]+H298\\.8V[\\d.]+Z$`))
    expect(path("under")).toMatch(new RegExp(`^M${xOf(200)} [\\d.]+V[\\d.]+H400\\.5V[\\d.]+Z$`))
  })
  it("says how much of the time, by how long and by how many units a channel is behind", () => {
    expect(part).toContain("behind 11 % of the time, by up to 60 ms, up to 5 too many")
  })
  it("says that a channel was never behind", () => {
    const published = quietSecond.ats[0]?.published ?? []
    expect(partOf(pageOf({ ats: [{ channel: "web", published, heard: published }] }), "stock")).toContain("never behind")
  })
  it("is drawn without a single point", () => {
    const page = pageOf({ onHand: [], ats: [{ channel: "web", published: [], heard: [] }], endMs: 0, healedMs: 0 })
    for (const drawing of drawingsOf(page)) expect(drawing).not.toMatch(/NaN|Infinity/)
  })
})

describe("the lanes of a seed", () => {
  const reign = (worker: string, partition: number, epoch: number, fromMs: number, toMs: number) =>
    ({ worker, partition, role: "serving", epoch, fromMs, toMs }) as const
  it("say how long two workers believed that they owned one partition", () => {
    const reigns = [reign("w1", 0, 1, 0, 500), reign("w2", 0, 2, 400, 700), reign("w1", 0, 3, 700, 900), reign("w2", 1, 1, 0, 900)]
    expect(partOf(pageOf({ reigns }), "lanes")).toContain("For 100 ms in all, more than one worker believed")
    expect(partOf(pageOf({ reigns: reigns.slice(2) }), "lanes")).not.toContain("more than one worker")
  })
  it("put workers in the order of their numbers, and one row a partition inside", () => {
    const reigns = [reign("w10", 3, 1, 0, 500), reign("w2", 1, 7, 0, 500), reign("w2", 0, 4, 0, 500)]
    const lanes = partOf(pageOf({ reigns }), "lanes")
    const words = [...lanes.matchAll(/class="(?:heading|tick end)">(\w+)</g)].map(([, word]) => word)
    expect(words).toEqual(["faults", "w2", "p0", "p1", "w10", "p3"])
    expect(lanes).toMatch(/class="epoch">e7</)
  })
  it("show what a worker believed under the bar of its absence", () => {
    const absences = [{ worker: "w1", kind: "paused", fromMs: 100, toMs: 300 }] as const
    const lanes = partOf(pageOf({ reigns: [reign("w1", 0, 1, 0, 500)], absences }), "lanes")
    expect(lanes).toMatch(/class="reign serving"[\s\S]*class="absence paused"><title>w1 paused from 0\.100 s for 200 ms</)
  })
})

describe("the lives of commands", () => {
  it("end in a cross where no answer was heard, and in words that say what came", () => {
    const line = { sender: "web", sku: "A", type: "Reserve", sendings: 2, sentMs: 10, storedMs: 20, decidedMs: 30, seq: 7 }
    const lifelines = [
      { ...line, id: "c-heard", heardMs: 40, outcome: "accepted" },
      { ...line, id: "c-lost", heardMs: null, outcome: null },
      { ...line, id: "c-other", sku: "B", heardMs: 40, outcome: "accepted" },
    ]
    const shown = [inventedSeed("1", { timeline: { ...quietSecond, lifelines } })]
    const failures = [{ seed: "1", failure: inventedFailure({ sku: "A", atMs: 25 }), replay: "again" }]
    const part = partOf(suiteHtml(greenSuite({ failed: 1, failures, shown })), "failures")
    expect(part).toContain("Reserve ×2 #7 accepted")
    expect(part).toContain("Reserve ×2 #7 not heard")
    expect(part.match(/class="never"\/>/g)).toHaveLength(1)
    expect(part).not.toContain("c-other")
  })
})
