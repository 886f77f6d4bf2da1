/**
 * What goes into an ingress and what comes out of it. An ingress stands between senders and everything that is replicated: it checks who sends, in what class, form, size and
 * age, hands selling commands to the owner of their partition, and stores all else in the commands stream, in messages of its own writing.
 *
 * Synchronous and without clock, chance or I/O, as the engine is: its shell (runtime/) performs the outputs and feeds back what came of them, and a simulator runs the same lines.
 */
import type { Kind } from "../domain/kinds.ts"
import type { CommandClass, EpochMs, SenderId } from "../domain/names.ts"
import type { TakenMessage } from "../engine/protocol.ts"
import type { BusyWhy, Throttled } from "../engine/words.ts"
import type { DoorAnswer } from "../wire/answers.ts"
import type { QueuedMessage } from "./ingress.ts"

/** A message of a sender as it came through the door: nothing in it is checked but that the server let this sender publish on this subject. */
export interface DoorMessage {
  /** Whose subscription it came on: the server's permissions let nobody else publish there. */
  readonly sender: SenderId
  /** What follows `hf.cmd.<sender>.` in its subject. */
  readonly path: string
  /** The reply subject of a request, "" if there is none. The server checks it for nobody. */
  readonly replySubject: string
  /** The header `Hf-Reply`, "" if there is none. */
  readonly replyHeader: string
  /** The header `traceparent`, "" if there is none. */
  readonly traceparent: string
  readonly body: Uint8Array
}

/** What one sender may send through one ingress. */
export interface SenderBounds {
  readonly sender: SenderId
  /** Classes its credentials may publish in: what the server enforces, checked again. */
  readonly classes: ReadonlyArray<CommandClass>
  /** Whether it has the role `bulk`: what it sells without asking is then bounded less. */
  readonly bulk: boolean
  /** Commands and bytes a second, each with a burst of one second. */
  readonly commandsPerSecond: number
  readonly bytesPerSecond: number
}

/** What of a sender waits at most, and what is under way to an owner: those of limits.ts unless smaller ones are given. */
export interface DoorBounds {
  readonly waitingMessagesMax: number
  readonly frameMessagesMax: number
  readonly framesUnderWayMax: number
}

/** What an ingress can be told. `nowMs` is a steady clock: it may be wrong by a constant, and does not step. */
export type IngressInput = { readonly nowMs: number } /**
 * Messages in the order they arrived on the connection. `publishedAfterMs`: a time of the steady clock after which all of them were published, from the chain of pings of that
 * connection; their age is at most now minus this.
 */ & (
  | { readonly _tag: "Arrived"; readonly messages: ReadonlyArray<DoorMessage>; readonly publishedAfterMs: number }
  /** A timestamp of the broker's clock, just heard. */
  | { readonly _tag: "BrokerTimeSeen"; readonly brokerMs: EpochMs }
  /** An owner said that it reigns (owner: the name of its reign), or that its reign is over (null). Of two reigns the higher epoch is believed. */
  | { readonly _tag: "OwnerSeen"; readonly kind: Kind; readonly partition: number; readonly epoch: number; readonly owner: string | null }
  /** An owner holds as much of this sender as it may: nothing is taken of it for so long, or no facts. */
  | { readonly _tag: "SenderFull"; readonly of: Throttled; readonly sender: SenderId; readonly forMs: number }
  /** The owner has heard a frame (it decides, or answers itself); or nobody of that reign listens, so that nothing of it was taken; or there was no answer in time. */
  | { readonly _tag: "FrameHeard"; readonly frame: number }
  | { readonly _tag: "FrameUnheard"; readonly frame: number }
  | { readonly _tag: "FrameUnknown"; readonly frame: number }
  /** What came of storing: it is stored; it is surely not stored, for the stream is full; or unknown, and the same bytes are handed out again. */
  | { readonly _tag: "Stored"; readonly kind: Kind; readonly partition: number; readonly serial: number; readonly seq: number }
  | { readonly _tag: "StoreFull"; readonly kind: Kind; readonly partition: number; readonly serial: number }
  | { readonly _tag: "StoreUnknown"; readonly kind: Kind; readonly partition: number; readonly serial: number }
  | { readonly _tag: "Tick" }
  /** Take nothing more; what is under way is finished. */
  | { readonly _tag: "Drain" }
)

/** What an ingress asks to be done. */
export type IngressOutput =
  /** Said once on `hf.reply.<sender>.<suffix>`, and lost if it can't be. */
  | { readonly _tag: "Answer"; readonly sender: SenderId; readonly suffix: string; readonly answer: DoorAnswer }
  /** Hand these to that reign. Answered by FrameHeard, FrameUnheard or FrameUnknown. */
  | {
      readonly _tag: "HandOver"
      readonly kind: Kind
      readonly partition: number
      readonly owner: string
      readonly frame: number
      readonly messages: ReadonlyArray<TakenMessage>
      /** Those of them that have a trace; absent: none has. */
      readonly traced?: ReadonlyArray<QueuedMessage>
    }
  /** Store these bytes in the commands stream of the partition. Answered by Stored, StoreFull or StoreUnknown. */
  | {
      readonly _tag: "Store"
      readonly kind: Kind
      readonly partition: number
      readonly serial: number
      readonly bytes: Uint8Array
      /** Messages in it that have a trace; absent: none has. */
      readonly traced?: ReadonlyArray<QueuedMessage>
    }
  /** Give up the sender's subscription: the server then says, truthfully, that nobody takes it. */
  | { readonly _tag: "CloseDoor"; readonly sender: SenderId; readonly why: BusyWhy | "bound" }
  | { readonly _tag: "OpenDoor"; readonly sender: SenderId }
  | { readonly _tag: "Drained" }
