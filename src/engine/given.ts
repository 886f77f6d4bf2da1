/**
 * What all of the engine is given: the kind of its actors, pure functions over bytes, and rules. It is made once, when a step function is, and handed down from there.
 */
import type { ActorKind, KindTypes } from "./kind.ts"
import type { CommandMessage, EngineCodec, ProtocolRules } from "./protocol.ts"

/** What the engine is given: the kind of its actors, pure functions and rules. */
export interface EngineContext {
  readonly kind: ActorKind
  readonly codec: EngineCodec
  readonly rules: ProtocolRules
}

/** What a step function is made over. */
export interface StepOptions<K extends KindTypes> {
  readonly kind: ActorKind<K>
  readonly codec: EngineCodec<K>
  readonly rules: ProtocolRules
}

/** What the engine is given, as it knows it. */
export const givenOf = <K extends KindTypes>({ kind, codec, rules }: StepOptions<K>): EngineContext =>
  // The engine hands a kind and a codec nothing but what it had from them, or from inputs of the same kind: so it may forget which kind it is. Here alone it does.
  ({ kind, codec, rules }) as unknown as EngineContext

/** The digest of a stored message, which a cursor keeps: whether the stream still holds the very message that was read there. */
export const digestOfMessage = ({ rules, codec }: EngineContext, message: CommandMessage): string =>
  codec.sha256(rules.digestText(message, codec.sha256(message.body)))
