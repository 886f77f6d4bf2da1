/** Several workers as processes under one supervisor: one page for all, one killed and replaced, all restarted one after another while a channel buys, all drained at the end, none left behind. */
import { type ChildProcess, spawn } from "node:child_process"
import { mkdtemp, mkdtempDisposable, readFile, rm } from "node:fs/promises"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { fileURLToPath } from "node:url"
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from "vitest"
import { connect, type SenderClient } from "../../src/channel.ts"
import type { SupervisorReadiness, SupervisorReport } from "../../src/cli/processes/supervise.ts"
import { appendTimeoutMs } from "../../src/limits.ts"
import type { EmbeddedConnection } from "../../src/nats/embedded.ts"
import { natsServerBinary } from "../../src/nats/server-binary.ts"
import { metricName } from "../../src/telemetry/catalogue.ts"
import { logLine } from "../../src/telemetry/names.ts"
import { startTimeoutMs } from "../nats/nats-broker.ts"
import { bare, isAlive, textOf, until } from "../processes.ts"

const main = fileURLToPath(new URL("../../src/main.ts", import.meta.url))
let folder = ""
let supervisor: ChildProcess
let said: () => string
let pages = ""

const report = async (): Promise<SupervisorReport> => (await fetch(`${pages}/worker`)).json() as Promise<SupervisorReport>
const readiness = async () => {
  const answer = await fetch(`${pages}/ready`)
  return { status: answer.status, said: (await answer.json()) as SupervisorReadiness }
}
const statusOf = (page: string): Promise<number | null> =>
  fetch(`${pages}${page}`).then(
    async ({ status, body }) => {
      await body?.cancel()
      return status
    },
    () => null,
  )
const pidsOf = async () => (await report()).workers.map(({ pid }) => pid)
/** A process to send a signal to. Without one, 0 would stand for all of this test's own group. */
const alive = (pid: number | null | undefined): number => {
  if (typeof pid !== "number" || pid <= 1)
    throw new Error(`no process to send a signal to: ${pid}; the log ends with ${said().slice(-2_000)}`)
  return pid
}
const metric = async (name: string, label = ""): Promise<number> => {
  const lines = (await (await fetch(`${pages}/metrics`)).text()).split("\n")
  return lines
    .filter((line) => line.startsWith(`${name}{`) && line.includes(label))
    .reduce((sum, line) => sum + Number(line.slice(line.lastIndexOf(" "))), 0)
}
/** All are ready, and none of them is the process `but`: as one page tells it, for between two of them a process may end. */
const allReady = async (but: number | null = null): Promise<boolean> => {
  const { ready, workers } = await report()
  return ready && workers.every(({ pid }) => pid !== null && pid !== but)
}

/** Starts a supervisor of two workers with an own nats-server, whose files are in `cwd`. */
const start = (cwd: string, more: NodeJS.ProcessEnv = {}): ChildProcess => {
  const env = {
    ...bare,
    XDG_CACHE_HOME: process.env.XDG_CACHE_HOME,
    HOLDFAST_OWN_NATS_PORT: "0",
    HOLDFAST_GATEWAY_PORT: "0",
    HOLDFAST_HTTP_PORT: "0",
    HOLDFAST_PARTITIONS: "4",
    HOLDFAST_LEASE_TTL_MS: "1000",
    HOLDFAST_WORKER: "many",
    HOLDFAST_LOG: "json",
    ...more,
  }
  return spawn(process.execPath, [main, "serve", "--processes", "2", "--no-postgres"], { cwd, env, stdio: ["ignore", "ignore", "pipe"] })
}

/** Waits until the supervisor that `said` is of, and its workers, are ready. */
const untilReady = async (): Promise<void> => {
  // Its workers say the same of their own pages, each with its name.
  const address = () => /^\{"metrics":"([^"]+)\/metrics"/m.exec(said())?.[1]
  await until(() => address() !== undefined)
  pages = address() ?? ""
  await until(() => allReady())
}

