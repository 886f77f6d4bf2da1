/**
 * How a kind of actor is declared: each command and each event once, as data, with the functions that belong to it.
 *
 * A kind has a folder, src/domain/<kind>, and each of its commands a folder in that, commands/<name>. The kind makes a `defineCommand` of its own with
 * {@link commandDefiner}, and an `index.ts` with {@link defineActor}, which lists its commands:
 *
 *   // <kind>/commands/confirm/command.ts: the fields, once, as Schemas; the type follows
 *   const fields = { reservation: ReservationNameField }
 *   export interface Confirm extends SkuCommand<"Confirm", typeof fields> {}
 *   export const confirm = defineCommand({ type: "Confirm", class: "sell", isFact: false, summary, fields, flags, decide: decideConfirm, events: [confirmed], founds, bounds, examples })
 *
 *   // <kind>/index.ts
 *   export const skuKind = defineActor({ kind: "sku", head, commands: [reserve, confirm, …], events: [expired, …], contentFields: ["reservation", …] })
 *
 * From that come the types of all commands and events, their readers and writers, what an id is bound to, bounds of a record, flags, methods of the client, and tables of the documents.
 * Nothing is registered and nothing is found by name: what isn't listed isn't there. `decide` is a function with its types written out, in a file of its own: its result names all events of
 * the kind, whose types follow from what is declared here.
 */
import type * as Schema from "effect/Schema"
import { assert } from "../assert.ts"
import type { CommandClass, EpochMs, SenderId } from "./names.ts"

type Fields = Schema.Struct.Fields
type Values<Of extends Fields> = Schema.Struct.Type<Of>
type Spelled<Of extends Fields> = Schema.Struct.Encoded<Of>

/** What only commands have, and no fact: it already happened, so no deadline counts for it. */
interface Deadline {
  /** Milliseconds after the broker stored it until which a decision is wanted; later it is answered as expired. */
  readonly deadlineMs?: number
}
interface NoDeadline {
  readonly deadlineMs?: never
}

/** A command of a type, as a decoded value: what every command of its kind has, a deadline if it is no fact, and its own fields. */
export type CommandValue<Head extends Fields, Type extends string, IsFact extends boolean, Own extends Fields> = {
  readonly type: Type
} & Values<Head> &
  (IsFact extends true ? NoDeadline : Deadline) &
  Values<Own>

/** An event of a type, as a decoded value. */
export type EventValue<Type extends string, Own extends Fields> = { readonly type: Type } & Values<Own>

/** The types that all commands of a kind have in common. */
export interface KindDeclaration {
  /** The fields every command begins with: an id, the actor's key, when it was issued. */
  readonly head: Fields
  /** What a command is decided on; undefined for an actor nobody has told anything about, where the kind says so. */
  readonly state: unknown
  /** What deciding may ask beside the state. */
  readonly known: unknown
  readonly decision: unknown
}

/** What every event says of itself. A kind adds how its state comes forward from it. */
export interface EventSpec {
  readonly type: string
  readonly fields: Fields
}

/** What fields together must fulfil. */
interface Whole<Value> {
  /** The field at fault, and what it should be. */
  readonly fault: (fields: Value) => { readonly path: ReadonlyArray<string>; readonly issue: string } | undefined
  /** The same in words of JSON Schema, as far as they go. */
  readonly jsonSchema?: Readonly<Record<string, unknown>>
}

/** What a command may take of a record, at its worst: the engine takes no more into one than fits. */
interface Bounds<Value> {
  /** Bytes of its entry beyond its body's. `places`: so many places its events may each name; `bodyBytes`: of the message it came in. */
  readonly entryBytes: (places: number, bodyBytes: number) => number
  /** By how many places it may make its actor's state larger. */
  readonly placesMade: (command: Value) => number
}

/** A command as JSON spells it, without its version and type. */
type Example<Head extends Fields, IsFact extends boolean, Own extends Fields> = Spelled<Head> &
  (IsFact extends true ? NoDeadline : Deadline) &
  Spelled<Own>

/** How the command line asks for a field: what stands for its value, and what it means. */
type FlagText = readonly [metavar: string, says: string]

/** A command of a kind, as its folder declares it. */
export interface CommandSpec<
  Kind extends KindDeclaration,
  Type extends string,
  Class extends CommandClass,
  IsFact extends boolean,
  Own extends Fields,
  Events extends ReadonlyArray<EventSpec>,
