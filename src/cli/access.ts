/**
 * Where the cluster is, and who a command is there: from the environment, or, where that names no server, from the file that the nats-server
 * of a `holdfast serve` in this folder left.
 */
import { readFile } from "node:fs/promises"
import * as Config from "effect/Config"
import * as Flag from "effect/cli/Flag"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Redacted from "effect/Redacted"
import type { ConnectOptions } from "../channel.ts"
import { isServer } from "../client/address.ts"
import { archiveSettings, type ConfigInvalid, type LoginSetting, loadArchiveConfig, loadToolConfig, settings } from "../config.ts"
import type { PartitionCounts } from "../domain/kinds.ts"
import { type CommandClass, whyNoSender } from "../domain/names.ts"
import { shownName } from "../domain/telling.ts"
import type { ArchivistConfig } from "../nats/archivist.ts"
import type { EmbeddedConnection } from "../nats/embedded.ts"
import { foundPartitions } from "../nats/found-partitions.ts"
import type { EngineConfig } from "../nats/layer.ts"
import { BrokerUnavailable, type LoginRefused, type TopologyMismatch } from "../ports/errors.ts"
import { senderFlag } from "./arguments.ts"
import { CommandFailed, exitCode } from "./exit-codes.ts"
import { inOwnFolder, ownFolder } from "./own-folder.ts"

const ownConnectionFile = inOwnFolder(ownFolder).connection

const usage = (message: string) => new CommandFailed({ code: exitCode.usage, message })

const noServer = usage(
  `no server is named and no \`holdfast serve\` left one in ${ownConnectionFile}: set ${settings.natsUrl.name}, or start \`holdfast serve\` in this folder (or with the same ${settings.ownFolder.name})`,
)

/** The own nats-server of a `serve` in this folder. */
export const ownConnection: Effect.Effect<EmbeddedConnection, CommandFailed> = Effect.tryPromise({
  try: async () => JSON.parse(await readFile(ownConnectionFile, "utf8")) as EmbeddedConnection,
  catch: () => noServer,
})

const loginOf = ({ user, password }: LoginSetting) => ({ user, password: Redacted.value(password) })

/** A worker's access to what is stored, whether or not a cluster was made there. Creates nothing. */
export const storeAccess: Effect.Effect<{ readonly nats: EngineConfig; readonly replicas: number }, ConfigInvalid | CommandFailed> =
  Effect.gen(function* () {
    const config = yield* loadToolConfig
    const name = "holdfast tool"
    const kind = "sku" as const
    const nats: EngineConfig =
      config.nats === null
        ? yield* Effect.map(ownConnection, ({ url, monitorUrl, credentials: { engine } }) => ({
            kind,
            servers: [url],
            monitorUrls: [monitorUrl],
            engine,
            name,
          }))
        : {
            kind,
            servers: config.nats.urls,
            monitorUrls: config.nats.monitorUrls,
            engine: loginOf(config.nats.engine),
            name,
          }
    return { nats, replicas: config.replicas }
  })

/** A worker's access to what is stored of SKUs, and the number of their partitions in the cluster that is there, and of every kind's. Creates nothing. */
export const engineAccess: Effect.Effect<
  { readonly nats: EngineConfig; readonly partitions: number; readonly counts: PartitionCounts; readonly replicas: number },
  ConfigInvalid | CommandFailed | BrokerUnavailable | LoginRefused | TopologyMismatch
> = Effect.gen(function* () {
  const { nats, replicas } = yield* storeAccess
  const counts = yield* foundPartitions(nats, { engine: nats.engine })
  return { nats, partitions: counts[nats.kind], counts, replicas }
})

/** What a command that uses a running cluster failed with. Where no server is named, it is that of a `holdfast serve` in this folder: where that is down, says how to start it. */
export const withOwnRemedy = (error: unknown): Effect.Effect<unknown> =>
  Effect.map(variable(settings.natsUrl.name), (url) =>
    url === null && error instanceof BrokerUnavailable && error.operation.startsWith("connect to ")
      ? new BrokerUnavailable({
          operation: error.operation,
          cause: `${error.cause} It is the server of a \`holdfast serve\` in this folder: start it with \`npm start\``,
        })
      : error,
  )

const listOf = (text: string): ReadonlyArray<string> => text.split(",").map((one) => one.trim())

/** The archivist's access to the account of the journals. It has no other login, and needs none. */
export const archivistAccess: Effect.Effect<Omit<ArchivistConfig, "kind">, ConfigInvalid | CommandFailed> = Effect.gen(function* () {
  const name = "holdfast archive"
  const { login } = yield* loadArchiveConfig
  const url = yield* variable(settings.natsUrl.name)
  if (url !== null && login === null)
    return yield* usage(
      `${archiveSettings.user.name} and ${archiveSettings.password.name} are missing: only the archivist's login may purge journals`,
    )
  if (url !== null && login !== null) return { servers: listOf(url), archivist: loginOf(login), name }
  const own = yield* ownConnection
  return { servers: [own.url], archivist: own.credentials.archivist, name }
})

