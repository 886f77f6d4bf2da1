/**
 * Decides one command inside its partition: what its id, its age and its deadline say, and only then what its SKU says.
 *
 * Decides only: the partition is changed by apply.ts. A throw while deciding becomes a quarantine, never a stop.
 */
import { assert } from "../assert.ts"
import { partitionOf, type SenderId } from "../domain/names.ts"
import type { Refusal, RefusalReason } from "../domain/refusals.ts"
import { type Command, classOf, isFact, type OperatorCommand, type StockCommand } from "../domain/sku/commands.ts"
import { decide } from "../domain/sku/decide.ts"
import { channelPolicy } from "../domain/sku/policy.ts"
import type { EndedOf } from "../domain/sku/stock.ts"
import { emptySlots } from "../domain/slot-table.ts"
import { issuedAheadMsMax, saleQtyMax, sendersPerPartitionMax, skusPerPartitionMax } from "../limits.ts"
import type { SkuActor } from "./actor.ts"
import { countsAtMs, type Given, quarantinedAs } from "./apply.ts"
import { endedReservation } from "./ended.ts"
import { floorClassOf, floorMsOf, recall, type SenderMemory, shipmentHashOf, shipmentKeyOf } from "./memory.ts"
import type { ArrivedMessage, Partition, QuarantinedCommand, ReadDecision } from "./partition.ts"
import type { EngineCodec, ProtocolRules } from "./protocol.ts"
import { recallRead } from "./recall.ts"
import type { EntryDecision } from "./records.ts"

const refused = (reason: RefusalReason, field?: string): EntryDecision => ({
  _tag: "Refused",
  refusal: field === undefined ? { reason } : { reason, field },
})

/** What is known about a command when it is checked. */
interface Checked {
  readonly partition: Partition
  readonly codec: EngineCodec
  readonly command: Command
  readonly hash: number
  readonly sender: SenderId
  readonly brokerMs: number
  /** Whether its sender has the role `bulk`. */
  readonly bulk: boolean
  /** Its SKU's actor, if it is known. */
  readonly actor: SkuActor | undefined
  /** What its message has read of decisions of long ago. */
  readonly arrived: Pick<ArrivedMessage, "read">
  /** Its place among the commands of the record: with the record's sequence, where it will lie if it has to be quarantined. A command's own sequence may come again. */
  readonly place: number
}

type Check = ProtocolRules["checks"][number]

type Asked = Pick<Checked, "partition" | "codec" | "command" | "hash" | "sender" | "arrived">

/** What was decided of its id, recently or long ago: undefined if nothing was, null if that can't be known any more. */
const decidedBefore = ({
  partition,
  command,
  sender,
  arrived,
}: Omit<Asked, "codec" | "hash">): Pick<ReadDecision, "hash" | "outcome"> | null | undefined => {
  const memory = partition.senders.get(sender)
  const recent = memory === undefined ? undefined : recall(memory, command.sku, command.id, partition.atMs)
  return recent ?? recallRead(partition, arrived, sender, command)
}

const lookUp = (asked: Asked): EntryDecision | undefined => {
  const found = decidedBefore(asked)
  if (found === undefined) return undefined
  const { hash, codec } = asked
  if (found === null) return isFact(asked.command) ? undefined : refused("TooOld", "id")
  return found.hash === hash ? { _tag: "Repeated", outcome: found.outcome } : refused("IdReused", codec.differingField(found.hash, hash))
}

type AskedShipment = Pick<Checked, "partition" | "command" | "arrived">

/**
 * What was decided of a shipment under whatever id, by whoever told it: undefined if nothing was, null if that can't be known any more. Asked of every sender of the warehouse's class that is
 * remembered here, of which there are a few.
 */
const shippedBefore = ({ partition, command, arrived }: AskedShipment): Pick<ReadDecision, "hash" | "outcome"> | null | undefined => {
  const key = shipmentKeyOf(command)
  if (key === undefined) return undefined
  let unreadable = false
  for (const memory of partition.senderList) {
    if (!memory.classes.has("stock")) continue
    const named = { sku: command.sku, id: key }
    const found = recall(memory, named.sku, named.id, partition.atMs) ?? recallRead(partition, arrived, memory.sender, named)
    if (found === null) unreadable = true
    else if (found !== undefined) return found
  }
  return unreadable ? null : undefined
}

