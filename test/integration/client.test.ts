/** The client against a real server and a real worker: decisions, the server's permissions, and what a lost connection leaves behind. */
import { type ChildProcess, spawn } from "node:child_process"
import { mkdtemp, rm } from "node:fs/promises"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { fileURLToPath } from "node:url"
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from "vitest"
import { type AtsValue, type Channel, connect } from "../../src/channel.ts"
import { type EmbeddedServer, startEmbedded } from "../../src/nats/embedded.ts"
import { natsServerBinary } from "../../src/nats/server-binary.ts"

/** For whoever starts the first server on a machine: it may have to be built. */
const startTimeoutMs = 300_000
const main = fileURLToPath(new URL("../../src/main.ts", import.meta.url))
const patience = { timeout: 30_000, interval: 50 }

let folder: string
let server: EmbeddedServer
let worker: ChildProcess

const workerEnvironment = ({ url, monitorUrl, credentials: { engine, worker: login } }: EmbeddedServer) => ({
  ...process.env,
  HOLDFAST_NATS_URL: url,
  HOLDFAST_NATS_MONITOR_URL: monitorUrl,
  HOLDFAST_ENGINE_USER: engine.user,
  HOLDFAST_ENGINE_PASSWORD: engine.password,
  HOLDFAST_WORKER_USER: login.user,
  HOLDFAST_WORKER_PASSWORD: login.password,
  HOLDFAST_PARTITIONS: "4",
  HOLDFAST_HTTP_PORT: "0",
})

const as = async (sender: string): Promise<Channel> => {
  const login = server.credentials.senders[sender]
  if (login === undefined) throw new Error(`the server knows no sender ${sender}`)
  const channel = await connect({ servers: [server.url], sender, login })
  onTestFinished(() => channel.close())
  return channel
}

/** A SKU with `qty` units at L, sold by web; a new one for each test. */
const stocked = async (sku: string, qty: number): Promise<void> => {
  const [planner, warehouse] = [await as("planner"), await as("warehouse")]
  const line = { channel: "web", priority: 0, bufferQty: 0, bufferPercent: 0, floorQty: 0, fenceQty: 0 }
  await planner.setPolicy({ sku, policy: { version: 1, channels: [line], safety: [], sourcing: [] } })
  await warehouse.receiveStock({ sku, location: "L", qty })
}

beforeAll(async () => {
  await natsServerBinary()
  folder = await mkdtemp(join(tmpdir(), "holdfast-client-"))
  server = await startEmbedded({
    storeDir: join(folder, "nats"),
    senders: [
      { name: "web", kind: "channel" },
      { name: "warehouse", kind: "warehouse" },
      { name: "planner", kind: "merchandiser" },
    ],
  })
  worker = spawn(process.execPath, [main, "serve"], { cwd: folder, env: workerEnvironment(server), stdio: "ignore" })
}, startTimeoutMs)

afterAll(async () => {
  const ended = new Promise((resolve) => worker.once("exit", resolve))
  worker.kill("SIGTERM")
  await ended
  await server.stop()
  await rm(folder, { recursive: true, force: true })
})

describe("a client of a real cluster", () => {
  it("a thousand calls for ten units: ten are accepted, each of the others is refused", async () => {
    await stocked("TEN", 10)
    const web = await as("web")
    const calls = Array.from({ length: 1_000 }, (_, i) => web.reserve({ sku: "TEN", reservation: `r${i}`, qty: 1, holdMs: 600_000 }))
    const decisions = await Promise.all(calls)
    expect(decisions.filter(({ outcome }) => outcome === "accepted")).toHaveLength(10)
    const refused = { outcome: "refused", reason: "InsufficientStock", ats: 0 }
    expect(decisions.filter((decision) => decision.outcome !== "accepted")).toEqual(
      Array.from({ length: 990 }, () => expect.objectContaining(refused)),
    )
    expect(await web.stock("TEN")).toMatchObject({ answer: "stock", offered: 0, openReservations: 10 })
  })

  it("the same command sent twice: the same decision, the second time as repeated", async () => {
    await stocked("TWICE", 10)
    const web = await as("web")
    const command = web.command("Reserve", { sku: "TWICE", reservation: "r", qty: 1, holdMs: 600_000 })
    const first = await web.send(command)
    expect(await web.send(command)).toEqual({ ...first, repeated: true })
  })

  it("a class that the credentials don't allow: rejects with NotPermitted, from the server", async () => {
    const warehouse = await as("warehouse")
    await expect(warehouse.reserve({ sku: "A", reservation: "r", qty: 1, holdMs: 1 })).rejects.toMatchObject({ _tag: "NotPermitted" })
  })

  it("a feed that a channel may not hear: its watch says so", async () => {
    const warehouse = await as("warehouse")
    await expect(warehouse.ats.subscribe({ onValue: () => {} }).ready).rejects.toMatchObject({ _tag: "NotPermitted" })
  })

  it("a server killed and started again: commands are answered, and the watch has read what it missed", async () => {
    await stocked("KILLED", 100)
    const web = await as("web")
    const told: Array<AtsValue> = []
    let gaps = 0
    const watch = web.ats.subscribe({
      skus: ["KILLED"],
      onValue: (value) => told.push(value),
      onGap: () => {
        gaps++
      },
    })
    await watch.ready
    expect(watch.current("KILLED")).toMatchObject({ ats: 100 })
    await server.kill("SIGKILL")
    const decision = web.reserve({ sku: "KILLED", reservation: "r", qty: 1, holdMs: 600_000 })
    await server.restart()
    expect(await decision).toMatchObject({ outcome: "accepted" })
    await expect.poll(() => watch.current("KILLED")?.ats, patience).toBe(99)
    await expect.poll(() => gaps, patience).toBeGreaterThan(0)
    const versions = told.map(({ version }) => version)
    expect(versions).toEqual([...new Set(versions)].sort((a, b) => a - b))
  })
})
