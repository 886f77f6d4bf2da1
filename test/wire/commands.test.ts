import fc from "fast-check"
import { describe, expect, it } from "vitest"
import { noCommandText } from "../../src/cli/send.ts"
import type { AnyCommandSpec } from "../../src/domain/define.ts"
import { RefusalReason } from "../../src/domain/refusals.ts"
import { type Command, type CommandType, classOf, ofEachType } from "../../src/domain/sku/commands.ts"
import {
  allocationsMax,
  channelsPerPolicyMax,
  deadlineMsMax,
  holdMsMax,
  idCharsMax,
  locationsPerSkuMax,
  qtyMax,
  skuBytesMax,
  textCharsMax,
} from "../../src/limits.ts"
import { type CommandJson, commandFromJson, commandJsonOf, commandSchemas, readCommandJson } from "../../src/wire/commands.ts"
import { command } from "./arbitraries.ts"

const head = { v: 1, id: "c-1", sku: "85123A", issuedAtMs: 1_291_194_360_000 }
const line = { channel: "web", priority: 0, bufferQty: 0, bufferPercent: 0, floorQty: 0, fenceQty: 0 }
const policy = { version: 1, channels: [line], safety: [{ location: "wh-1", qty: 2 }], sourcing: ["wh-1"] }

/** A type's first example without the fields that may be left out. */
const leastOf = ({ type, fields, examples: [example] }: AnyCommandSpec): object => {
  const needed = Object.entries(example ?? {}).filter(([name]) => fields[name]?.ast.context?.isOptional !== true && name !== "deadlineMs")
  return { v: 1, type, ...Object.fromEntries(needed) }
}

/** One valid command of each type, as JSON: its example, or one that needs all its fields. */
const valid: Readonly<Record<CommandType, object>> = {
  ...ofEachType(leastOf),
  Reserve: { ...head, type: "Reserve", reservation: "o-1", qty: 2, holdMs: 900_000 },
  Confirm: { ...head, type: "Confirm", reservation: "o-1" },
  Release: { ...head, type: "Release", reservation: "o-1", reason: "cancelled" },
  Extend: { ...head, type: "Extend", reservation: "o-1", holdMs: 60_000 },
  SetPolicy: { ...head, type: "SetPolicy", policy },
  ReceiveStock: { ...head, type: "ReceiveStock", location: "wh-1", qty: 10 },
  AdjustStock: { ...head, type: "AdjustStock", location: "wh-1", qty: -3, reason: "count" },
  MoveStatus: { ...head, type: "MoveStatus", location: "wh-1", from: "available", to: "damaged", qty: 1 },
  Fulfil: { ...head, type: "Fulfil", channel: "web", reservation: "o-1", location: "wh-1" },
  RecordSale: { ...head, type: "RecordSale", mode: "taken", qty: 1, location: "shop-1" },
  ReplayQuarantined: { ...head, type: "ReplayQuarantined", quarantined: "17-0" },
  DropQuarantined: { ...head, type: "DropQuarantined", quarantined: "17-0", reason: "sent by mistake" },
}

const changed = (type: CommandType, change: object): unknown => commandFromJson({ ...valid[type], ...change })
const without = (type: CommandType, field: string): unknown =>
  commandFromJson(Object.fromEntries(Object.entries(valid[type]).filter(([key]) => key !== field)))
const invalidField = (field: string) => ({ reason: "InvalidField", field })

