/** Chunks of snapshots are read field by field, as the schema here says, which is tied to what the engine writes. */
import { Schema } from "effect"
import fc from "fast-check"
import { expect, it } from "vitest"
import { CommandClass } from "../../src/domain/names.ts"
import { RefusalReason } from "../../src/domain/refusals.ts"
import { DiscrepancyKind } from "../../src/domain/sku/events.ts"
import { ReservationStatus } from "../../src/domain/sku/stock.ts"
import { FloorClass } from "../../src/engine/records.ts"
import type { SkuChunk } from "../../src/kinds/sku/types.ts"
import { engineCodec } from "../../src/wire/codec.ts"
import { commandVersion } from "../../src/wire/command-json.ts"
import { CommandJson } from "../../src/wire/commands.ts"
import { readChunk } from "../../src/wire/sku-chunks.ts"
import { command, location, outcome, policy, reservation, sender, sku } from "./arbitraries.ts"

const text = Schema.String
const whole = Schema.Int
const allocations = Schema.Array(Schema.Struct({ location: text, qty: whole }))
const optional = Schema.optionalKey

const outcomeJson = Schema.Union([
  Schema.Struct({
    outcome: Schema.Literal("accepted"),
    qty: optional(whole),
    allocations: optional(allocations),
    expiresAtMs: optional(whole),
    reservation: optional(text),
    discrepancies: optional(Schema.Array(Schema.Struct({ kind: Schema.Literals(DiscrepancyKind), qty: whole }))),
    shortageQty: optional(whole),
    policyVersion: optional(whole),
  }),
  Schema.Struct({
    outcome: Schema.Literal("refused"),
    reason: Schema.Literals(RefusalReason),
    field: optional(text),
    ats: optional(whole),
    policyVersion: optional(whole),
  }),
  Schema.Struct({ outcome: Schema.Literal("expired") }),
  Schema.Struct({ outcome: Schema.Literal("quarantined"), quarantined: text }),
  Schema.Struct({ outcome: Schema.Literal("dropped"), reason: text }),
])

const line = { channel: text, priority: whole, bufferQty: whole, bufferPercent: whole, floorQty: whole, fenceQty: whole }
const units = { onHand: whole, damaged: whole, inspection: whole, reserved: whole, exposed: whole, safety: whole, short: whole }
const floorClass = Schema.Literals(FloorClass)

const ChunkJson = Schema.Union([
  Schema.Struct({
    kind: Schema.Literal("actors"),
    seq: whole,
    items: Schema.Array(
      Schema.Struct({
        sku: text,
        version: whole,
        policy: Schema.NullOr(
          Schema.Struct({
            version: whole,
            channels: Schema.Array(Schema.Struct(line)),
            safety: Schema.Array(Schema.Struct({ location: text, qty: whole })),
            sourcing: Schema.Array(text),
          }),
        ),
        locations: Schema.Array(Schema.Struct({ location: text, ...units })),
        uses: Schema.NullOr(Schema.Array(Schema.Struct({ channel: text, openQty: whole, fulfilledSinceFenceQty: whole }))),
        shorts: Schema.NullOr(
          Schema.Struct({
            list: Schema.Array(Schema.Struct({ channel: text, reservation: text, qty: whole, at: Schema.NullOr(text) })),
            anywhereQty: whole,
          }),
        ),
      }),
    ),
  }),
  Schema.Struct({
    kind: Schema.Literal("parts"),
    seq: whole,
    items: Schema.Array(
      Schema.Struct({
        sku: text,
        reservation: Schema.Struct({
          channel: text,
          id: text,
          status: Schema.Literals(ReservationStatus),
          allocations,
          shortQty: whole,
          fulfilledQty: whole,
          expiresAtMs: whole,
        }),
      }),
    ),
  }),
  Schema.Struct({
    kind: Schema.Literal("decisions"),
    seq: whole,
    items: Schema.Array(
      Schema.Struct({
        sender: text,
        decision: Schema.Struct({
          id: text,
          key: text,
          hash: whole,
          outcome: outcomeJson,
          step: whole,
          class: floorClass,
          seq: whole,
          place: whole,
        }),
      }),
    ),
  }),
  Schema.Struct({
    kind: Schema.Literal("ended"),
    seq: whole,
    of: Schema.Array(Schema.Struct({ channel: text, rows: whole })),
    bytes: Schema.Uint8Array,
  }),
  Schema.Struct({ kind: Schema.Literal("packed"), seq: whole, sender: text, class: floorClass, bytes: Schema.Uint8Array }),
  Schema.Struct({
    kind: Schema.Literal("meta"),
    seq: whole,
    floors: Schema.Array(Schema.Struct({ sender: text, class: floorClass, floorMs: whole })),
    ingresses: optional(Schema.Array(Schema.Struct({ ingress: text, serial: whole }))),
    quarantine: Schema.Array(
      Schema.Struct({
        id: text,
        sender: text,
        class: Schema.Literals(CommandClass),
        reply: Schema.NullOr(text),
        command: Schema.Unknown,
        cause: text,
        atMs: whole,
        decided: optional(Schema.Struct({ hash: whole, outcome: outcomeJson })),
      }),
    ),
    droppedToSeq: optional(whole),
  }),
])

const isShaped = Schema.is(ChunkJson)
const isCommand = Schema.is(CommandJson)
/** What the schema says; commands are read by their own. */
const isChunk = (value: unknown): boolean =>
  isShaped(value) &&
  (value.kind !== "meta" ||
    value.quarantine.every(
      (one) => typeof one.command === "object" && one.command !== null && isCommand({ v: commandVersion, ...one.command }),
    ))

