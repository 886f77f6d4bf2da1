/**
 * A gateway over a rig, in this process, with a key that can only ask: what somebody has who looks at the page.
 */
import { writeFile } from "node:fs/promises"
import { join } from "node:path"
import { Clock, Effect, Layer, type Scope } from "effect"
import { startGateway } from "../../src/cli/gateway-parts.ts"
import { tablesOnly } from "../../src/cli/gateway-past.ts"
import { isoTime } from "../../src/cli/print.ts"
import type { SenderId } from "../../src/domain/names.ts"
import { addKey, noKeys } from "../../src/http/keys.ts"
import { gatewayMeterLayer } from "../../src/telemetry/gateway-metrics.ts"
import { metricsLayer } from "../../src/telemetry/metrics.ts"
import type { Rig } from "../chaos/rig.ts"

/** The address of the page, with the key in it, until the scope closes. `looker`: a sender that may look; `tables`: the database that a projector keeps. */
export const pageOver = (rig: Rig, folder: string, looker: string, tables: string): Effect.Effect<string, never, Scope.Scope> =>
  Effect.gen(function* () {
    const now = isoTime(yield* Clock.currentTimeMillis)
    const added = addKey(noKeys(), { sender: looker as SenderId, scopes: [] }, now)
    if (added === null) return yield* Effect.die("a sender may have a key")
    const keysFile = join(folder, "keys.json")
    yield* Effect.promise(() => writeFile(keysFile, JSON.stringify(added.file), { mode: 0o600 }))
    const settings = { host: "127.0.0.1", port: 0, requestsPerSecond: 1_000, traceRatio: 1, keysFile, loginsFile: null, tls: null }
    const past = yield* tablesOnly(tables)
    const { url } = yield* Effect.orDie(startGateway(settings, [rig.server.url], rig.server.credentials.senders, keysFile, { past }))
    return `${url}/#key=${added.text}`
  }).pipe(Effect.provide(gatewayMeterLayer.pipe(Layer.provideMerge(metricsLayer("page")))))
