/**
 * `holdfast gateway`: an HTTP gateway alone, kept until a signal ends it.
 */

import { Effect, Layer } from "effect"
import * as Command from "effect/cli/Command"
import { type GatewayConfig, gatewaySettings, gatewaySettingsHelp, loadGatewayConfig, postgresSettingsHelp, settings } from "../config.ts"
import type { Readiness } from "../http/handlers.ts"
import { gatewayMeterLayer } from "../telemetry/gateway-metrics.ts"
import { serveTelemetry } from "../telemetry/http.ts"
import { loggingLayer } from "../telemetry/logging.ts"
import { pageOf } from "../telemetry/making.ts"
import { MetricsRegistry, metricsLayer } from "../telemetry/metrics.ts"
import { Tracing, tracingLayer } from "../telemetry/traces.ts"
import { ownConnection } from "./access.ts"
import { readLogins, type SenderLogins, startGateway } from "./gateway-parts.ts"
import { tablesOnly } from "./gateway-past.ts"
import { helpText } from "./help-text.ts"
import { ownKeysFile } from "./own-keys.ts"
import { tablesUrl } from "./postgres-access.ts"

interface Access {
  readonly servers: ReadonlyArray<string>
  readonly logins: SenderLogins
  readonly keysFile: string
}

/** As told, or over the nats-server of a `serve` in this folder. */
const accessOf = ({ urls, gateway: { keysFile, loginsFile } }: GatewayConfig) =>
  urls === null || loginsFile === null || keysFile === null
    ? Effect.map(
        ownConnection,
        ({ url, credentials }): Access => ({ servers: [url], logins: credentials.senders, keysFile: keysFile ?? ownKeysFile }),
      )
    : Effect.map(readLogins(loginsFile), (logins): Access => ({ servers: urls, logins, keysFile }))

const work = Effect.fnUntraced(function* (config: GatewayConfig) {
  const registry = yield* MetricsRegistry
  let said: Readiness = { ready: false, missing: ["the gateway is starting"] }
  const report = () => ({ gateway: config.worker, ...said })
  const address = yield* serveTelemetry({ metrics: () => pageOf(registry), readiness: report, worker: report }, config.http)
  yield* Effect.logInfo("telemetry is served", { metrics: `${address}/metrics`, ready: `${address}/ready` })
  const { servers, logins, keysFile } = yield* accessOf(config)
  const tables = yield* tablesUrl
  const past = tables === null ? undefined : yield* tablesOnly(tables)
  const more = { tracing: yield* Tracing, ...(past === undefined ? {} : { past }) }
  const { url, readiness } = yield* startGateway(config.gateway, servers, logins, keysFile, more)
  yield* Effect.logInfo("the gateway listens", { url, reference: `${url}/reference`, senders: Object.keys(logins) })
  for (;;) {
    said = yield* readiness
    yield* Effect.sleep("1 second")
  }
})

const gateway = Effect.gen(function* () {
  const config = yield* loadGatewayConfig
  const parts = Layer.merge(gatewayMeterLayer, tracingLayer({ ...config, process: "gateway" })).pipe(
    Layer.provideMerge(metricsLayer(config.worker)),
    Layer.merge(loggingLayer({ format: config.log, level: config.logLevel })),
  )
  return yield* Effect.scoped(work(config)).pipe(Effect.provide(parts))
})

const description = `Run an HTTP gateway alone. \`npm start\` has one inside; run as many as you like beside workers and ingresses.

It takes commands and questions over HTTP with an API key, and puts them to the cluster as the key's sender, with that sender's own login. It decides nothing and keeps nothing: any gateway answers
what another was asked. docs/HTTP.md explains it; /reference at its address lists everything.

Beside \`npm start\` on one machine it needs two ports of its own, because the worker and the gateway inside have the usual ones: ${settings.httpPort.name} and ${gatewaySettings.port.name}; 0 takes a free one, and the log names it.

Settings, from the environment (name, default, meaning):

${gatewaySettingsHelp()}

To tell the past of a SKU (why a channel may sell so much, how it stood lately), from the tables of \`holdfast project\`:

${postgresSettingsHelp()}`

/** `holdfast gateway`. */
export const gatewayCommand = Command.make("gateway", {}, () => gateway).pipe(
  Command.withDescription(helpText(description)),
  Command.withExamples([
    {
      command: `${settings.httpPort.name}=0 ${gatewaySettings.port.name}=18081 holdfast gateway`,
      description: "beside `npm start`, in the same folder",
    },
    {
      command:
        "HOLDFAST_NATS_URL=nats://nats-1:4222 HOLDFAST_GATEWAY_LOGINS_FILE=logins.json HOLDFAST_API_KEYS_FILE=keys.json holdfast gateway",
      description: "one of several on a cluster",
    },
  ]),
)
