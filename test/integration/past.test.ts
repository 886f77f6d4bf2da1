/**
 * The past of a real run, asked of the journals and of the tables: the commands' own way to both, over a real nats-server, a real worker and a real Postgres that a real projector writes. The same questions have the
 * same answers. And `holdfast project` itself: what it says of a database that it can't use, `--once`, `--no-migrate`, `--rebuild`.
 */
import "effect/schema/SchemaJITCompiler/enable"
import { spawn } from "node:child_process"
import { writeFile } from "node:fs/promises"
import { join } from "node:path"
import { fileURLToPath } from "node:url"
import { ConfigProvider, Effect, Exit, Layer, Schema, Scope } from "effect"
import postgres, { type Sql } from "postgres"
import { afterAll, beforeAll, describe, expect, it } from "vitest"
import { connect, type SenderClient } from "../../src/channel.ts"
import { exitCode } from "../../src/cli/exit-codes.ts"
import { startGateway } from "../../src/cli/gateway-parts.ts"
import { tablesOnly } from "../../src/cli/gateway-past.ts"
import { askPast } from "../../src/cli/past-access.ts"
import { partitionOf, type SenderId, type Sku } from "../../src/domain/names.ts"
import type { OrderId } from "../../src/domain/order/names.ts"
import { plainLine } from "../../src/domain/sku/policy.ts"
import { LatelyOfSku, WhyOfSku } from "../../src/http/bodies.ts"
import { addKey, noKeys } from "../../src/http/keys.ts"
import { type Past, PastSource } from "../../src/ports/past.ts"
import { type EmbeddedPostgres, startPostgres } from "../../src/postgres/embedded.ts"
import { backtest } from "../../src/query/backtest/backtest.ts"
import { orderHistory, reservationHistory } from "../../src/query/history.ts"
import { availabilityAt } from "../../src/query/time-travel.ts"
import { whyAts } from "../../src/query/why.ts"
import { gatewayMeterLayer } from "../../src/telemetry/gateway-metrics.ts"
import { metricsLayer } from "../../src/telemetry/metrics.ts"
import { bare, textOf } from "../processes.ts"
import { RealCluster, startTimeoutMs } from "./real-cluster.ts"

let cluster: RealCluster
let server: EmbeddedPostgres
let sql: Sql
const web = "web" as SenderId
const clients = new Map<string, SenderClient>()

const as = (sender: string): SenderClient => {
  const found = clients.get(sender)
  if (found === undefined) throw new Error(`${sender} is not connected`)
  return found
}

const policyOf = (bufferQty: number) => ({
  channels: [{ ...plainLine("web", 0), bufferQty }, plainLine("marketplace", 1)],
  safety: [],
  sourcing: [],
})

/** SKUs of two partitions. */
const pot = "POT" as Sku
const mug = ((): Sku => {
  for (let n = 0; ; n++) if (partitionOf(`MUG-${n}` as Sku, 4) !== partitionOf(pot, 4)) return `MUG-${n}` as Sku
})()

/** What has to come of a command, so that what follows is what it seems. */
const expectOutcome = async (outcome: string, answer: Promise<{ readonly outcome: string }>): Promise<void> =>
  expect((await answer).outcome).toBe(outcome)

/** Something of everything: what is held, refused, expired, given back, sold without asking, ordered, and a policy that changes meanwhile. */
const play = async (): Promise<void> => {
  const [buyer, dock, planner] = [as("web"), as("warehouse"), as("planner")]
  const holdMs = 600_000
  const yes = (answer: Promise<{ readonly outcome: string }>) => expectOutcome("accepted", answer)
  const no = (answer: Promise<{ readonly outcome: string }>) => expectOutcome("refused", answer)
  for (const sku of [pot, mug]) {
    await yes(planner.setPolicy({ sku, policy: policyOf(2) }))
    await yes(dock.receiveStock({ sku, location: "north", qty: 20 }))
  }
  await yes(buyer.reserve({ sku: pot, reservation: "paid", qty: 3, holdMs }))
  await yes(buyer.confirm({ sku: pot, reservation: "paid" }))
  await no(buyer.reserve({ sku: pot, reservation: "greedy", qty: 900, holdMs }))
  await yes(buyer.reserve({ sku: pot, reservation: "lapsed", qty: 2, holdMs: 1 }))
  await yes(planner.setPolicy({ sku: pot, policy: policyOf(5) }))
  await yes(buyer.recordSale({ sku: pot, mode: "owed", reservation: "sold", qty: 30 }))
  await yes(dock.fulfil({ sku: pot, channel: web, reservation: "paid", location: "north" }))
  await yes(dock.receiveStock({ sku: pot, location: "south", qty: 40 }))
  const lines = [
    { sku: pot, qty: 1 },
    { sku: mug, qty: 2 },
  ]
  await yes(buyer.placeOrder({ order: "o-1", fill: "whole", holdMs, lines }))
  await yes(buyer.confirmOrder({ order: "o-1" }))
  await no(buyer.placeOrder({ order: "o-2", fill: "whole", holdMs, lines: [{ sku: mug, qty: 900 }] }))
  await yes(buyer.reserve({ sku: mug, reservation: "back", qty: 4, holdMs }))
  await yes(buyer.release({ sku: mug, reservation: "back", reason: "other" }))
}

