/** Arbitrary values of everything about orders that has bytes. */
import fc from "fast-check"
import type { OrderBookKey } from "../../src/domain/names.ts"
import { orderBook } from "../../src/domain/order/names.ts"
import type { OrderKind } from "../../src/kinds/order/types.ts"
import type { CommandSchema, commandVersion } from "../../src/wire/command-json.ts"
import { orderCommands } from "../../src/wire/order-commands.ts"
import { OrderEventJson, OrderOutcomeJson } from "../../src/wire/order-fields.ts"
import { location, sku } from "./arbitraries.ts"
import { arbitraryOf, type Named, type Sizes } from "./field-arbitraries.ts"
import { carriedId, id, recordsOf, sender } from "./record-arbitraries.ts"

type OrderCommand = OrderKind["command"]

const names: Named = { Sku: sku, CommandId: id, LocationId: location, Sender: sender, OrderId: id }
const sizes: Sizes = {
  whole: (min, max) => fc.integer({ min: min ?? Number.MIN_SAFE_INTEGER, max: max ?? Number.MAX_SAFE_INTEGER }).map((n) => n + 0),
  itemsMax: 4,
}
const bare = ({ v: _, ...command }: OrderCommand & { readonly v: typeof commandVersion }): OrderCommand => command as OrderCommand

const ofSchema = (schema: CommandSchema): fc.Arbitrary<OrderCommand> =>
  arbitraryOf<OrderCommand & { readonly v: typeof commandVersion }>(schema, names, sizes).map(bare)

/** Commands of each type that a channel may send. */
export const orderCommandsOfType: Readonly<Record<string, fc.Arbitrary<OrderCommand>>> = Object.fromEntries(
  Object.entries(orderCommands.schemas).map(([type, schema]) => [type, ofSchema(schema)]),
)
export const orderCommand: fc.Arbitrary<OrderCommand> = fc.oneof(...Object.values(orderCommandsOfType))

type NoteLine = Extract<OrderCommand, { readonly type: "NoteLine" }>
/** What a SKU carries to an order. */
export const noteLine = fc.record({
  type: fc.constant("NoteLine"),
  id: carriedId,
  channel: sender,
  order: id,
  issuedAtMs: fc.integer({ min: 1, max: Number.MAX_SAFE_INTEGER }),
  sku,
  fact: fc.constantFrom("fulfilled", "released", "lost", "beyond"),
  qty: fc.integer({ min: 1, max: 1_000_000_000 }),
}) as fc.Arbitrary<NoteLine>

export const book: fc.Arbitrary<OrderBookKey> = fc.tuple(sender, id).map(([channel, order]) => orderBook(channel, order as never))
export const orderEvent = arbitraryOf<OrderKind["event"]>(OrderEventJson, names, sizes)
export const orderOutcome = arbitraryOf<typeof OrderOutcomeJson.Type>(OrderOutcomeJson, names, sizes)

/** Entries and whole records of orders. */
export const { entry: orderEntry, record: orderRecord } = recordsOf<OrderKind>({
  key: book,
  command: orderCommand,
  carriedCommand: noteLine,
  event: orderEvent,
  expired: orderEvent,
  followUp: null,
  outcome: orderOutcome,
})
