import fc from "fast-check"
import { describe, expect, it } from "vitest"
import type { ActorKey, CommandId, ReservationId, SenderId, Sku } from "../../src/domain/names.ts"
import { RefusalReason } from "../../src/domain/refusals.ts"
import type { CarriedReturn } from "../../src/engine/protocol.ts"
import { frameBytesMax, frameMessagesMax } from "../../src/limits.ts"
import { decodeAnySpelling } from "../../src/wire/body.ts"
import { commandText } from "../../src/wire/canonical.ts"
import { type CarriedNow, decodeBack, encodeBack, encodeCarry } from "../../src/wire/carry.ts"
import { engineCodec } from "../../src/wire/codec.ts"
import { commandsOfType, outcome, sender } from "./arbitraries.ts"

const bytesOf = (text: string): Uint8Array => new TextEncoder().encode(text)
const from = { kind: "order", partition: 3, owner: "reign-7" }

const carriedId = fc.tuple(fc.stringMatching(/^[A-Za-z0-9_-]{1,40}$/), fc.nat(), fc.nat()).map((parts) => parts.join("/") as CommandId)
const lineReservation = fc.stringMatching(/^@[A-Za-z0-9_.:-]{1,64}$/).map((text) => text as ReservationId)
const count = fc.nat({ max: Number.MAX_SAFE_INTEGER })

/** What an order carries to a SKU: one of three commands, about the reservation of its line. */
const carried: fc.Arbitrary<CarriedNow> = fc
  .tuple(
    fc.oneof(commandsOfType.Reserve, commandsOfType.Confirm, commandsOfType.Release),
    fc.record({ id: carriedId, onBehalf: sender, atMs: fc.integer({ min: 1, max: Number.MAX_SAFE_INTEGER }) }),
    lineReservation,
    fc.constantFrom({}, { trace: `00-${"0a".repeat(16)}-${"b7".repeat(8)}-01` }),
  )
  .map(([command, head, reservation, traced]) => {
    const { id: _, issuedAtMs: __, ...rest } = command
    return { ...head, key: command.sku, command: { ...rest, reservation }, ...traced }
  })

const lineReserve = { type: "Reserve", sku: "TEA-POT" as Sku, reservation: "@web-1001" as ReservationId, qty: 2, holdMs: 60_000 }
const reserve: CarriedNow = {
  id: "own/7/0" as CommandId,
  key: "TEA-POT" as ActorKey,
  onBehalf: "web" as SenderId,
  atMs: 1_000,
  command: lineReserve,
}

