/**
 * What senders hear of a decision. Derived from the journaled entry alone, so that whoever reads the record says the same.
 */
import type { ActorKind, KindTypes } from "./kind.ts"
import type { DecidedCommand, JournaledDecision, JournalRecord, MessageEntry, RememberedDecision, Reply, SettledEntry } from "./records.ts"

const expired: RememberedDecision = Object.freeze({ outcome: "expired" })

/** What has begun has no outcome before it is answered: nobody is told this, and nothing of it is remembered. */
const unanswered: RememberedDecision = Object.freeze({ outcome: "quarantined", quarantined: "" })

/** The outcome that an entry's decision means for its sender. */
export const outcomeOf = (kind: ActorKind, decision: JournaledDecision): RememberedDecision => {
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
      return unanswered
  }
}

/** What is said about one decided command. */
const sayingOf = (kind: ActorKind, { command, named, decision }: DecidedCommand): KindTypes["said"] => {
  const id = command?.id ?? named?.id ?? null
  const key = command === null ? (named?.key ?? null) : kind.commands.keyOf(command)
  return kind.saidOf(id, key, decision._tag === "Repeated", outcomeOf(kind, decision))
}

/** The reply to a message's sender, or undefined if it asked for none. */
const replyTo = (
  entry: MessageEntry | SettledEntry,
  record: { readonly partition: number; readonly epoch: number },
  seq: number,
  decisions: ReadonlyArray<KindTypes["said"]>,
): Reply | undefined =>
  entry.reply === null
    ? undefined
    : {
        sender: entry.sender,
        suffix: entry.reply,
        partition: record.partition,
        seq,
        epoch: record.epoch,
        array: entry._tag === "Message" && entry.array,
        decisions,
      }

/** All replies that a record at `seq` calls for: what is said again at a takeover. */
export const repliesOf = (kind: ActorKind, record: JournalRecord, seq: number): ReadonlyArray<Reply> => {
  const replies: Array<Reply> = []
  for (const entry of record.entries) {
    if (entry._tag !== "Message" && entry._tag !== "Settled") continue
    const all = entry._tag === "Message" ? entry.decided : [entry.decided]
    const reply = replyTo(
      entry,
      record,
      seq,
      all.map((decided) => sayingOf(kind, decided)),
    )
    if (reply !== undefined) replies.push(reply)
  }
  return replies
}
