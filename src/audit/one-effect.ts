/**
 * Checker `one-effect` (INV-2): one decision per command id, in the scope of sender, SKU and id.
 *
 * Proves that an id which has its answer never gets another: later it is repeated with the very same outcome, or refused as reused where
 * the content differs, and neither is said of an id without cause. Proves too that nothing issued below a sender's floor had an effect,
 * and that nothing above it was refused as too old. Remembers ids as long as the floors do, in rows of some 76 bytes (firsts.ts).
 */

import type { EpochMs } from "../domain/names.ts"
import type { RefusalReason } from "../domain/refusals.ts"
import type { Command } from "../domain/sku/commands.ts"
import type { SkuJournaledDecision, SkuRememberedDecision } from "../kinds/sku/types.ts"
import { type Digest, digestOf } from "./digest.ts"
import { isFactType } from "./effects.ts"
import type { Findings } from "./findings.ts"
import { type Content, createFirsts, type First, type Firsts } from "./firsts.ts"
import { type Floors, floorClassOf } from "./floors.ts"
import { meaningOf } from "./outcome.ts"
import { type Group, Rows } from "./rows.ts"
import type { DecisionSeen } from "./seen.ts"

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

const isReuse = (decision: SkuJournaledDecision): boolean => decision._tag === "Refused" && decision.refusal.reason === "IdReused"
const isTooOld = (decision: SkuJournaledDecision): boolean => decision._tag === "Refused" && decision.refusal.reason === "TooOld"
const isForm = (decision: SkuJournaledDecision): boolean => decision._tag === "Refused" && formRefusals.has(decision.refusal.reason)
/** Refusals for want of room, in quarantine or for another sender. They hold for the moment, not for the command, which may be sent again; the checker `quarantine` judges whether room was short. */
const isForWantOfRoom = (decision: SkuJournaledDecision): boolean =>
  decision._tag === "Refused" &&
  decision.refusal.reason === "LimitReached" &&
  (decision.refusal.field === "quarantine" || decision.refusal.field === "senders")
const isOfRoom = (outcome: SkuRememberedDecision): boolean =>
  outcome.outcome === "refused" && outcome.reason === "LimitReached" && (outcome.field === "quarantine" || outcome.field === "senders")
const isFinal = (decision: SkuJournaledDecision): boolean =>
  decision._tag !== "Quarantined" && decision._tag !== "Repeated" && !isForm(decision) && !isForWantOfRoom(decision)

/** What is wrong with a refusal for a reused id, which must name what differs; `id` where several fields do. Releases before version 3 compared when it was issued too, and named nothing. */
const wrongReuse = (decision: SkuJournaledDecision, right: string | null, version: number): string | null => {
  if (version < 3) return null
  if (right === null) return "is refused as reused, with the same content"
  const said = decision._tag === "Refused" ? decision.refusal.field : undefined
  return said === right
    ? null
    : `is refused as reused for its ${said}, where ${right === "id" ? "several fields differ" : `${right} differs`}`
}

/** What is wrong with a decision about an id that has its answer, or null. */
const wrongAgain = (firsts: Firsts, decision: SkuJournaledDecision, first: First, content: Content, version: number): string | null => {
  const differing = firsts.differing(first.content, content)
  if (isReuse(decision)) return wrongReuse(decision, differing, version)
  if (decision._tag === "Repeated") {
    if (differing !== null) return "repeats an outcome for another content"
    const wrong = firsts.contradiction(decision.outcome, first, version)
    return wrong === null ? null : `is repeated otherwise: ${wrong}`
  }
  if (isForm(decision)) return null
  return differing === null ? `is decided anew (${decision._tag})` : `is decided for another content (${decision._tag})`
}

/** Under what a shipment that has a reference is remembered beside its command's id. No scope begins with an empty line. */
const shipmentName = (partition: number, command: Command): Digest | null =>
  command.type === "Fulfil" && command.shipment !== undefined
    ? digestOf(["", partition, command.sku, command.channel, command.reservation, command.location, command.shipment].join("\n"))
    : null

