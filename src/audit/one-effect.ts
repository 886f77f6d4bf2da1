/**
 * Checker `one-effect` (INV-2): one decision per command id, in the scope of sender, SKU and id.
 *
 * Proves that an id which has its answer never gets another: later it is repeated with the very same outcome, or refused as reused where
 * the content differs, and neither is said of an id without cause. Proves too that nothing issued below a sender's floor had an effect,
 * and that nothing above it was refused as too old. Remembers ids as long as the floors do, in rows of some 76 bytes (firsts.ts).
 */

import type { EpochMs } from "../domain/names.ts"
import type { RefusalReason } from "../domain/refusals.ts"
import type { KindCommand, KindTypes } from "../engine/kind.ts"
import type { FloorClass, JournaledDecision, RememberedDecision } from "../engine/records.ts"
import { digestOf } from "./digest.ts"
import type { Findings, Where } from "./findings.ts"
import { type Content, createFirsts, type First, type Firsts } from "./firsts.ts"
import { type Floors, isOurs } from "./floors.ts"
import { floorClassOf, type Judged } from "./judged.ts"
import type { DecisionSeen } from "./seen.ts"

/** Answers to the form, the id or the date of a command: given again each time, and no decision of it. */
const formRefusals: ReadonlySet<RefusalReason> = new Set<RefusalReason>([
  "Malformed",
  "TooManyCommands",
  "UnsupportedVersion",
  "UnknownType",
  "InvalidField",
  "SubjectMismatch",
  "WrongPartition",
  "WrongClass",
  "IdReused",
  "TooOld",
  "IssuedAhead",
])

const isReuse = (decision: JournaledDecision): boolean => decision._tag === "Refused" && decision.refusal.reason === "IdReused"
const isTooOld = (decision: JournaledDecision): boolean => decision._tag === "Refused" && decision.refusal.reason === "TooOld"
const isForm = (decision: JournaledDecision): boolean => decision._tag === "Refused" && formRefusals.has(decision.refusal.reason)
/** Refusals for want of room, in quarantine or for another sender. They hold for the moment, not for the command, which may be sent again; the checker `quarantine` judges whether room was short. */
const isForWantOfRoom = (decision: JournaledDecision): boolean =>
  decision._tag === "Refused" &&
  decision.refusal.reason === "LimitReached" &&
  (decision.refusal.field === "quarantine" || decision.refusal.field === "senders")
const isFinal = (decision: JournaledDecision): boolean =>
  decision._tag !== "Quarantined" &&
  decision._tag !== "Repeated" &&
  decision._tag !== "Begun" &&
  decision._tag !== "Pending" &&
  !isForm(decision) &&
  !isForWantOfRoom(decision)

/** What is wrong with a refusal for a reused id, which must name what differs; `id` where several fields do. */
const wrongReuse = (decision: JournaledDecision, right: string | null): string | null => {
  if (right === null) return "is refused as reused, with the same content"
  const said = decision._tag === "Refused" ? decision.refusal.field : undefined
  return said === right
    ? null
    : `is refused as reused for its ${said}, where ${right === "id" ? "several fields differ" : `${right} differs`}`
}

/** What is wrong with a decision about an id that has its answer, or null. */
const wrongAgain = (firsts: Firsts, decision: JournaledDecision, first: First, content: Content): string | null => {
  const differing = firsts.differing(first.content, content)
  if (isReuse(decision)) return wrongReuse(decision, differing)
  if (decision._tag === "Repeated") {
    if (differing !== null) return "repeats an outcome for another content"
    const wrong = firsts.contradiction(decision.outcome, first)
    return wrong === null ? null : `is repeated otherwise: ${wrong}`
  }
  if (isForm(decision)) return null
  return differing === null ? `is decided anew (${decision._tag})` : `is decided for another content (${decision._tag})`
}

/** What is wrong with a decision about a shipment that was told before under another id, or null. */
const wrongShipment = (firsts: Firsts, decision: JournaledDecision, first: First, qty: number | undefined): string | null => {
  const isSame = firsts.differing(first.content, firsts.shipped(qty)) === null
  if (decision._tag === "Repeated") {
    if (!isSame) return "repeats the outcome of a shipment of another quantity"
    const wrong = firsts.contradiction(decision.outcome, first)
    return wrong === null ? null : `is repeated otherwise than its shipment: ${wrong}`
  }
  if (decision._tag === "Refused" && decision.refusal.reason === "IdReused")
    return isSame ? "is refused as a shipment of other content" : null
  return isForm(decision) ? null : `ships again what was shipped (${decision._tag})`
}

/** What is wrong with a decision about an id that has no answer yet, or none any more, or null. */
const wrongFirst = (decision: JournaledDecision, belowFloor: boolean, settled: boolean): string | null => {
  if (decision._tag === "Repeated") return "is repeated, but was never decided or is forgotten"
  if (decision._tag === "Pending") return "is said to be under way, but never began or is answered"
  if (isReuse(decision)) return "is refused as reused, but was never decided or is forgotten"
  if (isTooOld(decision) && !belowFloor) return "is refused as too old, but lies above the floor"
  if (belowFloor && !settled && isFinal(decision)) return `lies below the floor and is decided (${decision._tag})`
  return null
}

/** What is wrong with a decision about an id whose command has begun and is not answered. */
const wrongMeanwhile = (firsts: Firsts, decision: JournaledDecision, begun: BegunId, content: Content): string | null => {
  const differing = firsts.differing(begun.content, content)
  if (isReuse(decision)) return wrongReuse(decision, differing)
  if (isForm(decision)) return null
  if (differing !== null) return `is decided for another content (${decision._tag}) before it is answered`
  return decision._tag === "Pending" ? null : `is decided anew (${decision._tag}) before it is answered`
}

