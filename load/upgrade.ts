/**
 * `npm run upgrade -- --before DIR`: from the build in DIR, in which senders stored their commands themselves, to this one, while senders go on sending.
 *
 * In both orders: the old worker stops and this build's starts on what it left; and this build's starts beside the old one, which then stops. Ends with code 0 if every command that was
 * acknowledged, as stored or by its decision, is decided exactly once, `holdfast audit` finds nothing, and the journal of each partition says once that it left the old stream; with 3 otherwise.
 */
import { type ChildProcess, spawn, spawnSync } from "node:child_process"
import { closeSync, openSync, readFileSync } from "node:fs"
import { mkdtemp, rm } from "node:fs/promises"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { connect, type NatsConnection } from "@nats-io/transport-node"
import { mainFile, workerEnvironment } from "../src/cli/demo/workers.ts"
import { sendersOf } from "../src/domain/sender-list.ts"
import { type EmbeddedServer, startEmbedded } from "../src/nats/embedded.ts"
import { logLine } from "../src/telemetry/names.ts"
import { scriptOptions } from "./stage/options.ts"
import { type BeforeServer, beforeEnvironment, beforeMain, startBeforeServer } from "./upgrade/before.ts"
import { type JournalsSeen, readJournals } from "./upgrade/journals.ts"
import { UpgradeSender } from "./upgrade/sender.ts"

type Order = "stop, then start" | "start, then stop"

const partitions = 4
const skus = Array.from({ length: 64 }, (_, n) => `SKU-${n}`)
const senders = sendersOf("web=channel,dc=warehouse,plan=merchandiser")
/** As the build before reads them. */
const formerSenders = [
  { name: "web", kind: "channel" },
  { name: "dc", kind: "warehouse" },
  { name: "plan", kind: "merchandiser" },
]
const sellsPerSecond = 400
const factsPerSecond = 100
const phaseMs = 3_000
const patienceMs = 90_000

const pause = (ms: number): Promise<void> => new Promise((done) => setTimeout(done, ms))

const until = async (what: string, holds: () => boolean | Promise<boolean>): Promise<void> => {
  const endMs = performance.now() + patienceMs
  while (!(await holds())) {
    if (performance.now() > endMs) throw new Error(`not within ${patienceMs} ms: ${what}`)
    await pause(50)
  }
}

const startWorker = (main: string, env: NodeJS.ProcessEnv, log: string): ChildProcess => {
  const file = openSync(log, "a")
  const child = spawn(process.execPath, [main, "serve"], { env, stdio: ["ignore", file, file] })
  closeSync(file)
  process.once("exit", () => child.kill("SIGKILL"))
  return child
}

const stopWorker = async (child: ChildProcess): Promise<void> => {
  if (child.exitCode !== null || child.signalCode !== null) return
  const ended = new Promise((done) => child.once("exit", done))
  child.kill("SIGTERM")
  await ended
}

const now = () => ({ v: 1, issuedAtMs: Date.now() })
const skuOf = (n: number): string => skus[n % skus.length] ?? ""

const line = { channel: "web", priority: 0, bufferQty: 0, bufferPercent: 0, floorQty: 0, fenceQty: 0 }
const policy = { version: 1, channels: [line], safety: [], sourcing: ["DC1"] }

const connectAs = ({ url, credentials }: BeforeServer, sender: string): Promise<NatsConnection> => {
  const login = credentials.senders[sender] ?? { user: sender, password: "" }
  return connect({
    servers: url,
    user: login.user,
    pass: login.password,
    inboxPrefix: `hf.reply.${sender}`,
    maxReconnectAttempts: -1,
    reconnectTimeWait: 100,
    ignoreAuthErrorAbort: true,
  })
}

interface Stage {
  readonly folder: string
  readonly storeDir: string
  /** Of the build before, until its place is taken. */
  readonly first: BeforeServer
  server: EmbeddedServer | null
  old: ChildProcess | null
  now: ChildProcess | null
}

/** The server with this build's configuration over what the one before stored. Its logins are kept, those of this build and of whoever drains are added. */
const replaceServer = async (stage: Stage): Promise<void> => {
  const port = Number(new URL(stage.first.url).port)
  await stage.first.stop()
  stage.server = await startEmbedded({ storeDir: stage.storeDir, port, senders })
}

const serverOf = ({ server }: Stage): EmbeddedServer => {
  if (server === null) throw new Error("the server was replaced")
  return server
}

const startNow = (stage: Stage): void => {
  stage.now = startWorker(mainFile, workerEnvironment("now", serverOf(stage), partitions), join(stage.folder, "now.log"))
}

const stopOld = async (stage: Stage): Promise<void> => {
  if (stage.old !== null) await stopWorker(stage.old)
  stage.old = null
}

const upgradeIn: Record<Order, (stage: Stage) => Promise<void>> = {
  "stop, then start": async (stage) => {
    await stopOld(stage)
    // What is acknowledged now waits for this build.
    await pause(phaseMs)
    await replaceServer(stage)
    await pause(phaseMs / 2)
    startNow(stage)
  },
  "start, then stop": async (stage) => {
    await replaceServer(stage)
    await pause(phaseMs)
    startNow(stage)
    // Both own some: the one before what it still has, this build what it was handed.
    await until("this build serves beside the one before", () =>
      readFileSync(join(stage.folder, "now.log"), "utf8").includes(logLine.serving),
    )
    await pause(phaseMs)
    await stopOld(stage)
  },
}

