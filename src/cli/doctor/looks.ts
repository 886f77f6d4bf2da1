/**
 * What a doctor looks at: settings, files, the cluster, the tables. Whatever can't be looked at becomes a line of its own, so that one thing that is wrong hides no other. Changes nothing.
 */
import { constants } from "node:fs"
import { access, stat } from "node:fs/promises"
import * as Effect from "effect/Effect"
import * as Redacted from "effect/Redacted"
import * as Result from "effect/Result"
import {
  archiveSettings,
  type ConfigInvalid,
  type GatewaySettings,
  gatewaySettings,
  type HoldfastConfig,
  loadArchiveConfig,
  loadConfig,
  loadInnerGateway,
  postgresSettings,
  settings,
} from "../../config.ts"
import { lookAtCluster, tryDoor } from "../../nats/checkup.ts"
import type { UserPassword } from "../../nats/config.ts"
import { foundPartitions } from "../../nats/found-partitions.ts"
import { openDatabase, servedSchema } from "../../postgres/connection.ts"
import { requireSame } from "../../postgres/migrate.ts"
import { ownConnection } from "../access.ts"
import { CommandFailed, describeFailure, exitCode } from "../exit-codes.ts"
import { readLogins } from "../gateway-parts.ts"
import { keysIn } from "../own-keys.ts"
import { ownPostgresFile, tablesUrl } from "../postgres-access.ts"
import { borderChecks, type Check, ok, type Subject, serverChecks, streamChecks, unknown, unused, wrong } from "./checks.ts"

/** Where the cluster is, and the logins that were given for it. */
interface Cluster {
  readonly servers: ReadonlyArray<string>
  readonly monitorUrls: ReadonlyArray<string>
  readonly engine: UserPassword
  readonly door: UserPassword
}

const settingsSubject: Subject = {
  name: "settings",
  promise: "every process does what it was told",
  remedy: "set the variable as said; `holdfast serve --help` and `holdfast gateway --help` list all of them",
}

/** A line for each setting that is wrong; what could be read, or null. */
const read = <A>(load: Effect.Effect<A, ConfigInvalid>) =>
  Effect.map(Effect.result(load), (result): { readonly value: A | null; readonly checks: ReadonlyArray<Check> } =>
    Result.isSuccess(result)
      ? { value: result.success, checks: [] }
      : { value: null, checks: result.failure.problems.map((problem) => wrong(settingsSubject, problem)) },
  )

const readSettings = Effect.gen(function* () {
  const worker = yield* read(loadConfig)
  const archive = yield* read(loadArchiveConfig)
  // What other commands ask for tables too: the own Postgres of a `serve` in this folder, where none is named.
  const postgres = yield* read(tablesUrl)
  const gateway = yield* read(loadInnerGateway)
  const wrongs = [worker, archive, postgres, gateway].flatMap(({ checks }) => checks)
  return {
    worker: worker.value,
    archive: archive.value,
    postgres: postgres.value,
    gateway: gateway.value,
    checks: wrongs.length === 0 ? [ok(settingsSubject, "can all be used")] : wrongs,
  }
})

const clusterOf = ({ nats }: HoldfastConfig) =>
  nats === null
    ? Effect.map(
        ownConnection,
        ({ url, monitorUrl, credentials: { engine, door } }): Cluster => ({ servers: [url], monitorUrls: [monitorUrl], engine, door }),
      )
    : Effect.succeed<Cluster>({
        servers: nats.urls,
        monitorUrls: nats.monitorUrls,
        engine: { user: nats.engine.user, password: Redacted.value(nats.engine.password) },
        door: { user: nats.door.user, password: Redacted.value(nats.door.password) },
      })

const clearSubject: Subject = {
  name: "encryption on the way to the servers",
  promise: "nobody on the network reads logins, or changes commands",
  remedy: `name the servers with tls:// in ${settings.natsUrl.name}, and give them certificates as in deploy/nats`,
}

const isHere = (url: string): boolean => ["127.0.0.1", "localhost", "[::1]"].includes(new URL(url).hostname)

