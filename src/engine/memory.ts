/**
 * What is remembered so that no id has two effects: decisions by (sender, SKU, id), ended reservations, and the floors below which all of
 * it is forgotten and refused.
 *
 * Memory is cut into steps of `floorStepMs` by `issuedAtMs` (decisions) or end (reservations). A floor always lies on a step, so what it
 * evicts is whole steps: whether something is forgotten depends on journaled time and journaled floors alone, never on when it was swept.
 */
import { type Command, classOf, isFact } from "../domain/commands.ts"
import { forgetReservation } from "../domain/evolve.ts"
import type { CommandId, EpochMs, SenderId, Sku } from "../domain/names.ts"
import { addThing, emptySlots, findThing, type Naming, removeThing, type SlotTable } from "../domain/slot-table.ts"
import { isOpen, type Reservation, reservationOf } from "../domain/stock.ts"
import { commandHorizonMs, factHorizonMs, floorStepMs, rememberedPerSenderMax } from "../limits.ts"
import type { SkuActor } from "./actor.ts"
import type { Partition } from "./partition.ts"
import type { FloorClass, Outcome } from "./records.ts"

export interface Remembered {
  readonly id: CommandId
  readonly sku: Sku
  /** Of the command's content. */
  readonly hash: number
  readonly outcome: Outcome
  /** The step it lies in: small integers cost no memory of their own, and floors lie on steps. */
  readonly step: number
  readonly class: FloorClass
}

interface MemoryStep {
  readonly decisions: Array<Remembered>
  readonly ended: Array<{ readonly actor: SkuActor; readonly reservation: Reservation }>
}

export interface ClassMemory {
  /** Journaled floor; the horizon's may be higher. */
  floorMs: EpochMs
  /** Decisions and ended reservations at or above the floor, as of the last time it was looked at. */
  count: number
  /** By step number. */
  readonly steps: Map<number, MemoryStep>
  /** No step has a lower number. */
  oldestStep: number
  /** Steps below the floor: forgotten already, swept away bit by bit. */
  readonly passed: Array<MemoryStep>
}

export interface SenderMemory {
  readonly sender: SenderId
  /** Found by id and SKU. */
  readonly decisions: SlotTable<Remembered>
  readonly classes: Map<FloorClass, ClassMemory>
}

/** Ids contain no space, so no two (SKU, id) share a key: the id ends at the first. */
export const memoryKey = (sku: Sku, id: CommandId): string => `${id} ${sku}`

/**
 * Under what a shipment that has a reference is remembered beside its command's id: reservation, location and reference. No id has a slash in it. So it counts, is bounded,
 * swept and written into snapshots like any decision of its sender.
 */
export const shipmentKeyOf = (command: Command): CommandId | undefined =>
  command.type === "Fulfil" && command.shipment !== undefined
    ? (`${command.channel}/${command.reservation}/${command.location}/${command.shipment}` as CommandId)
    : undefined

/** What of a shipment has to be the same for it to be the same: its quantity, all that was open if it says none. */
export const shipmentHashOf = (command: Command): number => (command.type === "Fulfil" ? (command.qty ?? 0) : 0)

/** The class whose floor and horizon a command falls under. */
export const floorClassOf = (command: Command): FloorClass => {
  const commandClass = classOf[command.type]
  return commandClass === "sell" && isFact(command) ? "sale" : commandClass
}

const horizonMs: Readonly<Record<FloorClass, number>> = {
  sell: commandHorizonMs,
  policy: commandHorizonMs,
  operator: commandHorizonMs,
  sale: factHorizonMs,
  stock: factHorizonMs,
}

/** The step that a time lies in. */
export const stepOf = (ms: EpochMs): number => Math.floor(ms / floorStepMs)

export const senderMemory = (partition: Partition, sender: SenderId): SenderMemory => {
  const known = partition.senders.get(sender)
  if (known !== undefined) return known
  const memory: SenderMemory = { sender, decisions: emptySlots(), classes: new Map() }
  partition.senders.set(sender, memory)
  partition.senderList.push(memory)
  return memory
}

export const classMemory = (memory: SenderMemory, floorClass: FloorClass): ClassMemory => {
  let found = memory.classes.get(floorClass)
  if (found === undefined) {
    found = { floorMs: 0, count: 0, steps: new Map(), oldestStep: Number.MAX_SAFE_INTEGER, passed: [] }
    memory.classes.set(floorClass, found)
  }
  return found
}

/** What was issued (or ended) before this is forgotten, and refused. On a step's edge. */
export const floorMsOf = (memory: SenderMemory, floorClass: FloorClass, atMs: EpochMs): EpochMs => {
  const byHorizon = stepOf(atMs - horizonMs[floorClass]) * floorStepMs
  const found = memory.classes.get(floorClass)
  return found === undefined || found.floorMs < byHorizon ? byHorizon : found.floorMs
}

/** The step number of the floor: what lies in lower ones is forgotten. */
const floorStep = (memory: SenderMemory, floorClass: FloorClass, atMs: EpochMs): number => floorMsOf(memory, floorClass, atMs) / floorStepMs

const naming: Naming<Remembered> = {
  isNamed: (decision, id, sku) => decision.id === id && decision.sku === sku,
  firstOf: (decision) => decision.id,
  secondOf: (decision) => decision.sku,
}

/** The decision held for an id of a SKU, forgotten or not. */
const held = (memory: SenderMemory, sku: Sku, id: CommandId): Remembered | undefined => findThing(memory.decisions, naming, id, sku)

