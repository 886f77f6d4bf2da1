/**
 * The operating errors a sender of commands can meet: the client's own one, and which of the ports' reach it.
 */
import { Schema } from "effect"
import type { AnswerUnknown, NotPermitted } from "../ports/errors.ts"

/** The client was closed before this was sent. Nothing was stored. */
export class ClientClosed extends Schema.TaggedError<ClientClosed>()("ClientClosed", { cause: Schema.String }) {
  override get message(): string {
    return this.cause
  }
}

export type SendFailure = NotPermitted | AnswerUnknown | ClientClosed
