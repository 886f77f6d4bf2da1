/**
 * The state of one order: where it stands, and of each of its lines what was asked, what its SKU gave, and what became of that.
 *
 * One owner, changed in place by `evolve` alone; a line is replaced, never changed, so that a copy of the order is a copy of a list. Plain data. The SKU's own stock is the truth about units: what stands
 * here is what the order knows of it, from decisions that came back and from what SKUs tell of their own accord.
 */
import type { CommandId, EpochMs, SenderId, Sku } from "../names.ts"
import type { RefusalReason } from "../refusals.ts"
import type { LineCommandType } from "./fields.ts"
import type { OrderId } from "./names.ts"

export const OrderFill = ["whole", "partial", "minimum"] as const
/** `whole`: every line in full, or nothing. `partial`: of each line as much as there is. `minimum`: as much as there is, and of each line at least what it says. */
export type OrderFill = (typeof OrderFill)[number]

export const OrderEnding = ["refused", "cancelled", "expired", "fulfilled"] as const
/** How an order ends. */
export type OrderEnding = (typeof OrderEnding)[number]

export const OrderPhase = ["placing", "held", "confirming", "confirmed", "ended"] as const
/**
 * `placing`: lines are being reserved, and nobody was told anything. `held`: its channel was told, until when, too. `confirming`: payment came first, and the lines' holds are being made lasting.
 * `confirmed`: they are. `ended`: nothing of it is for anybody any more; lines may still be on their way to zero.
 */
export type OrderPhase = (typeof OrderPhase)[number]

/** A line's command whose decision has not come back, and the event of the order that carries it. */
interface Asked {
  readonly type: LineCommandType
  readonly event: number
}

/** What one SKU of an order has to do with it. Quantities only rise; units open = reserved − released − fulfilled − lost. */
export interface OrderLine {
  readonly sku: Sku
  readonly qty: number
  /** Fewer than these, and the order is refused. */
  readonly minQty: number
  /** At most one at a time: the next is asked once this one's decision is back, so nothing between an order and a SKU can overtake. */
  readonly asked: Asked | null
  /** Whether the answer that the order owes its channel waits for this line. */
  readonly isAwaited: boolean
  /** The SKU said that the reservation has ended, and how is on its way here: the SKU tells every order of what it did not ask for itself. */
  readonly isAwaitingWord: boolean
  readonly isConfirmed: boolean
  /** Why the SKU last said no, and how many units were to be had. */
  readonly refusal: { readonly reason: RefusalReason; readonly ats?: number } | null
  readonly reservedQty: number
  readonly releasedQty: number
  readonly fulfilledQty: number
  /** Ended by the SKU's own timer, or unknown to it. */
  readonly lostQty: number
  /** Shipped for the order although it had no units open for that. Not among the others. */
  readonly beyondQty: number
  /** Units given back since the cancellation began whose answer is owed; 0 if none is. */
  readonly cancelledQty: number
  /** Units that were still promised when the order expired: what is to be given back if somebody paid all the same. */
  readonly refundQty: number
}

/** A command whose answer waits for lines. */
export interface Waiting {
  readonly type: "PlaceOrder" | "ConfirmOrder" | "CancelOrder"
  readonly id: CommandId
  /** The lines it is about, in its order. */
  readonly skus: ReadonlyArray<Sku>
  /** How many of them it still waits for. */
  readonly leftCount: number
}

/** The state of one order. Changed by `evolve` alone. */
export interface Order {
  readonly channel: SenderId
  readonly id: OrderId
  readonly fill: OrderFill
  readonly holdMs: number
  phase: OrderPhase
  ending: OrderEnding | null
  /** While placing: until when every line has to have answered. While held: until when it can be confirmed. Otherwise of no meaning. */
  dueMs: EpochMs
  /** The first end of any line's hold at its SKU. */
  linesHeldUntilMs: EpochMs
  /** Events so far. */
  eventCount: number
  /** Until when it is kept although it is at rest; null: it isn't. */
  keptUntilMs: EpochMs | null
  /** It was kept for long enough: whoever holds its book takes it out. */
  isForgotten: boolean
  /** Bytes of its lines; see bounds.ts. */
  readonly width: number
  readonly places: ReadonlyMap<Sku, number>
  lines: Array<OrderLine>
  /** The one command whose answer is owed; null: none. While there is one, any other is told to come back. */
  waiting: Waiting | null
  /** Sums over the lines, so that a decision that comes back is looked at without walking a thousand of them. */
  askedCount: number
  shortCount: number
  openQty: number
  fulfilledQty: number
}

/** An order's line of this SKU, or undefined. */
export const lineOf = (order: Order, sku: Sku): OrderLine | undefined => {
  const place = order.places.get(sku)
  return place === undefined ? undefined : order.lines[place]
}

/** Units of a line that its SKU keeps for it, as far as the order knows. */
export const openQtyOfLine = (line: OrderLine): number => line.reservedQty - line.releasedQty - line.fulfilledQty - line.lostQty

/** Whether anything can be asked for a line now: it has units, and nothing about them is under way. */
export const canBeAsked = (line: OrderLine): boolean => line.asked === null && !line.isAwaitingWord && openQtyOfLine(line) > 0

/** Whether nothing about the order is under way, and it keeps no unit: it can be forgotten as soon as its name may be. */
export const isAtRest = (order: Order): boolean => order.phase === "ended" && order.askedCount === 0 && order.openQty === 0

/**
 * A line as it is stored: what is nothing is left out, so that an order with as many lines as there may be fits one message. Beside what a {@link OrderLine} says, `asked` is [type, event].
 */
export interface StoredLine {
  readonly sku: Sku
  readonly qty: number
  readonly minQty: number
  readonly asked?: readonly [type: LineCommandType, event: number]
  readonly isAwaited?: true
  readonly isAwaitingWord?: true
  readonly isConfirmed?: true
  readonly refusal?: NonNullable<OrderLine["refusal"]>
  readonly reservedQty?: number
  readonly releasedQty?: number
  readonly fulfilledQty?: number
  readonly lostQty?: number
  readonly beyondQty?: number
  readonly cancelledQty?: number
  readonly refundQty?: number
}

/** An order as it is stored: without what is counted over its lines, and lines that a command waits for by their places. */
export interface StoredOrder {
  readonly channel: SenderId
  readonly id: OrderId
  readonly fill: OrderFill
  readonly holdMs: number
  readonly phase: OrderPhase
  readonly ending: OrderEnding | null
  readonly dueMs: EpochMs
  readonly linesHeldUntilMs: EpochMs
  readonly eventCount: number
  readonly keptUntilMs: EpochMs | null
  readonly shortCount: number
  readonly lines: ReadonlyArray<StoredLine>
  readonly waiting: {
    readonly type: Waiting["type"]
    readonly id: CommandId
    readonly places: ReadonlyArray<number>
    readonly leftCount: number
  } | null
}

/** An order that is looked ahead on: events may be applied to it without touching the one it was copied from. */
export const copyOf = (order: Order): Order => ({ ...order, lines: [...order.lines] })
