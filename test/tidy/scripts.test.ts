/** Every script of package.json that is one of load/ says what it takes, and takes nothing else: they read their options in one way. */
import { spawnSync } from "node:child_process"
import { readFileSync } from "node:fs"
import { describe, expect, it } from "vitest"

const scripts: Readonly<Record<string, string>> = JSON.parse(readFileSync("package.json", "utf8")).scripts
const files = Object.values(scripts).flatMap((script) => script.match(/\bload\/\S+\.ts/g) ?? [])
const run = (file: string, ...args: ReadonlyArray<string>) => spawnSync(process.execPath, [file, ...args], { encoding: "utf8" })

describe("the command line of a script", () => {
  /** The demo's own, which the script hands on. */
  const handedOn = ["load/kill-moments.ts"]

  it.each(files.filter((file) => !handedOn.includes(file)))("%s reads its options where all do", (file) => {
    expect(readFileSync(file, "utf8")).toMatch(/\b(?:scriptOptions|chosen)\(/)
  })

  it("is reached by what is given to the script: it runs last", () => {
    for (const script of Object.values(scripts)) if (/\bload\/\S+\.ts/.test(script)) expect(script).toMatch(/load\/\S+\.ts$/)
  })

  it.each<[ReadonlyArray<string>, number, string]>([
    [["--help"], 0, "--clients"],
    [["--cleints", "5"], 2, "there is no --cleints; did you mean --clients?"],
    [["--clients", "many"], 2, "--clients: many is no whole number of at least 1"],
    [["--clients"], 2, "--clients needs a value"],
    [["now"], 2, "now: more than there is room for"],
  ])("%j", { timeout: 60_000 }, (args, code, said) => {
    const { status, stdout, stderr } = run("load/last-units.ts", ...args)
    expect(status).toBe(code)
    expect(`${stdout}${stderr}`).toContain(said)
  })
})
