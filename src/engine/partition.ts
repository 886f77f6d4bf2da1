/**
 * The whole state of one partition, an append in flight included: what `step` changes in place and nobody else touches.
 *
 * Plain data throughout (no closures, no iterators), so that it can be copied and hashed at any point. What is derived (timers,
 * indexes) is rebuilt by replay like everything else.
 */
import { assert } from "../assert.ts"

import type { CommandClass, CommandId, EpochMs, SenderId } from "../domain/names.ts"
import { batchMessagesMax } from "../limits.ts"
import type { Actor } from "./actor.ts"
import { boundsWith, type EngineBounds } from "./bounds.ts"
import { type BrokerClock, unknownBrokerClock } from "./broker-clock.ts"
import { type Carrying, nothingCarried } from "./carrying.ts"
import type { KindTypes } from "./kind.ts"
import type { SenderMemory } from "./memory.ts"
import { type MemoryBounds, memoryBounds } from "./memory-bounds.ts"
import type { Carriage, ClaimBasis, CommandMessage, DecodedBody, PendingAppend, SnapshotManifest, Witness } from "./protocol.ts"
import { nothingReceived, type Receiving } from "./receiving.ts"
import type { CommandUnderWay, Cursor, Dropped, JournalRecord, RememberedDecision, ResetEntry } from "./records.ts"
import type { HeardReturn } from "./returns.ts"
import type { ShortEnd } from "./short-end.ts"
import type { HoldWheel } from "./timers.ts"
import { unseenWallClock, type WallClock } from "./wall-clock.ts"

/** A packed decision as its record has it. */
export interface ReadDecision<K extends KindTypes = KindTypes> {
  readonly sender: SenderId
  readonly id: CommandId
  readonly key: K["key"]
  readonly hash: number
  readonly outcome: RememberedDecision<K>
  /** The second name of what it told, if it had one, and what of it has to be the same. */
  readonly secondName: CommandId | undefined
  readonly secondHash: number
}

/** Records that are read for packed decisions which are asked for again. */
export interface Recalling<K extends KindTypes = KindTypes> {
  /** Sequences asked for, and when. */
  readonly asked: Map<number, EpochMs>
  /** What was read and not used yet; null: it isn't there, or isn't ours. */
  readonly records: Map<number, JournalRecord<K> | null>
  /** Nothing is asked for before: a read failed. */
  againAtMs: EpochMs
}

/** A sender's message as it waits to be decided: taken apart and decoded already on arrival, while an append is in flight. */
export interface ArrivedMessage<K extends KindTypes = KindTypes> {
  /** Its place in the commands stream; null: it was handed over. */
  readonly seq: number | null
  /** When it was published, by the broker's clock. */
  readonly brokerMs: EpochMs
  /** Of its body. */
  readonly bytes: number
  readonly sender: SenderId
  readonly class: CommandClass
  /** Whether its sender has the role `bulk`, as the ingress that took it says. */
  readonly bulk: boolean
  /** The subject's key. */
  readonly key: K["key"]
  /** Whether that key belongs to this partition. */
  readonly home: boolean
  readonly reply: string | null
  readonly body: DecodedBody<K>
  /** What was read of packed decisions that it may repeat, by where they stand; see recall.ts. Null: nothing had to be read. */
  read: Map<number, ReadDecision<K> | null> | null
  /** W3C `traceparent`; null: none. */
  readonly trace: string | null
  /** The subject's actor, once its message is taken into a batch: looked up once for all that is asked of it. Undefined if it wasn't known by then. */
  actor: Actor<K> | undefined
  /** Of a command that an actor of ours sends: who asked last, and for whom it is decided. Null: a sender's own. */
  carriage: Carriage | null
}

/** A message of the commands stream as it waits, with the messages of senders it holds. */
export interface ArrivedStored<K extends KindTypes = KindTypes> {
  readonly message: CommandMessage
  /** Who stored it; null: none of ours. */
  readonly from: { readonly ingress: string; readonly serial: number; readonly acknowledged: number } | null
  /** Why nothing of it is decided: it is not to be read as an ingress writes; null: it is. */
  readonly skipped: string | null
  readonly messages: ReadonlyArray<ArrivedMessage<K>>
}

