/**
 * What the auditor knows of orders beside their models: what it needs to judge their partitions as those of any other kind. Written apart from the kind itself, on purpose.
 */

import type { OrderJournaledDecision, OrderKind, OrderRememberedDecision } from "../kinds/order/types.ts"
import { orderBooksPerChannel } from "../limits.ts"
import type { Judged } from "./judged.ts"
import { isOrderFact, settledBy } from "./order-commands.ts"
import { orderKeyOf } from "./order-model.ts"
import { plainMeaning } from "./outcome.ts"

/** The outcome that a journaled decision about an order is. What has begun has none yet. */
const meaningOf = (decision: OrderJournaledDecision): OrderRememberedDecision => {
  if (decision._tag === "Accepted") {
    const [first] = decision.events
    return first === undefined ? { outcome: "accepted" } : { outcome: "accepted", order: first.order }
  }
  const meaning = plainMeaning<OrderKind>(decision)
  if (meaning === undefined) throw new Error("what has begun is answered later")
  return meaning
}

/** FNV-1a of 32 bits, over the token that an order's id has in a subject: ids hold no other character that needs one. */
const hashOf = (order: string): number => {
  let hash = 0x811c9dc5
  for (const char of order.replaceAll(".", "%2E").replaceAll(":", "%3A"))
    hash = Math.imul(hash ^ (char.codePointAt(0) ?? 0), 0x01000193) >>> 0
  return hash
}

/** Orders as any other kind of actor. */
export const orderJudged: Judged<OrderKind> = {
  keyField: "channel",
  keyOf: ({ channel, order }) => `${channel}/${hashOf(order) % orderBooksPerChannel}`,
  placeOf: ({ channel, order }) => ({ order: orderKeyOf(channel, order) }),
  isFact: ({ type }) => isOrderFact(type),
  settles: settledBy,
  meaningOf,
  secondName: () => null,
  saidOf: ({ id, repeated }) => ({ id: id ?? "", about: "", repeated: repeated === true }),
  // Which order it is about is a field of the answer, compared as any other.
  aboutOf: () => "",
  answerOf: (outcome, { order }) => ({ ...outcome, order }),
  placeOfSaid: (sender, said) => ("order" in said && said.order !== undefined ? { order: orderKeyOf(sender, said.order) } : {}),
}
