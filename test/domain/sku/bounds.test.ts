/** That what a command comes to takes no more bytes of a record than its declaration says, in histories in which every type occurs. */
import * as fc from "fast-check"
import { describe, expect, it } from "vitest"
import type { CommandType } from "../../../src/domain/sku/commands.ts"
import { skuKind } from "../../../src/domain/sku/index.ts"
import { commandText } from "../../../src/wire/canonical.ts"
import { engineCodec } from "../../../src/wire/codec.ts"
import { play, script } from "../scripts.ts"

/** Names of the small world in which histories play, as long as names may be. */
const long = (text: string): string =>
  text
    .replaceAll(/"(north|south|east|r[1-4])"/g, (_, name: string) => `"${name.padEnd(64, "x")}"`)
    .replaceAll('"market"', `"${"m".repeat(32)}"`)
const lengthened = <T>(value: T): T => JSON.parse(long(JSON.stringify(value))) as T

const bytes = (text: string): number => Buffer.byteLength(text)

/** Whether a command of this history took more than it may; which types it has. */
const judge = (steps: Parameters<typeof play>[0], seen: Set<CommandType>): void => {
  for (const { command: given, decision, sender, before, atMs } of play(steps)) {
    if (given === undefined || decision._tag === "Refused") continue
    const command = lengthened(given)
    seen.add(command.type)
    const text = commandText(command)
    const decided = { command, named: null, decision: lengthened(decision) }
    const entry = {
      _tag: "Message",
      seq: 1,
      sender,
      class: "sell",
      bulk: false,
      brokerMs: atMs,
      reply: null,
      array: false,
      decided: [decided],
    } as const
    const { entryBytes } = skuKind.command[command.type].bounds
    expect(bytes(engineCodec.encodeEntry(entry, [text])), command.type).toBeLessThanOrEqual(
      512 + bytes(text) + entryBytes(before.locations.length, bytes(text)),
    )
  }
}

describe("bounds of a record", () => {
  it("hold for every type of command that a SKU decides", () => {
    const seen = new Set<CommandType>()
    fc.assert(
      fc.property(script, (steps) => judge(steps, seen)),
      { numRuns: 150 },
    )
    const decided = skuKind.commands.filter((spec) => spec.decide !== null).map(({ type }) => type)
    expect([...seen].sort()).toEqual([...decided].sort())
  })

  it("count every place that a command adds to its SKU", () => {
    fc.assert(
      fc.property(script, (steps) => {
        for (const { command, decision, before, after } of play(steps)) {
          if (command === undefined || decision._tag === "Refused") continue
          const { bounds }: { readonly bounds: { placesMade(of: object): number } } = skuKind.command[command.type]
          expect(after.locations.length - before.locations.length, command.type).toBeLessThanOrEqual(bounds.placesMade(command))
        }
      }),
      { numRuns: 150 },
    )
  })
})
