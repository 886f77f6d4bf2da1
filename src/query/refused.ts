/**
 * Why a question about the past has no answer: values from a closed list, each with what to do instead. None is an operating error.
 */
import { Schema } from "effect"

/** Why a question has no answer, and what to ask in its place. */
export const QueryRefusal = [
  /** Nothing was ever journaled where the answer would be. */
  "NothingRecorded",
  /** The moment lies before the first record. */
  "BeforeFirstRecord",
  /** The moment lies before what is kept. */
  "BeforeRetention",
  /** The moment lies ahead. */
  "InTheFuture",
  /** The moment is past, but what is asked has not got that far. */
  "NotKnownYet",
  /** Two moments that don't have a time between them. */
  "EmptyRange",
  "UnknownSku",
  "UnknownReservation",
  "UnknownOrder",
  /** A place to go on from that no answer named. */
  "InvalidCursor",
  /** The policy can't be one. */
  "InvalidPolicy",
  /** More is asked about than one answer takes. */
  "TooMany",
] as const
export type QueryRefusal = (typeof QueryRefusal)[number]

/** A question can't be answered as it is asked. */
export class QueryRefused extends Schema.TaggedError<QueryRefused>()("QueryRefused", {
  reason: Schema.Literals(QueryRefusal),
  detail: Schema.String,
  remedy: Schema.String,
}) {
  override get message(): string {
    return `${this.detail}: ${this.remedy}`
  }
}
