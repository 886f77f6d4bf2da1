/**
 * `holdfast archive`, `audit` and `export` as processes, run to their end or killed in the middle.
 */
import { type ChildProcess, spawn } from "node:child_process"
import { watch } from "node:fs"
import { mkdir, readdir, stat } from "node:fs/promises"
import { join } from "node:path"
import { createInterface } from "node:readline"
import { mainFile, workerEnvironment } from "../../src/cli/demo/workers.ts"
import type { EmbeddedConnection } from "../../src/nats/embedded.ts"

export interface Ran {
  readonly code: number | null
  readonly out: string
  readonly err: string
  readonly ms: number
}

/** What the archivist is told: its own login, and no worker's. */
const archivistEnvironment = ({ url, credentials }: EmbeddedConnection): NodeJS.ProcessEnv => ({
  PATH: process.env.PATH,
  HOME: process.env.HOME,
  // Where tests keep what Node has compiled: with it a process starts in half of the time.
  ...(process.env.NODE_COMPILE_CACHE === undefined ? {} : { NODE_COMPILE_CACHE: process.env.NODE_COMPILE_CACHE }),
  HOLDFAST_NATS_URL: url,
  HOLDFAST_ARCHIVE_USER: credentials.archivist.user,
  HOLDFAST_ARCHIVE_PASSWORD: credentials.archivist.password,
})

/** Runs `holdfast` to its end. `started` is given the process. */
export const runAs = (
  args: ReadonlyArray<string>,
  env: NodeJS.ProcessEnv,
  started: (child: ChildProcess) => void = () => undefined,
): Promise<Ran> =>
  new Promise((resolve, reject) => {
    const startedMs = performance.now()
    const child = spawn(process.execPath, [mainFile, ...args], { env, stdio: ["ignore", "pipe", "pipe"] })
    let out = ""
    let err = ""
    child.stdout.setEncoding("utf8").on("data", (piece: string) => {
      out += piece
    })
    child.stderr.setEncoding("utf8").on("data", (piece: string) => {
      err += piece
    })
    started(child)
    child.once("error", reject)
    child.once("close", (code) => {
      resolve({ code, out, err, ms: performance.now() - startedMs })
    })
  })

export interface ArchiverOptions {
  readonly connection: EmbeddedConnection
  readonly folder: string
  /** Flags beyond the folder. */
  readonly flags?: ReadonlyArray<string>
}

const archiveArgs = ({ folder, flags = [] }: ArchiverOptions): ReadonlyArray<string> => [
  "archive",
  "--dir",
  folder,
  "--create",
  "--json",
  ...flags,
]

/** One round of `holdfast archive`, to its end. */
export const archiveRound = (options: ArchiverOptions): Promise<Ran> =>
  runAs(archiveArgs(options), archivistEnvironment(options.connection))

export interface WatchedRound {
  /** Null: it was killed. */
  readonly code: number | null
  /** Changes of the archive's files that were seen, and the last of them. */
  readonly changes: number
  readonly last: string
}

/** A round whose changes of the archive's files are counted, and which is killed with SIGKILL `delayMs` after so many of them. */
export const watchedRound = async (options: ArchiverOptions, killAfterChanges: number, delayMs: number): Promise<WatchedRound> => {
  await mkdir(options.folder, { recursive: true })
  let changes = 0
  let last = "nothing"
  let kill: () => void = () => undefined
  const watcher = watch(options.folder, { recursive: true }, (event, name) => {
    changes++
    last = `${event} ${name?.split("/").at(-1) ?? ""}`
    if (changes === killAfterChanges) setTimeout(() => kill(), delayMs)
  })
  const { code } = await runAs(archiveArgs(options), archivistEnvironment(options.connection), (child) => {
    kill = () => child.kill("SIGKILL")
  })
  watcher.close()
  return { code, changes, last }
}

export const audit = (connection: EmbeddedConnection, partitions: number, folder: string | null): Promise<Ran> =>
  runAs(["audit", "--json", ...(folder === null ? [] : ["--archive", folder])], workerEnvironment("audit", connection, partitions))

/** The last line of an export, and how many there were: the whole would not fit a memory. */
export const exportEnd = (
  connection: EmbeddedConnection,
  partitions: number,
  partition: number,
  folder: string,
): Promise<{ readonly code: number | null; readonly lines: number; readonly last: string }> =>
  new Promise((resolve, reject) => {
    const child = spawn(process.execPath, [mainFile, "export", "--partition", String(partition), "--archive", folder], {
      env: workerEnvironment("export", connection, partitions),
      stdio: ["ignore", "pipe", "inherit"],
    })
    let lines = 0
    let last = ""
    createInterface({ input: child.stdout }).on("line", (line) => {
      lines++
      last = line
    })
    child.once("error", reject)
    child.once("close", (code) => resolve({ code, lines, last }))
  })

/** Bytes on the disk of all files below a folder. */
export const diskBytes = async (folder: string): Promise<number> => {
  let bytes = 0
  for (const entry of await readdir(folder, { withFileTypes: true, recursive: true }).catch(() => [])) {
    if (!entry.isFile()) continue
    // What goes while it is looked at takes no room.
    const found = await stat(join(entry.parentPath, entry.name)).catch(() => null)
    bytes += (found?.blocks ?? 0) * 512
  }
  return bytes
}

/** Files that a killed round left and no manifest names yet, and whether its lock is there. */
export const leftovers = async (folder: string): Promise<ReadonlyArray<string>> =>
  (await readdir(folder, { recursive: true }).catch(() => [])).filter((name) => name.endsWith(".draft") || name.endsWith(".lock"))