const encryption = ({ servers }: Cluster): Check => {
  const clear = servers.filter((url) => !isHere(url) && !/^(?:tls|wss):/.test(url))
  if (clear.length > 0) return wrong(clearSubject, `none to ${clear.map((url) => new URL(url).host).join(", ")}`)
  return ok(clearSubject, servers.every(isHere) ? "not needed: the servers are on this machine" : "tls")
}

const loginSubject = (name: string, what: string): Subject => ({
  name: `login ${name}`,
  promise: what,
  remedy: `start the servers, or set ${name === "engine" ? `${settings.engineUser.name} and its password` : `${settings.doorUser.name} and its password`} as the servers have them (deploy/nats)`,
})
const engineSubject = loginSubject("engine", "workers can decide")
const doorSubject = loginSubject("door", "senders are heard and answered")

const partitionsSubject: Subject = {
  name: "number of partitions",
  promise: "a SKU has one writer",
  remedy: "start workers with the numbers the cluster was made with; they can't be changed",
}

const partitionsAgree = (
  { partitions }: HoldfastConfig,
  isOwn: boolean,
  found: { readonly sku: number; readonly order: number },
): Check => {
  const text = `${found.sku} of SKUs, ${found.order} of orders`
  if (isOwn || (partitions.sku === found.sku && partitions.order === found.order)) return ok(partitionsSubject, text)
  return wrong(partitionsSubject, `${text} in the cluster; the settings say ${partitions.sku} and ${partitions.order}`)
}

const noClusterSubject: Subject = {
  name: "cluster",
  promise: "there is something to look at",
  remedy: `set ${settings.natsUrl.name}, or run this in the folder of a \`holdfast serve\``,
}

const lookAtServers = Effect.fnUntraced(function* (config: HoldfastConfig, cluster: Cluster) {
  const address = { servers: cluster.servers }
  const seen = yield* Effect.result(lookAtCluster(address, cluster.engine, cluster.monitorUrls))
  if (Result.isFailure(seen)) return [wrong(engineSubject, describeFailure(seen.failure))]
  const door = yield* Effect.result(tryDoor(address, cluster.door))
  const counts = yield* Effect.result(foundPartitions(address, { engine: cluster.engine }))
  return [
    ok(engineSubject, "is let in"),
    Result.isSuccess(door) ? ok(doorSubject, "is let in") : wrong(doorSubject, describeFailure(door.failure)),
    ...serverChecks(seen.success),
    ...borderChecks(seen.success),
    ...(Result.isFailure(counts)
      ? [wrong(partitionsSubject, describeFailure(counts.failure))]
      : [partitionsAgree(config, config.nats === null, counts.success), ...streamChecks(seen.success, counts.success, config.replicas)]),
  ]
})

const lookAtNats = Effect.fnUntraced(function* (config: HoldfastConfig | null) {
  if (config === null) return [unknown(noClusterSubject, "the settings can't be used")]
  const cluster = yield* Effect.result(clusterOf(config))
  if (Result.isFailure(cluster)) return [wrong(noClusterSubject, describeFailure(cluster.failure))]
  return [encryption(cluster.success), ...(yield* lookAtServers(config, cluster.success))]
})

const secretsSubject = (setting: string): Subject => ({
  name: `file of ${setting}`,
  promise: "secrets are read by those alone who need them",
  remedy: "chmod 600 it, for the gateway's user alone, and mend what is said of it",
})

/** Bits of a file's mode that let others read or write it. */
const othersBits = 0o077

const unreadable = (error: unknown): CommandFailed =>
  new CommandFailed({ code: exitCode.failed, message: error instanceof Error ? error.message : String(error) })

