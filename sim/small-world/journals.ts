/**
 * Every distinct journal an exploration came upon, as a tree: a journal is its parent and one record more.
 *
 * A journal is judged once, when it is first made: whether its newest record is a link of the chain, continues its reign or begins one, and what
 * it does to units, reservations and ids. The states that share it need not look again.
 */
import type { StoredRecord } from "../../src/engine/records.ts"
import type { SkuEngineCodec, SkuJournalRecord } from "../../src/kinds/sku/types.ts"
import { afterRecord, answersOf, emptyLedger, type Ledger } from "./ledger.ts"
import type { Mind, Minds } from "./minds.ts"

export interface Journal {
  readonly id: number
  /** Records in it. */
  readonly endSeq: number
  /** Null for the empty journal, and for it alone. */
  readonly parent: Journal | null
  readonly stored: StoredRecord | null
  readonly record: SkuJournalRecord | null
  /** Hash of the newest record's bytes; "" for none. */
  readonly hash: string
  readonly ledger: Ledger
  readonly answers: ReadonlyMap<string, ReadonlyArray<string>>
  /** What the newest record breaks. */
  readonly wrong: ReadonlyArray<string>
  /** Sequences by message id. */
  readonly seqOf: ReadonlyMap<string, number>
  /** All records, the oldest first. */
  readonly all: ReadonlyArray<StoredRecord>
  /** This journal and the shorter ones it grew from, by sequence. */
  readonly line: ReadonlyArray<Journal>
  readonly children: Map<string, Journal>
}

export interface Journals {
  readonly empty: Journal
  readonly append: (journal: Journal, messageId: string, bytes: Uint8Array, hash: string) => Journal
  /** What a partition knows that read the whole journal and nothing else. */
  readonly fold: (journal: Journal) => Mind
  readonly count: () => number
}

const emptyJournal: Omit<Journal, "line" | "children"> = {
  id: 0,
  endSeq: 0,
  parent: null,
  stored: null,
  record: null,
  hash: "",
  ledger: emptyLedger,
  answers: new Map(),
  wrong: [],
  seqOf: new Map(),
  all: [],
}

/** Whether a record follows its predecessor as one writer's would. */
const chainProblems = (parent: Journal, record: SkuJournalRecord): ReadonlyArray<string> => {
  const wrong: Array<string> = []
  const before = parent.record
  if (record.prevSeq !== parent.endSeq || record.prevHash !== parent.hash)
    wrong.push(`one chain: record ${parent.endSeq + 1} does not link to record ${parent.endSeq}`)
  if (before === null) return wrong
  const begins = record.kind === "claim"
  if (begins && record.epoch !== before.epoch + 1) wrong.push(`one writer: a claim of epoch ${record.epoch} after epoch ${before.epoch}`)
  if (!begins && (record.owner !== before.owner || record.epoch !== before.epoch))
    wrong.push(`one writer: ${record.owner} of epoch ${record.epoch} wrote in the reign of ${before.owner} of epoch ${before.epoch}`)
  if (record.atMs < before.atMs) wrong.push("time never falls")
  return wrong
}

export const createJournals = (codec: SkuEngineCodec, minds: Minds, nowMs: number): Journals => {
  const empty: Journal = { ...emptyJournal, line: [], children: new Map() }
  const folds = new Map<number, Mind>([[0, minds.step(minds.newborn, "SnapshotMissing", () => ({ _tag: "SnapshotMissing", nowMs })).mind]])
  let count = 1
  const append = (parent: Journal, messageId: string, bytes: Uint8Array, hash: string): Journal => {
    const key = `${messageId} ${hash}`
    const seen = parent.children.get(key)
    if (seen !== undefined) return seen
    const decoded = codec.decodeRecord(bytes)
    if (decoded._tag !== "Record") throw new Error(`the engine wrote a record that it can't read: ${decoded.cause}`)
    const { record } = decoded
    const endSeq = parent.endSeq + 1
    const stored = { seq: endSeq, messageId, bytes }
    const { ledger, wrong } = afterRecord(parent.ledger, record)
    const line: Array<Journal> = [...parent.line]
    const journal: Journal = {
      id: count++,
      endSeq,
      parent,
      stored,
      record,
      hash,
      ledger,
      answers: answersOf(record),
      wrong: [...chainProblems(parent, record), ...wrong],
      seqOf: new Map([...parent.seqOf, [messageId, endSeq]]),
      all: [...parent.all, stored],
      line,
      children: new Map(),
    }
    line.push(journal)
    parent.children.set(key, journal)
    return journal
  }
  const fold = (journal: Journal): Mind => {
    const seen = folds.get(journal.id)
    if (seen !== undefined) return seen
    const before = fold(journal.parent as Journal)
    const records = [journal.stored as StoredRecord]
    const { mind } = minds.step(before, `RecordsRead ${journal.id}`, () => ({ _tag: "RecordsRead", records, nowMs }))
    folds.set(journal.id, mind)
    return mind
  }
  return { empty, append, fold, count: () => count }
}
