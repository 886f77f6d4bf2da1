/**
 * The text of a nats-server configuration that keeps Holdfast's borders: who may say and hear what, and which account holds what.
 *
 * Pure. Journals, snapshots, leases and the feed's stream live in an account that no sender joins, because the server delivers a publish
 * acknowledgement to whatever reply subject a publisher names, and a stream of the same account that takes this subject stores it.
 */
import { assert } from "../assert.ts"
import { type CommandClass, isSender } from "../domain/names.ts"
import {
  bucketStream,
  channelsAccount,
  commandsStream,
  engineAccount,
  feedStream,
  leasesBucket,
  marksBucket,
  membersBucket,
  snapshotsStream,
} from "./subjects.ts"

/** What a sender is decides the classes of command it may publish. */
export const SenderKind = ["channel", "warehouse", "merchandiser", "operator"] as const
export type SenderKind = (typeof SenderKind)[number]

const classesOfKind: Readonly<Record<SenderKind, ReadonlyArray<CommandClass>>> = {
  channel: ["sell"],
  warehouse: ["stock"],
  merchandiser: ["policy"],
  operator: ["operator", "policy"],
}

/** A name and a secret, as the server's configuration and a connection need them. */
export interface UserPassword {
  readonly user: string
  readonly password: string
}

export interface SenderAccess {
  readonly name: string
  readonly kind: SenderKind
  readonly login: UserPassword
}

export interface ServerOptions {
  /** The server's own name, unique in its cluster. */
  readonly serverName: string
  readonly host: string
  readonly port: number
  /** Port of the monitoring pages, from which a worker reads what the server guarantees. Same host. */
  readonly monitorPort: number
  readonly storeDir: string
  /** `true`: fsync before a message is acknowledged. `false`: the server's default, every two minutes. */
  readonly syncAlways: boolean
  /** For clients in browsers and load tools; absent: no such listener. */
  readonly websocketPort?: number
  readonly cluster?: { readonly name: string; readonly port: number; readonly routes: ReadonlyArray<string> }
  readonly engine: UserPassword
  readonly worker: UserPassword
  /** Archives journals and purges what is archived; no worker has this login. */
  readonly archivist: UserPassword
  /** Of whoever runs the cluster: changes and removes streams. No process of Holdfast has it. */
  readonly admin: UserPassword
  readonly senders: ReadonlyArray<SenderAccess>
}

/** The inbox prefix of a sender: answers to its requests and acknowledgements of its publishes arrive where it may listen. */
export const senderInbox = (sender: string): string => `hf.reply.${sender}`
export const workerInbox = "_INBOX.worker"
export const engineInbox = "_INBOX.engine"
export const archivistInbox = "_INBOX.archivist"

/** Double-quoted as the configuration language reads it. Names and secrets here are plain, paths may hold a backslash. */
const quoted = (text: string): string => {
  assert(!/[\n\r]/.test(text), "one line of text is quoted")
  return `"${text.replaceAll("\\", "\\\\").replaceAll('"', '\\"')}"`
}

const list = (subjects: ReadonlyArray<string>): string => `[${subjects.map(quoted).join(", ")}]`

const userLine = (
  login: UserPassword,
  publish: ReadonlyArray<string>,
  subscribe: ReadonlyArray<string>,
  neverPublish: ReadonlyArray<string> = [],
): string => {
  const deny = neverPublish.length === 0 ? "" : `, deny: ${list(neverPublish)}`
  return (
    `{ user: ${quoted(login.user)}, password: ${quoted(login.password)}, permissions: {` +
    ` publish: { allow: ${list(publish)}${deny} }, subscribe: { allow: ${list(subscribe)} } } }`
  )
}

const purgeOf = (stream: string): string => `$JS.API.STREAM.PURGE.${stream}`

/** Streams of the engine's account that a worker may purge: what is superseded in them has no other use. Never a journal. */
const purgedByWorkers = [snapshotsStream]

/**
 * What a worker may publish in the engine's account: what it stores, and of JetStream's interface what it takes to make streams that are missing and to read. It can neither
 * purge nor change nor remove a journal: what nobody can do by mistake needs no rule in the code.
 */
export const enginePublishes: ReadonlyArray<string> = [
  "hf.>",
  "$KV.>",
  "$JS.API.INFO",
  "$JS.API.STREAM.NAMES",
  "$JS.API.STREAM.LIST",
  "$JS.API.STREAM.INFO.*",
  "$JS.API.STREAM.CREATE.*",
  "$JS.API.STREAM.MSG.GET.*",
  "$JS.API.CONSUMER.>",
  "$JS.ACK.>",
  ...purgedByWorkers.map(purgeOf),
]

