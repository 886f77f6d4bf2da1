/**
 * Leaves out, one at a time, what adding a command needs, and shows that the compiler or a named test misses it. `npm run omissions` does all; with words behind `--`, those whose name has one of them.
 *
 * It works on a copy of this checkout in a folder of its own, which is removed at the end. The list below is the table of docs/CONTRIBUTING.md; test/tidy/omissions.test.ts holds both to the source.
 */
import { execFileSync, spawnSync } from "node:child_process"
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { dirname, join } from "node:path"
import { fileURLToPath } from "node:url"

/** What is left out, where, and what must notice. */
export interface Omission {
  readonly name: string
  readonly file: string
  /** Text of the file that occurs there once. */
  readonly pattern: string
  readonly replacement: string
  /** What the compiler says in that file, or in `at`; or the test that fails. */
  readonly foundBy: { readonly compiler: RegExp; readonly at?: string } | { readonly test: string; readonly file: string }
}

const folder = "src/domain/sku/commands"
const command = `${folder}/recount/command.ts`
const event = `${folder}/adjust-stock/events.ts`
const index = "src/domain/sku/index.ts"
const effects = "src/audit/effects.ts"
const variety = "sim/workload/variety.ts"

const part = (name: string, pattern: string, compiler: RegExp, replacement = ""): Omission => ({
  name,
  file: command,
  pattern,
  replacement,
  foundBy: { compiler },
})
const ofEvent = (name: string, pattern: string): Omission => ({
  name: `\`${name}\` of an event`,
  file: event,
  pattern,
  replacement: "",
  foundBy: { compiler: new RegExp(`'${name}' is missing`) },
})

/** Everything that can be forgotten of a command, with what finds it. */
export const omissions: ReadonlyArray<Omission> = [
  part("`type`", `  type: "Recount",\n`, /'type' is missing/),
  part("`class`", `  class: "stock",\n`, /'class' is missing/),
  part(
    "`summary`",
    `  summary: "Fact: so many units were counted at a location, damaged ones and those in inspection included, whatever was believed",\n`,
    /'summary' is missing/,
  ),
  part("`fields`", `  fields,\n`, /Recount\) => Decision' is not assignable/),
  part("`decide`", `  decide: decideRecount,\n`, /'decide' is missing/),
  part("`events`", `  events: [],\n`, /'events' is missing/),
  part("`founds`", `  founds: () => true,\n`, /'founds' is missing/),
  part("`bounds`", `  bounds: { entryBytes: plainBytes, placesMade: onePlace },\n`, /'bounds' is missing/),
  part("the flag of one field", `    qty: ["UNITS", "how many were counted"],\n`, /'qty' is missing/),
  part(
    "an example",
    `examples: [{ id: "count-12-4", sku: "85123A", issuedAtMs: 1_795_000_001_500, location: "wh-1", qty: 113 }],`,
    /Source has 0 element\(s\)/,
    "examples: [],",
  ),
  part("`isFact`", `  isFact: true,\n`, /not assignable|is missing/, "  isFact: false,\n"),
  {
    name: "an event in `events`",
    file: `${folder}/adjust-stock/command.ts`,
    pattern: "events: [stockAdjusted],",
    replacement: "events: [],",
    foundBy: { compiler: /StockAdjusted/, at: `${folder}/recount/decide.ts` },
  },
  ofEvent("toStock", `  toStock: (stock, event) => addOnHand(locationFor(stock, event.location), event.qty),\n`),
  ofEvent("toReservation", "  toReservation: null,\n"),
  ofEvent("owes", "  owes: (event, more) => more(event.location, -event.qty),\n"),
  { name: "a field in `contentFields`", file: index, pattern: `    "reference",\n`, replacement: "", foundBy: { compiler: /'never'/ } },
  {
    name: "what the auditor lets it come to",
    file: effects,
    pattern: `  Recount: { isFact: true, events: ["StockAdjusted", "DiscrepancyFound", "ShortageFound"] },\n`,
    replacement: "",
    foundBy: { compiler: /'Recount' is missing/ },
  },
  {
    name: "what the auditor adds up",
    file: effects,
    pattern: `    case "Recount":\n      return wrongRecount(command, events, model)\n`,
    replacement: "",
    foundBy: { compiler: /'never'/ },
  },
  {
    name: "that the auditor adds it up rightly",
    file: effects,
    pattern: "return onHandQty - missedQty === command.qty ?",
    replacement: "return onHandQty - missedQty === onHandQty - missedQty ?",
    foundBy: { test: "finds one that leaves another number", file: "test/domain/sku/commands/recount.test.ts" },
  },
  {
    name: "how the simulator varies it",
    file: variety,
    pattern: `    case "Recount":\n      return { ...command`,
    replacement: "      return { ...command",
    foundBy: { compiler: /lacks ending return/ },
  },
  {
    name: "a line of the simulator's traffic",
    file: variety,
    pattern: `    ...recountFlows(skus, Math.ceil(sale.flows.length / 60), variety, prng.stream("recounts")),\n`,
    replacement: "",
    foundBy: { test: "has every type of command in it", file: "test/sim/workload/variety.test.ts" },
  },
  {
    name: "the rules in the slow model",
    file: "test/domain/model.ts",
    pattern: `  if (command.type === "Recount") recount(model, command.location, command.qty, found)\n`,
    replacement: "",
    foundBy: { test: "comes out as the slow model says", file: "test/domain/properties.test.ts" },
  },
  {
    name: "a rule in `decide`",
    file: `${folder}/recount/decide.ts`,
    pattern: "Math.max(moreQty, at === undefined ? 0 : -usableQty(at))",
    replacement: "Math.max(moreQty, at === undefined ? 0 : -at.onHand)",
    foundBy: { test: "comes out as the slow model says", file: "test/domain/properties.test.ts" },
  },
  {
    name: "enough bytes in `bounds`",
    file: command,
    pattern: "entryBytes: plainBytes,",
    replacement: "entryBytes: () => plainBytes() - 1_024,",
    foundBy: { test: "hold for every type of command that a SKU decides", file: "test/domain/sku/bounds.test.ts" },
  },
  {
    name: "a place in `bounds`",
    file: command,
    pattern: "placesMade: onePlace }",
    replacement: "placesMade: () => onePlace() - 1 }",
    foundBy: { test: "count every place that a command adds to its SKU", file: "test/domain/sku/bounds.test.ts" },
  },
  {
    name: "that a new command comes behind the last",
    file: index,
    pattern: "    dropQuarantined,\n    recount,\n",
    replacement: "    recount,\n    dropQuarantined,\n",
    foundBy: { test: "numbers types and fields as it did", file: "test/wire/every-command.test.ts" },
  },
  {
    name: "`npm run generate`, of the protocol's document",
    file: "docs/PROTOCOL.md",
    pattern: "| `Recount` | `stock` | `location`, `qty` | `reference` |\n",
    replacement: "",
    foundBy: { test: "is what the commands' declarations make of it now", file: "test/wire/protocol-document.test.ts" },
  },
  {
    name: "`npm run generate`, of the AsyncAPI document",
    file: "docs/asyncapi.json",
    pattern: `"title": "Recount (class stock)"`,
    replacement: `"title": "Recount"`,
    foundBy: { test: "is what the Schemas make of it now", file: "test/wire/asyncapi.test.ts" },
  },
  {
    name: "a field in what is written by hand",
    file: "src/wire/canonical.ts",
    pattern: `command.partial === true ? ',"partial":true'`,
    replacement: `command.partial === true ? ""`,
    foundBy: { test: "has one spelling", file: "test/wire/every-command.test.ts" },
  },
  {
    name: "a field in what is read by hand",
    file: "src/wire/reader.ts",
    pattern: "    ...(partial ? { partial } : {}),\n",
    replacement: "",
    foundBy: { test: "is read back from what is written of it", file: "test/wire/every-command.test.ts" },
  },
]

