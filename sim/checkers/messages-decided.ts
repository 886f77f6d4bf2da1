/**
 * INV-7, message by message: every message that the commands stream stored and did not lose is decided, as that very message, once the
 * cursor is past it.
 *
 * Senders retry until they are answered, and so hide a skipped message: its command is decided when it comes again. Here each message counts by itself. It is named by its
 * sequence and the time it was stored, because a stream that lost its tail uses sequences again.
 *
 * Messages that the stream dropped must be named by the journal: in the range of a reset for which the partition halted, or between a reset and the next message taken, with an
 * alarm. Only where nothing was ever taken before them does nothing name them. An alarm without a journaled reset is not enough, because it dies with its owner; serials are not
 * enough, because their ingress may never be heard of again.
 */
import type { Kind } from "../../src/domain/kinds.ts"
import type { CommandMessage, EngineCodec } from "../../src/engine/protocol.ts"
import type { Dropped } from "../../src/engine/records.ts"
import type { Cluster } from "../cluster.ts"
import { codecOfJournal } from "./both-journals.ts"
import { type Checker, hearOfBoth, type MakeChecker } from "./checker.ts"

interface Stored {
  readonly partition: number
  readonly seq: number
  readonly brokerMs: number
  readonly subject: string
  /** What the record that decides it has to say of it. */
  readonly name: string
}

/** A message by its sequence and what its ingress calls it. What nobody can read is passed over by its sequence. */
const batchName = (seq: number, ingress: string, serial: number): string => `${seq} is ${serial} of ${ingress}`
const skippedName = (seq: number): string => `${seq} skipped`

const nameOf = ({ decodeBatch }: EngineCodec, { seq, body }: CommandMessage): string => {
  const decoded = decodeBatch(body)
  return decoded._tag === "Batch" ? batchName(seq, decoded.batch.ingress, decoded.batch.serial) : skippedName(seq)
}

/** What a journal says of a stream: what was decided, how far its cursor has come, and the first that was taken. */
interface Journaled {
  readonly decided: ReadonlySet<string>
  readonly cursorSeq: number
  readonly firstSeq: number
}

/** Whose commands the partition of that journal decides. */
const kindOf = ({ drawn }: Cluster, id: number): Kind => (id < drawn.partitions ? "sku" : "order")

/** What the stream of each kind holds or has purged, by sequence. */
const streamsSeen = (cluster: Cluster): Readonly<Record<Kind, ReadonlyArray<Stored | undefined>>> => {
  const streams: Readonly<Record<Kind, Array<Stored | undefined>>> = { sku: [], order: [] }
  cluster.server.listeners.push({
    recordStored: () => undefined,
    feedStored: () => undefined,
    haltChanged: () => undefined,
    commandStored: (partition, message) => {
      const { seq, brokerMs, subject } = message
      const seen = streams[kindOf(cluster, partition)]
      // A sequence that comes again: the tail from there on was lost.
      seen.length = seq
      seen[seq] = { partition, seq, brokerMs, subject, name: nameOf(codecOfJournal(cluster, partition), message) }
    },
  })
  return streams
}

/** Sequences that were named as dropped, by partition: by a reset in its journal, or by an alarm that told what went between a reset and the next message that was taken. */
const namedRanges = () => {
  const named: Array<Dropped & { readonly partition: number }> = []
  const name = (partition: number, { firstSeq, lastSeq }: Dropped): void => {
    named.push({ partition, firstSeq, lastSeq })
  }
  const isNamed = (partition: number, seq: number): boolean =>
    named.some((range) => range.partition === partition && range.firstSeq <= seq && seq <= range.lastSeq)
  return { name, isNamed }
}

/** The range that an alarm names of what was dropped since a reset, if it is one. */
const droppedSince = (detail: string): Dropped | null => {
  const [, from, to] = /stored from (\d+) to (\d+) may have been dropped undecided too/.exec(detail) ?? []
  return from === undefined ? null : { firstSeq: Number(from), lastSeq: Number(to) }
}

type Name = ReturnType<typeof namedRanges>["name"]