/** Streams that the archivist's login may not purge: all that are no journal. A token of a subject can't be matched by its beginning, so they are named one by one. */
const neverPurgedByArchivist = [
  snapshotsStream,
  feedStream,
  commandsStream,
  ...[leasesBucket, membersBucket, marksBucket].map(bucketStream),
]

/**
 * What the archivist may publish: requests to look at streams and to read single messages, and to purge journals. No consumer: one could be made to deliver to any
 * subject, a journal's too. Nothing that is stored.
 */
export const archivistPublishes: { readonly allow: ReadonlyArray<string>; readonly deny: ReadonlyArray<string> } = {
  allow: ["$JS.API.INFO", "$JS.API.STREAM.NAMES", "$JS.API.STREAM.INFO.*", "$JS.API.STREAM.MSG.GET.*", purgeOf("*")],
  deny: neverPurgedByArchivist.map(purgeOf),
}

/** What a sender of this kind and name may publish and hear, and nothing else. */
export const senderPermissions = (
  name: string,
  kind: SenderKind,
): { readonly publish: ReadonlyArray<string>; readonly subscribe: ReadonlyArray<string> } => {
  assert(isSender(name), "a sender's name is one plain subject token")
  return {
    publish: [...classesOfKind[kind].map((commandClass) => `hf.cmd.${name}.${commandClass}.>`), `hf.get.${name}.>`],
    subscribe: kind === "channel" ? [`hf.ats.${name}.>`, `${senderInbox(name)}.>`] : [`${senderInbox(name)}.>`],
  }
}

const senderLine = (sender: SenderAccess): string => {
  const permissions = senderPermissions(sender.name, sender.kind)
  return userLine(sender.login, permissions.publish, permissions.subscribe)
}

const accounts = (options: ServerOptions): ReadonlyArray<string> => [
  "accounts {",
  "  # No sender joins this account: journals, snapshots, leases and the feed's stream live here. Workers, the archivist, whoever runs it.",
  `  ${engineAccount} {`,
  "    jetstream: enabled",
  "    users: [",
  `      ${userLine(options.engine, enginePublishes, [">"])}`,
  `      ${userLine(options.archivist, archivistPublishes.allow, [`${archivistInbox}.>`], archivistPublishes.deny)}`,
  `      { user: ${quoted(options.admin.user)}, password: ${quoted(options.admin.password)} }`,
  "    ]",
  "    # What the feed's stream republishes, read-only, for channels.",
  `    exports: [ { stream: "hf.ats.>", accounts: [${channelsAccount}] } ]`,
  "  }",
  "  # All senders. A worker reads the commands stream here, hears questions and answers.",
  `  ${channelsAccount} {`,
  "    jetstream: enabled",
  `    imports: [ { stream: { account: ${engineAccount}, subject: "hf.ats.>" } } ]`,
  "    users: [",
  `      ${userLine(options.worker, ["$JS.API.>", "hf.reply.>"], [`${workerInbox}.>`, "hf.get.>"])}`,
  ...options.senders.map((sender) => `      ${senderLine(sender)}`),
  "    ]",
  "  }",
  "}",
]

/** The whole configuration file. It holds secrets: write it with mode 0600. */
export const serverConfig = (options: ServerOptions): string =>
  [
    `server_name: ${quoted(options.serverName)}`,
    `listen: ${quoted(`${options.host}:${options.port}`)}`,
    `http: ${quoted(`${options.host}:${options.monitorPort}`)}`,
    "jetstream {",
    `  store_dir: ${quoted(options.storeDir)}`,
    ...(options.syncAlways ? ["  sync_interval: always"] : []),
    "  # The default, but a border here: the interface must refuse requests with unknown fields. A sender can have a publish acknowledgement",
    "  # delivered to the interface; read loosely, one sent to STREAM.PURGE would purge every command before it.",
    "  strict: true",
    "}",
    ...(options.websocketPort === undefined
      ? []
      : [`websocket { listen: ${quoted(`${options.host}:${options.websocketPort}`)}, no_tls: true }`]),
    ...(options.cluster === undefined
      ? []
      : [
          "cluster {",
          `  name: ${quoted(options.cluster.name)}`,
          `  listen: ${quoted(`${options.host}:${options.cluster.port}`)}`,
          `  routes: ${list(options.cluster.routes)}`,
          "}",
        ]),
    ...accounts(options),
    "",
  ].join("\n")
