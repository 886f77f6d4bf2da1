/**
 * What a stream holds, read the same way whether a consumer delivered it or it was fetched by its sequence.
 *
 * The engine compares digests of both, so subject, headers and time must come out equal to the last character. Senders choose their headers:
 * nothing in them may throw here.
 */
import type { MsgHdrs } from "@nats-io/transport-node"
import type { EpochMs } from "../domain/names.ts"

/** A consumer's delivery, as its reply subject tells it. */
export interface Delivery {
  readonly seq: number
  /** Counts what this consumer delivered, from 1: a gap means that something got lost on the way. */
  readonly deliverySeq: number
  readonly brokerMs: EpochMs
  /** Messages the consumer still has to deliver after this one, as it knows. */
  readonly pending: number
}

/** Nanoseconds since 1970 in decimal digits to whole milliseconds, rounded down. Text, because a double can't hold the nanoseconds. */
const msFromNanosText = (digits: string): EpochMs => Number(digits.slice(0, -6))

/**
 * Reads `$JS.ACK.<stream>.<consumer>.<times>.<stream seq>.<delivery seq>.<nanos>.<pending>`, or its longer form with domain and account before the
 * stream. Undefined if it is none: then the message is a status of the server.
 */
export const parseDelivery = (reply: string): Delivery | undefined => {
  if (!reply.startsWith("$JS.ACK.")) return undefined
  const tokens = reply.split(".")
  const at = tokens.length === 9 ? 5 : 7
  const [seq, deliverySeq, nanos, pending] = [tokens[at], tokens[at + 1], tokens[at + 2], tokens[at + 3]]
  if (seq === undefined || deliverySeq === undefined || nanos === undefined || pending === undefined) return undefined
  return { seq: Number(seq), deliverySeq: Number(deliverySeq), brokerMs: msFromNanosText(nanos), pending: Number(pending) }
}

/** `2026-11-21T20:05:45.9631Z` to whole milliseconds, rounded down; the server leaves out zeros at the end of the fraction. */
export const msFromTimestamp = (text: string): EpochMs => {
  const found = /^(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)(?:\.(\d+))?(Z|[+-]\d\d:\d\d)$/.exec(text)
  if (found === null) return Number.NaN
  return Date.parse(`${found[1]}.${(found[2] ?? "").padEnd(3, "0").slice(0, 3)}${found[3]}`)
}

/** Bytes that aren't headers. Both paths refuse the same ones, so the digest still compares; subject, body and time are in it too. */
const unreadableHeaders = "unreadable"

/** The canonical text of a message's headers: `name: value` lines in the order in which the names first appear. `read` may throw. */
export const headerText = (read: () => MsgHdrs | undefined): string => {
  let found: MsgHdrs | undefined
  try {
    found = read()
  } catch {
    return unreadableHeaders
  }
  if (found === undefined) return ""
  let text = found.code === 0 ? "" : `status: ${found.code} ${found.description}`
  for (const [name, values] of found) for (const value of values) text += text === "" ? `${name}: ${value}` : `\n${name}: ${value}`
  return text
}

/** The first value of a header, or "" if it has none or the headers can't be read. */
export const headerValue = (read: () => MsgHdrs | undefined, name: string): string => {
  try {
    return read()?.get(name) ?? ""
  } catch {
    return ""
  }
}
