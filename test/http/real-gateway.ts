/** A gateway in this process over a real cluster, with a key for each sender. */
import { mkdtemp, rm, writeFile } from "node:fs/promises"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { Context, Effect, Exit, Layer, Scope } from "effect"
import { sendersLayer } from "../../src/client/senders.ts"
import type { CommandClass } from "../../src/domain/names.ts"
import type { FeedBounds } from "../../src/http/feed.ts"
import { KeyRing } from "../../src/http/key-ring.ts"
import { addKey, type KeysFile, noKeys } from "../../src/http/keys.ts"
import { SenderRates } from "../../src/http/rates.ts"
import { serveGateway } from "../../src/http/server.ts"
import { senderLinkLayer } from "../../src/nats/channel-link.ts"
import type { EmbeddedConnection } from "../../src/nats/embedded.ts"
import { Senders } from "../../src/ports/senders.ts"
import { type Metered, metering } from "./no-meter.ts"

const scopesOf: Readonly<Record<string, ReadonlyArray<CommandClass>>> = {
  web: ["sell"],
  warehouse: ["stock"],
  planner: ["policy"],
  operator: ["operator", "policy"],
}

export interface RealGateway {
  readonly url: string
  readonly keys: Readonly<Record<string, string>>
  readonly keysPath: string
  readonly seen: Metered
  /** Another over the same keys, as on another machine. */
  readonly another: (options?: {
    readonly perSecond?: number
    readonly feedBounds?: FeedBounds
  }) => Promise<{ readonly url: string; readonly seen: Metered }>
  readonly stop: () => Promise<void>
}

export const startGateway = async ({ url, credentials }: Pick<EmbeddedConnection, "url" | "credentials">): Promise<RealGateway> => {
  const folder = await mkdtemp(join(tmpdir(), "holdfast-gateway-"))
  const keysPath = join(folder, "keys.json")
  const keys: Record<string, string> = {}
  let file: KeysFile = noKeys()
  for (const [sender, scopes] of Object.entries(scopesOf)) {
    const added = addKey(file, { sender: sender as never, scopes }, new Date().toISOString())
    if (added === null) throw new Error("a sender may have a key")
    file = added.file
    keys[sender] = added.text
  }
  await writeFile(keysPath, JSON.stringify(file))
  const scope = await Effect.runPromise(Scope.make())
  const links = new Map(
    Object.keys(scopesOf).map((sender) => {
      const login = credentials.senders[sender] ?? { user: "", password: "" }
      return [sender, senderLinkLayer({ servers: [url], sender, login, connectTimeoutMs: 5_000 })]
    }),
  )
  const another: RealGateway["another"] = ({ perSecond = 1_000, feedBounds } = {}) =>
    Effect.gen(function* () {
      const senders = Context.get(yield* Layer.build(sendersLayer(links, 30_000)), Senders)
      const { seen, meter } = metering()
      const parts = { senders, keys: new KeyRing(keysPath), rates: new SenderRates(perSecond), meter }
      const at = yield* serveGateway(parts, {
        host: "127.0.0.1",
        port: 0,
        tls: null,
        readiness: Effect.succeed({ ready: true, missing: [] }),
        files: [],
        ...(feedBounds === undefined ? {} : { feedBounds }),
      })
      return { url: at, seen }
    }).pipe(Scope.provide(scope), Effect.runPromise)
  const first = await another()
  return {
    ...first,
    keys,
    keysPath,
    another,
    stop: async () => {
      await Effect.runPromise(Scope.close(scope, Exit.void))
      await rm(folder, { recursive: true, force: true })
    },
  }
}
