/**
 * Decisions of carried commands that come back: heard by an owner, journaled with what the actor that carried them makes of them, and settled with that (INV-17).
 *
 * Any of them may be heard twice, late or never, and by whoever reigned before. What is not under way passes without a trace; what can't be taken is asked for again.
 */
import { assert } from "../assert.ts"
import { type EpochMs, utf8Bytes } from "../domain/names.ts"
import { recordBytesMax, recordEnvelopeBytesMax, returnedBytesMax, returnedOutcomeBytesMax, returnsBytesMax } from "../limits.ts"
import type { Actor } from "./actor.ts"
import { applyEvents } from "./apply.ts"
import { settle } from "./carrying.ts"
import { addEntry, type RecordDraft, touch } from "./draft.ts"
import type { EngineContext } from "./given.ts"
import type { KindCarrying } from "./kind.ts"
import { giveAnswers, noteAnswers } from "./owed.ts"
import type { Serving } from "./partition.ts"
import type { CarriedReturn, Output } from "./protocol.ts"
import type { CommandUnderWay, ReturnedEntry } from "./records.ts"

/** A decision that was heard, and the bytes of its outcome. */
export interface HeardReturn {
  readonly heard: CarriedReturn
  readonly bytes: number
}

/** Bytes of the entry of a return beside its outcome and what is made of it, a trace included. */
const plainReturnBytes = 1_088

/** Takes in decisions that came back, each once. They are journaled with the next record. */
export const onReturnsHeard = (partition: Serving, returns: ReadonlyArray<CarriedReturn>): Array<Output> => {
  for (const heard of returns) {
    const carried = partition.underWay.get(heard.id)
    if (carried === undefined || partition.reign.returns.has(heard.id)) continue
    if (heard.by.kind !== carried.to.kind || heard.by.partition !== carried.to.partition) continue
    const bytes = utf8Bytes(JSON.stringify(heard.outcome))
    if (bytes <= returnedOutcomeBytesMax) partition.reign.returns.set(heard.id, { heard, bytes })
  }
  return []
}

/**
 * Journals what came back, as far as the record has room; the rest is in the next one. One at its worst may take nearly all of a record, so that it waits only for what expires. What its actor can't take stays under
 * way: it is asked for again, and told to people.
 */
export const takeReturns = (partition: Serving, given: EngineContext, draft: RecordDraft): Array<Output> => {
  const { returns } = partition.reign
  const { carrying } = given.kind
  if (returns.size === 0) return []
  assert(carrying !== null, "INV-17 what comes back was carried by its kind")
  const untaken: Array<string> = []
  let bytes = 0
  let left = partition.bounds.batchCommandsMax
  for (const { heard, bytes: outcomeBytes } of returns.values()) {
    const carried = partition.underWay.get(heard.id)
    assert(carried !== undefined, "INV-17 what is heard and not journaled is under way")
    const actor = partition.actors.get(carried.from)
    assert(actor !== undefined, "INV-17 who carries a command is known")
    const made = whatIsMade(carrying, actor, carried, heard, draft.atMs)
    if (made._tag === "Threw") {
      returns.delete(heard.id)
      untaken.push(`${heard.id} of ${carried.from}: ${made.cause}`)
      continue
    }
    const worst = made.bytes + outcomeBytes + plainReturnBytes
    const fits = draft.bytes + worst <= recordBytesMax - recordEnvelopeBytesMax
    if (!fits || (bytes > 0 && bytes + worst > returnsBytesMax) || left === 0) break
    left--
    returns.delete(heard.id)
    const before = draft.bytes
    takeReturn(partition, given, draft, actor, heard, made.events)
    bytes += worst
    assert(draft.bytes <= before + worst, "INV-9 what a return makes of a record is bounded by its kind")
    // Counted at its worst: texts are measured in characters, records in bytes.
    draft.bytes = before + worst
  }
  const [first] = untaken
  if (first === undefined) return []
  const what = `${untaken.length} decisions that came back can't be taken, and their commands stay under way`
  return [{ _tag: "Alarm", kind: "Quarantined", detail: `partition ${partition.id}: ${what}; ${first}` }]
}

/** What an actor makes of a decision that came back, and its bytes in a record at the worst; or why it can't be taken. */
type Made =
  | { readonly _tag: "Made"; readonly events: ReturnedEntry["events"]; readonly bytes: number }
  | { readonly _tag: "Threw"; readonly cause: string }

const whatIsMade = (
  carrying: KindCarrying,
  { state }: Actor,
  carried: CommandUnderWay,
  { outcome }: CarriedReturn,
  nowMs: EpochMs,
): Made => {
  try {
    const bytes = carrying.returnedBytesOf(state, carried, outcome)
    assert(bytes <= returnedBytesMax, "INV-9 what a return makes of a record is bounded")
    return { _tag: "Made", events: carrying.returned(state, carried, outcome, nowMs), bytes }
  } catch (cause) {
    return { _tag: "Threw", cause: cause instanceof Error ? `${cause.name}: ${cause.message}`.slice(0, 512) : "threw what is no error" }
  }
}

const takeReturn = (
  partition: Serving,
  given: EngineContext,
  draft: RecordDraft,
  actor: Actor,
  { id, by, outcome }: CarriedReturn,
  events: ReturnedEntry["events"],
): void => {
  given.kind.feed.noteBefore(actor)
  const carried = settle(partition, id)
  assert(carried !== undefined, "INV-17 what comes back was under way, and comes back once")
  const { trace } = carried
  if (events.length > 0) {
    applyEvents(partition, given, actor, events, draft.seq, draft.atMs, false, trace ?? null)
    touch(draft, actor, events.at(-1)?.type ?? "")
    noteAnswers(given, draft, actor.key, events)
  }
  addEntry(given, draft, { _tag: "Returned", id, by, outcome, ...(trace === undefined ? {} : { trace }), key: actor.key, events })
  giveAnswers(partition, given, draft)
}
