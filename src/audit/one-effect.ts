/**
 * Checker `one-effect` (INV-2): one decision per command id, in the scope of sender, SKU and id.
 *
 * Proves that an id which has its answer never gets another: later it is repeated with the very same outcome, or refused as reused where
 * the content differs, and neither is said of an id without cause. Proves too that nothing issued below a sender's floor had an effect,
 * and that nothing above it was refused as too old. Remembers ids as long as the floors do, so its memory is theirs.
 */

import type { EpochMs } from "../domain/names.ts"
import type { RefusalReason } from "../domain/refusals.ts"
import type { Command } from "../domain/sku/commands.ts"
import type { FloorClass } from "../engine/records.ts"
import type { EntryDecision, Outcome } from "../kinds/sku/types.ts"
import { factTypes } from "./facts.ts"
import type { Findings } from "./findings.ts"
import { type Floors, floorClassOf, stepStartMs } from "./floors.ts"
import { contradiction, meaningOf } from "./outcome.ts"
import type { DecisionSeen } from "./seen.ts"

interface First {
  readonly seq: number
  readonly content: string
  readonly outcome: Outcome
  readonly issuedAtMs: EpochMs
  readonly floorClass: FloorClass
}

/** Answers to the form, the id or the date of a command: given again each time, and no decision of it. */
const formRefusals: ReadonlySet<RefusalReason> = new Set<RefusalReason>([
  "Malformed",
  "TooManyCommands",
  "UnsupportedVersion",
  "UnknownType",
  "InvalidField",
  "NotCanonical",
  "SubjectMismatch",
  "WrongPartition",
  "WrongClass",
  "IdReused",
  "TooOld",
  "IssuedAhead",
])

const isReuse = (decision: EntryDecision): boolean => decision._tag === "Refused" && decision.refusal.reason === "IdReused"
const isTooOld = (decision: EntryDecision): boolean => decision._tag === "Refused" && decision.refusal.reason === "TooOld"
const isForm = (decision: EntryDecision): boolean => decision._tag === "Refused" && formRefusals.has(decision.refusal.reason)
/** Refusals for want of room, in quarantine or for another sender. They hold for the moment, not for the command, which may be sent again; the checker `quarantine` judges whether room was short. */
const isForWantOfRoom = (decision: EntryDecision): boolean =>
  decision._tag === "Refused" &&
  decision.refusal.reason === "LimitReached" &&
  (decision.refusal.field === "quarantine" || decision.refusal.field === "senders")
const isOfRoom = (outcome: Outcome): boolean =>
  outcome.outcome === "refused" && outcome.reason === "LimitReached" && (outcome.field === "quarantine" || outcome.field === "senders")
const isFinal = (decision: EntryDecision): boolean =>
  decision._tag !== "Quarantined" && decision._tag !== "Repeated" && !isForm(decision) && !isForWantOfRoom(decision)

/** Fields that two contents differ in. */
const differingFields = (one: string, other: string): ReadonlyArray<string> => {
  const [a, b]: ReadonlyArray<object> = [JSON.parse(one), JSON.parse(other)]
  if (a === undefined || b === undefined) return []
  const names = [...new Set([...Object.keys(a), ...Object.keys(b)])]
  return names.filter((name) => JSON.stringify(Reflect.get(a, name)) !== JSON.stringify(Reflect.get(b, name)))
}

/** What is wrong with a refusal for a reused id, which must name what differs; `id` where several fields do. Releases before version 3 compared when it was issued too, and named nothing. */
const wrongReuse = (decision: EntryDecision, first: First, content: string, version: number): string | null => {
  if (version < 3) return null
  const fields = differingFields(first.content, content)
  const [only] = fields
  if (only === undefined) return "is refused as reused, with the same content"
  const right = fields.includes("type") ? "type" : fields.length === 1 ? only : "id"
  const said = decision._tag === "Refused" ? decision.refusal.field : undefined
  return said === right ? null : `is refused as reused for its ${said}, where ${fields.join(", ")} differs`
}