const count = fc.nat({ max: 1_000_000 })
const few = <T>(of: fc.Arbitrary<T>) => fc.array(of, { maxLength: 3 })
const nullOr = <T>(of: fc.Arbitrary<T>) => fc.option(of, { nil: null })
const anyFloorClass = fc.constantFrom(...FloorClass)

/** Every chunk that the engine may write, typed as the engine has it: a field that it gains doesn't compile here. */
const chunk: fc.Arbitrary<SkuChunk> = fc.oneof(
  fc.record({
    kind: fc.constant("actors" as const),
    seq: count,
    items: few(
      fc.record({
        sku,
        version: count,
        policy: nullOr(policy),
        locations: few(
          fc.record({
            location,
            onHand: count,
            damaged: count,
            inspection: count,
            reserved: count,
            exposed: count,
            safety: count,
            short: count,
          }),
        ),
        uses: nullOr(few(fc.record({ channel: sender, openQty: count, fulfilledSinceFenceQty: count }))),
        shorts: nullOr(
          fc.record({ list: few(fc.record({ channel: sender, reservation, qty: count, at: nullOr(location) })), anywhereQty: count }),
        ),
      }),
    ),
  }),
  fc.record({
    kind: fc.constant("parts" as const),
    seq: count,
    items: few(
      fc.record({
        sku,
        reservation: fc.record({
          channel: sender,
          id: reservation,
          status: fc.constantFrom(...ReservationStatus),
          allocations: few(fc.record({ location, qty: count })),
          shortQty: count,
          fulfilledQty: count,
          expiresAtMs: count,
        }),
      }),
    ),
  }),
  fc.record({
    kind: fc.constant("decisions" as const),
    seq: count,
    items: few(
      fc.record({
        sender,
        decision: command.chain(({ id }) =>
          fc.record({
            id: fc.constant(id),
            key: sku,
            hash: fc.maxSafeNat(),
            outcome,
            step: count,
            class: anyFloorClass,
            seq: count,
            place: count,
          }),
        ),
      }),
    ),
  }),
  fc.record({
    kind: fc.constant("ended" as const),
    seq: count,
    of: fc.array(fc.record({ channel: sender, rows: count }), { maxLength: 3 }),
    bytes: fc.uint8Array({ maxLength: 68 }),
  }),
  fc.record({ kind: fc.constant("packed" as const), seq: count, sender, class: anyFloorClass, bytes: fc.uint8Array({ maxLength: 68 }) }),
  fc.record(
    {
      kind: fc.constant("meta" as const),
      seq: count,
      floors: few(fc.record({ sender, class: anyFloorClass, floorMs: count })),
      ingresses: few(fc.record({ ingress: fc.string(), serial: count })),
      quarantine: few(
        fc.record(
          {
            id: fc.string(),
            sender,
            class: fc.constantFrom(...CommandClass),
            reply: nullOr(fc.string()),
            command,
            cause: fc.string(),
            atMs: count,
            decided: fc.record({ hash: count, outcome }),
          },
          { requiredKeys: ["id", "sender", "class", "reply", "command", "cause", "atMs"] },
        ),
      ),
      droppedToSeq: count,
    },
    { requiredKeys: ["kind", "seq", "floors", "quarantine"] },
  ),
)

/** Every place in a value where something stands. */
const placesIn = (value: unknown, path: ReadonlyArray<string> = []): ReadonlyArray<ReadonlyArray<string>> =>
  typeof value !== "object" || value === null || value instanceof Uint8Array
    ? [path]
    : [path, ...Object.keys(value).flatMap((key) => placesIn(Reflect.get(value, key), [...path, key]))]

const gone = Symbol("gone")

/** A copy with something else, or nothing, at one place. */
const replaced = (value: unknown, [key, ...rest]: ReadonlyArray<string>, by: unknown): unknown => {
  if (key === undefined) return by
  if (Array.isArray(value)) return value.map((item, i) => (String(i) === key ? replaced(item, rest, by === gone ? null : by) : item))
  const copy: Record<string, unknown> = { ...(value as Record<string, unknown>) }
  const put = replaced(copy[key], rest, by)
  if (put === gone) delete copy[key]
  else copy[key] = put
  return copy
}

it("what the engine writes is read back as it is, through bytes", () => {
  fc.assert(
    fc.property(chunk, (written) => {
      expect(isChunk(written)).toBe(true)
      const decoded = engineCodec.decodeChunk(engineCodec.encodeChunk(written))
      expect(decoded._tag === "Chunk" && readChunk(decoded.chunk)).toEqual(decoded._tag === "Chunk" && decoded.chunk)
    }),
    { numRuns: 300 },
  )
})

it("is read exactly where the schema says that it is one, whatever stands wrong in it", () => {
  const wrong = fc.oneof(
    fc.constantFrom<unknown>(gone, null, "", "held", 1.5, -3, true, [], {}, Number.MAX_SAFE_INTEGER + 1),
    fc.string(),
    fc.integer(),
  )
  fc.assert(
    fc.property(chunk, fc.nat(), wrong, (written, at, by) => {
      const places = placesIn(written)
      const spoiled = replaced(written, places[at % places.length] ?? [], by)
      expect(readChunk(spoiled) !== undefined).toBe(isChunk(spoiled))
    }),
    { numRuns: 3_000 },
  )
})
