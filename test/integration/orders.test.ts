/** Orders over SKUs of several partitions, through a client that knows nothing of ours, over real workers: placed, confirmed, cancelled, expired; and through the death of a worker. */
import { connect, type NatsConnection } from "@nats-io/transport-node"
import { afterAll, beforeAll, describe, expect, it } from "vitest"
import { partitionOf } from "../../src/domain/names.ts"
import { senderInbox } from "../../src/nats/config.ts"
import { RealCluster, startTimeoutMs } from "./real-cluster.ts"

let cluster: RealCluster
const senders = new Map<string, NatsConnection>()
const nc = (sender: string): NatsConnection => {
  const found = senders.get(sender)
  if (found === undefined) throw new Error(`${sender} is not connected`)
  return found
}

/** As many as there are partitions of SKUs, one in each. */
const skus = [0, 1, 2, 3].map((partition) => {
  for (let i = 0; ; i++) if (partitionOf(`S-${i}`, 4) === partition) return `S-${i}`
})

beforeAll(async () => {
  cluster = await RealCluster.start()
  cluster.startWorker()
  for (const sender of ["web", "warehouse", "planner"]) {
    const pass = cluster.server.credentials.senders[sender]?.password ?? ""
    senders.set(sender, await connect({ servers: cluster.server.url, user: sender, pass, inboxPrefix: senderInbox(sender) }))
  }
  for (const sku of skus) await stockUp(sku)
}, startTimeoutMs)
afterAll(async () => {
  for (const one of senders.values()) await one.close()
  await cluster.stop()
})

interface Decision {
  readonly id: string
  readonly outcome: string
  readonly reason?: string
  readonly repeated?: true
  readonly lines?: ReadonlyArray<object>
}
interface Said {
  readonly answer?: string
  readonly decisions?: ReadonlyArray<Decision>
}

/** Asks, and again while nobody is there, nobody answers or it is busy: the same bytes each time. */
const request = async (sender: string, subject: string, command: object): Promise<Said> => {
  const body = JSON.stringify(command)
  for (;;) {
    const said = await nc(sender)
      .request(subject, body, { timeout: 5_000 })
      .then(
        (answer) => answer.json<Said>(),
        () => null,
      )
    if (said !== null && said.answer !== "busy") return said
    await new Promise((resolve) => setTimeout(resolve, 50))
  }
}

let ids = 0
const head = () => ({ v: 1, id: `c${++ids}`, issuedAtMs: Date.now() })
const order = async (name: string, command: object): Promise<Decision> => {
  const said = await request("web", `hf.cmd.web.sell.order.${name}`, { ...head(), order: name, ...command })
  const [decision, ...more] = said.decisions ?? []
  if (decision === undefined || more.length > 0) throw new Error(`no decision but ${JSON.stringify(said)}`)
  return decision
}
const ask = async (path: string): Promise<Record<string, unknown>> => {
  for (;;) {
    const answer = await nc("web")
      .request(`hf.get.web.${path}`, "", { timeout: 2_000 })
      .then(
        (found) => found.json<Record<string, unknown>>(),
        () => null,
      )
    if (answer !== null) return answer
  }
}
const ats = async (sku: string): Promise<number> => {
  const { values } = await ask(`ats.${sku}`)
  return (values as ReadonlyArray<{ readonly ats: number }>)[0]?.ats ?? -1
}
const untilAts = async (sku: string, qty: number): Promise<void> => {
  while ((await ats(sku)) !== qty) await new Promise((resolve) => setTimeout(resolve, 50))
}

const line = { channel: "web", priority: 0, bufferQty: 0, bufferPercent: 0, floorQty: 0, fenceQty: 0 }
async function stockUp(sku: string): Promise<void> {
  const policy = { version: 1, channels: [line], safety: [], sourcing: [] }
  await request("planner", `hf.cmd.planner.policy.sku.${sku}`, { ...head(), sku, type: "SetPolicy", policy })
  await request("warehouse", `hf.cmd.warehouse.stock.sku.${sku}`, { ...head(), sku, type: "ReceiveStock", location: "L", qty: 100 })
  await untilAts(sku, 100)
}

const place = (name: string, more: object = {}) =>
  order(name, { type: "PlaceOrder", fill: "whole", holdMs: 600_000, lines: skus.map((sku) => ({ sku, qty: 2 })), ...more })

describe("an order over SKUs of all partitions", () => {
  it("is held under one answer, confirmed under another, and cancelled: its units are there again", async () => {
    const before = await ats(skus[0] ?? "")
    const placed = await place("o-1")
    expect(placed).toMatchObject({ outcome: "accepted", order: "o-1", lines: skus.map((sku) => ({ sku, qty: 2 })) })
    expect(await ats(skus[0] ?? "")).toBe(before - 2)
    expect(await ask("order.o-1")).toMatchObject({ answer: "order", phase: "held" })
    expect(await order("o-1", { type: "ConfirmOrder" })).toMatchObject({ outcome: "accepted", lines: skus.map((sku) => ({ sku, qty: 2 })) })
    expect(await ask("order.o-1")).toMatchObject({ answer: "order", phase: "confirmed" })
    expect(await order("o-1", { type: "CancelOrder", reason: "cancelled" })).toMatchObject({ outcome: "accepted" })
    await untilAts(skus[0] ?? "", before)
  })
})
