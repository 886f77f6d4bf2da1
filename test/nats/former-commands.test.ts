/** The commands stream of earlier releases on a real server: read with the narrow login, held to the contract of `Commands`; closed, and asked for its end. */
import { DiscardPolicy, RetentionPolicy, StorageType } from "@nats-io/jetstream"
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
import { storeCommand } from "../contract/stored-command.ts"
import { connectBroker, type NatsBroker, senders, startTimeoutMs } from "./nats-broker.ts"

const partitions = 4
const login = (user: string) => ({ user, password: `secret-of-${user}` })

let server: EmbeddedServer
let broker: NatsBroker
let earlier: Link
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
  await broker?.close()
  await server?.stop()
})

const patient: Broker = () => patientBroker(broker)

formerCommandsContract(
  "one server",
  patient,
  () => (partition, body) =>
    Effect.tryPromise({
      try: () => broker.asSender("web", storeCommand("sell", skuIn(partition, partitions), body)),
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
