/**
 * What processes that stay do when a signal ends them: finish what is under way, and end with a code that says whether that was done.
 */
import { Effect, Fiber } from "effect"
import { CommandFailed, exitCode } from "./exit-codes.ts"

/** Leaves when the scope closes, in a fiber of its own: the one that is ending was interrupted, and could wait for nothing. `leave` tells what was not finished, or null. */
export const leaveAtTheEnd = (leave: Effect.Effect<string | null>) =>
  Effect.addFinalizer(() =>
    Effect.forkDetach(leave).pipe(
      Effect.flatMap(Fiber.join),
      Effect.flatMap((unfinished) =>
        unfinished === null ? Effect.void : Effect.die(new CommandFailed({ code: exitCode.failed, message: unfinished })),
      ),
    ),
  )

/** What is said of a process, which is not ready once it is ending. */
export const endingOr = <Said extends { readonly ready: boolean }>(isEnding: boolean, said: Said): Said =>
  isEnding ? { ...said, ready: false } : said
