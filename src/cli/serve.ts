/**
 * `holdfast serve`: a worker for every kind, put together from its parts and kept until a signal ends it.
 */
import { Context, Effect, Layer, Redacted } from "effect"
import * as Command from "effect/cli/Command"
import * as Flag from "effect/cli/Flag"
import { assert } from "../assert.ts"
import {
  archiveSettingsHelp,
  type HoldfastConfig,
  innerGatewayHelp,
  type LoginSetting,
  loadArchiveConfig,
  loadConfig,
  loadInnerGateway,
  loadPostgresUrl,
  postgresSettingsHelp,
  settings,
  workerSettingsHelp,
} from "../config.ts"
import { processesMax } from "../limits.ts"
import { deskLayer } from "../nats/desk.ts"
import { doorLayer } from "../nats/door.ts"
import { openWorker, type WorkerAccess } from "../nats/layer.ts"
import { Cluster } from "../ports/broker.ts"
import { Meter } from "../ports/meter.ts"
import { Engine, servedKinds } from "../runtime/engine.ts"
import { type RunningIngress, startIngress } from "../runtime/ingress.ts"
import { IngressEngine } from "../runtime/ingress-engine.ts"
import { Owners } from "../runtime/owners.ts"
import { Reigns } from "../runtime/reigns.ts"
import type { Readiness } from "../runtime/report.ts"
import { startWorker, type Worker } from "../runtime/worker.ts"
import { gatewayMeterLayer } from "../telemetry/gateway-metrics.ts"
import { serveTelemetry } from "../telemetry/http.ts"
import { loggingLayer } from "../telemetry/logging.ts"
import { metricsOf, pageOf } from "../telemetry/making.ts"
import { Meters, MetricsRegistry, metricsLayer, registryLayer } from "../telemetry/metrics.ts"
import { logLine } from "../telemetry/names.ts"
import { makeRoomGauges } from "../telemetry/room.ts"
import { Tracing, tracingLayer } from "../telemetry/traces.ts"
import { saidCodecOf } from "../wire/said.ts"
import { namedArchive } from "./archive-folder.ts"
import { wholeFlag } from "./arguments.ts"
import { besideScope } from "./beside.ts"
import { CommandFailed, exitCode } from "./exit-codes.ts"
import { helpText } from "./help-text.ts"
import { endingOr, leaveAtTheEnd } from "./leave-at-the-end.ts"
import { ownSenders, startOwnServer } from "./own-server.ts"
import { parentGone } from "./parent-gone.ts"
import { tellSupervisor } from "./processes/child.ts"
import { serveOwnGateway } from "./serve-gateway.ts"
import { serveMany } from "./serve-many.ts"
import { keepProjecting } from "./serve-postgres.ts"
import { keepArchiving, watchRoom } from "./serve-room.ts"
import { untilItAnswers } from "./until-it-answers.ts"

const loginOf = ({ user, password }: LoginSetting) => ({ user, password: Redacted.value(password) })

/** Where NATS is: as told, or a server of our own for as long as the scope lives. */
const findNats = Effect.fnUntraced(function* (config: HoldfastConfig) {
  if (config.nats === null) return yield* startOwnServer(config.worker)
  const { urls, monitorUrls, engine, door } = config.nats
  const found: WorkerAccess = {
    servers: urls,
    monitorUrls,
    engine: loginOf(engine),
    door: loginOf(door),
    name: config.worker,
  }
  return found
})

/** What a process needs for each kind: all connections, what is heard on them, and its reigns are shared. */
const connect = Effect.fnUntraced(function* (nats: WorkerAccess, name: string) {
  const scope = yield* Effect.scope
  const portsOf = yield* untilItAnswers(openWorker(nats))
  // Its ingress works with the worker's own logins, over connections of its own.
  const ingress = Layer.merge(deskLayer({ ...nats, login: { engine: nats.engine }, name }), doorLayer({ ...nats, name }))
  const shared = yield* untilItAnswers(Layer.buildWithScope(Layer.provideMerge(Owners.layer, Layer.merge(ingress, Reigns.layer)), scope))
  const meterOf = yield* Meters
  const tracing = yield* Tracing
  return yield* Effect.forEach(servedKinds, (engine) => {
    const { kind } = engine
    const own = Layer.mergeAll(
      portsOf(kind, saidCodecOf(kind)),
      Layer.succeed(Engine, engine),
      Layer.succeed(Meter, tracing.meter(kind, meterOf(kind))),
    )
    return Effect.map(Layer.buildWithScope(own, scope), (ports) => Context.merge(ports, shared))
  })
})

