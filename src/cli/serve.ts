/**
 * `holdfast serve`: a worker, put together from its parts and kept until a signal ends it.
 */
import { Effect, Fiber, Layer, Redacted, Schedule } from "effect"
import * as Command from "effect/cli/Command"
import { archiveSettings, type HoldfastConfig, type Login, loadArchiveConfig, loadConfig, settings, settingsHelp } from "../config.ts"
import { type NatsConfig, natsLayer } from "../nats/layer.ts"
import { Cluster } from "../ports/broker.ts"
import { BrokerUnavailable } from "../ports/errors.ts"
import { Engine } from "../runtime/engine.ts"
import { startWorker, type Worker } from "../runtime/worker.ts"
import { serveTelemetry } from "../telemetry/http.ts"
import { loggingLayer } from "../telemetry/logging.ts"
import { MetricsRegistry, metricsLayer } from "../telemetry/metrics.ts"
import { logLine } from "../telemetry/names.ts"
import { makeRoomGauges } from "../telemetry/room.ts"
import { saidCodec } from "../wire/said.ts"
import { namedArchive } from "./archive-folder.ts"
import { CommandFailed, exitCode } from "./exit-codes.ts"
import { helpText } from "./help-text.ts"
import { startOwnServer } from "./own-server.ts"
import { keepArchiving, watchRoom } from "./serve-room.ts"

const loginOf = ({ user, password }: Login) => ({ user, password: Redacted.value(password) })

/** Where NATS is: as told, or a server of our own for as long as the scope lives. */
const findNats = Effect.fnUntraced(function* (config: HoldfastConfig) {
  if (config.nats === null) return yield* startOwnServer(config.worker)
  const { urls, monitorUrls, engine, worker } = config.nats
  const found: NatsConfig = { servers: urls, monitorUrls, engine: loginOf(engine), worker: loginOf(worker), name: config.worker }
  return found
})

/** Milliseconds between two attempts to reach the broker at start: often enough to be there when it is, rarely enough to be read. */
const retryMs = 2_000

const isUnavailable = (error: unknown): error is BrokerUnavailable => error instanceof BrokerUnavailable

/** Tries until the broker answers, and says each time that it doesn't. Other failures end it. */
const untilItAnswers = <A, E, R>(effect: Effect.Effect<A, E, R>): Effect.Effect<A, E, R> =>
  effect.pipe(
    Effect.tapError((error) =>
      isUnavailable(error)
        ? Effect.logWarning("the broker is not there yet, trying again", {
            operation: error.operation,
            cause: error.cause,
            againInMs: retryMs,
          })
        : Effect.void,
    ),
    Effect.retry({ while: isUnavailable, schedule: Schedule.spaced(retryMs) }),
  )

const connect = Effect.fnUntraced(function* (nats: NatsConfig) {
  const scope = yield* Effect.scope
  return yield* untilItAnswers(Layer.buildWithScope(natsLayer(nats, saidCodec), scope))
})

/** Creates and checks the streams, and says loudly what the servers don't guarantee. With `strict`, that is refused. */
const prepare = Effect.fnUntraced(function* (config: HoldfastConfig) {
  const cluster = yield* Cluster
  const { partitions, warnings } = yield* untilItAnswers(cluster.prepare(config))
  for (const warning of warnings) yield* Effect.logWarning(logLine.notGuaranteed, { what: warning })
  if (warnings.length > 0 && config.durability === "strict") {
    return yield* new CommandFailed({
      code: exitCode.topology,
      message: `${settings.durability.name}=strict, and the broker could lose what it acknowledged: ${warnings.join("; ")}. Mend that, or set ${settings.durability.name}=warn`,
    })
  }
  return partitions
})

/** Leaves when the scope closes, in a fiber of its own: the one that is ending was interrupted, and could wait for nothing. */
const leaveAtTheEnd = (worker: Worker) =>
  Effect.addFinalizer(() =>
    Effect.forkDetach(worker.leave).pipe(
      Effect.flatMap(Fiber.join),
      Effect.flatMap((unfinished) =>
        unfinished.length === 0
          ? Effect.void
          : Effect.die(
              new CommandFailed({ code: exitCode.failed, message: `partitions ${unfinished.join(", ")} were not drained in time` }),
            ),
      ),
    ),
  )

const work = Effect.fnUntraced(function* (config: HoldfastConfig) {
  let worker: Worker | undefined
  const registry = yield* MetricsRegistry
  const notYet = { worker: config.worker, ready: false, state: "starting" }
  const address = yield* serveTelemetry({ registry, readiness: () => worker?.report() ?? notYet }, config.http)
  yield* Effect.logInfo("telemetry is served", { metrics: `${address}/metrics`, ready: `${address}/ready` })
  const ports = yield* connect(yield* findNats(config))
  return yield* Effect.gen(function* () {
    const partitions = yield* prepare(config)
    const { leaseTtlMs, drainTimeoutMs } = config
    worker = yield* startWorker({ worker: config.worker, address, partitions, leaseTtlMs, drainTimeoutMs })
    yield* leaveAtTheEnd(worker)
    yield* Effect.forkScoped(watchRoom(worker.report, makeRoomGauges(registry)).pipe(Effect.provide(yield* namedArchive(null))))
    yield* Effect.forkScoped(keepArchiving(yield* loadArchiveConfig))
    return yield* Effect.never
  }).pipe(Effect.provide(ports))
})

const serve = Effect.gen(function* () {
  const config = yield* loadConfig
  // A schedule that can't be used is said at once, like any other setting.
  yield* loadArchiveConfig
  const parts = Layer.mergeAll(metricsLayer(config.worker), Engine.layer, loggingLayer({ format: config.log, level: config.logLevel }))
  return yield* Effect.scoped(work(config)).pipe(Effect.provide(parts))
})

const description = `Run a worker. Workers share the partitions by themselves: start as many as you like, on one or several machines, each with a name of its own.

It decides commands, journals each decision before it is said, follows what others own as a hot standby, and takes over when they die.
SIGTERM and Ctrl-C drain: everything that was decided is said, then the partitions are handed over, then it ends with code 0.

Settings, from the environment (name, default, meaning):

${settingsHelp()}

To archive journals and purge what is archived, which is off unless a schedule is set (see holdfast archive --help):

${settingsHelp(archiveSettings)}`

export const serveCommand = Command.make("serve", {}, () => serve).pipe(
  Command.withDescription(helpText(description)),
  Command.withExamples([
    { command: "holdfast serve", description: "try it out, with a nats-server of its own" },
    {
      command: "HOLDFAST_NATS_URL=nats://nats-1:4222,nats://nats-2:4222 HOLDFAST_REPLICAS=3 HOLDFAST_DURABILITY=strict holdfast serve",
      description: "one of several workers on a cluster; logins as listed above",
    },
  ]),
)