/** A command without what finds it and without what is each sending's own. In which order its fields stand is no content: it depends on how the record was read. */
const contentOf = ({ id: _, sku: __, issuedAtMs: ___, deadlineMs: ____, ...content }: Command): string =>
  JSON.stringify(Object.fromEntries(Object.entries(content).sort(([a], [b]) => (a < b ? -1 : 1))))

/** What is wrong with a decision about an id that has its answer, or null. */
const wrongAgain = (decision: EntryDecision, first: First, content: string, version: number): string | null => {
  const alike = first.content === content
  if (isReuse(decision)) return wrongReuse(decision, first, content, version)
  if (decision._tag === "Repeated") {
    if (!alike) return "repeats an outcome for another content"
    const wrong = contradiction(decision.outcome, first.outcome, version)
    return wrong === null ? null : `is repeated otherwise: ${wrong}`
  }
  if (isForm(decision)) return null
  return alike ? `is decided anew (${decision._tag})` : `is decided for another content (${decision._tag})`
}

/** A shipment that has a reference, as it was first told. */
interface Shipment extends First {
  readonly sender: string
  readonly qty: number | undefined
}

const shipmentKey = (partition: number, command: Command): string | null =>
  command.type === "Fulfil" && command.shipment !== undefined
    ? [partition, command.sku, command.channel, command.reservation, command.location, command.shipment].join("\n")
    : null

/** What is wrong with a decision about a shipment that was told before under another id, or null. */
const wrongShipment = (decision: EntryDecision, first: Shipment, command: Command, version: number): string | null => {
  const isSame = command.type === "Fulfil" && command.qty === first.qty
  if (decision._tag === "Repeated") {
    if (!isSame) return "repeats the outcome of a shipment of another quantity"
    const wrong = contradiction(decision.outcome, first.outcome, version)
    return wrong === null ? null : `is repeated otherwise than its shipment: ${wrong}`
  }
  if (decision._tag === "Refused" && decision.refusal.reason === "IdReused")
    return isSame ? "is refused as a shipment of other content" : null
  return isForm(decision) ? null : `ships again what was shipped (${decision._tag})`
}

/** What is wrong with a decision about an id that has no answer yet, or none any more, or null. */
const wrongFirst = (decision: EntryDecision, belowFloor: boolean, settled: boolean, wasRoomless: boolean): string | null => {
  if (decision._tag === "Repeated" && wasRoomless && isOfRoom(decision.outcome)) return null
  if (decision._tag === "Repeated") return "is repeated, but was never decided or is forgotten"
  if (isReuse(decision)) return "is refused as reused, but was never decided or is forgotten"
  if (isTooOld(decision) && !belowFloor) return "is refused as too old, but lies above the floor"
  if (belowFloor && !settled && isFinal(decision)) return `lies below the floor and is decided (${decision._tag})`
  return null
}

/** Shipments that were told with a reference, for as long as their commands are remembered. */
const createShipments = (floors: Floors) => {
  const shipments = new Map<string, Shipment>()
  /** How many there were when those that are forgotten were last dropped. */
  let kept = 1_024
  const isAlive = (partition: number, { sender, floorClass, issuedAtMs }: Shipment, atMs: EpochMs): boolean =>
    issuedAtMs >= floors.at(partition, sender, floorClass, atMs)
  return {
    told: (partition: number, key: string, atMs: EpochMs): Shipment | undefined => {
      const found = shipments.get(key)
      return found !== undefined && isAlive(partition, found, atMs) ? found : undefined
    },
    note: (partition: number, key: string, shipment: Shipment, atMs: EpochMs): void => {
      shipments.set(key, shipment)
      if (shipments.size < 2 * kept) return
      for (const [other, known] of shipments) if (!isAlive(partition, known, atMs)) shipments.delete(other)
      kept = Math.max(1_024, shipments.size)
    },
  }
}

/** A fact ahead of time counts as told when the broker says it was. Before version 3 it was refused. */
const countedAtMs = (command: Command, version: number, brokerMs: EpochMs): EpochMs =>
  version >= 3 && factTypes.has(command.type) ? Math.min(command.issuedAtMs, brokerMs) : command.issuedAtMs