/** What one sender's ingresses handed over and isn't decided, oldest first. */
export interface HandedQueue<K extends KindTypes = KindTypes> {
  readonly sender: SenderId
  messages: Array<ArrivedMessage<K>>
  /** Messages at the front that are decided already: they are cut off now and then. */
  from: number
  /** Commands and bytes that wait. */
  commands: number
  bytes: number
  /** Commands it may still decide in the batch that is being made; see handed.ts. */
  credit: number
}

/** What was handed over and waits, sender by sender. */
export interface HandedQueues<K extends KindTypes = KindTypes> {
  readonly queues: Map<SenderId, HandedQueue<K>>
  /** Senders with something waiting, in the order in which they are served next. */
  turns: Array<SenderId>
  commands: number
  bytes: number
  /** Commands decided in a millisecond lately: what a time to come back is worked out from. */
  pace: number
}

/** The record that was handed over and isn't confirmed. The partition's state already contains it. */
export interface AppendInFlight<K extends KindTypes = KindTypes> {
  readonly pending: PendingAppend
  readonly bytes: Uint8Array
  readonly record: JournalRecord<K>
  /** Where the cursor stood before it: what is behind that is journaled as decided, what is behind the record's own is not yet. */
  readonly cursorBefore: Cursor
  /** Actors it changed, and the type of the last event that did. */
  readonly touched: Map<Actor<K>, string>
  /** What its decided commands come to, by their place. */
  readonly outcomes: ReadonlyArray<RememberedDecision<K> | null>
  readonly sentAtMs: EpochMs
  /** Its outcome is unknown: nothing but reading the journal's end may follow. */
  frozen: boolean
  /** When to ask for the journal's end again; 0 while an answer is awaited. */
  askAgainAtMs: EpochMs
  /** Times it was handed over, and when last: a broker that refuses at once is not asked without pause. */
  attempts: number
  lastSentMs: EpochMs
  /** The journal was told to end before the record that this one follows; null: it wasn't, or not in the newest answer. */
  shortEnd: ShortEnd | null
}

/** A cursor that was journaled, and when. */
export interface CursorMark extends Cursor {
  readonly atMs: EpochMs
}

/** The end of a batch of stored messages, and how many bytes the batch had. */
export interface KeptMark {
  readonly seq: number
  readonly bytes: number
}

/** A check of what the commands stream holds at a journaled cursor. */
export interface CursorCheck {
  readonly seq: number
  readonly digest: string
  askedAtMs: EpochMs
  askAgainAtMs: EpochMs
  /** The newest message of the present reading that had arrived when it was asked, 0 for none: a match shows that the stream is the one that was read before, and that nothing was dropped up to there. */
  provesSeq: number
}

/** The commands stream lost its tail: the search for the last common message, newest mark first. */
export interface TailSearch {
  readonly from: Cursor
  readonly cause: string
  /** Former cursors still to be tried, oldest first. */
  readonly candidates: Array<CursorMark>
  /** Where to start again, once known. */
  found: Cursor | null
  /** It isn't the tail that is lost: what the stream dropped behind the cursor, to be said by a halt once the reset is journaled. */
  readonly dropped: Dropped | null
}

/** A decision, and the hash of the content that it is of. */
export interface DecidedMeanwhile<K extends KindTypes = KindTypes> {
  readonly hash: number
  readonly outcome: RememberedDecision<K>
}

/** A command that waits for a person, and why. */
export interface QuarantinedCommand<K extends KindTypes = KindTypes> {
  readonly id: string
  readonly sender: SenderId
  readonly class: CommandClass
  readonly reply: string | null
  readonly command: K["command"]
  readonly cause: string
  readonly atMs: EpochMs
  /** Of a command that an actor of ours sent: the channel it is decided for. Absent: a sender's own. */
  readonly onBehalf?: SenderId
  /** What was decided under its id while it waited, because it was asked again. That stands, also when it isn't remembered any more; absent: nothing was. */
  readonly decided?: DecidedMeanwhile<K>
}

