/**
 * Decides one command inside its partition: what its id, its age and its deadline say, and only then what its actor says.
 *
 * Decides only: the partition is changed by apply.ts. A throw while deciding becomes a quarantine, never a stop.
 */
import { assert } from "../assert.ts"
import { isInternal, partitionOf, type SenderId } from "../domain/names.ts"
import type { Refusal, RefusalReason } from "../domain/refusals.ts"
import { emptySlots } from "../domain/slot-table.ts"
import { issuedAheadMsMax } from "../limits.ts"
import type { Actor } from "./actor.ts"
import { countsAtMs, isForWantOfRoom } from "./apply.ts"
import { carriedCount, hasRoomToCarry } from "./carrying.ts"
import { endedPart } from "./ended.ts"
import type { EngineContext } from "./given.ts"
import type { ActorKind, KindOperatorCommand, KindTypes, PartEndOf } from "./kind.ts"
import { floorMsOf, hasRoomForSender, recall, type SenderMemory } from "./memory.ts"
import { owedTo } from "./owed.ts"
import type { ArrivedMessage, Partition, QuarantinedCommand, ReadDecision } from "./partition.ts"
import type { EngineCodec, ProtocolRules } from "./protocol.ts"
import { quarantinedAs } from "./quarantine.ts"
import { recallRead } from "./recall.ts"
import type { JournaledDecision } from "./records.ts"
import type { BusyWhy } from "./words.ts"

const refused = (reason: RefusalReason, field?: string): JournaledDecision => ({
  _tag: "Refused",
  refusal: field === undefined ? { reason } : { reason, field },
})

/** What is known about a command when it is checked. */
interface Checked {
  readonly partition: Partition
  readonly kind: ActorKind
  readonly codec: EngineCodec
  readonly command: KindTypes["command"]
  readonly hash: number
  /** Under whose name it is remembered, and whom the actor sees: another only of what an actor of ours sends. */
  readonly sender: SenderId
  readonly actsFor: SenderId
  readonly brokerMs: number
  /** Whether its sender has the role `bulk`. */
  readonly bulk: boolean
  /** Its actor, if it is known. */
  readonly actor: Actor | undefined
  /** What its message has read of decisions of long ago. */
  readonly arrived: Pick<ArrivedMessage, "read">
  /** Its place among the commands of the record: with the record's sequence, where it will lie if it has to be quarantined. A command's own sequence may come again. */
  readonly place: number
}

type Check = ProtocolRules["checks"][number]

type IdQuery = Pick<Checked, "partition" | "kind" | "codec" | "command" | "hash" | "sender" | "arrived">

/** What was decided of its id, recently or long ago: undefined if nothing was, null if that can't be known any more. */
const decidedBefore = ({
  partition,
  kind,
  command,
  sender,
  arrived,
}: Omit<IdQuery, "codec" | "hash">): Pick<ReadDecision, "hash" | "outcome"> | null | undefined => {
  const memory = partition.senders.get(sender)
  const key = kind.commands.keyOf(command)
  const recent = memory === undefined ? undefined : recall(memory, key, command.id, partition.atMs)
  return recent ?? recallRead(partition, arrived, sender, { key, id: command.id })
}

const lookUp = (asked: IdQuery): JournaledDecision | undefined => lookUpOwed(asked) ?? lookUpDecided(asked)

/** An id whose answer is owed stands for its content already. */
const lookUpOwed = ({ partition, kind, codec, command, hash, sender }: IdQuery): JournaledDecision | undefined => {
  const owed = owedTo(partition, sender, kind.commands.keyOf(command), command.id)
  if (owed === undefined) return undefined
  return owed.hash === hash ? { _tag: "Pending" } : refused("IdReused", codec.differingField(owed.hash, hash))
}

const lookUpDecided = (asked: IdQuery): JournaledDecision | undefined => {
  const found = decidedBefore(asked)
  if (found === undefined) return undefined
  if (found === null) return asked.kind.commands.isFact(asked.command) ? undefined : refused("TooOld", "id")
  return sameAs(found, asked)
}

/** What was decided under its id, if it was of the same content. */
const sameAs = (found: Pick<ReadDecision, "hash" | "outcome">, { hash, codec }: Pick<IdQuery, "hash" | "codec">): JournaledDecision =>
  found.hash === hash ? { _tag: "Repeated", outcome: found.outcome } : refused("IdReused", codec.differingField(found.hash, hash))

