/**
 * Performs what a partition wants said: replies and the ATS feed.
 *
 * A record's replies don't wait until the server has those of the one before: senders wait for them, and only a broken connection can make
 * them come in another order. Each names its record. The feed's groups go one after another, so that versions rise.
 */
import { Effect } from "effect"
import type { AtsValue, Reply } from "../engine/records.ts"
import { Outbound } from "../ports/broker.ts"
import { Meter } from "../ports/meter.ts"
import { makeConveyor } from "./conveyor.ts"
import { untilDone } from "./patience.ts"
import { watch } from "./reading.ts"
import type { Shell } from "./shell.ts"

interface GroupToSend {
  readonly group: number
  readonly values: ReadonlyArray<AtsValue>
}

export const makePublishingOutputs = Effect.fnUntraced(function* (shell: Shell) {
  const outbound = yield* Outbound
  const meter = yield* Meter

  // Sent until the server has them: a reply is never the only way to learn a decision, but it is the one senders wait for.
  const sendReplies = (seq: number, replies: ReadonlyArray<Reply>): void => {
    const sent = Effect.map(untilDone(`sending replies of partition ${shell.partition}`, outbound.reply(replies)), () => {
      meter.repliesSent(replies.length)
      shell.tell({ _tag: "RepliesSent", seq })
    })
    // A turn later: a record handed over in this one should be on its way to the journal first.
    shell.run(Effect.andThen(Effect.yieldNow, sent))
  }

  const sendFeed = makeConveyor<GroupToSend>(shell, (groups) => {
    const values = groups.flatMap((group) => group.values)
    return Effect.match(outbound.feed(shell.partition, values), {
      onSuccess: () => {
        meter.feedSent(values.length)
        for (const { group } of groups) shell.tell({ _tag: "FeedSent", group })
      },
      // Not sent again from here: by then there may be newer values, which only the partition knows.
      onFailure: () => {
        for (const { group } of groups) shell.tell({ _tag: "FeedFailed", group })
      },
    })
  })

  return {
    sendReplies,
    sendFeed: (group: number, values: ReadonlyArray<AtsValue>) => sendFeed({ group, values }),
    /** Watches what the feed stored since a time, and stores from now on, whoever sent it. */
    watchFeed: (sinceMs: number) =>
      shell.run(
        watch(`watching the feed of partition ${shell.partition}`, outbound.watchFeed(shell.partition, sinceMs), (seen) => {
          for (const { channel, sku, version, ats } of seen) shell.tell({ _tag: "FeedSeen", channel, sku, version, ats })
        }),
      ),
  }
})
