/**
 * Makes messages of a trace into messages of a commands stream again, in batches that the engine decides in the order of the trace.
 *
 * A trace names a message's commands, not its subject: a body of several SKUs was sent under any one of them, whose policy then gave its place in the
 * batch. One is chosen that explains the order; where none does (the SKU may be one that the export left out), the batch is cut there, which changes no decision.
 */
import { type CommandClass, partitionOf, type SenderId, type Sku } from "../../src/domain/names.ts"
import { channelPolicy } from "../../src/domain/sku/policy.ts"
import type { CommandMessage } from "../../src/engine/protocol.ts"
import type { SkuPartition } from "../../src/kinds/sku/types.ts"
import { engineCodec } from "../../src/wire/codec.ts"
import { storedAlone } from "../../src/workload/stored-alone.ts"
import type { TraceMessage } from "./commands.ts"

/** Messages that arrive together, and the message of the trace that each of them is, by its sequence here. */
export interface Batch {
  readonly messages: ReadonlyArray<CommandMessage>
  readonly origins: ReadonlyMap<number, TraceMessage>
}

/** Behind every channel that a policy names. */
const lastRank = 2_000_000
const encoder = new TextEncoder()

/** Where the engine puts a message in its batch: facts of the warehouse first, then policies and operators, then channels by their priority. */
const rankOf = (partition: SkuPartition, commandClass: CommandClass, sender: SenderId, sku: Sku): number => {
  if (commandClass === "stock") return 0
  if (commandClass !== "sell") return 1
  return 2 + (channelPolicy(partition.actors.get(sku)?.state.policy ?? null, sender)?.priority ?? lastRank)
}

interface Placed {
  readonly message: TraceMessage
  readonly sku: Sku
  readonly rank: number
}

/** Where a message comes among its equals: in the order of the stream, several of one stored message together, and then what was handed over. */
const orderOf = ({ message: { seq } }: Placed): number => seq ?? Number.MAX_SAFE_INTEGER

const isAfter = (next: Placed, before: Placed | undefined): boolean =>
  before === undefined || next.rank > before.rank || (next.rank === before.rank && orderOf(next) >= orderOf(before))

/** What can't be decoded is in no trace: this stands for it, and is refused like it, if for another reason. */
const undecodable = "{}"

const bodyOf = ({ array, commands }: TraceMessage): Uint8Array => {
  const texts = commands.map(({ command }) => (command === null ? undecodable : engineCodec.commandText(command)))
  return encoder.encode(array ? `[${texts.join(",")}]` : texts.join(","))
}

export class Batches {
  readonly #partition: SkuPartition
  /** A SKU of this partition, for messages that name none. */
  readonly #anySku: Sku
  #lastSeq = 0

  constructor(partition: SkuPartition) {
    this.#partition = partition
    let number = 0
    while (partitionOf(`any-${number}`, partition.partitions) !== partition.id) number++
    this.#anySku = `any-${number}` as Sku
  }

  /** As many of these messages, from the first on, as the engine decides in this order if they arrive together. */
  next(messages: ReadonlyArray<TraceMessage>): Batch {
    const placed: Array<Placed> = []
    for (const message of messages) {
      const choices = this.#choices(message)
      const next = choices.find((choice) => isAfter(choice, placed.at(-1)))
      const chosen = next ?? (placed.length === 0 ? choices[0] : undefined)
      if (chosen === undefined) break
      placed.push(chosen)
    }
    const origins = new Map<number, TraceMessage>()
    // They arrive as they were stored; the engine puts them in the order of the trace.
    const arriving = placed
      .toSorted((a, b) => orderOf(a) - orderOf(b))
      .map((one) => {
        origins.set(++this.#lastSeq, one.message)
        return this.#stored(one, this.#lastSeq)
      })
    return { messages: arriving, origins }
  }

  /** A message that nobody could have sent: it is refused, and moves only the time. */
  nobodys(atMs: number): CommandMessage {
    return { seq: ++this.#lastSeq, subject: "", headers: "", body: encoder.encode(undecodable), brokerMs: atMs }
  }

  /** The SKUs it may have been sent under, the one that puts it first in its batch first. */
  #choices(message: TraceMessage): ReadonlyArray<Placed> {
    const named = message.commands.flatMap(({ command }) => (command === null ? [] : [command.sku]))
    const home = [...new Set(named)].filter((sku) => partitionOf(sku, this.#partition.partitions) === this.#partition.id)
    return (home.length === 0 ? [this.#anySku] : home)
      .map((sku) => ({ message, sku, rank: rankOf(this.#partition, message.class, message.sender, sku) }))
      .sort((a, b) => a.rank - b.rank)
  }

  #stored({ message, sku }: Placed, seq: number): CommandMessage {
    const { sender, class: commandClass, brokerMs } = message
    const sent = { sender, class: commandClass, key: sku, reply: null, publishedMs: brokerMs }
    return storedAlone(this.#partition.id, seq, sent, bodyOf(message))
  }
}
