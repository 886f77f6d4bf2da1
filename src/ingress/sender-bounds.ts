/**
 * What an ingress holds each sender to, from who they are and what one of them may send.
 */
import { classesOf, type SenderAccess } from "../domain/roles.ts"
import type { SenderBounds } from "./protocol.ts"

/** The bounds of every sender, from its roles and what each may send in a second. */
export const senderBounds = (
  senders: ReadonlyArray<SenderAccess>,
  { commandsPerSecond, bytesPerSecond }: Pick<SenderBounds, "commandsPerSecond" | "bytesPerSecond">,
): ReadonlyArray<SenderBounds> =>
  senders.map(({ sender, roles }) => ({
    sender,
    classes: classesOf(roles),
    bulk: roles.includes("bulk"),
    commandsPerSecond,
    bytesPerSecond,
  }))
