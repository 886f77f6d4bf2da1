/**
 * `holdfast ingress`: an ingress alone, put together from its parts and kept until a signal ends it. It stores facts while all workers are away.
 */
import { Effect, Layer, Redacted } from "effect"
import * as Command from "effect/cli/Command"
import { type IngressConfig, ingressSettingsHelp, type LoginSetting, loadIngressConfig } from "../config.ts"
import { Kind } from "../domain/kinds.ts"
import { deskLayer } from "../nats/desk.ts"
import { doorLayer } from "../nats/door.ts"
import { foundPartitions } from "../nats/found-partitions.ts"
import { Meter } from "../ports/meter.ts"
import { type RunningIngress, startIngress } from "../runtime/ingress.ts"
import { IngressEngine } from "../runtime/ingress-engine.ts"
import { Owners } from "../runtime/owners.ts"
import { Reigns } from "../runtime/reigns.ts"
import { serveTelemetry } from "../telemetry/http.ts"
import { loggingLayer } from "../telemetry/logging.ts"
import { pageOf } from "../telemetry/making.ts"
import { Meters, MetricsRegistry, metricsLayer } from "../telemetry/metrics.ts"
import { logLine } from "../telemetry/names.ts"
import { Tracing, tracingLayer } from "../telemetry/traces.ts"
import { helpText } from "./help-text.ts"
import { leaveAtTheEnd } from "./leave-at-the-end.ts"
import { untilItAnswers } from "./until-it-answers.ts"

const loginOf = ({ user, password }: LoginSetting) => ({ user, password: Redacted.value(password) })

/** Waits until workers have made the cluster: an ingress makes nothing. */
const partitionsOf = ({ nats }: IngressConfig) =>
  untilItAnswers(foundPartitions({ servers: nats.urls }, { ingress: loginOf(nats.ingress) }))

const leave = (ingress: RunningIngress, timeoutMs: number) =>
  Effect.flatMap(ingress.drain(timeoutMs), (done) =>
    done
      ? Effect.as(Effect.logInfo(logLine.ingressDrained), null)
      : Effect.as(Effect.logError(logLine.ingressUnfinished), "the ingress was not drained in time"),
  )

const work = Effect.fnUntraced(function* (config: IngressConfig) {
  const { worker: name, nats, senderRates, drainTimeoutMs } = config
  let ingress: RunningIngress | undefined
  const registry = yield* MetricsRegistry
  const notYet = { ingress: name, ready: false, state: "starting" }
  const report = () => ingress?.report() ?? notYet
  const address = yield* serveTelemetry({ metrics: () => pageOf(registry), readiness: report, worker: report }, config.http)
  yield* Effect.logInfo("telemetry is served", { metrics: `${address}/metrics`, ready: `${address}/ready` })
  const partitions = yield* partitionsOf(config)
  const scope = yield* Effect.scope
  const servers = { servers: nats.urls, name }
  const ports = Layer.mergeAll(
    deskLayer({ ...servers, login: { ingress: loginOf(nats.ingress) } }),
    doorLayer({ ...servers, door: loginOf(nats.door) }),
  )
  const connected = yield* untilItAnswers(Layer.buildWithScope(Layer.provideMerge(Owners.layer, Layer.merge(ports, Reigns.layer)), scope))
  ingress = yield* startIngress({ name, partitions, senders: nats.senders, ...senderRates, tellsUnserved: true }).pipe(
    Effect.provide(connected),
    Effect.provideService(Meter, (yield* Tracing).meter(Kind[0], (yield* Meters)(Kind[0]))),
  )
  yield* leaveAtTheEnd(leave(ingress, drainTimeoutMs))
  return yield* Effect.never
})

const ingress = Effect.gen(function* () {
  const config = yield* loadIngressConfig
  const parts = Layer.mergeAll(
    tracingLayer({ ...config, process: "ingress" }).pipe(Layer.provideMerge(metricsLayer(config.worker))),
    IngressEngine.layer,
    loggingLayer({ format: config.log, level: config.logLevel }),
  )
  return yield* Effect.scoped(work(config)).pipe(Effect.provide(parts))
})

const description = `Run an ingress alone. Every \`holdfast serve\` has one inside; run some beside them so that facts are stored while all workers are away.

An ingress stands between senders and all that is stored: it checks who sends, in what class and form, how much and how old it is. Selling commands it
hands to the owner of their partition, whose decision is the answer; facts, policies and operators' commands it stores, and says so. It decides nothing and
keeps nothing: start and end as many as you like. What one sender may send in all is the bound below times the number of ingresses, workers included.
SIGTERM and Ctrl-C drain: it takes nothing more, finishes what is under way, then ends with code 0.

Settings, from the environment (name, default, meaning):

${ingressSettingsHelp()}`

export const ingressCommand = Command.make("ingress", {}, () => ingress).pipe(
  Command.withDescription(helpText(description)),
  Command.withExamples([
    {
      command: "HOLDFAST_NATS_URL=nats://nats-1:4222,nats://nats-2:4222 HOLDFAST_SENDERS=web=channel,dock=warehouse holdfast ingress",
      description: "one of several on a cluster; logins as listed above",
    },
  ]),
)
