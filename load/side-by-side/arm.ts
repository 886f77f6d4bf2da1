/**
 * One build in a process of its own: its servers, its worker, its client, and so many commands in flight, of which it counts decisions and how long each took.
 *
 * Above all other imports, Schema's decoders are switched to compiled ones, as in any program that decodes many replies.
 */
import { endsWithUs } from "../stage/ends-with-us.ts"
import "effect/schema/SchemaJITCompiler/enable"
import { type ChildProcess, spawn } from "node:child_process"
import { headers, type Msg, type NatsConnection, connect as natsConnect } from "@nats-io/transport-node"
import type { SenderClient } from "../../src/channel.ts"
import type { EmbeddedServer } from "../../src/nats/embedded.ts"
import { quantile } from "../stage/stage.ts"
import { type AnySender, type Checkout, loadCheckout } from "./checkout.ts"
import type { ArmCount, ArmMode, ArmSetup, FromArm, ToArm } from "./messages.ts"
import { standStill } from "./standing-still.ts"

const sendersOf = (): ReadonlyArray<AnySender> => [
  { sender: "web", roles: ["channel"], name: "web", kind: "channel" },
  { sender: "dc", roles: ["warehouse"], name: "dc", kind: "warehouse" },
  { sender: "plan", roles: ["merchandiser"], name: "plan", kind: "merchandiser" },
]

const holdMs = 600_000
/** Milliseconds before a command that surely nobody took is sent again. */
const againMs = 50
/** One reply in so many is read: the client is not what is measured. */
const readEvery = 1_000
const patienceMs = 120_000
const takenMax = 4_000_000

const counted = { decided: 0, notAccepted: 0 }
const took = new Float64Array(takenMax)
let tookCount = 0
let running = false
let open = 0
let reservations = 0
let begunMs = 0
let begunCpu = process.cpuUsage()
let stopped: () => void = () => undefined
/** When the newest decision came, or commands began to be sent; and what came last that was none. */
let movedMs = 0
let heardLast: string | null = null

const settled = (sentMs: number, accepted: boolean): void => {
  movedMs = performance.now()
  counted.decided++
  if (!accepted) counted.notAccepted++
  if (tookCount < takenMax) took[tookCount++] = performance.now() - sentMs
  open--
  if (open === 0 && !running) stopped()
}

interface Arm {
  readonly checkout: Checkout
  readonly setup: ArmSetup
  readonly servers: ReadonlyArray<EmbeddedServer>
  readonly workers: ReadonlyArray<ChildProcess>
  readonly channel: SenderClient
  readonly connection: NatsConnection
  readonly prefix: string
  /** What the commands in flight one by one are. */
  readonly singles: Array<{ text: string; subject: string; sentMs: number }>
}

const reserve = (n: number, sku: string): string =>
  `{"v":1,"type":"Reserve","id":"c-${n}","sku":"${sku}","issuedAtMs":${Date.now()},"reservation":"r-${n}","qty":1,"holdMs":${holdMs}}`

const skuOf = ({ setup }: Arm, n: number): string => setup.skus[n % setup.skus.length] ?? ""

const publish = (arm: Arm, index: number): void => {
  const single = arm.singles[index]
  if (single === undefined) return
  if (arm.checkout.commandsAreRequests) return arm.connection.publish(single.subject, single.text, { reply: `${arm.prefix}${index}` })
  const named = headers()
  named.set("Hf-Reply", `single.${index}`)
  arm.connection.publish(single.subject, single.text, { headers: named })
}

const next = (arm: Arm, index: number): void => {
  const n = ++reservations
  const sku = skuOf(arm, n)
  open++
  arm.singles[index] = { text: reserve(n, sku), subject: arm.checkout.sellSubject("web", sku), sentMs: performance.now() }
  publish(arm, index)
}

/** A decision's first field is `partition`; what an ingress answers instead begins otherwise. */
const decision = Buffer.from('{"v":1,"partition"')
const isDecision = (body: Uint8Array): boolean =>
  Buffer.compare(Buffer.from(body.buffer, body.byteOffset, Math.min(body.length, decision.length)), decision) === 0

const heard = (arm: Arm, message: Msg): void => {
  const index = Number(message.subject.slice(arm.prefix.length))
  const single = arm.singles[index]
  if (single === undefined) return
  if (!isDecision(message.data)) {
    heardLast = message.data.length === 0 ? "nobody takes commands there (no responders)" : message.string()
    setTimeout(() => publish(arm, index), againMs)
    return
  }
  settled(single.sentMs, counted.decided % readEvery > 0 || message.string().includes('"accepted"'))
  if (running) next(arm, index)
}

/** One caller, as a program that uses the client would be written. */
const call = async (arm: Arm): Promise<void> => {
  while (running) {
    const n = ++reservations
    open++
    const sentMs = performance.now()
    const { outcome } = await arm.channel.reserve({ sku: skuOf(arm, n), reservation: `r-${n}`, qty: 1, holdMs })
    settled(sentMs, outcome === "accepted")
  }
}

const start = (arm: Arm, mode: ArmMode, inFlight: number): void => {
  running = true
  movedMs = performance.now()
  for (let i = 0; i < inFlight; i++) {
    if (mode === "single") next(arm, i)
    else call(arm).catch(fail)
  }
}

const begin = (): void => {
  counted.decided = 0
  counted.notAccepted = 0
  tookCount = 0
  begunMs = performance.now()
  begunCpu = process.cpuUsage()
}

