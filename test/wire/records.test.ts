import fc from "fast-check"
import { describe, expect, it } from "vitest"
import type { CommandId, EpochMs, LocationId, ReservationId, SenderId, Sku } from "../../src/domain/names.ts"
import type { Command } from "../../src/domain/sku/commands.ts"
import type { Allocations, StockEvent } from "../../src/domain/sku/events.ts"
import type { Policy } from "../../src/domain/sku/policy.ts"
import { recordVersion } from "../../src/engine/records.ts"
import type { SkuDecidedCommand, SkuJournalRecord, SkuMessageEntry } from "../../src/kinds/sku/types.ts"
import {
  allocationsMax,
  bodyBytesMax,
  channelsPerPolicyMax,
  entryOverheadBytesMax,
  idCharsMax,
  locationsPerSkuMax,
  qtyMax,
  recordEnvelopeBytesMax,
  replySuffixCharsMax,
  senderCharsMax,
  skuBytesMax,
} from "../../src/limits.ts"
import { commandText } from "../../src/wire/canonical.ts"
import { engineCodec } from "../../src/wire/codec.ts"
import { addEvents } from "../../src/wire/events.ts"
import { sealOf } from "../../src/wire/sealed.ts"
import { command, entry, event, record } from "./arbitraries.ts"

const { encodeRecord, encodeEntry, decodeRecord } = engineCodec
const encode = ({ entries, ...envelope }: SkuJournalRecord): Uint8Array =>
  encodeRecord(
    envelope,
    entries.map((one) => encodeEntry(one)),
  )
const textOf = (bytes: Uint8Array): string => new TextDecoder("utf-8", { fatal: true }).decode(bytes)
const empty: SkuJournalRecord = {
  version: recordVersion,
  kind: "batch",
  partition: 3,
  incarnation: "inc",
  owner: "own",
  epoch: 7,
  cursor: { stream: "stored", seq: 9, digest: "dig" },
  atMs: 1_000,
  prevSeq: 41,
  prevHash: "hash",
  publishedSeq: 40,
  entries: [],
}

/** The object's text, sealed as the codec does. */
const sealed = (text: string): Uint8Array => {
  const open = Buffer.from(text.slice(0, -1), "utf8")
  return Buffer.concat([open, Buffer.from(sealOf(open, open.length), "utf8")])
}
/** The bytes with one of them changed. */
const damagedAt = (bytes: Uint8Array, place: number, mask: number): Uint8Array => {
  const damaged = new Uint8Array(bytes)
  const at = place % damaged.length
  damaged[at] = (damaged[at] ?? 0) ^ mask
  return damaged
}

describe("a record", () => {
  it("comes back from its bytes as it was, with every kind of entry, decision and event", () => {
    fc.assert(
      fc.property(record, (one) => {
        expect(decodeRecord(encode(one))).toEqual({ _tag: "Record", record: one })
      }),
      { numRuns: 500 },
    )
  })

  it("has the same bytes whether the canonical texts were at hand or not", () => {
    fc.assert(
      fc.property(entry, (one) => {
        const decided = one._tag === "Message" ? one.decided : one._tag === "Settled" ? [one.decided] : []
        const texts = decided.map((each) => (each.command === null ? null : commandText(each.command)))
        expect(encodeEntry(one, texts)).toBe(encodeEntry(one))
      }),
    )
  })

  it("holds each command's canonical text verbatim", () => {
    fc.assert(
      fc.property(command, (one) => {
        const decided: SkuDecidedCommand = { command: one, named: null, decision: { _tag: "TooLate" } }
        const message: SkuMessageEntry = { ...worstMessage([decided]), reply: null }
        expect(textOf(encode({ ...empty, entries: [message] }))).toContain(`{"c":${commandText(one)},`)
      }),
    )
  })

  it("is one line of plain JSON that any tool reads", () => {
    const text = textOf(encode({ ...empty, entries: [{ _tag: "Floor", sender: "web" as SenderId, class: "sell", floorMs: 60_000 }] }))
    expect(JSON.parse(text)).toEqual({
      v: recordVersion,
      kind: "batch",
      partition: 3,
      incarnation: "inc",
      owner: "own",
      epoch: 7,
      cursor: { stream: "stored", seq: 9, digest: "dig" },
      atMs: 1_000,
      prevSeq: 41,
      prevHash: "hash",
      publishedSeq: 40,
      entries: [{ e: "floor", from: "web", class: "sell", ms: 60_000 }],
      sum: expect.stringMatching(/^[0-9a-f]{8}$/) as unknown,
    })
    expect(text.endsWith('"}')).toBe(true)
  })

  it("is encoded whole however large, and apart from what is encoded next", () => {
    const long = JSON.stringify("ä€😀".repeat(400_000))
    const entries = [`{"e":"reset","from":{"stream":"stored","seq":1,"digest":""},"cause":${long}}`]
    const { entries: _, ...envelope } = empty
    const bytes = encodeRecord(envelope, entries)
    encodeRecord(envelope, [])
    expect(decodeRecord(bytes)).toMatchObject({ _tag: "Record", record: { entries: [{ cause: JSON.parse(long) as string }] } })
  })
})

