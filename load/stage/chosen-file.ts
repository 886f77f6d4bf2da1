/**
 * A file, or a folder of files, that a script is to write at its end: whether that can be is said at its beginning, and not when all is measured.
 */
import { accessSync, constants, mkdirSync, statSync } from "node:fs"
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

/** One after another: where the system refuses to make one, Node's own way of making all can go on for ever. */
const makeFolder = (folder: string): void => {
  if (statSync(folder, { throwIfNoEntry: false })?.isDirectory() === true) return
  makeFolder(dirname(folder))
  mkdirSync(folder)
}

/** The folder's whole name, made where it is missing; undefined where none was given. Ends the process with 2, and says why, if nothing can be written there. */
export const chosenFolder = (option: string, text: string): string | undefined => {
  if (text === "") return undefined
  const folder = resolve(text)
  try {
    makeFolder(folder)
    accessSync(folder, constants.W_OK)
  } catch (error) {
    return wrong(`--${option}: nothing can be written to ${folder} (${(error as NodeJS.ErrnoException).code})`)
  }
  return folder
}