/** A file with secrets: that it is there, nobody else's to read, and as it should be. */
const secretFile = (setting: string, path: string | null, look: (path: string) => Effect.Effect<string, unknown>) => {
  const subject = secretsSubject(setting)
  if (path === null) return Effect.succeed(unused(subject, "none is named"))
  return Effect.gen(function* () {
    const { mode } = yield* Effect.tryPromise({ try: () => stat(path), catch: unreadable })
    const found = yield* look(path)
    if ((mode & othersBits) !== 0) return wrong(subject, `mode ${(mode & 0o777).toString(8)}: others may open it`)
    return ok(subject, found)
  }).pipe(Effect.catch((error) => Effect.succeed(wrong(subject, describeFailure(error)))))
}

const lookAtGateway = Effect.fnUntraced(function* (gateway: GatewaySettings | null) {
  if (gateway === null) return []
  const keys = (path: string) =>
    Effect.map(
      Effect.tryPromise({ try: () => keysIn(path), catch: unreadable }),
      (file) => `${file.keys.filter(({ revokedAt }) => revokedAt === undefined).length} keys that are valid`,
    )
  const logins = (path: string) => Effect.map(readLogins(path), (found) => `logins of ${Object.keys(found).join(", ")}`)
  const present = () => Effect.succeed("is there")
  return [
    yield* secretFile(gatewaySettings.keysFile.name, gateway.keysFile, keys),
    yield* secretFile(gatewaySettings.loginsFile.name, gateway.loginsFile, logins),
    yield* secretFile(gatewaySettings.tlsKey.name, gateway.tls?.keyFile ?? null, present),
  ]
})

const archiveSubject: Subject = {
  name: "archive",
  promise: "journals don't fill the servers' disks",
  remedy: `name a folder that this user may write in ${archiveSettings.folder.name}, with ${archiveSettings.everyMs.name} or a schedule of your own for \`holdfast archive\``,
}

const lookAtArchive = Effect.fnUntraced(function* (archive: { readonly folder: string | null } | null) {
  if (archive === null) return []
  const { folder } = archive
  if (folder === null) return [unknown(archiveSubject, "no folder is named here; if none is anywhere, journals grow for ever")]
  const tried = yield* Effect.result(Effect.tryPromise(() => access(folder, constants.R_OK | constants.W_OK)))
  return [
    Result.isSuccess(tried)
      ? ok(archiveSubject, "the folder can be written")
      : wrong(archiveSubject, `${folder} can't be written, or isn't there`),
  ]
})

const tablesSubject: Subject = {
  name: "tables in Postgres",
  promise: "questions are answered from tables that this release understands",
  remedy: `start the database, or set ${postgresSettings.url.name}; \`holdfast project\` of this release makes and brings forward its tables`,
}

/** Why no tables are looked at, and how they are given. */
const noTables = (isOwnCluster: boolean): string => {
  const named = `none is named in ${postgresSettings.url.name}`
  return isOwnCluster
    ? `${named}, and no \`holdfast serve\` left one in ${ownPostgresFile}`
    : `${named}; one of a \`holdfast serve\` in this folder would be of another cluster than the one in ${settings.natsUrl.name}`
}

const lookAtTables = (url: string | null, isOwnCluster: boolean) =>
  url === null
    ? Effect.succeed([unused(tablesSubject, noTables(isOwnCluster))])
    : Effect.scoped(
        Effect.gen(function* () {
          const database = yield* openDatabase({ url, schema: servedSchema, connections: 1, name: "holdfast doctor" })
          yield* database.ask("look at the tables", (sql) => requireSame(sql, servedSchema))
          return [ok(tablesSubject, "as this release makes them")]
        }),
      ).pipe(Effect.catch((error) => Effect.succeed([wrong(tablesSubject, describeFailure(error))])))

/** Everything that a doctor looks at, in the order in which it is told. */
export const lookAtAll = Effect.gen(function* () {
  const found = yield* readSettings
  const parts = yield* Effect.all(
    [
      lookAtNats(found.worker),
      lookAtGateway(found.gateway),
      lookAtArchive(found.archive),
      lookAtTables(found.postgres, found.worker?.nats === null),
    ],
    { concurrency: "unbounded" },
  )
  return [...found.checks, ...parts.flat()]
})
