/** The commands stream of earlier releases on a real server: read with the narrow login, held to the contract of `Commands`; closed, and asked for its end. */
import { DiscardPolicy, RetentionPolicy, StorageType } from "@nats-io/jetstream"
import type { NatsConnection } from "@nats-io/transport-node"
import { Effect, Exit, Scope } from "effect"
import { afterAll, beforeAll, describe, expect, it } from "vitest"
import { type Link, openLink } from "../../src/nats/connection.ts"
import { type EmbeddedServer, startEmbedded } from "../../src/nats/embedded.ts"
import { formerCommandsStream, formerCommandsTaken, formerCommandsTransform } from "../../src/nats/subjects.ts"
import { FormerCommands } from "../../src/ports/broker.ts"
import { BrokerUnavailable } from "../../src/ports/errors.ts"
import { type Broker, skuIn } from "../contract/broker-under-test.ts"
import { formerCommandsContract, withFormer } from "../contract/former-commands.ts"
import { patientBroker } from "../contract/patience.ts"
import { connectBroker, type NatsBroker, senders, startTimeoutMs } from "./nats-broker.ts"
import { connectAs } from "./raw-client.ts"

const partitions = 4
const login = (user: string) => ({ user, password: `secret-of-${user}` })

let server: EmbeddedServer
let broker: NatsBroker
let earlier: Link
/** A sender of that release. */
let former: NatsConnection | undefined
const scope = Scope.makeUnsafe()

/** As an earlier release made it. */
const makeStream = () =>
  earlier.jsm.streams.add({
    name: formerCommandsStream,
    subjects: [formerCommandsTaken],
    subject_transform: formerCommandsTransform(partitions),
    retention: RetentionPolicy.Limits,
    storage: StorageType.File,
    discard: DiscardPolicy.New,
    max_bytes: 268_435_456,
  })

beforeAll(async () => {
  const credentials = {
    ...{ engine: login("engine"), ingress: login("ingress"), door: login("door"), worker: login("worker"), former: login("former") },
    ...{ archivist: login("archivist"), admin: login("admin") },
    senders: Object.fromEntries(senders.map(({ sender }) => [sender, login(sender)])),
  }
  server = await startEmbedded({ senders, credentials })
  broker = await connectBroker(server, { partitions, config: { former: credentials.former } })
  const opened = openLink({ servers: [server.url] }, credentials.worker, "_INBOX.worker", "earlier release")
  earlier = await Effect.runPromise(opened.pipe(Scope.provide(scope)))
  await makeStream()
}, startTimeoutMs)

afterAll(async () => {
  await Effect.runPromise(Scope.close(scope, Exit.void))
  await former?.close()
  await broker?.close()
  await server?.stop()
})

/** As senders of that release stored a command themselves, under a subject that names no kind: the stream acknowledges it on the reply subject. */
const storeAsFormerly = async (token: string, body: Uint8Array): Promise<{ readonly seq: number }> => {
  former ??= await connectAs(server, "web")
  const answer = (await former.request(`hf.cmd.web.sell.${token}`, body, { timeout: 5_000 })).json<{ readonly seq?: number }>()
  if (answer.seq === undefined) throw new Error(`it is not acknowledged: ${JSON.stringify(answer)}`)
  return { seq: answer.seq }
}

const patient: Broker = () => patientBroker(broker)

formerCommandsContract(
  "one server",
  patient,
  () => (partition, body) =>
    Effect.tryPromise({
      try: () => storeAsFormerly(skuIn(partition, partitions), body),
      catch: (error) => new BrokerUnavailable({ operation: "store", cause: String(error) }),
    }),
  0,
)

describe("a cluster without such a stream", () => {
  it("has nothing to drain", async () => {
    await earlier.jsm.streams.delete(formerCommandsStream)
    expect(await withFormer(patient, ({ endSeq }) => endSeq(1))).toBe(0)
  })
})

describe("logins", () => {
  it("finds no end with a login of another account, where there is no such stream either", async () => {
    const wrong = await connectBroker(server, { partitions, config: { former: server.credentials.engine } })
    const asked = wrong.asWorker(Effect.flatMap(FormerCommands, (former) => former?.endSeq(1) ?? Effect.succeed(0)))
    await expect(asked).rejects.toThrow("senders' account")
    await wrong.close()
  })

  it("lets nobody drain who was given none", async () => {
    const without = await connectBroker(server, { partitions })
    expect(await without.asWorker(FormerCommands)).toBeNull()
    await without.close()
  })
})
