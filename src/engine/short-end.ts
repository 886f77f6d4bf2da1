/**
 * A journal that ends, as far as was told, before a record that was confirmed: its tail is lost, or a former leader has spoken.
 *
 * A server that led the journal's stream and was cut off, or paused, answers for a while as if it still did, with the end that it knows. What was confirmed since is missing there and stands everywhere
 * else. It gives up by itself once it has heard from no majority for long enough. So a short end is asked for again, and believed only where the answer to a question that was asked a bound later still
 * lacks the same record: whoever lacked it at first has given up by then. No claim and no decision stands on an end that is short.
 */
import { assert } from "../assert.ts"
import type { EpochMs } from "../domain/names.ts"
import { formerLeaderMs } from "../limits.ts"
import type { Output, ProtocolRules } from "./protocol.ts"

/** Since when a journal is told to end too early. */
export interface ShortEnd {
  /** The record that was confirmed, and that lay beyond the end first told. */
  readonly seq: number
  readonly sinceMs: EpochMs
  /** When the end was asked for last. What counts is this and not when the answer was heard: a process that stood still hears an old one late. */
  askedAtMs: EpochMs
}

/** An end was told that lies before a confirmed record. What it comes to with the short end told before it: one that held the record missing then, or came before it by a clock that was set back, begins anew. */
export const shortEndTold = (
  before: ShortEnd | null,
  told: { readonly endSeq: number; readonly confirmedSeq: number },
  nowMs: EpochMs,
): ShortEnd => {
  const { endSeq, confirmedSeq } = told
  assert(endSeq < confirmedSeq, "INV-4 an end is short of what was confirmed")
  if (before !== null && endSeq < before.seq && nowMs >= before.sinceMs) return before
  return { seq: confirmedSeq, sinceMs: nowMs, askedAtMs: nowMs }
}

/** The end is asked for anew, if it was short. */
export const askShortEndAgain = (short: ShortEnd | null, nowMs: EpochMs): void => {
  if (short !== null) short.askedAtMs = Math.max(short.sinceMs, nowMs)
}

/** Whether a short end that was just told is the journal's: no former leader can have told it. */
export const isBelieved = ({ sinceMs, askedAtMs }: ShortEnd, { believesShortEnd }: ProtocolRules): boolean =>
  believesShortEnd(askedAtMs - sinceMs)

/** Told once, when the waiting begins: nobody serves the partition meanwhile, and without a word nobody would know why. */
export const shortEndAlarms = (
  before: ShortEnd | null,
  short: ShortEnd,
  { partition, endSeq }: { readonly partition: number; readonly endSeq: number },
): Array<Output> => {
  if (short === before) return []
  const told = `the journal is told to end at ${endSeq}, record ${short.seq} was confirmed`
  const detail = `partition ${partition}: ${told}; asked for again, and believed if that record is still missing in ${formerLeaderMs / 1_000} s`
  return [{ _tag: "Alarm", kind: "ShortEnd", detail }]
}
