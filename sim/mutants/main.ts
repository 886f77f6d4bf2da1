/**
 * Hunts the planted defects and prints who found each: `node sim/mutants/main.ts [--mutant NAME] [--seeds-of BASE] [--json]`.
 *
 * Exit code 0: all were found, each by a checker named before. 1: one survived, or no longer fits the sources. 2: it was asked for something there isn't.
 */
import { availableParallelism } from "node:os"
import { parseArgs } from "node:util"
import { mutantNamed, mutants } from "./catalogue.ts"
import type { Hunted } from "./hunt.ts"
import { huntAll } from "./hunt-all.ts"

const row = (cells: ReadonlyArray<string>): string => cells.map((cell, at) => cell.padEnd([26, 70, 22, 6, 8, 8][at] ?? 0)).join(" ")

const lineOf = ({ name, expected, killedBy, seedsToKill, budget, marker, wallMs, unproven }: Hunted): string => {
  const seeds = seedsToKill === null ? `> ${budget}` : String(seedsToKill)
  const line = row([name, expected.join(","), killedBy ?? "SURVIVED", seeds, String(marker), (wallMs / 1_000).toFixed(1)])
  const notes = unproven.map(({ seed, checker, detail }) => `  the shipped code fails ${seed} too: ${checker}, ${detail}`)
  if (killedBy === null)
    notes.unshift(marker > 0 ? "  it made a difference: a checker is blind" : "  it never made a difference: the workload is tame")
  return [line, ...notes].join("\n")
}

const usage = (problem: string): never => {
  process.stderr.write(`${problem}\n`)
  process.exit(2)
}

const asked = () => {
  try {
    const { values } = parseArgs({
      options: {
        mutant: { type: "string" },
        "seeds-of": { type: "string", default: "mutants" },
        json: { type: "boolean", default: false },
      },
    })
    const names = values.mutant === undefined ? mutants.map(({ name }) => name) : [mutantNamed(values.mutant).name]
    return { names, seedBase: values["seeds-of"], json: values.json }
  } catch (cause) {
    return usage(cause instanceof Error ? cause.message : String(cause))
  }
}

const { names, seedBase, json } = asked()
if (!json) console.log(row(["mutant", "has to be seen by", "was seen by", "seeds", "bites", "seconds"]))
const onLine = (hunted: Hunted): void => {
  if (!json) console.log(lineOf(hunted))
}
const lines = await huntAll({ names, seedBase, threads: Math.min(2, availableParallelism()), onLine }).catch((cause: unknown) => {
  // A mutant that no longer fits its source is one that would never be found.
  process.stderr.write(`${cause instanceof Error ? cause.message : String(cause)}\n`)
  process.exit(1)
})
const survivors = lines.filter(({ killedBy }) => killedBy === null)
if (json) console.log(JSON.stringify(lines, null, 2))
else console.log(`${lines.length - survivors.length} of ${lines.length} found`)
process.exitCode = survivors.length === 0 ? 0 : 1
