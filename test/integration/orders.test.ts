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
  readonly reason?: string
  readonly decisions?: ReadonlyArray<Decision>
}

/** Asks, and again while nobody is there, nobody answers, it is busy, or it was too long on its way: the same bytes each time. */
const request = async (sender: string, subject: string, command: object): Promise<Said> => {
  const body = JSON.stringify(command)
  for (;;) {
    const said = await nc(sender)
      .request(subject, body, { timeout: 5_000 })
      .then(
        (answer) => answer.json<Said>(),
        () => null,
      )
    if (said !== null && said.answer !== "busy" && said.reason !== "age") return said
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

/** Everything that is said to one request in the time until `done` holds of it. */
const hearAll = (subject: string, command: object, done: (heard: ReadonlyArray<Said>) => boolean): Promise<ReadonlyArray<Said>> =>
  new Promise((resolve) => {
    const heard: Array<Said> = []
    const reply = `${senderInbox("web")}.all.${ids}`
    const subscription = nc("web").subscribe(reply, {
      callback: (_, message) => {
        if (message.data.length > 0) heard.push(message.json<Said>())
        if (!done(heard)) return
        subscription.unsubscribe()
        resolve(heard)
      },
    })
    nc("web").publish(subject, JSON.stringify(command), { reply })
  })

const allLines = (qty: number) => skus.map((sku) => ({ sku, qty }))
const [first = "", second = ""] = skus

describe("an order over SKUs of all partitions", () => {
  it("is held under one answer, confirmed under another, and cancelled: its units are there again", async () => {
    const before = await ats(first)
    expect(await place("o-1")).toMatchObject({ outcome: "accepted", order: "o-1", lines: allLines(2) })
    expect(await ats(first)).toBe(before - 2)
    expect(await ask("order.o-1")).toMatchObject({ answer: "order", phase: "held" })
    expect(await order("o-1", { type: "ConfirmOrder" })).toMatchObject({ outcome: "accepted", lines: allLines(2) })
    expect(await ask("order.o-1")).toMatchObject({ answer: "order", phase: "confirmed" })
    expect(await order("o-1", { type: "CancelOrder", reason: "cancelled" })).toMatchObject({ outcome: "accepted" })
    await untilAts(first, before)
  })

  it("is refused whole where one line has too little, and gives back what the others held", async () => {
    const before = await ats(first)
    const lines = [
      { sku: first, qty: 1 },
      { sku: second, qty: 100_000 },
    ]
    expect(await place("o-2", { lines })).toMatchObject({ outcome: "refused", reason: "LinesRefused", order: "o-2" })
    await untilAts(first, before)
  })

  it("ends when its time is up: its units are there again, and whoever pays too late is told so", async () => {
    const before = await ats(first)
    expect(await place("o-3", { holdMs: 1_000 })).toMatchObject({ outcome: "accepted" })
    await untilAts(first, before)
    expect(await order("o-3", { type: "ConfirmOrder" })).toMatchObject({ outcome: "refused", reason: "OrderExpired" })
  })

  it("is answered once for a message, and the same again where the same id asks again", async () => {
    const command = { ...head(), order: "o-4", type: "PlaceOrder", fill: "whole", holdMs: 600_000, lines: allLines(1) }
    const heard = await hearAll("hf.cmd.web.sell.order.o-4", command, (said) => said.some(({ decisions }) => decisions !== undefined))
    expect(heard).toHaveLength(1)
    const again = await request("web", "hf.cmd.web.sell.order.o-4", command)
    expect(again.decisions).toEqual([{ ...heard[0]?.decisions?.[0], repeated: true }])
    await order("o-4", { type: "CancelOrder", reason: "cancelled" })
  })

  it("is nobody's but its sender's: a body that names another channel is not taken, nor several commands at once", async () => {
    const command = { ...head(), order: "o-5", type: "ConfirmOrder" }
    expect(await request("web", "hf.cmd.web.sell.order.o-5", { ...command, channel: "shop" })).toMatchObject({
      answer: "notStored",
      reason: "form",
      cause: "InvalidField",
      field: "channel",
    })
    expect(await request("web", "hf.cmd.web.sell.order.o-5", [command, command])).toMatchObject({
      answer: "notStored",
      cause: "TooManyCommands",
    })
    expect(await request("web", "hf.cmd.web.sell.order.o-6", command)).toMatchObject({ answer: "notStored", reason: "partition" })
    const reserve = { ...head(), sku: first, type: "Reserve", reservation: "@o-1", qty: 1, holdMs: 60_000 }
    expect(await request("web", `hf.cmd.web.sell.sku.${first}`, reserve)).toMatchObject({ answer: "notStored", reason: "form" })
    expect(await ask("order.o-99")).toMatchObject({ answer: "unknownOrder", order: "o-99" })
  })

  it("outlives the worker that placed it, killed before it is confirmed", async () => {
    const before = await ats(first)
    expect(await place("o-7")).toMatchObject({ outcome: "accepted" })
    await cluster.killWorker()
    cluster.startWorker()
    expect(await order("o-7", { type: "ConfirmOrder" })).toMatchObject({ outcome: "accepted", lines: allLines(2) })
    expect(await ats(first)).toBe(before - 2)
    await order("o-7", { type: "CancelOrder", reason: "cancelled" })
    await untilAts(first, before)
  })

  it("goes between two workers that share the partitions, and through the death of one while orders are placed", async () => {
    const before = await ats(first)
    cluster.startWorker()
    while (new Set(await ownersOf()).size < 2) await new Promise((resolve) => setTimeout(resolve, 200))
    const placing = Array.from({ length: 12 }, (_, i) => place(`o-8-${i}`, { lines: allLines(1) }))
    await placing[0]
    await cluster.killWorker()
    const placed = await Promise.all(placing)
    for (const one of placed) expect(one).toMatchObject({ outcome: expect.stringMatching(/accepted|refused/) })
    for (const [i, one] of placed.entries()) {
      const expected = one.outcome === "accepted" ? "accepted" : "refused"
      expect(await order(`o-8-${i}`, { type: "ConfirmOrder" })).toMatchObject({ outcome: expected })
      if (expected === "accepted") await order(`o-8-${i}`, { type: "CancelOrder", reason: "cancelled" })
    }
    await untilAts(first, before)
  })

  it("leaves journals of which no guarantee is broken", async () => {
    const { code, out } = await cluster.ask(["audit", "--json"])
    expect({ code, violations: JSON.parse(out).violations }).toEqual({ code: 0, violations: [] })
  })
})

/** Who owns partitions, of either kind. */
async function ownersOf(): Promise<ReadonlyArray<string>> {
  const { out } = await cluster.ask(["topology", "--json"])
  const { partitions } = JSON.parse(out) as { readonly partitions: ReadonlyArray<{ readonly owner: string | null }> }
  return partitions.flatMap(({ owner }) => (owner === null ? [] : [owner]))
}
