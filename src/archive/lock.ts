/**
 * One archiver at a time for a folder: a file that names who writes to it. Two at once would each remove, as left over, what the other has just written.
 *
 * Whoever was killed leaves the file. On the same machine it is seen that its process is gone; from another it can't be, and a person has to say so.
 */
import { link, readFile, rename, rm, writeFile } from "node:fs/promises"
import { hostname } from "node:os"
import { join } from "node:path"

const lockName = "archiver.lock"

/** Somebody else writes to this folder. */
export class FolderTaken extends Error {
  override readonly name = "FolderTaken"
}

interface Holder {
  readonly host: string
  readonly pid: number
}

const isAlive = (pid: number): boolean => {
  try {
    process.kill(pid, 0)
    return true
  } catch (error) {
    return error instanceof Error && "code" in error && error.code === "EPERM"
  }
}

const holderOf = (text: string): Holder | undefined => {
  const found = /^(\d+) (\S+)\n$/.exec(text)
  return found === null ? undefined : { pid: Number(found[1]), host: found[2] ?? "" }
}

/** Whether whoever left the file is gone. A process that has our own number is us: in a container all are number 1. */
const isLeftOver = (holder: Holder | undefined): boolean =>
  holder !== undefined && holder.host === hostname() && (holder.pid === process.pid || !isAlive(holder.pid))

const hasCode = (error: unknown, code: string): boolean => error instanceof Error && "code" in error && error.code === code

/** Makes the file with its line in it, in one step; false if there is one already. */
const make = async (path: string): Promise<boolean> => {
  const own = `${path}.${process.pid}`
  await writeFile(own, `${process.pid} ${hostname()}\n`, { mode: 0o600 })
  try {
    await link(own, path)
    return true
  } catch (error) {
    if (hasCode(error, "EEXIST")) return false
    throw error
  } finally {
    await rm(own, { force: true })
  }
}

/** Takes a left-over file away. What comes away may be the file of somebody who did the same a moment before: then it is put back. */
const remove = async (path: string, leftOver: string): Promise<void> => {
  const aside = `${path}.${process.pid}.old`
  await rename(path, aside).catch((error: unknown) => {
    if (!hasCode(error, "ENOENT")) throw error
  })
  const taken = await readFile(aside, "utf8").catch(() => leftOver)
  if (taken !== leftOver) await link(aside, path).catch(() => undefined)
  await rm(aside, { force: true })
}

/** Takes the folder; resolves to how to leave it. Rejects with {@link FolderTaken}. */
export const takeFolder = async (folder: string): Promise<() => Promise<void>> => {
  const path = join(folder, lockName)
  if (!(await make(path))) {
    const text = await readFile(path, "utf8").catch(() => "")
    const holder = holderOf(text)
    if (isLeftOver(holder)) await remove(path, text)
    if (!isLeftOver(holder) || !(await make(path))) {
      const who = holder === undefined ? "another process" : `process ${holder.pid} on ${holder.host}`
      throw new FolderTaken(`${who} writes to it, as ${path} says`)
    }
  }
  return () => rm(path, { force: true })
}
