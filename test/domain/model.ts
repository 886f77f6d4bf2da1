/**
 * A slow, obvious model of one SKU: a list of units on shelves and a list of units claimed, each an object with a location and a state, and no counter.
 *
 * Written from docs/AVAILABILITY.md, apart from the code it is held against. Every number is a count over the lists; a command changes units one by one.
 */

import type { RefusalReason } from "../../src/domain/refusals.ts"
import type { Fulfil, MoveStatus, RecordSale, Release, Reserve, StockCommand, StockStatus } from "../../src/domain/sku/commands.ts"
import type { DiscrepancyKind } from "../../src/domain/sku/events.ts"
import type { ChannelPolicy, Policy, PolicyGiven } from "../../src/domain/sku/policy.ts"

interface Unit {
  readonly location: string
  status: StockStatus
}

interface Claim {
  readonly channel: string
  readonly location: string
  readonly owner: Owner
  state: "open" | "released" | "expired" | "fulfilled"
}

interface Owner {
  readonly channel: string
  readonly name: string
  lasting: boolean
  expiresAtMs: number
}

/** What came of a command, as the model sees it. */
export type ModelAnswer =
  | { readonly refused: RefusalReason; readonly ats?: number }
  | {
      readonly discrepancies: ReadonlyArray<readonly [DiscrepancyKind, number]>
      readonly shortages: ReadonlyArray<readonly [string, number]>
    }

/** A unit that was sold without asking and isn't there. */
interface Missing {
  readonly owner: Owner
  /** The only location whose goods may cover it; null: any. */
  at: string | null
}

export interface Model {
  known: boolean
  policy: Policy | null
  /** In the order they were first stocked. */
  locations: Array<string>
  shelf: Array<Unit>
  claims: Array<Claim>
  owners: Array<Owner>
  /** In the order in which goods cover them. */
  missing: Array<Missing>
  /** Channels, one for each unit sold since the channel's fence last changed. */
  soldSinceFence: Array<string>
}

export const emptyModel = (): Model => ({
  known: false,
  policy: null,
  locations: [],
  shelf: [],
  claims: [],
  owners: [],
  missing: [],
  soldSinceFence: [],
})

const soundAt = (model: Model, location: string) => model.shelf.filter((unit) => unit.location === location && unit.status === "available")
const openAt = (model: Model, location: string) => model.claims.filter((claim) => claim.location === location && claim.state === "open")
const openOf = (model: Model, owner: Owner) => model.claims.filter((claim) => claim.owner === owner && claim.state === "open")
const missingOf = (model: Model, owner: Owner) => model.missing.filter((unit) => unit.owner === owner)
const missingAt = (model: Model, location: string | null) => model.missing.filter((unit) => unit.at === location).length
const ownerOf = (model: Model, channel: string, name: string) =>
  model.owners.find((owner) => owner.channel === channel && owner.name === name)
const safetyAt = (model: Model, location: string) => model.policy?.safety.find((safety) => safety.location === location)?.qty ?? 0
const unowedAt = (model: Model, location: string) => soundAt(model, location).length - openAt(model, location).length
const offeredAt = (model: Model, location: string) =>
  Math.max(0, unowedAt(model, location) - safetyAt(model, location) - missingAt(model, location))
const offeredOf = (model: Model) =>
  Math.max(0, model.locations.reduce((sum, location) => sum + offeredAt(model, location), 0) - missingAt(model, null))
/** Units that a sale may claim: nobody is owed them, and no older sale waits for them. */
const spareAt = (model: Model, location: string) => Math.max(0, unowedAt(model, location) - missingAt(model, location))
const times = (count: number, act: () => void) => {
  for (let done = 0; done < count; done++) act()
}

const unconsumed = (model: Model, line: ChannelPolicy) => {
  const open =
    model.claims.filter((claim) => claim.channel === line.channel && claim.state === "open").length +
    model.missing.filter((unit) => unit.owner.channel === line.channel).length
  const sold = model.soldSinceFence.filter((channel) => channel === line.channel).length
  return line.fenceQty - Math.min(line.fenceQty, open + sold)
}

