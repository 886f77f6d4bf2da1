import { Context, Effect, Exit, Layer, Scope } from "effect"
import { afterEach, describe, expect, it } from "vitest"
import { sendersOf } from "../../src/domain/sender-list.ts"
import type { IngressInput } from "../../src/ingress/protocol.ts"
import { ownerSilentMs } from "../../src/limits.ts"
import { type IngressSample, Meter, type TracedGone } from "../../src/ports/meter.ts"
import { type RunningIngress, startIngress } from "../../src/runtime/ingress.ts"
import { IngressEngine } from "../../src/runtime/ingress-engine.ts"
import { Owners } from "../../src/runtime/owners.ts"
import { Reigns } from "../../src/runtime/reigns.ts"
import { loggingLayer } from "../../src/telemetry/logging.ts"
import { MemoryBroker } from "./memory-broker.ts"
import { command, listeningMeter, startTestWorker, stockUp, type TestWorker, until } from "./workers.ts"

const toClose: Array<() => Promise<unknown>> = []
afterEach(async () => {
  for (const close of toClose.splice(0).reverse()) await close()
})

interface TestIngress extends RunningIngress {
  readonly samples: Array<IngressSample>
  /** What it told of how long nobody served a partition. */
  readonly unserved: Array<number>
  /** What it told of messages with a trace. */
  readonly gone: Array<TracedGone>
  readonly close: () => Promise<void>
}

const senders = sendersOf("web=channel,shop=channel,warehouse=warehouse,planner=merchandiser")

/** An ingress over the memory broker's door; in the process of a worker where it is given its reigns. */
const startTestIngress = async (
  broker: MemoryBroker,
  options: {
    readonly reigns?: Layer.Layer<Reigns>
    readonly engine?: Layer.Layer<IngressEngine>
    readonly commandsPerSecond?: number
    readonly tellsUnserved?: boolean
  } = {},
): Promise<TestIngress> => {
  const samples: Array<IngressSample> = []
  const unserved: Array<number> = []
  const gone: Array<TracedGone> = []
  const scope = Scope.makeUnsafe()
  const meter = listeningMeter({ batches: [], steppedDown: [], reignsEnded: [], alarms: [], logged: [], takeovers: 0 })
  const layers = Layer.mergeAll(
    Layer.provideMerge(Owners.layer, Layer.merge(broker.door.deskLayer, options.reigns ?? Reigns.layer)),
    broker.door.doorLayer,
    options.engine ?? IngressEngine.layer,
    Layer.succeed(Meter, {
      ...meter,
      tracedGone: (told) => gone.push(told),
      ingressSampled: (sample) => {
        samples.push(sample)
        for (const { kind, unservedMs } of sample.partitions) if (kind === "sku" && unservedMs !== null) unserved.push(unservedMs)
      },
    }),
    loggingLayer({ format: "pretty", level: "None" }),
  )
  const context = await Effect.runPromise(Layer.buildWithScope(layers, scope))
  const { commandsPerSecond = 10_000, tellsUnserved = false } = options
  const bounds = { commandsPerSecond, bytesPerSecond: 10_000_000, tellsUnserved }
  const ingress = await Effect.runPromise(
    startIngress({ name: "test", partitions: { sku: broker.partitions, order: 1 }, senders, ...bounds }).pipe(
      Scope.provide(scope),
      Effect.provide(context),
    ),
  )
  const close = () => Effect.runPromise(Scope.close(scope, Exit.void))
  toClose.push(close)
  return { ...ingress, samples, unserved, gone, close }
}

const startOwner = async (broker: MemoryBroker, name: string, reigns?: Layer.Layer<Reigns>): Promise<TestWorker> => {
  const worker = await startTestWorker(broker, name, reigns === undefined ? {} : { reigns })
  toClose.push(() => worker.stop())
  await until(() => worker.report().partitions.every(({ phase }) => phase === "serving"))
  return worker
}

/** One set of reigns for all that are given it, as in one process. */
const sharedReigns = async () =>
  Layer.succeedContext(Context.make(Reigns, await Effect.runPromise(Reigns.use(Effect.succeed).pipe(Effect.provide(Reigns.layer)))))

const said = (broker: MemoryBroker, suffix: string) =>
  broker.door.said.filter((one) => one.suffix === suffix).map(({ body }) => JSON.parse(body))
const isOwned = (ingress: TestIngress) => ingress.report().partitions.every(({ kind, owned }) => kind !== "sku" || owned)

