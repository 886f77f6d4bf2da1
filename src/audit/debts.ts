/**
 * Checker `debts` (INV-15): what was sold without asking, and is not there, is owed until goods cover it.
 *
 * Proves that what is said to cover a debt has one to cover and units nobody is owed to do it with, that the oldest is covered first, and that a record which had room left
 * no unit idle that somebody waits for: neither a covering forgotten nor one put off. That nothing of it was offered to others is said by `availability`, whose
 * formula takes debts off, and that no sale was forgotten by `effects`.
 */
import type { StockEvent } from "../domain/sku/events.ts"
import { allocationsMax, coversPerRecordMax, recordBytesMax } from "../limits.ts"
import type { Findings, Where } from "./findings.ts"
import { claimKey, debtQty, type SkuModel, shelfAt, shortQty, sumQty } from "./model.ts"

type Covered = Extract<StockEvent, { readonly type: "ShortageCovered" }>

/** A debt older than that of `key` which a unit at `location` could have gone to, or null. */
const olderThan = (model: SkuModel, key: string, location: string): string | null => {
  for (const [other, { at }] of model.debts) {
    if (other === key) return null
    if ((at === null || at === location) && mayLieAt(model, other, location)) return other
  }
  return null
}

/** A reservation that lies at as many locations as it may can't be given units at another. */
const mayLieAt = (model: SkuModel, key: string, location: string): boolean => {
  const open = model.claims.get(key)?.open ?? []
  return open.length < allocationsMax || open.some((part) => part.location === location)
}

const wrongCovering = (model: SkuModel, event: Covered): string | null => {
  const key = claimKey(event.channel, event.reservation)
  const qty = sumQty(event.allocations)
  if (qty <= 0 || qty > debtQty(model, key)) return `${qty} units cover ${key}, which is owed ${debtQty(model, key)}`
  const at = model.debts.get(key)?.at ?? null
  for (const { location, qty: units } of event.allocations) {
    if (at !== null && location !== at) return `units at ${location} cover ${key}, which is owed at ${at}`
    if (units > -shortQty(shelfAt(model, location)))
      return `${units} units at ${location} cover ${key}, and are not there or somebody else's`
    const older = olderThan(model, key, location)
    if (older !== null) return `${key} is covered at ${location} before ${older}, which waits for longer`
  }
  return null
}

/** A unit that nobody is owed, and a debt it could go to, or null. */
const idle = (model: SkuModel): string | null => {
  for (const [location, shelf] of model.shelves) {
    if (shortQty(shelf) >= 0) continue
    for (const [key, { at }] of model.debts)
      if ((at === null || at === location) && mayLieAt(model, key, location))
        return `${-shortQty(shelf)} units at ${location} are nobody's, and ${key} waits for them`
  }
  return null
}

/** A checker `debts` that reports to `findings`. */
export const createDebts = (findings: Findings) => {
  /** SKUs that the present record changed and that owe something. */
  const touched = new Map<SkuModel, Where>()
  let covers = 0
  return {
    /** Judges what covers debts against the model as it was before it. */
    covered: (where: Where, model: SkuModel, event: StockEvent): void => {
      if (event.type !== "ShortageCovered") return
      findings.checked("debts")
      covers++
      const wrong = wrongCovering(model, event)
      if (wrong !== null) findings.violated("debts", where, wrong)
    },
    /** The model was changed by the present record. */
    changed: (where: Where, model: SkuModel): void => {
      if (model.debts.size > 0) touched.set(model, where)
      else touched.delete(model)
    },
    /** Ends a record of so many bytes. */
    recordEnd: (bytes: number): void => {
      // Covering all that one record may cover takes less than half a record, so a record below that size had room.
      const hadRoom = covers < coversPerRecordMax && bytes < recordBytesMax / 2
      for (const [model, where] of touched) {
        findings.checked("debts")
        const wrong = hadRoom ? idle(model) : null
        if (wrong !== null) findings.violated("debts", where, wrong)
      }
      touched.clear()
      covers = 0
    },
  }
}
