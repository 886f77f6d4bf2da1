/**
 * Checker `effects` (INV-1, INV-2, INV-8): what was accepted does what was asked, no more and no less.
 *
 * Proves that the events of an accepted command are those its type may have, in the name of its sender (nobody confirms, extends or releases
 * another channel's reservation), and that their units add up to the command's: for a fact, what could be applied and its discrepancies
 * together; and that no channel's word alone took more units than one sale may tell of, or units of a SKU whose policy doesn't name it. An event that moves other units than the command named is found here even where every sum agrees.
 */
import { unreachable } from "../assert.ts"
import type { EpochMs } from "../domain/names.ts"
import type {
  AdjustStock,
  Command,
  Extend,
  Fulfil,
  MoveStatus,
  ReceiveStock,
  RecordSale,
  Release,
  Reserve,
  SetPolicy,
} from "../domain/sku/commands.ts"
import type { Allocations, DiscrepancyKind, StockEvent } from "../domain/sku/events.ts"
import { saleQtyMax } from "../limits.ts"
import type { Findings } from "./findings.ts"
import { type Claim, claimKey, debtQty, type SkuModel, shelfAt, shortQty, sumQty } from "./model.ts"
import { wrongPlaces } from "./places.ts"
import { same } from "./plain.ts"
import type { SkuDecisionSeen } from "./seen.ts"

type EventType = StockEvent["type"]
type EventOf<Type extends EventType> = Extract<StockEvent, { readonly type: Type }>

const eventsOf = <Type extends EventType>(events: ReadonlyArray<StockEvent>, type: Type): ReadonlyArray<EventOf<Type>> =>
  events.filter((event): event is EventOf<Type> => event.type === type)

/** The only event, if it is of that type. */
const single = <Type extends EventType>(events: ReadonlyArray<StockEvent>, type: Type): EventOf<Type> | undefined =>
  events.length === 1 ? eventsOf(events, type)[0] : undefined

const discrepantQty = (events: ReadonlyArray<StockEvent>, kind: DiscrepancyKind): number => {
  let qty = 0
  for (const event of eventsOf(events, "DiscrepancyFound")) if (event.kind === kind) qty += event.qty
  return qty
}

/** What is expected of each type: whether it tells what already happened, and what it may come to. Written apart from the commands' own declarations, and complete by type. */
const expected: Readonly<Record<Command["type"], { readonly isFact: boolean; readonly events: ReadonlyArray<EventType> }>> = {
  Reserve: { isFact: false, events: ["Reserved"] },
  Confirm: { isFact: false, events: ["Confirmed", "ShortageFound"] },
  Release: { isFact: false, events: ["Released"] },
  Extend: { isFact: false, events: ["Extended"] },
  SetPolicy: { isFact: false, events: ["PolicySet"] },
  ReceiveStock: { isFact: true, events: ["StockReceived", "ShortageFound"] },
  AdjustStock: { isFact: true, events: ["StockAdjusted", "DiscrepancyFound", "ShortageFound"] },
  MoveStatus: { isFact: true, events: ["StatusMoved", "DiscrepancyFound", "ShortageFound"] },
  Fulfil: { isFact: true, events: ["Fulfilled", "ShippedUnreserved", "DiscrepancyFound", "ShortageFound"] },
  RecordSale: { isFact: true, events: ["Confirmed", "Fulfilled", "SaleTaken", "SaleOwed", "DiscrepancyFound", "ShortageFound"] },
  ReplayQuarantined: { isFact: false, events: [] },
  DropQuarantined: { isFact: false, events: [] },
  Recount: { isFact: true, events: ["StockAdjusted", "DiscrepancyFound", "ShortageFound"] },
  WriteOff: { isFact: true, events: ["WrittenOff", "DiscrepancyFound", "ShortageFound"] },
}

/** Whether a command tells what already happened. Only those that do may leave units owed that aren't there, and no deadline counts for them. */
export const isFactType = (type: Command["type"]): boolean => expected[type].isFact

const elsewhere = (allocations: Allocations, locations: ReadonlyArray<string>): boolean =>
  allocations.some((part) => !locations.includes(part.location))

