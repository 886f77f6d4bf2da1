/**
 * The checkers that look at the journals of one kind as at those of any other, and a record as they see it.
 */
import type { KindTypes } from "../engine/kind.ts"
import type { EngineCodec } from "../engine/protocol.ts"
import type { DecidedCommand, MessageEntry, SettledEntry, StoredRecord } from "../engine/records.ts"
import { createChain } from "./chain.ts"
import { createCursor } from "./cursor.ts"
import { createEpochs } from "./epochs.ts"
import type { Findings } from "./findings.ts"
import { createFloors, isOurs } from "./floors.ts"
import type { Judged } from "./judged.ts"
import { createLosses } from "./losses.ts"
import { createOneEffect } from "./one-effect.ts"
import { createQuarantine } from "./quarantine.ts"
import type { QuarantineBounds } from "./quarantine-room.ts"
import { createReplies } from "./replies.ts"
import { type DecisionSeen, type RecordSeen, scopeOf } from "./seen.ts"
import { createTime } from "./time.ts"

/** How the records of a kind are read, and hashed: wire/ has both. */
export type RecordCodec<K extends KindTypes> = Pick<EngineCodec<K>, "decodeRecord" | "sha256">

interface SideOptions<K extends KindTypes> {
  readonly codec: RecordCodec<K>
  readonly recordsKept?: number | undefined
  readonly quarantine?: QuarantineBounds | undefined
}

/** The checkers of one kind's journals. */
export const createSide = <K extends KindTypes>(findings: Findings, kind: Judged<K>, options: SideOptions<K>) => {
  const { codec, recordsKept = 16, quarantine: room } = options
  const floors = createFloors()
  return {
    codec,
    kind,
    findings,
    floors,
    oneEffect: createOneEffect(findings, floors, kind),
    chain: createChain(findings, codec.sha256),
    epochs: createEpochs(findings),
    time: createTime(findings, kind),
    cursor: createCursor(findings),
    quarantine: createQuarantine(findings, kind, room),
    losses: createLosses(),
    replies: createReplies(findings, kind, recordsKept),
  }
}
/** The checkers of one kind's journals. */
export type Side<K extends KindTypes> = ReturnType<typeof createSide<K>>

/** A record put to these checkers, and handed back if it can be read. */
export const recordSeen = <K extends KindTypes>(side: Side<K>, partition: number, stored: StoredRecord): RecordSeen<K> | null => {
  const decoded = side.codec.decodeRecord(stored.bytes)
  const record = decoded._tag === "Record" ? decoded.record : null
  side.chain.record(partition, stored, record, decoded._tag === "Record" ? "" : decoded.cause)
  if (record === null) return null
  const seen: RecordSeen<K> = { partition, seq: stored.seq, messageId: stored.messageId, record }
  side.epochs.record(seen)
  side.time.record(seen)
  side.cursor.record(seen)
  side.losses.record(seen)
  side.quarantine.record(seen)
  return seen
}

/** One command of a message, or one settled from quarantine, as checkers see it; null where the body could not be decoded that far. */
export const decisionSeen = <K extends KindTypes>(
  { kind, findings }: Side<K>,
  { partition, seq, record }: RecordSeen<K>,
  entry: MessageEntry<K> | SettledEntry<K>,
  { command, named, decision }: DecidedCommand<K>,
): DecisionSeen<K> | null => {
  const key = command === null ? named?.key : kind.keyOf(command)
  const id = command?.id ?? named?.id
  if (command === null || key == null || id == null) {
    if (decision._tag !== "Refused") findings.violated("effects", { partition, seq }, `${decision._tag} without a command`)
    return null
  }
  const where = { partition, seq, ...kind.placeOf(command) }
  const onBehalf = "onBehalf" in entry ? entry.onBehalf : undefined
  if (entry._tag === "Message" && isOurs(entry.sender) !== (onBehalf !== undefined))
    findings.violated("carried", where, `${id} of ${entry.sender} is decided for ${onBehalf ?? "nobody else"}`)
  return {
    where,
    scope: scopeOf(entry.sender, key, id),
    atMs: record.atMs,
    sender: entry.sender,
    actor: onBehalf ?? entry.sender,
    class: entry.class,
    bulk: entry._tag === "Settled" || entry.bulk,
    command,
    decision,
    brokerMs: entry._tag === "Message" ? entry.brokerMs : null,
  }
}
