/** The front door of a real cluster, through a client that knows nothing of ours: a request, and what is heard. */
import { connect, type NatsConnection } from "@nats-io/transport-node"
import { afterAll, beforeAll, describe, expect, it } from "vitest"
import { senderInbox } from "../../src/nats/config.ts"
import { RealCluster, startTimeoutMs } from "./real-cluster.ts"

let cluster: RealCluster
const senders = new Map<string, NatsConnection>()

const as = async (sender: string): Promise<NatsConnection> => {
  const login = cluster.server.credentials.senders[sender]
  const nc = await connect({ servers: cluster.server.url, user: sender, pass: login?.password ?? "", inboxPrefix: senderInbox(sender) })
  senders.set(sender, nc)
  return nc
}

beforeAll(async () => {
  cluster = await RealCluster.start()
  cluster.startWorker()
}, startTimeoutMs)
afterAll(async () => {
  for (const nc of senders.values()) await nc.close()
  await cluster.stop()
})

let ids = 0
const head = (sku: string) => ({ v: 1, id: `c${++ids}`, sku, issuedAtMs: Date.now() })

interface Said {
  readonly answer?: string
  readonly reason?: string
  readonly decisions?: ReadonlyArray<{ readonly id: string; readonly outcome: string }>
}

/** Asks, and again while nobody is there or it is busy: the same bytes each time. */
const request = async (nc: NatsConnection, subject: string, command: object): Promise<Said> => {
  const body = JSON.stringify(command)
  for (;;) {
    const said = await nc.request(subject, body, { timeout: 30_000 }).then(
      (answer) => answer.json<Said>(),
      () => null,
    )
    if (said !== null && said.answer !== "busy") return said
    await new Promise((resolve) => setTimeout(resolve, 50))
  }
}

/** Publishes, and resolves with all that is said to it until a decision is. */
const hearAll = (nc: NatsConnection, sender: string, subject: string, command: object): Promise<ReadonlyArray<Said>> =>
  new Promise((resolve) => {
    const heard: Array<Said> = []
    const reply = `${senderInbox(sender)}.all.${ids}`
    const subscription = nc.subscribe(reply, {
      callback: (_, message) => {
        if (message.data.length === 0) return nc.publish(subject, JSON.stringify(command), { reply })
        heard.push(message.json<Said>())
        if (heard.at(-1)?.decisions === undefined) return
        subscription.unsubscribe()
        resolve(heard)
      },
    })
    nc.publish(subject, JSON.stringify(command), { reply })
  })

describe("a sender with any NATS client", () => {
  it("hears of a fact that it is stored, then what was decided", async () => {
    const warehouse = await as("warehouse")
    const fact = { ...head("A"), type: "ReceiveStock", location: "L", qty: 5, reference: "d1" }
    const heard = await hearAll(warehouse, "warehouse", "hf.cmd.warehouse.stock.sku.A", fact)
    expect(heard[0]).toMatchObject({ answer: "stored" })
    expect(heard.at(-1)?.decisions).toEqual([expect.objectContaining({ id: fact.id, outcome: "accepted" })])
  })

  it("hears the decision as the answer of its request, and the same one when it asks again", async () => {
    const [planner, web] = [await as("planner"), await as("web")]
    const line = { channel: "web", priority: 0, bufferQty: 0, bufferPercent: 0, floorQty: 0, fenceQty: 0 }
    const policy = { ...head("A"), type: "SetPolicy", policy: { version: 1, channels: [line], safety: [], sourcing: [] } }
    await hearAll(planner, "planner", "hf.cmd.planner.policy.sku.A", policy)
    const reserve = { ...head("A"), type: "Reserve", reservation: "r1", qty: 2, holdMs: 60_000 }
    const first = await request(web, "hf.cmd.web.sell.sku.A", reserve)
    expect(first.decisions).toEqual([expect.objectContaining({ id: reserve.id, outcome: "accepted", qty: 2 })])
    const again = await request(web, "hf.cmd.web.sell.sku.A", reserve)
    expect(again.decisions).toEqual([expect.objectContaining({ id: reserve.id, outcome: "accepted", repeated: true })])
  })

  it("hears why nothing of a message was taken: its token, its form", async () => {
    const web = senders.get("web") ?? (await as("web"))
    expect(await request(web, "hf.cmd.web.sell.sku.*", head("A"))).toMatchObject({ answer: "notStored", reason: "token" })
    expect(await request(web, "hf.cmd.web.sell.sku.A", { x: 1 })).toMatchObject({ answer: "notStored", reason: "form" })
  })
})
