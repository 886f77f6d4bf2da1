/**
 * Cuts a journal's records into segments of an archive, and vouches for each: it is of this journal, can be read, and follows the one before it. Records that form no chain are
 * never archived, and so never purged.
 */
import type { Kind } from "../domain/kinds.ts"
import type { JournalRecord, StoredRecord } from "../engine/records.ts"
import { archiveSegmentBytesMax, archiveSegmentRecordsMax } from "../limits.ts"
import type { ArchivedJournal, SegmentDraft } from "../ports/archive.ts"
import { fitsALine } from "../wire/archive.ts"
import { type FoldedKind, foldedKindOf } from "./kinds.ts"

/** The record that the next one has to follow. */
export interface ChainEnd {
  readonly seq: number
  readonly hash: string
}

/** A record that doesn't follow the one before it, or can't be read. */
class ChainBroken extends Error {
  override readonly name = "ChainBroken"
}

const decodedOf = ({ codec }: FoldedKind, stored: StoredRecord): JournalRecord => {
  const decoded = codec.decodeRecord(stored.bytes)
  if (decoded._tag !== "Record") throw new ChainBroken(`record ${stored.seq} can't be read: ${decoded.cause}`)
  if (!fitsALine(stored.bytes)) throw new ChainBroken(`record ${stored.seq} has a line break in it`)
  return decoded.record
}

const requireLink = ({ partition, incarnation }: ArchivedJournal, end: ChainEnd, stored: StoredRecord, record: JournalRecord): void => {
  const { seq } = stored
  if (seq !== end.seq + 1) throw new ChainBroken(`record ${end.seq + 1} is missing, ${seq} came next`)
  if (record.partition !== partition) throw new ChainBroken(`record ${seq} is of partition ${record.partition}`)
  if (record.incarnation !== incarnation) throw new ChainBroken(`record ${seq} is of incarnation ${record.incarnation}, not ${incarnation}`)
  if (record.prevSeq !== end.seq || record.prevHash !== end.hash) throw new ChainBroken(`record ${seq} does not follow record ${end.seq}`)
}

/** The chain of one journal's records, given in their order. */
export class Chain {
  readonly #kind: FoldedKind
  readonly #journal: ArchivedJournal
  #end: ChainEnd

  constructor(kind: Kind, journal: ArchivedJournal, after: ChainEnd) {
    this.#kind = foldedKindOf(kind)
    this.#journal = journal
    this.#end = after
  }

  get end(): ChainEnd {
    return this.#end
  }

  /** Takes the next record. Throws {@link ChainBroken}. */
  take(stored: StoredRecord): JournalRecord {
    const record = decodedOf(this.#kind, stored)
    requireLink(this.#journal, this.#end, stored, record)
    this.#end = { seq: stored.seq, hash: this.#kind.codec.sha256(stored.bytes) }
    return record
  }
}

/** Cuts the records of one journal, given in their order, into segments. */
export class SegmentCutter {
  readonly #chain: Chain
  #records: Array<StoredRecord> = []
  #bytes = 0
  #prevHash: string
  #firstAtMs = 0
  #lastAtMs = 0

  readonly #shown: (seq: number, record: JournalRecord) => void

  /** `shown`: told of each record, decoded. */
  constructor(
    kind: Kind,
    journal: ArchivedJournal,
    after: ChainEnd,
    shown: (seq: number, record: JournalRecord) => void = () => undefined,
  ) {
    this.#chain = new Chain(kind, journal, after)
    this.#prevHash = after.hash
    this.#shown = shown
  }

  /** Takes the next record; the segment that it filled, if it did. Throws {@link ChainBroken}. */
  take(stored: StoredRecord): SegmentDraft | null {
    const record = this.#chain.take(stored)
    this.#shown(stored.seq, record)
    if (this.#records.length === 0) this.#firstAtMs = record.atMs
    this.#lastAtMs = record.atMs
    this.#records.push(stored)
    this.#bytes += stored.bytes.length
    return this.#bytes >= archiveSegmentBytesMax || this.#records.length >= archiveSegmentRecordsMax ? this.rest() : null
  }

  /** What was taken since the last segment, as one; null: nothing. */
  rest(): SegmentDraft | null {
    if (this.#records.length === 0) return null
    const draft: SegmentDraft = {
      records: this.#records,
      prevHash: this.#prevHash,
      lastHash: this.#chain.end.hash,
      firstAtMs: this.#firstAtMs,
      lastAtMs: this.#lastAtMs,
    }
    this.#records = []
    this.#bytes = 0
    this.#prevHash = this.#chain.end.hash
    return draft
  }
}