describe("an event's text", () => {
  it("is the one JSON.stringify gives it", () => {
    fc.assert(
      fc.property(fc.array(event, { maxLength: 3 }), (events) => {
        expect(addEvents("[", events)).toBe(JSON.stringify(events))
      }),
      { numRuns: 500 },
    )
  })
})

describe("bytes that are no record", () => {
  const bare = (change: object): string => {
    const { sum: _, ...rest } = JSON.parse(textOf(encode(empty))) as { sum: string }
    return JSON.stringify({ ...rest, ...change })
  }
  /** Written so on purpose: whatever it says, its seal is whole. */
  const changed = (change: object): Uint8Array => sealed(bare(change))
  const newerVersion = expect.stringContaining(`version ${recordVersion + 1}`) as unknown

  it("say so when they are of a newer release, before anything else about them", () => {
    const newer = decodeRecord(changed({ v: recordVersion + 1, entries: 7 }))
    expect(newer).toEqual({ _tag: "Newer", version: recordVersion + 1, cause: newerVersion })
    for (const v of [0, -1, "2", null, 1.5e-3, 1, recordVersion - 1])
      expect(decodeRecord(changed({ v }))).toMatchObject({ _tag: "Unreadable" })
    expect(decodeRecord(changed({}))).toMatchObject({ _tag: "Record" })
  })

  it("say so when their cursor is of a commands stream that this release doesn't know", () => {
    const of = (cursor: unknown) => decodeRecord(changed({ cursor }))
    const cause = "its cursor is of the stream other, which this release doesn't know"
    expect(of({ stream: "other", seq: 9, digest: "dig" })).toEqual({ _tag: "Newer", version: recordVersion, cause })
    for (const cursor of [{ seq: 9, digest: "dig" }, { stream: 7, seq: 9, digest: "dig" }, null, "stored"])
      expect(of(cursor)).toMatchObject({ _tag: "Unreadable" })
  })

  it("say so of a newer release that ends its records otherwise", () => {
    const text = bare({ v: recordVersion + 1 })
    for (const other of [
      text,
      `${text.slice(0, -1)},"sum":"0123456789abcdef"}`,
      `${text.slice(0, -1)},"sum":"00000000","by":"x"}`,
      `${text}\n`,
    ])
      expect(decodeRecord(new TextEncoder().encode(other))).toMatchObject({ _tag: "Newer", cause: newerVersion })
  })

  it("are taken for damaged, not for newer, where the damage is in the version", () => {
    const text = textOf(encode(empty)).replace(`"v":${recordVersion}`, '"v":9')
    expect(decodeRecord(new TextEncoder().encode(text))).toEqual({ _tag: "Unreadable", cause: "damaged: its checksum is another" })
  })

  it("are unreadable without a seal, though all of them is there", () => {
    expect(decodeRecord(new TextEncoder().encode(bare({})))).toEqual({ _tag: "Unreadable", cause: "it ends without a checksum" })
    expect(decodeRecord(sealed(bare({})))).toMatchObject({ _tag: "Record" })
  })

  it("are unreadable for any one damaged byte, and never a newer release's, wherever the damage is", () => {
    fc.assert(
      fc.property(record, fc.nat(), fc.integer({ min: 1, max: 255 }), (one, place, mask) => {
        const damaged = damagedAt(encode(one), place, mask)
        expect(decodeRecord(damaged)).toMatchObject({ _tag: "Unreadable" })
      }),
      { numRuns: 500 },
    )
    const whole = encode(empty)
    for (let place = 0; place < whole.length; place++)
      for (let bit = 0; bit < 8; bit++)
        expect(decodeRecord(damagedAt(whole, place, 1 << bit))._tag, `bit ${bit} of byte ${place}`).toBe("Unreadable")
  })

  it("are unreadable when cut short, or with something behind their end", () => {
    const whole = encode(empty)
    for (let length = 0; length < whole.length; length++) expect(decodeRecord(whole.subarray(0, length))._tag).toBe("Unreadable")
    for (const more of [" ", "}", "\0", textOf(whole)])
      expect(decodeRecord(Buffer.concat([whole, Buffer.from(more)]))._tag).toBe("Unreadable")
  })

  it.each([
    ["an unknown field", { more: 1 }],
    ["an unknown kind", { kind: "Batch" }],
    ["a sequence that is no integer", { prevSeq: 1.5 }],
    ["an entry of no kind", { entries: [{ e: "note" }] }],
    ["an entry with a field too many", { entries: [{ e: "floor", from: "web", class: "sell", ms: 1, x: 1 }] }],
    ["a decision that is none", { entries: [{ e: "settled", id: "1-0", from: "web", class: "sell", d: {} }] }],
    ["two decisions in one", { entries: [{ e: "settled", id: "1-0", from: "web", class: "sell", d: { late: 1, drop: "x" } }] }],
    ["an unknown event", { entries: [{ e: "settled", id: "1-0", from: "web", class: "sell", d: { ok: [{ type: "Sold" }] } }] }],
    [
      "an invalid command",
      { entries: [{ e: "settled", id: "1-0", from: "web", class: "sell", d: { c: { v: 1, type: "Confirm" }, late: 1 } }] },
    ],
  ])("are unreadable, with a cause: %s", (_, change) => {
    const decoded = decodeRecord(changed(change))
    expect(decoded._tag).toBe("Unreadable")
    expect(decoded).toHaveProperty("cause", expect.stringMatching(/.+/))
  })

  it.each([recordVersion + 0.5, recordVersion + 2 ** -50, Number.MAX_VALUE])(
    "are no newer release's where their version is no whole number: %d",
    (v) => {
      expect(decodeRecord(new TextEncoder().encode(JSON.stringify({ v })))._tag).toBe("Unreadable")
      expect(decodeRecord(new TextEncoder().encode(JSON.stringify({ v: recordVersion + 1 })))._tag).toBe("Newer")
    },
  )

  it("never throw, and never pass for a record when damaged into other JSON", () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 100 }), (bytes) => {
        expect(decodeRecord(bytes)._tag).toBe("Unreadable")
      }),
    )
    fc.assert(
      fc.property(fc.json(), (text) => {
        const value: unknown = JSON.parse(text)
        const version: unknown = typeof value === "object" && value !== null ? Reflect.get(value, "v") : undefined
        const isOfNewer = Number.isSafeInteger(version) && Number(version) > recordVersion
        expect(decodeRecord(new TextEncoder().encode(text))._tag).toBe(isOfNewer ? "Newer" : "Unreadable")
      }),
    )
    for (const bomb of ["[".repeat(400_000), `${"[".repeat(400_000)}${"]".repeat(400_000)}`])
      expect(decodeRecord(new TextEncoder().encode(bomb))._tag).toBe("Unreadable")
  })
})

