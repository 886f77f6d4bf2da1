/**
 * Makes journals by hand: records from what a test says was decided, sealed into one chain with JSON for bytes and SHA-256 for hashes.
 *
 * Sealing is apart from writing, so that a test can change what was decided and still have a sound chain, or break the chain alone.
 */
import { createHash } from "node:crypto"
import { type AuditReport, createAudit } from "../../src/audit/audit.ts"
import type { Acknowledged } from "../../src/audit/completeness.ts"
import type { HeardValue } from "../../src/audit/feed.ts"
import type { HeardReply } from "../../src/audit/replies.ts"
import type { CommandId, LocationId, ReservationId, SenderId, Sku } from "../../src/domain/names.ts"
import type { RefusalReason } from "../../src/domain/refusals.ts"
import { type Command, classOf } from "../../src/domain/sku/commands.ts"
import type { Expired, ShortageCovered, StockEvent } from "../../src/domain/sku/events.ts"
import type { Policy } from "../../src/domain/sku/policy.ts"
import { type Cursor, type RecordKind, recordVersion, type StoredRecord } from "../../src/engine/records.ts"
import type {
  SkuDecidedCommand,
  SkuEntry,
  SkuJournaledDecision,
  SkuJournalRecord,
  SkuMessageEntry,
  SkuRememberedDecision,
} from "../../src/kinds/sku/types.ts"

/** The time a story begins: far enough from 0 that horizons lie before it. */
export const startMs = 1_700_000_000_000

export const sku = "mug" as Sku
export const web = "web" as SenderId
export const till = "till" as SenderId
export const depot = "depot" as SenderId
export const back = "ops" as SenderId
export const shop = "shop" as LocationId
export const hall = "hall" as LocationId

const sha256 = (bytes: Uint8Array | string): string => createHash("sha256").update(bytes).digest("base64url")

/** What the auditor is given in these tests: JSON. */
export const codec = {
  sha256,
  decodeRecord: (bytes: Uint8Array) => {
    try {
      return { _tag: "Record", record: JSON.parse(Buffer.from(bytes).toString("utf8")) as SkuJournalRecord } as const
    } catch (cause) {
      return { _tag: "Unreadable", cause: String(cause) } as const
    }
  },
}

/** The records as a stream would hold them: sequences, links and message ids are made here. */
export const seal = (records: ReadonlyArray<SkuJournalRecord>): Array<StoredRecord> => {
  let prevHash = ""
  return records.map((record, prevSeq) => {
    const bytes = Buffer.from(JSON.stringify({ ...record, prevSeq, prevHash }), "utf8")
    prevHash = sha256(bytes)
    return { seq: prevSeq + 1, messageId: `${record.owner}.${record.epoch}.${prevSeq}`, bytes }
  })
}

/** A sealed record changed in place and not sealed again: what follows no longer links to it unless its bytes are the same. */
export const reopened = (stored: StoredRecord, change: Partial<SkuJournalRecord>): StoredRecord => {
  const record: SkuJournalRecord = { ...JSON.parse(Buffer.from(stored.bytes).toString("utf8")), ...change }
  return { ...stored, bytes: Buffer.from(JSON.stringify(record), "utf8") }
}

export const accepted = (...events: ReadonlyArray<StockEvent>): SkuJournaledDecision => ({ _tag: "Accepted", events })
export const refused = (reason: RefusalReason, more: { readonly field?: string; readonly ats?: number } = {}): SkuJournaledDecision => ({
  _tag: "Refused",
  refusal: { reason, ...more },
})
export const repeated = (outcome: SkuRememberedDecision): SkuJournaledDecision => ({ _tag: "Repeated", outcome })

const id = (text: string): CommandId => text as CommandId
const reservationId = (text: string): ReservationId => text as ReservationId

type Fields<Type extends Command["type"]> = Omit<Extract<Command, { type: Type }>, "type" | "id" | "sku" | "issuedAtMs" | "reservation"> & {
  readonly issuedAtMs?: number
  readonly reservation?: string
  readonly sku?: string
}

/** A command of the SKU of these tests, issued at the start unless said otherwise. */
export const command = <Type extends Command["type"]>(type: Type, name: string, fields: Fields<Type>): Command =>
  ({ type, id: id(name), sku, issuedAtMs: startMs, ...fields }) as unknown as Command // The fields of each type are checked where it is called.

export const at = (location: LocationId, qty: number) => ({ location, qty })
export const reserved = (
  channel: SenderId,
  reservation: string,
  expiresAtMs: number,
  ...allocations: Array<ReturnType<typeof at>>
): StockEvent => ({
  type: "Reserved",
  channel,
  reservation: reservationId(reservation),
  allocations,
  expiresAtMs,
})
export const confirmed = (channel: SenderId, reservation: string): StockEvent => ({
  type: "Confirmed",
  channel,
  reservation: reservationId(reservation),
})
export const extended = (channel: SenderId, reservation: string, expiresAtMs: number): StockEvent => ({
  type: "Extended",
  channel,
  reservation: reservationId(reservation),
  expiresAtMs,
})
export const released = (channel: SenderId, reservation: string, ...allocations: Array<ReturnType<typeof at>>): StockEvent => ({
  type: "Released",
  channel,
  reservation: reservationId(reservation),
  allocations,
  reason: "cancelled",
})
export const expired = (channel: SenderId, reservation: string, ...allocations: Array<ReturnType<typeof at>>): Expired => ({
  type: "Expired",
  channel,
  reservation: reservationId(reservation),
  allocations,
})
export const fulfilled = (channel: SenderId, reservation: string, location: LocationId, qty: number): StockEvent => ({
  type: "Fulfilled",
  channel,
  reservation: reservationId(reservation),
  allocations: [at(location, qty)],
  taken: [at(location, qty)],
})
export const owed = (channel: SenderId, reservation: string, ...allocations: Array<ReturnType<typeof at>>): StockEvent => ({
  type: "SaleOwed",
  channel,
  reservation: reservationId(reservation),
  allocations,
})
export const covered = (channel: SenderId, reservation: string, ...allocations: Array<ReturnType<typeof at>>): ShortageCovered => ({
  type: "ShortageCovered",
  channel,
  reservation: reservationId(reservation),
  allocations,
})
export const received = (location: LocationId, qty: number): StockEvent => ({ type: "StockReceived", location, qty })