describe("carried commands", () => {
  it("arrive as messages of one command each, decided for the order's channel and asked by the partition", () => {
    const [frame = new Uint8Array(), ...more] = encodeCarry(from, 900, [reserve])
    expect(more).toEqual([])
    const command = { ...lineReserve, id: reserve.id, issuedAtMs: 1_000 }
    const text =
      '{"v":1,"type":"Reserve","id":"own/7/0","sku":"TEA-POT","issuedAtMs":1000,"reservation":"@web-1001","qty":2,"holdMs":60000}'
    expect(engineCodec.decodeCarry(frame)).toEqual({
      _tag: "Carry",
      messages: [
        {
          sender: "@order.3",
          class: "sell",
          bulk: false,
          key: "TEA-POT",
          reply: null,
          publishedMs: 1_000,
          trace: null,
          bytes: text.length,
          body: { _tag: "Commands", array: false, commands: [{ _tag: "Command", command, text }] },
          carriage: { from, onBehalf: "web", settledMs: 900 },
        },
      ],
    })
  })

  it("are read as they were written, whatever they are, in the same order", () => {
    fc.assert(
      fc.property(fc.array(carried, { maxLength: 8 }), count, (commands, settledMs) => {
        const messages = encodeCarry(from, settledMs, commands).flatMap((frame) => {
          const decoded = engineCodec.decodeCarry(frame)
          return decoded._tag === "Carry" ? decoded.messages : []
        })
        expect(messages.map(({ key, publishedMs, trace, carriage, body }) => ({ key, publishedMs, trace, carriage, body }))).toEqual(
          commands.map(({ id, key, onBehalf, atMs, command, trace = null }) => {
            const whole = { ...command, id, issuedAtMs: atMs } as Parameters<typeof commandText>[0]
            return {
              key,
              publishedMs: atMs,
              trace,
              carriage: { from, onBehalf, settledMs },
              body: { _tag: "Commands", array: false, commands: [{ _tag: "Command", command: whole, text: commandText(whole) }] },
            }
          }),
        )
      }),
    )
  })

  it("travel in as many frames as they need, none too large", () => {
    const many = Array.from({ length: 5_000 }, (_, i) => ({ ...reserve, id: `own/7/${i}` as CommandId }))
    const frames = encodeCarry(from, 0, many)
    expect(frames.length).toBeGreaterThanOrEqual(5_000 / frameMessagesMax)
    for (const frame of frames) expect(frame.length).toBeLessThanOrEqual(frameBytesMax)
    const read = frames.flatMap((frame) => {
      const decoded = engineCodec.decodeCarry(frame)
      return decoded._tag === "Carry" ? decoded.messages.flatMap(({ body }) => (body._tag === "Commands" ? body.commands : [])) : []
    })
    expect(read.map((one) => (one._tag === "Command" ? one.command.id : null))).toEqual(many.map(({ id }) => id))
    const wide = many.slice(0, frameMessagesMax).map((one) => ({ ...one, key: '"'.repeat(128) as ActorKey }))
    expect(encodeCarry(from, 0, wide).length).toBeGreaterThan(1)
    expect(encodeCarry(from, 0, [])).toEqual([])
  })

  it("that the kind can't read spoil themselves alone, by their name", () => {
    const unknown = { ...reserve, id: "own/7/1" as CommandId, command: { type: "Cook", sku: "TEA-POT" } } as CarriedNow
    const uncarried = { ...reserve, id: "own/7/2" as CommandId, command: { ...lineReserve, type: "Extend" } } as CarriedNow
    const wrong = { ...reserve, id: "own/7/3" as CommandId, command: { ...lineReserve, qty: 0 } } as CarriedNow
    const [frame = new Uint8Array()] = encodeCarry(from, 0, [unknown, reserve, uncarried, wrong])
    const decoded = engineCodec.decodeCarry(frame)
    const commands =
      decoded._tag === "Carry" ? decoded.messages.map(({ body }) => (body._tag === "Commands" ? body.commands[0] : null)) : []
    expect(commands).toMatchObject([
      { _tag: "Invalid", id: "own/7/1", key: "TEA-POT", refusal: { reason: "UnknownType" } },
      { _tag: "Command", command: { id: "own/7/0" } },
      { _tag: "Invalid", id: "own/7/2", key: "TEA-POT", refusal: { reason: "UnknownType" } },
      { _tag: "Invalid", id: "own/7/3", key: "TEA-POT", refusal: { reason: "InvalidField", field: "qty" } },
    ])
  })

  it("can be spelled by no sender: neither their ids, nor the reservations of orders' lines in a Reserve", () => {
    const fieldOf = (change: object) => {
      const body = decodeAnySpelling(
        bytesOf(JSON.stringify({ v: 1, ...lineReserve, id: "c1", issuedAtMs: 1, reservation: "r1", ...change })),
      )
      const [only] = body._tag === "Commands" ? body.commands : []
      return only?._tag === "Invalid" ? only.refusal.field : null
    }
    expect(fieldOf({})).toBeNull()
    expect(fieldOf({ id: "own/7/0" })).toBe("id")
    expect(fieldOf({ reservation: "@web-1001" })).toBe("reservation")
  })
})

const returned: fc.Arbitrary<CarriedReturn> = fc.record({
  id: carriedId,
  by: fc.record({ kind: fc.constantFrom("sku", "order"), partition: fc.nat({ max: 999_999 }), seq: count }),
  outcome: outcome.filter((one) => one.outcome !== "quarantined").map((one) => ({ ...one })) as fc.Arbitrary<CarriedReturn["outcome"]>,
})

