/**
 * What senders hear of a decision. Derived from the journaled entry alone, so that whoever reads the record says the same.
 */
import { unreachable } from "../assert.ts"
import type { ActorKind, KindTypes } from "./kind.ts"
import type {
  AnsweredEntry,
  DecidedCommand,
  Entry,
  JournaledDecision,
  JournalRecord,
  MessageEntry,
  RememberedDecision,
  Reply,
  SettledEntry,
} from "./records.ts"

const expired: RememberedDecision = Object.freeze({ outcome: "expired" })

/** The outcome that an entry's decision means for its sender; null: it is answered by a later event. */
export const outcomeOf = (kind: ActorKind, decision: JournaledDecision): RememberedDecision | null => {
  switch (decision._tag) {
    case "Accepted":
      return kind.outcomeOf(decision.events)
    case "Refused":
      return { outcome: "refused", ...decision.refusal }
    case "TooLate":
      return expired
    case "Quarantined":
      return { outcome: "quarantined", quarantined: decision.quarantined }
    case "Repeated":
      return decision.outcome
    case "Dropped":
      return { outcome: "dropped", reason: decision.reason }
    case "Begun":
    case "Pending":
      return null
  }
}

/** Places that an entry takes in its record: what is remembered of a decision says where it stands. */
export const placesIn = (entry: Entry): number => (entry._tag === "Answered" ? 1 : commandsOf(entry).length)

/** The decided commands of an entry, in order. */
export const commandsOf = <K extends KindTypes>(entry: Entry<K>): ReadonlyArray<DecidedCommand<K>> => {
  switch (entry._tag) {
    case "Message":
      return entry.decided
    case "Settled":
      return [entry.decided]
    case "Stored":
    case "Skipped":
    case "Expiry":
    case "Floor":
    case "Reset":
    case "Resumed":
    case "Covered":
    case "Returned":
    case "Answered":
      return noCommands
    default:
      return unreachable(entry)
  }
}
const noCommands: ReadonlyArray<never> = []

/** What is said about one decided command; null: nothing yet. `known`: what it comes to, where that was worked out before. */
const sayingOf = (
  kind: ActorKind,
  { command, named, decision }: DecidedCommand,
  known: RememberedDecision | null | undefined,
): KindTypes["said"] | null => {
  const id = command?.id ?? named?.id ?? null
  const key = command === null ? (named?.key ?? null) : kind.commands.keyOf(command)
  const outcome = known === undefined ? outcomeOf(kind, decision) : known
  return outcome === null ? null : kind.saidOf(id, key, decision._tag === "Repeated", outcome, command)
}

/** What a record says of itself in its replies. */
interface Saying {
  readonly partition: number
  readonly epoch: number
  readonly seq: number
}

/** The reply to a message's sender, or undefined if it asked for none, or is told later: what is answered later stands alone in its message. */
const replyTo = (
  kind: ActorKind,
  entry: MessageEntry | SettledEntry,
  { partition, epoch, seq }: Saying,
  outcomes: Outcomes,
  place: number,
): Reply | undefined => {
  if (entry.reply === null) return undefined
  const decisions: Array<KindTypes["said"]> = []
  for (const decided of entry._tag === "Message" ? entry.decided : [entry.decided]) {
    const said = sayingOf(kind, decided, outcomes[place + decisions.length])
    if (said === null) return undefined
    decisions.push(said)
  }
  const array = entry._tag === "Message" && entry.array
  return { sender: entry.sender, suffix: entry.reply, partition, seq, epoch, array, decisions }
}

/** The replies to all that asked for what is answered now. */
const repliesToAll = (kind: ActorKind, entry: AnsweredEntry, { partition, epoch, seq }: Saying): ReadonlyArray<Reply> => {
  const { sender, id, key, outcome } = entry
  const decisions = [kind.saidOf(id, key, false, outcome, null)]
  return entry.replies.map((suffix) => ({ sender, suffix, partition, seq, epoch, array: false, decisions }))
}

/** What decided commands of a record come to, by their place in it, as far as whoever decided them still knows. */
type Outcomes = ReadonlyArray<RememberedDecision | null>

/**
 * All replies that a record at `seq` calls for: what is said again at a takeover, and what is said at first, by whoever decided it and knows what it comes to.
 */
export const repliesOf = (
  kind: ActorKind,
  { partition, epoch, entries }: JournalRecord,
  seq: number,
  outcomes: Outcomes = [],
): ReadonlyArray<Reply> => {
  const replies: Array<Reply> = []
  const saying = { partition, epoch, seq }
  let place = 0
  for (const entry of entries) {
    if (entry._tag === "Answered") replies.push(...repliesToAll(kind, entry, saying))
    if (entry._tag === "Message" || entry._tag === "Settled") {
      const reply = replyTo(kind, entry, saying, outcomes, place)
      if (reply !== undefined) replies.push(reply)
    }
    place += placesIn(entry)
  }
  return replies
}