/** A place in the feed that shows an older value than was handed over for it. */
export interface Suspicion<K extends KindTypes = KindTypes> {
  readonly actor: Actor<K>
  /** Since when nothing newer was seen there. */
  readonly sinceMs: EpochMs
  readonly seenVersion: number
  /** What had been handed over of the actor when it began: as new a value, or a newer one, lifts it. */
  readonly untilVersion: number
  /** All that was handed over by then went in groups before this one. */
  readonly beforeGroup: number
}

/** A command that began something: what its answer needs when it comes. */
export interface OwedCommand<K extends KindTypes = KindTypes> {
  readonly sender: SenderId
  readonly class: CommandClass
  readonly key: K["key"]
  readonly id: CommandId
  readonly hash: number
  readonly issuedAtMs: EpochMs
  /** The record in which it began. */
  readonly seq: number
  /** Reply suffixes of all that asked, in the order in which they last did, {@link owedRepliesMax} at most: the newest. */
  replies: ReadonlyArray<string>
}

/** Replies and feed that were handed over and not yet known to be out, for `publishedSeq`. */
export interface Publishing<K extends KindTypes = KindTypes> {
  /** Sequences of records whose replies are on their way. */
  readonly replies: Set<number>
  /** Actors whose values are to be sent, since which record at the earliest, and why it has to be sent even if it didn't change. */
  readonly dirty: Map<Actor<K>, { cause: string; forced: boolean }>
  dirtySinceSeq: number
  /** Groups on their way: the earliest record each is about, and the actors in it. */
  readonly groups: Map<number, { readonly sinceSeq: number; readonly actors: ReadonlyArray<Actor<K>> }>
  nextGroup: number
  /** Receivers' places in the feed, by key and receiver, that show less than this reign handed over for them: its own words may be late, or a former owner's stand over them. */
  readonly suspects: Map<string, Suspicion<K>>
  /** At a takeover: everything above this was perhaps not said; null once it was said again. */
  republishAfterSeq: number | null
  /** What is said again ends with this record, the newest when a reign first asked; below its own first record: it has not asked yet. */
  republishToSeq: number
}

/** What lies in the journal behind the start of the newest snapshot. */
export interface SinceSnapshot {
  readonly records: number
  /** Commands decided, and holds expired. */
  readonly commands: number
  readonly bytes: number
}

/** A snapshot being written. */
export interface SnapshotWalk {
  readonly id: string
  readonly startSeq: number
  readonly startHash: string
  stage: "actors" | "parts" | "ended" | "decisions" | "underWay" | "owed" | "meta" | "done"
  /** What had ended by this record is walked, however much ends meanwhile: all that no slice of open parts holds any more, for the last of them was written with it. */
  endedToSeq: number
  /** Places reached: actor, slot in it; sender, class, place of the ended part or of the decision in its line; the record of what was under way, or owed. */
  actor: number
  slot: number
  sender: number
  floorClass: number
  place: number
  chunks: number
  stored: number
  endSeq: number
  endHash: string
  /** What lay behind the snapshot before it, when this one was begun. */
  readonly before: SinceSnapshot
  /** Things walked so far, and to be walked for each command that is decided meanwhile. */
  things: number
  readonly pace: number
  /** Things that were due to be walked for commands decided since it was begun, less those that were. Negative: it is ahead. */
  owed: number
}

/** A snapshot being read, a slice at a time. */
export interface SnapshotLoading {
  readonly manifest: SnapshotManifest
  readonly chunks: ReadonlyArray<Uint8Array>
  /** Index of the chunk that is next. */
  next: number
}

/** What a loaded snapshot already contains, while records within it are replayed. */
export interface Recovery<K extends KindTypes = KindTypes> {
  readonly manifest: SnapshotManifest
  /** By the index of an actor. No entry: it was not loaded. No Map, which stands still for 100 ms and more when one of a million grows. */
  readonly actorSeqs: Array<number | undefined>
  /** Many maps, by the end of a part's id: one map of millions would pause for all of them whenever it grows. */
  readonly partSeqs: ReadonlyArray<Map<K["part"], number>>
}

const partMaps = 256

