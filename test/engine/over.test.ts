/** A hold that is over is over for everybody: at the step level, and in any history. */
import fc from "fast-check"
import { describe, expect, it } from "vitest"
import { protocolRules } from "../../src/engine/rules.ts"
import { batchExpiriesMax } from "../../src/limits.ts"
import { json, saidOf, serving, startMs, type Worker } from "./rig.ts"

/** What is decided at one moment of a hold of all units, by its own channel and by another. */
const atEnd = (holdMs: number, afterMs: number): readonly [string | undefined, string | undefined] => {
  const worker = serving(4)
  worker.send("web", json("Reserve", { id: "a", reservation: "a", qty: 4, holdMs }))
  worker.settle()
  worker.nowMs += afterMs
  worker.hearRenewal()
  worker.broker.replies = []
  const confirm = worker.broker.store("web", "sell", "A", JSON.stringify(json("Confirm", { id: "c", reservation: "a" })))
  const reserve = worker.broker.store(
    "shop",
    "sell",
    "A",
    JSON.stringify(json("Reserve", { id: "b", reservation: "b", qty: 4, holdMs: 9_000 })),
  )
  worker.arrive(confirm, reserve)
  worker.settle()
  const outcome = (id: string) => {
    const said = saidOf(worker.broker, id)
    return said?.outcome === "refused" ? said.reason : said?.outcome
  }
  return [outcome("c"), outcome("b")]
}

const held = (worker: Worker, atMs: number): ReadonlyArray<string> =>
  [...(worker.partition.actors.get("A" as never)?.state.reservations?.slots ?? [])].flatMap((one) =>
    one?.status === "held" && one.expiresAtMs <= atMs ? [one.id] : [],
  )

describe("a hold whose time is up", () => {
  it("is over for its holder and for everybody else at the same millisecond", () => {
    for (let holdMs = 1_000; holdMs < 1_070; holdMs++) {
      expect(atEnd(holdMs, holdMs - 1), `held for ${holdMs}, a millisecond before its end`).toEqual(["accepted", "InsufficientStock"])
      expect(atEnd(holdMs, holdMs), `held for ${holdMs}, at its end`).toEqual(["ReservationExpired", "accepted"])
    }
  })

  it("counts for no decision, whatever is held for however long", () => {
    fc.assert(
      fc.property(
        fc.array(fc.tuple(fc.integer({ min: 1, max: 200 }), fc.integer({ min: 0, max: 60 })), { minLength: 1, maxLength: 40 }),
        (steps) => {
          const worker = serving(1_000)
          for (const [n, [holdMs, waitMs]] of steps.entries()) {
            worker.nowMs += waitMs
            worker.hearRenewal()
            worker.send("web", json("Reserve", { id: `i${n}`, reservation: `r${n}`, qty: 1, holdMs }))
            expect(held(worker, worker.partition.atMs)).toEqual([])
            worker.settle()
          }
        },
      ),
      { numRuns: 60 },
    )
  })

  it("is ended before anything is decided where more are due than fit beside commands", () => {
    const holds = batchExpiriesMax + 500
    const worker = serving(holds, protocolRules)
    for (let n = 0; n < holds; n++)
      worker.send("web", json("Reserve", { id: `i${n}`, reservation: `r${n}`, qty: 1, holdMs: 5_000 }), { brokerMs: startMs })
    worker.settle()
    worker.nowMs += 6_000
    worker.hearRenewal()
    worker.send("shop", json("Reserve", { id: "b", reservation: "b", qty: holds, holdMs: 9_000 }))
    worker.settle()
    expect(saidOf(worker.broker, "b")).toMatchObject({ outcome: "accepted", qty: holds })
    const kinds = worker.broker.records().map(({ kind }) => kind)
    expect(kinds.slice(-2)).toEqual(["expiry", "batch"])
  })

  it("makes no record of its own for each millisecond: what ends alone waits for others", () => {
    const worker = serving(100)
    for (let n = 0; n < 60; n++) worker.send("web", json("Reserve", { id: `i${n}`, reservation: `r${n}`, qty: 1, holdMs: 1_000 + n }))
    worker.settle()
    const before = worker.broker.journal.length
    for (let ms = 0; ms < 1_300; ms++) worker.tick(1).settle()
    expect(worker.broker.journal.length - before).toBeLessThanOrEqual(3)
    expect(worker.partition.openHolds).toBe(0)
  })
})
