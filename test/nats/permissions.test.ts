/** What the server keeps each login from, whatever it sends: a table of subjects for each, as publish, as subscription and as the reply of what it may publish. */
import { jetstream, jetstreamManager } from "@nats-io/jetstream"
import { connect, headers, type NatsConnection, PermissionViolationError } from "@nats-io/transport-node"
import { Effect } from "effect"
import { afterAll, beforeAll, describe, expect, it } from "vitest"
import { Desk } from "../../src/ports/door.ts"
import { startTimeoutMs } from "./nats-broker.ts"
import { connectAs } from "./raw-client.ts"
import { type RealDoor, startDoor } from "./real-door.ts"

const partitions = 4
let door: RealDoor
beforeAll(async () => {
  door = await startDoor(partitions)
}, startTimeoutMs)
afterAll(() => door.close())

type User = Parameters<typeof connectAs>[1]

const as = async <A>(user: User, attempts: (nc: NatsConnection) => Promise<A>): Promise<A> => {
  const nc = await connectAs(door.server, user)
  try {
    return await attempts(nc)
  } finally {
    await nc.close()
  }
}

/** State of every stream there is. */
const streams = () =>
  as("engine", async (nc) => {
    const found: Record<string, { readonly last: number; readonly messages: number }> = {}
    for await (const { config, state } of (await jetstreamManager(nc)).streams.list())
      found[config.name] = { last: state.last_seq, messages: state.messages }
    return found
  })

/** Headers of one's own, never the server's. */
const harmless = () => {
  const named = headers()
  named.set("Hf-Reply", "r.1")
  named.set("traceparent", "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01")
  named.set("Shop-Colour", "green")
  return named
}

/** Which of these subjects the server refuses to take from this login. */
const refusedToPublish = (user: User, subjects: ReadonlyArray<string>, reply?: string): Promise<ReadonlyArray<string>> =>
  as(user, async (nc) => {
    const refused = new Set<string>()
    void (async () => {
      for await (const status of nc.status())
        if (status.type === "error" && status.error instanceof PermissionViolationError) refused.add(status.error.subject)
    })()
    for (const subject of subjects) nc.publish(subject, "{}", { headers: harmless(), ...(reply === undefined ? {} : { reply }) })
    await nc.flush()
    // The report was read before the answer to the flush, but is handed on a turn later.
    await new Promise((resolve) => setImmediate(resolve))
    return subjects.filter((subject) => refused.has(subject))
  })

/** Which of these subjects the server refuses to let this login hear. */
const refusedToHear = (user: User, subjects: ReadonlyArray<string>): Promise<ReadonlyArray<string>> =>
  as(user, async (nc) => {
    const refused = new Set<string>()
    for (const subject of subjects) {
      nc.subscribe(subject, {
        callback: (error) => {
          if (error !== null) refused.add(subject)
        },
      })
    }
    await nc.flush()
    await new Promise((resolve) => setImmediate(resolve))
    return subjects.filter((subject) => refused.has(subject))
  })

/** Everything that is stored, and everything that somebody's word is taken on. */
const inside = [
  "hf.q.sku.0",
  "hf.hand.sku.0.reign",
  "hf.owner.sku.0",
  "hf.journal.sku.0",
  "hf.feed.0.web.A",
  "hf.snap.sku.0.manifest",
  "hf.carry.sku.0.reign",
  "hf.carry.order.0.reign",
  "hf.back.sku.0.reign",
  "hf.back.order.0.reign",
  "hf.q.order.0",
  "hf.hand.order.0.reign",
  "hf.owner.order.0",
  "hf.journal.order.0",
  "hf.snap.order.0.manifest",
  "$KV.HF_LEASES.order.0",
  "$JS.API.STREAM.PURGE.HF_STORED_ORDER",
  "$KV.HF_LEASES.sku.0",
  "$KV.HF_MARKS.sku.witness.0",
  "$JS.API.STREAM.INFO.HF_STORED_SKU",
  "$JS.API.STREAM.PURGE.HF_STORED_SKU",
  "$JS.API.STREAM.NAMES",
  "$JS.API.STREAM.CREATE.MINE",
  "$SYS.REQ.SERVER.PING",
]
const others = [
  "hf.cmd.shop.sell.sku.A",
  "hf.cmd.web.stock.sku.A",
  "hf.cmd.web.policy.sku.A",
  "hf.cmd.web.operator.sku.A",
  "hf.cmd.web.stock.order.A",
  "hf.cmd.web.sku.A",
  "hf.cmd.web.A",
  "hf.get.shop.ats",
  "hf.ats.web.A",
  "hf.reply.shop.x",
  "hf.reply.web.x",
  "_INBOX.door.x",
  "_INBOX.engine.x",
  "_INBOX.ingress.x",
]
const own = [
  "hf.cmd.web.sell.sku.A",
  "hf.cmd.web.sell.sku.%41",
  "hf.cmd.web.sell.sku.a.b",
  "hf.cmd.web.sell.sku.*",
  "hf.cmd.web.sell.order.A",
  "hf.cmd.web.sell.*.A",
  "hf.cmd.web.sell.A",
  "hf.cmd.web.sell.>",
  "hf.get.web.ats",
]