const end = async (): Promise<ArmCount> => {
  const { user, system } = process.cpuUsage(begunCpu)
  const elapsedMs = performance.now() - begunMs
  const { decided, notAccepted } = counted
  const sorted = took.slice(0, tookCount).sort()
  const done = new Promise<void>((resolve) => {
    stopped = resolve
  })
  running = false
  if (open > 0) await done
  return {
    decided,
    notAccepted,
    elapsedMs,
    medianMs: quantile(sorted, 0.5),
    p99Ms: quantile(sorted, 0.99),
    clientCpuMs: (user + system) / 1_000,
  }
}

const startWorker = (checkout: Checkout, setup: ArmSetup, servers: ReadonlyArray<EmbeddedServer>, name: string): ChildProcess => {
  const [first] = servers
  if (first === undefined) throw new Error("there is a server")
  const env = {
    ...checkout.workerEnvironment(name, first, setup.partitions),
    HOLDFAST_NATS_URL: servers.map(({ url }) => url).join(","),
    HOLDFAST_NATS_MONITOR_URL: servers.map(({ monitorUrl }) => monitorUrl).join(","),
    HOLDFAST_REPLICAS: String(setup.servers),
    HOLDFAST_LOG_LEVEL: "Error",
  }
  return endsWithUs(spawn(process.execPath, [checkout.main, "serve"], { env, stdio: ["ignore", "inherit", "inherit"] }))
}

/** Stock without end, and a policy by which one channel sells it all. */
const stockUp = async (checkout: Checkout, { skus }: ArmSetup, servers: ReadonlyArray<EmbeddedServer>): Promise<void> => {
  const as = (sender: string) => {
    const login = servers[0]?.credentials.senders[sender]
    if (login === undefined) throw new Error(`${sender} has no login`)
    return checkout.connect({ servers: servers.map(({ url }) => url), sender, login, timeoutMs: patienceMs })
  }
  const [dc, plan] = await Promise.all([as("dc"), as("plan")])
  const line = { channel: "web", priority: 0, bufferQty: 0, bufferPercent: 0, floorQty: 0, fenceQty: 0 }
  for (const sku of skus) {
    await dc.receiveStock({ sku, location: "DC1", qty: 1_000_000_000 })
    await plan.setPolicy({ sku, policy: { version: 1, channels: [line], safety: [], sourcing: ["DC1"] } })
  }
  await Promise.all([dc.close(), plan.close()])
}

/** Asks until a worker answers: an earlier build's client gives up sooner than a worker starts on a busy machine. */
const connected = async <A>(attempt: () => Promise<A>): Promise<A> => {
  const untilMs = performance.now() + patienceMs
  for (;;) {
    try {
      return await attempt()
    } catch (error) {
      if (performance.now() > untilMs) throw error
    }
  }
}

const setUp = async (setup: ArmSetup): Promise<Arm> => {
  const checkout = loadCheckout(setup.checkout)
  const servers = await checkout.startServers(setup.servers, sendersOf(), setup.syncAlways)
  const workers = Array.from({ length: setup.workers }, (_, n) => startWorker(checkout, setup, servers, `worker-${n + 1}`))
  await connected(() => stockUp(checkout, setup, servers))
  const urls = servers.map(({ url }) => url)
  const login = servers[0]?.credentials.senders.web
  if (login === undefined) throw new Error("web has no login")
  const channel = await connected(() =>
    checkout.connect({ servers: urls, sender: "web", login, inFlightMax: 65_536, timeoutMs: patienceMs }),
  )
  const connection = await natsConnect({ servers: urls, user: login.user, pass: login.password, inboxPrefix: "hf.reply.web" })
  const arm: Arm = { checkout, setup, servers, workers, channel, connection, prefix: "hf.reply.web.single.", singles: [] }
  connection.subscribe(`${arm.prefix}*`, {
    callback: (error, message) => {
      if (error !== null) throw error
      heard(arm, message)
    },
  })
  return arm
}

const close = async ({ channel, connection, workers, servers }: Arm): Promise<void> => {
  await channel.close()
  await connection.close()
  await Promise.all(
    workers.map(
      (worker) =>
        new Promise((resolve) => {
          worker.once("exit", resolve)
          worker.kill("SIGTERM")
        }),
    ),
  )
  await Promise.all(servers.map((server) => server.stop()))
}

const fail = (cause: unknown): void => {
  console.error(cause)
  process.exit(1)
}

const lookEveryMs = 1_000
/** Ends this process with what to do, where nothing is decided any more. */
const watchStanding = (checkout: string): void => {
  setInterval(() => {
    const why = standStill({ checkout, open, idleMs: performance.now() - movedMs, heardLast })
    if (why !== undefined) fail(why)
  }, lookEveryMs).unref()
}

let arm: Arm | undefined
const hear = async (message: ToArm): Promise<FromArm> => {
  if (message._tag === "Setup") {
    arm = await setUp(message.setup)
    watchStanding(message.setup.checkout)
  } else if (message._tag === "Start" && arm !== undefined) start(arm, message.mode, message.inFlight)
  else if (message._tag === "Begin") begin()
  else if (message._tag === "End") return { _tag: "Counted", count: await end() }
  else if (message._tag === "Close" && arm !== undefined) await close(arm)
  return { _tag: "Done" }
}

process.on("message", (message: ToArm) => void hear(message).then((answer) => process.send?.(answer), fail))
process.on("disconnect", () => process.exit(0))