type AskedSecond = Pick<Checked, "partition" | "kind" | "command" | "arrived">

/**
 * What was decided under the second name of what a command tells, under whatever id and by whoever told it: undefined if nothing was, null if that can't be known any more. Asked of every sender of the
 * class that tells such things that is remembered here, of which there are a few.
 */
const toldBefore = ({ partition, kind, command, arrived }: AskedSecond): Pick<ReadDecision, "hash" | "outcome"> | null | undefined => {
  const { commands } = kind
  const name = commands.secondNameOf(command)
  if (name === undefined) return undefined
  let unreadable = false
  for (const memory of partition.senderList) {
    if (!memory.classes.has(commands.secondClass)) continue
    const named = { key: commands.keyOf(command), id: name }
    const found = recall(memory, named.key, named.id, partition.atMs) ?? recallRead(partition, arrived, memory.sender, named)
    if (found === null) unreadable = true
    else if (found !== undefined) return found
  }
  return unreadable ? null : undefined
}

/** What was told before under another id is told once. */
const lookUpSecond = (asked: AskedSecond): JournaledDecision | undefined => {
  const found = toldBefore(asked)
  if (found === undefined || found === null) return undefined
  const { secondHashOf, secondField } = asked.kind.commands
  return found.hash === secondHashOf(asked.command) ? { _tag: "Repeated", outcome: found.outcome } : refused("IdReused", secondField)
}

/** What a partition of ours asks for is old only by its own word, whatever time it is here; then its actor hears that nobody can tell, and asks for what is safe. */
const checkSettled = (checked: Checked): JournaledDecision | undefined => {
  const { partition, kind, command, sender } = checked
  const memory = partition.senders.get(sender)
  if (memory === undefined) return undefined
  const isOld = command.issuedAtMs < floorMsOf(memory, kind.commands.floorClassOf(command), partition.atMs)
  return isOld || decidedBefore(checked) === null ? refused("TooOld", "issuedAtMs") : undefined
}

const checkFloor = (checked: Checked): JournaledDecision | undefined => {
  const { partition, kind, command, sender, brokerMs } = checked
  if (isInternal(sender)) return checkSettled(checked)
  const { isFact, floorClassOf } = kind.commands
  if (!isFact(command) && command.issuedAtMs > partition.atMs + issuedAheadMsMax) return refused("IssuedAhead", "issuedAtMs")
  const memory = partition.senders.get(sender)
  if (memory === undefined && !hasRoomForSender(partition, sender)) return refused("LimitReached", "senders")
  const floorMs =
    memory === undefined
      ? floorMsOf(nobody, floorClassOf(command), partition.atMs)
      : floorMsOf(memory, floorClassOf(command), partition.atMs)
  if (isFact(command) && (decidedBefore(checked) === null || toldBefore(checked) === null))
    return quarantineAs(checked, "its record can't be read: it can't be told from a repeat")
  if (countsAtMs(kind.commands, { settled: false, atMs: partition.atMs, brokerMs, sender }, command) >= floorMs) return undefined
  if (!isFact(command)) return refused("TooOld", "issuedAtMs")
  return quarantineAs(checked, "issued below the floor: it can't be told from a repeat")
}

const nobody: SenderMemory = { sender: "" as SenderId, isInternal: false, decisions: emptySlots(), classes: new Map() }

/** Both times are the broker's: journaled time is what it is there now. */
const checkDeadline = ({ partition, kind, command, brokerMs, sender }: Checked): JournaledDecision | undefined =>
  command.deadlineMs !== undefined &&
  !kind.commands.isFact(command) &&
  !isInternal(sender) &&
  partition.atMs > brokerMs + command.deadlineMs
    ? { _tag: "TooLate" }
    : undefined

/** A fact can't be refused, and what is beyond these bounds isn't believed on its sender's word alone: a person looks at it, and replays or drops it. */
const checkBounds = (checked: Checked): JournaledDecision | undefined => {
  const { kind, command, actsFor, bulk, actor } = checked
  const cause = kind.commands.beyondBounds(command, actsFor, bulk, actor?.state)
  return cause === undefined ? undefined : quarantineAs(checked, cause)
}

const checks: Readonly<Record<Check, (checked: Checked) => JournaledDecision | undefined>> = {
  lookup: (checked) => lookUp(checked) ?? lookUpSecond(checked),
  floor: checkFloor,
  deadline: checkDeadline,
  bounds: checkBounds,
}

