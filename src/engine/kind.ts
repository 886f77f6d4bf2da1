/**
 * What a partition has to be told of the kind of actor it holds. The engine (log, batch, memory of ids, floors, timers, feed, snapshots, takeover) is given one `ActorKind` and knows nothing else of
 * what its actors are: a SKU is one kind (src/kinds/sku), an order can be another.
 *
 * A kind is one object of pure, synchronous functions, without clock, chance or I/O, made once and never changed: the engine calls each through the same field, so that a call costs what a call of a
 * known function costs. It keeps no state beside what it is handed. What each part is for:
 *
 * - `name`, `actorsMax`: what the kind is called, and how many actors one partition holds.
 * - `commands`: what the engine has to know of a command before and beside deciding it: whose it is, its class, how long its id is remembered, what it may cost a record, and the checks that only this
 *   kind makes ("beyond bounds").
 * - `decide`, `evolve`, `outcomeOf`, …: the actor itself. `decide` never changes a state; `evolve` is the only thing that does, live and at replay alike.
 * - `parts`: what an actor holds many of, and what timers belong to (a SKU's reservations, an order's hold): named by a sender and an id, perhaps due at a time, and ending once. The engine arms their
 *   timers, takes ended ones out of their actor, and remembers how they ended, packed, for as long as their sender's floor allows.
 * - `feed`: what is published of an actor after a record that changed it (the ATS of a SKU). The engine owns versions, groups, conflation and repair; the kind says what the values are.
 * - `chunks`: how an actor and its parts stand in a snapshot. Open timers are not written: they are armed again from the parts that are loaded.
 * - `hashed`: what of a state is compared between owners, replays and releases.
 * - `carrying`: commands between actors (docs/adr/0017-commands-between-actors.md). An event may carry commands to actors of other kinds; they are journaled with it, sent once its record is confirmed, and asked
 *   again until their decision is back, which the actor is then told. Null for a kind that sends none.
 *
 * The engine itself is written against {@link KindTypes}, of which it knows only what is declared here. Whoever holds a partition of one kind uses the same types with that kind's in them.
 */
import type { ActorKey, CommandClass, CommandId, EpochMs, ReservationId, SenderId } from "../domain/names.ts"
import type { Refusal } from "../domain/refusals.ts"
import type { Actor } from "./actor.ts"
import type { CommandUnderWay, FloorClass, RememberedDecision, ReturnedOutcome } from "./records.ts"

/** What the engine reads of any command. */
export interface KindCommand {
  readonly type: string
  readonly id: CommandId
  /** When the sender made it, by the sender's clock. */
  readonly issuedAtMs: EpochMs
  /** Milliseconds after the broker stored it until which a decision is wanted. */
  readonly deadlineMs?: number
}

/** What the engine reads of any event. */
export interface KindEvent {
  readonly type: string
}

/** What the engine reads of any value that is published of an actor. */
export interface KindValue {
  /** The record that last changed the actor: a receiver accepts only rising ones. */
  readonly version: number
}

/** The types that a kind puts in the place of those that the engine knows nothing of. */
export interface KindTypes {
  /** What an actor is named by. */
  readonly key: ActorKey
  readonly command: KindCommand
  readonly event: KindEvent
  /** Events that end parts whose time was up, and those by which an actor goes on of its own accord. */
  readonly expired: KindEvent
  readonly followUp: KindEvent
  /** Of one actor: plain data. */
  readonly state: object
  readonly part: object
  /** How parts end. */
  readonly ending: string
  /** What a sender hears of a command that was accepted, beside that. */
  readonly accepted: object
  /** The answer to one command, with the kind's own word for what it is about. */
  readonly said: object
  /** What was last told of an actor to those who follow the feed. */
  readonly told: object
  readonly value: KindValue
  /** An actor without its parts, and a part, as a snapshot holds them. */
  readonly actorRow: object
  readonly partRow: object
}

/** What deciding a command came to. */
export type KindDecision<K extends KindTypes = KindTypes> =
  | { readonly _tag: "Accepted"; readonly events: ReadonlyArray<K["event"]> }
  | { readonly _tag: "Refused"; readonly refusal: Refusal }
  /** It began, and is answered by an event that is still to come; see {@link KindCarrying.answeredBy}. */
  | { readonly _tag: "Begun"; readonly events: ReadonlyArray<K["event"]> }
  /** Another command of what it is about is not answered yet: nothing is decided or remembered, and its sender is told to come back. */
  | { readonly _tag: "Later" }