// The longest of everything.
const longId = (i: number): string => `${i}-`.padEnd(idCharsMax, "x")
const longSender = "w".repeat(senderCharsMax) as SenderId
const lateMs: EpochMs = Number.MAX_SAFE_INTEGER
const longSku = '"'.repeat(skuBytesMax) as Sku
const longReservation = longId(1) as ReservationId
/** The name of a sale under an ended reservation. */
const longName = `${longId(1)}~${longId(2)}~999999999` as ReservationId
const spread: Allocations = Array.from({ length: allocationsMax }, (_, i) => ({ location: longId(i) as LocationId, qty: qtyMax }))
const worstHead = { id: longId(0) as CommandId, sku: longSku, issuedAtMs: lateMs }
const worstMessage = (decided: ReadonlyArray<SkuDecidedCommand>): SkuMessageEntry => ({
  _tag: "Message",
  seq: Number.MAX_SAFE_INTEGER,
  sender: longSender,
  class: "operator",
  bulk: true,
  brokerMs: lateMs,
  reply: "r".repeat(replySuffixCharsMax),
  trace: `00-${"a".repeat(32)}-${"b".repeat(16)}-01`,
  array: true,
  decided,
})
const shortages: ReadonlyArray<StockEvent> = Array.from({ length: allocationsMax + 1 }, (_, i) => ({
  type: "ShortageFound",
  location: longId(i) as LocationId,
  qty: Number.MAX_SAFE_INTEGER,
}))