/** Messages that a journal's records decided, and how far its cursor has come. */
const decidedIn = (cluster: Cluster, partition: number, name: Name): Journaled => {
  const codec = codecOfJournal(cluster, partition)
  const decided = new Set<string>()
  let cursorSeq = 0
  let firstSeq = Number.MAX_SAFE_INTEGER
  for (const { bytes } of cluster.server.records(partition, 1, Number.MAX_SAFE_INTEGER, Number.MAX_SAFE_INTEGER)) {
    const read = codec.decodeRecord(bytes)
    if (read._tag !== "Record") continue
    cursorSeq = read.record.cursor.seq
    for (const entry of read.record.entries) {
      if (entry._tag === "Reset" && entry.dropped !== null) name(partition, entry.dropped)
      if (entry._tag === "Stored") firstSeq = Math.min(firstSeq, entry.seq)
      if (entry._tag === "Stored") decided.add(batchName(entry.seq, entry.ingress, entry.serial))
      if (entry._tag === "Skipped") decided.add(skippedName(entry.seq))
    }
  }
  return { decided, cursorSeq, firstSeq }
}

/** Notes what partitions say themselves of what their stream dropped: by a halt, and by an alarm that names it. */
const toldIn = (halted: Set<number>, name: Name): Pick<Required<Checker>, "alarmed" | "halted"> => ({
  halted: ({ id }, { reason }) => {
    if (reason === "CommandsTrimmed") halted.add(id)
  },
  alarmed: ({ id }, kind, detail) => {
    const since = kind === "CommandsLostTail" ? droppedSince(detail) : null
    if (since !== null) name(id, since)
  },
})

export const messagesDecided: MakeChecker = ({ cluster, found, checked, excused }) => {
  const { server } = cluster
  const streams = streamsSeen(cluster)
  const { name, isNamed } = namedRanges()
  /** Partitions with a reset that names what was dropped, and those that somebody halted for it. */
  const resets = new Set<number>()
  const halted = new Set<number>()
  const nameReset = (partition: number, dropped: Dropped): void => {
    if (dropped.firstSeq <= dropped.lastSeq) resets.add(partition)
    name(partition, dropped)
  }

  const judge = (kind: Kind, lossy: ReadonlySet<number>): void => {
    const journals = server.journals.map((_, id) => (kindOf(cluster, id) === kind ? decidedIn(cluster, id, nameReset) : undefined))
    const { lastSeq } = kind === "sku" ? server.commands : server.orderCommands
    for (const message of streams[kind]) {
      if (message === undefined || message.seq > lastSeq || lossy.has(message.partition)) continue
      const journal = journals[message.partition]
      if (journal === undefined || message.seq > journal.cursorSeq) continue
      checked()
      if (journal.decided.has(message.name)) continue
      if (kind === "sku" && server.droppedCommands.has(message.seq)) {
        // Where nothing was decided yet nothing shows it but a serial, if its ingress is heard of again; else the audit of all journals with the stream.
        if (isNamed(message.partition, message.seq) || message.seq < journal.firstSeq) {
          excused("a stored message that its stream dropped")
          continue
        }
        const detail = `message ${message.seq} (${message.subject}) was dropped undecided, and no reset of the journal names it`
        found({ class: "safety", signature: "dropped and unsaid", detail, partition: message.partition })
        continue
      }
      const detail = `message ${message.seq} (${message.subject}) was stored at ${message.brokerMs} and never decided; the cursor stands at ${journal.cursorSeq}`
      found({ class: "safety", signature: "a stored message was passed over", detail, partition: message.partition })
    }
  }

  const told = toldIn(halted, name)
  hearOfBoth(cluster.orderAudience, told)

  return {
    name: "messages-decided",
    ...told,
    finish: ({ lossy }) => {
      judge("sku", lossy)
      judge("order", lossy)
      for (const partition of resets) {
        if (lossy.has(partition) || halted.has(partition)) continue
        const detail = `a reset of partition ${partition} names what its stream dropped undecided, and nobody halted`
        found({ class: "safety", signature: "dropped and unsaid", detail, partition })
      }
    },
  }
}
