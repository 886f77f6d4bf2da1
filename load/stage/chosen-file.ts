/**
 * A file that a script is to write at its end: whether that can be is said at its beginning, and not when all is measured.
 */
import { accessSync, constants, statSync } from "node:fs"
import { dirname, resolve } from "node:path"

const usageCode = 2

const wrong = (what: string): never => {
  console.error(`${what}\nsee --help`)
  process.exit(usageCode)
}

/** The file's whole name; undefined where none was given. Ends the process with 2, and says why, if it can't be written. */
export const chosenFile = (option: string, text: string): string | undefined => {
  if (text === "") return undefined
  const file = resolve(text)
  const folder = statSync(dirname(file), { throwIfNoEntry: false })
  if (folder === undefined || !folder.isDirectory()) return wrong(`--${option}: there is no folder ${dirname(file)}`)
  const there = statSync(file, { throwIfNoEntry: false })
  if (there?.isDirectory() === true) return wrong(`--${option}: ${file} is a folder`)
  try {
    accessSync(there === undefined ? dirname(file) : file, constants.W_OK)
  } catch {
    return wrong(`--${option}: ${file} may not be written`)
  }
  return file
}
