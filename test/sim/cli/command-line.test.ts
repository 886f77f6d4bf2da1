import { mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { describe, expect, it } from "vitest"
import { flags } from "../../../sim/cli/flags.ts"
import { ProfileName } from "../../../sim/profiles.ts"
import type { SuiteReport } from "../../../sim/result.ts"
import { exportsOf } from "../trace/exported.ts"
import { call, inFolder, start } from "./calling.ts"

const suiteIn = (folder: string): SuiteReport => JSON.parse(readFileSync(join(folder, "suite.json"), "utf8")) as SuiteReport

/** A seed that is meant to end does, however little of the machine it gets. */
const patient = ["--seed-limit", "3600"]

describe("the simulator's command line", () => {
  it("explains itself: every flag and profile, an example, what the exit codes say", async () => {
    const { code, out, err } = await call("--help")
    expect(code).toBe(0)
    expect(err).toBe("")
    for (const name of Object.keys(flags)) expect(out).toMatch(new RegExp(`^ {2}--${name} `, "m"))
    for (const name of ProfileName) expect(out).toContain(name)
    expect(out).toContain("npm run sim -- --seed 7")
    expect(out).toMatch(/^ +10 {2}safety/m)
    expect(out).toMatch(/^ +130 {2}interrupted/m)
  })

  it.each([
    [["--seed", "x"], "--seed"],
    [["--seeds", "x"], "--seeds"],
    [["--profile", "x"], "--profile"],
    [["--unheard-of"], "--unheard-of"],
    [["--seed", "1", "--minutes", "1"], "--minutes"],
    [["--compare", "--orders", "not-there.csv"], "--orders: not-there.csv can't be read"],
    [["--seeds", "1", "--report", "/dev/null/report"], "--report: No report can be written"],
    [["--seeds", "1", "--report", "/proc/report"], "--report: No report can be written"],
  ])("refuses %j before it runs or writes anything, with the flag in the message", async (args, words) => {
    await inFolder(async (folder) => {
      const { code, out, err } = await start(folder, args).ended
      expect({ code, out }).toEqual({ code: 2, out: "" })
      expect(err).toContain(words)
      expect(err).toContain("--help")
      expect(readdirSync(folder)).toEqual([])
    })
  })

  it("refuses an order file that is none, and says what is wrong with it", async () => {
    await inFolder(async (folder) => {
      writeFileSync(join(folder, "orders.csv"), "colour,taste\nred,sweet\n")
      const { code, err } = await start(folder, ["--compare", "--orders", "orders.csv", "--report", "report"]).ended
      expect(code).toBe(2)
      expect(err).toMatch(/--orders: orders\.csv: .*column/i)
      expect(readdirSync(folder)).toEqual(["orders.csv"])
    })
  })

  it("quotes no control character of a file that is no text", async () => {
    await inFolder(async (folder) => {
      writeFileSync(join(folder, "orders.csv"), "\u001b[2Jcolour,taste\nred,sweet\n")
      const { code, err } = await start(folder, ["--compare", "--orders", "orders.csv"]).ended
      expect(code).toBe(2)
      expect(err).toContain("colour")
      expect(err).not.toContain("\u001b")
    })
  })

  it("decides exported commands again to the same state, and refuses an export that is cut short or of another format", async () => {
    const [text = ""] = exportsOf("7", "last-unit", { orders: 40, windowMs: 4_000, partitions: 1 }, 0)
    await inFolder(async (folder) => {
      writeFileSync(join(folder, "whole.jsonl"), text)
      writeFileSync(join(folder, "cut.jsonl"), text.slice(0, text.length / 2))
      writeFileSync(join(folder, "other.jsonl"), text.replace('"format":1', '"format":9'))
      const again = await start(folder, ["--commands", "whole.jsonl"]).ended
      expect(again.out).toMatch(/whole\.jsonl, decided again: .* THE SAME\n {2}state hash \S+, as exported/)
      expect(again.code).toBe(0)
      const cut = await start(folder, ["--commands", "cut.jsonl"]).ended
      expect(cut).toMatchObject({ code: 2, out: "", err: expect.stringMatching(/--commands: cut\.jsonl: line \d+: .*cut short/) })
      const other = await start(folder, ["--commands", "other.jsonl"]).ended
      expect(other).toMatchObject({
        code: 2,
        out: "",
        err: expect.stringMatching(/--commands: other\.jsonl: line 1: the export has format 9/),
      })
      // Another hash at its end: the state that the same commands lead to is not the one that was exported.
      const hash = /"stateHash":"([^"]+)"/.exec(text)?.[1] ?? ""
      writeFileSync(join(folder, "changed.jsonl"), text.replace(hash, [...hash].reverse().join("")))
      const changed = await start(folder, ["--commands", "changed.jsonl"]).ended
      expect(changed.code).toBe(10)
      expect(changed.out).toContain("DIFFERENT")
    })
  })

  it("runs seeds to a green end, and prints nothing but JSON where that is asked for", async () => {
    const { code, out, err } = await call("--profile", "calm", "--seeds", "2", "--from", "5", "--json", ...patient)
    const report = JSON.parse(out) as SuiteReport
    expect(report.failures).toEqual([])
    expect(code).toBe(0)
    expect(report).toMatchObject({ version: 1, profile: "calm", seeds: 2, failed: 0, inconclusive: 0, interrupted: false })
    expect(report.commands).toBeGreaterThan(2_000)
    // Nobody places orders in this profile: what holds of them was looked at in none.
    const ofOrders = [17, 18, 19, 20]
    expect(report.guarantees.map(({ number, checked }) => [number, checked > 0])).toEqual(
      [1, 2, 3, 4, 5, 6, 7, 8, 10, ...ofOrders].map((number) => [number, !ofOrders.includes(number)]),
    )
    expect(err).toContain("2 seeds of calm, from 5 on")
    expect(err).toMatch(/commands a CPU second/)
  })

  it("prints for one seed what was drawn for it before anything else", async () => {
    const { code, out } = await call("--mutant", "canary", "--seed", "c8b70ee", ...patient)
    const [commit, drawn, faults] = out.split("\n")
    expect(commit).toMatch(/^commit (unknown|[0-9a-f]{40}\+?): seed c8b70ee of last-unit with the defect canary/)
    expect(drawn).toMatch(/^drawn: workers=\d partitions=\d replicas=/)
    expect(faults).toBe("faults: jitter")
    expect(code).toBe(10)
  })

  it("ends red where a defect is planted, with the checker that saw it and how to see it again", async () => {
    const first = await call("--mutant", "canary", "--seeds", "2", "--json", ...patient)
    expect(first.code).toBe(10)
    const report = JSON.parse(first.out) as SuiteReport
    expect(report.failed).toBe(2)
    const [failed] = report.failures
    expect(failed?.failure).toMatchObject({ class: "safety", checker: "replies" })
    expect(failed?.replay).toBe(`npm run sim -- --mutant canary --seed ${failed?.seed}`)
    const again = await call("--mutant", "canary", "--seed", failed?.seed ?? "", "--json", ...patient)
    const same = JSON.parse(again.out) as SuiteReport
    expect(same.failures).toEqual(report.failures.filter(({ seed }) => seed === failed?.seed))
  })

  it("quotes what a shell would take apart in the line that runs a seed again", async () => {
    await inFolder(async (folder) => {
      const path = "my client's orders.csv"
      writeFileSync(join(folder, path), "InvoiceNo,StockCode,Quantity,InvoiceDate\n1,A,4,1/2/2010\n")
      const args = ["--orders", path, "--date-format", "D/M/YYYY", "--profile", "calm", "--seed", "1", "--seed-limit", "0.001"]
      const { out } = await start(folder, args).ended
      expect(out).toContain("--profile calm --seed 1 --orders 'my client'\\''s orders.csv' --date-format D/M/YYYY")
    })
  })

  it("counts a seed that takes too long as inconclusive, by name, and never as passed", async () => {
    const { code, out } = await call("--profile", "calm", "--seed", "1", "--seed-limit", "0.05")
    expect(code).toBe(15)
    expect(out).toMatch(/0 seeds, 0 failed, 1 inconclusive/)
    expect(out).toMatch(/seed 1: it was ended after .* its limit is 0\.05 s; again: npm run sim -- --profile calm --seed 1/)
  })

  it("finds a seed the same when it is run twice", async () => {
    const { code, out } = await call("--mutant", "canary", "--seed", "2", "--twice")
    expect(code).toBe(10)
    expect(out).not.toContain("nondeterminism, twice")
    expect(out).toContain("--seed 2 --twice")
  })

  it("writes a report with the timelines of its seeds, whole, and nothing else beside it", async () => {
    await inFolder(async (folder) => {
      const { code, out } = await start(folder, ["--mutant", "canary", "--seeds", "2", "--report", "deep/report"]).ended
      expect(code).toBe(10)
      const report = join(folder, "deep", "report")
      expect(out).toContain(`report: ${join(report, "index.html")}`)
      expect(readdirSync(report).sort()).toEqual(["index.html", "suite.json"])
      expect(readFileSync(join(report, "index.html"), "utf8").trimEnd()).toMatch(/<\/html>$/)
      const { shown } = suiteIn(report)
      expect(shown).toHaveLength(2)
      for (const { timeline } of shown) expect(timeline?.lifelines.length).toBeGreaterThan(0)
    })
  })
})

