/**
 * What every command is held to by its spec alone, whatever it is: what is written is read back, by hand or by its Schema; its example stands in the document; the simulator sends it.
 */
import { readFileSync } from "node:fs"
import fc from "fast-check"
import { describe, expect, it } from "vitest"
import { skuKind } from "../../src/domain/sku/index.ts"
import { decodeAnySpelling, decodeBody } from "../../src/wire/body.ts"
import { commandText, commandTextBySchema } from "../../src/wire/canonical.ts"
import { contentHash } from "../../src/wire/content.ts"
import { commandsOfType } from "./arbitraries.ts"

const protocol = readFileSync(new URL("../../docs/PROTOCOL.md", import.meta.url), "utf8")
const shown = [...protocol.matchAll(/^```json command\n([\s\S]*?)^```$/gm)].map(([, json]) => JSON.parse(json ?? "") as unknown)
const bytesOf = (text: string): Uint8Array => new TextEncoder().encode(text)

const eachCommand = it.each(skuKind.commands.map((spec) => [spec.type, spec] as const))

describe("every command", () => {
  eachCommand("%s is read back from what is written of it, the short way and the long one", (type) => {
    fc.assert(
      fc.property(commandsOfType[type], (command) => {
        const bytes = bytesOf(commandText(command))
        expect(decodeBody(bytes)).toMatchObject({ commands: [{ _tag: "Command", command }] })
        expect(decodeAnySpelling(bytes)).toMatchObject({ commands: [{ _tag: "Command", command }] })
      }),
    )
  })

  eachCommand("%s has one spelling, by hand or not, in whatever order its fields come", (type) => {
    fc.assert(
      fc.property(commandsOfType[type], (command) => {
        expect(commandText(command)).toBe(commandTextBySchema(command))
        const turned = Object.fromEntries(Object.entries(command).reverse()) as typeof command
        expect(commandText(turned)).toBe(commandText(command))
        expect(contentHash(turned)).toBe(contentHash(command))
      }),
    )
  })

  eachCommand("%s stands in docs/PROTOCOL.md as its examples", (type, { examples }) => {
    for (const example of examples) expect(shown).toContainEqual({ v: 1, type, ...example })
  })
})

describe("what is written into snapshots", () => {
  it("numbers types and fields as it did: a new one comes behind the last", () => {
    expect(skuKind.commands.map(({ type }) => type).slice(0, 12)).toEqual([
      "Reserve",
      "Confirm",
      "Release",
      "Extend",
      "RecordSale",
      "ReceiveStock",
      "AdjustStock",
      "MoveStatus",
      "Fulfil",
      "SetPolicy",
      "ReplayQuarantined",
      "DropQuarantined",
    ])
    expect(skuKind.contentFields.slice(0, 15)).toEqual([
      "reservation",
      "qty",
      "holdMs",
      "locations",
      "partial",
      "reason",
      "policy",
      "location",
      "reference",
      "from",
      "to",
      "channel",
      "mode",
      "quarantined",
      "shipment",
    ])
  })
})
