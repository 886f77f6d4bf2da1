/** A real nats-server with two workers and the senders of the contract suites connected to it. */
import { Effect, Exit, ManagedRuntime, Scope } from "effect"
import { sendersOf } from "../../src/domain/sender-list.ts"
import type { Reply } from "../../src/engine/records.ts"
import type { AtsValue } from "../../src/kinds/sku/types.ts"
import { type SenderLinkConfig, senderLinkLayer } from "../../src/nats/channel-link.ts"
import { senderInbox } from "../../src/nats/config.ts"
import { type DeskConfig, deskLayer } from "../../src/nats/desk.ts"
import { doorLayer } from "../../src/nats/door.ts"
import { type EmbeddedServer, startEmbedded } from "../../src/nats/embedded.ts"
import { type NatsConfig, natsLayer } from "../../src/nats/layer.ts"
import type { SaidCodec } from "../../src/nats/outbound.ts"
import { Cluster, Questions } from "../../src/ports/broker.ts"
import { Desk, Door } from "../../src/ports/door.ts"
import { BrokerUnavailable } from "../../src/ports/errors.ts"
import { encodeAnswer, topologyPath } from "../../src/wire/questions.ts"
import type { BrokerUnderTest } from "../contract/broker-under-test.ts"

/** JSON as it comes: what the bytes say is no matter of the broker's. */
export const plainCodec: SaidCodec = {
  encodeReply: (reply: Reply) => new TextEncoder().encode(JSON.stringify(reply)),
  encodeAts: (value: AtsValue) => new TextEncoder().encode(JSON.stringify(value)),
  decodeAts: (body) => JSON.parse(new TextDecoder().decode(body)) as AtsValue,
}

/** For whoever starts the first server on a machine: it may have to be built. */
export const startTimeoutMs = 300_000

export const senders = sendersOf("web=channel,shop=channel,dock=warehouse,desk=merchandiser,ops=operator")

export const workerConfig = (server: EmbeddedServer, overrides: Partial<NatsConfig> = {}): NatsConfig => ({
  kind: "sku",
  servers: [server.url],
  monitorUrls: [server.monitorUrl],
  engine: server.credentials.engine,
  door: server.credentials.door,
  ...overrides,
})

export const senderConfig = (server: EmbeddedServer, sender: string): SenderLinkConfig => {
  const login = server.credentials.senders[sender]
  if (login === undefined) throw new Error(`the server knows no sender ${sender}`)
  return { servers: [server.url], sender, login }
}

/** The desk of an ingress, or of a worker. */
export const deskConfig = (server: EmbeddedServer, as: "engine" | "ingress"): DeskConfig => ({
  servers: [server.url],
  login: as === "engine" ? { engine: server.credentials.engine } : { ingress: server.credentials.ingress },
  name: `test ${as}`,
})

export const makeDesk = (config: DeskConfig) => ManagedRuntime.make(deskLayer(config))
export const makeWorker = (config: NatsConfig) => ManagedRuntime.make(natsLayer(config, plainCodec))
export const makeSender = (config: SenderLinkConfig) => ManagedRuntime.make(senderLinkLayer(config))

/** Somebody has to hear questions, so that senders learn how many partitions there are. */
export const hearQuestions = (worker: ReturnType<typeof makeWorker>, partitions: number) =>
  worker.runFork(
    Effect.scoped(
      Questions.use((questions) =>
        Effect.gen(function* () {
          const open = yield* questions.listen(({ sender, path, replyHeader }) => {
            if (path === topologyPath)
              open.answer(sender, replyHeader, encodeAnswer({ answer: "topology", partitions: { sku: partitions, order: 1 } }))
          })
          for (const { sender } of senders) open.open(sender)
          return yield* Effect.never
        }),
      ),
    ),
  )

/** Somebody at the door who says something to everybody who asks. */
export const answerAtTheDoor = async (server: EmbeddedServer): Promise<{ readonly close: () => Promise<void> }> => {
  const runtime = ManagedRuntime.make(doorLayer({ servers: [server.url], door: server.credentials.door, name: "answering" }))
  const scope = Scope.makeUnsafe()
  const entered = Door.use(({ enter }) =>
    enter({
      arrived: (messages) => {
        for (const { sender, replySubject } of messages) {
          const prefix = senderInbox(sender).length + 1
          if (replySubject !== "") opened.answer(sender, replySubject.slice(prefix), new TextEncoder().encode("{}"))
        }
      },
    }),
  )
  const opened = await runtime.runPromise(Scope.provide(entered, scope))
  for (const { sender } of senders) opened.open(sender)
  return {
    close: async () => {
      await Effect.runPromise(Scope.close(scope, Exit.void))
      await runtime.dispose()
    },
  }
}

export interface NatsBroker extends BrokerUnderTest {
  readonly server: EmbeddedServer
  readonly close: () => Promise<void>
}

export interface NatsBrokerOptions {
  readonly partitions: number
  readonly replicas?: number
  readonly config?: Partial<NatsConfig>
}

/** Connects workers and senders to a server that runs. */
export const connectBroker = async (server: EmbeddedServer, options: NatsBrokerOptions): Promise<NatsBroker> => {
  const config = workerConfig(server, options.config)
  const worker = makeWorker(config)
  const other = makeWorker({ ...config, name: "other" })
  const { partitions } = options
  await worker.runPromise(
    Cluster.use((cluster) => cluster.prepare({ partitions: { sku: partitions, order: 1 }, replicas: options.replicas ?? 1 })),
  )
  await other.context()
  const desk = makeDesk(deskConfig(server, "ingress"))
  hearQuestions(worker, partitions)
  const links = {
    web: makeSender(senderConfig(server, "web")),
    shop: makeSender(senderConfig(server, "shop")),
    dock: makeSender(senderConfig(server, "dock")),
  }
  await Promise.all([links.web.context(), links.shop.context(), links.dock.context()])
  return {
    partitions,
    server,
    asWorker: (effect) => worker.runPromise(Effect.scoped(effect)),
    asOtherWorker: (effect) => other.runPromise(Effect.scoped(effect)),
    store: (partition, body) =>
      Effect.tryPromise({
        try: () => desk.runPromise(Desk.use(({ store }) => store("sku", partition, body))),
        catch: (error) => new BrokerUnavailable({ operation: "store", cause: String(error) }),
      }).pipe(
        Effect.filterOrFail(
          (stored) => stored._tag === "Stored",
          ({ _tag }) => new BrokerUnavailable({ operation: "store", cause: _tag }),
        ),
      ),
    asSender: (sender, effect) => links[sender].runPromise(Effect.scoped(effect)),
    close: async () => {
      await Promise.all([links.web.dispose(), links.shop.dispose(), links.dock.dispose()])
      await Promise.all([worker.dispose(), other.dispose(), desk.dispose()])
    },
  }
}

/** Starts a server of its own for it, ended by `close`. */
export const startBroker = async (options: NatsBrokerOptions): Promise<NatsBroker> => {
  const server = await startEmbedded({ senders })
  const broker = await connectBroker(server, options)
  return {
    ...broker,
    close: async () => {
      await broker.close()
      await server.stop()
    },
  }
}
