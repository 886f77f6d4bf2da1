/**
 * A record in the making: its entries and their texts in the order in which they were decided, and what is said besides.
 */
import { assert } from "../assert.ts"
import type { EpochMs } from "../domain/names.ts"
import type { Actor } from "./actor.ts"
import type { EngineContext } from "./given.ts"
import type { KindTypes, OwedAnswer } from "./kind.ts"
import type { ArrivedMessage, Serving } from "./partition.ts"
import type { Entry, RememberedDecision } from "./records.ts"
import type { BusyWhy } from "./words.ts"

/** What the next record holds so far. */
export interface RecordDraft {
  readonly seq: number
  readonly atMs: EpochMs
  readonly entries: Array<Entry>
  readonly texts: Array<string>
  readonly touched: Map<Actor, string>
  bytes: number
  commands: number
  /** Decided commands, and answers, in its entries so far: where the next message's begin. */
  places: number
  /** What its decided commands come to, by their place: worked out once, remembered and said. */
  readonly outcomes: Array<RememberedDecision | null>
  /** Answers that events of the entry in the making give. */
  answers: Array<{ readonly key: KindTypes["key"]; readonly answer: OwedAnswer }>
  /** Messages of which nothing was decided: their senders may come back. */
  readonly undecided: Array<{ readonly arrived: ArrivedMessage; readonly why: BusyWhy }>
}

/** A record at `atMs` that holds nothing yet. */
export const beginDraft = (partition: Serving, atMs: EpochMs): RecordDraft => ({
  seq: partition.confirmedSeq + 1,
  atMs,
  entries: [],
  texts: [],
  touched: new Map(),
  bytes: 0,
  commands: 0,
  places: 0,
  outcomes: [],
  answers: [],
  undecided: [],
})

/** A record of entries that decide nothing and change no actor: what is said of a reign, or of its position. */
export const draftOf = (
  { codec }: EngineContext,
  ...entries: ReadonlyArray<Entry>
): Pick<RecordDraft, "entries" | "texts" | "touched" | "outcomes"> => ({
  entries: [...entries],
  texts: entries.map((entry) => codec.encodeEntry(entry)),
  touched: new Map(),
  outcomes: [],
})

/** Adds an entry behind the others; `commandTexts`: the canonical texts of its commands, where the caller has them. */
export const addEntry = (given: EngineContext, draft: RecordDraft, entry: Entry, commandTexts?: ReadonlyArray<string | null>): void => {
  const text = given.codec.encodeEntry(entry, commandTexts)
  assert(text.length > 0, "INV-6 each entry of a record has its text")
  draft.entries.push(entry)
  draft.texts.push(text)
  draft.bytes += text.length
}

/** Notes that the record changes an actor, and why, for the feed. */
export const touch = (draft: RecordDraft, actor: Actor, cause: string): void => {
  draft.touched.set(actor, cause)
}
