/**
 * A gateway put together from its parts: alone in a process, or inside `serve`. Where the senders' logins and the keys come from is settled here; what is answered is `http`'s.
 *
 * It logs in to the cluster as each sender whose keys it takes, over a connection of that sender's own: the server's permissions hold for what is sent through a gateway as for what the sender sends itself.
 */
import { Clock, Context, Effect, Fiber, Layer, Option, Schema } from "effect"
import { sendersLayer } from "../client/senders.ts"
import type { GatewaySettings } from "../config.ts"
import { SenderField } from "../domain/fields.ts"
import type { Gateway } from "../http/gateway.ts"
import type { Readiness } from "../http/handlers.ts"
import { KeyRing } from "../http/key-ring.ts"
import { pageFiles } from "../http/page-files.ts"
import type { PastTeller } from "../http/past.ts"
import { SenderRates } from "../http/rates.ts"
import { serveGateway } from "../http/server.ts"
import { gatewayConnectMs, httpWaitMsMax, readyConnectMs, readyProbeMs } from "../limits.ts"
import { senderLinkLayer } from "../nats/channel-link.ts"
import type { Login } from "../nats/connection.ts"
import type { AnswerUnknown, NotPermitted } from "../ports/errors.ts"
import { HttpMeter } from "../ports/http-meter.ts"
import { type ActingSender, Senders } from "../ports/senders.ts"
import type { TracingParts } from "../telemetry/traces.ts"
import type { CommandFailed } from "./exit-codes.ts"
import { readTls } from "./gateway-tls.ts"
import { fileText, usage } from "./setting-files.ts"

/** The logins of senders, by their names. */
export type SenderLogins = Readonly<Record<string, Login>>

const LoginsFile = Schema.Record(
  SenderField,
  Schema.Union([
    Schema.Struct({ user: Schema.String, password: Schema.String }),
    Schema.Struct({ nkeySeed: Schema.String }),
    Schema.Struct({ credsFile: Schema.String }),
  ]),
)
const decodeLogins = Schema.decodeUnknownSync(LoginsFile)

/** The logins of a file. What is in it is not repeated where it is wrong: there are passwords in it. */
export const readLogins = (path: string): Effect.Effect<SenderLogins, CommandFailed> =>
  Effect.flatMap(fileText(path, "HOLDFAST_GATEWAY_LOGINS_FILE"), (text) =>
    Effect.try({
      try: (): SenderLogins => decodeLogins(JSON.parse(text)),
      catch: () =>
        usage(
          `HOLDFAST_GATEWAY_LOGINS_FILE: ${path} is not as it should be: an object with a login for each sender, {"web":{"user":"web","password":"..."}}, {"nkeySeed":"..."} or {"credsFile":"..."}`,
        ),
    }),
  )

const nothingMissing: ReadonlyArray<string> = []
const noConnection = "nats: there is no connection yet"

/** What a sender's connection finds missing: itself, as soon as that is known, or whoever would answer over it. */
const missingOver = (acting: ActingSender): Effect.Effect<ReadonlyArray<string>, NotPermitted | AnswerUnknown> =>
  Effect.raceFirst(
    Effect.as(acting.lost, ["nats: the connection is lost, and is made again as soon as a server answers"]),
    Effect.as(acting.partitions(readyProbeMs), nothingMissing),
  )

/** What is missing, looked at no more often than it takes. */
const readinessOf = (senders: Senders["Service"], keys: KeyRing): Effect.Effect<Readiness> => {
  const unconnected = { why: noConnection }
  const cluster = Effect.gen(function* () {
    const [first] = senders.names
    if (first === undefined) return ["logins: no sender has one"]
    const looking = senders.as(first).pipe(
      Effect.scoped,
      Effect.as(null),
      Effect.catchTags({
        BrokerUnavailable: ({ cause }) => Effect.succeed(`nats: ${cause}`),
        NotPermitted: ({ cause }) => Effect.succeed(`nats: the login of ${first} is refused: ${cause}`),
      }),
      // Whoever asks while the next attempt is under way hears why the last one failed.
      Effect.tap((why) =>
        Effect.sync(() => {
          unconnected.why = why ?? noConnection
        }),
      ),
    )
    // Connecting goes on when nobody waits for it any more: it takes longer to fail than an answer may take.
    const connecting = yield* Effect.forkDetach(looking)
    const connected = yield* Effect.timeoutOption(Fiber.join(connecting), readyConnectMs)
    if (Option.isNone(connected)) return [unconnected.why]
    if (connected.value !== null) return [connected.value]
    return yield* senders.as(first).pipe(
      Effect.flatMap((acting) => (acting === undefined ? Effect.succeed(nothingMissing) : missingOver(acting))),
      Effect.scoped,
      Effect.catchTags({
        AnswerUnknown: () => Effect.succeed(["workers: none answers"]),
        BrokerUnavailable: ({ cause }) => Effect.succeed([`nats: ${cause}`]),
        NotPermitted: ({ cause }) => Effect.succeed([`nats: the login of ${first} is refused: ${cause}`]),
      }),
    )
  })
  return Effect.gen(function* () {
    const nowMs = yield* Clock.currentTimeMillis
    yield* Effect.promise(() => keys.refresh(nowMs))
    const missing = [...(keys.problem === null ? [] : [`keys: ${keys.problem}`]), ...(yield* cluster)]
    return { ready: missing.length === 0, missing }
  })
}

/** What a gateway may be given beside what it needs. */
interface GatewayMore {
  /** Who tells the past; absent: it can ask neither tables nor journals. */
  readonly past?: PastTeller
  /** Who keeps traces of its requests; absent: nobody. */
  readonly tracing?: TracingParts
}

/** Serves a gateway until the scope closes. Returns where. */
export const startGateway = (
  settings: GatewaySettings,
  servers: ReadonlyArray<string>,
  logins: SenderLogins,
  keysFile: string,
  { past, tracing }: GatewayMore = {},
) =>
  Effect.gen(function* () {
    const { host, port, requestsPerSecond, traceRatio } = settings
    const traces = tracing?.requests(traceRatio)
    const tls = yield* readTls(settings)
    const links = new Map(
      Object.entries(logins).map(([sender, login]) => [
        sender,
        senderLinkLayer({ servers, sender, login, connectTimeoutMs: gatewayConnectMs }),
      ]),
    )
    const senders = Context.get(yield* Layer.build(sendersLayer(links, httpWaitMsMax)), Senders)
    const keys = new KeyRing(keysFile)
    const gateway: Gateway = {
      senders,
      keys,
      rates: new SenderRates(requestsPerSecond),
      meter: yield* HttpMeter,
      ...(past === undefined ? {} : { past }),
      ...(traces === undefined ? {} : { traces }),
    }
    const readiness = yield* Effect.cachedWithTTL(readinessOf(senders, keys), readyProbeMs)
    const url = yield* serveGateway(gateway, { host, port, tls, readiness, files: pageFiles() })
    return { url, readiness }
  })
