/**
 * What arrives from the commands stream: its subject taken apart, its body decoded, its place in the batch found.
 *
 * Done on arrival, while an append may be in flight. Nothing is refused here: what is wrong with a message is journaled with the decision on it.
 */
import { type Command, isFact } from "../domain/commands.ts"
import { CommandClass, isSender, partitionOf, type SenderId, type Sku } from "../domain/names.ts"
import { channelPolicy } from "../domain/policy.ts"
import {
  allocationsMax,
  arrivedBytesMax,
  arrivedMessagesMax,
  batchCommandsMax,
  bodyBytesMax,
  entryOverheadBytesMax,
  idCharsMax,
  recordBytesMax,
  recordEnvelopeBytesMax,
  replySuffixCharsMax,
  replySuffixTokensMax,
} from "../limits.ts"
import type { SkuActor } from "./actor.ts"
import type { Given, SubjectPrefix } from "./apply.ts"
import type { ArrivedMessage, Partition } from "./partition.ts"
import type { CommandMessage, Output, TakenMessage } from "./protocol.ts"

/** Subjects' beginnings kept taken apart: a sender in a class has one in each partition. */
const prefixesMax = 16_384

const suffix = new RegExp(`^[A-Za-z0-9_-]+(\\.[A-Za-z0-9_-]+){0,${replySuffixTokensMax - 1}}$`)

/** Whether `text` may follow `hf.reply.<sender>.`: a few plain tokens, so that a reply can go nowhere else. */
export const isReplySuffix = (text: string): boolean => text.length <= replySuffixCharsMax && suffix.test(text)

const isCommandClass = (token: string | undefined): token is CommandClass => CommandClass.some((known) => known === token)

/** Who sent a message and in which class, from its subject up to the SKU's token; undefined if no sender's permissions could have produced it. */
const parsePrefix = (given: Given, prefix: string): SubjectPrefix | undefined => {
  const known = given.prefixes.get(prefix)
  if (known !== undefined) return known
  const [root, kind, partition, sender, commandClass, end, ...more] = prefix.split(".")
  if (root !== "hf" || kind !== "p" || partition === undefined || end !== "" || more.length > 0) return undefined
  if (sender === undefined || !isSender(sender) || !isCommandClass(commandClass)) return undefined
  const parsed = { sender, class: commandClass }
  if (given.prefixes.size >= prefixesMax) given.prefixes.clear()
  given.prefixes.set(prefix, parsed)
  return parsed
}

/** Takes messages in. What is behind the cursor or was taken already is dropped: a reader that starts anew delivers some twice. */
export const onCommandsArrived = (partition: Partition, given: Given, messages: ReadonlyArray<CommandMessage>): Array<Output> => {
  if (partition.phase !== "serving" || !partition.reading || partition.search !== null) return []
  for (const message of messages) {
    if (message.seq <= partition.arrivedSeq) continue
    partition.arrivedSeq = message.seq
    if (message.brokerMs > partition.referenceMs) partition.referenceMs = message.brokerMs
    const arrived = takeApart(partition, given, message)
    partition.arrived.push(arrived)
    partition.arrivedBytes += message.body.length
  }
  if (!partition.paused && (partition.arrived.length >= arrivedMessagesMax / 2 || partition.arrivedBytes >= arrivedBytesMax / 2)) {
    partition.paused = true
    return [{ _tag: "PauseReading" }]
  }
  return []
}

/** Takes in what an ingress hands over. */
export const onCommandsHanded = (partition: Partition, messages: ReadonlyArray<TakenMessage>): Array<Output> => {
  if (partition.phase !== "serving" || messages.length === 0) return []
  return []
}

const takeApart = (partition: Partition, given: Given, message: CommandMessage): ArrivedMessage => {
  const tokenAt = message.subject.lastIndexOf(".") + 1
  const prefix = parsePrefix(given, message.subject.slice(0, tokenAt))
  // Nobody's: kept in order, decided as nothing, so that the cursor can pass it.
  if (prefix === undefined) {
    const body = { _tag: "Undecodable", refusal: { reason: "Malformed", field: "subject" } } as const
    return { message, sender: "" as SenderId, class: "sell", bulk: false, sku: undefined, home: false, reply: null, body, actor: undefined }
  }
  const { sender, class: commandClass } = prefix
  const sku = given.rules.skuOfToken(message.subject.slice(tokenAt)) as Sku | undefined
  const reply = message.replySuffix !== null && isReplySuffix(message.replySuffix) ? message.replySuffix : null
  const home = sku !== undefined && partitionOf(sku, partition.partitions) === partition.id
  // Nobody says which roles a sender had whose message lies in the stream as it sent it: the closer bounds hold, and a person looks at what is beyond.
  return {
    message,
    sender,
    class: commandClass,
    bulk: false,
    sku,
    home,
    reply,
    body: given.codec.decodeBody(message.body),
    actor: undefined,
  }
}

