/**
 * The alerts of deploy/prometheus before a real Prometheus: it scrapes workers, an ingress and a projector while things are done to them and to Postgres, and each alert that belongs to it has to fire, and to be over again
 * once it is mended. While all is well none may fire but the one that says what this machine can't guarantee. Printed as a table, with how long each took.
 */
import { type ChildProcess, spawn } from "node:child_process"
import { renameSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { jetstreamManager } from "@nats-io/jetstream"
import { connect as natsConnect } from "@nats-io/transport-node"
import type { SenderClient } from "../src/channel.ts"
import { sendersOf } from "../src/domain/sender-list.ts"
import { plainLine } from "../src/domain/sku/policy.ts"
import { freePort } from "../src/free-ports.ts"
import { type EmbeddedPostgres, startPostgres } from "../src/postgres/embedded.ts"
import { temporaryFolder } from "../src/temporary-folder.ts"
import { journalStream } from "../src/wire/subjects.ts"
import { prometheusBinary, rulesFolder, tryDashboards, tryPage, tryRules } from "../tools/prometheus.ts"
import { endsWithUs } from "./stage/ends-with-us.ts"
import { chosen, conclude, type Promised, say } from "./stage/show.ts"
import { pause, type Stage, type StageProcess, stockUp, until, withStage } from "./stage/stage.ts"

const sceneNames = ["shortage", "lag", "one-killed", "workers-killed", "projection", "all-killed"] as const

const options = chosen(
  "Which alerts of deploy/prometheus fire in a real Prometheus, and are over again, once promtool has tried its rules and the dashboards.",
  {
    scenes: {
      fallback: "shortage,lag,one-killed,workers-killed,projection,all-killed",
      help: "what is done, one after the other",
      names: sceneNames,
    },
  },
)
const wanted = options.scenes.split(",")
tryRules()
tryDashboards()

/** What a cluster of one server on one machine can't help. */
const always = ["HoldfastDurabilityWeak"]

interface Prometheus {
  /** Names of the alerts that fire. */
  readonly firing: () => Promise<ReadonlyArray<string>>
  readonly query: (text: string) => Promise<number>
  /** What is scraped from now on. */
  readonly scrape: (targets: ReadonlyArray<string>) => void
  readonly stop: () => Promise<void>
}

const startPrometheus = async (): Promise<Prometheus> => {
  const temporary = temporaryFolder("holdfast-prometheus-")
  const { path: folder } = temporary
  const port = await freePort()
  const targetsFile = join(folder, "targets.json")
  const config = {
    global: { scrape_interval: "1s", evaluation_interval: "1s" },
    rule_files: [join(rulesFolder, "holdfast.rules.yml")],
    scrape_configs: [{ job_name: "holdfast", file_sd_configs: [{ files: [targetsFile], refresh_interval: "1s" }] }],
  }
  const scrape = (targets: ReadonlyArray<string>): void => {
    writeFileSync(`${targetsFile}.new`, JSON.stringify([{ targets }]))
    renameSync(`${targetsFile}.new`, targetsFile)
  }
  scrape([])
  // JSON is YAML.
  writeFileSync(join(folder, "prometheus.yml"), JSON.stringify(config))
  const flags = [`--config.file=${folder}/prometheus.yml`, `--storage.tsdb.path=${folder}/data`, `--web.listen-address=127.0.0.1:${port}`]
  const child: ChildProcess = endsWithUs(spawn(prometheusBinary("prometheus"), flags, { cwd: folder, stdio: "ignore" }))
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
    }).then(temporary.remove)
  return { firing, query, scrape, stop }
}

/** What is done, what is to fire then, and how it is mended. */
interface Scene {
  readonly name: (typeof sceneNames)[number]
  readonly what: string
  readonly alerts: ReadonlyArray<string>
  readonly begin: () => unknown
  readonly mend: () => unknown
}

/** After how many seconds an alert fired, and was over; null: it was waited for in vain. */
interface Row {
  readonly what: string
  readonly alert: string
  readonly firedS: number | null
  readonly overS: number | null
}

/** Seconds until each alert is as it should be, as long as there is patience. */
const whenEach = async (
  alerts: ReadonlyArray<string>,
  isRight: (alert: string) => Promise<boolean>,
): Promise<ReadonlyMap<string, number>> => {
  const found = new Map<string, number>()
  const sinceMs = performance.now()
  while (found.size < alerts.length && performance.now() - sinceMs < alertPatienceMs) {
    for (const alert of alerts)
      if (!found.has(alert) && (await isRight(alert))) found.set(alert, Math.round((performance.now() - sinceMs) / 1_000))
    await pause(200)
  }
  return found
}
const alertPatienceMs = 150_000
/** The alert of what rose within five minutes. */
const rising = "HoldfastAlarm"

