/**
 * The sums of a verdict: what came, was sold, is held, was refused. Counting only; whether it was right is said by the checkers.
 */
import type { StockEvent } from "../domain/sku/events.ts"
import type { JournaledDecision, RememberedDecision } from "../engine/records.ts"
import { openQty } from "./conservation.ts"
import { type SkuModel, shortQty, sumQty } from "./model.ts"

/** What orders came to. Numbers of orders unless a name says otherwise; an order that was held and expired counts as both. */
export interface OrderTotals {
  readonly orders: number
  readonly orderLines: number
  readonly ordersHeld: number
  readonly ordersRefused: number
  readonly ordersConfirmed: number
  readonly ordersCancelled: number
  readonly ordersExpired: number
  readonly ordersFulfilled: number
  /** Units that SKUs keep for orders at the end. */
  readonly orderUnitsOpen: number
  /** Answers that were owed for a while: given, and still owed at the end. */
  readonly answersGiven: number
  readonly answersOwed: number
  /** Commands between orders and SKUs whose decision has not come back. */
  readonly carriedUnderWay: number
}

/** Where there are no orders. */
export const noOrders: OrderTotals = {
  orders: 0,
  orderLines: 0,
  ordersHeld: 0,
  ordersRefused: 0,
  ordersConfirmed: 0,
  ordersCancelled: 0,
  ordersExpired: 0,
  ordersFulfilled: 0,
  orderUnitsOpen: 0,
  answersGiven: 0,
  answersOwed: 0,
  carriedUnderWay: 0,
}

/** Units, unless a name says otherwise. Numbers of the end of the journals, and sums over all of them. */
export interface AuditTotals extends OrderTotals {
  /** Records, messages and commands in the journals; a command is counted each time it was answered. */
  readonly records: number
  /** Those of partitions of orders. */
  readonly orderRecords: number
  readonly messages: number
  readonly commands: number
  /** SKUs that anything happened to. */
  readonly skus: number
  readonly receivedQty: number
  /** Signed. */
  readonly adjustedQty: number
  /** Left with a sale: fulfilled, taken, or shipped without an open reservation. */
  readonly soldQty: number
  readonly fulfilledQty: number
  readonly takenQty: number
  readonly shippedUnreservedQty: number
  /** Reserved, ever; and sold elsewhere and owed. */
  readonly reservedQty: number
  readonly owedQty: number
  readonly releasedQty: number
  readonly expiredQty: number
  /** Given back by their order because its hold was over: nobody released them, and they are not among those that were. */
  readonly expiredOrdersQty: number
  /** At the end. */
  readonly onHandQty: number
  readonly heldOpenQty: number
  readonly confirmedOpenQty: number
  /** Units owed that aren't there, at the end: what reservations drawn on a location lack, and what was sold and never was there. */
  readonly shortageQty: number
  /** Of these, units sold without asking that no goods have covered. */
  readonly owedShortQty: number
  /** Units by which anything but a fact broke INV-1. */
  readonly oversoldQty: number
  /** Commands by the answer they got. */
  readonly accepted: number
  readonly repeated: number
  readonly expired: number
  readonly quarantined: number
  readonly dropped: number
  readonly refused: number
  readonly refusedBy: Readonly<Record<string, number>>
  /** Units of facts that didn't fit what was believed, by kind. */
  readonly discrepancyQtyBy: Readonly<Record<string, number>>
  /** Shortages said. */
  readonly shortagesFound: number
  /** Commands that still wait in quarantine. */
  readonly inQuarantine: number
  /** Acknowledged commands that were never decided. */
  readonly lost: number
  /** Stored messages that ingresses were told of and that the stream did not show: each may hold many commands. */
  readonly lostStored: number
  /** Replies that contradict the journal. */
  readonly contradicted: number
}

/** What only the checkers know. */
export interface CheckerTotals extends OrderTotals {
  readonly oversoldQty: number
  readonly inQuarantine: number
  readonly lost: number
  readonly lostStored: number
  readonly contradicted: number
}

const counted = (counts: Record<string, number>, name: string, more: number): void => {
  counts[name] = (counts[name] ?? 0) + more
}

const zeroSums = () => ({
  records: 0,
  orderRecords: 0,
  messages: 0,
  commands: 0,
  fulfilledQty: 0,
  takenQty: 0,
  shippedUnreservedQty: 0,
  reservedQty: 0,
  owedQty: 0,
  releasedQty: 0,
  expiredQty: 0,
  expiredOrdersQty: 0,
  accepted: 0,
  repeated: 0,
  expired: 0,
  quarantined: 0,
  dropped: 0,
  refused: 0,
  shortagesFound: 0,
})
type EventSums = ReturnType<typeof zeroSums>

