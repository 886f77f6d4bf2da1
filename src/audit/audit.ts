/**
 * The auditor: reads the journals record by record, hears what was said about them, and puts each to the checkers that judge it.
 *
 * Written apart from what it judges: it knows the shapes of commands, events and records, and none of the lines that decide, evolve or
 * journal them. Keeps what is open (reservations, remembered ids, what was heard and not yet journaled), not what has passed.
 * Records of one partition are given in their order, partitions in any; nothing here throws on a bad journal.
 */
import { unreachable } from "../assert.ts"
import type { StoredRecord } from "../engine/records.ts"
import type { SkuDecidedCommand, SkuEngineCodec, SkuEntry, SkuMessageEntry, SkuSettledEntry } from "../kinds/sku/types.ts"
import { createChain } from "./chain.ts"
import { type Acknowledged, createCompleteness } from "./completeness.ts"
import { createCursor } from "./cursor.ts"
import { createEpochs } from "./epochs.ts"
import { createFeed, type HeardValue } from "./feed.ts"
import { type CheckerName, createFindings, type Violation } from "./findings.ts"
import { createFloors } from "./floors.ts"
import { createLosses, type Loss, type StreamHeld } from "./losses.ts"
import { createOneEffect } from "./one-effect.ts"
import { createQuarantine } from "./quarantine.ts"
import type { QuarantineBounds } from "./quarantine-room.ts"
import { createReplies, type HeardReply } from "./replies.ts"
import { type DecisionSeen, type RecordSeen, scopeOf } from "./seen.ts"
import { createSkus } from "./skus.ts"
import { createTime } from "./time.ts"
import { type AuditTotals, createTotals } from "./totals.ts"

/** What an audit is told before it begins. */
export interface AuditOptions {
  /** How a record is read, and the hash its chain is made with: wire/ has both. */
  readonly codec: Pick<SkuEngineCodec, "decodeRecord" | "sha256">
  /** The partition a SKU belongs to; without it only that it has one is checked. */
  readonly partitionOf?: (sku: string) => number
  /** Violations reported in detail; all are counted. 100 unless said. */
  readonly violationsMax?: number
  /** Newest records of a partition that are kept for replies told after them. 16 unless said: a record may be large. */
  readonly recordsKept?: number
  /** How much may wait in quarantine: as shipped unless said. */
  readonly quarantine?: QuarantineBounds
}

/** What an audit found, once everything was read. */
export interface AuditReport {
  /** No violation and no loss. Says little if `checked` is 0 where it shouldn't be. */
  readonly ok: boolean
  /** The first ones; `violationsBy` counts them all. */
  readonly violations: ReadonlyArray<Violation>
  readonly violationsBy: Readonly<Record<CheckerName, number>>
  /** What was acknowledged to be stored, and that the commands stream lost before anybody decided it. */
  readonly losses: ReadonlyArray<Loss>
  /** Things each checker looked at. */
  readonly checked: Readonly<Record<CheckerName, number>>
  /** Told too late to be judged. */
  readonly unchecked: { readonly replies: number; readonly feed: number }
  readonly totals: AuditTotals
}

/** An audit under way: it is given records and what was heard, and asked for its report at the end. */
export interface Audit {
  /** The next record of a partition's journal, from its first on. */
  readonly record: (partition: number, stored: StoredRecord) => void
  /** A reply that its sender heard. Best told before its record. */
  readonly reply: (reply: HeardReply) => void
  /** The next ATS value that a receiver accepted; the receiver is the channel itself unless named. Best told before the SKU's records. */
  readonly feed: (value: HeardValue, receiver?: string) => void
  /** A command that the broker acknowledged as stored. Best told before its record. */
  readonly acknowledged: (command: Acknowledged) => void
  /** Every SKU that was told of so far. */
  readonly skus: () => Iterable<string>
  /**
   * The report. `quiet`: all that was decided has been said and heard, so the feed's last values must be the last there are. `held`: what the commands stream holds, looked at before all journals
   * are read whole. Called once.
   */
  readonly finish: (options?: { readonly quiet?: boolean; readonly held?: StreamHeld | null }) => AuditReport
}

/** All checkers, wired to one another. */
const assemble = ({ codec, partitionOf, violationsMax = 100, recordsKept = 16, quarantine: room }: AuditOptions) => {
  const findings = createFindings(violationsMax)
  const floors = createFloors()
  const oneEffect = createOneEffect(findings, floors)
  const feed = createFeed(findings)
  const totals = createTotals()
  return {
    codec,
    findings,
    floors,
    oneEffect,
    feed,
    totals,
    chain: createChain(findings, codec.sha256),
    epochs: createEpochs(findings),
    time: createTime(findings),
    cursor: createCursor(findings),
    quarantine: createQuarantine(findings, room),
    losses: createLosses(),
    completeness: createCompleteness(findings, oneEffect.isDecided),
    replies: createReplies(findings, recordsKept),
    skus: createSkus({ findings, floors, feed, onEvent: totals.event, partitionOf }),
  }
}
type Checkers = ReturnType<typeof assemble>

