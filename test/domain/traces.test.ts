/** The reader of a `traceparent`: what W3C says is one, what is passed over, and that whatever is read is one of ours. */
import fc from "fast-check"
import { describe, expect, it } from "vitest"
import { belowSpan, isTraceparent, readTraceparent, traceParts } from "../../src/domain/traces.ts"

const trace = "4bf92f3577b34da6a3ce929d0e0e4736"
const span = "00f067aa0ba902b7"
const of = (version: string, flags = "01", rest = "") => `${version}-${trace}-${span}-${flags}${rest}`

describe("a traceparent", () => {
  it("is read as it stands, with the flags that are known", () => {
    expect(readTraceparent(of("00"))).toBe(of("00"))
    expect(readTraceparent(of("00", "00"))).toBe(of("00", "00"))
    expect(readTraceparent(of("00", "03"))).toBe(of("00", "03"))
    expect(readTraceparent(of("00", "fd"))).toBe(of("00", "01"))
  })

  it("of a later version is read as far as version 00 goes, whatever follows behind a dash", () => {
    for (const text of [of("01"), of("cc"), of("fe"), of("01", "01", "-what.comes.later"), of("01", "01", "-")])
      expect(readTraceparent(text)).toBe(of("00"))
  })

  it.each([
    ["empty", ""],
    ["a word", "nonsense"],
    ["too short", of("00").slice(0, -1)],
    ["of version 00 and too long", of("00", "01", "-x")],
    ["of version 00 and too long by one", of("00", "01", "0")],
    ["of a later version and too long without a dash", of("01", "01", "0")],
    ["of version ff", of("ff")],
    ["of version ff and longer", of("ff", "01", "-x")],
    ["in upper case", of("00").toUpperCase()],
    ["of a trace of zeros", `00-${"0".repeat(32)}-${span}-01`],
    ["below a span of zeros", `00-${trace}-${"0".repeat(16)}-01`],
    ["with letters that are no digits", `00-${trace.slice(1)}g-${span}-01`],
    ["with other dashes", `00_${trace}_${span}_01`],
    ["behind a blank", ` ${of("00")}`],
    ["before a line end", `${of("00")}\n`],
    ["two of them in one header", `${of("00")}, ${of("00")}`],
    ["much too long", `01-${"a".repeat(100_000)}`],
  ])("is none where it is %s", (_, text) => expect(readTraceparent(text)).toBeNull())

  it("that was read is one of ours, whatever was given", () => {
    const hex = (length: number) => fc.string({ unit: fc.constantFrom(..."0123456789abcdefF"), minLength: length, maxLength: length })
    const like = fc
      .tuple(hex(2), hex(32), hex(16), hex(2), fc.string({ maxLength: 3 }))
      .map(([version, id, parent, flags, rest]) => `${version}-${id}-${parent}-${flags}${rest}`)
    fc.assert(
      fc.property(fc.oneof(like, fc.string()), (text) => {
        const read = readTraceparent(text)
        expect(read === null || (isTraceparent(read) && readTraceparent(read) === read && read.slice(3, 52) === text.slice(3, 52))).toBe(
          true,
        )
      }),
    )
  })

  it("says its parts, and passes on below another span", () => {
    expect(traceParts(of("00"))).toEqual({ traceId: trace, spanId: span, isSampled: true })
    expect(traceParts(of("00", "02")).isSampled).toBe(false)
    expect(belowSpan(of("00"), "b7ad6b7169203331")).toBe(`00-${trace}-b7ad6b7169203331-01`)
  })
})
