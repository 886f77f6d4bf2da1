/**
 * Files that are whole or not there: written under another name, synced, renamed, and the folder synced, so that a kill or a loss of power at any moment
 * leaves the old state or the new one, and at most a draft that nobody reads.
 */
import { open, rename } from "node:fs/promises"
import { dirname, join } from "node:path"

/** The ending of a file that is being written. */
const draftEnding = ".draft"

/** Syncs a folder: a rename is on the disk only after that. */
export const syncFolder = async (folder: string): Promise<void> => {
  const handle = await open(folder, "r")
  try {
    await handle.sync()
  } finally {
    await handle.close()
  }
}

/** Writes a draft of the file and syncs it. It counts once {@link publishDraft} gave it its name. */
export const writeDraft = async (path: string, bytes: Uint8Array): Promise<string> => {
  const draft = `${path}${draftEnding}`
  const handle = await open(draft, "w", 0o600)
  try {
    await handle.writeFile(bytes)
    await handle.sync()
  } finally {
    await handle.close()
  }
  return draft
}

/** Gives the draft its name, in one step, and syncs the folder. */
export const publishDraft = async (path: string): Promise<void> => {
  await rename(`${path}${draftEnding}`, join(path))
  await syncFolder(dirname(path))
}
