/** A process of ours that may be ended and started again: which of its runs is the present one, and whether one is just being started. */
export interface Restartable<Run> {
  /** The run that is, or was the last. */
  readonly present: () => Run
  readonly restart: () => Promise<void>
  /** Resolves once no start is under way: whoever ends the present run before that would leave the next one. */
  readonly settled: () => Promise<void>
}

/** `again` ends a run and starts the next, and tells of it as soon as there is one, whether or not it comes up. */
export const restartable = <Run>(first: Run, again: (before: Run, begun: (next: Run) => void) => Promise<void>): Restartable<Run> => {
  let present = first
  let restarting: Promise<void> = Promise.resolve()
  return {
    present: () => present,
    restart: () => {
      restarting = again(present, (next) => {
        present = next
      })
      return restarting
    },
    settled: () => restarting.catch(() => undefined),
  }
}
