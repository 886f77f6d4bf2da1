/** The scripts for k6, run by a stand-in for it against a real server: a script that doesn't work any more is found here, where there is no k6. */
import { type ChildProcess, spawn } from "node:child_process"
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { fileURLToPath } from "node:url"
import { afterAll, beforeAll, describe, expect, it } from "vitest"
import { workerEnvironment } from "../../src/cli/demo/workers.ts"
import { sendersOf } from "../../src/domain/sender-list.ts"
import { addKey, noKeys } from "../../src/http/keys.ts"
import { type EmbeddedServer, startEmbedded } from "../../src/nats/embedded.ts"
import { startTimeoutMs } from "../nats/nats-broker.ts"
import { textOf, until } from "../processes.ts"

const path = (name: string): string => fileURLToPath(new URL(`../../${name}`, import.meta.url))
const senders = sendersOf("web=channel,warehouse=warehouse,planner=merchandiser")
const children: Array<ChildProcess> = []
let folder = ""
let server: EmbeddedServer

/** Starts a command of `holdfast`, and resolves once it has said that. */
const start = async (command: string, env: NodeJS.ProcessEnv, said: RegExp): Promise<string> => {
  const child = spawn(process.execPath, [path("src/main.ts"), command], { cwd: folder, env, stdio: ["ignore", "ignore", "pipe"] })
  children.push(child)
  const log = textOf(child.stderr)
  await until(() => said.test(log()))
  return said.exec(log())?.[1] ?? ""
}

const classes = { web: "sell", warehouse: "stock", planner: "policy" } as const

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "holdfast-k6-"))
  server = await startEmbedded({ senders, websocketPort: 0, storeDir: join(folder, "nats") })
  const env = workerEnvironment("k6-worker", server, 2)
  await start("serve", env, /"message":"telemetry is served"/)
  let file = noKeys()
  const keys: Record<string, string> = {}
  for (const { sender } of senders) {
    const added = addKey(file, { sender, scopes: [classes[sender as keyof typeof classes]] }, "2026-11-27T00:00:00Z")
    file = added?.file ?? file
    keys[sender] = added?.text ?? ""
  }
  await writeFile(join(folder, "keys.json"), JSON.stringify(file), { mode: 0o600 })
  await writeFile(join(folder, "logins.json"), JSON.stringify(server.credentials.senders), { mode: 0o600 })
  const gateway = {
    ...env,
    HOLDFAST_WORKER: "k6-gateway",
    HOLDFAST_GATEWAY_PORT: "0",
    HOLDFAST_API_KEYS_FILE: join(folder, "keys.json"),
    HOLDFAST_GATEWAY_LOGINS_FILE: join(folder, "logins.json"),
  }
  const url = await start("gateway", gateway, /"url":"([^"]+)"[^\n]*"message":"the gateway listens"/)
  await writeFile(join(folder, "gateway.json"), JSON.stringify({ url, keys }), { mode: 0o600 })
  await until(async () => (await fetch(`${url}/ready`).catch(() => null))?.ok === true)
}, startTimeoutMs)
afterAll(async () => {
  for (const child of children) child.kill("SIGKILL")
  await server.stop()
  await rm(folder, { recursive: true, force: true })
})

const run = (
  script: string,
  settings: Readonly<Record<string, string>>,
): Promise<{ readonly code: number | null; readonly text: string }> => {
  const given = Object.entries({ PROFILE: "retry-storm", RATE: "40", SECONDS: "3", ...settings }).flatMap(([name, value]) => [
    "-e",
    `${name}=${value}`,
  ])
  const child = spawn(process.execPath, [path("load/k6/stand-in/run.ts"), path(script), ...given], { stdio: ["ignore", "pipe", "pipe"] })
  children.push(child)
  const [out, err] = [textOf(child.stdout), textOf(child.stderr)]
  return new Promise((done) => child.once("close", (code) => done({ code, text: `${out()}${err()}` })))
}

/** Values that a metric was told. */
const told = (text: string, metric: string): number => Number(new RegExp(`^${metric} +(\\d+) values`, "m").exec(text)?.[1] ?? 0)

describe("the scripts for k6", () => {
  it("sell over HTTP, within the profile's thresholds", async () => {
    const { code, text } = await run("load/k6/http.ts", { HOLDFAST_GATEWAY: join(folder, "gateway.json") })
    expect(text).toMatch(/^0 iterations failed, 0 dropped/m)
    expect(told(text, "holdfast_accepted")).toBeGreaterThan(30)
    expect(text).not.toContain("NOT KEPT  holdfast_errors")
    expect([0, 99]).toContain(code)
  })

  it("sell over NATS's WebSocket listener, within the profile's thresholds", async () => {
    const { code, text } = await run("load/k6/nats.ts", { HOLDFAST_CONNECTION: join(folder, "nats", "connection.json") })
    expect(text).toMatch(/^0 iterations failed, 0 dropped/m)
    expect(told(text, "holdfast_accepted")).toBeGreaterThan(30)
    expect(text).not.toContain("NOT KEPT  holdfast_errors")
    expect([0, 99]).toContain(code)
  })

  it("give up, and say why, where the sale can't be prepared", async () => {
    const file = JSON.parse(await readFile(join(folder, "gateway.json"), "utf8")) as {
      readonly url: string
      readonly keys: Record<string, string>
    }
    await writeFile(join(folder, "wrong.json"), JSON.stringify({ ...file, keys: { ...file.keys, planner: file.keys.web } }))
    const { code, text } = await run("load/k6/http.ts", { HOLDFAST_GATEWAY: join(folder, "wrong.json") })
    expect(code).toBe(108)
    expect(text).toContain("given up: the sale could not be prepared: error HTTP 403 KeyScope")
  })
})
