/**
 * A journal as lines of JSON: its commands with the order, batches and times they were decided in, and the hash of the state they lead to.
 *
 * Whoever decides the same commands, record by record at the records' times, must reach the same hash; the decisions stand beside the commands so that
 * the first difference shows. Format 1, one JSON object a line, told apart by `line`:
 *
 * - `header`: `format`, `partitions`, `partition`, `sku` (null: all), `incarnation`, `lastSeq`. Once, first.
 * - `record`: a group commit begins: `seq`, `kind`, `epoch`, `atMs` (the journaled time: holds that end at or before it expire with it).
 * - `message`: a message of the commands stream, in the order of deciding (facts first), not of storing: `seq`, `sender`, `class`, `brokerMs`, `reply`, `array` (its body is a list).
 * - `command`: the next command of that message: `command` (null if it could not be decoded) and `decision`.
 * - `expiry`: holds of `sku` whose time was up: `reservations`, each `channel/reservation`.
 * - `settled`: a quarantined command got its final answer: `quarantined`, `sender`, `class`, `command`, `decision`.
 * - `floor`: what `sender` issued before `floorMs` in `class` is forgotten and refused from here on.
 * - `reset`, `resumed`: as the journal holds them.
 * - `end`: `records`, `commands`, `atMs` (the partition's journaled time: what is remembered depends on it, and the last records may be about other SKUs), `stateHash`. Once, last.
 *
 * An export of one SKU leaves out what is about others, and keeps floors, which are about all. A quarantined command lies in the quarantine under the id
 * that its decision names; where that id comes from (the record's sequence) is not the same elsewhere, so an operator's command finds it by the name said here.
 */

import type { Sku } from "../domain/names.ts"
import type { StoredRecord } from "../engine/records.ts"
import { protocolRules } from "../engine/rules.ts"
import { emptyPartition, makeStep, stateHash } from "../kinds/sku/partition.ts"
import type {
  SkuDecidedCommand,
  SkuEntry,
  SkuJournaledDecision,
  SkuJournalRecord,
  SkuMessageEntry,
  SkuPartition,
  SkuStep,
} from "../kinds/sku/types.ts"
import { snapshotEveryRecords } from "../limits.ts"
import { engineCodec } from "../wire/codec.ts"
import { commandJsonOf } from "../wire/commands.ts"

const exportFormat = 1

export interface ExportScope {
  readonly partition: number
  readonly partitions: number
  /** Partitions of orders, which SKUs tell of the lines of theirs; absent: there are none. */
  readonly orderPartitions?: number
  /** Only what is about this SKU; null: all of the partition. */
  readonly sku: Sku | null
}

/** The journal can't be replayed: the export is of no use beyond this record. */
class JournalUnreadable extends Error {
  override readonly name = "JournalUnreadable"
}

const decisionJson = (decision: SkuJournaledDecision): object => {
  switch (decision._tag) {
    case "Accepted":
      return { outcome: "accepted", events: decision.events }
    case "Refused":
      return { outcome: "refused", ...decision.refusal }
    case "TooLate":
      return { outcome: "expired" }
    case "Quarantined":
      return { outcome: "quarantined", quarantined: decision.quarantined, cause: decision.cause }
    case "Repeated":
      return { outcome: "repeated", first: decision.outcome }
    case "Dropped":
      return { outcome: "dropped", reason: decision.reason }
    case "Begun":
      return { outcome: "begun", events: decision.events }
    case "Pending":
      return { outcome: "pending" }
  }
}

const commandLine = ({ command, decision }: SkuDecidedCommand): object => ({
  line: "command",
  command: command === null ? null : commandJsonOf(command),
  decision: decisionJson(decision),
})

/** Exports one partition's journal, which is given record by record from its first on. */
export class JournalExport {
  readonly #scope: ExportScope
  readonly #partition: SkuPartition
  readonly #step: SkuStep
  #records = 0
  #commands = 0
  #nowMs = 0

  constructor(scope: ExportScope) {
    this.#scope = scope
    const { partition, partitions, orderPartitions } = scope
    const partitionsOf = orderPartitions === undefined ? {} : { order: orderPartitions }
    this.#partition = emptyPartition({ partition, partitions, partitionsOf, snapshotEveryRecords })
    this.#step = makeStep({ codec: engineCodec, rules: protocolRules })
    this.#step(this.#partition, { _tag: "SnapshotMissing", nowMs: 0 })
  }