/** A policy under which web and till sell everything, unless changed. */
export const policy = (version: number, change: Partial<Policy> = {}): Policy => ({
  version,
  channels: [web, till].map((channel) => ({ channel, priority: 0, bufferQty: 0, bufferPercent: 0, floorQty: 0, fenceQty: 0 })),
  safety: [],
  sourcing: [],
  ...change,
})

export interface Said {
  readonly sender: SenderId
  readonly decided: ReadonlyArray<readonly [Command | null, SkuJournaledDecision]>
  readonly seq?: number
  readonly brokerMs?: number
  readonly bulk?: boolean
}

export interface Journal {
  /** Records so far; a test may change them before they are sealed. */
  readonly records: Array<SkuJournalRecord>
  /** A new reign. */
  readonly claim: (owner: string, atMs?: number) => Journal
  /** A record that decides these messages, at a time after the start. */
  readonly batch: (afterMs: number, ...messages: ReadonlyArray<Said | SkuEntry>) => Journal
  /** A record of another kind, with a cursor where it isn't the last one. */
  readonly note: (kind: RecordKind, afterMs: number, entries: ReadonlyArray<SkuEntry>, cursorSeq?: number) => Journal
}

const digestOf = (seq: number): string => (seq === 0 ? "" : `digest-${seq}`)

const messageEntry = (said: Said, seq: number, atMs: number): SkuMessageEntry => ({
  _tag: "Message",
  seq,
  sender: said.sender,
  class: classOf[said.decided.find(([one]) => one !== null)?.[0]?.type ?? "Reserve"],
  bulk: said.bulk ?? false,
  brokerMs: said.brokerMs ?? atMs,
  reply: `r${seq}`,
  array: said.decided.length !== 1,
  decided: said.decided.map(([one, decision]): SkuDecidedCommand => ({ command: one, named: null, decision })),
})

/** A journal that begins with its genesis record and the claim of `first`. */
export const journal = (partition = 0): Journal => {
  const records: Array<SkuJournalRecord> = []
  let owner = "first"
  let epoch = 0
  let atMs = startMs
  let cursorSeq = 0
  const push = (kind: RecordKind, entries: ReadonlyArray<SkuEntry>): void => {
    const cursor: Cursor = { stream: "stored", seq: cursorSeq, digest: digestOf(cursorSeq) }
    const chain = { prevSeq: 0, prevHash: "", publishedSeq: Math.max(0, records.length - 1) }
    records.push({
      version: recordVersion,
      kind,
      partition,
      incarnation: `world-${partition}`,
      owner,
      epoch,
      cursor,
      atMs,
      ...chain,
      entries,
    })
  }
  const self: Journal = {
    records,
    claim: (newOwner, newMs = atMs) => {
      owner = newOwner
      epoch += 1
      atMs = newMs
      push("claim", [])
      return self
    },
    batch: (afterMs, ...messages) => {
      atMs = startMs + afterMs
      const entries = messages.map((one): SkuEntry => {
        if ("_tag" in one) return one
        cursorSeq = one.seq ?? cursorSeq + 1
        return messageEntry(one, cursorSeq, atMs)
      })
      push(entries.some((entry) => entry._tag === "Message") ? "batch" : "expiry", entries)
      return self
    },
    note: (kind, afterMs, entries, newCursorSeq = cursorSeq) => {
      atMs = startMs + afterMs
      cursorSeq = newCursorSeq
      push(kind, entries)
      return self
    },
  }
  push("genesis", [])
  return self.claim("first")
}

interface Heard {
  readonly replies?: ReadonlyArray<HeardReply>
  readonly values?: ReadonlyArray<HeardValue>
  readonly acknowledged?: ReadonlyArray<Acknowledged>
  readonly quiet?: boolean
}

/** The audit of sealed journals, by partition, with what was heard told first. */
export const auditStored = (journals: ReadonlyArray<ReadonlyArray<StoredRecord>>, heard: Heard = {}): AuditReport => {
  const audit = createAudit({ codec })
  for (const reply of heard.replies ?? []) audit.reply(reply)
  for (const value of heard.values ?? []) audit.feed(value)
  for (const command of heard.acknowledged ?? []) audit.acknowledged(command)
  for (const [partition, stored] of journals.entries()) for (const one of stored) audit.record(partition, one)
  return audit.finish({ quiet: heard.quiet ?? false })
}

/** The audit of one journal as it was written, sealed. */
export const auditOf = (written: Journal, heard: Heard = {}): AuditReport => auditStored([seal(written.records)], heard)

/** The checkers that found something. */
export const foundBy = (report: AuditReport): Array<string> =>
  Object.entries(report.violationsBy)
    .filter(([, count]) => count > 0)
    .map(([checker]) => checker)
