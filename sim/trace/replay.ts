/**
 * Decides the commands of a trace again, with the shipped engine, record by record at the records' times, and compares every decision with the trace's and
 * the state at the end with its hash. The same commands in the same batches at the same times must come to the same.
 *
 * What a trace only reports is repeated as it says: bodies that could not be decoded are refused again, commands that could not be decided lie in quarantine again, floors are
 * raised again. Claims, resets and resumed halts change no stock and are passed over.
 */
import { assert } from "../../src/assert.ts"
import type { Command } from "../../src/domain/sku/commands.ts"
import { raiseFloor } from "../../src/engine/apply.ts"
import type { CommandMessage, ProtocolRules } from "../../src/engine/protocol.ts"
import { protocolRules } from "../../src/engine/rules.ts"
import { emptyPartition, makeStep, stateHash } from "../../src/kinds/sku/partition.ts"
import type {
  SkuAppendInFlight,
  SkuDecidedCommand,
  SkuEntry,
  SkuInput,
  SkuJournaledDecision,
  SkuPartition,
  SkuStep,
} from "../../src/kinds/sku/types.ts"
import { engineCodec } from "../../src/wire/codec.ts"
import { type Batch, Batches } from "./batches.ts"
import type { Trace, TraceCommand, TraceMessage, TraceRecord } from "./commands.ts"
import type { TraceDecision } from "./lines.ts"
import { Quarantine } from "./quarantine.ts"

/** Something came out otherwise than the trace says. */
export interface TraceDifference {
  /** Of the file, counted from 1. */
  readonly line: number
  readonly record: number
  /** What was decided, by name. */
  readonly what: string
  /** As JSON. */
  readonly expected: string
  readonly found: string
}

export interface TraceReport {
  readonly records: number
  readonly commands: number
  /** Commands whose bodies could not be decoded and are in no trace: they were refused then and now. */
  readonly undecoded: number
  /** Commands that could not be decided then, and lie in quarantine because the trace says so. */
  readonly undecidable: number
  /** How many decisions came out otherwise, and the first of them. */
  readonly differences: number
  readonly first: TraceDifference | null
  readonly expectedHash: string
  readonly foundHash: string
  /** Every decision and the hash are those of the trace. */
  readonly isSame: boolean
}

/**
 * The shipped rules, but for three things. The time is the trace's, which says at what time each record was decided, however its owner had come to believe that it was so late. And what was
 * beyond the bounds of a channel's own word lies in quarantine where the trace says so.
 */
const rules: ProtocolRules = {
  ...protocolRules,
  recordTime: (previousMs, clockMs) => Math.max(previousMs, clockMs),
  // Of one SKU's trace, what its holds ended beside isn't there.
  holdsGatherMs: 1,
  checks: protocolRules.checks.filter((check) => check !== "bounds"),
}

/** One text for one value: an event read back has its fields in the order of its record, a fresh one in the order it was made. */
const textOf = (value: unknown): string =>
  JSON.stringify(value, (_, inner: unknown) =>
    typeof inner === "object" && inner !== null && !Array.isArray(inner)
      ? Object.fromEntries(Object.entries(inner).sort(([a], [b]) => (a < b ? -1 : 1)))
      : inner,
  )

/** A decision without what only names or explains a place in quarantine. */
const saidOf = (decision: TraceDecision): string => textOf(decision.outcome === "quarantined" ? { outcome: decision.outcome } : decision)

const foundOf = (decision: SkuJournaledDecision): string => {
  switch (decision._tag) {
    case "Accepted":
      return textOf({ outcome: "accepted", events: decision.events })
    case "Refused":
      return textOf({ outcome: "refused", ...decision.refusal })
    case "TooLate":
      return textOf({ outcome: "expired" })
    case "Quarantined":
      return textOf({ outcome: "quarantined" })
    case "Repeated":
      return textOf({ outcome: "repeated", first: decision.outcome })
    case "Dropped":
      return textOf({ outcome: "dropped", reason: decision.reason })
    case "Begun":
      return textOf({ outcome: "begun", events: decision.events })
    case "Pending":
      return textOf({ outcome: "pending" })
  }
}

const nameOf = (sender: string, command: Command | null): string =>
  command === null ? `a command of ${sender} that could not be decoded` : `${command.type} ${command.id} of ${sender} for ${command.sku}`

const nothing = "nothing"

type EntryOf<Tag extends SkuEntry["_tag"]> = Extract<SkuEntry, { readonly _tag: Tag }>
const only = <Tag extends SkuEntry["_tag"]>(entries: ReadonlyArray<SkuEntry>, tag: Tag): ReadonlyArray<EntryOf<Tag>> =>
  entries.filter((entry): entry is EntryOf<Tag> => entry._tag === tag)

