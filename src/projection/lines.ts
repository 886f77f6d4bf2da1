/**
 * What a record says, as groups of lines of the ledger: a command with its decision and its events, or what happened without one. Pure, and of the record alone.
 */
import type { Kind } from "../domain/kinds.ts"
import type { CommandClass, EpochMs, SenderId } from "../domain/names.ts"
import type { KindTypes } from "../engine/kind.ts"
import type {
  AnsweredEntry,
  DecidedCommand,
  Entry,
  JournaledDecision,
  RememberedDecision,
  ReturnedEntry,
  SettledEntry,
} from "../engine/records.ts"
import type { LedgerCause, LedgerDecision } from "../ports/projection.ts"
import type { ProjectedKind } from "./kinds.ts"
import { type About, aboutNothing, commandName, madeBy, recordName, setAsideBy, storyOf } from "./story.ts"
import { keptJson } from "./text.ts"

/** Lines that have one cause: one for each event, or one where there is none. */
export interface LineGroup<K extends KindTypes = KindTypes> {
  readonly cause: LedgerCause
  readonly key: K["key"] | null
  readonly about: About
  readonly sender: SenderId | null
  readonly class: CommandClass | null
  readonly onBehalf: SenderId | null
  readonly isBulk: boolean
  readonly brokerMs: EpochMs | null
  readonly commandId: string | null
  readonly commandType: string | null
  /** As JSON text. */
  readonly command: string | null
  readonly decision: LedgerDecision | null
  readonly refusal: object | null
  readonly detail: object | null
  readonly events: ReadonlyArray<K["event"]>
  readonly correlationId: string
  readonly causationId: string
  /** Of a command that nobody could decide: its place in quarantine, and why. Of one that was settled: its place. */
  readonly quarantined: { readonly id: string; readonly cause: string } | null
  readonly settles: string | null
  /** Raises a sender's floor. */
  readonly floor: { readonly class: string; readonly floorMs: EpochMs } | null
}

/** Whose record it is. */
export interface Place {
  readonly kind: Kind
  readonly partition: number
  readonly seq: number
}

const noEvents: ReadonlyArray<never> = []

const nobodys = {
  sender: null,
  class: null,
  onBehalf: null,
  isBulk: false,
  brokerMs: null,
  commandId: null,
  commandType: null,
  command: null,
  decision: null,
  refusal: null,
  detail: null,
  quarantined: null,
  settles: null,
  floor: null,
} as const

const refusalIn = (outcome: RememberedDecision): object | null => {
  if (outcome.outcome !== "refused") return null
  const { outcome: _, ...refusal } = outcome
  return refusal
}

/** What a decision is called, why it is a no, what else it says, and its events. */
interface Decided<K extends KindTypes> {
  readonly decision: LedgerDecision
  readonly refusal: object | null
  readonly detail: object | null
  readonly events: ReadonlyArray<K["event"]>
}

const plain = (decision: LedgerDecision, detail: object | null = null) => ({ decision, refusal: null, detail, events: noEvents })

const decidedAs = <K extends KindTypes>(decision: JournaledDecision<K>): Decided<K> => {
  switch (decision._tag) {
    case "Accepted":
      return { decision: "accepted", refusal: null, detail: null, events: decision.events }
    case "Begun":
      return { decision: "begun", refusal: null, detail: null, events: decision.events }
    case "Refused":
      return { decision: "refused", refusal: decision.refusal, detail: null, events: noEvents }
    case "TooLate":
      return plain("expired")
    case "Quarantined":
      return plain("quarantined", { quarantined: decision.quarantined, cause: decision.cause })
    case "Repeated":
      return { ...plain("repeated", { first: decision.outcome }), refusal: refusalIn(decision.outcome) }
    case "Dropped":
      return plain("dropped", { reason: decision.reason })
    case "Pending":
      return plain("pending")
  }
}

/** Of what is about an actor and nothing of it. */
const aboutKey = <K extends KindTypes>({ word }: ProjectedKind<K>, key: K["key"] | null): About => ({
  ...aboutNothing,
  key,
  sku: word === "sku" ? key : null,
})

interface Sent {
  readonly cause: LedgerCause
  readonly sender: SenderId
  readonly class: CommandClass
  /** The channel that it was decided for; null: its sender. */
  readonly onBehalf: SenderId | null
  readonly isBulk: boolean
  readonly brokerMs: EpochMs | null
}

/** The group of one decided command. */
const commandGroup = <K extends KindTypes>(
  kind: ProjectedKind<K>,
  sent: Sent,
  { command, named, decision }: DecidedCommand<K>,
  causation: string | null,
): LineGroup<K> => {
  const { cause, sender, class: commandClass, onBehalf, isBulk, brokerMs } = sent
  const { decision: word, refusal, detail, events } = decidedAs(decision)
  const key = command === null ? (named?.key ?? null) : kind.kind.commands.keyOf(command)
  const commandId = command?.id ?? named?.id ?? null
  const about = command === null ? aboutKey(kind, key) : kind.aboutCommand(command, onBehalf ?? sender)
  const [first] = events
  const story = storyOf(about) ?? (key === null || first === undefined ? undefined : storyOf(kind.aboutEvent(key, first)))
  const id = commandId ?? ""
  return {
    ...nobodys,
    cause,
    key,
    about,
    sender,
    class: commandClass,
    onBehalf,
    isBulk,
    brokerMs,
    commandId,
    commandType: command?.type ?? null,
    command: command === null ? null : keptJson(kind.codec.commandText(command)),
    decision: word,
    refusal,
    detail,
    events,
    correlationId: story ?? commandName(sender, key, id),
    causationId: causation ?? madeBy(sender, key, id),
    quarantined: decision._tag === "Quarantined" ? { id: decision.quarantined, cause: decision.cause } : null,
  }
}

