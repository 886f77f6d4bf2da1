/**
 * Profiles by their names: those of load/profiles, or files of somebody's own.
 */
import { readdirSync, readFileSync } from "node:fs"
import { join } from "node:path"
import { fileURLToPath } from "node:url"
import { Schema } from "effect"
import { firstIssueOf } from "../../src/wire/fields.ts"
import { Profile } from "./profile.ts"

const folder = fileURLToPath(new URL("../profiles/", import.meta.url))

/** Those that are here. */
export const profileNames: ReadonlyArray<string> = readdirSync(folder)
  .filter((name) => name.endsWith(".json"))
  .map((name) => name.slice(0, -".json".length))

/** The profile of that name or in that file. `wrong` is told why there is none. */
export const readProfile = (word: string, wrong: (what: string) => never): Profile => {
  const file = profileNames.includes(word) ? join(folder, `${word}.json`) : word
  let text: string
  try {
    text = readFileSync(file, "utf8")
  } catch {
    return wrong(`there is no profile ${word}: there are ${profileNames.join(", ")}, or name a file`)
  }
  try {
    return Schema.decodeUnknownSync(Profile, { onExcessProperty: "error" })(JSON.parse(text))
  } catch (error) {
    return wrong(`${file}: ${Schema.isSchemaError(error) ? firstIssueOf(error) : String(error)}`)
  }
}
