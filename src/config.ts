/**
 * What an operator may set, from the environment: names, meanings, defaults, bounds, and how they bear on each other.
 *
 * Everything wrong is said at once, each with the variable's name and what to do. Limits that nobody may change are in limits.ts.
 */
import { hostname } from "node:os"
import { Config, Effect, type LogLevel, Option, type Redacted, Result, Schema } from "effect"
import { assert } from "./assert.ts"
import type { PartitionCounts } from "./domain/kinds.ts"
import type { SenderAccess } from "./domain/roles.ts"
import { parseSenders } from "./domain/sender-list.ts"
import { appendTimeoutMs, bodyBytesMax } from "./limits.ts"

/** A user and its password, as the environment gives them. */
export interface LoginSetting {
  readonly user: string
  readonly password: Redacted.Redacted<string>
}

/** Where NATS is. */
export interface NatsServers {
  readonly urls: ReadonlyArray<string>
  /** Where the servers say what they guarantee; empty: it can't be read, and counts as not guaranteed. */
  readonly monitorUrls: ReadonlyArray<string>
}

/** A worker there: in the engine's account (all that is stored) and in the senders'. */
export interface WorkerAccess extends NatsServers {
  readonly engine: LoginSetting
  readonly door: LoginSetting
  readonly senders: ReadonlyArray<SenderAccess>
}

/** An ingress there. */
export interface IngressAccess extends NatsServers {
  readonly ingress: LoginSetting
  readonly door: LoginSetting
  readonly senders: ReadonlyArray<SenderAccess>
}

/** What one sender may send through one ingress, in commands and in bytes a second. */
export interface SenderRates {
  readonly commandsPerSecond: number
  readonly bytesPerSecond: number
}

/** What every process that stays is told. */
interface ProcessConfig {
  /** Its name: one subject token, unique. */
  readonly worker: string
  readonly http: { readonly host: string; readonly port: number }
  readonly log: "json" | "pretty"
  readonly logLevel: LogLevel.LogLevel
  /** Where spans go; null: nowhere. */
  readonly otlpUrl: string | null
  readonly drainTimeoutMs: number
  readonly senderRates: SenderRates
}

/** What `holdfast serve` is told. */
export interface HoldfastConfig extends ProcessConfig {
  /** Null: an own nats-server is started. */
  readonly nats: WorkerAccess | null
  readonly partitions: PartitionCounts
  readonly replicas: number
  readonly leaseTtlMs: number
  readonly durability: "strict" | "warn"
}

/** What `holdfast ingress` is told. */
export interface IngressConfig extends ProcessConfig {
  readonly nats: IngressAccess
}

/** What a tool that looks at a cluster is told. */
export interface ToolConfig {
  /** Null: the nats-server of a `serve` in this folder. */
  readonly nats: (NatsServers & { readonly engine: LoginSetting }) | null
  readonly replicas: number
}

/** The environment can't be used. `problems` name each variable and the remedy. */
export class ConfigInvalid extends Schema.TaggedError<ConfigInvalid>()("ConfigInvalid", { problems: Schema.Array(Schema.String) }) {
  override get message(): string {
    return this.problems.join("\n")
  }
}

/** Streams a cluster is made of: each partition is a journal stream, replicated. */
export const partitionsMax = 1_024
const leaseTtlMsMin = 1_000
const leaseTtlMsMax = 60_000
const ratePerSecondMax = 1_000_000_000
const workerPattern = /^[A-Za-z0-9_-]{1,64}$/

/** One variable as `--help` shows it. */
export interface Setting {
  readonly name: string
  readonly fallback: string
  readonly help: string
}

const setting = (name: string, fallback: string, help: string): Setting => ({ name, fallback, help })

