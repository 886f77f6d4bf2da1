/**
 * What a partition on a worker follows: its journal, and its commands. Records and messages arrive a while after they are stored, some at a time, in
 * order, from the place on that the engine asked for; what they mean is the engine's.
 */
import type { Input } from "../../src/engine/protocol.ts"
import type { StoredRecord } from "../../src/engine/records.ts"
import { EventKind } from "../world/world.ts"
import type { Worker } from "./worker.ts"

/** Milliseconds until the server is asked again. */
export const againMs = 200
/** Records and messages delivered at once. */
export const deliveredMax = 256

/** The partition on a worker that follows: what is read is told it. */
interface Follower {
  readonly worker: Worker
  readonly id: number
  put(input: Extract<Input, { readonly _tag: "RecordsRead" | "CommandsArrived" | "ReadingBroke" }>): void
}

/** A reading of a stream from a place on. When it is begun anew, the former reading delivers nothing any more. */
interface Reading {
  nextSeq: number
  isOn: boolean
  isPaused: boolean
  isPlanned: boolean
}

const noReading = (): Reading => ({ nextSeq: 0, isOn: false, isPaused: false, isPlanned: false })
const readingFrom = (nextSeq: number): Reading => ({ ...noReading(), nextSeq, isOn: true })

export class Readings {
  readonly #slot: Follower
  #journal = noReading()
  #commands = noReading()
  /** Where the journal ended when records were last delivered; further than any before. */
  journalEndSeq = Number.POSITIVE_INFINITY

  constructor(slot: Follower) {
    this.#slot = slot
  }

  /** Ends both; what is on its way is not heard. */
  forget(): void {
    this.#journal = noReading()
    this.#commands = noReading()
    this.journalEndSeq = Number.POSITIVE_INFINITY
  }

  /** Follows the journal from a record on. */
  follow(fromSeq: number): void {
    this.#journal = readingFrom(fromSeq)
    this.planJournal()
  }

  stopFollowing(): void {
    this.#journal.isOn = false
  }

  /** Reads commands from a sequence on. */
  readCommands(fromSeq: number): void {
    this.#commands = readingFrom(fromSeq)
    this.planCommands()
  }

  /** Delivers no more commands for now. */
  pause(): void {
    this.#commands.isPaused = true
  }

  resume(): void {
    this.#commands.isPaused = false
    this.planCommands()
  }

  /** Plans the next delivery of records, if one is wanted and none is planned. */
  planJournal(): void {
    this.#plan(this.#journal, (from) => this.#deliverRecords(from))
  }

  /** Plans the next delivery of commands. */
  planCommands(): void {
    this.#plan(this.#commands, (from) => this.#deliverCommands(from))
  }

  /** The reading of commands ends, as the real one does when the servers restart or their leader goes: the engine hears of it a little later. */
  breakCommands(): void {
    if (!this.#commands.isOn) return
    this.#commands = noReading()
    this.#tellBroken(this.#commands, this.#delayMs("broken"))
  }

  #delayMs(what: string): number {
    const { link } = this.#slot.worker
    return link.delayMs(link.keyNow(`${what} ${this.#slot.id}`))
  }

  #tellBroken(broken: Reading, afterMs: number): void {
    const { worker } = this.#slot
    worker.world.in(afterMs, EventKind.deliver, worker.host, () => {
      if (this.#commands !== broken) return
      if (worker.isCutOff) this.#tellBroken(broken, againMs)
      else this.#slot.put({ _tag: "ReadingBroke", nowMs: worker.clockMs })
    })
  }

  #plan(from: Reading, deliver: (from: Reading) => void, givenMs?: number): void {
    if (!from.isOn || from.isPaused || from.isPlanned) return
    from.isPlanned = true
    const { worker } = this.#slot
    const afterMs = givenMs ?? this.#delayMs(from === this.#journal ? "journal" : "commands")
    worker.world.in(afterMs, EventKind.deliver, worker.host, () => {
      from.isPlanned = false
      if (!from.isOn || from.isPaused || (from !== this.#journal && from !== this.#commands)) return
      if (worker.isCutOff) return this.#plan(from, deliver, againMs)
      deliver(from)
    })
  }

  #deliverRecords(from: Reading): void {
    const { worker, id } = this.#slot
    this.journalEndSeq = worker.server.endSeq(id)
    const records = worker.faults.readRecords(
      worker.name,
      id,
      worker.server.records(id, from.nextSeq, Number.MAX_SAFE_INTEGER, deliveredMax),
    )
    if (records.length === 0) return
    from.nextSeq = (records.at(-1) as StoredRecord).seq + 1
    this.#slot.put({ _tag: "RecordsRead", records, nowMs: worker.clockMs })
    if (from.nextSeq <= worker.server.endSeq(id)) this.planJournal()
  }

  #deliverCommands(from: Reading): void {
    const { worker, id } = this.#slot
    const messages = worker.server.messages(id, from.nextSeq, deliveredMax)
    const last = messages.at(-1)
    if (last === undefined) return
    from.nextSeq = last.seq + 1
    this.#slot.put({ _tag: "CommandsArrived", messages, nowMs: worker.clockMs })
    if (from.nextSeq <= worker.server.lastCommandSeq(id)) this.planCommands()
  }
}
