/**
 * The verdict on a shell-mode world: the auditor over all journals and everything heard, and whether the healed world came to rest as it must.
 */
import { type AuditReport, createAudit } from "../../src/audit/audit.ts"
import { partitionOf } from "../../src/domain/names.ts"
import { engineCodec } from "../../src/wire/codec.ts"
import { decodeAts } from "../../src/wire/feed.ts"
import { decodeReply } from "../../src/wire/replies.ts"
import { replySubject, storedOf } from "../../src/wire/subjects.ts"
import type { Failure, FailureClass } from "../result.ts"
import type { Correspondent } from "./buyers.ts"
import type { Servers } from "./servers.ts"
import type { WorkerNode } from "./worker.ts"

/** Replies that never were, told in detail. */
const unsaidMax = 4

/** The failure without its numbers and names. */
const signatureOf = (checker: string, detail: string): string =>
  `${checker}: ${detail.split("\n")[0]?.replace(/[0-9a-f]{8,}|\d+/g, "#") ?? ""}`

export const failure = (kind: FailureClass, checker: string, detail: string, atMs: number, partition = -1): Failure => ({
  class: kind,
  checker,
  signature: signatureOf(checker, detail),
  detail,
  atMs,
  partition,
  seq: 0,
  sku: null,
})

/** Audits the journals and all that was heard. `quiet`: the world came to rest, so what was heard last must be the last there is. */
export const auditOf = (servers: Servers, correspondents: Iterable<Correspondent>, quiet: boolean): AuditReport => {
  const audit = createAudit({ codec: engineCodec, partitionOf: (sku) => partitionOf(sku, servers.partitions) })
  for (const { told } of correspondents) {
    for (const reply of told.replies) audit.reply(reply)
    for (const value of told.feed) audit.feed(value)
    // In a world that did not come to rest, undecided commands are reported as that, not as losses.
    if (quiet) for (const command of told.acknowledged) audit.acknowledged(command)
  }
  // What somebody who comes new would be told: a value of the past that was stored last shows here.
  for (const { body } of servers.feed.model.lasts()) {
    const value = decodeAts(body)
    if (value !== undefined) audit.feed(value, "newcomer")
  }
  for (const [partition, { model }] of servers.journals.entries()) {
    for (const { seq, messageId, body } of model.lasts()) audit.record(partition, { seq, messageId, bytes: body })
  }
  return audit.finish({ quiet })
}

export const auditFailures = (report: AuditReport, atMs: number): ReadonlyArray<Failure> =>
  report.violations.map(({ checker, partition, seq, sku, detail }) => ({
    ...failure("safety", checker, detail, atMs, partition),
    seq,
    sku: sku ?? null,
  }))

const replies = "hf.reply."
const saying = (subject: string, partition: number, seq: number): string => `${subject} ${partition} ${seq}`

/** Every reply that reached the servers from now on, whoever said it and whether anybody heard it. */
export const listenForReplies = (servers: Servers): ReadonlySet<string> => {
  const said = new Set<string>()
  servers.listen(replies, ({ subject, body }) => {
    const reply = decodeReply(body)
    if (reply !== undefined) said.add(saying(subject, reply.partition, reply.seq))
  })
  return said
}

/** Checker `replies-said` (INV-7): replies that a record calls for and that never reached the servers, whose owner lived or died. A sender that asks again hides them: it is answered by a later record. */
export const unsaid = (
  servers: Servers,
  said: ReadonlySet<string>,
  atMs: number,
): { readonly checked: number; readonly failures: Array<Failure> } => {
  const failures: Array<Failure> = []
  let checked = 0
  for (const [partition, { model }] of servers.journals.entries())
    for (const { seq, body } of model.lasts()) {
      const decoded = engineCodec.decodeRecord(body)
      if (decoded._tag !== "Record") continue
      for (const entry of decoded.record.entries) {
        if ((entry._tag !== "Message" && entry._tag !== "Settled") || entry.reply === null) continue
        checked++
        if (said.has(saying(replySubject(entry.sender, entry.reply), partition, seq))) continue
        const detail = `the reply ${entry.reply} to ${entry.sender} stands in record ${seq}, and never reached a server`
        failures.push({ ...failure("liveness", "replies-said", detail, atMs, partition), seq })
      }
    }
  return { checked, failures: failures.slice(0, unsaidMax) }
}

/** The commands that the partition's journal has decided, up to this sequence; 0 for an empty journal. */
const cursorOf = (servers: Servers, partition: number): number => {
  const { model } = servers.journal(partition)
  const last = model.at(model.lastSeq)
  const decoded = last === undefined ? undefined : engineCodec.decodeRecord(last.body)
  return decoded?._tag === "Record" ? decoded.record.cursor.seq : 0
}

const lastCommandOf = (servers: Servers, partition: number): number => {
  const { model } = servers.commands
  for (let seq = model.lastSeq; seq > 0; seq--) if (model.at(seq)?.subject === storedOf("sku", partition)) return seq
  return 0
}

/** Why not all workers are ready and each partition is served by exactly one of them. Empty: it is so. */
export const unserved = (servers: Servers, workers: ReadonlyArray<WorkerNode>): ReadonlyArray<string> => {
  const found: Array<string> = []
  const reports = workers.map((worker) => worker.report())
  for (const [place, report] of reports.entries()) if (report?.ready !== true) found.push(`${workers[place]?.name} is not ready`)
  for (let partition = 0; partition < servers.partitions; partition++) {
    const serving = reports.filter((report) => report?.partitions[partition]?.phase === "serving").length
    if (serving !== 1) found.push(`partition ${partition} is served by ${serving} workers`)
  }
  return found
}

/** What is unanswered or undecided. Empty: nothing is. */
export const undecided = (servers: Servers, correspondents: ReadonlyMap<string, Correspondent>): ReadonlyArray<string> => {
  const found: Array<string> = []
  for (const { unanswered } of correspondents.values()) found.push(...unanswered.map((command) => `no answer to ${command}`))
  for (let partition = 0; partition < servers.partitions; partition++) {
    if (cursorOf(servers, partition) < lastCommandOf(servers, partition)) found.push(`partition ${partition} has undecided commands`)
  }
  return found
}

/** Why partitions are halted. No fault of this mode excuses a halt, because no journal loses a record here. */
export const halts = (workers: ReadonlyArray<WorkerNode>): ReadonlyArray<string> => [
  ...new Set(workers.flatMap((worker) => worker.report()?.partitions.flatMap(({ halt }) => (halt === null ? [] : [halt])) ?? [])),
]
