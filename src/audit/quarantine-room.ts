/**
 * How much room there is in quarantine, for checker `quarantine`: what waits, by partition and sender, counted as the decisions of the journal go by.
 *
 * A command that an operator settles leaves room at once, for the next decision of the same record. Beyond the bounds nothing more may be quarantined, and a command may be refused for want of room
 * exactly then, and only if it doesn't wait already. For facts there is more room than for what can be asked again.
 */

import { factsKeptMax, factsKeptPerSenderMax, quarantinedMax, quarantinedPerSenderMax } from "../limits.ts"
import type { Findings, Where } from "./findings.ts"

/** How much may wait, of one sender and in all: of facts, and of what can be asked again. */
export interface QuarantineBounds {
  readonly quarantinedPerSender: number
  readonly quarantined: number
  readonly factsKeptPerSender: number
  readonly factsKept: number
}

/** The room in quarantine that production has. */
export const quarantineBounds: QuarantineBounds = {
  quarantinedPerSender: quarantinedPerSenderMax,
  quarantined: quarantinedMax,
  factsKeptPerSender: factsKeptPerSenderMax,
  factsKept: factsKeptMax,
}

/** What waits in one partition: how much, how much of each sender, and where each command does. */
interface QuarantineRoom {
  total: number
  readonly bySender: Map<string, number>
  readonly scopes: Map<string, string>
}

/** A command that waits, or that is said to find no room. */
interface RoomQuery {
  readonly sender: string
  readonly scope: string
  readonly id: string
  /** Whether there is the room that facts have. */
  readonly asFact: boolean
}

const count = (room: QuarantineRoom, sender: string, change: 1 | -1): void => {
  room.total += change
  room.bySender.set(sender, (room.bySender.get(sender) ?? 0) + change)
}

/** Counts what waits in quarantine, and reports to `findings` where a bound was passed or refused without cause. */
export const createQuarantineRoom = (findings: Findings, bounds: QuarantineBounds) => {
  const isFull = (room: QuarantineRoom, { sender, asFact }: Omit<RoomQuery, "id" | "scope">): boolean =>
    room.total >= (asFact ? bounds.factsKept : bounds.quarantined) ||
    (room.bySender.get(sender) ?? 0) >= (asFact ? bounds.factsKeptPerSender : bounds.quarantinedPerSender)
  const rooms = new Map<number, QuarantineRoom>()
  const roomOf = (partition: number): QuarantineRoom => {
    let room = rooms.get(partition)
    if (room === undefined) {
      room = { total: 0, bySender: new Map(), scopes: new Map() }
      rooms.set(partition, room)
    }
    return room
  }
  return {
    /** A command took this place. */
    enter: (where: Where, place: string, asking: RoomQuery): void => {
      const { sender, scope, id } = asking
      const room = roomOf(where.partition)
      if (isFull(room, asking)) findings.violated("quarantine", where, `${id} of ${sender} is quarantined, where there is no room for it`)
      count(room, sender, 1)
      room.scopes.set(scope, place)
    },
    /** An operator's command was accepted: what waits at this place waits no longer, for whatever is decided next. */
    leave: (where: Where, place: string, { sender, scope }: Pick<RoomQuery, "sender" | "scope">): void => {
      const room = roomOf(where.partition)
      if (room.scopes.get(scope) !== place) return
      room.scopes.delete(scope)
      count(room, sender, -1)
    },
    /** A command was refused for want of room. */
    refused: (where: Where, asking: RoomQuery): void => {
      const { sender, scope, id } = asking
      findings.checked("quarantine")
      const room = roomOf(where.partition)
      const waits = room.scopes.get(scope)
      if (waits !== undefined) findings.violated("quarantine", where, `${id} of ${sender} finds no room, and waits already at ${waits}`)
      else if (!isFull(room, asking))
        findings.violated(
          "quarantine",
          where,
          `${id} of ${sender} finds no room in quarantine, where ${room.total} ${room.total === 1 ? "command waits" : "commands wait"}`,
        )
    },
  }
}