const makeSenders = async (server: BeforeServer) => {
  const [web, dc, plan] = await Promise.all([connectAs(server, "web"), connectAs(server, "dc"), connectAs(server, "plan")])
  const make = (commandClass: string, sender: string, type: string, rest: (n: number) => object) => (n: number, id: string) => ({
    subject: `hf.cmd.${sender}.${commandClass}.${skuOf(n)}`,
    body: { ...now(), type, id, sku: skuOf(n), ...rest(n) },
  })
  return {
    connections: [web, dc, plan],
    sells: new UpgradeSender(
      web,
      "web",
      make("sell", "web", "Reserve", (n) => ({ reservation: `r-${n}`, qty: 1, holdMs: 600_000 })),
    ),
    facts: new UpgradeSender(
      dc,
      "dc",
      make("stock", "dc", "ReceiveStock", () => ({ location: "DC1", qty: 100_000 })),
    ),
    plans: new UpgradeSender(
      plan,
      "plan",
      make("policy", "plan", "SetPolicy", () => ({ policy })),
    ),
  }
}

interface Verdict {
  readonly order: Order
  readonly figures: object
  readonly problems: ReadonlyArray<string>
}

const judge = (acknowledged: ReadonlyArray<string>, seen: JournalsSeen, audit: number | null): ReadonlyArray<string> => {
  const problems: Array<string> = []
  const lost = acknowledged.filter((id) => !seen.decided.has(id))
  const twice = [...seen.decided].filter(([, times]) => times !== 1)
  if (lost.length > 0) problems.push(`${lost.length} acknowledged and not decided, ${lost.slice(0, 3).join(", ")} among them`)
  if (twice.length > 0) problems.push(`${twice.length} decided more than once, ${twice[0]?.[0]} among them`)
  for (const [partition, { hadRawCursor, moved }] of seen.partitions.entries())
    if (!hadRawCursor || moved !== 1)
      problems.push(`partition ${partition} left the old stream ${moved} times (cursor of it: ${hadRawCursor})`)
  if (audit !== 0) problems.push(`the audit ended with code ${audit}`)
  return problems
}

/** Once all that was acknowledged is decided, or patience ends: what journals and audit say. */
const verdictOf = async (
  order: Order,
  server: EmbeddedServer,
  { sells, facts, plans }: Readonly<Record<"sells" | "facts" | "plans", UpgradeSender>>,
): Promise<Verdict> => {
  const config = { kind: "sku" as const, servers: [server.url], monitorUrls: [server.monitorUrl], engine: server.credentials.engine }
  const acknowledged = [...sells.acknowledged, ...facts.acknowledged, ...plans.acknowledged]
  let seen = await readJournals(config, partitions)
  const isDone = async () => {
    seen = await readJournals(config, partitions)
    return acknowledged.every((id) => seen.decided.has(id)) && seen.partitions.every(({ moved }) => moved > 0)
  }
  const isTold = await until("all that was acknowledged is decided", isDone).then(
    () => true,
    () => false,
  )
  const env = workerEnvironment("auditor", server, partitions)
  const audit = spawnSync(process.execPath, [mainFile, "audit"], { env, encoding: "utf8" })
  const problems = [...judge(acknowledged, seen, audit.status), ...(isTold ? [] : ["it did not end"])]
  const figures = {
    sells: sells.counts,
    facts: facts.counts,
    journaled: seen.decided.size,
    partitions: seen.partitions,
    audit: audit.stdout.trim().split("\n").at(-1),
  }
  return { order, figures, problems }
}

const run = async (order: Order, before: string, folder: string): Promise<Verdict> => {
  const storeDir = join(folder, "store")
  const first = await startBeforeServer(before, { storeDir, senders: formerSenders })
  const stage: Stage = { folder, storeDir, first, server: null, old: null, now: null }
  stage.old = startWorker(beforeMain(before), beforeEnvironment("old", first, partitions), join(folder, "old.log"))
  const { connections, sells, facts, plans } = await makeSenders(first)
  try {
    for (const one of [plans, facts]) {
      one.start(0)
      await until("the old build makes its streams", async () => {
        one.send(one.counts.sent < skus.length ? skus.length : 0)
        return one.counts.decided >= skus.length
      })
    }
    sells.start(sellsPerSecond)
    facts.start(factsPerSecond)
    await pause(phaseMs)
    await upgradeIn[order](stage)
    const decidedNow = () => sells.counts.decided
    const atStart = decidedNow()
    await until("this build decides", () => decidedNow() > atStart + sellsPerSecond)
    await pause(phaseMs)
    for (const one of [sells, facts]) one.stopNew()
    await until("all is acknowledged", () => sells.isSettled && facts.isSettled)
    return await verdictOf(order, serverOf(stage), { sells, facts, plans })
  } finally {
    for (const one of [sells, facts, plans]) one.stop()
    for (const connection of connections) await connection.close()
    for (const worker of [stage.old, stage.now]) if (worker !== null) await stopWorker(worker)
    await (stage.server ?? first).stop()
  }
}

const values = scriptOptions(
  "From the build before to this one, in both orders, while senders go on sending.",
  {
    before: { fallback: "", help: "the folder of the build before; has to be given" },
    order: { fallback: "", help: "only this order, by how it begins: stop or start" },
  },
  { switches: { keep: "keep the folders of the runs" } },
)
if (values.before === "") {
  console.error("name the folder of the build before: npm run upgrade -- --before DIR")
  process.exit(2)
}
let isRight = true
for (const order of ["stop, then start", "start, then stop"] as const) {
  if (values.order !== "" && values.order !== order.slice(0, values.order.length)) continue
  const folder = await mkdtemp(join(tmpdir(), "holdfast-upgrade-"))
  const verdict = await run(order, values.before, folder)
  console.log(JSON.stringify(verdict, null, 2))
  isRight &&= verdict.problems.length === 0
  if (values.keep || verdict.problems.length > 0) console.log(`what is left of it: ${folder}`)
  else await rm(folder, { recursive: true, force: true })
}
process.exit(isRight ? 0 : 3)
