/** The commands stream of earlier releases on a real server: read with the narrow login, held to the contract of `Commands`; closed, and asked for its end. */
import { DiscardPolicy, RetentionPolicy, StorageType } from "@nats-io/jetstream"
import { Effect, Exit, Scope } from "effect"
import { afterAll, beforeAll, describe, expect, it } from "vitest"
import { type Link, openLink } from "../../src/nats/connection.ts"
import { type EmbeddedServer, startEmbedded } from "../../src/nats/embedded.ts"
import { formerCommandsClosed, formerCommandsStream, formerCommandsTaken, formerCommandsTransform } from "../../src/nats/subjects.ts"
import { Commands, FormerCommands, type FormerStream } from "../../src/ports/broker.ts"
import { type Broker, bytes, skuIn } from "../contract/broker-under-test.ts"
import { commandsContract } from "../contract/commands.ts"
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

const publish = (partition: number, body: string) => broker.asSender("web", storeCommand("sell", skuIn(partition, partitions), bytes(body)))

/** The port as a worker has it that was given the login. */
const withFormer = <A, E>(use: (former: FormerStream) => Effect.Effect<A, E>) =>
  broker.asWorker(
    Effect.gen(function* () {
      const former = yield* FormerCommands
      if (former === null) throw new Error("the worker was given the login")
      return yield* use(former)
    }),
  )

const asFormer: Broker = () => {
  const patient = patientBroker({
    ...broker,
    asWorker: (effect) =>
      broker.asWorker(
        Effect.flatMap(FormerCommands, (former) => (former === null ? effect : Effect.provideService(effect, Commands, former))),
      ),
  })
  return {
    ...patient,
    store: (partition, body) => Effect.promise(() => broker.asSender("web", storeCommand("sell", skuIn(partition, partitions), body))),
  }
}

commandsContract("the stream of earlier releases", asFormer, 0)

describe("closing it", () => {
  it("finds the last message of each partition, and 0 where it holds none", async () => {
    const { seq } = await publish(1, "last of its partition")
    await publish(2, "of another")
    expect(await withFormer(({ endSeq }) => Effect.all([endSeq(1), endSeq(3)]))).toEqual([seq, 0])
  })

  it("takes nothing more: what a sender publishes then is not acknowledged as stored, and stays out", async () => {
    const before = await withFormer(({ endSeq }) => endSeq(1))
    await expect(publish(1, "late")).rejects.toThrow()
    expect(await withFormer(({ endSeq }) => endSeq(1))).toBe(before)
    const { config } = await earlier.jsm.streams.info(formerCommandsStream)
    expect(config.subjects).toEqual([formerCommandsClosed])
  })

  it("ends after everything acknowledged while it was being closed", async () => {
    await earlier.jsm.streams.delete(formerCommandsStream)
    await makeStream()
    const acknowledged: Array<number> = []
    const storm = Array.from({ length: 200 }, (_, i) =>
      publish(1, `storm ${i}`).then(
        ({ seq }) => acknowledged.push(seq),
        () => undefined,
      ),
    )
    await storm[0]
    const [one, other] = await Promise.all([withFormer(({ endSeq }) => endSeq(1)), withFormer(({ endSeq }) => endSeq(1))])
    await Promise.all(storm)
    expect(acknowledged.length).toBeGreaterThan(0)
    expect(one).toBe(Math.max(...acknowledged))
    expect(other).toBe(one)
  })

  it("is at 0 where there is no such stream", async () => {
    await earlier.jsm.streams.delete(formerCommandsStream)
    expect(await withFormer(({ endSeq }) => endSeq(1))).toBe(0)
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