/** Units of each channel's fence that stock covers: handed out unit by unit, in the order of priorities. */
export const fencesHonoured = (model: Model): ReadonlyMap<string, number> => {
  let left = offeredOf(model)
  const honoured = new Map<string, number>()
  // Sorting is stable: ties stay in the order of the list.
  for (const line of [...(model.policy?.channels ?? [])].sort((one, other) => one.priority - other.priority)) {
    const qty = Math.min(left, unconsumed(model, line))
    honoured.set(line.channel, qty)
    left -= qty
  }
  return honoured
}

export const modelAts = (model: Model, channel: string): number => {
  const line = model.policy?.channels.find((candidate) => candidate.channel === channel)
  if (line === undefined) return 0
  const offered = offeredOf(model)
  let others = 0
  for (const [other, qty] of fencesHonoured(model)) if (other !== channel) others += qty
  const ats = offered - others - Math.max(line.bufferQty, Math.ceil((line.bufferPercent * offered) / 100))
  return ats < line.floorQty || ats < 0 ? 0 : ats
}

/** The state of a reservation, counted. */
export const phaseOf = (model: Model, owner: Owner): string => {
  const claims = model.claims.filter((claim) => claim.owner === owner)
  if (claims.some((claim) => claim.state === "open") || missingOf(model, owner).length > 0) return owner.lasting ? "confirmed" : "held"
  if (claims.some((claim) => claim.state === "fulfilled")) return "fulfilled"
  return claims.some((claim) => claim.state === "expired") ? "expired" : "released"
}

/** Open units by location, in the order the locations were drawn on. */
export const allocationsOf = (model: Model, owner: Owner): ReadonlyArray<{ readonly location: string; readonly qty: number }> => {
  const open = openOf(model, owner)
  const locations = [...new Set(open.map((claim) => claim.location))]
  return locations.map((location) => ({ location, qty: open.filter((claim) => claim.location === location).length }))
}

/** How many of a reservation's units were fulfilled. */
export const fulfilledOf = (model: Model, owner: Owner): number =>
  model.claims.filter((claim) => claim.owner === owner && claim.state === "fulfilled").length

/** How many of a reservation's units are not there. */
export const shortOf = (model: Model, owner: Owner): number => missingOf(model, owner).length
const unitsOpen = (model: Model, owner: Owner) => openOf(model, owner).length + shortOf(model, owner)

/** Goods cover what is missing, unit by unit: the oldest sale first, at the first location that has one. */
export const modelCover = (model: Model): void => {
  const candidates = [...new Set(candidatesOf(model, undefined))]
  model.missing = model.missing.filter(({ owner, at }) => {
    const location = candidates.find((candidate) => (at === null || at === candidate) && unowedAt(model, candidate) > 0)
    if (location === undefined) return true
    model.claims.push({ channel: owner.channel, location, owner, state: "open" })
    return false
  })
}

/** Units at a location in each state. */
export const countsAt = (model: Model, location: string) => ({
  onHand: model.shelf.filter((unit) => unit.location === location).length,
  damaged: model.shelf.filter((unit) => unit.location === location && unit.status === "damaged").length,
  inspection: model.shelf.filter((unit) => unit.location === location && unit.status === "inspection").length,
  reserved: openAt(model, location).length,
  safety: safetyAt(model, location),
})

const stockAt = (model: Model, location: string) => {
  if (!model.locations.includes(location)) model.locations.push(location)
}

const removeSound = (model: Model, location: string, wanted: number): number => {
  const gone = soundAt(model, location).slice(0, wanted)
  model.shelf = model.shelf.filter((unit) => !gone.includes(unit))
  return gone.length
}

/** Claims free units one by one, each at the first location that has one. */
const claim = (
  model: Model,
  owner: Owner,
  candidates: ReadonlyArray<string>,
  wanted: number,
  free: (location: string) => number,
): number => {
  for (let claimed = 0; claimed < wanted; claimed++) {
    const location = candidates.find((candidate) => free(candidate) > 0)
    if (location === undefined) return claimed
    model.claims.push({ channel: owner.channel, location, owner, state: "open" })
  }
  return wanted
}

