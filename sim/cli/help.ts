/**
 * What `--help` prints: what the simulator is, every flag, examples worth copying, and what the exit codes say.
 */
import { mutants } from "../mutants/catalogue.ts"
import { profiles } from "../profiles.ts"
import { exitCodeTexts } from "./exit-codes.ts"

const flagTexts: ReadonlyArray<readonly [flag: string, text: string]> = [
  ["--seed N|COMMIT", "one seed: a whole number, a commit hash, or a name that --mutants printed; says first all that was drawn for it"],
  ["--seeds N", "so many seeds, counted up from --from (100 unless told otherwise)"],
  ["--minutes N", "as many seeds as fit, counted up from --from; 0.5 is half a minute"],
  ["--from N", "the first seed of --seeds and --minutes (1)"],
  ["--profile NAME", "what kind of world (flash-sale); see below"],
  ["--shell", "run the shipped runtime in place of the profile's nodes: real fibers, simulated ports; slower"],
  ["--mutant NAME", "plant a defect in every seed: red is what it should be"],
  ["--mutants", "hunt every planted defect until its checker sees it"],
  ["--shrink", "leave out of a failing --seed what the failure doesn't need: the tail, faults, commands"],
  ["--exhaustive", "explore small worlds to their end, every order of events"],
  ["--compare", "sell the same orders, with the same lag, in four ways"],
  ["--orders FILE", "play the orders of a CSV file instead of an invented sale, in seeds or in --compare"],
  [
    "--commands FILE",
    "decide again what holdfast export wrote: every decision and the state have to come out the same; with seeds, play it",
  ],
  ["--date-format F", "how the file writes its dates, such as D/M/YYYY, where it can't be told from it"],
  ["--twice", "run every seed twice and compare: a difference is nondeterminism"],
  ["--report DIR", "write index.html and suite.json there, whole or not at all"],
  ["--json", "print the whole suite as one JSON object on stdout, and everything else on stderr"],
  ["--cores N", "threads (as many as there are cores)"],
  ["--seed-limit N", "seconds of this machine after which a seed is ended without a verdict (120)"],
  ["--help", "this text"],
]

const exampleTexts: ReadonlyArray<readonly [line: string, text: string]> = [
  ["npm run sim", "100 seeds of a flash sale under faults, on all cores"],
  ["npm run sim -- --seed 7", "one seed, with everything that was drawn for it; the same on every machine"],
  ["npm run sim -- --seeds 1000 --report sim-report", "a thousand seeds, and a page to look at"],
  ["npm run sim -- --minutes 30 --from 50000", "half an hour of seeds nobody ran before"],
  ["npm run sim -- --seeds 20 --twice", "whether a seed is the same each time"],
  ["npm run sim -- --mutants", "whether the checkers can fail: defects planted one by one"],
  ["npm run sim -- --mutant canary --seed 1", "one defect, one seed, red"],
  ["npm run sim -- --compare --orders orders.csv", "what four ways of selling make of your orders"],
  ["npm run sim -- --seeds 1000 --mutants --exhaustive --compare --report sim-report", "all there is, on one page"],
  ["npm run sim -- --profile power-loss --seeds 200", "journals that lose acknowledged records: every loss has to be noticed"],
  ["npm run --silent sim -- --seeds 50 --json > suite.json", "for scripts"],
]

const table = (rows: ReadonlyArray<readonly [string, string]>): string => {
  const width = Math.max(...rows.map(([name]) => name.length))
  return rows.map(([name, text]) => `  ${name.padEnd(width)}  ${text}`).join("\n")
}

/** The help, without a line break at its end. */
export const helpText = (): string => `Runs Holdfast's own engine in simulated worlds, under faults, and judges what came of it.

A seed is one world: what it is made of, who buys what and all that goes wrong in it follow from the seed alone, so a failure can be run again
on any machine. Everything is checked while it happens and at the end; see docs/SIMULATOR.md for how to read a failure.

npm run sim -- [flags]

${table(flagTexts)}

--mutants, --exhaustive, --compare and --commands run no seeds unless a flag asks for some.

Profiles:
${table(Object.values(profiles).map(({ name, what }) => [name, what] as const))}

Examples:
${table(exampleTexts)}

Planted defects: ${mutants.map(({ name }) => name).join(", ")}

Exit codes; where several apply, the first in this list:
${table(exitCodeTexts.map(([code, text]) => [String(code).padStart(3), text] as const))}`
