/**
 * Every limit of Holdfast, with its unit, its reason and its relation to the others, asserted when this file is loaded.
 * Nothing here reads the environment: what an operator may change is in config.ts, and is checked against these.
 */
import { assert } from "./assert.ts"

// Names and numbers of the domain

/** Bytes of a SKU in UTF-8. Its token is at most three times as long, so the longest subject still fits NATS comfortably. */
export const skuBytesMax = 128
/** Characters of a sender's (channel's, warehouse's, operator's) name: one subject token. */
export const senderCharsMax = 32
/** Characters of a command id, reservation id, location or reference. */
export const idCharsMax = 64
/** Units one command may move. Sums over every location and reservation stay exact integers by far. */
export const qtyMax = 1_000_000_000
/** Units one location may hold of one SKU, whatever is received. */
export const onHandMax = 1_000_000_000_000
/** Locations one SKU may be stocked at: bounds the work of one ATS. */
export const locationsPerSkuMax = 256
/** Channels a policy may name: bounds the work of one ATS. */
export const channelsPerPolicyMax = 64
/** Locations a Reserve may ask for, and an allocation may be split over. */
export const allocationsMax = 16
/** Open reservations of one SKU. A hot SKU has a million; this is where we stop. */
export const openReservationsPerSkuMax = 4_000_000
/** SKUs of one partition. */
export const skusPerPartitionMax = 4_000_000
/** Milliseconds a hold may be asked for: 30 days. */
export const holdMsMax = 30 * 24 * 3_600_000
/** Milliseconds of a command's deadline: 1 day. */
export const deadlineMsMax = 24 * 3_600_000
/** Characters of free text (a reason an operator gives). */
export const textCharsMax = 256

// Messages

/** Bytes of a command message's body; what is longer is refused before it is parsed. */
export const bodyBytesMax = 65_536
/** Commands in one message. */
export const commandsPerMessageMax = 128
/** Characters of a reply suffix, and tokens in it. */
export const replySuffixCharsMax = 96
export const replySuffixTokensMax = 3

// Records

/** Bytes of one journal record. */
export const recordBytesMax = 900_000
/** The server's default `max_payload`; a record must fit with its headers. */
export const payloadBytesMax = 1_048_576
/** Command messages one record may decide. */
export const batchMessagesMax = 2_048
/** Commands one record may decide: bounds the pause and the record. */
export const batchCommandsMax = 2_048
/** Due holds one record may expire. */
export const batchExpiriesMax = 1_024
/** Worst-case bytes of one command's entry beyond twice its own canonical bytes (a policy stands in its command and in its event): its events name every allocation. */
export const entryOverheadBytesMax = 4_608
/** Bytes of a record kept for its envelope. */
export const recordEnvelopeBytesMax = 4_096

// Memory of a partition

/** Decisions remembered for one sender and idempotency class, ended reservations of the sender included; above it that sender's floor rises. */
export const rememberedPerSenderMax = 2_000_000
/** Milliseconds a command (not a fact) is remembered: retries older than this are refused as too old. */
export const commandHorizonMs = 24 * 3_600_000
/** Milliseconds a fact is remembered: offline tills report this late. At least 72 hours. */
export const factHorizonMs = 96 * 3_600_000
/** Width in milliseconds of the steps in which a floor rises: what is forgotten is forgotten a step at a time. */
export const floorStepMs = 60_000
/** Milliseconds `issuedAtMs` may lie after the journaled time. */
export const issuedAheadMsMax = 5 * 60_000
/** Messages held in quarantine of one partition, and of one sender in it. */
export const quarantinedMax = 10_000
export const quarantinedPerSenderMax = 1_000
/** Senders one partition keeps floors and decisions for. */
export const sendersPerPartitionMax = 1_024
/** Command messages a partition holds that it has not decided; above it reading pauses. */
export const arrivedMessagesMax = 8_192
export const arrivedBytesMax = 32 * 1_048_576
/** Former cursors a partition remembers to find the last common message after the commands stream lost its tail. */
export const cursorsRememberedMax = 4_096