/**
 * Takes the messages of the next batch off the queue: a prefix of the stream, bounded in messages, commands and by the worst that deciding
 * them can make of the record.
 */
export const takeBatch = (partition: Partition, bytesUsed: number): Array<ArrivedMessage> => {
  let commands = 0
  let bytes = bytesUsed + recordEnvelopeBytesMax
  let newLocations = 0
  let taken = 0
  for (; taken < partition.arrived.length && taken < partition.batchMessagesMax; taken++) {
    const arrived = partition.arrived[taken] as ArrivedMessage
    arrived.actor = arrived.sku === undefined ? undefined : partition.actors.get(arrived.sku)
    const worst = worstCase(partition, arrived, newLocations)
    if (taken > 0 && (commands + worst.commands > batchCommandsMax || bytes + worst.bytes > recordBytesMax)) break
    commands += worst.commands
    bytes += worst.bytes
    newLocations += worst.newLocations
  }
  const batch = partition.arrived.splice(0, taken)
  for (const arrived of batch) partition.arrivedBytes -= arrived.message.body.length
  return batch
}

/** Bytes of one allocation in an event: its location's id, a quantity, and the names of both. */
const allocationBytes = idCharsMax + 40
/** Bytes of a shortage found at one location. */
const shortageBytes = idCharsMax + 64
/** Bytes of an entry and of a decision without allocations, numbers spelled out longer than in the body included. */
const plainEntryBytes = 512

const worstCase = (partition: Partition, arrived: ArrivedMessage, newLocations: number) => {
  if (arrived.body._tag === "Undecodable") return { commands: 1, bytes: plainEntryBytes, newLocations: 0 }
  let bytes = arrived.message.body.length + plainEntryBytes
  let locationsMade = 0
  for (const decoded of arrived.body.commands) {
    if (decoded._tag === "Invalid") {
      bytes += plainEntryBytes
      continue
    }
    const made = locationsMadeBy(decoded.command)
    const known = actorIn(partition, arrived, decoded.command)?.stock.locations.length ?? 0
    bytes += worstCaseOf(decoded.command, known + newLocations + locationsMade, arrived.message.body.length)
    locationsMade += made
  }
  return { commands: arrived.body.commands.length, bytes, newLocations: locationsMade }
}

/** The actor of a command's SKU, if there is one: of the message's own as it was looked up when the message was taken. */
export const actorIn = (partition: Partition, arrived: ArrivedMessage, command: Command): SkuActor | undefined =>
  command.sku === arrived.sku && arrived.actor !== undefined ? arrived.actor : partition.actors.get(command.sku)

const worstCaseOf = (command: Command, locations: number, bodyBytes: number): number => {
  switch (command.type) {
    case "SetPolicy":
      return bodyBytes + plainEntryBytes
    case "Confirm":
    case "Extend":
    case "ReceiveStock":
    case "AdjustStock":
    case "MoveStatus":
      return plainEntryBytes
    case "ReplayQuarantined":
    case "DropQuarantined":
      return 2 * bodyBytesMax + entryOverheadBytesMax
    default: {
      const parts = Math.min(allocationsMax, locations)
      const shortages = isFact(command) ? (parts + 1) * shortageBytes : 0
      return 2 * plainEntryBytes + parts * allocationBytes + shortages
    }
  }
}

/** Locations that deciding the command may add to its SKU. */
const locationsMadeBy = (command: Command): number => {
  switch (command.type) {
    case "SetPolicy":
      return command.policy.safety.length
    case "ReceiveStock":
    case "AdjustStock":
    case "MoveStatus":
    case "Fulfil":
    case "RecordSale":
      return 1
    default:
      return 0
  }
}

/** Rank of senders whose SKU has no policy for them. */
const lastRank = 1_000_000

const rankOf = (arrived: ArrivedMessage): number => {
  if (arrived.class === "stock") return 0
  if (arrived.class !== "sell") return 1
  return 2 + (channelPolicy(arrived.actor?.stock.policy ?? null, arrived.sender)?.priority ?? lastRank)
}

/**
 * The batch in the order it is decided: facts of the warehouse first, then policies and operators, then channels by the priority that the SKU's policy gives
 * them. Stable, so that what one sender sent in one class stays in its order.
 */
export const orderBatch = (batch: Array<ArrivedMessage>): ReadonlyArray<ArrivedMessage> => {
  if (batch.length < 2) return batch
  const ranks = batch.map((arrived) => rankOf(arrived))
  if (ranks.every((rank) => rank === ranks[0])) return batch
  return batch
    .map((arrived, i) => ({ arrived, rank: ranks[i] as number }))
    .sort((a, b) => a.rank - b.rank)
    .map(({ arrived }) => arrived)
}
