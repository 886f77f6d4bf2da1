/**
 * Files that a setting names: read whole, and where one can't be used, a failure that names the setting, the file and what to do.
 */
import { readFile } from "node:fs/promises"
import { Effect } from "effect"
import { CommandFailed, exitCode } from "./exit-codes.ts"

/** What can't be used of a command line or of the environment. */
export const usage = (message: string): CommandFailed => new CommandFailed({ code: exitCode.usage, message })

/** An error in words. */
export const messageOf = (error: unknown): string => (error instanceof Error ? error.message : String(error))

/** The text of a file that the setting `name` names. */
export const fileText = (path: string, name: string): Effect.Effect<string, CommandFailed> =>
  Effect.tryPromise({
    try: () => readFile(path, "utf8"),
    catch: (error) => usage(`${name}: ${path} can't be read (${messageOf(error)})`),
  })
