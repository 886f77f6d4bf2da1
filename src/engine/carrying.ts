/**
 * Commands that a partition's actors send to others, from the event that carries them until their decision is journaled here (INV-17).
 *
 * What is under way is a fold of the journal: an event adds what it carries, a return takes one away. All else here is an owner's own, of confirmed records alone: what it has sent, when it asks again, and since when
 * nothing can be asked again. So nothing is sent that a lost record carried, and nothing is said to be settled that might still be asked for.
 */
import { assert } from "../assert.ts"
import { type CommandId, type EpochMs, partitionOf } from "../domain/names.ts"
import { askAgainMs, askedAgainMax } from "../limits.ts"
import type { Actor } from "./actor.ts"
import { isDue } from "./due.ts"
import type { ActorKind, KindCarrying, KindTypes } from "./kind.ts"
import type { Partition, Serving } from "./partition.ts"
import type { Output } from "./protocol.ts"
import { emptyQueue, frontOf, type Queue, takeFront } from "./queue.ts"
import type { CommandUnderWay } from "./records.ts"

/** A command that was sent, and when it is asked for again. */
interface Asked {
  readonly carried: CommandUnderWay
  readonly dueMs: EpochMs
}

/** What an owner knows of commands under way. */
export interface Carrying {
  /** What the record in flight carries, and what came back in it. */
  fresh: Array<CommandUnderWay>
  settling: Array<CommandUnderWay>
  /** Under way by confirmed records: what the record in flight takes away still counts. */
  readonly asked: Set<CommandId>
  /** The same by where it goes, oldest first; of what is settled, only what lies behind something that isn't. */
  readonly lines: Map<string, Queue<CommandUnderWay>>
  /** When to ask again: a queue for each pause, so that each is in order by itself. */
  readonly due: ReadonlyArray<Queue<Asked>>
  /** Time of the last confirmed record. */
  confirmedMs: EpochMs
}

/** Of a reign that has sent nothing yet. */
export const nothingCarried = (): Carrying => ({
  fresh: [],
  settling: [],
  asked: new Set(),
  lines: new Map(),
  due: askAgainMs.map(() => emptyQueue()),
  confirmedMs: 0,
})

const nameOf = ({ kind, partition }: CommandUnderWay["to"]): string => `${kind}.${partition}`

/** The place of the next command that the record at `seq` carries. */
const nextPlace = (partition: Partition, seq: number): number => {
  const { carriedIn } = partition
  assert(seq >= carriedIn.seq, "INV-17 no id of a carried command is made twice")
  if (carriedIn.seq !== seq) {
    carriedIn.seq = seq
    carriedIn.count = 0
  }
  return carriedIn.count++
}

/** Puts under way what an event carries, live and at replay alike. `isInternally`: it was decided for an actor of ours; `trace`: of the command that led to it, null: none. */
export const carry = (
  partition: Partition,
  carrying: KindCarrying,
  actor: Actor,
  event: KindTypes["event"],
  seq: number,
  atMs: EpochMs,
  isInternally: boolean,
  trace: string | null,
): void => {
  for (const { kind, key, onBehalf, command, ref } of carrying.carriedBy(actor.key, event, isInternally)) {
    const partitions = partition.partitionsOf[kind]
    assert(carrying.to.includes(kind), `INV-17 ${event.type} carries a command to a kind that it may send to`)
    // A cluster without actors of that kind has nobody to be told.
    if (partitions === undefined) continue
    const carried: CommandUnderWay = {
      id: `${partition.owner}/${seq}/${nextPlace(partition, seq)}` as CommandId,
      to: { kind, partition: partitionOf(key, partitions) },
      key,
      onBehalf,
      atMs,
      command,
      from: actor.key,
      ref,
      seq,
      ...(trace === null ? {} : { trace }),
    }
    assert(!partition.underWay.has(carried.id) || partition.recovery !== null, "INV-17 a command is carried once")
    partition.underWay.set(carried.id, carried)
    if (partition.phase === "serving") partition.reign.carrying.fresh.push(carried)
  }
}

/** Takes away what came back. Undefined: it was not under way. */
export const settle = (partition: Partition, id: CommandId): CommandUnderWay | undefined => {
  const carried = partition.underWay.get(id)
  if (carried === undefined) return undefined
  partition.underWay.delete(id)
  if (partition.phase === "serving") partition.reign.carrying.settling.push(carried)
  return carried
}

/** Whether so many more commands may be put under way. */
export const hasRoomToCarry = ({ underWay, bounds }: Partition, more: number): boolean =>
  more === 0 || underWay.size + more <= bounds.underWayMax

