/**
 * Every way a command can be answered with "no", in descending precedence: the first that applies is the answer.
 *
 * Above the line are answers to the message as such, given before a SKU is looked at; below it the business ones, which only
 * commands (never facts) can get.
 */
import { unreachable } from "../assert.ts"
import type { Sku } from "./names.ts"

/** Why a command is refused, in descending precedence. docs/PROTOCOL.md describes each to senders. */
export const RefusalReason = [
  /** The body is no JSON, no object or array of objects, or too long. */
  "Malformed",
  /** An array of commands is empty or too long. */
  "TooManyCommands",
  /** The version isn't one this release speaks. */
  "UnsupportedVersion",
  /** The type isn't one this release knows. */
  "UnknownType",
  /** A field is missing, unknown or out of its range; `field` names it. */
  "InvalidField",
  /** The subject's SKU isn't among the body's. */
  "SubjectMismatch",
  /** A SKU in the body belongs to another partition than the subject's. */
  "WrongPartition",
  /** The type may not be sent in the subject's class. */
  "WrongClass",
  /** The id was used before for another content. */
  "IdReused",
  /** `issuedAtMs` lies below the floor: a retry of it could not be told from the original. */
  "TooOld",
  /** `issuedAtMs` lies too far in the future. */
  "IssuedAhead",
  /** Some bound of the partition is reached; `field` names it. */
  "LimitReached",
  // Business from here on.
  "UnknownSku",
  "PolicyOutdated",
  /** The SKU's policy doesn't let this channel sell it. */
  "NotSoldHere",
  "ReservationExists",
  "UnknownReservation",
  "ReservationExpired",
  "ReservationReleased",
  "ReservationFulfilled",
  /** It is confirmed already: it can't be confirmed again or extended. */
  "ReservationConfirmed",
  /** More units than the reservation has open. */
  "QtyExceedsOpen",
  /** A location the SKU isn't stocked at. */
  "UnknownLocation",
  /** `ats` says how many units the channel could have had, where the command asked. */
  "InsufficientStock",
  /** Two lines of one SKU say different things, or a line says what its order doesn't let it say; `field` names it. */
  "ContradictoryLines",
  "OrderExists",
  "UnknownOrder",
  /** It was refused when it was placed: nothing of it stands. */
  "OrderRefused",
  "OrderCancelled",
  "OrderExpired",
  "OrderFulfilled",
  /** It is confirmed already. */
  "OrderConfirmed",
  /** The order has no line of this SKU. */
  "UnknownLine",
  /** Some line has less than the order asks of it: each line says what it could have had, and why not more. */
  "LinesRefused",
  /** Not every line answered in time. */
  "LinesUnanswered",
  /** The quarantine has no such entry (any more). */
  "NotQuarantined",
  /** Deciding a quarantined command threw again: it stays where it is. */
  "StillUndecidable",
] as const
export type RefusalReason = (typeof RefusalReason)[number]

/** A business no: its reason, and what helps to see why. */
export interface Refusal {
  readonly reason: RefusalReason
  /** The field or bound at fault. */
  readonly field?: string
  /** Units that were to be had. */
  readonly ats?: number
  /** The version of the present policy. */
  readonly policyVersion?: number
  /** Of a command about an order: which, where its actor was asked; and what is told of its lines. */
  readonly order?: string
  readonly lines?: ReadonlyArray<LineTold>
}

/** What is told of a line of an order. `qty`: units that are its customer's by this answer; of a cancellation, those that were given back. */
export interface LineTold {
  readonly sku: Sku
  readonly qty: number
  /** Units that were promised, and are the customer's no more: whoever took money for them gives it back. Absent: none. */
  readonly refundQty?: number
  readonly reason?: RefusalReason
  readonly ats?: number
}

/** Refusals that were decided for this command, not for its form, its id or its date: those are given again each time, and cost no memory. */
export const isBusinessAnswer = (reason: RefusalReason): boolean => {
  switch (reason) {
    case "Malformed":
    case "TooManyCommands":
    case "UnsupportedVersion":
    case "UnknownType":
    case "InvalidField":
    case "SubjectMismatch":
    case "WrongPartition":
    case "WrongClass":
    case "IdReused":
    case "TooOld":
    case "IssuedAhead":
      return false
    case "LimitReached":
    case "UnknownSku":
    case "PolicyOutdated":
    case "NotSoldHere":
    case "ReservationExists":
    case "UnknownReservation":
    case "ReservationExpired":
    case "ReservationReleased":
    case "ReservationFulfilled":
    case "ReservationConfirmed":
    case "QtyExceedsOpen":
    case "UnknownLocation":
    case "InsufficientStock":
    case "ContradictoryLines":
    case "OrderExists":
    case "UnknownOrder":
    case "OrderRefused":
    case "OrderCancelled":
    case "OrderExpired":
    case "OrderFulfilled":
    case "OrderConfirmed":
    case "UnknownLine":
    case "LinesRefused":
    case "LinesUnanswered":
    case "NotQuarantined":
    case "StillUndecidable":
      return true
    default:
      return unreachable(reason)
  }
}
