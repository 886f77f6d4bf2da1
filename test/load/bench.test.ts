/**
 * `npm run bench` on real parts, small: those peers that are there are measured and counted, one that isn't is told with how to get it, and nothing is left behind. Figures are not looked at.
 */
import { type ChildProcess, spawn } from "node:child_process"
import { mkdir, mkdtemp, readdir, readFile, rm } from "node:fs/promises"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { fileURLToPath } from "node:url"
import { afterAll, beforeAll, describe, expect, it } from "vitest"
import type { ArmName } from "../../load/peers/arms.ts"
import type { Row } from "../../load/peers/compared.ts"
import { HeldBackBy } from "../../load/peers/held-back.ts"
import type { BenchRun } from "../../load/peers/run.ts"
import { textOf, until } from "../processes.ts"

const script = fileURLToPath(new URL("../../load/bench.ts", import.meta.url))
let folder = ""
const children: Array<ChildProcess> = []

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "holdfast-bench-test-"))
})
afterAll(async () => {
  for (const child of children) child.kill("SIGKILL")
  await rm(folder, { recursive: true, force: true })
})

/** Its temporary files lie in a folder of their own, so that what it leaves behind is seen. */
const start = (name: string, ...args: ReadonlyArray<string>) => startWith({}, name, ...args)

/** The same with other variables. */
const startWith = async (env: NodeJS.ProcessEnv, name: string, ...args: ReadonlyArray<string>) => {
  const own = join(folder, name)
  await mkdir(own, { mode: 0o755 })
  const child = spawn(process.execPath, [script, ...args], {
    env: { ...process.env, ...env, TMPDIR: own },
    stdio: ["ignore", "pipe", "pipe"],
  })
  children.push(child)
  const [out, err] = [textOf(child.stdout), textOf(child.stderr)]
  const ended = new Promise<number | null>((done) => child.once("close", (code) => done(code)))
  return { child, own, ended, out, err }
}

const smallFor = (rounds: string): ReadonlyArray<string> => [
  "--workloads",
  "uniform",
  "--in-flight",
  "8",
  "--rounds",
  rounds,
  "--seconds",
  "1",
  "--skus",
  "300",
  "--partitions",
  "2",
]
const small = smallFor("1")

interface Told extends BenchRun {
  readonly rows: ReadonlyArray<Row>
}

describe("npm run bench", () => {
  it("measures every arm that can run here, counts in its store, and says of the others why not", async () => {
    const json = join(folder, "bench.json")
    const plot = join(folder, "bench.svg")
    const { ended, own, out, err } = await start("all", ...small, "--json", json, "--plot", plot)
    const code = await ended
    expect(code, `${out()}${err()}`).toBe(0)
    const { rows, checked, out: left, isPartial } = JSON.parse(await readFile(json, "utf8")) as Told
    expect(isPartial).toBe(false)
    const always: ReadonlyArray<ArmName> = [
      "holdfast",
      "holdfast-fsync",
      "floor",
      "floor-fsync",
      "postgres-for-update",
      "postgres-one-statement",
      "postgres-unit-rows",
    ]
    for (const arm of always) expect(rows.filter((row) => row.arm === arm)).toHaveLength(1)
    for (const arm of ["holdfast", "holdfast-fsync", "floor", "floor-fsync"]) {
      const { stages } = rows.find((row) => row.arm === arm) ?? {}
      expect(stages, arm).toMatchObject({ recordCommands: expect.any(Number), replyCommands: expect.any(Number) })
      expect(stages?.appendMedianMs, arm).toBeGreaterThan(0)
      if (process.platform === "linux") expect(HeldBackBy, arm).toContain(stages?.cores?.heldBackBy)
    }
    // Outside programs may not be here: the bench says so, and how to get them.
    for (const { arm, why } of left) {
      expect(["redis-everysec", "redis-always", "tigerbeetle"]).toContain(arm)
      expect(out()).toContain(`NOT RUN  ${arm}: ${why}`)
    }
    expect(checked).toHaveLength(always.length + 3 - left.length)
    for (const { arm, checked: found } of checked) {
      if (arm === "floor" || arm === "floor-fsync") continue
      expect(found.taken).toMatchObject({ qty: found.had, scarceQty: 100, oversoldSkus: 0 })
    }
    expect(await readFile(plot, "utf8")).toMatch(/^<svg [\s\S]*holdfast-fsync[\s\S]*<\/svg>\n$/)
    expect(await readdir(own)).toEqual([])
  })

  it("tells what there is, marked as partial, when it is ended, and leaves nothing behind", async () => {
    const { child, ended, own, out, err } = await start("ended", ...smallFor("100"), "--only", "postgres-one-statement")
    await until(() => /round 1 of 100/.test(err()))
    child.kill("SIGINT")
    expect(await ended).toBe(130)
    expect(out()).toMatch(/^PARTIAL/)
    expect(out()).toMatch(/^counted {2}postgres-one-statement: \d+ units are taken in its store, as many as were heard/m)
    expect(await readdir(own)).toEqual([])
  })

  it("goes on without a program that isn't on the PATH, and ends with 1 where nothing else was asked for", async () => {
    const { ended, out } = await startWith({ PATH: "/nowhere" }, "without", ...small, "--only", "redis-always")
    expect(await ended).toBe(1)
    expect(out()).toMatch(/^NOT RUN {2}redis-always: there is no redis-server on the PATH; .*apt-get install redis-server/m)
  })

  it("ended while its arms are still set up, says that they were interrupted, and of none that it failed", async () => {
    const { child, ended, own, out, err } = await start("early", ...small, "--only", "holdfast,postgres-one-statement,floor")
    await until(() => / is there, with /.test(err()))
    child.kill("SIGINT")
    expect(await ended).toBe(130)
    expect(out()).toMatch(/^PARTIAL/)
    expect(`${out()}${err()}`).not.toMatch(/OUT|FAILED/)
    expect(await readdir(own)).toEqual([])
  })

  it.each<[ReadonlyArray<string>, string]>([
    [["--only", "oracle"], "--only: there is no oracle"],
    [["--workloads", "hott"], "did you mean hot?"],
    [["--in-flight", "0"], "--in-flight: 0 is no whole number from 1 to"],
    [["--in-flight", "64,many"], "--in-flight: many is no whole number from 1 to"],
    [["--in-flight", "100000"], "--in-flight: 100000 is no whole number from 1 to"],
    [["--seconds", "0"], "--seconds: 0 is no whole number from 1 to 600"],
    [["--skus", "999999999"], "--skus: 999999999 is no whole number from 1 to"],
    [["--json", "/nowhere/at/all.json"], "--json: there is no folder /nowhere/at"],
    [["--redis-server", "/nowhere/redis-server"], "--redis-server: /nowhere/redis-server is no program that can be run"],
    [["--tigerbeetle", "/nowhere/tigerbeetle"], "--tigerbeetle: /nowhere/tigerbeetle is no program that can be run"],
    [["--plot", "/"], "--plot: / is a folder"],
  ])("refuses %j before it starts anything", async (args, said) => {
    const { ended, err } = await start(`refused-${args.join("-").replaceAll("/", "_")}`, ...args)
    expect(await ended).toBe(2)
    expect(err()).toContain(said)
  })
})
