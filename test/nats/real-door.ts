/** A real nats-server with two ingresses, an owner and plain senders at it. */
import { headers, RequestError } from "@nats-io/transport-node"
import { Effect, Layer, ManagedRuntime } from "effect"
import { type DeskConfig, deskLayer } from "../../src/nats/desk.ts"
import { doorLayer } from "../../src/nats/door.ts"
import { type EmbeddedServer, startEmbedded } from "../../src/nats/embedded.ts"
import { Cluster } from "../../src/ports/broker.ts"
import { bytes, text } from "../contract/broker-under-test.ts"
import type { DoorUnderTest, Said } from "../contract/door-under-test.ts"
import { deskConfig, makeDesk, makeWorker, senders, workerConfig } from "./nats-broker.ts"
import { connectAs } from "./raw-client.ts"

export interface RealDoor extends DoorUnderTest {
  readonly server: EmbeddedServer
  readonly close: () => Promise<void>
}

const makeIngress = (server: EmbeddedServer, name: string) => {
  const desk: DeskConfig = { ...deskConfig(server, "ingress"), name }
  return ManagedRuntime.make(Layer.mergeAll(deskLayer(desk), doorLayer({ servers: [server.url], door: server.credentials.door, name })))
}

/** Starts a server of its own for it, ended by `close`. */
export const startDoor = async (partitions: number): Promise<RealDoor> => {
  const server = await startEmbedded({ senders })
  const worker = makeWorker(workerConfig(server))
  await worker.runPromise(Cluster.use((cluster) => cluster.prepare({ partitions: { sku: partitions, order: 1 }, replicas: 1 })))
  const ingresses = [makeIngress(server, "one"), makeIngress(server, "two")] as const
  const owner = makeDesk(deskConfig(server, "engine"))
  const clients = { web: await connectAs(server, "web"), shop: await connectAs(server, "shop") }
  const publish = async (sender: "web" | "shop", said: ReadonlyArray<Said>) => {
    const nc = clients[sender]
    for (const { path, body, headers: named = {}, reply } of said) {
      const given = headers()
      for (const [name, value] of Object.entries(named)) given.set(name, value)
      nc.publish(`hf.cmd.${sender}.${path}`, bytes(body), { headers: given, ...(reply === undefined ? {} : { reply }) })
    }
    await nc.flush()
  }
  return {
    partitions,
    server,
    asIngress: (effect) => ingresses[0].runPromise(Effect.scoped(effect)),
    asOtherIngress: (effect) => ingresses[1].runPromise(Effect.scoped(effect)),
    asOwner: (effect) => owner.runPromise(Effect.scoped(effect)),
    publish,
    ask: (sender, path, body) =>
      clients[sender].request(`hf.cmd.${sender}.${path}`, bytes(body), { timeout: 30_000 }).then(
        (answer) => text(answer.data),
        (error: unknown) => {
          if (error instanceof RequestError && error.isNoResponders()) return null
          throw error
        },
      ),
    close: async () => {
      await Promise.all([worker.dispose(), owner.dispose(), ...ingresses.map((one) => one.dispose())])
      await Promise.all([clients.web.close(), clients.shop.close()])
      await server.stop()
    },
  }
}
