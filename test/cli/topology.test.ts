/**
 * What waits, counted in commands: one stored message holds many messages of senders, and each of those many commands.
 */
import { Effect, Stream } from "effect"
import { describe, expect, it } from "vitest"
import { commandsIn, commandsWaiting } from "../../src/cli/topology.ts"
import type { SenderId, Sku } from "../../src/domain/names.ts"
import type { CommandMessage } from "../../src/engine/protocol.ts"
import type { SkuTakenMessage } from "../../src/kinds/sku/types.ts"
import { Commands } from "../../src/ports/broker.ts"
import { BrokerUnavailable } from "../../src/ports/errors.ts"
import { engineCodec } from "../../src/wire/codec.ts"
import { bodyText, encodeBatch } from "../../src/wire/taken.ts"

const fact = (id: number) => `{"v":1,"type":"ReceiveStock","id":"r-${id}","sku":"A","issuedAtMs":5,"location":"main","qty":1}`

/** A sender's message with so many facts. */
const taken = (facts: number): SkuTakenMessage => {
  const text = facts === 1 ? fact(0) : `[${Array.from({ length: facts }, (_, i) => fact(i)).join(",")}]`
  const body = engineCodec.decodeBody(new TextEncoder().encode(text))
  const bytes = Buffer.byteLength(bodyText(body))
  return { sender: "dock" as SenderId, class: "stock", bulk: false, key: "A" as Sku, reply: null, publishedMs: 5, trace: null, bytes, body }
}

/** A stored message that holds senders' messages with so many facts each. */
const stored = (facts: ReadonlyArray<number>): Uint8Array =>
  encodeBatch({ ingress: "i", serial: 1, acknowledged: 0, messages: facts.map(taken) })

const at = (seq: number, body: Uint8Array): CommandMessage => ({ seq, subject: "", headers: "", body, brokerMs: 5 })

/** What is counted of a stream that delivers these and then nothing for ever, or fails. */
const counted = (messages: number, delivered: ReadonlyArray<Uint8Array>, ending: Stream.Stream<never, BrokerUnavailable> = Stream.never) =>
  Effect.runPromise(
    commandsWaiting(0, 6, messages).pipe(
      Effect.provideService(Commands, {
        read: (_, fromSeq) => Stream.concat(Stream.make(delivered.map((body, i) => at(fromSeq + i, body))), ending),
        at: () => Effect.die("not asked"),
        purge: () => Effect.die("not asked"),
        waiting: () => Effect.die("not asked"),
      }),
    ),
  )

describe("what waits", () => {
  it("is counted in commands, of every sender's message in a stored one; what can't be read is one", () => {
    expect(commandsIn(stored([1]))).toBe(1)
    expect(commandsIn(stored([1, 128, 3]))).toBe(132)
    expect(commandsIn(new Uint8Array([1, 2, 3]))).toBe(1)
  })

  it("is counted over all stored messages that wait, and no further", async () => {
    expect(await counted(2, [stored([5]), stored([1, 2])])).toBe(8)
    expect(await counted(1, [stored([5]), stored([1, 2])])).toBe(5)
    expect(await counted(0, [])).toBe(0)
  })

  it("isn't said where it can't be counted: too many to look into, a connection that breaks", async () => {
    expect(await counted(257, [])).toBeNull()
    const broken = Stream.fail(new BrokerUnavailable({ operation: "read", cause: "gone" }))
    expect(await counted(2, [stored([5])], broken)).toBeNull()
  })
})
