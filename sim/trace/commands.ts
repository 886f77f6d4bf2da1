/**
 * Reads what `holdfast export` wrote: the commands of a partition or of one SKU, record by record, with the decisions on them.
 *
 * Strict: a file that is cut short, put together by hand, of another format or of another kind is refused with the line at fault and what to do about it.
 * Nothing is decided here; replay.ts does that.
 */
import { unreachable } from "../../src/assert.ts"
import type { CommandClass, EpochMs, SenderId, Sku } from "../../src/domain/names.ts"
import type { Command } from "../../src/domain/sku/commands.ts"
import type { FloorClass, RecordKind } from "../../src/engine/records.ts"
import { commandFrom, type Line, type LineOf, lineFrom, type TraceDecision, traceFormat } from "./lines.ts"

export interface TraceCommand {
  /** Of the file, counted from 1. */
  readonly line: number
  /** Null: could not be decoded. */
  readonly command: Command | null
  readonly decision: TraceDecision
}

export interface TraceMessage {
  readonly line: number
  /** In the commands stream. Sequences come again after the stream lost its tail. */
  readonly seq: number | null
  /** "" if no sender's permissions could have produced it. */
  readonly sender: SenderId
  readonly class: CommandClass
  readonly brokerMs: EpochMs
  readonly array: boolean
  readonly commands: ReadonlyArray<TraceCommand>
}

export interface TraceExpiry {
  readonly line: number
  readonly sku: Sku
  /** Each `channel/reservation`. */
  readonly reservations: ReadonlyArray<string>
}

export interface TraceSettled extends TraceCommand {
  readonly quarantined: string
  readonly sender: SenderId
}

interface TraceFloor {
  readonly line: number
  readonly sender: SenderId
  readonly class: FloorClass
  readonly floorMs: EpochMs
}

/** One group commit. Messages stand in the order in which they were decided. */
export interface TraceRecord {
  readonly line: number
  readonly seq: number
  readonly kind: RecordKind
  readonly atMs: EpochMs
  readonly expiries: ReadonlyArray<TraceExpiry>
  readonly messages: ReadonlyArray<TraceMessage>
  readonly settled: ReadonlyArray<TraceSettled>
  readonly floors: ReadonlyArray<TraceFloor>
}

/** An exported journal. */
export interface Trace {
  readonly partitions: number
  readonly partition: number
  /** Null: all of the partition. */
  readonly sku: Sku | null
  readonly records: ReadonlyArray<TraceRecord>
  /** Journaled time of the last record of the partition, and the line that says so. */
  readonly endMs: EpochMs
  readonly endLine: number
  readonly stateHash: string
}

/** The file is no whole trace; the message names the line and says what to do. */
export class TraceUnreadable extends Error {
  override readonly name = "TraceUnreadable"
}

type Open<T> = { -readonly [Name in keyof T]: T[Name] extends ReadonlyArray<infer Item> ? Array<Item> : T[Name] }
type OpenRecord = Open<TraceRecord> & { readonly epoch: number }

const exportAgain = "the file was cut short or put together by hand: export it again"

/** In which records each kind of entry may stand, and how entries follow one another in one: expiries, then messages, then what these let be covered, then floors. */
const entryKinds: Readonly<Partial<Record<Line["line"], { readonly of: ReadonlyArray<RecordKind>; readonly rank: number }>>> = {
  expiry: { of: ["batch", "expiry"], rank: 0 },
  stored: { of: ["batch"], rank: 1 },
  skipped: { of: ["batch"], rank: 1 },
  message: { of: ["batch"], rank: 1 },
  command: { of: ["batch"], rank: 1 },
  settled: { of: ["batch"], rank: 1 },
  covered: { of: ["batch", "expiry"], rank: 2 },
  floor: { of: ["batch"], rank: 3 },
  reset: { of: ["reset"], rank: 0 },
  resumed: { of: ["operator"], rank: 0 },
}

/** Takes line after line, and knows what may come next. */
class TraceReader {
  #number = 0
  #header: LineOf<"header"> | null = null
  #end: { readonly line: LineOf<"end">; readonly number: number } | null = null
  readonly #records: Array<OpenRecord> = []
  #message: Open<TraceMessage> | null = null
  /** Rank of the entry before this one in its record. */
  #rank = 0
  #commands = 0

