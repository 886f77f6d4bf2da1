/** What the server keeps a sender from, whatever it sends: other senders' names and inboxes, and everything that only workers may touch. */
import { jetstream, jetstreamManager } from "@nats-io/jetstream"
import { headers } from "@nats-io/transport-node"
import { Effect, Stream } from "effect"
import { afterAll, beforeAll, describe, expect, it } from "vitest"
import { Cluster, Commands, Journals, Outbound } from "../../src/ports/broker.ts"
import { ChannelLink } from "../../src/ports/channel.ts"
import { bytes, skuIn, text } from "../contract/broker-under-test.ts"
import { type NatsBroker, startBroker, startTimeoutMs } from "./nats-broker.ts"
import { connectAs, publishRaw } from "./raw-client.ts"

const partitions = 4
let broker: NatsBroker
beforeAll(async () => {
  broker = await startBroker({ partitions })
}, startTimeoutMs)
afterAll(() => broker.close())

/** Runs `attempts` as a channel with a plain client. */
const asPlain = async <A>(user: "web" | "shop", attempts: (nc: Awaited<ReturnType<typeof connectAs>>) => Promise<A>): Promise<A> => {
  const nc = await connectAs(broker.server, user)
  try {
    return await attempts(nc)
  } finally {
    await nc.close()
  }
}

/** State of every stream of the account that only workers join, and of the commands stream. */
const streams = async () => {
  const engine = await connectAs(broker.server, "engine")
  const worker = await connectAs(broker.server, "worker")
  try {
    const found: Record<string, { readonly first: number; readonly last: number; readonly messages: number }> = {}
    for (const nc of [engine, worker]) {
      for await (const { config, state } of (await jetstreamManager(nc)).streams.list())
        found[config.name] = { first: state.first_seq, last: state.last_seq, messages: state.messages }
    }
    return found
  } finally {
    await engine.close()
    await worker.close()
  }
}

/** Ends what hangs: the server says no at once. */
const answerMsMax = 30_000

/** The name of what the server answered an attempt to publish with. */
const publishOutcome = (nc: Awaited<ReturnType<typeof connectAs>>, subject: string, headerName?: string, value = "1") => {
  const named = headers()
  if (headerName !== undefined) named.set(headerName, value)
  return jetstream(nc)
    .publish(subject, "{}", { headers: named, timeout: answerMsMax })
    .then(
      () => "stored",
      (error: unknown) => (error instanceof Error && error.cause instanceof Error ? error.cause.name : String(error)),
    )
}

describe("a channel's credentials", () => {
  it("publish nothing in another's name, in another class, to what is stored, or to the server's own subjects", async () => {
    const subjects = [
      "hf.cmd.shop.sell.A",
      "hf.cmd.web.stock.A",
      "hf.cmd.web.policy.A",
      "hf.cmd.web.operator.A",
      "hf.p.0.web.sell.A",
      "hf.get.shop.ats",
      "hf.ats.web.A",
      "hf.reply.shop.x",
      "hf.feed.0.web.A",
      "hf.journal.0",
      "$KV.HF_LEASES.0",
      "$JS.API.STREAM.PURGE.HF_COMMANDS",
      "$JS.API.STREAM.INFO.HF_COMMANDS",
      "_INBOX.worker.x",
    ]
    const outcomes = await asPlain("web", async (nc) => {
      const found: Array<string> = []
      for (const subject of subjects) found.push(`${subject}: ${await publishOutcome(nc, subject)}`)
      return found
    })
    expect(outcomes).toEqual(subjects.map((subject) => `${subject}: PermissionViolationError`))
  })

  it("hear nothing that is another's or only workers'", async () => {
    const subjects = ["hf.reply.shop.>", "hf.ats.shop.>", "hf.ats.>", "hf.get.>", "hf.cmd.>", "hf.p.>", "_INBOX.>", "$JS.>", ">"]
    const refused = await asPlain("web", (nc) =>
      Promise.all(
        subjects.map(
          (subject) =>
            new Promise<string>((resolve) => {
              nc.subscribe(subject, { callback: (error) => resolve(error === null ? "heard" : error.name) })
            }),
        ),
      ),
    )
    expect(refused).toEqual(subjects.map(() => "PermissionViolationError"))
  })

  it("are needed: nobody connects without", async () => {
    const { connect } = await import("@nats-io/transport-node")
    await expect(connect({ servers: broker.server.url, reconnect: false })).rejects.toThrow(/authorization violation/i)
    await expect(connect({ servers: broker.server.url, user: "web", pass: "guess", reconnect: false })).rejects.toThrow(
      /authorization violation/i,
    )
  })
})

