import { describe, expect, it } from "vitest"
import { skuToken } from "../../src/domain/names.ts"
import { questionsPerSecond } from "../../src/limits.ts"
import { decodeAnswer, type QuestionAnswer } from "../../src/wire/questions.ts"
import { MemoryBroker } from "./memory-broker.ts"
import { command, startTestWorker, stockUp, until } from "./workers.ts"

/** Asks, and gathers what is answered. */
const ask = (broker: MemoryBroker, sender: string, path: string, body?: object | Uint8Array): Array<QuestionAnswer> => {
  const answers: Array<QuestionAnswer> = []
  const bytes = body === undefined ? new Uint8Array() : body instanceof Uint8Array ? body : new TextEncoder().encode(JSON.stringify(body))
  broker.ask(sender, path, bytes, (said) => {
    const answer = decodeAnswer(said)
    if (answer !== undefined) answers.push(answer)
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
    const answers = ask(broker, "reader", `stock.${skuToken("A 1")}`)
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
    const answers = ask(broker, "reader", "stock.NONE")
    const last = ask(broker, "reader", "workers")
    await until(() => last.length > 0)
    expect(answers).toMatchObject([{ answer: "unknownSku", sku: "NONE" }])
    await worker.stop()
  })

  it("about the workers are answered with what each counted of its partitions", async () => {
    const { broker, worker } = await served(1, ["A"])
    const { type: _, holdMs: __, ...sale } = command.reserve("A", 8)
    broker.publish("web", "sell", "A", { ...sale, type: "RecordSale", mode: "owed" }, null)
    await until(() => worker.report().partitions[0]?.figures?.shortQty === 3)
    const answers = ask(broker, "reader", "workers")
    await until(() => answers.length > 0)
    const [said] = answers
    expect(said?.answer === "worker" ? said.partitions[0]?.figures : undefined).toMatchObject({
      waiting: { count: 0, oldestAgeMs: 0 },
      quarantined: 0,
      openHolds: 0,
      short: [{ sku: "A", qty: 3 }],
      memory: [{ perMille: 1 }, { perMille: 1 }, { perMille: 1 }],
    })
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
    const answers = ask(broker, "reader", "stock.A")
    const workers = ask(broker, "reader", "workers")
    await until(() => workers.length > 0)
    expect(answers).toEqual([])
    broker.appending.open()
    await until(() => answers.length > 0)
    expect(answers).toMatchObject([{ answer: "stock", seq: end + 1, ats: [{ channel: "web", ats: 3 }] }])
    await worker.stop()
  })

  it("about a reservation are answered to the channel that made it, open, ended or unknown, and never to another", async () => {
    const { broker, worker } = await served(4, ["A"])
    const about = (sender: string, reservation: string) => ask(broker, sender, "reservation.A", { v: 1, reservation })
    broker.publish("web", "sell", "A", { ...command.reserve("A", 2), id: "c1", reservation: "r1" }, null)
    await until(() => worker.reported.batches.length > 0 && broker.feed.items.some(({ ats }) => ats === 3))
    const held = about("web", "r1")
    const others = about("shop", "r1")
    const none = about("web", "r2")
    await until(() => held.length > 0 && others.length > 0 && none.length > 0)
    const open = { answer: "reservation", sku: "A", reservation: "r1", status: "held", endedAtMs: null }
    expect(held).toMatchObject([{ ...open, allocations: [{ location: "main", qty: 2 }], expiresAtMs: expect.any(Number) }])
    expect(others).toMatchObject([{ answer: "unknownReservation", sku: "A", reservation: "r1" }])
    expect(none).toMatchObject([{ answer: "unknownReservation", sku: "A", reservation: "r2" }])
    const release = { v: 1, type: "Release", id: "c2", sku: "A", issuedAtMs: Date.now(), reservation: "r1", reason: "cancelled" }
    broker.publish("web", "sell", "A", release, null)
    await until(() => broker.feed.items.at(-1)?.ats === 5)
    const ended = about("web", "r1")
    await until(() => ended.length > 0)
    expect(ended).toMatchObject([
      { answer: "reservation", status: "released", allocations: [], expiresAtMs: null, endedAtMs: expect.any(Number) },
    ])
    await worker.stop()
  })

  it("that a sender's roles don't allow are answered with the roles that do, and tell nothing else", async () => {
    const { broker, worker } = await served(1, ["A"])
    const refused = {
      stock: ask(broker, "web", "stock.A"),
      workers: ask(broker, "warehouse", "workers"),
      quarantine: ask(broker, "reader", "quarantine.sku.0"),
    }
    const allowed = [ask(broker, "warehouse", "stock.A"), ask(broker, "reader", "workers"), ask(broker, "ops", "quarantine.sku.0")]
    await until(() => [...Object.values(refused), ...allowed].every((each) => each.length > 0))
    expect(allowed.flat().map(({ answer }) => answer)).toEqual(["stock", "worker", "quarantine"])
    expect(refused.stock).toEqual([{ answer: "notAllowed", question: "stock", roles: ["warehouse", "merchandiser", "operator", "reader"] }])
    expect(refused.workers).toEqual([{ answer: "notAllowed", question: "workers", roles: ["operator", "reader"] }])
    expect(refused.quarantine).toEqual([{ answer: "notAllowed", question: "quarantine", roles: ["operator"] }])
    await worker.stop()
  })

  it("of how many partitions there are, and about one that isn't there, are answered without asking anybody", async () => {
    const { broker, worker } = await served(4, [])
    const topology = ask(broker, "web", "topology")
    const beyond = [ask(broker, "web", "ats", { v: 1, partition: 4 }), ask(broker, "ops", "quarantine.sku.4")]
    await until(() => topology.length > 0 && beyond.every((each) => each.length > 0))
    expect(topology).toEqual([{ answer: "topology", partitions: { sku: 4, order: 1 } }])
    expect(beyond.flat()).toEqual(Array(2).fill({ answer: "invalid", field: "partition" }))
    await worker.stop()
  })

  it("of one sender are given up for a moment when they are too many; others are answered meanwhile, and it is too, later", async () => {
    const { broker, worker } = await served(1, ["A"])
    const flood: Array<Array<QuestionAnswer>> = []
    while (broker.isHeard("web")) flood.push(ask(broker, "web", "ats.A"))
    expect(flood.length).toBeGreaterThanOrEqual(questionsPerSecond)
    expect(flood.length).toBeLessThan(2 * questionsPerSecond)
    expect(broker.isHeard("shop")).toBe(true)
    const shop = ask(broker, "shop", "topology")
    await until(() => shop.length > 0)
    // Its turn came before the flood's end: those who ask take turns.
    expect(flood.flat().length).toBeLessThan(flood.length)
    await until(() => broker.isHeard("web"))
    await until(() => flood.every((each) => each.length > 0))
    const web = ask(broker, "web", "topology")
    await until(() => web.length > 0)
    await worker.stop()
  })

  it("as long as nobody's are take their sender's whole share", async () => {
    const { broker, worker } = await served(1, [])
    const answers = ask(broker, "web", "ats", new Uint8Array(questionsPerSecond * 1_024))
    expect(broker.isHeard("web")).toBe(false)
    await until(() => answers.length > 0)
    expect(answers).toEqual([{ answer: "invalid", field: "body" }])
    await worker.stop()
  })

  it("of somebody whom the configuration doesn't name are heard by nobody", async () => {
    const { broker, worker } = await served(1, [])
    expect(broker.isHeard("stranger")).toBe(false)
    await worker.stop()
  })

  it("that are none are told so", async () => {
    const { broker, worker } = await served(1, [])
    const answers = [
      ...["nonsense", "stock", "stock.%zz", "reservation.A", ""].map((path) => ask(broker, "web", path)),
      ask(broker, "web", "ats", { v: 1, limit: 0 }),
    ]
    await until(() => answers.every((each) => each.length > 0))
    expect(answers.flat().map(({ answer }) => answer)).toEqual(Array(6).fill("invalid"))
    await worker.stop()
  })

  it("that say more than is asked there are told where: a body where none belongs, another partition than the subject's", async () => {
    const { broker, worker } = await served(1, ["A"])
    const body = { v: 1, limit: 5 }
    const answers = [
      ask(broker, "reader", "stock.A", body),
      ask(broker, "web", "ats.A", body),
      ask(broker, "web", "topology", {}),
      ask(broker, "reader", "workers", new TextEncoder().encode(" ")),
      ask(broker, "ops", "quarantine.sku.0", { v: 1, partition: 1 }),
    ]
    const right = [ask(broker, "ops", "quarantine.sku.0", { v: 1, partition: 0 }), ask(broker, "web", "ats", body)]
    await until(() => [...answers, ...right].every((each) => each.length > 0))
    expect(answers.flat()).toEqual([...Array(4).fill({ answer: "invalid", field: "body" }), { answer: "invalid", field: "partition" }])
    expect(right.flat().map(({ answer }) => answer)).toEqual(["quarantine", "ats"])
    await worker.stop()
  })
})
