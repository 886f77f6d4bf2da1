/**
 * Checker `one-effect` (INV-2, oracle A2): one decision per command id, in the scope of sender, SKU and id.
 *
 * Proves that an id which has its answer never gets another: later it is repeated with the very same outcome, or refused as reused where
 * the content differs, and neither is said of an id without cause. Proves too that nothing issued below a sender's floor had an effect,
 * and that nothing above it was refused as too old. Remembers ids as long as the floors do, so its memory is theirs.
 */
import type { EpochMs } from "../domain/names.ts"
import type { RefusalReason } from "../domain/refusals.ts"
import type { EntryDecision, FloorClass, Outcome } from "../engine/records.ts"
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
/** There was no room, in quarantine or for another sender: said of the moment, not of the command, which may be sent again. Whether it was so `quarantine` judges. */
const isForWantOfRoom = (decision: EntryDecision): boolean =>
  decision._tag === "Refused" &&
  decision.refusal.reason === "LimitReached" &&
  (decision.refusal.field === "quarantine" || decision.refusal.field === "senders")
const isOfRoom = (outcome: Outcome): boolean =>
  outcome.outcome === "refused" && outcome.reason === "LimitReached" && (outcome.field === "quarantine" || outcome.field === "senders")
const isFinal = (decision: EntryDecision): boolean =>
  decision._tag !== "Quarantined" && decision._tag !== "Repeated" && !isForm(decision) && !isForWantOfRoom(decision)

/** What is wrong with a decision about an id that has its answer, or null. */
const wrongAgain = (decision: EntryDecision, first: First, content: string): string | null => {
  const alike = first.content === content
  if (isReuse(decision)) return alike ? "is refused as reused, with the same content" : null
  if (decision._tag === "Repeated") {
    if (!alike) return "repeats an outcome for another content"
    const wrong = contradiction(decision.outcome, first.outcome)
    return wrong === null ? null : `is repeated otherwise: ${wrong}`
  }
  if (isForm(decision)) return null
  return alike ? `is decided anew (${decision._tag})` : `is decided for another content (${decision._tag})`
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

interface OneEffect {
  readonly decision: (seen: DecisionSeen) => void
  /** Whether a decision on the id of this scope is remembered. */
  readonly isDecided: (scope: string) => boolean
}

export const createOneEffect = (findings: Findings, floors: Floors, sha256: (text: string) => string): OneEffect => {
  const firsts = new Map<string, First>()
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
      const content = sha256(JSON.stringify(command))
      const belowFloor = command.issuedAtMs < floorMs
      if (version === 1 && isForWantOfRoom(decision)) roomless.add(scope)
      const settled = brokerMs === null
      const wrong =
        first === undefined ? wrongFirst(decision, belowFloor, settled, roomless.has(scope)) : wrongAgain(decision, first, content)
      if (wrong !== null) {
        const since = first === undefined ? "" : `, first decided in record ${first.seq}`
        findings.violated("one-effect", where, `${command.type} ${command.id} of ${sender} ${wrong}${since}`)
      }
      if (first !== undefined || (belowFloor && !settled) || !isFinal(decision)) return
      // What an operator settled late is remembered from then on: its answer was not known before.
      const issuedAtMs = settled ? Math.max(atMs, command.issuedAtMs) : command.issuedAtMs
      remember(partition, sender, scope, { seq, content, outcome: meaningOf(decision), issuedAtMs, floorClass }, floorMs)
    },
    isDecided: (scope) => firsts.has(scope),
  }
}