  header(incarnation: string | null, lastSeq: number): string {
    const { partitions, partition, sku } = this.#scope
    return JSON.stringify({ line: "header", format: exportFormat, partitions, partition, sku, incarnation, lastSeq })
  }

  /** The lines of these records. Throws {@link JournalUnreadable} at one that the engine itself would halt at. */
  lines(stored: ReadonlyArray<StoredRecord>): ReadonlyArray<string> {
    const lines = stored.flatMap((one) => this.#recordLines(one))
    const outputs = this.#step(this.#partition, { _tag: "RecordsRead", records: stored, nowMs: this.#nowMs })
    for (const output of outputs) {
      if (output._tag === "Halted") throw new JournalUnreadable(`${output.halt.reason}: ${output.halt.detail}`)
    }
    return lines
  }

  end(): string {
    const hash = stateHash(this.#partition, engineCodec.sha256, this.#scope.sku ?? undefined)
    const { atMs } = this.#partition
    return JSON.stringify({ line: "end", records: this.#records, commands: this.#commands, atMs, stateHash: hash })
  }

  #recordLines(stored: StoredRecord): ReadonlyArray<string> {
    const decoded = engineCodec.decodeRecord(stored.bytes)
    if (decoded._tag !== "Record") throw new JournalUnreadable(`record ${stored.seq}: ${decoded.cause}`)
    const { record } = decoded
    this.#nowMs = record.atMs
    const lines = record.entries.flatMap((entry) => this.#entryLines(entry))
    if (lines.length === 0 && this.#scope.sku !== null) return []
    this.#records++
    return [JSON.stringify(recordLine(stored.seq, record)), ...lines.map((line) => JSON.stringify(line))]
  }

  #isAbout(sku: Sku | undefined | null): boolean {
    return this.#scope.sku === null || this.#scope.sku === sku
  }

  #entryLines(entry: SkuEntry): ReadonlyArray<object> {
    switch (entry._tag) {
      case "Message":
        return this.#messageLines(entry)
      case "Expiry":
        return this.#isAbout(entry.key) ? [expiryLine(entry)] : []
      case "Covered":
        return this.#isAbout(entry.key) ? [{ line: "covered", sku: entry.key, events: entry.events }] : []
      case "Settled": {
        const { quarantined, sender, class: commandClass, decided } = entry
        if (!this.#isAbout(decided.command?.sku)) return []
        return [{ ...commandLine(decided), line: "settled", quarantined, sender, class: commandClass }]
      }
      case "Floor":
        return [{ line: "floor", sender: entry.sender, class: entry.class, floorMs: entry.floorMs }]
      case "Stored":
      case "Skipped": {
        const { _tag, ...taken } = entry
        return this.#scope.sku === null ? [{ line: _tag === "Stored" ? "stored" : "skipped", ...taken }] : []
      }
      case "Moved":
        return this.#scope.sku === null ? [{ line: "moved", from: entry.from }] : []
      case "Reset":
        return this.#scope.sku === null ? [{ line: "reset", from: entry.from, cause: entry.cause, dropped: entry.dropped }] : []
      case "Resumed": {
        const { _tag: _, ...resumed } = entry
        return this.#scope.sku === null ? [{ line: "resumed", ...resumed }] : []
      }
      case "Returned":
      case "Answered": {
        const { _tag, ...said } = entry
        return this.#isAbout(entry.key) ? [{ line: _tag === "Returned" ? "returned" : "answered", ...said }] : []
      }
    }
  }

  #messageLines({ seq, sender, class: commandClass, brokerMs, reply, trace, array, decided }: SkuMessageEntry): ReadonlyArray<object> {
    const about = decided.filter(({ command }) => this.#isAbout(command?.sku))
    if (about.length === 0) return []
    this.#commands += about.length
    const traced = trace === undefined ? {} : { trace }
    return [{ line: "message", seq, sender, class: commandClass, brokerMs, reply, ...traced, array }, ...about.map(commandLine)]
  }
}

const recordLine = (seq: number, { kind, epoch, atMs }: SkuJournalRecord): object => ({ line: "record", seq, kind, epoch, atMs })

const expiryLine = ({ key: sku, events }: Extract<SkuEntry, { readonly _tag: "Expiry" }>): object => ({
  line: "expiry",
  sku,
  reservations: events.map(({ channel, reservation }) => `${channel}/${reservation}`),
})