const candidatesOf = (model: Model, named: ReadonlyArray<string> | undefined): ReadonlyArray<string> =>
  (named ?? [...(model.policy?.sourcing ?? []), ...model.locations]).filter((location) => model.locations.includes(location))

/** Ends claims of a reservation one by one: those at `location` first, then units that are missing, then in the order the locations were drawn on; at each, the latest first. */
const fulfilClaims = (model: Model, owner: Owner, location: string, wanted: number) => {
  const inOrder = allocationsOf(model, owner).map((part) => part.location)
  times(wanted, () => {
    const open = openOf(model, owner)
    const missing = model.missing.find((unit) => unit.owner === owner)
    if (missing !== undefined && !open.some((candidate) => candidate.location === location)) {
      model.missing = model.missing.filter((unit) => unit !== missing)
      model.claims.push({ channel: owner.channel, location, owner, state: "fulfilled" })
      model.soldSinceFence.push(owner.channel)
      return
    }
    const next = [location, ...inOrder]
      .map((at) => open.findLast((candidate) => candidate.location === at))
      .find((found) => found !== undefined)
    if (next === undefined) throw new Error("the model ends a claim that isn't open")
    next.state = "fulfilled"
    model.soldSinceFence.push(owner.channel)
  })
}

const reserve = (model: Model, command: Reserve, sender: string, nowMs: number): RefusalReason | number | undefined => {
  if (!model.known) return "UnknownSku"
  if (!(model.policy?.channels ?? []).some((line) => line.channel === sender)) return "NotSoldHere"
  if (ownerOf(model, sender, command.reservation) !== undefined) return "ReservationExists"
  if (command.locations?.some((location) => !model.locations.includes(location))) return "UnknownLocation"
  const candidates = candidatesOf(model, command.locations)
  const toBeHad = [...new Set(candidates)].reduce((sum, location) => sum + offeredAt(model, location), 0)
  const have = Math.min(command.qty, modelAts(model, sender), toBeHad)
  if (have === 0 || (have < command.qty && command.partial !== true)) return have
  const owner: Owner = { channel: sender, name: command.reservation, lasting: false, expiresAtMs: nowMs + command.holdMs }
  model.owners.push(owner)
  claim(model, owner, candidates, have, (location) => offeredAt(model, location))
  return undefined
}

const notOpen = (model: Model, owner: Owner | undefined, nowMs: number): RefusalReason | undefined => {
  if (owner === undefined) return "UnknownReservation"
  const phase = phaseOf(model, owner)
  const isDue = phase === "held" && nowMs >= owner.expiresAtMs
  if (phase === "fulfilled" || (isDue && fulfilledOf(model, owner) > 0)) return "ReservationFulfilled"
  if (phase === "expired" || isDue) return "ReservationExpired"
  return phase === "released" ? "ReservationReleased" : undefined
}

const release = (model: Model, command: Release, owner: Owner): RefusalReason | undefined => {
  const open = unitsOpen(model, owner)
  if ((command.qty ?? 0) > open) return "QtyExceedsOpen"
  const lastFirst = allocationsOf(model, owner).toReversed()
  times(command.qty ?? open, () => {
    const missing = model.missing.find((unit) => unit.owner === owner)
    if (missing !== undefined) {
      model.missing = model.missing.filter((unit) => unit !== missing)
      // What was given up is remembered as a claim that ended, so that the reservation's end can be told.
      model.claims.push({ channel: owner.channel, location: "", owner, state: "released" })
      return
    }
    const left = openOf(model, owner)
    const location = lastFirst.find((part) => left.some((candidate) => candidate.location === part.location))?.location
    const last = left.findLast((candidate) => candidate.location === location)
    if (last !== undefined) last.state = "released"
  })
  return undefined
}

