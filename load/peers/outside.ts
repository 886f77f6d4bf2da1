/**
 * Outside programs that an arm runs as a child on the loopback interface: found on the PATH or where somebody says, started on a free port, never outliving this process. Decides nothing.
 */
import { type ChildProcess, spawn } from "node:child_process"
import { constants, createWriteStream } from "node:fs"
import { access, readFile } from "node:fs/promises"
import { connect } from "node:net"
import { delimiter, join } from "node:path"
import { hasEnded } from "../../src/cli/beside.ts"
import { freePort } from "../../src/free-ports.ts"
import { temporaryFolder } from "../../src/temporary-folder.ts"
import { watchdog } from "../../src/watchdog.ts"
import { NotHere } from "./peer.ts"

const isExecutable = (path: string): Promise<boolean> =>
  access(path, constants.X_OK).then(
    () => true,
    () => false,
  )

/** Where a program is: where somebody said, else on the PATH. `how`: how to get it, for whoever hasn't. */
export const findProgram = async (name: string, said: string | undefined, how: string): Promise<string> => {
  if (said !== undefined) {
    if (await isExecutable(said)) return said
    throw new NotHere(`${said} is no program that can be run; ${how}`)
  }
  for (const folder of (process.env.PATH ?? "").split(delimiter)) {
    const path = join(folder, name)
    if (folder !== "" && (await isExecutable(path))) return path
  }
  throw new NotHere(`there is no ${name} on the PATH; ${how}`)
}

/** A program that runs and listens. */
export interface OutsideProcess {
  readonly port: number
  readonly pid: number
  readonly folder: string
  readonly stop: () => Promise<void>
}

/** How it is started in a folder of its own. */
export interface OutsideProgram {
  readonly name: string
  readonly path: string
  readonly args: (port: number, folder: string) => ReadonlyArray<string>
  /** What has to be done in the folder before. */
  readonly prepare?: (folder: string) => Promise<void>
}

const listenPatienceMs = 60_000
const startAttempts = 3
const logLines = 6

const accepts = (port: number): Promise<boolean> =>
  new Promise((resolve) => {
    const socket = connect({ host: "127.0.0.1", port })
    socket.once("connect", () => {
      socket.destroy()
      resolve(true)
    })
    socket.once("error", () => resolve(false))
  })

const untilListening = async (child: ChildProcess, port: number): Promise<boolean> => {
  const untilMs = performance.now() + listenPatienceMs
  while (!hasEnded(child) && performance.now() < untilMs) {
    if (await accepts(port)) return true
    await new Promise((resolve) => setTimeout(resolve, 20))
  }
  return false
}

const endOf = (child: ChildProcess): Promise<void> =>
  new Promise((resolve) => {
    if (hasEnded(child)) resolve()
    else child.once("exit", () => resolve())
  })

/** Starts it on a free port, and resolves when it listens. Rejects with the end of what it said. */
export const startOutside = async (program: OutsideProgram, attemptsLeft = startAttempts): Promise<OutsideProcess> => {
  const { path: folder, remove } = temporaryFolder(`holdfast-${program.name}-`)
  await program.prepare?.(folder)
  const port = await freePort()
  const log = join(folder, "log")
  // In its own process group: Ctrl-C reaches the bench, which then ends it.
  const child = spawn(program.path, [...program.args(port, folder)], { cwd: folder, stdio: ["ignore", "pipe", "pipe"], detached: true })
  const written = createWriteStream(log)
  child.stdout.pipe(written, { end: false })
  child.stderr.pipe(written, { end: false })
  const unwatch = child.pid === undefined ? () => undefined : watchdog(child.pid, "TERM")
  const stop = async () => {
    if (!hasEnded(child)) child.kill("SIGTERM")
    await endOf(child)
    unwatch()
    await remove()
  }
  if (await untilListening(child, port)) return { port, pid: child.pid ?? 0, folder, stop }
  const said = (await readFile(log, "utf8").catch(() => "")).trim().split("\n").slice(-logLines).join("\n")
  await stop()
  // A port found free may be taken by another before it listens there.
  if (attemptsLeft > 1) return startOutside(program, attemptsLeft - 1)
  throw new NotHere(`${program.path} did not listen:\n${said}`)
}
