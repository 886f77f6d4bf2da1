/**
 * What a gateway needs to speak for senders whose keys it was shown: each sender's commands in and answers out, its questions, its feed. Whatever goes through it goes as that one sender:
 * `as` hands out what is bound to a name, and nothing there takes another.
 *
 * `http` is written against this. It is implemented with the client of each sender over that sender's own connection, so that the server's permissions hold for what a gateway says as for what the sender
 * says itself.
 */
import { Context, type Effect, type Scope } from "effect"
import type { Kind, PartitionCounts } from "../domain/kinds.ts"
import type { BusyWhy } from "../engine/words.ts"
import type { OrderHeardDecision } from "../kinds/order/types.ts"
import type { AtsValue, SkuHeardDecision } from "../kinds/sku/types.ts"
import type { DoorAnswer } from "../wire/answers.ts"
import type { QuestionAnswer } from "../wire/questions.ts"
import type { AnswerUnknown, BrokerUnavailable, NotPermitted } from "./errors.ts"

/** Why nothing was taken of a command for as long as its sender waited. */
export type UntakenWhy = BusyWhy | "nobody" | "connection" | "age" | "client"

/** A decision, whoever's names are in it. */
type Decided = SkuHeardDecision | OrderHeardDecision
type DecidedOutcome = Decided extends infer One ? (One extends Decided ? Omit<One, "id" | "sku" | "order"> : never) : never

/** What became of one command: what its owner decided, or why it was surely taken by nobody. */
export type CommandHeard =
  | DecidedOutcome
  | { readonly outcome: "busy"; readonly retryAfterMs: number; readonly why: UntakenWhy }
  | ({ readonly outcome: "notStored" } & Pick<
      Extract<DoorAnswer, { readonly answer: "notStored" }>,
      "reason" | "cause" | "field" | "detail"
    >)

/** How long is waited for an answer, and whose trace it belongs to. */
export interface Asking {
  readonly timeoutMs: number
  /** A W3C `traceparent`, which travels with it. */
  readonly traceparent?: string
}

type Answer<Name extends QuestionAnswer["answer"]> = Extract<QuestionAnswer, { readonly answer: Name }>

/** A page of a list that every partition has a part of. */
export interface PageAsked {
  readonly partition: number
  readonly after: number
  readonly limit: number
}

/** What a feed tells whoever follows it. Neither may throw. */
export interface FeedListener {
  /** A value newer than the last of its SKU. */
  readonly onValue: (value: AtsValue) => void
  /** What was said in between may have been missed: current values are read again. */
  readonly onGap: () => void
}

/** A channel's ATS as it is heard: every current value, and each newer one from then on. */
export interface FeedFollowed {
  /** Once every current value has been read. */
  readonly ready: Effect.Effect<void, NotPermitted>
  readonly all: () => IterableIterator<AtsValue>
}

type Asked<A> = Effect.Effect<A, NotPermitted | AnswerUnknown>

/** One sender, as whoever holds its login may act for it. */
export interface ActingSender {
  readonly sender: string
  /**
   * Sends a command of that kind as the JSON object that its sender wrote, without its version, and again until it is answered or `timeoutMs` have passed. AnswerUnknown: it may have been decided; the same command again never
   * does harm.
   */
  readonly send: (kind: Kind, command: object, asking: Asking) => Asked<CommandHeard>
  /** Ends once its connection is known to be lost: at once where it is. */
  readonly lost: Effect.Effect<void>
  readonly partitions: (timeoutMs: number) => Asked<PartitionCounts>
  /** The channel's own ATS of a SKU; no values where it doesn't sell it. */
  readonly ats: (sku: string, timeoutMs: number) => Asked<Answer<"ats">>
  readonly atsPage: (page: PageAsked, timeoutMs: number) => Asked<Answer<"ats">>
  readonly stock: (sku: string, timeoutMs: number) => Asked<Answer<"stock" | "unknownSku">>
  readonly reservation: (sku: string, reservation: string, timeoutMs: number) => Asked<Answer<"reservation" | "unknownReservation">>
  readonly order: (order: string, channel: string | undefined, timeoutMs: number) => Asked<Answer<"order" | "unknownOrder">>
  readonly quarantine: (kind: Kind, page: PageAsked, timeoutMs: number) => Asked<Answer<"quarantine" | "orderQuarantine">>
  /** What each worker that is heard in time says of itself. */
  readonly workers: (timeoutMs: number) => Effect.Effect<ReadonlyArray<Answer<"worker">>, NotPermitted>
  /** Follows the channel's ATS until the scope closes; of these SKUs alone, where some are named. */
  readonly follow: (listener: FeedListener, skus?: ReadonlyArray<string>) => Effect.Effect<FeedFollowed, never, Scope.Scope>
}

/** Whose logins this process holds. */
export class Senders extends Context.Service<
  Senders,
  {
    /** Their names. */
    readonly names: ReadonlyArray<string>
    /** One of them, connected; until the scope closes, at least. Undefined: there is no login of that name. */
    readonly as: (sender: string) => Effect.Effect<ActingSender | undefined, NotPermitted | BrokerUnavailable, Scope.Scope>
  }
>()("holdfast/ports/Senders") {}
