/** What channels hear, as the port `Outbound`: replies on their inboxes, and the feed, which its stream says to them as it stores it. */
import { Effect, Layer, Stream } from "effect"
import type { Kind } from "../domain/kinds.ts"
import { skuToken } from "../domain/names.ts"
import type { Reply } from "../engine/records.ts"
import type { AtsValue } from "../kinds/sku/types.ts"
import { Outbound } from "../ports/broker.ts"
import { feedOf, feedStream, feedSubject, isReplySuffix, replySubject } from "../wire/subjects.ts"
import { attempt } from "./attempt.ts"
import type { Said } from "./block.ts"
import type { Link, Links } from "./connection.ts"
import { publishCounted } from "./counted-publisher.ts"
import { type Delivered, readOrdered } from "./ordered-reader.ts"

/** The bytes of what is said. */
export interface SaidCodec {
  readonly encodeReply: (reply: Reply) => Uint8Array
  readonly encodeAts: (value: AtsValue) => Uint8Array
  /** Undefined if the bytes are none of ours. */
  readonly decodeAts: (bytes: Uint8Array) => AtsValue | undefined
}

const reply = async (link: Link, codec: SaidCodec, replies: ReadonlyArray<Reply>): Promise<void> => {
  const block: Array<Said> = []
  for (const said of replies) {
    // A suffix comes from a sender's header by way of a journal: anything but plain tokens would be read as protocol.
    if (isReplySuffix(said.suffix)) block.push({ subject: replySubject(said.sender, said.suffix), body: codec.encodeReply(said) })
  }
  const settled = link.settled()
  link.publishBlock(block)
  await settled
}

const seen = (codec: SaidCodec, arrived: ReadonlyArray<Delivered>) => {
  const values: Array<AtsValue> = []
  for (const { message } of arrived) {
    const value = codec.decodeAts(message.data)
    if (value !== undefined) values.push(value)
  }
  return values
}

const skuFeed = (links: Links, codec: SaidCodec): Pick<Outbound["Service"], "feed" | "watchFeed"> => ({
  feed: (partition, values) =>
    attempt(links.engine, `publish the feed of partition ${partition}`, () =>
      publishCounted(
        links.engine,
        values.map((value) => ({ subject: feedSubject(partition, value.channel, skuToken(value.sku)), body: codec.encodeAts(value) })),
      ),
    ),
  watchFeed: (partition, sinceMs) =>
    readOrdered(links.engine, { stream: feedStream, filter: feedOf(partition), start: { sinceMs } }).pipe(
      Stream.map((arrived) => seen(codec, arrived)),
      Stream.filter((values) => values.length > 0),
    ),
})

/** The feed is of SKUs alone: its subjects name no kind, so that another kind's partition must not touch it. */
const noFeed: Pick<Outbound["Service"], "feed" | "watchFeed"> = { feed: () => Effect.void, watchFeed: () => Stream.never }

export const outboundLayer = (links: Links, kind: Kind, codec: SaidCodec): Layer.Layer<Outbound> =>
  Layer.succeed(Outbound, {
    reply: (replies) => attempt(links.door, "publish replies", () => reply(links.door, codec, replies)),
    busy: (sender, suffix, body) => {
      try {
        if (isReplySuffix(suffix)) links.door.nc.publish(replySubject(sender, suffix), body)
      } catch {
        // The connection can't take it now: lost, as an answer to somebody who isn't there.
      }
    },
    ...(kind === "sku" ? skuFeed(links, codec) : noFeed),
  })