/** Nothing of a snapshot is loaded yet. */
export const emptyRecovery = (manifest: SnapshotManifest): Recovery => ({
  manifest,
  actorSeqs: [],
  partSeqs: Array.from({ length: partMaps }, () => new Map()),
})

const mapOf = ({ partSeqs }: Recovery, id: string): Map<KindTypes["part"], number> => {
  const place = id.charCodeAt(id.length - 1) * 31 + (id.length > 1 ? id.charCodeAt(id.length - 2) : 0)
  return partSeqs[place % partMaps] as Map<KindTypes["part"], number>
}

/** Notes up to which record a loaded part contains what happened to it. */
export const noteLoaded = (recovery: Recovery, id: string, part: KindTypes["part"], seq: number): void => {
  assert(seq > 0, "INV-6 a slice is of a record")
  mapOf(recovery, id).set(part, seq)
}

/** Up to which record a part contained what happened to it when it was loaded; 0 if it wasn't. */
export const loadedSeqOf = (recovery: Recovery, id: string, part: KindTypes["part"]): number => mapOf(recovery, id).get(part) ?? 0

/** What only a claimant has: what it asked for, and what it claims from. */
export interface Claiming {
  readonly owner: string
  readonly incarnation: string
  /** Why it is given up once the outcome of its append in flight is known; null: it isn't. */
  givenUp: "Drained" | "LeaseLost" | null
  /** The record of the claim, once it is confirmed; 0 before. */
  claimSeq: number
  basis: ClaimBasis | null
  /** The newest question for it: only its answer counts. */
  ask: number
  /** What was confirmed here when the basis was asked for. What was followed since may lie beyond the end that is then told. */
  knownSeq: number
  askAgainAtMs: EpochMs
  /** The journal was told to end before what was confirmed; null: it wasn't, or not in the newest answer. */
  shortEnd: ShortEnd | null
}

/**
 * What an owner holds of its reign beside the state: all that is here is forgotten with the reign, and nothing else is. None of it is in the journal, so whoever begins to reign has none of it, however
 * often it reigned before.
 */
export interface Reign<K extends KindTypes = KindTypes> {
  readonly wallClock: WallClock
  /** Decide nothing new, say all that was decided, then end the reign for this reason and follow on. */
  draining: "Drained" | "LeaseLost" | null
  check: CursorCheck | null
  nextCheckAtMs: EpochMs
  /** Whether the cursor's digest was verified since commands were last purged. */
  digestVerified: boolean
  purgedBelowSeq: number
  /** How full the commands stream was when it was last looked at. */
  commandsFill: number
  /** Stored messages that were decided in this reign and are still kept, oldest first: where each batch of them ends, and its bytes. */
  readonly keptMarks: Array<KeptMark>
  keptBytes: number
  search: TailSearch | null
  /** The cursor whose message was last told to be gone with nothing behind it: told once. */
  goneToldSeq: number
  /** Whether commands are being read, and paused. */
  reading: boolean
  /** How far what this reading brings may be decided: up to there nothing was dropped before it arrived. 0: nothing of it yet. */
  provenSeq: number
  paused: boolean
  arrived: Array<ArrivedStored<K>>
  arrivedBytes: number
  arrivedSeq: number
  readonly handed: HandedQueues<K>
  nextSenderToForget: number
  readonly recalling: Recalling<K>
  /** Senders that have to be throttled for want of memory, and when ingresses are told so again. */
  readonly throttled: Map<SenderId, EpochMs>
  /** The same of senders whose facts alone are throttled, because too much of theirs is in quarantine. */
  readonly factsThrottled: Map<SenderId, EpochMs>
  /** Whether some sender's memory was near its bound when it was last looked at. */
  memoryIsShort: boolean
  nextMemoryLookMs: EpochMs
  readonly publishing: Publishing<K>
  /** What it knows of the commands that its actors send to others, the decisions of those that came back and are not journaled, and what it knows of those who send commands here. */
  readonly carrying: Carrying
  readonly returns: Map<CommandId, HeardReturn>
  readonly receiving: Receiving
  /** When to ask (again) for what has to be said again after a takeover. */
  republishAgainAtMs: EpochMs
  /** The record that this reign began with: its claim. */
  reignSeq: number
  /** The mark that stands outside the journal, as far as this reign knows; null: none. */
  mark: Witness | null
  /** The mark that is being written over it: one at a time, or it wouldn't be known over which. */
  marking: Witness | null
  /** A halt is being lifted: its witness stands until then, and nothing is written over it. */
  lifting: boolean
  nextWitnessAtMs: EpochMs
  walk: SnapshotWalk | null
  /** The snapshot that was published last, and what lies behind its predecessor: if publishing failed, that is still to be replayed. */
  published: { readonly id: string; readonly before: SinceSnapshot } | null
  /** None is begun before this: one could not be stored. */
  nextSnapshotAtMs: EpochMs
}