describe("a command's JSON", () => {
  it.each(Object.entries(valid))("%s becomes the command it spells, without its version", (_, json) => {
    const { v: _v, ...rest } = json as { v: number }
    expect(commandFromJson(json)).toEqual(rest)
  })

  it("has a schema for every type and its class", () => {
    expect(Object.keys(commandSchemas).sort()).toEqual(Object.keys(classOf).sort())
  })

  it("has exactly the fields of the command, whatever the type", () => {
    fc.assert(
      fc.property(command, (one) => {
        expect(commandFromJson(commandJsonOf(one))).toEqual(one)
      }),
    )
    // And the compiler agrees in both directions.
    type Versioned<T> = T extends unknown ? T & { readonly v: 1 } : never
    const there: (one: Versioned<Command>) => CommandJson = (one) => one
    expect(there).toBeDefined()
  })

  it("may say partial false, which is the default and so leaves no trace", () => {
    expect(changed("Reserve", { partial: false })).not.toHaveProperty("partial")
    expect(changed("Reserve", { partial: true })).toHaveProperty("partial", true)
  })

  it("is refused by its version first, then its type, then its first faulty field", () => {
    expect(commandFromJson({ v: 2, type: "Nope", qty: "x" })).toEqual({ reason: "UnsupportedVersion", field: "v" })
    expect(commandFromJson({ v: 1, type: "Nope", qty: "x" })).toEqual({ reason: "UnknownType", field: "type" })
    expect(commandFromJson({ type: "Reserve" })).toEqual({ reason: "UnsupportedVersion", field: "v" })
    expect(commandFromJson({ v: "1", type: "Reserve" })).toEqual({ reason: "UnsupportedVersion", field: "v" })
    expect(commandFromJson({ v: 1 })).toEqual({ reason: "UnknownType", field: "type" })
    expect(commandFromJson({ v: 1, type: "constructor" })).toEqual({ reason: "UnknownType", field: "type" })
    expect(RefusalReason.slice(0, 5)).toEqual(["Malformed", "TooManyCommands", "UnsupportedVersion", "UnknownType", "InvalidField"])
  })

  it.each(Object.keys(valid) as Array<CommandType>)("%s is refused without any one of its fields", (type) => {
    for (const field of Object.keys(valid[type])) {
      if (field === "v" || field === "type") continue
      expect(without(type, field)).toEqual(invalidField(field))
    }
  })

  it.each(Object.keys(valid) as Array<CommandType>)("%s is refused with an unknown field, named", (type) => {
    expect(changed(type, { sender: "web" })).toEqual(invalidField("sender"))
  })

  it("names an unknown field at bounded length and as well-formed text", () => {
    const refused = changed("Reserve", { [`${"x".repeat(95)}😀${"y".repeat(500)}`]: 1 })
    expect(refused).toEqual(invalidField(`${"x".repeat(95)}�`))
  })
})

describe("a quantity", () => {
  it.each([0, -1, 1.5, qtyMax + 1, 2 ** 53, 1e300, Number.NaN, "2", null, true, [2], { n: 2 }])("is refused as %s", (qty) => {
    for (const type of ["Reserve", "ReceiveStock", "MoveStatus", "RecordSale", "Release", "Fulfil"] as const)
      expect(changed(type, { qty })).toEqual(invalidField("qty"))
  })

  it("of an adjustment is signed, but never 0 or beyond the bound either way", () => {
    for (const qty of [1, -1, qtyMax, -qtyMax]) expect(changed("AdjustStock", { qty })).toHaveProperty("qty", qty)
    for (const qty of [0, -0, 0.5, qtyMax + 1, -qtyMax - 1]) expect(changed("AdjustStock", { qty })).toEqual(invalidField("qty"))
  })
})

describe("a time or a duration", () => {
  it("of issue is a whole number of milliseconds above 0", () => {
    for (const issuedAtMs of [0, -1, 1.5, 2 ** 53, "2026-01-01T00:00:00Z"])
      expect(changed("Reserve", { issuedAtMs })).toEqual(invalidField("issuedAtMs"))
    expect(changed("Reserve", { issuedAtMs: Number.MAX_SAFE_INTEGER })).toHaveProperty("type")
  })

  it("of a hold or a deadline keeps its bound", () => {
    for (const holdMs of [0, holdMsMax + 1, 0.1]) expect(changed("Extend", { holdMs })).toEqual(invalidField("holdMs"))
    for (const deadlineMs of [0, deadlineMsMax + 1, -5]) expect(changed("Confirm", { deadlineMs })).toEqual(invalidField("deadlineMs"))
    expect(changed("Confirm", { deadlineMs: deadlineMsMax })).toHaveProperty("deadlineMs", deadlineMsMax)
  })

  it("as a deadline is refused on a fact, which has already happened", () => {
    for (const type of ["ReceiveStock", "AdjustStock", "MoveStatus", "Fulfil", "RecordSale"] as const)
      expect(changed(type, { deadlineMs: 1_000 })).toEqual(invalidField("deadlineMs"))
  })
})