describe("a channel's login", () => {
  it("says nothing in another's name, in another class, to what is stored or to the server", async () => {
    expect(await refusedToPublish("web", [...others, ...inside])).toEqual([...others, ...inside])
    expect(await refusedToPublish("web", own)).toEqual([])
  })

  it("hears nothing that is another's or ours", async () => {
    const foreign = [
      "hf.reply.shop.>",
      "hf.ats.shop.>",
      "hf.ats.>",
      "hf.get.>",
      "hf.cmd.>",
      "hf.cmd.web.>",
      "hf.q.>",
      "hf.owner.sku.*",
      "_INBOX.>",
      "$JS.>",
      ">",
    ]
    expect(await refusedToHear("web", foreign)).toEqual(foreign)
    expect(await refusedToHear("web", ["hf.reply.web.>", "hf.ats.web.>"])).toEqual([])
  })

  it("is needed: nobody connects without", async () => {
    await expect(connect({ servers: door.server.url, reconnect: false })).rejects.toThrow(/authorization violation/i)
    await expect(connect({ servers: door.server.url, user: "web", pass: "guess", reconnect: false })).rejects.toThrow(
      /authorization violation/i,
    )
  })

  it("INV-14 gets nothing into any stream: not by what it publishes, and not by what it names as its answer's place, with any subject and its own headers", async () => {
    const before = await streams()
    expect(Object.keys(before)).toContain("HF_STORED_SKU")
    await refusedToPublish("web", [...own, ...others, ...inside])
    for (const reply of [...own, ...others, ...inside]) await refusedToPublish("web", own, reply)
    expect(await streams()).toEqual(before)
  })

  it("has no JetStream in its account", async () => {
    const answer = await as("door", (nc) =>
      nc.request("$JS.API.INFO", "", { timeout: 30_000 }).then(
        () => "answered",
        (error: Error) => (error.cause instanceof Error ? error.cause.name : error.name),
      ),
    )
    expect(answer).toBe("PermissionViolationError")
    const { accounts } = (await (await fetch(`${door.server.monitorUrl}/jsz?accounts=true`)).json()) as { readonly accounts: number }
    expect(accounts).toBe(1)
  })
})

describe("the door's login", () => {
  it("answers senders, and says nothing else", async () => {
    const foreign = ["hf.cmd.web.sell.sku.A", "hf.get.web.ats", "hf.ats.web.A", "_INBOX.door.x", ...inside]
    expect(await refusedToPublish("door", foreign)).toEqual(foreign)
    expect(await refusedToPublish("door", ["hf.reply.web.x", "hf.reply.shop.a.b"])).toEqual([])
  })

  it("hears commands and questions, and nobody's answers", async () => {
    const foreign = ["hf.reply.>", "hf.reply.web.>", "hf.ats.>", "hf.carry.>", "hf.back.>", "_INBOX.>", ">"]
    expect(await refusedToHear("door", foreign)).toEqual(foreign)
    expect(await refusedToHear("door", ["hf.cmd.>", "hf.cmd.web.>", "hf.get.>", "_INBOX.door.>"])).toEqual([])
  })

  it("gets nothing into any stream, whatever it says to senders", async () => {
    const before = await streams()
    for (const reply of [...own, ...inside]) await refusedToPublish("door", ["hf.reply.web.x"], reply)
    expect(await streams()).toEqual(before)
  })
})

