import { describe, expect, it } from "vitest"
import { suiteHtml } from "../../../sim/report/page.ts"
import type { Points, SuiteReport, Timeline } from "../../../sim/result.ts"
import { emptySuite, greenSuite, inventedFailure, inventedSeed, inventedTimeline, redSuite } from "./invented-suite.ts"
import { drawingsOf, embeddedIn, partOf, shownOf, xmlFault } from "./markup-checks.ts"

const green = suiteHtml(greenSuite())
const red = suiteHtml(redSuite())
const empty = suiteHtml(emptySuite())
const pages = [
  ["a green suite", green],
  ["a failing suite", red],
  ["an empty suite", empty],
] as const

/** A report in which every text from data tries to become markup. */
const hostile = (text: string): SuiteReport => {
  const failure = inventedFailure({ detail: text, signature: text, checker: text, sku: text })
  const seed = inventedSeed("1", {
    seed: text,
    profile: text,
    drawn: { [text]: text },
    families: [text],
    traceHash: text,
    failures: [failure],
  })
  const timeline = seed.timeline
  if (timeline === null) return emptySuite()
  const shown = {
    ...seed,
    timeline: {
      ...timeline,
      sku: text,
      ats: timeline.ats.map((line) => ({ ...line, channel: text })),
      reigns: timeline.reigns.map((reign) => ({ ...reign, worker: text })),
      absences: timeline.absences.map((absence) => ({ ...absence, worker: text })),
      faults: timeline.faults.map((fault) => ({ ...fault, family: text, detail: text })),
      records: timeline.records.map((record) => ({ ...record, kind: text, owner: text })),
      lifelines: timeline.lifelines.map((line) => ({ ...line, sender: text, id: text, sku: text, type: text, outcome: text })),
    },
  }
  return greenSuite({
    commit: text,
    profile: text,
    failed: 1,
    faults: { [text]: 3 },
    checked: { [text]: 1 },
    excused: { [text]: 1 },
    parts: [{ part: "Comparison", verdict: "incomplete", sentence: text }],
    sometimes: [{ name: text, count: 0, firstSeed: text, what: text }],
    guarantees: [{ number: 1, title: text, checkers: [text], checked: 1, failures: 1 }],
    failures: [{ seed: text, failure, replay: text }],
    mutants: [{ name: text, breaks: text, expected: [text], seedsToKill: null, killedBy: text, seed: text, budget: 1, marker: 0 }],
    comparison: greenSuite().comparison.map((line) => ({ ...line, title: text })),
    shown: [shown],
  })
}

