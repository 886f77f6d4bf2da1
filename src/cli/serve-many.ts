/**
 * `holdfast serve --processes N`: several workers as processes of their own, with one page for all. What there is one of on a machine, and not one for each worker (an own nats-server with its Postgres and gateway, the
 * archivist, the projector), is this process's.
 */
import { Effect } from "effect"
import { archiveSettings, type HoldfastConfig, loadArchiveConfig, settings } from "../config.ts"
import { sendersText } from "../domain/sender-list.ts"
import { childEndMs } from "../limits.ts"
import type { Login } from "../nats/connection.ts"
import type { WorkerAccess } from "../nats/layer.ts"
import { serveTelemetry } from "../telemetry/http.ts"
import { besideScope } from "./beside.ts"
import { endingOr, leaveAtTheEnd } from "./leave-at-the-end.ts"
import { ownSenders, startOwnServer } from "./own-server.ts"
import { type Supervisor, supervise } from "./processes/supervise.ts"
import { serveOwnGateway } from "./serve-gateway.ts"
import { keepProjecting } from "./serve-postgres.ts"
import { keepArchiving } from "./serve-room.ts"

const loginEnvironment = (user: string, password: string, login: Login): NodeJS.ProcessEnv =>
  "user" in login ? { [user]: login.user, [password]: login.password } : {}

/** What workers are told of an own nats-server: what an operator would tell them of any other. */
const ownEnvironment = ({ servers, monitorUrls, engine, door }: WorkerAccess): NodeJS.ProcessEnv => ({
  [settings.natsUrl.name]: servers.join(","),
  [settings.monitorUrl.name]: monitorUrls.join(","),
  ...loginEnvironment(settings.engineUser.name, settings.enginePassword.name, engine),
  ...loginEnvironment(settings.doorUser.name, settings.doorPassword.name, door),
  [settings.senders.name]: sendersText(ownSenders),
})

/** What each worker is told: what this process is, but for its name and its pages, and nothing of what this process does for all. */
const workerEnvironment = (worker: string, own: NodeJS.ProcessEnv): NodeJS.ProcessEnv => {
  const { [archiveSettings.everyMs.name]: _, ...inherited } = process.env
  return { ...inherited, ...own, [settings.worker.name]: worker, [settings.httpHost.name]: "127.0.0.1", [settings.httpPort.name]: "0" }
}

/** Milliseconds that a worker process gets to end: what it gives itself for its ingress, then for its partitions, then for leases that the broker doesn't take back, and some more. */
const endMsOf = ({ drainTimeoutMs, leaseTtlMs }: HoldfastConfig): number => 2 * drainTimeoutMs + leaseTtlMs + childEndMs

/** What wasn't done at the end; null: nothing. */
const unfinishedOf = (workers: ReadonlyArray<string>): string | null =>
  workers.length === 0 ? null : `worker processes were not drained in time: ${workers.join(", ")}`

/** Drains all workers, and says who wasn't. */
const leave = ({ drain }: Supervisor) =>
  Effect.map(drain, unfinishedOf).pipe(Effect.tap((unfinished) => (unfinished === null ? Effect.void : Effect.logError(unfinished))))

/** Serves with so many worker processes until it is interrupted. */
export const serveMany = Effect.fnUntraced(function* (config: HoldfastConfig, count: number, postgres: string | null | "none") {
  const archive = yield* loadArchiveConfig
  const own = config.nats === null ? yield* startOwnServer(config.worker) : null
  const beside = yield* besideScope
  const supervisor = yield* supervise({
    name: config.worker,
    count,
    endMs: endMsOf(config),
    envOf: (worker) => workerEnvironment(worker, own === null ? {} : ownEnvironment(own)),
  })
  let isEnding = false
  const { metrics } = supervisor
  const readiness = () => endingOr(isEnding, supervisor.readiness())
  const report = () => endingOr(isEnding, supervisor.report())
  // Before it is said how to leave, so that the pages answer until all workers have left.
  const address = yield* serveTelemetry({ metrics, readiness, worker: report }, config.http)
  yield* leaveAtTheEnd(leave(supervisor))
  yield* Effect.logInfo("telemetry is served", { metrics: `${address}/metrics`, ready: `${address}/ready` })
  yield* Effect.logInfo("workers run as processes of their own; SIGHUP restarts them one after another", { workers: count })
  if (own !== null) yield* Effect.forkScoped(serveOwnGateway(own.servers, postgres !== "none"))
  yield* Effect.forkIn(keepArchiving(archive), beside)
  yield* Effect.forkIn(keepProjecting({ url: postgres, isOwnCluster: own !== null }), beside)
  yield* Effect.addFinalizer(() =>
    Effect.sync(() => {
      // The first thing that is done at the end, so that nobody is sent here while the gateway closes and the workers drain.
      isEnding = true
    }),
  )
  return yield* Effect.never
})
