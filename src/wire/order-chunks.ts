/**
 * Rows of order books and their orders in chunks of a snapshot, and what is remembered of an accepted command about one, as they are read back.
 */
import { OrderEnding, OrderFill, OrderPhase, type StoredLine, type StoredOrder } from "../domain/order/order.ts"
import { type LineTold, RefusalReason } from "../domain/refusals.ts"
import type { BookRow, OrderKind, OrderRememberedDecision, OrderRow } from "../kinds/order/types.ts"
import { chunkReaderOf } from "./chunks.ts"
import { orderCommands } from "./order-commands.ts"
import { type Is, listOf, nullOr, object, oneOf, text, type UnionMember, whole } from "./shapes.ts"

const yes: Is<true> = (value) => value === true
const lineCommands = oneOf(["Reserve", "Confirm", "Release"])
const isAsked: Is<NonNullable<StoredLine["asked"]>> = (value) =>
  Array.isArray(value) && value.length === 2 && lineCommands(value[0]) && whole(value[1])

const isLine = object<StoredLine>(
  { sku: text, qty: whole, minQty: whole },
  {
    asked: isAsked,
    isAwaited: yes,
    isAwaitingWord: yes,
    isConfirmed: yes,
    refusal: object<NonNullable<StoredLine["refusal"]>>({ reason: oneOf(RefusalReason) }, { ats: whole }),
    reservedQty: whole,
    releasedQty: whole,
    fulfilledQty: whole,
    lostQty: whole,
    beyondQty: whole,
    cancelledQty: whole,
    refundQty: whole,
  },
)

const isOrder = object<StoredOrder>({
  channel: text,
  id: text,
  fill: oneOf(OrderFill),
  holdMs: whole,
  phase: oneOf(OrderPhase),
  ending: nullOr(oneOf(OrderEnding)),
  dueMs: whole,
  linesHeldUntilMs: whole,
  keptUntilMs: nullOr(whole),
  shortCount: whole,
  eventCount: whole,
  lines: listOf(isLine),
  waiting: nullOr(
    object<NonNullable<StoredOrder["waiting"]>>({
      type: oneOf(["PlaceOrder", "ConfirmOrder", "CancelOrder"]),
      id: text,
      places: listOf(whole),
      leftCount: whole,
    }),
  ),
})

const isLineTold = object<LineTold>({ sku: text, qty: whole }, { refundQty: whole, reason: oneOf(RefusalReason), ats: whole })

/** The chunk of a partition of order books that a value is; undefined if any of its fields isn't what the engine writes there. */
export const readOrderChunk = chunkReaderOf<OrderKind>({
  actorRow: object<BookRow>({ book: text, version: whole }),
  partRow: object<OrderRow>({ book: text, order: isOrder }),
  accepted: object<UnionMember<OrderRememberedDecision, "outcome", "accepted">>(
    {},
    { order: text, expiresAtMs: whole, lines: listOf(isLineTold) },
  ),
  command: orderCommands.journaled,
})
