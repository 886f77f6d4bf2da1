import { Effect } from "effect"
import { describe, expect, it } from "vitest"
import { skuToken } from "../../src/domain/names.ts"
import { type Answer, decodeAnswer } from "../../src/wire/questions.ts"
import { MemoryBroker } from "./memory-broker.ts"
import { command, startTestWorker, stockUp, until } from "./workers.ts"

/** Asks, and gathers what is answered. */
const ask = (broker: MemoryBroker, sender: string, path: string, body?: object): Array<Answer> => {
  const answers: Array<Answer> = []
  broker.questions.push({
    sender,
    path: path.split("."),
    body: body === undefined ? new Uint8Array() : new TextEncoder().encode(JSON.stringify(body)),
    answer: (bytes) =>
      Effect.sync(() => {
        const answer = decodeAnswer(bytes)
        if (answer !== undefined) answers.push(answer)
      }),
  })
  return answers
}

/** A worker that serves, with stock of some SKUs that the web shop sells. */
const served = async (partitions: number, skus: ReadonlyArray<string>) => {
  const broker = new MemoryBroker(partitions)
  const worker = await startTestWorker(broker, "a")
  for (const sku of skus) stockUp(broker, sku, 5)
  await until(() => worker.report().ready && broker.feed.items.length >= skus.length)
  return { broker, worker }
}

describe("questions", () => {
  it("about a SKU are answered with its stock and the record that is as of", async () => {
    const { broker, worker } = await served(4, ["A 1"])
    const answers = ask(broker, "web", `stock.${skuToken("A 1")}`)
    await until(() => answers.length > 0)
    expect(answers).toMatchObject([
      {
        answer: "stock",
        sku: "A 1",
        locations: [{ location: "main", onHand: 5, available: 5 }],
        ats: [{ channel: "web", ats: 5 }],
        epoch: 1,
      },
    ])
    await worker.stop()
  })

  it("about a SKU that nobody knows are answered by the owner of its partition alone", async () => {
    const { broker, worker } = await served(4, [])
    const answers = ask(broker, "web", "stock.NONE")
    const last = ask(broker, "web", "workers")
    await until(() => last.length > 0)
    expect(answers).toMatchObject([{ answer: "unknownSku", sku: "NONE" }])
    await worker.stop()
  })

  it("about all of a channel's ATS are answered per partition, in pages, and only to the channel that asks", async () => {
    const skus = ["A", "B", "C"]
    const { broker, worker } = await served(1, skus)
    const first = ask(broker, "web", "ats", { v: 1, partition: 0, limit: 2 })
    await until(() => first.length > 0)
    expect(first).toMatchObject([
      {
        answer: "ats",
        values: [
          { channel: "web", ats: 5 },
          { channel: "web", ats: 5 },
        ],
        next: 2,
      },
    ])
    const rest = ask(broker, "web", "ats", { v: 1, partition: 0, after: 2 })
    const others = ask(broker, "shop", "ats")
    await until(() => rest.length > 0 && others.length > 0)
    expect(rest).toMatchObject([{ answer: "ats", values: [{ channel: "web" }], next: null }])
    expect(others).toMatchObject([{ answer: "ats", values: [], next: null }])
    await worker.stop()
  })

  it("about what an append in flight changes are answered only once it is journaled", async () => {
    const { broker, worker } = await served(1, ["A"])
    const end = broker.journal(0).items.length
    broker.appending.close()
    broker.publish("web", "sell", "A", command.reserve("A", 2), null)
    await until(() => broker.appending.waiting > 0)
    const answers = ask(broker, "web", "stock.A")
    const workers = ask(broker, "web", "workers")
    await until(() => workers.length > 0)
    expect(answers).toEqual([])
    broker.appending.open()
    await until(() => answers.length > 0)
    expect(answers).toMatchObject([{ answer: "stock", seq: end + 1, ats: [{ channel: "web", ats: 3 }] }])
    await worker.stop()
  })

  it("that are none are told so", async () => {
    const { broker, worker } = await served(1, [])
    const answers = [
      ...["nonsense", "stock", "stock.%zz"].map((path) => ask(broker, "web", path)),
      ask(broker, "web", "ats", { v: 1, limit: 0 }),
    ]
    await until(() => answers.every((each) => each.length > 0))
    expect(answers.flat().map(({ answer }) => answer)).toEqual(Array(4).fill("invalid"))
    await worker.stop()
  })
})
