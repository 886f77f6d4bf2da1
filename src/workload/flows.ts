/**
 * Traffic as plain data: flows of commands that whoever plays them (the demo, the simulator, a load script) sends one after another.
 *
 * What a later command of a flow means depends on the answers to the earlier ones, which only the player hears; therefore a flow goes on only while
 * every answer so far was "accepted", and nothing here guesses an answer.
 */

import type { CommandClass, CommandId, EpochMs, SenderId } from "../domain/names.ts"
import type { OrderCommand } from "../domain/order/decide.ts"
import type { Command, CommandType, Fulfil } from "../domain/sku/commands.ts"
import { classOf } from "../domain/sku/commands.ts"
import type { Allocations } from "../domain/sku/events.ts"

/** A command about an order as its channel sends it: whose it is follows from who sends. */
export type SentOrder = OrderCommand extends infer One ? (One extends OrderCommand ? Omit<One, "channel"> : never) : never

/** What the demo plays: commands about SKUs, and about orders. */
export type AnyPlayed = Command | SentOrder

/** One command to be sent by one sender. */
export interface PlannedSend<C extends AnyPlayed = Command> {
  /** When it is planned; a player may run faster or slower, but keeps the order within a flow. */
  readonly atMs: EpochMs
  /** Decides among what is planned for the same millisecond: lower first. */
  readonly order: number
  readonly actor: SenderId
  readonly class: CommandClass
  readonly command: C
  /** How often it is sent in all, under the same id with the same bytes. At least 1: above it, the sender retries. */
  readonly copies: number
  /** Whether the copies are sent at once, or each after the answer to the one before. */
  readonly together: boolean
}

/** How a flow is meant to end, if every command of it is accepted. For reports; players need only the sends. */
export const FlowEnding = ["paid", "late", "abandoned", "cancelled", "sold", "fact"] as const
export type FlowEnding = (typeof FlowEnding)[number]

/** Commands of which each is sent only after the one before was answered, and accepted. Never empty. */
export interface Flow<C extends AnyPlayed = Command> {
  readonly name: string
  readonly ending: FlowEnding
  readonly sends: ReadonlyArray<PlannedSend<C>>
}

/** Traffic: what must be decided before anything else is sent, then the flows by the time of their first send. */
export interface Traffic<C extends AnyPlayed = Command> {
  readonly setup: ReadonlyArray<PlannedSend<C>>
  readonly flows: ReadonlyArray<Flow<C>>
}

/** A send in its place among all: the index of its flow, and its own index there. */
export interface FlowStep<C extends AnyPlayed = Command> extends PlannedSend<C> {
  readonly flow: number
  readonly index: number
}

/** A send of `command` in the class its type belongs to, once unless `copies` says otherwise. */
export const sendOf = (
  at: { readonly atMs: EpochMs; readonly order: number },
  actor: SenderId,
  command: Command,
  repeat: { readonly copies: number; readonly together: boolean } = { copies: 1, together: false },
): PlannedSend => ({
  atMs: at.atMs,
  order: at.order,
  actor,
  class: classOf[command.type],
  command,
  copies: repeat.copies,
  together: repeat.together,
})

/** A send of a command about an order, once. */
export const orderSendOf = (
  at: { readonly atMs: EpochMs; readonly order: number },
  actor: SenderId,
  command: SentOrder,
): PlannedSend<SentOrder> => ({ ...at, actor, class: "sell", command, copies: 1, together: false })

/** All sends of the flows in the order of time. Sends of one flow keep their order, for a flow's times never fall. */
export const timeline = <C extends AnyPlayed>(flows: ReadonlyArray<Flow<C>>): Array<FlowStep<C>> =>
  flows
    .flatMap((flow, i) => flow.sends.map((send, index): FlowStep<C> => ({ ...send, flow: i, index })))
    .sort((a, b) => a.atMs - b.atMs || a.order - b.order || a.flow - b.flow || a.index - b.index)

/** `command` as made at another time: files are old, and what is older than the horizon of ids would be refused. A retry must carry the time of the first attempt. */
export const issuedAt = <C extends AnyPlayed>(command: C, issuedAtMs: EpochMs): C => ({ ...command, issuedAtMs })

/**
 * The shipments of a planned Fulfil, one a location, from what the reservation has open by what was heard: `open` units by location. The
 * planned location is only a guess where a SKU is stocked at several. Ids stay the same for the same answers.
 */
export const shipmentsOf = (planned: Fulfil, open: Allocations): ReadonlyArray<Fulfil> =>
  open.map((part, i) => ({
    ...planned,
    id: (i === 0 ? planned.id : `${planned.id}:${i}`) as CommandId,
    location: part.location,
    qty: part.qty,
  }))

/** How many sends of each type there are, copies not counted. */
export const countByType = (sends: Iterable<PlannedSend>): Partial<Record<CommandType, number>> => {
  const counts: Partial<Record<CommandType, number>> = {}
  for (const send of sends) counts[send.command.type] = (counts[send.command.type] ?? 0) + 1
  return counts
}
