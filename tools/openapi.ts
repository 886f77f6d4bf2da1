/**
 * Makes docs/openapi.json, the gateway's interface in OpenAPI 3.1, from its declaration, and docs/PROBLEMS.md from the closed list of problems.
 *
 * `node tools/openapi.ts` writes both files; with `--check` it writes nothing and fails if one isn't what would be written.
 */
import { readFileSync, writeFileSync } from "node:fs"
import { fileURLToPath } from "node:url"
import { openapiDocument } from "../src/http/pages.ts"
import { problems, problemType } from "../src/http/problems.ts"
import { formatted, type Json } from "./asyncapi.ts"

const pathOf = (name: string): string => fileURLToPath(new URL(`../docs/${name}`, import.meta.url))

/** The text of docs/openapi.json. */
export const openapiText = (): string => `${formatted(JSON.parse(JSON.stringify(openapiDocument())) as Json, "", 0)}\n`

const head = `# Problems

Every "no" of the HTTP gateway is a problem of [RFC 9457](https://www.rfc-editor.org/rfc/rfc9457): \`application/problem+json\` with \`type\`, \`title\`, \`status\`, \`detail\`, and \`code\`, the name below. \`type\` is the address of a page about it
at the gateway (\`${problemType("InsufficientStock")}\`). Where they help there are \`field\` (what is at fault), \`ats\` (units that could have been had), \`policyVersion\`, \`lines\` (of an order), \`id\`, \`sku\`, \`order\`, \`repeated\` and
\`retryAfterMs\`. A code that you don't know is a final no like the others of its status.

This page is made from \`src/http/problems.ts\` by \`npm run generate\`. The refusals among them are explained in [PROTOCOL.md](PROTOCOL.md#refusals).
`

/** The text of docs/PROBLEMS.md. */
export const problemsText = (): string =>
  [head, ...Object.entries(problems).map(([name, { status, title, remedy }]) => `## ${name}\n\n${status}. ${title}. ${remedy}\n`)].join(
    "\n",
  )

const files = { "openapi.json": openapiText, "PROBLEMS.md": problemsText }

if (import.meta.main) {
  const wrong = process.argv.slice(2).filter((arg) => arg !== "--check")
  if (wrong.length > 0) {
    console.error(
      "npm run generate writes docs/openapi.json and docs/PROBLEMS.md; node tools/openapi.ts --check says whether they are as they would be written. There is no other option",
    )
    process.exit(wrong.includes("--help") ? 0 : 2)
  }
  for (const [name, text] of Object.entries(files)) {
    if (!process.argv.includes("--check")) writeFileSync(pathOf(name), text())
    else if (readFileSync(pathOf(name), "utf8") !== text()) {
      console.error(`docs/${name} is stale: run npm run generate`)
      process.exitCode = 1
    }
  }
}