/** The environment of commands that are a sender: what each variable means is said in every such command's help. */
const senderSettings = {
  name: "HOLDFAST_SENDER",
  user: "HOLDFAST_SENDER_USER",
  password: "HOLDFAST_SENDER_PASSWORD",
  nkeyFile: "HOLDFAST_SENDER_NKEY_FILE",
  credsFile: "HOLDFAST_SENDER_CREDS_FILE",
} as const

/** Whom the own nats-server knows, by what each may send. */
const ownSenders: Readonly<Record<CommandClass, string>> = { sell: "web", stock: "warehouse", policy: "planner", operator: "operator" }

export const asFlag = senderFlag(
  "as",
  `Who asks: the sender's name. Otherwise ${senderSettings.name}, or a fitting one of the own nats-server`,
).pipe(Flag.optional, Flag.map(Option.getOrNull))

const roleOf: Readonly<Record<CommandClass, string>> = {
  sell: "a channel's",
  stock: "a warehouse's",
  policy: "a merchandiser's or an operator's",
  operator: "an operator's",
}

/** What to do about a command that its sender may not send. */
export const senderRemedy = (sending: CommandClass): string =>
  `use --as with ${roleOf[sending]} name (of \`npm start\`: ${ownSenders[sending]}), or have the role added to the sender`

/** For the help of commands that are a sender. */
export const senderHelp = `Whom you are: --as or ${senderSettings.name}, with ${senderSettings.password} (and ${senderSettings.user}, if the login isn't the sender's name) or
${senderSettings.nkeyFile} (a file with an nkey's seed) or ${senderSettings.credsFile}, at ${settings.natsUrl.name}. Without that URL: the nats-server of a \`holdfast serve\` in this folder.`

/** One variable of the environment; null: it is unset or empty. */
export const variable = (name: string): Effect.Effect<string | null> =>
  Effect.orElseSucceed(Config.option(Config.NonEmptyString(name)).pipe(Effect.map(Option.getOrNull)), () => null)

const nkeySeed = (path: string): Effect.Effect<string, CommandFailed> =>
  Effect.tryPromise({
    try: async () => (await readFile(path, "utf8")).trim(),
    catch: (error) =>
      usage(`${senderSettings.nkeyFile}: ${path} can't be read (${error instanceof Error ? error.message : String(error)})`),
  })

const namedServer = Effect.fnUntraced(function* (url: string, name: string | null) {
  if (name === null) return yield* usage(`who asks? Name the sender with --as or ${senderSettings.name}`)
  const seedFile = yield* variable(senderSettings.nkeyFile)
  const credsFile = yield* variable(senderSettings.credsFile)
  const password = yield* variable(senderSettings.password)
  const servers = listOf(url)
  if (seedFile !== null) return { servers, sender: name, login: { nkeySeed: yield* nkeySeed(seedFile) } }
  if (credsFile !== null) return { servers, sender: name, login: { credsFile } }
  if (password === null)
    return yield* usage(
      `${senderSettings.password}, ${senderSettings.nkeyFile} or ${senderSettings.credsFile} is missing: ${name} needs a login at ${url}`,
    )
  return { servers, sender: name, login: { user: (yield* variable(senderSettings.user)) ?? name, password } }
})

const ownServer = Effect.fnUntraced(function* (name: string) {
  const { url, credentials } = yield* ownConnection
  const login = credentials.senders[name]
  if (login === undefined) {
    return yield* usage(
      `the server at ${url} knows no sender ${name}, only ${Object.keys(credentials.senders).join(", ")}: choose one with --as`,
    )
  }
  return { servers: [url], sender: name, login }
})

/** Milliseconds a command tries to reach a server, where it isn't told how long it may wait. */
const connectTimeoutMs = 5_000

/** Says once that something is waited for: whoever sits before it may know why. */
const sayWaiting = (): NonNullable<ConnectOptions["onWaiting"]> => {
  let isSaid = false
  return (waiting) => {
    if (!isSaid) process.stderr.write(`holdfast: waiting to ${waiting.for}: ${waiting.cause}\n`)
    isSaid = true
  }
}

/** A sender's access. `as`: its name, if the command line gives one; `sending`: what it is about to send, which tells a fitting one of the own server. */
export const senderAccess = (as: string | null, sending: CommandClass): Effect.Effect<ConnectOptions, CommandFailed> =>
  Effect.gen(function* () {
    const url = yield* variable(settings.natsUrl.name)
    const named = yield* variable(senderSettings.name)
    const why = named === null || as !== null ? undefined : whyNoSender(named)
    if (why !== undefined) return yield* usage(`${senderSettings.name}: ${shownName(named ?? "")}: ${why}`)
    if (url !== null && !listOf(url).every(isServer))
      return yield* usage(`${settings.natsUrl.name}: expected nats://host:port, several separated by commas`)
    const name = as ?? named
    const access = url === null ? yield* ownServer(name ?? ownSenders[sending]) : yield* namedServer(url, name)
    return { ...access, connectTimeoutMs, onWaiting: sayWaiting() }
  })
