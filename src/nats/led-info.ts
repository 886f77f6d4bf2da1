/**
 * What the leader of a stream says of it. A member that sees no leader is asked too, and the server has it answer with what this one member holds: that may be far behind, while the others have long elected
 * a leader (one without room was seen to do so for six seconds, with a journal five records short). Single messages are not answered like that.
 */
import type { JetStreamManager, StreamInfo, StreamInfoRequestOptions } from "@nats-io/jetstream"
import type { NatsConnection } from "@nats-io/transport-node"

/** Over which connection is asked, and for how long a manager of it waits. */
interface Asking {
  readonly nc: NatsConnection
  readonly lookups: JetStreamManager
}

const leaderWaitMs = 2_000

/** Whether a leader answered. Without a cluster there is one server, and nobody to differ from it. */
const isLed = ({ cluster }: StreamInfo): boolean => cluster === undefined || (cluster.leader ?? "") !== ""

/** The same question to all who answer it: who sees no leader may be quicker than the leader, each time. */
const secondAnswer = async (nc: NatsConnection, stream: string, options: Partial<StreamInfoRequestOptions>): Promise<StreamInfo> => {
  const answers = await nc.requestMany(`$JS.API.STREAM.INFO.${stream}`, JSON.stringify(options), {
    strategy: "timer",
    maxWait: leaderWaitMs,
  })
  for await (const answer of answers) {
    const info = answer.json<StreamInfo | { readonly error: unknown }>()
    if (!("error" in info) && isLed(info)) return info
  }
  throw new Error(`who answered for stream ${stream} sees no leader of it`)
}

/** Rejects where no leader answered. */
export const ledInfo = async (
  { nc, lookups }: Asking,
  stream: string,
  options: Partial<StreamInfoRequestOptions> = {},
): Promise<StreamInfo> => {
  const info = await lookups.streams.info(stream, options)
  return isLed(info) ? info : secondAnswer(nc, stream, options)
}