const bytesOfEntry = (one: Command, events: ReadonlyArray<StockEvent>): number =>
  Buffer.byteLength(encodeEntry(worstMessage([{ command: one, named: null, decision: { _tag: "Accepted", events } }])))

describe("a worst-case entry", () => {
  const reserve: Command = {
    type: "Reserve",
    ...worstHead,
    deadlineMs: 86_400_000,
    reservation: longReservation,
    qty: qtyMax,
    holdMs: 2_592_000_000,
    locations: spread.map((part) => part.location),
    partial: true,
  }
  const fulfil: Command = {
    type: "Fulfil",
    ...worstHead,
    channel: longSender,
    reservation: longName,
    location: longId(0) as LocationId,
    qty: qtyMax,
  }
  const sale: Command = {
    type: "RecordSale",
    ...worstHead,
    mode: "owed",
    qty: qtyMax,
    location: longId(0) as LocationId,
    reservation: longReservation,
  }
  const held = { channel: longSender, reservation: longName }
  const oversold: StockEvent = { type: "DiscrepancyFound", kind: "Oversold", qty: qtyMax, location: longId(0) as LocationId }
  const cases: ReadonlyArray<readonly [string, Command, ReadonlyArray<StockEvent>]> = [
    ["a reservation over every location it may have", reserve, [{ type: "Reserved", ...held, allocations: spread, expiresAtMs: lateMs }]],
    [
      "its release",
      { type: "Release", ...worstHead, reservation: longName, reason: "payment-failed" },
      [{ type: "Released", ...held, allocations: spread, reason: "payment-failed" }],
    ],
    [
      "a fulfilment from elsewhere that leaves shortages",
      fulfil,
      [{ type: "Fulfilled", ...held, allocations: spread, taken: spread.slice(0, 1) }, oversold, ...shortages.slice(0, 1)],
    ],
    ["a sale owed over every location, each short", sale, [{ type: "SaleOwed", ...held, allocations: spread }, oversold, ...shortages]],
  ]

  it.each(cases)("of %s keeps its share of a record", (_, one, events) => {
    expect(bytesOfEntry(one, events)).toBeLessThanOrEqual(2 * Buffer.byteLength(commandText(one)) + entryOverheadBytesMax)
  })

  it("of the largest policy keeps its share of a record, and its command fits a body", () => {
    const policy: Policy = {
      version: Number.MAX_SAFE_INTEGER,
      channels: Array.from({ length: channelsPerPolicyMax }, (_, i) => ({
        channel: `${i}`.padEnd(senderCharsMax, "w") as SenderId,
        priority: qtyMax,
        bufferQty: qtyMax,
        bufferPercent: 100,
        floorQty: qtyMax,
        fenceQty: qtyMax,
      })),
      safety: Array.from({ length: locationsPerSkuMax }, (_, i) => ({ location: longId(i) as LocationId, qty: qtyMax })),
      sourcing: Array.from({ length: locationsPerSkuMax }, (_, i) => longId(i) as LocationId),
    }
    const setPolicy: Command = { type: "SetPolicy", ...worstHead, deadlineMs: 86_400_000, policy }
    const text = commandText(setPolicy)
    expect(text.length).toBeLessThanOrEqual(bodyBytesMax)
    expect(bytesOfEntry(setPolicy, [{ type: "PolicySet", policy }])).toBeLessThanOrEqual(2 * text.length + entryOverheadBytesMax)
  })

  it("of a repeated answer keeps its share too", () => {
    const decided: SkuDecidedCommand = {
      command: reserve,
      named: null,
      decision: {
        _tag: "Repeated",
        outcome: {
          outcome: "accepted",
          qty: qtyMax,
          allocations: spread,
          expiresAtMs: lateMs,
          reservation: longName,
          discrepancies: [{ kind: "NotReserved", qty: qtyMax }],
          shortageQty: qtyMax,
        },
      },
    }
    const text = commandText(reserve)
    expect(Buffer.byteLength(encodeEntry(worstMessage([decided])))).toBeLessThanOrEqual(2 * text.length + entryOverheadBytesMax)
  })
})

