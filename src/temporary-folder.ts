/**
 * Folders for a time: gone when this process is, however it ended, unless somebody keeps them.
 */
import { mkdtempSync } from "node:fs"
import { rm } from "node:fs/promises"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { removedAfterUs } from "./watchdog.ts"

/** A folder that goes with this process. */
export interface TemporaryFolder {
  readonly path: string
  /** Removes it now, with all that is in it. */
  readonly remove: () => Promise<void>
  /** From now on it stays. */
  readonly keep: () => void
}

/** Makes a folder whose name begins so, where the system has its temporary files, or in `parent`. Throws where it can't be made there. */
export const temporaryFolder = (prefix: string, parent = tmpdir()): TemporaryFolder => {
  const path = mkdtempSync(join(parent, prefix))
  const keep = removedAfterUs(path)
  return {
    path,
    remove: async () => {
      await rm(path, { recursive: true, force: true })
      keep()
    },
    keep,
  }
}