describe("an ingress's login", () => {
  it("hands over, stores in the one stream and asks for its state, and does nothing else where all is stored", async () => {
    const allowed = [
      "hf.hand.sku.0.reign",
      "hf.hand.order.0.reign",
      "hf.hand.sku.3.other",
      "$JS.API.STREAM.INFO.HF_STORED_SKU",
      "$JS.API.STREAM.INFO.HF_STORED_ORDER",
    ]
    const foreign = [
      ...inside.filter((subject) => !allowed.includes(subject) && subject !== "hf.q.sku.0"),
      "hf.hand.sku.0",
      "hf.hand.sku.0.a.b",
      "hf.q.sku.0.web",
      "hf.ats.web.A",
      "$JS.API.STREAM.INFO.HF_JOURNAL_SKU_0",
      "$JS.API.STREAM.MSG.DELETE.HF_STORED_SKU",
      "$JS.API.CONSUMER.CREATE.HF_STORED_SKU",
    ]
    expect(await refusedToPublish("ingress", foreign)).toEqual(foreign)
    expect(await refusedToPublish("ingress", allowed)).toEqual([])
    const before = await streams()
    expect(await refusedToPublish("ingress", ["hf.q.sku.0"])).toEqual([])
    const { HF_STORED_SKU: stored } = before
    expect(await streams()).toEqual({ ...before, HF_STORED_SKU: { last: (stored?.last ?? 0) + 1, messages: (stored?.messages ?? 0) + 1 } })
  })

  it("can't have an owner, who may publish more, answer into a stream", async () => {
    const before = await streams()
    let frames = 0
    await door.asOwner(
      Effect.gen(function* () {
        const desk = yield* Desk
        yield* desk.receive("sku", 0, "answering", ({ heard }) => {
          heard()
          frames++
        })
        yield* Effect.promise(() =>
          as("ingress", async (nc) => {
            for (const reply of ["hf.q.sku.0", "hf.journal.sku.0"]) nc.publish("hf.hand.sku.0.answering", "{}", { reply })
            // Behind those two on the owner's connection, so that they were answered, or not, before this comes back.
            await nc.request("hf.hand.sku.0.answering", "{}", { timeout: 10_000 })
          }),
        )
      }),
    )
    expect(frames).toBe(3)
    expect(await streams()).toEqual(before)
  })

  it("hears owners and its own inbox", async () => {
    const foreign = [
      "hf.hand.>",
      "hf.hand.sku.0.reign",
      "hf.carry.>",
      "hf.carry.sku.0.reign",
      "hf.back.>",
      "hf.back.order.0.reign",
      "hf.q.>",
      "hf.journal.>",
      "hf.ats.>",
      "_INBOX.engine.>",
      "$JS.>",
      ">",
    ]
    expect(await refusedToHear("ingress", foreign)).toEqual(foreign)
    expect(await refusedToHear("ingress", ["hf.owner.sku.*", "_INBOX.ingress.>"])).toEqual([])
  })
})

/** Ends what hangs: the server says no at once. */
const answerMsMax = 30_000

/** What the server answered a request to JetStream's interface with: `done`, the server's own refusal, or the name of a violation of permissions. */
const apiOutcome = (nc: NatsConnection, request: string, body: object = {}): Promise<string> =>
  nc.request(`$JS.API.${request}`, JSON.stringify(body), { timeout: answerMsMax }).then(
    (answer) => answer.json<{ readonly error?: { readonly description: string } }>().error?.description ?? "done",
    (error: Error) => (error.cause instanceof Error ? error.cause.name : error.name),
  )

const outcomesOf = async (nc: NatsConnection, requests: ReadonlyArray<string>): Promise<ReadonlyArray<string>> => {
  const found: Array<string> = []
  for (const request of requests) found.push(`${request}: ${await apiOutcome(nc, request)}`)
  return found
}