beforeAll(async () => {
  await natsServerBinary()
  folder = await mkdtemp(join(tmpdir(), "holdfast-processes-"))
  supervisor = start(folder)
  if (supervisor.stderr === null) throw new Error("its log is read")
  said = textOf(supervisor.stderr)
  await untilReady()
}, startTimeoutMs)
afterAll(async () => {
  supervisor.kill("SIGKILL")
  await rm(folder, { recursive: true, force: true })
})

const open = async (sender: string): Promise<SenderClient> => {
  const { url, credentials } = JSON.parse(
    await readFile(join(folder, ".cache", "holdfast", "connection.json"), "utf8"),
  ) as EmbeddedConnection
  const login = credentials.senders[sender]
  if (login === undefined) throw new Error(`no login of ${sender}`)
  return connect({ servers: [url], sender, login, timeoutMs: 60_000 })
}

describe("two workers under a supervisor", () => {
  it("share the partitions, each a process, on one page", async () => {
    const owned = async () => [await metric(metricName.owned, 'worker="many-1"'), await metric(metricName.owned, 'worker="many-2"')]
    // Each says it once a second, so what was handed over is with neither or with both for a moment.
    await until(async () => {
      const [first = 0, second = 0] = await owned()
      return first > 0 && second > 0 && first + second === 8
    })
    // A worker that has just handed a partition over may say for a moment that it isn't ready.
    await until(async () => (await metric(metricName.processesReady)) === 2)
    expect(new Set(await pidsOf()).size).toBe(2)
  })

  it("have what the gateway beside them counts on that page too, as the supervisor's", async () => {
    const gateway = () => /"url":"(http:[^"]+)"/.exec(said())?.[1]
    await until(() => gateway() !== undefined)
    const turnedAway = () => metric(metricName.httpTurnedAway, 'why="KeyUnknown",worker="many"')
    const before = await turnedAway()
    expect((await fetch(`${gateway()}/v1/ats`, { headers: { authorization: "Bearer nobody's" } })).status).toBe(401)
    await until(async () => (await turnedAway()) === before + 1)
    expect(await metric(metricName.httpRequests, 'worker="many"')).toBeGreaterThan(0)
    expect(await metric(metricName.owned, 'worker="many"')).toBe(0)
  })

  it("one that is killed is replaced, and said", async () => {
    const [victim, other] = await pidsOf()
    process.kill(alive(victim), "SIGKILL")
    await until(() => allReady(victim))
    expect(await pidsOf()).toContain(other)
    expect(await metric(metricName.processRestarts, 'why="ended"')).toBe(1)
    expect(said()).toContain("a worker process ended, and is started again")
  })

  it("are ready as a cluster once the other serves all, while the one that was killed has yet to come up", async () => {
    const [victim] = await pidsOf()
    process.kill(alive(victim), "SIGKILL")
    const replacement = async () => (await pidsOf())[0] ?? victim
    await until(async () => (await replacement()) !== victim)
    // It stands still from its beginning on, however soon another would be ready.
    const slow = alive(await replacement())
    process.kill(slow, "SIGSTOP")
    await until(async () => (await metric(metricName.owned, 'worker="many-2"')) === 8 && (await readiness()).status === 200)
    const { said: ofCluster } = await readiness()
    expect(ofCluster.workers.map(({ pid, ready }) => [pid === slow, ready])).toEqual([
      [true, false],
      [false, true],
    ])
    expect([ofCluster.ready, ofCluster.workersReady, ofCluster.outages]).toEqual([true, false, []])
    expect((await fetch(`${pages}/worker`)).status).toBe(503)
    process.kill(slow, "SIGCONT")
    await until(() => allReady())
  })

  it("are restarted one after another on SIGHUP, and a channel that buys meanwhile is always answered", async () => {
    const [planner, dock, web] = await Promise.all([open("planner"), open("warehouse"), open("web")])
    const policy = {
      channels: [{ channel: "web", priority: 0, bufferQty: 0, bufferPercent: 0, floorQty: 0, fenceQty: 0 }],
      safety: [],
      sourcing: [],
    }
    await planner.setPolicy({ sku: "A", policy })
    await dock.receiveStock({ sku: "A", location: "L", qty: 100_000 })
    const before = await pidsOf()
    supervisor.kill("SIGHUP")
    const outcomes: Array<string> = []
    while (!said().includes("every worker process was restarted")) {
      outcomes.push((await web.reserve({ sku: "A", reservation: `r-${outcomes.length}`, qty: 1, holdMs: 60_000 })).outcome)
    }
    expect(outcomes.length).toBeGreaterThan(10)
    expect(new Set(outcomes)).toEqual(new Set(["accepted"]))
    const stock = await dock.stock("A")
    expect(stock.answer === "stock" ? stock.openReservations : -1).toBe(outcomes.length)
    const after = await pidsOf()
    expect(after.filter((pid) => before.includes(pid))).toEqual([])
    expect(await metric(metricName.processRestarts, 'why="asked"')).toBe(2)
    await Promise.all([planner, dock, web].map((client) => client.close()))
  })

  it("drain on SIGTERM, and none outlives the supervisor", async () => {
    const pids = await pidsOf()
    const ended = new Promise<number | null>((done) => supervisor.once("exit", done))
    supervisor.kill("SIGTERM")
    expect(await ended).toBe(0)
    for (const pid of pids) expect(isAlive(pid ?? 0)).toBe(false)
  })
})

