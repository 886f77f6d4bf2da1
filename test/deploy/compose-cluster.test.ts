/** What the set-up of deploy/compose makes, tried for real: three nats-servers with its certificates and hashes, a worker over TLS with its login, and a doctor that finds nothing to object to. */
import { type ChildProcess, execFileSync, spawn } from "node:child_process"
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { fileURLToPath } from "node:url"
import { afterAll, beforeAll, expect, it } from "vitest"
import type { Check } from "../../src/cli/doctor/checks.ts"
import { freePorts } from "../../src/free-ports.ts"
import { natsServerBinary } from "../../src/nats/server-binary.ts"
import { startTimeoutMs } from "../nats/nats-broker.ts"
import { textOf, until } from "../processes.ts"

const top = fileURLToPath(new URL("../../", import.meta.url))
const names = ["nats-1", "nats-2", "nats-3"]
const children: Array<ChildProcess> = []
let folder = ""
let generated = ""

beforeAll(async () => {
  await natsServerBinary()
  folder = await mkdtemp(join(tmpdir(), "holdfast-compose-"))
  generated = join(folder, "generated")
  execFileSync(process.execPath, [join(top, "tools/compose-setup.ts"), "--folder", generated], { stdio: "ignore" })
}, startTimeoutMs)
afterAll(async () => {
  for (const child of children) child.kill("SIGKILL")
  await rm(folder, { recursive: true, force: true })
})

interface Ports {
  readonly client: number
  readonly monitor: number
  readonly route: number
}

/** The configuration that was made, for three servers on one machine: what differs are the ports and where certificates lie. */
const configured = (text: string, own: Ports, all: ReadonlyArray<Ports>): string =>
  text
    .replaceAll("/etc/nats/tls", join(generated, "tls"))
    .replace("0.0.0.0:4222", `127.0.0.1:${own.client}`)
    .replace("0.0.0.0:8222", `127.0.0.1:${own.monitor}`)
    .replace("0.0.0.0:6222", `127.0.0.1:${own.route}`)
    .replace(/routes: \[.*\]/, `routes: [${all.map(({ route }) => `"nats://127.0.0.1:${route}"`).join(", ")}]`)

const startServers = async (): Promise<ReadonlyArray<Ports>> => {
  const ports = await freePorts(names.length * 3)
  const of = names.map((_, at) => ({ client: ports[at] ?? 0, monitor: ports[at + 3] ?? 0, route: ports[at + 6] ?? 0 }))
  const text = await readFile(join(generated, "nats-server.conf"), "utf8")
  for (const [at, own] of of.entries()) {
    const config = join(folder, `${names[at]}.conf`)
    await writeFile(config, configured(text, own, of), { mode: 0o600 })
    const env = { ...process.env, NATS_SERVER_NAME: names[at], NATS_STORE_DIR: join(folder, `${names[at]}`) }
    children.push(spawn(await natsServerBinary(), ["-c", config], { env, stdio: "ignore" }))
  }
  const isHealthy = ({ monitor }: Ports) =>
    fetch(`http://127.0.0.1:${monitor}/healthz`).then(
      ({ ok }) => ok,
      () => false,
    )
  await until(async () => (await Promise.all(of.map(isHealthy))).every(Boolean))
  return of
}

/** The environment of a file that was made, with the servers where they are here. */
const environment = async (file: string, servers: ReadonlyArray<Ports>): Promise<NodeJS.ProcessEnv> => ({
  ...process.env,
  ...Object.fromEntries(
    (await readFile(join(generated, file), "utf8"))
      .trim()
      .split("\n")
      .map((line) => line.split(/=(.*)/s, 2)),
  ),
  HOLDFAST_NATS_URL: servers.map(({ client }) => `tls://127.0.0.1:${client}`).join(","),
  HOLDFAST_NATS_MONITOR_URL: servers.map(({ monitor }) => `http://127.0.0.1:${monitor}`).join(","),
  HOLDFAST_REPLICAS: "3",
  HOLDFAST_DURABILITY: "strict",
  HOLDFAST_PARTITIONS: "1",
  HOLDFAST_HTTP_PORT: "0",
  NODE_EXTRA_CA_CERTS: join(generated, "tls", "ca.pem"),
})

const run = (
  args: ReadonlyArray<string>,
  env: NodeJS.ProcessEnv,
): Promise<{ readonly code: number | null; readonly stdout: string; readonly stderr: string }> => {
  const child = spawn(process.execPath, [join(top, "src/main.ts"), ...args], { env, stdio: ["ignore", "pipe", "pipe"] })
  children.push(child)
  const [stdout, stderr] = [textOf(child.stdout), textOf(child.stderr)]
  return new Promise((done) => child.once("close", (code) => done({ code, stdout: stdout(), stderr: stderr() })))
}

it("is a cluster that a strict worker serves, a warehouse reports to, and a doctor objects to in nothing", async () => {
  const servers = await startServers()
  const env = await environment("worker.env", servers)
  const worker = spawn(process.execPath, [join(top, "src/main.ts"), "serve"], { env, stdio: ["ignore", "ignore", "pipe"] })
  children.push(worker)
  const said = textOf(worker.stderr)

  const logins = JSON.parse(await readFile(join(generated, "logins.json"), "utf8")) as { readonly dock: { readonly password: string } }
  const asDock = { ...env, HOLDFAST_SENDER: "dock", HOLDFAST_SENDER_PASSWORD: logins.dock.password }
  const sent = await run(["send", "ReceiveStock", "--sku", "A", "--location", "L", "--qty", "3", "--timeout-ms", "60000"], asDock)
  expect(`${sent.stdout}${sent.stderr}${said()}`).toContain("accepted  ReceiveStock A")

  const looked = await run(["doctor", "--json"], {
    ...env,
    HOLDFAST_ARCHIVE_DIR: folder,
    HOLDFAST_API_KEYS_FILE: join(generated, "api-keys.json"),
    HOLDFAST_GATEWAY_LOGINS_FILE: join(generated, "logins.json"),
  })
  const { checks } = JSON.parse(looked.stdout) as { readonly checks: ReadonlyArray<Check> }
  expect(checks.filter(({ state }) => state === "wrong" || state === "unknown")).toEqual([])
  expect(checks.filter(({ name }) => name.startsWith("sync to disk"))).toHaveLength(3)
  expect(looked.code).toBe(0)
})