describe("a worker's login in the engine's account", () => {
  it("neither purges nor changes nor removes nor restores a journal, and purges nothing that isn't superseded or decided", async () => {
    const requests = [
      "STREAM.PURGE.HF_JOURNAL_SKU_0",
      "STREAM.PURGE.HF_FEED",
      "STREAM.PURGE.KV_HF_MARKS",
      "STREAM.UPDATE.HF_JOURNAL_SKU_0",
      "STREAM.UPDATE.HF_SNAPSHOTS_SKU",
      "STREAM.UPDATE.HF_STORED_SKU",
      "STREAM.DELETE.HF_STORED_SKU",
      "STREAM.DELETE.HF_JOURNAL_SKU_0",
      "STREAM.DELETE.HF_FEED",
      "STREAM.MSG.DELETE.HF_JOURNAL_SKU_0",
      "STREAM.RESTORE.HF_JOURNAL_SKU_0",
      "STREAM.SNAPSHOT.HF_JOURNAL_SKU_0",
      "ACCOUNT.PURGE.HOLDFAST",
    ]
    const outcomes = await as("engine", (nc) => outcomesOf(nc, requests))
    expect(outcomes).toEqual(requests.map((request) => `${request}: PermissionViolationError`))
    expect(await as("engine", (nc) => apiOutcome(nc, "STREAM.PURGE.HF_SNAPSHOTS_SKU", { filter: "hf.snap.sku.0.none.*" }))).toBe("done")
    expect(await as("engine", (nc) => apiOutcome(nc, "STREAM.PURGE.HF_STORED_SKU", { filter: "hf.q.sku.0", seq: 1 }))).toBe("done")
  })

  it("tells whoever handed it something that it was heard, and nobody else's inbox anything", async () => {
    expect(await refusedToPublish("engine", ["_INBOX.engine.x", "_INBOX.ingress.x"])).toEqual([])
    const foreign = ["_INBOX.archivist.x", "_INBOX.other.x", "$SYS.REQ.SERVER.PING"]
    expect(await refusedToPublish("engine", foreign)).toEqual(foreign)
  })
})

describe("the archivist's login", () => {
  it("purges a prefix of a journal, whose last record and sequence stay", async () => {
    await as("engine", async (nc) => {
      for (let record = 1; record <= 5; record++) await jetstream(nc).publish("hf.journal.sku.2", `record ${record}`)
    })
    expect(await as("archivist", (nc) => apiOutcome(nc, "STREAM.PURGE.HF_JOURNAL_SKU_2", { filter: "hf.journal.sku.2", seq: 4 }))).toBe(
      "done",
    )
    expect((await streams()).HF_JOURNAL_SKU_2).toEqual({ last: 5, messages: 2 })
  })

  it("stores nothing: no record, no snapshot, no lease, no mark, no value of the feed", async () => {
    const subjects = [
      "hf.journal.sku.0",
      "hf.q.sku.0",
      "hf.hand.sku.0.reign",
      "hf.owner.sku.0",
      "hf.snap.sku.0.manifest",
      "hf.feed.0.web.A",
      "$KV.HF_LEASES.sku.0",
      "$KV.HF_MARKS.0.witness",
      "hf.ats.web.A",
    ]
    expect(await refusedToPublish("archivist", subjects)).toEqual(subjects)
  })

  it("purges nothing but journals, changes and removes nothing, and has nothing delivered to another's subject", async () => {
    const requests = [
      "STREAM.PURGE.HF_SNAPSHOTS_SKU",
      "STREAM.PURGE.HF_FEED",
      "STREAM.PURGE.HF_STORED_SKU",
      "STREAM.PURGE.KV_HF_LEASES",
      "STREAM.PURGE.KV_HF_MARKS",
      "STREAM.PURGE.KV_HF_MEMBERS",
      "STREAM.UPDATE.HF_JOURNAL_SKU_0",
      "STREAM.DELETE.HF_JOURNAL_SKU_0",
      "STREAM.MSG.DELETE.HF_JOURNAL_SKU_0",
      "STREAM.CREATE.OTHER",
      "CONSUMER.CREATE.HF_JOURNAL_SKU_0",
      "CONSUMER.CREATE.HF_JOURNAL_SKU_0.c",
      "CONSUMER.DURABLE.CREATE.HF_JOURNAL_SKU_0.c",
    ]
    const outcomes = await as("archivist", (nc) => outcomesOf(nc, requests))
    expect(outcomes).toEqual(requests.map((request) => `${request}: PermissionViolationError`))
  })
})