const onReservation = (model: Model, command: StockCommand, sender: string, nowMs: number): RefusalReason | undefined => {
  if (command.type !== "Confirm" && command.type !== "Extend" && command.type !== "Release") return undefined
  if (!model.known) return "UnknownSku"
  const owner = ownerOf(model, sender, command.reservation)
  const reason = notOpen(model, owner, nowMs)
  if (reason !== undefined || owner === undefined) return reason
  if (command.type === "Release") return release(model, command, owner)
  if (owner.lasting) return "ReservationConfirmed"
  if (command.type === "Confirm") owner.lasting = true
  else owner.expiresAtMs = Math.max(owner.expiresAtMs, nowMs + command.holdMs)
  return undefined
}

const setPolicy = (model: Model, given: PolicyGiven): RefusalReason | undefined => {
  const present = model.policy?.version ?? 0
  if (given.version !== undefined && given.version <= present) return "PolicyOutdated"
  const policy: Policy = { ...given, version: given.version ?? present + 1 }
  const fenceOf = (of: Policy | null, channel: string) => of?.channels.find((line) => line.channel === channel)?.fenceQty ?? 0
  model.soldSinceFence = model.soldSinceFence.filter((channel) => fenceOf(policy, channel) === fenceOf(model.policy, channel))
  for (const safety of policy.safety) stockAt(model, safety.location)
  model.policy = policy
  return undefined
}

type Discrepancies = Array<readonly [DiscrepancyKind, number]>
const note = (found: Discrepancies, kind: DiscrepancyKind, qty: number) => {
  if (qty > 0) found.push([kind, qty])
}

const fulfil = (model: Model, command: Fulfil, found: Discrepancies): RefusalReason | undefined => {
  const owner = ownerOf(model, command.channel, command.reservation)
  const open = owner === undefined ? 0 : unitsOpen(model, owner)
  if (open === 0 && command.qty === undefined) return model.known ? notOpen(model, owner, 0) : "UnknownSku"
  const qty = command.qty ?? open
  if (owner !== undefined) fulfilClaims(model, owner, command.location, Math.min(qty, open))
  note(found, "NotOnHand", qty - removeSound(model, command.location, qty))
  note(found, "NotReserved", qty - open)
  return undefined
}

const sellTaken = (model: Model, command: RecordSale, sender: string, found: Discrepancies) => {
  const location = command.location ?? ""
  const owner = ownerOf(model, sender, command.reservation ?? "")
  const drawn = owner === undefined ? 0 : Math.min(command.qty, unitsOpen(model, owner))
  if (owner !== undefined) fulfilClaims(model, owner, location, drawn)
  const left = removeSound(model, location, command.qty)
  times(left - drawn, () => model.soldSinceFence.push(sender))
  note(found, "NotOnHand", command.qty - left)
}

const sellOwed = (model: Model, command: RecordSale, sender: string, found: Discrepancies) => {
  const named = command.reservation ?? ""
  const isOver = (name: string) => {
    const owner = ownerOf(model, sender, name)
    return owner !== undefined && unitsOpen(model, owner) === 0
  }
  const name = isOver(named) ? `${named}~${command.id}` : named
  const owner = ownerOf(model, sender, name) ?? { channel: sender, name, lasting: true, expiresAtMs: 0 }
  const wanted = Math.max(0, command.qty - unitsOpen(model, owner))
  const candidates = candidatesOf(model, command.location === undefined ? undefined : [command.location])
  const spare = model.locations.reduce((sum, location) => sum + spareAt(model, location), 0) - missingAt(model, null)
  const claimed = claim(model, owner, candidates, Math.min(wanted, Math.max(0, spare)), (location) => spareAt(model, location))
  owner.lasting = true
  if (!model.owners.includes(owner)) model.owners.push(owner)
  note(found, "Oversold", wanted - claimed)
  if (wanted > claimed) beShort(model, owner, wanted - claimed, command.location ?? null)
}

/** More units of a reservation are missing. They stand together; where they were to come from two places, they may come from any. */
const beShort = (model: Model, owner: Owner, qty: number, at: string | null) => {
  if (at !== null) stockAt(model, at)
  const before = missingOf(model, owner)
  const where = before.every((unit) => unit.at === at) ? at : null
  for (const unit of before) unit.at = where
  const added = Array.from({ length: qty }, () => ({ owner, at: where }))
  const last = before.at(-1)
  model.missing.splice(last === undefined ? model.missing.length : model.missing.indexOf(last) + 1, 0, ...added)
}