class Replay {
  readonly #trace: Trace
  readonly #partition: SkuPartition
  readonly #step: SkuStep
  readonly #quarantine = new Quarantine()
  readonly #batches: Batches
  /** The record that is decided. */
  #record: TraceRecord | null = null
  #undecoded = 0
  #commands = 0
  #differences = 0
  #first: TraceDifference | null = null

  constructor(trace: Trace) {
    const { partition, partitions } = trace
    this.#trace = trace
    this.#partition = emptyPartition({ partition, partitions, snapshotEveryRecords: Number.MAX_SAFE_INTEGER })
    this.#step = makeStep({ codec: this.#quarantine.codec, rules })
    this.#batches = new Batches(this.#partition)
  }

  run(): TraceReport {
    this.#claim()
    for (const record of this.#trace.records) {
      this.#replay(record)
      if (this.#partition.phase !== "serving") break
    }
    // What is remembered depends on the time, and the last records may have been left out as being about other SKUs.
    if (this.#trace.endMs > this.#partition.atMs) this.#decide([this.#batches.nobodys(this.#trace.endMs)], this.#trace.endMs)
    const foundHash = stateHash(this.#partition, engineCodec.sha256, this.#trace.sku ?? undefined)
    return {
      records: this.#trace.records.length,
      commands: this.#commands,
      undecoded: this.#undecoded,
      undecidable: this.#quarantine.sprung,
      differences: this.#differences,
      first: this.#first,
      expectedHash: this.#trace.stateHash,
      foundHash,
      isSame: this.#differences === 0 && foundHash === this.#trace.stateHash,
    }
  }

  #claim(): void {
    this.#put({ _tag: "SnapshotMissing", nowMs: 0 })
    this.#put({ _tag: "Claim", owner: "replay", incarnation: "replay", nowMs: 0 })
    this.#put({
      _tag: "ClaimBasisRead",
      ask: this.#partition.basisAsks,
      basis: { endSeq: 0, incarnation: null, witness: null, halt: null },
      nowMs: 0,
    })
    while (this.#partition.inFlight !== null) this.#acknowledge(this.#partition.inFlight, 0)
    assert(this.#partition.reign?.reading === true, "a partition without a journal is claimed at once")
    this.#put({ _tag: "BrokerTimeSeen", brokerMs: 0, nowMs: 0 })
  }

  #put(input: SkuInput): void {
    for (const output of this.#step(this.#partition, input)) {
      if (output._tag !== "Halted") continue
      const { reason, detail } = output.halt
      const { line, seq } = this.#record ?? { line: this.#trace.endLine, seq: 0 }
      this.#differs({ line, record: seq, what: "the partition", expected: "it goes on", found: `${reason}: ${detail}` })
    }
  }

  #acknowledge({ pending }: SkuAppendInFlight, nowMs: number): void {
    this.#put({ _tag: "AppendAcked", messageId: pending.messageId, seq: pending.expectedSeq + 1, duplicate: false, nowMs })
  }

