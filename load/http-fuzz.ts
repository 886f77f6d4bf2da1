/**
 * `npm run http-fuzz`: schemathesis (from PyPI, pinned, in a temporary virtual environment) asks a gateway of its own whatever docs/openapi.json lets it think of, as a channel, a warehouse and an operator. Ends with
 * code 0 if at least so many requests were answered, none with 5xx and none outside the interface's schema; with 3 otherwise.
 *
 * The stream of events is left out: it has no end that a fuzzer could wait for, and tests of its own.
 */
import { spawn } from "node:child_process"
import { readFile } from "node:fs/promises"
import { join } from "node:path"
import { fileURLToPath } from "node:url"
import { temporaryFolder } from "../src/temporary-folder.ts"
import { endsWithUs } from "./stage/ends-with-us.ts"
import { scriptOptions } from "./stage/options.ts"

const pinned = "schemathesis==4.32.5"
const values = scriptOptions("A fuzzer asks a gateway whatever its interface lets it think of.", {
  requests: { fallback: "5000", help: "requests that have to be answered, at least", whole: 1 },
  examples: { fallback: "60", help: "cases of each address and sender that are made by chance", whole: 1 },
  seed: { fallback: "1", help: "of what is made by chance", whole: 0 },
  as: { fallback: "web,warehouse,operator", help: "whose keys, one after the other" },
  venv: { fallback: "", help: "a virtual environment that has schemathesis already" },
})

const main = fileURLToPath(new URL("../src/main.ts", import.meta.url))
/** What holds of every answer. What a schema can't say (a SKU's bytes, what stands twice) makes some valid-looking requests invalid, so that those are refused is no finding. */
const checks =
  "not_a_server_error,status_code_conformance,content_type_conformance,response_headers_conformance,response_schema_conformance,unsupported_method,ignored_auth"

/** Runs a command in a folder of its own: what a tool leaves where it runs goes with it. */
const ran = (folder: string, command: string, args: ReadonlyArray<string>): Promise<number> =>
  new Promise((resolve) => {
    spawn(command, args, { cwd: folder, stdio: "inherit" }).once("close", (code) => resolve(code ?? 1))
  })

const venvIn = async (folder: string): Promise<string> => {
  if (values.venv !== "") return values.venv
  const venv = join(folder, "venv")
  if ((await ran(folder, "python3", ["-m", "venv", venv])) !== 0) throw new Error("python3 with venv is needed")
  if ((await ran(folder, join(venv, "bin", "pip"), ["install", "--quiet", pinned])) !== 0)
    throw new Error(`${pinned} can't be installed from PyPI`)
  return venv
}

interface Served {
  readonly url: string
  readonly metrics: string
  readonly keys: Readonly<Record<string, string>>
  readonly stop: () => Promise<void>
}

const startGateway = async (folder: string): Promise<Served> => {
  const env = {
    PATH: process.env.PATH,
    HOME: process.env.HOME,
    HOLDFAST_OWN_NATS_PORT: "0",
    HOLDFAST_GATEWAY_PORT: "0",
    HOLDFAST_HTTP_PORT: "0",
    HOLDFAST_PARTITIONS: "2",
    HOLDFAST_LOG: "json",
    HOLDFAST_GATEWAY_REQUESTS_PER_SECOND: "1000000",
  }
  const child = endsWithUs(
    spawn(process.execPath, [main, "serve", "--no-postgres"], { cwd: folder, env, stdio: ["ignore", "ignore", "pipe"] }),
  )
  let log = ""
  child.stderr.setEncoding("utf8").on("data", (piece: string) => {
    log += piece
  })
  const ended = new Promise<void>((resolve) => child.once("exit", () => resolve()))
  const metrics = async (): Promise<string> => {
    for (;;) {
      const found = /"metrics":"([^"]+)"/.exec(log)
      if (found !== null) return found[1] ?? ""
      if (child.exitCode !== null) throw new Error(`holdfast serve ended: ${log}`)
      await new Promise((resolve) => setTimeout(resolve, 50))
    }
  }
  const at = await metrics()
  for (;;) {
    const text = await readFile(join(folder, ".cache", "holdfast", "gateway.json"), "utf8").catch(() => null)
    if (text !== null) {
      const { url, keys } = JSON.parse(text) as Pick<Served, "url" | "keys">
      const ready = await fetch(`${url}/ready`).then((answer) => answer.ok)
      const stop = async () => {
        child.kill("SIGTERM")
        await ended
      }
      if (ready) return { url, keys, metrics: at, stop }
    }
    if (child.exitCode !== null) throw new Error(`holdfast serve ended: ${log}`)
    await new Promise((resolve) => setTimeout(resolve, 50))
  }
}

/** Requests answered so far, and of them those with 5xx. */
const counted = async ({ metrics }: Served): Promise<{ readonly all: number; readonly broken: ReadonlyArray<string> }> => {
  const lines = (await (await fetch(metrics)).text()).split("\n").filter((line) => line.startsWith("holdfast_http_requests_total{"))
  const all = lines.reduce((sum, line) => sum + Number(line.slice(line.lastIndexOf(" "))), 0)
  return { all, broken: lines.filter((line) => /status="5/.test(line) && !line.includes('route="/ready"')) }
}

const temporary = temporaryFolder("holdfast-http-fuzz-")
const { path: folder } = temporary
try {
  const venv = await venvIn(folder)
  const served = await startGateway(folder)
  const failed: Array<string> = []
  try {
    for (const sender of values.as.split(",")) {
      const code = await ran(folder, join(venv, "bin", "schemathesis"), [
        "run",
        `${served.url}/openapi.json`,
        "--checks",
        checks,
        "--exclude-path",
        "/v1/events/ats",
        "--phases",
        "coverage,fuzzing",
        "--max-examples",
        values.examples,
        "--seed",
        values.seed,
        "--continue-on-failure",
        "--warnings",
        "off",
        "-H",
        `Authorization: Bearer ${served.keys[sender] ?? ""}`,
      ])
      if (code !== 0) failed.push(sender)
    }
    const { all, broken } = await counted(served)
    for (const line of broken) console.log(`BROKEN: ${line}`)
    const isEnough = all >= Number(values.requests)
    const isGood = isEnough && failed.length === 0 && broken.length === 0
    console.log(
      `${isGood ? "OK" : "FAILED"}: ${all} requests answered${isEnough ? "" : `, ${values.requests} asked for`}; 5xx: ${broken.length} kinds; outside the schema as: ${failed.join(", ") || "nobody"}`,
    )
    process.exitCode = isGood ? 0 : 3
  } finally {
    await served.stop()
  }
} finally {
  await temporary.remove()
}
