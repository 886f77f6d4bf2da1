/**
 * Checker `chain` (INV-4): the records of a partition are one chain.
 *
 * Proves that every record follows the one before it (sequence, expected sequence, hash of its bytes), that the journal begins with its
 * only genesis record, and that none comes from another partition or another incarnation: no two writers ever appended
 * side by side, and nothing was lost or slipped in between. Says nothing of the records' contents.
 */
import type { JournalRecord, StoredRecord } from "../engine/records.ts"
import type { Findings } from "./findings.ts"

interface ChainTip {
  seq: number
  hash: string
  incarnation: string | null
}

interface Chain {
  /** The next record of a partition; `record` is null where its bytes can't be read, because of `cause`. */
  readonly record: (partition: number, stored: StoredRecord, record: JournalRecord | null, cause: string) => void
  /** The last sequence seen of a partition's journal, 0 if there is none. */
  readonly endSeq: (partition: number) => number
}

/** What is wrong with a record's links to `end`, each in words. */
const brokenLinks = (end: ChainTip, partition: number, seq: number, record: JournalRecord): Array<string> => {
  const broken: Array<string> = []
  const first = end.seq === 0
  if (record.partition !== partition) broken.push(`is of partition ${record.partition}`)
  if (record.prevSeq !== end.seq) broken.push(`follows ${record.prevSeq}, the record before it is ${end.seq}`)
  if (record.prevHash !== end.hash) broken.push(`has previous hash "${record.prevHash}", the bytes before it have "${end.hash}"`)
  if (first !== (record.kind === "genesis"))
    broken.push(first ? `begins the journal with a ${record.kind} record` : "is a second genesis record")
  if (end.incarnation !== null && record.incarnation !== end.incarnation) {
    broken.push(`is of incarnation ${record.incarnation}, the journal is ${end.incarnation}`)
  }
  if (record.publishedSeq >= seq) broken.push(`says that ${record.publishedSeq} was published, before it was written`)
  return broken
}

/** A checker `chain` that reports to `findings`. */
export const createChain = (findings: Findings, sha256: (bytes: Uint8Array) => string): Chain => {
  const ends = new Map<number, ChainTip>()
  return {
    record: (partition, stored, record, cause) => {
      const end = ends.get(partition) ?? { seq: 0, hash: "", incarnation: null }
      const where = { partition, seq: stored.seq }
      findings.checked("chain")
      if (stored.seq !== end.seq + 1) findings.violated("chain", where, `sequence ${stored.seq} comes after ${end.seq}`)
      if (record === null) findings.violated("chain", where, `record can't be read: ${cause}`)
      else for (const broken of brokenLinks(end, partition, stored.seq, record)) findings.violated("chain", where, `record ${broken}`)
      ends.set(partition, {
        seq: stored.seq,
        hash: sha256(stored.bytes),
        incarnation: end.incarnation ?? record?.incarnation ?? null,
      })
    },
    endSeq: (partition) => ends.get(partition)?.seq ?? 0,
  }
}