const environment = (): Record<string, string> => {
  const { url, credentials } = cluster.server
  return {
    HOLDFAST_NATS_URL: url,
    HOLDFAST_ENGINE_USER: credentials.engine.user,
    HOLDFAST_ENGINE_PASSWORD: credentials.engine.password,
    HOLDFAST_POSTGRES_URL: server.url,
  }
}

/** As a command asks. Why it has no answer is told as its message. */
const ask = <A, E extends { readonly message: string }>(
  source: PastSource | null,
  asked: Effect.Effect<A, E, Past>,
  env: Readonly<Record<string, string>> = environment(),
  archive: string | null = null,
) => {
  const passedOver: Array<string> = []
  return askPast({ source, archive }, asked, { passedOver: (why) => Effect.sync(() => void passedOver.push(why)), waits: null }).pipe(
    Effect.provideService(ConfigProvider.ConfigProvider, ConfigProvider.fromEnvRecord(env)),
    Effect.catch((error) => Effect.succeed(error.message)),
    Effect.map((answer) => ({ answer, passedOver })),
    Effect.runPromise,
  )
}

/** Until the tables hold all that is journaled. */
const untilWritten = () =>
  expect
    .poll(async () => {
      const { answer } = await ask("tables", availabilityAt(mug, undefined))
      return typeof answer === "string" ? answer : answer.known.behind
    })
    .toBe(0)

beforeAll(async () => {
  const [started, database] = await Promise.all([RealCluster.start(), startPostgres({ isFleeting: true })])
  cluster = started
  server = database
  cluster.startWorker()
  sql = postgres(server.url, { max: 1, onnotice: () => undefined })
  for (const sender of ["web", "warehouse", "planner"]) {
    const login = cluster.server.credentials.senders[sender]
    if (login === undefined) throw new Error(`the server knows no ${sender}`)
    clients.set(sender, await connect({ servers: [cluster.server.url], sender, login, timeoutMs: 120_000 }))
  }
  await play()
}, startTimeoutMs)
afterAll(async () => {
  for (const client of clients.values()) await client.close()
  await sql?.end()
  await cluster?.stop()
  await server?.stop()
})

const main = fileURLToPath(new URL("../../src/main.ts", import.meta.url))

/** Runs a projector until its scope is left; what it says, so far. */
const projector = (url: string) => {
  const env = { ...bare, ...environment(), HOLDFAST_POSTGRES_URL: url, HOLDFAST_HTTP_PORT: "0" }
  const child = spawn(process.execPath, [main, "project"], { cwd: cluster.folder, env, stdio: ["ignore", "ignore", "pipe"] })
  const said = textOf(child.stderr)
  const ended = new Promise((resolve) => child.once("exit", resolve))
  return {
    said,
    [Symbol.asyncDispose]: async () => {
      child.kill("SIGTERM")
      await ended
    },
  }
}

