/**
 * Inputs that may come when nothing waits for them any more, each with the reason: one table, so that what is passed over in silence is known. An input without a place in it
 * doesn't compile. What no input leads to, inside the engine, is no such case: it is asserted, never answered with an empty list.
 */
import type { Input } from "./protocol.ts"

/** Why an input may come late. */
export const mayComeLate: Readonly<Record<Input["_tag"], string>> = {
  SnapshotRead: "told twice: the first answer counts",
  SnapshotNewer: "told twice: the first answer counts",
  SnapshotMissing: "told twice: the first answer counts",
  RecordsRead: "what was read before following ended, or while an append is in flight",
  Claim: "a lease that came again while this owner serves",
  ClaimBasisRead: "an answer to the question of an earlier claim",
  ClaimBasisNewer: "an answer to the question of an earlier claim",
  ReadFailed: "of a question that was asked again, or is moot",
  AppendAcked: "of an append that was read to be stored, or of an earlier attempt",
  AppendUnknown: "of an append that was read to be stored, or of an earlier attempt",
  JournalEndRead: "asked for twice, and settled by the first answer",
  CommandsArrived: "of a reading that broke or ended meanwhile",
  CommandsHanded: "to a reign that is over: whoever handed it over is told",
  ReturnsHeard: "of a command that is not under way any more, or to a reign that is over",
  ReadingBroke: "a reading that was ended by then",
  CommandAtRead: "a look that was asked for again, or at a place that is not looked at any more",
  BrokerTimeSeen: "at any time: it is news of the broker",
  WitnessStored: "of a mark whose reign is over",
  WitnessUnread: "of a mark whose reign is over",
  HaltCleared: "tried again, and cleared by the first",
  RepliesSent: "of a reign that is over",
  FeedSent: "of a reign that is over",
  FeedFailed: "of a reign that is over",
  FeedSeen: "at any time: the feed is watched, whoever reigns",
  RepublishRead: "asked for twice",
  RecalledRead: "of a decision that nobody waits for any more",
  ChunkStored: "of a snapshot that was given up",
  SnapshotFailed: "of a snapshot that was given up",
  Tick: "at any time",
  Continue: "of work that ended meanwhile",
  Drain: "at any time",
  LeaseLost: "at any time",
}
