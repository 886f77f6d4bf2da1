/**
 * What an operator may set, from the environment: names, meanings, defaults, bounds, and how they bear on each other.
 *
 * Everything wrong is said at once, each with the variable's name and what to do. Limits that nobody may change are in limits.ts.
 */
import { hostname } from "node:os"
import { Config, Effect, type LogLevel, Option, type Redacted, Result, Schema } from "effect"
import { assert } from "./assert.ts"
import { appendTimeoutMs } from "./limits.ts"

export interface Login {
  readonly user: string
  readonly password: Redacted.Redacted<string>
}

/** Where NATS is, and who we are there: the engine's account (journals, snapshots, leases, feed) and the worker's login in the channels' account. */
export interface NatsAccess {
  readonly urls: ReadonlyArray<string>
  /** Where the servers say what they guarantee; empty: it can't be read, and counts as not guaranteed. */
  readonly monitorUrls: ReadonlyArray<string>
  readonly engine: Login
  readonly worker: Login
}

export interface HoldfastConfig {
  /** Null: an own nats-server is started. */
  readonly nats: NatsAccess | null
  readonly partitions: number
  readonly replicas: number
  readonly worker: string
  readonly leaseTtlMs: number
  readonly durability: "strict" | "warn"
  readonly http: { readonly host: string; readonly port: number }
  readonly log: "json" | "pretty"
  readonly logLevel: LogLevel.LogLevel
  readonly drainTimeoutMs: number
}

/** The environment can't be used. `problems` name each variable and the remedy. */
export class ConfigInvalid extends Schema.TaggedError<ConfigInvalid>()("ConfigInvalid", { problems: Schema.Array(Schema.String) }) {
  override get message(): string {
    return this.problems.join("\n")
  }
}

/** Streams a cluster is made of: each partition is a journal stream, replicated. */
const partitionsMax = 1_024
const leaseTtlMsMin = 1_000
const leaseTtlMsMax = 60_000
const workerPattern = /^[A-Za-z0-9_-]{1,64}$/

/** One variable as `--help` shows it. */
export interface Setting {
  readonly name: string
  readonly fallback: string
  readonly help: string
}

const setting = (name: string, fallback: string, help: string): Setting => ({ name, fallback, help })

/** Every variable that `holdfast serve` reads, in the order in which `--help` shows them. */
export const settings = {
  natsUrl: setting("HOLDFAST_NATS_URL", "none", "nats://host:port[,…] of the server; none: an own nats-server, for development"),
  monitorUrl: setting("HOLDFAST_NATS_MONITOR_URL", "none", "http://host:port[,…] of its monitoring pages, where its guarantees are read"),
  engineUser: setting("HOLDFAST_ENGINE_USER", "none", "login in the account of journals, snapshots, leases and the feed"),
  enginePassword: setting("HOLDFAST_ENGINE_PASSWORD", "none", "its password"),
  workerUser: setting("HOLDFAST_WORKER_USER", "none", "login in the channels' account: reads commands, answers"),
  workerPassword: setting("HOLDFAST_WORKER_PASSWORD", "none", "its password"),
  partitions: setting("HOLDFAST_PARTITIONS", "8", `shares of the SKUs, 1 to ${partitionsMax}; fixed when the cluster is created`),
  replicas: setting("HOLDFAST_REPLICAS", "1", "servers that store each stream: 1, 3 or 5; production: 3"),
  worker: setting("HOLDFAST_WORKER", "<host>-<pid>", "this worker's name, unique among the workers"),
  leaseTtlMs: setting(
    "HOLDFAST_LEASE_TTL_MS",
    "3000",
    `a worker silent for this long is taken for dead; ${leaseTtlMsMin} to ${leaseTtlMsMax}`,
  ),
  durability: setting(
    "HOLDFAST_DURABILITY",
    "warn",
    "strict: refuse to serve on a server that could lose what it acknowledged; warn: say it",
  ),
  httpHost: setting("HOLDFAST_HTTP_HOST", "127.0.0.1", "address of /metrics, /ready and /live"),
  httpPort: setting("HOLDFAST_HTTP_PORT", "9464", "port of them; 0: a free one"),
  log: setting("HOLDFAST_LOG", "pretty", "json or pretty, on standard error"),
  logLevel: setting("HOLDFAST_LOG_LEVEL", "Info", "Debug, Info, Warn, Error or None"),
  drainTimeoutMs: setting(
    "HOLDFAST_DRAIN_TIMEOUT_MS",
    "15000",
    `how long SIGTERM may take to say all that was decided; above ${appendTimeoutMs}`,
  ),
} as const