describe("holdfast project", () => {
  it("at a database that it can't use: says what to do, and begins by itself when that was done", async () => {
    await sql`create role projector superuser login password 'another'`
    await sql`alter role projector set default_transaction_read_only = on`
    const url = new URL(server.url)
    url.username = "projector"
    url.password = "right"
    await using running = projector(String(url))
    await expect.poll(running.said).toContain("Put the right user and password into HOLDFAST_POSTGRES_URL")
    await sql`alter role projector password 'right'`
    await expect.poll(running.said).toContain("name the primary in HOLDFAST_POSTGRES_URL")
    await sql`alter role projector set default_transaction_read_only = off`
    await untilWritten()
  })

  it("--no-migrate: refuses tables of an older release, and says what brings them forward", async () => {
    await sql`delete from holdfast.migrations where id = (select max(id) from holdfast.migrations)`
    const older = await cluster.run(["project", "--no-migrate", "--once"], { env: environment() })
    expect(older).toMatchObject({ code: exitCode.topology, err: expect.stringContaining("of an older release") })
    expect(older.err).toContain("run `holdfast project` of this release")
  })

  it("--rebuild: tables that are wrong are made anew, and equal the journals again", async () => {
    const env = environment()
    await sql`update holdfast.stock set on_hand = on_hand + 1`
    expect(await cluster.run(["project", "--rebuild", "--once"], { env })).toMatchObject({ code: 0 })
    const { code, out } = await cluster.run(["audit", "--postgres"], { env })
    expect([code, out]).toEqual([0, expect.stringContaining("The tables equal the fold of the journals.")])
  })
})

const limit = 100
const doubled = { _tag: "Scaled", by: { bufferQty: 2 } } as const
type Question = Effect.Effect<unknown, { readonly message: string }, Past>

const questions = (atMs: number | undefined): ReadonlyArray<readonly [string, Question]> => [
  ["what could be sold", availabilityAt(pot, atMs)],
  ["what could be sold of another", availabilityAt(mug, atMs)],
  ["why", whyAts({ sku: pot, channel: web, atMs, limit })],
  ["why, of a channel that asks nobody", whyAts({ sku: pot, channel: "marketplace" as SenderId, atMs, limit: 2 })],
  ["a reservation that was refused", reservationHistory({ sku: pot, channel: web, reservation: "greedy" }, { limit, atMs })],
  ["a reservation that expired", reservationHistory({ sku: pot, channel: web, reservation: "lapsed" }, { limit, atMs })],
  ["a sale that was owed", reservationHistory({ sku: pot, channel: web, reservation: "sold" }, { limit, atMs })],
  ["an order", orderHistory(web, "o-1" as OrderId, { limit, atMs })],
  ["an order that was refused", orderHistory(web, "o-2" as OrderId, { limit, atMs })],
  ["a backtest", backtest({ tested: doubled, regained: "sold", sku: null, skusTold: 10, toMs: atMs })],
  ["a SKU that nobody knows", availabilityAt("NONE" as Sku, atMs)],
  ["an order that nobody knows", orderHistory(web, "none" as OrderId, { limit, atMs })],
  ["before the first record", availabilityAt(pot, 1_000)],
  ["the future", availabilityAt(pot, Date.now() + 3_600_000)],
]

/** What it says, without when it was asked and what it was read from. */
const saidIn = (answer: unknown): unknown => {
  if (typeof answer === "string") return answer.replaceAll(/\d{4}-\d{2}-\d{2}T[\d:.]+Z/g, "TIME")
  const { known: _, ...rest } = answer as { readonly known: unknown }
  return rest
}

