/**
 * Tickets: where to ask what became of a command that had no answer in time. A gateway keeps nothing, so the command itself is in its ticket, packed and sealed for its sender: any gateway of the cluster puts it to its owner
 * again, under the same id, and hears the one decision.
 *
 * The seal is there because asking must not be a way to send: a ticket that no gateway gave, or gave to another sender, is refused.
 */
import { deflateRawSync, inflateRawSync } from "node:zlib"
import { isKind, type Kind } from "../domain/kinds.ts"
import { ticketBytesMax, ticketCharsMax } from "../limits.ts"
import { sealed, unsealed } from "./keys.ts"
import { isObject } from "./reading.ts"

/** A command that was sent, as it is asked about. */
export interface Asked {
  readonly kind: Kind
  readonly command: Readonly<Record<string, unknown>>
}

const purpose = "ticket"

/** The ticket of a command; undefined where it would be too long for an address. */
export const ticketOf = (seal: string, sender: string, { kind, command }: Asked): string | undefined => {
  const packed = deflateRawSync(Buffer.from(JSON.stringify({ kind, command }), "utf8")).toString("base64url")
  const ticket = sealed(seal, purpose, sender, packed)
  return ticket.length <= ticketCharsMax ? ticket : undefined
}

/** What a ticket of this sender asks about; undefined: it is none. */
export const askedBy = (seal: string, sender: string, ticket: string): Asked | undefined => {
  const packed = unsealed(seal, purpose, sender, ticket)
  if (packed === undefined) return undefined
  try {
    // What was sealed by us unpacks; a release may have changed what is in it.
    const { kind, command } = JSON.parse(
      inflateRawSync(Buffer.from(packed, "base64url"), { maxOutputLength: 2 * ticketBytesMax }).toString("utf8"),
    ) as { readonly kind: unknown; readonly command: unknown }
    return typeof kind === "string" && isKind(kind) && isObject(command) ? { kind, command } : undefined
  } catch {
    return undefined
  }
}
