/**
 * A server that doesn't get a login within its own time says "Authentication Timeout" and closes. That is a slow machine or a slow way, and no refused login: whoever is to stay tries again, and whoever asks once hears that the broker didn't answer.
 */
import { Effect, Layer } from "effect"
import { afterAll, beforeAll, expect, it } from "vitest"
import { type Way, wayTo } from "../../load/outages/half-open.ts"
import { connect } from "../../src/channel.ts"
import { untilItAnswers } from "../../src/cli/until-it-answers.ts"
import { deskLayer } from "../../src/nats/desk.ts"
import { doorLayer } from "../../src/nats/door.ts"
import { type EmbeddedServer, startEmbedded } from "../../src/nats/embedded.ts"
import { natsLayer } from "../../src/nats/layer.ts"
import { Door } from "../../src/ports/door.ts"
import { deskConfig, plainCodec, senderConfig, senders, startTimeoutMs, workerConfig } from "./nats-broker.ts"

let server: EmbeddedServer
let way: Way
beforeAll(async () => {
  server = await startEmbedded({ senders })
  way = await wayTo(server.url)
}, startTimeoutMs)
afterAll(async () => {
  await way.close()
  await server.stop()
})

/** Longer than a server waits for a login, and shorter than a client for a server's answer to it. */
const dumbMs = 2_500
/** Who connects, and how. Each is one connection, or two one after the other. */
const connecting: Readonly<Record<string, () => Effect.Effect<unknown, unknown>>> = {
  "a worker, and whoever reads as one": () =>
    Effect.scoped(Layer.build(natsLayer(workerConfig(server, { servers: [way.url] }), plainCodec))),
  "an ingress": () => Effect.scoped(Layer.build(deskLayer({ ...deskConfig(server, "ingress"), servers: [way.url] }))),
  "a door": () => {
    const opened = Door.use(({ enter }) => enter({ arrived: () => undefined }))
    return Effect.scoped(opened).pipe(Effect.provide(doorLayer({ servers: [way.url], door: server.credentials.door, name: "late" })))
  },
}

it.each(Object.entries(connecting))("is tried again: %s", async (_, connectOnce) => {
  way.dumbFor(dumbMs)
  const failed = await Effect.runPromise(Effect.flip(connectOnce()))
  expect(failed).toMatchObject({ _tag: "BrokerUnavailable" })
  expect(String(Reflect.get(Object(failed), "cause"))).toContain("Authentication Timeout")
  way.dumbFor(dumbMs)
  await Effect.runPromise(untilItAnswers(connectOnce()))
})

it("is tried again: a client, and a gateway for each of its senders", async () => {
  const config = senderConfig(server, "web")
  way.dumbFor(dumbMs)
  const client = await connect({ ...config, servers: [way.url] })
  await client.close()
})