// Time

/** Milliseconds the clock may run ahead of the newest broker timestamp: beyond it time stands still and an alarm is raised. */
export const clockAheadMsMax = 10_000
/** Milliseconds without a confirmed record after which a witness is written, and between checks of the cursor's digest. */
export const cursorCheckMs = 1_000
/** Milliseconds an append may take before its outcome is unknown. */
export const appendTimeoutMs = 5_000
/** Milliseconds commands are kept below the cursor before they are purged. */
export const commandsKeptMs = 10 * 60_000

// Feed and snapshots

/** ATS messages in flight to the feed. Beyond it values are conflated: only the latest of each SKU is sent. */
export const feedInFlightMax = 4_096
/**
 * Milliseconds before the last record of the former owner from which a new one looks at what the feed stored. What was stored earlier, that owner has seen and corrected
 * itself: so this bounds how long its own watch may have lagged, and its corrections may have gone unstored, while it went on journaling.
 */
export const feedLookBackMs = 60_000
/** Milliseconds for which what an owner stored in the feed may be late to come back to it: later an older value in its place is taken for somebody else's, and overwritten. */
export const feedEchoMs = 1_000
/** Bytes of one snapshot chunk: as a record, it is one message. */
export const snapshotChunkBytesMax = 800_000
/** Things (SKUs, reservations, decisions) one slice of a snapshot may walk: bounds the pause far below 5 ms. */
export const snapshotSliceItemsMax = 512
/** Journal records after which a snapshot is begun. */
export const snapshotEveryRecords = 10_000

// Archive

/** Bytes of records, and records, in one segment of an archive: held in memory whole while it is written and read. */
export const archiveSegmentBytesMax = 32 * 1_048_576
export const archiveSegmentRecordsMax = 32_768
/** Newest records of a journal that are never purged, however old: a witness is compared with as many. */
export const journalRecordsKeptMin = 1_024
/**
 * Milliseconds of journaled time for which a record stays in its journal: longer than any id in it is remembered, one that was issued as far ahead as is taken included, and a
 * floor's step.
 */
export const journalKeptMs = factHorizonMs + issuedAheadMsMax + floorStepMs

const longestMessageEntryBytes = 2 * bodyBytesMax + commandsPerMessageMax * entryOverheadBytesMax
assert(recordBytesMax < payloadBytesMax, "a full record fits one message with its headers")
assert(snapshotChunkBytesMax < payloadBytesMax, "a snapshot chunk fits one message with its headers")
assert(longestMessageEntryBytes + recordEnvelopeBytesMax < recordBytesMax, "the largest message, decided at its worst, fits a record")
assert(
  // A fact may find a shortage at each location it takes units off, and at the one it happened at.
  allocationsMax * (idCharsMax + 40) + (allocationsMax + 1) * (idCharsMax + 64) + 512 <= entryOverheadBytesMax,
  "the events of one command fit its share of a record",
)
assert(
  feedLookBackMs >= clockAheadMsMax + 8 * appendTimeoutMs,
  "a new owner looks back further than journaled time may be ahead, and a correction may have been tried again and again",
)
assert(batchCommandsMax >= commandsPerMessageMax, "every message fits a batch")
assert(factHorizonMs >= 72 * 3_600_000, "facts may be reported 72 hours late")
assert(journalKeptMs > Math.max(factHorizonMs, commandHorizonMs), "nothing within a horizon of remembered ids is purged")
assert(archiveSegmentBytesMax > 2 * recordBytesMax, "a segment holds several records of any size")
assert(issuedAheadMsMax < commandHorizonMs, "a command issued ahead is remembered")
assert(arrivedMessagesMax >= batchMessagesMax, "a full batch can be waiting")
assert(rememberedPerSenderMax * 4 < 2 ** 24, "one map holds the decisions of a sender in all its classes")
assert(openReservationsPerSkuMax < 2 ** 24, "one map holds the reservations of a SKU")
assert(qtyMax * openReservationsPerSkuMax < Number.MAX_SAFE_INTEGER, "every sum of quantities is an exact integer")
