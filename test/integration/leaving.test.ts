/** A worker that starts what it needs again when that is killed; and one that is told to end while what runs beside it stands still: it drains first, says that it isn't ready, and ends. */
import { type ChildProcess, spawn } from "node:child_process"
import { chmod, mkdir, mkdtemp, rm } from "node:fs/promises"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { fileURLToPath } from "node:url"
import { afterAll, beforeAll, describe, expect, it } from "vitest"
import { natsServerBinary } from "../../src/nats/server-binary.ts"
import { logLine } from "../../src/telemetry/names.ts"
import { startTimeoutMs } from "../nats/nats-broker.ts"
import { bare, isAlive, textOf, until } from "../processes.ts"

const main = fileURLToPath(new URL("../../src/main.ts", import.meta.url))
let folder = ""
let worker: ChildProcess
let said: () => string
let pages = ""

/** The process that the log names as what runs beside the worker; 0: none is named yet. */
const pidOf = (name: string): number => Number(new RegExp(`"pid":(\\d+).*the ${name} runs`).exec(said())?.[1] ?? 0)
const readyStatus = async (): Promise<number | null> =>
  fetch(`${pages}/ready`).then(
    async ({ status, body }) => {
      await body?.cancel()
      return status
    },
    () => null,
  )

beforeAll(async () => {
  await natsServerBinary()
  folder = await mkdtemp(join(tmpdir(), "holdfast-leaving-"))
  // Root runs Postgres as nobody, whose data has to be within reach: it would lie elsewhere, and stay there.
  await chmod(folder, 0o755)
  const archive = join(folder, "archive")
  await mkdir(archive)
  worker = spawn(process.execPath, [main, "serve"], {
    cwd: folder,
    env: {
      ...bare,
      XDG_CACHE_HOME: process.env.XDG_CACHE_HOME,
      HOLDFAST_OWN_NATS_PORT: "0",
      HOLDFAST_GATEWAY_PORT: "0",
      HOLDFAST_HTTP_PORT: "0",
      HOLDFAST_PARTITIONS: "2",
      HOLDFAST_WORKER: "leaver",
      HOLDFAST_LOG: "json",
      HOLDFAST_ARCHIVE_DIR: archive,
      HOLDFAST_ARCHIVE_EVERY_MS: "3600000",
    },
    stdio: ["ignore", "ignore", "pipe"],
  })
  if (worker.stderr === null) throw new Error("its log is read")
  said = textOf(worker.stderr)
  const address = () => /"metrics":"([^"]+)\/metrics"/.exec(said())?.[1]
  await until(() => address() !== undefined)
  pages = address() ?? ""
  await until(async () => (await readyStatus()) === 200)
}, startTimeoutMs)
afterAll(async () => {
  worker.kill("SIGKILL")
  await rm(folder, { recursive: true, force: true })
})

describe("a worker whose own servers are killed", () => {
  const ownPid = (what: string): number => Number(new RegExp(`"pid":(\\d+).*a ${what} of our own runs`).exec(said())?.[1] ?? 0)

  it.each(["nats-server", "Postgres"])("says so of its %s, starts it again, and serves", async (what) => {
    await until(() => ownPid(what) > 0)
    process.kill(ownPid(what), "SIGKILL")
    await until(() => said().includes(`the own ${what} runs again`))
    expect(said()).toContain(`the own ${what} ended by SIGKILL, and is started again`)
    await until(async () => (await readyStatus()) === 200)
    expect(isAlive(worker.pid ?? 0)).toBe(true)
  })
})

describe("a worker whose projector and archivist stand still", () => {
  it("drains first on SIGINT, isn't ready from then on, kills both after a while, and ends with 0", async () => {
    await until(() => said().includes("journals are projected") && pidOf("archivist") > 0)
    const beside = [pidOf("projector"), pidOf("archivist")]
    for (const pid of beside) process.kill(pid, "SIGSTOP")
    const ended = new Promise<number | null>((done) => worker.once("exit", done))
    worker.kill("SIGINT")
    const statuses: Array<number | null> = []
    while (!said().includes("it is killed")) {
      statuses.push(await readyStatus())
      await new Promise((resolve) => setTimeout(resolve, 20))
    }
    expect(statuses).toContain(503)
    expect(statuses.slice(statuses.indexOf(503)).filter((status) => status === 200)).toEqual([])
    expect(await ended).toBe(0)
    const text = said()
    expect(text).toContain("the projector was told to end and doesn't: it is killed")
    expect(text).toContain("the archivist was told to end and doesn't: it is killed")
    expect(text).toContain(`"${logLine.drained}"`)
    expect(text.indexOf(`"${logLine.drained}"`)).toBeLessThan(text.indexOf("it is killed"))
    for (const pid of beside) expect(isAlive(pid)).toBe(false)
  })
})