const wrongReserve = (command: Reserve, events: ReadonlyArray<StockEvent>, atMs: EpochMs): string | null => {
  const event = single(events, "Reserved")
  if (event === undefined) return "reserved nothing"
  const qty = sumQty(event.allocations)
  if (qty > command.qty || (qty < command.qty && command.partial !== true)) return `reserved ${qty} of ${command.qty} units`
  if (command.locations !== undefined && elsewhere(event.allocations, command.locations))
    return "reserved at a location that wasn't asked for"
  return event.expiresAtMs === atMs + command.holdMs ? null : `holds until ${event.expiresAtMs}, not ${atMs + command.holdMs}`
}

const wrongRelease = (command: Release, events: ReadonlyArray<StockEvent>, openQty: number): string | null => {
  const event = single(events, "Released")
  if (event === undefined) return "released nothing"
  const qty = sumQty(event.allocations) + (event.shortQty ?? 0)
  const askedQty = command.qty ?? openQty
  if (event.reason !== command.reason) return `released as ${event.reason}, not ${command.reason}`
  return qty === askedQty ? null : `released ${qty} of ${askedQty} units`
}

const wrongExtend = (command: Extend, events: ReadonlyArray<StockEvent>, expiresAtMs: EpochMs, atMs: EpochMs): string | null => {
  const event = single(events, "Extended")
  const untilMs = Math.max(expiresAtMs, atMs + command.holdMs)
  if (event === undefined) return "extended nothing"
  return event.expiresAtMs === untilMs ? null : `extended until ${event.expiresAtMs}, not ${untilMs}`
}

const wrongReceive = (command: ReceiveStock, events: ReadonlyArray<StockEvent>): string | null => {
  const received = eventsOf(events, "StockReceived")
  const [event] = received
  if (event === undefined || received.length > 1) return `received ${received.length} times`
  return event.location === command.location && event.qty === command.qty ? null : `received ${event.qty} units at ${event.location}`
}

const wrongAdjust = (command: AdjustStock, events: ReadonlyArray<StockEvent>): string | null => {
  const adjusted = eventsOf(events, "StockAdjusted")
  const missingQty = discrepantQty(events, "NotOnHand")
  let qty = 0
  for (const event of adjusted) {
    if (event.location !== command.location || event.reason !== command.reason) return `adjusted ${event.location} as ${event.reason}`
    qty += event.qty
  }
  const asked = command.qty > 0 ? qty : qty - missingQty
  return asked === command.qty ? null : `adjusted by ${qty}, ${missingQty} not on hand, of ${command.qty}`
}

/** What was on hand and the adjustment make up what was counted, and what couldn't come off. */
const wrongRecount = (
  command: Extract<Command, { readonly type: "Recount" }>,
  events: ReadonlyArray<StockEvent>,
  model: SkuModel,
): string | null => {
  const adjusted = eventsOf(events, "StockAdjusted")
  const [event] = adjusted
  if (event === undefined || adjusted.length > 1) return `adjusted ${adjusted.length} times`
  if (event.location !== command.location || event.reason !== "count") return `adjusted ${event.location} as ${event.reason}`
  const onHandQty = (model.shelves.get(command.location)?.onHandQty ?? 0) + event.qty
  const missedQty = discrepantQty(events, "NotOnHand")
  return onHandQty - missedQty === command.qty ? null : `left ${onHandQty} on hand, ${missedQty} more than were counted, of ${command.qty}`
}

/** Nothing is said to be missing that is there, and no sound unit goes before one that isn't. */
const wrongWriteOff = (
  command: Extract<Command, { readonly type: "WriteOff" }>,
  events: ReadonlyArray<StockEvent>,
  model: SkuModel,
): string | null => {
  const written = eventsOf(events, "WrittenOff")
  const [event] = written
  const missedQty = discrepantQty(events, "NotOnHand")
  const shelf = model.shelves.get(command.location)
  const qty = Math.min(command.qty, shelf?.onHandQty ?? 0)
  if (written.length > 1) return `wrote off ${written.length} times`
  if ((event?.qty ?? 0) !== qty || qty + missedQty !== command.qty)
    return `wrote off ${event?.qty ?? 0} units, ${missedQty} not on hand, of ${command.qty}, where ${shelf?.onHandQty ?? 0} are`
  if (event === undefined || shelf === undefined) return null
  if (event.location !== command.location) return `wrote off units at ${event.location}`
  const damagedQty = Math.min(qty, shelf.damagedQty)
  const inspectionQty = Math.min(qty - damagedQty, shelf.inspectionQty)
  return event.damagedQty === damagedQty && event.inspectionQty === inspectionQty
    ? null
    : `wrote off ${event.damagedQty} damaged units and ${event.inspectionQty} in inspection, not ${damagedQty} and ${inspectionQty}`
}

