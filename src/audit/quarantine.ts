/**
 * Checker `quarantine` (INV-7): what nobody could decide waits visibly, and gets one final answer.
 *
 * Proves that each place in quarantine holds one command, that a retry is told the place of the first, that only what waits is settled, as the
 * very command it was, and that an operator's command settles exactly one, in the same record. Counts what waits, by sender and in all: beyond the bounds nothing more
 * is quarantined, and a command is refused for want of room exactly then.
 */
import type { KindTypes } from "../engine/kind.ts"
import type { JournaledDecision, MessageEntry, SettledEntry } from "../engine/records.ts"
import type { Findings, Where } from "./findings.ts"
import type { Judged } from "./judged.ts"
import { textOf } from "./plain.ts"
import { createQuarantineRoom, type QuarantineBounds, quarantineBounds } from "./quarantine-room.ts"
import { type RecordSeen, scopeOf } from "./seen.ts"

interface QuarantinedPlace {
  readonly sender: string
  readonly scope: string
  readonly content: string
}

interface Quarantine<K extends KindTypes> {
  readonly record: (seen: RecordSeen<K>) => void
  /** Commands that still wait, over all partitions. */
  readonly waiting: () => number
}

const isForWantOfRoom = (decision: JournaledDecision): boolean =>
  decision._tag === "Refused" && decision.refusal.reason === "LimitReached" && decision.refusal.field === "quarantine"

/** Where the first of each command waits, by partition and scope: whoever asks again is told that place, and no other. */
const createFirsts = (findings: Findings) => {
  const places = new Map<string, string>()
  const name = (where: Where, scope: string): string => `${where.partition} ${scope}`
  return {
    enter: (where: Where, scope: string, place: string, id: string): void => {
      const first = places.get(name(where, scope))
      if (first !== undefined) findings.violated("quarantine", where, `${id} is said to wait at ${place}, and waits at ${first} already`)
      places.set(name(where, scope), place)
    },
    leave: (where: Where, scope: string): void => {
      places.delete(name(where, scope))
    },
  }
}

/** A checker `quarantine` of one kind that reports to `findings`. */
export const createQuarantine = <K extends KindTypes>(
  findings: Findings,
  kind: Judged<K>,
  bounds: QuarantineBounds = quarantineBounds,
): Quarantine<K> => {
  const firsts = createFirsts(findings)
  /** By partition and place. */
  const places = new Map<string, QuarantinedPlace>()
  const placeOf = (where: Where, quarantined: string): string => `${where.partition} ${quarantined}`
  const room = createQuarantineRoom(findings, bounds)

  /** Notes what a message put into quarantine, and returns what its operator commands say they settled. */
  const message = (where: Where, entry: MessageEntry<K>): Array<string> => {
    const settling: Array<string> = []
    for (const { command, decision } of entry.decided) {
      if (command === null) continue
      const settles = decision._tag === "Accepted" ? kind.settles(command) : null
      if (settles !== null) {
        settling.push(settles)
        const waiting = places.get(placeOf(where, settles))
        if (waiting !== undefined) {
          room.leave(where, settles, waiting)
          firsts.leave(where, waiting.scope)
        }
      }
      const at = { ...where, ...kind.placeOf(command) }
      const scope = scopeOf(entry.sender, kind.keyOf(command), command.id)
      const asking = { sender: entry.sender, scope, id: command.id, asFact: kind.isFact(command) }
      if (isForWantOfRoom(decision)) room.refused(at, asking)
      if (decision._tag !== "Quarantined") continue
      findings.checked("quarantine")
      const held = places.get(placeOf(where, decision.quarantined))
      // A place is named by its record, because a stream that lost its tail uses sequences again.
      const isNew = decision.quarantined.startsWith(`${where.seq}-`)
      if (held === undefined && !isNew)
        findings.violated("quarantine", at, `${command.id} is said to wait at ${decision.quarantined}, where nothing waits`)
      if (held !== undefined && held.scope !== scope)
        findings.violated("quarantine", at, `${command.id} waits at ${decision.quarantined}, where another command waits`)
      if (held !== undefined) continue
      firsts.enter(at, scope, decision.quarantined, command.id)
      room.enter(at, decision.quarantined, asking)
      places.set(placeOf(where, decision.quarantined), { sender: entry.sender, scope, content: textOf(command) })
    }
    return settling
  }

  const settled = (where: Where, entry: SettledEntry<K>, settling: Array<string>): void => {
    findings.checked("quarantine")
    const { quarantined, sender, decided } = entry
    const held = places.get(placeOf(where, quarantined))
    const { command } = decided
    if (held === undefined) findings.violated("quarantine", where, `${quarantined} is settled, but nothing waits there`)
    else if (command === null || held.scope !== scopeOf(sender, kind.keyOf(command), command.id) || held.content !== textOf(command)) {
      findings.violated("quarantine", where, `${quarantined} is settled as another command than the one that waits there`)
    }
    if (decided.decision._tag === "Quarantined") findings.violated("quarantine", where, `${quarantined} is settled without a final answer`)
    places.delete(placeOf(where, quarantined))
    const asked = settling.indexOf(quarantined)
    if (asked < 0) findings.violated("quarantine", where, `${quarantined} is settled, and no operator's command in the record asked for it`)
    else settling.splice(asked, 1)
  }

  return {
    record: ({ partition, seq, record }) => {
      const where = { partition, seq }
      const settling: Array<string> = []
      for (const entry of record.entries) if (entry._tag === "Message") settling.push(...message(where, entry))
      for (const entry of record.entries) if (entry._tag === "Settled") settled(where, entry, settling)
      for (const left of settling)
        findings.violated("quarantine", where, `an operator's command on ${left} was accepted and settled nothing`)
    },
    waiting: () => places.size,
  }
}