describe("a channel that names a foreign subject as the reply of its publish", () => {
  it("reaches no journal, feed, lease, snapshot or the stream's own interface with the acknowledgement", async () => {
    const sku = skuIn(0, partitions)
    await broker.asSender(
      "web",
      ChannelLink.use((link) => Effect.repeat(link.publish("sell", sku, bytes("{}"), "r.1"), { times: 20 })),
    )
    const before = await streams()
    const targets = [
      "hf.journal.0",
      "hf.feed.0.shop.A",
      "hf.snap.0.manifest",
      "$KV.HF_LEASES.0",
      "$JS.API.STREAM.PURGE.HF_COMMANDS",
      "$JS.API.STREAM.MSG.DELETE.HF_COMMANDS",
      "$JS.API.STREAM.DELETE.HF_COMMANDS",
      "$JS.API.STREAM.UPDATE.HF_COMMANDS",
    ]
    await asPlain("web", async (nc) => {
      for (const reply of targets) nc.publish(`hf.cmd.web.sell.${sku}`, "{}", { reply })
      await nc.flush()
    })
    // One more command, decided by nobody, after which all acknowledgements have been delivered.
    await broker.asSender(
      "web",
      ChannelLink.use((link) => link.publish("sell", sku, bytes("{}"), "r.1")),
    )
    const after = await streams()
    const commands = before.HF_COMMANDS
    const sent = targets.length + 1
    expect(after).toEqual({
      ...before,
      HF_COMMANDS: { first: commands?.first, last: (commands?.last ?? 0) + sent, messages: (commands?.messages ?? 0) + sent },
    })
  })

  it("puts nothing into another channel's feed, and a message without an answer into its commands", async () => {
    const sku = skuIn(1, partitions)
    const heard: Array<string> = []
    const listening = broker.asSender(
      "shop",
      ChannelLink.use((link) =>
        link.ats(undefined).pipe(
          Stream.flattenIterable,
          Stream.map(({ token, body }) => `${token} ${text(body)}`),
          Stream.takeUntil((said) => said.includes("the end")),
          Stream.runForEach((said) => Effect.sync(() => heard.push(said))),
        ),
      ),
    )
    let isOver = false
    void listening.finally(() => {
      isOver = true
    })
    await asPlain("web", async (nc) => {
      while (!isOver) {
        nc.publish(`hf.cmd.web.sell.${sku}`, "{}", { reply: `hf.ats.shop.${sku}` })
        await nc.flush()
        const end = { channel: "shop", sku: "END", ats: 1, version: 1, delta: 1, cause: "the end", atMs: 1 }
        await broker.asWorker(Outbound.use((outbound) => outbound.feed(0, [end as never])))
      }
      nc.publish(`hf.cmd.web.sell.${sku}`, "{}", { reply: `hf.cmd.shop.sell.${sku}` })
      await nc.flush()
    })
    await listening
    expect(heard.every((said) => said.startsWith("END"))).toBe(true)
    const inShopsName = await broker.asWorker(
      Commands.use((commands) =>
        commands.read(1, 1).pipe(
          Stream.flattenIterable,
          Stream.filter((message) => message.subject === `hf.p.1.shop.sell.${sku}`),
          Stream.runHead,
        ),
      ),
    )
    // It is no command, and there is nobody to be told so.
    expect(inShopsName._tag === "Some" && [inShopsName.value.replySuffix, text(inShopsName.value.body).startsWith('{"stream"')]).toEqual([
      null,
      true,
    ])
  })
})