/** The decision remembered for an id of a SKU at a time, or undefined if there is none or it lies below the floor. */
export const recall = (memory: SenderMemory, sku: Sku, id: CommandId, atMs: EpochMs): Remembered | undefined => {
  const found = held(memory, sku, id)
  return found !== undefined && found.step >= floorStep(memory, found.class, atMs) ? found : undefined
}

/** All that is remembered of a sender at a time. O(decisions). */
export const rememberedAt = function* (memory: SenderMemory, atMs: EpochMs): Iterable<Remembered> {
  for (const found of memory.decisions.slots) if (found !== undefined && found.step >= floorStep(memory, found.class, atMs)) yield found
}

const memoryStep = (held: ClassMemory, number: number): MemoryStep => {
  let step = held.steps.get(number)
  if (step === undefined) {
    step = { decisions: [], ended: [] }
    held.steps.set(number, step)
    if (number < held.oldestStep) held.oldestStep = number
  }
  return step
}

/** Remembers a decision. One that is there already (forgotten by the floor but not yet swept) gives way. */
export const remember = (memory: SenderMemory, decision: Remembered): void =>
  rememberOver(memory, decision, held(memory, decision.sku, decision.id))

/** Remembers a decision unless its id is held with this content and of this time: one that was forgotten since may have been decided anew. */
export const rememberIfNew = (memory: SenderMemory, decision: Remembered): void => {
  const former = held(memory, decision.sku, decision.id)
  if (former?.hash !== decision.hash || former.step !== decision.step) rememberOver(memory, decision, former)
}

const rememberOver = (memory: SenderMemory, decision: Remembered, former: Remembered | undefined): void => {
  const ofClass = classMemory(memory, decision.class)
  if (former !== undefined) removeThing(memory.decisions, naming, former)
  addThing(memory.decisions, naming, decision)
  ofClass.count++
  memoryStep(ofClass, decision.step).decisions.push(decision)
}

/** Remembers that a reservation ended, so that its id stays taken and its end can be told. */
export const rememberEnd = (partition: Partition, actor: SkuActor, reservation: Reservation): void => {
  const held = classMemory(senderMemory(partition, reservation.channel), "sell")
  held.count++
  memoryStep(held, stepOf(reservation.endedAtMs)).ended.push({ actor, reservation })
}

/** Whether a reservation's end lies below its channel's floor: it is forgotten, swept or not. */
export const isForgotten = (partition: Partition, { channel, endedAtMs }: Reservation): boolean => {
  const memory = partition.senders.get(channel)
  return memory !== undefined && stepOf(endedAtMs) < floorStep(memory, "sell", partition.atMs)
}

/** Forgets an ended reservation here and now if the floor says so: sweeping may be late, and decide must not depend on it. True if it did. */
export const forgetIfBelowFloor = (partition: Partition, actor: SkuActor, channel: SenderId, id: Reservation["id"]): boolean => {
  const reservation = reservationOf(actor.stock, channel, id)
  if (reservation === undefined || isOpen(reservation)) return false
  if (!isForgotten(partition, reservation)) return false
  forgetReservation(actor.stock, reservation)
  return true
}

/** Sets aside the steps that the floor has passed. O(steps passed), each once. */
const passFloor = (memory: SenderMemory, floorClass: FloorClass, held: ClassMemory, atMs: EpochMs): void => {
  const firstAlive = floorStep(memory, floorClass, atMs)
  if (held.steps.size === 0) held.oldestStep = Number.MAX_SAFE_INTEGER
  for (; held.oldestStep < firstAlive && held.steps.size > 0; held.oldestStep++) {
    const step = held.steps.get(held.oldestStep)
    if (step === undefined) continue
    held.steps.delete(held.oldestStep)
    held.count -= step.decisions.length + step.ended.length
    held.passed.push(step)
  }
}

/** Sweeps up to `most` things of one sender that its floors have passed. */
export const sweep = (partition: Partition, memory: SenderMemory, most: number): void => {
  let left = most
  for (const [floorClass, held] of memory.classes) {
    passFloor(memory, floorClass, held, partition.atMs)
    while (left > 0) {
      const step = held.passed.at(-1)
      if (step === undefined) break
      if (step.decisions.length === 0 && step.ended.length === 0) held.passed.pop()
      else {
        left--
        sweepOne(memory, step)
      }
    }
  }
}

const sweepOne = (memory: SenderMemory, step: MemoryStep): void => {
  const decision = step.decisions.pop()
  if (decision !== undefined) {
    // The same id may have been decided anew since it was forgotten: only this very decision is swept.
    removeThing(memory.decisions, naming, decision)
    return
  }
  const end = step.ended.pop()
  if (end === undefined) return
  const { actor, reservation } = end
  if (reservationOf(actor.stock, reservation.channel, reservation.id) === reservation) forgetReservation(actor.stock, reservation)
}

/** The floor a sender's class has to be raised to because it holds too much, or undefined. The oldest step goes as a whole. */
export const floorToRaise = (memory: SenderMemory, floorClass: FloorClass, atMs: EpochMs): EpochMs | undefined => {
  const held = memory.classes.get(floorClass)
  if (held === undefined || held.count <= rememberedPerSenderMax) return undefined
  passFloor(memory, floorClass, held, atMs)
  if (held.count <= rememberedPerSenderMax) return undefined
  while (!held.steps.has(held.oldestStep)) held.oldestStep++
  return (held.oldestStep + 1) * floorStepMs
}
