import { expect, it } from "vitest"
import { cancelOrder } from "../../../src/domain/order/commands/cancel-order/command.ts"
import { confirmOrder } from "../../../src/domain/order/commands/confirm-order/command.ts"
import { noteLine } from "../../../src/domain/order/commands/note-line/command.ts"
import { placeOrder } from "../../../src/domain/order/commands/place-order/command.ts"
import type { DecidedOrderCommand } from "../../../src/domain/order/decide.ts"
import { answerIn, confirms, eventsOf, gives, having, releases } from "./given.ts"

/** The first example of a command, as the decoder gives it. */
const exampleOf = ({ type, examples: [example] }: { readonly type: string; readonly examples: readonly [object, ...Array<object>] }) =>
  ({ type, ...example }) as DecidedOrderCommand

it("the examples are one order's story: less than was asked for is held, confirmed, cut down and shipped", () => {
  const [mug, pot] = placeOrder.examples[0].lines.map(({ sku }) => sku) as [never, never]
  const begun = having(undefined, exampleOf(placeOrder))
  const placing = having(begun, [mug, gives(5)])
  expect(answerIn(eventsOf(placing, [pot, gives(1)]))).toMatchObject({ id: placeOrder.examples[0].id, lines: [{ qty: 5 }, { qty: 1 }] })
  const confirmed = having(placing, [pot, gives(1)], exampleOf(confirmOrder), [mug, confirms], [pot, confirms])
  const cancelling = having(confirmed, exampleOf(cancelOrder))
  expect(answerIn(eventsOf(cancelling, [mug, releases(2)]))).toMatchObject({ lines: [{ sku: mug, qty: 2, refundQty: 2 }] })
  expect(having(cancelling, [mug, releases(2)], exampleOf(noteLine))).toMatchObject({ phase: "confirmed", openQty: 3, fulfilledQty: 1 })
})
