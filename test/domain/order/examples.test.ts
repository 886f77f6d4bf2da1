import { expect, it } from "vitest"
import { cancelOrderExample } from "../../../src/domain/order/commands/cancel-order/example.ts"
import { confirmOrderExample } from "../../../src/domain/order/commands/confirm-order/example.ts"
import { noteLineExample } from "../../../src/domain/order/commands/note-line/example.ts"
import { placeOrderExample } from "../../../src/domain/order/commands/place-order/example.ts"
import { answerIn, confirms, eventsOf, gives, having, releases } from "./given.ts"

it("the examples are one order's story: less than was asked for is held, confirmed, cut down and shipped", () => {
  const [mug, pot] = placeOrderExample.lines.map(({ sku }) => sku) as [never, never]
  const begun = having(undefined, placeOrderExample)
  const placing = having(begun, [mug, gives(5)])
  expect(answerIn(eventsOf(placing, [pot, gives(1)]))).toMatchObject({ id: placeOrderExample.id, lines: [{ qty: 5 }, { qty: 1 }] })
  const confirmed = having(placing, [pot, gives(1)], confirmOrderExample, [mug, confirms], [pot, confirms])
  const cancelling = having(confirmed, cancelOrderExample)
  expect(answerIn(eventsOf(cancelling, [mug, releases(2)]))).toMatchObject({ lines: [{ sku: mug, qty: 2, refundQty: 2 }] })
  expect(having(cancelling, [mug, releases(2)], noteLineExample)).toMatchObject({ phase: "confirmed", openQty: 3, fulfilledQty: 1 })
})
