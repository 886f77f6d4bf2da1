/** A command that is written the short way is the one that the long way writes, whatever a caller without types gives. */
import fc from "fast-check"
import { describe, expect, it } from "vitest"
import { sendable } from "../../src/client/commands.ts"
import { usualText } from "../../src/client/usual.ts"
import type { Command } from "../../src/domain/sku/commands.ts"
import { commandText } from "../../src/wire/canonical.ts"
import { commandVersion } from "../../src/wire/command-json.ts"
import { readCommandJson } from "../../src/wire/commands.ts"

/** The text of the long way; undefined where it refuses. */
const longText = (command: object): string | undefined => {
  const plain = Object.fromEntries(Object.entries(command).filter(([, value]) => value !== undefined))
  const valid = readCommandJson({ v: commandVersion, ...plain })
  return "type" in valid ? commandText(valid) : undefined
}

const name = fc.constantFrom("a", "order-1.2:3_x", "A".repeat(64))
const sku = fc.constantFrom("A", "SKU-0000001", "two words", "100 %", "a/b'c", "A".repeat(128))
const whole = fc.integer({ min: 1, max: 1_000_000 })
const common = { id: name, sku, issuedAtMs: fc.constantFrom(1, 1_764_500_000_000), reservation: name }
const optional = { deadlineMs: fc.option(fc.integer({ min: 1, max: 60_000 }), { nil: undefined }) }
const usual: fc.Arbitrary<object> = fc.oneof(
  fc.record({
    ...common,
    ...optional,
    type: fc.constant("Reserve"),
    qty: whole,
    holdMs: whole,
    locations: fc.option(fc.uniqueArray(fc.constantFrom("DC1", "DC2", "shop.3"), { minLength: 1 }), { nil: undefined }),
    partial: fc.constantFrom(undefined, true as const),
  }),
  fc.record({ ...common, ...optional, type: fc.constant("Confirm") }),
  fc.record({
    ...common,
    ...optional,
    type: fc.constant("Release"),
    qty: fc.option(whole, { nil: undefined }),
    reason: fc.constantFrom("cancelled", "paymentFailed", "Cancelled", "PaymentFailed", "Abandoned", "abandoned"),
  }),
  fc.record({ ...common, ...optional, type: fc.constant("Extend"), holdMs: whole }),
)

const anything = fc.constantFrom<unknown>(
  undefined,
  null,
  true,
  false,
  0,
  -0,
  -1,
  1,
  1.5,
  2 ** 53,
  Number.NaN,
  Number.POSITIVE_INFINITY,
  "",
  "1",
  "toString",
  'a"b',
  "a\\b",
  "a~b",
  "@a",
  "ä",
  "a\u0000",
  "\ud800",
  "A".repeat(129),
  [],
  ["DC1", "DC1"],
  new Array(1),
  Object.assign(new Array(2), { 1: "DC1" }),
  ["DC1", 'D"'],
  Array.from({ length: 1_000 }, (_, i) => `D${i}`),
  {},
)
const field = fc.constantFrom(
  ...["type", "id", "sku", "issuedAtMs", "deadlineMs", "reservation", "qty", "holdMs", "locations", "partial", "reason"],
  ...["v", "location", "note", "constructor", "hasOwnProperty"],
)

const withFaults = fc
  .tuple(usual, fc.array(fc.tuple(field, anything), { maxLength: 2 }))
  .map(([command, faults]): object => ({ ...command, ...Object.fromEntries(faults) }))

describe("the short way", () => {
  it("writes what the long way writes, or leaves it to that", () => {
    fc.assert(
      fc.property(withFaults, (command) => {
        const text = usualText(command as Command)
        if (text !== undefined) expect(text).toBe(longText(command))
      }),
      { numRuns: 20_000 },
    )
  })

  it("is taken by whatever is usual and right, of any of its types", () => {
    const taken = new Map<string, number>()
    fc.assert(
      fc.property(usual, (command) => {
        const text = usualText(command as Command)
        expect(text).toBe(longText(command))
        if (text !== undefined) taken.set((command as Command).type, (taken.get((command as Command).type) ?? 0) + 1)
      }),
      { numRuns: 2_000 },
    )
    expect([...taken.keys()].toSorted()).toEqual(["Confirm", "Extend", "Release", "Reserve"])
  })

  it("counts a text's bytes as what is sent has", () => {
    fc.assert(
      fc.property(withFaults, (command) => {
        const made = sendable(command as Command, 8)
        if (!("outcome" in made)) expect(made.bytes).toBe(Buffer.byteLength(made.text))
      }),
      { numRuns: 5_000 },
    )
  })
})