/** Creates and checks the streams, and says loudly what the servers don't guarantee. With `strict`, that is refused. */
const prepare = Effect.fnUntraced(function* (config: HoldfastConfig) {
  const cluster = yield* Cluster
  const { partitions, warnings } = yield* untilItAnswers(
    cluster.prepare({ partitions: config.partitions, replicas: config.replicas, strict: config.durability === "strict" }),
  )
  metricsOf(yield* MetricsRegistry)
    .gauge("durabilityWarnings")
    .set(warnings.length)
  for (const warning of warnings) yield* Effect.logWarning(logLine.notGuaranteed, { what: warning })
  if (warnings.length > 0 && config.durability === "strict") {
    return yield* new CommandFailed({
      code: exitCode.topology,
      message: `${settings.durability.name}=strict, and the broker could lose what it acknowledged: ${warnings.join("; ")}. Mend that, or set ${settings.durability.name}=warn`,
    })
  }
  return partitions
})

/** First nothing more is taken, then what was is decided and said. */
const leave = (ingress: RunningIngress, worker: Worker, timeoutMs: number) =>
  Effect.gen(function* () {
    const isDrained = yield* ingress.drain(timeoutMs)
    const unfinished = yield* worker.leave
    const names = unfinished.map(({ kind, partition }) => `${kind} ${partition}`)
    if (names.length > 0) return `partitions ${names.join(", ")} were not drained in time`
    return isDrained ? null : "the ingress was not drained in time"
  })

/** What may be asked of a worker, also while it catches up. */
type WorkerPages = Pick<Worker, "report" | "readiness">

/** Of this process alone. */
const reportOf = (ingress: RunningIngress, worker: WorkerPages) => {
  const [ofWorker, ofIngress] = [worker.report(), ingress.report()]
  return { ...ofWorker, ready: ofWorker.ready && ofIngress.ready, ingress: ofIngress }
}

/** Of the whole cluster, as this process sees it. */
const readinessOf = (ingress: RunningIngress, worker: WorkerPages) => {
  const [ofCluster, ofIngress] = [worker.readiness(), ingress.report()]
  return { ...readable(ofCluster), ready: ofCluster.ready && ofIngress.ready, ingress: ofIngress }
}

/** As `readiness`, with times as people read them. */
const readable = (readiness: Readiness) => ({
  ...readiness,
  outages: readiness.outages.map(({ sinceMs, ...outage }) => ({ ...outage, since: new Date(sinceMs).toISOString() })),
})

const work = Effect.fnUntraced(function* (config: HoldfastConfig, postgres: string | null | "none") {
  let ingress: RunningIngress | undefined
  let asked: WorkerPages | undefined
  let isEnding = false
  const registry = yield* MetricsRegistry
  const notYet = { worker: config.worker, ready: false, state: "starting" }
  const readiness = () => (ingress === undefined || asked === undefined ? notYet : endingOr(isEnding, readinessOf(ingress, asked)))
  const report = () => (ingress === undefined || asked === undefined ? notYet : endingOr(isEnding, reportOf(ingress, asked)))
  const address = yield* serveTelemetry({ metrics: () => pageOf(registry), readiness, worker: report }, config.http)
  yield* Effect.logInfo("telemetry is served", { metrics: `${address}/metrics`, ready: `${address}/ready` })
  yield* tellSupervisor(address)
  const nats = yield* findNats(config)
  const { servers } = nats
  const ports = yield* connect(nats, config.worker)
  // What is not of one kind is the same whichever ports are asked for it.
  const [anyKinds] = ports
  assert(anyKinds !== undefined, "a process serves some kind")
  return yield* Effect.gen(function* () {
    const partitions = yield* prepare(config)
    const { worker: name, leaseTtlMs, drainTimeoutMs, senderRates } = config
    const senders = config.nats?.senders ?? ownSenders
    // Before the worker: facts are stored from now on, however long it has to catch up.
    const started = yield* startIngress({ name, partitions, senders, ...senderRates })
    ingress = started
    const options = { worker: name, address, partitions, senders, leaseTtlMs, drainTimeoutMs }
    const worker = yield* startWorker(options, ports, (mayAsk) => {
      asked = mayAsk
    })
    const beside = yield* besideScope
    yield* leaveAtTheEnd(leave(started, worker, drainTimeoutMs))
    if (config.nats === null) yield* Effect.forkScoped(serveOwnGateway(servers, postgres !== "none"))
    const sampled = makeRoomGauges(registry)
    for (const ofKind of ports) {
      const { kind } = Context.get(ofKind, Engine)
      const room = watchRoom(kind, worker.report, sampled).pipe(Effect.provide(yield* namedArchive(null, kind)), Effect.provide(ofKind))
      yield* Effect.forkScoped(room)
    }
    yield* Effect.forkIn(keepArchiving(yield* loadArchiveConfig), beside)
    yield* Effect.forkIn(keepProjecting({ url: postgres, isOwnCluster: config.nats === null }), beside)
    yield* Effect.addFinalizer(() =>
      Effect.sync(() => {
        // The first thing that is done at the end, so that nobody is sent here while the gateway closes.
        isEnding = true
      }),
    )
    return yield* Effect.never
  }).pipe(Effect.provide(anyKinds))
})

