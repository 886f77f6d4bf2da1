/**
 * What waits for a person: how a command is put there, found by whoever asks again, and taken out.
 *
 * Nothing here decides. What is asked again while it waits may be decided by then, by a release that can: that decision is kept beside it, so that it stands when an operator settles it, however long ago it was.
 */
import { assert } from "../assert.ts"
import type { ActorKey, CommandId, SenderId } from "../domain/names.ts"
import type { DecisionPlace } from "./apply.ts"
import type { EngineContext } from "./given.ts"
import type { KindTypes } from "./kind.ts"
import { memoryKey } from "./memory.ts"
import type { DecidedMeanwhile, Partition, QuarantinedCommand } from "./partition.ts"
import type { JournaledDecision } from "./records.ts"

/** By what is found what waits of a sender under an id of an actor. */
const nameOf = (sender: SenderId, key: ActorKey, id: CommandId): string => `${sender} ${memoryKey(key, id)}`

/** A decision puts its command into quarantine. */
export const quarantine = (
  partition: Partition,
  given: EngineContext,
  standing: DecisionPlace,
  command: KindTypes["command"],
  decision: Extract<JournaledDecision, { _tag: "Quarantined" }>,
): void => {
  putInQuarantine(partition, given, {
    id: decision.quarantined,
    sender: standing.sender,
    class: standing.class,
    reply: standing.reply,
    command,
    cause: decision.cause,
    atMs: standing.atMs,
    ...(standing.onBehalf === null ? {} : { onBehalf: standing.onBehalf }),
  })
}

/** Puts a command into quarantine, unless it is there. */
export const putInQuarantine = (partition: Partition, { kind }: EngineContext, quarantined: QuarantinedCommand): void => {
  const { id, sender, command } = quarantined
  if (partition.quarantine.has(id)) return
  partition.quarantine.set(id, quarantined)
  partition.quarantinedKeys.set(nameOf(sender, kind.commands.keyOf(command), command.id), id)
  partition.quarantinedBy.set(sender, (partition.quarantinedBy.get(sender) ?? 0) + 1)
}

/** The place of a sender's command in quarantine, if it is there. */
export const quarantinedAs = (
  partition: Partition,
  { kind }: Pick<EngineContext, "kind">,
  sender: SenderId,
  command: KindTypes["command"],
): string | undefined =>
  partition.quarantinedKeys.size === 0 ? undefined : partition.quarantinedKeys.get(nameOf(sender, kind.commands.keyOf(command), command.id))

/** Takes a command out of quarantine: it has its final answer. */
export const settleQuarantined = (partition: Partition, { kind }: EngineContext, id: string): void => {
  const found = partition.quarantine.get(id)
  assert(found !== undefined || partition.recovery !== null, "INV-7 what is settled was in quarantine")
  if (found === undefined) return
  partition.quarantine.delete(id)
  partition.quarantinedKeys.delete(nameOf(found.sender, kind.commands.keyOf(found.command), found.command.id))
  const left = (partition.quarantinedBy.get(found.sender) ?? 0) - 1
  assert(left >= 0, "what is settled was counted")
  if (left === 0) partition.quarantinedBy.delete(found.sender)
  else partition.quarantinedBy.set(found.sender, left)
}

/**
 * What waits under this name was asked again and is decided. While a snapshot is brought forward it may hold what came to wait later: only a decision behind the record that put it there is its own.
 */
export const noteDecidedMeanwhile = (
  partition: Partition,
  { sender, seq }: Pick<DecisionPlace, "sender" | "seq">,
  key: ActorKey,
  id: CommandId,
  decided: DecidedMeanwhile,
): void => {
  if (partition.quarantinedKeys.size === 0) return
  const place = partition.quarantinedKeys.get(nameOf(sender, key, id))
  const waiting = place === undefined ? undefined : partition.quarantine.get(place)
  if (waiting === undefined || waiting.decided !== undefined || seq <= Number.parseInt(waiting.id, 10)) return
  partition.quarantine.set(waiting.id, { ...waiting, decided })
}