const root = fileURLToPath(new URL("..", import.meta.url))

/** A copy of all that is tracked here, as it stands in the working tree. */
const copied = (): string => {
  const copy = mkdtempSync(join(tmpdir(), "holdfast-omissions-"))
  const files = execFileSync("git", ["ls-files", "--cached", "--others", "--exclude-standard"], { cwd: root, encoding: "utf8" })
  for (const file of files.trim().split("\n")) {
    mkdirSync(dirname(join(copy, file)), { recursive: true })
    cpSync(join(root, file), join(copy, file))
  }
  symlinkSync(join(root, "node_modules"), join(copy, "node_modules"))
  // What the omissions of the compiler are in, and what that imports: the whole takes several times as long.
  const options = { extends: "./tsconfig.json", include: [], files: [index, effects, variety] }
  writeFileSync(join(copy, "tsconfig.omissions.json"), JSON.stringify(options))
  return copy
}

const bin = (name: string): string => join(root, "node_modules", ".bin", name)

/** What a program says of the copy. */
const said = (copy: string, program: string, args: ReadonlyArray<string>): string => {
  const { stdout, stderr } = spawnSync(bin(program), args, { cwd: copy, encoding: "utf8" })
  return `${stdout}${stderr}`
}

const isFound = (copy: string, { file, foundBy }: Omission): boolean => {
  if ("compiler" in foundBy) {
    const { at = file, compiler } = foundBy
    return said(copy, "tsc", ["--pretty", "false", "-p", "tsconfig.omissions.json"])
      .split(/\n(?=\S)/)
      .some((error) => error.startsWith(at) && compiler.test(error))
  }
  const path = join(copy, "report.json")
  said(copy, "vitest", ["run", foundBy.file, "--reporter=json", `--outputFile=${path}`])
  const report = JSON.parse(readFileSync(path, "utf8")) as {
    readonly testResults: ReadonlyArray<{
      readonly assertionResults: ReadonlyArray<{ readonly fullName: string; readonly status: string }>
    }>
  }
  return report.testResults.some(({ assertionResults }) =>
    assertionResults.some(({ fullName, status }) => status === "failed" && fullName.includes(foundBy.test)),
  )
}

/** Plants one, looks, and mends it again. */
const tried = (copy: string, omission: Omission): boolean => {
  const path = join(copy, omission.file)
  const whole = readFileSync(path, "utf8")
  if (whole.split(omission.pattern).length !== 2) throw new Error(`${omission.file} has not once: ${omission.pattern}`)
  writeFileSync(
    path,
    whole.replace(omission.pattern, () => omission.replacement),
  )
  try {
    return isFound(copy, omission)
  } finally {
    writeFileSync(path, whole)
  }
}

if (import.meta.main) {
  const words = process.argv.slice(2)
  const chosen = omissions.filter(({ name }) => words.length === 0 || words.some((word) => name.includes(word)))
  const copy = copied()
  let unseen = 0
  try {
    for (const omission of chosen) {
      const by = "compiler" in omission.foundBy ? "the compiler" : `"${omission.foundBy.test}"`
      const found = tried(copy, omission)
      if (!found) unseen++
      console.log(found ? `found by ${by}: ${omission.name}` : `NOT FOUND by ${by}: ${omission.name}`)
    }
  } finally {
    rmSync(copy, { recursive: true, force: true })
  }
  console.log(`${chosen.length} left out, one at a time; ${unseen} not found`)
  if (unseen > 0 || chosen.length === 0) process.exitCode = 1
}
