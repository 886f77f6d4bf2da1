/** `holdfast gateway` as a process of its own, beside a NATS server that accepts connections and says nothing: what it says of itself while it can't answer anybody, and how it ends where it can't begin. */
import { type ChildProcessByStdio, spawn } from "node:child_process"
import { once } from "node:events"
import { mkdtemp, rm, writeFile } from "node:fs/promises"
import { type AddressInfo, createServer, type Server } from "node:net"
import { tmpdir } from "node:os"
import { join } from "node:path"
import type { Readable } from "node:stream"
import { fileURLToPath } from "node:url"
import { afterAll, afterEach, beforeAll, expect, it } from "vitest"
import { addKey, noKeys } from "../../src/http/keys.ts"
import { bare, textOf, until } from "../processes.ts"
import { certificateOf } from "./certificate.ts"

const main = fileURLToPath(new URL("../../src/main.ts", import.meta.url))
const dayMs = 86_400_000
let folder: string
let silent: Server
const running: Array<ChildProcessByStdio<null, null, Readable>> = []

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "holdfast-gateway-"))
  silent = createServer().listen(0, "127.0.0.1")
  await once(silent, "listening")
  await writeFile(join(folder, "logins.json"), JSON.stringify({ web: { user: "web", password: "w" } }))
  const added = addKey(noKeys(), { sender: "web" as never, scopes: ["sell"] }, "now")
  await writeFile(join(folder, "keys.json"), JSON.stringify(added?.file))
  const { cert, key } = certificateOf(Date.now() - dayMs, Date.now() + dayMs)
  await writeFile(join(folder, "gateway.crt"), cert)
  await writeFile(join(folder, "gateway.key"), key)
})
afterEach(async () => {
  for (const child of running.splice(0)) {
    if (child.exitCode !== null) continue
    child.kill("SIGKILL")
    await once(child, "exit")
  }
})
afterAll(async () => {
  silent.close()
  await rm(folder, { recursive: true, force: true })
})

/** Starts it, and returns what it logs and the process. */
const start = (more: Readonly<Record<string, string>> = {}) => {
  const env = {
    ...bare,
    HOLDFAST_NATS_URL: `nats://127.0.0.1:${(silent.address() as AddressInfo).port}`,
    HOLDFAST_GATEWAY_LOGINS_FILE: "logins.json",
    HOLDFAST_API_KEYS_FILE: "keys.json",
    HOLDFAST_GATEWAY_PORT: "0",
    HOLDFAST_HTTP_PORT: "0",
    HOLDFAST_LOG: "json",
    ...more,
  }
  const child = spawn(process.execPath, [main, "gateway"], { cwd: folder, env, stdio: ["ignore", "ignore", "pipe"] })
  running.push(child)
  return { child, said: textOf(child.stderr) }
}

it("shows its metrics from the first moment on, and says what is missing while no NATS server answers", async () => {
  const { said } = start()
  const metricsAt = () => /"metrics":"([^"]+)"/.exec(said())?.[1]
  await until(() => metricsAt() !== undefined)
  const metrics = metricsAt() ?? ""
  const scraped = await fetch(metrics)
  expect(scraped.status).toBe(200)
  expect(await scraped.text()).toMatch(/^holdfast_http_event_streams\{worker="[^"]+"\} 0$/m)
  const ready = metrics.replace("/metrics", "/ready")
  const report = async () => (await (await fetch(ready)).json()) as { readonly ready: boolean; readonly missing: ReadonlyArray<string> }
  expect(await report()).toMatchObject({ ready: false })
  await until(async () => (await report()).missing.some((missing) => missing.startsWith("nats: ")))
  expect((await fetch(metrics)).status).toBe(200)
})

it("with a certificate listens over TLS, and ends with 2 and the file's name where that can't be used", async () => {
  const tls = { HOLDFAST_GATEWAY_TLS_CERT: "gateway.crt", HOLDFAST_GATEWAY_TLS_KEY: "gateway.key" }
  const good = start(tls)
  const wrong = start({ ...tls, HOLDFAST_GATEWAY_TLS_KEY: "logins.json" })
  await until(() => good.said().includes('"url":"https://127.0.0.1:'))
  if (wrong.child.exitCode === null) await once(wrong.child, "exit")
  expect(wrong.child.exitCode).toBe(2)
  expect(wrong.said()).toContain("holdfast: HOLDFAST_GATEWAY_TLS_KEY: logins.json is no private key in PEM")
  expect(wrong.said()).not.toContain("password")
})
