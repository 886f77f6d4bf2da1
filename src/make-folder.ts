/** Folders that somebody names, made with whichever above them are missing. */
import { mkdir, stat } from "node:fs/promises"
import { dirname } from "node:path"

const codeOf = (error: unknown): unknown => (error instanceof Error && "code" in error ? error.code : undefined)

const isThere = (path: string): Promise<boolean> =>
  stat(path).then(
    () => true,
    () => false,
  )

/**
 * Makes a folder, and those above it that are missing, with the same mode; there already is fine. Rejects with an Error that says why it can't be.
 *
 * Not Node's own `recursive`: where a file system answers that something is missing although all above is there, that never comes back, and no signal but KILL ends the process.
 */
export const makeFolder = async (path: string, mode = 0o777): Promise<void> => {
  try {
    await mkdir(path, { mode })
  } catch (error) {
    const code = codeOf(error)
    if (code === "EEXIST") {
      if ((await stat(path)).isDirectory()) return
      throw new Error(`${path} is a file and no folder`)
    }
    const above = dirname(path)
    if (code !== "ENOENT" || above === path || (await isThere(above))) throw error
    await makeFolder(above, mode)
    await makeFolder(path, mode)
  }
}