/** What a partition holds whatever its phase: its state, as far as it was read, and what its worker knows besides. */
interface PartitionCommon<K extends KindTypes> {
  readonly id: number
  readonly partitions: number
  incarnation: string | null
  owner: string
  epoch: number
  /** End of what is known to be in the journal. */
  confirmedSeq: number
  confirmedHash: string
  /** Hashes of the newest records, at sequence modulo the array's length. */
  readonly recentHashes: Array<string>
  cursor: Cursor
  atMs: EpochMs
  readonly brokerClock: BrokerClock
  inFlight: AppendInFlight<K> | null
  /** How often the basis of a claim was asked for in this life. */
  basisAsks: number
  /** Former cursors: all the newest, and older ones sparsely, both oldest first. */
  readonly recentMarks: Array<CursorMark>
  readonly sparseMarks: Array<CursorMark>
  /** What a journaled reset says was dropped undecided, as long as no operator has answered: nobody reigns until then. */
  unanswered: ResetEntry | null
  /** Where what a journaled reset names as dropped ends: what the stream drops behind that before the next message is taken is told when that is taken. Null once one was. */
  droppedToSeq: number | null
  /** The highest serial taken of each ingress, those heard of last at the end: what a lost tail above the cursor shows in. */
  readonly ingresses: Map<string, number>
  readonly actors: Map<K["key"], Actor<K>>
  readonly actorList: Array<Actor<K>>
  /** What is one object for all actors that hold something equal to it, by its text; see {@link ActorKind.share}. */
  readonly shared: Map<string, object>
  /** Actors that may have something to do of their own accord, to be looked at. Those that have nothing, or did it, are dropped when they are. */
  readonly uncovered: Set<Actor<K>>
  /** Actors that wait for something that they would then do. */
  readonly short: Set<Actor<K>>
  readonly holds: HoldWheel<K>
  openHolds: number
  /** Parts that are open, where their kind has them counted; see {@link KindParts.open}. */
  openParts: number
  /** Those of them that have to wait for room for what their end carries; see held-up.ts. */
  readonly heldUp: Map<K["part"], Actor<K>>
  readonly senders: Map<SenderId, SenderMemory<K>>
  readonly senderList: Array<SenderMemory<K>>
  readonly memoryBounds: MemoryBounds
  /** Whose memory holds more than is recent since the last record: packed at its end. */
  readonly toPack: Set<SenderMemory<K>>
  readonly quarantine: Map<string, QuarantinedCommand<K>>
  /** Quarantine ids by (sender, key, id), so that a retry finds the place of the first. */
  readonly quarantinedKeys: Map<string, string>
  /** How many of them are each sender's. No entry: none. */
  readonly quarantinedBy: Map<SenderId, number>
  /** How many partitions the actors of each kind have that this one's may send commands to. */
  readonly partitionsOf: Readonly<Record<string, number>>
  /** Commands that its actors sent to others and whose decision is not journaled here, by id, oldest first. */
  readonly underWay: Map<CommandId, CommandUnderWay>
  /** How many commands the newest record that carries any carries: what the next one's id counts on from. */
  readonly carriedIn: { seq: number; count: number }
  /** Commands that began something and are not answered, by sender, key and id. */
  readonly owed: Map<string, OwedCommand<K>>
  /** What the newest record in the journal says of up to where all was said. */
  saidSeq: number
  /** The start of the newest snapshot begun or loaded, and the id of the loaded one. */
  snapshotStartSeq: number
  loadedSnapshot: string | null
  /** There is a snapshot that a newer release wrote: if the journal doesn't go back to its first record, only that release can serve. */
  newerSnapshot: boolean
  /** What has to be replayed behind the newest snapshot that was begun or loaded. */
  sinceSnapshot: SinceSnapshot
  /** Things (actors, parts, decisions) in the newest snapshot that was walked or loaded. */
  snapshotThings: number
  /** A Continue was asked for and has not come yet. */
  continuing: boolean
  recovery: Recovery<K> | null
  readonly snapshotEveryRecords: number
  readonly batchMessagesMax: number
  readonly bounds: EngineBounds
}

