/**
 * Builds what `npm pack` packs of the client: JavaScript, declarations and source maps of `src/channel.ts` and all it imports, into `dist`. The program itself
 * runs from its sources and needs none of it.
 */
import { execFileSync } from "node:child_process"
import { readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { fileURLToPath } from "node:url"
import { scriptOptions } from "../load/stage/options.ts"

scriptOptions("Builds what npm packs of the client into dist.", {})

const root = fileURLToPath(new URL("..", import.meta.url))
const dist = join(root, "dist")

rmSync(dist, { recursive: true, force: true })
execFileSync(join(root, "node_modules", ".bin", "tsc"), ["-p", join(root, "tsconfig.client.json")], { stdio: "inherit" })
// The compiler renames what JavaScript imports, and leaves the sources' names in declarations.
for (const file of readdirSync(dist, { recursive: true, encoding: "utf8" })) {
  if (!file.endsWith(".d.ts")) continue
  const path = join(dist, file)
  writeFileSync(path, readFileSync(path, "utf8").replaceAll(/(from "|import\(")(\.[^"]+)\.ts"/g, '$1$2.js"'))
}
