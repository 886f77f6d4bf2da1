/**
 * When a snapshot is due, and how fast it is written: by what would have to be replayed without it, not by records alone.
 *
 * What is counted is in the journal, so whoever replays it goes on counting where the owner stood. A standby that followed without loading counts from the
 * snapshot that it began with: its first one as an owner may come early, never late.
 */
import { assert } from "../assert.ts"
import {
  snapshotCommandsMax,
  snapshotEveryBytes,
  snapshotEveryCommands,
  snapshotShare,
  snapshotTickedThings,
  snapshotWalkCommands,
} from "../limits.ts"
import type { Partition, SinceSnapshot } from "./partition.ts"
import type { JournalRecord } from "./records.ts"

/** Nothing lies behind the snapshot yet. */
export const nothingSince: SinceSnapshot = Object.freeze({ records: 0, commands: 0, bytes: 0 })

/** What replaying a record takes, in commands: those it decided, and the holds it expired. */
const commandsIn = (record: JournalRecord): number => {
  let commands = 0
  for (const entry of record.entries) {
    if (entry._tag === "Message") commands += entry.decided.length
    else if (entry._tag === "Expiry") commands += entry.events.length
    else if (entry._tag === "Settled" || entry._tag === "Returned") commands++
  }
  return commands
}

/** Counts a record that lies in the journal behind the newest snapshot's start. */
export const countSinceSnapshot = (partition: Partition, record: JournalRecord, bytes: number): void => {
  assert(bytes > 0, "INV-6 no record is empty")
  const { sinceSnapshot: since } = partition
  const walk = partition.phase === "serving" ? partition.reign.walk : null
  const commands = commandsIn(record)
  partition.sinceSnapshot = { records: since.records + 1, commands: since.commands + commands, bytes: since.bytes + bytes }
  if (walk !== null) walk.owed += commands * walk.pace
}

/** A snapshot came to nothing: what lay behind the one before it still has to be replayed. */
export const countAnew = (partition: Partition, before: SinceSnapshot): void => {
  const { records, commands, bytes } = partition.sinceSnapshot
  partition.sinceSnapshot = { records: before.records + records, commands: before.commands + commands, bytes: before.bytes + bytes }
}

/**
 * Whether a snapshot is due: after many commands, many bytes or many records, whichever comes first, but not before replaying them is a share of what
 * writing (and loading) the state costs; and after `snapshotCommandsMax` commands, however large the state is.
 */
export const isSnapshotDue = ({ sinceSnapshot, snapshotEveryRecords, snapshotThings }: Partition): boolean => {
  const { records, commands, bytes } = sinceSnapshot
  if (Math.max(records, commands) >= snapshotCommandsMax) return true
  if (records < snapshotEveryRecords && commands < snapshotEveryCommands && bytes < snapshotEveryBytes) return false
  return (records + commands) * snapshotShare >= snapshotThings
}

/**
 * Things to walk for each command that is decided while a snapshot is written, so that it is done within `snapshotWalkCommands` of them. None for a small state: what
 * the ticks walk is soon all of it.
 */
export const paceOf = ({ snapshotThings, sinceSnapshot }: Partition): number => {
  // Each command may have left a decision and a reservation.
  const things = snapshotThings + 2 * sinceSnapshot.commands
  return things <= snapshotTickedThings ? 0 : Math.ceil(things / snapshotWalkCommands)
}