/** How a part ended, and when. */
export interface PartEnd<K extends KindTypes = KindTypes> {
  readonly status: K["ending"]
  readonly endedAtMs: EpochMs
}

/** How a part of an actor ended, if it did, is no longer held by its actor, and is not forgotten. */
export type PartEndOf<K extends KindTypes = KindTypes> = (owner: SenderId, id: ReservationId) => PartEnd<K> | undefined

/** An operator's command on what lies in quarantine. */
export interface KindOperatorCommand<K extends KindTypes = KindTypes> {
  readonly quarantined: string
  /** Whether a command that waits is about the very thing that the operator's names. */
  readonly isAbout: (waiting: K["command"]) => boolean
  /** Why it is to be dropped; null: it is to be decided again. */
  readonly dropReason: string | null
}

/** What the engine has to know of a kind's commands. */
export interface KindCommands<K extends KindTypes = KindTypes> {
  /** The actor that it is for. */
  readonly keyOf: (command: K["command"]) => K["key"]
  /** The class it must be sent in. */
  readonly classOf: (command: K["command"]) => CommandClass
  /** Facts already happened: no deadline, no refusal for their date, and what of them can't be believed or told from a repeat goes into quarantine. */
  readonly isFact: (command: K["command"]) => boolean
  /** Whether senders tell its actors facts at all: if not, none are held off at the doors for what of a sender's waits in quarantine here. */
  readonly hasFacts: boolean
  /** The class whose floor and horizon its id falls under. */
  readonly floorClassOf: (command: K["command"]) => FloorClass
  /** What it does to the quarantine; undefined of a command that an actor decides. */
  readonly operatorOf: (command: K["command"]) => KindOperatorCommand<K> | undefined
  /**
   * A second name that what it tells has, whatever its id and whoever tells it: told again, it is the same. Undefined: none. It must not be an id that a command can have. `secondHashOf` is what has to
   * be the same, `secondField` the field that a refusal names where it isn't, and `secondClass` the class of those who tell such things.
   */
  readonly secondNameOf: (command: K["command"]) => CommandId | undefined
  readonly secondHashOf: (command: K["command"]) => number
  readonly secondField: string
  readonly secondClass: FloorClass
  /** The check that this kind makes before deciding: why a fact is not believed on its sender's word alone, and waits for a person. Undefined: it is. `bulk`: its sender has that role. */
  readonly beyondBounds: (command: K["command"], sender: SenderId, bulk: boolean, state: K["state"] | undefined) => string | undefined
  /** The size of what a command is about, in what makes decisions on it long (a SKU's locations, an order's lines), and by how much a command may make it grow. */
  readonly sizeOf: (state: K["state"] | undefined, command: K["command"]) => number
  readonly growthOf: (command: K["command"]) => number
  /** Bytes that deciding it takes in a record at the worst, beside its own, given its actor's size and the bytes of its message. */
  readonly worstBytesOf: (command: K["command"], size: number, messageBytes: number) => number
  /** The rank among the senders of one batch that sell: lower ones are decided first. */
  readonly rankOf: (state: K["state"] | undefined, sender: SenderId) => number
}

/** What of an actor's state ends by itself, such as a reservation: found, timed, remembered when it has ended. */
export interface KindParts<K extends KindTypes = KindTypes> {
  readonly ownerOf: (part: K["part"]) => SenderId
  readonly idOf: (part: K["part"]) => ReservationId
  /** When its time is up; 0: never, as it stands. */
  readonly dueMs: (part: K["part"]) => EpochMs
  /** How parts end, four at most: a place in this list is what is remembered. */
  readonly endings: ReadonlyArray<K["ending"]>
  /** How it ended; undefined: it is open. */
  readonly endingOf: (part: K["part"]) => K["ending"] | undefined
  /** What happens to a part whose time is up, and bytes that it takes in a record at the worst. */
  readonly expire: (part: K["part"], nowMs: EpochMs) => ReadonlyArray<K["expired"]>
  readonly expiredBytesOf: (part: K["part"]) => number
  /** Whether an event is about a part at all, whose it is, and whether one may begin with it. The owner and the id are asked only of events that are about one. */
  readonly isAbout: (event: K["event"]) => boolean
  readonly mayBegin: (event: K["event"]) => boolean
  readonly eventOwnerOf: (event: K["event"]) => SenderId
  readonly eventIdOf: (event: K["event"]) => ReservationId
  /** The part of that name that the state holds, or undefined. */
  readonly find: (state: K["state"], owner: SenderId, id: ReservationId) => K["part"] | undefined
  /** When the part that an event is about was due before the event; 0: not at all. Asked of every event. */
  readonly dueBefore: (state: K["state"], event: K["event"]) => EpochMs
  /** Takes an ended part out of its state. */
  readonly forget: (state: K["state"], part: K["part"]) => void
  /** The parts of a state in slots that stay where they are while others come and go; undefined: it has none. */
  readonly slotsOf: (state: K["state"]) => ReadonlyArray<K["part"] | undefined> | undefined
  /** Where the open parts of a whole partition are counted as they come and go: by how many an event changes that, and whether a part is one of them. Absent: they are not. */
  readonly open?: { readonly by: (event: K["event"]) => number; readonly is: (part: K["part"]) => boolean }
}