const serve = Effect.fnUntraced(function* (flags: { readonly postgres: boolean; readonly processes: number }) {
  const config = yield* loadConfig
  const postgres = flags.postgres ? yield* loadPostgresUrl : "none"
  yield* loadInnerGateway
  // A schedule that can't be used is said at once, like any other setting.
  yield* loadArchiveConfig
  if (flags.processes > 1) {
    const logging = loggingLayer({ format: config.log, level: config.logLevel })
    const ofGateway = Layer.merge(gatewayMeterLayer, tracingLayer({ ...config, process: "supervisor" }))
    const parts = Layer.merge(ofGateway.pipe(Layer.provideMerge(registryLayer(config.worker))), logging)
    return yield* Effect.scoped(serveMany(config, flags.processes, postgres)).pipe(Effect.provide(parts))
  }
  const parts = Layer.mergeAll(
    Layer.merge(gatewayMeterLayer, tracingLayer({ ...config, process: "worker" })).pipe(Layer.provideMerge(metricsLayer(config.worker))),
    IngressEngine.layer,
    loggingLayer({ format: config.log, level: config.logLevel }),
  )
  // One that a supervisor started ends with it, and says in each line who it is: all write to one log.
  const supervised = process.connected === true
  const served = Effect.raceFirst(Effect.scoped(work(config, postgres)), parentGone).pipe(Effect.provide(parts))
  return yield* supervised ? Effect.annotateLogs(served, { worker: config.worker }) : served
})

const description = `Run a worker. Workers share the partitions by themselves: start as many as you like, on one or several machines, each with a name of its own.

It takes what senders send (an ingress runs inside), decides it, journals each decision before it is said, follows what others own as a hot standby, and takes over when they die.
SIGTERM and Ctrl-C drain: everything that was decided is said, then the partitions are handed over, then it ends with code 0.

Settings, from the environment (name, default, meaning):

${workerSettingsHelp()}

The HTTP gateway inside, where no HOLDFAST_NATS_URL is set (see holdfast gateway --help for one alone):

${innerGatewayHelp()}

To archive journals and purge what is archived, which is off unless a schedule is set (see holdfast archive --help):

${archiveSettingsHelp()}

To keep tables of all that is decided, by a process of its own (see holdfast project --help). With an own nats-server there is an own Postgres too, unless --no-postgres is given:

${postgresSettingsHelp()}`

export const serveCommand = Command.make(
  "serve",
  {
    postgres: Flag.Boolean("postgres").pipe(
      Flag.withDescription("Keep tables in Postgres; --no-postgres: don't, and start none"),
      Flag.withDefault(true),
    ),
    processes: wholeFlag(
      "processes",
      "Workers, each as a process of its own, with one page for all; a core is one worker's. SIGHUP restarts them one after another",
      1,
      processesMax,
    ).pipe(Flag.withDefault(1)),
  },
  serve,
).pipe(
  Command.withDescription(helpText(description)),
  Command.withExamples([
    { command: "holdfast serve", description: "try it out, with a nats-server of its own" },
    { command: "holdfast serve --processes 4", description: "four workers on one machine" },
    {
      command: "HOLDFAST_NATS_URL=nats://nats-1:4222,nats://nats-2:4222 HOLDFAST_REPLICAS=3 HOLDFAST_DURABILITY=strict holdfast serve",
      description: "one of several workers on a cluster; logins as listed above",
    },
  ]),
)
