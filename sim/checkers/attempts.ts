/**
 * Attempts at the door: each message that a sender publishes has a reply suffix of its own, so that what is said of it, stored and decided can be told to be about that very message.
 */
import type { TakenMessage } from "../../src/engine/protocol.ts"
import type { SkuMessageEntry } from "../../src/kinds/sku/types.ts"
import { replySuffixOf } from "../../src/wire/subjects.ts"
import type { Cluster } from "../cluster.ts"
import type { Published } from "../substitutes/channels.ts"
import { checkingCodec } from "../substitutes/shared-codec.ts"
import { codecOfJournal, ordersWritten } from "./both-journals.ts"

export const attemptName = (sender: string, suffix: string): string => `${sender} ${suffix}`

/** The attempt that a message is; null: it names no reply under its sender's own name. */
export const attemptOf = ({ sender, replySubject, replyHeader }: Published): string | null => {
  const suffix = replySuffixOf(sender, replySubject, replyHeader)
  return suffix === null ? null : attemptName(sender, suffix)
}

export const attemptTaken = ({ sender, reply }: Pick<TakenMessage, "sender" | "reply">): string | null =>
  reply === null ? null : attemptName(sender, reply)

/** Every attempt that was decided, with where and how, in the order of the journals. Those of partitions whose journal lost records are left out. */
export const decidedAttempts = (
  { server }: Cluster,
  lossy: ReadonlySet<number>,
  tell: (attempt: string, entry: SkuMessageEntry, place: { readonly partition: number; readonly seq: number }) => void,
): void => {
  for (let partition = 0; partition < server.options.partitions; partition++) {
    if (lossy.has(partition)) continue
    for (const { seq, bytes } of server.records(partition, 1, Number.MAX_SAFE_INTEGER, Number.MAX_SAFE_INTEGER)) {
      const read = checkingCodec.decodeRecord(bytes)
      if (read._tag !== "Record") continue
      for (const entry of read.record.entries)
        if (entry._tag === "Message" && entry.reply !== null) tell(attemptName(entry.sender, entry.reply), entry, { partition, seq })
    }
  }
}

/** The same of commands about orders: every attempt that an owner of theirs took. */
export const decidedOrderAttempts = (
  cluster: Cluster,
  lossy: ReadonlySet<number>,
  tell: (attempt: string, place: { readonly partition: number; readonly seq: number }) => void,
): void => {
  for (const { id, seq, record } of ordersWritten(cluster)) {
    if (lossy.has(id)) continue
    for (const entry of record.entries)
      if (entry._tag === "Message" && entry.reply !== null) tell(attemptName(entry.sender, entry.reply), { partition: id, seq })
  }
}

/** The messages in what an ingress stored for the partition of that journal; none if it can't be read. */
export const takenIn = (cluster: Cluster, id: number, bytes: Uint8Array): ReadonlyArray<TakenMessage> => {
  const decoded = codecOfJournal(cluster, id).decodeBatch(bytes)
  return decoded._tag === "Batch" ? decoded.batch.messages : []
}