describe("an ingress", () => {
  it("tells, where it stands alone, that nobody serves a partition of which it hears no owner, and that somebody does", async () => {
    const broker = new MemoryBroker(1)
    const [alone, inside] = [await startTestIngress(broker, { tellsUnserved: true }), await startTestIngress(broker)]
    await until(() => (alone.unserved.at(-1) ?? 0) > ownerSilentMs)
    const owner = await startOwner(broker, "a")
    await until(() => alone.unserved.at(-1) === 0)
    await owner.stop()
    await until(() => (alone.unserved.at(-1) ?? 0) > ownerSilentMs)
    expect(inside.unserved).toEqual([])
  })

  it("opens its doors once it knows the broker's time, and says so", async () => {
    const broker = new MemoryBroker(1)
    const ingress = await startTestIngress(broker)
    await until(() => ingress.report().ready && broker.door.isOpen("web"))
    expect(ingress.report()).toMatchObject({ state: "open", closedDoors: [] })
    expect(ingress.report().ingress).toMatch(/^test-[0-9a-f]{8}$/)
  })

  it("hands selling commands to an owner elsewhere by way of the desk, and the decision is the answer", async () => {
    const broker = new MemoryBroker(2)
    await startOwner(broker, "a")
    const ingress = await startTestIngress(broker)
    stockUp(broker, "SKU-1", 5)
    await until(() => isOwned(ingress) && broker.door.isOpen("web") && broker.journals.some(({ items }) => items.length > 1))
    const reserve = command.reserve("SKU-1", 2)
    broker.door.send("web", "sell.sku.SKU-1", JSON.stringify(reserve), "r.1")
    await until(() => broker.decisions(reserve.id).length > 0)
    expect(broker.decisions(reserve.id)[0]).toMatchObject({ outcome: "accepted" })
    expect(broker.door.handed).toEqual(["heard"])
    expect(broker.commands.items).toHaveLength(2)
  })

  it("hands them to an owner of its own process in memory", async () => {
    const broker = new MemoryBroker(1)
    const reigns = await sharedReigns()
    await startOwner(broker, "a", reigns)
    const ingress = await startTestIngress(broker, { reigns })
    stockUp(broker, "SKU-1", 5)
    await until(() => isOwned(ingress) && broker.door.isOpen("web"))
    const reserve = command.reserve("SKU-1", 2)
    broker.door.send("web", "sell.sku.SKU-1", JSON.stringify(reserve), "r.1")
    await until(() => broker.decisions(reserve.id).length > 0)
    expect(broker.door.handed).toEqual([])
  })

  it("tells of messages with a trace what became of them and how long they were there, and of others nothing", async () => {
    const broker = new MemoryBroker(1)
    await startOwner(broker, "a")
    const ingress = await startTestIngress(broker)
    stockUp(broker, "SKU-1", 5)
    await until(() => isOwned(ingress) && broker.door.isOpen("web") && broker.door.isOpen("warehouse"))
    const traceparent = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
    const sent = [command.reserve("SKU-1", 1), command.reserve("SKU-1", 1)] as const
    broker.door.send("web", "sell.sku.SKU-1", JSON.stringify(sent[0]), "r.1", traceparent)
    broker.door.send("web", "sell.sku.SKU-1", JSON.stringify(sent[1]), "r.2")
    await until(() => sent.every(({ id }) => broker.decisions(id).length > 0))
    broker.door.send("warehouse", "stock.sku.SKU-1", JSON.stringify(command.receive("SKU-1", 7)), "w.1", traceparent)
    await until(() => ingress.gone.length > 1)
    expect(ingress.gone).toMatchObject([
      { kind: "sku", partition: 0, how: "handedOver", outcome: "heard", messages: [{ message: { trace: traceparent, class: "sell" } }] },
      { kind: "sku", partition: 0, how: "stored", outcome: "stored", messages: [{ message: { trace: traceparent, class: "stock" } }] },
    ])
    expect(ingress.gone.every(({ nowMs, messages }) => messages.length === 1 && messages.every(({ sinceMs }) => sinceMs <= nowMs))).toBe(
      true,
    )
  })

  it("stores facts while no worker is there, says so, and a worker that comes decides them", async () => {
    const broker = new MemoryBroker(1)
    await startTestIngress(broker)
    await until(() => broker.door.isOpen("warehouse"))
    const fact = command.receive("SKU-1", 7)
    broker.door.send("warehouse", "stock.sku.SKU-1", JSON.stringify(fact), "w.1")
    await until(() => said(broker, "w.1").length > 0)
    expect(said(broker, "w.1")).toEqual([{ v: 1, answer: "stored", partition: 0, seq: 1 }])
    await startOwner(broker, "a")
    await until(() => broker.decisions(fact.id).length > 0)
    expect(broker.decisions(fact.id)[0]).toMatchObject({ outcome: "accepted" })
  })

  it("stores again what may be stored, and one effect comes of it", async () => {
    const broker = new MemoryBroker(1)
    await startTestIngress(broker)
    await until(() => broker.door.isOpen("warehouse"))
    broker.door.storeFaults.push("storedUnanswered", "unknown")
    const fact = command.receive("SKU-1", 7)
    broker.door.send("warehouse", "stock.sku.SKU-1", JSON.stringify(fact), "w.1")
    await until(() => said(broker, "w.1").length > 0)
    expect(said(broker, "w.1")[0]).toMatchObject({ answer: "stored" })
    expect(broker.commands.items.length).toBe(2)
    await startOwner(broker, "a")
    await until(() => broker.decisions(fact.id).length > 0)
  })

  it("says busy where nobody is known to serve, and where the stream is full", async () => {
    const broker = new MemoryBroker(1)
    const ingress = await startTestIngress(broker)
    await until(() => broker.door.isOpen("web") && broker.door.isOpen("warehouse"))
    broker.door.send("web", "sell.sku.SKU-1", JSON.stringify(command.reserve("SKU-1", 1)), "r.1")
    broker.door.storeFaults.push("full")
    broker.door.send("warehouse", "stock.sku.SKU-1", JSON.stringify(command.receive("SKU-1", 1)), "w.1")
    await until(() => said(broker, "r.1").length > 0 && said(broker, "w.1").length > 0)
    expect(said(broker, "r.1")).toEqual([expect.objectContaining({ answer: "busy", why: "owner" })])
    expect(said(broker, "w.1")).toEqual([expect.objectContaining({ answer: "busy", why: "full" })])
    await until(() => ingress.samples.some(({ senders: counted }) => counted.some(({ busy }) => busy.owner > 0)))
  })

  it("takes nothing that may be too old, though it has only just arrived", async () => {
    const broker = new MemoryBroker(1)
    await startOwner(broker, "a")
    const ingress = await startTestIngress(broker)
    await until(() => isOwned(ingress) && broker.door.isOpen("web"))
    broker.door.ageMs = 10_000
    const reserve = command.reserve("SKU-1", 1)
    broker.door.send("web", "sell.sku.SKU-1", JSON.stringify(reserve), "r.1")
    await until(() => said(broker, "r.1").length > 0)
    expect(said(broker, "r.1")).toEqual([expect.objectContaining({ answer: "notStored", reason: "age" })])
    expect(broker.decisions(reserve.id)).toEqual([])
  })

  it("closes the door of a sender that is over its bound, and nobody else's", async () => {
    const broker = new MemoryBroker(1)
    await startTestIngress(broker, { commandsPerSecond: 5 })
    await until(() => broker.door.isOpen("web"))
    while (broker.door.isOpen("web")) broker.door.send("web", "sell.sku.SKU-1", JSON.stringify(command.reserve("SKU-1", 1)), "r.1")
    expect(broker.door.isOpen("shop")).toBe(true)
    await until(() => broker.door.isOpen("web"))
  })

  it("begins a new life when it throws, and takes on", async () => {
    const broker = new MemoryBroker(1)
    let throws = 1
    const real = await Effect.runPromise(IngressEngine.use(Effect.succeed).pipe(Effect.provide(IngressEngine.layer)))
    const engine = Layer.succeed(IngressEngine, {
      ...real,
      step: (ingress, input: IngressInput) => {
        if (input._tag === "Arrived" && throws-- > 0) throw new Error("a defect")
        return real.step(ingress, input)
      },
    })
    const ingress = await startTestIngress(broker, { engine })
    await until(() => broker.door.isOpen("warehouse"))
    const first = ingress.report().ingress
    broker.door.send("warehouse", "stock.sku.SKU-1", JSON.stringify(command.receive("SKU-1", 1)), "w.1")
    await until(() => ingress.report().ready && ingress.report().ingress !== first && broker.door.isOpen("warehouse"))
    broker.door.send("warehouse", "stock.sku.SKU-1", JSON.stringify(command.receive("SKU-1", 1)), "w.2")
    await until(() => said(broker, "w.2").length > 0)
    expect(said(broker, "w.1")).toEqual([])
  })

  it("drains: takes nothing more, and is done when what was under way is", async () => {
    const broker = new MemoryBroker(1)
    const ingress = await startTestIngress(broker)
    await until(() => broker.door.isOpen("warehouse"))
    broker.door.send("warehouse", "stock.sku.SKU-1", JSON.stringify(command.receive("SKU-1", 1)), "w.1")
    expect(await Effect.runPromise(ingress.drain(60_000))).toBe(true)
    expect(broker.door.isOpen("warehouse")).toBe(false)
    expect(said(broker, "w.1")).toHaveLength(1)
    expect(ingress.report()).toMatchObject({ ready: false, state: "leaving" })
  })
})

describe("a reign", () => {
  it("says that it reigns, again and again, and that it is over when it is", async () => {
    const broker = new MemoryBroker(1)
    const worker = await startOwner(broker, "a")
    await until(() => broker.door.announced.length > 2)
    const owner = broker.door.announced[0]?.owner
    expect(new Set(broker.door.announced.map((news) => news.owner))).toEqual(new Set([owner]))
    await worker.stop()
    expect(broker.door.announced.at(-1)).toMatchObject({ owner: null, epoch: 1 })
  })
})
