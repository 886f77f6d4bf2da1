/**
 * Things that have to be done one after another, in the order in which they were asked for, as many at once as have gathered meanwhile.
 *
 * Never in the turn in which they were asked for: what is carried can wait, and a record that is handed over in the same turn should
 * be on its way to the journal before it.
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
