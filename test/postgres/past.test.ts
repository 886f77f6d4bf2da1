/** The past as the tables tell it, held to the journals: over random lives, over more months than are kept, and where the tables are behind, gone, made anew or another cluster's. */
import "effect/schema/SchemaJITCompiler/enable"
import { Effect, Layer, Stream } from "effect"
import { TestClock } from "effect/testing"
import fc from "fast-check"
import postgres, { type Sql } from "postgres"
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest"
import { journalPorts } from "../../load/projector/journal-ports.ts"
import type { SenderId, Sku } from "../../src/domain/names.ts"
import { type JournalEnd, Past } from "../../src/ports/past.ts"
import { openDatabase, servedSchema } from "../../src/postgres/connection.ts"
import { type EmbeddedPostgres, startPostgres } from "../../src/postgres/embedded.ts"
import { migrate, migrations } from "../../src/postgres/migrate.ts"
import { dropMonthsBefore } from "../../src/postgres/months.ts"
import { openTablesPast } from "../../src/postgres/past.ts"
import { projectionLayer } from "../../src/postgres/projection.ts"
import { projectJournal } from "../../src/projection/project.ts"
import { backtest } from "../../src/query/backtest/backtest.ts"
import { reservationHistory } from "../../src/query/history.ts"
import { latelyOf } from "../../src/query/lately.ts"
import { availabilityAt } from "../../src/query/time-travel.ts"
import { whyAts } from "../../src/query/why.ts"
import { startMs } from "../engine/rig.ts"
import { actionOf, Life, pastOf } from "../query/past-rig.ts"

let server: EmbeddedPostgres
let sql: Sql
const counts = { sku: 1, order: 1 }
const A = "A" as Sku
const web = "web" as SenderId
const limit = 1_000

beforeAll(async () => {
  server = await startPostgres({ isFleeting: true })
  sql = postgres(server.url, { max: 1, onnotice: () => undefined, connection: { search_path: servedSchema } })
})
afterAll(async () => {
  await sql?.end()
  await server?.stop()
})
beforeEach(async () => {
  await sql`drop schema if exists holdfast cascade`
  await migrate(sql, servedSchema)
})

/** Projects a life as far as it has got. */
const project = (life: Life): Promise<void> =>
  Effect.gen(function* () {
    const database = yield* openDatabase({ url: server.url, schema: servedSchema, connections: 1, name: "test" })
    const ports = Layer.merge(projectionLayer(database), journalPorts([life.broker.journal]))
    yield* projectJournal({ kind: "sku", partition: 0, onlyToEnd: true }).pipe(Effect.provide(ports))
  }).pipe(Effect.scoped, Effect.runPromise)

type Question<A> = Effect.Effect<A, { readonly _tag: string; readonly message: string }, Past>

/** What is told, or why not, at the end of a life. */
const at = <A>(life: Life, asked: Effect.Effect<A, { readonly _tag: string; readonly message: string }>): Promise<A | string> =>
  Effect.runPromise(
    Effect.andThen(TestClock.setTime(life.worker.nowMs), asked).pipe(
      Effect.provide(TestClock.layer()),
      Effect.catch((error) => Effect.succeed("reason" in error ? `${error.reason}: ${error.message}` : `${error._tag}: ${error.message}`)),
    ),
  )

const ofJournals = <A>(life: Life, asked: Question<A>) => at(life, Effect.provide(asked, pastOf(life.broker)))

const endOf = (life: Life): JournalEnd => ({ seq: life.broker.journal.length, incarnation: null })

const ofTables = <A>(life: Life, asked: Question<A>, end: JournalEnd | null = endOf(life), url = server.url) =>
  at(
    life,
    Effect.scoped(
      Effect.flatMap(
        openTablesPast(url, counts, () => Effect.succeed(end)),
        (past) => Effect.provide(asked, past),
      ),
    ),
  )

/** Without what says where it is from. */
const said = (answer: unknown): unknown => {
  if (typeof answer !== "object" || answer === null) return answer
  const { known: _, ...rest } = answer as { readonly known?: unknown }
  return rest
}

