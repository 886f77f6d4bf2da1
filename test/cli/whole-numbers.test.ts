/** Every number of the command line is a whole one in plain digits; whatever else a number may be spelled as is refused, with the flag's name, before anything is connected to. */
import { readdirSync, readFileSync } from "node:fs"
import { join } from "node:path"
import * as NodeServices from "@effect/platform-node/NodeServices"
import { Effect } from "effect"
import { afterEach, expect, it, vi } from "vitest"
import { runCommandLine } from "../../src/cli/commands.ts"

afterEach(() => vi.restoreAllMocks())

/** What a command line that can't be used is told. */
const told = async (args: ReadonlyArray<string>): Promise<string> => {
  const said: Array<string> = []
  vi.spyOn(process.stderr, "write").mockImplementation((text) => said.push(String(text)) > 0)
  await Effect.runPromiseExit(runCommandLine(args).pipe(Effect.provide(NodeServices.layer)))
  return said.join("")
}

const reserve = ["send", "Reserve", "--sku", "A"]

it.each<[ReadonlyArray<string>, string]>([
  [[...reserve, "--qty"], "--qty"],
  [[...reserve, "--qty", "1", "--hold-ms"], "--hold-ms"],
  [[...reserve, "--qty", "1", "--issued-at-ms"], "--issued-at-ms"],
  [[...reserve, "--qty", "1", "--deadline-ms"], "--deadline-ms"],
  [[...reserve, "--qty", "1", "--timeout-ms"], "--timeout-ms"],
  [["audit", "--violations"], "--violations"],
  [["export", "--partition"], "--partition"],
  [["resume", "--reason", "x"], "<partition>"],
  [["archive", "restore", "--partition"], "--partition"],
  [["archive", "--partition"], "--partition"],
  [["demo", "--skus"], "--skus"],
  [["demo", "--workers"], "--workers"],
])("%j takes plain digits alone, and says which flag is meant", async (args, flag) => {
  for (const given of ["1e3", "1.0000000000000000001", "1.5", "0x10", "+1", "1_000", "١", "ten"])
    expect(await told([...args, given])).toContain(`holdfast: ${flag}: ${given}: it takes a whole number in plain digits, such as 1000\n`)
  expect(await told([...args, "9007199254740993"])).toContain(`holdfast: ${flag}: 9007199254740993: it is too large a number\n`)
})

it("no flag reads its number in another way", () => {
  const folder = join(import.meta.dirname, "../../src/cli")
  const sources = readdirSync(folder, { recursive: true, encoding: "utf8" }).filter((name) => name.endsWith(".ts"))
  expect(sources.filter((name) => /\b(?:Flag|Argument)\.(?:Int|Finite)\b/.test(readFileSync(join(folder, name), "utf8")))).toEqual([])
})

it.each<[ReadonlyArray<string>, string]>([
  [["--no-postgres", "--no-postgres"], "--no-postgres is given twice, and may be given once"],
  [["--postgres", "--postgres"], "--postgres is given twice, and may be given once"],
  [["--no-postgres", "--postgres"], "--no-postgres and --postgres are one flag, which may be given once"],
  [["--no-postgres=true"], "--no-postgres takes no value"],
  [["--processes", "2", "--processes=2"], "--processes is given twice, and may be given once"],
])("serve %j is told as it was typed", async (args, said) => {
  expect(await told(["serve", ...args])).toContain(`holdfast: ${said}\n`)
})
