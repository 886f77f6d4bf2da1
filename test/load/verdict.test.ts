/** What a run of load comes to: which thresholds it kept, and when it says nothing about the system. */
import { readFileSync } from "node:fs"
import { Schema } from "effect"
import { describe, expect, it } from "vitest"
import { Profile } from "../../load/play/profile.ts"
import { Recorder } from "../../load/play/recorder.ts"
import { reportHtml } from "../../load/play/report.ts"
import { generatorLimit, type Played, playedText, thresholds } from "../../load/play/verdict.ts"
import { playedOf } from "./played.ts"

const profile = Schema.decodeUnknownSync(Profile)(
  JSON.parse(readFileSync(new URL("../../load/profiles/flash-sale.json", import.meta.url), "utf8")),
)

const played = (fill: (recorder: Recorder) => void, changed: Partial<Played> = {}): Played => {
  const recorder = new Recorder()
  for (let n = 0; n < 100; n++) {
    recorder.came()
    recorder.left(1)
    recorder.heard({ outcome: "accepted", why: "", decision: "d" }, 10)
  }
  fill(recorder)
  recorder.second(1_000)
  return playedOf(recorder, { audit: { code: 0, text: "…\nNo guarantee was found broken.\n" }, ...changed })
}
const broken = (one: Played) => thresholds(one, profile).flatMap(({ what, isKept }) => (isKept ? [] : [what]))

describe("thresholds", () => {
  it("are all kept by a run in which nothing went wrong", () => {
    expect(broken(played(() => undefined))).toEqual([])
  })

  it.each<[string, (recorder: Recorder) => void, Partial<Played>, string]>([
    [
      "slow answers",
      (r) => r.heard({ outcome: "accepted", why: "", decision: "d" }, 60_000),
      {},
      "99 of 100 accepted were answered within",
    ],
    [
      "slow refusals",
      (r) => r.heard({ outcome: "refused", why: "InsufficientStock", decision: "d" }, 60_000),
      {},
      "99 of 100 refused were answered within",
    ],
    ["one error", (r) => r.heard({ outcome: "error", why: "HTTP 500", decision: "" }, 1), {}, "share of error"],
    ["one command without a decision", (r) => r.heard({ outcome: "undecided", why: "silence", decision: "" }, 1), {}, "share of undecided"],
    [
      "many busy",
      (r) => {
        for (let n = 0; n < 5; n++) r.heard({ outcome: "busy", why: "sender", decision: "" }, 1)
      },
      {},
      "share of busy",
    ],
    ["two decisions of one id", (r) => r.contradicted.push("a: yes, and then no"), {}, "asked again, another decision"],
    ["an audit that found something", () => undefined, { audit: { code: 3, text: "1 violation" } }, "audit of the journals"],
    ["no audit", () => undefined, { audit: null }, "audit of the journals"],
  ])("%s", (_, fill, changed, what) => {
    // Of a hundred answers one is the hundredth part that may be slower; two are more.
    const twice = (recorder: Recorder) => {
      fill(recorder)
      fill(recorder)
    }
    expect(broken(played(twice, changed))).toContain(what)
  })
})

describe("a run that says nothing about the system", () => {
  it("is one in which commands left late, or shoppers did not come", () => {
    expect(generatorLimit(played(() => undefined))).toBeNull()
    const late = played((recorder) => {
      for (let n = 0; n < 10; n++) recorder.left(400)
    })
    expect(generatorLimit(late)).toMatch(/99 of 100 commands left up to (?:399|40\d) ms after they were due/)
    expect(playedText(late, [])).toContain("THE GENERATOR WAS THE LIMIT")
    expect(generatorLimit(played(() => undefined, { planned: 200 }))).toMatch(/100 of 200 shoppers came/)
  })
})

describe("what is told", () => {
  it("says first that it is partial", () => {
    expect(
      playedText(
        played(() => undefined, { isPartial: true }),
        [],
      ),
    ).toMatch(/^PARTIAL/)
  })

  it("names each number of a threshold", () => {
    const one = played(() => undefined)
    expect(playedText(one, thresholds(one, profile))).toMatch(
      /^kept {6}99 of 100 accepted were answered within: \d+\.\d ms, of 100 answers \(at most \d+ ms\)$/m,
    )
  })

  it.each([
    { looks: [500, 500, 500, 500], bytes: "bytes of journal were not measured in so short a run" },
    { looks: [500, 500, 9_000, 9_000], bytes: "bytes of journal were not measured in so short a run" },
    // Between the looks 100 were decided, and 300 bytes each were written.
    { looks: [500, 1_000, 1_000, 31_000], bytes: "300 bytes of journal each" },
  ])("of bytes of journal is what was measured: $bytes", ({ looks, bytes }) => {
    const server = looks.map((journalBytes, n) => ({
      ...{ decidedPerSecond: 50, lagSeconds: 0, appendMs: 1, openHolds: 0, heapBytes: 0, residentBytes: 0, openFiles: 0, handles: 0 },
      ...{ atMs: n * 1_000, cores: 0.05, decided: n * 50, journalBytes },
    }))
    expect(
      playedText(
        played(() => undefined, { server }),
        [],
      ),
    ).toContain(`the workers decided 150, with 1000 µs of CPU each; ${bytes}`)
  })

  it("is a page that asks nobody for anything, and in which no text of a server becomes markup", () => {
    const html = reportHtml(
      played((recorder) => recorder.heard({ outcome: "error", why: "<script>alert(1)</script>", decision: "" }, 1)),
      [],
    )
    expect(html).not.toContain("<script>alert")
    expect(html).toContain("&lt;script&gt;alert(1)")
    expect(html).not.toMatch(/(?:src|href)=/)
  })
})
