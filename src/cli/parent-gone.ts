/**
 * Processes that a worker started beside itself end with it, however it ended.
 */
import { Effect } from "effect"

/** Whoever started this process with a channel to it is gone. Never, where nobody did. */
export const parentGone: Effect.Effect<void> = Effect.callback<void>((resume) => {
  // Which is there from the start where somebody did, and stays when the channel is gone: they may have been killed before this process came so far.
  if (process.send === undefined) return
  if (process.connected) process.once("disconnect", () => resume(Effect.void))
  else resume(Effect.void)
})
