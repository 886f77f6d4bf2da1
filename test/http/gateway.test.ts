/** A gateway over a real cluster, asked with fetch as any program would. */
import { afterAll, beforeAll, describe, expect, it } from "vitest"
import { RealCluster, startTimeoutMs } from "../integration/real-cluster.ts"
import { type RealGateway, startGateway } from "./real-gateway.ts"

let cluster: RealCluster
let gateway: RealGateway

beforeAll(async () => {
  cluster = await RealCluster.start()
  cluster.startWorker()
  gateway = await startGateway(cluster.server)
}, startTimeoutMs)
afterAll(async () => {
  await gateway?.stop()
  await cluster?.stop()
})

interface Heard {
  readonly status: number
  readonly headers: Headers
  readonly body: Readonly<Record<string, unknown>>
}

const ask = async (path: string, as: string | null, init: RequestInit = {}, at = gateway.url): Promise<Heard> => {
  const headers = new Headers(init.headers)
  if (as !== null) headers.set("authorization", `Bearer ${gateway.keys[as] ?? as}`)
  const answer = await fetch(`${at}${path}`, { ...init, headers })
  const text = await answer.text()
  return { status: answer.status, headers: answer.headers, body: text === "" ? {} : JSON.parse(text) }
}

const send = (
  type: string,
  as: string | null,
  body: unknown,
  headers: Readonly<Record<string, string>> = {},
  at = gateway.url,
): Promise<Heard> =>
  ask(
    `/v1/commands/${type}`,
    as,
    {
      method: "POST",
      body: typeof body === "string" ? body : JSON.stringify(body),
      headers: { "content-type": "application/json", prefer: "wait=25", ...headers },
    },
    at,
  )

let count = 0
const nextId = (): string => `t${++count}`

const stocked = async (sku: string, qty: number): Promise<void> => {
  const line = { channel: "web", priority: 0, bufferQty: 0, bufferPercent: 0, floorQty: 0, fenceQty: 0 }
  // Asked again while the cluster begins.
  for (;;) {
    const policy = await send(
      "SetPolicy",
      "planner",
      { sku, policy: { channels: [line], safety: [], sourcing: [] } },
      { "idempotency-key": `policy-${sku}` },
    )
    if (policy.status === 200) break
  }
  expect(await send("ReceiveStock", "warehouse", { sku, location: "L", qty }, { "idempotency-key": nextId() })).toMatchObject({
    status: 200,
  })
}

const reserve = (sku: string, qty = 1) => ({ sku, reservation: nextId(), qty, holdMs: 60_000 })

describe("a program that sells", () => {
  it("hears the decision, and the same one when it asks again", async () => {
    await stocked("A", 5)
    const [body, key] = [reserve("A", 2), { "idempotency-key": nextId() }]
    const first = await send("Reserve", "web", body, key)
    expect(first).toMatchObject({ status: 200, body: { id: key["idempotency-key"], sku: "A", outcome: "accepted", qty: 2 } })
    const again = await send("Reserve", "web", body, key)
    expect(again).toMatchObject({ status: 200, body: { ...first.body, repeated: true } })
  })
})
