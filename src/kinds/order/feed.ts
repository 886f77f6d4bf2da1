/**
 * Nothing is published of orders: their channels hear answers, and ask.
 */
import type { KindFeed } from "../../engine/kind.ts"
import type { OrderKind } from "./types.ts"

const nothing = (): void => undefined

/** A feed of nothing. */
export const orderFeed: KindFeed<OrderKind> = Object.freeze<KindFeed<OrderKind>>({
  noteBefore: nothing,
  collect: nothing,
  shownOf: () => 0,
  toldOf: () => 0,
  isNamed: () => false,
  noteDropped: nothing,
  strayOfCommand: () => undefined,
  strayOfFollowUp: () => undefined,
})