/** What is wrong with a decision about a shipment that was told before under another id, or null. */
const wrongShipment = (firsts: Firsts, decision: SkuJournaledDecision, first: First, command: Command, version: number): string | null => {
  const isSame = command.type === "Fulfil" && firsts.differing(first.content, firsts.shipped(command.qty)) === null
  if (decision._tag === "Repeated") {
    if (!isSame) return "repeats the outcome of a shipment of another quantity"
    const wrong = firsts.contradiction(decision.outcome, first, version)
    return wrong === null ? null : `is repeated otherwise than its shipment: ${wrong}`
  }
  if (decision._tag === "Refused" && decision.refusal.reason === "IdReused")
    return isSame ? "is refused as a shipment of other content" : null
  return isForm(decision) ? null : `ships again what was shipped (${decision._tag})`
}

/** What is wrong with a decision about an id that has no answer yet, or none any more, or null. */
const wrongFirst = (decision: SkuJournaledDecision, belowFloor: boolean, settled: boolean, wasRoomless: () => boolean): string | null => {
  if (decision._tag === "Repeated" && isOfRoom(decision.outcome) && wasRoomless()) return null
  if (decision._tag === "Repeated") return "is repeated, but was never decided or is forgotten"
  if (isReuse(decision)) return "is refused as reused, but was never decided or is forgotten"
  if (isTooOld(decision) && !belowFloor) return "is refused as too old, but lies above the floor"
  if (belowFloor && !settled && isFinal(decision)) return `lies below the floor and is decided (${decision._tag})`
  return null
}

/** A fact ahead of time counts as told when the broker says it was. Before version 3 it was refused. */
const countedAtMs = (command: Command, version: number, brokerMs: EpochMs): EpochMs =>
  version >= 3 && isFactType(command.type) ? Math.min(command.issuedAtMs, brokerMs) : command.issuedAtMs

interface OneEffect {
  readonly decision: (seen: DecisionSeen) => void
  /** Whether a decision on the id of this scope is remembered. */
  readonly isDecided: (scope: string) => boolean
}

/** What was refused for want of room in records of version 1: releases that wrote it remembered that, and their snapshots may. Only such journals have any. */
const createRoomless = () => {
  const rows = new Rows<Group>()
  const group: Group = { bytes: 0, segments: [] }
  return {
    note: (scope: string): void => {
      rows.add(group, digestOf(scope), 0, 0)
    },
    has: (scope: string): boolean => rows.find(digestOf(scope)).length > 0,
  }
}

/** A checker `one-effect` that reports to `findings`. */
export const createOneEffect = (findings: Findings, floors: Floors): OneEffect => {
  const firsts = createFirsts(floors)
  const roomless = createRoomless()
  return {
    decision: ({ where, scope, atMs, sender, class: sentAs, version, command, decision, brokerMs }) => {
      findings.checked("one-effect")
      const { partition, seq } = where
      const floorClass = floorClassOf(command, sentAs)
      const name = digestOf(scope)
      const first = firsts.recall(partition, name, atMs)
      const content = firsts.content(command)
      const settled = brokerMs === null
      const countsMs = countedAtMs(command, version, brokerMs ?? atMs)
      const belowFloor = countsMs < floors.at(partition, sender, floorClass, atMs)
      const shipment = shipmentName(partition, command)
      const told = shipment === null ? undefined : firsts.recall(partition, shipment, atMs)
      if (version === 1 && isForWantOfRoom(decision)) roomless.note(scope)
      const wrongAnew = () => wrongFirst(decision, belowFloor, settled, () => roomless.has(scope))
      const wrongNow = () => (told === undefined ? wrongAnew() : wrongShipment(firsts, decision, told, command, version))
      const wrong = first === undefined ? wrongNow() : wrongAgain(firsts, decision, first, content, version)
      if (wrong !== null) {
        const since = first === undefined ? "" : `, first decided in record ${first.seq}`
        findings.violated("one-effect", where, `${command.type} ${command.id} of ${sender} ${wrong}${since}`)
      }
      const isShipmentAgain = told !== undefined && decision._tag === "Repeated"
      if (first !== undefined || (belowFloor && !settled && !isShipmentAgain) || !(isFinal(decision) || isShipmentAgain)) return
      // A command that an operator settled is remembered from then on, because its answer was not known before.
      const issuedAtMs = settled ? Math.max(atMs, countsMs) : countsMs
      const deciding = { partition, sender, floorClass, version, seq, issuedAtMs, content, outcome: meaningOf(decision) }
      firsts.remember(name, deciding, atMs)
      if (shipment !== null && command.type === "Fulfil" && decision._tag === "Accepted")
        firsts.remember(shipment, { ...deciding, content: firsts.shipped(command.qty) }, atMs)
    },
    isDecided: firsts.isKnown,
  }
}
