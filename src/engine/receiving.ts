/**
 * Commands of other partitions' actors, at the one that decides them: taken in like an ingress's, decided under the name of the partition that sends, remembered for exactly as long as they can be asked for again, and
 * told to whoever asked once their record is confirmed (INV-17).
 *
 * No clock and no want of memory raises such a sender's floor: only its own word that nothing older is under way to here. What can't be taken is passed over in silence, for it is asked for again.
 */
import { assert } from "../assert.ts"
import { type CommandId, type EpochMs, internalSender, partitionOf, type SenderId } from "../domain/names.ts"
import { floorStepMs, settledEveryMs } from "../limits.ts"
import { type SenderMemory, stepOf } from "./memory.ts"
import type { ArrivedMessage, Serving } from "./partition.ts"
import type { Carriage, CarriedReturn, Output, TakenMessage } from "./protocol.ts"
import type { FloorEntry, JournaledDecision, RememberedDecision } from "./records.ts"

/** What is said to a reign that asked, once the record is confirmed. */
interface Told {
  readonly to: Carriage["from"]
  readonly id: CommandId
  readonly outcome: CarriedReturn["outcome"]
}

/** What an owner knows of those who send to it. */
export interface Receiving {
  /** Commands that wait to be decided. */
  readonly waiting: Map<CommandId, ArrivedMessage>
  /** What each last said is settled, and the time of the record in which its floor last rose. */
  readonly settled: Map<SenderId, { settledMs: EpochMs; raisedMs: EpochMs }>
  /** What the record in flight decides. */
  told: Array<Told>
}

/** Of a reign to which nothing was sent yet. */
export const nothingReceived = (): Receiving => ({ waiting: new Map(), settled: new Map(), told: [] })

/** Notes what a frame says is settled. A former owner's word is an older one. */
const noteSettled = ({ settled }: Receiving, sender: SenderId, settledMs: EpochMs): void => {
  const known = settled.get(sender)
  if (known === undefined) settled.set(sender, { settledMs, raisedMs: 0 })
  else if (settledMs > known.settledMs) known.settledMs = settledMs
}

/** The id of the one command that a message between actors holds. */
const idOf = ({ body }: Pick<TakenMessage, "body">): CommandId | undefined => {
  const [first] = body._tag === "Commands" ? body.commands : []
  return first?._tag === "Command" ? first.command.id : undefined
}

/** Whether a message of another partition is to wait here: it is at home, whole, and doesn't wait already. Whoever asked last is told. */
export const takesCarried = (partition: Serving, message: TakenMessage, carriage: Carriage): boolean => {
  const { from, settledMs } = carriage
  const id = idOf(message)
  const home = partitionOf(message.key, partition.partitions) === partition.id
  const isSenders = message.sender === internalSender(from.kind, from.partition)
  if (id === undefined || !home || !isSenders || message.body._tag !== "Commands" || message.body.commands.length !== 1) return false
  const { receiving } = partition.reign
  noteSettled(receiving, message.sender, settledMs)
  const waiting = receiving.waiting.get(id)
  if (waiting === undefined) return true
  waiting.carriage = carriage
  return false
}

/** Notes that a message of another partition waits. */
export const noteWaiting = ({ reign: { receiving } }: Serving, arrived: ArrivedMessage): void => {
  const id = idOf(arrived)
  assert(id !== undefined && !receiving.waiting.has(id), "INV-17 a message between actors waits once")
  receiving.waiting.set(id, arrived)
}

/** It waits no longer: it is being decided. */
export const noteTaken = ({ reign: { receiving } }: Serving, arrived: ArrivedMessage): void => {
  const id = idOf(arrived)
  assert(id !== undefined && receiving.waiting.has(id), "INV-17 a message between actors that is decided has waited")
  receiving.waiting.delete(id)
}

/** Notes what is to be said of a command of another partition. What is provisional, or owed, is not said. */
export const noteTold = (
  { reign: { receiving } }: Serving,
  { from }: Carriage,
  id: CommandId,
  decision: JournaledDecision,
  outcome: RememberedDecision | null,
): void => {
  if (outcome === null || outcome.outcome === "quarantined" || decision._tag === "Quarantined") return
  receiving.told.push({ to: from, id, outcome })
}

/** Says what a confirmed record decided to those who asked. */
export const tellConfirmed = (partition: Serving, kind: string, seq: number): Array<Output> => {
  const { receiving } = partition.reign
  if (receiving.told.length === 0) return []
  const { told } = receiving
  receiving.told = []
  const by = { kind, partition: partition.id, seq }
  const byReign = new Map<string, { readonly to: Carriage["from"]; readonly returns: Array<CarriedReturn> }>()
  for (const { to, id, outcome } of told) {
    const name = `${to.kind} ${to.partition} ${to.owner}`
    let known = byReign.get(name)
    if (known === undefined) {
      known = { to, returns: [] }
      byReign.set(name, known)
    }
    known.returns.push({ id, by, outcome })
  }
  return Array.from(byReign.values(), ({ to, returns }) => ({ _tag: "SendReturns", to, returns }))
}

/** The floors that rise because a sending partition says so: to a step's edge, at most once a second. */
export const floorsSettled = (
  { reign: { receiving } }: Serving,
  { sender, classes }: SenderMemory,
  atMs: EpochMs,
): ReadonlyArray<FloorEntry> => {
  const known = receiving.settled.get(sender)
  if (known === undefined || atMs - known.raisedMs < settledEveryMs) return []
  const floorMs = stepOf(known.settledMs) * floorStepMs
  const entries: Array<FloorEntry> = []
  for (const [floorClass, held] of classes) if (floorMs > held.floorMs) entries.push({ _tag: "Floor", sender, class: floorClass, floorMs })
  if (entries.length > 0) known.raisedMs = atMs
  return entries
}
