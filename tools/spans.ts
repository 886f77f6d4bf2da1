/**
 * Writes the table of docs/TRACES.md from the catalogue of spans: what each is called, who tells it, from when until when, whose child it is, and its attributes. All else in that document is written by hand.
 *
 * `node tools/spans.ts` writes the file; with `--check` it writes nothing and fails if the file isn't what would be written.
 */
import { readFileSync, writeFileSync } from "node:fs"
import { fileURLToPath } from "node:url"
import { allSpans } from "../src/telemetry/spans.ts"

const begin = "<!-- npm run generate writes: spans -->"
const end = "<!-- up to here -->"

const cell = (text: string): string => text.replaceAll("|", "\\|")

const table = (head: ReadonlyArray<string>, rows: ReadonlyArray<ReadonlyArray<string>>): string =>
  [`| ${head.join(" | ")} |`, `|${" --- |".repeat(head.length)}`, ...rows.map((row) => `| ${row.map(cell).join(" | ")} |`)].join("\n")

const spanTable = (): string =>
  table(
    ["span", "kind", "told by", "lasts", "child of"],
    allSpans.map(({ name, kind, by, lasts, parent }) => [`\`${name}\``, kind, by.join(", "), lasts, parent]),
  )

/** What each attribute says, and of which spans: the same words once. */
const attributeTable = (): string => {
  const spansBy = new Map<string, { readonly key: string; readonly says: string; readonly names: Array<string> }>()
  for (const { name, attributes } of allSpans)
    for (const [key, says] of Object.entries(attributes)) {
      const known = spansBy.get(`${key} ${says}`)
      if (known === undefined) spansBy.set(`${key} ${says}`, { key, says, names: [`\`${name}\``] })
      else known.names.push(`\`${name}\``)
    }
  return table(
    ["attribute", "says", "of"],
    [...spansBy.values()].map(({ key, says, names }) => [`\`${key}\``, says, names.join(", ")]),
  )
}

/** The document with its tables as they would be written. */
const withTables = (document: string): string => {
  const [from, to] = [document.indexOf(begin), document.indexOf(end)]
  if (from < 0 || to < from) throw new Error(`docs/TRACES.md has no ${begin} and ${end} behind it: put both where its tables are to stand`)
  return `${document.slice(0, from)}${begin}\n\n${spanTable()}\n\n${attributeTable()}\n\n${document.slice(to)}`
}

const path = fileURLToPath(new URL("../docs/TRACES.md", import.meta.url))
const wrong = process.argv.slice(2).filter((arg) => arg !== "--check")
if (wrong.length > 0) {
  console.error(
    "npm run generate writes the tables of docs/TRACES.md; node tools/spans.ts --check says whether they are as they would be written. There is no other option",
  )
  process.exit(wrong.includes("--help") ? 0 : 2)
}
const document = readFileSync(path, "utf8")
const written = withTables(document)
if (!process.argv.includes("--check")) writeFileSync(path, written)
else if (document !== written) {
  console.error("docs/TRACES.md is stale: run npm run generate")
  process.exitCode = 1
}
