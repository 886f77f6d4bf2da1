import fc from "fast-check"
import { describe, expect, it } from "vitest"
import { OrderEnding, OrderFill, OrderPhase } from "../../src/domain/order/order.ts"
import { RefusalReason } from "../../src/domain/refusals.ts"
import type { OrderChunk } from "../../src/kinds/order/types.ts"
import { orderCodec } from "../../src/wire/codec.ts"
import { sku } from "./arbitraries.ts"
import { book, noteLine, orderOutcome } from "./order-arbitraries.ts"
import { carriedId, commandId, count, id, sender } from "./record-arbitraries.ts"

const { encodeChunk, decodeChunk, readChunk } = orderCodec

const yes = fc.constant(true)
const type = fc.constantFrom("Reserve", "Confirm", "Release")
const line = fc.record(
  {
    sku,
    qty: count,
    minQty: count,
    asked: fc.tuple(type, count),
    isAwaited: yes,
    isAwaitingWord: yes,
    isConfirmed: yes,
    refusal: fc.record({ reason: fc.constantFrom(...RefusalReason), ats: count }, { requiredKeys: ["reason"] }),
    reservedQty: count,
    releasedQty: count,
    fulfilledQty: count,
    lostQty: count,
    beyondQty: count,
    cancelledQty: count,
    refundQty: count,
  },
  { requiredKeys: ["sku", "qty", "minQty"] },
)
const waiting = fc.record({
  type: fc.constantFrom("PlaceOrder", "ConfirmOrder", "CancelOrder"),
  id: commandId,
  places: fc.array(count, { maxLength: 2 }),
  leftCount: count,
})
const order = fc.record({
  channel: sender,
  id,
  fill: fc.constantFrom(...OrderFill),
  holdMs: count,
  phase: fc.constantFrom(...OrderPhase),
  ending: fc.option(fc.constantFrom(...OrderEnding)),
  dueMs: count,
  linesHeldUntilMs: count,
  eventCount: count,
  keptUntilMs: fc.option(count),
  shortCount: count,
  lines: fc.array(line, { minLength: 1, maxLength: 2 }),
  waiting: fc.option(waiting),
})
const underWay = fc.record(
  {
    id: carriedId,
    to: fc.record({ kind: fc.constant("sku"), partition: count }),
    key: sku,
    onBehalf: sender,
    atMs: count,
    command: fc.record({ type, sku }),
    from: book,
    ref: fc.record({ order: id, event: count }),
    seq: count,
    trace: fc.constant(`00-${"0a".repeat(16)}-${"b7".repeat(8)}-01`),
  },
  { requiredKeys: ["id", "to", "key", "onBehalf", "atMs", "command", "from", "ref", "seq"] },
)
const owed = fc.record({
  sender,
  class: fc.constant("sell"),
  key: book,
  id: commandId,
  hash: count,
  issuedAtMs: count,
  seq: count,
  replies: fc.array(fc.constant("r1"), { maxLength: 2 }),
})
const decision = fc.record({
  id,
  key: book,
  hash: count,
  outcome: orderOutcome,
  step: count,
  class: fc.constant("sell"),
  seq: count,
  place: count,
})
const quarantined = fc.record({
  id: fc.constant("17-0"),
  sender: fc.constant("@sku.3"),
  onBehalf: sender,
  class: fc.constant("sell"),
  reply: fc.constant(null),
  command: noteLine,
  cause: fc.constant("it threw"),
  atMs: count,
})
const items = <T>(of: fc.Arbitrary<T>) => fc.array(of, { minLength: 1, maxLength: 2 })
const chunk = fc.oneof(
  fc.record({ kind: fc.constant("actors"), seq: count, items: items(fc.record({ book, version: count })) }),
  fc.record({ kind: fc.constant("parts"), seq: count, items: items(fc.record({ book, order })) }),
  fc.record({ kind: fc.constant("underWay"), seq: count, items: items(underWay) }),
  fc.record({ kind: fc.constant("owed"), seq: count, items: items(owed) }),
  fc.record({ kind: fc.constant("decisions"), seq: count, items: items(fc.record({ sender, decision })) }),
  fc.record({ kind: fc.constant("meta"), seq: count, floors: fc.constant([]), quarantine: items(quarantined) }),
) as fc.Arbitrary<OrderChunk>

/** What lies open in somebody else's words: nothing of it is looked at. */
const open = new Set(["command", "ref"])

/** A value with one thing in it replaced, for each thing there is. */
const spoiled = (value: unknown): ReadonlyArray<unknown> => {
  if (Array.isArray(value)) return value.flatMap((item, at) => spoiled(item).map((bad) => value.with(at, bad)))
  if (typeof value !== "object" || value === null) return [{ spoiled: 1 }]
  return Object.entries(value).flatMap(([name, field]) => (open.has(name) ? [7] : spoiled(field)).map((bad) => ({ ...value, [name]: bad })))
}

describe("a chunk of a snapshot of orders", () => {
  it("is read as it was written", () => {
    fc.assert(
      fc.property(chunk, (one) => {
        const decoded = decodeChunk(encodeChunk(one))
        expect(decoded).toEqual({ _tag: "Chunk", chunk: one })
        if (decoded._tag === "Chunk") expect(readChunk(decoded.chunk)).toEqual(one)
      }),
      { numRuns: 200 },
    )
  })

  it("is none where any field of it is something else than is written there", () => {
    fc.assert(
      fc.property(chunk, (one) => {
        for (const bad of spoiled(one)) expect(readChunk(bad), JSON.stringify(bad)).toBeUndefined()
      }),
      { numRuns: 60 },
    )
  })
})
