/**
 * Holds the packed client to what a stranger does with it: packed, looked at by publint and arethetypeswrong, installed from the file in a fresh folder, compiled there in a plain strict
 * nodenext project, and loaded by the Node of the PATH and by the one that npm brings.
 */
import { execFileSync } from "node:child_process"
import { mkdtempSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { delimiter, join } from "node:path"
import { fileURLToPath } from "node:url"
import { scriptOptions } from "../load/stage/options.ts"

scriptOptions(
  "Holds the packed client to what a stranger does with it: packs it, installs it in a fresh folder, compiles and runs a program there.",
  {},
)

const root = fileURLToPath(new URL("..", import.meta.url))
const bin = (name: string): string => join(root, "node_modules", ".bin", name)
const folder = mkdtempSync(join(tmpdir(), "holdfast-client-"))

/** The PATH without what npm puts before it: a stranger has their own Node, from 20 on. */
const outerPath = (process.env.PATH ?? "")
  .split(delimiter)
  .filter((part) => !part.includes("node_modules"))
  .join(delimiter)

const run = (command: string, args: ReadonlyArray<string>, cwd = folder): string =>
  execFileSync(command, [...args], { cwd, encoding: "utf8", stdio: ["ignore", "pipe", "inherit"] })

const program = `import { AnswerUnknown, BrokerUnavailable, connect, type SenderClient, type CommandAnswer } from "holdfast/client"

export const buy = async (hf: SenderClient): Promise<CommandAnswer> => hf.reserve({ id: "o1-r", sku: "A", reservation: "o1", qty: 2, holdMs: 900_000 })

const failure: unknown = await connect({
  servers: ["nats://127.0.0.1:1"],
  sender: "web",
  login: { user: "web", password: "" },
  timeoutMs: 100,
}).catch((error: unknown) => error)
if (!(failure instanceof BrokerUnavailable) || failure instanceof AnswerUnknown) throw failure
console.log("the packed client works on Node", process.version)
`
const compilerOptions = {
  strict: true,
  noUncheckedIndexedAccess: true,
  module: "nodenext",
  target: "es2022",
  types: ["node"],
}

try {
  const [packed] = JSON.parse(run("npm", ["pack", "--json", "--silent", "--pack-destination", folder], root)) as ReadonlyArray<{
    readonly filename: string
  }>
  if (packed === undefined) throw new Error("npm pack said of no file that it packed it")
  const file = join(folder, packed.filename)
  process.stdout.write(run(bin("publint"), ["run", file, "--strict"]))
  process.stdout.write(run(bin("attw"), [file, "--profile", "esm-only", "--no-emoji", "--format", "ascii", "--entrypoints", "./client"]))
  writeFileSync(join(folder, "package.json"), JSON.stringify({ private: true, type: "module" }))
  writeFileSync(join(folder, "tsconfig.json"), JSON.stringify({ compilerOptions }))
  writeFileSync(join(folder, "buy.ts"), program)
  run("npm", ["install", "--silent", "--no-audit", "--no-fund", "--prefer-offline", file, "@types/node@24.19.2"])
  run(bin("tsc"), ["-p", folder])
  for (const env of [{ ...process.env, PATH: outerPath }, process.env])
    process.stdout.write(execFileSync("node", ["buy.js"], { cwd: folder, env, encoding: "utf8" }))
} finally {
  rmSync(folder, { recursive: true, force: true })
}