  take(text: string): void {
    this.#number++
    const line = this.#parsed(text)
    if (this.#header === null) return this.#takeHeader(line)
    if (line.line === "header") throw this.#fault("a second header: these are several exports in one file; give one at a time")
    if (this.#end !== null) throw this.#fault(`something follows the end that line ${this.#end.number} is: ${exportAgain}`)
    switch (line.line) {
      case "record":
        return this.#takeRecord(line)
      case "end":
        return this.#takeEnd(line)
      case "expiry":
      case "stored":
      case "skipped":
      case "message":
      case "command":
      case "settled":
      case "covered":
      case "floor":
      case "reset":
      case "resumed":
        return this.#takeEntry(line)
      default:
        return unreachable(line)
    }
  }

  finish(): Trace {
    if (this.#header === null) throw new TraceUnreadable("line 1: the file is empty: give what `holdfast export` printed")
    if (this.#end === null)
      throw new TraceUnreadable(`line ${this.#number}: the file ends here without a line that says so: ${exportAgain}`)
    const { partitions, partition, sku } = this.#header
    const { line, number } = this.#end
    return { partitions, partition, sku, records: this.#records, endMs: line.atMs, endLine: number, stateHash: line.stateHash }
  }

  #fault(what: string): TraceUnreadable {
    return new TraceUnreadable(`line ${this.#number}: ${what}`)
  }

  #parsed(text: string): Line {
    let json: unknown
    try {
      json = JSON.parse(text)
    } catch {
      const remedy = this.#header === null ? "give what `holdfast export` printed" : exportAgain
      throw this.#fault(`it is no JSON: ${remedy}`)
    }
    if (this.#header === null) this.#checkKind(json)
    const line = lineFrom(json)
    if (typeof line === "string")
      throw this.#fault(`${line}: ${this.#header === null ? "give what `holdfast export` printed" : exportAgain}`)
    return line
  }

  /** Before anything else: another kind of file or another format would only be misread. */
  #checkKind(json: unknown): void {
    const isObject = typeof json === "object" && json !== null
    if (!isObject || Reflect.get(json, "line") !== "header")
      throw this.#fault("it is no header of an exported journal: give what `holdfast export` printed, from its first line on")
    if (Reflect.get(json, "kind") === "order")
      throw this.#fault("it is of a partition of orders: what they made of decisions of SKUs can't be decided again without those")
    const format: unknown = Reflect.get(json, "format")
    if (format !== traceFormat)
      throw this.#fault(
        `the export has format ${JSON.stringify(format)}, and format ${traceFormat} is read here: use the release that wrote it, or export again with this one`,
      )
  }

  #takeHeader(line: Line): void {
    if (line.line !== "header") throw this.#fault("the header is missing")
    if (line.partition >= line.partitions)
      throw this.#fault(`there is no partition ${line.partition} among ${line.partitions}: ${exportAgain}`)
    this.#header = line
  }

  #takeRecord({ seq, kind, epoch, atMs }: LineOf<"record">): void {
    this.#closeMessage()
    const before = this.#records.at(-1)
    const expected = (before?.seq ?? 0) + 1
    if (seq < expected) throw this.#fault(`record ${seq} follows record ${before?.seq}: ${exportAgain}`)
    // An export of one SKU leaves out records that are about others.
    if (seq > expected && this.#header?.sku === null)
      throw this.#fault(`record ${seq} comes where record ${expected} is missing: ${exportAgain}`)
    if (before !== undefined && atMs < before.atMs)
      throw this.#fault(`record ${seq} is earlier (${atMs}) than record ${before.seq} (${before.atMs}): ${exportAgain}`)
    if (before !== undefined && epoch < before.epoch)
      throw this.#fault(`record ${seq} is of epoch ${epoch} after epoch ${before.epoch}: ${exportAgain}`)
    this.#rank = 0
    this.#records.push({ line: this.#number, seq, kind, epoch, atMs, expiries: [], messages: [], settled: [], floors: [] })
  }

  #takeEntry(line: Exclude<Line, LineOf<"header" | "record" | "end">>): void {
    const record = this.#records.at(-1)
    if (record === undefined) throw this.#fault(`a line “${line.line}” before the first record: ${exportAgain}`)
    const allowed = entryKinds[line.line]
    if (allowed !== undefined && (!allowed.of.includes(record.kind) || allowed.rank < this.#rank))
      throw this.#fault(`a line “${line.line}” can't stand here, in record ${record.seq} of kind ${record.kind}: ${exportAgain}`)
    this.#rank = allowed?.rank ?? 0
    if (line.line === "command") return this.#takeCommand(line)
    this.#closeMessage()
    this.#addEntry(record, line)
  }

  #addEntry(record: OpenRecord, line: Exclude<Line, LineOf<"header" | "record" | "end" | "command">>): void {
    const number = this.#number
    switch (line.line) {
      case "expiry":
        record.expiries.push({ line: number, sku: line.sku, reservations: line.reservations })
        return
      case "message": {
        const { seq, class: commandClass, brokerMs, array } = line
        if (line.sender.startsWith("@"))
          throw this.#fault(
            "it is a command of an order, from another partition: journals of SKUs that orders asked for are not decided again here",
          )
        this.#message = { line: number, seq, sender: line.sender as SenderId, class: commandClass, brokerMs, array, commands: [] }
        record.messages.push(this.#message)
        return
      }
      case "settled": {
        const { quarantined, sender, decision } = line
        record.settled.push({ line: number, command: this.#commandOf(line.command), decision, quarantined, sender })
        return
      }
      case "floor":
        record.floors.push({ line: number, sender: line.sender, class: line.class, floorMs: line.floorMs })
        return
      // What goods cover is worked out again from what was decided: the state at the end shows whether it was the same.
      case "covered":
      // In which message of the stream something came, what was read again, and that somebody let a halted partition go on, changes no stock.
      case "stored":
      case "skipped":
      case "reset":
      case "resumed":
        return
      default:
        return unreachable(line)
    }
  }

  #takeCommand(line: LineOf<"command">): void {
    if (this.#message === null) throw this.#fault(`a command that belongs to no message: ${exportAgain}`)
    if (this.#message.commands.length > 0 && !this.#message.array)
      throw this.#fault(`a second command in the message of line ${this.#message.line}, which is no list: ${exportAgain}`)
    this.#commands++
    this.#message.commands.push({ line: this.#number, command: this.#commandOf(line.command), decision: line.decision })
  }

  #commandOf(json: unknown): Command | null {
    const command = commandFrom(json)
    if (typeof command === "string")
      throw this.#fault(`${command}: it was changed by hand, or written by a release that knows more commands`)
    return command
  }

  #closeMessage(): void {
    if (this.#message?.commands.length === 0) throw this.#fault(`the message of line ${this.#message.line} has no command: ${exportAgain}`)
    this.#message = null
  }

  #takeEnd(line: LineOf<"end">): void {
    this.#closeMessage()
    const last = this.#records.at(-1)
    const { records, commands } = line
    if (records !== this.#records.length || commands !== this.#commands)
      throw this.#fault(
        `it counts ${records} records and ${commands} commands, but ${this.#records.length} and ${this.#commands} came before it: ${exportAgain}`,
      )
    if (this.#header?.sku === null && (last?.seq ?? 0) !== this.#header.lastSeq)
      throw this.#fault(`the journal went to record ${this.#header.lastSeq}, the last one here is ${last?.seq ?? 0}: ${exportAgain}`)
    if (line.atMs < (last?.atMs ?? 0)) throw this.#fault(`it is earlier (${line.atMs}) than record ${last?.seq}: ${exportAgain}`)
    this.#end = { line, number: this.#number }
  }
}

const linesOf = function* (text: string): Iterable<string> {
  for (let start = 0; start < text.length; ) {
    const found = text.indexOf("\n", start)
    const end = found < 0 ? text.length : found
    yield text.slice(start, end)
    start = end + 1
  }
}

/** Reads an exported journal: its text, or its lines one after another where it is too long for one text. Throws {@link TraceUnreadable}. */
export const readTrace = (source: string | Iterable<string>): Trace => {
  const reader = new TraceReader()
  for (const line of typeof source === "string" ? linesOf(source) : source) reader.take(line)
  return reader.finish()
}
