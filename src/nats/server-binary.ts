/**
 * Finds a nats-server to run: the one on the PATH if it is recent enough, else the pinned version, built once with Go into a cache.
 *
 * Only development, tests, the demo and a server embedded by `serve` need one; in production the server is somebody else's to run.
 */
import { execFile } from "node:child_process"
import { randomBytes } from "node:crypto"
import { constants } from "node:fs"
import { access, mkdir, readFile, rename, rm, stat, writeFile } from "node:fs/promises"
import { homedir } from "node:os"
import { delimiter, dirname, join } from "node:path"
import { fileURLToPath } from "node:url"

/** Below this, known defects of the 2.14 line are unfixed; from 2.16 on nobody has tried. */
export const serverVersionMin: Version = [2, 14, 6]
export const serverVersionBelow: Version = [2, 16, 0]

export type Version = readonly [major: number, minor: number, patch: number]

/** There is no nats-server to run. The message names every way to get one. */
export class ServerBinaryMissing extends Error {
  override readonly name = "ServerBinaryMissing"
}

/** The version in a text such as `nats-server: v2.14.9`, or undefined. */
export const parseVersion = (text: string): Version | undefined => {
  const found = /v?([0-9]+)\.([0-9]+)\.([0-9]+)/.exec(text)
  return found === null ? undefined : [Number(found[1]), Number(found[2]), Number(found[3])]
}

const isBelow = (a: Version, b: Version): boolean => {
  for (const i of [0, 1, 2] as const) if (a[i] !== b[i]) return a[i] < b[i]
  return false
}

/** Whether Holdfast is known to keep its promises on a server of this version. */
export const isServerVersionTried = (version: Version): boolean =>
  !isBelow(version, serverVersionMin) && isBelow(version, serverVersionBelow)

/** A build that takes longer than this has died without a trace. */
const lockHeldMsMax = 15 * 60_000
const lockPollMs = 200

const pinned = fileURLToPath(new URL("../../tools/nats-server/", import.meta.url))

const run = (command: string, args: ReadonlyArray<string>, options: { readonly cwd?: string; readonly env?: NodeJS.ProcessEnv } = {}) =>
  new Promise<string>((resolve, reject) => {
    execFile(command, [...args], { ...options, maxBuffer: 16 * 1_048_576 }, (error, stdout, stderr) => {
      if (error === null) resolve(stdout)
      else reject(new Error(`${command} ${args[0] ?? ""}: ${stderr.trim() || error.message}`, { cause: error }))
    })
  })

const isExecutable = (path: string): Promise<boolean> =>
  access(path, constants.X_OK).then(
    () => true,
    () => false,
  )

const versionOf = (path: string): Promise<Version | undefined> => run(path, ["--version"]).then(parseVersion, () => undefined)

/** The first nats-server of the PATH, and what makes it unfit, if anything. */
const onPath = async (): Promise<{ readonly path: string; readonly unfit: string | null } | undefined> => {
  for (const folder of (process.env.PATH ?? "").split(delimiter)) {
    const path = join(folder, "nats-server")
    if (folder === "" || !(await isExecutable(path))) continue
    const version = await versionOf(path)
    if (version === undefined) return { path, unfit: `${path} does not say its version` }
    return { path, unfit: isServerVersionTried(version) ? null : `${path} is ${version.join(".")}` }
  }
  return undefined
}

/** The version that tools/nats-server pins. */
const pinnedVersion = async (): Promise<string> => {
  const found = /nats-server\/v2 v([0-9.]+)/.exec(await readFile(join(pinned, "go.mod"), "utf8"))?.[1]
  if (found === undefined) throw new ServerBinaryMissing(`${join(pinned, "go.mod")} pins no nats-server`)
  return found
}

const missing = (version: string, why: ReadonlyArray<string>): ServerBinaryMissing =>
  new ServerBinaryMissing(
    [
      `No nats-server between ${serverVersionMin.join(".")} and ${serverVersionBelow.join(".")} (exclusive) to run: ${why.join("; ")}.`,
      "Any one of these helps:",
      `  - a package manager: brew install nats-server, or a package of https://github.com/nats-io/nats-server/releases/tag/v${version}, with nats-server on the PATH`,
      "  - Go 1.21 or newer on the PATH: the pinned server is then built by itself, once",
      `  - a container: docker run -p 4222:4222 -p 8222:8222 nats:${version} -js -m 8222, configured as in deploy/nats, and HOLDFAST_NATS_URL=nats://127.0.0.1:4222`,
    ].join("\n"),
  )

const build = async (version: string, target: string): Promise<void> => {
  // Built beside its place and renamed into it: whoever looks finds a whole binary or none.
  const draft = `${target}.${process.pid}.${randomBytes(6).toString("hex")}`
  process.stderr.write(`Building nats-server ${version} once, with Go (a minute or two; kept in ${dirname(target)}) ...\n`)
  try {
    await run("go", ["build", "-trimpath", "-buildvcs=false", "-ldflags=-s -w", "-o", draft, "github.com/nats-io/nats-server/v2"], {
      cwd: pinned,
      env: { ...process.env, CGO_ENABLED: "0", GOFLAGS: "", GOWORK: "off" },
    })
    await rename(draft, target)
  } finally {
    await rm(draft, { force: true })
  }
}

const isRunning = (pid: number): boolean => {
  try {
    process.kill(pid, 0)
    return true
  } catch (error) {
    return error instanceof Error && "code" in error && error.code === "EPERM"
  }
}

/** Whether whoever holds the lock is gone. Between its creation and its content it counts as held. */
const isAbandoned = async (lock: string): Promise<boolean> => {
  try {
    const pid = Number(await readFile(lock, "utf8"))
    return Date.now() - (await stat(lock)).mtimeMs > lockHeldMsMax || (pid > 0 && !isRunning(pid))
  } catch {
    return false
  }
}

/** Builds the server unless another process does: then waits for that one. Several test processes start at once, and a build takes all processors. */
const buildOnce = async (version: string, target: string): Promise<void> => {
  await mkdir(dirname(target), { recursive: true })
  const lock = `${target}.lock`
  const isHeld = () =>
    writeFile(lock, String(process.pid), { flag: "wx" }).then(
      () => false,
      () => true,
    )
  while (await isHeld()) {
    if (await isAbandoned(lock)) await rm(lock, { force: true })
    await new Promise((resolve) => setTimeout(resolve, lockPollMs))
  }
  try {
    if (!(await isExecutable(target))) await build(version, target)
  } finally {
    await rm(lock, { force: true })
  }
}

const find = async (): Promise<string> => {
  const found = await onPath()
  if (found !== undefined && found.unfit === null) return found.path
  const version = await pinnedVersion()
  const cache = process.env.XDG_CACHE_HOME || join(homedir(), ".cache")
  const target = join(cache, "holdfast", `nats-server-${version}`)
  if (await isExecutable(target)) return target
  const why = [found?.unfit ?? "none is on the PATH"]
  const canBuild = await run("go", ["version"]).then(
    () => true,
    () => false,
  )
  if (!canBuild) throw missing(version, [...why, "Go, to build one, is not there either"])
  await buildOnce(version, target).catch((error: unknown) => {
    throw missing(version, [...why, `building ${version} failed: ${error instanceof Error ? error.message : String(error)}`])
  })
  return target
}

let known: Promise<string> | undefined

/** Path of a nats-server whose version is tried. Builds the pinned one if need be, saying so on stderr. Rejects with {@link ServerBinaryMissing}. */
export const natsServerBinary = (): Promise<string> => {
  known ??= find()
  return known
}
