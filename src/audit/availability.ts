/**
 * Checker `availability` (INV-1 as channels see it): what a channel could have had, by the formula of the design, written out once more.
 *
 * Proves that no reservation was accepted beyond its channel's ATS at that moment, so that neither fences nor buffers nor safety stock were
 * sold to somebody else, and that none was refused for want of stock that was there. The same function tells `feed` which
 * value a record stands for.
 *
 * offered = max(0, Σ over locations of max(0, usable − reserved − exposed − safety − owed there alone and not there) − owed anywhere and not there)
 * fence left of a channel = fence − min(fence, its units open or sold since the fence was set), clipped in order of priority to what is offered
 * ATS = offered − the others' fences left − max(buffer, ⌈percent × offered⌉), and 0 below the channel's floor
 */
import type { Reserve } from "../domain/sku/commands.ts"
import type { Policy } from "../domain/sku/policy.ts"
import type { SkuJournaledDecision } from "../kinds/sku/types.ts"
import { allocationsMax } from "../limits.ts"
import type { Findings, Where } from "./findings.ts"
import { debtQtyAt, type SkuModel, sumQty, usableQty } from "./model.ts"

/** Units on offer to everybody together, at all locations or at those named. */
const offeredQty = (model: SkuModel, locations: ReadonlyArray<string> | undefined): number => {
  // Units that were sold and aren't there are taken off first: nothing is offered before they are covered.
  let offered = locations === undefined ? -debtQtyAt(model, null) : 0
  for (const [location, shelf] of model.shelves) {
    if (locations !== undefined && !locations.includes(location)) continue
    offered += Math.max(0, usableQty(shelf) - shelf.reservedQty - shelf.exposedQty - shelf.safetyQty - debtQtyAt(model, location))
  }
  return Math.max(0, offered)
}

/** Lines in the order in which fences are filled; of equal priority, as they stand in the policy. Remembered for each policy, because every Reserve needs them and there are few policies. */
const inOrder = new WeakMap<Policy, Policy["channels"]>()
const byPriority = (policy: Policy): Policy["channels"] => {
  const known = inOrder.get(policy)
  if (known !== undefined) return known
  const lines = policy.channels
    .map((line, place) => ({ line, place }))
    .sort((a, b) => a.line.priority - b.line.priority || a.place - b.place)
    .map(({ line }) => line)
  inOrder.set(policy, lines)
  return lines
}

/** Units of `offered` that are kept for channels other than `channel`. */
const fencedForOthers = (model: SkuModel, policy: Policy, channel: string, offered: number): number => {
  let left = offered
  let others = 0
  for (const line of byPriority(policy)) {
    const use = model.uses.get(line.channel)
    const used = Math.min(line.fenceQty, (use?.openQty ?? 0) + (use?.soldQty ?? 0))
    const kept = Math.min(left, line.fenceQty - used)
    left -= kept
    if (line.channel !== channel) others += kept
  }
  return others
}

/** Units `channel` may have now; 0 for a channel that doesn't sell the SKU. */
export const atsQty = (model: SkuModel, channel: string): number => {
  const line = model.policy?.channels.find((candidate) => candidate.channel === channel)
  if (model.policy === null || line === undefined) return 0
  const offered = offeredQty(model, undefined)
  const buffer = Math.max(line.bufferQty, Math.ceil((line.bufferPercent * offered) / 100))
  const ats = offered - fencedForOthers(model, model.policy, channel, offered) - buffer
  return ats <= 0 || ats < line.floorQty ? 0 : ats
}

/** A checker `availability` that reports to `findings`. */
export const createAvailability = (findings: Findings) => ({
  /** Judges a Reserve against the model as it was before it. */
  reserve: (where: Where, model: SkuModel, channel: string, command: Reserve, decision: SkuJournaledDecision): void => {
    if (decision._tag === "Accepted") {
      findings.checked("availability")
      const ats = atsQty(model, channel)
      const qty = sumQty(decision.events.flatMap((event) => (event.type === "Reserved" ? event.allocations : [])))
      if (qty > ats) findings.violated("availability", where, `${channel} reserved ${qty} units with ${command.id}, its ATS was ${ats}`)
    }
    if (decision._tag === "Refused" && decision.refusal.reason === "InsufficientStock") {
      findings.checked("availability")
      const ats = Math.min(atsQty(model, channel), offeredQty(model, command.locations))
      const enough = command.partial === true ? 1 : command.qty
      // Units scattered over more locations than a reservation may have can't all be had at once.
      const scattered = model.shelves.size > allocationsMax
      if (ats >= enough && !scattered)
        findings.violated("availability", where, `${channel} was refused ${command.qty} units with ${command.id}, it could have had ${ats}`)
      const said = decision.refusal.ats
      if (said !== undefined && (scattered ? said > ats : said !== ats))
        findings.violated("availability", where, `${channel} was told of ${said} units with ${command.id}, there were ${ats}`)
    }
  },
})
