/** Whatever waits for an answer on a connection that breaks hears so at once, whenever it was handed over around the break, and can be asked again as soon as there is a connection. */
import { Effect, Exit, ManagedRuntime, Scope } from "effect"
import { afterAll, beforeAll, describe, expect, it } from "vitest"
import { type Way, wayTo } from "../../load/outages/half-open.ts"
import type { SenderId, Sku } from "../../src/domain/names.ts"
import type { AtsValue } from "../../src/kinds/sku/types.ts"
import { engineInbox } from "../../src/nats/config.ts"
import { type Link, openLink } from "../../src/nats/connection.ts"
import { publishCounted } from "../../src/nats/counted-publisher.ts"
import { deskLayer } from "../../src/nats/desk.ts"
import { type EmbeddedServer, startEmbedded } from "../../src/nats/embedded.ts"
import { Cluster, Journals, Outbound, Snapshots } from "../../src/ports/broker.ts"
import { SenderLink } from "../../src/ports/channel.ts"
import { Desk } from "../../src/ports/door.ts"
import { hearQuestions, makeSender, makeWorker, senderConfig, senders, startTimeoutMs, workerConfig } from "./nats-broker.ts"

/** How long the way is broken, and what anything may take that was handed over around that: it breaks, the client comes back, and a request waits for a connection. */
const brokenMs = 300
const answeredMsMax = 2_500

let server: EmbeddedServer
let way: Way
const toClose: Array<() => Promise<unknown>> = []
beforeAll(async () => {
  server = await startEmbedded({ senders })
  way = await wayTo(server.url)
  toClose.push(
    () => server.stop(),
    () => way.close(),
  )
}, startTimeoutMs)
afterAll(async () => {
  for (const close of toClose.splice(0).reverse()) await close()
})

/** A connection that lives as long as this file. */
const linkThroughTheWay = async (): Promise<Link> => {
  const scope = Scope.makeUnsafe()
  toClose.push(() => Effect.runPromise(Scope.close(scope, Exit.void)))
  return Effect.runPromise(Scope.provide(openLink({ servers: [way.url] }, server.credentials.engine, engineInbox, "test"), scope))
}

const longest = async (handOver: () => Promise<unknown>): Promise<number> => {
  const took: Array<Promise<number>> = []
  const startedMs = performance.now()
  const breaking = setTimeout(() => way.breakFor(brokenMs), 100)
  while (performance.now() - startedMs < 100 + 2 * brokenMs) {
    const fromMs = performance.now()
    const ended = (): number => performance.now() - fromMs
    took.push(handOver().then(ended, ended))
    await new Promise((resolve) => setTimeout(resolve, 2))
  }
  clearTimeout(breaking)
  return Math.max(...(await Promise.all(took)))
}

const body = new TextEncoder().encode("{}")
const value: AtsValue = {
  channel: "web" as SenderId,
  sku: "A" as Sku,
  ats: 1,
  version: 1,
  delta: 1,
  cause: "StockReceived",
  atMs: 1_700_000_000_000,
}

describe("what is handed over around a break of 300 ms ends soon after", () => {
  it("a group that is counted, by itself: it fails at the break, and is never dropped by a client that connects again", async () => {
    const link = await linkThroughTheWay()
    const worker = makeWorker(workerConfig(server))
    toClose.push(() => worker.dispose())
    await worker.runPromise(Cluster.use((cluster) => cluster.prepare({ partitions: { sku: 1, order: 1 }, replicas: 1 })))
    const group = [{ subject: "hf.feed.0.web.A", body }]
    expect(await longest(() => publishCounted(link, group))).toBeLessThan(answeredMsMax)
    // And the next is stored.
    await link.request(() => publishCounted(link, group))
  })

  it("everything a worker asks for", async () => {
    const worker = makeWorker(workerConfig(server, { servers: [way.url] }))
    toClose.push(() => worker.dispose())
    await worker.runPromise(Cluster.use((cluster) => cluster.prepare({ partitions: { sku: 1, order: 1 }, replicas: 1 })))
    const kinds = {
      feed: () => worker.runPromise(Outbound.use((outbound) => outbound.feed(0, [value]))),
      replies: () => worker.runPromise(Outbound.use((outbound) => outbound.reply([]))),
      lease: () => worker.runPromise(Cluster.use((cluster) => cluster.renew(0, "w", 1, 3_000))),
      "end of a journal": () => worker.runPromise(Journals.use((journals) => journals.endSeq(0))),
      append: () => worker.runPromise(Journals.use((journals) => journals.append(0, 7, "id", body))),
      chunk: () => worker.runPromise(Snapshots.use((snapshots) => snapshots.putChunk(0, "s", 0, body))),
    }
    for (const [kind, handOver] of Object.entries(kinds)) expect([kind, (await longest(handOver)) < answeredMsMax]).toEqual([kind, true])
  })

  it("everything an ingress asks for", async () => {
    const desk = ManagedRuntime.make(deskLayer({ servers: [way.url], login: { ingress: server.credentials.ingress }, name: "test" }))
    toClose.push(() => desk.dispose())
    await desk.context()
    const kinds = {
      hand: () => desk.runPromise(Desk.use(({ hand }) => hand("sku", 0, "nobody", body))),
      store: () => desk.runPromise(Desk.use(({ store }) => store("sku", 0, body))),
      time: () => desk.runPromise(Desk.use(({ brokerMs }) => brokerMs)),
    }
    for (const [kind, handOver] of Object.entries(kinds)) expect([kind, (await longest(handOver)) < answeredMsMax]).toEqual([kind, true])
  })

  it("a sender's question", async () => {
    const worker = makeWorker(workerConfig(server))
    toClose.push(() => worker.dispose())
    hearQuestions(worker, 1)
    const sender = makeSender({ ...senderConfig(server, "web"), servers: [way.url] })
    toClose.push(() => sender.dispose())
    await sender.context()
    expect(await longest(() => sender.runPromise(SenderLink.use((link) => link.ask("topology", body, "a.b"))))).toBeLessThan(answeredMsMax)
  })
})
