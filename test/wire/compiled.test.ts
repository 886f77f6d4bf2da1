/** With the Schemas compiled, as the entry points run them: the same verdicts as interpreted. Apart, because compiling is switched on for a whole process. */
import "effect/schema/SchemaJITCompiler/enable"
import fc from "fast-check"
import { describe, expect, it } from "vitest"
import { decodeAnySpelling } from "../../src/wire/body.ts"
import { commandText } from "../../src/wire/canonical.ts"
import { engineCodec } from "../../src/wire/codec.ts"
import { decodeReply, encodeReply } from "../../src/wire/replies.ts"
import { command, record, reply } from "./arbitraries.ts"

const bytesOf = (text: string): Uint8Array => new TextEncoder().encode(text)
const fieldOf = (json: object): string | undefined => {
  const body = decodeAnySpelling(bytesOf(JSON.stringify(json)))
  const [only] = body._tag === "Commands" ? body.commands : []
  return only?._tag === "Invalid" ? only.refusal.field : undefined
}

describe("compiled Schemas", () => {
  it("accept every command and give it back as it was", () => {
    fc.assert(
      fc.property(command, (one) => {
        expect(decodeAnySpelling(bytesOf(commandText(one)))).toMatchObject({ commands: [{ _tag: "Command", command: one }] })
      }),
    )
  })

  it("refuse and name the field as interpreted ones do", () => {
    const line = { channel: "web", priority: 0, bufferQty: 0, bufferPercent: 0, floorQty: 0, fenceQty: 0 }
    const reserve = { v: 1, type: "Reserve", id: "c", sku: "s", issuedAtMs: 1, reservation: "o", qty: 1, holdMs: 1 }
    const setPolicy = (change: object) => {
      const policy = { version: 1, channels: [line], safety: [], sourcing: [], ...change }
      return { v: 1, type: "SetPolicy", id: "c", sku: "s", issuedAtMs: 1, policy }
    }
    expect(fieldOf(reserve)).toBeUndefined()
    expect(fieldOf({ ...reserve, qty: 0 })).toBe("qty")
    expect(fieldOf({ ...reserve, qty: 1.5 })).toBe("qty")
    expect(fieldOf({ ...reserve, more: 1 })).toBe("more")
    expect(fieldOf({ ...reserve, id: "a b" })).toBe("id")
    expect(fieldOf({ ...reserve, locations: ["a", "a"] })).toBe("locations.1")
    expect(fieldOf({ ...reserve, locations: [] })).toBe("locations")
    expect(fieldOf({ v: 1, type: "RecordSale", id: "c", sku: "s", issuedAtMs: 1, mode: "taken", qty: 1 })).toBe("location")
    expect(fieldOf(setPolicy({}))).toBeUndefined()
    expect(fieldOf(setPolicy({ channels: [line, line] }))).toBe("policy.channels.1")
    expect(fieldOf(setPolicy({ channels: [{ ...line, bufferPercent: 101 }] }))).toBe("policy.channels.0.bufferPercent")
    expect(fieldOf(setPolicy({ more: 1 }))).toBe("policy.more")
  })

  it("give records and replies back as they were", () => {
    fc.assert(
      fc.property(record, (one) => {
        const { entries, ...envelope } = one
        const bytes = engineCodec.encodeRecord(
          envelope,
          entries.map((entry) => engineCodec.encodeEntry(entry)),
        )
        expect(engineCodec.decodeRecord(bytes)).toEqual({ _tag: "Record", record: one })
      }),
    )
    fc.assert(
      fc.property(reply, (said) => {
        expect(decodeReply(encodeReply(said))?.decisions).toEqual(said.decisions)
      }),
    )
  })
})