const wrongMove = (command: MoveStatus, events: ReadonlyArray<StockEvent>): string | null => {
  let qty = discrepantQty(events, "NotInStatus")
  for (const event of eventsOf(events, "StatusMoved")) {
    if (event.location !== command.location || event.from !== command.from || event.to !== command.to)
      return `moved ${event.from} to ${event.to}`
    qty += event.qty
  }
  return qty === command.qty ? null : `moved or missed ${qty} of ${command.qty} units`
}

/** A confirm may say a shortage, of locations where a fact took units that this reservation or another one has there. */
const wrongConfirm = (events: ReadonlyArray<StockEvent>, model: SkuModel, claim: Claim | undefined): string | null => {
  if (eventsOf(events, "Confirmed").length !== 1) return "confirmed nothing"
  const lacks = (claim?.open ?? []).filter(({ location }) => shortQty(shelfAt(model, location)) > 0).map(({ location }) => location)
  const said = eventsOf(events, "ShortageFound").map(({ location }) => location)
  return same([...lacks].sort(), [...said].sort())
    ? null
    : `says that ${said.join(", ") || "nothing"} is short, where ${lacks.join(", ") || "nothing"} is`
}

/** Units that events of a shipment or sale cover of what a reservation has open, there or not. */
const coveredBy = (events: ReadonlyArray<StockEvent>): number => {
  let qty = 0
  for (const event of eventsOf(events, "Fulfilled")) qty += sumQty(event.allocations) + (event.shortQty ?? 0)
  return qty
}

/** Units that left by these events, and whether all of them left `location`. */
const departed = (events: ReadonlyArray<StockEvent>, location: string): { readonly qty: number; readonly elsewhere: boolean } => {
  const taken = events.flatMap((event) => ("taken" in event ? event.taken : []))
  return { qty: sumQty(taken), elsewhere: elsewhere(taken, [location]) }
}

const wrongFulfil = (command: Fulfil, events: ReadonlyArray<StockEvent>, openQty: number): string | null => {
  const left = departed(events, command.location)
  const qty = command.qty ?? openQty
  const coveredQty = coveredBy(events)
  if (left.elsewhere) return "took units from another location"
  if (left.qty + discrepantQty(events, "NotOnHand") !== qty)
    return `took or missed ${left.qty + discrepantQty(events, "NotOnHand")} of ${qty} units`
  if (coveredQty + discrepantQty(events, "NotReserved") !== qty)
    return `fulfilled ${coveredQty} of ${qty} units, and the rest isn't said to be unreserved`
  return null
}

const wrongTaken = (command: RecordSale, events: ReadonlyArray<StockEvent>): string | null => {
  const left = departed(events, command.location ?? "")
  const missedQty = discrepantQty(events, "NotOnHand")
  const coveredQty = coveredBy(events)
  if (left.elsewhere) return "took units from another location"
  if (eventsOf(events, "SaleOwed").length + eventsOf(events, "Confirmed").length > 0) return "owes what was taken"
  if (coveredQty > command.qty) return `fulfilled ${coveredQty} of ${command.qty} units`
  return left.qty + missedQty === command.qty ? null : `took or missed ${left.qty + missedQty} of ${command.qty} units`
}

/** What is wrong with a sale that is owed. */
const wrongOwed = (command: RecordSale, events: ReadonlyArray<StockEvent>, openQty: number): string | null => {
  const allocations = eventsOf(events, "SaleOwed").flatMap((event) => event.allocations)
  const qty = sumQty(allocations) + discrepantQty(events, "Oversold")
  const newQty = Math.max(0, command.qty - openQty)
  const shorts = eventsOf(events, "SaleOwed")
  const shortQty = shorts.reduce((sum, event) => sum + (event.shortQty ?? 0), 0)
  if (departed(events, "").qty > 0) return "took what is owed"
  if (command.location !== undefined && elsewhere(allocations, [command.location])) return "owes at another location"
  if (shortQty !== discrepantQty(events, "Oversold")) return `oversold ${discrepantQty(events, "Oversold")} units and owes ${shortQty}`
  if (shorts.some((event) => event.shortAt !== undefined && event.shortAt !== command.location)) return "owes at another location"
  return qty === newQty ? null : `owes or oversold ${qty} units, where ${newQty} weren't covered by the reservation`
}

