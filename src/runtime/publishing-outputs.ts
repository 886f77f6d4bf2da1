/**
 * Performs what a partition wants said: replies and the ATS feed.
 *
 * A record's replies don't wait until the server has those of the one before: senders wait for them, and only a broken connection can make
 * them come in another order. Each names its record. The feed's groups are handed over in order, so that versions rise.
 */
import { Effect } from "effect"
import type { Reply } from "../engine/records.ts"
import type { AtsValue } from "../kinds/sku/types.ts"
import { Outbound } from "../ports/broker.ts"
import { Meter } from "../ports/meter.ts"
import { untilDone } from "./patience.ts"
import { watch } from "./reading.ts"
import type { Shell } from "./shell.ts"

/** Performs the outputs of `shell`'s partition that are about replies and the feed. */
export const makePublishingOutputs = Effect.fnUntraced(function* (shell: Shell) {
  const outbound = yield* Outbound
  const meter = yield* Meter

  // Sent until the server has them: a reply is never the only way to learn a decision, but it is the one senders wait for.
  const sendReplies = (seq: number, replies: ReadonlyArray<Reply>): void => {
    const sent = Effect.map(untilDone(`sending replies of partition ${shell.partition}`, outbound.reply(replies)), () => {
      meter.repliesSent(shell.partition, seq, replies.length, shell.brokerNowMs())
      shell.tell({ _tag: "RepliesSent", seq })
    })
    // Begun one turn later: a record appended in the same turn should leave for the journal first.
    shell.run(Effect.andThen(Effect.yieldNow, sent))
  }

  // A group doesn't wait until the one before is stored, or a hot SKU's newest value would stand behind older ones of its own: the connection keeps their order, and what breaks it is
  // found by whoever watches the feed.
  const sendFeed = (group: number, values: ReadonlyArray<AtsValue>): void => {
    meter.feedHandedOver(shell.partition, group, values)
    const sent = Effect.match(outbound.feed(shell.partition, values), {
      onSuccess: () => {
        meter.feedSent(shell.partition, group, values, shell.brokerNowMs())
        shell.tell({ _tag: "FeedSent", group })
      },
      // A failed group is not sent again here: there may be newer values by then, and only the partition knows them.
      onFailure: () => {
        meter.feedFailed(shell.partition, group)
        shell.tell({ _tag: "FeedFailed", group })
      },
    })
    shell.run(Effect.andThen(Effect.yieldNow, sent))
  }

  return {
    sendReplies,
    sendFeed,
    /** Watches what the feed stored since a time, and stores from now on, whoever sent it. */
    watchFeed: (sinceMs: number) =>
      shell.run(
        watch(`watching the feed of partition ${shell.partition}`, outbound.watchFeed(shell.partition, sinceMs), (seen) => {
          for (const { channel, sku, version, ats } of seen) shell.tell({ _tag: "FeedSeen", channel, key: sku, version, shown: ats })
        }),
      ),
  }
})
