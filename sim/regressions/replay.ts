/**
 * Plays stored worlds: `node sim/regressions/replay.ts [NAME...]`, all of them unless named. Prints one JSON line each: whether the defect,
 * replanted, still fails it as stored, and what the shipped code makes of it.
 *
 * A program of its own, because a defect is planted in the loader of the thread that plays it. Exit code 0: every world shows its defect and is green
 * as shipped. 1: one isn't.
 */
import "effect/schema/SchemaJITCompiler/enable"
import { runShrunk } from "../shrink/shrink.ts"
import { readRegression, regressionNames } from "./regression.ts"
import { plantableNamed } from "./replant.ts"
import { wrongWith } from "./verdict.ts"

/** What came of one world. */
export interface Replayed {
  readonly name: string
  /** What is wrong, and what to do about it; empty if nothing is. */
  readonly wrong: ReadonlyArray<string>
  /** With the defect. */
  readonly decisions: number
  readonly failedBy: ReadonlyArray<string>
  /** Checkers that the shipped code fails, with what they say. */
  readonly shippedFailures: ReadonlyArray<string>
}

// Nobody asks how long it took.
const wallNowMs = (): number => 0

const replayed = async (name: string): Promise<Replayed> => {
  const regression = readRegression(name)
  const { world } = regression
  const planted = await plantableNamed(name).plant()
  const defective = runShrunk({ ...planted, seed: world.seed, wallNowMs }, world)
  const shipped = runShrunk({ seed: world.seed, profile: world.profile, wallNowMs }, world)
  return {
    name,
    wrong: wrongWith(regression, defective.failures, shipped.failures),
    decisions: defective.decisions,
    failedBy: [...new Set(defective.failures.map(({ checker }) => checker))],
    shippedFailures: shipped.failures.map(({ checker, detail }) => `${checker}: ${detail}`),
  }
}

const asked = process.argv.slice(2)
for (const name of asked.length > 0 ? asked : regressionNames()) {
  const line = await replayed(name).catch((cause: unknown): Replayed => {
    // A file that can't be read and a replanting that no longer fits its source would show nothing.
    const why = cause instanceof Error ? cause.message : String(cause)
    return { name, wrong: [`${name}: ${why}`], decisions: 0, failedBy: [], shippedFailures: [] }
  })
  if (line.wrong.length > 0) process.exitCode = 1
  process.stdout.write(`${JSON.stringify(line)}\n`)
}
