/**
 * The two sides of an ingress: the door, where senders' messages come in and answers go out, and the desk behind it, where what was taken is handed to owners or stored.
 *
 * Two logins stand behind them, one in the senders' account and one in the engine's, and nothing but the ingress connects the two. Messages are told by plain calls, one for each
 * turn of the event loop: an effect for each would cost more than deciding it.
 */
import { Context, type Effect, type Scope } from "effect"
import type { Kind } from "../domain/kinds.ts"
import type { SenderId } from "../domain/names.ts"
import type { BrokerUnavailable, LoginRefused } from "./errors.ts"

/** A message as it came in on one sender's subscription. Nothing of it is checked but that the server let that sender publish there. */
export interface PublishedMessage {
  readonly sender: SenderId
  /** What follows `hf.cmd.<sender>.` in its subject. */
  readonly path: string
  /** "" where there is none. */
  readonly replySubject: string
  readonly replyHeader: string
  readonly traceparent: string
  readonly body: Uint8Array
}

/** An open door. All calls are made in one turn and take effect as soon as the connection can. */
export interface OpenDoor {
  /** Subscribes to the sender's commands, as one of all ingresses: each message goes to one of them. Nothing where it is subscribed already. */
  readonly open: (sender: SenderId) => void
  /** Gives the subscription up. What the server sent meanwhile may still be told, or lost. */
  readonly close: (sender: SenderId) => void
  /** Says bytes to `hf.reply.<sender>.<suffix>`; lost if there is no connection. The suffix has been checked. */
  readonly answer: (sender: SenderId, suffix: string, body: Uint8Array) => void
}

/** Who hears what comes through the door, by plain calls. */
export interface DoorHearing {
  /**
   * Messages that arrived in one turn, in their order. `publishedAfterMs`: a time, on the monotonic clock in milliseconds, after which all were published: when the last ping was sent
   * whose pong had been read before the first of them was.
   */
  readonly arrived: (messages: ReadonlyArray<PublishedMessage>, publishedAfterMs: number) => void
}

/** The senders' side of an ingress: opens a door, and says what comes through it. */
export class Door extends Context.Service<
  Door,
  {
    /** Opens the door, with no sender's subscription yet; closes with the scope. Reconnects by itself, with the subscriptions it had. */
    readonly enter: (hearing: DoorHearing) => Effect.Effect<OpenDoor, BrokerUnavailable | LoginRefused, Scope.Scope>
  }
>()("holdfast/ports/Door") {}

/** What an owner says of itself to all ingresses. */
export interface OwnerNews {
  readonly kind: Kind
  readonly partition: number
  readonly epoch: number
  /** The name of its reign; null: it is over. */
  readonly owner: string | null
  /** Senders of which it holds as much as it may, and for how many milliseconds nothing more should be handed over. */
  readonly full: ReadonlyArray<ThrottledSender>
  /** Senders of which as much as may waits for a person: the same for facts alone. */
  readonly factsFull: ReadonlyArray<ThrottledSender>
}

/** A sender that ingresses take nothing of for a while. */
export interface ThrottledSender {
  readonly sender: SenderId
  readonly forMs: number
}

/** A frame that an ingress handed over, as the owner's worker hears it. */
export interface HandedFrame {
  readonly bytes: Uint8Array
  /** Tells the ingress that it was heard. */
  readonly heard: () => void
}

/** What an owner says to another: commands that actors of its partition carry, or what came of those that the other's carried. */
export type OwnersWord = "carry" | "back"

/** The engine's side of an ingress, and an owner's: frames are handed over here, and messages stored. */
export class Desk extends Context.Service<
  Desk,
  {
    /** Hands a frame to a reign. `unheard`: nobody of that reign listens, so nothing of it was taken; `unknown`: no answer within the time there is. */
    readonly hand: (kind: Kind, partition: number, owner: string, frame: Uint8Array) => Effect.Effect<"heard" | "unheard" | "unknown">
    /** Stores a message in the commands stream of the partition, one attempt. `full`: surely not stored; `unknown`: it may be. */
    readonly store: (
      kind: Kind,
      partition: number,
      body: Uint8Array,
    ) => Effect.Effect<
      { readonly _tag: "Stored"; readonly seq: number } | { readonly _tag: "Full" } | { readonly _tag: "Unknown"; readonly cause: string }
    >
    /** What owners say, from now on. Told in plain calls until the scope closes. */
    readonly owners: (tell: (news: OwnerNews) => void) => Effect.Effect<void, BrokerUnavailable, Scope.Scope>
    /** Says what an owner has to say; lost if there is no connection. */
    readonly announce: (news: OwnerNews) => void
    /** Hears the frames that are handed to a reign, until the scope closes. */
    readonly receive: (
      kind: Kind,
      partition: number,
      owner: string,
      tell: (frame: HandedFrame) => void,
    ) => Effect.Effect<void, BrokerUnavailable, Scope.Scope>
    /** Says a frame to a reign of another partition; lost if nobody of it listens, or there is no connection. */
    readonly say: (word: OwnersWord, kind: Kind, partition: number, owner: string, frame: Uint8Array) => void
    /** Hears what other owners say to a reign, until the scope closes. */
    readonly hear: (
      word: OwnersWord,
      kind: Kind,
      partition: number,
      owner: string,
      tell: (frame: Uint8Array) => void,
    ) => Effect.Effect<void, BrokerUnavailable, Scope.Scope>
    /** The broker's clock, through the leader of a commands stream. */
    readonly brokerMs: Effect.Effect<number, BrokerUnavailable>
  }
>()("holdfast/ports/Desk") {}