/** One command of a message, or one settled from quarantine, with its answer. */
const answered = (checkers: Checkers, seen: RecordSeen, entry: SkuMessageEntry | SkuSettledEntry, decided: SkuDecidedCommand): void => {
  const { command, named, decision } = decided
  checkers.totals.decision(decision)
  const sku = command?.sku ?? named?.key
  const id = command?.id ?? named?.id
  const scope = sku == null || id == null ? null : scopeOf(entry.sender, sku, id)
  if (scope !== null) checkers.completeness.decided(scope)
  const { partition, seq, record } = seen
  if (command === null || scope === null) {
    if (decision._tag !== "Refused") checkers.findings.violated("effects", { partition, seq }, `${decision._tag} without a command`)
    return
  }
  const where = { partition, seq, sku: command.sku }
  const brokerMs = entry._tag === "Message" ? entry.brokerMs : null
  const decisionSeen: DecisionSeen = {
    where,
    scope,
    atMs: record.atMs,
    sender: entry.sender,
    class: entry.class,
    version: record.version,
    bulk: entry._tag === "Settled" || entry.bulk,
    command,
    decision,
    brokerMs,
  }
  checkers.oneEffect.decision(decisionSeen)
  checkers.time.decision(decisionSeen)
  checkers.skus.decision(decisionSeen)
}

const entrySeen = (checkers: Checkers, seen: RecordSeen, entry: SkuEntry): void => {
  switch (entry._tag) {
    case "Message":
      checkers.totals.message()
      for (const decided of entry.decided) answered(checkers, seen, entry, decided)
      return
    case "Settled":
      answered(checkers, seen, entry, entry.decided)
      return
    case "Floor":
      checkers.floors.raised(seen.partition, entry)
      return
    case "Expiry":
      checkers.skus.expiry({ partition: seen.partition, seq: seen.seq, sku: entry.key }, entry.key, entry.events, seen.record.atMs)
      return
    case "Covered":
      checkers.skus.covered({ partition: seen.partition, seq: seen.seq, sku: entry.key }, entry.key, entry.events, seen.record.atMs)
      return
    case "Stored":
    case "Skipped":
    case "Moved":
    case "Reset":
    case "Resumed":
    case "Returned":
    case "Answered":
      return
    default:
      unreachable(entry)
  }
}

const recordSeen = (checkers: Checkers, partition: number, stored: StoredRecord): void => {
  checkers.totals.record()
  const decoded = checkers.codec.decodeRecord(stored.bytes)
  const record = decoded._tag === "Record" ? decoded.record : null
  checkers.chain.record(partition, stored, record, decoded._tag === "Record" ? "" : decoded.cause)
  if (record === null) return
  const seen: RecordSeen = { partition, seq: stored.seq, messageId: stored.messageId, record }
  checkers.epochs.record(seen)
  checkers.time.record(seen)
  checkers.cursor.record(seen)
  checkers.losses.record(seen)
  checkers.quarantine.record(seen)
  for (const entry of record.entries) entrySeen(checkers, seen, entry)
  checkers.skus.recordEnd(stored.bytes.length)
  checkers.replies.record(seen)
}

const reportOf = (checkers: Checkers, quiet: boolean, held: StreamHeld | null): AuditReport => {
  const { findings, chain, replies, feed, completeness, quarantine, skus, totals } = checkers
  replies.finish()
  feed.finish(skus.models, chain.endSeq, quiet)
  skus.conservation.finish(skus.models.values())
  const { losses, lostStored } = checkers.losses.finish(held)
  const known = {
    lostStored,
    lost: completeness.finish(),
    contradicted: findings.violationsBy.replies,
    oversoldQty: skus.conservation.oversoldQty(),
    inQuarantine: quarantine.waiting(),
  }
  return {
    ok: losses.length === 0 && Object.values(findings.violationsBy).every((count) => count === 0),
    losses,
    violations: findings.violations,
    violationsBy: findings.violationsBy,
    checked: findings.checkedBy,
    unchecked: { replies: replies.unchecked(), feed: feed.unchecked() },
    totals: totals.finish(skus.models.values(), known),
  }
}

/** An audit of one cluster's journals. */
export const createAudit = (options: AuditOptions): Audit => {
  const checkers = assemble(options)
  return {
    record: (partition, stored) => recordSeen(checkers, partition, stored),
    reply: checkers.replies.heard,
    feed: (value, receiver = value.channel) => checkers.feed.heard(value, receiver),
    acknowledged: checkers.completeness.acknowledged,
    skus: () => checkers.skus.models.keys(),
    finish: ({ quiet = false, held = null } = {}) => reportOf(checkers, quiet, held),
  }
}
