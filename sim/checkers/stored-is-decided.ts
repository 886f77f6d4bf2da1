/**
 * INV-10 and INV-7: `stored` is a promise. That very message is decided in the end, unless the stream lost it. Then the journal or an alarm says so, as soon as the partition
 * hears of that ingress again.
 */
import type { Cluster } from "../cluster.ts"
import { checkingCodec } from "../substitutes/shared-codec.ts"
import { attemptName, attemptTaken, decidedAttempts, takenIn } from "./attempts.ts"
import type { MakeChecker } from "./checker.ts"

interface Batch {
  readonly ingress: string
  readonly serial: number
  readonly partition: number
}

const batchName = ({ ingress, serial, partition }: Batch): string => `${ingress} ${serial} ${partition}`

/** Whether a partition's journal says that something of the ingress, up to this serial, is missing; "unheard" if nothing of it came since. */
const wordOf = ({ server }: Cluster, { ingress, serial, partition }: Batch): "said" | "unsaid" | "unheard" => {
  let heard = false
  for (const { bytes } of server.records(partition, 1, Number.MAX_SAFE_INTEGER, Number.MAX_SAFE_INTEGER)) {
    const read = checkingCodec.decodeRecord(bytes)
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

export const storedIsDecided: MakeChecker = ({ cluster, found, checked, excused }) => {
  const { server } = cluster
  const batchOf = new Map<string, Batch>()
  const told = new Map<string, Batch>()
  /** What the stream holds or has purged, by sequence. */
  const held: Array<string | undefined> = []
  /** All that it ever held. */
  const stored = new Set<string>()
  const alarmed = new Set<number>()
  server.listeners.push({
    recordStored: () => undefined,
    feedStored: () => undefined,
    haltChanged: () => undefined,
    commandStored: (partition, { seq, body }) => {
      const decoded = checkingCodec.decodeBatch(body)
      held.length = seq
      if (decoded._tag !== "Batch") return
      const name = batchName({ ...decoded.batch, partition })
      held[seq] = name
      stored.add(name)
    },
  })

  return {
    name: "stored-is-decided",
    storing: (ingress, partition, bytes) => {
      const decoded = checkingCodec.decodeBatch(bytes)
      if (decoded._tag !== "Batch") return
      const batch = { ingress: ingress.name, serial: decoded.batch.serial, partition }
      for (const message of takenIn(bytes)) batchOf.set(attemptTaken(message) ?? "", batch)
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
    alarmed: (slot, kind) => {
      if (kind === "CommandsLostTail") alarmed.add(slot.id)
    },
    halted: (slot, { reason }) => {
      if (reason === "CommandsTrimmed") alarmed.add(slot.id)
    },
    finish: ({ lossy, converged }) => {
      if (!converged) return
      const decided = new Set<string>()
      decidedAttempts(cluster, lossy, (attempt) => decided.add(attempt))
      held.length = server.commands.lastSeq + 1
      const isHeld = new Set(held.filter((_, seq) => !server.droppedCommands.has(seq)))
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