/** How many commands some events of a part whose time is up carry. */
export const carriedCount = ({ carrying }: ActorKind, key: KindTypes["key"], events: ReadonlyArray<KindTypes["event"]>): number => {
  if (carrying === null) return 0
  let count = 0
  for (const event of events) count += carrying.carriedBy(key, event, false).length
  return count
}

/**
 * Nothing issued before this will be asked for again there: the time of the oldest command under way to it by confirmed records, or with none of the last confirmed one, for what is carried later stands in a later
 * record.
 */
const settledMsOf = ({ asked, lines, confirmedMs }: Carrying, to: CommandUnderWay["to"]): EpochMs => {
  const line = lines.get(nameOf(to))
  if (line === undefined) return confirmedMs
  for (let first = frontOf(line); first !== undefined; first = frontOf(line)) {
    if (asked.has(first.id)) return first.atMs
    takeFront(line)
  }
  return confirmedMs
}

const send = (carrying: Carrying, commands: ReadonlyArray<CommandUnderWay>): Array<Output> => {
  const byTarget = new Map<string, Array<CommandUnderWay>>()
  for (const carried of commands) {
    const name = nameOf(carried.to)
    const known = byTarget.get(name)
    if (known === undefined) byTarget.set(name, [carried])
    else known.push(carried)
  }
  const outputs: Array<Output> = []
  for (const sent of byTarget.values()) {
    const [first] = sent
    assert(first !== undefined, "what is sent somewhere is something")
    outputs.push({ _tag: "SendCarried", to: first.to, settledMs: settledMsOf(carrying, first.to), commands: sent })
  }
  return outputs
}

/** Has a command asked for from now on, for the first time at `dueMs`. */
const begin = (carrying: Carrying, carried: CommandUnderWay, dueMs: EpochMs): void => {
  assert(!carrying.asked.has(carried.id), "INV-17 a command is asked for from one time on")
  const name = nameOf(carried.to)
  let line = carrying.lines.get(name)
  if (line === undefined) {
    line = emptyQueue()
    carrying.lines.set(name, line)
  }
  line.items.push(carried)
  carrying.asked.add(carried.id)
  carrying.due[0]?.items.push({ carried, dueMs })
}

/** A new reign asks at once for all that is under way: nobody else may be asking. */
export const beginCarrying = (partition: Serving, nowMs: EpochMs): Array<Output> => {
  const { carrying } = partition.reign
  assert(carrying.asked.size === 0, "INV-17 a reign begins without having asked")
  carrying.confirmedMs = partition.atMs
  for (const carried of partition.underWay.values()) begin(carrying, carried, nowMs)
  return tickCarrying(partition, nowMs)
}

/** A record is confirmed: what it carries is sent, and what came back in it is settled. */
export const carryConfirmed = ({ reign: { carrying } }: Serving, atMs: EpochMs, nowMs: EpochMs): Array<Output> => {
  assert(atMs >= carrying.confirmedMs, "INV-4 journaled time never falls")
  carrying.confirmedMs = atMs
  if (carrying.settling.length > 0) {
    for (const { id } of carrying.settling) carrying.asked.delete(id)
    carrying.settling = []
  }
  if (carrying.fresh.length === 0) return []
  const { fresh } = carrying
  carrying.fresh = []
  const [firstPauseMs = 0] = askAgainMs
  for (const carried of fresh) begin(carrying, carried, nowMs + firstPauseMs)
  return send(carrying, fresh)
}

/** Asks again for what is due, a bounded number at once. O(what is due). */
export const tickCarrying = (partition: Serving, nowMs: EpochMs): Array<Output> => {
  const { carrying, returns, draining } = partition.reign
  if (carrying.asked.size === 0 || draining !== null) return []
  const again: Array<CommandUnderWay> = []
  for (const [i, queue] of carrying.due.entries()) {
    const next = Math.min(i + 1, askAgainMs.length - 1)
    for (let first = frontOf(queue); first !== undefined; first = frontOf(queue)) {
      if (again.length >= askedAgainMax || !isDue(first.dueMs, nowMs, askAgainMs[i] ?? 0)) break
      takeFront(queue)
      const { carried } = first
      if (!carrying.asked.has(carried.id)) continue
      carrying.due[next]?.items.push({ carried, dueMs: nowMs + (askAgainMs[next] ?? 0) })
      // Its decision is here, and about to be journaled.
      if (partition.underWay.has(carried.id) && !returns.has(carried.id)) again.push(carried)
    }
  }
  return again.length === 0 ? [] : send(carrying, again)
}