/** Plays a scene, and returns after how many seconds each alert fired, and was over. */
const playScene = async ({ what, alerts, begin, mend }: Scene, { firing }: Prometheus): Promise<ReadonlyArray<Row>> => {
  say(what)
  await begin()
  const fired = await whenEach(alerts, async (alert) => (await firing()).includes(alert))
  say(`  fired: ${[...fired].map(([alert, s]) => `${alert} after ${s} s`).join(", ")}`)
  await mend()
  // A counter has risen for five minutes: what rose is waited for at the end.
  const shortly = alerts.filter((alert) => alert !== rising)
  const over = await whenEach(shortly, async (alert) => !(await firing()).includes(alert))
  say(`  over: ${[...over].map(([alert, s]) => `${alert} after ${s} s`).join(", ")}`)
  return alerts.map((alert) => ({ what, alert, firedS: fired.get(alert) ?? null, overS: over.get(alert) ?? null }))
}

/** Lets a journal take no record more, and some again, as somebody with the administrator's login could. */
const setJournalBound = async (stage: Stage, isFull: boolean): Promise<void> => {
  const [server] = stage.servers
  if (server === undefined) throw new Error("there is a server")
  const { user, password } = server.credentials.admin
  const nc = await natsConnect({ servers: server.url, user, pass: password })
  const jsm = await jetstreamManager(nc, { checkAPI: false })
  const name = journalStream("sku", 0)
  const { state } = await jsm.streams.info(name)
  await jsm.streams.update(name, { max_msgs: isFull ? Math.max(1, state.messages) : -1 })
  await nc.close()
}

interface Cast {
  readonly stage: Stage
  readonly workers: Array<StageProcess>
  readonly gates: Array<StageProcess>
  projector: StageProcess
  readonly postgres: EmbeddedPostgres
  readonly prometheus: Prometheus
}

const startProjector = (stage: Stage, { url }: EmbeddedPostgres, name: string): Promise<StageProcess> =>
  stage.start("project", name, { HOLDFAST_POSTGRES_URL: url })

const scrapeAll = ({ workers, gates, projector, prometheus }: Cast): void =>
  prometheus.scrape([...workers, ...gates, projector].map(({ address }) => address))

let lives = 0
/** Kills these, and puts new ones in their places when it is mended. */
const killed = (cast: Cast, which: "workers" | "gates", count: number) => ({
  begin: () => {
    for (const { pid } of cast[which].slice(0, count)) process.kill(pid, "SIGKILL")
  },
  mend: async () => {
    const start = which === "workers" ? cast.stage.startWorker : cast.stage.startIngress
    for (let at = 0; at < count; at++) cast[which][at] = await start(`${which}-again-${++lives}`)
    scrapeAll(cast)
  },
})

const skus = Array.from({ length: 8 }, (_, n) => `SKU-${n}`)

/** Whoever sends in the scenes. */
interface Clients {
  readonly web: SenderClient
  readonly dock: SenderClient
  readonly planner: SenderClient
}

const scenesOf = async (cast: Cast, { web, dock, planner }: Clients): Promise<ReadonlyArray<Scene>> => {
  const { stage, postgres } = cast
  await stockUp(stage, skus, ["web"], { dock: "dock", planner: "planner" })
  // Known, and of which nothing is there.
  await planner.setPolicy({ sku: "EMPTY", policy: { version: 1, channels: [plainLine("web", 0)], safety: [], sourcing: ["DC1"] } })
  let facts = 0
  return [
    {
      name: "shortage",
      what: "a shortage: a channel sold 5 units that nobody has",
      alerts: ["HoldfastShortage"],
      begin: () => web.recordSale({ sku: "EMPTY", mode: "owed", qty: 5, reservation: "r-1" }),
      mend: () => dock.receiveStock({ sku: "EMPTY", location: "DC1", qty: 5 }),
    },
    {
      name: "lag",
      what: "lag: a journal takes no record more while facts are stored",
      alerts: ["HoldfastLag", "HoldfastPartitionUnserved", "HoldfastAlarm"],
      begin: async () => {
        await setJournalBound(stage, true)
        // Of both partitions: nobody waits for their answers.
        for (const sku of skus) dock.receiveStock({ sku, location: "DC1", qty: 1, reference: `lag-${++facts}` }).catch(() => undefined)
      },
      mend: () => setJournalBound(stage, false),
    },
    { name: "one-killed", what: "one of two workers is killed", alerts: ["HoldfastScrapeMissing"], ...killed(cast, "workers", 1) },
    {
      name: "workers-killed",
      what: "all workers are killed, told by the ingress",
      alerts: ["HoldfastPartitionUnserved", "HoldfastNobodyOwns", "HoldfastPartitionNotOwned"],
      ...killed(cast, "workers", 2),
    },
    {
      name: "projection",
      what: "Postgres stops, and facts are decided",
      alerts: ["HoldfastProjectionBehind"],
      begin: async () => {
        await postgres.kill("SIGINT")
        await Promise.all(skus.map((sku) => dock.receiveStock({ sku, location: "DC1", qty: 1, reference: `away-${++facts}` })))
      },
      mend: () => postgres.restart(),
    },
    {
      name: "all-killed",
      what: "every process is killed, told by absence",
      alerts: ["HoldfastNobodyTells"],
      begin: () => {
        for (const { pid } of [...cast.workers, ...cast.gates, cast.projector]) process.kill(pid, "SIGKILL")
      },
      mend: async () => {
        for (let at = 0; at < cast.workers.length; at++) cast.workers[at] = await stage.startWorker(`worker-last-${at}`)
        cast.gates[0] = await stage.startIngress("gate-last")
        cast.projector = await startProjector(stage, postgres, "projector-last")
        scrapeAll(cast)
      },
    },
  ]
}