/** A shipment that was told before under another id is one shipment. */
const lookUpShipment = (asked: AskedShipment): EntryDecision | undefined => {
  const found = shippedBefore(asked)
  if (found === undefined || found === null) return undefined
  return found.hash === shipmentHashOf(asked.command) ? { _tag: "Repeated", outcome: found.outcome } : refused("IdReused", "shipment")
}

const checkFloor = (checked: Checked): EntryDecision | undefined => {
  const { partition, command, sender, brokerMs } = checked
  if (!isFact(command) && command.issuedAtMs > partition.atMs + issuedAheadMsMax) return refused("IssuedAhead", "issuedAtMs")
  const memory = partition.senders.get(sender)
  if (memory === undefined && partition.senders.size >= sendersPerPartitionMax) return refused("LimitReached", "senders")
  const floorMs = memory === undefined ? floorOfUnknown(command, partition) : floorMsOf(memory, floorClassOf(command), partition.atMs)
  if (isFact(command) && (decidedBefore(checked) === null || shippedBefore(checked) === null))
    return quarantineAs(checked, "its record can't be read: it can't be told from a repeat")
  if (countsAtMs({ settled: false, atMs: partition.atMs, brokerMs }, command) >= floorMs) return undefined
  if (!isFact(command)) return refused("TooOld", "issuedAtMs")
  return quarantineAs(checked, "issued below the floor: it can't be told from a repeat")
}

const nobody: SenderMemory = { sender: "" as SenderId, decisions: emptySlots(), classes: new Map() }
const floorOfUnknown = (command: Command, partition: Partition): number => floorMsOf(nobody, floorClassOf(command), partition.atMs)

/** Both times are the broker's: journaled time is what it is there now. */
const checkDeadline = ({ partition, command, brokerMs }: Checked): EntryDecision | undefined =>
  command.deadlineMs !== undefined && !isFact(command) && partition.atMs > brokerMs + command.deadlineMs ? { _tag: "Expired" } : undefined

/** What is beyond the bounds of a channel's own word, or undefined. A sale of a SKU that isn't known would make it. */
const beyondBounds = ({ command, sender, bulk, actor }: Checked): string | undefined => {
  if (command.type !== "RecordSale" || bulk) return undefined
  if (actor === undefined) return "a sale of a SKU that nobody has told anything about, without the role bulk"
  if (channelPolicy(actor.stock.policy, sender) === undefined)
    return "a sale of a SKU whose policy doesn't name its sender, without the role bulk"
  return command.qty > saleQtyMax ? `a sale of more than ${saleQtyMax} units, without the role bulk` : undefined
}

/** A fact can't be refused, and what is beyond these bounds isn't believed on a channel's word alone: a person looks at it, and replays or drops it. */
const checkBounds = (checked: Checked): EntryDecision | undefined => {
  const cause = beyondBounds(checked)
  return cause === undefined ? undefined : quarantineAs(checked, cause)
}

const checks: Readonly<Record<Check, (checked: Checked) => EntryDecision | undefined>> = {
  lookup: (checked) => lookUp(checked) ?? lookUpShipment(checked),
  floor: checkFloor,
  deadline: checkDeadline,
  bounds: checkBounds,
}

/**
 * Quarantine has a bound of its own. Facts of a sender that comes near theirs are held off at the doors (memory-tending.ts): what is stored by then still finds room. Beyond it, where the stream held more of them
 * than that or where a command made the code throw, which nobody can know before it is decided, the sender is told that it was not taken; nothing is remembered, and the same bytes may be sent again.
 */
const quarantineAs = ({ partition, command, sender, place }: Checked, cause: string): EntryDecision => {
  const known = quarantinedAs(partition, sender, command)
  if (known !== undefined) return { _tag: "Quarantined", cause, quarantined: known }
  const { quarantined, quarantinedPerSender, factsKept, factsKeptPerSender } = partition.memoryBounds
  const [most, mostOfSender] = isFact(command) ? [factsKept, factsKeptPerSender] : [quarantined, quarantinedPerSender]
  if (partition.quarantine.size >= most) return refused("LimitReached", "quarantine")
  if ((partition.quarantinedBy.get(sender) ?? 0) >= mostOfSender) return refused("LimitReached", "quarantine")
  return { _tag: "Quarantined", cause, quarantined: `${partition.confirmedSeq + 1}-${place}` }
}