/** What `holdfast archive` reads, and whoever reads archive and journal as one. */
export const archiveSettings = {
  folder: setting("HOLDFAST_ARCHIVE_DIR", "none", "folder of the archive, where --dir or --archive names none"),
  everyMs: setting("HOLDFAST_ARCHIVE_EVERY_MS", "off", "`serve`: archive so often, as a process of its own; 60000 to 86400000"),
  user: setting("HOLDFAST_ARCHIVE_USER", "none", "login of the archivist, the only one that may purge journals"),
  password: setting("HOLDFAST_ARCHIVE_PASSWORD", "none", "its password"),
} as const

/** Settings as the lines of a table. */
export const settingsHelp = (of: Readonly<Record<string, Setting>> = settings): string => {
  const rows = Object.values(of)
  const nameWidth = Math.max(...rows.map(({ name }) => name.length))
  const fallbackWidth = Math.max(...rows.map(({ fallback }) => fallback.length))
  return rows.map(({ name, fallback, help }) => `  ${name.padEnd(nameWidth)}  ${fallback.padEnd(fallbackWidth)}  ${help}`).join("\n")
}

/** Reads one variable; a problem is noted and `instead` stands in, so that the others are looked at too. */
type Read = <A>(
  from: Setting,
  config: (name: string) => Config.Config<A>,
  isRight: (value: A) => boolean,
  remedy: string,
  instead: A,
) => Effect.Effect<A>

const makeRead =
  (problems: Array<string>): Read =>
  (from, config, isRight, remedy, instead) =>
    Effect.map(Effect.result(config(from.name)), (read) => {
      if (Result.isSuccess(read) && isRight(read.success)) return read.success
      problems.push(`${from.name}: ${remedy}`)
      return instead
    })

const optional =
  <A>(config: (name: string) => Config.Config<A>) =>
  (name: string): Config.Config<A | null> =>
    Config.option(config(name)).pipe(Config.map(Option.getOrNull))

const withFallback =
  <A>(config: (name: string) => Config.Config<A>, fallback: A) =>
  (name: string): Config.Config<A> =>
    Config.withDefault(config(name), fallback)

const always = () => true
const listOf = (text: string): ReadonlyArray<string> => text.split(",").map((one) => one.trim())
const isUrlOf = (protocols: ReadonlyArray<string>) => (text: string | null) =>
  text === null || listOf(text).every((one) => URL.canParse(one) && protocols.includes(new URL(one).protocol))

const readLogin = Effect.fnUntraced(function* (read: Read, problems: Array<string>, userSetting: Setting, passwordSetting: Setting) {
  const user = yield* read(userSetting, optional(Config.NonEmptyString), always, "must not be empty; unset it or name a user", null)
  const password = yield* read(passwordSetting, optional(Config.Redacted), always, "can't be read", null)
  if (user !== null && password !== null) return { user, password } satisfies Login
  if (user !== null) problems.push(`${passwordSetting.name}: is missing; ${userSetting.name} needs it`)
  if (password !== null) problems.push(`${userSetting.name}: is missing; ${passwordSetting.name} needs it`)
  return null
})

const readNats = Effect.fnUntraced(function* (read: Read, problems: Array<string>) {
  const url = yield* read(
    settings.natsUrl,
    optional(Config.NonEmptyString),
    isUrlOf(["nats:", "tls:", "ws:", "wss:"]),
    "expected nats://host:port, several separated by commas; unset it to start an own server",
    null,
  )
  const monitorUrl = yield* read(
    settings.monitorUrl,
    optional(Config.NonEmptyString),
    isUrlOf(["http:", "https:"]),
    "expected http://host:port, as the server's setting `http` says; unset it if there is none",
    null,
  )
  const engine = yield* readLogin(read, problems, settings.engineUser, settings.enginePassword)
  const worker = yield* readLogin(read, problems, settings.workerUser, settings.workerPassword)
  if (url === null) {
    if (monitorUrl !== null || engine !== null || worker !== null) {
      problems.push(
        `${settings.natsUrl.name}: is missing, but a monitor or a login of a server is set; name the server, or unset those to start an own one`,
      )
    }
    return null
  }
  if (engine === null) problems.push(`${settings.engineUser.name}: is missing; a server needs the login of the account that workers join`)
  if (worker === null)
    problems.push(`${settings.workerUser.name}: is missing; a server needs the login of the workers in the channels' account`)
  if (engine === null || worker === null) return null
  return { urls: listOf(url), monitorUrls: monitorUrl === null ? [] : listOf(monitorUrl), engine, worker } satisfies NatsAccess
})

const defaultWorker = (): string =>
  `${hostname()
    .replaceAll(/[^A-Za-z0-9_-]/g, "-")
    .slice(0, 48)}-${process.pid}`

