/**
 * A total outage before a real Prometheus, with the rules of deploy/prometheus: a worker and an ingress are scraped while all is well and no alert is up; the worker is killed, then the ingress.
 * Prints after how long each alert fired.
 */
import { type ChildProcess, spawn } from "node:child_process"
import { mkdtempSync, writeFileSync } from "node:fs"
import { createServer } from "node:net"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { sendersOf } from "../src/domain/sender-list.ts"
import { prometheusBinary, rulesFolder, tryRules } from "../tools/prometheus.ts"
import { chosen, conclude, type Promised, say } from "./stage/show.ts"
import { type Stage, type StageProcess, until, withStage } from "./stage/stage.ts"

const options = chosen(
  "Whether a total outage fires the alerts of deploy/prometheus in a real Prometheus, once promtool has tried its rules.",
  {},
)
tryRules()

const freePort = (): Promise<number> =>
  new Promise((resolve) => {
    const server = createServer().listen(0, "127.0.0.1", () => {
      const address = server.address()
      server.close(() => resolve(address !== null && typeof address === "object" ? address.port : 0))
    })
  })

interface Prometheus {
  /** Names of the alerts that fire. */
  readonly firing: () => Promise<ReadonlyArray<string>>
  readonly query: (text: string) => Promise<number>
  readonly stop: () => Promise<void>
}

const startPrometheus = async (targets: ReadonlyArray<string>): Promise<Prometheus> => {
  const folder = mkdtempSync(join(tmpdir(), "holdfast-prometheus-"))
  const port = await freePort()
  const config = {
    global: { scrape_interval: "1s", evaluation_interval: "1s" },
    rule_files: [join(rulesFolder, "holdfast.rules.yml")],
    scrape_configs: [{ job_name: "holdfast", static_configs: [{ targets }] }],
  }
  // JSON is YAML.
  writeFileSync(join(folder, "prometheus.yml"), JSON.stringify(config))
  const flags = [`--config.file=${folder}/prometheus.yml`, `--storage.tsdb.path=${folder}/data`, `--web.listen-address=127.0.0.1:${port}`]
  const child: ChildProcess = spawn(prometheusBinary("prometheus"), flags, { cwd: folder, stdio: "ignore" })
  const get = async (path: string) => (await fetch(`http://127.0.0.1:${port}/api/v1/${path}`)).json() as Promise<never>
  const firing = async () => {
    const { data } = (await get("alerts")) as {
      data: { alerts: ReadonlyArray<{ readonly state: string; readonly labels: Record<string, string> }> }
    }
    return data.alerts.filter(({ state }) => state === "firing").map(({ labels }) => labels.alertname ?? "")
  }
  const query = async (text: string) => {
    const { data } = (await get(`query?query=${encodeURIComponent(text)}`)) as { data: { result: ReadonlyArray<unknown> } }
    return data.result.length
  }
  await until("Prometheus answers", () =>
    firing().then(
      () => true,
      () => false,
    ),
  )
  const stop = () =>
    new Promise<void>((resolve) => {
      child.once("exit", () => resolve())
      child.kill("SIGTERM")
    })
  return { firing, query, stop }
}

const play = async (stage: Stage, [worker]: ReadonlyArray<StageProcess>): Promise<ReadonlyArray<Promised>> => {
  const ingress = await stage.startIngress("gate")
  if (worker === undefined) throw new Error("there is a worker")
  const prometheus = await startPrometheus([worker.address, ingress.address])
  const fires = async (what: string, alerts: ReadonlyArray<string>): Promise<Promised> => {
    const fromMs = performance.now()
    const missing = async () => {
      const firing = await prometheus.firing()
      return alerts.filter((alert) => !firing.includes(alert))
    }
    await until(`${alerts.join(", ")} fires`, async () => (await missing()).length === 0)
    const found = `${alerts.join(", ")} after ${((performance.now() - fromMs) / 1_000).toFixed(0)} s`
    say(`${what}: ${found}`)
    return { what, found, kept: true }
  }
  await until("both are scraped", async () => (await prometheus.query("holdfast_partition_unserved_seconds")) === 4)
  // Longer than any rule of a healthy cluster waits.
  const lasting = performance.now() + 20_000
  const early = new Set<string>()
  await until("a while has passed", async () => {
    for (const alert of await prometheus.firing()) early.add(alert)
    return performance.now() > lasting
  })
  const promises: Array<Promised> = [
    { what: "a healthy cluster fires nothing", found: [...early].join(", ") || "nothing", kept: early.size === 0 },
  ]
  process.kill(worker.pid, "SIGKILL")
  promises.push(await fires("the only worker killed, told by the ingress", ["HoldfastPartitionUnserved", "HoldfastNobodyOwns"]))
  process.kill(ingress.pid, "SIGKILL")
  promises.push(await fires("the ingress killed too, told by absence", ["HoldfastNobodyTells"]))
  await prometheus.stop()
  return promises
}

const senders = sendersOf("web=channel,dock=warehouse")
const promises = await withStage({ servers: 1, workers: 1, partitions: 2, senders }, play)
conclude(options.json, { promises }, "Alerts of deploy/prometheus in a real Prometheus:")
