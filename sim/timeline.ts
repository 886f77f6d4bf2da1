/**
 * Records what a world looked like, for people: the stock of one watched SKU, what the channels were told of it and had heard, who reigned when, what went
 * wrong. It listens and looks on, draws nothing and plans nothing, so that a seed with a timeline has the very trace of one without.
 *
 * Bounded: what there is too much of is thinned out or cut, and what is left is true.
 */

import { noEnds } from "../src/audit/ends.ts"
import { emptyModel, fold, type SkuModel } from "../src/audit/model.ts"
import type { StoredRecord } from "../src/engine/records.ts"
import type { AtsValue, SkuInput, SkuJournaledDecision, SkuJournalRecord, SkuPartition, SkuStep } from "../src/kinds/sku/types.ts"
import type { Traffic } from "../src/workload/flows.ts"
import type { Cluster } from "./cluster.ts"
import type { Observer } from "./nodes/observer.ts"
import type { Asked } from "./nodes/sender.ts"
import type { Absence, FaultInjected, Lifeline, Points, RecordLine, Reign, Timeline } from "./result.ts"
import { checkingCodec } from "./substitutes/shared-codec.ts"
import { worldStartMs } from "./world/world.ts"

/** Points of a line, records, lives of commands, faults, reigns and absences that are kept. */
const pointsMax = 4_000
const recordsMax = 5_000
const lifelinesMax = 1_500
const faultsMax = 1_000
const stretchesMax = 1_000

/** The SKU that most commands of the traffic are about. */
export const busiestSku = ({ flows }: Traffic): string => {
  const counts = new Map<string, number>()
  let busiest = ""
  for (const { sends } of flows) {
    for (const { command } of sends) {
      const count = (counts.get(command.sku) ?? 0) + 1
      counts.set(command.sku, count)
      if (count > (counts.get(busiest) ?? 0)) busiest = command.sku
    }
  }
  return busiest
}

/** A number over time, without points that change nothing; with too many it keeps every other one, and the last. */
class Line {
  #points: Array<readonly [atMs: number, value: number]> = []

  put(atMs: number, value: number): void {
    const last = this.#points.at(-1)
    if (last?.[1] === value) return
    if (last?.[0] === atMs) this.#points.pop()
    this.#points.push([atMs, value])
    if (this.#points.length > pointsMax) this.#points = this.#points.filter((_, at) => at % 2 === 0 || at === this.#points.length - 1)
  }

  get points(): Points {
    return this.#points
  }
}

type Role = Reign["role"]

/** What a partition of a worker is, as the report tells it; null while it only follows. */
const roleOf = (partition: SkuPartition): Role | null => {
  if (partition.inFlight?.frozen === true) return "frozen"
  return partition.phase === "claiming" || partition.phase === "serving" ? partition.phase : null
}

interface OpenReign {
  readonly worker: string
  readonly partition: number
  readonly role: Role
  readonly epoch: number
  readonly fromMs: number
}

/** Who reigned where from when to when, and who was away. */
class Lanes {
  readonly reigns: Array<Reign> = []
  readonly absences: Array<Absence> = []
  readonly #open = new Map<string, OpenReign>()
  readonly #deadSinceMs = new Map<string, number>()

  /** A partition of a worker as it is after a step. Whoever takes a step lives. */
  seen(worker: string, partition: SkuPartition, nowMs: number): void {
    this.#alive(worker, nowMs)
    const key = `${worker} ${partition.id}`
    const open = this.#open.get(key)
    const role = roleOf(partition)
    if (open !== undefined && open.role === role && open.epoch === partition.epoch) return
    this.#end(key, nowMs)
    if (role !== null) this.#open.set(key, { worker, partition: partition.id, role, epoch: partition.epoch, fromMs: nowMs })
  }

  #end(key: string, nowMs: number): void {
    const open = this.#open.get(key)
    this.#open.delete(key)
    if (open !== undefined && nowMs > open.fromMs && this.reigns.length < stretchesMax) this.reigns.push({ ...open, toMs: nowMs })
  }

