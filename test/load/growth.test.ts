/**
 * `npm run growth` on real parts, small: points are measured with and without a broker, an owner is killed and followed by another, and files are written. Figures are not looked at.
 */
import { spawn } from "node:child_process"
import { mkdtemp, readFile, rm } from "node:fs/promises"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { fileURLToPath } from "node:url"
import { afterAll, beforeAll, describe, expect, it } from "vitest"
import type { GrowthRun } from "../../load/growth/run.ts"
import { textOf } from "../processes.ts"

const script = fileURLToPath(new URL("../../load/growth.ts", import.meta.url))
let folder = ""

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "holdfast-growth-test-"))
})
afterAll(() => rm(folder, { recursive: true, force: true }))

const run = async (...args: ReadonlyArray<string>) => {
  const child = spawn(process.execPath, [script, ...args], { stdio: ["ignore", "pipe", "pipe"] })
  const [out, err] = [textOf(child.stdout), textOf(child.stderr)]
  const code = await new Promise<number | null>((done) => child.once("close", (ended) => done(ended)))
  return { code, text: `${out()}${err()}` }
}

const read = async (file: string): Promise<GrowthRun> => JSON.parse(await readFile(file, "utf8"))

describe("npm run growth", () => {
  it("measures one engine as its journal grows beyond what is remembered", async () => {
    const json = join(folder, "engine.json")
    const plot = join(folder, "engine.svg")
    const { code, text } = await run(
      "--only",
      "journal",
      "--where",
      "engine",
      "--most",
      "10000",
      "--rounds",
      "1",
      "--json",
      json,
      "--plot",
      plot,
      "--markdown",
    )
    expect(code, text).toBe(0)
    expect(text).toMatch(/^### commands in the journal, .*\n\none engine in one process.*:\n\n\| {2}\| rate.*\n(\| ---: ){11}\|$/m)
    expect(text).toMatch(/^\| 10,000 \| \d/m)
    const [series] = (await read(json)).series
    expect(series?.engine.map(({ value }) => value)).toEqual([0, 10_000])
    const [empty, grown] = series?.engine ?? []
    // As many commands more are in its journal as were asked for.
    expect((grown?.point.journalBytes ?? 0) - (empty?.point.journalBytes ?? 0)).toBeGreaterThan(10_000 * 100)
    expect(grown?.point.replaySeconds).toBeGreaterThan(0)
    expect(await readFile(plot, "utf8")).toMatch(/^<svg [\s\S]*<\/svg>\n$/)
  })

  it("measures a cluster, and how long a channel waits when an owner is killed", async () => {
    const json = join(folder, "broker.json")
    const { code, text } = await run(
      "--only",
      "partitions",
      "--partitions",
      "1",
      "--rounds",
      "1",
      "--seconds",
      "1",
      "--kills",
      "1",
      "--json",
      json,
    )
    expect(code, text).toBe(0)
    const [point] = (await read(json)).series[0]?.broker ?? []
    expect(point).toMatchObject({ value: 1, point: { failedProbes: 0 } })
    expect(point?.point.pausesMs).toHaveLength(1)
    expect(point?.point.perSecond.median).toBeGreaterThan(0)
  })

  it("refuses what can't be, before it starts anything", async () => {
    expect(await run("--only", "warehouses")).toMatchObject({ code: 2 })
    expect(await run("--where", "engines")).toMatchObject({ code: 2, text: expect.stringContaining("did you mean engine?") })
    expect(await run("--json", "/nowhere/growth.json")).toMatchObject({
      code: 2,
      text: expect.stringContaining("--json: there is no folder /nowhere"),
    })
  })
})
