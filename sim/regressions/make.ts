/**
 * Makes a stored world anew: `node sim/regressions/make.ts NAME...`, for defects of sim/regressions/defects.ts and for mutants.
 *
 * Looks for a seed that shows the defect while it is replanted and is green as shipped, makes it small, and writes worlds/NAME.json. To be used where
 * the test of the regressions says that a world no longer shows its defect, because something in the simulator is drawn otherwise; where no seed
 * shows it any more, the defect can't come back in that form, or the simulator has lost sight of it: find out which.
 *
 * Exit code 0: all were written. 1: one was not found within its seeds, or doesn't fit the sources. 2: asked for nothing.
 */
import "effect/schema/SchemaJITCompiler/enable"
import { plural } from "../report/numbers.ts"
import type { Failure } from "../result.ts"
import { type RunOptions, runSeed } from "../run.ts"
import { runShrunk, type Shrunk, shrink } from "../shrink/shrink.ts"
import { writeRegression } from "./regression.ts"
import { plantableNamed } from "./replant.ts"

/** Seeds that are tried, seeds that are shrunk, and the decisions that are few enough. */
const seedsMax = 4_000
const shrunkMax = 16
const decisionsWanted = 20
const runsMax = 1_000

// Nobody asks how long it took.
const wallNowMs = (): number => 0

interface Small {
  readonly world: Shrunk
  readonly decisions: number
  readonly detail: string
}

const made = async (name: string): Promise<Small | undefined> => {
  const { expected, plant } = plantableNamed(name)
  const planted = await plant()
  const { profile, families, drawn } = planted
  const shipped: RunOptions = { seed: "", profile, wallNowMs, ...(families && { families }), ...(drawn && { drawn }) }
  let best: Small | undefined
  let tries = 0
  for (let number = 1; number <= seedsMax && tries < shrunkMax; number++) {
    const run: RunOptions = { ...planted, seed: `${name}-${number}`, wallNowMs }
    const { failures } = runSeed(run)
    const failure = expected.flatMap((checker) => failures.find((one) => one.checker === checker) ?? [])[0]
    if (failure === undefined) continue
    tries++
    process.stderr.write(`${name}: seed ${number} fails by ${failure.checker}: ${failure.detail}\n`)
    const small = smallOf(run, failure)
    const green = runShrunk(shipped, small.world).failures.length === 0
    process.stderr.write(`${name}: ${small.decisions} decisions, ${green ? "green" : "NOT GREEN"} as shipped\n`)
    if (green && (best === undefined || small.decisions < best.decisions)) best = small
    if (best !== undefined && best.decisions <= decisionsWanted) break
  }
  return best
}

const smallOf = (run: RunOptions, failure: Failure): Small => {
  const { shrunk, result, decisionsAfter } = shrink({ run, failure, runsMax })
  const { checker, signature } = failure
  const found = result.failures.find((one) => one.checker === checker && one.signature === signature)
  // Every option in full: what a profile draws may change.
  return { world: { ...shrunk, drawn: result.drawn as Shrunk["drawn"] }, decisions: decisionsAfter, detail: found?.detail ?? "" }
}

const names = process.argv.slice(2)
if (names.length === 0) {
  process.stderr.write("usage: node sim/regressions/make.ts NAME...\n")
  process.exit(2)
}
for (const name of names) {
  const small = await made(name)
  if (small === undefined) {
    process.stderr.write(`${name}: none of ${plural(seedsMax, "seed")} shows it\n`)
    process.exitCode = 1
    continue
  }
  const { cause, remedy, foundBy } = plantableNamed(name)
  const { detail, decisions, world } = small
  writeRegression({ name, cause, remedy, foundBy, detail, decisions, world })
  process.stderr.write(`${name}: written, ${decisions} decisions\n`)
}
