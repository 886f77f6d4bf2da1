/**
 * `npm run clocks`: a worker whose clock is wrong, by an hour and by nine seconds either way, on a real nats-server whose clock is this machine's.
 *
 * For each: whether a fact is taken, a deadline is judged by the broker's time, a hold of three seconds ends within a second after the time that was told, and the
 * clock is told. Ends with code 0 if all is so, with 3 otherwise. The worker runs in this process, on a clock of its own.
 */
import { mkdtemp, rm } from "node:fs/promises"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { Clock, Effect, Exit, Layer, Scope } from "effect"
import { connect, type SenderClient } from "../src/channel.ts"
import { sendersOf } from "../src/domain/sender-list.ts"
import { deskLayer } from "../src/nats/desk.ts"
import { doorLayer } from "../src/nats/door.ts"
import { type EmbeddedServer, startEmbedded } from "../src/nats/embedded.ts"
import { natsLayer } from "../src/nats/layer.ts"
import { Cluster } from "../src/ports/broker.ts"
import { Meter } from "../src/ports/meter.ts"
import { Engine } from "../src/runtime/engine.ts"
import { startIngress } from "../src/runtime/ingress.ts"
import { IngressEngine } from "../src/runtime/ingress-engine.ts"
import { Owners } from "../src/runtime/owners.ts"
import { Reigns } from "../src/runtime/reigns.ts"
import { startWorker } from "../src/runtime/worker.ts"
import { loggingLayer } from "../src/telemetry/logging.ts"
import { saidCodec } from "../src/wire/said.ts"
import { until } from "./chaos/rig.ts"
import { scriptOptions } from "./stage/options.ts"

const partitions = 1
const leaseTtlMs = 3_000
const holdMs = 3_000
const sku = "A"

/** The machine's clock, with a wall clock that is wrong. */
const wrongClock = (clock: Clock.Clock, aheadMs: number): Clock.Clock => {
  const wallMs = () => clock.currentTimeMillisUnsafe() + aheadMs
  const wallNanos = () => clock.currentTimeNanosUnsafe() + BigInt(aheadMs) * 1_000_000n
  return {
    currentTimeMillisUnsafe: wallMs,
    currentTimeMillis: Effect.sync(wallMs),
    currentTimeNanosUnsafe: wallNanos,
    currentTimeNanos: Effect.sync(wallNanos),
    monotonicTimeNanosUnsafe: () => clock.monotonicTimeNanosUnsafe(),
    monotonicTimeNanos: clock.monotonicTimeNanos,
    sleep: (duration) => clock.sleep(duration),
  }
}

const listening = (alarms: Array<string>): Meter["Service"] =>
  Meter.of({
    batchConfirmed: () => undefined,
    appendUnknown: () => undefined,
    carried: () => undefined,
    returnsSaid: () => undefined,
    returnsHeard: () => undefined,
    repliesSent: () => undefined,
    feedSent: () => undefined,
    feedHandedOver: () => undefined,
    feedFailed: () => undefined,
    snapshotKnown: () => undefined,
    haltedHere: () => undefined,
    tookOver: () => undefined,
    steppedDown: () => undefined,
    reignEnded: () => undefined,
    alarm: (_partition, kind) => alarms.push(kind),
    sampled: () => undefined,
    waiting: () => undefined,
    begin: () => undefined,
    unserved: () => undefined,
    ingressBegins: () => undefined,
    ingressSampled: () => undefined,
    doorClosed: () => undefined,
  })

/** Starts a worker on that clock; resolves with how to stop it. */
const work = async ({ url, monitorUrl, credentials }: EmbeddedServer, aheadMs: number, alarms: Array<string>) => {
  const scope = Scope.makeUnsafe()
  const clock = wrongClock(await Effect.runPromise(Effect.map(Clock.Clock, (found) => found)), aheadMs)
  const run = <A, E>(effect: Effect.Effect<A, E, Scope.Scope>) =>
    Effect.runPromise(effect.pipe(Scope.provide(scope), Effect.provideService(Clock.Clock, clock)))
  const { engine, door } = credentials
  const layers = Layer.mergeAll(
    natsLayer({ kind: "sku", servers: [url], monitorUrls: [monitorUrl], engine, door }, saidCodec),
    Layer.provideMerge(Owners.layer, Layer.merge(deskLayer({ servers: [url], login: { engine }, name: "clocks" }), Reigns.layer)),
    doorLayer({ servers: [url], door, name: "clocks" }),
    Engine.layer,
    IngressEngine.layer,
    Layer.succeed(Meter, listening(alarms)),
    loggingLayer({ format: "pretty", level: "None" }),
  )
  const context = await run(Layer.buildWithScope(layers, scope))
  const started = Effect.gen(function* () {
    const cluster = yield* Cluster
    const counts = { sku: partitions, order: partitions }
    yield* cluster.prepare({ partitions: counts, replicas: 1 })
    yield* startIngress({ name: "wrong", partitions: counts, senders, commandsPerSecond: 50_000, bytesPerSecond: 33_554_432 })
    const options = { worker: "wrong", address: "", partitions: counts, senders, leaseTtlMs, drainTimeoutMs: 10_000 }
    return yield* startWorker(options, [context])
  })
  const { leave } = await run(started.pipe(Effect.provide(context)))
  return async () => {
    await run(leave.pipe(Effect.provide(context)))
    await Effect.runPromise(Scope.close(scope, Exit.void))
  }
}

