/** The HTTP gateway beside an own nats-server. */
import { Effect } from "effect"
import { loadInnerGateway } from "../config.ts"
import { Tracing } from "../telemetry/traces.ts"
import { ownConnection } from "./access.ts"
import { startGateway } from "./gateway-parts.ts"
import { ownPast } from "./gateway-past.ts"
import { makeOwnKeys, ownGatewayFile, ownKeysFile } from "./own-keys.ts"
import { ownSenders } from "./own-server.ts"

/** Serves the gateway until it is interrupted, and has closed it by then: what it opens is in no scope of whoever forks it, for it would be closed in an order that depends on when the gateway came up. Nothing that is decided depends on it: where it can't listen, all else goes on and it is said. `hasTables`: whether tables are kept of what is decided, so that the past may be asked of them. */
export const serveOwnGateway = Effect.fnUntraced(
  function* (servers: ReadonlyArray<string>, hasTables: boolean) {
    const { credentials } = yield* ownConnection
    const gateway = yield* loadInnerGateway
    const keysFile = gateway.keysFile ?? ownKeysFile
    const more = { past: yield* ownPast(hasTables ? null : "journals"), tracing: yield* Tracing }
    const { url } = yield* startGateway(gateway, servers, credentials.senders, keysFile, more)
    yield* makeOwnKeys({ keys: keysFile, gateway: ownGatewayFile }, ownSenders, url)
    yield* Effect.logInfo("the HTTP gateway listens", { url, reference: `${url}/reference`, pageAndKeys: ownGatewayFile })
    return yield* Effect.never
  },
  Effect.scoped,
  Effect.catch((error) => Effect.logWarning("there is no HTTP gateway, all else goes on", { cause: error.message })),
)