const tried = { _tag: "Scaled", by: { bufferQty: 2 } } as const
const questionsOf = (life: Life, atMs: number): ReadonlyArray<Question<unknown>> => [
  availabilityAt(A, atMs),
  whyAts({ sku: A, channel: web, atMs, limit }),
  whyAts({ sku: A, channel: web, atMs, limit: 2, reservation: "r1" }),
  reservationHistory({ sku: A, channel: web, reservation: "r0" }, { limit, atMs }),
  backtest({ tested: tried, regained: "sold", sku: A, skusTold: 5, toMs: atMs }),
  backtest({ tested: tried, regained: "lapse", sku: null, skusTold: 5, fromMs: atMs - 60_000, toMs: life.worker.nowMs }),
  latelyOf(A, 1_800_000),
]

describe("tables and journals", () => {
  it("answer alike, of every moment", async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(actionOf(true), { minLength: 5, maxLength: 25 }), fc.nat(24), async (actions, nth) => {
        await sql`truncate cursors, ledger, skus, sku_marks, stock, reservations, ats, policies, quarantine, shortages, discrepancies, senders`
        const life = new Life(12, 1, 10)
        for (const action of actions) life.do(action)
        await project(life)
        const records = life.broker.records()
        const atMs = records[Math.min(nth, records.length - 1)]?.atMs ?? 0
        for (const asked of questionsOf(life, atMs)) expect(said(await ofTables(life, asked))).toEqual(said(await ofJournals(life, asked)))
      }),
      { numRuns: 5 },
    )
  })

  it("refuse alike what can't be asked", async () => {
    const life = new Life(5, 0, 0)
    await project(life)
    const { nowMs } = life.worker
    const wrong = [
      availabilityAt(A, nowMs + 1),
      availabilityAt("B" as Sku, undefined),
      whyAts({ sku: A, channel: web, atMs: 1_000, limit }),
      whyAts({ sku: A, channel: web, limit, before: "x" }),
      reservationHistory({ sku: A, channel: web, reservation: "none" }, { limit }),
      backtest({ tested: tried, regained: "sold", sku: A, skusTold: 5, fromMs: nowMs, toMs: nowMs }),
    ]
    for (const asked of wrong) {
      const refused = await ofJournals(life, asked as Question<unknown>)
      expect(typeof refused).toBe("string")
      expect(await ofTables(life, asked as Question<unknown>)).toBe(refused)
    }
  })
})

