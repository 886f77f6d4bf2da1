import fc from "fast-check"
import { describe, expect, it } from "vitest"
import { bodyBytesMax, commandsPerMessageMax } from "../../src/limits.ts"
import { decodeAnySpelling, decodeBody } from "../../src/wire/body.ts"
import { commandText } from "../../src/wire/canonical.ts"
import { readCanonicalBody } from "../../src/wire/reader.ts"
import { command, hotCommand } from "./arbitraries.ts"

const bytesOf = (text: string): Uint8Array => new TextEncoder().encode(text)
const decode = (text: string) => decodeBody(bytesOf(text))
const malformed = { _tag: "Undecodable", refusal: { reason: "Malformed" } }
const reserve = '{"v":1,"type":"Reserve","id":"c-1","sku":"A-1","issuedAtMs":5,"reservation":"o-1","qty":2,"holdMs":60000}'

/** The same JSON with other white space, key order and escapes. */
const respelled = (value: unknown, dice: () => number): string => {
  const gap = () => ["", " ", "\n", "\t ", "\r\n"][dice() % 5] ?? ""
  const string = (text: string) =>
    `"${[...JSON.stringify(text).slice(1, -1)].map((char) => (/[A-Za-z0-9]/.test(char) && dice() % 7 === 0 ? escaped(char) : char)).join("")}"`
  if (typeof value === "string") return string(value)
  if (Array.isArray(value)) return `[${gap()}${value.map((one) => respelled(one, dice)).join(`${gap()},${gap()}`)}${gap()}]`
  if (typeof value !== "object" || value === null) return JSON.stringify(value)
  const fields = Object.entries(value).sort(() => (dice() % 2 === 0 ? 1 : -1))
  return `{${gap()}${fields.map(([key, one]) => `${string(key)}${gap()}:${gap()}${respelled(one, dice)}`).join(`${gap()},${gap()}`)}${gap()}}`
}
const escaped = (char: string): string => `\\u${char.charCodeAt(0).toString(16).padStart(4, "0")}`

/** Breaks an escape's backslash apart from what it escapes, never; so escapes are only put where JSON.stringify left plain letters. */
const plainText = (text: string): boolean => !text.includes("\\")

