/** What all processes of ours that may be ended and started again have in common: which run is the present one, and whether it ended by itself. What a process is, and how it is started, its adapter knows. */

/** A process of ours: which of its runs is the present one, and whether one is just being started. */
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

type Ended = { readonly exitCode: number | null; readonly signalCode: string | null }

/** How a process that has ended did: `with code 1`, `by SIGKILL`. */
export const howEnded = ({ exitCode, signalCode }: Ended): string => (signalCode === null ? `with code ${exitCode}` : `by ${signalCode}`)

/** A run of a process of ours. */
export interface OwnRun {
  readonly child: Ended
  readonly ended: Promise<void>
  /** Whether it was told to end from here. */
  isTold: boolean
}

/** Resolves with how a run ended (`with code 1`, `by SIGKILL`) once it has though nobody here told it to; never for one that was told. Never rejects. */
export const endedByItself = async (run: OwnRun): Promise<string> => {
  const { child, ended } = run
  await ended
  if (run.isTold) return new Promise(() => undefined)
  return howEnded(child)
}