describe("a name", () => {
  it.each(["", "a b", "a/b", "a*b", "ä", "x".repeat(idCharsMax + 1), 7, null])("is refused as %j", (name) => {
    expect(changed("Reserve", { id: name })).toEqual(invalidField("id"))
    expect(changed("Reserve", { reservation: name })).toEqual(invalidField("reservation"))
    expect(changed("ReceiveStock", { location: name })).toEqual(invalidField("location"))
    expect(changed("ReceiveStock", { reference: name })).toEqual(invalidField("reference"))
    expect(changed("Reserve", { locations: ["wh-1", name] })).toEqual(invalidField("locations.1"))
  })

  it.each(["", "a\u0000b", "\u007f", "\ud800", "x".repeat(skuBytesMax + 1), "€".repeat(43), 7])("of a SKU is refused as %j", (sku) => {
    expect(changed("Reserve", { sku })).toEqual(invalidField("sku"))
  })

  it.each(["Web", "-web", "a.b", "x".repeat(33)])("of a channel is refused as %j", (channel) => {
    expect(changed("Fulfil", { channel })).toEqual(invalidField("channel"))
  })

  it.each(["", "17", "0-0", "17-01", "17-12345", "-1"])("of a quarantined command is refused as %j", (quarantined) => {
    expect(changed("ReplayQuarantined", { quarantined })).toEqual(invalidField("quarantined"))
  })
})

describe("a reservation", () => {
  it("is begun under a plain id, and referred to also by the name of a sale put under an ended one", () => {
    for (const reservation of ["o-1~c-2", "o-1~c-2~7"]) {
      expect(changed("Reserve", { reservation })).toEqual(invalidField("reservation"))
      for (const type of ["Confirm", "Release", "Extend", "Fulfil"] as const)
        expect(changed(type, { reservation })).toHaveProperty("reservation", reservation)
    }
    for (const reservation of ["~", "o-1~", "~c-2", "o-1~c-2~0", "o-1~c-2~7~8", "o-1~c 2"])
      expect(changed("Confirm", { reservation })).toEqual(invalidField("reservation"))
  })
})

describe("the fields that depend on each other", () => {
  it("of a sale: taken names where from, owed names what it is owed under", () => {
    expect(without("RecordSale", "location")).toEqual(invalidField("location"))
    expect(changed("RecordSale", { mode: "owed" })).toEqual(invalidField("reservation"))
    expect(changed("RecordSale", { mode: "owed", reservation: "o-9" })).toHaveProperty("mode", "owed")
  })

  it("of a moved status: it goes somewhere else", () => {
    expect(changed("MoveStatus", { to: "available" })).toEqual(invalidField("to"))
  })

  it("of locations asked for: at least one, none twice, no more than an allocation may be split over", () => {
    const many = Array.from({ length: allocationsMax + 1 }, (_, i) => `l-${i}`)
    expect(changed("Reserve", { locations: [] })).toEqual(invalidField("locations"))
    expect(changed("Reserve", { locations: many })).toEqual(invalidField("locations"))
    expect(changed("Reserve", { locations: many.slice(1) })).toHaveProperty("locations")
    expect(changed("Reserve", { locations: ["a", "b", "a"] })).toEqual(invalidField("locations.2"))
  })

  it("of text an operator gives: there, bounded, well-formed", () => {
    for (const reason of ["", "x".repeat(textCharsMax + 1), "\udc00"])
      expect(changed("DropQuarantined", { reason })).toEqual(invalidField("reason"))
  })
})

describe("a policy", () => {
  const withPolicy = (change: object): unknown => changed("SetPolicy", { policy: { ...policy, ...change } })
  const lines = (count: number) => Array.from({ length: count }, (_, i) => ({ ...line, channel: `c${i}` }))
  const spots = (count: number) => Array.from({ length: count }, (_, i) => ({ location: `l${i}`, qty: 0 }))

  it("may name nobody, and as many as the limits say", () => {
    expect(withPolicy({ channels: [], safety: [], sourcing: [] })).toHaveProperty("policy")
    expect(withPolicy({ channels: lines(channelsPerPolicyMax), safety: spots(locationsPerSkuMax) })).toHaveProperty("policy")
    expect(withPolicy({ channels: lines(channelsPerPolicyMax + 1) })).toEqual(invalidField("policy.channels"))
    expect(withPolicy({ safety: spots(locationsPerSkuMax + 1) })).toEqual(invalidField("policy.safety"))
    expect(withPolicy({ sourcing: spots(locationsPerSkuMax + 1).map((one) => one.location) })).toEqual(invalidField("policy.sourcing"))
  })

  it("names no channel and no location twice", () => {
    expect(withPolicy({ channels: [line, line] })).toEqual(invalidField("policy.channels.1"))
    expect(withPolicy({ safety: [...spots(1), ...spots(1)] })).toEqual(invalidField("policy.safety.1"))
    expect(withPolicy({ sourcing: ["a", "b", "b"] })).toEqual(invalidField("policy.sourcing.2"))
  })

  it("keeps the bounds of every number, and refuses unknown fields at any depth", () => {
    const withLine = (change: object): unknown => withPolicy({ channels: [{ ...line, ...change }] })
    for (const bufferPercent of [-1, 101, 0.5, -0])
      expect(withLine({ bufferPercent })).toEqual(invalidField("policy.channels.0.bufferPercent"))
    for (const field of ["priority", "bufferQty", "floorQty", "fenceQty"])
      for (const value of [-1, qtyMax + 1, 1.5, -0, "1"])
        expect(withLine({ [field]: value })).toEqual(invalidField(`policy.channels.0.${field}`))
    expect(withLine({ extra: 1 })).toEqual(invalidField("policy.channels.0.extra"))
    expect(withPolicy({ version: 0 })).toEqual(invalidField("policy.version"))
    expect(withPolicy({ extra: 1 })).toEqual(invalidField("policy.extra"))
  })
})

