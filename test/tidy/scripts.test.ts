/** Every script of package.json that is one of load/ says what it takes, and takes nothing else: they read their options in one way. And each is run by `npm run shows`, or it is said why not. */
import { spawnSync } from "node:child_process"
import { readdirSync, readFileSync } from "node:fs"
import { describe, expect, it } from "vitest"
import { notShown, showNames, shows } from "../../load/shows/list.ts"

const scripts: Readonly<Record<string, string>> = JSON.parse(readFileSync("package.json", "utf8")).scripts
const files = Object.values(scripts).flatMap((script) => script.match(/\bload\/\S+\.ts/g) ?? [])
const run = (file: string, ...args: ReadonlyArray<string>) => spawnSync(process.execPath, [file, ...args], { encoding: "utf8" })

/** The demo's own, which the script hands on. */
const handedOn = ["load/kill-moments.ts"]
const demoOptions = "src/cli/demo/options.ts"

describe("the command line of a script", () => {
  it.each(files.filter((file) => !handedOn.includes(file)))("%s reads its options where all do", (file) => {
    expect(readFileSync(file, "utf8")).toMatch(/\b(?:scriptOptions|chosen)\(/)
  })

  it("is reached by what is given to the script: it runs last", () => {
    for (const script of Object.values(scripts)) if (/\bload\/\S+\.ts/.test(script)) expect(script).toMatch(/load\/\S+\.ts$/)
  })

  it.each<[ReadonlyArray<string>, number, string]>([
    [["--help"], 0, "--clients"],
    [["--cleints", "5"], 2, "there is no --cleints; did you mean --clients?"],
    [["--clients", "many"], 2, "--clients: many is no whole number from 1 to 10000"],
    [["--clients"], 2, "--clients needs a value"],
    [["now"], 2, "now: more than there is room for"],
    [["--clients", "5", "--clients=6"], 2, "--clients is given twice"],
    [["--help", "--help"], 0, "--clients"],
  ])("%j", { timeout: 60_000 }, (args, code, said) => {
    const { status, stdout, stderr } = run("load/last-units.ts", ...args)
    expect(status).toBe(code)
    expect(`${stdout}${stderr}`).toContain(said)
  })

  it.each<readonly [string, ReadonlyArray<string>, string]>([
    ["load/restore-drill.ts", ["--partitions", "99999"], "--partitions: 99999 is no whole number from 1 to 1024"],
    ["load/growth.ts", ["--partitions", "99999"], "--partitions: 99999 is no whole number from 1 to 1024"],
    ["load/growth.ts", ["--only", "partitions", "--where", "engine"], "partitions are measured with --where broker alone"],
    ["load/flood.ts", ["--flooders", "some"], "--flooders: some is no whole number from 1 to"],
    ["load/flood.ts", ["--share", "half"], "--share: half is no number from 0 to"],
    ["load/scale.ts", ["--profile", "nosuch"], "there is no profile nosuch: there are black-friday"],
    ["load/load.ts", ["drop", "--folder", "/nowhere"], "/nowhere/.cache/holdfast/connection.json can't be read"],
    ["load/load.ts", ["drop", "--report", "/dev/null/report"], "--report: nothing can be written to /dev/null/report"],
    ["load/flood.ts", ["--servers", "2"], "--servers: there is no 2"],
    ["load/chaos.ts", ["--servers", "2"], "--servers is of a timed run: add --minutes"],
    ["load/chaos.ts", ["zombie", "--servers", "-1"], "--servers is of a timed run: add --minutes"],
    ["load/chaos.ts", ["--only", "nope"], "--only is of a timed run: add --minutes"],
    ["load/chaos.ts", ["--before", "/nope"], "--before is of a timed run: add --minutes"],
    ["load/chaos.ts", ["--rate", "1000"], "--rate is of a timed run: add --minutes"],
    ["load/chaos.ts", ["--json"], "--json is of a timed run: add --minutes"],
    ["load/chaos.ts", ["--minutes", "1", "zombie"], "a timed run takes no scenarios: leave out --minutes, or the words"],
    ["load/chaos.ts", ["--minutes", "1", "--buyers", "64"], "--buyers is of scenarios: leave out --minutes, or --buyers"],
    ["load/chaos.ts", ["--minutes", "1", "--stop-ms", "9"], "--stop-ms is of scenarios: leave out --minutes, or --stop-ms"],
    ["load/chaos.ts", ["--minutes", "1", "--mib", "9"], "--mib is of scenarios: leave out --minutes, or --mib"],
    ["load/chaos.ts", ["--minutes", "1", "--json", "--json"], "--json is given twice"],
  ])("%s %j is refused before anything starts", { timeout: 60_000 }, (script, args, said) => {
    const { status, stdout, stderr } = run(script, ...args)
    expect(stderr).toContain(said)
    expect(status).toBe(2)
    expect(stdout).toBe("")
  })
})

describe("npm run shows", () => {
  it("runs every script of load/, or says why not", () => {
    const inLoad = Object.keys(scripts).filter((name) => /\bload\//.test(scripts[name] ?? ""))
    expect([...showNames, ...Object.keys(notShown)].sort()).toEqual(inLoad.sort())
  })

  it("misses none of load/: each has a name in package.json", () => {
    const inLoad = readdirSync("load").filter((name) => name.endsWith(".ts"))
    expect(inLoad.map((name) => `load/${name}`).sort()).toEqual(files.sort())
  })

  it.each(showNames)("gives %s options that it has", (name) => {
    const file = scripts[name]?.match(/\bload\/\S+\.ts$/)?.[0] ?? ""
    const source = [file, ...(handedOn.includes(file) ? [demoOptions] : [])].map((path) => readFileSync(path, "utf8")).join("\n")
    const given = shows[name].args("DIR").filter((arg) => arg.startsWith("--"))
    const isThere = (option: string) => [`"${option}"`, `"--${option}"`, ` ${option}: `].some((spelled) => source.includes(spelled))
    const unknown = given.filter((arg) => !isThere(arg.slice(2)))
    expect(unknown).toEqual([])
  })
})