  /**
   * Lets messages arrive and has everything decided that is due. A record stays in flight until the next one's time: what was left over then is decided with
   * what arrived since, as an owner does it.
   */
  #decide(messages: ReadonlyArray<CommandMessage>, nowMs: number): ReadonlyArray<SkuEntry> {
    const partition = this.#partition
    const entries: Array<SkuEntry> = []
    let before = partition.inFlight
    const note = () => {
      if (partition.inFlight === null || partition.inFlight === before) return
      before = partition.inFlight
      entries.push(...before.record.entries)
    }
    if (messages.length > 0) this.#put({ _tag: "CommandsArrived", messages, nowMs })
    if (partition.inFlight === null) this.#put({ _tag: "BrokerTimeSeen", brokerMs: nowMs, nowMs })
    else if (partition.inFlight === before) this.#acknowledge(partition.inFlight, nowMs)
    note()
    while (partition.reign !== null && partition.reign.arrived.length > 0 && partition.inFlight !== null) {
      this.#acknowledge(partition.inFlight, nowMs)
      note()
    }
    return entries
  }

  #replay(record: TraceRecord): void {
    if (record.kind !== "batch" && record.kind !== "expiry") return
    this.#record = record
    this.#quarantine.begin(record)
    const entries: Array<SkuEntry> = []
    const messages = new Map<number, TraceMessage>()
    let done = 0
    do {
      const batch: Batch = this.#batches.next(record.messages.slice(done))
      entries.push(...this.#decide(batch.messages, record.atMs))
      for (const [seq, origin] of batch.origins) messages.set(seq, origin)
      done += batch.messages.length
    } while (done < record.messages.length)
    this.#compareExpiries(record, only(entries, "Expiry"))
    this.#compareMessages(record, only(entries, "Message"), messages)
    this.#compareSettled(record, only(entries, "Settled"))
    this.#raiseFloors(record, only(entries, "Floor"))
  }

  #differs(difference: TraceDifference): void {
    this.#differences++
    this.#first ??= difference
  }

  #compareExpiries(record: TraceRecord, found: ReadonlyArray<EntryOf<"Expiry">>): void {
    const expected = new Map(record.expiries.map((expiry) => [expiry.sku, expiry]))
    const expired = new Map(
      found.map(({ key: sku, events }) => [sku, events.map(({ channel, reservation }) => `${channel}/${reservation}`).sort()]),
    )
    for (const sku of new Set([...expected.keys(), ...expired.keys()])) {
      const said = expected.get(sku)
      const [should, did] = [said?.reservations.toSorted() ?? [], expired.get(sku) ?? []].map((names) => names?.join(" ") || nothing)
      if (should === undefined || did === undefined || should === did) continue
      const { seq, line } = record
      this.#differs({ line: said?.line ?? line, record: seq, what: `expired holds of ${sku}`, expected: should, found: did })
    }
  }

  #compareMessages(record: TraceRecord, found: ReadonlyArray<EntryOf<"Message">>, origins: ReadonlyMap<number, TraceMessage>): void {
    for (const [index, message] of record.messages.entries()) {
      const entry = found[index]
      const origin = entry === undefined || entry.seq === null ? undefined : origins.get(entry.seq)
      if (origin !== message) {
        const what = `the message at place ${index + 1} of its batch`
        const named = origin === undefined ? nothing : `message ${origin.seq} of ${origin.sender}`
        this.#differs({
          line: message.line,
          record: record.seq,
          what,
          expected: `message ${message.seq} of ${message.sender}`,
          found: named,
        })
        return
      }
      for (const [place, command] of message.commands.entries())
        this.#compareCommand(record, message.sender, command, entry?.decided[place])
    }
  }

  #compareCommand(record: TraceRecord, sender: string, said: TraceCommand, found: SkuDecidedCommand | undefined): void {
    this.#commands++
    if (said.command === null && said.decision.outcome === "refused" && found?.decision._tag === "Refused") {
      this.#undecoded++
      return
    }
    if (said.decision.outcome === "quarantined" && found?.decision._tag === "Quarantined")
      this.#quarantine.placed(said.decision.quarantined, found.decision.quarantined)
    this.#compare(record, sender, said, found)
  }

  #compare(record: TraceRecord, sender: string, said: TraceCommand, found: SkuDecidedCommand | undefined): void {
    const expected = saidOf(said.decision)
    const decided = found === undefined ? nothing : foundOf(found.decision)
    if (expected !== decided)
      this.#differs({ line: said.line, record: record.seq, what: nameOf(sender, said.command), expected, found: decided })
  }

  #compareSettled(record: TraceRecord, found: ReadonlyArray<EntryOf<"Settled">>): void {
    for (const said of record.settled) {
      const place = this.#quarantine.placeOf(said.quarantined)
      this.#compare(record, said.sender, said, found.find(({ quarantined }) => quarantined === place)?.decided)
    }
    const { line, seq, settled } = record
    if (found.length > settled.length)
      this.#differs({ line, record: seq, what: "settled commands", expected: String(settled.length), found: String(found.length) })
  }

  /** An export of one SKU has not all that a sender did, so the floors that this raised are raised as said. */
  #raiseFloors(record: TraceRecord, found: ReadonlyArray<EntryOf<"Floor">>): void {
    for (const { sender, class: floorClass, floorMs } of record.floors)
      raiseFloor(this.#partition, { _tag: "Floor", sender, class: floorClass, floorMs })
    for (const { sender, class: floorClass, floorMs } of found) {
      if (record.floors.some((said) => said.sender === sender && said.class === floorClass && said.floorMs === floorMs)) continue
      const { line, seq } = record
      this.#differs({ line, record: seq, what: `the floor of ${sender} in ${floorClass}`, expected: nothing, found: String(floorMs) })
    }
  }
}

/** Decides a trace again. The same trace gives the same report. */
export const replayTrace = (trace: Trace): TraceReport => new Replay(trace).run()