/** What an order says of units that it gives back because its own hold is over: its lines' holds outlast it. */
const isOrderOver = (event: StockEvent, isByOrder: boolean): boolean =>
  isByOrder && event.type === "Released" && event.reason === "abandoned"

const addEvent = (sums: EventSums, discrepancyQtyBy: Record<string, number>, event: StockEvent, isByOrder: boolean): void => {
  if (event.type === "Reserved") sums.reservedQty += sumQty(event.allocations)
  if (event.type === "SaleOwed") sums.owedQty += sumQty(event.allocations)
  if (event.type === "Released") sums[isOrderOver(event, isByOrder) ? "expiredOrdersQty" : "releasedQty"] += sumQty(event.allocations)
  if (event.type === "Expired") sums.expiredQty += sumQty(event.allocations)
  if (event.type === "Fulfilled") sums.fulfilledQty += sumQty(event.taken)
  if (event.type === "SaleTaken") sums.takenQty += sumQty(event.taken)
  if (event.type === "ShippedUnreserved") sums.shippedUnreservedQty += sumQty(event.taken)
  if (event.type === "DiscrepancyFound") counted(discrepancyQtyBy, event.kind, event.qty)
  if (event.type === "ShortageFound" && event.qty > 0) sums.shortagesFound += 1
  if (event.type === "SaleOwed" && event.shortQty !== undefined) sums.shortagesFound += 1
}

/** Sums of all models at the end. */
const endOf = (models: Iterable<SkuModel>) => {
  const end = {
    skus: 0,
    receivedQty: 0,
    adjustedQty: 0,
    onHandQty: 0,
    heldOpenQty: 0,
    confirmedOpenQty: 0,
    shortageQty: 0,
    owedShortQty: 0,
  }
  for (const model of models) {
    end.skus += 1
    end.receivedQty += model.sums.receivedQty
    end.adjustedQty += model.sums.adjustedQty
    const open = openQty(model)
    end.heldOpenQty += open.heldQty
    end.confirmedOpenQty += open.confirmedQty
    for (const debt of model.debts.values()) {
      end.shortageQty += debt.qty
      end.owedShortQty += debt.qty
    }
    for (const shelf of model.shelves.values()) {
      end.onHandQty += shelf.onHandQty
      end.shortageQty += Math.max(0, shortQty(shelf))
    }
  }
  return end
}

/** Counts what records and events say, for a report's totals. */
export const createTotals = () => {
  const sums = zeroSums()
  const refusedBy: Record<string, number> = {}
  const discrepancyQtyBy: Record<string, number> = {}

  const decision = (decision: JournaledDecision): void => {
    sums.commands += 1
    if (decision._tag === "Accepted") sums.accepted += 1
    if (decision._tag === "Repeated") sums.repeated += 1
    if (decision._tag === "TooLate") sums.expired += 1
    if (decision._tag === "Quarantined") sums.quarantined += 1
    if (decision._tag === "Dropped") sums.dropped += 1
    if (decision._tag !== "Refused") return
    sums.refused += 1
    counted(refusedBy, decision.refusal.reason, 1)
  }

  return {
    record: (): void => {
      sums.records += 1
    },
    orderRecord: (): void => {
      sums.orderRecords += 1
    },
    /** An answer that was owed. Its command was counted when it began. */
    answered: (outcome: RememberedDecision): void => {
      if (outcome.outcome === "accepted") sums.accepted += 1
      if (outcome.outcome !== "refused") return
      sums.refused += 1
      counted(refusedBy, outcome.reason, 1)
    },
    message: (): void => {
      sums.messages += 1
    },
    decision,
    event: (event: StockEvent, isByOrder: boolean): void => addEvent(sums, discrepancyQtyBy, event, isByOrder),
    finish: (models: Iterable<SkuModel>, known: CheckerTotals): AuditTotals => {
      const soldQty = sums.fulfilledQty + sums.takenQty + sums.shippedUnreservedQty
      return { ...sums, ...endOf(models), ...known, soldQty, refusedBy, discrepancyQtyBy }
    },
  }
}
/** The sums of an audit under way. */
export type Totals = ReturnType<typeof createTotals>
