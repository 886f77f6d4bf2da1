/**
 * Processes that a worker started beside itself end with it, however it ended.
 */
import { Effect } from "effect"

/** Whoever started this process with a channel to it is gone. Never, where nobody did. */
export const parentGone: Effect.Effect<void> = Effect.callback<void>((resume) => {
  if (process.connected) process.once("disconnect", () => resume(Effect.void))
})
