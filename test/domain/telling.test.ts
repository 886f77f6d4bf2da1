import fc from "fast-check"
import { describe, expect, it } from "vitest"
import { isSku, saleReservation, whyNoId, whyNoSender, whyNoSku } from "../../src/domain/names.ts"
import { counted, nearestName, shownLines, shownName } from "../../src/domain/telling.ts"

describe("a name for people", () => {
  it.each([
    ["A-1", "A-1"],
    ["Größe/M", "Größe/M"],
    ["A B", '"A B"'],
    ["", '""'],
    ['A"B\\', '"A\\"B\\\\"'],
    ["A\u001b[31m\tB", '"A\\u001b[31m\\tB"'],
    ["A\u00a0B", '"A\\u00a0B"'],
    ["A\u202eB", '"A\\u202eB"'],
    ["Cafe\u0301", '"Cafe\\u0301"'],
    ["x".repeat(400), `"${"x".repeat(80)}…" (400 characters)`],
  ])("%j: %s", (name, text) => expect(shownName(name)).toBe(text))

  it("is whole, of every name that is one", () => {
    const id = "i".repeat(64)
    for (const name of ["x".repeat(128), saleReservation(id as never, id as never, 999_999_999)]) expect(shownName(name)).toBe(name)
  })

  it("never rules a terminal, stands on one line, and tells SKUs apart", () => {
    const sku = fc.string({ unit: "binary", minLength: 1, maxLength: 40 }).filter(isSku)
    fc.assert(
      fc.property(sku, sku, (a, b) => {
        expect(shownName(a)).not.toMatch(/[\p{Cc}\u2028\u2029\u202a-\u202e\u2066-\u2069]/u)
        if (a !== b) expect(shownName(a)).not.toBe(shownName(b))
      }),
    )
  })
})

describe("lines that are printed", () => {
  it("keep their line ends, and what is JSON says the same", () => {
    const value = { sku: "A\u202e\u0085B", rows: [1] }
    expect(JSON.parse(shownLines(JSON.stringify(value, null, 2)))).toEqual(value)
    expect(shownLines("a\nb\u001b[2J\n")).toBe("a\nb\\u001b[2J\n")
  })
})

describe("so many of something", () => {
  it.each([
    [0, "0 rows"],
    [1, "1 row"],
    [2, "2 rows"],
    [1_234_567, "1,234,567 rows"],
  ])("%d: %s", (count, text) => expect(counted(count, "row")).toBe(text))
  it("of which several have a name of their own", () =>
    expect([counted(1, "loss", "losses"), counted(3, "loss", "losses")]).toEqual(["1 loss", "3 losses"]))
})

describe("the nearest name", () => {
  it.each([
    ["qyt", "qty"],
    ["hold", "hold-ms"],
    ["QTY", "qty"],
    ["bogus", undefined],
    ["", undefined],
    ["x".repeat(5_000), undefined],
  ])("of %s: %s", (given, name) => expect(nearestName(given, ["sku", "qty", "hold-ms"])).toBe(name))
})

describe("why a text is no name", () => {
  it.each([
    [whyNoSku(""), "it is empty, and a SKU has 1 to 128 bytes of UTF-8"],
    [whyNoSku("ä".repeat(65)), "it has 130 bytes of UTF-8, and a SKU has 1 to 128"],
    [whyNoSku("A\u0085"), "it holds the control character U+0085 at its character 2"],
    [whyNoSku("\ud800"), "it is no well-formed Unicode"],
    [whyNoSku("ä".repeat(64)), undefined],
    [whyNoId("a b"), "it holds U+0020 at its character 2, and an id has only A-Z, a-z, 0-9 and _ . : -"],
    [whyNoId("a".repeat(65)), "it has 65 characters, and an id has 1 to 64"],
    [whyNoSender("-a"), "a sender's name begins with a letter or a digit"],
    [whyNoSender("a".repeat(40)), "it has 40 characters, and a sender's name has 1 to 32"],
  ])("%s", (why, text) => expect(why).toBe(text))
})
