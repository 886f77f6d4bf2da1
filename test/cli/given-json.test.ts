/** JSON of the command line: as strict as what owners read, and told where it is wrong. */
import { Effect } from "effect"
import { describe, expect, it } from "vitest"
import { oneJson, severalJson } from "../../src/cli/given-json.ts"

const bytes = (text: string) => new TextEncoder().encode(text)
const several = (given: string | Uint8Array) =>
  Effect.runSync(
    severalJson(typeof given === "string" ? bytes(given) : given, "--body").pipe(
      Effect.match({ onSuccess: (values) => values, onFailure: ({ code, message }) => `${code} ${message}` }),
    ),
  )
const one = (given: string | Uint8Array) =>
  Effect.runSync(
    oneJson(typeof given === "string" ? bytes(given) : given, "--policy").pipe(
      Effect.match({ onSuccess: (value) => value, onFailure: ({ code, message }) => `${code} ${message}` }),
    ),
  )

describe("JSON that is given", () => {
  it.each<[string, string]>([
    ['{"sku":"A","qty":1,"sku":"B"}', '2 --body: "sku" stands twice in one object'],
    ['{"sku":"A","s\\u006bu":"B"}', '2 --body: "sku" stands twice in one object'],
    ['{"qty":2e0}', '2 --body: "qty" is a number with an exponent (2e0)'],
    ['[{"id":"a"},{"qty" : -1.5E+3}]', '2 --body: "qty" is a number with an exponent (-1.5E+3)'],
    ['{"id":"a","qty": 1.0000000000000000001}', '2 --body: "qty" is a number with a fraction too small to be read (1.0000000000000000001)'],
    ['{\n"policy":{"version":1,\n"version":2}}', '2 --body: line 3: "version" stands twice in one object'],
    [`{"a":${"[".repeat(17)}${"]".repeat(17)}}`, "2 --body: nested deeper than 16"],
    ['{"id":1}\n{"id":2}\n\n{"id":3,"id":4}', '2 --body: line 4: "id" stands twice in one object'],
    ['{"id":1}\n{"id":2}\n{"id":3}\n{"id":4', "2 --body: line 4: no JSON: "],
    ['{"id":1\r\n{"id":2}\r\n', "2 --body: line 1: no JSON: "],
    ['{"id":}', "2 --body: no JSON: Unexpected token"],
    ['[\n{"id":1},\n{"id":2}', "2 --body: no JSON: "],
    ["two", "2 --body: no JSON: "],
  ])("%s: refused, and where", (text, said) => expect(several(text)).toEqual(expect.stringContaining(said)))

  it("a policy's too", () => {
    expect(one('{"channels":[],"channels":[]}')).toBe('2 --policy: "channels" stands twice in one object')
    expect(one('{"version":1e1}')).toBe('2 --policy: "version" is a number with an exponent (1e1)')
    expect(one("{")).toMatch(/^2 --policy: no JSON: /)
  })

  it("each value with where it stands: alone, of an array, on its line", () => {
    expect(several('{"id":1}')).toEqual([{ value: { id: 1 }, where: "" }])
    expect(several("[1,2]")).toEqual([
      { value: 1, where: "command 1 of 2: " },
      { value: 2, where: "command 2 of 2: " },
    ])
    expect(several("1\r\n\r\n2\r\n")).toEqual([
      { value: 1, where: "line 1: " },
      { value: 2, where: "line 3: " },
    ])
    expect(several(" \n")).toEqual([])
  })

  it("the mark that Windows writes before UTF-8 is passed over; UTF-16 and what isn't UTF-8 are named", () => {
    expect(several(`\ufeff{"id":1}\n{"id":2}`)).toHaveLength(2)
    expect(one(`\ufeff{"version":1}`)).toEqual({ version: 1 })
    expect(several(new Uint8Array([0xff, 0xfe, 0x7b, 0, 0x7d, 0]))).toBe("2 --body: UTF-16: save it as UTF-8")
    expect(one(new Uint8Array([0x22, 0xe9, 0x22]))).toBe("2 --policy: not UTF-8")
  })
})
