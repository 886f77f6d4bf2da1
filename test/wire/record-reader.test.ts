import fc from "fast-check"
import { describe, expect, it } from "vitest"
import type { CommandId, LocationId, ReservationId, SenderId, Sku } from "../../src/domain/names.ts"
import type { Command } from "../../src/domain/sku/commands.ts"
import type { SkuDecidedCommand, SkuJournalRecord, SkuMessageEntry } from "../../src/kinds/sku/types.ts"
import { engineCodec } from "../../src/wire/codec.ts"
import { recordCodecOf } from "../../src/wire/records.ts"
import { sealOf } from "../../src/wire/sealed.ts"
import { skuJson } from "../../src/wire/sku-json.ts"
import { hotCommand, record } from "./arbitraries.ts"

const { encodeRecord, encodeEntry } = engineCodec
const { decodeAny, decodeUsual } = recordCodecOf(skuJson)
const encode = ({ entries, ...envelope }: SkuJournalRecord): Uint8Array =>
  encodeRecord(
    envelope,
    entries.map((one) => encodeEntry(one)),
  )
/** The object's text without its closing brace, sealed as the codec does. */
const sealed = (open: Buffer): Uint8Array => Buffer.concat([open, Buffer.from(sealOf(open, open.length), "utf8")])
const unsealed = (bytes: Uint8Array): Buffer => Buffer.from(bytes.subarray(0, bytes.length - sealOf(bytes, 0).length))

const empty: SkuJournalRecord = {
  version: 3,
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
const messageOf = (decided: ReadonlyArray<SkuDecidedCommand>): SkuMessageEntry => ({
  _tag: "Message",
  seq: 8,
  sender: "web" as SenderId,
  class: "sell",
  bulk: false,
  brokerMs: 999,
  reply: "c.1",
  array: true,
  decided,
})

/** What an owner decides of a hot command, as it usually does. */
const usualDecision = (command: Command, yes: boolean): SkuDecidedCommand["decision"] => {
  const channel = "web" as SenderId
  if (!yes || !("reservation" in command) || command.reservation === undefined)
    return { _tag: "Refused", refusal: { reason: "InsufficientStock", ats: 0 } }
  const { reservation } = command
  const allocations = [{ location: "DC1" as LocationId, qty: 1 }]
  switch (command.type) {
    case "Reserve":
      return { _tag: "Accepted", events: [{ type: "Reserved", channel, reservation, allocations, expiresAtMs: 61_000 }] }
    case "Confirm":
      return { _tag: "Accepted", events: [{ type: "Confirmed", channel, reservation }] }
    case "Extend":
      return { _tag: "Accepted", events: [{ type: "Extended", channel, reservation, expiresAtMs: 61_000 }] }
    default:
      return { _tag: "Accepted", events: [{ type: "Released", channel, reservation, allocations, reason: "cancelled" }] }
  }
}

const edit = fc.record({
  at: fc.nat(),
  cut: fc.nat({ max: 3 }),
  put: fc.constantFrom(
    "",
    '"',
    "0",
    "-",
    ",",
    "}",
    "]",
    "[",
    "{",
    "e",
    "\\",
    " ",
    "ä",
    "\u0000",
    "\uFEFF",
    '"qty":1,',
    '{"late":1}',
    '"entries":[',
  ),
})
const edited = (bytes: Uint8Array, edits: ReadonlyArray<{ at: number; cut: number; put: string }>): Uint8Array => {
  let open = unsealed(bytes)
  for (const { at, cut, put } of edits) {
    const place = at % (open.length + 1)
    open = Buffer.concat([open.subarray(0, place), Buffer.from(put, "utf8"), open.subarray(place + cut)])
  }
  return sealed(open)
}

describe("the fast reader of records", () => {
  it("reads every record that is written, to the same value as the long way", () => {
    fc.assert(
      fc.property(record, (one) => {
        const bytes = encode(one)
        const read = decodeUsual(bytes)
        expect(read).toBeDefined()
        expect(read).toEqual(decodeAny(bytes, false))
      }),
      { numRuns: 500 },
    )
  })

  it("reads what is usual without the long way, and what isn't by itself", () => {
    fc.assert(
      fc.property(fc.array(fc.tuple(hotCommand, fc.boolean()), { minLength: 1, maxLength: 20 }), (commands) => {
        const decided = commands.map(([command, yes]) => ({ command, named: null, decision: usualDecision(command, yes) }))
        const bytes = encode({ ...empty, entries: [messageOf(decided), messageOf(decided)] })
        expect(decodeUsual(bytes)).toEqual(decodeAny(bytes, false))
      }),
    )
  })

  it("takes nothing that the long way refuses or reads otherwise, however a record is damaged before it is sealed", () => {
    fc.assert(
      fc.property(record, fc.array(edit, { minLength: 1, maxLength: 3 }), (one, edits) => {
        const bytes = edited(encode(one), edits)
        const read = decodeUsual(bytes)
        if (read !== undefined) expect(read).toEqual(decodeAny(bytes, false))
      }),
      { numRuns: 1_000 },
    )
  })

  it("takes no usual message otherwise either, wherever a character of it is another", () => {
    const command: Command = {
      type: "Reserve",
      id: "c-1" as CommandId,
      sku: "A.1 b" as Sku,
      issuedAtMs: 5,
      reservation: "o-1" as ReservationId,
      qty: 2,
      holdMs: 60_000,
    }
    const decided = { command, named: null, decision: usualDecision(command, true) }
    const bytes = encode({
      ...empty,
      entries: [{ _tag: "Stored", seq: 9, ingress: "in", serial: 7, missing: 0 }, messageOf([decided, decided])],
    })
    const length = unsealed(bytes).length
    for (let at = 0; at < length; at++)
      for (const put of ["0", '"', "ä", ""]) {
        const changed = edited(bytes, [{ at, cut: 1, put }])
        const read = decodeUsual(changed)
        if (read !== undefined) expect(read, `${put} at ${at}`).toEqual(decodeAny(changed, false))
      }
  })

  it("forgets the record before: its names are read anew where they differ by a character", () => {
    const command = (id: string): Command => ({
      type: "Confirm",
      id: id as CommandId,
      sku: "A" as Sku,
      issuedAtMs: 5,
      reservation: id as ReservationId,
    })
    for (const id of ["o-1", "o-12", "o-1", "o", "p-1"]) {
      const decided = { command: command(id), named: null, decision: usualDecision(command(id), true) }
      const one = { ...empty, entries: [{ ...messageOf([decided]), sender: id.replace("-", "") as SenderId }] }
      expect(decodeUsual(encode(one))).toEqual({ _tag: "Record", record: one })
    }
  })
})