describe("a supervisor that is ended before its workers serve", () => {
  it("ends with 0: nothing was left undone", async () => {
    await using early = await mkdtempDisposable(join(tmpdir(), "holdfast-early-"))
    const ending = start(early.path)
    if (ending.stderr === null) throw new Error("its log is read")
    const ended = new Promise<number | null>((done) => ending.once("exit", done))
    const log = textOf(ending.stderr)
    await until(() => log().includes("workers run as processes of their own"))
    ending.kill("SIGINT")
    expect(await ended).toBe(0)
    expect(log()).not.toContain("drained in time")
  })
})

describe("a supervisor that is ended while one of its workers stands still", () => {
  it("isn't ready from then on, waits for that one as long as a drain may take, kills it, names it, and ends with 1", async () => {
    await using still = await mkdtempDisposable(join(tmpdir(), "holdfast-still-"))
    // The shortest that may be.
    const ending = start(still.path, { HOLDFAST_DRAIN_TIMEOUT_MS: String(appendTimeoutMs + 1) })
    onTestFinished(() => void ending.kill("SIGKILL"))
    if (ending.stderr === null) throw new Error("its log is read")
    said = textOf(ending.stderr)
    await untilReady()
    const [drains, stands] = await pidsOf()
    process.kill(alive(stands), "SIGSTOP")
    const ended = new Promise<number | null>((done) => ending.once("exit", done))
    ending.kill("SIGTERM")
    const statuses: Array<ReadonlyArray<number | null>> = []
    await until(async () => {
      statuses.push(await Promise.all(["/ready", "/worker"].map(statusOf)))
      return said().includes("it is killed")
    })
    for (const ofPage of [0, 1].map((page) => statuses.map((both) => both[page]))) {
      // The signal may be heard after the first question. From then on every answer is 503, and there is one until the last worker is gone.
      expect(ofPage).toContain(503)
      expect(new Set(ofPage.slice(ofPage.indexOf(503), -1))).toEqual(new Set([503]))
    }
    expect(await ended).toBe(1)
    const text = said()
    expect(text).toContain("the worker process many-2 was told to end and doesn't: it is killed")
    expect(text).toContain("worker processes were not drained in time: many-2")
    expect(text).not.toContain("the worker process many-1")
    expect(text).toMatch(new RegExp(`"worker":"many-1".*"${logLine.drained}"`))
    for (const pid of [drains, stands]) expect(isAlive(pid ?? 0)).toBe(false)
  })
})