const move = (model: Model, command: MoveStatus, found: Discrepancies) => {
  const moved = model.shelf.filter((unit) => unit.location === command.location && unit.status === command.from).slice(0, command.qty)
  for (const unit of moved) unit.status = command.to
  note(found, "NotInStatus", command.qty - moved.length)
}

/** A unit is put on the shelf, or a sound one taken off it, until as many are there as were counted. */
const recount = (model: Model, location: string, countedQty: number, found: Discrepancies) => {
  stockAt(model, location)
  const there = () => model.shelf.filter((unit) => unit.location === location).length
  while (there() < countedQty) model.shelf.push({ location, status: "available" })
  removeSound(model, location, there() - countedQty)
  note(found, "NotOnHand", there() - countedQty)
}

/** Units leave the shelf one status after another, those that may not be sold first. */
const writeOff = (model: Model, location: string, wanted: number, found: Discrepancies) => {
  const there = model.shelf.filter((unit) => unit.location === location)
  const worstFirst = (["damaged", "inspection", "available"] as const).flatMap((status) => there.filter((unit) => unit.status === status))
  const gone = worstFirst.slice(0, wanted)
  model.shelf = model.shelf.filter((unit) => !gone.includes(unit))
  note(found, "NotOnHand", wanted - gone.length)
}

const fact = (model: Model, command: StockCommand, sender: string, found: Discrepancies): RefusalReason | undefined => {
  if (command.type === "Fulfil") return fulfil(model, command, found)
  if (command.type === "MoveStatus") move(model, command, found)
  if (command.type === "RecordSale") (command.mode === "taken" ? sellTaken : sellOwed)(model, command, sender, found)
  if (command.type === "ReceiveStock" || (command.type === "AdjustStock" && command.qty > 0)) {
    stockAt(model, command.location)
    times(command.qty, () => model.shelf.push({ location: command.location, status: "available" }))
  }
  if (command.type === "AdjustStock" && command.qty < 0) {
    note(found, "NotOnHand", -command.qty - removeSound(model, command.location, -command.qty))
  }
  if (command.type === "Recount") recount(model, command.location, command.qty, found)
  if (command.type === "WriteOff") writeOff(model, command.location, command.qty, found)
  return undefined
}

/** Ends a hold whose time is up. */
export const modelExpire = (model: Model, channel: string, name: string): void => {
  const owner = ownerOf(model, channel, name)
  if (owner !== undefined) for (const open of openOf(model, owner)) open.state = "expired"
}

const shortBy = (model: Model, location: string) => Math.max(0, -unowedAt(model, location))

/** Applies a command to the model, and says what came of it. */
export const modelApply = (model: Model, command: StockCommand, sender: string, nowMs: number): ModelAnswer => {
  const isFact = !["Reserve", "Confirm", "Release", "Extend", "SetPolicy"].includes(command.type)
  const before = new Map(model.locations.map((location) => [location, shortBy(model, location)]))
  const discrepancies: Discrepancies = []
  let refused: RefusalReason | number | undefined
  if (command.type === "Reserve") refused = reserve(model, command, sender, nowMs)
  else if (command.type === "SetPolicy") refused = setPolicy(model, command.policy)
  else if (isFact) refused = fact(model, command, sender, discrepancies)
  else refused = onReservation(model, command, sender, nowMs)
  if (typeof refused === "number") return { refused: "InsufficientStock", ats: refused }
  if (refused !== undefined) return { refused }
  model.known = true
  if (command.type === "Confirm") {
    const owner = ownerOf(model, sender, command.reservation)
    const lacks = owner === undefined ? [] : allocationsOf(model, owner).filter(({ location }) => shortBy(model, location) > 0)
    return { discrepancies, shortages: lacks.map(({ location }) => [location, shortBy(model, location)]) }
  }
  const changed = isFact ? model.locations.filter((location) => shortBy(model, location) !== (before.get(location) ?? 0)) : []
  return { discrepancies, shortages: changed.map((location) => [location, shortBy(model, location)]) }
}