describe("a channel's headers", () => {
  it("can't wipe, age, schedule or group what the commands stream holds", async () => {
    const before = (await streams()).HF_COMMANDS
    const refused = await asPlain("web", async (nc) => {
      const outcomes: Array<string> = []
      for (const [name, value] of [
        ["Nats-Rollup", "all"],
        ["Nats-Rollup", "sub"],
        ["Nats-TTL", "1s"],
        ["Nats-Schedule", "@at 2030-01-01T00:00:00Z"],
        ["Nats-Incr", "1"],
        ["Nats-Batch-Id", "b"],
      ] as const)
        outcomes.push(await publishOutcome(nc, "hf.cmd.web.sell.A", name, value))
      return outcomes
    })
    expect(refused).not.toContain("stored")
    expect((await streams()).HF_COMMANDS).toEqual(before)
  })

  it("are read as they are, a server's status and nonsense too, and the next message comes all the same", async () => {
    const sku = skuIn(2, partitions)
    const subject = `hf.cmd.web.sell.${sku}`
    const odd = [
      "NATS/1.0 409 Consumer Deleted\r\n\r\n",
      "NATS/1.0 408 Request Timeout\r\nNats-Pending-Messages: 9999\r\n\r\n",
      "NATS/1.0 100 Idle Heartbeat\r\nNats-Last-Consumer: 9999\r\n\r\n",
      "NATS/1.0 503\r\n\r\n",
      "NATS/1.0\r\nbad name: x\r\nHf-Reply: a.b\r\n\r\n",
      "NATS/1.0\r\nHf-Reply: a b\r\n\r\n",
      "NATS/1.0\r\nHf-Reply: a.>\r\n\r\n",
      "NATS/1.0\r\nHf-Reply: \u00ff\r\nX: 1\r\nx: 2\r\nX: 3\r\n\r\n",
    ]
    for (const [i, head] of odd.entries()) await publishRaw(broker.server, "web", subject, head, `odd ${i}`)
    await broker.asSender(
      "web",
      ChannelLink.use((link) => link.publish("sell", sku, bytes("last"), "fine.1")),
    )
    const read = await broker.asWorker(
      Commands.use((commands) => commands.read(2, 1).pipe(Stream.flattenIterable, Stream.take(odd.length + 1), Stream.runCollect)),
    )
    expect(read.map(({ body }) => text(body))).toEqual([...odd.map((_, i) => `odd ${i}`), "last"])
    expect(read.map(({ replySuffix }) => replySuffix)).toEqual([...odd.map(() => null), "fine.1"])
    const lookedUp = await broker.asWorker(Commands.use((commands) => Effect.forEach(read, ({ seq }) => commands.at(seq))))
    expect(lookedUp.map(({ message }) => message?.headers)).toEqual(read.map((message) => message.headers))
  })
})

describe("a worker's credentials", () => {
  it("append to journals and hold leases, where no sender can see them", async () => {
    const seq = await broker.asWorker(Journals.use((journals) => journals.append(3, 0, "first", bytes("record"))))
    expect(seq).toEqual({ seq: 1, duplicate: false })
    const fiber = Cluster.use((cluster) => cluster.acquire(3, "w", 60_000))
    expect((await broker.asWorker(fiber)).revision).toBeGreaterThan(0)
    const names = await asPlain("web", (nc) =>
      nc.request("$JS.API.STREAM.NAMES", "", { timeout: answerMsMax }).then(
        () => "answered",
        (error: Error) => (error.cause instanceof Error ? error.cause.name : error.name),
      ),
    )
    expect(names).toBe("PermissionViolationError")
  })
})

/** What the server answered a request to JetStream's interface with: `done`, the server's own refusal, or the name of a violation of permissions. */
const apiOutcome = (nc: Awaited<ReturnType<typeof connectAs>>, request: string, body: object = {}): Promise<string> =>
  nc.request(`$JS.API.${request}`, JSON.stringify(body), { timeout: answerMsMax }).then(
    (answer) => answer.json<{ readonly error?: { readonly description: string } }>().error?.description ?? "done",
    (error: Error) => (error.cause instanceof Error ? error.cause.name : error.name),
  )

/** Runs `attempts` with one of the logins of the account that no sender joins. */
const asOwn = async <A>(user: "engine" | "archivist", attempts: (nc: Awaited<ReturnType<typeof connectAs>>) => Promise<A>): Promise<A> => {
  const nc = await connectAs(broker.server, user)
  try {
    return await attempts(nc)
  } finally {
    await nc.close()
  }
}

