/**
 * Loosened rules of the protocol, and the small world in which each is found out: what the exploration is worth.
 *
 * The loosenings are those that the engine's own tests name. Some are not here, for no small world has what they are about. A
 * `duplicate` at another sequence stands with the loosened id that alone can cause it: with the true id no server has a reason to say it.
 */
import type { ProtocolRules } from "../../src/engine/protocol.ts"
import { protocolRules } from "../../src/engine/rules.ts"

export interface Loosened {
  readonly name: string
  readonly rules: ProtocolRules
  /** The name of the small world that shows what the rule was for. */
  readonly world: string
  /** How the property that breaks begins. */
  readonly breaks: string
}

const loosen = (name: string, change: Partial<ProtocolRules>, world: string, breaks: string): Loosened => ({
  name,
  rules: { ...protocolRules, ...change },
  world,
  breaks,
})

/** Every loosening that small worlds can show. */
export const loosened: ReadonlyArray<Loosened> = [
  loosen(
    "message id without the random owner",
    { messageId: (_owner, epoch, seq) => `${epoch}.${seq}` },
    "contest, three replicas",
    "state is the fold",
  ),
  loosen(
    "message id without the expected sequence",
    { messageId: (owner, epoch) => `${owner}.${epoch}` },
    "first start",
    "every command gets its answer",
  ),
  loosen(
    "the same, and a duplicate taken as confirmed",
    {
      messageId: (owner, epoch) => `${owner}.${epoch}`,
      ackConfirms: (ack, { expectedSeq }) => ack.duplicate || ack.seq === expectedSeq + 1,
    },
    "first start",
    "heard means journaled",
  ),
  loosen(
    "mine judged by epoch",
    { isMine: (found, pending) => found.epoch === pending.epoch },
    "contest, one replica",
    "state is the fold",
  ),
  loosen("look-up after the deadline check", { checks: ["floor", "deadline", "lookup"] }, "deadline", "one decision for an id"),
  loosen("a refusal not remembered", { remembers: (outcome) => outcome !== "refused" }, "retries", "one decision for an id"),
  loosen(
    "replies not said again at takeover",
    { republishFrom: (_published, claimSeq) => claimSeq + 1 },
    "takeover, one replica",
    "every command gets its answer",
  ),
  loosen("a feed without repair", { feedNeedsRepair: () => false }, "late feed", "the feed converges"),
  loosen(
    "a snapshot published before its end is confirmed",
    { mayPublishSnapshot: () => true },
    "snapshots",
    "a snapshot holds what is confirmed",
  ),
  loosen("digest of the body alone", { digestText: (_message, bodyHash) => bodyHash }, "lost commands", "every command gets its answer"),
]
