import fc from "fast-check"
import { describe, expect, it } from "vitest"
import * as intake from "../../src/engine/intake.ts"
import { replySuffixCharsMax } from "../../src/limits.ts"
import * as broker from "../../src/nats/subjects.ts"
import { atsSubject, commandSubject, isReplySuffix, questionSubject, replyHeader, replySubject } from "../../src/wire/subjects.ts"
import { replySuffix } from "./arbitraries.ts"

/** Texts near a suffix: its characters, dots, and what must not get through. */
const nearSuffix = fc.string({ unit: fc.constantFrom("a", "Z", "0", "_", "-", ".", "..", "*", ">", " ", "\n", "ä", "$"), maxLength: 14 })

describe("a reply suffix", () => {
  it("is a few plain tokens, to us, to the engine and to the broker's side alike", () => {
    for (const text of ["r1", "r1.2", "a_b-c.D.9"]) expect(isReplySuffix(text)).toBe(true)
    for (const text of ["", ".", "a.", ".a", "a..b", "a.b.c.d", "*", ">", "a b", "a\r\n", "x".repeat(replySuffixCharsMax + 1)])
      expect(isReplySuffix(text)).toBe(false)
    expect(isReplySuffix("x".repeat(replySuffixCharsMax))).toBe(true)
    fc.assert(
      fc.property(fc.oneof(nearSuffix, replySuffix), (text) => {
        expect(intake.isReplySuffix(text)).toBe(isReplySuffix(text))
        expect(broker.isReplySuffix(text)).toBe(isReplySuffix(text))
      }),
      { numRuns: 1_000 },
    )
  })
})

describe("the subjects", () => {
  it("are those the broker's side uses", () => {
    expect(commandSubject("web", "sell", "a")).toBe("hf.cmd.web.sell.a")
    expect(broker.commandSubject("web", "sell", "a")).toBe(commandSubject("web", "sell", "a"))
    expect(broker.replySubject("web", "r1")).toBe(replySubject("web", "r1"))
    expect(broker.questionSubject("web", "stock.a")).toBe(questionSubject("web", "stock.a"))
    expect(broker.atsSubject("web", "a")).toBe(atsSubject("web", "a"))
    expect(broker.replyHeader).toBe(replyHeader)
  })
})