describe("what came of carried commands", () => {
  it("is read as it was written", () => {
    fc.assert(
      fc.property(fc.array(returned, { maxLength: 8 }), (returns) => {
        const read = encodeBack(returns).flatMap((frame) => {
          const decoded = decodeBack(frame)
          return decoded._tag === "Back" ? decoded.returns : []
        })
        expect(read).toEqual(returns)
      }),
    )
  })

  it("travels in as many frames as it needs, none too large", () => {
    const lines = Array.from({ length: 40 }, (_, i) => ({ sku: `S${i}`, qty: 1, reason: RefusalReason[0] }))
    const outcome: CarriedReturn["outcome"] = { outcome: "accepted", lines }
    const many = Array.from({ length: 500 }, (_, i) => ({
      id: `own/1/${i}` as CommandId,
      by: { kind: "sku", partition: 0, seq: i },
      outcome,
    }))
    const frames = encodeBack(many)
    expect(frames.length).toBeGreaterThan(2)
    for (const frame of frames) expect(frame.length).toBeLessThanOrEqual(frameBytesMax)
    expect(frames.map(decodeBack).flatMap((decoded) => (decoded._tag === "Back" ? decoded.returns : []))).toEqual(many)
  })
})

describe.each([
  ["a frame of carried commands", (bytes: Uint8Array) => engineCodec.decodeCarry(bytes), encodeCarry(from, 0, [reserve])],
  [
    "a frame of what came of them",
    decodeBack,
    encodeBack([{ id: reserve.id, by: { kind: "sku", partition: 0, seq: 1 }, outcome: { outcome: "expired" } }]),
  ],
])("%s", (_, decode, [frame = new Uint8Array()]) => {
  const text = new TextDecoder().decode(frame)

  it("of a newer release says so, before anything else about it", () => {
    expect(decode(bytesOf('{"v":2,"from":7}'))).toEqual({ _tag: "Newer", version: 2 })
    expect(decode(bytesOf(text.replace('"v":1', '"v":9')))).toEqual({ _tag: "Newer", version: 9 })
  })

  it("is unreadable, and nothing throws, whatever the bytes are", () => {
    fc.assert(fc.property(fc.uint8Array({ maxLength: 100 }), (bytes) => void expect(decode(bytes)._tag).toBe("Unreadable")))
    // One that says a version may be a newer release's.
    const unversioned = fc.json().filter((json) => !json.startsWith('{"v":'))
    fc.assert(fc.property(unversioned, (json) => void expect(decode(bytesOf(json))._tag).toBe("Unreadable")))
    for (const other of [
      text.slice(0, -1),
      `${text}}`,
      text.replace('"v":1,', ""),
      text.replace("own/7/0", "own/7"),
      text.replace("own/7/0", "c1"),
      text.replace('"v":1', '"v":"1"'),
      "null",
      "[]",
      "[".repeat(100_000),
      `{"v":1,"from":["sku",0,"a"],"settled":0,"commands":${"[".repeat(100_000)}${"]".repeat(100_000)}}`,
    ])
      expect(decode(bytesOf(other))._tag, other.slice(0, 80)).toBe("Unreadable")
  })

  it("longer than a frame may be is not even parsed", () => {
    expect(decode(bytesOf(`${text}${" ".repeat(frameBytesMax)}`))).toMatchObject({
      _tag: "Unreadable",
      cause: expect.stringContaining("bytes") as unknown,
    })
    expect(decode(bytesOf(`${text}${" ".repeat(frameBytesMax - text.length)}`))._tag).not.toBe("Unreadable")
  })

  it("changed in one place is read as what it says, or not at all", () => {
    fc.assert(
      fc.property(fc.nat(), fc.integer({ min: 1, max: 255 }), (place, mask) => {
        const damaged = new Uint8Array(frame)
        const at = place % damaged.length
        damaged[at] = (damaged[at] ?? 0) ^ mask
        expect(["Carry", "Back", "Newer", "Unreadable"]).toContain(decode(damaged)._tag)
      }),
      { numRuns: 500 },
    )
  })
})

describe("an outcome", () => {
  it("that is none of those that are final, or that is nested deep, comes back to nobody", () => {
    const text = '{"v":1,"returns":[["own/1/0","sku",0,1,{"outcome":"quarantined","quarantined":"1-0"}]]}'
    expect(decodeBack(bytesOf(text))._tag).toBe("Unreadable")
    const deep = `{"v":1,"returns":[["own/1/0","sku",0,1,{"outcome":"accepted","x":${"[".repeat(10)}${"]".repeat(10)}}]]}`
    expect(decodeBack(bytesOf(deep))._tag).toBe("Unreadable")
  })
})
