/**
 * What a sender (channel, warehouse, operator) needs from a broker: to send commands, hear replies, ask questions and follow its ATS.
 * `client` is written against this; nats/ implements it with the sender's own credentials.
 */
import { Context, type Effect, type Stream } from "effect"
import type { CommandClass } from "../domain/names.ts"
import type { BrokerUnavailable, Busy, NotPermitted } from "./errors.ts"

export class ChannelLink extends Context.Service<
  ChannelLink,
  {
    readonly sender: string
    /** Partitions of the cluster, learned from the server (question `topology`). */
    readonly partitions: number
    /** Stores one message; succeeds when it is stored and so will be decided. BrokerUnavailable: unknown, send again with the same id. */
    readonly publish: (
      commandClass: CommandClass,
      token: string,
      body: Uint8Array,
      replySuffix: string,
    ) => Effect.Effect<{ readonly seq: number }, Busy | NotPermitted | BrokerUnavailable>
    /** Everything said to this sender under `hf.reply.<sender>.<prefix>.`: the rest of the suffix and the body. */
    readonly replies: (
      prefix: string,
    ) => Stream.Stream<ReadonlyArray<{ readonly suffix: string; readonly body: Uint8Array }>, BrokerUnavailable>
    /** Asks `hf.get.<sender>.<path>`; answers come as replies under `replySuffix`. */
    readonly ask: (path: string, body: Uint8Array, replySuffix: string) => Effect.Effect<void, NotPermitted | BrokerUnavailable>
    /**
     * The live feed of this channel: SKU token and body. Fails with BrokerUnavailable once a lost connection is back: what was said meanwhile was not
     * heard, so whoever follows reads the current values again.
     */
    readonly ats: (
      tokens: string | undefined,
    ) => Stream.Stream<ReadonlyArray<{ readonly token: string; readonly body: Uint8Array }>, NotPermitted | BrokerUnavailable>
  }
>()("holdfast/ports/ChannelLink") {}