/** Nothing is followed yet: a snapshot is looked for, or read. A claim that is asked for meanwhile stands. */
interface Starting {
  readonly phase: "starting"
  loading: SnapshotLoading | null
  claiming: Claiming | null
  readonly reign: null
}

/** The journal is followed, and nothing is claimed. */
interface Following {
  readonly phase: "following"
  readonly loading: null
  readonly claiming: null
  readonly reign: null
}

/** The lease is ours, and the claim that follows from it isn't in the journal yet, or stands there and an operator's resume doesn't. */
interface Claims {
  readonly phase: "claiming"
  readonly loading: null
  readonly claiming: Claiming
  readonly reign: null
}

/** Its owner decides. */
interface Serves<K extends KindTypes> {
  readonly phase: "serving"
  readonly loading: null
  readonly claiming: null
  readonly reign: Reign<K>
}

/** Nothing further comes from it. */
interface Over {
  readonly phase: "halted" | "stopped"
  readonly loading: null
  readonly claiming: null
  readonly reign: null
}

/** A partition of which nothing is followed yet. */
export type Beginning<K extends KindTypes = KindTypes> = PartitionCommon<K> & Starting

/** A partition that is being claimed. */
export type Claimant<K extends KindTypes = KindTypes> = PartitionCommon<K> & Claims

/** A partition in the hands of its owner. */
export type Serving<K extends KindTypes = KindTypes> = PartitionCommon<K> & Serves<K>

/** What each phase has that no other has. */
export type PhaseState<K extends KindTypes = KindTypes> = Starting | Following | Claims | Serves<K> | Over

/** A partition in one of its phases. */
export type Partition<K extends KindTypes = KindTypes> = PartitionCommon<K> & PhaseState<K>

/** In which phase a partition is. */
export type Phase = Partition["phase"]

/** Goes over into another phase: what only the former one had is gone. Who called it goes on with what this returns. */
export const enter = <State extends PhaseState>(partition: Partition, state: State): PartitionCommon<KindTypes> & State =>
  Object.assign(partition, state)

/** The phases that hold nothing of their own. */
const nothing = { loading: null, claiming: null, reign: null } as const
/** The phases that have nothing of their own. */
export const following: PhaseState = Object.freeze({ phase: "following", ...nothing })
export const halted: PhaseState = Object.freeze({ phase: "halted", ...nothing })
export const stopped: PhaseState = Object.freeze({ phase: "stopped", ...nothing })

/** Of a partition of which nothing was read as a snapshot. */
const noSnapshots = () => ({
  snapshotStartSeq: 0,
  loadedSnapshot: null,
  newerSnapshot: false,
  sinceSnapshot: { records: 0, commands: 0, bytes: 0 },
  snapshotThings: 0,
  loading: null,
  recovery: null,
})

/** Of a partition to which no command came yet. */
const nothingTaken = () => ({
  reading: false,
  provenSeq: 0,
  paused: false,
  arrived: [],
  arrivedBytes: 0,
  arrivedSeq: 0,
  handed: { queues: new Map(), turns: [], commands: 0, bytes: 0, pace: 0 },
})

const nothingPublished = <K extends KindTypes>(): Publishing<K> => ({
  replies: new Set(),
  dirty: new Map(),
  dirtySinceSeq: 0,
  groups: new Map(),
  nextGroup: 1,
  suspects: new Map(),
  republishAfterSeq: null,
  republishToSeq: 0,
})

