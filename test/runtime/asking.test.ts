import fc from "fast-check"
import { describe, expect, it } from "vitest"
import type { SenderId } from "../../src/domain/names.ts"
import { questionBytes, questionsClosedMs, questionsPerSecond } from "../../src/limits.ts"
import { ask, charge, makeAsking, nextAsked, reopen } from "../../src/runtime/asking.ts"

const web = "web" as SenderId
const shop = "shop" as SenderId
const startMs = 1_000

const asking = () =>
  makeAsking(
    [web, shop].map((sender) => ({ sender, roles: ["channel"] })),
    startMs,
  )

const question = (sender: SenderId, bytes = 0) => ({ sender, path: "ats", replySubject: "", replyHeader: "r", body: new Uint8Array(bytes) })

describe("senders that ask", () => {
  it("get a burst of one second and their rate, over any time, however much they ask", () => {
    fc.assert(
      fc.property(fc.array(fc.record({ afterMs: fc.nat({ max: 400 }), count: fc.nat({ max: 3_000 }) }), { maxLength: 20 }), (steps) => {
        const line = asking()
        let nowMs = startMs
        let taken = 0
        for (const { afterMs, count } of steps) {
          nowMs += afterMs
          reopen(line, nowMs)
          for (let i = 0; i < count; i++) ask(line, question(web), nowMs)
          while (nextAsked(line) !== undefined) taken++
        }
        expect(taken).toBeLessThanOrEqual(questionsPerSecond + ((nowMs - startMs) / 1_000) * questionsPerSecond + 1)
      }),
    )
  })

  it("take turns, so that one with a full line holds up nobody", () => {
    const line = asking()
    for (let i = 0; i < 500; i++) ask(line, question(web), startMs)
    ask(line, question(shop), startMs)
    expect([nextAsked(line), nextAsked(line)].map((next) => next?.asker.sender)).toEqual([web, shop])
  })

  it("pay for long questions and long answers; what is owed is waited for", () => {
    const line = asking()
    ask(line, question(web, 10 * questionBytes), startMs)
    const asker = line.askers.get(web)
    if (asker === undefined) throw new Error("web is known")
    expect(asker.left).toBe(questionsPerSecond - 11)
    charge(asker, 2 * questionsPerSecond)
    expect(asker.isOpen).toBe(false)
    reopen(line, startMs + 1_000)
    expect(asker.isOpen).toBe(false)
    reopen(line, startMs + 1_011 + questionsClosedMs)
    expect(asker.isOpen).toBe(true)
  })

  it("get nothing from a clock that goes back, and nothing twice", () => {
    const line = asking()
    for (let i = 0; i < 2 * questionsPerSecond; i++) ask(line, question(web), startMs)
    reopen(line, startMs - 10_000)
    expect(line.askers.get(web)?.isOpen).toBe(false)
    reopen(line, startMs - 10_000 + questionsClosedMs)
    expect(line.askers.get(web)?.isOpen).toBe(true)
  })

  it("are those of the configuration, and nobody else", () => {
    const line = asking()
    ask(line, question("stranger" as SenderId), startMs)
    expect(nextAsked(line)).toBeUndefined()
  })
})
