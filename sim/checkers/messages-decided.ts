/**
 * INV-7, oracles A4 and L1 for messages: every message that the commands stream stored and did not lose is decided, as that very message, once the
 * cursor is past it.
 *
 * Senders that ask until they are answered hide a skipped message: its command is decided when it comes again. Here each message counts for
 * itself, named by its sequence and the time it was stored, for a stream that lost its tail uses sequences again.
 */
import { checkingCodec } from "../substitutes/shared-codec.ts"
import { worldStartMs } from "../world/world.ts"
import type { MakeChecker } from "./checker.ts"

interface Stored {
  readonly partition: number
  readonly seq: number
  readonly brokerMs: number
  readonly subject: string
}

/** One number for a message: its sequence, and when it was stored, counted from the world's beginning. */
const nameOf = ({ seq, brokerMs }: { readonly seq: number; readonly brokerMs: number }): number => seq * 2 ** 31 + (brokerMs - worldStartMs)

export const messagesDecided: MakeChecker = ({ cluster, found, checked }) => {
  const { server } = cluster
  /** What the stream holds or has purged, by sequence. */
  const stored: Array<Stored | undefined> = []
  server.listeners.push({
    recordStored: () => undefined,
    feedStored: () => undefined,
    haltChanged: () => undefined,
    commandStored: (partition, { seq, brokerMs, subject }) => {
      // A sequence that comes again: the tail from there on was lost.
      stored.length = seq
      stored[seq] = { partition, seq, brokerMs, subject }
    },
  })

  /** Messages that a journal's records decided, and how far its cursor has come. */
  const decidedIn = (partition: number): { readonly decided: ReadonlySet<number>; readonly cursorSeq: number } => {
    const decided = new Set<number>()
    let cursorSeq = 0
    for (const { bytes } of server.records(partition, 1, Number.MAX_SAFE_INTEGER, Number.MAX_SAFE_INTEGER)) {
      const read = checkingCodec.decodeRecord(bytes)
      if (read._tag === "Unreadable") continue
      cursorSeq = read.record.cursor.seq
      for (const entry of read.record.entries)
        if (entry._tag === "Message" && entry.seq !== null) decided.add(nameOf({ seq: entry.seq, brokerMs: entry.brokerMs }))
    }
    return { decided, cursorSeq }
  }

  return {
    name: "messages-decided",
    finish: ({ lossy }) => {
      const journals = server.journals.map((_, partition) => decidedIn(partition))
      const { lastSeq } = server.commands
      for (const message of stored) {
        if (message === undefined || message.seq > lastSeq || lossy.has(message.partition)) continue
        const journal = journals[message.partition]
        if (journal === undefined || message.seq > journal.cursorSeq) continue
        checked()
        if (journal.decided.has(nameOf(message))) continue
        const detail = `message ${message.seq} (${message.subject}) was stored at ${message.brokerMs} and never decided; the cursor stands at ${journal.cursorSeq}`
        found({ class: "safety", signature: "a stored message was passed over", detail, partition: message.partition })
      }
    },
  }
}
