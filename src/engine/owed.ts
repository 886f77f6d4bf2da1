/**
 * Commands that began something and are answered by a later event (INV-19): their id is bound to their content from the beginning, whoever asks again is told together with the others, and the answer is remembered
 * and repeated like any decision from then on.
 */
import { assert } from "../assert.ts"
import type { ActorKey, CommandId, EpochMs, SenderId } from "../domain/names.ts"
import { issuedAheadMsMax, owedRepliesMax } from "../limits.ts"
import type { DecisionPlace } from "./apply.ts"
import { addEntry, type RecordDraft } from "./draft.ts"
import type { EngineContext } from "./given.ts"
import type { KindTypes } from "./kind.ts"
import { memoryKey, noteRemembered, remember, rememberIfNew, senderMemory, stepOf } from "./memory.ts"
import type { OwedCommand, Partition } from "./partition.ts"
import { noteDecidedMeanwhile } from "./quarantine.ts"
import type { AnsweredEntry, JournaledDecision } from "./records.ts"

/** By what an owed answer is found. */
export const owedKey = (sender: SenderId, key: ActorKey, id: CommandId): string => `${sender} ${memoryKey(key, id)}`

/** The command whose answer is owed under an id of an actor, or undefined. Mostly none is. */
export const owedTo = (partition: Partition, sender: SenderId, key: ActorKey, id: CommandId): OwedCommand | undefined =>
  partition.owed.size === 0 ? undefined : partition.owed.get(owedKey(sender, key, id))

/** Who asked joins those who are told: the newest, each once, in the order in which they last asked. So it comes to the same if a part of them is heard again. */
const joined = (replies: ReadonlyArray<string>, reply: string | null): ReadonlyArray<string> =>
  reply === null ? replies : [...replies.filter((known) => known !== reply), reply].slice(-owedRepliesMax)

/** Notes that a command began, or was asked for again before its answer. */
export const noteOwed = (
  partition: Partition,
  { kind }: EngineContext,
  standing: DecisionPlace,
  command: KindTypes["command"],
  hash: number,
  decision: Extract<JournaledDecision, { readonly _tag: "Begun" | "Pending" }>,
): void => {
  const { commands } = kind
  const { sender, class: commandClass, reply, seq } = standing
  const { id, issuedAtMs } = command
  const key = commands.keyOf(command)
  const name = owedKey(sender, key, id)
  if (decision._tag === "Pending") {
    const owed = partition.owed.get(name)
    // A snapshot's slice may have been written after it was answered.
    assert(owed !== undefined || partition.recovery !== null, "INV-19 what is asked for again is owed")
    if (owed !== undefined) owed.replies = joined(owed.replies, reply)
    return
  }
  assert(!commands.isFact(command) && commands.floorClassOf(command) === commandClass, "what is answered later is asked for, and no fact")
  partition.owed.set(name, { sender, class: commandClass, key, id, hash, issuedAtMs, seq, replies: joined([], reply) })
}

/** Notes which owed answers some events of an actor give. They are given behind the entry that holds the events. */
export const noteAnswers = (
  { kind: { carrying } }: EngineContext,
  draft: RecordDraft,
  key: KindTypes["key"],
  events: ReadonlyArray<KindTypes["event"]>,
): void => {
  if (carrying === null) return
  for (const event of events) {
    const answer = carrying.answeredBy(event)
    if (answer !== undefined) draft.answers.push({ key, answer })
  }
}

/** Gives the answers that were noted. */
export const giveAnswers = (partition: Partition, given: EngineContext, draft: RecordDraft): void => {
  if (draft.answers.length === 0) return
  const { answers, seq, atMs } = draft
  draft.answers = []
  for (const { key, answer } of answers) {
    const owed = owedTo(partition, answer.sender, key, answer.id)
    assert(owed !== undefined, "INV-19 an answer is owed, and given once")
    const { sender, class: commandClass, id, hash, issuedAtMs, replies } = owed
    const entry: AnsweredEntry = {
      _tag: "Answered",
      sender,
      class: commandClass,
      key,
      id,
      hash,
      issuedAtMs,
      replies,
      outcome: answer.outcome,
    }
    applyAnswered(partition, given, entry, { seq, atMs, place: draft.places })
    addEntry(given, draft, entry)
    draft.places++
  }
}

/**
 * An answer is given: it is owed no longer, and remembered from now on. Counted from when it was given, as what is settled out of quarantine is: however long it took, whoever asks again within the horizon hears it.
 */
export const applyAnswered = (
  partition: Partition,
  { rules, kind }: EngineContext,
  { sender, class: floorClass, key: named, id, hash, issuedAtMs, outcome }: AnsweredEntry,
  { seq, atMs, place }: { readonly seq: number; readonly atMs: EpochMs; readonly place: number },
): void => {
  const wasOwed = partition.owed.delete(owedKey(sender, named, id))
  assert(wasOwed || partition.recovery !== null, "INV-19 an answer is owed, and given once")
  assert(place < 2 ** 16, "a place in a record fits a packed decision")
  if (outcome.outcome === "quarantined" || !rules.remembers(outcome.outcome)) return
  noteDecidedMeanwhile(partition, { sender, seq }, named, id, { hash, outcome })
  const memory = senderMemory(partition, sender)
  const step = stepOf(Math.min(Math.max(issuedAtMs, atMs), atMs + issuedAheadMsMax))
  const key = partition.actors.get(named)?.key ?? named
  const remembered = { id, key, hash, outcome, step, class: floorClass, seq, place, weight: kind.weightOf(outcome) }
  if (partition.recovery === null) remember(memory, remembered)
  else rememberIfNew(memory, remembered)
  noteRemembered(partition, memory, floorClass)
}
