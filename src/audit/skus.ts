/**
 * Brings the models of all SKUs forward, and puts each decision about a SKU to the checkers that need its state before or after it.
 */
import type { StockEvent } from "../domain/sku/events.ts"
import { createAvailability } from "./availability.ts"
import { type Conservation, createConservation } from "./conservation.ts"
import { createDebts } from "./debts.ts"
import { createEffects } from "./effects.ts"
import { createEnds } from "./ends.ts"
import type { FeedChecker } from "./feed.ts"
import type { Findings, Where } from "./findings.ts"
import { type Floors, isOurs } from "./floors.ts"
import { emptyModel, fold, type SkuModel } from "./model.ts"
import { createOnePartition } from "./one-partition.ts"
import { createOverdue } from "./overdue.ts"
import { createReservations } from "./reservations.ts"
import type { SkuDecisionSeen } from "./seen.ts"

interface Skus {
  /** A decided command. */
  readonly decision: (seen: SkuDecisionSeen) => void
  /** What its reservations were short of, and goods now cover. */
  readonly covered: (where: Where, sku: string, events: ReadonlyArray<StockEvent>, atMs: number) => void
  /** Ends a record of so many bytes. */
  readonly recordEnd: (bytes: number) => void
  /** Holds of a SKU that expired. */
  readonly expiry: (where: Where, sku: string, events: ReadonlyArray<StockEvent>, atMs: number) => void
  readonly models: ReadonlyMap<string, SkuModel>
  readonly conservation: Conservation
}

/** What is told along the way, besides the checkers here. */
interface SkuListeners {
  readonly findings: Findings
  readonly floors: Floors
  readonly feed: FeedChecker
  /** `isByOrder`: an order asked for it. */
  readonly onEvent: (event: StockEvent, isByOrder: boolean) => void
  readonly partitionOf: ((sku: string) => number) | undefined
}

/** Reports a decision that still counted a hold whose time was up. */
const overIsOver = (
  findings: Findings,
  overdue: ReturnType<typeof createOverdue>,
  { where, atMs, command, decision }: SkuDecisionSeen,
  model: SkuModel,
): void => {
  if (decision._tag !== "Accepted" && decision._tag !== "Refused") return
  findings.checked("availability")
  const found = overdue.at(model, atMs)
  if (found !== null) findings.violated("availability", where, `${command.type} ${command.id} is decided at ${atMs} while ${found}`)
}

/** A SKU answers every command at once: whether this decision does not. */
const hasOnlyBegun = (findings: Findings, { where, actor, command, decision }: SkuDecisionSeen): boolean => {
  const isSo = decision._tag === "Begun" || decision._tag === "Pending"
  if (isSo)
    findings.violated("effects", where, `${command.type} ${command.id} of ${actor} has only begun, and a SKU answers every command at once`)
  return isSo
}

/** The models of all SKUs, and the checkers that judge a decision by them. */
export const createSkus = ({ findings, floors, feed, onEvent, partitionOf }: SkuListeners): Skus => {
  const models = new Map<string, SkuModel>()
  const ends = createEnds(floors)
  const onePartition = createOnePartition(findings, partitionOf)
  const reservations = createReservations(findings)
  const conservation = createConservation(findings)
  const availability = createAvailability(findings)
  const effects = createEffects(findings)
  const debts = createDebts(findings)
  const overdue = createOverdue()

  const modelOf = (where: Where, sku: string): SkuModel => {
    let model = models.get(sku)
    if (model === undefined) {
      model = emptyModel(sku, where.partition, ends)
      models.set(sku, model)
    }
    return model
  }

  /** Folds one decision's events, each judged before it and all of them after the last. `seen` is null for an expiry. */
  const apply = (where: Where, model: SkuModel, events: ReadonlyArray<StockEvent>, seen: SkuDecisionSeen | null, atMs: number): void => {
    const type = seen?.command.type ?? null
    onePartition.changed(where, model.sku)
    if (model.changedSeq !== where.seq) feed.beforeChange(model, where.seq)
    model.changedSeq = where.seq
    const shortBefore = conservation.before(model, events)
    if (seen !== null) effects.accepted(seen, events, model)
    for (const event of events) {
      reservations.event(where, model, event, type, atMs)
      debts.covered(where, model, event)
      fold(model, event, atMs)
      overdue.note(model, event)
      onEvent(event, seen !== null && isOurs(seen.sender))
    }
    conservation.after(where, model, type, events, shortBefore)
    debts.changed(where, model)
  }

  return {
    decision: (seen) => {
      const { where, actor, command, decision } = seen
      const known = models.get(command.sku)
      if (known !== undefined) overIsOver(findings, overdue, seen, known)
      if (decision._tag === "Refused" && known !== undefined)
        reservations.refused(where, known, actor, command, decision.refusal.reason, seen.atMs)
      if (hasOnlyBegun(findings, seen)) return
      if (command.type === "Reserve" && known !== undefined) availability.reserve(where, known, actor, command, decision)
      if (decision._tag !== "Accepted" || command.type === "ReplayQuarantined" || command.type === "DropQuarantined") return
      if (decision.events.length > 0) apply(where, modelOf(where, command.sku), decision.events, seen, seen.atMs)
      else findings.violated("effects", where, `${command.type} ${command.id} of ${actor} was accepted and did nothing`)
    },
    expiry: (where, sku, events, atMs) => {
      if (events.some((event) => event.type !== "Expired")) findings.violated("effects", where, "an expiry does something else")
      apply(where, modelOf(where, sku), events, null, atMs)
    },
    covered: (where, sku, events, atMs) => {
      if (events.some((event) => event.type !== "ShortageCovered")) findings.violated("effects", where, "a covering does something else")
      apply(where, modelOf(where, sku), events, null, atMs)
    },
    recordEnd: (bytes) => {
      conservation.recordEnd()
      debts.recordEnd(bytes)
    },
    models,
    conservation,
  }
}
