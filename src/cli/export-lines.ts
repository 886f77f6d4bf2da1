/**
 * A journal as lines of JSON: its commands with the order, batches and times they were decided in, and the hash of the state they lead to.
 *
 * Whoever decides the same commands, record by record at the records' times, must reach the same hash; the decisions stand beside the commands so that
 * the first difference shows. Format 1, one JSON object a line, told apart by `line`:
 *
 * - `header`: `format`, `partitions`, `partition`, `sku` (null: all), `incarnation`, `lastSeq`; of a partition of orders `kind` in place of `sku`. Once, first.
 * - `record`: a group commit begins: `seq`, `kind`, `epoch`, `atMs` (the journaled time: holds that end at or before it expire with it).
 * - `message`: a message of the commands stream, in the order of deciding (facts first), not of storing: `seq`, `sender`, `class`, `brokerMs`, `reply`, `array` (its body is a list).
 * - `command`: the next command of that message: `command` (null if it could not be decoded) and `decision`.
 * - `expiry`: holds of `sku` whose time was up: `reservations`, each `channel/reservation`. Of orders: of `book`, `orders`, each `channel/order`, with the `events` that their time came to.
 * - `returned`: what came of a command that an actor had carried to one of another kind, and the `events` that it came to here. `answered`: a command that began before has its answer.
 * - `settled`: a quarantined command got its final answer: `quarantined`, `sender`, `class`, `command`, `decision`.
 * - `floor`: what `sender` issued before `floorMs` in `class` is forgotten and refused from here on.
 * - `reset`, `resumed`: as the journal holds them.
 * - `end`: `records`, `commands`, `atMs` (the partition's journaled time: what is remembered depends on it, and the last records may be about other SKUs), `stateHash`. Once, last.
 *
 * What came back to orders was decided in partitions of SKUs, and what orders asked of SKUs in those of orders: neither export can be decided again by itself, and both together only with the order in which what flew between them
 * arrived, which no journal has. So `sim --commands` refuses either where it finds that, in words; the hash at the end is what replaying the journal comes to.
 *
 * An export of one SKU leaves out what is about others, and keeps floors, which are about all. A quarantined command lies in the quarantine under the id
 * that its decision names; where that id comes from (the record's sequence) is not the same elsewhere, so an operator's command finds it by the name said here.
 */

import type { Kind } from "../domain/kinds.ts"
import type { ActorKey, Sku } from "../domain/names.ts"
import type { ActorKind, KindTypes } from "../engine/kind.ts"
import { emptyPartition, type Partition } from "../engine/partition.ts"
import type { EngineCodec } from "../engine/protocol.ts"
import type { DecidedCommand, Entry, JournaledDecision, JournalRecord, MessageEntry, StoredRecord } from "../engine/records.ts"
import { protocolRules } from "../engine/rules.ts"
import { stateHash } from "../engine/state-hash.ts"
import { makeStep, type Step } from "../engine/step.ts"
import { orderKind } from "../kinds/order/kind.ts"
import { skuKind } from "../kinds/sku/kind.ts"
import { snapshotEveryRecords } from "../limits.ts"
import { engineCodec, orderCodec } from "../wire/codec.ts"
import { commandVersion } from "../wire/command-json.ts"

const exportFormat = 1

/** A kind of actor whose journals are exported, the field that names an actor in a line, and the kind that it sends commands to. */
interface ExportedKind {
  readonly kind: ActorKind
  readonly codec: EngineCodec
  readonly keyName: "sku" | "book"
  readonly to: Kind
}

const exportedKinds: Readonly<Record<Kind, ExportedKind>> = {
  // A kind's functions are handed what its own codec read, and nothing else.
  sku: { kind: skuKind as unknown as ActorKind, codec: engineCodec as unknown as EngineCodec, keyName: "sku", to: "order" },
  // As above.
  order: { kind: orderKind as unknown as ActorKind, codec: orderCodec as unknown as EngineCodec, keyName: "book", to: "sku" },
}

export interface ExportScope {
  /** Whose partition; absent: SKUs'. */
  readonly kind?: Kind
  readonly partition: number
  readonly partitions: number
  /** Partitions of the other kind: SKUs tell orders of their lines, and orders ask SKUs; absent: there are none. */
  readonly otherPartitions?: number
  /** Only what is about this SKU; null: all of the partition. */
  readonly sku: Sku | null
}

/** The journal can't be replayed: the export is of no use beyond this record. */
class JournalUnreadable extends Error {
  override readonly name = "JournalUnreadable"
}