describe("what is said to people of a field at fault", () => {
  const head = { v: 1, id: "c", sku: "s", issuedAtMs: 1 }
  const policy = { channels: [], safety: [], sourcing: [] }
  const detailOf = (json: object) => {
    const read = readCommandJson({ ...head, ...json })
    return "type" in read ? null : [read.refusal.field, read.detail]
  }

  it.each<[object, string, string | undefined]>([
    [{ type: "Reserve" }, "reservation", "missing"],
    [{ type: "Confirm", reservation: "r", reason: "x" }, "reason", "not known to Confirm"],
    [{ type: "Confirm", reservation: null }, "reservation", "out of its range (a text): null"],
    [{ type: "Confirm", reservation: "a b" }, "reservation", 'out of its range (1 to 64 characters of A-Z a-z 0-9 _ . : -): "a b"'],
    [{ type: "ReceiveStock", location: "l", qty: 1, deadlineMs: 5 }, "deadlineMs", "not known to ReceiveStock"],
    [{ type: "RecordSale", mode: "taken", qty: 1 }, "location", "missing"],
    [{ type: "RecordSale", mode: "owed", qty: 1 }, "reservation", "missing"],
    [{ type: "SetPolicy", policy: { ...policy, more: 1 } }, "policy.more", "not known to SetPolicy"],
    [{ type: "SetPolicy", policy: { ...policy, channels: [{ channel: "web" }] } }, "policy.channels.0.priority", "missing"],
    [{ type: "SetPolicy", policy: { ...policy, sourcing: ["a", "a"] } }, "policy.sourcing.1", 'out of its range (each only once): "a"'],
    [{ type: "MoveStatus", from: "damaged", to: "damaged", qty: 1, location: "l" }, "to", 'out of its range (another status): "damaged"'],
    [{ type: "Reserve", reservation: "r", qty: 2e9, holdMs: 1 }, "qty", "out of its range (1 to 1000000000): 2000000000"],
    [{ type: "Reserve", reservation: "r", qty: "2", holdMs: 1 }, "qty", 'out of its range (a whole number): "2"'],
    [{ type: "RecordSale", mode: "lost", qty: 1 }, "mode", 'out of its range (one of taken, owed): "lost"'],
    [{ type: "Confirm", sku: "", reservation: "r" }, "sku", 'out of its range (1 to 128 bytes of UTF-8 without control characters): ""'],
    [
      { type: "Reserve", reservation: "r", qty: 1, holdMs: 1, locations: Array.from({ length: 17 }, (_, i) => `l${i}`) },
      "locations",
      expect.stringMatching(/^out of its range \(at most 16 of them\): \["l0",.*… \(\d+ characters\)$/),
    ],
    [{ type: "Confirm", reservation: "r", "": 1 }, "", "not known to Confirm"],
    [{ type: "Nothing" }, "type", undefined],
  ])("%j", (json, field, detail) => expect(detailOf(json)).toEqual([field, detail]))

  it("repeats a long value only to some length", () => {
    expect(detailOf({ type: "Confirm", reservation: "x".repeat(5_000) })?.[1]).toMatch(/: "x{63}… \(5002 characters\)$/)
  })

  it("stands in a line of `holdfast send`", () => {
    const json = { type: "SetPolicy", sku: "s", policy: { ...policy, more: 1 } }
    const read = readCommandJson({ ...head, ...json })
    expect("type" in read ? "" : noCommandText(read)).toBe('"policy.more" is not known to SetPolicy')
  })
})
