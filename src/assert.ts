/**
 * The one way to state an invariant. It throws, and never ends the process: what a broken invariant stops
 * (a partition, a test, a simulated world) is decided by whoever catches it.
 */

/** A condition that must hold did not. Always a defect in Holdfast or in what it was given as truth, never a business "no". */
export class InvariantBroken extends Error {
  override readonly name = "InvariantBroken"
}

/** Throws {@link InvariantBroken} unless `condition` holds. The message says what is true when all is well, with its id from docs/INVARIANTS.md where it has one. */
export function assert(condition: boolean, message: string): asserts condition {
  if (!condition) throw new InvariantBroken(message)
}

/** For the default branch of an exhaustive switch: a case that the compiler says can't be there. */
export const unreachable = (value: never): never => {
  throw new InvariantBroken(`unreachable case: ${String(value)}`)
}
