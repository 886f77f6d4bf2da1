/**
 * The auditor: reads the journals record by record, hears what was said about them, and puts each to the checkers that judge it.
 *
 * Written apart from what it judges: it knows the shapes of commands, events and records, and none of the lines that decide, evolve or
 * journal them. Keeps what is open (reservations, remembered ids, what was heard and not yet journaled), not what has passed.
 * Records of one partition are given in their order, partitions in any; nothing here throws on a bad journal.
 */
import { unreachable } from "../assert.ts"
import type { KindTypes } from "../engine/kind.ts"
import type { EngineCodec } from "../engine/protocol.ts"
import type { DecidedCommand, MessageEntry, SettledEntry, StoredRecord } from "../engine/records.ts"
import type { SkuDecidedCommand, SkuEntry, SkuKind, SkuMessageEntry, SkuSettledEntry } from "../kinds/sku/types.ts"
import { createChain } from "./chain.ts"
import { type Acknowledged, createCompleteness } from "./completeness.ts"
import { createCursor } from "./cursor.ts"
import { createEpochs } from "./epochs.ts"
import { createFeed, type HeardValue } from "./feed.ts"
import { type CheckerName, createFindings, type Findings, type Violation } from "./findings.ts"
import { createFloors } from "./floors.ts"
import type { Judged } from "./judged.ts"
import { createLosses, type Loss, type StreamHeld } from "./losses.ts"
import { createOneEffect } from "./one-effect.ts"
import { createQuarantine } from "./quarantine.ts"
import type { QuarantineBounds } from "./quarantine-room.ts"
import { createReplies, type HeardReply } from "./replies.ts"
import { type DecisionSeen, type RecordSeen, scopeOf } from "./seen.ts"
import { skuJudged } from "./sku-judged.ts"
import { createSkus } from "./skus.ts"
import { createTime } from "./time.ts"
import { type AuditTotals, createTotals } from "./totals.ts"

/** How the records of a kind are read, and hashed. */
export type RecordCodec<K extends KindTypes> = Pick<EngineCodec<K>, "decodeRecord" | "sha256">

/** What an audit is told before it begins. */
export interface AuditOptions {
  /** How a record is read, and the hash its chain is made with: wire/ has both. */
  readonly codec: RecordCodec<SkuKind>
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

/** The checkers that look at the journals of one kind as at those of any other. */
const assembleFor = <K extends KindTypes>(
  findings: Findings,
  kind: Judged<K>,
  { codec, recordsKept = 16, quarantine: room }: Pick<AuditOptions, "recordsKept" | "quarantine"> & { readonly codec: RecordCodec<K> },
) => {
  const floors = createFloors()
  const oneEffect = createOneEffect(findings, floors, kind)
  return {
    codec,
    kind,
    findings,
    floors,
    oneEffect,
    chain: createChain(findings, codec.sha256),
    epochs: createEpochs(findings),
    time: createTime(findings, kind),
    cursor: createCursor(findings),
    quarantine: createQuarantine(findings, kind, room),
    losses: createLosses(),
    replies: createReplies(findings, kind, recordsKept),
  }
}
type KindCheckers<K extends KindTypes> = ReturnType<typeof assembleFor<K>>

/** All checkers, wired to one another. */
const assemble = (options: AuditOptions) => {
  const findings = createFindings(options.violationsMax ?? 100)
  const sku = assembleFor(findings, skuJudged, options)
  const feed = createFeed(findings)
  const totals = createTotals()
  return {
    findings,
    sku,
    feed,
    totals,
    completeness: createCompleteness(findings, sku.oneEffect.isDecided),
    skus: createSkus({ findings, floors: sku.floors, feed, onEvent: totals.event, partitionOf: options.partitionOf }),
  }
}
type Checkers = ReturnType<typeof assemble>

/** One command of a message, or one settled from quarantine, as checkers see it; null where the body could not be decoded that far. */
const decisionOf = <K extends KindTypes>(
  { kind, findings }: KindCheckers<K>,
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
  return {
    where: { partition, seq, ...kind.placeOf(command) },
    scope: scopeOf(entry.sender, key, id),
    atMs: record.atMs,
    sender: entry.sender,
    actor: ("onBehalf" in entry ? entry.onBehalf : undefined) ?? entry.sender,
    class: entry.class,
    version: record.version,
    bulk: entry._tag === "Settled" || entry.bulk,
    command,
    decision,
    brokerMs: entry._tag === "Message" ? entry.brokerMs : null,
  }
}

/** One command about a SKU with its answer. */
const answered = (
  checkers: Checkers,
  seen: RecordSeen<SkuKind>,
  entry: SkuMessageEntry | SkuSettledEntry,
  decided: SkuDecidedCommand,
): void => {
  checkers.totals.decision(decided.decision)
  const sku = decided.command?.sku ?? decided.named?.key
  const id = decided.command?.id ?? decided.named?.id
  if (sku != null && id != null) checkers.completeness.decided(scopeOf(entry.sender, sku, id))
  const decision = decisionOf(checkers.sku, seen, entry, decided)
  if (decision === null) return
  checkers.sku.oneEffect.decision(decision)
  checkers.sku.time.decision(decision)
  checkers.skus.decision(decision)
}

const entrySeen = (checkers: Checkers, seen: RecordSeen<SkuKind>, entry: SkuEntry): void => {
  switch (entry._tag) {
    case "Message":
      checkers.totals.message()
      for (const decided of entry.decided) answered(checkers, seen, entry, decided)
      return
    case "Settled":
      answered(checkers, seen, entry, entry.decided)
      return
    case "Floor":
      checkers.sku.floors.raised(seen.partition, entry)
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

/** A record put to the checkers that look at any kind, and handed back if it can be read. */
const linkSeen = <K extends KindTypes>(of: KindCheckers<K>, partition: number, stored: StoredRecord): RecordSeen<K> | null => {
  const decoded = of.codec.decodeRecord(stored.bytes)
  const record = decoded._tag === "Record" ? decoded.record : null
  of.chain.record(partition, stored, record, decoded._tag === "Record" ? "" : decoded.cause)
  if (record === null) return null
  const seen: RecordSeen<K> = { partition, seq: stored.seq, messageId: stored.messageId, record }
  of.epochs.record(seen)
  of.time.record(seen)
  of.cursor.record(seen)
  of.losses.record(seen)
  of.quarantine.record(seen)
  return seen
}

const recordSeen = (checkers: Checkers, partition: number, stored: StoredRecord): void => {
  checkers.totals.record()
  const seen = linkSeen(checkers.sku, partition, stored)
  if (seen === null) return
  for (const entry of seen.record.entries) entrySeen(checkers, seen, entry)
  checkers.skus.recordEnd(stored.bytes.length)
  checkers.sku.replies.record(seen)
}

const reportOf = (checkers: Checkers, quiet: boolean, held: StreamHeld | null): AuditReport => {
  const { findings, feed, completeness, skus, totals } = checkers
  const { chain, replies, quarantine } = checkers.sku
  replies.finish()
  feed.finish(skus.models, chain.endSeq, quiet)
  skus.conservation.finish(skus.models.values())
  const { losses, lostStored } = checkers.sku.losses.finish(held)
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
    reply: checkers.sku.replies.heard,
    feed: (value, receiver = value.channel) => checkers.feed.heard(value, receiver),
    acknowledged: checkers.completeness.acknowledged,
    skus: () => checkers.skus.models.keys(),
    finish: ({ quiet = false, held = null } = {}) => reportOf(checkers, quiet, held),
  }
}