describe("Ctrl-C", () => {
  it("in the middle ends with what was reached, the report whole, and the code of an interruption", async () => {
    await inFolder(async (folder) => {
      const running = start(folder, ["--mutant", "canary", "--minutes", "30", "--report", "report"])
      await running.said(/^[1-9]\d* seeds? in /m)
      running.child.kill("SIGINT")
      const { code, out } = await running.ended
      expect(code).toBe(130)
      expect(out).toMatch(/^INTERRUPTED after \d+ seeds?, \d+ FAILED/m)
      expect(out).toContain("commands a CPU second")
      const report = suiteIn(join(folder, "report"))
      expect(report.interrupted).toBe(true)
      expect(report.seeds).toBeGreaterThan(0)
      expect(readdirSync(join(folder, "report")).sort()).toEqual(["index.html", "suite.json"])
    })
  })

  it("before anything ended leaves an older report as it was", async () => {
    await inFolder(async (folder) => {
      mkdirSync(join(folder, "report"))
      writeFileSync(join(folder, "report", "index.html"), "the older one")
      // So many that no seed comes to its end before it is told to stop, however late that is.
      const orders = Array.from({ length: 100_000 }, (_, i) => `${i},SKU${i % 50},1,2026-03-01 ${String(i % 24).padStart(2, "0")}:00`)
      writeFileSync(join(folder, "orders.csv"), ["InvoiceNo,StockCode,Quantity,InvoiceDate", ...orders].join("\n"))
      const running = start(folder, ["--orders", "orders.csv", "--seeds", "4", "--report", "report", "--json"])
      await running.said(/^commit /m)
      running.child.kill("SIGTERM")
      const { code, out } = await running.ended
      expect(code).toBe(130)
      expect(JSON.parse(out)).toMatchObject({ seeds: 0, interrupted: true })
      expect(readdirSync(join(folder, "report"))).toEqual(["index.html"])
      expect(readFileSync(join(folder, "report", "index.html"), "utf8")).toBe("the older one")
    })
  })
})