/** A fact ahead of time counts as told when the broker says it was. What a partition of ours sends counts as of when it was carried. */
const countedAtMs = (command: KindCommand, sender: string, isFact: boolean, brokerMs: EpochMs): EpochMs =>
  isFact && !isOurs(sender) ? Math.min(command.issuedAtMs, brokerMs) : command.issuedAtMs

/** A command that began something and is not answered: its id is bound to its content. */
interface BegunId {
  readonly content: Content
  readonly floorClass: FloorClass
  readonly issuedAtMs: EpochMs
}

/** An answer that was owed, as a record gives it. */
interface AnswerGiven {
  readonly where: Where
  readonly scope: string
  readonly sender: string
  readonly atMs: EpochMs
  readonly outcome: RememberedDecision
}

interface OneEffect<K extends KindTypes> {
  readonly decision: (seen: DecisionSeen<K>) => void
  /** A command that began is answered: from here on the answer is repeated. */
  readonly answered: (given: AnswerGiven) => void
  /** Whether a decision on the id of this scope is remembered. */
  readonly isDecided: (scope: string) => boolean
}

/** What waits in quarantine, and how it was decided if it was asked again meanwhile: that stands when an operator settles it, whether or not it is remembered then. By partition and scope. */
const createWaiting = () => {
  const waiting = new Map<string, First | undefined>()
  return {
    enter: (name: string): void => {
      if (!waiting.has(name)) waiting.set(name, undefined)
    },
    decided: (name: string, first: First | undefined): void => {
      if (waiting.has(name)) waiting.set(name, waiting.get(name) ?? first)
    },
    /** It is settled. */
    leave: (name: string): First | undefined => {
      const first = waiting.get(name)
      waiting.delete(name)
      return first
    },
  }
}

/** A checker `one-effect` of one kind that reports to `findings`. */
export const createOneEffect = <K extends KindTypes>(findings: Findings, floors: Floors, kind: Judged<K>): OneEffect<K> => {
  const firsts = createFirsts(floors, kind.keyField)
  /** By partition and scope. */
  const begun = new Map<string, BegunId>()
  const waiting = createWaiting()
  return {
    decision: ({ where, scope, atMs, sender, class: sentAs, command, decision, brokerMs }) => {
      findings.checked("one-effect")
      const { partition, seq } = where
      const floorClass = floorClassOf(kind, command, sentAs)
      const name = digestOf(scope)
      const content = firsts.content(command)
      const settled = brokerMs === null
      const place = `${partition} ${scope}`
      const first = firsts.recall(partition, name, atMs) ?? (settled ? waiting.leave(place) : undefined)
      const countsMs = countedAtMs(command, sender, kind.isFact(command), brokerMs ?? atMs)
      const belowFloor = countsMs < floors.at(partition, sender, floorClass, atMs)
      const second = kind.secondName(partition, command)
      const secondName = second === null ? null : digestOf(second.name)
      const told = secondName === null ? undefined : firsts.recall(partition, secondName, atMs)
      const wrongAnew = () => wrongFirst(decision, belowFloor, settled)
      const wrongNow = () => (told === undefined ? wrongAnew() : wrongShipment(firsts, decision, told, second?.qty))
      const meanwhile = begun.get(place)
      const wrongSince = () => (first === undefined ? wrongNow() : wrongAgain(firsts, decision, first, content))
      const wrong = meanwhile === undefined ? wrongSince() : wrongMeanwhile(firsts, decision, meanwhile, content)
      if (wrong !== null) {
        const since = first === undefined ? "" : `, first decided in record ${first.seq}`
        findings.violated("one-effect", where, `${command.type} ${command.id} of ${sender} ${wrong}${since}`)
      }
      if (decision._tag === "Begun") begun.set(place, { content, floorClass, issuedAtMs: countsMs })
      if (decision._tag === "Quarantined") waiting.enter(place)
      if (settled) waiting.leave(place)
      const isShipmentAgain = told !== undefined && decision._tag === "Repeated"
      if (first !== undefined || (belowFloor && !settled && !isShipmentAgain) || !(isFinal(decision) || isShipmentAgain)) return
      // A command that an operator settled is remembered from then on, because its answer was not known before.
      const issuedAtMs = settled && !isOurs(sender) ? Math.max(atMs, countsMs) : countsMs
      const deciding = { partition, sender, floorClass, seq, issuedAtMs, content, outcome: kind.meaningOf(decision) }
      firsts.remember(name, deciding, atMs)
      waiting.decided(place, firsts.recall(partition, name, atMs))
      if (secondName !== null && decision._tag === "Accepted")
        firsts.remember(secondName, { ...deciding, content: firsts.shipped(second?.qty) }, atMs)
    },
    answered: ({ where, scope, sender, atMs, outcome }) => {
      const { partition, seq } = where
      const place = `${partition} ${scope}`
      const owed = begun.get(place)
      // That nothing was owed is told by the checker of answers.
      if (owed === undefined) return
      begun.delete(place)
      // Remembered from when it was given, however long that took.
      const deciding = { partition, sender, ...owed, issuedAtMs: Math.max(owed.issuedAtMs, atMs), seq, outcome }
      firsts.remember(digestOf(scope), deciding, atMs)
      waiting.decided(place, firsts.recall(partition, digestOf(scope), atMs))
    },
    isDecided: firsts.isKnown,
  }
}