  crashed(worker: string, nowMs: number): void {
    for (const [key, open] of this.#open) if (open.worker === worker) this.#end(key, nowMs)
    this.#deadSinceMs.set(worker, nowMs)
  }

  #alive(worker: string, nowMs: number): void {
    const fromMs = this.#deadSinceMs.get(worker)
    if (fromMs === undefined) return
    this.#deadSinceMs.delete(worker)
    if (this.absences.length < stretchesMax) this.absences.push({ worker, kind: "crashed", fromMs, toMs: nowMs })
  }

  end(nowMs: number): void {
    for (const key of [...this.#open.keys()]) this.#end(key, nowMs)
    for (const worker of [...this.#deadSinceMs.keys()]) this.#alive(worker, nowMs)
  }
}

/** When a command was stored and decided, as the record that first decided it says. */
interface DecidedAt {
  readonly storedMs: number
  readonly decidedMs: number
  readonly seq: number
}

const pausedBy = /^(w\d+) stood still for/

const sinceStart = (atMs: number | null): number | null => (atMs === null ? null : atMs - worldStartMs)

export class TimelineRecorder implements Partial<Observer> {
  readonly #sku: string
  readonly #onHand = new Line()
  readonly #reserved = new Line()
  readonly #published = new Map<string, { readonly line: Line; version: number }>()
  readonly #heard = new Map<string, Line>()
  readonly #lanes = new Lanes()
  readonly #records: Array<RecordLine> = []
  readonly #decided = new Map<string, DecidedAt>()
  #cluster: Cluster | null = null
  #model: SkuModel

  constructor(sku: string) {
    this.#sku = sku
    this.#model = emptyModel(sku, 0, noEnds)
  }

  /** The steps that workers take anyway, looked at after each. */
  watching(stepOf?: (worker: number, step: SkuStep) => SkuStep): (worker: number, step: SkuStep) => SkuStep {
    return (worker, shipped) => {
      const name = `w${worker}`
      const step = stepOf?.(worker, shipped) ?? shipped
      return (partition: SkuPartition, input: SkuInput) => {
        const outputs = step(partition, input)
        this.#lanes.seen(name, partition, this.#nowMs)
        return outputs
      }
    }
  }

  watch(cluster: Cluster): void {
    this.#cluster = cluster
    cluster.audience.add(this)
  }

  get #nowMs(): number {
    return this.#cluster?.world.sinceStartMs ?? 0
  }

  recordStored(...[partition, stored]: Parameters<Observer["recordStored"]>): void {
    const decoded = checkingCodec.decodeRecord(stored.bytes)
    if (decoded._tag !== "Record") return
    this.#line(partition, stored, decoded.record)
    if (partition === this.#cluster?.partitionOf(this.#sku)) this.#fold(stored.seq, decoded.record)
  }

  #line(partition: number, { seq, bytes }: StoredRecord, { kind, owner, epoch, entries }: SkuJournalRecord): void {
    if (this.#records.length >= recordsMax) return
    let [commands, expiries] = [0, 0]
    for (const entry of entries) {
      if (entry._tag === "Message") commands += entry.decided.length
      if (entry._tag === "Expiry") expiries += entry.events.length
    }
    this.#records.push({ partition, seq, atMs: this.#nowMs, kind, owner, epoch, commands, expiries, bytes: bytes.length })
  }

  #fold(seq: number, record: SkuJournalRecord): void {
    const accept = (decision: SkuJournaledDecision) => {
      if (decision._tag === "Accepted") for (const event of decision.events) fold(this.#model, event, record.atMs)
    }
    for (const entry of record.entries) {
      if ((entry._tag === "Expiry" || entry._tag === "Covered") && entry.key === this.#sku)
        for (const event of entry.events) fold(this.#model, event, record.atMs)
      if (entry._tag === "Settled" && entry.decided.command?.sku === this.#sku) accept(entry.decided.decision)
      if (entry._tag !== "Message") continue
      for (const { command, decision } of entry.decided) {
        if (command?.sku !== this.#sku) continue
        accept(decision)
        const key = `${entry.sender} ${command.id}`
        const storedMs = entry.brokerMs - worldStartMs
        if (!this.#decided.has(key)) this.#decided.set(key, { storedMs, decidedMs: this.#nowMs, seq })
      }
    }
    this.#plot()
  }

  #plot(): void {
    let [onHand, reserved] = [0, 0]
    for (const { onHandQty, reservedQty } of this.#model.shelves.values()) {
      onHand += onHandQty
      reserved += reservedQty
    }
    this.#onHand.put(this.#nowMs, onHand)
    this.#reserved.put(this.#nowMs, reserved)
  }

  /** Changes of lost records are taken back: the stock is what the rest of the journal says. */
  journalLost(...[partition, afterSeq]: Parameters<Observer["journalLost"]>): void {
    const cluster = this.#cluster
    if (cluster === null || partition !== cluster.partitionOf(this.#sku)) return
    this.#model = emptyModel(this.#sku, partition, noEnds)
    for (const { seq, bytes } of cluster.server.records(partition, 1, afterSeq, Number.MAX_SAFE_INTEGER)) {
      const decoded = checkingCodec.decodeRecord(bytes)
      if (decoded._tag === "Record") this.#fold(seq, decoded.record)
    }
  }

  feedSaid(...[_slot, value]: Parameters<Observer["feedSaid"]>): void {
    if (value.sku !== this.#sku) return
    const known = this.#published.get(value.channel) ?? { line: new Line(), version: 0 }
    this.#published.set(value.channel, known)
    if (value.version <= known.version) return
    known.version = value.version
    known.line.put(this.#nowMs, value.ats)
  }

  feedAccepted(channel: string, value: AtsValue, stale: boolean): void {
    if (stale || value.sku !== this.#sku) return
    const line = this.#heard.get(channel) ?? new Line()
    this.#heard.set(channel, line)
    line.put(this.#nowMs, value.ats)
  }

  crashed(worker: string): void {
    this.#lanes.crashed(worker, this.#nowMs)
  }

  #lifelines(cluster: Cluster): Array<Lifeline> {
    const asked: Array<Asked> = []
    for (const sender of cluster.senders.values())
      for (const one of sender.asked.values()) if (one.command.sku === this.#sku) asked.push(one)
    asked.sort((a, b) => a.sentMs - b.sentMs)
    return asked.slice(0, lifelinesMax).map(({ sender, command, sentMs, sendings, acknowledgedMs, heardMs, outcome, seq }) => {
      const decided = this.#decided.get(`${sender} ${command.id}`)
      return {
        sender,
        id: command.id,
        sku: command.sku,
        type: command.type,
        sentMs: sentMs - worldStartMs,
        sendings,
        // The door knows when a message was published at the earliest, by a clock that is a little behind.
        storedMs: decided === undefined ? sinceStart(acknowledgedMs) : Math.max(sentMs - worldStartMs, decided.storedMs),
        decidedMs: decided?.decidedMs ?? null,
        seq: decided?.seq ?? seq,
        heardMs: sinceStart(heardMs),
        outcome,
      }
    })
  }

  /** Pauses are told by the faults alone: a worker that stands still says nothing. */
  #pauses(faults: ReadonlyArray<FaultInjected>): Array<Absence> {
    return faults.flatMap(({ detail, atMs, toMs }) => {
      const worker = pausedBy.exec(detail)?.[1]
      return worker === undefined || toMs <= atMs ? [] : [{ worker, kind: "paused" as const, fromMs: atMs, toMs }]
    })
  }

  /** The timeline, once the world has ended. `healedMs`: when all faults were ended. */
  timeline(healedMs: number): Timeline {
    const cluster = this.#cluster
    const endMs = this.#nowMs
    this.#lanes.end(endMs)
    // A fault that was to last beyond the healing was ended by it.
    const all = (cluster?.faults.details ?? []).map((fault) => ({ ...fault, toMs: Math.max(fault.atMs, Math.min(fault.toMs, healedMs)) }))
    const channels = [...new Set([...this.#published.keys(), ...this.#heard.keys()])].sort()
    return {
      endMs,
      healedMs,
      sku: this.#sku,
      onHand: this.#onHand.points,
      reserved: this.#reserved.points,
      ats: channels.map((channel) => ({
        channel,
        published: this.#published.get(channel)?.line.points ?? [],
        heard: this.#heard.get(channel)?.points ?? [],
      })),
      reigns: this.#lanes.reigns,
      absences: [...this.#lanes.absences, ...this.#pauses(all)].sort((a, b) => a.fromMs - b.fromMs).slice(0, stretchesMax),
      faults: all.slice(0, faultsMax),
      records: this.#records,
      lifelines: cluster === null ? [] : this.#lifelines(cluster),
    }
  }
}
