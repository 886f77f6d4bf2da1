/** Records with a traced message, as they are journaled but for what of them is not looked at, and a meter that one is told to. */
import type { SenderId } from "../../src/domain/names.ts"
import type { BatchStats } from "../../src/engine/protocol.ts"
import type { Entry, JournalRecord } from "../../src/engine/records.ts"
import type { Meter } from "../../src/ports/meter.ts"
import { listeningMeter } from "../runtime/workers.ts"

export const traceId = "0af7651916cd43dd8448eb211c80319c"
export const senderSpan = "b7ad6b7169203331"
export const sampledTrace = `00-${traceId}-${senderSpan}-01`

export const batchStats: BatchStats = {
  messages: 1,
  commands: 1,
  expiries: 0,
  bytes: 1,
  accepted: 1,
  repeated: 0,
  expired: 0,
  quarantined: 0,
  refused: {},
  appendMs: 4,
}

export const recordOf = (...entries: ReadonlyArray<Entry>): JournalRecord => ({
  version: 3,
  kind: "batch",
  partition: 0,
  incarnation: "i",
  owner: "o",
  epoch: 5,
  cursor: { stream: "stored", seq: 0, digest: "" },
  atMs: 1_000,
  prevSeq: 6,
  prevHash: "h",
  publishedSeq: 6,
  entries,
})

export const accepted = { _tag: "Accepted", events: [] }

export const messageOf = (command: object, decision: object, more: object = {}): Entry => {
  const decided = [{ command, named: null, decision }]
  const message = { _tag: "Message", seq: null, sender: "web" as SenderId, class: "sell", bulk: false, brokerMs: 980, reply: "r" }
  return { ...message, array: false, ...more, decided } as Entry
}

/** A reservation of A, decided. */
export const reserved = (trace: string | null, more: object = {}): Entry =>
  messageOf({ type: "Reserve", id: "c1", sku: "A", issuedAtMs: 1 }, accepted, { ...(trace === null ? {} : { trace }), ...more })

/** A meter, and how it, or what stands before it, is told of one such reservation. */
export const reservationTold = () => {
  const reported = { batches: [], logged: [], takeovers: 0, steppedDown: [], reignsEnded: [], alarms: [] }
  const tellTo = (meter: Meter["Service"], trace: string | null): void =>
    meter.batchConfirmed(0, batchStats, 7, recordOf(reserved(trace)), 1_000)
  return { meter: listeningMeter(reported), reported, tellTo }
}