describe("tables that are behind", () => {
  const behind = async () => {
    const life = new Life(9, 0, 0)
    await project(life)
    const known = life.broker.journal.length
    const { nowMs } = life.worker
    life.send("web", "Reserve", { reservation: "late", qty: 2, holdMs: 60_000 })
    life.do({ type: "wait", ms: 1_000 })
    return { life, known, nowMs }
  }

  it("tell up to which record they know, and how many follow it", async () => {
    const { life, known } = await behind()
    const answer = await ofTables(life, availabilityAt(A, undefined))
    if (typeof answer === "string") throw new Error(answer)
    expect(answer.offered).toBe(9)
    expect(answer.known).toMatchObject({ source: "tables", partition: 0, seq: known, behind: 1 })
    const unasked = await ofTables(life, availabilityAt(A, undefined), null)
    if (typeof unasked === "string") throw new Error(unasked)
    expect(unasked.known.behind).toBeNull()
  })

  it("refuse what happened since, and the very millisecond of the last record, which another may share", async () => {
    const { life, nowMs } = await behind()
    const last = life.broker.records().at(-2)?.atMs ?? 0
    expect(await ofTables(life, availabilityAt(A, life.worker.nowMs))).toContain("NotKnownYet: what was decided after")
    expect(await ofTables(life, availabilityAt(A, last))).toContain("--source journals")
    expect(await ofTables(life, whyAts({ sku: A, channel: web, atMs: nowMs + 1, limit }))).toContain("NotKnownYet")
    expect(await ofTables(life, backtest({ tested: tried, regained: "sold", sku: A, skusTold: 1, toMs: life.worker.nowMs }))).toContain(
      "NotKnownYet",
    )
  })

  it("don't say of what they don't know that it never was", async () => {
    const life = new Life(9, 0, 0)
    life.do({ type: "wait", ms: 1_000 })
    life.do({ type: "receive", qty: 1 })
    await project(life)
    life.send("web", "Reserve", { reservation: "late", qty: 2, holdMs: 60_000 })
    const B = "B" as Sku
    const late = { sku: A, channel: web, reservation: "late" }
    const read = "1 record that followed has not been read yet: ask again in a moment, or of the journals themselves (--source journals)"
    expect(await ofTables(life, reservationHistory(late, { limit }))).toBe(
      `NotKnownYet: the tables know nothing of the reservation late of web, and ${read}`,
    )
    expect(await ofJournals(life, reservationHistory(late, { limit }))).toMatchObject({ status: "held", openQty: 2 })
    for (const asked of [
      availabilityAt(B, undefined),
      whyAts({ sku: B, channel: web, limit }),
      latelyOf(B, 60_000),
      backtest({ tested: tried, regained: "sold", sku: B, skusTold: 1 }),
    ])
      expect(await ofTables(life, asked as Question<unknown>)).toBe(`NotKnownYet: the tables know nothing of B, and ${read}`)
    // Of a moment that they know, all has been read; and where nobody can say what followed, they say how far they know.
    const earlier = startMs + 500
    const by = "UnknownReservation: nothing had been asked or told about the reservation late of web by"
    expect(await ofTables(life, reservationHistory(late, { limit, atMs: earlier }))).toContain(by)
    expect(await ofTables(life, availabilityAt(B, earlier))).toContain("UnknownSku")
    expect(await ofTables(life, reservationHistory(late, { limit }), null)).toContain(by)
    await project(life)
    const never = await ofTables(life, reservationHistory({ ...late, reservation: "none" }, { limit }))
    expect(never).toContain("UnknownReservation: nothing was ever asked or told about")
  })

  it("are behind by nothing where the journal rests, however long ago they were written", async () => {
    const life = new Life(9, 0, 0)
    await project(life)
    life.do({ type: "wait", ms: 70_000 })
    const end = { seq: Number((await sql`select seq from cursors`)[0]?.seq), incarnation: null }
    expect(await ofTables(life, availabilityAt(A, life.worker.nowMs - 10), end)).toMatchObject({ offered: 9, known: { behind: 0 } })
  })

  it("that hold nothing yet don't say that nothing was decided", async () => {
    const life = new Life(9, 0, 0)
    expect(await ofTables(life, availabilityAt(A, undefined))).toContain(
      "NotKnownYet: the tables hold nothing of sku partition 0 yet, whose journal has",
    )
    expect(await ofTables(life, availabilityAt(A, undefined), { seq: 0, incarnation: null })).toContain("NothingRecorded")
    expect(await ofTables(life, backtest({ tested: tried, regained: "sold", sku: null, skusTold: 1 }))).toContain("NotKnownYet")
  })
})

const month = 31 * 86_400_000

