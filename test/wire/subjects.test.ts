import fc from "fast-check"
import { describe, expect, it } from "vitest"
import * as intake from "../../src/engine/intake.ts"
import { replySuffixCharsMax } from "../../src/limits.ts"
import { feedOf, formerCommandsOf, formerCommandsStream, formerCommandsTransform } from "../../src/nats/subjects.ts"
import {
  atsSubject,
  commandSubject,
  feedSubject,
  isReplySuffix,
  questionSubject,
  replyHeader,
  replySubject,
  replySuffixOf,
} from "../../src/wire/subjects.ts"
import { replySuffix } from "./arbitraries.ts"

/** Texts near a suffix: its characters, dots, and what must not get through. */
const nearSuffix = fc.string({ unit: fc.constantFrom("a", "Z", "0", "_", "-", ".", "..", "*", ">", " ", "\n", "ä", "$"), maxLength: 14 })

describe("a reply suffix", () => {
  it("is a few plain tokens, to us and to the engine alike", () => {
    for (const text of ["r1", "r1.2", "a_b-c.D.9"]) expect(isReplySuffix(text)).toBe(true)
    for (const text of ["", ".", "a.", ".a", "a..b", "a.b.c.d", "*", ">", "a b", "a\r\n", "x".repeat(replySuffixCharsMax + 1)])
      expect(isReplySuffix(text)).toBe(false)
    expect(isReplySuffix("x".repeat(replySuffixCharsMax))).toBe(true)
    fc.assert(
      fc.property(fc.oneof(nearSuffix, replySuffix), (text) => {
        expect(intake.isReplySuffix(text)).toBe(isReplySuffix(text))
      }),
      { numRuns: 1_000 },
    )
  })
})

describe("where a message is answered", () => {
  it("is the end of its own reply subject, else what its header says, and never another's subject", () => {
    expect(replySuffixOf("web", "hf.reply.web.abc.1", "")).toBe("abc.1")
    expect(replySuffixOf("web", "hf.reply.web.abc.1", "other")).toBe("abc.1")
    expect(replySuffixOf("web", "", "r1.7")).toBe("r1.7")
    for (const foreign of ["hf.reply.shop.abc", "hf.reply.web2.abc", "hf.reply.web", "$JS.API.STREAM.PURGE.X", "hf.cmd.web.sell.A"]) {
      expect(replySuffixOf("web", foreign, "")).toBeNull()
      expect(replySuffixOf("web", foreign, "r1")).toBe("r1")
    }
    for (const bad of ["hf.reply.web.", "hf.reply.web.a.b.c.d", "hf.reply.web.*", "hf.reply.web.a b"])
      expect(replySuffixOf("web", bad, "r1")).toBeNull()
    expect(replySuffixOf("web", "", "a.>")).toBeNull()
  })
})

describe("the subjects", () => {
  it("are those of the protocol", () => {
    expect(commandSubject("web", "sell", "85123A")).toBe("hf.cmd.web.sell.85123A")
    expect(replySubject("web", "r1.7")).toBe("hf.reply.web.r1.7")
    expect(questionSubject("web", "stock.85123A")).toBe("hf.get.web.stock.85123A")
    expect(atsSubject("web", ">")).toBe("hf.ats.web.>")
    expect(replyHeader).toBe("Hf-Reply")
  })

  it("are taken and republished by what the broker's side gives its streams", () => {
    expect([formerCommandsStream, formerCommandsOf(3)]).toEqual(["HF_COMMANDS", "hf.p.3.>"])
    expect(formerCommandsTransform(16).src).toBe(commandSubject("*", "*" as "sell", "*"))
    expect(feedSubject(3, "web", "85123A").startsWith(feedOf(3).slice(0, -1))).toBe(true)
  })
})
