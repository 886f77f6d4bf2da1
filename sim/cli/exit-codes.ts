/**
 * What an exit code of the simulator says, for scripts and for whoever is woken by one. `--help` prints this table; docs/SIMULATOR.md has it too.
 */
import type { FailureClass } from "../result.ts"

export const exitCode = {
  /** All that was asked for ran to its end, and nothing was found. */
  green: 0,
  /** The command line, or a file or folder it names, can't be used; nothing was run, or nothing of it could be written. As for every command of `holdfast`. */
  usage: 2,
  /** A promise was broken: a checker found something that must never be. */
  safety: 10,
  /** Everything was healed, and the cluster did not come to rest. */
  liveness: 11,
  /** A throw in the simulator, or an invariant that the engine itself found broken. */
  crash: 12,
  /** The same seed came out differently twice. */
  nondeterminism: 13,
  /** A planted defect was seen by none of its checkers, or a loosened rule found out in no small world. */
  survived: 14,
  /** Seeds, or other parts, ended without a verdict: their thread died, or they took longer than their limit. */
  inconclusive: 15,
  /** A suite that is large enough for it did not reach every rare state. */
  unreached: 16,
  /** Ended by a signal (Ctrl-C) before it was done. */
  interrupted: 130,
} as const
export type ExitCode = (typeof exitCode)[keyof typeof exitCode]

/** A line of the table for `--help`, in the order in which one goes before another when several apply. */
export const exitCodeTexts: ReadonlyArray<readonly [code: ExitCode, text: string]> = [
  [exitCode.green, "everything ran, nothing was found"],
  [exitCode.usage, "the command line, or a file or folder it names, can't be used"],
  [exitCode.interrupted, "interrupted (Ctrl-C); what was reached is printed, failures included"],
  [exitCode.safety, "safety: a checker found a broken promise"],
  [exitCode.crash, "crash: a throw in the simulator, or an invariant that the engine found broken"],
  [exitCode.nondeterminism, "nondeterminism: the same seed came out differently twice (--twice)"],
  [exitCode.liveness, "liveness: after all faults had ended, the cluster did not come to rest"],
  [exitCode.survived, "a planted defect survived: nothing that had to see it did (--mutant, --mutants, --loosened)"],
  [exitCode.inconclusive, "inconclusive: a seed or a part ended without a verdict (its thread died, it took too long, it was given up)"],
  [exitCode.unreached, "a rare state was never reached by a suite large enough for it"],
]

/** What is to be judged by the code. */
export interface Outcome {
  readonly interrupted: boolean
  readonly classes: ReadonlySet<FailureClass>
  readonly survived: boolean
  readonly inconclusive: boolean
  readonly unreached: boolean
}

/** The one code that a run ends with. */
export const exitCodeOf = (outcome: Outcome): ExitCode => {
  if (outcome.interrupted) return exitCode.interrupted
  if (outcome.classes.has("safety")) return exitCode.safety
  if (outcome.classes.has("crash")) return exitCode.crash
  if (outcome.classes.has("nondeterminism")) return exitCode.nondeterminism
  if (outcome.classes.has("liveness")) return exitCode.liveness
  if (outcome.survived) return exitCode.survived
  if (outcome.inconclusive) return exitCode.inconclusive
  if (outcome.unreached) return exitCode.unreached
  return exitCode.green
}
