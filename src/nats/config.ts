/**
 * The text of a nats-server configuration that keeps Holdfast's borders: who may say and hear what, and which account holds what.
 *
 * Pure. All that is stored lives in an account that no sender joins, and the senders' account has no JetStream: the server delivers an acknowledgement to
 * whatever reply subject a publisher names, and a stream keeps what its publisher set on a message. Between the two accounts stands an ingress with a login in each,
 * and no export or import but the feed's.
 */
import { assert } from "../assert.ts"
import { Kind } from "../domain/kinds.ts"
import { isSender } from "../domain/names.ts"
import { classesOf, type Role, type SenderAccess } from "../domain/roles.ts"
import {
  announcedBy,
  commandsFrom,
  commandsStream,
  feedStream,
  handedTo,
  leasesBucket,
  marksBucket,
  membersBucket,
  snapshotsStream,
  storedOf,
} from "../wire/subjects.ts"
import { bucketStream, engineAccount, sendersAccount } from "./subjects.ts"

/** A name and a secret, as the server's configuration and a connection need them. */
export interface UserPassword {
  readonly user: string
  readonly password: string
}

/** A sender, and how it logs in. */
export interface SenderLogin extends SenderAccess {
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
  /** What all streams may use together on disk; absent: what the server finds there. */
  readonly fileStoreBytesMax?: number
  /** For clients in browsers and load tools; absent: no such listener. */
  readonly websocketPort?: number
  readonly cluster?: { readonly name: string; readonly port: number; readonly routes: ReadonlyArray<string> }
  /** Workers, in the engine's account. */
  readonly engine: UserPassword
  /** Archives journals and purges what is archived; no worker has this login. */
  readonly archivist: UserPassword
  /** Of whoever runs the cluster: changes and removes streams. No process of Holdfast has it. */
  readonly admin: UserPassword
  /** Ingresses, in the engine's account. */
  readonly ingress: UserPassword
  /** Workers and ingresses, in the senders' account. */
  readonly door: UserPassword
  readonly senders: ReadonlyArray<SenderLogin>
}

/** The inbox prefix of a sender: answers to its requests arrive where it may listen. */
export const senderInbox = (sender: string): string => `hf.reply.${sender}`
export const engineInbox = "_INBOX.engine"
export const archivistInbox = "_INBOX.archivist"
export const ingressInbox = "_INBOX.ingress"
export const doorInbox = "_INBOX.door"

export interface Permissions {
  readonly publish: ReadonlyArray<string>
  readonly subscribe: ReadonlyArray<string>
  /** Of what it may publish, what it may not: where that can't be said by the beginning of a subject. */
  readonly neverPublish?: ReadonlyArray<string>
}

/** Double-quoted as the configuration language reads it. Names and secrets here are plain, paths may hold a backslash. */
const quoted = (text: string): string => {
  assert(!/[\n\r]/.test(text), "one line of text is quoted")
  return `"${text.replaceAll("\\", "\\\\").replaceAll('"', '\\"')}"`
}

const list = (subjects: ReadonlyArray<string>): string => `[${subjects.map(quoted).join(", ")}]`

const userLine = (login: UserPassword, { publish, subscribe, neverPublish }: Permissions): string => {
  const deny = neverPublish === undefined ? "" : `, deny: ${list(neverPublish)}`
  return (
    `{ user: ${quoted(login.user)}, password: ${quoted(login.password)}, permissions: {` +
    ` publish: { allow: ${list(publish)}${deny} }, subscribe: { allow: ${list(subscribe)} } } }`
  )
}

const purgeOf = (stream: string): string => `$JS.API.STREAM.PURGE.${stream}`

/** Streams that a worker may purge: what is superseded in them, or decided and journaled, has no other use. Never a journal. */
const purgedByWorkers = Kind.flatMap((kind) => [snapshotsStream(kind), commandsStream(kind)])

/**
 * What a worker may publish in the engine's account: what it stores, hands over, announces and says it has heard, and of JetStream's interface what it takes to make streams
 * that are missing and to read. It can neither purge nor change nor remove a journal: what nobody can do by mistake needs no rule in the code.
 */
export const enginePermissions: Permissions = {
  publish: [
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
    // An owner tells whoever handed it a frame that it was heard: a worker's ingress, or one alone.
    `${engineInbox}.>`,
    `${ingressInbox}.>`,
    ...purgedByWorkers.map(purgeOf),
  ],
  subscribe: [">"],
}