/** Every variable that `holdfast serve` and `holdfast ingress` read, in the order in which `--help` shows them. */
export const settings = {
  natsUrl: setting("HOLDFAST_NATS_URL", "none", "nats://host:port[,…] of the server; none: an own nats-server, for development"),
  ownNatsPort: setting("HOLDFAST_OWN_NATS_PORT", "14222", "where the own nats-server listens; 0: a free port each time"),
  ownFolder: setting("HOLDFAST_OWN_FOLDER", ".cache/holdfast", "the own nats-server's folder, where commands look for it"),
  monitorUrl: setting("HOLDFAST_NATS_MONITOR_URL", "none", "http://host:port[,…] of its monitoring pages, where its guarantees are read"),
  engineUser: setting("HOLDFAST_ENGINE_USER", "none", "worker's login in the account of all that is stored"),
  enginePassword: setting("HOLDFAST_ENGINE_PASSWORD", "none", "its password"),
  ingressUser: setting("HOLDFAST_INGRESS_USER", "none", "ingress's login there; a worker needs none, it uses its own"),
  ingressPassword: setting("HOLDFAST_INGRESS_PASSWORD", "none", "its password"),
  doorUser: setting("HOLDFAST_DOOR_USER", "none", "login in the senders' account: hears them and answers"),
  doorPassword: setting("HOLDFAST_DOOR_PASSWORD", "none", "its password"),
  senders: setting("HOLDFAST_SENDERS", "none", "who may send, and as what: web=channel,dock=warehouse,ops=operator+reader"),
  commandsPerSecond: setting("HOLDFAST_SENDER_COMMANDS_PER_SECOND", "50000", "commands one sender may send through one ingress"),
  bytesPerSecond: setting("HOLDFAST_SENDER_BYTES_PER_SECOND", "33554432", `bytes of them; at least ${bodyBytesMax}`),
  partitions: setting("HOLDFAST_PARTITIONS", "8", `shares of the SKUs, 1 to ${partitionsMax}; fixed when the cluster is created`),
  orderPartitions: setting(
    "HOLDFAST_ORDER_PARTITIONS",
    "as of SKUs",
    `shares of the orders, 1 to ${partitionsMax}; fixed when the cluster is created`,
  ),
  replicas: setting("HOLDFAST_REPLICAS", "1", "servers that store each stream: 1, 3 or 5; production: 3"),
  worker: setting("HOLDFAST_WORKER", "<host>-<pid>", "this process's name, unique among workers and ingresses"),
  leaseTtlMs: setting(
    "HOLDFAST_LEASE_TTL_MS",
    "3000",
    `a worker silent for this long is taken for dead; ${leaseTtlMsMin} to ${leaseTtlMsMax}`,
  ),
  durability: setting("HOLDFAST_DURABILITY", "warn", "strict: refuse to serve where what was acknowledged could be lost; warn: say it"),
  httpHost: setting("HOLDFAST_HTTP_HOST", "127.0.0.1", "address of /metrics, /ready, /worker and /live"),
  httpPort: setting("HOLDFAST_HTTP_PORT", "9464", "port of them; 0: a free one"),
  log: setting("HOLDFAST_LOG", "pretty", "json or pretty, on standard error"),
  logLevel: setting("HOLDFAST_LOG_LEVEL", "Info", "Debug, Info, Warn, Error or None"),
  otlpUrl: setting("HOLDFAST_OTLP_URL", "none", "http://host:4318 of an OpenTelemetry collector, for spans of traced commands"),
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

/** What `holdfast project` reads, and whoever asks the tables. */
export const postgresSettings = {
  url: setting(
    "HOLDFAST_POSTGRES_URL",
    "own",
    "postgres://user:password@host:5432/database; unset: the Postgres of a `serve` in this folder",
  ),
} as const

/** The settings of the tables, as the lines of a table. */
export const postgresSettingsHelp = (): string => tableOf(Object.values(postgresSettings))

/** What a gateway reads beside that. */
export const gatewaySettings = {
  host: setting("HOLDFAST_GATEWAY_HOST", "127.0.0.1", "address at which the gateway listens"),
  port: setting("HOLDFAST_GATEWAY_PORT", "18080", "port there; 0: a free one"),
  keysFile: setting(
    "HOLDFAST_API_KEYS_FILE",
    "none",
    "file of API keys, which `holdfast key` writes; `serve` with an own nats-server has its own",
  ),
  loginsFile: setting(
    "HOLDFAST_GATEWAY_LOGINS_FILE",
    "none",
    'file of the senders\' logins: {"web":{"user":"web","password":"..."}}, or nkeySeed, or credsFile',
  ),
  tlsCert: setting("HOLDFAST_GATEWAY_TLS_CERT", "none", "file of the certificate, in PEM; none: plain HTTP, behind a proxy"),
  tlsKey: setting("HOLDFAST_GATEWAY_TLS_KEY", "none", "file of its key, in PEM"),
  traceRatio: setting(
    "HOLDFAST_TRACE_RATIO",
    "1",
    "share of requests without a traceparent that begin a trace, 0 to 1; with a collector alone",
  ),
  requestsPerSecond: setting("HOLDFAST_GATEWAY_REQUESTS_PER_SECOND", "1000", "requests and commands of one sender through one gateway"),
} as const

type SettingName = keyof typeof settings

/** What `holdfast serve` reads of them: all but another's login. */
const workerSettings = (Object.keys(settings) as Array<SettingName>).filter((name) => name !== "ingressUser" && name !== "ingressPassword")

/** What `holdfast ingress` reads of them. */
const ingressSettings: ReadonlyArray<SettingName> = [
  "natsUrl",
  "ingressUser",
  "ingressPassword",
  "doorUser",
  "doorPassword",
  "senders",
  "commandsPerSecond",
  "bytesPerSecond",
  "worker",
  "httpHost",
  "httpPort",
  "log",
  "logLevel",
  "otlpUrl",
  "drainTimeoutMs",
]

/** What `holdfast gateway` reads of them. */
const gatewayProcessSettings: ReadonlyArray<SettingName> = ["natsUrl", "worker", "httpHost", "httpPort", "log", "logLevel", "otlpUrl"]

const tableOf = (rows: ReadonlyArray<Setting>): string => {
  const nameWidth = Math.max(...rows.map(({ name }) => name.length))
  const fallbackWidth = Math.max(...rows.map(({ fallback }) => fallback.length))
  return rows.map(({ name, fallback, help }) => `  ${name.padEnd(nameWidth)}  ${fallback.padEnd(fallbackWidth)}  ${help}`).join("\n")
}

/** The settings as the lines of a table. */
export const workerSettingsHelp = (): string => tableOf(workerSettings.map((name) => settings[name]))
/** The settings of `holdfast ingress`, as the lines of a table. */
export const ingressSettingsHelp = (): string => tableOf(ingressSettings.map((name) => settings[name]))
/** The settings of a gateway alone, as the lines of a table. */
export const gatewaySettingsHelp = (): string =>
  tableOf([...gatewayProcessSettings.map((name) => settings[name]), ...Object.values(gatewaySettings)])
/** What `serve` reads for the gateway inside. */
export const innerGatewayHelp = (): string => tableOf(Object.values(gatewaySettings))
/** The settings of the archive, as the lines of a table. */
export const archiveSettingsHelp = (): string => tableOf(Object.values(archiveSettings))

/** Reads one variable; a problem is noted and `instead` stands in, so that the others are looked at too. */
type ReadSetting = <A>(
  from: Setting,
  config: (name: string) => Config.Config<A>,
  isRight: (value: A) => boolean,
  remedy: string,
  instead: A,
) => Effect.Effect<A>

const makeRead =
  (problems: Array<string>): ReadSetting =>
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

const readLogin = Effect.fnUntraced(function* (read: ReadSetting, problems: Array<string>, userSetting: Setting, passwordSetting: Setting) {
  const user = yield* read(userSetting, optional(Config.NonEmptyString), always, "must not be empty; unset it or name a user", null)
  const password = yield* read(passwordSetting, optional(Config.Redacted), always, "can't be read", null)
  if (user !== null && password !== null) return { user, password } satisfies LoginSetting
  if (user !== null) problems.push(`${passwordSetting.name}: is missing; ${userSetting.name} needs it`)
  if (password !== null) problems.push(`${userSetting.name}: is missing; ${passwordSetting.name} needs it`)
  return null
})

const readLogging = Effect.fnUntraced(function* (read: ReadSetting) {
  const log = yield* read(
    settings.log,
    withFallback((name) => Config.Literals(["json", "pretty"], name), "pretty"),
    always,
    "expected json or pretty",
    "pretty",
  )
  const logLevel = yield* read(
    settings.logLevel,
    withFallback(Config.LogLevel, "Info"),
    always,
    "expected All, Trace, Debug, Info, Warn, Error, Fatal or None",
    "Info",
  )
  return { log, logLevel } satisfies Pick<ProcessConfig, "log" | "logLevel">
})

const natsUrls = ["nats:", "tls:", "ws:", "wss:"]

const readServers = Effect.fnUntraced(function* (read: ReadSetting) {
  const url = yield* read(
    settings.natsUrl,
    optional(Config.NonEmptyString),
    isUrlOf(natsUrls),
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
  return { url, monitorUrl }
})

const serversOf = (url: string, monitorUrl: string | null): NatsServers => ({
  urls: listOf(url),
  monitorUrls: monitorUrl === null ? [] : listOf(monitorUrl),
})

/** The senders of the cluster; null: none are named. */
const readSenders = Effect.fnUntraced(function* (read: ReadSetting, problems: Array<string>) {
  const text = yield* read(settings.senders, optional(Config.NonEmptyString), always, "must not be empty", null)
  if (text === null) return null
  const list = parseSenders(text)
  for (const problem of list.problems) problems.push(`${settings.senders.name}: ${problem}`)
  return list.senders
})

const engineMissing = `${settings.engineUser.name}: is missing; a server needs the login of the account that workers join`
const ingressMissing = `${settings.ingressUser.name}: is missing; an ingress needs its login in the account that workers join`
const doorMissing = `${settings.doorUser.name}: is missing; a server needs the login in the senders' account`
const sendersMissing = `${settings.senders.name}: is missing; say who may send and as what, as the server's permissions do: web=channel,dock=warehouse`

const readWorkerAccess = Effect.fnUntraced(function* (read: ReadSetting, problems: Array<string>) {
  const { url, monitorUrl } = yield* readServers(read)
  const engine = yield* readLogin(read, problems, settings.engineUser, settings.enginePassword)
  const door = yield* readLogin(read, problems, settings.doorUser, settings.doorPassword)
  const senders = yield* readSenders(read, problems)
  if (url === null) {
    if (monitorUrl !== null || [engine, door, senders].some((told) => told !== null)) {
      problems.push(
        `${settings.natsUrl.name}: is missing, but a monitor, a login or the senders of a server are set; name the server, or unset those to start an own one`,
      )
    }
    return null
  }
  if (engine === null) problems.push(engineMissing)
  if (door === null) problems.push(doorMissing)
  if (senders === null) problems.push(sendersMissing)
  if (engine === null || door === null || senders === null) return null
  return { ...serversOf(url, monitorUrl), engine, door, senders } satisfies WorkerAccess
})

const readIngressAccess = Effect.fnUntraced(function* (read: ReadSetting, problems: Array<string>) {
  const { url, monitorUrl } = yield* readServers(read)
  const ingress = yield* readLogin(read, problems, settings.ingressUser, settings.ingressPassword)
  const door = yield* readLogin(read, problems, settings.doorUser, settings.doorPassword)
  const senders = yield* readSenders(read, problems)
  if (url === null) problems.push(`${settings.natsUrl.name}: is missing; an ingress alone has no server of its own: name the cluster's`)
  if (ingress === null) problems.push(ingressMissing)
  if (door === null) problems.push(doorMissing)
  if (senders === null) problems.push(sendersMissing)
  if (url === null || ingress === null || door === null || senders === null) return null
  return { ...serversOf(url, monitorUrl), ingress, door, senders } satisfies IngressAccess
})

const readToolAccess = Effect.fnUntraced(function* (read: ReadSetting, problems: Array<string>) {
  const { url, monitorUrl } = yield* readServers(read)
  const engine = yield* readLogin(read, problems, settings.engineUser, settings.enginePassword)
  if (url === null) return null
  if (engine === null) problems.push(engineMissing)
  return engine === null ? null : { ...serversOf(url, monitorUrl), engine }
})

const defaultWorker = (): string =>
  `${hostname()
    .replaceAll(/[^A-Za-z0-9_-]/g, "-")
    .slice(0, 48)}-${process.pid}`

/** Whether a text is a whole number of that range in digits alone: `1e1` and `8.0000000000000000001` would be one once they were rounded. */
const isWholeText = (text: string, min: number, max: number): boolean =>
  /^[0-9]{1,16}$/.test(text) && Number(text) >= min && Number(text) <= max

const makeWhole =
  (read: ReadSetting) =>
  (from: Setting, min: number, max: number, fallback = from.fallback): Effect.Effect<number> => {
    const isRight = (text: string) => isWholeText(text, min, max)
    return Effect.map(
      read(from, withFallback(Config.String, fallback), isRight, `expected a whole number from ${min} to ${max}`, fallback),
      Number,
    )
  }

const readReplicas = (read: ReadSetting) =>
  Effect.map(
    read(
      settings.replicas,
      withFallback(Config.String, "1"),
      (value) => ["1", "3", "5"].includes(value),
      "expected 1, 3 or 5, and at least as many servers",
      "1",
    ),
    Number,
  )

const readProcess = Effect.fnUntraced(function* (read: ReadSetting) {
  const whole = makeWhole(read)
  return {
    worker: yield* read(
      settings.worker,
      withFallback(Config.String, defaultWorker()),
      (name) => workerPattern.test(name),
      "expected 1 to 64 characters of A-Z a-z 0-9 _ -",
      defaultWorker(),
    ),
    http: {
      host: yield* read(
        settings.httpHost,
        withFallback(Config.NonEmptyString, settings.httpHost.fallback),
        always,
        "expected an address of this machine",
        "",
      ),
      port: yield* whole(settings.httpPort, 0, 65_535),
    },
    otlpUrl: yield* read(
      settings.otlpUrl,
      optional(Config.NonEmptyString),
      isUrlOf(["http:", "https:"]),
      "expected http://host:port of an OTLP collector; unset it if there is none",
      null,
    ),
    // An append may be unknown for its whole time-out when draining begins.
    drainTimeoutMs: yield* whole(settings.drainTimeoutMs, appendTimeoutMs + 1, 600_000),
    senderRates: {
      commandsPerSecond: yield* whole(settings.commandsPerSecond, 1, ratePerSecondMax),
      bytesPerSecond: yield* whole(settings.bytesPerSecond, bodyBytesMax, ratePerSecondMax),
    },
    ...(yield* readLogging(read)),
  }
})

const readDurability = (read: ReadSetting) =>
  read(
    settings.durability,
    withFallback((name) => Config.Literals(["strict", "warn"], name), "warn"),
    always,
    "expected strict or warn",
    "warn",
  )

/** The settings of `holdfast serve`, from the ConfigProvider in place: the environment, unless a test gives another. */
export const loadConfig: Effect.Effect<HoldfastConfig, ConfigInvalid> = Effect.gen(function* () {
  const problems: Array<string> = []
  const read = makeRead(problems)
  const whole = makeWhole(read)
  const nats = yield* readWorkerAccess(read, problems)
  const ofSkus = yield* whole(settings.partitions, 1, partitionsMax)
  const partitions = { sku: ofSkus, order: yield* whole(settings.orderPartitions, 1, partitionsMax, String(ofSkus)) }
  const replicas = yield* readReplicas(read)
  const leaseTtlMs = yield* whole(settings.leaseTtlMs, leaseTtlMsMin, leaseTtlMsMax)
  const durability = yield* readDurability(read)
  const ofProcess = yield* readProcess(read)
  if (nats === null && problems.length === 0 && replicas > 1) {
    problems.push(`${settings.replicas.name}: an own nats-server is one server; unset it, or name a cluster with ${settings.natsUrl.name}`)
  }
  if (problems.length > 0) return yield* new ConfigInvalid({ problems })
  return { nats, partitions, replicas, leaseTtlMs, durability, ...ofProcess }
})

/** The settings of `holdfast ingress`. */
export const loadIngressConfig: Effect.Effect<IngressConfig, ConfigInvalid> = Effect.gen(function* () {
  const problems: Array<string> = []
  const read = makeRead(problems)
  const nats = yield* readIngressAccess(read, problems)
  const ofProcess = yield* readProcess(read)
  if (problems.length > 0 || nats === null) return yield* new ConfigInvalid({ problems })
  return { nats, ...ofProcess }
})

/** The settings of tools that look at a cluster as a worker does: where it is, and the engine's login. */
export const loadToolConfig: Effect.Effect<ToolConfig, ConfigInvalid> = Effect.gen(function* () {
  const problems: Array<string> = []
  const read = makeRead(problems)
  const nats = yield* readToolAccess(read, problems)
  const replicas = yield* readReplicas(read)
  if (problems.length > 0) return yield* new ConfigInvalid({ problems })
  return { nats, replicas }
})

/** Where the archive is, how often it is written to, and by whose login. */
export interface ArchiveConfig {
  /** Null: none is named. */
  readonly folder: string | null
  /** Null: never by itself. */
  readonly everyMs: number | null
  /** Null: none is given. */
  readonly login: LoginSetting | null
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
  const everyMsText = yield* read(
    archiveSettings.everyMs,
    optional(Config.String),
    (value) => value === null || isWholeText(value, archiveEveryMsMin, archiveEveryMsMax),
    `expected a whole number from ${archiveEveryMsMin} to ${archiveEveryMsMax}; unset it to archive by hand`,
    null,
  )
  const everyMs = everyMsText === null ? null : Number(everyMsText)
  const login = yield* readLogin(read, problems, archiveSettings.user, archiveSettings.password)
  if (everyMs !== null && folder === null)
    problems.push(`${archiveSettings.folder.name}: is missing; ${archiveSettings.everyMs.name} needs it`)
  if (problems.length > 0) return yield* new ConfigInvalid({ problems })
  return { folder, everyMs, login }
})

/** Where the tables are; null: nobody says. */
export const loadPostgresUrl: Effect.Effect<string | null, ConfigInvalid> = Effect.gen(function* () {
  const problems: Array<string> = []
  const isUrl = (text: string | null) => text === null || /^postgres(?:ql)?:\/\/./.test(text)
  const remedy = "expected postgres://user:password@host:5432/database"
  const url = yield* makeRead(problems)(postgresSettings.url, optional(Config.String), isUrl, remedy, null)
  if (problems.length > 0) return yield* new ConfigInvalid({ problems })
  return url
})

/** What every process is told: its name, where its pages are, how it logs. */
export const loadProcess: Effect.Effect<ProcessConfig, ConfigInvalid> = Effect.gen(function* () {
  const problems: Array<string> = []
  const ofProcess = yield* readProcess(makeRead(problems))
  if (problems.length > 0) return yield* new ConfigInvalid({ problems })
  return ofProcess
})

/** What a gateway is told. */
export interface GatewaySettings {
  readonly host: string
  readonly port: number
  readonly requestsPerSecond: number
  /** The share of requests without a `traceparent` that begin a trace, where a collector is named. */
  readonly traceRatio: number
  /** Null: none is named. */
  readonly keysFile: string | null
  readonly loginsFile: string | null
  readonly tls: { readonly certFile: string; readonly keyFile: string } | null
}

/** What `holdfast gateway` is told. */
export interface GatewayConfig extends ProcessConfig {
  /** Null: the nats-server of a `serve` in this folder. */
  readonly urls: ReadonlyArray<string> | null
  readonly gateway: GatewaySettings
}

const readGateway = Effect.fnUntraced(function* (read: ReadSetting, problems: Array<string>) {
  const whole = makeWhole(read)
  const file = (from: Setting) => read(from, optional(Config.NonEmptyString), always, "must not be empty; unset it or name a file", null)
  const [certFile, keyFile] = [yield* file(gatewaySettings.tlsCert), yield* file(gatewaySettings.tlsKey)]
  if ((certFile === null) !== (keyFile === null))
    problems.push(`${gatewaySettings.tlsCert.name}, ${gatewaySettings.tlsKey.name}: one is missing; name both, or none behind a proxy`)
  return {
    host: yield* read(
      gatewaySettings.host,
      withFallback(Config.NonEmptyString, gatewaySettings.host.fallback),
      always,
      "expected an address of this machine",
      "",
    ),
    port: yield* whole(gatewaySettings.port, 0, 65_535),
    requestsPerSecond: yield* whole(gatewaySettings.requestsPerSecond, 1, ratePerSecondMax),
    traceRatio: Number(
      yield* read(
        gatewaySettings.traceRatio,
        withFallback(Config.String, gatewaySettings.traceRatio.fallback),
        (text) => /^(?:0(?:\.\d{1,9})?|1(?:\.0{1,9})?)$/.test(text),
        "expected a number from 0 to 1, such as 0.01",
        gatewaySettings.traceRatio.fallback,
      ),
    ),
    keysFile: yield* file(gatewaySettings.keysFile),
    loginsFile: yield* file(gatewaySettings.loginsFile),
    tls: certFile === null || keyFile === null ? null : { certFile, keyFile },
  } satisfies GatewaySettings
})

/** The settings of `holdfast gateway`. */
export const loadGatewayConfig: Effect.Effect<GatewayConfig, ConfigInvalid> = Effect.gen(function* () {
  const problems: Array<string> = []
  const read = makeRead(problems)
  const { url } = yield* readServers(read)
  const gateway = yield* readGateway(read, problems)
  const ofProcess = yield* readProcess(read)
  if (url !== null && gateway.keysFile === null)
    problems.push(`${gatewaySettings.keysFile.name}: is missing; name the file of API keys, which \`holdfast key add\` makes`)
  if (url !== null && gateway.loginsFile === null)
    problems.push(`${gatewaySettings.loginsFile.name}: is missing; a gateway logs in as each sender whose keys it takes`)
  if (problems.length > 0) return yield* new ConfigInvalid({ problems })
  return { urls: url === null ? null : listOf(url), gateway, ...ofProcess }
})

/** The settings of a gateway inside `serve`. */
export const loadInnerGateway: Effect.Effect<GatewaySettings, ConfigInvalid> = Effect.gen(function* () {
  const problems: Array<string> = []
  const gateway = yield* readGateway(makeRead(problems), problems)
  if (problems.length > 0) return yield* new ConfigInvalid({ problems })
  return gateway
})

assert(leaseTtlMsMin >= 1_000, "the server counts the TTL of a key in whole seconds")