/** The group of what happened to an actor without a command. */
const happened = <K extends KindTypes>(
  kind: ProjectedKind<K>,
  cause: LedgerCause,
  key: K["key"],
  events: ReadonlyArray<K["event"]>,
  causationId: string,
  detail: object | null,
): LineGroup<K> => {
  const [first] = events
  const about = first === undefined ? aboutKey(kind, key) : kind.aboutEvent(key, first)
  const correlationId = storyOf(about) ?? causationId
  return { ...nobodys, cause, key, about, events, detail, correlationId, causationId }
}

const settledGroup = <K extends KindTypes>(kind: ProjectedKind<K>, entry: SettledEntry<K>, place: Place): LineGroup<K> => {
  const { sender, class: commandClass, quarantined, decided } = entry
  const sent = { cause: "settled", sender, class: commandClass, onBehalf: null, isBulk: false, brokerMs: null } as const
  const group = commandGroup(kind, sent, decided, setAsideBy(place.kind, place.partition, quarantined))
  return { ...group, settles: quarantined, detail: { ...group.detail, settles: quarantined } }
}

const returnedGroup = <K extends KindTypes>(kind: ProjectedKind<K>, entry: ReturnedEntry<K>): LineGroup<K> => {
  const { id, by, outcome, key, events } = entry
  const group = happened(kind, "returned", key, events, recordName(by.kind, by.partition, by.seq), { id, by, outcome })
  return { ...group, commandId: id }
}

const answeredGroup = <K extends KindTypes>(entry: AnsweredEntry<K>): LineGroup<K> => {
  const { sender, class: commandClass, key, id, issuedAtMs, outcome } = entry
  const name = commandName(sender, key, id)
  return {
    ...nobodys,
    cause: "answered",
    key,
    about: { ...aboutNothing, key, channel: sender, orderId: orderIn(outcome) },
    sender,
    class: commandClass,
    commandId: id,
    decision: outcome.outcome,
    refusal: refusalIn(outcome),
    detail: { issuedAtMs, outcome },
    events: noEvents,
    correlationId: storyOf({ ...aboutNothing, channel: sender, orderId: orderIn(outcome) }) ?? name,
    causationId: name,
  }
}

/** The order that an answer is about, where it says so. */
const orderIn = (outcome: RememberedDecision): string | null => {
  const order: unknown = Reflect.get(outcome, "order")
  return typeof order === "string" ? order : null
}

const partitions = <K extends KindTypes>(cause: LedgerCause, place: Place, detail: object): LineGroup<K> => {
  const name = recordName(place.kind, place.partition, place.seq)
  return { ...nobodys, cause, key: null, about: aboutNothing, events: noEvents, detail, correlationId: name, causationId: name }
}

/** The groups of an entry, in their order. */
export const groupsOf = <K extends KindTypes>(kind: ProjectedKind<K>, entry: Entry<K>, place: Place): ReadonlyArray<LineGroup<K>> => {
  switch (entry._tag) {
    case "Message": {
      const { sender, class: commandClass, onBehalf = null, bulk, brokerMs, decided } = entry
      const sent = { cause: "command", sender, class: commandClass, onBehalf, isBulk: bulk, brokerMs } as const
      return decided.map((one) => commandGroup(kind, sent, one, null))
    }
    case "Settled":
      return [settledGroup(kind, entry, place)]
    case "Expiry":
      return [happened<K>(kind, "expiry", entry.key, entry.events as ReadonlyArray<K["event"]>, "time", null)]
    case "Covered": {
      const made = recordName(place.kind, place.partition, place.seq)
      return [happened<K>(kind, "covered", entry.key, entry.events as ReadonlyArray<K["event"]>, made, null)]
    }
    case "Returned":
      return [returnedGroup(kind, entry)]
    case "Answered":
      return [answeredGroup(entry)]
    case "Floor": {
      const { sender, class: floorClass, floorMs } = entry
      const group = partitions<K>("floor", place, { class: floorClass, floorMs })
      return [{ ...group, sender, floor: { class: floorClass, floorMs } }]
    }
    case "Reset":
      return [partitions("reset", place, { from: entry.from, cause: entry.cause, dropped: entry.dropped })]
    case "Resumed": {
      const { _tag: _, ...resumed } = entry
      return [partitions("resumed", place, resumed)]
    }
    case "Stored":
      return entry.missing === 0 ? noEvents : [partitions("reading", place, { missing: entry.missing, ingress: entry.ingress })]
    case "Skipped":
      return [partitions("reading", place, { skipped: entry.seq, cause: entry.cause })]
  }
}