describe("the fast reader", () => {
  it("reads every canonical hot command with a SKU of ASCII, to the same value and text as the long way", () => {
    fc.assert(
      fc.property(fc.array(hotCommand, { minLength: 1, maxLength: 5 }), fc.boolean(), (commands, asArray) => {
        const texts = commands.map((one) =>
          commandText({
            ...one,
            sku: one.sku.replace(/[^ !#-[\]-~]/g, "-").slice(0, 64) as typeof one.sku,
            issuedAtMs: 1 + (one.issuedAtMs % 1e15),
            reservation: one.reservation.split("~")[0] as typeof one.reservation,
          }),
        )
        const body = bytesOf(asArray ? `[${texts.join(",")}]` : (texts[0] ?? ""))
        const read = readCanonicalBody(body)
        expect(read).toBeDefined()
        expect(read).toEqual(decodeAnySpelling(body))
      }),
    )
  })

  it("takes nothing that the long way refuses or reads otherwise, however a canonical text is damaged", () => {
    const edit = fc.record({
      at: fc.nat(),
      cut: fc.nat({ max: 3 }),
      put: fc.constantFrom("", '"', "0", "-", ",", "}", "]", "e", "\\", " ", "ä", "\u0000", '"qty":1,'),
    })
    fc.assert(
      fc.property(hotCommand, fc.array(edit, { minLength: 1, maxLength: 3 }), fc.boolean(), (one, edits, asArray) => {
        let text = asArray ? `[${commandText(one)},${reserve}]` : commandText(one)
        for (const { at, cut, put } of edits) {
          const place = at % (text.length + 1)
          text = text.slice(0, place) + put + text.slice(place + cut)
        }
        const read = readCanonicalBody(bytesOf(text))
        if (read !== undefined) expect(read).toEqual(decodeAnySpelling(bytesOf(text)))
      }),
      { numRuns: 2_000 },
    )
  })

  it.each([
    ["a leading zero", reserve.replace('"qty":2', '"qty":02')],
    ["a zero", reserve.replace('"qty":2', '"qty":0')],
    ["a quantity above its bound", reserve.replace('"qty":2', '"qty":1000000001')],
    ["a number of many digits", reserve.replace('"issuedAtMs":5', '"issuedAtMs":5000000000000000')],
    ["an id that is too long", reserve.replace("c-1", "c".repeat(65))],
    ["a location twice", reserve.replace("}", ',"locations":["a","a"]}')],
    ["something after the end", `${reserve} `],
    ["an unfinished array", `[${reserve}`],
    ["an empty array", "[]"],
    ["a comma too many", `[${reserve},]`],
    ["another version", reserve.replace('"v":1', '"v":2')],
  ])("leaves %s to the long way", (_, text) => {
    expect(readCanonicalBody(bytesOf(text))).toBeUndefined()
  })

  it("forgets the body before: a shorter one doesn't see its rest", () => {
    expect(readCanonicalBody(bytesOf(reserve))).toBeDefined()
    for (let length = 0; length < reserve.length; length++) expect(readCanonicalBody(bytesOf(reserve.slice(0, length)))).toBeUndefined()
  })
})

describe("decodeBody", () => {
  it("reads any spelling of the same commands to the same values and texts", () => {
    fc.assert(
      fc.property(fc.array(command, { minLength: 1, maxLength: 3 }), fc.infiniteStream(fc.nat()), (commands, stream) => {
        const plain = commands.filter((one) => plainText(commandText(one)))
        const dice = () => stream.next().value ?? 0
        const text = respelled(
          plain.map((one) => JSON.parse(commandText(one)) as unknown),
          dice,
        )
        if (plain.length === 0) return
        expect(decode(text)).toEqual({
          _tag: "Commands",
          array: true,
          commands: plain.map((one) => ({ _tag: "Command", command: one, text: commandText(one) })),
        })
      }),
    )
  })

  it("reads numbers by their value, not by their spelling", () => {
    const canonical = decode(reserve)
    // A fraction within a text is no number.
    expect(decode(reserve.replace(/"reservation":"[^"]*"/, '"reservation":"1.0000000000000000001"'))).toMatchObject({
      commands: [{ _tag: "Command" }],
    })
    for (const qty of ["2.0", "2.000"]) expect(decode(reserve.replace('"qty":2', `"qty":${qty}`))).toEqual(canonical)
  })

  it("never makes a text longer than what was sent", () => {
    fc.assert(
      fc.property(command, fc.constantFrom(undefined, 1), (one, indent) => {
        const sent = JSON.stringify(JSON.parse(commandText(one)), null, indent).replaceAll("true", "false")
        const body = decode(sent)
        for (const decoded of body._tag === "Commands" ? body.commands : [])
          if (decoded._tag === "Command") expect(bytesOf(decoded.text).length).toBeLessThanOrEqual(bytesOf(sent).length)
      }),
    )
  })

  it("tells one command from an array of one", () => {
    expect(decode(reserve)).toMatchObject({ array: false })
    expect(decode(`[${reserve}]`)).toMatchObject({ array: true })
  })

  it("refuses one faulty command alone, with its id and SKU where they can be read", () => {
    const faulty = reserve.replace('"qty":2', '"qty":-2')
    expect(decode(`[${reserve},${faulty},{"v":1,"type":"Reserve","id":"a b","sku":""},{}]`)).toMatchObject({
      commands: [
        { _tag: "Command" },
        {
          _tag: "Invalid",
          refusal: { reason: "InvalidField", field: "qty" },
          detail: expect.stringMatching("^(missing|out of its range \\()"),
          id: "c-1",
          key: "A-1",
        },
        {
          _tag: "Invalid",
          refusal: { reason: "InvalidField", field: "id" },
          detail: expect.stringMatching("^(missing|out of its range \\()"),
          id: null,
          key: null,
        },
        { _tag: "Invalid", refusal: { reason: "UnsupportedVersion", field: "v" }, id: null, key: null },
      ],
    })
  })

  it.each([
    ["nothing", ""],
    ["white space", " \n"],
    ["no JSON", "reserve two please"],
    ["a cut text", reserve.slice(0, -1)],
    ["NaN", reserve.replace('"qty":2', '"qty":NaN')],
    ["Infinity", reserve.replace('"qty":2', '"qty":Infinity')],
    ["an exponent", reserve.replace('"qty":2', '"qty":2e0')],
    ["an exponent in capitals", reserve.replace('"qty":2', '"qty":0.2E1')],
    ["a fraction that is rounded away", reserve.replace('"qty":2', '"qty":2.0000000000000000001')],
    ["a fraction that is rounded up", reserve.replace('"qty":2', '"qty":1.9999999999999999999')],
    ["a fraction that is rounded to nothing", reserve.replace('"qty":2', `"qty":-0.${"0".repeat(400)}1`)],
    ["a time with one", reserve.replace(/"issuedAtMs":(\d+)/, '"issuedAtMs":1800000000000.0000001')],
    ["a comment", `/* now */${reserve}`],
    ["two texts", reserve + reserve],
    ["a byte order mark", `\ufeff${reserve}`],
    ["a number", "7"],
    ["a string", '"Reserve"'],
    ["null", "null"],
    ["an array with a number", `[${reserve},7]`],
    ["an array in an array", `[[${reserve}]]`],
    ["an array with null", "[null]"],
    ["a bomb of brackets", "[".repeat(60_000)],
    ["a closed bomb of brackets", "[".repeat(30_000) + "]".repeat(30_000)],
    ["a bomb of objects", `${'{"a":'.repeat(10_000)}1${"}".repeat(10_000)}`],
    ["a field nested too deep", reserve.replace("}", `,"x":${"[".repeat(20)}${"]".repeat(20)}}`)],
  ])("refuses %s as malformed", (_, text) => {
    expect(decode(text)).toEqual(malformed)
  })

  it("refuses bytes that are no UTF-8, wherever they stand", () => {
    for (const bad of [[0xff], [0xc3], [0xed, 0xa0, 0x80], [0xc0, 0x80], [0xf8, 0x88, 0x80, 0x80, 0x80]]) {
      const [before, after] = ['{"v":1,"type":"Confirm","id":"c-1","sku":"A', '","issuedAtMs":5,"reservation":"o-1"}'].map(bytesOf)
      expect(decodeBody(Uint8Array.from([...(before ?? []), ...bad, ...(after ?? [])]))).toEqual(malformed)
    }
  })

  it("refuses a key that stands twice, naming it, in any spelling and at any depth", () => {
    const twice = (field: string) => ({ _tag: "Undecodable", refusal: { reason: "Malformed", field } })
    expect(decode(reserve.replace("}", ',"qty":2}'))).toEqual(twice("qty"))
    expect(decode(reserve.replace("}", ',"\\u0071ty":3}'))).toEqual(twice("qty"))
    expect(decode(reserve.replace('"v":1', '"v":1,"v" : 1'))).toEqual(twice("v"))
    expect(decode(reserve.replace("}", ',"x":[{"y":1,"y":2}]}'))).toEqual(twice("y"))
    // The same key in two objects, or as a value, is nothing special.
    expect(decode(`[${reserve},${reserve}]`)).toMatchObject({ _tag: "Commands" })
    expect(decode(reserve.replace('"o-1"', '"qty"'))).toMatchObject({ commands: [{ _tag: "Command" }] })
    expect(decode(reserve.replace('"A-1"', '"a\\\\\\"qty\\":"'))).toMatchObject({
      commands: [{ _tag: "Command", command: { sku: 'a\\"qty":' } }],
    })
  })

  it("takes what would reach an object's prototype for an unknown field, and leaves all prototypes alone", () => {
    for (const field of ["__proto__", "constructor", "prototype", "toString"]) {
      const text = reserve.replace("}", `,"${field}":{"v":1,"polluted":true}}`)
      expect(decode(text)).toMatchObject({ commands: [{ _tag: "Invalid", refusal: { reason: "InvalidField", field } }] })
    }
    expect(decode('{"__proto__":{"v":1,"type":"Reserve"}}')).toMatchObject({
      commands: [{ refusal: { reason: "UnsupportedVersion", field: "v" } }],
    })
    expect(Reflect.get({}, "polluted")).toBeUndefined()
  })

  it("counts the commands, none and too many alike", () => {
    const many = (count: number) => `[${Array.from({ length: count }, () => reserve).join(",")}]`
    const refused = { _tag: "Undecodable", refusal: { reason: "TooManyCommands" } }
    expect(decode("[]")).toEqual(refused)
    expect(decode(many(commandsPerMessageMax))).toMatchObject({ _tag: "Commands" })
    expect(decode(many(commandsPerMessageMax + 1))).toEqual(refused)
    // What isn't a list of commands at all is malformed first.
    expect(decode(many(commandsPerMessageMax + 1).replace("]", ",7]"))).toEqual(malformed)
  })

  it("refuses what is longer than a body may be without parsing it", () => {
    const padded = (length: number) => bytesOf(reserve + " ".repeat(length - reserve.length))
    expect(decodeBody(padded(bodyBytesMax))).toMatchObject({ _tag: "Commands" })
    expect(decodeBody(padded(bodyBytesMax + 1))).toEqual(malformed)
    expect(decodeBody(new Uint8Array(10_000_000))).toEqual(malformed)
  })

  it("answers any bytes and any JSON, and never throws", () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => {
        expect(decodeBody(bytes)._tag).toMatch(/^(Commands|Undecodable)$/)
      }),
    )
    fc.assert(
      fc.property(fc.json({ maxDepth: 4 }), (text) => {
        expect(decode(text)._tag).toMatch(/^(Commands|Undecodable)$/)
      }),
    )
    fc.assert(
      fc.property(command, fc.constantFrom("qty", "sku", "policy", "locations", "reason", "v"), fc.jsonValue(), (one, field, value) => {
        const decoded = decode(JSON.stringify({ ...(JSON.parse(commandText(one)) as object), [field]: value }))
        // A number with an exponent can be among the values.
        expect(decoded).toSatisfy((body) => body._tag === "Commands" || body.refusal.reason === "Malformed")
      }),
    )
  })
})