/** Asks the SKU itself. */
const decideStock = (partition: Partition, actor: SkuActor | undefined, command: StockCommand, sender: SenderId): EntryDecision => {
  const stock = actor?.stock
  if (stock === undefined && partition.actorList.length >= skusPerPartitionMax) return refused("LimitReached", "skus")
  const endedOf: EndedOf = (channel, id) => endedReservation(partition, command.sku, channel, id)
  const decision = decide(stock, command, sender, partition.atMs, endedOf)
  return decision._tag === "Accepted" ? decision : { _tag: "Refused", refusal: decision.refusal }
}

const decideOrQuarantine = (checked: Checked, actor: SkuActor | undefined, command: StockCommand): EntryDecision => {
  try {
    return decideStock(checked.partition, actor, command, checked.sender)
  } catch (cause) {
    return quarantineAs(checked, cause instanceof Error ? `${cause.name}: ${cause.message}`.slice(0, 512) : "threw what is no error")
  }
}

/** What settling a quarantined command came to: its final decision, or a refusal of the operator's command. */
export type Settlement =
  | { readonly _tag: "Settled"; readonly quarantined: QuarantinedCommand; readonly decision: EntryDecision }
  | { readonly _tag: "Refused"; readonly refusal: Refusal }

/** Decides a quarantined command for good. Floor and bounds don't count any more: an operator has looked. */
export const settle = (partition: Partition, given: Given, arrived: Pick<ArrivedMessage, "read">, command: OperatorCommand): Settlement => {
  const quarantined = partition.quarantine.get(command.quarantined)
  if (quarantined === undefined || quarantined.command.sku !== command.sku)
    return { _tag: "Refused", refusal: { reason: "NotQuarantined", field: "quarantined" } }
  const original = quarantined.command
  const hash = given.codec.contentHash(original)
  const { sender } = quarantined
  // A retry may have been decided meanwhile, by a release that can: that decision stands, whatever the operator wants.
  const before =
    lookUp({ partition, codec: given.codec, command: original, hash, sender, arrived }) ??
    lookUpShipment({ partition, command: original, arrived })
  if (before !== undefined) return { _tag: "Settled", quarantined, decision: before }
  if (command.type === "DropQuarantined") return { _tag: "Settled", quarantined, decision: { _tag: "Dropped", reason: command.reason } }
  assert(original.type !== "ReplayQuarantined" && original.type !== "DropQuarantined", "operator commands are never quarantined")
  try {
    return { _tag: "Settled", quarantined, decision: decideStock(partition, partition.actors.get(original.sku), original, sender) }
  } catch {
    return { _tag: "Refused", refusal: { reason: "StillUndecidable", field: "quarantined" } }
  }
}

/** Why a message as such is refused, or undefined. A message that isn't for this partition can only come from a changed topology. */
export const refuseMessage = (arrived: ArrivedMessage): Refusal | undefined => {
  if (arrived.body._tag === "Undecodable") return arrived.body.refusal
  if (arrived.sku === undefined) return { reason: "NotCanonical", field: "subject" }
  if (!arrived.home) return { reason: "WrongPartition", field: "subject" }
  // What can't be decoded may have meant the subject's SKU: it is refused for itself.
  for (const decoded of arrived.body.commands) if (decoded._tag === "Invalid" || decoded.command.sku === arrived.sku) return undefined
  return { reason: "SubjectMismatch", field: "sku" }
}

/** Decides a decoded command of a message, `place` being its place in the record; `actor` is its SKU's, if it is known. Operator commands are only checked here: see {@link settle}. */
export const decideCommand = (
  partition: Partition,
  given: Given,
  arrived: ArrivedMessage,
  command: Command,
  hash: number,
  actor: SkuActor | undefined,
  place: number,
): EntryDecision | "Operator" => {
  if (command.sku !== arrived.sku && partitionOf(command.sku, partition.partitions) !== partition.id)
    return refused("WrongPartition", "sku")
  if (classOf[command.type] !== arrived.class) return refused("WrongClass", "type")
  const checked: Checked = {
    partition,
    codec: given.codec,
    command,
    hash,
    sender: arrived.sender,
    brokerMs: arrived.brokerMs,
    bulk: arrived.bulk,
    arrived,
    actor,
    place,
  }
  for (const check of given.rules.checks) {
    const decision = checks[check](checked)
    if (decision !== undefined) return decision
  }
  if (command.type === "ReplayQuarantined" || command.type === "DropQuarantined") return "Operator"
  return decideOrQuarantine(checked, actor, command)
}