interface OneEffect {
  readonly decision: (seen: DecisionSeen) => void
  /** Whether a decision on the id of this scope is remembered. */
  readonly isDecided: (scope: string) => boolean
}

export const createOneEffect = (findings: Findings, floors: Floors): OneEffect => {
  const firsts = new Map<string, First>()
  const shipments = createShipments(floors)
  /** What was refused for want of room in records of version 1: releases that wrote it remembered that, and their snapshots may. */
  const roomless = new Set<string>()
  /** Scopes by the floor they fall under and the step their command was issued in. */
  const steps = new Map<string, Map<EpochMs, Array<string>>>()

  const forgetBelow = (bySteps: Map<EpochMs, Array<string>>, floorMs: EpochMs): void => {
    for (const [stepMs, scopes] of bySteps) {
      if (stepMs >= floorMs) continue
      for (const scope of scopes) if ((firsts.get(scope)?.issuedAtMs ?? floorMs) < floorMs) firsts.delete(scope)
      bySteps.delete(stepMs)
    }
  }

  const remember = (partition: number, sender: string, scope: string, first: First, floorMs: EpochMs): void => {
    firsts.set(scope, first)
    const place = `${partition} ${sender} ${first.floorClass}`
    let bySteps = steps.get(place)
    if (bySteps === undefined) {
      bySteps = new Map()
      steps.set(place, bySteps)
    }
    const stepMs = stepStartMs(first.issuedAtMs)
    const scopes = bySteps.get(stepMs)
    if (scopes !== undefined) {
      scopes.push(scope)
      return
    }
    forgetBelow(bySteps, floorMs)
    bySteps.set(stepMs, [scope])
  }

  return {
    decision: ({ where, scope, atMs, sender, class: sentAs, version, command, decision, brokerMs }) => {
      findings.checked("one-effect")
      const { partition, seq } = where
      const floorClass = floorClassOf(command, sentAs)
      const floorMs = floors.at(partition, sender, floorClass, atMs)
      const found = firsts.get(scope)
      const first = found !== undefined && found.issuedAtMs >= floors.at(partition, sender, found.floorClass, atMs) ? found : undefined
      // Every command comes out of the one decoder, its fields in one order. Were it not so, a repeat would be found wrong that isn't, and none missed.
      const content = contentOf(command)
      const settled = brokerMs === null
      const countsMs = countedAtMs(command, version, brokerMs ?? atMs)
      const belowFloor = countsMs < floorMs
      const shipment = shipmentKey(partition, command)
      const toldAlive = shipment === null ? undefined : shipments.told(partition, shipment, atMs)
      if (version === 1 && isForWantOfRoom(decision)) roomless.add(scope)
      const wrongAnew = () => wrongFirst(decision, belowFloor, settled, roomless.has(scope))
      const wrongNow = () => (toldAlive === undefined ? wrongAnew() : wrongShipment(decision, toldAlive, command, version))
      const wrong = first === undefined ? wrongNow() : wrongAgain(decision, first, content, version)
      if (wrong !== null) {
        const since = first === undefined ? "" : `, first decided in record ${first.seq}`
        findings.violated("one-effect", where, `${command.type} ${command.id} of ${sender} ${wrong}${since}`)
      }
      const isShipmentAgain = toldAlive !== undefined && decision._tag === "Repeated"
      if (first !== undefined || (belowFloor && !settled && !isShipmentAgain) || !(isFinal(decision) || isShipmentAgain)) return
      // A command that an operator settled is remembered from then on, because its answer was not known before.
      const issuedAtMs = settled ? Math.max(atMs, countsMs) : countsMs
      const now: First = { seq, content, outcome: meaningOf(decision), issuedAtMs, floorClass }
      remember(partition, sender, scope, now, floorMs)
      if (shipment !== null && command.type === "Fulfil" && decision._tag === "Accepted")
        shipments.note(partition, shipment, { ...now, sender, qty: command.qty }, atMs)
    },
    isDecided: (scope) => firsts.has(scope),
  }
}