/** Streams that the archivist's login may not purge: all that are no journal. A token of a subject can't be matched by its beginning, so they are named one by one. */
const neverPurgedByArchivist = [...purgedByWorkers, feedStream, ...[leasesBucket, membersBucket, marksBucket].map(bucketStream)]

/**
 * What the archivist may publish: requests to look at streams and to read single messages, and to purge journals. No consumer: one could be made to deliver to any
 * subject, a journal's too. Nothing that is stored.
 */
export const archivistPermissions = {
  publish: ["$JS.API.INFO", "$JS.API.STREAM.NAMES", "$JS.API.STREAM.INFO.*", "$JS.API.STREAM.MSG.GET.*", purgeOf("*")],
  neverPublish: neverPurgedByArchivist.map(purgeOf),
  subscribe: [`${archivistInbox}.>`],
} as const satisfies Permissions

/** What a sender with these roles may publish and hear, and nothing else. */
export const senderPermissions = (sender: string, roles: ReadonlyArray<Role>): Permissions => {
  assert(isSender(sender), "a sender's name is one plain subject token")
  return {
    publish: [...classesOf(roles).map((commandClass) => `${commandsFrom(sender)}${commandClass}.>`), `hf.get.${sender}.>`],
    subscribe: roles.includes("channel") ? [`hf.ats.${sender}.>`, `${senderInbox(sender)}.>`] : [`${senderInbox(sender)}.>`],
  }
}

/** Whoever stands at the door hears what senders say, and answers them where each listens. No reply that a sender names may be published to. */
export const doorPermissions: Permissions = { publish: ["hf.reply.>"], subscribe: ["hf.cmd.>", "hf.get.>", `${doorInbox}.>`] }

/** Kinds that have commands which are stored: those of orders are all handed over. */
const storedKinds: ReadonlyArray<Kind> = ["sku"]

/** An ingress hands over, stores in the streams of commands, and asks a leader for the time; it touches no journal, lease or feed, and says nothing of what actors say to each other. */
export const ingressPermissions: Permissions = {
  publish: [
    handedTo("*", "*", "*"),
    ...storedKinds.map((kind) => storedOf(kind, "*")),
    ...Kind.map((kind) => `$JS.API.STREAM.INFO.${commandsStream(kind)}`),
  ],
  subscribe: [announcedBy("*", "*"), `${ingressInbox}.>`],
}

const senderLine = ({ sender, roles, login }: SenderLogin): string => userLine(login, senderPermissions(sender, roles))

const accounts = (options: ServerOptions): ReadonlyArray<string> => [
  "accounts {",
  "  # Workers, ingresses, the archivist and whoever runs it join this account, never a sender: all that is stored lives here.",
  `  ${engineAccount} {`,
  "    jetstream: enabled",
  "    users: [",
  `      ${userLine(options.engine, enginePermissions)}`,
  `      ${userLine(options.ingress, ingressPermissions)}`,
  `      ${userLine(options.archivist, archivistPermissions)}`,
  `      { user: ${quoted(options.admin.user)}, password: ${quoted(options.admin.password)} }`,
  "    ]",
  "    # What the feed's stream republishes, read-only, for channels.",
  `    exports: [ { stream: "hf.ats.>", accounts: [${sendersAccount}] } ]`,
  "  }",
  "  # All senders, and those who stand at the door. No JetStream: nothing that a sender says is stored as it says it.",
  `  ${sendersAccount} {`,
  `    imports: [ { stream: { account: ${engineAccount}, subject: "hf.ats.>" } } ]`,
  "    users: [",
  `      ${userLine(options.door, doorPermissions)}`,
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
    "# A client that stopped answering is let go within 6 s, not after the default's six minutes: until then a share of what is said goes to it.",
    "ping_interval: 2s",
    "ping_max: 2",
    "jetstream {",
    `  store_dir: ${quoted(options.storeDir)}`,
    ...(options.syncAlways ? ["  sync_interval: always"] : []),
    ...(options.fileStoreBytesMax === undefined ? [] : [`  max_file_store: ${options.fileStoreBytesMax}`]),
    "  # The default, but a border here: the interface must refuse requests with unknown fields.",
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
