/**
 * What a sender (channel, warehouse, operator) needs from a broker: to send commands, hear what becomes of them, ask questions and follow its ATS.
 * `client` is written against this; nats/ implements it with the sender's own credentials.
 */
import { Context, type Effect, type Stream } from "effect"
import type { Kind } from "../domain/kinds.ts"
import type { CommandClass } from "../domain/names.ts"
import type { BrokerUnavailable, NotPermitted } from "./errors.ts"

/** A message of commands, and where its sender hears about it: under `hf.reply.<sender>.<suffix>`. */
export interface SentMessage {
  readonly class: CommandClass
  /** What decides it. */
  readonly kind: Kind
  /** Canonical subject token of the key of an actor in it: of a SKU. */
  readonly token: string
  readonly body: Uint8Array
  readonly suffix: string
  /** A W3C `traceparent` that travels with it. */
  readonly traceparent?: string
}

/** What a sender hears. */
export type Heard =
  /** A decision, or an answer: of a door to a message, of a worker to a question. */
  | { readonly _tag: "Said"; readonly suffix: string; readonly body: Uint8Array }
  /** Said by the server itself: nobody listens for what was published with this suffix, so nobody got it. */
  | { readonly _tag: "NobodyTook"; readonly suffix: string }
  /** The server itself: these credentials may not publish there, and it dropped a message. It doesn't say which of those published there. */
  | { readonly _tag: "NotPermitted"; readonly class: CommandClass; readonly kind: Kind; readonly token: string; readonly cause: string }
  /** The server took the subscription that it had refused before: from here on everything said is heard again. */
  | { readonly _tag: "Listening" }

/** A sender's connection: it publishes messages, hears answers and feed, and asks questions. */
export class SenderLink extends Context.Service<
  SenderLink,
  {
    readonly sender: string
    /**
     * Publishes one message, now; what becomes of it is heard. False: there is no connection, so it surely went to nobody. True says nothing: it may be lost on its way, and its
     * answer too. A plain call: an effect for each message would cost more than the message.
     */
    readonly publish: (message: SentMessage) => boolean
    /** Ends once this process has noticed that there is no connection: at once where there is none. It comes back by itself. */
    readonly lost: Effect.Effect<void>
    /** Everything said to this sender under `hf.reply.<sender>.<prefix>.`, with the rest of the suffix; and what the server says of any publish. Fails with NotPermitted where the server no longer lets this sender hear it. */
    readonly replies: (prefix: string) => Stream.Stream<ReadonlyArray<Heard>, NotPermitted | BrokerUnavailable>
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