const readNumbers = Effect.fnUntraced(function* (read: Read) {
  const within = (min: number, max: number) => (value: number) => value >= min && value <= max
  const whole = (from: Setting, min: number, max: number) =>
    read(
      from,
      withFallback(Config.Int, Number(from.fallback)),
      within(min, max),
      `expected a whole number from ${min} to ${max}`,
      Number(from.fallback),
    )
  return {
    partitions: yield* whole(settings.partitions, 1, partitionsMax),
    replicas: yield* read(
      settings.replicas,
      withFallback(Config.Int, 1),
      (value) => [1, 3, 5].includes(value),
      "expected 1, 3 or 5, and at least as many servers",
      1,
    ),
    leaseTtlMs: yield* whole(settings.leaseTtlMs, leaseTtlMsMin, leaseTtlMsMax),
    // An append may be unknown for its whole time-out when draining begins.
    drainTimeoutMs: yield* whole(settings.drainTimeoutMs, appendTimeoutMs + 1, 600_000),
    port: yield* whole(settings.httpPort, 0, 65_535),
  }
})

const readChoices = Effect.fnUntraced(function* (read: Read) {
  return {
    worker: yield* read(
      settings.worker,
      withFallback(Config.String, defaultWorker()),
      (name) => workerPattern.test(name),
      "expected 1 to 64 characters of A-Z a-z 0-9 _ -",
      defaultWorker(),
    ),
    durability: yield* read(
      settings.durability,
      withFallback((name) => Config.Literals(["strict", "warn"], name), "warn"),
      always,
      "expected strict or warn",
      "warn",
    ),
    host: yield* read(
      settings.httpHost,
      withFallback(Config.NonEmptyString, settings.httpHost.fallback),
      always,
      "expected an address of this machine",
      "",
    ),
    log: yield* read(
      settings.log,
      withFallback((name) => Config.Literals(["json", "pretty"], name), "pretty"),
      always,
      "expected json or pretty",
      "pretty",
    ),
    logLevel: yield* read(
      settings.logLevel,
      withFallback(Config.LogLevel, "Info"),
      always,
      "expected All, Trace, Debug, Info, Warn, Error, Fatal or None",
      "Info",
    ),
  }
})

/** The settings of `holdfast serve`, from the ConfigProvider in place: the environment, unless a test gives another. */
export const loadConfig: Effect.Effect<HoldfastConfig, ConfigInvalid> = Effect.gen(function* () {
  const problems: Array<string> = []
  const read = makeRead(problems)
  const nats = yield* readNats(read, problems)
  const { port, ...numbers } = yield* readNumbers(read)
  const { host, ...choices } = yield* readChoices(read)
  if (nats === null && problems.length === 0 && numbers.replicas > 1) {
    problems.push(`${settings.replicas.name}: an own nats-server is one server; unset it, or name a cluster with ${settings.natsUrl.name}`)
  }
  if (problems.length > 0) return yield* new ConfigInvalid({ problems })
  return { nats, ...numbers, ...choices, http: { host, port } }
})

export interface ArchiveConfig {
  /** Null: none is named. */
  readonly folder: string | null
  /** Null: never by itself. */
  readonly everyMs: number | null
  /** Null: none is given. */
  readonly login: Login | null
}

const archiveEveryMsMin = 60_000
const archiveEveryMsMax = 24 * 3_600_000

/** Where the archive is and who archives, from the environment. */
export const loadArchiveConfig: Effect.Effect<ArchiveConfig, ConfigInvalid> = Effect.gen(function* () {
  const problems: Array<string> = []
  const read = makeRead(problems)
  const folder = yield* read(
    archiveSettings.folder,
    optional(Config.NonEmptyString),
    always,
    "must not be empty; unset it or name a folder",
    null,
  )
  const everyMs = yield* read(
    archiveSettings.everyMs,
    optional(Config.Int),
    (value) => value === null || (value >= archiveEveryMsMin && value <= archiveEveryMsMax),
    `expected a whole number from ${archiveEveryMsMin} to ${archiveEveryMsMax}; unset it to archive by hand`,
    null,
  )
  const login = yield* readLogin(read, problems, archiveSettings.user, archiveSettings.password)
  if (everyMs !== null && folder === null)
    problems.push(`${archiveSettings.folder.name}: is missing; ${archiveSettings.everyMs.name} needs it`)
  if (problems.length > 0) return yield* new ConfigInvalid({ problems })
  return { folder, everyMs, login }
})

assert(leaseTtlMsMin >= 1_000, "the server counts the TTL of a key in whole seconds")