describe("the past of a real run", () => {
  it("is told alike from the journals and from the tables", async () => {
    await untilWritten()
    const atMs = Date.now()
    for (const [name, asked] of questions(atMs)) {
      const [journals, tables] = [await ask("journals", asked), await ask("tables", asked)]
      expect(saidIn(tables.answer), name).toEqual(saidIn(journals.answer))
      if (typeof tables.answer === "string") continue
      const known = [(tables.answer as { readonly known: unknown }).known].flat()
      expect(known[0], name).toMatchObject({ source: "tables", behind: 0 })
    }
  })

  it.each(PastSource)("from the %s: has what happened in it", async (source) => {
    const { answer: why } = await ask(source, whyAts({ sku: pot, channel: web, limit }))
    if (typeof why === "string") throw new Error(why)
    expect(why.known.source).toBe(source)
    expect(why.steps.map(({ reason }) => reason)).toContain("InsufficientStock")
    expect(why.policy?.setBy?.sender).toBe("planner")
    const { answer: order } = await ask(source, orderHistory(web, "o-1" as OrderId, { limit }))
    expect(order).toMatchObject({
      phase: "confirmed",
      lines: [
        { sku: "POT", openQty: 1 },
        { sku: mug, openQty: 2 },
      ],
    })
    const { answer: lapsed } = await ask(source, reservationHistory({ sku: pot, channel: web, reservation: "lapsed" }, { limit }))
    expect(lapsed).toMatchObject({ status: "expired" })
  })

  it("is read from the tables where there are some, and otherwise from the journals, which is said", async () => {
    const asked = availabilityAt(pot, undefined)
    const { HOLDFAST_POSTGRES_URL: _, ...without } = environment()
    expect(await ask(null, asked)).toMatchObject({ answer: { known: { source: "tables" } }, passedOver: [] })
    expect(await ask(null, asked, without)).toMatchObject({ answer: { known: { source: "journals" } }, passedOver: [] })
    expect(await ask("tables", asked, without)).toMatchObject({ answer: expect.stringContaining("set HOLDFAST_POSTGRES_URL") })
    const away = { ...without, HOLDFAST_POSTGRES_URL: "postgres://holdfast:x@127.0.0.1:1/postgres" }
    expect(await ask(null, asked, away)).toMatchObject({
      answer: { known: { source: "journals" } },
      passedOver: [expect.stringContaining("ECONNREFUSED")],
    })
    expect((await ask("tables", asked, away)).answer).toContain("Start Postgres")
    expect((await ask("tables", asked, undefined, cluster.folder)).answer).toContain("say --source journals")
    expect(await ask(null, asked, undefined, cluster.folder)).toMatchObject({ answer: { known: { source: "journals" } } })
  })

  it("is told over HTTP by a gateway alone, from the tables, and how the SKU stood lately with it", async () => {
    const scope = await Effect.runPromise(Scope.make())
    const keysFile = join(cluster.folder, "keys.json")
    const added = addKey(noKeys(), { sender: "operator" as SenderId, scopes: [] }, "now")
    if (added === null) throw new Error("there is room")
    await writeFile(keysFile, JSON.stringify(added.file), { mode: 0o600 })
    const settings = { host: "127.0.0.1", port: 0, requestsPerSecond: 1_000, keysFile, loginsFile: null, tls: null, traceRatio: 0 }
    const { url, credentials } = cluster.server
    try {
      const gateway = await Effect.flatMap(tablesOnly(server.url), (past) =>
        startGateway(settings, [url], credentials.senders, keysFile, { past }),
      ).pipe(Effect.provide(gatewayMeterLayer.pipe(Layer.provideMerge(metricsLayer("test")))), Scope.provide(scope), Effect.runPromise)
      const get = (path: string) =>
        fetch(`${gateway.url}/v1/skus/${pot}/${path}`, { headers: { authorization: `Bearer ${added.text}`, prefer: "wait=25" } })
      const why = Schema.decodeUnknownSync(WhyOfSku)(await (await get("why?channel=web")).json())
      expect(why.known).toMatchObject({ source: "tables", behind: 0 })
      const lately = Schema.decodeUnknownSync(LatelyOfSku)(await (await get("past")).json())
      const { answer: now } = await ask("journals", availabilityAt(pot, undefined))
      if (typeof now === "string") throw new Error(now)
      const last = lately.points.at(-1)
      expect(lately.channels.map((channel, place) => ({ channel, ats: last?.ats[place] }))).toEqual(now.channels)
      expect(last).toMatchObject({ offered: now.offered, version: now.version })
      expect(lately.points.length).toBeGreaterThan(1)
      expect(await (await get("past?minutes=1441")).json()).toMatchObject({ status: 400, field: "minutes" })
    } finally {
      await Effect.runPromise(Scope.close(scope, Exit.void))
    }
  })

  it("is told by the commands, with where it was read and up to which record", async () => {
    const env = environment()
    const told = await cluster.run(["availability", pot, mug], { env })
    expect(told.out).toMatch(/Read from the tables, 2 partitions: all there is\.\n$/)
    await sql`update holdfast.migrations set tag = 'other' where id = 1`
    const passedOver = await cluster.run(["why", pot, "--channel", "web"], { env })
    expect(passedOver.out).toMatch(/Read from the journals, up to record \d+/)
    expect(passedOver.err).toMatch(/the tables can't be used, so the journals are read\. .*made by another build/)
  })
})
