/**
 * What wire is told of a kind: how its own commands, events and outcomes are spelled. Records, chunks, bodies and frames are the same for every kind but for that, and are given one of these.
 *
 * Written against {@link KindTypes}, as the engine is. A kind's is put together in a file of its own: sku-json.ts, order-json.ts.
 */
import type { Schema } from "effect"
import type { Kind } from "../domain/kinds.ts"
import type { ActorKey, CommandClass, SenderId } from "../domain/names.ts"
import type { KindTypes } from "../engine/kind.ts"
import type { DecodedBody, EngineCodec } from "../engine/protocol.ts"
import type { DecidedCommand, Entry, RememberedDecision } from "../engine/records.ts"
import type { CommandReaders } from "./command-json.ts"

/** What decodes the long way what isn't spelled as usual; undefined if it is nothing known. */
export interface LongWay<K extends KindTypes = KindTypes> {
  readonly entry: (json: Uint8Array) => Entry<K> | undefined
  readonly decided: (json: Uint8Array) => DecidedCommand<K> | undefined
}

/**
 * Reads the entries of a record's bytes between two places: behind the bracket of their list, and behind its closing one. Undefined if they can't be read so, whatever they are.
 */
export type ReadEntries<K extends KindTypes = KindTypes> = (
  record: Uint8Array,
  start: number,
  end: number,
  longWay: LongWay<K>,
) => ReadonlyArray<Entry<K>> | undefined

/** A kind's own JSON, and what is the kind's in what all kinds write. */
export interface KindJson<K extends KindTypes = KindTypes> {
  readonly name: Kind
  /** The field that names an actor, wherever one is named. */
  readonly keyName: string
  readonly key: Schema.Codec<K["key"], string>
  /** The same of what is spelled as every key is. */
  readonly isKey: (key: ActorKey) => key is K["key"]
  readonly commands: CommandReaders<K["command"]>
  readonly classOf: (command: K["command"]) => CommandClass
  /** Any event, the events that end a part whose time is up, and those by which an actor goes on of its own accord. */
  readonly event: Schema.Codec<K["event"], unknown>
  readonly expired: Schema.Codec<K["expired"], unknown>
  readonly followUp: Schema.Codec<K["followUp"], unknown>
  readonly outcome: Schema.Codec<RememberedDecision<K>, unknown>
  /** The one canonical text of a command. */
  readonly commandText: (command: K["command"]) => string
  readonly contentHash: EngineCodec<K>["contentHash"]
  readonly differingField: EngineCodec<K>["differingField"]
  /** Adds the items of a list of events, from behind its bracket to its closing one, and the fields of an outcome, without braces. */
  readonly addEvents: (text: string, events: ReadonlyArray<K["event"]>) => string
  readonly addOutcome: (text: string, outcome: RememberedDecision<K>) => string
  readonly readChunk: EngineCodec<K>["readChunk"]
  /** A body as it travels from an ingress on. */
  readonly decodeBody: (body: Uint8Array) => DecodedBody<K>
  /** A body as its sender wrote it, in any spelling, with what an ingress writes into it of whom it is from. */
  readonly decodeBodyFrom: (body: Uint8Array, sender: SenderId) => DecodedBody<K>
  /** Where records are read much faster than by Schemas; null: they aren't. */
  readonly readEntries: ReadEntries<K> | null
}