> {
  readonly type: Type
  /** The class it must be sent in. */
  readonly class: Class
  /** A fact already happened: no deadline, no business refusal, and its id is remembered longer. */
  readonly isFact: IsFact
  /** One sentence for whoever reads the published schemas. */
  readonly summary: string
  /** Its own fields, in the order in which they are written. */
  readonly fields: Own
  readonly whole?: Whole<Values<Own>>
  /** What a field says where it says nothing: left out of the value, so that one command has one spelling. */
  readonly defaults?: Partial<Values<Own>>
  /** Operators' commands are about what the partition keeps: it decides them itself. */
  readonly decide: Class extends "operator"
    ? null
    : (
        state: Kind["state"],
        command: CommandValue<Kind["head"], Type, IsFact, Own>,
        sender: SenderId,
        nowMs: EpochMs,
        known: Kind["known"],
      ) => Kind["decision"]
  /** Events that no other command has. */
  readonly events: Events
  /** Whether it puts something under its actor's key, which is what makes one: then the key must be told from every other by whoever sees it. */
  readonly founds: (command: CommandValue<Kind["head"], Type, IsFact, Own>) => boolean
  readonly bounds: Bounds<CommandValue<Kind["head"], Type, IsFact, Own>>
  readonly flags: { readonly [Name in keyof Own]: FlagText }
  /** What the command line fills in, from the command's id. */
  readonly filledIn?: (id: string) => Partial<Spelled<Own>>
  /** Commands as docs/PROTOCOL.md shows them. */
  readonly examples: readonly [Example<Kind["head"], IsFact, Own>, ...Array<Example<Kind["head"], IsFact, Own>>]
}

/** The function that declares a command of one kind. It checks what it is given, and gives it back. */
export const commandDefiner =
  <Kind extends KindDeclaration>() =>
  <
    const Type extends string,
    const Class extends CommandClass,
    const IsFact extends boolean,
    const Own extends Fields,
    const Events extends ReadonlyArray<EventSpec>,
  >(
    spec: CommandSpec<Kind, Type, Class, IsFact, Own, Events>,
  ): CommandSpec<Kind, Type, Class, IsFact, Own, Events> =>
    spec

/** A command's spec, whichever it is: what whoever handles all of them may ask of one. Methods, for each takes its own command alone. */
export interface AnyCommandSpec {
  readonly type: string
  readonly class: CommandClass
  readonly isFact: boolean
  readonly summary: string
  readonly fields: Fields
  readonly whole?: {
    fault(fields: object): { readonly path: ReadonlyArray<string>; readonly issue: string } | undefined
    readonly jsonSchema?: Readonly<Record<string, unknown>>
  }
  readonly defaults?: object
  readonly decide: unknown
  readonly events: ReadonlyArray<EventSpec>
  founds(command: object): boolean
  readonly bounds: { entryBytes(places: number, bodyBytes: number): number; placesMade(command: object): number }
  readonly flags: Readonly<Record<string, FlagText>>
  filledIn?(id: string): object
  readonly examples: ReadonlyArray<object>
}

type ByType<Specs extends ReadonlyArray<{ readonly type: string }>> = { readonly [Spec in Specs[number] as Spec["type"]]: Spec }
type EventsOf<Commands extends ReadonlyArray<AnyCommandSpec>, Shared extends ReadonlyArray<EventSpec>> =
  | Commands[number]["events"][number]
  | Shared[number]

/** The names of all own fields of some commands. */
type ContentField<Commands extends ReadonlyArray<AnyCommandSpec>> = {
  readonly [Index in keyof Commands]: keyof Commands[Index]["fields"]
}[number]

interface ActorSpec<
  Kind extends string,
  Head extends Fields,
  Commands extends ReadonlyArray<AnyCommandSpec>,
  Shared extends ReadonlyArray<EventSpec>,
  Content extends ReadonlyArray<string>,
> {
  readonly kind: Kind
  readonly head: Head
  /** In an order that is kept: a command's place is its number in snapshots. A new one is put behind the last. */
  readonly commands: Commands
  /** Events that several commands have, or none. */
  readonly events: Shared
  /** All own fields of all commands, in an order that is kept: a field's place is its number in snapshots. One that is left out doesn't compile. */
  readonly contentFields: [ContentField<Commands>] extends [Content[number]]
    ? [Content[number]] extends [ContentField<Commands>]
      ? Content
      : never
    : never
}

const byType = <Specs extends ReadonlyArray<{ readonly type: string }>>(specs: Specs): ByType<Specs> => {
  const table = Object.fromEntries(specs.map((spec) => [spec.type, spec]))
  assert(Object.keys(table).length === specs.length, "no two commands or events of a kind have the same type")
  return table as ByType<Specs>
}

/** Declares a kind of actor by its commands and events: the one list of them. */
export const defineActor = <
  const Kind extends string,
  const Head extends Fields,
  const Commands extends ReadonlyArray<AnyCommandSpec>,
  const Shared extends ReadonlyArray<EventSpec>,
  const Content extends ReadonlyArray<string>,
>(
  spec: ActorSpec<Kind, Head, Commands, Shared, Content>,
) => {
  const { kind, head, commands, contentFields } = spec
  const events: ReadonlyArray<EventsOf<Commands, Shared>> = [...commands.flatMap((command) => command.events), ...spec.events]
  return { kind, head, commands, events, contentFields, command: byType(commands), event: byType(events) }
}