/** A reign as it begins with the record of its claim, and what is known to stand outside the journal then; `saidSeq` as in the partition. */
export const newReign = <K extends KindTypes = KindTypes>(reignSeq: number, mark: Witness | null, saidSeq: number): Reign<K> => ({
  draining: null,
  check: null,
  nextCheckAtMs: 0,
  digestVerified: false,
  purgedBelowSeq: 0,
  commandsFill: 0,
  keptMarks: [],
  keptBytes: 0,
  search: null,
  goneToldSeq: 0,
  ...nothingTaken(),
  nextSenderToForget: 0,
  recalling: { asked: new Map(), records: new Map(), againAtMs: 0 },
  throttled: new Map(),
  factsThrottled: new Map(),
  memoryIsShort: false,
  nextMemoryLookMs: 0,
  publishing: { ...nothingPublished<K>(), republishAfterSeq: saidSeq },
  carrying: nothingCarried(),
  returns: new Map(),
  receiving: nothingReceived(),
  republishAgainAtMs: 0,
  reignSeq,
  mark,
  marking: null,
  lifting: false,
  nextWitnessAtMs: 0,
  wallClock: unseenWallClock(),
  walk: null,
  published: null,
  nextSnapshotAtMs: 0,
})

/**
 * A partition that knows nothing yet. `partitions`: how many there are in all; `snapshotEveryRecords`: records between two snapshots where they are small;
 * `batchMessagesMax`, `bounds` and `memoryBounds`: messages one record may decide, bounds.ts, and what is remembered of one sender, as in limits.ts unless others are given.
 */
export const emptyPartition = <K extends KindTypes = KindTypes>(options: {
  readonly partition: number
  readonly partitions: number
  readonly snapshotEveryRecords: number
  readonly batchMessagesMax?: number
  readonly memoryBounds?: MemoryBounds
  readonly bounds?: Partial<EngineBounds>
  /** How many partitions each kind has that its actors may send commands to. None: they send none. */
  readonly partitionsOf?: Readonly<Record<string, number>>
}): Partition<K> => ({
  id: options.partition,
  partitions: options.partitions,
  phase: "starting",
  claiming: null,
  reign: null,
  incarnation: null,
  owner: "",
  epoch: 0,
  confirmedSeq: 0,
  confirmedHash: "",
  recentHashes: [],
  cursor: { stream: "stored", seq: 0, digest: "" },
  atMs: 0,
  brokerClock: unknownBrokerClock(),
  inFlight: null,
  basisAsks: 0,
  continuing: false,
  recentMarks: [],
  sparseMarks: [],
  unanswered: null,
  droppedToSeq: null,
  ingresses: new Map(),
  actors: new Map(),
  actorList: [],
  shared: new Map(),
  uncovered: new Set(),
  short: new Set(),
  holds: { buckets: new Map(), doneBefore: 0 },
  openHolds: 0,
  openParts: 0,
  heldUp: new Map(),
  senders: new Map(),
  senderList: [],
  memoryBounds: options.memoryBounds ?? memoryBounds,
  toPack: new Set(),
  quarantine: new Map(),
  quarantinedKeys: new Map(),
  quarantinedBy: new Map(),
  partitionsOf: options.partitionsOf ?? {},
  underWay: new Map(),
  carriedIn: { seq: 0, count: 0 },
  owed: new Map(),
  saidSeq: 0,
  ...noSnapshots(),
  snapshotEveryRecords: options.snapshotEveryRecords,
  batchMessagesMax: Math.min(options.batchMessagesMax ?? batchMessagesMax, batchMessagesMax),
  bounds: boundsWith(options.bounds ?? {}),
})

/** The whole state copied, so that the copy can be stepped or inspected while the original goes on. O(state): for tests, the simulator and tools. */
export const copyPartition = <K extends KindTypes>(partition: Partition<K>): Partition<K> => structuredClone(partition)

/** The sequence last applied to the state: ahead of the journal by one while an append is in flight. */
export const appliedSeq = (partition: Partition): number =>
  partition.inFlight === null ? partition.confirmedSeq : partition.inFlight.pending.expectedSeq + 1