interface Row {
  readonly aheadMs: number
  readonly fact: string
  readonly inTime: string
  readonly late: string
  readonly heldMs: number
  readonly alarms: string
  readonly isGood: boolean
}

const senders = sendersOf("web=channel,dock=warehouse,planner=merchandiser")

const policy = {
  version: 1,
  channels: [{ channel: "web", priority: 0, bufferQty: 0, bufferPercent: 0, floorQty: 0, fenceQty: 0 }],
  safety: [],
  sourcing: [],
}

/** Milliseconds from hearing that units are held until the owner has ended the hold, as the warehouse sees it, which may ask for stock and asks again and again. */
const heldFor = async (web: SenderClient, dock: SenderClient, reservation: string): Promise<number> => {
  const { outcome } = await web.reserve({ sku, reservation, qty: 5, holdMs })
  const sinceMs = performance.now()
  if (outcome !== "accepted") throw new Error(`a hold was ${outcome}`)
  await until("the hold ends", async () => {
    const answer = await dock.stock(sku)
    return answer.answer === "stock" && answer.openReservations === 0
  })
  return performance.now() - sinceMs
}

const play = async (aheadMs: number): Promise<Row> => {
  const storeDir = await mkdtemp(join(tmpdir(), "holdfast-clocks-"))
  const server = await startEmbedded({ storeDir, senders })
  const alarms: Array<string> = []
  let stop = await work(server, 0, [])
  const open = (sender: "web" | "dock" | "planner") => {
    const login = server.credentials.senders[sender]
    if (login === undefined) throw new Error(`no credentials for ${sender}`)
    return connect({ servers: [server.url], sender, login, retryMs: 60_000 })
  }
  const [web, dock, planner] = await Promise.all([open("web"), open("dock"), open("planner")])
  try {
    await planner.setPolicy({ sku, policy })
    await dock.receiveStock({ sku, location: "L", qty: 10 })
    await stop()
    // Sent while nobody is there: one has waited for longer than it may when the next owner comes.
    const waits = web.reserve({ sku, reservation: "late", qty: 1, holdMs: 60_000, deadlineMs: 1_000 })
    await new Promise((resolve) => setTimeout(resolve, 1_500))
    stop = await work(server, aheadMs, alarms)
    const late = await waits
    const fact = await dock.receiveStock({ sku, location: "L", qty: 10 })
    const inTime = await web.reserve({ sku, reservation: "r1", qty: 1, holdMs: 200, deadlineMs: 2_000 })
    await until("the short hold ends", async () => {
      const answer = await dock.stock(sku)
      return answer.answer === "stock" && answer.openReservations === 0
    })
    const heldMs = Math.round(await heldFor(web, dock, "r2"))
    await until("the clock is told", () => alarms.some((kind) => kind.startsWith("Clock")))
    const told = alarms.filter((kind) => kind.startsWith("Clock")).join(" ")
    const isGood =
      fact.outcome === "accepted" &&
      inTime.outcome === "accepted" &&
      late.outcome === "expired" &&
      told === (aheadMs > 0 ? "ClockAhead" : "ClockBehind") &&
      // It was told a moment before it was heard here.
      heldMs >= holdMs - 100 &&
      heldMs <= holdMs + 1_000
    return { aheadMs, fact: fact.outcome, inTime: inTime.outcome, late: late.outcome, heldMs, alarms: told, isGood }
  } finally {
    await Promise.all([web.close(), dock.close(), planner.close()])
    await stop()
    await server.stop()
    await rm(storeDir, { recursive: true, force: true })
  }
}

scriptOptions("A worker whose clock is wrong, by an hour and by nine seconds either way.", {})
const columns = ["clock off by", "fact", "command in time", "command past its deadline", "hold of 3 s ended after", "alarm", ""]
console.log(`| ${columns.join(" | ")} |`)
console.log(`|${" --- |".repeat(columns.length)}`)
let good = 0
const off = [-3_600_000, 3_600_000, -9_000, 9_000]
for (const aheadMs of off) {
  const row = await play(aheadMs)
  if (row.isGood) good++
  const { fact, inTime, late, heldMs, alarms, isGood } = row
  console.log(`| ${aheadMs / 1_000} s | ${fact} | ${inTime} | ${late} | ${heldMs} ms | ${alarms} | ${isGood ? "ok" : "BROKEN"} |`)
}
process.exitCode = good === off.length ? 0 : 3