describe("months that are no longer kept", () => {
  /** Two holds a month for longer than is kept, and one that outlives that. */
  const lived = async () => {
    const life = new Life(1_000, 2, 0)
    life.send("web", "Reserve", { reservation: "old", qty: 1, holdMs: 60_000 })
    life.send("web", "Confirm", { reservation: "old" })
    for (let n = 0; n < 17; n++) {
      for (const name of ["a", "b"]) {
        life.send("web", "Reserve", { reservation: `${name}${n}`, qty: 1, holdMs: 60_000 })
        life.send("web", "Confirm", { reservation: `${name}${n}` })
      }
      life.do({ type: "wait", ms: month })
      // Time goes on by what the broker says.
      life.send("dc", "ReceiveStock", { location: "L", qty: 1 })
    }
    life.send("dc", "Fulfil", { channel: "web", reservation: "old", location: "L" })
    await project(life)
    const [{ months } = { months: 0 }] = await sql`select count(distinct date_trunc('month', at))::int as months from ledger`
    expect(months).toBeGreaterThan(15)
    return life
  }

  it("leave what follows them as it was, and what they took is refused", async () => {
    const life = await lived()
    const [{ newest } = { newest: "" }] = await sql`select to_json(max(at) - interval '13 months') #>> '{}' as newest from cursors`
    expect((await dropMonthsBefore(sql, String(newest).slice(0, 7))).length).toBeGreaterThan(2)
    const [{ first } = { first: 0 }] = await sql`select (extract(epoch from min(at)) * 1000)::int8 as first from ledger`
    const since = Number(first)
    for (const atMs of [since, since + month, since + 5 * month, life.worker.nowMs]) {
      const asked = availabilityAt(A, atMs)
      expect(said(await ofTables(life, asked))).toEqual(said(await ofJournals(life, asked)))
      const why = whyAts({ sku: A, channel: web, atMs, limit })
      const [told, whole] = [await ofTables(life, why), await ofJournals(life, why)]
      if (typeof told === "string" || typeof whole === "string") throw new Error(`${told} ${whole}`)
      expect([told.ats, told.terms, told.version, told.keptSinceMs]).toEqual([whole.ats, whole.terms, whole.version, since])
      // What is kept of the chain is its end, step by step, numbers included.
      expect(told.steps.length).toBeGreaterThan(0)
      expect(told.steps).toEqual(whole.steps.slice(-told.steps.length))
      expect(told.sentences.at(-1)).toContain("no longer kept in the tables")
    }
    for (const asked of [availabilityAt(A, since - 1), whyAts({ sku: A, channel: web, atMs: since - 1, limit })])
      expect(await ofTables(life, asked as Question<unknown>)).toMatch(/^BeforeRetention.*--source journals --archive FOLDER/)
    expect(await ofTables(life, backtest({ tested: tried, regained: "sold", sku: A, skusTold: 1 }))).toContain("BeforeRetention")
    const historyOf = (reservation: string) => reservationHistory({ sku: A, channel: web, reservation }, { limit })
    expect(said(await ofTables(life, historyOf("a16")))).toEqual(said(await ofJournals(life, historyOf("a16"))))
    for (const gone of ["old", "a0"]) expect(await ofTables(life, historyOf(gone))).toContain("may have begun before what is kept")
  })

  it("that go while they are read make no answer", async () => {
    const life = await lived()
    const overtaken = Effect.gen(function* () {
      const past = yield* Past
      yield* past.extent("sku", 0)
      yield* Effect.promise(() => dropMonthsBefore(sql, "2027-09"))
      yield* Stream.runDrain(past.skuLines({ sku: A }, life.worker.nowMs, 0))
    })
    expect(await ofTables(life, overtaken)).toContain("months were dropped, while they were read. Ask again")
  })
})

describe("tables that can't be used", () => {
  const life = new Life(5, 0, 0)
  const asked = availabilityAt(A, undefined)

  it("of another cluster are not answered from", async () => {
    await project(life)
    expect(await ofTables(life, asked, { seq: 99, incarnation: "another" })).toMatch(/another cluster's.*--source journals/)
  })

  it("of an older release, a newer one, and none at all are named, with the remedy", async () => {
    await sql`delete from migrations where id = (select max(id) from migrations)`
    expect(await ofTables(life, asked)).toMatch(/older release.*run `holdfast project` of this release/)
    await sql`drop schema holdfast cascade`
    await migrate(sql, servedSchema, [...(await migrations()), { tag: "9999_later", hash: "later", statements: [] }])
    expect(await ofTables(life, asked)).toMatch(/newer release.*run that release/)
    await sql`drop schema holdfast cascade`
    expect(await ofTables(life, asked)).toMatch(/not there.*start `holdfast project`/)
  })

  it("at a Postgres that is away, or with the wrong password, say so", async () => {
    const away = new URL(server.url)
    away.port = "1"
    expect(await ofTables(life, asked, null, String(away))).toMatch(/ECONNREFUSED.*Start Postgres/)
    const wrong = new URL(server.url)
    wrong.password = "wrong"
    expect(await ofTables(life, asked, null, String(wrong))).toMatch(/28P01.*right user and password/)
  })
})