describe("the page of a suite", () => {
  it.each(pages)("asks nothing of the network for %s", (_, page) => {
    const targets = [...page.matchAll(/\b(?:src|href|srcset|action|poster)\s*=\s*"([^"]*)"/g)].map(([, target]) => target)
    expect(targets.filter((target) => target !== "data:," && target?.startsWith("#") !== true)).toEqual([])
    expect(page).not.toMatch(/https?:|@import|url\(|<link(?! rel="icon")/)
    expect(page).toContain("default-src 'none'")
  })

  it.each(pages)("draws well-formed images, with titles and descriptions, for %s", (_, page) => {
    for (const drawing of drawingsOf(page)) {
      expect(xmlFault(drawing)).toBeNull()
      expect(drawing).toMatch(
        /^<svg id="([\w-]+)" role="img" aria-labelledby="\1-t \1-d"[^>]*>\s*<title id="\1-t">[^<]+<\/title>\s*<desc id="\1-d">[^<]+</,
      )
      expect(drawing).not.toMatch(/NaN|Infinity|undefined/)
    }
  })

  it.each(pages)("uses an id once and links only to what is there, for %s", (_, page) => {
    const ids = [...shownOf(page).matchAll(/\sid="([^"]*)"/g)].map(([, id]) => id)
    expect(ids.filter((id, index) => ids.indexOf(id) !== index)).toEqual([])
    const links = [...page.matchAll(/href="#([^"]*)"/g)].map(([, id]) => id)
    expect(links.filter((id) => !ids.includes(id))).toEqual([])
  })

  it("gives every heading of a table its scope and every table its caption", () => {
    const shown = shownOf(red)
    expect(shown.match(/<th(?! scope="(row|col)")[\s>]/g)).toBeNull()
    expect(shown.match(/<table>/g)?.length).toBe(shown.match(/<table>\s*<caption>[^<]+<\/caption>/g)?.length)
  })

  it("holds the whole report for machines", () => {
    expect(embeddedIn(red)).toEqual(redSuite())
    expect(embeddedIn(green)).toEqual(greenSuite())
  })

  it("draws stock, faults and lanes of every seed shown, on one scale of time", () => {
    const ids = drawingsOf(green).map((drawing) => /id="([\w-]+)"/.exec(drawing)?.[1])
    for (const index of [0, 1, 2]) expect(ids).toEqual(expect.arrayContaining([`stock-${index}`, `faults-${index}`, `lanes-${index}`]))
    const marks = drawingsOf(green).flatMap((drawing) => /data-group="seed-0" data-from="\d+" data-to="\d+"/.exec(drawing)?.[0] ?? [])
    expect(new Set(marks).size).toBe(1)
  })

  it("leads with what was sold and what was cancelled, where the same orders were sold in several ways", () => {
    const page = suiteHtml(greenSuite())
    const titles = [...page.matchAll(/<dt>([^<]*)<\/dt><dd>([^<]*)<\/dd>/g)].map(([, name, value]) => `${value} ${name}`)
    expect(titles[0]).toMatch(/^16,940 units sold and kept; Batch sync every 15 minutes 18,220, /)
    expect(titles[1]).toMatch(/^0 orders cancelled; Batch sync every 15 minutes 1,107, /)
    const comparison = partOf(page, "comparison")
    expect(comparison).toMatch(
      /Batch sync every 15 minutes sold 18,220 units and cancelled 1,107 orders;.*Holdfast sold 16,940 units and cancelled 0 orders\./,
    )
    expect([...comparison.matchAll(/class="heading">([^<]*)</g)].map(([, name]) => name).slice(0, 2)).toEqual([
      "Units sold",
      "Orders cancelled",
    ])
    // Alone, it is all that the top has numbers of.
    const alone = partOf(suiteHtml(greenSuite({ seeds: 0 })), "verdict")
    expect(alone).not.toMatch(/seeds \(worlds tried\)/)
    expect(alone).toMatch(
      /<h1[^>]*>Holdfast sold 16,940 units and cancelled 0 orders; Batch sync every 15 minutes sold 18,220 units and cancelled 1,107 orders\./,
    )
    expect(alone).toMatch(/No seed was run: this compares/)
  })

  it("leaves out the comparison, other parts, mutants and states when there are none", () => {
    for (const id of ["comparison", "parts", "mutants", "sometimes", "stock", "lanes", "seeds"]) {
      expect(partOf(empty, id)).toBe("")
      expect(partOf(green, id)).not.toBe("")
    }
  })

  it("says what a seed without a timeline came to, without drawing it", () => {
    const page = suiteHtml(greenSuite({ shown: [inventedSeed("5", { timeline: null })] }))
    expect(partOf(page, "stock")).toBe("")
    expect(partOf(page, "seeds")).toContain("Seed 5")
  })
})

describe("text from a run", () => {
  const texts = [
    `</script><script>alert(1)</script>`,
    `"><img src=x onerror='alert(1)'>`,
    `<!--`,
    `]]>&amp;&`,
    "a\u0000b\u001b[31m\u202eevil\ud800",
  ]
  it.each(texts)("stays text wherever it stands: %j", (text) => {
    const report = hostile(text)
    const page = suiteHtml(report)
    const plain = suiteHtml(hostile("plain, short"))
    // No tag comes or goes with the data.
    const tags = (shown: string): ReadonlyArray<string> => shown.match(/<\/?[a-z][\w-]*/gi) ?? []
    expect(tags(page)).toEqual(tags(plain))
    for (const drawing of drawingsOf(page)) expect(xmlFault(drawing)).toBeNull()
    expect(xmlFault(/<body>[\s\S]*?(?=<script)/.exec(page)?.[0].concat("</body>") ?? "")).toBeNull()
    expect(embeddedIn(page)).toEqual(JSON.parse(JSON.stringify(report)))
  })
})

describe("the verdict at the top", () => {
  const headline = (page: string): string => /<h1[^>]*>([^<]*)<\/h1>/.exec(page)?.[1] ?? ""
  const stamp = (page: string): string => /<p class="stamp">([^<]*)</.exec(page)?.[1] ?? ""

  it("says that nothing was sold twice, of how much, when all was judged and nothing broke", () => {
    const kinds = Object.keys(greenSuite().faults).length
    expect(headline(green)).toBe(`125 simulated days of flash sale in 1,000 seeds, with ${kinds} kinds of trouble: 0 units sold twice.`)
    expect(stamp(green)).toBe("Every promise was kept")
  })

  it("says in plain words what was broken", () => {
    expect(headline(red)).toBe("Units were sold twice; a command was left without its one answer: 2 of 1,000 seeds failed.")
    expect(partOf(red, "verdict")).toMatch(/class="tile bad"><dt>units sold twice<\/dt><dd>1<\/dd>/)
  })

  it.each([
    ["crash", "The program itself broke down"],
    ["nondeterminism", "The same seed came out differently twice"],
    ["liveness", "Work did not go on after the faults had ended"],
    ["safety", "A checker found a broken promise"],
  ] as const)("names a failure of class %s by what it is where no guarantee names its checker", (kind, words) => {
    const failures = [{ seed: "1", failure: inventedFailure({ class: kind, checker: "nobody" }), replay: "" }]
    expect(headline(suiteHtml(greenSuite({ failed: 1, failures })))).toBe(`${words}: 1 of 1,000 seeds failed.`)
  })

  it("proves nothing when no seed ended", () => {
    expect(headline(empty)).toBe("No seed was run to its end: this report proves nothing.")
    expect(stamp(empty)).toBe("Not the whole proof")
  })

  it.each([
    ["it was interrupted", { interrupted: true, seeds: 12 }, "The run was interrupted: only the 12 seeds that had ended are counted."],
    ["a seed has no verdict", { inconclusive: 1 }, "1 seed ended without a verdict. They are not counted as passed."],
    [
      "a part beside the seeds did not come to its end",
      { parts: [{ part: "Small worlds", verdict: "incomplete", sentence: "1 given up" }] },
      "Small worlds: 1 given up.",
    ],
    ["overselling was not judged", { guarantees: [] }, "Whether units were sold twice was not judged in this run."],
  ] as const)("is not called kept when %s", (_, more, note) => {
    const page = suiteHtml(greenSuite(more))
    expect(stamp(page)).toBe("Not the whole proof")
    expect(partOf(page, "verdict")).toContain(note)
  })

  it.each([
    ["no guarantee was judged", []],
    ["nothing was checked for it", greenSuite().guarantees.map((line) => ({ ...line, checked: 0 }))],
  ] as const)("does not claim that nothing was sold twice when %s", (_, guarantees) => {
    const page = suiteHtml(greenSuite({ guarantees }))
    expect(headline(page)).toContain("no failure was found")
    expect(partOf(page, "verdict")).toContain("<dt>units sold twice: not judged</dt><dd>–</dd>")
  })

  it("calls nothing kept where all seeds are green and a part beside them found a broken promise", () => {
    const broken = [{ part: "Commands decided again", verdict: "broken", sentence: "a.jsonl: decisions came out different" }] as const
    for (const page of [suiteHtml(greenSuite({ parts: broken })), suiteHtml(emptySuite({ parts: broken }))]) {
      expect(stamp(page)).toBe("A promise was broken")
      expect(headline(page)).toBe("A promise was broken beside the seeds.")
      expect(partOf(page, "verdict")).toContain("Commands decided again: a.jsonl: decisions came out different.")
      expect(partOf(page, "parts")).toMatch(/<tr class="bad"><th scope="row">Commands decided again/)
    }
  })

  it("misses no rare state, and proves only what it looked at, where no seed was asked for", () => {
    const page = suiteHtml(emptySuite({ sometimes: redSuite().sometimes, parts: greenSuite().parts }))
    expect(headline(page)).toBe("No seed was run to its end: only what stands below was looked at.")
    expect(stamp(page)).toBe("Not the whole proof")
    expect(page).not.toContain("rare state")
    expect(partOf(page, "sometimes")).toBe("")
  })

  it("says that a defect was planted when seeds failed because of it", () => {
    const shown = [inventedSeed("402", { mutant: "forget-refusals" })]
    expect(partOf(suiteHtml({ ...redSuite(), shown }), "verdict")).toContain("planted on purpose in this run (forget-refusals)")
  })
})

describe("what proves less than it should", () => {
  it("stands out: a state never reached comes first and is marked", () => {
    const rows = partOf(red, "sometimes").match(/<tr[\s\S]*?<\/tr>/g) ?? []
    expect(rows[1]).toMatch(/^<tr class="bad"><th scope="row">clock-step-in-lease/)
    expect(rows[1]).toContain("never reached")
    expect(rows.filter((row) => row.includes("never reached"))).toHaveLength(1)
    expect(partOf(red, "verdict")).toContain("1 rare state that the seeds have to reach was not reached.")
    expect(partOf(green, "sometimes")).not.toContain("never reached")
  })

  it("stands out: a planted defect that survived comes first, with what that means", () => {
    const rows = partOf(red, "mutants").match(/<tr[\s\S]*?<\/tr>/g) ?? []
    expect(rows[1]).toMatch(/^<tr class="bad"><th scope="row">purge-past-cursor/)
    expect(rows[1]).toContain("ran, and no checker saw it")
    const tame = redSuite().mutants.map((line) => ({ ...line, marker: 0 }))
    expect(partOf(suiteHtml(greenSuite({ mutants: tame })), "mutants")).toContain("never ran: the workload is too tame")
  })

  it("stands out: a guarantee that nobody checked, and one that broke", () => {
    const rows = partOf(red, "guarantees").match(/<tr[\s\S]*?<\/tr>/g) ?? []
    expect(rows[1]).toMatch(/^<tr class="bad">[\s\S]*broken/)
    expect(rows[9]).toMatch(/^<tr class="warn">[\s\S]*not checked/)
    expect(rows[2]).toMatch(/^<tr><th[\s\S]*kept/)
  })
})

describe("a failing seed", () => {
  const part = partOf(red, "failures")
  it("shows how to replay it, what was found and the journal around the record", () => {
    expect(part).toContain("npm run sim -- --seed 402 --profile flash-sale")
    expect(part).toContain("found 12 &gt; 11. &lt;/script&gt;")
    expect(part.match(/<tr class="mark"><th scope="row" class="num">41<\/th>/g)).toHaveLength(1)
    expect(part).toContain("Commands of SHOE-42&lt;wide&gt; around 2,214.871 s")
  })
  it("is listed without drawings when its timeline was not kept", () => {
    expect(part).toContain("Seed 733")
    expect(part).toContain("replay it to see them")
  })
  it("shows the commands that the failure names, however long ago they were", () => {
    const failure = inventedFailure({ detail: "Command c-b3 of web was never answered.", atMs: 100, seq: 0 })
    const page = suiteHtml(greenSuite({ failed: 1, failures: [{ seed: "1", failure, replay: "again" }] }))
    expect(partOf(page, "failures")).toMatch(/ c-b3<\/text>/)
    expect(part).not.toMatch(/ c-b3<\/text>/)
  })
  it("shows what was excused, and that it was", () => {
    expect(part).toContain("majority-lost")
    expect(part).toContain("Excused")
  })
})

describe("a heavy report", () => {
  it("stays under three megabytes with three seeds of 5,000 records and commands each", () => {
    const size = { records: 5_000, lifelines: 5_000 }
    const page = suiteHtml(greenSuite({ shown: ["1", "2", "3"].map((seed) => inventedSeed(seed, {}, size)) }))
    expect(page.length).toBeLessThan(3_000_000)
    expect(page).toContain("without the records, lifelines of its seeds")
    expect(page).toContain('data-without="records lifelines"')
    expect(embeddedIn(page)).toMatchObject({ seeds: 1_000, shown: [{ seed: "1", timeline: { records: [], lifelines: [] } }, {}, {}] })
    expect(partOf(page, "seeds")).toContain("… and 4,900 more")
  })

  it("stays under three megabytes however long its lines are and however many faults fell", () => {
    const endMs = 300_000
    const points = (step: number): Points => Array.from({ length: 20_000 }, (_, at) => [at * 15 + step, (at * 7 + step) % 100])
    const ats = Array.from({ length: 12 }, (_, at) => ({ channel: `channel ${at}`, published: points(0), heard: points(4) }))
    const faults = Array.from({ length: 20_000 }, (_, at) => ({
      family: `family ${at % 20}`,
      atMs: at * 15,
      toMs: at * 15 + 3,
      detail: "said",
    }))
    const timeline: Timeline = { ...inventedTimeline("1", 5_000, 5_000), endMs, onHand: points(0), reserved: points(1), ats, faults }
    const page = suiteHtml(greenSuite({ shown: ["1", "2", "3"].map((seed) => inventedSeed(seed, { timeline })) }))
    expect(page.length).toBeLessThan(3_000_000)
    expect(embeddedIn(page)).toMatchObject({ shown: [{ timeline: { ats: [], endMs } }, {}, {}] })
    expect(partOf(page, "stock")).toContain("… and 4 more")
  })

  it("counts what it leaves out of long lists", () => {
    const failures = Array.from({ length: 500 }, (_, index) => {
      const failure = inventedFailure({ signature: `signature ${index % 45}` })
      return { seed: String(index % 400), failure, replay: `again ${index}` }
    })
    const many = Array.from({ length: 300 }, (_, index) => ({ name: `state ${index}`, count: 1, firstSeed: "1", what: "" }))
    const page = suiteHtml(greenSuite({ failed: 400, failures, sometimes: many }))
    expect(partOf(page, "failures")).toContain("… and 380 more")
    expect(partOf(page, "failures")).toContain("… and 15 more")
    expect(partOf(page, "sometimes")).toContain("… and 100 more")
    expect(page.length).toBeLessThan(3_000_000)
  })
})
