/**
 * The protocol rules that production uses. Each one is explained where it is declared (protocol.ts); each has a test that fails when it is loosened.
 */
import { formerLeaderMs } from "../limits.ts"
import type { ProtocolRules } from "./protocol.ts"

/** The rules of production. Frozen: whoever loosens one makes an object of their own. */
export const protocolRules: ProtocolRules = Object.freeze<ProtocolRules>({
  // Owner and expected sequence both: two claimants may choose the same epoch, and one owner may append twice at one sequence (two timers).
  messageId: (owner, epoch, expectedSeq) => `${owner}.${epoch}.${expectedSeq}`,
  // The sequence alone decides: `duplicate` at another sequence says only that the id was seen.
  ackConfirms: (ack, pending) => ack.seq === pending.expectedSeq + 1,
  // Id and bytes: a former reign of this very worker may have had the same epoch.
  isMine: (found, pending) => found.messageId === pending.messageId && found.hash === pending.hash,
  // A former leader of the journal's stream may know less than was confirmed, for a while, and doesn't know that it leads no more.
  believesShortEnd: (shortForMs) => shortForMs >= formerLeaderMs,
  // A body alone repeats whenever an ingress stores again what may be stored already.
  digestText: (message, bodyHash) => `${message.subject}\n${message.headers}\n${message.brokerMs}\n${bodyHash}`,
  mayPurge: (digestVerified) => digestVerified,
  mayPublishSnapshot: (endSeq, confirmedSeq) => endSeq <= confirmedSeq,
  // A decision already given is repeated whatever the deadline says, and however old it is, as long as it is remembered.
  // What a channel tells of its own accord is bounded last: an id that has its answer keeps it.
  checks: Object.freeze(["lookup", "floor", "deadline", "bounds"] as const),
  remembers: () => true,
  feedNeedsRepair: (seenVersion, newestVersion) => seenVersion < newestVersion,
  // Not what is said by now: of an actor that is decided all the time, the feed never shows that.
  feedHasCaughtUp: (seenVersion, saidWhenSuspected) => seenVersion >= saidWhenSuspected,
  republishFrom: (publishedSeq) => publishedSeq + 1,
  // The owner's own clock has no say: one that is wrong would end holds early, or refuse facts as ahead of time.
  recordTime: (previousMs, _clockMs, brokerNowMs) => Math.max(previousMs, brokerNowMs),
  // A record of its own for each millisecond in which some hold ends would be most of a quiet journal.
  holdsGatherMs: 64,
})