/** What fires while nothing is done. */
const firesMeanwhile = async ({ firing }: Prometheus, forMs: number): Promise<ReadonlyArray<string>> => {
  const found = new Set<string>()
  const endMs = performance.now() + forMs
  while (performance.now() < endMs) {
    for (const alert of await firing()) found.add(alert)
    await pause(500)
  }
  return [...found]
}

/** Plays all scenes, and tells what fired. */
const playAll = async (cast: Cast, clients: Clients) => {
  const { prometheus } = cast
  const scenes = await scenesOf(cast, clients)
  // Longer than most rules wait.
  const early = (await firesMeanwhile(prometheus, 30_000)).filter((alert) => !always.includes(alert))
  const said = tryPage((await cast.workers[0]?.page("/metrics")) ?? "")
  const rows: Array<Row> = []
  for (const scene of scenes) if (wanted.includes(scene.name)) rows.push(...(await playScene(scene, prometheus)))
  const firesNow = async () => (await prometheus.firing()).filter((alert) => !always.includes(alert))
  say("until nothing fires any more")
  await until("nothing fires", async () => (await firesNow()).length === 0, 420_000).catch(() => undefined)
  return { rows, early, left: await firesNow(), said }
}

const playBeside = async (stage: Stage, started: ReadonlyArray<StageProcess>, postgres: EmbeddedPostgres) => {
  const [gate, projector] = [await stage.startIngress("gate"), await startProjector(stage, postgres, "projector")]
  const [web, dock, planner] = await Promise.all([stage.open("web"), stage.open("dock"), stage.open("planner")])
  const prometheus = await startPrometheus()
  const cast: Cast = { stage, workers: [...started], gates: [gate], projector, postgres, prometheus }
  try {
    scrapeAll(cast)
    await until("all are scraped", async () => (await prometheus.query("up == 1")) === 4)
    return await playAll(cast, { web, dock, planner })
  } finally {
    // Also where it broke: nobody else would end them.
    await Promise.all([web.close(), dock.close(), planner.close(), prometheus.stop()])
    // Before its Postgres is ended.
    await cast.projector.stop()
  }
}

const play = async (stage: Stage, started: ReadonlyArray<StageProcess>) => {
  const postgres = await startPostgres()
  try {
    return await playBeside(stage, started, postgres)
  } finally {
    await postgres.stop()
  }
}

const tableOf = (rows: ReadonlyArray<Row>): string => {
  const [what, alert] = [Math.max(...rows.map((row) => row.what.length)), Math.max(...rows.map((row) => row.alert.length))]
  const line = (a: string, b: string, c: string, d: string) => `${a.padEnd(what)}  ${b.padEnd(alert)}  ${c.padStart(8)}  ${d.padStart(8)}`
  const seconds = (s: number | null) => (s === null ? "never" : `${s} s`)
  return [
    line("what was done", "alert", "fired", "over"),
    ...rows.map((row) => line(row.what, row.alert, seconds(row.firedS), row.alert === rising ? "later" : seconds(row.overS))),
  ].join("\n")
}

const senders = sendersOf("web=channel,dock=warehouse,planner=merchandiser")
const { rows, early, left, said } = await withStage({ servers: 1, workers: 2, partitions: 2, senders }, play)
const whole = rows.filter(({ alert, firedS, overS }) => firedS !== null && (overS !== null || alert === rising))
const promises: ReadonlyArray<Promised> = [
  {
    what: "a healthy cluster fires nothing but what its one server can't guarantee",
    found: early.join(", ") || "nothing",
    kept: early.length === 0,
  },
  {
    what: "each alert fired, and was over once it was mended",
    found: `${whole.length} of ${rows.length}`,
    kept: whole.length === rows.length,
  },
  { what: "at the end nothing fires", found: left.join(", ") || "nothing", kept: left.length === 0 },
  { what: "promtool has nothing to say of a worker's page", found: said.trim() || "nothing", kept: said === "" },
]
conclude(options.json, { promises }, tableOf(rows))