/** What a kind publishes of its actors after a record. */
export interface KindFeed<K extends KindTypes = KindTypes> {
  /** Notes what an actor's values are before the first change of a reign, so that those who follow can be told the difference. Called before every change. */
  readonly noteBefore: (actor: Actor<K>) => void
  /** Adds the values of an actor that differ from what was last told, or all of them if `forced`, and notes them as told. */
  readonly collect: (actor: Actor<K>, cause: string, forced: boolean, atMs: EpochMs, into: Array<K["value"]>) => void
  /** What an actor's state comes to for one receiver, and what was last told to it: as numbers that the feed shows. */
  readonly shownOf: (state: K["state"], receiver: SenderId) => number
  readonly toldOf: (actor: Actor<K>, receiver: SenderId) => number
  /** Whether the receiver is told of the actor anyway; if not, it is told nothing unless it is noted as a stray. */
  readonly isNamed: (state: K["state"], receiver: SenderId) => boolean
  /** Notes as strays whom an event that is about to be applied drops. Asked of every event, live and at replay: from the new state nobody can tell. */
  readonly noteDropped: (actor: Actor<K>, event: K["event"]) => void
  /** The receiver that has to be told again after a takeover though the state may no longer name it; undefined: nobody. Of a decided command, and of an event by which an actor went on of its own accord. */
  readonly strayOfCommand: (command: K["command"], sender: SenderId) => SenderId | undefined
  readonly strayOfFollowUp: (event: K["followUp"]) => SenderId | undefined
}

/** How a kind's state is cut into snapshots, and put together again. */
export interface KindChunks<K extends KindTypes = KindTypes> {
  readonly actorRowOf: (actor: Actor<K>) => K["actorRow"]
  readonly actorKeyOf: (row: K["actorRow"]) => K["key"]
  /** Makes an actor what its row says; `shared` as in {@link ActorKind.share}. */
  readonly loadActor: (actor: Actor<K>, row: K["actorRow"], shared: Map<string, object>) => void
  readonly partRowOf: (key: K["key"], part: K["part"]) => K["partRow"]
  readonly partKeyOf: (row: K["partRow"]) => K["key"]
  /** Bytes of a part in a snapshot, about: what is walked at once ends by them, too. */
  readonly partBytesOf: (part: K["part"]) => number
  readonly partIn: (row: K["partRow"]) => K["part"]
  /** Puts a loaded part, which the state doesn't hold yet, into it. */
  readonly addPart: (state: K["state"], part: K["part"]) => void
}

/** What an actor wants to find again when a command that it carried is decided: plain JSON, in the actor's own words. */
export type CarriedRef = Readonly<Record<string, string | number>>

/** A command that an event carries to an actor of another kind: without the id and the time that its record gives it. */
export interface CarriedCommand {
  readonly kind: string
  readonly key: ActorKey
  /** The channel that the other actor decides it for. */
  readonly onBehalf: SenderId
  readonly command: Omit<KindCommand, "id" | "issuedAtMs">
  readonly ref: CarriedRef
}

/** An answer that was owed, and is given by an event. */
export interface OwedAnswer<K extends KindTypes = KindTypes> {
  readonly sender: SenderId
  readonly id: CommandId
  readonly outcome: RememberedDecision<K>
}

