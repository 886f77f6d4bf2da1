/**
 * Does things one batch after another, in the order in which they were asked for. A batch is all that was asked for while the batch before it was being done.
 *
 * A batch begins one turn of the event loop later: a record appended in the same turn should leave for the journal first, and everything on a conveyor can wait.
 */
import { Effect } from "effect"
import type { Shell } from "./shell.ts"
import { makeSignal } from "./signal.ts"

/** Returns how to put a thing on the conveyor. `carry` is given everything that gathered while it was busy, never nothing, and never runs twice at once. */
export const makeConveyor = <Thing>(
  shell: Shell,
  carry: (things: ReadonlyArray<Thing>) => Effect.Effect<void>,
): ((thing: Thing) => void) => {
  const filled = makeSignal()
  let waiting: Array<Thing> = []
  const carrying = filled
    .until(() => waiting.length > 0)
    .pipe(
      Effect.andThen(Effect.yieldNow),
      Effect.andThen(
        Effect.suspend(() => {
          const things = waiting
          waiting = []
          return carry(things)
        }),
      ),
      Effect.forever,
    )
  shell.run(carrying)
  return (thing) => {
    waiting.push(thing)
    filled.notify()
  }
}
