/**
 * The JSON of a decision that came back to the actor of another kind that carried the command: in frames and in records.
 *
 * Of an acceptance only the word is known here, and that the rest is plain JSON, not deep: it is another kind's. Whoever carried the command knows what to make of it.
 */
import { Schema } from "effect"
import type { ReturnedOutcome } from "../engine/records.ts"
import { outcomeFields } from "./events.ts"

/** No kind's outcome is nested deeper: a list of lines, each with a list. */
const depthMax = 6

const isShallow = (value: unknown, depth: number): boolean => {
  if (typeof value !== "object" || value === null) return true
  return depth > 0 && Object.values(value).every((part) => isShallow(part, depth - 1))
}

const AcceptedJson = Schema.Record(Schema.String, Schema.Unknown).pipe(
  Schema.refine(
    (given): given is Extract<ReturnedOutcome, { readonly outcome: "accepted" }> =>
      given.outcome === "accepted" && isShallow(given, depthMax),
    { expected: "what came of a command that was accepted" },
  ),
)

/** Any of them. Nothing is dropped of an acceptance; of the others all fields are known. */
export const ReturnedOutcomeJson: Schema.Codec<ReturnedOutcome, unknown> = Schema.Union([
  AcceptedJson,
  Schema.Struct(outcomeFields.refused),
  Schema.Struct(outcomeFields.expired),
  Schema.Struct(outcomeFields.dropped),
])
