/** Questions to a real worker over a real server, from a client that knows no more than the protocol: requests, and a sender that asks too much. */
import { connect, errors, type NatsConnection } from "@nats-io/transport-node"
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from "vitest"
import { decodeAnswer } from "../../src/wire/questions.ts"
import { RealCluster, startTimeoutMs } from "./real-cluster.ts"

let cluster: RealCluster

const plain = async (sender: string): Promise<NatsConnection> => {
  const login = cluster.server.credentials.senders[sender]
  if (login === undefined) throw new Error(`the server knows no sender ${sender}`)
  const nc = await connect({ servers: cluster.server.url, user: login.user, pass: login.password, inboxPrefix: `hf.reply.${sender}` })
  onTestFinished(() => nc.close())
  return nc
}

const isNobody = (error: unknown): boolean => error instanceof errors.RequestError && error.isNoResponders()

/** Requests until there is an answer: the worker may have just started. */
const requested = async (nc: NatsConnection, subject: string) => {
  for (;;) {
    try {
      return decodeAnswer((await nc.request(subject, "", { timeout: 5_000 })).data)
    } catch (error) {
      if (!isNobody(error)) throw error
    }
  }
}

beforeAll(async () => {
  cluster = await RealCluster.start()
  cluster.startWorker()
}, startTimeoutMs)
afterAll(() => cluster.stop())

describe("a question as a request", () => {
  it("is answered on its own reply subject", async () => {
    const web = await plain("web")
    expect(await requested(web, "hf.get.web.topology")).toEqual({ answer: "topology", partitions: { sku: 4, order: 4 } })
    expect(await requested(web, "hf.get.web.stock.A")).toMatchObject({ answer: "notAllowed", question: "stock" })
  })

  it("of a sender that asks too much ends with no responders, while others are answered, and later it is too", async () => {
    const [web, warehouse] = [await plain("web"), await plain("warehouse")]
    await requested(web, "hf.get.web.topology")
    let nobody = 0
    const ask = () =>
      web.request("hf.get.web.topology", "", { timeout: 60_000 }).catch((error: unknown) => {
        if (isNobody(error)) nobody++
      })
    while (nobody === 0) {
      for (let i = 0; i < 2_000; i++) void ask()
      expect(await requested(warehouse, "hf.get.warehouse.topology")).toMatchObject({ partitions: { sku: 4 } })
      await web.flush()
    }
    expect(await requested(web, "hf.get.web.topology")).toMatchObject({ partitions: { sku: 4 } })
  })
})