/** How a kind's actors send commands to those of others, and hear what came of them. */
export interface KindCarrying<K extends KindTypes = KindTypes> {
  /** The kinds that it may send to. Whatever else an event carries is a broken invariant. */
  readonly to: ReadonlyArray<string>
  /**
   * The commands that an event carries, in their places: a function of the event and of whose it is alone. `isInternal`: it was decided for an actor of ours, which hears of it by the decision that comes back.
   */
  readonly carriedBy: (key: K["key"], event: K["event"], isInternal: boolean) => ReadonlyArray<CarriedCommand>
  /** What an actor makes of a decision that came back; empty: nothing. It changes nothing. */
  readonly returned: (state: K["state"], carried: CommandUnderWay, outcome: ReturnedOutcome, nowMs: EpochMs) => ReadonlyArray<K["event"]>
  /** Bytes that what an actor makes of a return takes in a record at the worst: its events, and the answers they give once more, each with {@link answeredBytesMax}. At most {@link returnedBytesMax}. */
  readonly returnedBytesOf: (state: K["state"], carried: CommandUnderWay, outcome: ReturnedOutcome) => number
  /**
   * The answer that an event gives to a command that began something. Whatever bounds the bytes of an event that may give one (`worstBytesOf`, `expiredBytesOf`, `returnedBytesOf`) counts the answer
   * twice, and {@link answeredBytesMax} beside it: it is said in an entry of its own.
   */
  readonly answeredBy: (event: K["event"]) => OwedAnswer<K> | undefined
  /**
   * How many commands deciding this one on that state may put under way, at most: where there is no room for them, its sender is told to come back before anything is decided. Only a command that is alone in its message,
   * and not stored, can be. `state` is undefined of an actor that isn't known.
   */
  readonly mayCarry: (command: K["command"], state: K["state"] | undefined) => number
}

/** A kind of actor, as the engine is given it: everything that differs from one kind to the other. */
export interface ActorKind<K extends KindTypes = KindTypes> {
  readonly name: string
  /** The field of a command that names its actor, as a refusal says it. */
  readonly keyField: string
  /** Actors of one partition, and the field that a refusal names beyond them. */
  readonly actorsMax: number
  readonly actorsField: string
  readonly commands: KindCommands<K>
  /** The state of an actor that nobody has told anything about yet. */
  readonly emptyState: (key: K["key"]) => K["state"]
  /**
   * What a command comes to. `state` is undefined of an actor that isn't known; `isInternal`: an actor of ours sent it, on behalf of `sender`. It changes nothing, and throws only if the command isn't what the
   * decoder lets through.
   */
  readonly decide: (
    state: K["state"] | undefined,
    command: K["command"],
    sender: SenderId,
    nowMs: EpochMs,
    endOf: PartEndOf<K>,
    isInternal: boolean,
  ) => KindDecision<K>
  /** The event with what equals something in `shared` replaced by that: a million SKUs have a handful of policies. The same event where there is nothing to share. */
  readonly share: (event: K["event"], shared: Map<string, object>) => K["event"]
  /** Applies an event to a state, in place; the part that it touched, if any. A throw is a broken invariant: it stops the partition. */
  readonly evolve: (state: K["state"], event: K["event"]) => K["part"] | undefined
  /** The two halves of `evolve`, which don't look at each other: a snapshot holds an actor and its parts as of different records. */
  readonly evolveState: (state: K["state"], event: K["event"]) => void
  readonly evolvePart: (state: K["state"], event: K["event"]) => K["part"] | undefined
  /** Whether an actor may have something to do of its own accord, looked at after every change of it; and what that is: `most` events at most, each of `followUpBytes` at the worst. `cause`: as the feed names them. */
  readonly mayFollowUp: (state: K["state"]) => boolean
  readonly followUps: (state: K["state"], most: number) => ReadonlyArray<K["followUp"]>
  readonly followUpBytes: number
  readonly followUpsMax: number
  readonly followUpCause: string
  /** What the sender of an accepted command hears of it. */
  readonly outcomeOf: (events: ReadonlyArray<K["event"]>) => { readonly outcome: "accepted" } & K["accepted"]
  /** What an outcome takes in memory as long as it is held as it is, in those of a plain yes: a whole number, 1 at least. One that lists a thousand things weighs as much as a thousand that list none. */
  readonly weightOf: (outcome: RememberedDecision<K>) => number
  /**
   * The answer to one command from what is remembered of it. Id and key are null where the body could not be decoded that far, and the command where it could not be decoded, or is answered by a later event.
   * `repeated`: it was decided before, and this is the same outcome again.
   */
  readonly saidOf: (
    id: CommandId | null,
    key: K["key"] | null,
    repeated: boolean,
    outcome: RememberedDecision<K>,
    command: K["command"] | null,
  ) => K["said"]
  /** Which alarm an event of a decision raises, once its record is confirmed. */
  readonly alarmOf: (event: K["event"]) => "Discrepancy" | "Shortage" | undefined
  readonly parts: KindParts<K>
  readonly feed: KindFeed<K>
  readonly chunks: KindChunks<K>
  /** What of a state is hashed: without what depends on how it came about, and what is derived. */
  readonly hashed: (state: K["state"]) => unknown
  readonly carrying: KindCarrying<K> | null
}