const decisionJson = (decision: JournaledDecision): object => {
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

const commandLine = ({ command, decision }: DecidedCommand): object => ({
  line: "command",
  command: command === null ? null : { v: commandVersion, ...command },
  decision: decisionJson(decision),
})

/** Exports one partition's journal, which is given record by record from its first on. */
export class JournalExport {
  readonly #scope: ExportScope
  readonly #of: ExportedKind
  readonly #partition: Partition
  readonly #step: Step
  #records = 0
  #commands = 0
  #nowMs = 0

  constructor(scope: ExportScope) {
    this.#scope = scope
    const { kind = "sku", partition, partitions, otherPartitions } = scope
    this.#of = exportedKinds[kind]
    const partitionsOf = otherPartitions === undefined ? {} : { [this.#of.to]: otherPartitions }
    this.#partition = emptyPartition({ partition, partitions, partitionsOf, snapshotEveryRecords })
    this.#step = makeStep({ kind: this.#of.kind, codec: this.#of.codec, rules: protocolRules })
    this.#step(this.#partition, { _tag: "SnapshotMissing", nowMs: 0 })
  }

  header(incarnation: string | null, lastSeq: number): string {
    const { kind = "sku", partitions, partition, sku } = this.#scope
    // An export of SKUs is as it was before there were other kinds.
    const of = kind === "sku" ? { partitions, partition, sku } : { kind, partitions, partition }
    return JSON.stringify({ line: "header", format: exportFormat, ...of, incarnation, lastSeq })
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
    const hash = stateHash(this.#partition, this.#of.kind, this.#of.codec.sha256, this.#scope.sku ?? undefined)
    const { atMs } = this.#partition
    return JSON.stringify({ line: "end", records: this.#records, commands: this.#commands, atMs, stateHash: hash })
  }

  #recordLines(stored: StoredRecord): ReadonlyArray<string> {
    const decoded = this.#of.codec.decodeRecord(stored.bytes)
    if (decoded._tag !== "Record") throw new JournalUnreadable(`record ${stored.seq}: ${decoded.cause}`)
    const { record } = decoded
    this.#nowMs = record.atMs
    const lines = record.entries.flatMap((entry) => this.#entryLines(entry))
    if (lines.length === 0 && this.#scope.sku !== null) return []
    this.#records++
    return [JSON.stringify(recordLine(stored.seq, record)), ...lines.map((line) => JSON.stringify(line))]
  }

  #isAbout(key: ActorKey | undefined): boolean {
    return this.#scope.sku === null || this.#scope.sku === key
  }

  #isOf(command: KindTypes["command"] | null): boolean {
    return this.#isAbout(command === null ? undefined : this.#of.kind.commands.keyOf(command))
  }

  #entryLines(entry: Entry): ReadonlyArray<object> {
    switch (entry._tag) {
      case "Message":
        return this.#messageLines(entry)
      case "Expiry":
        return this.#isAbout(entry.key) ? [this.#expiryLine(entry)] : []
      case "Covered":
        return this.#isAbout(entry.key) ? [{ line: "covered", [this.#of.keyName]: entry.key, events: entry.events }] : []
      case "Settled": {
        const { quarantined, sender, class: commandClass, decided } = entry
        if (!this.#isOf(decided.command)) return []
        return [{ ...commandLine(decided), line: "settled", quarantined, sender, class: commandClass }]
      }
      case "Floor":
        return [{ line: "floor", sender: entry.sender, class: entry.class, floorMs: entry.floorMs }]
      case "Stored":
      case "Skipped": {
        const { _tag, ...taken } = entry
        return this.#scope.sku === null ? [{ line: _tag === "Stored" ? "stored" : "skipped", ...taken }] : []
      }
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

  #expiryLine({ key, events }: Extract<Entry, { readonly _tag: "Expiry" }>): object {
    const { parts } = this.#of.kind
    const ended = events.map((event) => `${parts.eventOwnerOf(event)}/${parts.eventIdOf(event)}`)
    return this.#of.keyName === "sku"
      ? { line: "expiry", sku: key, reservations: ended }
      : { line: "expiry", book: key, orders: [...new Set(ended)], events }
  }

  #messageLines({ seq, sender, class: commandClass, brokerMs, reply, trace, array, decided }: MessageEntry): ReadonlyArray<object> {
    const about = decided.filter(({ command }) => this.#isOf(command))
    if (about.length === 0) return []
    this.#commands += about.length
    const traced = trace === undefined ? {} : { trace }
    return [{ line: "message", seq, sender, class: commandClass, brokerMs, reply, ...traced, array }, ...about.map(commandLine)]
  }
}

const recordLine = (seq: number, { kind, epoch, atMs }: JournalRecord): object => ({ line: "record", seq, kind, epoch, atMs })