/**
 * Quarantine has a bound of its own. Facts of a sender that comes near theirs are throttled at the doors (memory-tending.ts): what is stored by then still finds room. Beyond it, where the stream held more of them
 * than that or where a command made the code throw, which nobody can know before it is decided, the sender is told that it was not taken; nothing is remembered, and the same bytes may be sent again.
 */
const quarantineAs = ({ partition, kind, command, sender, place }: Checked, cause: string): JournaledDecision => {
  assert(place >= 0, "INV-7 a place in a record names what is in quarantine")
  const known = quarantinedAs(partition, { kind }, sender, command)
  if (known !== undefined) return { _tag: "Quarantined", cause, quarantined: known }
  const { quarantined, quarantinedPerSender, factsKept, factsKeptPerSender } = partition.memoryBounds
  const [most, mostOfSender] = kind.commands.isFact(command) ? [factsKept, factsKeptPerSender] : [quarantined, quarantinedPerSender]
  if (partition.quarantine.size >= most) return refused("LimitReached", "quarantine")
  if ((partition.quarantinedBy.get(sender) ?? 0) >= mostOfSender) return refused("LimitReached", "quarantine")
  return { _tag: "Quarantined", cause, quarantined: `${partition.confirmedSeq + 1}-${place}` }
}

/** Asks the actor itself. `actsFor`: whom it sees as the sender. */
const decideActor = (
  partition: Partition,
  kind: ActorKind,
  actor: Actor | undefined,
  command: KindTypes["command"],
  sender: SenderId,
  actsFor: SenderId,
): JournaledDecision | Later => {
  if (actor === undefined && partition.actorList.length >= kind.actorsMax) return refused("LimitReached", kind.actorsField)
  const endOf: PartEndOf = (owner, id) => endedPart(partition, kind.parts, kind.commands.keyOf(command), owner, id)
  return kind.decide(actor?.state, command, actsFor, partition.atMs, endOf, isInternal(sender))
}

/** Another command of what it is about is not answered yet. */
interface Later {
  readonly _tag: "Later"
}

/** Nothing is decided: its sender may come back. */
interface Undecided {
  readonly _tag: "Undecided"
  readonly why: BusyWhy
}
const undecided = (why: BusyWhy): Undecided => ({ _tag: "Undecided", why })

const decideOrQuarantine = (checked: Checked, actor: Actor | undefined, command: KindTypes["command"]): JournaledDecision | Later => {
  try {
    return decideActor(checked.partition, checked.kind, actor, command, checked.sender, checked.actsFor)
  } catch (cause) {
    return quarantineAs(checked, cause instanceof Error ? `${cause.name}: ${cause.message}`.slice(0, 512) : "threw what is no error")
  }
}

/**
 * Asks the actor if there is room for what it may send to others. A message of several commands, or one that is stored, can't be told to come back: it is decided whatever room there is, and what would be said later of
 * a command in it is refused.
 */
const decideIfRoom = (checked: Checked, arrived: ArrivedMessage): JournaledDecision | Undecided => {
  const { partition, kind, command, actor } = checked
  const most = kind.carrying === null ? 0 : kind.carrying.mayCarry(command, actor?.state)
  if (mayWait(arrived) && !hasRoomToCarry(partition, most)) return undecided("queue")
  const decision = decideOrQuarantine(checked, actor, command)
  if (decision._tag === "Begun")
    assert(
      carriedCount(kind, kind.commands.keyOf(command), decision.events) <= most,
      "INV-17 a command carries no more than there was room for",
    )
  if (decision._tag === "Later") return mayWait(arrived) ? undecided("order") : refused("TooManyCommands")
  if (decision._tag === "Begun" && !mayWait(arrived)) return refused("TooManyCommands")
  return arrived.carriage !== null && isProvisional(partition, decision) ? undecided("queue") : decision
}

/** Whether a message as such can be told to come back, or be answered later: it holds one command, and isn't stored. */
const mayWait = ({ seq, body }: ArrivedMessage): boolean => seq === null && body._tag === "Commands" && body.commands.length === 1

/** Whether a decision says nothing to an actor of ours that its asking again wouldn't: it lies in quarantine already, or there was no room there. */
const isProvisional = ({ quarantine }: Partition, decision: JournaledDecision): boolean =>
  decision._tag === "Quarantined" ? quarantine.has(decision.quarantined) : decision._tag === "Refused" && isForWantOfRoom(decision.refusal)

