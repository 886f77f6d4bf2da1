import fc from "fast-check"
import { describe, expect, it } from "vitest"
import { Kind } from "../../src/domain/kinds.ts"
import { replySuffixCharsMax } from "../../src/limits.ts"
import {
  announcedBy,
  atsSubject,
  carriedTo,
  chunkNamed,
  chunkSubject,
  commandSubject,
  commandsStream,
  feedOf,
  feedSubject,
  handedTo,
  isReplySuffix,
  journalPartition,
  journalStream,
  journalSubject,
  keyOf,
  manifestSubject,
  nameInKey,
  questionSubject,
  replyHeader,
  replySubject,
  replySuffixOf,
  saidBackTo,
  snapshotSubjects,
  snapshotsStream,
  storedOf,
} from "../../src/wire/subjects.ts"
import { replySuffix } from "./arbitraries.ts"

describe("a reply suffix", () => {
  it("is a few plain tokens", () => {
    for (const text of ["r1", "r1.2", "a_b-c.D.9"]) expect(isReplySuffix(text)).toBe(true)
    for (const text of ["", ".", "a.", ".a", "a..b", "a.b.c.d", "*", ">", "a b", "a\r\n", "x".repeat(replySuffixCharsMax + 1)])
      expect(isReplySuffix(text)).toBe(false)
    expect(isReplySuffix("x".repeat(replySuffixCharsMax))).toBe(true)
    fc.assert(
      fc.property(replySuffix, (text) => {
        expect(isReplySuffix(text)).toBe(true)
      }),
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
    expect(commandSubject("web", "sell", "sku", "85123A")).toBe("hf.cmd.web.sell.sku.85123A")
    expect(replySubject("web", "r1.7")).toBe("hf.reply.web.r1.7")
    expect(questionSubject("web", "stock.85123A")).toBe("hf.get.web.stock.85123A")
    expect(atsSubject("web", ">")).toBe("hf.ats.web.>")
    expect(replyHeader).toBe("Hf-Reply")
  })

  it("of one kind are another's in nothing: neither streams, nor subjects, nor keys", () => {
    const other = "other" as Kind
    const namesOf = (kind: Kind) => [
      commandSubject("web", "sell", kind, "A"),
      storedOf(kind, 0),
      handedTo(kind, 0, "reign"),
      carriedTo(kind, 0, "reign"),
      saidBackTo(kind, 0, "reign"),
      announcedBy(kind, 0),
      journalSubject(kind, 0),
      manifestSubject(kind, 0),
      chunkSubject(kind, 0, "s", 0),
      commandsStream(kind),
      journalStream(kind, 0),
      snapshotsStream(kind),
      ...snapshotSubjects(kind),
      keyOf(kind, "witness.0"),
    ]
    const mine = new Set(namesOf("sku"))
    expect(namesOf(other).filter((name) => mine.has(name))).toEqual([])
    expect(mine.size).toBe(namesOf("sku").length)
    expect([journalPartition("sku", "HF_JOURNAL_SKU_12"), nameInKey("sku", keyOf("sku", "witness.0"))]).toEqual([12, "witness.0"])
    for (const stream of [
      "HF_JOURNAL_OTHER_1",
      "HF_JOURNAL_1",
      "HF_JOURNAL_SKU_",
      "HF_JOURNAL_SKU_01",
      "HF_JOURNAL_SKU_1x",
      "HF_STORED_SKU",
    ])
      expect(journalPartition("sku", stream), stream).toBeUndefined()
    expect(chunkNamed(chunkSubject("sku", 3, "s1", 7))).toEqual({ snapshot: "s1", index: 7 })
    expect(chunkNamed(manifestSubject("sku", 3))).toBeUndefined()
  })

  it("can name every kind: its word is one token, whose capitals are those of no other", () => {
    for (const kind of Kind) expect(kind).toMatch(/^[a-z]+$/)
    expect(new Set(Kind).size).toBe(Kind.length)
  })

  it("are taken and republished by what the broker's side gives its streams", () => {
    expect(feedSubject(3, "web", "85123A").startsWith(feedOf(3).slice(0, -1))).toBe(true)
  })
})