const outcomesOf = async (nc: Awaited<ReturnType<typeof connectAs>>, requests: ReadonlyArray<string>): Promise<ReadonlyArray<string>> => {
  const found: Array<string> = []
  for (const request of requests) found.push(`${request}: ${await apiOutcome(nc, request)}`)
  return found
}

const fillJournal = async (partition: number, records: number): Promise<void> => {
  for (let seq = 0; seq < records; seq++)
    await broker.asWorker(Journals.use((journals) => journals.append(partition, seq, `m${seq}`, bytes(`record ${seq + 1}`))))
}

describe("a worker's credentials in the engine's account", () => {
  it("neither purge nor change nor remove nor restore a journal, and purge nothing that isn't superseded", async () => {
    const requests = [
      "STREAM.PURGE.HF_JOURNAL_0",
      "STREAM.PURGE.HF_FEED",
      "STREAM.PURGE.KV_HF_MARKS",
      "STREAM.UPDATE.HF_JOURNAL_0",
      "STREAM.UPDATE.HF_SNAPSHOTS",
      "STREAM.DELETE.HF_JOURNAL_0",
      "STREAM.DELETE.HF_FEED",
      "STREAM.MSG.DELETE.HF_JOURNAL_0",
      "STREAM.RESTORE.HF_JOURNAL_0",
      "STREAM.SNAPSHOT.HF_JOURNAL_0",
      "ACCOUNT.PURGE.HOLDFAST",
    ]
    const outcomes = await asOwn("engine", (nc) => outcomesOf(nc, requests))
    expect(outcomes).toEqual(requests.map((request) => `${request}: PermissionViolationError`))
    expect(await asOwn("engine", (nc) => apiOutcome(nc, "STREAM.PURGE.HF_SNAPSHOTS", { filter: "hf.snap.0.none.*" }))).toBe("done")
  })
})

describe("the archivist's credentials", () => {
  it("purge a prefix of a journal, whose last record and sequence stay", async () => {
    await fillJournal(2, 5)
    expect(await asOwn("archivist", (nc) => apiOutcome(nc, "STREAM.PURGE.HF_JOURNAL_2", { filter: "hf.journal.2", seq: 4 }))).toBe("done")
    expect((await streams()).HF_JOURNAL_2).toEqual({ first: 4, last: 5, messages: 2 })
  })

  it("store nothing: no record, no snapshot, no lease, no mark, no value of the feed", async () => {
    const subjects = ["hf.journal.0", "hf.snap.0.manifest", "hf.feed.0.web.A", "$KV.HF_LEASES.0", "$KV.HF_MARKS.0.witness", "hf.ats.web.A"]
    const outcomes = await asOwn("archivist", async (nc) => {
      const found: Array<string> = []
      for (const subject of subjects) found.push(`${subject}: ${await publishOutcome(nc, subject)}`)
      return found
    })
    expect(outcomes).toEqual(subjects.map((subject) => `${subject}: PermissionViolationError`))
  })

  it("purge nothing but journals, change and remove nothing, and have nothing delivered to another's subject", async () => {
    const requests = [
      "STREAM.PURGE.HF_SNAPSHOTS",
      "STREAM.PURGE.HF_FEED",
      "STREAM.PURGE.KV_HF_LEASES",
      "STREAM.PURGE.KV_HF_MARKS",
      "STREAM.PURGE.KV_HF_MEMBERS",
      "STREAM.UPDATE.HF_JOURNAL_0",
      "STREAM.DELETE.HF_JOURNAL_0",
      "STREAM.MSG.DELETE.HF_JOURNAL_0",
      "STREAM.CREATE.OTHER",
      "CONSUMER.CREATE.HF_JOURNAL_0",
      "CONSUMER.CREATE.HF_JOURNAL_0.c",
      "CONSUMER.DURABLE.CREATE.HF_JOURNAL_0.c",
    ]
    const outcomes = await asOwn("archivist", (nc) => outcomesOf(nc, requests))
    expect(outcomes).toEqual(requests.map((request) => `${request}: PermissionViolationError`))
  })
})
