/**
 * Plays stored worlds: `node sim/regressions/replay.ts [NAME...]`, all of them unless named. Prints one JSON line each: whether the defect,
 * replanted, still fails it as stored, and what the shipped code makes of it.
 *
 * A program of its own, because a defect is planted in the loader of the thread that plays it. Exit code 0: every world shows its defect and is green
 * as shipped. 1: one isn't.
 */
import "effect/schema/SchemaJITCompiler/enable"
import { runShrunk } from "../shrink/shrink.ts"
import { type Regression, readRegression, regressionNames } from "./regression.ts"
import { plantableNamed } from "./replant.ts"

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

const replayed = async ({ name, world }: Regression): Promise<Replayed> => {
  const planted = await plantableNamed(name).plant()
  const defective = runShrunk({ ...planted, seed: world.seed, wallNowMs }, world)
  const shipped = runShrunk({ seed: world.seed, profile: world.profile, wallNowMs }, world)
  const shippedFailures = shipped.failures.map(({ checker, detail }) => `${checker}: ${detail}`)
  const isSeen = defective.failures.some(({ checker, signature }) => checker === world.checker && signature === world.signature)
  const wrong: Array<string> = []
  if (!isSeen)
    wrong.push(
      `${name}: with the defect replanted its world no longer fails by ${world.checker}: "${world.signature}". If something in the simulator is drawn otherwise, make the world anew: node sim/regressions/make.ts ${name}. If a checker or the engine was changed, find out first why it is no longer seen.`,
    )
  if (shippedFailures.length > 0) wrong.push(`${name}: the shipped code fails its world, as it once did: ${shippedFailures.join("; ")}`)
  const failedBy = [...new Set(defective.failures.map(({ checker }) => checker))]
  return { name, wrong, decisions: defective.decisions, failedBy, shippedFailures }
}

const asked = process.argv.slice(2)
for (const name of asked.length > 0 ? asked : regressionNames()) {
  const line = await replayed(readRegression(name)).catch((cause: unknown): Replayed => {
    // A replanting that no longer fits its source would show nothing.
    const why = cause instanceof Error ? cause.message : String(cause)
    return { name, wrong: [`${name}: ${why}`], decisions: 0, failedBy: [], shippedFailures: [] }
  })
  if (line.wrong.length > 0) process.exitCode = 1
  process.stdout.write(`${JSON.stringify(line)}\n`)
}
