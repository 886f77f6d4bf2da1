/**
 * What senders hear of a decision. Derived from the journaled entry alone, so that whoever reads the record says the same.
 */
import type { ActorKind, KindTypes } from "./kind.ts"
import type {
  AnsweredEntry,
  DecidedCommand,
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

/** What is said about one decided command; null: nothing yet. */
const sayingOf = (kind: ActorKind, { command, named, decision }: DecidedCommand): KindTypes["said"] | null => {
  const id = command?.id ?? named?.id ?? null
  const key = command === null ? (named?.key ?? null) : kind.commands.keyOf(command)
  const outcome = outcomeOf(kind, decision)
  return outcome === null ? null : kind.saidOf(id, key, decision._tag === "Repeated", outcome, command)
}

/** What a record says of itself in its replies. */
interface Saying {
  readonly partition: number
  readonly epoch: number
  readonly seq: number
}

/** The reply to a message's sender, or undefined if it asked for none, or is told later: what is answered later stands alone in its message. */
const replyTo = (kind: ActorKind, entry: MessageEntry | SettledEntry, { partition, epoch, seq }: Saying): Reply | undefined => {
  if (entry.reply === null) return undefined
  const decisions: Array<KindTypes["said"]> = []
  for (const decided of entry._tag === "Message" ? entry.decided : [entry.decided]) {
    const said = sayingOf(kind, decided)
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

/** All replies that a record at `seq` calls for: what is said again at a takeover. */
export const repliesOf = (kind: ActorKind, { partition, epoch, entries }: JournalRecord, seq: number): ReadonlyArray<Reply> => {
  const replies: Array<Reply> = []
  const saying = { partition, epoch, seq }
  for (const entry of entries) {
    if (entry._tag === "Answered") replies.push(...repliesToAll(kind, entry, saying))
    if (entry._tag !== "Message" && entry._tag !== "Settled") continue
    const reply = replyTo(kind, entry, saying)
    if (reply !== undefined) replies.push(reply)
  }
  return replies
}