/** What settling a quarantined command came to: its final decision, or a refusal of the operator's command. */
export type Settlement =
  | { readonly _tag: "Settled"; readonly quarantined: QuarantinedCommand; readonly decision: JournaledDecision }
  | { readonly _tag: "Refused"; readonly refusal: Refusal }

/** Decides a quarantined command for good. Floor and bounds don't count any more: an operator has looked. */
export const settle = (
  partition: Partition,
  given: EngineContext,
  arrived: Pick<ArrivedMessage, "read">,
  operator: KindOperatorCommand,
): Settlement => {
  const { kind } = given
  const { keyOf } = kind.commands
  const quarantined = partition.quarantine.get(operator.quarantined)
  if (quarantined === undefined || !operator.isAbout(quarantined.command))
    return { _tag: "Refused", refusal: { reason: "NotQuarantined", field: "quarantined" } }
  const original = quarantined.command
  const hash = given.codec.contentHash(original)
  const { sender } = quarantined
  // A retry may have been decided meanwhile, by a release that can: that decision stands, whatever the operator wants, and however long ago it was forgotten.
  const { codec } = given
  const before =
    (quarantined.decided === undefined ? undefined : sameAs(quarantined.decided, { hash, codec })) ??
    lookUp({ partition, kind, codec, command: original, hash, sender, arrived }) ??
    lookUpSecond({ partition, kind, command: original, arrived })
  if (before !== undefined) return { _tag: "Settled", quarantined, decision: before }
  const { dropReason } = operator
  if (dropReason !== null) return { _tag: "Settled", quarantined, decision: { _tag: "Dropped", reason: dropReason } }
  assert(kind.commands.operatorOf(original) === undefined, "operator commands are never quarantined")
  const still: Settlement = { _tag: "Refused", refusal: { reason: "StillUndecidable", field: "quarantined" } }
  const actor = partition.actors.get(keyOf(original))
  if (kind.carrying !== null && !hasRoomToCarry(partition, kind.carrying.mayCarry(original, actor?.state))) return still
  try {
    const decision = decideActor(partition, kind, actor, original, sender, quarantined.onBehalf ?? sender)
    return decision._tag === "Later" ? still : { _tag: "Settled", quarantined, decision }
  } catch {
    return still
  }
}

/** Why a message as such is refused, or undefined. A message that isn't for this partition can only come from a changed topology. */
export const refuseMessage = ({ kind }: EngineContext, arrived: ArrivedMessage): Refusal | undefined => {
  if (arrived.body._tag === "Undecodable") return arrived.body.refusal
  if (!arrived.home) return { reason: "WrongPartition", field: "subject" }
  // What can't be decoded may have meant the subject's actor: it is refused for itself.
  for (const decoded of arrived.body.commands)
    if (decoded._tag === "Invalid" || kind.commands.keyOf(decoded.command) === arrived.key) return undefined
  return { reason: "SubjectMismatch", field: kind.keyField }
}

/** Decides a decoded command of a message, `place` being its place in the record; `actor` is its own, if it is known. Operator commands are only checked here: see {@link settle}. */
export const decideCommand = (
  partition: Partition,
  given: EngineContext,
  arrived: ArrivedMessage,
  command: KindTypes["command"],
  hash: number,
  actor: Actor | undefined,
  place: number,
): JournaledDecision | Undecided | { readonly _tag: "Operator"; readonly operator: KindOperatorCommand } => {
  assert(partition.inFlight === null, "INV-3 nothing is decided on what is not confirmed")
  const { kind } = given
  const key = kind.commands.keyOf(command)
  if (key !== arrived.key && partitionOf(key, partition.partitions) !== partition.id) return refused("WrongPartition", kind.keyField)
  if (kind.commands.classOf(command) !== arrived.class) return refused("WrongClass", "type")
  const checked: Checked = {
    partition,
    kind,
    codec: given.codec,
    command,
    hash,
    sender: arrived.sender,
    actsFor: arrived.carriage === null ? arrived.sender : arrived.carriage.onBehalf,
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
  const operator = kind.commands.operatorOf(command)
  if (operator !== undefined) return { _tag: "Operator", operator }
  return decideIfRoom(checked, arrived)
}