describe("a record's envelope", () => {
  it("keeps the bytes reserved for it", () => {
    const hash = "h".repeat(43)
    const id = "i".repeat(idCharsMax)
    const at = Number.MAX_SAFE_INTEGER
    const largest: SkuJournalRecord = {
      ...empty,
      partition: 999_999,
      incarnation: id,
      owner: id,
      epoch: at,
      cursor: { stream: "stored", seq: at, digest: hash },
      atMs: at,
      prevSeq: at,
      prevHash: hash,
      publishedSeq: at,
    }
    expect(encode(largest).length).toBeLessThanOrEqual(recordEnvelopeBytesMax)
  })
})

describe("a snapshot chunk", () => {
  it("comes back from its bytes as it was", () => {
    fc.assert(
      fc.property(fc.jsonValue({ noUnicodeString: false }), (chunk) => {
        expect(engineCodec.decodeChunk(engineCodec.encodeChunk(chunk))).toEqual({ _tag: "Chunk", chunk: JSON.parse(JSON.stringify(chunk)) })
      }),
    )
  })

  it("is unreadable if the bytes are none, or of an older version, and told apart if of a newer one", () => {
    for (const text of ["", "{}", "7", "null", "[1]", '{"chunkVersion":3,"chunk":1}', '{"chunkVersion":1,"chunk":1'])
      expect(engineCodec.decodeChunk(new TextEncoder().encode(text))).toEqual({ _tag: "Unreadable" })
    for (const text of ['{"chunkVersion":2,"chunk":1}', '{"chunkVersion":"4","chunk":1}', '{"chunk":1}'])
      expect(engineCodec.decodeChunk(sealed(text))).toEqual({ _tag: "Unreadable" })
    expect(engineCodec.decodeChunk(sealed('{"chunkVersion":4,"parts":1}'))).toEqual({ _tag: "Newer", version: 4 })
    expect(engineCodec.decodeChunk(sealed('{"chunkVersion":3,"chunk":1}'))).toEqual({ _tag: "Chunk", chunk: 1 })
    const packed = { kind: "packed", seq: 1, bytes: new Uint8Array([0, 255, 7]) }
    expect(engineCodec.decodeChunk(engineCodec.encodeChunk(packed))).toEqual({ _tag: "Chunk", chunk: packed })
  })

  it("is unreadable for any one damaged byte", () => {
    fc.assert(
      fc.property(fc.jsonValue(), fc.nat(), fc.integer({ min: 1, max: 255 }), (chunk, place, mask) => {
        expect(engineCodec.decodeChunk(damagedAt(engineCodec.encodeChunk(chunk), place, mask))).toEqual({ _tag: "Unreadable" })
      }),
      { numRuns: 500 },
    )
  })
})
