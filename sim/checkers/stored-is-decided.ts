/**
 * INV-10 and INV-7: `stored` is a promise. That very message is decided in the end, unless the stream lost it. Then the journal or an alarm says so, as soon as the partition
 * hears of that ingress again.
 */
import type { Kind } from "../../src/domain/kinds.ts"
import type { Cluster } from "../cluster.ts"
import { attemptName, attemptTaken, decidedAttempts, decidedOrderAttempts, takenIn } from "./attempts.ts"
import { codecOfJournal } from "./both-journals.ts"
import { type Checker, hearOfBoth, type MakeChecker } from "./checker.ts"

/** What an ingress stored for the partition of a journal. */
interface Batch {
  readonly ingress: string
  readonly serial: number
  readonly partition: number
}

const batchName = ({ ingress, serial, partition }: Batch): string => `${ingress} ${serial} ${partition}`

/** Whether a partition's journal says that something of the ingress, up to this serial, is missing; "unheard" if nothing of it came since. */
const wordOf = (cluster: Cluster, { ingress, serial, partition }: Batch): "said" | "unsaid" | "unheard" => {
  const codec = codecOfJournal(cluster, partition)
  let heard = false
  for (const { bytes } of cluster.server.records(partition, 1, Number.MAX_SAFE_INTEGER, Number.MAX_SAFE_INTEGER)) {
    const read = codec.decodeRecord(bytes)
    if (read._tag !== "Record") continue
    for (const entry of read.record.entries) {
      if (entry._tag === "Reset") return "said"
      if (entry._tag !== "Stored" || entry.ingress !== ingress || entry.serial <= serial) continue
      if (entry.missing > 0) return "said"
      heard = true
    }
  }
  return heard ? "unsaid" : "unheard"
}

/** Notes partitions that say themselves, by an alarm or a halt, that something stored for them is lost. */
const alarmsIn = (alarmed: Set<number>): Pick<Required<Checker>, "alarmed" | "halted"> => ({
  alarmed: ({ id }, kind) => {
    if (kind === "CommandsLostTail") alarmed.add(id)
  },
  halted: ({ id }, { reason }) => {
    if (reason === "CommandsTrimmed") alarmed.add(id)
  },
})

export const storedIsDecided: MakeChecker = ({ cluster, found, checked, excused }) => {
  const { server, drawn, orderAudience } = cluster
  const batchOf = new Map<string, Batch>()
  const told = new Map<string, Batch>()
  /** What each stream holds or has purged, by sequence. */
  const held: Readonly<Record<Kind, Array<string | undefined>>> = { sku: [], order: [] }
  /** All that it ever held. */
  const stored = new Set<string>()
  const alarmed = new Set<number>()
  server.listeners.push({
    recordStored: () => undefined,
    feedStored: () => undefined,
    haltChanged: () => undefined,
    commandStored: (partition, { seq, body }) => {
      const decoded = codecOfJournal(cluster, partition).decodeBatch(body)
      const ofKind = held[partition < drawn.partitions ? "sku" : "order"]
      ofKind.length = seq
      if (decoded._tag !== "Batch") return
      const name = batchName({ ...decoded.batch, partition })
      ofKind[seq] = name
      stored.add(name)
    },
  })

  const alarms = alarmsIn(alarmed)
  hearOfBoth(orderAudience, alarms)

  return {
    name: "stored-is-decided",
    storing: (ingress, partition, bytes) => {
      const decoded = codecOfJournal(cluster, partition).decodeBatch(bytes)
      if (decoded._tag !== "Batch") return
      const batch = { ingress: ingress.name, serial: decoded.batch.serial, partition }
      for (const message of takenIn(cluster, partition, bytes)) batchOf.set(attemptTaken(message) ?? "", batch)
    },
    doorSaid: (_by, sender, suffix, { answer }) => {
      const attempt = attemptName(sender, suffix)
      const batch = batchOf.get(attempt)
      if (answer !== "stored" || batch === undefined) return
      told.set(attempt, batch)
      if (stored.has(batchName(batch))) return
      const detail = `${attempt} was told that it is stored, and no message with it is in the stream`
      found({ class: "safety", signature: "said to be stored before it is", detail, partition: batch.partition })
    },
    ...alarms,
    finish: ({ lossy, converged }) => {
      if (!converged) return
      const decided = new Set<string>()
      decidedAttempts(cluster, lossy, (attempt) => decided.add(attempt))
      decidedOrderAttempts(cluster, lossy, (attempt) => decided.add(attempt))
      held.sku.length = server.commands.lastSeq + 1
      held.order.length = server.orderCommands.lastSeq + 1
      const isHeld = new Set([...held.sku.filter((_, seq) => !server.droppedCommands.has(seq)), ...held.order])
      for (const [attempt, batch] of told) {
        if (lossy.has(batch.partition)) continue
        checked()
        if (decided.has(attempt)) continue
        const { ingress, serial, partition } = batch
        const detail = `${attempt} was told that it is stored, as ${serial} of ${ingress} for partition ${partition}`
        if (isHeld.has(batchName(batch)))
          found({ class: "safety", signature: "stored and never decided", detail: `${detail}, and never decided`, partition })
        else if (!alarmed.has(partition) && wordOf(cluster, batch) === "unsaid")
          found({ class: "safety", signature: "stored, lost and unsaid", detail: `${detail}, is lost, and nobody says so`, partition })
        else excused("a stored message that its stream lost")
      }
    },
  }
}