/** Whether an event's reservation is the one the command names; a sale owed may stand under a name made from it. */
const isNamed = (command: Command, event: StockEvent): boolean => {
  if (!("reservation" in event) || !("reservation" in command)) return !("reservation" in event)
  return (
    event.reservation === command.reservation || (command.type === "RecordSale" && event.reservation.startsWith(`${command.reservation}~`))
  )
}

/** The policy that a command sets: without a version, the next one. */
const policySet = ({ policy }: SetPolicy, model: SkuModel) => ({ ...policy, version: policy.version ?? (model.policy?.version ?? 0) + 1 })

const wrongUnits = (seen: SkuDecisionSeen, events: ReadonlyArray<StockEvent>, model: SkuModel): string | null => {
  const { command, atMs, actor } = seen
  const named = events.find((event) => "reservation" in event)
  const reservation =
    named !== undefined && "reservation" in named ? named.reservation : "reservation" in command ? command.reservation : undefined
  const key = reservation === undefined ? "" : claimKey(command.type === "Fulfil" ? command.channel : actor, reservation)
  const claim = model.claims.get(key)
  const openQty = sumQty(claim?.open ?? []) + debtQty(model, key)
  const misplaced = wrongPlaces(command, events, model, claim, openQty)
  if (misplaced !== null) return misplaced
  switch (command.type) {
    case "Reserve":
      return wrongReserve(command, events, atMs)
    case "Confirm":
      return wrongConfirm(events, model, claim)
    case "Release":
      return wrongRelease(command, events, openQty)
    case "Extend":
      return wrongExtend(command, events, claim?.expiresAtMs ?? 0, atMs)
    case "SetPolicy":
      return same(single(events, "PolicySet")?.policy, policySet(command, model)) ? null : "set another policy"
    case "ReceiveStock":
      return wrongReceive(command, events)
    case "AdjustStock":
      return wrongAdjust(command, events)
    case "MoveStatus":
      return wrongMove(command, events)
    case "Recount":
      return wrongRecount(command, events, model)
    case "WriteOff":
      return wrongWriteOff(command, events, model)
    case "Fulfil":
      return wrongFulfil(command, events, openQty)
    case "RecordSale":
      return command.mode === "taken" ? wrongTaken(command, events) : wrongOwed(command, events, openQty)
    // Operators' commands act on the quarantine. The command that they settle is judged as its own sender's.
    case "ReplayQuarantined":
    case "DropQuarantined":
      return null
    default:
      return unreachable(command)
  }
}

/** Why a channel's sale notice should have been quarantined and not believed, or null. */
const wrongWord = ({ command, actor, bulk }: SkuDecisionSeen, model: SkuModel): string | null => {
  if (command.type !== "RecordSale" || bulk) return null
  if (model.policy === null) return "tells of a SKU without a policy"
  if (model.policy.channels.every(({ channel }) => channel !== actor)) return "tells of a SKU whose policy doesn't name it"
  return command.qty <= saleQtyMax ? null : `tells of ${command.qty} units, where ${saleQtyMax} are its bound`
}

const wrongEffect = (seen: SkuDecisionSeen, events: ReadonlyArray<StockEvent>, model: SkuModel): string | null => {
  const { command, actor } = seen
  const channel = command.type === "Fulfil" ? command.channel : actor
  for (const event of events) {
    if (!expected[command.type].events.includes(event.type)) return `became ${event.type}`
    if ("channel" in event && event.channel !== channel) return `acts in the name of ${event.channel}`
    if (!isNamed(command, event)) return "acts on another reservation"
  }
  if (command.type === "SetPolicy" && model.policy !== null && policySet(command, model).version <= model.policy.version) {
    return `replaces policy ${model.policy.version} by ${policySet(command, model).version}`
  }
  return wrongWord(seen, model) ?? wrongUnits(seen, events, model)
}

/** A checker `effects` that reports to `findings`. */
export const createEffects = (findings: Findings) => ({
  /** Judges an accepted command's events against the model as it was before them. */
  accepted: (seen: SkuDecisionSeen, events: ReadonlyArray<StockEvent>, model: SkuModel): void => {
    findings.checked("effects")
    const wrong = wrongEffect(seen, events, model)
    if (wrong !== null) findings.violated("effects", seen.where, `${seen.command.type} ${seen.command.id} of ${seen.sender} ${wrong}`)
  },
})
