/**
 * What `--help` prints: what the simulator is, every flag, examples worth copying, and what the exit codes say.
 */
import { mutants } from "../mutants/catalogue.ts"
import { profiles } from "../profiles.ts"
import { exitCodeTexts } from "./exit-codes.ts"
import { type Flag, flags } from "./flags.ts"

const exampleTexts: ReadonlyArray<readonly [line: string, text: string]> = [
  ["npm run sim", "100 seeds of a flash sale under faults, on all cores"],
  ["npm run sim -- --seed 7", "one seed, with everything that was drawn for it; the same on every machine"],
  ["npm run sim -- --seeds 1000 --report sim-report", "a thousand seeds, and a page to look at"],
  ["npm run sim -- --minutes 30 --from 50000", "half an hour of seeds nobody ran before"],
  ["npm run sim -- --seeds 20 --twice", "whether a seed is the same each time"],
  ["npm run sim -- --mutants", "whether the checkers can fail: defects planted one by one"],
  ["npm run sim -- --mutant canary --seed 1", "one defect, one seed, red"],
  ["npm run sim -- --orders orders.csv --dry-run", "what is made of an order file, before anything plays"],
  ["npm run sim -- --compare --orders orders.csv", "what four ways of selling make of your orders"],
  ["npm run sim -- --exhaustive --loosened", "whether small worlds can show anything: rules loosened one by one"],
  ["npm run sim -- --seeds 1000 --mutants --exhaustive --compare --report sim-report", "all there is, on one page"],
  ["npm run sim -- --profile power-loss --seeds 200", "journals that lose acknowledged records: every loss has to be noticed"],
  ["npm run --silent sim -- --seeds 50 --json > suite.json", "for scripts"],
]

/** Two columns; what has several lines goes on in the second. */
const table = (rows: ReadonlyArray<readonly [name: string, text: string]>): string => {
  const width = Math.max(...rows.map(([name]) => name.length))
  return rows.map(([name, text]) => `  ${name.padEnd(width)}  ${text.replaceAll("\n", `\n${" ".repeat(width + 4)}`)}`).join("\n")
}

/** The flags that say something only beside another, or those that stand for themselves. */
const flagRows = (of: "compare" | "exhaustive" | "orders" | null): ReadonlyArray<readonly [string, string]> => {
  const rows: ReadonlyArray<readonly [string, Flag]> = Object.entries(flags)
  return rows
    .filter(([, { needs }]) => (needs === "compare" || needs === "exhaustive" || needs === "orders" ? needs : null) === of)
    .map(([name, { takes, text, usual }]) => [
      takes === undefined ? `--${name}` : `--${name} ${takes}`,
      usual === undefined ? text : `${text} (${usual})`,
    ])
}

/** The help, without a line break at its end. */
export const helpText = (): string => `Runs Holdfast's own engine in simulated worlds, under faults, and judges what came of it.

A seed is one world: what it is made of, who buys what and all that goes wrong in it follow from the seed alone, so a failure can be run again
on any machine. Everything is checked while it happens and at the end; see docs/SIMULATOR.md for how to read a failure.

npm run sim -- [flags]

${table(flagRows(null))}

--mutants, --exhaustive, --compare and --commands run no seeds unless a flag asks for some.

With --orders, as in the demo:
${table(flagRows("orders"))}

With --compare, and --stock-share:
${table(flagRows("compare"))}

With --exhaustive:
${table(flagRows("exhaustive"))}

Profiles:
${table(Object.values(profiles).map(({ name, what }) => [name, what] as const))}

Examples:
${table(exampleTexts)}

Planted defects: ${mutants.map(({ name }) => name).join(", ")}

Exit codes; where several apply, the first in this list:
${table(exitCodeTexts.map(([code, text]) => [String(code).padStart(3), text] as const))}`
