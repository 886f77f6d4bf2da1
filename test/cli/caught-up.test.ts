import { Clock, Effect, Fiber, Layer } from "effect"
import { TestClock } from "effect/testing"
import { describe, expect, it } from "vitest"
import { caughtUp } from "../../src/cli/caught-up.ts"
import { pastCatchUpMsMax, pastLookMs, pastNoNearerMs } from "../../src/limits.ts"
import { Past, type PastExtent } from "../../src/ports/past.ts"

const endSeq = 100
const startMs = 1_000_000
/** A journal of a record a second; tables that know of it what `seqAt` says, so long after they were first asked. */
const extentAt = (seq: number): PastExtent => ({
  sinceMs: startMs,
  isFromTheFirst: true,
  knownToMs: startMs + seq * 1_000 - 1,
  known: { source: "tables", kind: "sku", partition: 0, seq, atMs: startMs + seq * 1_000, behind: Math.max(0, endSeq - seq) },
})

/** What is known in the end, when it is, how often tables were asked and what was said. */
const asked = (seqAt: (afterMs: number) => number, atMs?: number) =>
  Effect.gen(function* () {
    const said: Array<string> = []
    const withAnswer: Array<string> = []
    const beganMs = yield* Clock.currentTimeMillis
    let asks = 0
    const tables = Layer.mock(Past, {
      partitions: 1,
      orderPartition: () => 0,
      extent: () =>
        Effect.map(Clock.currentTimeMillis, (nowMs) => {
          asks++
          return extentAt(seqAt(nowMs - beganMs))
        }),
    })
    const past = caughtUp(tables, {
      say: (line) => Effect.sync(() => void said.push(line)),
      sayWithAnswer: (line) => Effect.sync(() => void withAnswer.push(line)),
    })
    const extent = Past.use((one) => one.extent("sku", 0, atMs)).pipe(Effect.provide(past))
    const fiber = yield* Effect.forkChild(extent)
    for (let ms = 0; fiber.pollUnsafe() === undefined; ms += pastLookMs) {
      if (ms > 2 * pastCatchUpMsMax) throw new Error("waited for ever")
      yield* TestClock.adjust(pastLookMs)
    }
    const { known } = yield* Fiber.join(fiber)
    return { seq: known.seq, behind: known.behind, tookMs: (yield* Clock.currentTimeMillis) - beganMs, asks, said, withAnswer }
  }).pipe(Effect.provide(TestClock.layer()), Effect.runPromise)

describe("who asks tables", () => {
  it("that have all is answered at once", async () => {
    expect(await asked(() => endSeq)).toMatchObject({ seq: endSeq, asks: 1, said: [] })
  })

  it("that are behind waits until they have what was journaled when it was asked, and hears so", async () => {
    const { seq, behind, asks, said } = await asked((ms) => Math.min(endSeq, 40 + ms / 50))
    expect({ seq, behind }).toEqual({ seq: endSeq, behind: 0 })
    expect(asks).toBeGreaterThan(1)
    expect(said).toEqual(["the tables are 60 records behind sku partition 0, and waited for (--source journals reads the journals)"])
  })

  it("about a moment that they know doesn't wait for what came after it", async () => {
    expect(await asked(() => 40, startMs + 30_000)).toMatchObject({ seq: 40, behind: 60, asks: 1, said: [] })
  })

  it("about a moment that they don't know waits until they do", async () => {
    const { seq, said } = await asked((ms) => Math.min(endSeq, 20 + Math.floor(ms / 100)), startMs + 30_000)
    expect(seq).toBe(31)
    expect(said).toHaveLength(1)
  })

  it("that nobody writes is answered soon, and told what the answer is without", async () => {
    const { seq, behind, tookMs, said, withAnswer } = await asked(() => 40)
    expect({ seq, behind }).toEqual({ seq: 40, behind: 60 })
    expect(tookMs).toBeLessThan(pastNoNearerMs + 2 * pastLookMs)
    expect(said).toEqual(["the tables are 60 records behind sku partition 0, and waited for (--source journals reads the journals)"])
    expect(withAnswer).toEqual(["the tables are 60 records behind sku partition 0 still: the answer is without these"])
  })

  it("that come nearer too slowly is answered all the same", async () => {
    const { seq, tookMs, said, withAnswer } = await asked((ms) => 40 + Math.floor(ms / 1_000))
    expect(seq).toBeLessThan(endSeq)
    expect(tookMs).toBeLessThan(pastCatchUpMsMax + 2 * pastLookMs)
    expect([said, withAnswer]).toMatchObject([{ length: 1 }, { length: 1 }])
  })
})
